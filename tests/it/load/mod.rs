//! The proof that updates lose nothing: open-loop load from a sender that shares no code with the server, against a process of its own,
//! while fleets come, fail to come, come and go back, weights change, and the process is killed in the middle.
//!
//! Each model answers a number of its own and stands behind a variant named after it, so that every answer says by itself which model gave
//! it. A short form runs with the other tests. The long form (100,000 requests and more, 20 good updates, 5 with a corrupt model, 5 rolled
//! back): `COUNTERPOISE_LOAD=long cargo test --test it load:: -- --nocapture`.

mod child;
mod sender;
mod truth;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use counterpoise::domain::algorithm::Algorithm;
use counterpoise::domain::s3_uri::S3Uri;
use counterpoise::workspace::Command;

use crate::engine::lab::{BUCKET, Lab, config, model};
use child::Child;
use sender::{Load, Report};
use truth::{Truth, variant};

/// How much of everything.
struct Form {
    rate: u32,
    least_requests: u64,
    good: usize,
    corrupt: usize,
    rolled_back: usize,
    weights: usize,
    kills: usize,
}

const SHORT: Form =
    Form { rate: 300, least_requests: 1_500, good: 4, corrupt: 1, rolled_back: 1, weights: 4, kills: 1 };
const LONG: Form =
    Form { rate: 2_000, least_requests: 120_000, good: 20, corrupt: 5, rolled_back: 5, weights: 20, kills: 2 };

/// What is done to the endpoint, one after the other.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    Good,
    Corrupt,
    RolledBack,
    Weights,
    /// Killed in the middle of an update.
    Kill,
}

impl Form {
    fn chosen() -> (&'static str, Self) {
        match std::env::var("COUNTERPOISE_LOAD").as_deref() {
            Ok("long") => ("long", LONG),
            _ => ("short", SHORT),
        }
    }

    /// Evenly mixed.
    fn steps(&self) -> Vec<Step> {
        let kinds = [
            (Step::Good, self.good),
            (Step::Corrupt, self.corrupt),
            (Step::RolledBack, self.rolled_back),
            (Step::Weights, self.weights),
            (Step::Kill, self.kills),
        ];
        let mut timed: Vec<(f64, Step)> = Vec::new();
        for (step, count) in kinds {
            timed.extend((0..count).map(|n| ((n as f64 + 0.5) / count as f64, step)));
        }
        timed.sort_by(|a, b| a.0.total_cmp(&b.0));
        timed.into_iter().map(|(_, step)| step).collect()
    }
}

/// A model archive that answers `answer` to every row of two features.
fn archive(answer: u32) -> Vec<u8> {
    let text = format!(
        r#"{{"learner":{{"attributes":{{}},"learner_model_param":{{"base_score":"{answer}","num_class":"0","num_feature":"2"}},"objective":{{"name":"reg:squarederror"}},"gradient_booster":{{"name":"gbtree","model":{{"gbtree_model_param":{{"num_parallel_tree":"1"}},"tree_info":[],"trees":[]}}}}}},"version":[1,0,0]}}"#
    );
    let mut head = tar::Header::new_gnu();
    head.set_size(text.len() as u64);
    head.set_mode(0o644);
    let mut builder = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    builder.append_data(&mut head, "xgboost-model", text.as_bytes()).unwrap();
    builder.into_inner().unwrap().finish().unwrap()
}

/// The endpoint `live` of two variants, a configuration for every model, and one whose model is no archive.
fn prepare(folder: &Path, models: u32) {
    let lab = Lab::open(folder);
    lab.ok(Command::CreateBucket { name: BUCKET.into() });
    for number in 0..models {
        let (key, name) = (format!("models/{number}.tar.gz"), format!("model-{number}"));
        lab.put(&key, &archive(number));
        let uri = S3Uri::new(BUCKET, key);
        lab.ok(Command::CreateModel(Box::new(model(&name, Algorithm::XGBoost, uri))));
    }
    for number in 0..models {
        // Beside it, at weight 0 and for the changes of weights, stands the next one.
        let beside = (number + 1) % models;
        let variants =
            [(variant(number), format!("model-{number}"), 1.0), (variant(beside), format!("model-{beside}"), 0.0)];
        let variants: Vec<(&str, &str, f64)> =
            variants.iter().map(|(variant, model, weight)| (variant.as_str(), model.as_str(), *weight)).collect();
        lab.ok(Command::CreateEndpointConfig(Box::new(config(&format!("c-{number}"), &variants))));
    }
    lab.put("models/corrupt.tar.gz", b"this is no archive");
    let uri = S3Uri::new(BUCKET, "models/corrupt.tar.gz");
    lab.ok(Command::CreateModel(Box::new(model("corrupt", Algorithm::XGBoost, uri))));
    lab.config("c-corrupt", &[("corrupt", "corrupt", 1.0)]);
    lab.serve("live", "c-0");
    lab.close();
}

/// The scenario: what is asked of the child, and what may answer meanwhile.
struct Scenario {
    child: Child,
    folder: std::path::PathBuf,
    truth: Arc<Truth>,
    load: Load,
    models: u32,
    /// The configuration that serves.
    serving: u32,
    /// The newest one that was used.
    newest: u32,
    /// When the process was killed, and when the next one was ready.
    kills: Vec<(Instant, Instant)>,
}

impl Scenario {
    fn next(&mut self) -> u32 {
        self.newest = (self.newest + 1) % self.models;
        self.newest
    }

    /// Lets some requests be answered in the state that things are in.
    fn settle(&self) {
        self.load.wait_for(30);
    }

    fn step(&mut self, step: Step, number: usize) {
        match step {
            Step::Good => {
                let next = self.next();
                let meanwhile = self.truth.may_also(&[next]);
                // Most at once; every fourth in the slow way, with both fleets answering.
                let way = if number % 4 == 3 { "canary" } else { "now" };
                assert_eq!(
                    self.child.ask(&format!("update c-{next} {way}")),
                    format!("serving c-{next} with 0 failed")
                );
                meanwhile.over(&[next]);
                self.serving = next;
            }
            Step::Corrupt => {
                let said = self.child.ask("update c-corrupt now");
                let (before, after) = said.split_once(" because ").unwrap_or((&said, ""));
                assert_eq!(before, format!("serving c-{} with 0 failed", self.serving));
                assert!(after.contains("corrupt.tar.gz"), "{said}");
            }
            Step::RolledBack => {
                let next = self.next();
                let meanwhile = self.truth.may_also(&[next]);
                assert_eq!(self.child.ask(&format!("shift c-{next} 3600")), format!("shifting c-{next}"));
                // Traffic really goes to both.
                self.load.wait_for_answer_of(next);
                let said = self.child.ask("rollback");
                assert!(said.starts_with(&format!("serving c-{} with 0 failed because", self.serving)), "{said}");
                meanwhile.over(&[self.serving]);
            }
            Step::Weights => {
                let (all, beside) = (self.serving, (self.serving + 1) % self.models);
                for (first, second, to) in
                    [(0.0, 1.0, vec![beside]), (1.0, 1.0, vec![all, beside]), (1.0, 0.0, vec![all])]
                {
                    let meanwhile = self.truth.may_also(&to);
                    let weights = format!("weights {}={first},{}={second}", variant(all), variant(beside));
                    assert_eq!(self.child.ask(&weights), "weights set");
                    meanwhile.over(&to);
                    self.settle();
                }
            }
            Step::Kill => {
                let next = self.next();
                let meanwhile = self.truth.may_also(&[next]);
                // In turn: while both fleets answer, and as soon as the update is on disk, while the new fleet is being built.
                let (order, stage) = match self.kills.len() % 2 {
                    0 => (format!("shift c-{next} 1"), "shifting"),
                    _ => (format!("begin c-{next}"), "building"),
                };
                assert_eq!(self.child.ask(&order), format!("{stage} c-{next}"));
                let port = self.child.port;
                let killed = self.child.kill();
                self.child = Child::start(&self.folder, port);
                let again = Instant::now();
                let said = self.child.ask("settled");
                let serves = [self.serving, next].into_iter().find(|n| said.starts_with(&format!("serving c-{n} ")));
                self.serving = serves.unwrap_or_else(|| panic!("neither the old nor the new one serves: {said}"));
                meanwhile.over(&[self.serving]);
                self.kills.push((killed, again));
            }
        }
        self.settle();
    }
}

#[test]
fn updates_lose_no_request_and_every_answer_is_of_whom_it_names() {
    let (name, form) = Form::chosen();
    let models = u32::try_from(form.good + form.rolled_back + form.kills + 2).unwrap();
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path(), models);
    let began = Instant::now();
    let child = Child::start(folder.path(), 0);
    let truth = Arc::new(Truth::new(&[0]));
    let load = Load::start(child.address(), form.rate);
    let folder = folder.path().to_owned();
    let mut scenario =
        Scenario { child, folder, truth: Arc::clone(&truth), load, models, serving: 0, newest: 1, kills: Vec::new() };
    scenario.settle();
    for (number, step) in form.steps().into_iter().enumerate() {
        scenario.step(step, number);
    }
    scenario.load.wait_for_total(form.least_requests);
    let answers = scenario.load.end();
    let report = Report::of(&answers, &truth, &scenario.kills);
    let took = began.elapsed();
    println!(
        "measured load, {name} form: {} ({} good updates, {} corrupt, {} rolled back, {} changes of weights, {} kill -9; {:.0} s)",
        report.said(),
        form.good,
        form.corrupt,
        form.rolled_back,
        form.weights * 3,
        form.kills,
        took.as_secs_f64()
    );
    assert_eq!(report.problems, Vec::<String>::new());
    let all: BTreeSet<u32> = (0..models).collect();
    assert!(report.models.is_subset(&all) && report.models.len() > form.good, "{:?}", report.models);
    assert!(report.requests >= form.least_requests && report.fresh > 0 && report.heavy > 0, "{}", report.said());
    assert!(report.outage < Duration::from_mins(1), "{}", report.said());
}
