//! CloudWatch metrics and alarms: what an endpoint measured, over the end of the fleet and of the process, and an alarm that goes off.

use std::time::{SystemTime, UNIX_EPOCH};

use counterpoise::domain::alarm::AlarmState;
use counterpoise::domain::algorithm::Algorithm;
use counterpoise::workspace::Command;
use serde_json::{Value, json};

use super::json_call;
use crate::engine::lab::Lab;

fn cloudwatch(lab: &Lab, operation: &str, input: &Value) -> Result<Value, (String, String)> {
    json_call(lab, &format!("GraniteServiceVersion20100801.{operation}"), input)
}

/// An hour before and after.
fn around(lab: &Lab) -> (i64, i64) {
    let now_s = lab.world().made.0 / 1000;
    (now_s - 3_600, now_s + 3_600)
}

/// A statistic of one of `live`'s metrics over the hours around now.
fn statistic(lab: &Lab, metric: &str, statistic: &str) -> Option<f64> {
    let (start, end) = around(lab);
    let input = json!({
        "Namespace": "AWS/SageMaker", "MetricName": metric, "StartTime": start, "EndTime": end, "Period": 7_200, "Statistics": [statistic],
        "Dimensions": [{ "Name": "VariantName", "Value": "A" }, { "Name": "EndpointName", "Value": "live" }],
    });
    let answer = cloudwatch(lab, "GetMetricStatistics", &input).unwrap();
    let points = answer["Datapoints"].as_array().unwrap();
    let values = points.iter().map(|point| point[statistic].as_f64().unwrap());
    values.reduce(|sum, value| sum + value)
}

#[test]
fn measurements_outlive_the_fleet_and_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    lab.trained_model("first", Algorithm::XGBoost, 3);
    lab.config("only", &[("A", "first", 1.0)]);
    lab.serve("live", "only");
    assert_eq!(statistic(&lab, "Invocations", "Sum"), None);
    for _ in 0..5 {
        assert_eq!(lab.invoke("live", "text/csv", "1,2").0, 200);
    }
    assert_ne!(lab.invoke("live", "text/csv", "no,numbers").0, 200);
    assert_eq!(statistic(&lab, "Invocations", "Sum"), Some(6.0));
    assert_eq!(statistic(&lab, "Invocation4XXErrors", "Sum"), Some(1.0));
    assert_eq!(statistic(&lab, "ModelLatency", "SampleCount"), Some(6.0));
    lab.ok(Command::DeleteEndpoint { name: "live".to_owned() });
    assert_eq!(statistic(&lab, "Invocations", "Sum"), Some(6.0), "the endpoint is gone, what it measured is not");
    lab.close();

    let lab = Lab::open(folder.path());
    assert_eq!(statistic(&lab, "Invocations", "Sum"), Some(6.0));
    assert!(statistic(&lab, "ModelLatency", "Maximum").unwrap() > 0.0);
    let listed = cloudwatch(&lab, "ListMetrics", &json!({ "Namespace": "/aws/sagemaker/TrainingJobs" })).unwrap();
    let names: Vec<&str> =
        listed["Metrics"].as_array().unwrap().iter().map(|m| m["MetricName"].as_str().unwrap()).collect();
    assert!(names.contains(&"train:rmse"), "{names:?}");
}

#[test]
fn an_alarm_goes_off_is_kept_and_can_be_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::open(folder.path());
    let state = |lab: &Lab, name: &str| lab.world().alarms.get(name).map(|alarm| alarm.state);
    let put = |threshold: f64| {
        json!({
            "AlarmName": "high", "Namespace": "Mine", "MetricName": "m", "Statistic": "Maximum", "Period": 60, "EvaluationPeriods": 1,
            "Threshold": threshold, "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "ignore",
        })
    };
    // A value of a period that is over: an alarm looks at it as soon as it is made.
    let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() - 60;
    let data = json!([{ "MetricName": "m", "Value": 7.5, "StorageResolution": 1, "Timestamp": at }]);
    cloudwatch(&lab, "PutMetricData", &json!({ "Namespace": "Mine", "MetricData": data })).unwrap();
    cloudwatch(&lab, "PutMetricAlarm", &put(5.0)).unwrap();
    lab.wait("the alarm", |world| (world.alarms.get("high")?.state == AlarmState::Alarm).then_some(()));
    assert!(lab.events().iter().any(|text| text == "Alarm high is in state ALARM"), "{:?}", lab.events());
    let refused = cloudwatch(&lab, "DeleteAlarms", &json!({ "AlarmNames": ["high", "never-made"] }));
    assert_eq!(refused.unwrap_err().0, "ResourceNotFound");
    lab.close();

    let lab = Lab::open(folder.path());
    assert_eq!(state(&lab, "high"), Some(AlarmState::Alarm), "it was not deleted, and its state is kept");
    cloudwatch(&lab, "SetAlarmState", &json!({ "AlarmName": "high", "StateValue": "OK", "StateReason": "by hand" }))
        .unwrap();
    assert_eq!(state(&lab, "high"), Some(AlarmState::Ok));
    cloudwatch(&lab, "DeleteAlarms", &json!({ "AlarmNames": ["high"] })).unwrap();
    assert_eq!(state(&lab, "high"), None);
}
