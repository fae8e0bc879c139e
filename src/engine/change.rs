//! What one command changes: records that are stored together, and the events that tell of it.

use super::machine::{Tell, endpoint, training_job};
use crate::domain::alarm::Alarm;
use crate::domain::endpoint::Endpoint;
use crate::domain::endpoint_config::EndpointConfig;
use crate::domain::model::Model;
use crate::domain::reference::{Kind, ResourceRef};
use crate::domain::role::Role;
use crate::domain::traffic_test::TrafficTest;
use crate::domain::training_job::TrainingJob;

/// One changed record.
#[allow(clippy::large_enum_variant, reason = "a row lives for one commit, and boxes would only add steps")]
pub(super) enum Row {
    TrainingJob(TrainingJob),
    NoTrainingJob(String),
    Model(Model),
    NoModel(String),
    EndpointConfig(EndpointConfig),
    NoEndpointConfig(String),
    Endpoint(Endpoint),
    NoEndpoint(String),
    TrafficTest(TrafficTest),
    NoTrafficTest(String),
    Role(Role),
    NoRole(String),
    Alarm(Alarm),
    NoAlarm(String),
}

/// Records that change together, and the events that tell of it.
#[derive(Default)]
pub(super) struct Change {
    pub(super) rows: Vec<Row>,
    pub(super) tells: Vec<(Tell, Option<ResourceRef>)>,
}

impl Change {
    pub(super) fn row(row: Row) -> Self {
        Self { rows: vec![row], tells: Vec::new() }
    }

    pub(super) fn and(mut self, row: Row) -> Self {
        self.rows.push(row);
        self
    }

    pub(super) fn tell(mut self, tell: Tell, kind: Kind, name: &str) -> Self {
        self.tells.push((tell, Some(ResourceRef::new(kind, name))));
        self
    }
}

/// Splits the events for people from the effects that something must be done for.
pub(super) fn endpoint_tells(effects: &[endpoint::Effect]) -> Vec<Tell> {
    let tell = |e: &endpoint::Effect| if let endpoint::Effect::Tell(tell) = e { Some(tell.clone()) } else { None };
    effects.iter().filter_map(tell).collect()
}

/// As [`endpoint_tells`], for training jobs.
pub(super) fn training_tells(effects: &[training_job::Effect]) -> Vec<Tell> {
    let tell = |e: &training_job::Effect| if let training_job::Effect::Tell(t) = e { Some(t.clone()) } else { None };
    effects.iter().filter_map(tell).collect()
}
