//! The table of tables: one line a resource. Adding a resource to the store is adding a line here.

use std::sync::Arc;

use super::db::Db;
use super::records::{Record, Records};
use crate::domain::alarm::Alarm;
use crate::domain::bucket::{Bucket, Object};
use crate::domain::endpoint::Endpoint;
use crate::domain::endpoint_config::EndpointConfig;
use crate::domain::event::Event;
use crate::domain::model::Model;
use crate::domain::role::Role;
use crate::domain::traffic_test::TrafficTest;
use crate::domain::training_job::TrainingJob;

/// How many events are kept.
pub const EVENTS_KEPT: u64 = 10_000;

macro_rules! tables {
    ($($(#[$doc:meta])* $name:ident: $record:ty = $on_disk:literal, upgrades $upgrades:expr;)*) => {
        $(impl Record for $record {
            const TABLE: &'static str = $on_disk;
            const UPGRADES: &'static [super::records::Upgrade] = &$upgrades;
        })*

        /// Every table, by name.
        #[derive(Debug)]
        pub(super) struct Tables {
            $(pub(super) $name: Records<$record>,)*
        }

        impl Tables {
            pub(super) fn new(db: &Arc<Db>) -> Self {
                Self { $($name: Records::new(Arc::clone(db)),)* }
            }
        }

        /// The tables of the store.
        impl super::Store {
            $($(#[$doc])* pub fn $name(&self) -> &Records<$record> {
                &self.0.tables.$name
            })*
        }
    };
}

// accessor: type = name on disk, upgrades from version 1 on
tables! {
    /// Buckets by name.
    buckets: Bucket = "buckets", upgrades [];
    /// What is known of the objects, by `bucket/key` (see [`object_key`]). Written by `Store::objects` only.
    objects_meta: Object = "objects", upgrades [];
    /// Training jobs by name.
    training_jobs: TrainingJob = "training_jobs", upgrades [];
    /// Models by name.
    models: Model = "models", upgrades [];
    /// Endpoint configurations by name.
    endpoint_configs: EndpointConfig = "endpoint_configs", upgrades [];
    /// Endpoints by name.
    endpoints: Endpoint = "endpoints", upgrades [];
    /// The newest traffic test of each endpoint, by the endpoint's name.
    traffic_tests: TrafficTest = "traffic_tests", upgrades [];
    /// IAM roles by name.
    roles: Role = "roles", upgrades [];
    /// Alarms by name.
    alarms: Alarm = "alarms", upgrades [];
    /// Events by [`event_key`], oldest first.
    events: Event = "events", upgrades [];
}

/// The key of an event: its number, so written that the order of keys is the order of numbers.
pub fn event_key(number: u64) -> String {
    format!("{number:020}")
}

/// The key of an object's record.
pub fn object_key(bucket: &str, key: &str) -> String {
    format!("{bucket}/{key}")
}

/// Bucket and key of an object's record. A bucket's name has no slash, so the first one divides.
pub fn split_object_key(record_key: &str) -> Option<(&str, &str)> {
    record_key.split_once('/')
}
