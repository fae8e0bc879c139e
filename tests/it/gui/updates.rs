//! Updates in the window: the plan in the dialog, the timeline in every stage, the way back, the history.

use std::sync::Arc;

use counterpoise::domain::accuracy::{Compared, Labelled, Watched};
use counterpoise::domain::deployment::{ALPHA, Alarm, Capacity, DeploymentPlan, FleetMeasured, MIN_REQUESTS, Routing};
use counterpoise::domain::endpoint::{
    Deployment, DeploymentOutcome, DeploymentStage, Endpoint, EndpointStatus, Retain, RollbackCause,
};
use counterpoise::gui::App;
use counterpoise::gui::route::Route;
use counterpoise::stats::live::ShiftLive;
use counterpoise::workspace::Command;
use egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;

use super::endpoint::{LIVE, both, changed};
use super::{picture, window};
use crate::support::scripted::ScriptedWorkspace;
use crate::support::scripted::world;

const NEW: &str = "sentiment-linear-only";

fn plan() -> DeploymentPlan {
    DeploymentPlan {
        routing: Routing::Linear { step: Capacity::Percent(20), wait_s: 60 },
        bake_s: 300,
        max_execution_s: None,
        alarms: vec![Alarm::ErrorRate { above: 0.01, min_requests: MIN_REQUESTS }],
    }
}

fn old() -> FleetMeasured {
    FleetMeasured { requests: 9_204, server_errors: 0, model_errors: 3, p50_us: Some(310), p99_us: Some(642) }
}

fn new() -> FleetMeasured {
    FleetMeasured { requests: 2_311, server_errors: 0, model_errors: 0, p50_us: Some(290), p99_us: Some(598) }
}

/// An update in the middle of its steps, at a stage.
fn deployment(stages: &[DeploymentStage], shares: &[f64]) -> Deployment {
    let ago = |n: usize, of: usize| world::ago(17_000 + 60_000 * i64::try_from(of - n - 1).unwrap());
    Deployment {
        stages: stages.iter().enumerate().map(|(i, stage)| (*stage, ago(i, stages.len()))).collect(),
        shares: shares.iter().enumerate().map(|(i, share)| (*share, ago(i, shares.len()))).collect(),
        requests: 11_518,
        plan: plan(),
        ..Deployment::begun(2, NEW, Some("sentiment-ab"), world::ago(200_000))
    }
}

/// The endpoint with that deployment under way.
fn under_way(status: EndpointStatus, deployment: &Deployment) -> Arc<ScriptedWorkspace> {
    let workspace = changed(|endpoint| {
        endpoint.status = status;
        endpoint.requested_config = Some(NEW.into());
        endpoint.deployments.push(deployment.clone());
    });
    let share = deployment.share();
    workspace.change_live(LIVE, |live| {
        let variants = vec![live.variants[0].clone()];
        let config_name = NEW.to_owned();
        live.shift = (status == EndpointStatus::Updating).then(|| ShiftLive {
            config_name,
            deployment: 2,
            share,
            variants,
            in_flight: 1,
            old: old(),
            new: new(),
            accuracy: Watched::default(),
        });
    });
    workspace
}

/// What labels say of both fleets: `new` labels of the one that comes, and in the bake `same`.
fn labels(new: u64, score: f64, same: u64) -> Watched {
    let of = |labels, score| Labelled { labels, score: (labels > 0).then_some(score) };
    let apart = Compared { old: of(1_042, 0.804), new: of(new, score) };
    let same = Compared { old: of(same, 0.8), new: of(same, score) };
    Watched { apart, same, evidence: 1.4, ..Watched::default() }
}

/// An update whose labels are watched.
fn watched(stages: &[DeploymentStage], shares: &[f64], labels: Watched) -> Arc<ScriptedWorkspace> {
    let mut deployment = deployment(stages, shares);
    deployment.plan.alarms.push(Alarm::Accuracy { alpha: ALPHA });
    let workspace = under_way(EndpointStatus::Updating, &deployment);
    workspace.change_live(LIVE, |live| live.shift.as_mut().unwrap().accuracy = labels);
    workspace
}

fn shifting() -> Arc<ScriptedWorkspace> {
    use DeploymentStage::{Loading, Probing, Shifting};
    under_way(EndpointStatus::Updating, &deployment(&[Loading, Probing, Shifting], &[0.2, 0.4]))
}

/// Two configurations with names as long as they may be.
fn long_names() -> Arc<ScriptedWorkspace> {
    let workspace = shifting();
    let [old, new] =
        ["before", "after"].map(|when| format!("sentiment-of-reviews-of-restaurants-hotels-and-museums-{when}"));
    workspace.change(|snapshot| {
        let mut endpoint = (**snapshot.endpoints.get(LIVE).unwrap()).clone();
        (endpoint.config_name, endpoint.requested_config) = (old.clone(), Some(new.clone()));
        let newest = endpoint.deployments.last_mut().unwrap();
        (newest.from_config, newest.config_name) = (Some(old.clone()), new.clone());
        snapshot.endpoints.insert(LIVE, endpoint);
    });
    workspace
}

fn baking() -> Arc<ScriptedWorkspace> {
    use DeploymentStage::{Baking, Loading, Probing, Shifting};
    let shares = [0.2, 0.4, 0.6, 0.8, 1.0];
    under_way(EndpointStatus::Updating, &deployment(&[Loading, Probing, Shifting, Baking], &shares))
}

fn rolling_back() -> Arc<ScriptedWorkspace> {
    use DeploymentStage::{Draining, Loading, Probing, RollingBack, Shifting};
    let mut deployment = deployment(&[Loading, Probing, Shifting, RollingBack, Draining], &[0.2, 0.4, 0.0]);
    deployment.rollback = Some((RollbackCause::ByHand, "Rolled back by hand".into()));
    deployment.measured = Some((old(), new()));
    under_way(EndpointStatus::RollingBack, &deployment)
}

const WHY: &str = "Alarm counterpoise-error-rate>1%: on the new fleet 31 of 640 (4.8 %) requests got no prediction, against 3 of 9204 (0.0 %) on the old one in the same time";

fn rolled_back(cause: RollbackCause) -> Arc<ScriptedWorkspace> {
    use DeploymentStage::{Done, Draining, Loading, Probing, RollingBack, Shifting};
    let mut over = deployment(&[Loading, Probing, Shifting, RollingBack, Draining, Done], &[0.2, 0.0]);
    let reason = if cause == RollbackCause::ByHand { "Rolled back by hand" } else { WHY };
    over.ended = Some(world::ago(16_000));
    over.measured = Some((old(), FleetMeasured { requests: 640, model_errors: 31, ..new() }));
    over.outcome = DeploymentOutcome::RolledBack { cause, reason: reason.into() };
    changed(|endpoint: &mut Endpoint| {
        endpoint.requested_config = Some(NEW.into());
        endpoint.failure_reason = Some(reason.into());
        endpoint.deployments.push(over.clone());
    })
}

const WORSE: &str = "Alarm counterpoise-accuracy: the new fleet's answers are worse: 61.2 % right of 120 labelled, against 80.4 % right of 1042 labelled on the old fleet, while both answered (alpha 0.05: a fleet that is as good is taken back by this alarm at most that often)";

fn taken_back_by_its_labels() -> Arc<ScriptedWorkspace> {
    let workspace = rolled_back(RollbackCause::Alarm);
    workspace.change(|snapshot| {
        let mut endpoint = (**snapshot.endpoints.get(LIVE).unwrap()).clone();
        endpoint.failure_reason = Some(WORSE.into());
        let newest = endpoint.deployments.last_mut().unwrap();
        newest.plan.alarms = vec![Alarm::Accuracy { alpha: ALPHA }];
        newest.accuracy = Some(labels(120, 0.612, 0));
        newest.outcome = DeploymentOutcome::RolledBack { cause: RollbackCause::Alarm, reason: WORSE.into() };
        snapshot.endpoints.insert(LIVE, endpoint);
    });
    workspace
}

/// In the middle of its steps, while labels are watched.
pub fn watching() -> Arc<ScriptedWorkspace> {
    use DeploymentStage::{Loading, Probing, Shifting};
    watched(&[Loading, Probing, Shifting], &[0.2, 0.4], labels(31, 0.871, 0))
}

fn page(workspace: &Arc<ScriptedWorkspace>) -> Harness<'static, App> {
    window(workspace, Route::Endpoint(LIVE.into()))
}

fn click(harness: &mut Harness<'static, App>, label: &str) {
    harness.get_by_label(label).click();
    harness.run();
}

#[test]
fn pictures_of_updates() {
    let live = Route::Endpoint(LIVE.into());
    for (workspace, name) in [
        (shifting(), "update-shifting"),
        (baking(), "update-baking"),
        (rolling_back(), "update-rolling-back"),
        (rolled_back(RollbackCause::Alarm), "update-rolled-back"),
        (rolled_back(RollbackCause::ByHand), "update-rolled-back-by-hand"),
    ] {
        both(&workspace, &live, name, [1280.0, 800.0]);
    }
    both(&shifting(), &live, "update-shifting-900", [900.0, 600.0]);
    both(&long_names(), &live, "update-shifting-long", [900.0, 600.0]);
}

#[test]
fn the_dialog_makes_a_plan() {
    let workspace = ScriptedWorkspace::realistic();
    let mut harness = page(&workspace);
    click(&mut harness, "Update…");
    harness.get_by_label("All traffic moves in one step.");
    harness.get_by_role_and_label(Role::ComboBox, "Traffic moves").click();
    harness.run();
    click(&mut harness, "Canary: a part first");
    harness.get_by_label_contains("10 % of the traffic for 60 s, then all of it; the old fleet then stays for 60 s");
    harness.get_by_role_and_label(Role::TextInput, "First part").focus();
    harness.run();
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::A);
    harness.get_by_role_and_label(Role::TextInput, "First part").type_text("70");
    harness.run();
    harness.get_by_label_contains("must be 1 % to 50 % of the fleet");
    picture(&mut harness, "update-dialog-wrong");
    harness.get_by_label("Start the update").click();
    harness.run();
    assert!(workspace.commands().is_empty(), "a plan that breaks rules can't be started");
    harness.get_by_role_and_label(Role::TextInput, "First part").focus();
    harness.run();
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::A);
    harness.get_by_role_and_label(Role::TextInput, "First part").type_text("25");
    harness.run();
    harness.get_by_role_and_label(Role::CheckBox, "Roll back when more than").click();
    harness.run();
    picture(&mut harness, "update-dialog-canary");
    click(&mut harness, "Start the update");
    match workspace.last_command() {
        Some(Command::UpdateEndpoint { name, config_name, retain, plan, .. }) => {
            assert_eq!((name.as_str(), config_name.as_str(), retain), (LIVE, NEW, Retain::NOTHING));
            let routing = Routing::Canary { size: Capacity::Percent(25), wait_s: 60 };
            // Labels come, so they are watched unless somebody does without.
            let errors = Alarm::ErrorRate { above: 0.01, min_requests: MIN_REQUESTS };
            let alarms = vec![errors, Alarm::Accuracy { alpha: ALPHA }];
            assert_eq!(plan, DeploymentPlan { routing, bake_s: 60, max_execution_s: None, alarms });
        }
        other => panic!("no update was asked for: {other:?}"),
    }
}

#[test]
fn both_fleets_are_seen_while_traffic_moves_and_one_click_goes_back() {
    let workspace = shifting();
    let mut harness = page(&workspace);
    harness.get_by_label("Deployment: Shifting");
    harness.get_by_label("40 % of the traffic goes to the new fleet");
    harness
        .get_by_label_contains("Old fleet sentiment-ab: 60 % of the traffic · 3 in flight · 9,204 requests · 3 errors");
    harness.get_by_label_contains(
        "New fleet sentiment-linear-only: 40 % of the traffic · 1 in flight · 2,311 requests · 0 errors",
    );
    harness.get_by_label_contains("serving sentiment-ab · 40 % goes to sentiment-linear-only");
    click(&mut harness, "Roll back");
    assert!(matches!(workspace.last_command(), Some(Command::RollBackEndpoint { name }) if name == LIVE));
}

#[test]
fn what_labels_say_is_seen_while_they_are_watched_and_afterwards() {
    use DeploymentStage::{Baking, Loading, Probing, Shifting};
    let live = Route::Endpoint(LIVE.into());
    let few = watching();
    let harness = page(&few);
    harness.get_by_label_contains(
        "Watching accuracy: 31 labelled answers of the new fleet, no verdict (evidence against it 1.4, goes back at 20) · new 87.1 % right of 31, old 80.4 % right of 1,042",
    );
    both(&few, &live, "update-labels", [1280.0, 800.0]);
    both(&few, &live, "update-labels-900", [900.0, 600.0]);
    let none = watched(&[Loading, Probing, Shifting], &[0.2], Watched::default());
    page(&none).get_by_label("Watching accuracy: no labelled answer of the new fleet yet, so no verdict");
    let bakes = watched(&[Loading, Probing, Shifting, Baking], &[0.2, 1.0], labels(31, 0.871, 80));
    page(&bakes)
        .get_by_label_contains("after all traffic moved 80: new 87.1 % right, old on the same requests 80 % right");
    both(&bakes, &live, "update-labels-baking", [1280.0, 800.0]);
    assert!(page(&shifting()).query_by_label_contains("Watching accuracy").is_none(), "nobody asked for it");

    let back = taken_back_by_its_labels();
    let mut harness = page(&back);
    harness.get_by_label(WORSE);
    harness.get_by_label("Accuracy: new 61.2 % right of 120, old 80.4 % right of 1,042");
    click(&mut harness, "Deployments");
    harness.get_by_label(WORSE);
    harness.get_by_label("Labels: new 61.2 % right of 120, old 80.4 % right of 1,042");
    harness.get_by_label_contains("back when labels say that it is worse");
    picture(&mut harness, "update-labels-history");
    both(&back, &live, "update-labels-back", [1280.0, 800.0]);
}

#[test]
fn nothing_is_offered_where_nothing_goes_back() {
    let mut harness = page(&rolling_back());
    harness.get_by_label("Deployment: Draining");
    harness.get_by_label_contains("going back from sentiment-linear-only");
    assert!(harness.query_by_label("Roll back").is_none());
    harness.run();
    let harness = page(&baking());
    harness.get_by_label("Roll back");
    harness.get_by_label_contains("Old fleet sentiment-ab: waits");
}

#[test]
fn a_roll_back_says_why() {
    let harness = page(&rolled_back(RollbackCause::Alarm));
    harness
        .get_by_label("The update to sentiment-linear-only was rolled back by an alarm; sentiment-ab goes on serving");
    harness.get_by_label(WHY);
    harness.get_by_label_contains("sentiment-linear-only was asked for");
    harness.get_by_label_contains("No request was dropped, but the new fleet refused 31 requests.");
    let harness = page(&rolled_back(RollbackCause::ByHand));
    harness.get_by_label_contains("was rolled back by hand; sentiment-ab goes on serving");
}

#[test]
fn the_history_leads_back_to_what_is_still_there() {
    let workspace = rolled_back(RollbackCause::Alarm);
    let mut harness = page(&workspace);
    click(&mut harness, "Deployments");
    harness.get_by_label("serves now");
    harness.get_by_label("Rolled back");
    harness.get_by_label(WHY);
    harness.get_by_label_contains("linear 20 %, 60 s · bake 5 min · back at errors > 1 %");
    harness.get_by_label_contains("new fleet: 640 requests · 31 errors · p99 0.60 ms");
    picture(&mut harness, "update-history");
    click(&mut harness, "Try sentiment-linear-only again, deployment 2");
    harness.get_by_label_contains("5 steps of 20 % with 60 s between them; the old fleet then stays for 5 min");
    picture(&mut harness, "update-dialog-again");
    click(&mut harness, "Start the update");
    match workspace.last_command() {
        Some(Command::UpdateEndpoint { config_name, plan: again, .. }) => {
            assert_eq!((config_name.as_str(), again), (NEW, plan()));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn one_click_goes_back_to_what_served_before() {
    use DeploymentStage::{Done, Draining, Loading, Probing, Swapped};
    let workspace = changed(|endpoint| {
        let mut over = deployment(&[Loading, Probing, Swapped, Draining, Done], &[1.0]);
        (over.ended, over.outcome) = (Some(world::ago(16_000)), DeploymentOutcome::Succeeded);
        over.measured = Some((old(), new()));
        endpoint.deployments.push(over);
        let first = &mut endpoint.deployments[0];
        first.served.clone_from(&endpoint.variants);
        (first.served[0].weight, first.served[1].weight, first.served[1].instance_count) = (9.0, 1.0, 3);
        endpoint.config_name = NEW.into();
    });
    let mut harness = page(&workspace);
    click(&mut harness, "Deployments");
    harness.get_by_label("serves now");
    click(&mut harness, "Go back to sentiment-ab, deployment 1");
    harness.get_by_label_contains("It gets the weights and instance counts back that it had");
    harness.get_by_label_contains("90 % of the traffic");
    harness.get_by_label_contains("Variant xgb-a × 3: model sentiment-xgb-2, 10 % of the traffic");
    picture(&mut harness, "update-go-back");
    click(&mut harness, "Go back");
    match workspace.last_command() {
        Some(Command::UpdateEndpoint { config_name, retain, plan, .. }) => {
            assert_eq!((config_name.as_str(), plan), ("sentiment-ab", DeploymentPlan::default()));
            assert_eq!(retain, Retain::as_left(1));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_gone_says_why_nothing_leads_back() {
    let workspace = rolled_back(RollbackCause::Alarm);
    workspace.change(|snapshot| {
        let config = snapshot.endpoint_configs.get(NEW).unwrap().clone();
        snapshot.models.remove(&config.variants[0].model_name);
    });
    let mut harness = page(&workspace);
    click(&mut harness, "Deployments");
    harness.get_by_label_contains("was deleted");
    assert!(harness.query_by_label_contains("Try sentiment-linear-only again").is_none());
    workspace.change(|snapshot| drop(snapshot.endpoint_configs.remove(NEW)));
    harness.run();
    harness.get_by_label("Endpoint configuration sentiment-linear-only was deleted");
}
