//! Endpoint configurations and endpoints: from created to deleted.

use serde_json::{Value, json};

use super::{deployed, ok, refused, variant};
use crate::engine::lab::Lab;

fn endpoint(lab: &Lab, name: &str) -> Value {
    ok(lab, "DescribeEndpoint", &json!({ "EndpointName": name }))
}

#[test]
fn an_endpoint_is_made_moved_and_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    deployed(&lab);
    let live = endpoint(&lab, "live");
    assert_eq!(live["EndpointArn"], "arn:aws:sagemaker:us-east-1:000000000000:endpoint/live");
    assert_eq!((&live["EndpointStatus"], &live["EndpointConfigName"]), (&json!("InService"), &json!("both")));
    let variants = live["ProductionVariants"].as_array().unwrap();
    assert_eq!((variants.len(), &variants[0]["VariantName"]), (2, &json!("a")));
    for member in ["CurrentWeight", "DesiredWeight"] {
        assert_eq!(variants[0][member], 1.0, "{member}");
    }
    for member in ["CurrentInstanceCount", "DesiredInstanceCount"] {
        assert_eq!(variants[0][member], 1, "{member}");
    }
    assert!(variants[0]["DeployedImages"][0]["SpecifiedImage"].as_str().unwrap().contains("xgboost"));
    assert!(live["CreationTime"].is_f64() && live["LastModifiedTime"].is_f64() && live.get("FailureReason").is_none());

    let policy = json!({ "TrafficRoutingConfiguration": { "Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0 } });
    let deployment = json!({ "BlueGreenUpdatePolicy": policy });
    let update = json!({ "EndpointName": "live", "EndpointConfigName": "one", "DeploymentConfig": deployment });
    assert_eq!(ok(&lab, "UpdateEndpoint", &update)["EndpointArn"], live["EndpointArn"]);
    lab.settled("live");
    let moved = endpoint(&lab, "live");
    assert_eq!((&moved["EndpointConfigName"], &moved["LastDeploymentConfig"]), (&json!("one"), &deployment));
    assert_eq!(moved["ProductionVariants"].as_array().unwrap().len(), 1);
    let back = json!({ "EndpointName": "live", "EndpointConfigName": "both", "RetainDeploymentConfig": true });
    ok(&lab, "UpdateEndpoint", &back);
    lab.settled("live");
    assert_eq!(endpoint(&lab, "live")["LastDeploymentConfig"], deployment, "kept when asked for");

    let named = json!({ "EndpointName": "live" });
    assert_eq!(ok(&lab, "DeleteEndpoint", &named), Value::Null);
    assert!(refused(&lab, "DescribeEndpoint", &named).starts_with("Could not find endpoint \"arn:"));
    assert!(refused(&lab, "DeleteEndpoint", &named).starts_with("Could not find endpoint \"arn:"));
    ok(&lab, "CreateEndpoint", &json!({ "EndpointName": "live", "EndpointConfigName": "one" }));
    lab.settled("live");
    lab.close();
}

#[test]
fn weights_and_counts_are_obeyed_by_the_next_request() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    deployed(&lab);
    let set = |desired: Value| json!({ "EndpointName": "live", "DesiredWeightsAndCapacities": desired });
    let desired = json!([
        { "VariantName": "a", "DesiredWeight": 0.0 },
        { "VariantName": "b", "DesiredWeight": 2.5, "DesiredInstanceCount": 3 },
    ]);
    ok(&lab, "UpdateEndpointWeightsAndCapacities", &set(desired));
    for _ in 0..20 {
        assert_eq!(lab.invoke("live", "text/csv", "0.5,0.5").1, "b");
    }
    let variants = endpoint(&lab, "live")["ProductionVariants"].clone();
    assert_eq!((&variants[0]["CurrentWeight"], &variants[1]["DesiredWeight"]), (&json!(0.0), &json!(2.5)));
    assert_eq!((&variants[0]["CurrentInstanceCount"], &variants[1]["CurrentInstanceCount"]), (&json!(1), &json!(3)));
    ok(&lab, "UpdateEndpointWeightsAndCapacities", &set(json!([{ "VariantName": "a", "DesiredInstanceCount": 2 }])));
    assert_eq!(endpoint(&lab, "live")["ProductionVariants"][0]["DesiredInstanceCount"], 2);
    assert_eq!(lab.endpoint("live").weight_changes.len(), 1, "counts alone are no change of weights");

    for (wrong, part) in [
        (json!([{ "VariantName": "c", "DesiredWeight": 1.0 }]), "its variants are a, b"),
        (json!([{ "VariantName": "b", "DesiredWeight": 0.0 }]), "at least one must be above 0"),
        (json!([{ "VariantName": "b", "DesiredInstanceCount": 0 }]), "must be at least 1"),
        (json!([{ "VariantName": "b" }]), "neither DesiredWeight nor DesiredInstanceCount"),
    ] {
        let message = refused(&lab, "UpdateEndpointWeightsAndCapacities", &set(wrong));
        assert!(message.contains(part), "{message}");
    }
    assert_eq!(endpoint(&lab, "live")["ProductionVariants"][1]["DesiredInstanceCount"], 3, "a refusal changes nothing");
    lab.close();
}

#[test]
fn what_is_retained_can_be_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    deployed(&lab);
    let desired = json!([{ "VariantName": "b", "DesiredWeight": 7.0, "DesiredInstanceCount": 4 }]);
    ok(
        &lab,
        "UpdateEndpointWeightsAndCapacities",
        &json!({ "EndpointName": "live", "DesiredWeightsAndCapacities": desired }),
    );
    let moved = |config: &str, excluded: Value| {
        let update = json!({
            "EndpointName": "live",
            "EndpointConfigName": config,
            "RetainAllVariantProperties": true,
            "ExcludeRetainedVariantProperties": excluded,
        });
        ok(&lab, "UpdateEndpoint", &update);
        lab.settled("live");
        let variants = endpoint(&lab, "live")["ProductionVariants"].as_array().unwrap().clone();
        let b = variants.into_iter().find(|v| v["VariantName"] == "b").unwrap();
        (b["CurrentWeight"].as_f64().unwrap(), b["CurrentInstanceCount"].as_i64().unwrap())
    };
    assert_eq!(moved("one", json!([])), (7.0, 4));
    assert_eq!(moved("both", json!([{ "VariantPropertyType": "DesiredWeight" }])), (1.0, 4));
    assert_eq!(moved("one", json!([{ "VariantPropertyType": "DesiredInstanceCount" }])), (1.0, 1));
    lab.close();
}

#[test]
fn a_broken_model_leaves_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    deployed(&lab);
    lab.put("broken/model.tar.gz", b"no archive");
    let container = json!({ "Image": "xgboost", "ModelDataUrl": "s3://lab-bucket/broken/model.tar.gz" });
    ok(
        &lab,
        "CreateModel",
        &json!({ "ModelName": "broken", "ExecutionRoleArn": super::ROLE, "PrimaryContainer": container }),
    );
    let variants = json!([variant("x", "broken", 1.0)]);
    ok(&lab, "CreateEndpointConfig", &json!({ "EndpointConfigName": "bad", "ProductionVariants": variants }));
    ok(&lab, "CreateEndpoint", &json!({ "EndpointName": "never", "EndpointConfigName": "bad" }));
    lab.settled("never");
    let failed = endpoint(&lab, "never");
    assert_eq!(failed["EndpointStatus"], "Failed");
    assert!(failed["FailureReason"].as_str().unwrap().contains("broken"), "{failed}");
    let update = json!({ "EndpointName": "never", "EndpointConfigName": "one" });
    assert!(refused(&lab, "UpdateEndpoint", &update).contains("Cannot update a Failed endpoint"));
    ok(&lab, "UpdateEndpoint", &json!({ "EndpointName": "live", "EndpointConfigName": "bad" }));
    lab.settled("live");
    let still = endpoint(&lab, "live");
    assert_eq!((&still["EndpointStatus"], &still["EndpointConfigName"]), (&json!("InService"), &json!("both")));
    assert!(still["FailureReason"].is_string());
    lab.close();
}

#[test]
fn a_configuration_gives_back_its_request() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    deployed(&lab);
    let mut with_more = variant("a", "old", 0.5);
    with_more["ContainerStartupHealthCheckTimeoutInSeconds"] = json!(120);
    let capture = json!({
        "EnableCapture": true,
        "InitialSamplingPercentage": 50,
        "DestinationS3Uri": "s3://lab-bucket/captured",
        "CaptureOptions": [{ "CaptureMode": "Input" }],
    });
    let create = json!({
        "EndpointConfigName": "full",
        "ProductionVariants": [with_more],
        "DataCaptureConfig": capture,
        "Tags": [{ "Key": "k", "Value": "v" }],
    });
    let arn = ok(&lab, "CreateEndpointConfig", &create)["EndpointConfigArn"].clone();
    let named = json!({ "EndpointConfigName": "full" });
    let described = ok(&lab, "DescribeEndpointConfig", &named);
    assert_eq!(described["ProductionVariants"], create["ProductionVariants"]);
    assert_eq!((&described["DataCaptureConfig"], &described["EndpointConfigArn"]), (&capture, &arn));
    ok(&lab, "CreateEndpoint", &json!({ "EndpointName": "captures", "EndpointConfigName": "full" }));
    lab.settled("captures");
    assert_eq!(endpoint(&lab, "captures")["DataCaptureConfig"]["CaptureStatus"], "Started");
    assert!(
        refused(&lab, "CreateEndpointConfig", &create)
            .starts_with("Cannot create already existing endpoint configuration")
    );
    assert_eq!(ok(&lab, "DeleteEndpointConfig", &named), Value::Null);
    let absent = refused(&lab, "DescribeEndpointConfig", &named);
    assert!(absent.starts_with("Could not find endpoint configuration \"arn:"), "{absent}");
    lab.close();
}

#[test]
fn shadow_variants_come_back_in_both_descriptions_and_obey_weights() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    deployed(&lab);
    let mut shadow = variant("s", "new", 0.5);
    shadow.as_object_mut().unwrap().insert("EnableSSMAccess".to_owned(), json!(false));
    let request = json!({
        "EndpointConfigName": "shadowed",
        "ProductionVariants": [variant("a", "old", 1.0)],
        "ShadowProductionVariants": [shadow],
    });
    ok(&lab, "CreateEndpointConfig", &request);
    let config = ok(&lab, "DescribeEndpointConfig", &json!({ "EndpointConfigName": "shadowed" }));
    assert_eq!(config["ShadowProductionVariants"], request["ShadowProductionVariants"]);
    ok(&lab, "UpdateEndpoint", &json!({ "EndpointName": "live", "EndpointConfigName": "shadowed" }));
    lab.settled("live");
    let of = |lab: &Lab| endpoint(lab, "live")["ShadowProductionVariants"][0].clone();
    assert_eq!((&of(&lab)["VariantName"], &of(&lab)["CurrentWeight"]), (&json!("s"), &json!(0.5)));
    assert_eq!(of(&lab)["CurrentInstanceCount"], 1);
    let desired = json!([{ "VariantName": "s", "DesiredWeight": 1.0, "DesiredInstanceCount": 2 }]);
    let set = json!({ "EndpointName": "live", "DesiredWeightsAndCapacities": desired });
    ok(&lab, "UpdateEndpointWeightsAndCapacities", &set);
    assert_eq!((&of(&lab)["DesiredWeight"], &of(&lab)["DesiredInstanceCount"]), (&json!(1.0), &json!(2)));
    assert_eq!(lab.invoke("live", "text/csv", "0.5,0.5").1, "a");
    // What was made in the window is described as well.
    let promote = counterpoise::workspace::Command::PromoteShadow {
        name: "live".into(),
        shadow: "s".into(),
        instead_of: "a".into(),
        config_name: "promoted".into(),
    };
    lab.ok(promote);
    lab.settled("live");
    let config = ok(&lab, "DescribeEndpointConfig", &json!({ "EndpointConfigName": "promoted" }));
    assert_eq!(
        (&config["ProductionVariants"][0]["VariantName"], config.get("ShadowProductionVariants")),
        (&json!("s"), None)
    );
    assert_eq!(endpoint(&lab, "live").get("ShadowProductionVariants"), None);
    lab.close();
}
