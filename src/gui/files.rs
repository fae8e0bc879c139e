//! Choosing files and folders: the system's dialogs behind a trait, so that tests choose without a screen.

use std::path::PathBuf;
use std::sync::Mutex;

use crate::util::promise::{Promise, promise};
use crate::workspace::CommandError;

/// What a dialog gave: nothing when it was closed. An error when no dialog could open (then offer a field for the path).
pub type Picked = Promise<Result<Option<Vec<PathBuf>>, CommandError>>;

/// Asks a person for paths. Never blocks: the answer comes by promise.
pub trait FilePicker: Send + Sync {
    /// One or more files to read; `endings` without dots, empty for all.
    fn open_files(&self, title: &str, endings: &[&str]) -> Picked;

    /// A file to write.
    fn save_file(&self, title: &str, suggested: &str) -> Picked;

    /// A folder to read.
    fn open_folder(&self, title: &str) -> Picked;
}

/// The system's own dialogs, each on a thread of its own.
#[derive(Debug, Default)]
pub struct SystemPicker;

fn on_thread(ask: impl FnOnce() -> Option<Vec<PathBuf>> + Send + 'static) -> Picked {
    let (resolver, picked) = promise();
    // A refused thread drops the resolver, and the promise breaks: the caller sees that no dialog could open.
    let _ = std::thread::Builder::new().name("file-dialog".to_owned()).spawn(move || resolver.resolve(Ok(ask())));
    picked
}

impl FilePicker for SystemPicker {
    fn open_files(&self, title: &str, endings: &[&str]) -> Picked {
        let mut dialog = rfd::FileDialog::new().set_title(title);
        if !endings.is_empty() {
            dialog = dialog.add_filter("Data", endings).add_filter("All files", &["*"]);
        }
        on_thread(move || dialog.pick_files())
    }

    fn save_file(&self, title: &str, suggested: &str) -> Picked {
        let dialog = rfd::FileDialog::new().set_title(title).set_file_name(suggested);
        on_thread(move || dialog.save_file().map(|path| vec![path]))
    }

    fn open_folder(&self, title: &str) -> Picked {
        let dialog = rfd::FileDialog::new().set_title(title);
        on_thread(move || dialog.pick_folder().map(|path| vec![path]))
    }
}

/// Gives what it was told to give, once each, then nothing.
#[derive(Debug, Default)]
pub struct ScriptedPicker(pub Mutex<Vec<Vec<PathBuf>>>);

impl ScriptedPicker {
    fn next(&self) -> Picked {
        let mut left = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Promise::ready(Ok(if left.is_empty() { None } else { Some(left.remove(0)) }))
    }
}

impl FilePicker for ScriptedPicker {
    fn open_files(&self, _: &str, _: &[&str]) -> Picked {
        self.next()
    }

    fn save_file(&self, _: &str, _: &str) -> Picked {
        self.next()
    }

    fn open_folder(&self, _: &str) -> Picked {
        self.next()
    }
}
