//! Search: what is found, and how it looks.

use serde_json::json;

use super::{deployed, ok, refused};
use crate::engine::lab::Lab;

#[test]
fn resources_are_found_by_their_properties() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    deployed(&lab);
    let filter = |name: &str, operator: &str, value: &str| json!({ "Filters": [{ "Name": name, "Operator": operator, "Value": value }] });
    let rounds = filter("HyperParameters.num_round", "GreaterThan", "10");
    let jobs = ok(&lab, "Search", &json!({ "Resource": "TrainingJob", "SearchExpression": rounds }));
    assert_eq!((jobs["Results"].as_array().unwrap().len(), &jobs["TotalHits"]["Value"]), (1, &json!(1)));
    assert_eq!(jobs["Results"][0]["TrainingJob"]["TrainingJobName"], "new");
    let models =
        ok(&lab, "Search", &json!({ "Resource": "Model", "SearchExpression": filter("ModelName", "Equals", "old") }));
    assert_eq!(models["Results"][0]["Model"]["Model"]["ModelName"], "old");
    assert_eq!(models["Results"][0]["Model"]["Endpoints"][0]["EndpointName"], "live");
    let serving = filter("ProductionVariants.VariantName", "Equals", "b");
    let endpoints = ok(&lab, "Search", &json!({ "Resource": "Endpoint", "SearchExpression": serving }));
    assert_eq!(endpoints["Results"][0]["Endpoint"]["EndpointStatus"], "InService");
    assert!(refused(&lab, "Search", &json!({ "Resource": "EndpointConfig" })).contains("resource"));
    let hint = json!({ "Resource": "Endpoint", "SuggestionQuery": { "PropertyNameQuery": { "PropertyNameHint": "Endpoint" } } });
    let names = ok(&lab, "GetSearchSuggestions", &hint)["PropertyNameSuggestions"].clone();
    assert_eq!(names.as_array().unwrap().len(), 4, "{names}");
    lab.close();
}
