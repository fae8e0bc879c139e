//! What is refused, and in which words: what AWS refuses too, and what Counterpoise does not have.

use serde_json::{Value, json};

use super::{call, deployed, job, ok, refused, variant};
use crate::engine::lab::Lab;

#[test]
fn operations_that_are_not_there_name_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::open(folder.path());
    for (operation, part) in [
        (
            "CreateHyperParameterTuningJob",
            "CreateHyperParameterTuningJob of SageMaker is not available in Counterpoise",
        ),
        ("CreateTransformJob", "is not available in Counterpoise"),
        ("DescribeNotebookInstance", "is not available in Counterpoise"),
        ("MakeCoffee", "SageMaker has no operation MakeCoffee"),
    ] {
        let (code, message) = call(&lab, operation, &json!({})).unwrap_err();
        assert_eq!(code, "UnknownOperationException");
        assert!(message.contains(part), "{message}");
    }
    let headers = [("x-amz-target", "SageMaker.ListModels")];
    for (body, code) in
        [(&b"{"[..], "SerializationException"), (b"[1]", "SerializationException"), (b"\xff", "SerializationException")]
    {
        let (status, _, answer) = lab.post("/", &headers, body);
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        assert_eq!((status, &answer["__type"]), (400, &json!(code)));
    }
    assert_eq!(lab.post("/", &headers, b"").0, 200, "no members");
    lab.close();
}

#[test]
fn jobs_that_cannot_be_run_are_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    let changes: &[(&str, Value, &str)] = &[
        (
            "/AlgorithmSpecification/TrainingImage",
            json!("520713654638.dkr.ecr.us-east-1.amazonaws.com/sagemaker-pytorch:0.4.0-cpu-py3"),
            "sagemaker-pytorch:0.4.0-cpu-py3 is not available in Counterpoise",
        ),
        ("/AlgorithmSpecification/TrainingInputMode", json!("Fast"), "Member must satisfy enum value set"),
        ("/HyperParameters/etta", json!("1"), "is not a hyperparameter of xgboost"),
        ("/HyperParameters/num_round", json!("0"), "HyperParameters.num_round"),
        ("/InputDataConfig/1/ChannelName", json!("test"), "is not a channel of xgboost"),
        ("/InputDataConfig/0/ContentType", json!("application/x-parquet"), "ContentType"),
        (
            "/InputDataConfig/0/RecordWrapperType",
            json!("RecordIO"),
            "RecordWrapperType RecordIO (channel train) is not available",
        ),
        (
            "/InputDataConfig/0/DataSource/S3DataSource/S3DataType",
            json!("ManifestFile"),
            "S3DataType ManifestFile (channel train) is not available",
        ),
        (
            "/InputDataConfig/0/DataSource/S3DataSource/S3Uri",
            json!("s3://lab-bucket/none"),
            "No S3 objects found under S3 URL \"s3://lab-bucket/none\" given in input data source",
        ),
        (
            "/InputDataConfig/0/DataSource/S3DataSource/S3Uri",
            json!("s3://other-bucket/x"),
            "No S3 objects found under S3 URL \"s3://other-bucket/x\"",
        ),
        ("/OutputDataConfig/S3OutputPath", json!("s3://other-bucket/x"), "bucket other-bucket"),
        ("/OutputDataConfig/CompressionType", json!("NONE"), "CompressionType NONE is not available"),
        ("/TrainingJobName", json!("a_b"), "Member must satisfy regular expression pattern"),
    ];
    for (pointer, value, part) in changes {
        let mut request = job("j", 1);
        request["InputDataConfig"][0]["RecordWrapperType"] = json!("None");
        request["OutputDataConfig"]["CompressionType"] = json!("GZIP");
        request["HyperParameters"]["etta"] = Value::Null;
        request["HyperParameters"].as_object_mut().unwrap().remove("etta");
        if pointer.ends_with("etta") {
            request["HyperParameters"]["etta"] = value.clone();
        } else {
            *request.pointer_mut(pointer).unwrap() = value.clone();
        }
        let message = refused(&lab, "CreateTrainingJob", &request);
        assert!(message.contains(part), "{pointer}: {message}");
    }
    assert!(lab.world().training_jobs.is_empty(), "nothing of it is there");
    ok(&lab, "CreateTrainingJob", &job("Twice", 1));
    let (code, message) = call(&lab, "CreateTrainingJob", &job("TWICE", 1)).unwrap_err();
    assert_eq!(code, "ResourceInUse");
    assert!(
        message.contains("already exists (arn:aws:sagemaker:us-east-1:000000000000:training-job/twice)"),
        "{message}"
    );
    lab.finished("Twice");
    lab.close();
}

#[test]
fn what_would_only_seem_to_work_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    deployed(&lab);
    let config = |variant: Value, more: (&str, Value)| {
        let mut request = json!({ "EndpointConfigName": "c", "ProductionVariants": [variant] });
        request[more.0] = more.1;
        refused(&lab, "CreateEndpointConfig", &request)
    };
    let nothing = || ("Tags", json!([]));
    let serverless = json!({ "VariantName": "a", "ModelName": "old", "ServerlessConfig": { "MemorySizeInMB": 1024, "MaxConcurrency": 1 } });
    assert!(config(serverless, nothing()).contains("ServerlessConfig of variant a is not available in Counterpoise"));
    let shadows = |shadows: Value| ("ShadowProductionVariants", shadows);
    let twice = config(variant("a", "old", 1.0), shadows(json!([variant("a", "new", 1.0)])));
    assert!(twice.contains("ShadowProductionVariants[0].VariantName"), "{twice}");
    let none = config(variant("a", "old", 1.0), shadows(json!([])));
    assert!(none.contains("shadowProductionVariants") && none.contains("greater than or equal to 1"), "{none}");
    let mut typeless = variant("a", "old", 1.0);
    typeless.as_object_mut().unwrap().remove("InstanceType");
    assert!(config(typeless, nothing()).contains("InstanceType of variant a is required"));
    assert!(config(variant("a", "none", 1.0), nothing()).starts_with("Could not find model \"arn:"));

    let update = |deployment: Value| {
        let request = json!({ "EndpointName": "live", "EndpointConfigName": "one", "DeploymentConfig": deployment });
        refused(&lab, "UpdateEndpoint", &request)
    };
    let size = json!({ "Type": "CAPACITY_PERCENT", "Value": 10 });
    let rolling = json!({ "MaximumBatchSize": size, "WaitIntervalInSeconds": 0, "RollbackMaximumBatchSize": size });
    let said = update(json!({ "RollingUpdatePolicy": rolling }));
    assert!(said.contains("RollbackMaximumBatchSize is not available in Counterpoise"), "{said}");
    let at_once = json!({ "TrafficRoutingConfiguration": { "Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0 } });
    let alarms = |name: &str| json!({ "Alarms": [{ "AlarmName": name }] });
    let said = update(json!({ "BlueGreenUpdatePolicy": at_once, "AutoRollbackConfiguration": alarms("mine") }));
    assert!(said.contains("mine") && said.contains("must be the name of an alarm that PutMetricAlarm made"), "{said}");
    let watched = alarms("counterpoise-error-rate>1%");
    let said = update(json!({ "BlueGreenUpdatePolicy": at_once, "AutoRollbackConfiguration": watched }));
    assert!(said.contains("TerminationWaitInSeconds") && said.contains("nothing would be left to watch"), "{said}");
    let linear = json!({ "Type": "LINEAR", "WaitIntervalInSeconds": 1, "LinearStepSize": { "Type": "INSTANCE_COUNT", "Value": 1 } });
    let said = update(json!({ "BlueGreenUpdatePolicy": { "TrafficRoutingConfiguration": linear } }));
    assert!(said.contains("1 of 1 instances"), "{said}");

    let model = |container: Value| {
        let request = json!({ "ModelName": "m", "ExecutionRoleArn": super::ROLE, "PrimaryContainer": container });
        refused(&lab, "CreateModel", &request)
    };
    let data = "s3://lab-bucket/models/old/output/model.tar.gz";
    assert!(
        model(json!({ "Image": "nginx:latest", "ModelDataUrl": data }))
            .contains("nginx:latest is not available in Counterpoise")
    );
    assert!(model(json!({ "Image": "xgboost" })).contains("ModelDataUrl is required"));
    let gone = model(json!({ "Image": "xgboost", "ModelDataUrl": "s3://lab-bucket/gone.tar.gz" }));
    assert_eq!(gone, "Could not find model data at s3://lab-bucket/gone.tar.gz.");
    assert!(
        model(json!({ "Image": "xgboost", "ModelDataUrl": data, "Mode": "MultiModel" }))
            .contains("MultiModel is not available")
    );
    let container = json!({ "Image": "xgboost", "ModelDataUrl": data });
    let pipeline = json!({ "ModelName": "m", "ExecutionRoleArn": super::ROLE, "Containers": [container, container] });
    assert!(
        refused(&lab, "CreateModel", &pipeline).contains("inference pipeline of several Containers is not available")
    );

    let endpoint = json!({ "EndpointName": "e", "EndpointConfigName": "none" });
    assert!(refused(&lab, "CreateEndpoint", &endpoint).starts_with("Could not find endpoint configuration \"arn:"));
    let twice = json!({ "EndpointName": "LIVE", "EndpointConfigName": "one" });
    assert!(refused(&lab, "CreateEndpoint", &twice).starts_with("Cannot create already existing endpoint \"arn:"));
    lab.close();
}
