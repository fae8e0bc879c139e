//! Shadow variants and instance counts in a whole system: made, measured, moved, kept through a restart, and promoted.

use counterpoise::domain::algorithm::Algorithm;
use counterpoise::domain::deployment::DeploymentPlan;
use counterpoise::domain::endpoint::{EndpointStatus, Retain};
use counterpoise::domain::extras::Extras;
use counterpoise::stats::live::ShadowLive;
use counterpoise::workspace::{Command, CommandError};

use super::lab::{Lab, config};

fn shadowed(lab: &Lab) {
    lab.trained_model("old", Algorithm::XGBoost, 2);
    lab.trained_model("new", Algorithm::XGBoost, 20);
    let mut wanted = config("both", &[("a", "old", 2.0)]);
    wanted.shadow_variants = config("x", &[("s", "new", 1.0)]).variants;
    lab.ok(Command::CreateEndpointConfig(Box::new(wanted)));
    lab.serve("live", "both");
}

fn ask(lab: &Lab, requests: usize) {
    for _ in 0..requests {
        let (status, variant, body) = lab.invoke("live", "text/csv", "0.5,0.5");
        assert_eq!((status, variant.as_str()), (200, "a"), "{body}");
    }
}

/// The shadow variant, once it has answered so many copies.
fn shadow(lab: &Lab, answered: u64) -> ShadowLive {
    lab.wait("the shadow's answers", |_| {
        let live = lab.workspace.endpoint_live("live")?;
        live.shadows.first().filter(|shadow| shadow.variant.requests >= answered).cloned()
    })
}

fn weights(pairs: &[(&str, f64)], counts: &[(&str, u32)]) -> Command {
    Command::UpdateWeights {
        name: "live".into(),
        weights: pairs.iter().map(|(variant, weight)| ((*variant).to_owned(), *weight)).collect(),
        instance_counts: counts.iter().map(|(variant, count)| ((*variant).to_owned(), *count)).collect(),
    }
}

fn promote(shadow: &str, instead_of: &str) -> Command {
    Command::PromoteShadow {
        name: "live".into(),
        shadow: shadow.into(),
        instead_of: instead_of.into(),
        config_name: "promoted".into(),
    }
}

#[test]
fn a_shadow_gets_its_share_and_comes_back_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    shadowed(&lab);
    assert_eq!(lab.endpoint("live").shadow_shares(), [0.5], "1 over 2");
    lab.ok(weights(&[("s", 2.0)], &[]));
    ask(&lab, 40);
    let all = shadow(&lab, 40);
    assert_eq!((all.share, all.variant.requests, all.dropped), (1.0, 40, 0));
    assert!(lab.events().iter().any(|text| text == "Shadow variants of live get copies of requests: s 100 %"));
    // The production weight moves, and by the rule the share with it.
    lab.ok(weights(&[("a", 8.0)], &[]));
    assert_eq!(lab.workspace.endpoint_live("live").unwrap().shadows[0].share, 0.25);
    lab.ok(Command::UndoWeights { name: "live".into() });
    assert_eq!(lab.workspace.endpoint_live("live").unwrap().shadows[0].share, 1.0);
    // The window moves a shadow's weight along, so that its share stays; taken back together.
    lab.ok(weights(&[("a", 1.0), ("s", 1.0)], &[]));
    lab.ok(Command::UndoWeights { name: "live".into() });
    assert_eq!((lab.endpoint("live").shadow_variants[0].weight, lab.endpoint("live").variants[0].weight), (2.0, 2.0));
    let refused = lab.refused(weights(&[("x", 1.0)], &[])).to_string();
    assert!(refused.contains("its variants are a, s"), "{refused}");
    lab.close();

    let lab = Lab::open(folder.path());
    assert_eq!(lab.endpoint("live").shadow_variants[0].weight, 2.0);
    ask(&lab, 20);
    assert_eq!(shadow(&lab, 20).share, 1.0);
    let tagged = lab.invoke("live", "text/csv", "0.5,0.5");
    assert_eq!(tagged.1, "a", "a shadow never answers");
    lab.close();
}

#[test]
fn a_promoted_shadow_answers_in_the_place_of_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    shadowed(&lab);
    assert!(matches!(lab.refused(promote("a", "s")), CommandError::Invalid(_)));
    assert!(!lab.world().endpoint_configs.contains("promoted"), "nothing is left behind by a refusal");
    ask(&lab, 5);
    lab.ok(promote("s", "a"));
    let after = lab.settled("live");
    assert_eq!((after.status, after.config_name.as_str()), (EndpointStatus::InService, "promoted"));
    assert_eq!((after.variants[0].name.as_str(), after.variants[0].weight), ("s", 2.0));
    assert!(after.shadow_variants.is_empty());
    assert_eq!(lab.invoke("live", "text/csv", "0.5,0.5").1, "s");
    assert_eq!(after.deployments.last().unwrap().failed_requests, 0);
    let live = lab.workspace.endpoint_live("live").unwrap();
    assert_eq!((live.shadows.len(), live.variants[0].requests), (0, 1));
    lab.close();
}

#[test]
fn instance_counts_are_the_limits_of_the_fleet_that_serves() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    shadowed(&lab);
    let gauge = |lab: &Lab, variant: &str| {
        let page = String::from_utf8(lab.get("/metrics")).unwrap();
        let begins = format!("counterpoise_variant_instances{{endpoint=\"live\",variant=\"{variant}\"");
        let line = page.lines().find(|line| line.starts_with(&begins)).unwrap_or_else(|| panic!("{page}"));
        line.rsplit_once(' ').unwrap().1.to_owned()
    };
    assert_eq!(gauge(&lab, "a"), "1");
    lab.ok(weights(&[], &[("a", 3), ("s", 2)]));
    assert_eq!(gauge(&lab, "a"), "3", "from the moment at which it is answered");
    assert_eq!(lab.workspace.endpoint_live("live").unwrap().shadows[0].variant.instances, 2);
    let refused = lab.refused(weights(&[], &[("a", 0)])).to_string();
    assert!(refused.contains("must be at least 1"), "{refused}");
    lab.close();
    let lab = Lab::open(folder.path());
    assert_eq!(gauge(&lab, "a"), "3", "after a restart");
    lab.close();
}

#[test]
fn going_back_brings_a_shadows_share_back_too() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    shadowed(&lab);
    lab.ok(weights(&[("s", 1.5)], &[("s", 3)]));
    let before = lab.endpoint("live");
    let to = |config_name: &str, retain: Retain| Command::UpdateEndpoint {
        name: "live".into(),
        config_name: config_name.into(),
        retain,
        plan: DeploymentPlan::default(),
        extras: Extras::default(),
    };
    let alone = before.variants[0].clone();
    lab.config("alone", &[(&alone.name, &alone.model_name, 1.0)]);
    lab.ok(to("alone", Retain::NOTHING));
    assert!(lab.settled("live").shadow_variants.is_empty());
    lab.ok(to(&before.config_name, Retain::as_left(1)));
    let after = lab.settled("live");
    assert_eq!((&after.shadow_variants, &after.variants), (&before.shadow_variants, &before.variants));
    lab.close();
}
