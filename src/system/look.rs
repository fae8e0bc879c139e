//! A look at a workspace that nobody has open: its records, without starting anything.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;

use crate::store::{Record, Records, Store, StoreError, split_object_key};
use crate::util::clock::Clock;
use crate::workspace::{Row, Snapshot, Table, WorkspaceInfo};

/// What is in the workspace of `folder`. Nothing is started; no endpoint serves, no training job goes on.
pub fn look(folder: &Path) -> Result<Snapshot> {
    let store = Store::open(folder, &Clock::system())?.store;
    let mut snapshot = Snapshot {
        info: Arc::new(WorkspaceInfo { folder: store.folder().to_owned(), ..WorkspaceInfo::default() }),
        buckets: table(store.buckets())?,
        training_jobs: table(store.training_jobs())?,
        models: table(store.models())?,
        endpoint_configs: table(store.endpoint_configs())?,
        endpoints: table(store.endpoints())?,
        traffic_tests: table(store.traffic_tests())?,
        ..Snapshot::default()
    };
    for (record, object) in store.objects_meta().all()? {
        if let Some((bucket, key)) = split_object_key(&record) {
            snapshot.objects.entry(bucket.to_owned()).or_default().insert(key, object);
        }
    }
    Ok(snapshot)
}

fn table<T: Record + Row>(records: &Records<T>) -> Result<Table<T>, StoreError> {
    Ok(records.all()?.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::bucket::Bucket;
    use crate::domain::time::Timestamp;
    use crate::store::Batch;

    #[test]
    fn records_are_seen_without_an_engine() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), &Clock::system()).unwrap().store;
        let bucket = Bucket { name: "prices".to_owned(), created: Timestamp(1), tags: Vec::new() };
        let mut batch = Batch::new();
        batch.put(store.buckets(), "prices", &bucket);
        store.commit(batch).unwrap();
        assert!(look(folder.path()).is_err(), "somebody has it open");
        store.close().unwrap();
        let snapshot = look(folder.path()).unwrap();
        assert_eq!(snapshot.buckets.get("prices").map(|b| &**b), Some(&bucket));
        assert!(snapshot.endpoints.is_empty());
    }
}
