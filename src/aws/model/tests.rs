//! The rules, in AWS's words; and that everything embedded can be read and compiled.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::data::Kind;
use super::*;

fn refused(service: ModelOf, operation: &str, input: &Value) -> (String, String) {
    assert!(knows(service, operation), "{operation}");
    let error = check(service, operation, input).expect_err("should be refused");
    assert_eq!(error.status.as_u16(), 400);
    (error.code.to_owned(), error.message)
}

fn config(variants: &Value) -> Value {
    json!({ "EndpointConfigName": "c", "ProductionVariants": variants })
}

fn training() -> Value {
    json!({
        "TrainingJobName": "job-1",
        "AlgorithmSpecification": { "TrainingImage": "811284229777.dkr.ecr.us-east-1.amazonaws.com/xgboost:1", "TrainingInputMode": "File" },
        "RoleArn": "arn:aws:iam::123456789012:role/service-role/Role",
        "HyperParameters": { "num_round": "10" },
        "InputDataConfig": [{ "ChannelName": "train", "ContentType": "csv", "DataSource": { "S3DataSource": {
            "S3DataType": "S3Prefix", "S3Uri": "s3://bucket/train", "S3DataDistributionType": "FullyReplicated" } } }],
        "OutputDataConfig": { "S3OutputPath": "s3://bucket/out", "KmsKeyId": "" },
        "ResourceConfig": { "InstanceCount": 1, "InstanceType": "ml.m4.xlarge", "VolumeSizeInGB": 5 },
        "StoppingCondition": { "MaxRuntimeInSeconds": 3600 },
    })
}

#[test]
fn every_embedded_model_is_read_and_every_pattern_compiles() {
    let started = Instant::now();
    for service in ModelOf::ALL {
        assert!(operations(service).len() > 1, "{service:?}");
        assert!(operations(service).is_sorted(), "{service:?}");
        for shape in service.service().shapes() {
            let Some(pattern) = &shape.pattern else { continue };
            assert!(matches!(shape.kind, Kind::Text(_)), "{}", shape.name);
            if let Err(error) = super::pattern::compile(pattern.source()) {
                panic!("{}: {}: {error}", shape.name, pattern.source());
            }
        }
    }
    assert!(started.elapsed() < Duration::from_mins(1));
    assert!(has(ModelOf::SageMaker, "CreateEndpoint") && !has(ModelOf::SageMaker, "createEndpoint"));
    assert!(knows(ModelOf::SageMaker, "CreateEndpoint") && !knows(ModelOf::SageMaker, "CreateApp"));
    assert!(has(ModelOf::S3, "PutObject") && has(ModelOf::CloudWatch, "GetMetricData"));
    let kept: usize = ModelOf::ALL.iter().map(|service| service.service().inputs().count()).sum();
    assert!(kept > 100, "{kept}");
}

#[test]
fn a_good_request_passes_with_members_that_nobody_knows() {
    check(ModelOf::SageMaker, "CreateTrainingJob", &training()).unwrap();
    let mut more = training();
    more["Whatever"] = json!({ "a": [1, null] });
    more["Tags"] = Value::Null;
    check(ModelOf::SageMaker, "CreateTrainingJob", &more).unwrap();
    check(ModelOf::SageMaker, "ListEndpoints", &json!({})).unwrap();
    check(ModelOf::SageMaker, "ListEndpoints", &Value::Null).unwrap();
    check(ModelOf::SageMaker, "ListEndpoints", &json!({ "MaxResults": 1.0, "CreationTimeAfter": 1.7e9 })).unwrap();
    check(ModelOf::SageMaker, "NoSuchOperation", &json!(1)).unwrap();
}

#[test]
fn a_name_that_does_not_fit_is_told_in_aws_s_words() {
    let pattern = "[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}";
    let (code, message) = refused(ModelOf::SageMaker, "DescribeModel", &json!({ "ModelName": "a_b" }));
    assert_eq!(code, "ValidationException");
    assert_eq!(
        message,
        "1 validation error detected: Value 'a_b' at 'modelName' failed to satisfy constraint: \
         Member must satisfy regular expression pattern: [a-zA-Z0-9]([\\-a-zA-Z0-9]*[a-zA-Z0-9])?"
    );
    let long = "a_".repeat(40);
    let (_, message) =
        refused(ModelOf::SageMaker, "CreateEndpoint", &json!({ "EndpointName": long, "EndpointConfigName": "c" }));
    assert_eq!(
        message,
        format!(
            "2 validation errors detected: Value '{long}' at 'endpointName' failed to satisfy constraint: Member must have length less than or equal to 63; \
             Value '{long}' at 'endpointName' failed to satisfy constraint: Member must satisfy regular expression pattern: {pattern}"
        )
    );
}

#[test]
fn missing_members_numbers_and_choices_are_told_with_their_place() {
    let variants = json!([
        { "VariantName": "A", "ModelName": "m", "InitialInstanceCount": 1, "InstanceType": "ml.m4.xlarge" },
        { "ModelName": "m", "InitialInstanceCount": 0, "InstanceType": "big", "InitialVariantWeight": -0.5 },
    ]);
    let (_, message) = refused(ModelOf::SageMaker, "CreateEndpointConfig", &config(&variants));
    assert!(message.starts_with("4 validation errors detected: Value null at 'productionVariants.2.member.variantName' failed to satisfy constraint: Member must not be null; "), "{message}");
    for part in [
        "Value '0' at 'productionVariants.2.member.initialInstanceCount' failed to satisfy constraint: Member must have value greater than or equal to 1",
        "Value 'big' at 'productionVariants.2.member.instanceType' failed to satisfy constraint: Member must satisfy enum value set: [ml.t2.medium, ",
        "Value '-0.5' at 'productionVariants.2.member.initialVariantWeight' failed to satisfy constraint: Member must have value greater than or equal to 0",
    ] {
        assert!(message.contains(part), "{part} is not in {message}");
    }
    let (_, message) = refused(ModelOf::SageMaker, "CreateEndpointConfig", &config(&json!([])));
    assert_eq!(
        message,
        "1 validation error detected: Value '[]' at 'productionVariants' failed to satisfy constraint: Member must have length greater than or equal to 1"
    );
    let (_, message) = refused(ModelOf::SageMaker, "CreateEndpointConfig", &config(&json!([null])));
    assert!(message.contains("Member must satisfy constraint: [Member must not be null]"), "{message}");
}

#[test]
fn elements_are_told_of_the_whole() {
    let mut job = training();
    job["HyperParameters"] = json!({ "a": "1", "b": "x".repeat(2501) });
    let (_, message) = refused(ModelOf::SageMaker, "CreateTrainingJob", &job);
    assert!(message.starts_with("1 validation error detected: Value '{a=1, b=xxx"), "{message}");
    assert!(
        message.ends_with(
            "xx...' at 'hyperParameters' failed to satisfy constraint: Map value must satisfy constraint: [Member must have length less than or equal to 2500, \
             Member must have length greater than or equal to 0, Member must satisfy regular expression pattern: .*]"
        ),
        "{message}"
    );
    job["HyperParameters"] = json!({ "": "1" });
    check(ModelOf::SageMaker, "CreateTrainingJob", &job).unwrap();
    job["HyperParameters"] = json!({ "x".repeat(257): "1" });
    assert!(
        refused(ModelOf::SageMaker, "CreateTrainingJob", &job)
            .1
            .contains("Map keys must satisfy constraint: [Member must have length less than or equal to 256, ")
    );
    let (_, message) =
        refused(ModelOf::SageMaker, "DeleteTags", &json!({ "ResourceArn": "arn:aws:x", "TagKeys": ["a", "b<"] }));
    assert!(message.contains("Value '[a, b<]' at 'tagKeys' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 128, "), "{message}");
}

#[test]
fn values_of_another_type_are_told_before_any_rule() {
    let of = |operation: &str, input: Value| {
        let (code, message) = refused(ModelOf::SageMaker, operation, &input);
        assert_eq!(code, "SerializationException");
        message
    };
    assert_eq!(
        of("DescribeModel", json!({ "ModelName": 1 })),
        "NUMBER_VALUE can not be converted to a String (at 'modelName')"
    );
    assert_eq!(
        of("DescribeModel", json!({ "ModelName": true })),
        "TRUE_VALUE can not be converted to a String (at 'modelName')"
    );
    assert_eq!(
        of("DescribeModel", json!({ "ModelName": {} })),
        "Start of structure or map found where not expected. (at 'modelName')"
    );
    assert_eq!(
        of("DescribeModel", json!({ "ModelName": ["m"] })),
        "Start of list found where not expected (at 'modelName')"
    );
    assert_eq!(of("DescribeModel", json!([])), "Start of list found where not expected");
    assert_eq!(of("DescribeModel", json!("m")), "Expected null");
    assert_eq!(
        of("ListModels", json!({ "MaxResults": "5" })),
        "STRING_VALUE can not be converted to an Integer (at 'maxResults')"
    );
    assert_eq!(
        of("ListModels", json!({ "MaxResults": 1.5 })),
        "DECIMAL_VALUE can not be converted to an Integer (at 'maxResults')"
    );
    assert_eq!(
        of("ListModels", json!({ "MaxResults": 3_000_000_000_u64 })),
        "Numeric value (3000000000) out of range of int (-2147483648 - 2147483647) (at 'maxResults')"
    );
    assert!(of("ListModels", json!({ "MaxResults": 1e300 })).contains("out of range of int"));
    assert!(of("ListModels", json!({ "CreationTimeAfter": "yesterday" })).contains("milliseconds since epoch"));
    assert_eq!(
        of("CreateEndpointConfig", config(&json!([{ "VariantName": "A" }, { "InitialInstanceCount": "1" }]))),
        "STRING_VALUE can not be converted to an Integer (at 'productionVariants.2.member.initialInstanceCount')"
    );
    assert_eq!(
        of("CreateEndpointConfig", config(&json!({}))),
        "Start of structure or map found where not expected. (at 'productionVariants')"
    );
    assert_eq!(
        of("CreateModel", json!({ "EnableNetworkIsolation": "true" })),
        "STRING_VALUE can not be converted to a Boolean (at 'enableNetworkIsolation')"
    );
}

#[test]
fn other_services_call_the_same_refusal_by_their_own_names() {
    let (code, message) =
        refused(ModelOf::Logs, "GetLogEvents", &json!({ "logGroupName": "a b", "logStreamName": "s" }));
    assert_eq!(code, "InvalidParameterException");
    assert!(message.starts_with("1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular"), "{message}");
    let (code, message) = refused(ModelOf::CloudWatch, "GetMetricStatistics", &json!({}));
    assert_eq!(code, "ValidationError");
    assert!(
        message.contains("Value null at 'metricName' failed to satisfy constraint: Member must not be null"),
        "{message}"
    );
    assert_eq!(
        refused(ModelOf::Sts, "AssumeRole", &json!({ "RoleArn": "x", "RoleSessionName": "s" })).0,
        "ValidationError"
    );
}

#[test]
fn an_error_stays_short_whatever_comes() {
    let tags: Vec<Value> = (0..2000).map(|i| json!({ "Key": format!("{i}<"), "Value": "x".repeat(300) })).collect();
    let input = json!({ "ResourceArn": "x".repeat(1 << 20), "Tags": tags });
    let started = Instant::now();
    let (_, message) = refused(ModelOf::SageMaker, "AddTags", &input);
    assert!(message.starts_with("10 validation errors detected: "), "{}", &message[..100]);
    assert!(message.len() < 30_000, "{}", message.len());
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[test]
fn length_is_counted_in_characters() {
    let tag = |text: String| {
        check(
            ModelOf::SageMaker,
            "AddTags",
            &json!({ "ResourceArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint/e", "Tags": [{ "Key": "k", "Value": text }] }),
        )
    };
    tag("ü".repeat(256)).unwrap();
    tag("𝐀".repeat(256)).unwrap();
    assert!(tag("ü".repeat(257)).is_err());
}
