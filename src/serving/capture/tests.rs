//! The capture as a whole: what requests leave behind, and what labels make of it.

use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::domain::algorithm::Algorithm;
use crate::domain::label::LabelCounts;
use crate::serving::content::tests::small;
use crate::serving::{Answer, Fleet, FleetSpec, Invocation, Serving, VariantSpec};
use crate::stats::live::{EndpointLive, VariantLive};

/// A fleet of variants (name, model, weight) that answer 1 to `0,1` and −1 to `0,0`.
fn fleet(serving: &Serving, variants: &[(&str, &str, f64)]) -> Fleet {
    let variant = |(name, model, weight): &(&str, &str, f64)| VariantSpec {
        name: (*name).to_owned(),
        model_name: (*model).to_owned(),
        algorithm: Algorithm::XGBoost,
        artifact: PathBuf::from(format!("{model}.tar.gz")),
        weight: *weight,
        instances: 1,
    };
    let spec = FleetSpec {
        endpoint: "e".to_owned(),
        config_name: "c".to_owned(),
        variants: variants.iter().map(variant).collect(),
        deployment: 1,
        shadows: Vec::new(),
        data_capture: None,
    };
    serving.build_fleet_of(&spec, variants.iter().map(|_| small(0.0)).collect()).unwrap()
}

fn started(folder: Option<&Path>) -> Arc<Serving> {
    let serving = Serving::with_capture(Clock::paused(1_000_000), 1, folder.map(Path::to_owned));
    serving.install("e", fleet(&serving, &[("A", "m", 1.0)]), "c");
    serving
}

fn ask(serving: &Serving, id: &str, body: &str) -> Answer {
    let request = Invocation {
        content_type: Some("text/csv"),
        inference_id: Some(id),
        body: body.as_bytes(),
        ..Invocation::default()
    };
    let answer = serving.invoke("e", &request);
    assert!(answer.result.is_ok(), "{answer:?}");
    answer
}

fn label(serving: &Serving, labels: &[(&str, &[f64])]) -> LabelReport {
    let labels = labels.iter().map(|(id, values)| Label { id: (*id).to_owned(), values: values.to_vec() }).collect();
    let promise = serving.label("e", labels, true).unwrap();
    promise.wait(std::time::Duration::from_mins(1)).unwrap().unwrap()
}

/// The numbers of now: those of an instant ago are kept for a while.
fn live(serving: &Serving) -> Arc<EndpointLive> {
    serving.clock().advance(std::time::Duration::from_secs(1));
    serving.live("e").unwrap()
}

fn variant(serving: &Serving, at: usize) -> VariantLive {
    live(serving).variants[at].clone()
}

fn kept(serving: &Serving) -> Vec<(String, Option<Vec<f64>>)> {
    let mut all = Vec::new();
    assert!(serving.captured("e", |kept| all.push((kept.record.id().to_owned(), kept.label))));
    all
}

#[test]
fn a_label_counts_for_the_request_that_has_its_id() {
    for folder in [None, Some(tempfile::tempdir().unwrap())] {
        let serving = started(folder.as_ref().map(tempfile::TempDir::path));
        ask(&serving, "one", "0,1");
        ask(&serving, "two", "0,1\n0,0");
        ask(&serving, "three", "0,1");
        let report = label(&serving, &[("one", &[1.5]), ("two", &[1.0, -1.0])]);
        let counts = LabelCounts { joined: 2, ..LabelCounts::default() };
        assert_eq!(report, LabelReport { counts, ..LabelReport::default() });
        let live = variant(&serving, 0);
        assert_eq!((live.predictions, live.labelled), (4, 3));
        assert!((live.rmse.unwrap() - (0.25_f64 / 3.0).sqrt()).abs() < 1e-12);
        let labels = [Some(vec![1.5]), Some(vec![1.0, -1.0]), None];
        let expected = ["one", "two", "three"].into_iter().map(str::to_owned).zip(labels);
        assert_eq!(kept(&serving), expected.collect::<Vec<_>>());
    }
}

#[test]
fn the_first_label_counts_and_others_are_told_apart() {
    let serving = started(None);
    for id in ["a", "b"] {
        ask(&serving, id, "0,1");
    }
    let report =
        label(&serving, &[("a", &[1.0]), ("a", &[1.0]), ("a", &[2.0]), ("nobody", &[1.0]), ("b", &[1.0, 2.0])]);
    let told = report.counts;
    let counts = (told.joined, told.repeated, told.contradictory, told.unknown, told.unfit);
    assert_eq!((counts, told.total()), ((1, 1, 1, 1, 1), 5));
    assert!(report.problems[2].contains("2 labels came for 1 rows"), "{:?}", report.problems);
    assert_eq!(variant(&serving, 0).labelled, 1);
    let capture = live(&serving).capture;
    assert_eq!((capture.taken, capture.labels), (2, told), "what is told is what is shown");
    label(&serving, &[("nobody", &[1.0])]);
    assert_eq!(live(&serving).capture.labels.unknown, 2, "shown, though nothing was answered since");
}

#[test]
fn a_label_after_a_swap_counts_for_the_model_that_answered() {
    let serving = started(None);
    ask(&serving, "before", "0,1");
    serving.install("e", fleet(&serving, &[("A", "other", 1.0)]), "d");
    ask(&serving, "after", "0,1");
    assert_eq!(label(&serving, &[("before", &[7.0])]).counts.joined, 1);
    assert_eq!(variant(&serving, 0).labelled, 0, "the new model was not asked");
    assert_eq!(label(&serving, &[("after", &[1.0])]).counts.joined, 1);
    let live = variant(&serving, 0);
    assert_eq!((live.labelled, live.model_name.as_str()), (1, "other"));
    serving.install("e", fleet(&serving, &[("A", "other", 1.0), ("B", "m", 0.0)]), "f");
    assert_eq!(variant(&serving, 0).labelled, 1, "a model that stays keeps its labels");
}

#[test]
fn the_experiment_takes_a_label_by_the_draw_that_it_is_for() {
    let serving = Serving::with_capture(Clock::paused(1_000_000), 1, None);
    serving.install("e", fleet(&serving, &[("A", "m", 1.0), ("B", "n", 1.0)]), "one");
    let mut number = 0;
    let mut draw = |place: usize| loop {
        number += 1;
        let id = format!("r-{number}");
        if ask(&serving, &id, "0,1").drawn.unwrap().place == place {
            break id;
        }
    };
    // The first 50 errors tell how large an error may count.
    for _ in 0..50 {
        label(&serving, &[(&draw(0), &[3.0])]);
    }
    let (of_a, of_b) = (draw(0), [draw(1), draw(1)]);
    serving.install("e", fleet(&serving, &[("B", "other", 1.0), ("A", "m", 1.0)]), "two");
    let of_other = draw(0);
    for id in [&of_a, &of_b[0], &of_b[1], &of_other] {
        assert_eq!(label(&serving, &[(id, &[2.0])]).counts.joined, 1);
    }
    let live = live(&serving);
    assert_eq!((live.variants[0].labelled, live.variants[1].labelled), (1, 51), "the numbers on show");
    let arms = &live.experiment.as_ref().unwrap().summary.arms;
    assert_eq!((&*arms[0].model, arms[0].labelled, &*arms[1].model, arms[1].labelled), ("other", 1, "m", 1));
}

#[test]
fn while_two_fleets_serve_each_answer_is_that_of_its_own() {
    let serving = started(None);
    serving.shift("e", fleet(&serving, &[("A", "other", 1.0)]), 0.5, "two").unwrap();
    let mut answered = [0, 0];
    for number in 0..40 {
        let id = number.to_string();
        answered[ask(&serving, &id, "0,1").drawn.unwrap().place] += 1;
        assert_eq!(label(&serving, &[(&id, &[1.0])]).counts.joined, 1);
    }
    assert!(answered.iter().all(|n| *n > 0), "{answered:?}");
    let live = live(&serving);
    assert_eq!([live.variants[0].labelled, live.shift.as_ref().unwrap().variants[0].labelled], answered);
    let mut models = std::collections::BTreeMap::<String, u64>::new();
    serving.captured("e", |kept| *models.entry(kept.record.arm().unwrap().model.to_string()).or_default() += 1);
    assert_eq!(models.into_values().collect::<Vec<_>>(), answered, "m, then other");
}

#[test]
fn a_request_whose_variant_the_client_chose_never_counts() {
    let serving = started(None);
    let request = Invocation {
        content_type: Some("text/csv"),
        target_variant: Some("A"),
        inference_id: Some("forced"),
        body: b"0,1",
        ..Invocation::default()
    };
    assert!(serving.invoke("e", &request).result.is_ok());
    let report = label(&serving, &[("forced", &[1.0])]);
    assert_eq!((report.counts.forced, report.counts.joined, variant(&serving, 0).labelled), (1, 0, 0));
    assert_eq!(kept(&serving), [("forced".to_owned(), Some(vec![1.0]))], "a replay can use it all the same");
}

#[test]
fn refused_requests_and_long_bodies_are_captured_without_what_they_lack() {
    let serving = started(None);
    let bad =
        Invocation { content_type: Some("text/csv"), inference_id: Some("bad"), body: b"1", ..Invocation::default() };
    assert!(serving.invoke("e", &bad).result.is_err());
    let long = vec!["0,1"; KEPT_BYTES / 4 + 1].join("\n");
    ask(&serving, "long", &long);
    let report = label(&serving, &[("bad", &[1.0]), ("long", &vec![1.0; KEPT_BYTES / 4 + 1])]);
    assert_eq!(
        (report.counts.unfit, report.counts.joined),
        (1, 1),
        "the long one's answer is short enough: {:?}",
        report.problems
    );
    assert!(report.problems[0].contains("status 400"), "{:?}", report.problems);
    assert_eq!(live(&serving).capture.without_body, 1);
}

#[test]
fn a_capture_that_rests_lets_requests_pass() {
    let serving = started(None);
    ask(&serving, "before", "0,1");
    assert!(serving.rest_capture("e", true) && !serving.rest_capture("nobody", true));
    ask(&serving, "between", "0,1");
    assert!(serving.rest_capture("e", false));
    ask(&serving, "after", "0,1");
    let ids: Vec<String> = kept(&serving).into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, ["before", "after"]);
    let live = live(&serving);
    assert_eq!((live.capture.taken, live.capture.dropped, live.variants[0].requests), (2, 0, 3));
}

#[test]
fn a_label_that_comes_late_finds_its_request_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let serving = started(Some(folder.path()));
    ask(&serving, "early", "0,1");
    ask(&serving, "told", "0,1");
    label(&serving, &[("told", &[1.0])]);
    // As many as the memory holds.
    for number in 0..50_000 {
        ask(&serving, &number.to_string(), "0,1");
    }
    let report = label(&serving, &[("early", &[1.0]), ("told", &[2.0]), ("nobody", &[1.0]), ("49999", &[1.0, 2.0])]);
    assert_eq!(live(&serving).capture.dropped, 0);
    let counts = (
        report.counts.joined,
        report.counts.late,
        report.counts.contradictory,
        report.counts.unknown,
        report.counts.unfit,
    );
    assert_eq!(counts, (1, 1, 1, 1, 1), "{:?}", report.problems);
    assert_eq!(variant(&serving, 0).labelled, 2);
    assert_eq!(label(&serving, &[("early", &[1.0])]).counts.repeated, 1, "the disk knows of it");
}

#[test]
fn what_was_captured_and_labelled_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let serving = started(Some(folder.path()));
    let epoch = ask(&serving, "one", "0,1").drawn.unwrap().epoch;
    ask(&serving, "two", "0,1");
    label(&serving, &[("one", &[2.0])]);
    drop(serving);

    let serving = Serving::with_capture(Clock::paused(2_000_000), 2, Some(folder.path().to_owned()));
    let mut fleet = fleet(&serving, &[("A", "m", 1.0), ("B", "n", 0.0)]);
    fleet.past = serving.capture.recall("e", &Arc::new(Arms::new(fleet.arms())));
    serving.install("e", fleet, "c");
    let live = variant(&serving, 0);
    assert_eq!((live.requests, live.predictions, live.labelled), (2, 2, 1));
    assert_eq!(live.rmse, Some(1.0));
    assert_eq!(label(&serving, &[("one", &[3.0]), ("two", &[1.0])]).counts.contradictory, 1);
    assert_eq!(variant(&serving, 0).labelled, 2);
    assert_eq!(variant(&serving, 1).labelled, 0);
    assert!(ask(&serving, "three", "0,1").drawn.unwrap().epoch > epoch, "epochs go on");
    let live = self::live(&serving);
    assert_eq!(live.experiment.as_ref().unwrap().summary.arms[0].drawn, 3, "and so does the experiment");

    serving.remove("e");
    serving.capture.flush();
    assert!(!folder.path().join("e").exists(), "deleted with its endpoint");
}

#[test]
fn an_experiment_that_began_anew_has_begun_anew_after_a_restart_too() {
    let folder = tempfile::tempdir().unwrap();
    let reopened = |seed: u64| {
        let serving = Serving::with_capture(Clock::paused(2_000_000), seed, Some(folder.path().to_owned()));
        let mut fleet = fleet(&serving, &[("A", "m", 1.0)]);
        fleet.past = serving.capture.recall("e", &Arc::new(Arms::new(fleet.arms())));
        serving.install("e", fleet, "c");
        serving
    };
    let counted = |serving: &Serving| {
        let live = live(serving);
        let arm = &live.experiment.as_ref().unwrap().summary.arms[0];
        (arm.drawn, arm.labelled, live.variants[0].requests, live.variants[0].labelled)
    };
    let serving = reopened(1);
    // The first 50 errors tell how large one may be.
    for i in 0..52 {
        ask(&serving, &format!("a{i}"), "0,1");
        label(&serving, &[(&format!("a{i}"), &[2.0])]);
    }
    assert_eq!(counted(&serving), (52, 2, 52, 52));
    let before = ask(&serving, "before", "0,1").drawn.unwrap().epoch;
    serving.begin_anew("e", "anew").unwrap();
    assert_eq!(counted(&serving), (0, 0, 53, 52), "the meters count on");
    drop(serving);

    let serving = reopened(2);
    assert_eq!(counted(&serving), (0, 0, 53, 52), "nothing was asked since");
    let drawn = ask(&serving, "after", "0,1").drawn.unwrap();
    assert!(drawn.epoch > before + 1, "{drawn:?}");
    label(&serving, &[("after", &[2.0]), ("before", &[2.0])]);
    assert_eq!(counted(&serving), (1, 1, 54, 54), "a label of the one before counts for its variant only");
    drop(serving);
    let serving = reopened(3);
    assert_eq!(counted(&serving), (1, 1, 54, 54));
    assert!(matches!(serving.begin_anew("none", ""), Err(crate::serving::AnewError::UnknownEndpoint(_))));
}

#[test]
fn every_label_that_counts_is_told_with_its_epoch_and_probabilities() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&told);
    let capture = Capture::new(Clock::paused(5), 1, None, move |joined: &Joined<'_>| {
        let arm = joined.arms.get(joined.arm).unwrap();
        let weights = joined.weights;
        sink.lock().unwrap().push((arm.variant.to_string(), weights.epoch(), weights.probabilities().to_vec()));
    });
    let (tap, _) = capture.open("e", Past::default());
    for (epoch, weights) in [(1, [1.0, 1.0]), (2, [3.0, 1.0])] {
        let source = record::tests::source(epoch, &weights);
        let record = record::tests::record(&source, &epoch.to_string(), "1,2", "0.75");
        assert_eq!(tap.inbox.push(&source, &record.facts, &[&record.bytes]), inbox::Put::Waits);
        tap.queue.call();
    }
    let labels = ["2", "1"].map(|id| Label { id: id.to_owned(), values: vec![1.0] });
    let report = Capture::label(&tap, labels.to_vec(), true).wait(std::time::Duration::from_mins(1)).unwrap().unwrap();
    assert_eq!(report.counts.joined, 2);
    let expected = [("A".to_owned(), 2, vec![0.75, 0.25]), ("A".to_owned(), 1, vec![0.5, 0.5])];
    assert_eq!(*told.lock().unwrap(), expected);
}

#[test]
fn an_endpoint_of_an_earlier_workspace_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["here", "gone"] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
    }
    let serving = Serving::with_capture(Clock::paused(5), 1, Some(folder.path().to_owned()));
    serving.keep_captured(|name| name == "here");
    assert!(folder.path().join("here").exists() && !folder.path().join("gone").exists());
}

#[test]
fn a_disk_that_refuses_costs_the_memory_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("no-folder");
    std::fs::write(&file, b"").unwrap();
    let serving = started(Some(&file));
    ask(&serving, "one", "0,1");
    let report = label(&serving, &[("one", &[1.0])]);
    assert_eq!(report.counts.joined, 1, "it counts as long as the app runs");
    assert!(report.not_on_disk.is_some());
    assert_eq!(live(&serving).capture.unwritten, 1);
}
