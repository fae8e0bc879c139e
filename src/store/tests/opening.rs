//! Folders that cannot be opened, and what the error says.

use std::fs;
use std::io;

use super::{NOW, open};
use crate::store::{Store, StoreError};
use crate::util::clock::Clock;

fn refused(folder: &std::path::Path) -> StoreError {
    match Store::open(folder, &Clock::paused(NOW)) {
        Ok(_) => panic!("{} was opened", folder.display()),
        Err(error) => error,
    }
}

#[test]
fn the_second_one_is_told_who_has_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(folder.path());
    let error = refused(folder.path());
    let StoreError::Locked { pid, since, .. } = &error else { panic!("{error}") };
    assert_eq!((*pid, since.map(|at| at.0)), (Some(std::process::id()), Some(NOW)));
    let words = error.to_string();
    assert!(words.contains(&format!("process {} since 2025-11-24 16:00:00 UTC", std::process::id())), "{words}");
    drop(first);
    assert!(open(folder.path()).restored.is_none());
}

#[test]
fn a_missing_folder_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("not/there/yet");
    assert!(open(&deep).store.folder().is_dir());
}

#[test]
fn a_file_in_the_way_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "x").unwrap();
    for path in [file.clone(), file.join("below")] {
        let words = refused(&path).to_string();
        assert!(words.contains(path.to_str().unwrap()) && words.contains("choose another workspace folder"), "{words}");
    }
}

#[test]
fn a_database_that_is_a_file_is_kept_and_replaced() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("db"), "not a folder").unwrap();
    let note = open(folder.path()).restored.unwrap();
    assert_eq!(fs::read_to_string(note.kept_at.unwrap()).unwrap(), "not a folder");
    assert_eq!(open(folder.path()).restored, None);
}

/// Folders of the kernel's own that nobody may write to, not even root.
#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_cannot_be_written_is_named() {
    for path in ["/proc/counterpoise", "/sys/counterpoise"] {
        let error = refused(std::path::Path::new(path));
        let words = error.to_string();
        assert!(words.contains(path) && words.starts_with("could not create the folder"), "{words}");
    }
}

#[test]
fn each_refusal_says_what_to_do() {
    let told = |kind: io::ErrorKind| StoreError::io("write", "/data/x")(io::Error::from(kind));
    for (kind, advice) in [
        (io::ErrorKind::StorageFull, "free some space"),
        (io::ErrorKind::QuotaExceeded, "free some space"),
        (io::ErrorKind::ReadOnlyFilesystem, "read-only"),
        (io::ErrorKind::PermissionDenied, "may not write there"),
        (io::ErrorKind::NotFound, "missing"),
        (io::ErrorKind::InvalidFilename, "shorter key"),
    ] {
        let words = told(kind).to_string();
        assert!(words.starts_with("could not write /data/x: ") && words.contains(advice), "{words}");
    }
    assert!(told(io::ErrorKind::StorageFull).is_disk_full());
    assert!(!told(io::ErrorKind::PermissionDenied).is_disk_full());
}
