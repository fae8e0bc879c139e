//! `ListMetrics`: which metrics have values.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;

use super::super::{Wire, json};
use super::output::Output;
use super::{Outcome, bad_token, invalid};
use crate::domain::metric::MetricId;
use crate::workspace::Known;

/// Metrics on a page.
const PAGE: usize = 500;

/// `RecentlyActive` of `PT3H`, seconds.
const RECENT_S: i64 = 3 * 3_600;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Asked {
    #[serde(default)]
    namespace: Option<String>,
    #[serde(default)]
    metric_name: Option<String>,
    #[serde(default)]
    dimensions: Option<Vec<Filter>>,
    #[serde(default)]
    next_token: Option<String>,
    #[serde(default)]
    recently_active: Option<String>,
    #[serde(default)]
    owning_account: Option<String>,
}

/// A dimension that metrics must have; with any value where none is given.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Filter {
    name: String,
    #[serde(default)]
    value: Option<String>,
}

impl Asked {
    fn fits(&self, known: &Known, now_s: i64) -> bool {
        let id = &known.id;
        self.namespace.as_ref().is_none_or(|namespace| *namespace == id.namespace)
            && self.metric_name.as_ref().is_none_or(|name| *name == id.name)
            && (self.recently_active.is_none() || known.newest_s >= now_s - RECENT_S)
            && self.dimensions.iter().flatten().all(|filter| {
                let value = id.dimension(&filter.name);
                value.is_some_and(|value| filter.value.as_ref().is_none_or(|wanted| wanted == value))
            })
    }
}

/// `ListMetrics`.
pub(super) fn list(wire: &Wire, input: Value) -> Outcome {
    let asked: Asked = json::members(input)?;
    let account = &wire.workspace.snapshot().info.account;
    let now_s = wire.serving.clock().wall_ms().div_euclid(1_000);
    let after = asked.next_token.as_deref().map(read_token).transpose()?;
    let foreign = asked.owning_account.as_ref().is_some_and(|owner| *owner != account.id);
    if foreign {
        return Err(invalid("The value for parameter OwningAccount is not the account of this workspace."));
    }
    let mut found: Vec<MetricId> = wire
        .workspace
        .metrics()
        .into_iter()
        .filter(|known| asked.fits(known, now_s) && after.as_ref().is_none_or(|after| known.id > *after))
        .map(|known| known.id)
        .take(PAGE + 1)
        .collect();
    let more = found.len() > PAGE;
    found.truncate(PAGE);
    let next = found.last().filter(|_| more).map(token);
    let mut members = vec![("Metrics", Output::List(found.into_iter().map(metric).collect()))];
    members.extend(next.map(|next| ("NextToken", next.into())));
    Ok(Some(Output::Object(members)))
}

/// A metric as answers have it.
pub(super) fn metric(id: MetricId) -> Output {
    Output::Object(vec![
        ("Namespace", id.namespace.into()),
        ("MetricName", id.name.into()),
        ("Dimensions", dimensions(id.dimensions)),
    ])
}

/// Dimensions as answers have them.
pub(super) fn dimensions(dimensions: Vec<(String, String)>) -> Output {
    let one = |(name, value): (String, String)| Output::Object(vec![("Name", name.into()), ("Value", value.into())]);
    Output::List(dimensions.into_iter().map(one).collect())
}

/// The last metric of a page; what is made between two pages moves nothing.
fn token(last: &MetricId) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(last).unwrap_or_default())
}

fn read_token(token: &str) -> Result<MetricId, super::WireError> {
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| bad_token())?;
    serde_json::from_slice(&bytes).map_err(|_| bad_token())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_chosen_by_name_dimensions_and_time() {
        let known = Known { id: MetricId::of_variant("Invocations", "e", "A"), newest_s: 1_000 };
        let fits = |asked: Value, now_s| serde_json::from_value::<Asked>(asked).unwrap().fits(&known, now_s);
        let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        assert!(fits(json("{}"), 1_000));
        assert!(fits(
            json(
                r#"{"Namespace":"AWS/SageMaker","Dimensions":[{"Name":"EndpointName"},{"Name":"VariantName","Value":"A"}]}"#
            ),
            0
        ));
        assert!(!fits(json(r#"{"Dimensions":[{"Name":"VariantName","Value":"B"}]}"#), 0));
        assert!(!fits(json(r#"{"MetricName":"ModelLatency"}"#), 0));
        assert!(fits(json(r#"{"RecentlyActive":"PT3H"}"#), 1_000 + RECENT_S));
        assert!(!fits(json(r#"{"RecentlyActive":"PT3H"}"#), 1_001 + RECENT_S));
    }

    #[test]
    fn tokens_are_read_again() {
        let id = MetricId::of_training_job("validation:rmse", "j");
        assert_eq!(read_token(&token(&id)).unwrap(), id);
        assert_eq!(read_token("x").unwrap_err().code, "InvalidNextToken");
    }
}
