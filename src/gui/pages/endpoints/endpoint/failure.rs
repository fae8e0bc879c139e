//! What the banner of the endpoint page says when its first fleet never came, or its last update did not arrive. Pure.

use super::course;
use crate::domain::endpoint::{DeploymentOutcome, Endpoint, EndpointStatus, RollbackCause};
use crate::gui::format;

/// What failed, what serves, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) title: String,
    pub(super) why: String,
    pub(super) what_to_do: String,
    /// The configuration that was asked for.
    pub(super) requested: Option<String>,
    /// Whether a person wished it so.
    pub(super) is_wished: bool,
}

/// What the banner says; `None` when nothing has gone wrong, or something is under way.
pub(super) fn failure(endpoint: &Endpoint) -> Option<Failure> {
    let why = endpoint.failure_reason.clone()?;
    let serving = &endpoint.config_name;
    if endpoint.status == EndpointStatus::Failed {
        return Some(Failure {
            title: format!("{serving} never came into service"),
            why,
            what_to_do: "Delete the endpoint and create it again with a configuration that can be loaded; its name is free at once.".to_owned(),
            requested: None,
            is_wished: false,
        });
    }
    if endpoint.status != EndpointStatus::InService {
        return None;
    }
    let requested = endpoint.requested_config.clone();
    let asked = requested.as_deref().unwrap_or("the new configuration");
    let newest = endpoint.deployments.last();
    let requests = |n: u64| format::plural(usize::try_from(n).unwrap_or(usize::MAX), "request");
    let refused = newest.and_then(|deployment| deployment.measured).map_or(0, |(_, new)| new.model_errors);
    let lost = match (newest.map_or(0, |deployment| deployment.failed_requests), refused) {
        (0, 0) => "No request was lost.".to_owned(),
        (0, refused) => format!("No request was dropped, but the new fleet refused {}.", requests(refused)),
        (failed, _) => format!("{} failed meanwhile.", requests(failed)),
    };
    let (happened, mend) = match newest.map(|deployment| &deployment.outcome) {
        Some(DeploymentOutcome::RolledBack { cause, .. }) => {
            (course::cause_words(*cause), "Its numbers are kept under Deployments; update again when it is better.")
        }
        _ => ("failed", "Mend the model or choose another configuration, then update again."),
    };
    Some(Failure {
        title: format!("The update to {asked} {happened}; {serving} goes on serving"),
        why,
        what_to_do: format!("{mend} {lost}"),
        requested,
        is_wished: newest.is_some_and(|deployment| {
            matches!(deployment.outcome, DeploymentOutcome::RolledBack { cause: RollbackCause::ByHand, .. })
        }),
    })
}
