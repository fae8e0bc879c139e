//! Typed, versioned records: `{"v":2,"data":{…}}`. Older versions are brought up to date while they are read.

use std::marker::PhantomData;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::db::Db;
use super::error::StoreError;

/// Turns the data of one version into that of the next; the error says what it stumbled over.
pub type Upgrade = fn(Value) -> Result<Value, String>;

/// What a table holds. Implemented by the table of tables (see `tables.rs`), a line a type.
pub trait Record: Serialize + DeserializeOwned {
    /// The table's name on disk. Never changes once released.
    const TABLE: &'static str;
    /// `UPGRADES[0]` leads from version 1 to 2, and so on; the current version is one more than there are upgrades.
    const UPGRADES: &'static [Upgrade];

    /// The version that is written.
    fn version() -> u32 {
        Self::UPGRADES.len() as u32 + 1
    }
}

#[derive(Serialize)]
struct EnvelopeOut<'a, T> {
    v: u32,
    data: &'a T,
}

#[derive(Deserialize)]
struct EnvelopeIn<D> {
    v: u32,
    data: D,
}

/// Writes a record, and makes sure that what was written can be read again (a NaN in a field, for example, could not).
pub(super) fn encode<T: Record>(key: &str, value: &T) -> Result<Vec<u8>, StoreError> {
    let broken =
        |why: serde_json::Error| StoreError::Record { table: T::TABLE, key: key.to_owned(), why: why.to_string() };
    let bytes = serde_json::to_vec(&EnvelopeOut { v: T::version(), data: value }).map_err(broken)?;
    serde_json::from_slice::<EnvelopeIn<T>>(&bytes).map_err(broken)?;
    Ok(bytes)
}

/// Reads a record of any version up to the current one.
pub(super) fn decode<T: Record>(db: &Db, key: &str, bytes: &[u8]) -> Result<T, StoreError> {
    let broken = |why: String| StoreError::Record { table: T::TABLE, key: key.to_owned(), why };
    // The fast path: a current record is read straight into its type.
    if let Ok(EnvelopeIn { v, data }) = serde_json::from_slice::<EnvelopeIn<T>>(bytes)
        && v == T::version()
    {
        return Ok(data);
    }
    let EnvelopeIn { v, mut data } =
        serde_json::from_slice::<EnvelopeIn<Value>>(bytes).map_err(|why| broken(why.to_string()))?;
    if v > T::version() {
        return Err(StoreError::Newer {
            what: format!("record {}/{key}", T::TABLE),
            path: db.folder().to_owned(),
            found: v,
            known: T::version(),
        });
    }
    if v == 0 {
        return Err(broken("has no version that ever was".to_owned()));
    }
    for upgrade in &T::UPGRADES[v as usize - 1..] {
        data = upgrade(data).map_err(broken)?;
    }
    serde_json::from_value(data).map_err(|why| broken(why.to_string()))
}

/// A table. Reads see committed batches whole.
#[derive(Debug)]
pub struct Records<T> {
    db: Arc<Db>,
    of: PhantomData<fn() -> T>,
}

impl<T: Record> Records<T> {
    pub(super) fn new(db: Arc<Db>) -> Self {
        Self { db, of: PhantomData }
    }

    /// One record by its key.
    pub fn get(&self, key: &str) -> Result<Option<T>, StoreError> {
        self.db.get(T::TABLE, key)?.map(|bytes| decode(&self.db, key, &bytes)).transpose()
    }

    /// Whether there is one of that key.
    pub fn contains(&self, key: &str) -> Result<bool, StoreError> {
        Ok(self.db.get(T::TABLE, key)?.is_some())
    }

    /// All, in the byte order of their keys. The first record that cannot be read ends it with its error.
    pub fn all(&self) -> Result<Vec<(String, T)>, StoreError> {
        self.with_prefix("")
    }

    /// Those whose keys begin with `prefix`, in the byte order of their keys.
    pub fn with_prefix(&self, prefix: &str) -> Result<Vec<(String, T)>, StoreError> {
        let mut found = Vec::new();
        self.db.scan(T::TABLE, prefix, |key, bytes| {
            found.push((key.to_owned(), decode(&self.db, key, bytes)?));
            Ok(())
        })?;
        Ok(found)
    }
}
