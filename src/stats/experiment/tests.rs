//! The rules of an experiment, on events by hand and on short simulated traffic.

use super::scenarios::{NULLS, TRUTHS, median, paired, run};
use super::*;

fn arm(variant: &str, model: &str) -> ArmKey {
    ArmKey { variant: variant.into(), model: model.into(), version: "1".into() }
}

fn two() -> [ArmKey; 2] {
    [arm("A", "first"), arm("B", "second")]
}

/// Draws and labels `n` requests by the split, right with the given rates.
fn traffic(experiment: &mut Experiment, epoch: u64, split: &[f64], rates: &[f64], n: u32, rng: &mut Rng) {
    for _ in 0..n {
        let mut left = rng.unit();
        let position = split.iter().position(|share| {
            left -= share;
            left < 0.0
        });
        let position = position.unwrap_or(split.len() - 1);
        experiment.drawn(epoch, position);
        experiment.labelled(epoch, position, f64::from(u8::from(rng.unit() < rates[position])), None);
    }
}

#[test]
fn nothing_is_said_before_there_is_something_to_say() {
    let mut experiment = Experiment::default();
    assert_eq!(experiment.summary().verdict, Verdict::NothingToCompare);
    experiment.epoch(1, &two()[..1], &[1.0]);
    experiment.drawn(1, 0);
    assert_eq!(experiment.summary().verdict, Verdict::NothingToCompare);
    experiment.epoch(2, &two(), &[0.5, 0.5]);
    assert_eq!(experiment.summary().verdict, Verdict::NoLabels);
    experiment.labelled(2, 0, 1.0, None);
    assert_eq!(experiment.summary().verdict, Verdict::NoLabels, "one arm without a label");
    experiment.labelled(2, 1, 0.0, None);
    let Verdict::Undecided(contrast) = experiment.summary().verdict else { panic!("two arms with labels") };
    assert_eq!((contrast.leader, contrast.other, contrast.pair.effect), (0, 1, Some(1.0)));
    assert_eq!((contrast.pair.band, contrast.pair.more), (None, None), "far too few for a band or a forecast");
}

#[test]
fn coverage_counts_draws_and_labels_of_an_arm_over_all_epochs() {
    let mut experiment = Experiment::default();
    experiment.epoch(1, &two(), &[0.5, 0.5]);
    experiment.epoch(2, &two(), &[0.1, 0.9]);
    for epoch in [1, 2, 2] {
        experiment.drawn(epoch, 1);
    }
    experiment.labelled(1, 1, 1.0, None);
    let summary = experiment.summary();
    assert_eq!((summary.arms[1].drawn, summary.arms[1].labelled, summary.arms[0].drawn), (3, 1, 0));
    assert_eq!((summary.arms[1].probability, summary.epoch, summary.epochs), (0.9, 2, 2));
    assert_eq!(summary.arms[1].band.unwrap().epoch, 1, "the newest epoch with labels");
}

#[test]
fn a_winner_is_declared_once_and_stays_with_the_data_it_was_declared_at() {
    let (mut experiment, mut rng) = (Experiment::default(), Rng::new(1));
    experiment.epoch(1, &two(), &[0.5, 0.5]);
    traffic(&mut experiment, 1, &[0.5, 0.5], &[0.7, 0.9], 600, &mut rng);
    let Verdict::Winner(winner, Some(contrast)) = experiment.summary().verdict else { panic!("20 points apart") };
    assert_eq!((winner.arm, winner.over, winner.epoch), (1, vec!["A".into()], 1));
    assert!(winner.labels < 600 && winner.effect > 0.05, "{} {}", winner.labels, winner.effect);
    let band = contrast.pair.band.unwrap();
    assert!(band.low > 0.0 && band.low < 0.2 && band.high > 0.2, "{band:?}");
    // The world turns round, the weights move: what was declared is still said, and at which data.
    experiment.epoch(2, &two(), &[0.2, 0.8]);
    traffic(&mut experiment, 2, &[0.2, 0.8], &[0.9, 0.6], 2_000, &mut rng);
    let Verdict::Winner(later, Some(contrast)) = experiment.summary().verdict else { panic!("it was declared") };
    assert_eq!((later.arm, later.labels), (1, winner.labels));
    assert!(contrast.pair.effect.unwrap() < 0.0, "and what is true now stands beside it");
}

#[test]
fn a_new_model_behind_a_variant_is_another_arm() {
    let (mut experiment, mut rng) = (Experiment::default(), Rng::new(2));
    experiment.epoch(1, &two(), &[0.5, 0.5]);
    traffic(&mut experiment, 1, &[0.5, 0.5], &[0.7, 0.9], 600, &mut rng);
    assert!(experiment.has_winner());
    let [a, _] = two();
    experiment.epoch(2, &[a, arm("B", "third")], &[0.5, 0.5]);
    let summary = experiment.summary();
    assert_eq!(summary.verdict, Verdict::NoLabels, "the new B has beaten nobody");
    assert_eq!(summary.arms[1].drawn, 0);
    assert!(summary.arms[0].drawn > 0, "A goes on");
    // Back to the model before: its numbers are still there.
    experiment.epoch(3, &two(), &[0.5, 0.5]);
    assert!(experiment.has_winner());
}

#[test]
fn one_arm_in_two_fleets_is_drawn_with_the_sum_of_its_probabilities() {
    let [a, b] = two();
    let mut experiment = Experiment::default();
    experiment.epoch(1, &[a.clone(), b, a, arm("B", "third")], &[0.45, 0.45, 0.05, 0.05]);
    experiment.drawn(1, 0);
    experiment.drawn(1, 2);
    let summary = experiment.summary();
    assert_eq!(summary.arms.len(), 3);
    assert!((summary.arms[0].probability - 0.5).abs() < 1e-12 && summary.arms[0].drawn == 2);
}

#[test]
fn the_best_of_three_must_beat_both_others() {
    let (mut experiment, mut rng) = (Experiment::default(), Rng::new(3));
    let arms = [arm("A", "1"), arm("B", "2"), arm("C", "3")];
    let split = [0.4, 0.3, 0.3];
    experiment.epoch(1, &arms, &split);
    traffic(&mut experiment, 1, &split, &[0.6, 0.9, 0.9], 1_500, &mut rng);
    let summary = experiment.summary();
    assert!(matches!(summary.verdict, Verdict::Undecided(_)), "B and C are alike: {:?}", summary.verdict);
    assert_eq!(summary.pairs.iter().map(|pair| pair.better).collect::<Vec<_>>(), [Some(1), Some(2), None]);
    experiment.epoch(2, &arms, &split);
    traffic(&mut experiment, 2, &split, &[0.6, 0.9, 0.7], 3_000, &mut rng);
    let Verdict::Winner(winner, _) = experiment.summary().verdict else { panic!("{:?}", experiment.summary().verdict) };
    assert_eq!((winner.arm, winner.over.len()), (1, 2));
    let best: Vec<f64> = experiment.summary().arms.iter().map(|arm| arm.p_best.unwrap()).collect();
    assert!(best[1] > 0.99, "{best:?}");
}

/// Labels of an epoch by hand: for each arm, how many of how many are right.
fn labels(experiment: &mut Experiment, epoch: u64, arms: &[(u32, u32)]) {
    for (position, (right, all)) in arms.iter().enumerate() {
        for at in 0..*all {
            experiment.drawn(epoch, position);
            experiment.labelled(epoch, position, f64::from(u8::from(at < *right)), None);
        }
    }
}

#[test]
fn a_lopsided_epoch_takes_nothing_from_what_an_even_one_has_shown() {
    let mut experiment = Experiment::default();
    experiment.epoch(1, &two(), &[0.5, 0.5]);
    labels(&mut experiment, 1, &[(80, 100), (90, 100)]);
    let before = experiment.summary().arms[1].p_best.unwrap();
    // As large a difference, where A has 20 labels and B 1,980.
    experiment.epoch(2, &two(), &[0.01, 0.99]);
    labels(&mut experiment, 2, &[(16, 20), (1_782, 1_980)]);
    let after = experiment.summary().arms[1].p_best.unwrap();
    assert!(before > 0.97 && after > before, "{before} {after}");
}

#[test]
fn the_chances_of_those_that_can_be_drawn_do_not_wait_for_the_others() {
    let mut experiment = Experiment::default();
    let arms = [arm("A", "1"), arm("B", "2"), arm("C", "3")];
    experiment.epoch(1, &arms, &[0.4, 0.3, 0.3]);
    labels(&mut experiment, 1, &[(6, 10), (5, 10), (9, 10)]);
    let chances = |experiment: &Experiment| {
        let arms = experiment.summary().arms;
        (
            arms.iter().map(|arm| arm.p_best).collect::<Vec<_>>(),
            arms.iter().map(|arm| arm.p_best_drawn).collect::<Vec<_>>(),
        )
    };
    let (field, drawn) = chances(&experiment);
    assert_eq!(field, drawn);
    experiment.epoch(2, &arms, &[0.5, 0.5, 0.0]);
    labels(&mut experiment, 2, &[(50, 100), (90, 100), (0, 0)]);
    let (field_now, drawn_now) = chances(&experiment);
    assert_eq!(field_now, field, "no more is known of how C stands to the others");
    let [Some(a), Some(b), None] = drawn_now[..] else { panic!("{drawn_now:?}") };
    assert!(a < 0.01 && b > 0.99, "{drawn_now:?}");
}

#[test]
fn pooled_accuracy_that_weights_turned_round_is_flagged() {
    let (mut experiment, mut rng) = (Experiment::default(), Rng::new(4));
    experiment.epoch(1, &two(), &[0.9, 0.1]);
    traffic(&mut experiment, 1, &[0.9, 0.1], &[0.9, 0.94], 3_000, &mut rng);
    experiment.epoch(2, &two(), &[0.1, 0.9]);
    traffic(&mut experiment, 2, &[0.1, 0.9], &[0.5, 0.56], 3_000, &mut rng);
    let pair = &experiment.summary().pairs[0];
    assert!(pair.simpson && pair.pooled.unwrap() < -0.2 && pair.effect.unwrap() > 0.0, "{pair:?}");
}

#[test]
fn epochs_in_which_an_arm_could_not_be_drawn_add_nothing() {
    let (mut experiment, mut rng) = (Experiment::default(), Rng::new(5));
    experiment.epoch(1, &two(), &[0.5, 0.5]);
    traffic(&mut experiment, 1, &[0.5, 0.5], &[0.8, 0.8], 400, &mut rng);
    let before = experiment.summary().pairs[0].clone();
    experiment.epoch(2, &two(), &[1.0, 0.0]);
    traffic(&mut experiment, 2, &[1.0, 0.0], &[0.1, 0.8], 400, &mut rng);
    let after = experiment.summary().pairs[0].clone();
    assert_eq!((before.effect, before.ln_e, before.labels), (after.effect, after.ln_e, after.labels));
    assert_eq!(after.more, None, "at this split it is never decided");
    assert!(!after.simpson || after.pooled != before.pooled);
}

#[test]
fn labels_of_one_arm_only_are_called_lopsided_and_declare_nothing() {
    let (mut experiment, mut rng) = (Experiment::default(), Rng::new(6));
    experiment.epoch(1, &two(), &[0.5, 0.5]);
    for _ in 0..2_000 {
        let position = rng.below(2);
        experiment.drawn(1, position);
        // A's right answers are never labelled.
        let y = f64::from(u8::from(rng.unit() < 0.8));
        if position == 1 || y == 0.0 {
            experiment.labelled(1, position, y, None);
        }
    }
    let summary = experiment.summary();
    assert_eq!(summary.verdict, Verdict::LabelsLopsided);
    assert!(!summary.all.has_alarmed() && summary.labelled.is_alarming());
    assert_eq!(summary.rule, Rule::PerVariant);
}

/// An experiment whose draws did not follow the weights at all.
fn broken() -> Experiment {
    let mut experiment = Experiment::default();
    experiment.epoch(1, &two(), &[0.5, 0.5]);
    for _ in 0..100 {
        experiment.drawn(1, 1);
        experiment.labelled(1, 1, 1.0, None);
    }
    experiment
}

#[test]
fn a_broken_split_is_above_all_else() {
    assert_eq!(broken().summary().verdict, Verdict::SplitBroken);
}

#[test]
fn other_weights_mend_no_broken_split_but_another_fleet_is_another_split() {
    let mut experiment = broken();
    let mut rng = Rng::new(4);
    experiment.epoch(2, &two(), &[0.4, 0.6]);
    traffic(&mut experiment, 2, &[0.4, 0.6], &[0.5, 0.9], 3_000, &mut rng);
    assert_eq!(experiment.summary().verdict, Verdict::SplitBroken, "of the same fleet, whatever its weights");

    let next = [arm("A", "first"), arm("B", "third")];
    experiment.epoch(3, &next, &[0.5, 0.5]);
    let summary = experiment.summary();
    assert_eq!((summary.verdict, summary.epochs), (Verdict::NoLabels, 3));
    assert_eq!(summary.arms.iter().map(|arm| arm.drawn + arm.labelled).sum::<u64>(), 0, "nothing is taken along");
    experiment.labelled(1, 1, 1.0, None);
    assert_eq!(experiment.summary().too_late, 1);
    traffic(&mut experiment, 3, &[0.5, 0.5], &[0.5, 0.9], 1_000, &mut rng);
    assert!(
        matches!(experiment.summary().verdict, Verdict::Winner(Winner { arm: 1, .. }, _)),
        "it is to be believed again"
    );
}

#[test]
fn a_fleet_with_an_honest_split_leaves_its_arms_what_they_have_and_counts_the_split_anew() {
    let (mut experiment, mut rng) = (Experiment::default(), Rng::new(8));
    experiment.epoch(1, &two(), &[0.5, 0.5]);
    traffic(&mut experiment, 1, &[0.5, 0.5], &[0.5, 0.5], 400, &mut rng);
    let before = experiment.summary();
    assert_eq!(before.arms.iter().map(|arm| arm.counted).sum::<u64>(), 400);
    let three = [arm("A", "first"), arm("B", "second"), arm("B", "third")];
    experiment.epoch(2, &three, &[0.4, 0.4, 0.2]);
    let after = experiment.summary();
    assert_eq!((after.all.ln_e, after.labelled.ln_e, after.arms[0].expected), (0.0, 0.0, 0.0));
    assert_eq!((after.arms[0].drawn, after.arms[0].labelled), (before.arms[0].drawn, before.arms[0].labelled));
    traffic(&mut experiment, 2, &[0.4, 0.4, 0.2], &[0.5; 3], 100, &mut rng);
    let after = experiment.summary();
    assert_eq!(after.arms.iter().map(|arm| arm.counted).sum::<u64>(), 100);
    assert!((after.arms[2].expected - 20.0).abs() < 1e-9 && after.all.ln_e != 0.0);
    // The same arms in another order are the same fleet.
    let turned = [three[2].clone(), three[0].clone(), three[1].clone()];
    experiment.epoch(3, &turned, &[0.2, 0.4, 0.4]);
    assert_eq!(experiment.summary().all, after.all);
}

#[test]
fn an_experiment_that_begins_anew_when_it_looks_best_is_as_honest_as_the_first() {
    // Somebody begins anew whenever B looks better by far, or A does, and waits for a winner in the new one. Nothing is better.
    let mut false_winners = 0;
    for run in 0..200 {
        let (mut experiment, mut rng) = (Experiment::default(), Rng::new(run));
        experiment.epoch(1, &two(), &[0.5, 0.5]);
        let (mut epoch, mut begun) = (1, false);
        for _ in 0..2_000 {
            traffic(&mut experiment, epoch, &[0.5, 0.5], &[0.8, 0.8], 1, &mut rng);
            if !begun && experiment.effect(0, 1).is_some_and(|effect| effect.abs() > 0.1) {
                (begun, epoch) = (true, 2);
                experiment.begin_anew();
                experiment.epoch(2, &two(), &[0.5, 0.5]);
            }
            if begun && experiment.has_winner() {
                false_winners += 1;
                break;
            }
        }
        assert!(begun, "run {run} never looked good enough");
    }
    assert!(false_winners <= 18, "{false_winners} of 200, where 5 % are 10");
}

#[test]
fn labels_that_come_later_for_one_arm_change_the_rule() {
    let (mut experiment, mut rng) = (Experiment::default(), Rng::new(7));
    experiment.epoch(1, &two(), &[0.5, 0.5]);
    for _ in 0..4_000 {
        let position = rng.below(2);
        experiment.drawn(1, position);
        let y = f64::from(u8::from(rng.unit() < [0.7, 0.85][position]));
        let lateness = (1.0 + rng.unit()) * [1_000.0, 5_000.0][position];
        experiment.labelled(1, position, y, Some(lateness));
    }
    let summary = experiment.summary();
    assert_eq!(summary.rule, Rule::PerVariant);
    let Verdict::Winner(winner, _) = summary.verdict else { panic!("the bands have parted: {:?}", summary.verdict) };
    assert_eq!((winner.arm, winner.rule), (1, Rule::PerVariant));
}

#[test]
fn memory_is_bounded_and_labels_of_lost_epochs_are_counted() {
    let (mut experiment, mut rng) = (Experiment::default(), Rng::new(8));
    for number in 1..=EPOCHS as u64 + 200 {
        experiment.epoch(number, &two(), &[0.5, 0.5]);
        traffic(&mut experiment, number, &[0.5, 0.5], &[0.6, 0.9], 4, &mut rng);
    }
    assert_eq!((experiment.epochs.len(), experiment.summary().epochs), (EPOCHS, EPOCHS as u64 + 200));
    experiment.labelled(3, 0, 1.0, None);
    assert_eq!(experiment.summary().too_late, 1);
    let effect = experiment.summary().pairs[0].effect.unwrap();
    assert!((effect - 0.3).abs() < 0.06, "folded epochs still count: {effect}");
    for number in 0..2 * ARMS as u64 {
        experiment.epoch(10_000 + number, &[arm("A", &number.to_string())], &[1.0]);
    }
    assert!(experiment.arms.len() <= ARMS);
}

#[test]
fn numbers_that_make_no_sense_change_nothing() {
    let mut experiment = Experiment::default();
    experiment.epoch(5, &two(), &[0.5, 0.5]);
    let before = experiment.summary();
    experiment.epoch(5, &two(), &[0.9, 0.1]);
    experiment.epoch(4, &two(), &[0.9, 0.1]);
    experiment.drawn(9, 0);
    experiment.drawn(5, 7);
    experiment.labelled(5, 7, 1.0, None);
    experiment.labelled(5, 0, f64::NAN, None);
    assert_eq!(experiment.summary(), Summary { labelled: experiment.summary().labelled, ..before });
}

/// Labels without chance: each arm's share and rate as exact as whole numbers can be.
fn even_traffic(experiment: &mut Experiment, epoch: u64, b_share: f64, rates: [f64; 2], n: u32) -> u32 {
    let (mut b_due, mut right_due) = (0.0, [0.5; 2]);
    for at in 0..n {
        b_due += b_share;
        let position = usize::from(b_due >= 1.0);
        b_due -= position as f64;
        right_due[position] += rates[position];
        let y = f64::from(u8::from(right_due[position] >= 1.0));
        right_due[position] -= y;
        experiment.drawn(epoch, position);
        experiment.labelled(epoch, position, y, None);
        if experiment.has_winner() {
            return at + 1;
        }
    }
    n
}

#[test]
fn the_forecast_comes_true_where_labels_go_on_as_before() {
    for share in [0.5, 0.2] {
        let mut experiment = Experiment::default();
        experiment.epoch(1, &two(), &[1.0 - share, share]);
        even_traffic(&mut experiment, 1, share, [0.8, 0.85], 1_000);
        let pair = experiment.summary().pairs[0].clone();
        let (more, even) = (pair.more.unwrap(), pair.more_if_even.unwrap());
        let taken = even_traffic(&mut experiment, 1, share, [0.8, 0.85], 20_000);
        assert!(experiment.has_winner());
        let ratio = more as f64 / f64::from(taken);
        assert!((0.85..1.15).contains(&ratio), "{more} forecast at a share of {share}, {taken} taken");
        assert!(if share == 0.5 { even == more } else { even < more * 3 / 4 }, "{more} {even}: even is sooner");
    }
}

#[test]
fn graded_outcomes_of_a_regression_are_told_apart() {
    let (mut experiment, mut rng) = (Experiment::default(), Rng::new(9));
    experiment.epoch(1, &two(), &[0.5, 0.5]);
    for at in 0..3_000 {
        let position = rng.below(2);
        let y = 1.0 - (0.3 + 0.4 * rng.unit() - 0.06 * position as f64);
        experiment.drawn(1, position);
        experiment.labelled(1, position, y, None);
        if at == 300 && !experiment.has_winner() {
            assert!(experiment.summary().pairs[0].more.is_some());
        }
    }
    let summary = experiment.summary();
    let Verdict::Winner(winner, Some(contrast)) = &summary.verdict else { panic!("{:?}", summary.verdict) };
    assert_eq!(winner.arm, 1);
    assert!((contrast.pair.effect.unwrap() - 0.06).abs() < 0.02);
    assert!(summary.arms[1].p_best.unwrap() > 0.99 && summary.arms[1].expected_loss.unwrap() < 0.001);
}

const RUNS: u64 = 40;
const REQUESTS: u32 = 4_000;

/// The short form of `benches/experiment.rs`, which has the whole table.
#[test]
fn no_difference_makes_no_winner_where_the_naive_test_finds_one() {
    // Of 40 runs at most 5 % and three standard deviations: 6. The naive test finds a "winner" in far more.
    let least_naive = [10, RUNS, 20, 7, 10];
    for (scenario, least_naive) in NULLS.iter().zip(least_naive) {
        let runs = simulated(scenario);
        let naive = runs.iter().filter(|run| run.naive.is_some()).count() as u64;
        let false_winners = runs.iter().filter(|run| run.winner.is_some()).count();
        let effect_missed = runs.iter().filter(|run| run.effect_missed).count();
        let band_missed = runs.iter().filter(|run| run.band_missed).count();
        assert!(false_winners <= 6, "{}: {false_winners} false winners in {RUNS} runs", scenario.name);
        assert!(naive >= least_naive, "{}: the naive test found {naive} only", scenario.name);
        assert!(effect_missed <= 6 && band_missed <= 6, "{}: {effect_missed} {band_missed}", scenario.name);
    }
}

#[test]
fn a_difference_is_found_in_good_time_and_on_the_right_side() {
    let found = |scenario| {
        let runs = simulated(scenario);
        assert!(runs.iter().all(|run| run.winner.is_none_or(|(_, b)| b)), "{}", scenario.name);
        median(runs.iter().map(|run| run.winner.map(|(at, _)| u64::from(at))))
    };
    let (five_points, ten_points) = (found(&TRUTHS[0]), found(&TRUTHS[1]));
    assert!(five_points.is_some_and(|at| (1_200..2_600).contains(&at)), "{five_points:?}");
    assert!(ten_points.is_some_and(|at| (250..600).contains(&at)), "{ten_points:?}");
    // The pooled accuracies say that B is worse.
    let runs = simulated(&TRUTHS[2]);
    let mean = |value: fn(&scenarios::Run) -> f64| runs.iter().map(value).sum::<f64>() / RUNS as f64;
    assert!(mean(|run| run.pooled) < -0.01 && (mean(|run| run.effect) - 0.03).abs() < 0.01);
}

#[test]
fn paired_rows_need_fewer_labels_and_make_no_false_winner() {
    let false_winners = (0..200).filter(|seed| paired([0.065, 0.065], *seed, 2_000).is_some()).count();
    assert!(false_winners <= 19, "{false_winners} of 200");
    let rows = median((0..100).map(|seed| paired([0.04, 0.09], seed, 5_000))).unwrap();
    assert!((300..600).contains(&rows), "{rows}");
}

/// Runs with seeds of their own, on all cores.
fn simulated(scenario: &scenarios::Scenario) -> Vec<scenarios::Run> {
    std::thread::scope(|scope| {
        let halves = [0, 1].map(|half| {
            scope.spawn(move || (0..RUNS / 2).map(|i| run(scenario, 2 * i + half, REQUESTS)).collect::<Vec<_>>())
        });
        halves.into_iter().flat_map(|half| half.join().unwrap()).collect()
    })
}
