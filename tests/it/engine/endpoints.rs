//! Endpoints end to end: create, invoke, weights, update with and without success, delete.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use counterpoise::domain::algorithm::Algorithm;
use counterpoise::domain::deployment::DeploymentPlan;
use counterpoise::domain::endpoint::{DeploymentOutcome, EndpointStatus, Retain};
use counterpoise::domain::extras::Extras;
use counterpoise::domain::reference::{Kind, ResourceRef};
use counterpoise::domain::s3_uri::S3Uri;
use counterpoise::workspace::{Command, CommandError};

use super::lab::{BUCKET, Lab, model};

fn weights(name: &str, pairs: &[(&str, f64)]) -> Command {
    let weights = pairs.iter().map(|(variant, weight)| ((*variant).to_owned(), *weight)).collect();
    Command::UpdateWeights { name: name.into(), weights, instance_counts: Vec::new() }
}

fn update(name: &str, config_name: &str, retain: bool) -> Command {
    Command::UpdateEndpoint {
        name: name.into(),
        config_name: config_name.into(),
        retain: Retain::all(retain),
        plan: DeploymentPlan::default(),
        extras: Extras::default(),
    }
}

/// Two models of different depth behind `live`, the second configuration with the other one alone.
fn two_variants(lab: &Lab) {
    lab.trained_model("old", Algorithm::XGBoost, 2);
    lab.trained_model("new", Algorithm::XGBoost, 20);
    lab.config("both", &[("a", "old", 1.0), ("b", "new", 1.0)]);
    lab.config("better", &[("b", "new", 1.0)]);
    lab.serve("live", "both");
}

fn who_answers(lab: &Lab, requests: usize) -> Vec<String> {
    let mut seen: Vec<String> = (0..requests)
        .map(|_| {
            let (status, variant, body) = lab.invoke("live", "text/csv", "0.5,0.5");
            assert_eq!(status, 200, "{body}");
            variant
        })
        .collect();
    seen.sort_unstable();
    seen.dedup();
    seen
}

#[test]
fn the_whole_life_of_an_endpoint() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    two_variants(&lab);
    let (status, _, body) = lab.invoke("live", "text/csv", "1,0\n0,1");
    let answers: Vec<f64> = body.trim().split(',').map(|value| value.parse().unwrap()).collect();
    assert_eq!((status, answers.len()), (200, 2));
    assert!(answers[0] > answers[1], "10a − 5b: {answers:?}");
    assert_eq!(who_answers(&lab, 60), ["a", "b"]);

    lab.ok(weights("live", &[("a", 0.0)]));
    assert_eq!(who_answers(&lab, 60), ["b"], "from the next request on");
    lab.ok(Command::UndoWeights { name: "live".into() });
    assert_eq!(who_answers(&lab, 60), ["a", "b"]);
    let refused = lab.refused(weights("live", &[("c", 1.0)]));
    assert!(refused.to_string().contains("its variants are a, b"), "{refused}");
    let refused = lab.refused(weights("live", &[("a", 0.0), ("b", 0.0)]));
    assert!(refused.to_string().contains("above 0"), "{refused}");

    lab.ok(update("live", "better", false));
    let after = lab.settled("live");
    assert_eq!((after.status, after.config_name.as_str()), (EndpointStatus::InService, "better"));
    assert_eq!((after.deployments.len(), after.deployments[1].failed_requests), (2, 0));
    assert_eq!(after.deployments[1].outcome, DeploymentOutcome::Succeeded);
    assert_eq!(who_answers(&lab, 20), ["b"]);

    lab.ok(Command::DeleteEndpoint { name: "live".into() });
    assert!(!lab.world().endpoints.contains("live"));
    let (status, _, body) = lab.invoke("live", "text/csv", "1,0");
    assert!(status >= 400 && body.contains("live"), "{status} {body}");
    lab.serve("live", "both");
    assert_eq!(who_answers(&lab, 60), ["a", "b"], "the name is free at once");
    lab.close();
}

#[test]
fn a_corrupt_artefact_leaves_the_old_fleet_serving() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    two_variants(&lab);
    lab.put("broken/model.tar.gz", b"this is no archive");
    let uri = S3Uri::new(BUCKET, "broken/model.tar.gz");
    lab.ok(Command::CreateModel(Box::new(model("broken", Algorithm::XGBoost, uri))));
    lab.config("worse", &[("a", "broken", 1.0)]);
    lab.ok(update("live", "worse", false));
    let after = lab.settled("live");
    assert_eq!((after.status, after.config_name.as_str()), (EndpointStatus::InService, "both"));
    assert_eq!(after.requested_config.as_deref(), Some("worse"));
    let reason = after.failure_reason.clone().unwrap();
    for part in ["Variant a", "model broken", "s3://lab-bucket/broken/model.tar.gz"] {
        assert!(reason.contains(part), "{part} is missing in: {reason}");
    }
    assert!(matches!(after.deployments[1].outcome, DeploymentOutcome::Failed(_)));
    assert_eq!(who_answers(&lab, 60), ["a", "b"]);
    lab.ok(update("live", "better", false));
    assert_eq!(lab.settled("live").failure_reason, None, "the next good update clears it");

    lab.ok(Command::CreateEndpoint {
        name: "never".into(),
        config_name: "worse".into(),
        tags: vec![],
        extras: Extras::default(),
    });
    let failed = lab.settled("never");
    assert_eq!(failed.status, EndpointStatus::Failed);
    assert!(failed.failure_reason.as_ref().unwrap().contains("model broken"));
    let again = lab.refused(update("never", "better", false));
    assert!(again.to_string().contains("Delete it and create it again"), "{again}");
    lab.ok(Command::DeleteEndpoint { name: "never".into() });
    lab.close();
}

#[test]
fn names_are_checked_before_anything_is_begun() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    two_variants(&lab);
    let create = |name: &str, config: &str| Command::CreateEndpoint {
        name: name.into(),
        config_name: config.into(),
        tags: vec![],
        extras: Extras::default(),
    };
    assert!(matches!(lab.refused(create("live", "both")), CommandError::AlreadyExists(_)));
    assert!(matches!(lab.refused(create("LIVE", "both")), CommandError::AlreadyExists(_)), "case makes no other name");
    assert!(matches!(lab.refused(create("a_b", "both")), CommandError::Invalid(_)));
    let nothing = CommandError::NotFound(ResourceRef::new(Kind::EndpointConfig, "none"));
    assert_eq!(lab.refused(create("other", "none")), nothing);
    assert_eq!(lab.refused(update("live", "none", false)), nothing);
    let nobody = CommandError::NotFound(ResourceRef::new(Kind::Endpoint, "nobody"));
    assert_eq!(lab.refused(update("nobody", "both", false)), nobody);
    assert_eq!(lab.refused(Command::DeleteEndpoint { name: "nobody".into() }), nobody);
    assert_eq!(lab.refused(weights("nobody", &[("a", 1.0)])), nobody);
    lab.close();
}

#[test]
fn weights_are_kept_through_an_update_that_asks_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    two_variants(&lab);
    lab.config("both-2", &[("a", "new", 1.0), ("b", "new", 1.0)]);
    lab.ok(weights("live", &[("a", 0.0), ("b", 3.0)]));
    lab.ok(update("live", "both-2", true));
    let now: Vec<f64> = lab.settled("live").variants.iter().map(|v| v.weight).collect();
    assert_eq!(now, [0.0, 3.0]);
    assert_eq!(who_answers(&lab, 40), ["b"]);
    lab.ok(update("live", "both", false));
    let now: Vec<f64> = lab.settled("live").variants.iter().map(|v| v.weight).collect();
    assert_eq!(now, [1.0, 1.0]);
    lab.close();
}

#[test]
fn updates_under_load_lose_no_request() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    two_variants(&lab);
    lab.config("first", &[("a", "old", 1.0)]);
    let url = lab.world().invocations_url("live").unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let load = {
        let stop = Arc::clone(&stop);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().unwrap();
            runtime.block_on(async {
                let mut sent = 0_u32;
                while !stop.load(Ordering::Acquire) {
                    let request = client.post(&url).header("content-type", "text/csv").body("0.1,0.9");
                    let response = request.send().await.expect("an answer");
                    assert_eq!(response.status().as_u16(), 200);
                    let variant = response.headers()["x-amzn-invoked-production-variant"].to_str().unwrap().to_owned();
                    assert!(["a", "b"].contains(&variant.as_str()));
                    sent += 1;
                }
                sent
            })
        })
    };
    for i in 0..10 {
        lab.ok(update("live", ["first", "better"][i % 2], false));
        let after = lab.settled("live");
        assert_eq!(after.status, EndpointStatus::InService, "{:?}", after.failure_reason);
        assert_eq!(after.deployments.last().unwrap().failed_requests, 0);
    }
    stop.store(true, Ordering::Release);
    assert!(load.join().expect("no request failed") > 0);
    lab.close();
}

#[test]
fn deleting_while_it_is_created_is_fine() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    two_variants(&lab);
    for _ in 0..10 {
        let create = Command::CreateEndpoint {
            name: "brief".into(),
            config_name: "both".into(),
            tags: vec![],
            extras: Extras::default(),
        };
        lab.ok(create);
        lab.ok(Command::DeleteEndpoint { name: "brief".into() });
        assert!(!lab.world().endpoints.contains("brief"));
    }
    lab.serve("brief", "better");
    // A fleet may be ready before the order to delete comes; one that is ready after it must not be heard of.
    let mut there = false;
    for text in lab.events().iter().filter(|text| text.starts_with("Endpoint brief ")) {
        match text.as_str() {
            "Endpoint brief is in service" => assert!(there, "in service after it was deleted"),
            "Endpoint brief deleted" => there = false,
            _ => there = true,
        }
    }
    assert!(there, "{:?}", lab.events());
    lab.close();
}
