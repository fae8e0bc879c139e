//! A real system in a temporary folder, with the shortest words for what the tests ask of it.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use counterpoise::aws::WireOptions;
use counterpoise::domain::algorithm::Algorithm;
use counterpoise::domain::endpoint::{Endpoint, EndpointStatus};
use counterpoise::domain::endpoint_config::{EndpointConfig, ProductionVariant};
use counterpoise::domain::extras::Extras;
use counterpoise::domain::model::Model;
use counterpoise::domain::s3_uri::S3Uri;
use counterpoise::domain::time::Timestamp;
use counterpoise::domain::training_job::{Channel, TrainingJob, TrainingJobSpec};
use counterpoise::system::{System, SystemOptions};
use counterpoise::util::clock::Clock;
use counterpoise::util::seed::Rng;
use counterpoise::workspace::{Command, CommandError, Reply, Snapshot, Source, Workspace};

/// How long anything may take before the test gives up.
pub const LIMIT: Duration = Duration::from_secs(90);

/// The bucket that every lab has.
pub const BUCKET: &str = "lab-bucket";

/// A running system.
pub struct Lab {
    system: Option<System>,
    pub workspace: Arc<dyn Workspace>,
    runtime: tokio::runtime::Runtime,
    client: reqwest::Client,
}

impl Lab {
    /// Opens a folder.
    pub fn open(folder: &Path) -> Self {
        Self::open_with(folder, WireOptions::default())
    }

    /// Opens a folder, with a wire that behaves as told.
    pub fn open_with(folder: &Path, wire: WireOptions) -> Self {
        Self::start(folder, SystemOptions { wire, ..SystemOptions::default() })
    }

    /// As [`Lab::with_data`], by a clock that stands until it is moved.
    pub fn with_clock(folder: &Path) -> (Self, Clock) {
        let clock = Clock::paused(1_700_000_000_000);
        let lab = Self::open_at(folder, &clock);
        lab.fill();
        (lab, clock)
    }

    /// Opens a folder at the time of a clock.
    pub fn open_at(folder: &Path, clock: &Clock) -> Self {
        Self::start(folder, SystemOptions { clock: clock.clone(), ..SystemOptions::default() })
    }

    /// Opens a folder, listening at this port.
    pub fn open_on(folder: &Path, port: u16) -> Self {
        Self::start_at(folder, port, SystemOptions::default())
    }

    fn start(folder: &Path, options: SystemOptions) -> Self {
        Self::start_at(folder, 0, options)
    }

    fn start_at(folder: &Path, port: u16, options: SystemOptions) -> Self {
        let options = SystemOptions {
            folder: folder.to_owned(),
            bind: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            seed: 7,
            ..options
        };
        let system = System::start(options).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { workspace: system.workspace(), system: Some(system), runtime, client }
    }

    /// A folder with one bucket and the data of [`regression`] and [`classes`] in it.
    pub fn with_data(folder: &Path) -> Self {
        let lab = Self::open(folder);
        lab.fill();
        lab
    }

    /// Makes the bucket and puts the data into it.
    pub fn fill(&self) {
        self.ok(Command::CreateBucket { name: BUCKET.into() });
        self.put("reg/train.csv", regression(1, 300).as_bytes());
        self.put("reg/validation.csv", regression(2, 100).as_bytes());
        self.put("cls/train.libsvm", classes(1, 300).as_bytes());
        self.put("cls/validation.libsvm", classes(2, 100).as_bytes());
    }

    /// Stops it in an orderly way and gives the folder back.
    pub fn close(mut self) {
        let system = self.system.take().unwrap();
        drop(self.workspace);
        system.shutdown().unwrap();
    }

    pub fn submit(&self, command: Command) -> Result<Reply, CommandError> {
        self.workspace.submit(command).wait(LIMIT).expect("an answer in time").expect("a kept promise")
    }

    pub fn ok(&self, command: Command) -> Reply {
        let words = format!("{command:?}");
        self.submit(command).unwrap_or_else(|error| panic!("{words}: {error}"))
    }

    pub fn refused(&self, command: Command) -> CommandError {
        self.submit(command).expect_err("a refusal")
    }

    pub fn world(&self) -> Arc<Snapshot> {
        self.workspace.snapshot()
    }

    pub fn put(&self, key: &str, bytes: &[u8]) {
        let to = S3Uri::new(BUCKET, key);
        self.ok(Command::put_object(to, Source::Bytes(bytes.into())));
    }

    /// Polls the world until something is there.
    pub fn wait<T>(&self, what: &str, look: impl Fn(&Snapshot) -> Option<T>) -> T {
        let deadline = Instant::now() + LIMIT;
        loop {
            if let Some(found) = look(&self.world()) {
                return found;
            }
            assert!(Instant::now() < deadline, "{what} did not come: {:?}", self.world().events.back());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    pub fn job(&self, name: &str) -> Arc<TrainingJob> {
        Arc::clone(self.world().training_jobs.get(name).expect("the job"))
    }

    pub fn finished(&self, name: &str) -> Arc<TrainingJob> {
        self.wait("the end of the job", |world| {
            world.training_jobs.get(name).filter(|job| job.status.is_final()).cloned()
        })
    }

    pub fn endpoint(&self, name: &str) -> Arc<Endpoint> {
        Arc::clone(self.world().endpoints.get(name).expect("the endpoint"))
    }

    pub fn settled(&self, name: &str) -> Arc<Endpoint> {
        self.wait("the end of the change", |world| {
            world.endpoints.get(name).filter(|endpoint| !endpoint.status.is_changing()).cloned()
        })
    }

    /// Trains an algorithm on its data, and makes a model of the artefact under the job's name.
    pub fn trained_model(&self, name: &str, algorithm: Algorithm, rounds: u32) {
        self.ok(Command::CreateTrainingJob(Box::new(spec(name, algorithm, rounds))));
        let job = self.finished(name);
        let artifact = job.artifact.clone().unwrap_or_else(|| panic!("{name}: {:?}", job.failure_reason));
        self.ok(Command::CreateModel(Box::new(model(name, algorithm, artifact))));
    }

    pub fn config(&self, name: &str, variants: &[(&str, &str, f64)]) {
        self.ok(Command::CreateEndpointConfig(Box::new(config(name, variants))));
    }

    /// An endpoint in service.
    pub fn serve(&self, name: &str, config_name: &str) {
        self.ok(Command::CreateEndpoint {
            name: name.into(),
            config_name: config_name.into(),
            tags: vec![],
            extras: Extras::default(),
        });
        let endpoint = self.settled(name);
        assert_eq!(endpoint.status, EndpointStatus::InService, "{:?}", endpoint.failure_reason);
    }

    /// Posts a body to an endpoint: status, variant, text.
    pub fn invoke(&self, endpoint: &str, content_type: &str, body: &str) -> (u16, String, String) {
        let url = self.world().invocations_url(endpoint).expect("a listener");
        self.runtime.block_on(async {
            let request = self.client.post(url).header("content-type", content_type).body(body.to_owned());
            let response = request.send().await.unwrap();
            let variant = response.headers().get("x-amzn-invoked-production-variant");
            let variant = variant.map_or_else(String::new, |value| value.to_str().unwrap().to_owned());
            (response.status().as_u16(), variant, response.text().await.unwrap())
        })
    }

    /// A request as it stands: status, headers, body.
    pub fn post(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> (u16, reqwest::header::HeaderMap, Vec<u8>) {
        let base = self.world().info.base_url.clone().expect("a listener");
        self.runtime.block_on(async {
            let mut request = self.client.post(format!("{base}{path}")).body(body.to_vec());
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let response = request.send().await.unwrap();
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            (status, headers, response.bytes().await.unwrap().to_vec())
        })
    }

    /// The body of a page.
    pub fn get(&self, path: &str) -> Vec<u8> {
        let base = self.world().info.base_url.clone().expect("a listener");
        self.runtime.block_on(async {
            let response = self.client.get(format!("{base}{path}")).send().await.unwrap();
            response.bytes().await.unwrap().to_vec()
        })
    }

    pub fn events(&self) -> Vec<String> {
        self.world().events.iter().map(|event| event.text.clone()).collect()
    }
}

pub fn spec(name: &str, algorithm: Algorithm, rounds: u32) -> TrainingJobSpec {
    let (data, ending) = match algorithm {
        Algorithm::XGBoost => ("reg", "csv"),
        Algorithm::LinearLearner => ("cls", "libsvm"),
    };
    let channel = |name: &str| Channel {
        name: name.into(),
        data: S3Uri::new(BUCKET, format!("{data}/{name}.{ending}")),
        content_type: None,
    };
    let given: &[(&str, &str)] = match algorithm {
        Algorithm::XGBoost => &[("objective", "reg:squarederror"), ("max_depth", "3")],
        Algorithm::LinearLearner => &[("predictor_type", "binary_classifier"), ("mini_batch_size", "20")],
    };
    let mut hyperparameters: BTreeMap<String, String> =
        given.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let count = if algorithm == Algorithm::XGBoost { "num_round" } else { "epochs" };
    hyperparameters.insert(count.to_owned(), rounds.to_string());
    TrainingJobSpec {
        name: name.into(),
        algorithm,
        image: algorithm.image().into(),
        hyperparameters,
        channels: vec![channel("train"), channel("validation")],
        output: S3Uri::new(BUCKET, "models"),
        instance_type: "ml.m5.large".into(),
        instance_count: 1,
        volume_size_gb: 1,
        max_runtime_s: 3_600,
        role_arn: None,
        tags: Vec::new(),
        extras: Extras::default(),
    }
}

pub fn model(name: &str, algorithm: Algorithm, model_data: S3Uri) -> Model {
    Model {
        name: name.into(),
        image: algorithm.image().into(),
        model_data,
        environment: BTreeMap::new(),
        execution_role_arn: None,
        created: Timestamp(0),
        tags: Vec::new(),
        extras: Extras::default(),
    }
}

pub fn config(name: &str, variants: &[(&str, &str, f64)]) -> EndpointConfig {
    EndpointConfig {
        name: name.into(),
        variants: variants
            .iter()
            .map(|(name, model_name, weight)| ProductionVariant {
                name: (*name).into(),
                model_name: (*model_name).into(),
                initial_instance_count: 1,
                instance_type: "ml.m5.large".into(),
                initial_weight: *weight,
            })
            .collect(),
        shadow_variants: Vec::new(),
        created: Timestamp(0),
        tags: Vec::new(),
        data_capture: None,
        extras: Extras::default(),
    }
}

/// `y = 10·a − 5·b + noise`, label first, as CSV.
pub fn regression(seed: u64, rows: usize) -> String {
    let mut rng = Rng::new(seed);
    let mut row = || {
        let (a, b, noise) = (rng.unit(), rng.unit(), rng.unit() - 0.5);
        format!("{:.4},{a:.4},{b:.4}", 10.0 * a - 5.0 * b + 0.2 * noise)
    };
    (0..rows).map(|_| row()).collect::<Vec<_>>().join("\n")
}

/// Class 1 where the first feature is above ½, label first, as libsvm.
pub fn classes(seed: u64, rows: usize) -> String {
    let mut rng = Rng::new(seed);
    let mut row = || {
        let (a, b) = (rng.unit(), rng.unit());
        format!("{} 0:{a:.4} 1:{b:.4}", u8::from(a > 0.5))
    };
    (0..rows).map(|_| row()).collect::<Vec<_>>().join("\n")
}
