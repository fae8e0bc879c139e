//! Lists and tags.

use serde_json::{Value, json};

use super::{deployed, job, ok, refused};
use crate::engine::lab::Lab;

fn names(list: &Value, member: &str) -> Vec<String> {
    let rows = list.as_array().unwrap_or_else(|| panic!("a list: {list}"));
    rows.iter().map(|row| row[member].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_resource_has_a_list() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    deployed(&lab);
    let by_name = json!({ "SortBy": "Name", "SortOrder": "Ascending" });
    let jobs = ok(&lab, "ListTrainingJobs", &by_name)["TrainingJobSummaries"].clone();
    assert_eq!(names(&jobs, "TrainingJobName"), ["new", "old"]);
    assert!(
        jobs[0]["TrainingEndTime"].is_f64()
            && jobs[0]["LastModifiedTime"].is_f64()
            && jobs[0]["TrainingJobStatus"] == "Completed"
    );
    assert_eq!(names(&ok(&lab, "ListModels", &by_name)["Models"], "ModelName"), ["new", "old"]);
    assert_eq!(
        names(&ok(&lab, "ListEndpointConfigs", &by_name)["EndpointConfigs"], "EndpointConfigName"),
        ["both", "one"]
    );
    let endpoints = ok(&lab, "ListEndpoints", &json!({ "StatusEquals": "InService" }))["Endpoints"].clone();
    assert_eq!(names(&endpoints, "EndpointName"), ["live"]);
    assert_eq!(ok(&lab, "ListEndpoints", &json!({ "StatusEquals": "Failed" }))["Endpoints"], json!([]));
    assert_eq!(ok(&lab, "ListModels", &json!({ "NameContains": "NE" }))["Models"].as_array().unwrap().len(), 1);
    assert_eq!(
        ok(&lab, "ListTrainingJobs", &json!({ "WarmPoolStatusEquals": "Available" }))["TrainingJobSummaries"],
        json!([])
    );

    let first = ok(&lab, "ListModels", &json!({ "MaxResults": 1 }));
    assert_eq!(names(&first["Models"], "ModelName"), ["new"], "newest first");
    let token = &first["NextToken"];
    let second = ok(&lab, "ListModels", &json!({ "MaxResults": 1, "NextToken": token }));
    assert_eq!((names(&second["Models"], "ModelName"), second.get("NextToken")), (vec!["old".to_owned()], None));
    assert!(refused(&lab, "ListEndpoints", &json!({ "NextToken": token })).contains("NextToken"));
    assert!(refused(&lab, "ListModels", &json!({ "NextToken": "garbage" })).contains("NextToken"));
    assert!(refused(&lab, "ListModels", &json!({ "SortBy": "Status" })).contains("sortBy"));
    lab.close();
}

#[test]
fn tags_are_kept_by_arn() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    deployed(&lab);
    ok(&lab, "CreateTrainingJob", &job("Mixed-Case", 1));
    for (kind, name) in
        [("training-job", "mixed-case"), ("model", "old"), ("endpoint-config", "both"), ("endpoint", "live")]
    {
        let arn = format!("arn:aws:sagemaker:us-east-1:000000000000:{kind}/{name}");
        let tags = json!([{ "Key": "team", "Value": "blue" }, { "Key": "age", "Value": "" }]);
        assert_eq!(
            ok(&lab, "AddTags", &json!({ "ResourceArn": arn, "Tags": tags }))["Tags"].as_array().unwrap().len(),
            2
        );
        let again = json!({ "ResourceArn": arn, "Tags": [{ "Key": "team", "Value": "red" }] });
        ok(&lab, "AddTags", &again);
        let listed = ok(&lab, "ListTags", &json!({ "ResourceArn": arn }))["Tags"].clone();
        assert_eq!(listed, json!([{ "Key": "age", "Value": "" }, { "Key": "team", "Value": "red" }]), "{kind}");
        assert_eq!(ok(&lab, "DeleteTags", &json!({ "ResourceArn": arn, "TagKeys": ["team", "none"] })), json!({}));
        assert_eq!(ok(&lab, "ListTags", &json!({ "ResourceArn": arn }))["Tags"].as_array().unwrap().len(), 1);
    }
    let of = |arn: &str| json!({ "ResourceArn": arn });
    let absent = refused(&lab, "ListTags", &of("arn:aws:sagemaker:us-east-1:000000000000:model/none"));
    assert!(absent.starts_with("Could not find model"), "{absent}");
    let foreign = refused(&lab, "ListTags", &of("arn:aws:sagemaker:us-east-1:123456789012:model/old"));
    assert!(foreign.contains("of this workspace"), "{foreign}");
    lab.finished("Mixed-Case");
    lab.close();
}

#[test]
fn tags_come_in_pages() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    ok(&lab, "CreateTrainingJob", &job("j", 1));
    let arn = "arn:aws:sagemaker:us-east-1:000000000000:training-job/j";
    let tags: Vec<Value> = (0..50).map(|i| json!({ "Key": format!("k{i:02}"), "Value": "" })).collect();
    ok(&lab, "AddTags", &json!({ "ResourceArn": arn, "Tags": tags }));
    let page = ok(&lab, "ListTags", &json!({ "ResourceArn": arn, "MaxResults": 50 }));
    assert_eq!((page["Tags"].as_array().unwrap().len(), page.get("NextToken")), (50, None));
    let more = json!({ "ResourceArn": arn, "Tags": [{ "Key": "one-more", "Value": "" }] });
    assert!(refused(&lab, "AddTags", &more).contains("at most 50"));
    lab.finished("j");
    lab.close();
}
