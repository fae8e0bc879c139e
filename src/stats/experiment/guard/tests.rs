//! The alarm on simulated updates with fixed seeds: false alarms under drift, and what a real drop takes.

use super::super::loss::BoundedLoss;
use super::*;
use crate::util::seed::Rng;

const ALPHA: f64 = 0.05;

/// Labelled requests of a simulated update.
const REQUESTS: u32 = 4_000;

/// Runs of each simulation.
const RUNS: u64 = 100;

/// The most false alarms in as many runs that an alarm with a rate of 5 % gives in 99 of 100 tries.
const AT_MOST: u64 = 11;

/// How traffic goes over: the share of the new fleet at a time in [0, 1], which is also its epoch.
type Path = fn(f64) -> f64;

/// The chances of both fleets to be right at a time in [0, 1], the old one first.
type Rates = fn(f64) -> [f64; 2];

/// 10 %, then all of it.
const CANARY: Path = |time| if time < 0.6 { 0.1 } else { 1.0 };

/// Ten steps.
const LINEAR: Path = |time| ((time * 10.0).floor() + 1.0) / 10.0;

/// One outcome of each fleet on the same request: `rates` are the chances to be right, drawn together with a common difficulty.
fn outcomes(rates: [f64; 2], rng: &mut Rng) -> [Seen; 2] {
    let (own, difficulty) = ([rng.unit(), rng.unit()], rng.unit());
    // Half of the answers hang on the request alone, as those of two models of one task do.
    let hangs = rng.unit() < 0.5;
    [0, 1].map(|fleet| {
        let luck = if hangs { difficulty } else { own[fleet] };
        Seen { y: f64::from(u8::from(luck < rates[fleet])), squares: 0.0, rows: 1.0 }
    })
}

/// Labels until the alarm; `None` when there was none.
fn run(path: Path, rates: Rates, seed: u64) -> Option<u32> {
    let (mut guard, mut rng) = (Guard::default(), Rng::new(seed ^ 0xA11A_5EED));
    for at in 0..REQUESTS {
        let time = f64::from(at) / f64::from(REQUESTS);
        let share = path(time);
        let seen = outcomes(rates(time), &mut rng);
        let is_new = rng.unit() < share;
        if share < 1.0 {
            let epoch = (share * 100.0).round() as u64;
            guard.apart(epoch, share, is_new, &seen[usize::from(is_new)], None);
        } else {
            guard.same(&seen[0], &seen[1]);
        }
        if guard.is_worse(ALPHA) {
            return Some(at + 1);
        }
    }
    None
}

fn alarms(path: Path, rates: Rates) -> Vec<u32> {
    let mut alarms: Vec<u32> = (0..RUNS).filter_map(|seed| run(path, rates, seed)).collect();
    alarms.sort_unstable();
    alarms
}

#[test]
fn a_fleet_that_is_as_good_is_taken_back_by_five_in_a_hundred_at_most_whatever_drifts() {
    let drifts: [(&str, Rates); 4] = [
        ("none", |_| [0.8; 2]),
        ("harder from .9 to .6", |time| [0.9 - 0.3 * time; 2]),
        ("a break in the middle of the way", |time| [if time < 0.5 { 0.95 } else { 0.55 }; 2]),
        ("swings", |time| [0.8 + 0.15 * (time * 20.0).sin(); 2]),
    ];
    for (path, name) in [(CANARY, "canary"), (LINEAR, "linear")] {
        for (drift, rates) in drifts {
            let false_alarms = alarms(path, rates).len() as u64;
            assert!(false_alarms <= AT_MOST, "{name}, drift {drift}: {false_alarms} of {RUNS}");
        }
    }
}

#[test]
fn what_served_before_is_no_measure_for_what_comes_later() {
    // The naive alarm: the new fleet's accuracy against the old one's, each over all of its labels, and 6 points for a margin. Nothing is wrong
    // with the new fleet, but requests get harder while its share grows.
    let mut naive = 0;
    for seed in 0..20 {
        let (mut rng, mut seen) = (Rng::new(seed), [Tally::default(); 2]);
        for at in 0..REQUESTS {
            let time = f64::from(at) / f64::from(REQUESTS);
            let is_new = usize::from(rng.unit() < LINEAR(time));
            seen[is_new].add(outcomes([0.9 - 0.3 * time; 2], &mut rng)[is_new].y);
        }
        naive += u32::from(seen[1].mean() < seen[0].mean() - 0.06);
    }
    assert!(naive >= 18, "{naive} of 20 would go back for nothing");
}

#[test]
fn a_better_fleet_is_left_alone_and_one_that_turns_worse_later_is_not() {
    assert!(alarms(CANARY, |_| [0.7, 0.8]).len() as u64 <= 1, "better is never worse");
    let turns: Rates = |time| if time < 0.7 { [0.8, 0.82] } else { [0.8, 0.5] };
    let alarms = alarms(CANARY, turns);
    assert!(alarms.len() as u64 >= RUNS * 95 / 100, "{} of {RUNS}", alarms.len());
    assert!(alarms[alarms.len() / 2] > 2_800, "not before it was worse");
}

#[test]
fn a_real_drop_is_found_on_every_way() {
    // A drop by 10 points, under drift: half of the runs have it by so many labels of both fleets together.
    let drop: Rates = |time| [0.9 - 0.2 * time, 0.8 - 0.2 * time];
    let at_once: Path = |_| 1.0;
    for (path, name, within) in [(CANARY, "canary", 3_000), (LINEAR, "linear", 2_000), (at_once, "at once", 700)] {
        let alarms = alarms(path, drop);
        assert!(alarms.len() as u64 >= RUNS * 9 / 10, "{name}: {} of {RUNS}", alarms.len());
        let median = alarms[alarms.len() / 2];
        assert!(median <= within, "{name}: half of them after {median} labels");
    }
    let broken = alarms(CANARY, |_| [0.85, 0.4]);
    assert!(broken.len() as u64 == RUNS && broken[broken.len() / 2] <= 400, "{:?}", broken.get(broken.len() / 2));
}

#[test]
fn labels_that_come_unevenly_raise_no_false_alarm_either() {
    // The new fleet's labels come later by 400 requests, while everything gets harder: in the order of arrival the two are told of
    // different times.
    let run = |worse: f64, seed: u64| {
        let (mut guard, mut rng) = (Guard::default(), Rng::new(seed));
        let mut waiting = std::collections::VecDeque::new();
        for at in 0..REQUESTS {
            let rate = 0.95 - 0.4 * f64::from(at) / f64::from(REQUESTS);
            let seen = outcomes([rate, rate - worse], &mut rng);
            if rng.unit() < 0.3 {
                waiting.push_back((at, seen[1]));
            } else {
                guard.apart(1, 0.3, false, &seen[0], Some(1_000.0 + rng.unit()));
            }
            if waiting.front().is_some_and(|(asked, _)| asked + 400 <= at) {
                let (_, seen) = waiting.pop_front().unwrap();
                guard.apart(1, 0.3, true, &seen, Some(401_000.0 + rng.unit()));
            }
            // Fewer looks than labels: the bands of each fleet take some microseconds.
            if at % 50 == 0 && guard.is_worse(ALPHA) {
                return true;
            }
        }
        assert!(guard.watched(Measure::Accuracy).is_uneven);
        false
    };
    let false_alarms = (0..RUNS).filter(|seed| run(0.0, *seed)).count() as u64;
    assert!(false_alarms <= AT_MOST, "{false_alarms} of {RUNS}");
    let found = (0..40).filter(|seed| run(0.3, *seed)).count();
    assert!(found >= 30, "{found} of 40 fleets that are far worse were found");
}

/// An error of a regression of the given spread: the sum of three uniform numbers is near enough to normal.
fn error(spread: f64, rng: &mut Rng) -> f64 {
    spread * 2.0 * (rng.unit() + rng.unit() + rng.unit() - 1.5)
}

#[test]
fn regressions_are_judged_by_their_bounded_loss() {
    let run = |worse: f64, seed: u64| {
        let (mut guard, mut loss, mut rng) = (Guard::default(), BoundedLoss::default(), Rng::new(seed));
        for at in 0..REQUESTS {
            let spread = 3.0 + 6.0 * f64::from(at) / f64::from(REQUESTS);
            let is_new = rng.unit() < 0.2;
            let error = error(if is_new { spread * worse } else { spread }, &mut rng);
            let Some(y) = loss.outcome(error) else { continue };
            let seen = Seen { y, squares: error * error, rows: 1.0 };
            guard.apart(1, 0.2, is_new, &seen, None);
            if guard.is_worse(ALPHA) {
                return Some(guard.watched(Measure::Rmse));
            }
        }
        None
    };
    let false_alarms = (0..RUNS).filter(|seed| run(1.0, *seed).is_some()).count() as u64;
    assert!(false_alarms <= AT_MOST, "{false_alarms} of {RUNS}");
    let found: Vec<Watched> = (0..40).filter_map(|seed| run(1.6, seed)).collect();
    assert!(found.len() >= 38, "{} of 40", found.len());
    let apart = found[0].apart;
    assert!(apart.new.score.unwrap() > 1.2 * apart.old.score.unwrap(), "{apart:?}");
}

#[test]
fn it_says_what_it_has_seen() {
    let mut guard = Guard::default();
    assert_eq!(guard.watched(Measure::Accuracy), Watched { evidence: 1.0, ..Watched::default() });
    let right = Seen { y: 1.0, squares: 0.0, rows: 1.0 };
    let wrong = Seen { y: 0.0, squares: 16.0, rows: 1.0 };
    guard.apart(1, 0.5, false, &right, None);
    guard.apart(1, 0.5, true, &right, None);
    guard.apart(1, 0.5, true, &wrong, None);
    // Neither outcomes that are none nor shares at which nothing is compared count.
    guard.apart(1, 0.5, true, &Seen { y: f64::NAN, ..wrong }, None);
    guard.apart(2, 1.0, true, &wrong, None);
    guard.same(&right, &wrong);
    let watched = guard.watched(Measure::Accuracy);
    assert_eq!(watched.apart.old, Labelled { labels: 1, score: Some(1.0) });
    assert_eq!(watched.apart.new, Labelled { labels: 2, score: Some(0.5) });
    assert_eq!((watched.same.old.score, watched.same.new.score), (Some(1.0), Some(0.0)));
    assert_eq!(watched.labels_of_new(), 3);
    assert!(watched.evidence > 1.0 && !guard.is_worse(ALPHA));
    assert_eq!(guard.watched(Measure::Rmse).apart.new.score, Some(8.0_f64.sqrt()));
    for _ in 0..20 {
        guard.same(&right, &wrong);
    }
    assert!(guard.is_worse(ALPHA) && !guard.is_worse(1e-9));
}
