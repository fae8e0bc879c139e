//! The world as of one moment: immutable, shared, cheap to make from the one before.

use std::path::PathBuf;
use std::sync::Arc;

use imbl::{OrdMap, OrdSet, Vector};

use crate::domain::access_key::AccessKey;
use crate::domain::alarm::Alarm;
use crate::domain::arn::Account;
use crate::domain::autopilot::Autopilot;
use crate::domain::bucket::{Bucket, Object};
use crate::domain::endpoint::Endpoint;
use crate::domain::endpoint_config::EndpointConfig;
use crate::domain::event::Event;
use crate::domain::model::Model;
use crate::domain::reference::{Kind, ResourceRef};
use crate::domain::role::Role;
use crate::domain::time::Timestamp;
use crate::domain::traffic_test::{TrafficTest, TrafficTestStatus};
use crate::domain::training_job::TrainingJob;

/// What a table asks of its rows.
pub trait Row {
    /// Whether something is going on with it. A table keeps these apart, so that a window over 100,000 finished jobs finds the one
    /// that runs without reading them all in every frame.
    fn is_under_way(&self) -> bool {
        false
    }
}

impl Row for Bucket {}
impl Row for Object {}
impl Row for Model {}
impl Row for EndpointConfig {}
impl Row for Role {}
impl Row for Alarm {}
impl Row for Autopilot {}

impl Row for TrainingJob {
    fn is_under_way(&self) -> bool {
        !self.status.is_final()
    }
}

impl Row for Endpoint {
    fn is_under_way(&self) -> bool {
        self.status.is_changing()
    }
}

impl Row for TrafficTest {
    fn is_under_way(&self) -> bool {
        self.status == TrafficTestStatus::Running
    }
}

/// Resources of one kind by name. A copy shares everything; a change costs O(log n).
#[derive(Debug)]
pub struct Table<T> {
    rows: OrdMap<String, Arc<T>>,
    under_way: OrdSet<String>,
    revision: u64,
}

impl<T> Clone for Table<T> {
    fn clone(&self) -> Self {
        Self { rows: self.rows.clone(), under_way: self.under_way.clone(), revision: self.revision }
    }
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { rows: OrdMap::new(), under_way: OrdSet::new(), revision: 0 }
    }
}

impl<T> Table<T> {
    /// A resource by name.
    pub fn get(&self, name: &str) -> Option<&Arc<T>> {
        self.rows.get(name)
    }

    /// A resource by name, whatever the case of its letters. SageMaker writes names in lower case in its ARNs, so names that differ in
    /// case only are the same to it.
    pub fn any_case(&self, name: &str) -> Option<&Arc<T>> {
        let other = || self.rows.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, row)| row);
        self.rows.get(name).or_else(other)
    }

    /// Whether there is one of that name.
    pub fn contains(&self, name: &str) -> bool {
        self.rows.contains_key(name)
    }

    /// All, in the order of their names.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&String, &Arc<T>)> {
        self.rows.iter()
    }

    /// All, in the order of their names.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &Arc<T>> {
        self.rows.values()
    }

    /// From the first name that is at least `from` on, in the order of names.
    pub fn range(&self, from: &str) -> impl DoubleEndedIterator<Item = (&String, &Arc<T>)> {
        self.rows.range::<_, str>((std::ops::Bound::Included(from), std::ops::Bound::Unbounded))
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Counts up with every change of this table: what a sorted or filtered list is cached by.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Takes one out.
    pub fn remove(&mut self, name: &str) -> Option<Arc<T>> {
        let gone = self.rows.remove(name);
        self.under_way.remove(name);
        self.revision += u64::from(gone.is_some());
        gone
    }

    /// Those with which something is going on ([`Row::is_under_way`]), in the order of their names; the others are not touched.
    pub fn under_way(&self) -> impl Iterator<Item = &Arc<T>> {
        self.under_way.iter().filter_map(|name| self.rows.get(name))
    }
}

impl<T: Row> Table<T> {
    /// Adds or replaces one.
    pub fn insert(&mut self, name: impl Into<String>, row: impl Into<Arc<T>>) {
        let (name, row) = (name.into(), row.into());
        if row.is_under_way() {
            self.under_way.insert(name.clone());
        } else if !self.under_way.is_empty() {
            self.under_way.remove(&name);
        }
        self.rows.insert(name, row);
        self.revision += 1;
    }
}

impl<T: Row> FromIterator<(String, T)> for Table<T> {
    fn from_iter<I: IntoIterator<Item = (String, T)>>(rows: I) -> Self {
        let rows: OrdMap<String, Arc<T>> = rows.into_iter().map(|(name, row)| (name, Arc::new(row))).collect();
        let under_way = rows.iter().filter(|(_, row)| row.is_under_way()).map(|(name, _)| name.clone()).collect();
        Self { rows, under_way, revision: 1 }
    }
}

/// What was brought back when the store could not be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// When the backup was made; `None` when there was none, and nothing could be brought back.
    pub backup_made: Option<Timestamp>,
    /// Records brought back.
    pub records: u64,
    /// Where the unreadable files were kept.
    pub kept_at: PathBuf,
    /// What was wrong with them.
    pub why: String,
}

/// Facts about the workspace itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WorkspaceInfo {
    /// Its folder.
    pub folder: PathBuf,
    /// Account and region of its ARNs.
    pub account: Account,
    /// What clients of this workspace sign with.
    pub access_key: AccessKey,
    /// `http://127.0.0.1:8770`, once the listener accepts.
    pub base_url: Option<String>,
    /// Certificates for clients that go through the proxy: our authority's, and those that the system trusts.
    pub ca_bundle: Option<PathBuf>,
    /// Set when the store was restored from a backup on this start.
    pub restored: Option<Restored>,
}

/// The world.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Counts up with every published change.
    pub revision: u64,
    /// When it was made.
    pub made: Timestamp,
    /// The workspace itself.
    pub info: Arc<WorkspaceInfo>,
    /// Buckets.
    pub buckets: Table<Bucket>,
    /// Objects by bucket, then key.
    pub objects: OrdMap<String, Table<Object>>,
    /// Training jobs.
    pub training_jobs: Table<TrainingJob>,
    /// Models.
    pub models: Table<Model>,
    /// Endpoint configurations.
    pub endpoint_configs: Table<EndpointConfig>,
    /// Endpoints.
    pub endpoints: Table<Endpoint>,
    /// The newest traffic test of each endpoint.
    pub traffic_tests: Table<TrafficTest>,
    /// Autopilots that are on, by endpoint.
    pub autopilots: Table<Autopilot>,
    /// IAM roles.
    pub roles: Table<Role>,
    /// Alarms on metrics.
    pub alarms: Table<Alarm>,
    /// What happened, oldest first, at most 10,000.
    pub events: Vector<Arc<Event>>,
}

impl Snapshot {
    /// Whether a resource is there.
    pub fn contains(&self, resource: &ResourceRef) -> bool {
        let name = &resource.name;
        match resource.kind {
            Kind::Bucket => self.buckets.contains(name),
            Kind::TrainingJob => self.training_jobs.contains(name),
            Kind::Model => self.models.contains(name),
            Kind::EndpointConfig => self.endpoint_configs.contains(name),
            Kind::Endpoint => self.endpoints.contains(name),
        }
    }

    /// The URL that requests to an endpoint are posted to; `None` until the listener accepts.
    pub fn invocations_url(&self, endpoint: &str) -> Option<String> {
        self.info.base_url.as_ref().map(|base| format!("{base}{}", Endpoint::invocations_path(endpoint)))
    }

    /// USD an hour of everything that bills now, and how many things that are.
    pub fn running_cost(&self) -> (f64, usize) {
        let endpoints = self.endpoints.values().map(|e| e.usd_per_hour()).filter(|usd| *usd > 0.0);
        let jobs =
            self.training_jobs.under_way().filter(|job| job.started.is_some()).map(|job| job.spec.usd_per_hour());
        endpoints.chain(jobs).fold((0.0, 0), |(usd, n), one| (usd + one, n + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Job(bool);

    impl Row for Job {
        fn is_under_way(&self) -> bool {
            self.0
        }
    }

    #[test]
    fn what_is_under_way_is_known_without_reading_all() {
        let mut table: Table<Job> = [("a".to_owned(), Job(false)), ("b".to_owned(), Job(true))].into_iter().collect();
        let names = |table: &Table<Job>| table.under_way.iter().cloned().collect::<Vec<_>>();
        assert_eq!((names(&table), table.under_way().count()), (vec!["b".to_owned()], 1));
        table.insert("a", Job(true));
        table.insert("b", Job(false));
        assert_eq!(names(&table), ["a"]);
        table.remove("a");
        assert_eq!(table.under_way().count(), 0);
    }
}
