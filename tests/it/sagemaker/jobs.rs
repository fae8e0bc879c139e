//! Training jobs and models.

use counterpoise::domain::algorithm::Algorithm;
use serde_json::{Value, json};

use super::{call, job, ok, refused};
use crate::engine::lab::{BUCKET, Lab};

#[test]
fn a_job_gives_back_its_request_and_what_became_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    let mut request = job("Boston-1", 4);
    request["Tags"] = json!([{ "Key": "team", "Value": "blue" }]);
    request["DebugHookConfig"] = json!({ "S3OutputPath": "s3://somewhere/debug" });
    request["ProfilerConfig"] = json!({ "DisableProfiler": true });
    request["Environment"] = json!({ "A": "b" });
    request["ABrandNewMember"] = json!({ "Deep": [1, 2.5, null] });
    let arn = ok(&lab, "CreateTrainingJob", &request)["TrainingJobArn"].clone();
    assert_eq!(arn, "arn:aws:sagemaker:us-east-1:000000000000:training-job/boston-1");
    lab.finished("Boston-1");

    let described = ok(&lab, "DescribeTrainingJob", &json!({ "TrainingJobName": "Boston-1" }));
    for member in ["HyperParameters", "RoleArn", "ResourceConfig", "DebugHookConfig", "Environment"] {
        assert_eq!(described[member], request[member], "{member}");
    }
    let algorithm = |of: &Value, member: &str| of["AlgorithmSpecification"][member].clone();
    for member in ["TrainingImage", "TrainingInputMode"] {
        assert_eq!(algorithm(&described, member), algorithm(&request, member), "{member}");
    }
    let metrics = algorithm(&described, "MetricDefinitions");
    assert_eq!(metrics[0]["Name"], "train:rmse", "what built-in algorithms measure is said: {metrics}");
    assert_eq!(described["ABrandNewMember"], request["ABrandNewMember"], "what nobody knows comes back too");
    assert!(described.get("Tags").is_none(), "tags have an operation of their own");
    assert_eq!(described["OutputDataConfig"]["KmsKeyId"], "");
    assert_eq!(described["OutputDataConfig"]["S3OutputPath"], format!("s3://{BUCKET}/models/"));
    assert_eq!(described["InputDataConfig"][0]["RecordWrapperType"], "None");
    assert_eq!(
        (&described["TrainingJobStatus"], &described["SecondaryStatus"]),
        (&json!("Completed"), &json!("Completed"))
    );
    let artefact = format!("s3://{BUCKET}/models/Boston-1/output/model.tar.gz");
    assert_eq!(described["ModelArtifacts"]["S3ModelArtifacts"], artefact);
    assert!(
        described["TrainingTimeInSeconds"].as_i64() >= Some(1)
            && described["BillableTimeInSeconds"].as_i64() >= Some(1)
    );
    let at = |member: &str| described[member].as_f64().unwrap_or_else(|| panic!("{member}"));
    assert!(at("CreationTime") <= at("TrainingStartTime") && at("TrainingStartTime") <= at("TrainingEndTime"));
    assert!(at("LastModifiedTime") >= at("TrainingStartTime"));
    let transitions = described["SecondaryStatusTransitions"].as_array().unwrap();
    let stages: Vec<&str> = transitions.iter().map(|t| t["Status"].as_str().unwrap()).collect();
    assert_eq!(stages, ["Starting", "Downloading", "Training", "Uploading", "Completed"]);
    assert!(
        transitions.iter().all(|t| t["EndTime"].as_f64() >= t["StartTime"].as_f64() && t["StatusMessage"].is_string())
    );
    let metrics = described["FinalMetricDataList"].as_array().unwrap();
    assert!(
        metrics.iter().any(|m| m["MetricName"] == "validation:rmse" && m["Value"].is_f64() && m["Timestamp"].is_f64())
    );
    let tags = ok(&lab, "ListTags", &json!({ "ResourceArn": arn }));
    assert_eq!(tags["Tags"], request["Tags"]);
    lab.close();
}

#[test]
fn a_job_of_the_window_is_described_as_if_a_client_had_made_it() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    lab.trained_model("window", Algorithm::LinearLearner, 2);
    let job = ok(&lab, "DescribeTrainingJob", &json!({ "TrainingJobName": "window" }));
    assert_eq!(job["HyperParameters"]["epochs"], "2");
    assert_eq!(job["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3DataType"], "S3Prefix");
    assert_eq!(
        job["ResourceConfig"],
        json!({ "InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1 })
    );
    assert!(job["RoleArn"].as_str().unwrap().starts_with("arn:aws:iam::000000000000:role/"));
    let model = ok(&lab, "DescribeModel", &json!({ "ModelName": "window" }));
    assert_eq!(model["PrimaryContainer"]["Image"], Algorithm::LinearLearner.image());
    assert_eq!(model["PrimaryContainer"]["Mode"], "SingleModel");
    lab.close();
}

#[test]
fn jobs_stop_and_are_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    let named = json!({ "TrainingJobName": "long" });
    ok(&lab, "CreateTrainingJob", &job("long", 500_000));
    let (code, message) = call(&lab, "DeleteTrainingJob", &named).unwrap_err();
    assert_eq!(code, "ResourceInUse", "{message}");
    assert_eq!(ok(&lab, "StopTrainingJob", &named), Value::Null);
    lab.finished("long");
    assert_eq!(ok(&lab, "DescribeTrainingJob", &named)["TrainingJobStatus"], "Stopped");
    assert!(refused(&lab, "StopTrainingJob", &named).contains("status is Stopped"));
    // Its worker may still be on its way out.
    lab.wait("the end of its worker", |_| call(&lab, "DeleteTrainingJob", &named).ok());
    for operation in ["DescribeTrainingJob", "StopTrainingJob", "DeleteTrainingJob"] {
        assert_eq!(refused(&lab, operation, &named), "Requested resource not found.");
    }
    lab.close();
}

#[test]
fn every_form_in_which_clients_name_things_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    let try_with = |name: &str, change: &dyn Fn(&mut Value)| {
        let mut request = job(name, 1);
        change(&mut request);
        ok(&lab, "CreateTrainingJob", &request);
        let job = lab.finished(name);
        assert_eq!(job.status.as_str(), "Completed", "{name}: {:?}", job.failure_reason);
    };
    for (i, image) in
        ["xgboost", "683313688378.dkr.ecr.eu-west-3.amazonaws.com/sagemaker-xgboost:1.7-1", "x/xgboost:latest"]
            .into_iter()
            .enumerate()
    {
        try_with(&format!("image-{i}"), &|request| request["AlgorithmSpecification"]["TrainingImage"] = json!(image));
    }
    for (i, content_type) in
        ["csv", "text/csv", "text/csv; label_size=1", "text/csv;label_size=0", ""].into_iter().enumerate()
    {
        try_with(&format!("type-{i}"), &|request| request["InputDataConfig"][0]["ContentType"] = json!(content_type));
    }
    for (i, prefix) in ["reg/train.csv", "reg/train", "reg/tr"].into_iter().enumerate() {
        let uri = format!("s3://{BUCKET}/{prefix}");
        let source = json!({ "S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated" });
        try_with(&format!("prefix-{i}"), &|request| {
            request["InputDataConfig"][0]["DataSource"] = json!({ "S3DataSource": source });
        });
    }
    try_with("defaults", &|request| {
        request.as_object_mut().unwrap().remove("StoppingCondition");
        request["AlgorithmSpecification"]["TrainingInputMode"] = json!("Pipe");
        request["InputDataConfig"][0]["InputMode"] = json!("FastFile");
        request["RoleArn"] = json!("arn:aws:iam::987654321098:role/service-role/Someone");
    });
    let described = ok(&lab, "DescribeTrainingJob", &json!({ "TrainingJobName": "defaults" }));
    assert_eq!(described["StoppingCondition"]["MaxRuntimeInSeconds"], 86_400);
    lab.close();
}

#[test]
fn the_test_channel_of_the_linear_learner_is_taken_and_named_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    let mut request = job("linear", 1);
    request["AlgorithmSpecification"]["TrainingImage"] =
        json!("382416733822.dkr.ecr.us-east-1.amazonaws.com/linear-learner:1");
    request["HyperParameters"] = json!({ "predictor_type": "regressor", "epochs": "1" });
    request["InputDataConfig"][1]["ChannelName"] = json!("test");
    ok(&lab, "CreateTrainingJob", &request);
    assert_eq!(lab.finished("linear").status.as_str(), "Completed");
    let log = lab.workspace.training_log("linear", 0, 100);
    assert!(log.lines.iter().any(|(_, line)| line.starts_with("Test channel: not read")), "{log:?}");
    lab.close();
}

#[test]
fn models_come_and_go() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    ok(&lab, "CreateTrainingJob", &job("j", 1));
    let artefact = lab.finished("j").artifact.clone().unwrap().to_string();
    let container = json!({ "Image": "xgboost", "ModelDataUrl": artefact, "Environment": { "K": "v" } });
    let create = json!({ "ModelName": "Mine", "ExecutionRoleArn": super::ROLE, "PrimaryContainer": container });
    let arn = ok(&lab, "CreateModel", &create)["ModelArn"].clone();
    assert_eq!(arn, "arn:aws:sagemaker:us-east-1:000000000000:model/mine");
    let twice = refused(&lab, "CreateModel", &create);
    assert!(twice.starts_with("Cannot create already existing model \"arn:aws:sagemaker:"), "{twice}");
    let described = ok(&lab, "DescribeModel", &json!({ "ModelName": "Mine" }));
    assert_eq!((&described["PrimaryContainer"]["Environment"], &described["ModelArn"]), (&json!({ "K": "v" }), &arn));
    assert_eq!(described["ExecutionRoleArn"], super::ROLE);

    let source = json!({ "S3Uri": artefact, "S3DataType": "S3Object", "CompressionType": "Gzip" });
    let other = json!({ "Image": "x/sagemaker-xgboost:1.7-1", "ModelDataSource": { "S3DataSource": source } });
    ok(&lab, "CreateModel", &json!({ "ModelName": "listed", "ExecutionRoleArn": super::ROLE, "Containers": [other] }));
    let described = ok(&lab, "DescribeModel", &json!({ "ModelName": "listed" }));
    assert_eq!(described["Containers"][0]["ModelDataUrl"], artefact);
    assert!(described.get("PrimaryContainer").is_none());

    assert_eq!(ok(&lab, "DeleteModel", &json!({ "ModelName": "Mine" })), Value::Null);
    for operation in ["DescribeModel", "DeleteModel"] {
        let absent = refused(&lab, operation, &json!({ "ModelName": "Mine" }));
        assert_eq!(absent, format!("Could not find model \"{}\".", arn.as_str().unwrap()));
    }
    lab.close();
}
