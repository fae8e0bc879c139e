//! Tags of alarms: `TagResource`, `UntagResource`, `ListTagsForResource`.

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::super::super::Wire;
use super::super::super::errors::WireError;
use super::super::super::json::{self, WireTag};
use super::super::Outcome;
use super::super::output::Output;
use super::ask;
use crate::domain::alarm::arn_prefix;
use crate::domain::tag::Tag;
use crate::workspace::AlarmCommand;

#[derive(Deserialize)]
struct Asked {
    #[serde(rename = "ResourceARN")]
    resource_arn: String,
    #[serde(default, rename = "Tags")]
    tags: Vec<WireTag>,
    #[serde(default, rename = "TagKeys")]
    keys: Vec<String>,
}

/// The name of the alarm that an ARN stands for.
fn name(wire: &Wire, arn: &str) -> Result<String, WireError> {
    let snapshot = wire.workspace.snapshot();
    let name = arn.strip_prefix(&arn_prefix(&snapshot.info.account));
    name.filter(|name| snapshot.alarms.contains(name)).map(str::to_owned).ok_or_else(|| {
        let message = format!("Unknown resource {arn}: only alarms have tags here.");
        WireError::new(StatusCode::NOT_FOUND, "ResourceNotFoundException", message)
    })
}

/// `TagResource`.
pub(in crate::aws::cloudwatch) fn tag(wire: &Wire, input: Value) -> Outcome {
    let asked: Asked = json::members(input)?;
    let name = name(wire, &asked.resource_arn)?;
    ask(wire, AlarmCommand::Tag { name, tags: asked.tags.into_iter().map(Tag::from).collect() })?;
    Ok(Some(Output::Object(Vec::new())))
}

/// `UntagResource`.
pub(in crate::aws::cloudwatch) fn untag(wire: &Wire, input: Value) -> Outcome {
    let asked: Asked = json::members(input)?;
    let name = name(wire, &asked.resource_arn)?;
    ask(wire, AlarmCommand::Untag { name, keys: asked.keys })?;
    Ok(Some(Output::Object(Vec::new())))
}

/// `ListTagsForResource`.
pub(in crate::aws::cloudwatch) fn list(wire: &Wire, input: Value) -> Outcome {
    let asked: Asked = json::members(input)?;
    let name = name(wire, &asked.resource_arn)?;
    let snapshot = wire.workspace.snapshot();
    let tags = snapshot.alarms.get(&name).map(|alarm| alarm.tags.clone()).unwrap_or_default();
    let tag = |tag: Tag| Output::Object(vec![("Key", tag.key.into()), ("Value", tag.value.into())]);
    Ok(Some(Output::Object(vec![("Tags", Output::List(tags.into_iter().map(tag).collect()))])))
}
