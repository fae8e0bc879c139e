//! Updates that move traffic in steps, as a client sees them.

use std::time::Instant;

use counterpoise::aws::WireOptions;
use counterpoise::workspace::Command;
use serde_json::{Value, json};

use super::{deployed, ok, refused};
use crate::engine::lab::Lab;

fn described(lab: &Lab) -> Value {
    ok(lab, "DescribeEndpoint", &json!({ "EndpointName": "live" }))
}

/// Describes until it says so.
fn until(lab: &Lab, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    lab.wait(what, |_| Some(described(lab)).filter(|endpoint| is_so(endpoint)))
}

fn status_of_new_fleet(endpoint: &Value) -> &Value {
    &endpoint["PendingDeploymentSummary"]["ProductionVariants"][0]["VariantStatus"][0]["Status"]
}

fn policy(routing: &Value, bake_s: u32) -> Value {
    json!({ "BlueGreenUpdatePolicy": { "TrafficRoutingConfiguration": routing, "TerminationWaitInSeconds": bake_s } })
}

#[test]
fn a_canary_is_seen_on_its_way_and_rolled_back() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    deployed(&lab);
    let percent = json!({ "Type": "CAPACITY_PERCENT", "Value": 25 });
    let canary = json!({ "Type": "CANARY", "WaitIntervalInSeconds": 3600, "CanarySize": percent });
    let deployment = policy(&canary, 60);
    let update = json!({ "EndpointName": "live", "EndpointConfigName": "one", "DeploymentConfig": deployment });
    ok(&lab, "UpdateEndpoint", &update);
    let moving = until(&lab, "the canary", |endpoint| status_of_new_fleet(endpoint) == "ActivatingTraffic");
    assert_eq!((&moving["EndpointStatus"], &moving["EndpointConfigName"]), (&json!("Updating"), &json!("both")));
    assert_eq!(moving["ProductionVariants"].as_array().unwrap().len(), 2, "the old fleet");
    let began = Instant::now();
    for _ in 0..3 {
        described(&lab);
    }
    let took = began.elapsed();
    assert!(took < WireOptions::default().describe_hold, "nobody is held while the plan sets the pace: {took:?}");
    let pending = &moving["PendingDeploymentSummary"];
    assert!(pending["StartTime"].is_f64() && pending["EndpointConfigName"] == "one");
    let variant = &pending["ProductionVariants"][0];
    assert_eq!((&variant["VariantName"], &variant["CurrentInstanceCount"]), (&json!("b"), &json!(1)));
    assert_eq!(variant["VariantStatus"][0]["StatusMessage"], "25 percent of the traffic");
    assert_eq!(moving["LastDeploymentConfig"], deployment);
    assert!(refused(&lab, "UpdateEndpoint", &update).contains("Cannot update in-progress endpoint"));

    lab.ok(Command::RollBackEndpoint { name: "live".into() });
    let back = until(&lab, "the way back", |endpoint| endpoint["EndpointStatus"] == "InService");
    assert_eq!((&back["EndpointConfigName"], &back["FailureReason"]), (&json!("both"), &json!("Rolled back by hand")));
    assert!(back.get("PendingDeploymentSummary").is_none());
    lab.close();
}

#[test]
fn a_bake_is_seen_and_the_last_settings_are_used_again() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    deployed(&lab);
    let at_once = json!({ "Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0 });
    let mut deployment = policy(&at_once, 3600);
    deployment["AutoRollbackConfiguration"] = json!({ "Alarms": [{ "AlarmName": "counterpoise-p99>60000ms" }] });
    let update = json!({ "EndpointName": "live", "EndpointConfigName": "one", "DeploymentConfig": deployment });
    for request in
        [&update, &json!({ "EndpointName": "live", "EndpointConfigName": "one", "RetainDeploymentConfig": true })]
    {
        ok(&lab, "UpdateEndpoint", request);
        let baking = until(&lab, "the bake", |endpoint| status_of_new_fleet(endpoint) == "Baking");
        assert_eq!(baking["LastDeploymentConfig"], deployment);
        lab.ok(Command::RollBackEndpoint { name: "live".into() });
        until(&lab, "the way back", |endpoint| endpoint["EndpointStatus"] == "InService");
    }
    lab.close();
}

#[test]
fn linear_and_rolling_updates_arrive() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    deployed(&lab);
    let half = json!({ "Type": "CAPACITY_PERCENT", "Value": 50 });
    let linear = policy(&json!({ "Type": "LINEAR", "WaitIntervalInSeconds": 0, "LinearStepSize": half }), 0);
    let rolling = json!({ "RollingUpdatePolicy": { "MaximumBatchSize": half, "WaitIntervalInSeconds": 0 } });
    for (config, deployment) in [("one", linear), ("both", rolling)] {
        let update = json!({ "EndpointName": "live", "EndpointConfigName": config, "DeploymentConfig": deployment });
        ok(&lab, "UpdateEndpoint", &update);
        let there = until(&lab, "the end", |endpoint| endpoint["EndpointStatus"] == "InService");
        assert_eq!((&there["EndpointConfigName"], &there["LastDeploymentConfig"]), (&json!(config), &deployment));
        let deployments = &lab.endpoint("live").deployments;
        let shares: Vec<f64> = deployments.last().unwrap().shares.iter().map(|(share, _)| *share).collect();
        assert_eq!(shares, [0.5, 1.0]);
    }
    lab.close();
}
