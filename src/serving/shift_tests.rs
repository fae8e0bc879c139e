//! Two fleets at once: shares, steps, ends and measurements, without HTTP.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use super::tests::{ask, fleet, paused, row};
use super::*;
use crate::stats::live::MarkKind;

/// A fleet that a deployment brings: (variant, model, weight, base), see [`fleet`].
fn brought(deployment: u64, config: &str, variants: &[(&str, &str, f64, f32)]) -> Fleet {
    let mut fleet = fleet(config, variants);
    fleet.deployment = deployment;
    fleet
}

/// The old fleet answers 1 or 2, the new one 11.
fn shifted(share: f64) -> (Arc<Serving>, crate::util::clock::Clock) {
    let (serving, clock) = paused();
    serving.install("e", brought(1, "old", &[("A", "m", 1.0, 0.0), ("B", "n", 3.0, 1.0)]), "old");
    serving.shift("e", brought(2, "new", &[("A", "other", 1.0, 10.0)]), share, "new").unwrap();
    (serving, clock)
}

#[test]
fn the_share_is_what_the_new_fleet_gets() {
    let (serving, _) = shifted(0.25);
    let mut new = 0;
    for _ in 0..4_000 {
        let answer = serving.invoke("e", &row());
        let (deployment, drawn) = (answer.deployment.unwrap(), answer.drawn.unwrap());
        let of_variant = if answer.variant.as_deref() == Some("B") { 0.75 } else { 0.25 };
        let expected = if deployment == 2 { 0.25 } else { 0.75 * of_variant };
        assert!((drawn.probability - expected).abs() < 1e-12, "{answer:?}");
        assert_eq!(drawn.epoch, 2);
        assert_eq!(deployment == 2, answer.result.unwrap().body == b"11");
        new += u64::from(deployment == 2);
    }
    // 4,000 draws at a quarter: five standard deviations are 137.
    assert!((863..=1_137).contains(&new), "{new}");
    let live = serving.live("e").unwrap();
    let shift = live.shift.as_ref().unwrap();
    assert_eq!((shift.config_name.as_str(), shift.deployment, shift.share), ("new", 2, 0.25));
    assert_eq!((shift.new.requests, shift.old.requests), (new, 4_000 - new));
    assert_eq!(live.variants.iter().map(|v| v.requests).sum::<u64>(), 4_000 - new);
    assert_eq!(serving.counts("e"), Some((4_000, 0)));
    let totals = serving.totals("e").unwrap().0;
    let weights: Vec<_> = totals.iter().map(|one| (one.model_name.as_str(), one.weight)).collect();
    assert_eq!(weights, [("m", 0.1875), ("n", 0.5625), ("other", 0.25)], "shares of all the traffic");
}

#[test]
fn a_model_that_was_made_anew_under_its_name_has_one_line() {
    let (serving, _) = paused();
    serving.install("e", brought(1, "old", &[("A", "m", 1.0, 0.0), ("B", "n", 1.0, 1.0)]), "old");
    let mut fleet = brought(2, "new", &[("A", "m", 1.0, 10.0), ("B", "n", 1.0, 1.0)]);
    fleet.variants[0].artifact = "another".into();
    serving.shift("e", fleet, 0.5, "new").unwrap();
    let totals = serving.totals("e").unwrap().0;
    let lines: Vec<_> = totals.iter().map(|one| (&*one.name, one.model_name.as_str(), one.weight)).collect();
    assert_eq!(lines, [("A", "m", 0.5), ("B", "n", 0.5)]);
}

#[test]
fn every_step_is_obeyed_by_every_later_request_and_none_fails() {
    // Two rounds: one that ends well and one that is rolled back. The models tell the fleets apart.
    let (serving, _) = paused();
    serving.install("e", brought(1, "old", &[("A", "m", 1.0, 0.0)]), "old");
    let stop = AtomicBool::new(false);
    // What may answer from each step on: bit 0 the old fleet, bit 1 the new one; both may while a step is being acknowledged. An answer is held
    // against all steps while it was under way: its thread may have stood still for more than one.
    let (steps, asked) = (Mutex::new(vec![0b01_u64]), AtomicU64::new(0));
    let may = |bits| steps.lock().unwrap().push(bits);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !stop.load(Ordering::Acquire) {
                    let begun = steps.lock().unwrap().len() - 1;
                    let answer = serving.invoke("e", &row());
                    let allowed = steps.lock().unwrap()[begun..].iter().fold(0, |all, bits| all | bits);
                    let bit = if answer.deployment.unwrap() % 2 == 1 { 0b01 } else { 0b10 };
                    assert!(answer.result.is_ok());
                    assert!(allowed & bit != 0, "{allowed:b} {bit:b}");
                    asked.fetch_add(1, Ordering::AcqRel);
                }
            });
        }
        let more = || {
            let seen = asked.load(Ordering::Acquire);
            while asked.load(Ordering::Acquire) < seen + 50 {
                std::thread::yield_now();
            }
        };
        for round in 0..60_u64 {
            may(0b11);
            serving.shift("e", brought(2 + 2 * round, "new", &[("A", "o", 1.0, 10.0)]), 0.1, "new").unwrap();
            more();
            for share in [0.5, 1.0] {
                serving.set_share("e", share, "step").unwrap();
                more();
            }
            may(0b10);
            more();
            may(0b11);
            let draining = if round % 2 == 0 {
                let draining = serving.roll_back("e", "old").unwrap();
                may(0b01);
                draining
            } else {
                let draining = serving.finish_shift("e", "new").unwrap();
                may(0b10);
                draining
            };
            more();
            assert!(draining.wait(Duration::from_mins(1)));
            assert_eq!(draining.failed(), 0);
            if round % 2 == 1 {
                may(0b11);
                serving.install("e", brought(1 + 2 * round, "old", &[("A", "m", 1.0, 0.0)]), "old");
                may(0b01);
            }
        }
        stop.store(true, Ordering::Release);
    });
    assert_eq!(serving.counts("e"), Some((asked.load(Ordering::Acquire), 0)), "no request was lost or counted twice");
}

#[test]
fn the_ends_of_a_shift() {
    let (serving, _) = shifted(1.0);
    for _ in 0..20 {
        assert_eq!(ask(&serving).1, "11", "all of the traffic");
    }
    assert!(serving.roll_back("e", "old").unwrap().wait(Duration::ZERO));
    assert_eq!((ask(&serving).1 == "11", serving.live("e").unwrap().shift.is_some()), (false, false));
    assert!(serving.roll_back("e", "old").is_none() && serving.finish_shift("e", "new").is_none());
    serving.set_share("e", 0.5, "").unwrap();
    assert!(serving.live("e").unwrap().shift.is_none(), "nobody comes, so nobody gets a share");

    serving.shift("e", brought(3, "new", &[("A", "other", 1.0, 10.0)]), 0.0, "new").unwrap();
    for _ in 0..50 {
        assert_ne!(ask(&serving).1, "11", "a share of 0 is none");
    }
    assert!(serving.finish_shift("e", "new").unwrap().wait(Duration::ZERO));
    assert_eq!(ask(&serving).1, "11");
    let marks: Vec<_> = serving.live("e").unwrap().marks.iter().map(|m| (m.kind, m.label.clone())).collect();
    let fleet = |label: &str| (MarkKind::Fleet, label.to_owned());
    assert_eq!(marks, [fleet("old"), fleet("new"), fleet("old"), fleet("new"), fleet("new")]);
}

#[test]
fn an_endpoint_that_is_removed_in_the_middle_of_a_shift_drains_both() {
    let (serving, _) = shifted(0.5);
    for _ in 0..20 {
        ask(&serving);
    }
    let draining = serving.remove("e").unwrap();
    assert!(draining.wait(Duration::ZERO));
    assert_eq!((draining.requests(), draining.failed()), (20, 0));
    assert!(serving.invoke("e", &row()).result.is_err());
}

#[test]
fn a_share_that_is_none_changes_nothing() {
    let (serving, _) = shifted(0.5);
    assert!(matches!(serving.set_share("e", 1.01, ""), Err(SetWeightsError::Bad(_))));
    assert!(serving.shift("e", brought(3, "x", &[("A", "x", 1.0, 5.0)]), f64::NAN, "").is_err());
    assert!(matches!(serving.set_share("x", 0.1, ""), Err(SetWeightsError::UnknownEndpoint(_))));
    let live = serving.live("e").unwrap();
    assert_eq!(live.shift.as_ref().map(|shift| (shift.deployment, shift.share)), Some((2, 0.5)));
}

#[test]
fn refusals_and_labels_count_for_the_fleet_that_they_belong_to() {
    let (serving, clock) = paused();
    serving.install("e", brought(1, "old", &[("A", "m", 1.0, 0.0), ("B", "n", 1.0, 1.0)]), "old");
    let mut number = 0;
    let mut ask = |place: usize| loop {
        number += 1;
        let id = format!("r-{number}");
        let answer = serving.invoke("e", &Invocation { inference_id: Some(&id), ..row() });
        if answer.drawn.is_some_and(|drawn| drawn.place == place) {
            break id;
        }
    };
    let old = [0, 1, 0, 1].map(&mut ask);
    // A goes on with its model, B gets another one.
    serving.shift("e", brought(2, "new", &[("A", "m", 1.0, 0.0), ("B", "o", 1.0, 9.0)]), 1.0, "new").unwrap();
    let bad = Invocation { body: b"1", ..row() };
    for _ in 0..4 {
        assert!(serving.invoke("e", &bad).result.is_err());
    }
    let measured = serving.live("e").unwrap().shift.clone().unwrap();
    assert_eq!((measured.new.requests, measured.new.model_errors, measured.new.server_errors), (4, 4, 0));
    assert_eq!(measured.old.requests, 0);
    // Places of the first epoch: A and B of the old fleet. Of the second: the same, then A and B of the new one.
    let new = [2, 3, 2, 3].map(&mut ask);
    let label = |ids: [&String; 4]| {
        let labels = ids.map(|id| Label { id: id.clone(), values: vec![1.0] });
        let report = serving.label("e", labels.into(), true).unwrap().wait(Duration::from_mins(1)).unwrap().unwrap();
        assert_eq!(report.counts.joined, 4, "{report:?}");
    };
    label([&old[0], &old[1], &new[0], &new[1]]);
    clock.advance(bell::PERIOD);
    let live = serving.live("e").unwrap();
    let labelled =
        |variants: &[crate::stats::live::VariantLive]| variants.iter().map(|v| v.labelled).collect::<Vec<_>>();
    assert_eq!((labelled(&live.variants), labelled(&live.shift.as_ref().unwrap().variants)), (vec![2, 1], vec![2, 1]));
    assert_eq!(serving.totals("e").unwrap().0.len(), 3, "A is one variant");
    let experiment = live.experiment.as_ref().unwrap();
    let arms: Vec<_> =
        experiment.summary.arms.iter().map(|arm| (&*arm.variant, &*arm.model, arm.probability)).collect();
    assert_eq!(arms, [("A", "m", 0.5), ("B", "n", 0.0), ("B", "o", 0.5)], "who goes on is one arm over both fleets");
    serving.finish_shift("e", "new").unwrap();
    label([&old[2], &old[3], &new[2], &new[3]]);
    clock.advance(bell::PERIOD);
    let live = serving.live("e").unwrap();
    assert_eq!(labelled(&live.variants), [4, 2], "late labels reach a variant that goes on, and no other");
}

#[test]
fn a_forced_variant_answers_from_either_fleet() {
    let (serving, _) = shifted(0.5);
    let forced = |name| {
        let answer = serving.invoke("e", &Invocation { target_variant: Some(name), ..row() });
        (answer.deployment, answer.drawn)
    };
    let of_a: Vec<_> = (0..60).map(|_| forced("A")).collect();
    assert!(of_a.contains(&(Some(1), None)) && of_a.contains(&(Some(2), None)), "both have an A");
    assert!((0..60).all(|_| forced("B") == (Some(1), None)), "only the old one has a B");
    let unknown = serving.invoke("e", &Invocation { target_variant: Some("C"), ..row() });
    assert!(unknown.result.unwrap_err().to_string().contains("A, B"));
}

/// Asks `n` times with ids of a name, and says which of them the new fleet answered.
fn ask_as(serving: &Serving, name: &str, n: usize) -> Vec<(String, bool)> {
    (0..n)
        .map(|i| {
            let id = format!("{name}{i}");
            let answer = serving.invoke("e", &Invocation { inference_id: Some(&id), ..row() });
            (id, answer.deployment == Some(2))
        })
        .collect()
}

fn label_as(serving: &Serving, asked: &[(String, bool)], value: f64) -> crate::domain::label::LabelReport {
    let labels = asked.iter().map(|(id, _)| Label { id: id.clone(), values: vec![value] }).collect();
    serving.label("e", labels, true).unwrap().wait(Duration::from_mins(1)).unwrap().unwrap()
}

#[test]
fn labels_of_both_fleets_are_compared_once_each_early_or_late() {
    const ALPHA: f64 = 0.05;
    // The old model is right about the label 1, the new one off by 10.
    let (serving, clock) = paused();
    serving.install("e", brought(1, "old", &[("A", "m", 1.0, 0.0)]), "old");
    let before = ask_as(&serving, "before", 70);
    label_as(&serving, &before[..60], 1.0);
    assert_eq!(serving.accuracy("e", ALPHA), None, "one fleet serves alone");
    serving.shift("e", brought(2, "new", &[("A", "other", 1.0, 10.0)]), 0.5, "new").unwrap();
    label_as(&serving, &before[60..], 1.0);
    let seen = || serving.accuracy("e", ALPHA).unwrap();
    assert_eq!(seen().0.apart.old.labels, 0, "drawn before anything was compared");
    let forced = Invocation { target_variant: Some("A"), inference_id: Some("forced"), ..row() };
    serving.invoke("e", &forced);
    label_as(&serving, &[("forced".into(), false)], 1.0);

    let asked = ask_as(&serving, "both", 80);
    let new = asked.iter().filter(|(_, is_new)| *is_new).count() as u64;
    label_as(&serving, &asked[..3], 1.0);
    assert!(!seen().1, "three labels are no verdict");
    clock.advance(Duration::from_mins(1));
    serving.set_share("e", 1.0, "new 100 %").unwrap();
    // All traffic has moved; what is told now of answers from before still counts, and once.
    assert_eq!(label_as(&serving, &asked, 1.0).counts.repeated, 3);
    assert_eq!(label_as(&serving, &asked, 2.0).counts.contradictory, 80);
    let (watched, is_worse) = seen();
    assert_eq!((watched.apart.old.labels, watched.apart.new.labels), (80 - new, new));
    assert_eq!((watched.apart.old.score, watched.apart.new.score), (Some(0.0), Some(10.0)));
    assert!(is_worse && watched.evidence >= 1.0 / ALPHA, "{watched:?}");
    assert_eq!(watched.same.new.labels, 0);

    // The bake: what the old fleet would have said to the same requests.
    label_as(&serving, &ask_as(&serving, "bake", 5), 1.0);
    let (watched, _) = seen();
    assert_eq!((watched.same.new.labels, watched.same.old.labels), (5, 5));
    assert_eq!((watched.same.old.score, watched.same.new.score), (Some(0.0), Some(10.0)));
    assert_eq!(serving.live("e").unwrap().shift.as_ref().unwrap().accuracy, watched);
    serving.roll_back("e", "old");
    assert_eq!(serving.accuracy("e", ALPHA), None);
}

#[test]
fn all_at_once_is_watched_by_what_the_old_fleet_would_have_said() {
    let (serving, _) = paused();
    serving.install("e", brought(1, "old", &[("A", "m", 1.0, 0.0), ("B", "n", 1.0, 2.0)]), "old");
    label_as(&serving, &ask_as(&serving, "first", 60), 1.0);
    for (share, base, is_worse) in [(1.0, 0.0, false), (1.0, 10.0, true)] {
        serving.shift("e", brought(2, "new", &[("C", &format!("c{base}"), 1.0, base)]), share, "new").unwrap();
        label_as(&serving, &ask_as(&serving, &format!("c{base}-"), 40), 1.0);
        let (watched, worse) = serving.accuracy("e", 0.05).unwrap();
        // The old fleet is two models at equal weights: one is right, one off by 2.
        assert_eq!(watched.same.old.score, Some(2.0_f64.sqrt()));
        assert_eq!((watched.same.new.labels, worse), (40, is_worse), "{watched:?}");
        serving.roll_back("e", "old");
    }
}
