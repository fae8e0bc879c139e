//! Which rows of a table are selected. What a frame asks of 100,000 of them is worked out once, not in every frame.

use std::cell::{Cell, OnceCell};
use std::collections::HashSet;
use std::sync::Arc;

/// The names of the selected rows.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    names: HashSet<String>,
    sorted: OnceCell<Arc<[String]>>,
    /// Whether every row shown is among them, once that was asked.
    holds_all: Cell<Option<bool>>,
}

impl Selection {
    /// The names in alphabetical order.
    pub fn sorted(&self) -> Arc<[String]> {
        let sort = || {
            let mut names: Vec<String> = self.names.iter().cloned().collect();
            names.sort_unstable();
            names.into()
        };
        Arc::clone(self.sorted.get_or_init(sort))
    }

    /// Whether a name is in it.
    pub fn contains(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Whether it holds every row shown, as `work_out` finds; remembered until the selection or ([`Selection::rows_changed`]) the rows change.
    pub fn holds_all(&self, work_out: impl FnOnce() -> bool) -> bool {
        let held = self.holds_all.get().unwrap_or_else(work_out);
        self.holds_all.set(Some(held));
        held
    }

    /// Other rows are shown, or in another number.
    pub fn rows_changed(&mut self) {
        self.holds_all.set(None);
    }

    /// The names, to be changed.
    pub fn change(&mut self) -> &mut HashSet<String> {
        self.sorted.take();
        self.holds_all.set(None);
        &mut self.names
    }
}
