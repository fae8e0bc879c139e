//! Changes that happen together or not at all, over any number of tables.

use std::collections::BTreeMap;

use super::db::storage_key;
use super::error::StoreError;
use super::records::{Record, Records, encode};
use super::tables::{EVENTS_KEPT, event_key};
use crate::domain::event::Event;

/// Collected changes. The last one of a key counts. Errors of encoding are kept and come out of `Store::commit`.
#[derive(Debug, Default)]
pub struct Batch {
    pub(super) changes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    pub(super) broken: Option<StoreError>,
}

impl Batch {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds or replaces a record.
    pub fn put<T: Record>(&mut self, _table: &Records<T>, key: &str, value: &T) -> &mut Self {
        self.put_typed(key, value)
    }

    pub(super) fn put_typed<T: Record>(&mut self, key: &str, value: &T) -> &mut Self {
        match encode(key, value) {
            Ok(bytes) => drop(self.changes.insert(storage_key(T::TABLE, key), Some(bytes))),
            Err(error) => self.broken = self.broken.take().or(Some(error)),
        }
        self
    }

    /// Takes a record out; one that is not there is no error.
    pub fn delete<T: Record>(&mut self, _table: &Records<T>, key: &str) -> &mut Self {
        self.delete_typed::<T>(key)
    }

    pub(super) fn delete_typed<T: Record>(&mut self, key: &str) -> &mut Self {
        self.changes.insert(storage_key(T::TABLE, key), None);
        self
    }

    /// Adds an event, and forgets the one that is [`EVENTS_KEPT`] numbers older.
    pub fn push_event(&mut self, event: &Event) -> &mut Self {
        if let Some(old) = event.number.checked_sub(EVENTS_KEPT) {
            self.delete_typed::<Event>(&event_key(old));
        }
        self.put_typed(&event_key(event.number), event)
    }

    /// Adds everything of another batch, which counts as later.
    pub fn append(&mut self, other: Batch) -> &mut Self {
        self.changes.extend(other.changes);
        self.broken = self.broken.take().or(other.broken);
        self
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.broken.is_none()
    }
}
