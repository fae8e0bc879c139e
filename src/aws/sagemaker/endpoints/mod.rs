//! Endpoints: create, look, move, shift traffic, delete, list.

mod deployment_config;
mod from_wire;
mod to_wire;

use serde::Deserialize;
use serde_json::{Value, json};

use super::list::{self, Entry};
use super::refusal::not_found;
use super::waiting::{State, Subject};
use super::{Outcome, Request};
use crate::domain::arn::ArnKind;
use crate::domain::reference::{Kind, ResourceRef};
use crate::workspace::Command;

use to_wire::new_fleet_status;
pub(super) use to_wire::{described, summary};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Named {
    endpoint_name: String,
}

/// The answer of everything that changes an endpoint.
fn arn_of(request: &Request, name: &str) -> Value {
    json!({ "EndpointArn": request.snapshot().info.account.arn(ArnKind::Endpoint, name) })
}

pub(super) async fn create(request: Request) -> Outcome {
    let (name, command) = from_wire::create(request.read()?, request.extras())?;
    request.ask(command).await?;
    Ok(Some(arn_of(&request, &name)))
}

pub(super) async fn update(request: Request) -> Outcome {
    let (name, command) = from_wire::update(request.read()?, &request.input, &request.snapshot())?;
    request.ask(command).await?;
    Ok(Some(arn_of(&request, &name)))
}

pub(super) async fn update_weights(request: Request) -> Outcome {
    let (name, command) = from_wire::weights(request.read()?)?;
    request.ask(command).await?;
    Ok(Some(arn_of(&request, &name)))
}

pub(super) async fn delete(request: Request) -> Outcome {
    let Named { endpoint_name: name } = request.read()?;
    request.ask(Command::DeleteEndpoint { name }).await?;
    Ok(None)
}

pub(super) async fn describe(request: Request) -> Outcome {
    let Named { endpoint_name: name } = request.read()?;
    let subject = Subject { kind: ArnKind::Endpoint, name: name.clone() };
    let snapshot = request
        .settled(subject, |snapshot| {
            let endpoint = snapshot.endpoints.get(&name)?;
            let newest = endpoint.deployments.last();
            Some(State {
                made: endpoint.created,
                stage: (endpoint.status.as_str(), newest.map_or("", new_fleet_status)),
                is_changing: endpoint.status.is_changing(),
                is_paced: newest.is_some_and(|deployment| deployment.due().is_some()),
            })
        })
        .await;
    match snapshot.endpoints.get(&name) {
        Some(endpoint) => Ok(Some(described(endpoint, &snapshot).into())),
        None => Err(not_found(&ResourceRef::new(Kind::Endpoint, name), &snapshot.info.account)),
    }
}

pub(super) async fn list(request: Request) -> Outcome {
    let snapshot = request.snapshot();
    list::answer(
        "Endpoints",
        request.operation,
        request.read()?,
        snapshot,
        |snapshot, pick| {
            for endpoint in snapshot.endpoints.values() {
                pick(Entry {
                    name: &endpoint.name,
                    created: endpoint.created,
                    modified: endpoint.modified,
                    status: endpoint.status.as_str(),
                });
            }
        },
        |snapshot, name| Some(summary(snapshot.endpoints.get(name)?, &snapshot.info.account)),
    )
    .await
}
