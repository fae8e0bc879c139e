//! Tests of pages, filters and orders.

use super::*;
use crate::domain::extras::Extras;
use crate::domain::model::Model;
use crate::domain::s3_uri::S3Uri;

fn model(name: &str, created: i64) -> Model {
    Model {
        name: name.into(),
        image: "xgboost".into(),
        model_data: S3Uri::new("bkt", "m"),
        environment: std::collections::BTreeMap::new(),
        execution_role_arn: None,
        created: Timestamp(created),
        tags: Vec::new(),
        extras: Extras::default(),
    }
}

fn world(models: &[(&str, i64)]) -> Snapshot {
    let models = models.iter().map(|(name, created)| ((*name).to_owned(), model(name, *created))).collect();
    Snapshot { models, ..Snapshot::default() }
}

fn rows<'a>(snapshot: &'a Snapshot, pick: &mut dyn FnMut(Entry<'a>)) {
    for model in snapshot.models.values() {
        let status = if model.created.0 % 2000 == 0 { "Even" } else { "Odd" };
        pick(Entry { name: &model.name, created: model.created, modified: model.created, status });
    }
}

fn query(members: Value) -> Query {
    serde_json::from_value(members).unwrap()
}

fn names(snapshot: &Snapshot, members: Value) -> Vec<String> {
    page("ListModels", &query(members), snapshot, rows).unwrap().0.into_iter().map(str::to_owned).collect()
}

#[test]
fn newest_first_and_ten_a_page() {
    let many: Vec<(String, i64)> = (0..12).map(|i| (format!("m{i:02}"), 1000 * i)).collect();
    let many: Vec<(&str, i64)> = many.iter().map(|(name, at)| (name.as_str(), *at)).collect();
    let world = world(&many);
    let (first, next) = page("ListModels", &query(json!({})), &world, rows).unwrap();
    assert_eq!((first.len(), first[0], first[9]), (10, "m11", "m02"));
    let (second, end) = page("ListModels", &query(json!({ "NextToken": next })), &world, rows).unwrap();
    assert_eq!((second, end), (vec!["m01", "m00"], None));
}

#[test]
fn filters_and_orders() {
    let world = world(&[("Boston-1", 1000), ("boston-2", 2000), ("other", 3000)]);
    assert_eq!(names(&world, json!({ "NameContains": "BOSTON" })), ["boston-2", "Boston-1"]);
    assert_eq!(names(&world, json!({ "CreationTimeAfter": 1.5 })), ["other", "boston-2"]);
    assert_eq!(names(&world, json!({ "CreationTimeBefore": 2 })), ["Boston-1"]);
    assert_eq!(names(&world, json!({ "LastModifiedTimeAfter": 2.5, "LastModifiedTimeBefore": 3.5 })), ["other"]);
    assert_eq!(names(&world, json!({ "SortBy": "Name", "SortOrder": "Ascending" })), ["Boston-1", "boston-2", "other"]);
    assert_eq!(names(&world, json!({ "SortBy": "Status" })), ["other", "Boston-1", "boston-2"]);
    assert_eq!(names(&world, json!({ "StatusEquals": "Even" })), ["boston-2"]);
    assert_eq!(names(&world, json!({ "StatusEquals": "Even", "MaxResults": 1 })), ["boston-2"]);
}

#[test]
fn training_jobs_are_filtered_by_status_after_the_page_is_taken() {
    let world = world(&[("a", 1000), ("b", 2000), ("c", 3000)]);
    let query = query(json!({ "StatusEquals": "Even", "MaxResults": 2 }));
    let (names, next) = page("ListTrainingJobs", &query, &world, rows).unwrap();
    assert_eq!((names, next.is_some()), (vec!["b"], true));
}

#[test]
fn pages_survive_what_is_made_and_deleted_between_them() {
    let before = world(&[("a", 1000), ("b", 2000), ("c", 2000), ("d", 4000)]);
    let (first, next) = page("ListModels", &query(json!({ "MaxResults": 2 })), &before, rows).unwrap();
    assert_eq!(first, ["d", "c"]);
    // c is gone, and something newer and something older has come.
    let after = world(&[("a", 1000), ("b", 2000), ("d", 4000), ("e", 5000), ("z", 500)]);
    let (second, end) =
        page("ListModels", &query(json!({ "NextToken": next, "MaxResults": 9 })), &after, rows).unwrap();
    assert_eq!((second, end), (vec!["b", "a", "z"], None));
}

#[test]
fn foreign_tokens_are_refused() {
    let world = world(&[("a", 1), ("b", 2)]);
    let next = page("ListModels", &query(json!({ "MaxResults": 1 })), &world, rows).unwrap().1.unwrap();
    let refused = |operation, members| page(operation, &query(members), &world, rows).unwrap_err();
    for token in ["", "x", "AAAA", "\u{e9}", "e30"] {
        assert_eq!(refused("ListModels", json!({ "NextToken": token })).code, "ValidationException", "{token}");
    }
    assert!(refused("ListEndpoints", json!({ "NextToken": next })).message.contains("is of ListModels"));
    assert!(refused("ListModels", json!({ "NextToken": next, "SortBy": "Name" })).message.contains("SortBy"));
}
