//! Bodies and records brought together when the workspace is opened: after a crash, after a backup was brought back, or after somebody changed files by hand.

use std::collections::HashMap;
use std::fs::{self, DirEntry};
use std::path::{Path, PathBuf};

use super::{Mended, Objects, TEMPORARY, TRASH, UPLOADS, body, key_path};
use crate::domain::bucket::{Bucket, Object, content_type_of};
use crate::domain::name;
use crate::domain::s3_uri::S3Uri;
use crate::domain::time::Timestamp;
use crate::store::batch::Batch;
use crate::store::error::StoreError;
use crate::store::records::{Record, decode};
use crate::store::tables::{object_key, split_object_key};

impl Objects {
    /// Sweeps what was left half-done, picks up bodies without a record, measures bodies that have changed, and drops records without a body.
    pub(in crate::store) fn mend(&self) -> Result<Mended, StoreError> {
        for part in [TEMPORARY, TRASH] {
            for entry in entries(&self.root.join(part))? {
                remove(&entry.path())?;
            }
        }
        let mut known: HashMap<String, Object> = HashMap::new();
        self.db.scan(Object::TABLE, "", |key, bytes| {
            known.insert(key.to_owned(), decode(&self.db, key, bytes)?);
            Ok(())
        })?;
        let mut mended = Mended::default();
        let mut batch = Batch::new();
        for entry in entries(&self.root)? {
            let path = entry.path();
            let Some(bucket) = entry.file_name().to_str().map(ToOwned::to_owned) else {
                mended.foreign.push(path);
                continue;
            };
            if [TEMPORARY, TRASH, UPLOADS].contains(&bucket.as_str()) {
                continue;
            }
            if !path.is_dir() || name::bucket("Bucket", &bucket).is_err() {
                mended.foreign.push(path);
                continue;
            }
            self.mend_bucket(&bucket, &path, &mut known, &mut mended, &mut batch)?;
        }
        for record in known.into_keys() {
            if let Some((bucket, key)) = split_object_key(&record) {
                mended.lost.push(S3Uri::new(bucket, key));
            }
            batch.delete_typed::<Object>(&record);
        }
        mended.lost.sort_unstable();
        self.commit(batch)?;
        self.sweep_uploads()?;
        Ok(mended)
    }

    fn mend_bucket(
        &self,
        bucket: &str,
        folder: &Path,
        known: &mut HashMap<String, Object>,
        mended: &mut Mended,
        batch: &mut Batch,
    ) -> Result<(), StoreError> {
        let mut waiting = vec![folder.to_owned()];
        let mut holds_objects = false;
        while let Some(next) = waiting.pop() {
            for entry in entries(&next)? {
                let path = entry.path();
                let metadata = fs::symlink_metadata(&path).map_err(StoreError::io("look at", &path))?;
                if metadata.is_dir() {
                    waiting.push(path);
                    continue;
                }
                let key = path.strip_prefix(folder).ok().and_then(key_path::key_of);
                let Some(key) = key.filter(|key| metadata.is_file() && name::object_key("Key", key).is_ok()) else {
                    mended.foreign.push(path);
                    continue;
                };
                holds_objects = true;
                let record = object_key(bucket, &key);
                let old = known.remove(&record);
                let modified = body::stamped(&metadata).unwrap_or_default();
                if old.as_ref().is_some_and(|old| old.size == metadata.len() && old.modified == modified) {
                    continue;
                }
                // One that cannot be read must not keep the whole workspace shut.
                let Ok((size, etag)) = body::measure(&path) else {
                    mended.foreign.push(path);
                    continue;
                };
                let uri = S3Uri::new(bucket, key.as_str());
                let (content_type, details) = if let Some(old) = old {
                    mended.refreshed.push(uri);
                    // What was said of the bytes no longer holds, what was said of the object does.
                    let details = old.details.map(|mut details| {
                        details.checksum = None;
                        details.parts.clear();
                        details
                    });
                    (old.content_type, details)
                } else {
                    let guessed = content_type_of(uri.file_name()).to_owned();
                    mended.picked_up.push(uri);
                    (guessed, None)
                };
                batch.put_typed(&record, &Object { key, size, etag, modified, content_type, details });
            }
        }
        if self.db.get(Bucket::TABLE, bucket)?.is_some() {
            return Ok(());
        }
        if holds_objects {
            let created = Timestamp(self.clock.wall_ms());
            batch.put_typed(bucket, &Bucket { name: bucket.to_owned(), created, tags: Vec::new() });
            mended.buckets.push(bucket.to_owned());
            return Ok(());
        }
        // A bucket that was never answered for; with something foreign in it, it stays where it is.
        remove_empty(folder);
        Ok(())
    }
}

/// The entries of a folder, by name, so that the outcome does not depend on the disk's order.
fn entries(folder: &Path) -> Result<Vec<DirEntry>, StoreError> {
    let read = fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let mut found = read.map_err(StoreError::io("read the folder", folder))?;
    found.sort_unstable_by_key(DirEntry::file_name);
    Ok(found)
}

fn remove(path: &PathBuf) -> Result<(), StoreError> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    removed.map_err(StoreError::io("sweep away", path))
}

/// Removes folders that hold nothing but empty folders.
fn remove_empty(folder: &Path) {
    for entry in entries(folder).unwrap_or_default() {
        if entry.path().is_dir() {
            remove_empty(&entry.path());
        }
    }
    // Refused where something is inside, which is what is wanted.
    let _ = fs::remove_dir(folder);
}
