//! What the endpoint page says about its experiment: the verdict line, the banners, the bands and the chance to be best, by name.

use std::sync::Arc;

use counterpoise::gui::App;
use counterpoise::gui::route::Route;
use counterpoise::gui::theme::ThemeChoice;
use counterpoise::stats::experiment::srm::{ALARM, Evidence};
use counterpoise::stats::experiment::{ArmKey, Experiment, PairSummary, Summary, Verdict};
use counterpoise::stats::live::ExperimentLive;
use counterpoise::util::seed::Rng;
use counterpoise::workspace::{Command, Workspace};
use egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;

use super::{choose, picture, window, window_of};
use crate::support::scripted::{ScriptedWorkspace, world};

const LIVE: &str = "sentiment-live";
const REGRESSION: &str = "boston-live";

/// The scripted endpoint with something of its experiment changed.
fn with(change: impl FnOnce(&mut Summary)) -> Arc<ScriptedWorkspace> {
    let workspace = ScriptedWorkspace::realistic();
    let mut live = (*workspace.endpoint_live(LIVE).unwrap()).clone();
    let mut experiment = (**live.experiment.as_ref().unwrap()).clone();
    change(&mut experiment.summary);
    live.experiment = Some(Arc::new(experiment));
    workspace.set_live(live);
    workspace
}

/// The scripted endpoint after traffic of the given epochs: shares of the second variant, its rate and that of the first, and labels.
fn after(epochs: &[(f64, [f64; 2], u32)]) -> Arc<ScriptedWorkspace> {
    let workspace = ScriptedWorkspace::realistic();
    let mut live = (*workspace.endpoint_live(LIVE).unwrap()).clone();
    let arms: Vec<ArmKey> = live
        .variants
        .iter()
        .map(|v| ArmKey { variant: v.name.as_str().into(), model: v.model_name.as_str().into(), version: "1".into() })
        .collect();
    let (mut experiment, mut rng) = (Experiment::default(), Rng::new(17));
    for ((share, rates, labels), number) in epochs.iter().zip(1..) {
        experiment.epoch(number, &arms, &[1.0 - share, *share]);
        for _ in 0..*labels {
            let arm = usize::from(rng.unit() < *share);
            experiment.drawn(number, arm);
            experiment.labelled(number, arm, f64::from(u8::from(rng.unit() < rates[arm])), Some(500.0));
        }
    }
    let summary = experiment.summary();
    for (variant, arm) in live.variants.iter_mut().zip(&summary.arms) {
        (variant.score, variant.requests) = (arm.band.map(|band| band.interval), arm.drawn);
    }
    live.experiment = Some(Arc::new(ExperimentLive { summary, cap: None }));
    workspace.set_live(live);
    workspace
}

fn open(workspace: &Arc<ScriptedWorkspace>) -> Harness<'static, App> {
    window(workspace, Route::Endpoint(LIVE.into()))
}

/// The page in light and dark, as a picture each.
fn both(workspace: &Arc<ScriptedWorkspace>, name: &str, size: [f32; 2]) {
    let mut harness = window_of(workspace, Route::Endpoint(LIVE.into()), size, None);
    picture(&mut harness, &format!("{name}-light"));
    choose(&mut harness, ThemeChoice::Dark);
    picture(&mut harness, &format!("{name}-dark"));
}

/// The verdict line by its accessible name.
fn verdict(harness: &Harness<'static, App>) -> String {
    let line =
        harness.get_by(|node| node.role() == Role::Group && node.label().is_some_and(|l| l.starts_with("Verdict: ")));
    egui_kittest::kittest::NodeT::accesskit_node(&line).label().unwrap_or_default()
}

#[test]
fn a_winner_is_named_with_its_effect_and_its_band() {
    let workspace = after(&[(0.5, [0.9, 0.7], 900)]);
    let harness = open(&workspace);
    let said = verdict(&harness);
    assert!(said.starts_with("Verdict: linear-b is better: +") && said.contains(" points (95 % band +"), "{said}");
    harness.get_by_label_contains("labelled requests; looking again does not weaken it");
    both(&workspace, "endpoint-winner", [1280.0, 800.0]);
    both(&workspace, "endpoint-winner-900", [900.0, 600.0]);
}

#[test]
fn without_a_winner_it_says_how_much_longer() {
    let workspace = after(&[(0.1, [0.76, 0.72], 2_000)]);
    let said = verdict(&open(&workspace));
    assert!(
        said.starts_with("Verdict: No winner yet: about ") && said.contains(" more labelled requests at this split; "),
        "{said}"
    );
    assert!(said.ends_with(" at 50/50"), "{said}");
    both(&workspace, "endpoint-no-winner", [1280.0, 800.0]);
    both(&workspace, "endpoint-no-winner-900", [900.0, 600.0]);
}

#[test]
fn what_the_verdict_rests_on_is_said_at_a_press_and_hidden_again() {
    let mut harness = open(&after(&[(0.5, [0.9, 0.7], 900)]));
    let rests = "come up at most 5 times in 100, however often one looks";
    assert!(harness.query_by_label_contains(rests).is_none());
    harness.get_by_role_and_label(Role::Button, "What the verdict rests on").click();
    harness.run();
    harness.get_by_label_contains(rests);
    picture(&mut harness, "endpoint-why");
    harness.get_by_role_and_label(Role::Button, "What the verdict rests on").click();
    harness.run();
    assert!(harness.query_by_label_contains(rests).is_none());
}

#[test]
fn a_regression_has_a_bounded_error_with_a_band_and_rmse_and_mae_beside_it() {
    let workspace = ScriptedWorkspace::realistic();
    let endpoint = world::endpoint(&workspace.snapshot(), REGRESSION, "boston-ab", world::ago(2 * 3_600_000));
    workspace.set_live(world::live(&endpoint, 600, 11));
    workspace.change(|world| world.endpoints.insert(REGRESSION, endpoint));
    let harness = window(&workspace, Route::Endpoint(REGRESSION.into()));
    let said = verdict(&harness);
    assert!(said.starts_with("Verdict: trees is better: mean error lower by "), "{said}");
    harness.get_by(|node| node.label().is_some_and(|l| l.starts_with("Plot Mean error, clipped at ")));
    let live = workspace.endpoint_live(REGRESSION).unwrap();
    for variant in &live.variants {
        let said = format!("RMSE / MAE {:.2} / {:.2}", variant.rmse.unwrap(), variant.mae.unwrap());
        harness.get_by(|node| node.label().is_some_and(|l| l.starts_with("Variant ") && l.contains(&said)));
    }
    for (name, size) in [("endpoint-regression", [1280.0, 800.0]), ("endpoint-regression-900", [900.0, 600.0])] {
        let mut harness = window_of(&workspace, Route::Endpoint(REGRESSION.into()), size, None);
        picture(&mut harness, &format!("{name}-light"));
        choose(&mut harness, ThemeChoice::Dark);
        picture(&mut harness, &format!("{name}-dark"));
    }
}

#[test]
fn without_labels_it_offers_a_traffic_test() {
    let workspace = with(|summary| {
        summary.verdict = Verdict::NoLabels;
        summary.arms.iter_mut().for_each(|arm| (arm.labelled, arm.band, arm.p_best) = (0, None, None));
    });
    let mut harness = open(&workspace);
    assert_eq!(verdict(&harness), "Verdict: No labelled answers yet");
    harness.get_by_role_and_label(Role::Button, "Start a traffic test").click();
    harness.run();
    harness.get_by_label_contains("Traffic test for ");
}

#[test]
fn a_broken_split_is_said_in_the_line_and_in_a_banner() {
    let alarm = Evidence { ln_e: ALARM.ln(), peak_ln_e: ALARM.ln() };
    let workspace = with(|summary| {
        (summary.all, summary.verdict) = (alarm, Verdict::SplitBroken);
        (summary.arms[0].counted, summary.arms[0].expected) = (269_571, 281_004.4);
    });
    let harness = open(&workspace);
    harness.get_by_label_contains("linear-b 269,571 (281,004 expected)");
    assert!(harness.query_by_label_contains("P(best)").is_none(), "nothing to steer by");
    assert_eq!(verdict(&harness), "Verdict: Split looks broken (sample ratio mismatch)");
    harness.get_by_label("Requests do not follow the weights (sample ratio mismatch)");
    both(&workspace, "endpoint-split-broken", [1280.0, 800.0]);

    // It never clears by itself: somebody who has mended the cause begins anew.
    let mut harness = harness;
    harness.get_by_role_and_label(Role::Button, "Begin the experiment anew").click();
    harness.run();
    harness.get_by_label_contains("over two of them it is 10 % at most");
    picture(&mut harness, "endpoint-begin-anew");
    assert!(workspace.commands().is_empty(), "asked first");
    harness.get_by_role_and_label(Role::Button, "Begin anew").click();
    harness.run();
    assert!(matches!(workspace.last_command(), Some(Command::RestartExperiment { name }) if name == LIVE));

    let workspace = with(|summary| (summary.labelled, summary.verdict) = (alarm, Verdict::LabelsLopsided));
    let harness = open(&workspace);
    assert_eq!(verdict(&harness), "Verdict: Labels look lopsided (sample ratio mismatch)");
    harness.get_by_label("Labels do not follow the weights (sample ratio mismatch)");
}

#[test]
fn where_pooling_misleads_a_banner_says_whom_to_go_by() {
    // The second variant gets the easy traffic late, and is worse within both stretches.
    let workspace = after(&[(0.1, [0.62, 0.56], 1_500), (0.9, [0.94, 0.88], 1_500)]);
    let harness = open(&workspace);
    harness.get_by_label("Pooled labels say the opposite (Simpson's paradox)");
    harness.get_by_label_contains("All labels in one pot, xgb-a looks better by ");
    harness.get_by_label_contains("linear-b is ahead by ");
    both(&workspace, "endpoint-simpson", [1280.0, 800.0]);
    both(&workspace, "endpoint-simpson-900", [900.0, 600.0]);
}

#[test]
fn the_chance_to_be_best_is_marked_as_no_stopping_rule() {
    let harness = open(&after(&[(0.5, [0.76, 0.72], 600)]));
    for variant in ["linear-b", "xgb-a"] {
        let begins = format!("Variant {variant}: P(best) ");
        let chance = harness.get_by_label_contains(&begins);
        let said = egui_kittest::kittest::NodeT::accesskit_node(&chance).value().unwrap_or_default();
        assert!(said.contains("loss ") && said.ends_with("not a stopping rule"), "{said}");
    }
}

#[test]
fn a_winner_that_was_overtaken_is_told_in_the_past() {
    let workspace = with(|summary| {
        if let Verdict::Winner(_, Some(contrast)) = &mut summary.verdict {
            contrast.pair = PairSummary { effect: Some(-0.01), band: None, ..contrast.pair.clone() };
        }
    });
    let said = verdict(&open(&workspace));
    assert!(said.starts_with("Verdict: linear-b was found better after "), "{said}");
}
