//! The data plane as a whole, without HTTP: draws, swaps, weights, measurements.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use super::content::tests::small;
use super::*;
use crate::domain::algorithm::Algorithm;
use crate::stats::live::MarkKind;

pub(super) fn spec(config: &str, variants: &[(&str, &str, f64)]) -> FleetSpec {
    FleetSpec {
        endpoint: "e".to_owned(),
        config_name: config.to_owned(),
        deployment: 1,
        variants: variants
            .iter()
            .map(|(name, model, weight)| VariantSpec {
                name: (*name).to_owned(),
                model_name: (*model).to_owned(),
                algorithm: Algorithm::XGBoost,
                artifact: PathBuf::from(format!("{model}.tar.gz")),
                weight: *weight,
                instances: 1,
            })
            .collect(),
        shadows: Vec::new(),
        data_capture: None,
    }
}

/// Variants whose models answer `base + 1` to the row below: (variant, model, weight, base).
pub(super) fn fleet(config: &str, variants: &[(&str, &str, f64, f32)]) -> Fleet {
    let names: Vec<_> = variants.iter().map(|(name, model, weight, _)| (*name, *model, *weight)).collect();
    let models = variants.iter().map(|(.., base)| small(*base)).collect();
    Fleet::assemble(&spec(config, &names), models).unwrap()
}

pub(super) fn row() -> Invocation<'static> {
    Invocation { content_type: Some("text/csv"), body: b"0,1", ..Invocation::default() }
}

pub(super) fn ask(serving: &Serving) -> (String, String) {
    let answer = serving.invoke("e", &row());
    let body = String::from_utf8(answer.result.unwrap().body).unwrap();
    (answer.variant.unwrap().to_string(), body)
}

pub(super) fn paused() -> (Arc<Serving>, Clock) {
    let clock = Clock::paused(1_000_000);
    (Serving::new(clock.clone(), 1), clock)
}

#[test]
fn answers_come_from_the_variant_that_is_named() {
    let (serving, _) = paused();
    assert!(serving.install("e", fleet("c", &[("A", "m", 1.0, 10.0), ("B", "n", 3.0, 20.0)]), "c").is_none());
    let mut drawn = HashMap::<_, u32>::new();
    for _ in 0..400 {
        *drawn.entry(ask(&serving)).or_default() += 1;
    }
    let of = |variant: &str, body: &str| drawn.get(&(variant.to_owned(), body.to_owned())).copied().unwrap_or(0);
    assert_eq!(of("A", "11") + of("B", "21"), 400);
    // 400 draws at ¼: five standard deviations are 43.
    assert!((57..=143).contains(&of("A", "11")), "{drawn:?}");
}

#[test]
fn a_forced_variant_answers_and_does_not_count_as_drawn() {
    let (serving, _) = paused();
    serving.install("e", fleet("c", &[("A", "m", 1.0, 10.0), ("B", "n", 0.0, 20.0)]), "c");
    let forced = serving.invoke("e", &Invocation { target_variant: Some("B"), ..row() });
    assert_eq!((forced.variant.as_deref(), forced.drawn), (Some("B"), None));
    let drawn = serving.invoke("e", &row()).drawn.unwrap();
    assert_eq!((drawn.epoch, drawn.probability), (1, 1.0));
    let live = serving.live("e").unwrap();
    let b = &live.variants[1];
    assert_eq!((b.requests, b.drawn, b.predictions), (1, 0, 0));
    let wrong = serving.invoke("e", &Invocation { target_variant: Some("C"), ..row() });
    let said = wrong.result.unwrap_err().to_string();
    assert!(said.contains("Variant C not found") && said.contains("A, B"), "{said}");
}

#[test]
fn unknown_endpoints_and_zero_weights_are_told_apart() {
    let (serving, _) = paused();
    assert_eq!(serving.invoke("e", &row()).result, Err(InvokeError::UnknownEndpoint("e".to_owned())));
    serving.install("e", fleet("c", &[("A", "m", 0.0, 1.0)]), "c");
    assert_eq!(serving.invoke("e", &row()).result, Err(InvokeError::NoWeight("e".to_owned())));
    assert_eq!(serving.counts("e"), Some((1, 1)), "that is our failure, not the client's");
    assert!(serving.invoke("e", &Invocation { target_variant: Some("A"), ..row() }).result.is_ok());
}

#[test]
fn weights_are_set_by_name_and_obeyed_at_once() {
    let (serving, _) = paused();
    serving.install("e", fleet("c", &[("A", "m", 1.0, 1.0), ("B", "n", 1.0, 2.0), ("C", "o", 1.0, 3.0)]), "c");
    let set = |weights: &[(&str, f64)]| {
        let weights: Vec<_> = weights.iter().map(|(name, weight)| ((*name).to_owned(), *weight)).collect();
        serving.set_weights("e", &weights, "moved")
    };
    set(&[("A", 0.0), ("C", 0.0)]).unwrap();
    for _ in 0..50 {
        assert_eq!(ask(&serving).0, "B");
    }
    assert!(matches!(set(&[("B", 0.0), ("X", 1.0)]), Err(SetWeightsError::UnknownVariant { .. })));
    assert!(matches!(set(&[("B", -1.0)]), Err(SetWeightsError::Bad(_))));
    assert_eq!(ask(&serving).0, "B", "a refused change changes nothing");
    assert!(matches!(serving.set_weights("x", &[], ""), Err(SetWeightsError::UnknownEndpoint(_))));
    let marks: Vec<_> = serving.live("e").unwrap().marks.iter().map(|m| (m.kind, m.label.clone())).collect();
    assert_eq!(marks, [(MarkKind::Fleet, "c".to_owned()), (MarkKind::Weights, "moved".to_owned())]);
    assert_eq!(serving.invoke("e", &row()).drawn.unwrap().epoch, 2);
}

#[test]
fn a_swap_is_seen_by_every_later_request_and_drains_the_rest() {
    let (serving, _) = paused();
    serving.install("e", fleet("one", &[("A", "m", 1.0, 0.0)]), "one");
    let stop = AtomicBool::new(false);
    // Number of the newest fleet that `install` has acknowledged; its model answers that number plus 1.
    let acknowledged = AtomicUsize::new(0);
    let asked = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !stop.load(Ordering::Acquire) {
                    let least = acknowledged.load(Ordering::Acquire);
                    let (variant, body) = ask(&serving);
                    let number: usize = body.parse::<usize>().unwrap() - 1;
                    assert!(number >= least, "fleet {number} answered after {least} was in service");
                    assert_eq!(variant, if number.is_multiple_of(2) { "A" } else { "B" });
                    asked.fetch_add(1, Ordering::AcqRel);
                }
            });
        }
        for number in 1..=300_usize {
            let name = if number.is_multiple_of(2) { "A" } else { "B" };
            let draining = serving.install("e", fleet("next", &[(name, "m", 1.0, number as f32)]), "next").unwrap();
            acknowledged.store(number, Ordering::Release);
            assert!(draining.wait(Duration::from_mins(1)));
            assert_eq!((draining.in_flight(), draining.failed()), (0, 0));
        }
        stop.store(true, Ordering::Release);
    });
    assert_eq!(
        serving.counts("e"),
        Some((asked.load(Ordering::Acquire) as u64, 0)),
        "no request was lost or counted twice"
    );
}

#[test]
fn a_removed_endpoint_is_unknown_at_once_and_its_name_is_free() {
    let (serving, _) = paused();
    serving.install("e", fleet("c", &[("A", "m", 1.0, 1.0)]), "c");
    ask(&serving);
    let draining = serving.remove("e").unwrap();
    assert!(draining.wait(Duration::ZERO));
    assert_eq!(draining.requests(), 1);
    assert!(
        serving.invoke("e", &row()).result.is_err() && serving.live("e").is_none() && serving.remove("e").is_none()
    );
    serving.install("e", fleet("c", &[("A", "m", 1.0, 5.0)]), "c");
    assert_eq!(ask(&serving).1, "6");
    assert_eq!(serving.live("e").unwrap().variants[0].requests, 1, "a new life begins at 0");
}

#[test]
fn measurements_go_on_while_variant_and_model_stay() {
    let (serving, clock) = paused();
    serving.install("e", fleet("one", &[("A", "m", 1.0, 1.0), ("B", "n", 1.0, 2.0)]), "one");
    for target in ["A", "B"] {
        serving.invoke("e", &Invocation { target_variant: Some(target), ..row() });
    }
    serving.install("e", fleet("two", &[("A", "m", 1.0, 1.0), ("B", "other", 1.0, 2.0)]), "two");
    let live = serving.live("e").unwrap();
    assert_eq!((live.variants[0].requests, live.variants[1].requests), (1, 0));
    assert_eq!(live.variants[1].model_name, "other");
    assert_eq!(serving.counts("e"), Some((2, 0)), "what the endpoint answered is never forgotten");
    clock.advance(Duration::from_secs(1));
    assert!(serving.label("gone", Vec::new(), true).is_none());
}

#[test]
fn the_experiment_hears_of_draws_and_never_of_forced_requests() {
    let (serving, clock) = paused();
    serving.install("e", fleet("c", &[("A", "m", 3.0, 1.0), ("B", "n", 1.0, 2.0)]), "c");
    for _ in 0..20 {
        serving.invoke("e", &row());
        serving.invoke("e", &Invocation { target_variant: Some("B"), ..row() });
    }
    serving.set_weights("e", &[("A".to_owned(), 1.0)], "75/25 \u{2192} 50/50").unwrap();
    clock.advance(Duration::from_secs(1));
    let summary = serving.live("e").unwrap().experiment.as_ref().unwrap().summary.clone();
    assert_eq!(summary.arms.iter().map(|arm| arm.drawn).sum::<u64>(), 20);
    assert_eq!((summary.epoch, summary.arms[1].probability), (2, 0.5), "a change of weights begins an epoch");
}

#[test]
fn live_numbers_are_shared_until_they_change_and_are_a_tenth_of_a_second_old() {
    let (serving, clock) = paused();
    serving.install("e", fleet("c", &[("A", "m", 1.0, 1.0)]), "c");
    let first = serving.live("e").unwrap();
    ask(&serving);
    serving.capture.flush();
    let second = serving.live("e").unwrap();
    assert!(Arc::ptr_eq(&first, &second), "not even a tenth of a second has passed");
    clock.advance(bell::PERIOD);
    let third = serving.live("e").unwrap();
    assert_eq!((third.variants[0].requests, third.in_flight, third.draining), (1, 0, 0));
    assert!(third.revision > first.revision && third.last_request_ms == Some(1_000_000));
    clock.advance(Duration::from_hours(1));
    assert!(Arc::ptr_eq(&third, &serving.live("e").unwrap()), "nothing has happened since");
}

#[test]
fn the_last_change_rings_and_is_seen_by_who_looks_then() {
    let (serving, _) = paused();
    serving.install("e", fleet("c", &[("A", "m", 1.0, 1.0)]), "c");
    let seen = Arc::new(AtomicUsize::new(0));
    let (looker, counter) = (Arc::downgrade(&serving), Arc::clone(&seen));
    serving.on_activity(Arc::new(move || {
        if let Some(live) = looker.upgrade().and_then(|serving| serving.live("e")) {
            counter.store(live.variants[0].requests as usize, Ordering::Release);
        }
    }));
    // The clock stands still, so only the bell can make the numbers new.
    for _ in 0..500 {
        ask(&serving);
    }
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while seen.load(Ordering::Acquire) < 500 {
        assert!(std::time::Instant::now() < deadline, "{} of 500 were seen", seen.load(Ordering::Acquire));
        std::thread::yield_now();
    }
}

#[test]
fn a_fleet_that_cannot_be_built_says_which_variant_and_why() {
    let (serving, _) = paused();
    let mut stages = Vec::new();
    let missing =
        serving.build_fleet(&spec("c", &[("A", "nowhere", 1.0)]), &mut |stage| stages.push(stage)).unwrap_err();
    assert_eq!(stages, [DeploymentStage::Loading]);
    let said = missing.to_string();
    assert!(said.contains("Variant A (model nowhere)") && said.contains("nowhere.tar.gz"), "{said}");
    let empty = serving.build_fleet(&spec("c", &[]), &mut |_| {}).unwrap_err();
    assert_eq!(empty, FleetError::Empty("c".to_owned()));
    let weights = Fleet::assemble(&spec("c", &[("A", "m", f64::NAN)]), vec![small(0.0)]).unwrap_err();
    assert!(weights.to_string().contains("finite number"), "{weights}");
}

#[test]
fn a_bad_request_counts_against_the_client() {
    let (serving, _) = paused();
    serving.install("e", fleet("c", &[("A", "m", 1.0, 1.0)]), "c");
    let answer = serving.invoke("e", &Invocation { body: b"1", ..row() });
    assert_eq!(answer.variant.as_deref(), Some("A"));
    assert!(answer.result.is_err());
    let live = serving.live("e").unwrap();
    let a = &live.variants[0];
    assert_eq!((a.requests, a.client_errors, a.server_errors, a.drawn, a.predictions), (1, 1, 0, 1, 0));
    assert_eq!(serving.counts("e"), Some((1, 0)));
    let (totals, in_flight) = serving.totals("e").unwrap();
    assert_eq!((totals[0].totals.client_errors, totals[0].weight, in_flight), (1, 1.0, 0));
}
