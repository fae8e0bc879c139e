//! A listener on a free port with small models behind it, and a raw client that can be as rude as a test needs.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use counterpoise::aws::{Limits, Listener, Wire, WireOptions};
use counterpoise::domain::algorithm::Algorithm;
use counterpoise::ml::{Model, xgboost};
use counterpoise::serving::{Fleet, FleetSpec, Serving, VariantSpec};
use counterpoise::util::clock::Clock;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::support::scripted::ScriptedWorkspace;

/// Long enough that it only passes when something hangs.
pub const LIMIT: Duration = Duration::from_mins(1);

pub struct Server {
    pub serving: Arc<Serving>,
    pub address: SocketAddr,
    pub workspace: Arc<ScriptedWorkspace>,
    pub client: reqwest::Client,
    stop: oneshot::Sender<()>,
    done: JoinHandle<std::io::Result<()>>,
}

impl Server {
    pub async fn start() -> Self {
        Self::start_with(Limits::default(), LIMIT).await
    }

    pub async fn start_with(limits: Limits, grace: Duration) -> Self {
        let workspace = ScriptedWorkspace::empty();
        let serving = Serving::new(Clock::system(), 42);
        let listener = Listener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap().with_limits(limits);
        let address = listener.address();
        let (stop, stopped) = oneshot::channel();
        let wire = Arc::new(Wire::new(Arc::clone(&serving), Arc::clone(&workspace) as _, WireOptions::default()));
        let shutdown = async {
            let _ = stopped.await;
        };
        let done = tokio::spawn(listener.run(wire, shutdown, grace));
        Self { serving, address, workspace, client: reqwest::Client::new(), stop, done }
    }

    /// With one endpoint `e` of two variants, A (answers 10) and B (answers 20) at equal weights.
    pub async fn with_two_variants() -> Self {
        let server = Self::start().await;
        server.install(fleet(&server.serving, &[("A", 1.0, 10.0), ("B", 1.0, 20.0)]));
        server
    }

    pub fn install(&self, fleet: Fleet) {
        if let Some(draining) = self.serving.install("e", fleet, "test") {
            assert!(draining.wait(LIMIT), "the old fleet has drained");
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A request to endpoint `e`.
    pub fn invocation(&self, content_type: &str, body: impl Into<reqwest::Body>) -> reqwest::RequestBuilder {
        self.client.post(self.url("/endpoints/e/invocations")).header("content-type", content_type).body(body)
    }

    /// Looks until it finds what is looked for; what the data plane counts on other threads can't be waited for otherwise.
    pub async fn until<T>(&self, what: &str, look: impl Fn(&Serving) -> Option<T>) -> T {
        let seen = async {
            loop {
                if let Some(found) = look(&self.serving) {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(LIMIT, seen).await.unwrap_or_else(|_| panic!("never seen: {what}"))
    }

    /// What a scraper reads must have these lines.
    pub async fn assert_metrics(&self, lines: &[String]) {
        let page = self.client.get(self.url("/metrics")).send().await.unwrap().text().await.unwrap();
        for line in lines {
            assert!(page.lines().any(|is| is == line), "{line} is not in\n{page}");
        }
    }

    /// A connection of its own. It blocks, which holds nobody up: a test's body doesn't run on the runtime's workers.
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        stream
    }

    pub fn send(&self, bytes: &[u8]) -> TcpStream {
        let mut stream = self.connect();
        stream.write_all(bytes).unwrap();
        stream
    }

    /// Tells the listener to stop.
    pub fn begin_stop(self) -> JoinHandle<std::io::Result<()>> {
        self.stop.send(()).unwrap();
        self.done
    }

    /// Stops the listener and waits until it has.
    pub async fn stop(self) {
        tokio::time::timeout(LIMIT, self.begin_stop()).await.expect("the listener ends").unwrap().unwrap();
    }
}

/// Reads what is sent until `enough` says so or the connection ends.
pub fn receive(stream: &mut TcpStream, enough: impl Fn(&str) -> bool) -> String {
    let mut text = Vec::new();
    let mut buffer = [0; 4096];
    while !enough(&String::from_utf8_lossy(&text)) {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => text.extend_from_slice(&buffer[..n]),
            Err(error) => {
                assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}");
                break;
            }
        }
    }
    String::from_utf8(text).unwrap()
}

pub fn receive_all(stream: &mut TcpStream) -> String {
    receive(stream, |_| false)
}

/// A fleet of (variant, weight, answer): models of two features that answer the same to every row.
pub fn fleet(serving: &Serving, variants: &[(&str, f64, f64)]) -> Fleet {
    shadowed(serving, variants, &[])
}

/// The same with shadow variants: (variant, share, answer).
pub fn shadowed(serving: &Serving, variants: &[(&str, f64, f64)], shadows: &[(&str, f64, f64)]) -> Fleet {
    let specs = |variants: &[(&str, f64, f64)]| variants.iter().map(variant).collect();
    let spec = FleetSpec {
        endpoint: "e".to_owned(),
        config_name: "test".to_owned(),
        deployment: 1,
        variants: specs(variants),
        shadows: specs(shadows),
        data_capture: None,
    };
    let models = variants.iter().chain(shadows).map(|(.., answer)| constant(*answer)).collect();
    serving.build_fleet_of(&spec, models).unwrap()
}

fn variant((name, weight, answer): &(&str, f64, f64)) -> VariantSpec {
    VariantSpec {
        name: (*name).to_owned(),
        model_name: format!("answers-{answer}"),
        algorithm: Algorithm::XGBoost,
        artifact: PathBuf::from(format!("answers-{answer}.tar.gz")),
        weight: *weight,
        instances: 1,
    }
}

/// A model of two features that knows only one answer.
pub fn constant(answer: f64) -> Model {
    let text = format!(
        r#"{{"learner":{{"attributes":{{}},"learner_model_param":{{"base_score":"{answer}","num_class":"0","num_feature":"2"}},
        "objective":{{"name":"reg:squarederror"}},"gradient_booster":{{"name":"gbtree","model":{{
        "gbtree_model_param":{{"num_parallel_tree":"1"}},"tree_info":[],"trees":[]}}}}}},"version":[1,0,0]}}"#
    );
    Model::XGBoost(xgboost::read_model(text.as_bytes()).unwrap())
}
