//! Tags of everything that has an ARN.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::super::errors::WireError;
use super::list::{read_token, write_token};
use super::refusal::{not_found, validation};
use super::shapes::{WireTag, tags_from_wire, tags_to_wire};
use super::{Outcome, Request};
use crate::domain::arn::ArnKind;
use crate::domain::reference::{Kind, ResourceRef};
use crate::domain::tag::Tag;
use crate::workspace::{Command, Snapshot};

/// Tags on a page when the request does not say; also the fewest that it may ask for.
const MAX_RESULTS: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Add {
    resource_arn: String,
    tags: Vec<WireTag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Delete {
    resource_arn: String,
    tag_keys: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct List {
    resource_arn: String,
    next_token: Option<String>,
    max_results: Option<usize>,
}

/// The key behind which the next page begins.
#[derive(Serialize, Deserialize)]
struct Token {
    arn: String,
    key: String,
}

pub(super) async fn add(request: Request) -> Outcome {
    let add: Add = request.read()?;
    let (kind, name, _) = resource(&request.snapshot(), &add.resource_arn)?;
    request.ask(Command::AddTags { kind, name, tags: tags_from_wire(Some(add.tags)) }).await?;
    let (.., tags) = resource(&request.snapshot(), &add.resource_arn)?;
    Ok(Some(json!({ "Tags": tags_to_wire(&tags) })))
}

pub(super) async fn delete(request: Request) -> Outcome {
    let delete: Delete = request.read()?;
    let (kind, name, _) = resource(&request.snapshot(), &delete.resource_arn)?;
    request.ask(Command::DeleteTags { kind, name, keys: delete.tag_keys }).await?;
    Ok(Some(Value::Object(Map::new())))
}

pub(super) fn list(request: &Request) -> Outcome {
    let List { resource_arn, next_token, max_results } = request.read()?;
    let (.., mut tags) = resource(&request.snapshot(), &resource_arn)?;
    tags.sort_by(|a, b| a.key.cmp(&b.key));
    if let Some(token) = next_token {
        let token: Token = read_token(&token)?;
        if token.arn != resource_arn {
            return Err(validation("The NextToken belongs to another resource"));
        }
        tags.retain(|tag| tag.key > token.key);
    }
    let most = max_results.unwrap_or(MAX_RESULTS);
    let more = tags.len() > most;
    tags.truncate(most);
    let mut out = Map::new();
    out.insert("Tags".to_owned(), tags_to_wire(&tags));
    if let Some(last) = tags.last().filter(|_| more) {
        out.insert("NextToken".to_owned(), json!(write_token(&Token { arn: resource_arn, key: last.key.clone() })));
    }
    Ok(Some(Value::Object(out)))
}

/// The resource of an ARN: kind, name and tags. ARNs have their names in lower case.
fn resource(snapshot: &Snapshot, arn: &str) -> Result<(ArnKind, String, Vec<Tag>), WireError> {
    let account = &snapshot.info.account;
    let Some((kind, name)) = account.parse_arn(arn) else {
        return Err(validation(format!(
            "Could not find {arn}: it is not the ARN of a training job, model, endpoint configuration or endpoint of this workspace \
             (account {}, region {})",
            account.id, account.region
        )));
    };
    let (found, of) = match kind {
        ArnKind::TrainingJob => (
            snapshot.training_jobs.any_case(name).map(|job| (job.name().to_owned(), job.spec.tags.clone())),
            Kind::TrainingJob,
        ),
        ArnKind::Model => {
            (snapshot.models.any_case(name).map(|model| (model.name.clone(), model.tags.clone())), Kind::Model)
        }
        ArnKind::EndpointConfig => (
            snapshot.endpoint_configs.any_case(name).map(|config| (config.name.clone(), config.tags.clone())),
            Kind::EndpointConfig,
        ),
        ArnKind::Endpoint => (
            snapshot.endpoints.any_case(name).map(|endpoint| (endpoint.name.clone(), endpoint.tags.clone())),
            Kind::Endpoint,
        ),
    };
    let (name, tags) = found.ok_or_else(|| not_found(&ResourceRef::new(of, name), account))?;
    Ok((kind, name, tags))
}
