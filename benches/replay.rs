//! Paired replay as a person starts it: 10,000 labelled rows over two XGBoost models, from the command to the result on the screen's side.
//! Once the rows of a file, and once 10,000 requests that an endpoint answered and captured and whose labels came later.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints, and fails by panicking")]

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use counterpoise::domain::algorithm::Algorithm;
use counterpoise::domain::endpoint::EndpointStatus;
use counterpoise::domain::endpoint_config::{EndpointConfig, ProductionVariant};
use counterpoise::domain::extras::Extras;
use counterpoise::domain::label::Label;
use counterpoise::domain::model::Model;
use counterpoise::domain::replay::{Contestant, ReplaySource, ReplaySpec};
use counterpoise::domain::s3_uri::S3Uri;
use counterpoise::domain::time::Timestamp;
use counterpoise::domain::training_job::ChannelFormat;
use counterpoise::ml::{self, Continue, archive, samples};
use counterpoise::system::{System, SystemOptions};
use counterpoise::workspace::{Command, LabelSource, LocalFile, ReplayResult, ReplayStatus, Source, Workspace};

const BUCKET: &str = "bench-bucket";
const ENDPOINT: &str = "live";
const ROWS: usize = 10_000;
const ROUNDS: usize = 7;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let bind = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let options = SystemOptions { folder: folder.path().to_owned(), bind, ..SystemOptions::default() };
    let system = System::start(options).unwrap();
    let workspace = system.workspace();
    let ask = |command: Command| workspace.submit(command).wait(Duration::from_mins(1)).unwrap().unwrap().unwrap();
    ask(Command::CreateBucket { name: BUCKET.to_owned() });
    for (name, rounds) in [("few", "20"), ("many", "100")] {
        let artifact = folder.path().join(format!("{name}.tar.gz"));
        train(rounds, &artifact);
        let to = S3Uri::new(BUCKET, format!("{name}.tar.gz"));
        ask(Command::put_object(to.clone(), Source::File(LocalFile::new(artifact))));
        ask(Command::CreateModel(Box::new(Model {
            name: name.to_owned(),
            image: Algorithm::XGBoost.image().to_owned(),
            model_data: to,
            environment: BTreeMap::new(),
            execution_role_arn: None,
            created: Timestamp(0),
            tags: Vec::new(),
            extras: Extras::default(),
        })));
    }
    let text: String =
        include_str!("../assets/boston_housing.csv").lines().skip(1).cycle().take(ROWS).map(moved).collect();
    let data = S3Uri::new(BUCKET, "rows.csv");
    ask(Command::put_object(data.clone(), Source::Bytes(text.into_bytes().into())));
    let replay = |what: &str, source: ReplaySource| {
        let contestants = ["few", "many"].map(|name| Contestant::Model(name.to_owned())).to_vec();
        let spec = ReplaySpec { source, contestants };
        let mut times: Vec<Duration> = (0..ROUNDS)
            .map(|_| {
                let started = Instant::now();
                ask(Command::StartReplay(Box::new(spec.clone())));
                let result = wait(workspace.as_ref());
                assert_eq!((result.rows, result.left_out.clone()), (ROWS as u64, None));
                started.elapsed()
            })
            .collect();
        times.sort_unstable();
        let median = times[ROUNDS / 2].as_secs_f64();
        println!(
            "replay, {ROWS} {what} over two XGBoost models (20 and 100 trees): {:.0} ms, median of {ROUNDS}",
            median * 1e3
        );
    };
    replay("rows of a file", ReplaySource::File(data));

    let variant = |name: &str| ProductionVariant {
        name: name.to_owned(),
        model_name: name.to_owned(),
        initial_instance_count: 1,
        instance_type: "ml.m5.large".to_owned(),
        initial_weight: 1.0,
    };
    ask(Command::CreateEndpointConfig(Box::new(EndpointConfig {
        name: "both".to_owned(),
        variants: ["few", "many"].map(variant).to_vec(),
        shadow_variants: Vec::new(),
        created: Timestamp::default(),
        tags: Vec::new(),
        data_capture: None,
        extras: Extras::default(),
    })));
    let (name, config_name) = (ENDPOINT.to_owned(), "both".to_owned());
    ask(Command::CreateEndpoint { name, config_name, tags: Vec::new(), extras: Extras::default() });
    while workspace.snapshot().endpoints.get(ENDPOINT).unwrap().status != EndpointStatus::InService {
        std::thread::sleep(Duration::from_millis(1));
    }
    let labels = invoke(system.address());
    ask(Command::AddLabels { endpoint: ENDPOINT.to_owned(), source: LabelSource::Given(labels) });
    replay("captured requests", ReplaySource::Captured { endpoint: ENDPOINT.to_owned() });
    drop(workspace);
    system.shutdown().unwrap();
}

/// The label is the last column of the sample; a labelled file has it first.
fn moved(line: &str) -> String {
    let (features, label) = line.rsplit_once(',').unwrap();
    format!("{label},{features}\n")
}

/// Asks the endpoint for each row over HTTP, one after the other. Gives their labels by the inference ids of the answers.
fn invoke(address: SocketAddr) -> Vec<Label> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut buffer = vec![0; 1 << 14];
    let rows = include_str!("../assets/boston_housing.csv").lines().skip(1).cycle().take(ROWS);
    rows.map(|line| {
        let (row, label) = line.rsplit_once(',').unwrap();
        let length = row.len();
        let head = format!("POST /endpoints/{ENDPOINT}/invocations HTTP/1.1\r\nHost: {address}\r\n");
        let request = format!("{head}Content-Type: text/csv\r\nContent-Length: {length}\r\n\r\n{row}");
        stream.write_all(request.as_bytes()).unwrap();
        // An answer of a few hundred bytes, written at once, comes at once.
        let n = stream.read(&mut buffer).unwrap();
        let answer = std::str::from_utf8(&buffer[..n]).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        let id = answer.lines().find_map(|line| line.strip_prefix("x-amzn-sagemaker-inference-id: ")).unwrap();
        Label { id: id.to_owned(), values: vec![label.parse().unwrap()] }
    })
    .collect()
}

fn train(rounds: &str, to: &std::path::Path) {
    let sample = samples::boston();
    let mut parameters = samples::boston_xgboost();
    parameters.insert("num_round".to_owned(), rounds.to_owned());
    // There is nothing to stop early by.
    parameters.remove("early_stopping_rounds");
    let go_on = &mut |_: &ml::Round<'_>| Continue::Yes;
    let trained =
        ml::train(Algorithm::XGBoost, &parameters, &sample.train, None, ChannelFormat::Csv, 1, go_on).unwrap();
    archive::write_archive(&trained, std::fs::File::create(to).unwrap()).unwrap();
}

fn wait(workspace: &dyn Workspace) -> Arc<ReplayResult> {
    loop {
        match &workspace.replay().unwrap().status {
            ReplayStatus::Running { .. } => std::thread::sleep(Duration::from_millis(1)),
            ReplayStatus::Completed(result) => return Arc::clone(result),
            other => panic!("{other:?}"),
        }
    }
}
