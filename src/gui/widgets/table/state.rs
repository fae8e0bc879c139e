//! What a table remembers: sort, filter, selection, and the order of its rows, cached until something of that changes.

use std::collections::HashSet;
use std::sync::Arc;

use egui::Modifiers;
use serde::{Deserialize, Serialize};

use super::Rows;
use super::selection::Selection;
use crate::gui::prefs::Prefs;

/// The part that outlives a restart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    /// Column and whether descending; `None`: as the rows come.
    sort: Option<(usize, bool)>,
    filter: String,
}

/// One table's memory; lives in its page.
#[derive(Clone, Debug, Default)]
pub struct TableState {
    kept: Kept,
    loaded: bool,
    own_filter: bool,
    selection: Selection,
    cursor: Option<String>,
    anchor: Option<usize>,
    order: Vec<u32>,
    cached_for: Option<(u64, Kept)>,
    /// How far it is scrolled, points.
    pub(super) scroll: f32,
}

impl TableState {
    /// A table that is sorted at first by a column.
    pub fn sorted(column: usize, descending: bool) -> Self {
        Self { kept: Kept { sort: Some((column, descending)), filter: String::new() }, ..Self::default() }
    }

    /// A table whose filter is its own: of what is kept under its name, only the sort counts (folders of one bucket share a name).
    pub fn with_own_filter() -> Self {
        Self { own_filter: true, ..Self::default() }
    }

    /// The selected rows' names, in alphabetical order.
    pub fn selected(&self) -> Arc<[String]> {
        self.selection.sorted()
    }

    /// Whether a row is selected.
    pub fn is_selected(&self, key: &str) -> bool {
        self.selection.contains(key)
    }

    /// Selects exactly these.
    pub fn select(&mut self, keys: impl IntoIterator<Item = String>) {
        *self.selection.change() = keys.into_iter().collect();
    }

    /// Selects nothing; `true` when something was selected.
    pub fn clear_selection(&mut self) -> bool {
        let had = !self.selection.is_empty();
        self.selection.change().clear();
        had
    }

    /// The filter.
    pub fn filter(&self) -> &str {
        &self.kept.filter
    }

    /// Row numbers in the order shown.
    pub fn order(&self) -> &[u32] {
        &self.order
    }

    /// Column and direction.
    pub(super) fn sort(&self) -> Option<(usize, bool)> {
        self.kept.sort
    }

    pub(super) fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    pub(super) fn set_filter(&mut self, filter: String) {
        self.kept.filter = filter;
    }

    pub(super) fn load(&mut self, id: &str, prefs: &Prefs) {
        if !std::mem::replace(&mut self.loaded, true)
            && let Some(kept) = prefs.get::<Option<Kept>>(&format!("table.{id}"))
        {
            self.kept = kept;
            if self.own_filter {
                self.kept.filter.clear();
            }
        }
    }

    pub(super) fn store(&self, id: &str, prefs: &mut Prefs) {
        prefs.set(&format!("table.{id}"), &self.kept);
    }

    pub(super) fn sort_by(&mut self, column: usize) {
        self.kept.sort = Some((column, self.kept.sort == Some((column, false))));
    }

    /// Filters and sorts again if the rows, the filter or the sort changed; forgets selected rows that are gone.
    pub(super) fn refresh(&mut self, revision: u64, rows: &dyn Rows) {
        if self.cached_for.as_ref().is_some_and(|(seen, kept)| *seen == revision && *kept == self.kept) {
            return;
        }
        let rows_changed = self.cached_for.as_ref().is_none_or(|(seen, _)| *seen != revision);
        let same_question = self.cached_for.as_ref().is_some_and(|(_, kept)| *kept == self.kept);
        let n = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        if self.kept.filter.trim().is_empty() {
            // Yesterday's order is nearly today's: sorting it again is close to linear.
            if !(same_question && self.order.len() == n as usize) {
                self.order = (0..n).collect();
            }
        } else {
            let needle = self.kept.filter.trim().to_lowercase();
            self.order = (0..n)
                .filter(|row| rows.heading(*row as usize).is_none() && rows.matches(*row as usize, &needle))
                .collect();
        }
        if let Some((column, descending)) = self.kept.sort {
            self.order.sort_by(|a, b| {
                let (a, b) = (*a as usize, *b as usize);
                let order = rows.compare(a, b, column);
                let order = if descending { order.reverse() } else { order };
                order.then_with(|| rows.key(a).cmp(rows.key(b)))
            });
        }
        if rows_changed && !self.selection.is_empty() {
            let alive: HashSet<&str> = (0..rows.len()).map(|row| rows.key(row)).collect();
            self.selection.change().retain(|key| alive.contains(key.as_str()));
        }
        self.selection.rows_changed();
        self.cached_for = Some((revision, self.kept.clone()));
    }

    pub(super) fn toggle(&mut self, key: &str, place: usize) {
        let selection = self.selection.change();
        if !selection.remove(key) {
            selection.insert(key.to_owned());
        }
        self.cursor = Some(key.to_owned());
        self.anchor = Some(place);
    }

    /// A click: plain selects one (or toggles, in a table with tick boxes), Ctrl toggles, Shift selects from the last click to here.
    pub(super) fn click(&mut self, key: &str, place: usize, modifiers: Modifiers, ticks: bool, rows: &dyn Rows) {
        if modifiers.shift && self.anchor.is_some() {
            self.extend_to(place, modifiers.command, rows);
            self.cursor = Some(key.to_owned());
        } else if modifiers.command || ticks {
            self.toggle(key, place);
        } else {
            *self.selection.change() = HashSet::from([key.to_owned()]);
            self.cursor = Some(key.to_owned());
            self.anchor = Some(place);
        }
    }

    fn extend_to(&mut self, place: usize, keep: bool, rows: &dyn Rows) {
        let from = self.anchor.unwrap_or(place);
        let selection = self.selection.change();
        if !keep {
            selection.clear();
        }
        let last = self.order.len().saturating_sub(1);
        for row in &self.order[from.min(place).min(last)..=from.max(place).min(last)] {
            if rows.heading(*row as usize).is_none() {
                selection.insert(rows.key(*row as usize).to_owned());
            }
        }
    }

    pub(super) fn select_all(&mut self, rows: &dyn Rows) {
        let shown = self.order.iter().map(|row| *row as usize);
        *self.selection.change() =
            shown.filter(|row| rows.heading(*row).is_none()).map(|row| rows.key(row).to_owned()).collect();
    }

    /// Whether every row shown is selected.
    pub(super) fn all_selected(&self, rows: &dyn Rows) -> bool {
        let is_in = |row: &u32| {
            let row = *row as usize;
            rows.heading(row).is_some() || self.selection.contains(rows.key(row))
        };
        !self.selection.is_empty() && self.selection.holds_all(|| self.order.iter().all(is_in))
    }

    /// Moves the cursor; gives its new place.
    pub(super) fn step(&mut self, by: isize, extend: bool, rows: &dyn Rows) -> Option<usize> {
        if self.order.is_empty() {
            return None;
        }
        let last = self.order.len() - 1;
        let here =
            self.cursor.as_ref().and_then(|key| self.order.iter().position(|row| rows.key(*row as usize) == key));
        let mut place = match here {
            Some(here) => here.saturating_add_signed(by).min(last),
            // From nowhere one step down is the first row, and End is the last.
            None if by > 0 => by.unsigned_abs().saturating_sub(1).min(last),
            None => last,
        };
        // Over the heads of groups, onwards in the same direction; back where there is nothing further on.
        let direction: isize = if by > 0 { 1 } else { -1 };
        while rows.heading(self.order[place] as usize).is_some() {
            match place.checked_add_signed(direction).filter(|next| *next <= last) {
                Some(next) => place = next,
                None => return here,
            }
        }
        let key = rows.key(self.order[place] as usize).to_owned();
        if extend && self.anchor.is_some() {
            self.extend_to(place, false, rows);
        } else {
            self.anchor = Some(place);
            *self.selection.change() = HashSet::from([key.clone()]);
        }
        self.cursor = Some(key);
        Some(place)
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use super::super::Cell;
    use super::*;

    struct Names(Vec<&'static str>);

    impl Rows for Names {
        fn len(&self) -> usize {
            self.0.len()
        }
        fn key(&self, row: usize) -> &str {
            self.0[row]
        }
        fn cell(&self, row: usize, _: usize) -> Cell {
            Cell::Name(self.0[row].to_owned())
        }
        fn compare(&self, a: usize, b: usize, _: usize) -> Ordering {
            self.0[a].len().cmp(&self.0[b].len())
        }
        fn heading(&self, row: usize) -> Option<&str> {
            self.0[row].strip_prefix('#')
        }
    }

    fn shown(state: &TableState, rows: &Names) -> Vec<&'static str> {
        state.order().iter().map(|row| rows.0[*row as usize]).collect()
    }

    #[test]
    fn sorts_filters_and_caches_by_revision() {
        let rows = Names(vec!["ccc", "a", "bb", "AAA"]);
        let mut state = TableState::default();
        state.refresh(1, &rows);
        assert_eq!(shown(&state, &rows), ["ccc", "a", "bb", "AAA"]);
        state.sort_by(0);
        state.refresh(1, &rows);
        assert_eq!(shown(&state, &rows), ["a", "bb", "AAA", "ccc"], "ties by name");
        state.sort_by(0);
        state.refresh(1, &rows);
        assert_eq!(shown(&state, &rows), ["AAA", "ccc", "bb", "a"]);
        state.set_filter("A".into());
        state.refresh(1, &rows);
        assert_eq!(shown(&state, &rows), ["AAA", "a"], "without regard to case");
        state.select_all(&rows);
        let fewer = Names(vec!["a", "x"]);
        state.refresh(2, &fewer);
        assert_eq!(*state.selected(), ["a"], "what is gone is not selected");
    }

    #[test]
    fn selects_by_mouse_and_keys_and_jumps_over_group_heads() {
        let rows = Names(vec!["#g", "a", "b", "#h", "c"]);
        let mut state = TableState::default();
        state.refresh(1, &rows);
        assert_eq!(state.step(1, false, &rows), Some(1));
        assert_eq!(state.step(2, false, &rows), Some(4), "not onto the head");
        state.click("a", 1, Modifiers::NONE, false, &rows);
        state.click("c", 4, Modifiers::SHIFT, false, &rows);
        assert_eq!(*state.selected(), ["a", "b", "c"]);
        assert!(state.all_selected(&rows));
        state.click("b", 2, Modifiers::COMMAND, false, &rows);
        assert_eq!(*state.selected(), ["a", "c"]);
        assert!(!state.all_selected(&rows));
        state.select_all(&rows);
        assert!(state.all_selected(&rows));
        let more = Names(vec!["a", "b", "c", "d"]);
        state.refresh(2, &more);
        assert!(!state.all_selected(&more), "another row came");
        let rows = Names(vec!["#g", "a", "b", "#h", "c"]);
        state.refresh(3, &rows);
        assert_eq!(state.step(-9, false, &rows), Some(2), "nothing above the first head: stays");
    }
}
