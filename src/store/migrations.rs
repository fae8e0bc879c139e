//! Steps from one schema of the database to the next: for what reaches over several tables, such as a table that gets another name.
//!
//! A change within one record type needs no step here: it is an upgrade in the table of tables, carried out while the record is read.

use std::collections::BTreeMap;

use super::META;
use super::db::{Db, storage_key};
use super::error::StoreError;

/// Everything in the database: (table, key) → value.
pub(super) type Everything = BTreeMap<(String, String), Vec<u8>>;

/// One step. It may change anything but the schema's own number.
pub(super) struct Migration {
    /// What it does, in words for the log.
    pub(super) what: &'static str,
    /// Does it; the error says what it stumbled over.
    pub(super) run: fn(&mut Everything) -> Result<(), String>,
}

/// All steps there have ever been: the first leads from schema 1 to 2. Only ever added to.
pub(super) const MIGRATIONS: &[Migration] = &[];

/// The schema that this version writes.
pub(super) const SCHEMA: u32 = MIGRATIONS.len() as u32 + 1;

const SCHEMA_KEY: &str = "schema";

/// The schema that the database has; `None` for one that is new.
pub(super) fn schema_of(db: &Db) -> Result<Option<u32>, StoreError> {
    let Some(bytes) = db.get(META, SCHEMA_KEY)? else { return Ok(None) };
    serde_json::from_slice(&bytes).map(Some).map_err(|error| super::meta_error(SCHEMA_KEY, &error))
}

/// Brings the database to the newest schema, in one commit or not at all. `before` is called first where there is something to do.
pub(super) fn migrate(
    db: &Db,
    steps: &[Migration],
    before: impl FnOnce(u32) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let to = steps.len() as u32 + 1;
    let from = match schema_of(db)? {
        None => return db.commit(&BTreeMap::from([schema_change(to)])),
        Some(found) if found == to => return Ok(()),
        Some(found) if found > to => {
            let (what, path) = ("the workspace".to_owned(), db.folder().to_owned());
            return Err(StoreError::Newer { what, path, found, known: to });
        }
        Some(found) => found.max(1),
    };
    before(from)?;
    let (_, rows) = db.dump()?;
    let old: Everything = rows.into_iter().map(|(table, key, value)| ((table, key), value)).collect();
    let mut new = old.clone();
    for step in &steps[from as usize - 1..] {
        tracing::info!(step = step.what, "bringing the workspace to a newer schema");
        (step.run)(&mut new).map_err(|why| StoreError::Migration { from, to, why: format!("{}: {why}", step.what) })?;
    }
    let gone = old.keys().filter(|at| !new.contains_key(*at)).map(|(table, key)| (storage_key(table, key), None));
    let mut changes: BTreeMap<Vec<u8>, Option<Vec<u8>>> = gone.collect();
    for (at, value) in new {
        if old.get(&at) != Some(&value) {
            changes.insert(storage_key(&at.0, &at.1), Some(value));
        }
    }
    changes.extend([schema_change(to)]);
    db.commit(&changes)
}

fn schema_change(to: u32) -> (Vec<u8>, Option<Vec<u8>>) {
    (storage_key(META, SCHEMA_KEY), Some(to.to_string().into_bytes()))
}
