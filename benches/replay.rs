//! Paired replay as a person starts it: 10,000 labelled rows over two XGBoost models, from the command to the result on the screen's side.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints, and fails by panicking")]

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use counterpoise::domain::algorithm::Algorithm;
use counterpoise::domain::extras::Extras;
use counterpoise::domain::model::Model;
use counterpoise::domain::replay::{Contestant, ReplaySource, ReplaySpec};
use counterpoise::domain::s3_uri::S3Uri;
use counterpoise::domain::time::Timestamp;
use counterpoise::domain::training_job::ChannelFormat;
use counterpoise::ml::{self, Continue, archive, samples};
use counterpoise::system::{System, SystemOptions};
use counterpoise::workspace::{Command, LocalFile, ReplayResult, ReplayStatus, Source, Workspace};

const BUCKET: &str = "bench-bucket";
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
    let contestants = ["few", "many"].map(|name| Contestant::Model(name.to_owned())).to_vec();
    let spec = ReplaySpec { source: ReplaySource::File(data), contestants };
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
        "replay, {ROWS} rows over two XGBoost models (20 and 100 trees): {:.0} ms, median of {ROUNDS}",
        median * 1e3
    );
    drop(workspace);
    system.shutdown().unwrap();
}

/// The label is the last column of the sample; a labelled file has it first.
fn moved(line: &str) -> String {
    let (features, label) = line.rsplit_once(',').unwrap();
    format!("{label},{features}\n")
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
