//! Endpoints as code: invoke, look, move the weights, update, make one like it, delete.

use super::call::Call;
use super::metrics::metrics;
use super::resources::{make_config, tagged};
use super::value::{Value, map, number, quoted, text, word};
use super::{Language, Place, Snippet};
use crate::domain::endpoint::{Endpoint, EndpointVariant};
use crate::domain::endpoint_config::EndpointConfig;
use crate::domain::tag::Tag;
use crate::gui::pages::naming;
use crate::workspace::Snapshot;

/// The features of one row, as a request carries them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The body.
    pub body: String,
    /// Its content type.
    pub content_type: String,
}

impl Default for Row {
    /// For an endpoint whose data is not known: says what belongs here.
    fn default() -> Self {
        Self { body: "FEATURES,OF,ONE,ROW".to_owned(), content_type: "text/csv".to_owned() }
    }
}

/// All that can be done with an endpoint, what is done most first.
pub fn endpoint(snapshot: &Snapshot, endpoint: &Endpoint, row: &Row) -> Vec<Snippet> {
    let place = Place::of(snapshot);
    let name = &endpoint.name;
    let named = || text(name);
    let mut out = invoke(&place, name, row, None, "Invoke it");
    // By the share of the traffic one variant may be reached seldom; this one is named.
    if let [_, .., last] = endpoint.variants.as_slice() {
        out.extend(invoke(&place, name, row, Some(&last.name), "Invoke one variant"));
    }
    let look = Call::new("DescribeEndpoint", [("EndpointName", named())]).shows(
        "for variant in answer[\"ProductionVariants\"]:\n    print(variant[\"VariantName\"], variant[\"CurrentWeight\"])",
    );
    out.extend(look.snippets(&place, "Look at it"));
    let body = format!(
        "answer = session.describe_endpoint({})\nfor variant in answer[\"ProductionVariants\"]:\n    \
         print(variant[\"VariantName\"], variant[\"CurrentWeight\"])\n",
        quoted(name)
    );
    out.push(place.sdk("Look at it", "", &body));
    if let Some(first) = endpoint.variants.first() {
        out.extend(metrics(&place, name, &first.name));
    }
    out.extend(weights(&place, endpoint));
    let to = next_config(snapshot, endpoint);
    let update =
        Call::new("UpdateEndpoint", [("EndpointName", named()), ("EndpointConfigName", text(&to))]).then(waits(name));
    out.extend(update.snippets(&place, UPDATE));
    let body = format!("session.update_endpoint({}, {}, wait=False)\n", quoted(name), quoted(&to));
    out.push(place.sdk(UPDATE, "", &body));
    let free = naming::free(name, |name| snapshot.endpoints.contains(name));
    out.extend(make(&place, &free, &endpoint.config_name, &endpoint.tags, "Make one like it"));
    out.extend(Call::new("DeleteEndpoint", [("EndpointName", named())]).snippets(&place, "Delete it"));
    out.push(place.sdk("Delete it", "", &format!("session.delete_endpoint({})\n", quoted(name))));
    out
}

const UPDATE: &str = "Move it to another configuration";

/// An endpoint that is about to be made, and the configuration where that is made along the way.
pub fn new_endpoint(
    snapshot: &Snapshot,
    name: &str,
    config_name: &str,
    config: Option<&EndpointConfig>,
) -> Vec<Snippet> {
    let place = Place::of(snapshot);
    let mut out = config.map(|config| make_config(&place, config, "Make its configuration")).unwrap_or_default();
    out.extend(make(&place, name, config_name, &[], "Make it"));
    out
}

/// The configuration to move to: the newest that is not in use here; the one in use where there is no other.
fn next_config(snapshot: &Snapshot, endpoint: &Endpoint) -> String {
    let others = snapshot.endpoint_configs.values().filter(|config| config.name != endpoint.config_name);
    others
        .max_by_key(|config| config.created)
        .map_or_else(|| endpoint.config_name.clone(), |config| config.name.clone())
}

fn make(place: &Place, name: &str, config: &str, tags: &[Tag], title: &str) -> Vec<Snippet> {
    let call = Call::new("CreateEndpoint", [("EndpointName", text(name)), ("EndpointConfigName", text(config))]);
    let mut out = tagged(call, tags).then(waits(name)).snippets(place, title);
    let body = format!(
        "session.create_endpoint(endpoint_name={}, config_name={}, wait=False)\n",
        quoted(name),
        quoted(config)
    );
    out.push(place.sdk(title, "", &body));
    out
}

/// Endpoints come into service within a second here; the waiter's own 30 seconds would only be slept through.
fn waits(name: &str) -> String {
    format!(
        "sagemaker.get_waiter(\"endpoint_in_service\").wait(\n    EndpointName={}, WaiterConfig={{\"Delay\": 2}}\n)",
        quoted(name)
    )
}

fn weights(place: &Place, endpoint: &Endpoint) -> Vec<Snippet> {
    let title = "Move the weights";
    let pair = |variant: &EndpointVariant| {
        map([("VariantName", text(&variant.name)), ("DesiredWeight", number(variant.weight))])
    };
    let desired = Value::List(endpoint.variants.iter().map(pair).collect());
    let call = Call::new(
        "UpdateEndpointWeightsAndCapacities",
        [("EndpointName", text(&endpoint.name)), ("DesiredWeightsAndCapacities", desired)],
    );
    let mut out = call.snippets(place, title);
    let pairs: Vec<String> = endpoint
        .variants
        .iter()
        .map(|variant| format!("        {},\n", pair(variant).write(super::value::Style::Python, 8, 8)))
        .collect();
    let body = format!(
        "session.sagemaker_client.update_endpoint_weights_and_capacities(\n    EndpointName={},\n    \
         DesiredWeightsAndCapacities=[\n{}    ],\n)\n",
        quoted(&endpoint.name),
        pairs.concat()
    );
    out.push(place.sdk(title, "", &body));
    out
}

fn invoke(place: &Place, name: &str, row: &Row, variant: Option<&str>, title: &str) -> Vec<Snippet> {
    let snippet = |language, text| Snippet { language, title: title.to_owned(), text };
    let Row { body, content_type } = row;
    let target = variant.map(|variant| format!("    TargetVariant={},\n", quoted(variant))).unwrap_or_default();
    let boto3 = format!(
        "{}answer = runtime.invoke_endpoint(\n    EndpointName={},\n    ContentType={},\n{target}    Body={},\n)\n\
         print(answer[\"InvokedProductionVariant\"], answer[\"Body\"].read().decode())\n",
        place.boto3_client("sagemaker-runtime"),
        quoted(name),
        quoted(content_type),
        quoted(body)
    );
    // fileb:// means the same to versions 1 and 2; a body on the command line does not.
    let target = variant.map(|variant| format!(" \\\n  --target-variant {}", word(variant))).unwrap_or_default();
    let cli = format!(
        "printf '%s' {} > row.txt\naws sagemaker-runtime invoke-endpoint \\\n  {} \\\n  --endpoint-name {} \\\n  \
         --content-type {}{target} \\\n  --body fileb://row.txt answer.txt\ncat answer.txt\n",
        word(body),
        place.cli_options(),
        word(name),
        word(content_type)
    );
    let target = variant
        .map(|variant| format!(" \\\n  -H {}", word(&format!("X-Amzn-SageMaker-Target-Variant: {variant}"))))
        .unwrap_or_default();
    let curl = format!(
        "curl -sS -i --fail-with-body {}{} \\\n  {} \\\n  -H {}{target} \\\n  --data-binary {}\n",
        place.url,
        Endpoint::invocations_path(name),
        place.curl_signature("sagemaker"),
        word(&format!("Content-Type: {content_type}")),
        word(body)
    );
    let target = variant.map(|variant| format!(", target_variant={}", quoted(variant))).unwrap_or_default();
    let sdk = format!(
        "predictor = Predictor(\n    {},\n    sagemaker_session=session,\n    \
         serializer=IdentitySerializer(content_type={}),\n)\nprint(predictor.predict({}{target}).decode())\n",
        quoted(name),
        quoted(content_type),
        quoted(body)
    );
    let imports = "from sagemaker.predictor import Predictor\nfrom sagemaker.serializers import IdentitySerializer\n";
    vec![
        snippet(Language::Boto3, boto3),
        snippet(Language::Cli, cli),
        snippet(Language::Curl, curl),
        place.sdk(title, imports, &sdk),
    ]
}
