//! Steps of the autopilot: where it goes, what it leaves alone, and that the winner rule stays valid under it.

use super::super::endpoint::{self, Event};
use super::*;
use crate::domain::endpoint_config::{EndpointConfig, ProductionVariant};
use crate::domain::extras::Extras;
use crate::stats::experiment::{ArmKey, Experiment};
use crate::util::seed::Rng;

const START: Timestamp = Timestamp(1_000_000);

fn in_service(names: &[&str]) -> Endpoint {
    let variant = |name: &&str| ProductionVariant {
        name: (*name).into(),
        model_name: format!("model-of-{name}"),
        initial_weight: 1.0,
        initial_instance_count: 1,
        instance_type: "ml.m5.large".into(),
    };
    let config = EndpointConfig {
        name: "config".into(),
        variants: names.iter().map(variant).collect(),
        shadow_variants: Vec::new(),
        created: START,
        tags: Vec::new(),
        data_capture: None,
        extras: Extras::default(),
    };
    let (mut endpoint, _) = endpoint::create("e", &config, Vec::new(), START);
    endpoint.status = EndpointStatus::InService;
    endpoint
}

fn on() -> Autopilot {
    Autopilot::new("e", 0.02, START).unwrap()
}

fn key(name: &str) -> ArmKey {
    ArmKey { variant: name.into(), model: format!("model-of-{name}").into(), version: "1".into() }
}

/// 100 labels of each; so many of them right.
fn summary(right: &[(&str, u32)]) -> Summary {
    experiment(right).summary()
}

fn experiment(right: &[(&str, u32)]) -> Experiment {
    let mut experiment = Experiment::default();
    let arms: Vec<ArmKey> = right.iter().map(|(name, _)| key(name)).collect();
    experiment.epoch(1, &arms, &vec![1.0 / arms.len() as f64; arms.len()]);
    for at in 0..100 {
        for (arm, (_, right)) in right.iter().enumerate() {
            experiment.drawn(1, arm);
            experiment.labelled(1, arm, f64::from(u8::from(at < *right)), None);
        }
    }
    experiment
}

fn after(ms: i64) -> Timestamp {
    Timestamp(START.0 + ms)
}

#[test]
fn it_steers_to_the_better_one_and_leaves_the_floor() {
    let (endpoint, clear) = (in_service(&["a", "b"]), summary(&[("a", 50), ("b", 90)]));
    assert_eq!(look(&endpoint, &on(), &clear, after(STEP_MS - 1)), Err(Doing::Pauses), "too soon");
    let wanted = look(&endpoint, &on(), &clear, after(STEP_MS)).unwrap();
    assert_eq!((&*wanted.weights, wanted.labels), (&[("a".to_owned(), 2.0), ("b".to_owned(), 98.0)][..], 200));
    let (next, effects) = endpoint::step(&endpoint, Event::Steered(wanted), after(STEP_MS)).unwrap();
    let next = next.unwrap();
    let [Effect::SetWeights { label, .. }, Effect::Tell(tell)] = &*effects else { panic!("{effects:?}") };
    assert_eq!(label, "auto 50/50 \u{2192} 2/98");
    assert_eq!(
        tell.text,
        "Autopilot set the weights of e to 2 / 98: b is the best with a chance of more than 99 %, by 200 labels"
    );
    let change = next.weight_changes.last().unwrap();
    assert_eq!((change.at, &change.before[0].1, &change.after[0].1), (after(STEP_MS), &1.0, &2.0));
    let now = Autopilot { labels: 200, last_step: Some(after(STEP_MS)), ..on() };
    assert_eq!(look(&next, &now, &clear, after(3 * STEP_MS)), Err(Doing::Waits), "no new labels");
    let more = Autopilot { labels: 100, ..now };
    assert_eq!(look(&next, &more, &clear, after(3 * STEP_MS)), Err(Doing::Rests), "it is there");
}

#[test]
fn it_does_nothing_where_the_numbers_are_in_doubt_or_say_nothing() {
    let (endpoint, clear) = (in_service(&["a", "b"]), summary(&[("a", 50), ("b", 90)]));
    let later = after(STEP_MS);
    for verdict in [Verdict::SplitBroken, Verdict::LabelsLopsided] {
        assert_eq!(look(&endpoint, &on(), &Summary { verdict, ..clear.clone() }, later), Err(Doing::Doubts));
    }
    let updating = Endpoint { status: EndpointStatus::Updating, ..endpoint.clone() };
    assert_eq!(look(&endpoint, &on(), &summary(&[("a", 80), ("b", 80)]), later), Err(Doing::Rests), "level");
    assert_eq!(look(&endpoint, &on(), &summary(&[("x", 80), ("b", 80)]), later), Err(Doing::Waits), "no labels of a");
    let mut unknown = clear.clone();
    unknown.arms[0].p_best_drawn = Some(f64::NAN);
    assert_eq!(look(&endpoint, &on(), &unknown, later), Err(Doing::Waits), "nothing that could be a weight");
    let set_back = Autopilot { last_step: Some(after(3_600_000)), ..on() };
    assert!(look(&endpoint, &set_back, &clear, later).is_ok(), "the clock was set back");
    let beyond = Autopilot { labels: 9_000, ..on() };
    assert!(look(&endpoint, &beyond, &clear, later).is_ok(), "the experiment has started over");
    let late = Event::Steered(Step { weights: vec![("a".into(), 90.0)], labels: 1, why: String::new() });
    assert_eq!(endpoint::step(&updating, late, later).unwrap(), (Some(updating), Vec::new()), "it comes too late");
}

#[test]
fn a_variant_at_weight_0_stays_there() {
    let mut endpoint = in_service(&["a", "b", "c"]);
    endpoint.variants[2].weight = 0.0;
    let mut experiment = experiment(&[("a", 50), ("b", 80), ("c", 95)]);
    experiment.epoch(2, &["a", "b", "c"].map(key), &[0.5, 0.5, 0.0]);
    let wanted = look(&endpoint, &on(), &experiment.summary(), after(STEP_MS)).unwrap();
    assert_eq!(wanted.weights, [("a".to_owned(), 2.0), ("b".to_owned(), 98.0)]);
}

#[test]
fn rounding_takes_none_below_the_floor_and_the_sum_is_100() {
    let shares = [[0.01, 0.333_5, 0.656_5], [0.010_04, 0.010_04, 0.979_92], [0.012_3, 0.012_3, 0.975_4]];
    for (shares, floor) in shares.iter().zip([0.01, 0.01, 0.012_3]) {
        let weights = percents(shares, floor, 2);
        let sum: f64 = weights.iter().sum();
        assert!(
            (sum - 100.0).abs() < 1e-9 && weights.iter().all(|weight| *weight >= floor * 100.0 - 1e-9),
            "{weights:?}"
        );
    }
    assert_eq!(percents(&[0.03, 0.07, 0.90], 0.03, 2), [3.0, 7.0, 90.0]);
    // As many variants as there may be, with the highest floor.
    let even = percents(&[0.1; 10], 0.05, 9);
    assert_eq!(even, [10.0; 10]);
}

/// An endpoint under the autopilot with a step every 100 requests: whether a winner was declared, the share of the second variant at the end,
/// and how many requests it got. `rates` is told the request's number.
fn steered(seed: u64, requests: u32, rates: impl Fn(u32) -> [f64; 2]) -> (Option<usize>, f64, u32) {
    let (mut experiment, mut rng) = (Experiment::default(), Rng::new(seed));
    let (mut endpoint, mut autopilot) = (in_service(&["a", "b"]), on());
    let (mut epoch, mut b_requests) = (1, 0);
    experiment.epoch(epoch, &[key("a"), key("b")], &endpoint.shares());
    for request in 0..requests {
        let arm = usize::from(rng.unit() < endpoint.shares()[1]);
        b_requests += arm as u32;
        experiment.drawn(epoch, arm);
        experiment.labelled(epoch, arm, f64::from(u8::from(rng.unit() < rates(request)[arm])), Some(500.0));
        if request % 100 != 99 {
            continue;
        }
        let now = after(i64::from(request + 1) * STEP_MS / 100);
        if let Ok(step) = look(&endpoint, &autopilot, &experiment.summary(), now) {
            (autopilot.labels, autopilot.last_step) = (step.labels, Some(now));
            endpoint = endpoint::step(&endpoint, Event::Steered(step), now).unwrap().0.unwrap();
            epoch += 1;
            experiment.epoch(epoch, &[key("a"), key("b")], &endpoint.shares());
        }
    }
    let winner = match experiment.summary().verdict {
        Verdict::Winner(winner, _) => Some(winner.arm),
        _ => None,
    };
    (winner, endpoint.shares()[1], b_requests)
}

#[test]
fn under_it_no_difference_makes_no_winner() {
    // Requests get harder and easier while it moves the weights after them.
    let drift = |request: u32| [0.8 + 0.15 * (f64::from(request) / 400.0).sin(); 2];
    let false_winners = (0..60).filter(|seed| steered(*seed, 3_000, drift).0.is_some()).count();
    // 5 % of 60 runs, and three standard deviations.
    assert!(false_winners <= 8, "{false_winners} of 60 runs");
}

#[test]
fn under_it_most_requests_go_to_the_better_one() {
    let runs: Vec<_> = (0..10).map(|seed| steered(seed, 4_000, |_| [0.7, 0.85])).collect();
    for (winner, share, b_requests) in runs {
        assert!(
            winner.is_none_or(|arm| arm == 1) && share > 0.9 && b_requests > 3_000,
            "{winner:?} {share} {b_requests}"
        );
    }
}

#[test]
fn a_step_leaves_the_shares_of_shadow_variants_alone() {
    let mut endpoint = in_service(&["a", "b"]);
    endpoint.shadow_variants = vec![EndpointVariant { name: "s".into(), weight: 0.5, ..endpoint.variants[0].clone() }];
    let step = look(&endpoint, &on(), &summary(&[("a", 60), ("b", 90)]), after(STEP_MS)).unwrap();
    let next = endpoint::step(&endpoint, Event::Steered(step), after(STEP_MS)).unwrap().0.unwrap();
    assert_eq!((next.shadow_shares(), next.shadow_variants[0].weight), (vec![0.25], 25.0));
    let back = endpoint::step(&next, Event::UndoRequested, after(STEP_MS)).unwrap().0.unwrap();
    assert_eq!(back.shadow_variants[0].weight, 0.5);
}
