//! The words, for each thing that an experiment may say.

use std::sync::Arc;

use super::*;
use crate::stats::experiment::srm::Evidence;
use crate::stats::experiment::{Band, PairSummary};

fn band(low: f64, high: f64) -> Interval {
    Interval { estimate: 0.5 * (low + high), low, high }
}

fn arm(variant: &str, probability: f64) -> ArmSummary {
    ArmSummary {
        variant: variant.into(),
        model: "m".into(),
        probability,
        drawn: 1_250,
        counted: 1_250,
        expected: 2_500.0 * probability,
        labelled: 1_200,
        band: None,
        p_best: Some(0.93),
        p_best_drawn: Some(0.93),
        expected_loss: Some(0.002),
    }
}

fn pair() -> PairSummary {
    PairSummary {
        a: 0,
        b: 1,
        labels: 2_400,
        ln_e: 1.0,
        better: None,
        effect: Some(0.031),
        pooled: Some(0.03),
        simpson: false,
        band: Some(band(0.008, 0.054)),
        more: Some(1_873),
        more_if_even: Some(902),
    }
}

fn contrast(pair: PairSummary) -> Contrast {
    Contrast { leader: 1, other: 0, pair }
}

fn winner() -> Winner {
    Winner { arm: 1, over: vec!["A".into()], labels: 2_215, epoch: 3, rule: Rule::ArrivalOrder, effect: 0.04 }
}

fn live(verdict: Verdict) -> EndpointLive {
    let summary = Summary {
        alpha: 0.05,
        rule: Rule::ArrivalOrder,
        epoch: 3,
        epochs: 3,
        arms: vec![arm("A", 0.9), arm("B", 0.1)],
        pairs: vec![pair()],
        verdict,
        all: Evidence::default(),
        labelled: Evidence::default(),
        too_late: 0,
    };
    EndpointLive { experiment: Some(Arc::new(ExperimentLive { summary, cap: None })), ..EndpointLive::default() }
}

/// The live numbers with something of their experiment changed.
fn with(mut live: EndpointLive, change: impl FnOnce(&mut ExperimentLive)) -> EndpointLive {
    let mut experiment = (**live.experiment.as_ref().unwrap()).clone();
    change(&mut experiment);
    live.experiment = Some(Arc::new(experiment));
    live
}

fn said(live: &EndpointLive) -> String {
    let line = line(Some(live));
    format!("{} | {}", line.head, line.text)
}

#[test]
fn a_winner_is_named_with_its_effect_and_band_and_the_data_it_was_declared_at() {
    let live = live(Verdict::Winner(winner(), Some(contrast(pair()))));
    assert_eq!(
        said(&live),
        "B is better: +3.1 points (95 % band +0.8 to +5.4) | Declared after 2,215 labelled requests; looking again does not weaken it."
    );
    assert_eq!(line(Some(&live)).tone, Tone::Decided);
}

#[test]
fn two_models_of_one_variant_are_told_apart() {
    let live = with(live(Verdict::Winner(winner(), Some(contrast(pair())))), |experiment| {
        let arms = &mut experiment.summary.arms;
        (arms[1].variant, arms[1].model) = ("A".into(), "n".into());
    });
    let line = line(Some(&live));
    assert!(line.head.starts_with("A (n) is better"), "{}", line.head);
    assert!(line.why.contains("A (m): 1,200 of 1,250") && line.why.contains("A (n): 1,200"), "{}", line.why);
}

#[test]
fn a_winner_whose_lead_has_shrunk_since_is_told_in_the_past() {
    let shrunk = PairSummary { effect: Some(0.004), band: Some(band(-0.006, 0.014)), ..pair() };
    assert_eq!(
        said(&live(Verdict::Winner(winner(), Some(contrast(shrunk))))),
        "B was found better after 2,215 labelled requests | Then +4.0 points; over all labels now +0.4 points (95 % band \u{2212}0.6 to +1.4)."
    );
}

#[test]
fn a_band_that_is_wider_than_the_test_does_not_take_the_winner_back() {
    let wide = PairSummary { effect: Some(0.039), band: Some(band(-0.003, 0.083)), ..pair() };
    let said = said(&live(Verdict::Winner(winner(), Some(contrast(wide)))));
    assert_eq!(
        said,
        "B is better: +3.9 points | Declared after 2,215 labelled requests: better is settled, by how much is open (95 % band \u{2212}0.3 to +8.3)."
    );
}

#[test]
fn the_best_of_three_is_compared_with_the_next_best() {
    let winner = Winner { over: vec!["A".into(), "C".into()], ..winner() };
    let head = line(Some(&live(Verdict::Winner(winner, Some(contrast(pair())))))).head;
    assert_eq!(head, "B is the best: +3.1 points over A, the next best (95 % band +0.8 to +5.4)");
}

#[test]
fn without_a_winner_it_says_how_much_longer_and_whether_even_weights_are_sooner() {
    let open = PairSummary { effect: Some(0.012), band: Some(band(-0.009, 0.033)), ..pair() };
    let undecided = |pair: PairSummary| live(Verdict::Undecided(contrast(pair)));
    assert_eq!(
        said(&undecided(open.clone())),
        "No winner yet: about 1,900 more labelled requests at this split; 900 at 50/50 | B is ahead by 1.2 points (95 % band \u{2212}0.9 to +3.3)."
    );
    let head = |pair: PairSummary| line(Some(&undecided(pair))).head;
    assert_eq!(
        head(PairSummary { more_if_even: Some(1_800), ..open.clone() }),
        "No winner yet: about 1,900 more labelled requests at this split",
        "no hint where even weights gain next to nothing"
    );
    assert_eq!(
        head(PairSummary { more: Some(40_000_000), more_if_even: None, ..open.clone() }),
        "No winner yet: more than 1,000,000 more labelled requests at this split"
    );
    assert_eq!(
        head(PairSummary { more: None, more_if_even: None, ..open.clone() }),
        "No winner yet: no difference to be seen so far"
    );
    let few = PairSummary { more: None, more_if_even: None, band: None, ..open.clone() };
    assert_eq!(head(few), "No winner yet: too few labels to say how many more it takes");
    let stuck = with(undecided(PairSummary { more: None, ..open }), |e| e.summary.arms[1].probability = 0.0);
    assert_eq!(
        line(Some(&stuck)).head,
        "No winner yet: never at this split, where one side gets nothing; about 900 more labelled requests at 50/50"
    );
}

#[test]
fn a_broken_split_silences_everything_else() {
    let alarm = Evidence { ln_e: 9.0, peak_ln_e: 9.0 };
    let broken = with(live(Verdict::SplitBroken), |e| e.summary.all = alarm);
    assert_eq!(line(Some(&broken)).head, "Split looks broken (sample ratio mismatch)");
    assert_eq!(line(Some(&broken)).tone, Tone::Broken);
    let banner = &banners(Some(&broken))[0];
    assert!(
        banner.title.contains("sample ratio mismatch")
            && banner.text.contains("A 1,250 (2,250 expected), B 1,250 (250 expected)"),
        "{banner:?}"
    );
    assert!(banner.begins_anew);
    let lopsided = with(live(Verdict::LabelsLopsided), |e| e.summary.labelled = alarm);
    assert!(banners(Some(&lopsided))[0].text.contains("A 1,200 of 1,250, B 1,200 of 1,250"));
    assert_eq!(line(Some(&lopsided)).head, "Labels look lopsided (sample ratio mismatch)");
}

#[test]
fn simpsons_paradox_says_which_number_to_go_by() {
    let flagged = with(live(Verdict::Undecided(contrast(pair()))), |e| {
        e.summary.pairs[0] = PairSummary { pooled: Some(-0.13), simpson: true, ..pair() };
    });
    let banner = &banners(Some(&flagged))[0];
    assert_eq!(banner.title, "Pooled labels say the opposite (Simpson's paradox)");
    assert!(
        banner.text.starts_with(
            "All labels in one pot, A looks better by 13.0 points. Between one change of the weights and the next, B is ahead, by 3.1 points."
        ),
        "{}",
        banner.text
    );
}

#[test]
fn a_regression_speaks_of_errors_in_the_labels_unit() {
    let mut live = with(live(Verdict::Winner(winner(), Some(contrast(pair())))), |e| e.cap = Some(10.0));
    live.score = Score::Rmse;
    assert_eq!(line(Some(&live)).head, "B is better: mean error lower by 0.31 (95 % band of the gain +0.08 to +0.54)");
    assert!(line(Some(&live)).why.contains("Errors count up to 10.00"));
}

#[test]
fn the_chance_to_be_best_is_never_certain() {
    let live = live(Verdict::NoLabels);
    let chance = |p: f64| chance(&ArmSummary { p_best: Some(p), ..arm("A", 0.5) }, &live).unwrap();
    assert_eq!(chance(0.93), "P(best) 93 % \u{b7} loss 0.2 pt");
    assert_eq!(
        (chance(1.0), chance(0.0)),
        ("P(best) > 99 % \u{b7} loss 0.2 pt".into(), "P(best) < 1 % \u{b7} loss 0.2 pt".into())
    );
    let safe = ArmSummary { expected_loss: Some(0.000_4), ..arm("A", 0.5) };
    assert_eq!(super::chance(&safe, &live).unwrap(), "P(best) 93 % \u{b7} loss < 0.1 pt");
    let broken = with(live, |e| e.summary.verdict = Verdict::SplitBroken);
    assert_eq!(super::chance(&arm("A", 0.5), &broken), None, "nothing to steer by");
}

#[test]
fn a_band_of_an_earlier_epoch_is_not_said_to_be_of_now() {
    let of = |epoch| {
        let live = with(live(Verdict::NoLabels), |e| {
            e.summary.arms[0].band = Some(Band { interval: band(0.7, 0.8), labels: 40, epoch });
        });
        line(Some(&live)).why
    };
    assert!(of(3).contains("75.0 % (70.0 % to 80.0 %) since the weights last changed"), "{}", of(3));
    assert!(of(2).contains("(70.0 % to 80.0 %) before the weights last changed"), "{}", of(2));
}

#[test]
fn labels_are_rounded_to_what_a_forecast_can_know() {
    assert_eq!([7, 99, 104, 1_873, 96_400].map(about), ["7", "99", "100", "1,900", "96,000"].map(String::from));
}
