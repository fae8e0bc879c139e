//! A whole workspace in this process, on a free port: commands with their answers, and waiting for a state with a deadline.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use counterpoise::domain::algorithm::Algorithm;
use counterpoise::domain::data_capture::DataCapture;
use counterpoise::domain::endpoint::EndpointStatus;
use counterpoise::domain::endpoint_config::{EndpointConfig, ProductionVariant};
use counterpoise::domain::extras::Extras;
use counterpoise::domain::model::Model;
use counterpoise::domain::s3_uri::S3Uri;
use counterpoise::domain::time::Timestamp;
use counterpoise::domain::training_job::{Channel, TrainingJobSpec, TrainingJobStatus};
use counterpoise::system::{System, SystemOptions};
use counterpoise::workspace::{Command, CommandError, Reply, Snapshot, Source, Workspace};

const DEADLINE: Duration = Duration::from_mins(1);

/// The bucket that [`Live::with_house_prices`] makes.
pub const BUCKET: &str = "prices";

/// A running system; shut down when dropped.
pub struct Live {
    system: Option<System>,
    /// Its workspace.
    pub workspace: Arc<dyn Workspace>,
}

impl Live {
    /// Opens `folder` on a free port, with a fixed seed.
    pub fn open(folder: &Path) -> Self {
        let system = System::start(SystemOptions {
            folder: folder.to_owned(),
            bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            seed: 7,
            ..SystemOptions::default()
        })
        .unwrap();
        Self { workspace: system.workspace(), system: Some(system) }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.system.as_ref().unwrap().address())
    }

    /// Stops it cleanly.
    pub fn close(mut self) {
        self.system.take().unwrap().shutdown().unwrap();
    }

    /// Hands in a command and waits for its answer.
    pub fn ask(&self, command: Command) -> Result<Reply, CommandError> {
        self.workspace.submit(command).wait(DEADLINE).expect("an answer in time").expect("an answer")
    }

    /// Hands in a command that must succeed.
    pub fn tell(&self, command: Command) -> Reply {
        let said = format!("{command:?}");
        self.ask(command).unwrap_or_else(|error| panic!("{said}: {error}"))
    }

    /// Waits until `look` finds something in the snapshot.
    pub fn until<T>(&self, what: &str, mut look: impl FnMut(&Snapshot) -> Option<T>) -> T {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let snapshot = self.workspace.snapshot();
            if let Some(found) = look(&snapshot) {
                return found;
            }
            assert!(Instant::now() < deadline, "waited in vain for {what}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// A bucket with 60 rows `10·a + noise, a, b`, label first.
    pub fn with_house_prices(&self) {
        self.tell(Command::CreateBucket { name: BUCKET.to_owned() });
        let rows: Vec<String> =
            (0..60).map(|i| format!("{}.{},{},{}", 10 * (i % 12), i % 7, i % 12, (i * 7) % 5)).collect();
        self.tell(Command::put_object(
            S3Uri::new(BUCKET, "train/rows.csv"),
            Source::Bytes(rows.join("\n").into_bytes().into()),
        ));
    }

    /// A training job on them that runs for `rounds` rounds.
    pub fn start_job(&self, name: &str, rounds: u32) {
        self.tell(Command::CreateTrainingJob(Box::new(TrainingJobSpec {
            name: name.to_owned(),
            algorithm: Algorithm::XGBoost,
            image: Algorithm::XGBoost.image().to_owned(),
            hyperparameters: [("num_round", rounds.to_string()), ("objective", "reg:squarederror".to_owned())]
                .map(|(key, value)| (key.to_owned(), value))
                .into(),
            channels: vec![Channel {
                name: "train".to_owned(),
                data: S3Uri::new(BUCKET, "train/"),
                content_type: Some("text/csv".to_owned()),
            }],
            output: S3Uri::new(BUCKET, "out"),
            instance_type: "ml.m5.large".to_owned(),
            instance_count: 1,
            volume_size_gb: 10,
            max_runtime_s: 3_600,
            role_arn: None,
            tags: Vec::new(),
            extras: Extras::default(),
        })));
    }

    /// A model from a job, which is waited for.
    pub fn make_model(&self, name: &str, rounds: u32) {
        self.start_job(name, rounds);
        let artifact = self.until("the artefact", |snapshot| {
            let job = snapshot.training_jobs.get(name)?;
            assert_ne!(job.status, TrainingJobStatus::Failed, "{:?}", job.failure_reason);
            (job.status == TrainingJobStatus::Completed).then(|| job.artifact.clone().unwrap())
        });
        self.tell(Command::CreateModel(Box::new(Model {
            name: name.to_owned(),
            image: Algorithm::XGBoost.image().to_owned(),
            model_data: artifact,
            environment: std::collections::BTreeMap::default(),
            execution_role_arn: None,
            created: Timestamp::default(),
            tags: Vec::new(),
            extras: Extras::default(),
        })));
    }

    /// A configuration with these models as variants of the same names.
    pub fn make_config(&self, name: &str, models: &[(&str, f64)]) {
        self.make_capturing_config(name, models, None);
    }

    /// The same, with data capture.
    pub fn make_capturing_config(&self, name: &str, models: &[(&str, f64)], data_capture: Option<DataCapture>) {
        let variant = |(model, weight): &(&str, f64)| ProductionVariant {
            name: (*model).to_owned(),
            model_name: (*model).to_owned(),
            initial_instance_count: 1,
            instance_type: "ml.m5.large".to_owned(),
            initial_weight: *weight,
        };
        self.tell(Command::CreateEndpointConfig(Box::new(EndpointConfig {
            name: name.to_owned(),
            variants: models.iter().map(variant).collect(),
            shadow_variants: Vec::new(),
            created: Timestamp::default(),
            tags: Vec::new(),
            data_capture,
            extras: Extras::default(),
        })));
    }

    /// An endpoint on a configuration, in service.
    pub fn put_in_service(&self, name: &str, config: &str) {
        self.tell(Command::CreateEndpoint {
            name: name.to_owned(),
            config_name: config.to_owned(),
            tags: Vec::new(),
            extras: Extras::default(),
        });
        self.until("the endpoint to come into service", |snapshot| {
            let endpoint = snapshot.endpoints.get(name)?;
            assert_ne!(endpoint.status, EndpointStatus::Failed, "{:?}", endpoint.failure_reason);
            (endpoint.status == EndpointStatus::InService).then_some(())
        });
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        if let Some(system) = self.system.take() {
            let _ = system.shutdown();
        }
    }
}
