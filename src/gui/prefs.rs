//! What a person set and wants to find again: `console.json` in the workspace's folder, written whole and renamed, never on the frame's thread.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::route::Route;
use super::theme::ThemeChoice;
use crate::util::file::write_whole;

/// The name of the file in the workspace's folder.
pub const FILE: &str = "console.json";

/// What is kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Kept {
    /// Theme.
    pub theme: ThemeChoice,
    /// Where the window was.
    pub route: Route,
    /// Inner size of the window, points.
    pub window: Option<[f32; 2]>,
    /// Whether the window filled the screen.
    pub maximized: bool,
    /// Whether the rail shows icons only although there is room.
    pub rail_narrow: bool,
    /// Whether the activity drawer is open.
    pub drawer_open: bool,
    /// Sort, filter, tabs … of pages, by a key of theirs.
    pub pages: BTreeMap<String, serde_json::Value>,
}

/// The kept things and whether they changed.
#[derive(Debug, Default)]
pub struct Prefs {
    kept: Kept,
    changed: bool,
}

impl Prefs {
    /// Starts from what was kept.
    pub fn new(kept: Kept) -> Self {
        Self { kept, changed: false }
    }

    /// Reads.
    pub fn kept(&self) -> &Kept {
        &self.kept
    }

    /// Changes; written soon when it differs.
    pub fn change(&mut self, change: impl FnOnce(&mut Kept)) {
        let before = self.kept.clone();
        change(&mut self.kept);
        self.changed |= before != self.kept;
    }

    /// A page's own value; its default when there is none or it no longer fits its type.
    pub fn get<T: DeserializeOwned + Default>(&self, key: &str) -> T {
        self.kept.pages.get(key).and_then(|value| serde_json::from_value(value.clone()).ok()).unwrap_or_default()
    }

    /// Keeps a page's own value.
    pub fn set<T: Serialize>(&mut self, key: &str, value: &T) {
        let Ok(value) = serde_json::to_value(value) else { return };
        if self.kept.pages.get(key) != Some(&value) {
            self.kept.pages.insert(key.to_owned(), value);
            self.changed = true;
        }
    }

    /// What to write, once after each change.
    pub fn take_changed(&mut self) -> Option<Kept> {
        std::mem::take(&mut self.changed).then(|| self.kept.clone())
    }
}

/// Reads `console.json`. A file that is missing or unreadable is no reason not to start: defaults then.
pub fn read(path: &Path) -> Kept {
    let Ok(text) = std::fs::read_to_string(path) else { return Kept::default() };
    serde_json::from_str(&text).unwrap_or_else(|why| {
        tracing::warn!(path = %path.display(), %why, "the window's settings could not be read; starting with defaults");
        Kept::default()
    })
}

fn write(path: &Path, kept: &Kept) -> io::Result<()> {
    write_whole(path, &serde_json::to_vec_pretty(kept)?)
}

#[derive(Default)]
struct Slot {
    next: Option<Kept>,
    closing: bool,
}

/// A thread that writes the newest state; states that are overtaken while it writes are skipped.
pub struct Writer {
    shared: Arc<(Mutex<Slot>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread; without one (the system refuses threads) nothing is kept.
    pub fn start(path: PathBuf) -> Self {
        let shared: Arc<(Mutex<Slot>, Condvar)> = Arc::default();
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("console-settings".to_owned()).spawn(move || {
            loop {
                let mut slot = theirs.0.lock().unwrap_or_else(PoisonError::into_inner);
                while slot.next.is_none() && !slot.closing {
                    slot = theirs.1.wait(slot).unwrap_or_else(PoisonError::into_inner);
                }
                let Some(kept) = slot.next.take() else { return };
                drop(slot);
                if let Err(why) = write(&path, &kept) {
                    tracing::warn!(path = %path.display(), %why, "the window's settings could not be written");
                }
            }
        });
        Self { shared, thread: thread.ok() }
    }

    /// Hands over a state to write; returns at once.
    pub fn write(&self, kept: Kept) {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner).next = Some(kept);
        self.shared.1.notify_one();
    }
}

impl Drop for Writer {
    /// Waits for the last write.
    fn drop(&mut self) {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner).closing = true;
        self.shared.1.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_set_is_there_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let mut prefs = Prefs::new(read(&path));
        assert_eq!(prefs.take_changed(), None);
        prefs.change(|kept| kept.route = Route::Model("m".into()));
        prefs.set("table.models", &("name".to_owned(), true));
        let writer = Writer::start(path.clone());
        writer.write(prefs.take_changed().unwrap());
        drop(writer);
        let again = Prefs::new(read(&path));
        assert_eq!(again.kept().route, Route::Model("m".into()));
        assert_eq!(again.get::<(String, bool)>("table.models"), ("name".to_owned(), true));
        assert_eq!(again.get::<u8>("table.models"), 0, "a value that no longer fits is its default");
        std::fs::write(&path, "{ half").unwrap();
        assert_eq!(read(&path), Kept::default());
    }
}
