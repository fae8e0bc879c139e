//! Tests of the store that need more than one of its parts.

mod objects;
mod opening;
mod recovery;
mod round_trips;
mod strategies;
mod versions;

use std::path::Path;

use super::{Opened, Store};
use crate::domain::bucket::Bucket;
use crate::domain::extras::Extras;
use crate::domain::model::Model;
use crate::domain::s3_uri::S3Uri;
use crate::domain::time::Timestamp;
use crate::util::clock::Clock;

/// Any moment will do.
pub(super) const NOW: i64 = 1_764_000_000_000;

pub(super) fn open(folder: &Path) -> Opened {
    Store::open(folder, &Clock::paused(NOW)).unwrap()
}

pub(super) fn bucket(name: &str) -> Bucket {
    Bucket { name: name.to_owned(), created: Timestamp(NOW), tags: Vec::new() }
}

pub(super) fn model(name: &str) -> Model {
    Model {
        name: name.to_owned(),
        image: "xgboost".to_owned(),
        model_data: S3Uri::new("my-bucket", "a/model.tar.gz"),
        environment: std::collections::BTreeMap::new(),
        execution_role_arn: None,
        created: Timestamp(NOW),
        tags: Vec::new(),
        extras: Extras::default(),
    }
}

/// Commits one model under its name.
pub(super) fn put_model(store: &Store, name: &str) {
    let mut batch = super::Batch::new();
    batch.put(store.models(), name, &model(name));
    store.commit(batch).unwrap();
}

/// The names of all models.
pub(super) fn model_names(store: &Store) -> Vec<String> {
    store.models().all().unwrap().into_iter().map(|(name, _)| name).collect()
}
