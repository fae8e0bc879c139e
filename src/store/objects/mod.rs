//! Buckets on disk: bodies as files under `buckets/<bucket>/`, what is known of them as records.
//!
//! A body is written to a temporary name, flushed, renamed to its own name, and its folder flushed; then its record is committed. Whoever opens it
//! sees the old body or the new one, never a piece. The file's modification time is set to the record's, so that a body whose record
//! was not committed (a crash in between) is recognised when the workspace is opened again.

mod body;
pub mod key_path;
mod mend;
mod multipart;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use super::batch::Batch;
use super::db::Db;
use super::error::StoreError;
use super::records::{Record, decode};
use super::sync_folder;
use super::tables::object_key;
use crate::domain::bucket::{Bucket, Object, ObjectDetails, Precondition, content_type_of};
use crate::domain::name;
use crate::domain::s3_uri::S3Uri;
use crate::domain::time::Timestamp;
use crate::util::clock::Clock;

/// Bodies on their way; no bucket's name begins with a dot.
const TEMPORARY: &str = ".tmp";
/// Buckets that are being deleted.
const TRASH: &str = ".trash";
/// Uploads in parts that are under way.
const UPLOADS: &str = ".uploads";
/// Writers of one object take turns; objects share this many turnstiles.
const STRIPES: usize = 64;

/// The buckets of a workspace.
#[derive(Debug)]
pub struct Objects {
    root: PathBuf,
    db: Arc<Db>,
    clock: Clock,
    /// Numbers temporary names.
    next: AtomicU64,
    /// Read by whoever writes objects, written by whoever makes or deletes buckets.
    buckets: RwLock<()>,
    stripes: Vec<Mutex<()>>,
    /// Held while a part takes the place of another.
    parts: Mutex<()>,
}

/// What goes with the bytes of an object that is written, and when it may be.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// MIME type; guessed from the key's ending when not given.
    pub content_type: Option<String>,
    /// What else is kept with it.
    pub details: Option<Box<ObjectDetails>>,
    /// What must be true of the object that is there.
    pub only_if: Precondition,
}

/// What differed between bodies on disk and their records when the workspace was opened. All empty after a clean end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mended {
    /// Bodies without a record, picked up.
    pub picked_up: Vec<S3Uri>,
    /// Bodies that had changed behind their record's back, measured again.
    pub refreshed: Vec<S3Uri>,
    /// Records without a body, dropped.
    pub lost: Vec<S3Uri>,
    /// Bucket folders without a record, picked up.
    pub buckets: Vec<String>,
    /// Files and folders that are no object of ours, left alone.
    pub foreign: Vec<PathBuf>,
}

impl Objects {
    pub(super) fn attach(folder: &Path, db: &Arc<Db>, clock: &Clock) -> Result<Self, StoreError> {
        let root = folder.join("buckets");
        for part in [TEMPORARY, TRASH, UPLOADS] {
            fs::create_dir_all(root.join(part)).map_err(StoreError::io("create the folder", root.join(part)))?;
        }
        Ok(Self {
            root,
            db: Arc::clone(db),
            clock: clock.clone(),
            next: AtomicU64::new(0),
            buckets: RwLock::new(()),
            stripes: (0..STRIPES).map(|_| Mutex::new(())).collect(),
            parts: Mutex::new(()),
        })
    }

    /// Writes an object, there in full or not at all, and on the disk when this returns.
    pub fn put(&self, to: &S3Uri, from: &mut dyn Read, content_type: Option<&str>) -> Result<Object, StoreError> {
        self.put_with(to, from, content_type, |_| Batch::new())
    }

    /// As [`Objects::put`]; the batch that `also` makes is committed together with the object's record.
    pub fn put_with(
        &self,
        to: &S3Uri,
        from: &mut dyn Read,
        content_type: Option<&str>,
        also: impl FnOnce(&Object) -> Batch,
    ) -> Result<Object, StoreError> {
        let kept = Kept { content_type: content_type.map(ToOwned::to_owned), ..Kept::default() };
        self.put_kept(to, from, kept, also)
    }

    /// As [`Objects::put_with`], with more to keep.
    pub fn put_kept(
        &self,
        to: &S3Uri,
        from: &mut dyn Read,
        kept: Kept,
        also: impl FnOnce(&Object) -> Batch,
    ) -> Result<Object, StoreError> {
        name::object_key("Key", &to.key)?;
        self.require(&to.bucket)?;
        let temporary = self.temporary();
        let written =
            body::write(&temporary, to, from).and_then(|written| self.publish(&temporary, to, written, kept, also));
        if written.is_err() {
            // Best effort: what stays behind is swept when the workspace is opened next.
            let _ = fs::remove_file(&temporary);
        }
        written
    }

    /// Writes an object whose body is in a file of [`Objects::staging`] already, by moving it. `etag` is its MD5 in hex.
    pub fn put_staged(&self, to: &S3Uri, staged: &Path, etag: &str, kept: Kept) -> Result<Object, StoreError> {
        name::object_key("Key", &to.key)?;
        self.require(&to.bucket)?;
        let written = body::staged(staged, etag)?;
        self.publish(staged, to, written, kept, |_| Batch::new())
    }

    fn publish(
        &self,
        temporary: &Path,
        to: &S3Uri,
        written: body::Written,
        kept: Kept,
        also: impl FnOnce(&Object) -> Batch,
    ) -> Result<Object, StoreError> {
        // Most of the flushing is done before anybody has to wait for this object.
        written.file.sync_data().map_err(StoreError::io("flush", temporary))?;
        let _buckets = self.buckets.read().unwrap_or_else(PoisonError::into_inner);
        let _turn = self.turn(to);
        self.require(&to.bucket)?;
        let old = self.record(to)?;
        let met = match &kept.only_if {
            Precondition::Absent => old.is_none(),
            Precondition::Present | Precondition::Etag(_) if old.is_none() => {
                return Err(StoreError::NoObject(to.clone()));
            }
            Precondition::None | Precondition::Present => true,
            Precondition::Etag(etag) => old.as_ref().is_some_and(|old| old.etag == *etag),
        };
        if !met {
            return Err(StoreError::PreconditionFailed(to.clone()));
        }
        // Later than the body that it replaces even when the clock stands still, so that the two can be told apart by it.
        let before = old.map_or(i64::MIN, |old| old.modified.0);
        let modified = Timestamp(self.clock.wall_ms().max(before.saturating_add(1)));
        body::stamp(&written.file, temporary, modified)?;
        let path = self.path(to);
        body::rename(temporary, &path, &self.root)?;
        let object = Object {
            key: to.key.clone(),
            size: written.size,
            etag: written.etag,
            modified,
            content_type: kept.content_type.unwrap_or_else(|| content_type_of(to.file_name()).to_owned()),
            details: kept.details,
        };
        let mut batch = also(&object);
        batch.put_typed(&object_key(&to.bucket, &to.key), &object);
        self.commit(batch)?;
        Ok(object)
    }

    /// Sets what is kept with an object, and leaves its bytes alone.
    pub fn set_details(&self, of: &S3Uri, details: Box<ObjectDetails>) -> Result<Object, StoreError> {
        let _buckets = self.buckets.read().unwrap_or_else(PoisonError::into_inner);
        let _turn = self.turn(of);
        let mut object = self.head(of)?;
        object.details = Some(details);
        let mut batch = Batch::new();
        batch.put_typed(&object_key(&of.bucket, &of.key), &object);
        self.commit(batch)?;
        Ok(object)
    }

    /// An object and its body, to be read from the start. The body stays readable while it is replaced or deleted.
    pub fn open(&self, uri: &S3Uri) -> Result<(Object, File), StoreError> {
        let _turn = self.turn(uri);
        let object = self.head(uri)?;
        let path = self.path(uri);
        let file = File::open(&path).map_err(StoreError::io("open", &path))?;
        Ok((object, file))
    }

    /// Bytes `from..from + length` of an object's body; shorter where the body ends.
    pub fn read_range(&self, uri: &S3Uri, from: u64, length: u64) -> Result<(Object, Vec<u8>), StoreError> {
        let (object, mut file) = self.open(uri)?;
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(from))
            .and_then(|_| file.take(length).read_to_end(&mut bytes))
            .map_err(StoreError::io("read", self.path(uri)))?;
        Ok((object, bytes))
    }

    /// What is known of an object.
    pub fn head(&self, uri: &S3Uri) -> Result<Object, StoreError> {
        self.record(uri)?.ok_or_else(|| StoreError::NoObject(uri.clone()))
    }

    /// Where an object's body lies, or would lie.
    pub fn path(&self, uri: &S3Uri) -> PathBuf {
        self.root.join(&uri.bucket).join(key_path::path_of(&uri.key))
    }

    /// The objects of a bucket whose keys begin with `prefix`, in the byte order of their keys.
    pub fn list(&self, bucket: &str, prefix: &str) -> Result<Vec<Object>, StoreError> {
        self.require(bucket)?;
        let mut found = Vec::new();
        self.db.scan(Object::TABLE, &object_key(bucket, prefix), |key, bytes| {
            found.push(decode(&self.db, key, bytes)?);
            Ok(())
        })?;
        Ok(found)
    }

    /// Deletes an object; one that is not there is no error. Answers whether it was.
    pub fn delete(&self, uri: &S3Uri) -> Result<bool, StoreError> {
        Ok(self.delete_many(&uri.bucket, std::slice::from_ref(&uri.key))? == 1)
    }

    /// Deletes objects of one bucket with one commit; keys that are not there are no error. Answers how many were.
    pub fn delete_many(&self, bucket: &str, keys: &[String]) -> Result<usize, StoreError> {
        // Alone, so that no writer of one of these objects comes in between its body and its record.
        let _buckets = self.buckets.write().unwrap_or_else(PoisonError::into_inner);
        self.require(bucket)?;
        let mut batch = Batch::new();
        let mut gone = 0;
        let mut changed = BTreeSet::new();
        for key in keys {
            let uri = S3Uri::new(bucket, key);
            if name::object_key("Key", key).is_ok() && self.record(&uri)?.is_some() {
                // The body first: a body without a record would come back when the workspace is opened next.
                changed.extend(body::remove(&self.path(&uri), &self.root.join(bucket))?);
                batch.delete_typed::<Object>(&object_key(bucket, key));
                gone += 1;
            }
        }
        // A folder that went with a later key needs no flush of its own: the one above it is in the list then.
        for folder in changed.iter().filter(|folder| folder.is_dir()) {
            sync_folder(folder)?;
        }
        self.commit(batch)?;
        Ok(gone)
    }

    /// Makes a bucket.
    pub fn create_bucket(&self, bucket: &Bucket) -> Result<(), StoreError> {
        name::bucket("Bucket", &bucket.name)?;
        let _buckets = self.buckets.write().unwrap_or_else(PoisonError::into_inner);
        if self.db.get(Bucket::TABLE, &bucket.name)?.is_some() {
            return Err(StoreError::BucketExists(bucket.name.clone()));
        }
        let folder = self.root.join(&bucket.name);
        fs::create_dir_all(&folder).map_err(StoreError::io("create the folder", &folder))?;
        sync_folder(&self.root)?;
        let mut batch = Batch::new();
        batch.put_typed(&bucket.name, bucket);
        self.commit(batch)
    }

    /// Deletes a bucket; with `with_objects`, everything in it too.
    pub fn delete_bucket(&self, bucket: &str, with_objects: bool) -> Result<(), StoreError> {
        let _buckets = self.buckets.write().unwrap_or_else(PoisonError::into_inner);
        self.require(bucket)?;
        let mut batch = Batch::new();
        self.db.scan(Object::TABLE, &object_key(bucket, ""), |key, _| {
            batch.delete_typed::<Object>(key);
            Ok(())
        })?;
        if !batch.is_empty() && !with_objects {
            return Err(StoreError::BucketNotEmpty(bucket.to_owned()));
        }
        batch.delete_typed::<Bucket>(bucket);
        self.commit(batch)?;
        self.forget_uploads(bucket);
        // One rename takes the whole bucket out of sight: a crash before it brings all of the bucket back, a crash after it nothing.
        let trash = self.root.join(TRASH).join(self.fresh_name());
        let folder = self.root.join(bucket);
        match fs::rename(&folder, &trash) {
            Ok(()) => sync_folder(&self.root)?,
            Err(gone) if gone.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(source) => return Err(StoreError::io("remove", &folder)(source)),
        }
        // Best effort: what stays behind is swept when the workspace is opened next.
        let _ = fs::remove_dir_all(&trash);
        Ok(())
    }

    /// A folder on the disk of the buckets, for bodies on their way in; emptied when the workspace is opened.
    pub fn staging(&self) -> PathBuf {
        self.root.join(TEMPORARY)
    }

    fn require(&self, bucket: &str) -> Result<(), StoreError> {
        match self.db.get(Bucket::TABLE, bucket)? {
            Some(_) => Ok(()),
            None => Err(StoreError::NoBucket(bucket.to_owned())),
        }
    }

    fn record(&self, uri: &S3Uri) -> Result<Option<Object>, StoreError> {
        let key = object_key(&uri.bucket, &uri.key);
        self.db.get(Object::TABLE, &key)?.map(|bytes| decode(&self.db, &key, &bytes)).transpose()
    }

    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        match batch.broken {
            Some(error) => Err(error),
            None if batch.changes.is_empty() => Ok(()),
            None => self.db.commit(&batch.changes),
        }
    }

    fn turn(&self, uri: &S3Uri) -> MutexGuard<'_, ()> {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(uri);
        self.stripes[hash as usize % STRIPES].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fresh_name(&self) -> String {
        format!("{}-{}", std::process::id(), self.next.fetch_add(1, Ordering::Relaxed))
    }

    fn temporary(&self) -> PathBuf {
        self.root.join(TEMPORARY).join(self.fresh_name())
    }
}
