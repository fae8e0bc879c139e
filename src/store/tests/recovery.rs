//! Damaged databases, damaged backups, lost tails: nothing is wrong without being said, and what a backup holds comes back.

use std::fs;
use std::path::{Path, PathBuf};

use super::{NOW, bucket, model_names, open, put_model};
use crate::domain::s3_uri::S3Uri;
use crate::domain::time::Timestamp;
use crate::store::backup;
use crate::store::{RestoreNote, Store};
use crate::util::seed::Rng;

/// A closed workspace with models `a` and `b`, and an object; its backup holds all of it.
fn closed_workspace(folder: &Path) {
    let store = open(folder).store;
    store.objects().create_bucket(&bucket("my-bucket")).unwrap();
    store.objects().put(&S3Uri::new("my-bucket", "x/y.csv"), &mut &b"1,2\n"[..], Some("text/odd")).unwrap();
    put_model(&store, "a");
    put_model(&store, "b");
    store.close().unwrap();
}

fn database_files(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder.join("db"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    found.sort();
    found
}

/// Overwrites every file of the database with noise of the same length.
fn ruin_database(folder: &Path) {
    for path in database_files(folder) {
        let length = fs::metadata(&path).unwrap().len();
        let mut rng = Rng::new(length);
        fs::write(&path, (0..length).map(|_| rng.next_u64() as u8).collect::<Vec<u8>>()).unwrap();
    }
}

fn restored(folder: &Path) -> (Store, RestoreNote) {
    let opened = open(folder);
    (opened.store, opened.restored.expect("the database was restored"))
}

#[test]
fn a_ruined_database_comes_back_from_its_backup() {
    let folder = tempfile::tempdir().unwrap();
    closed_workspace(folder.path());
    ruin_database(folder.path());
    let ruins: Vec<Vec<u8>> = database_files(folder.path()).iter().map(|path| fs::read(path).unwrap()).collect();
    {
        let (store, note) = restored(folder.path());
        assert_eq!(model_names(&store), ["a", "b"]);
        assert_eq!(note.backup_made, Some(Timestamp(NOW)));
        // Schema, bucket, object, two models.
        assert_eq!((note.records, note.skipped.len()), (5, 0));
        assert!(!note.why.is_empty());
        let kept: Vec<PathBuf> =
            fs::read_dir(note.kept_at.unwrap()).unwrap().map(|entry| entry.unwrap().path()).collect();
        for ruin in &ruins {
            assert!(
                kept.iter().any(|path| path.is_file() && fs::read(path).unwrap() == *ruin),
                "a damaged file was not kept"
            );
        }
        let (object, bytes) = store.objects().read_range(&S3Uri::new("my-bucket", "x/y.csv"), 0, 99).unwrap();
        assert_eq!((bytes.as_slice(), object.content_type.as_str()), (&b"1,2\n"[..], "text/odd"));
        put_model(&store, "c");
    }
    let again = open(folder.path());
    assert_eq!(again.restored, None, "once is enough");
    assert_eq!(model_names(&again.store), ["a", "b", "c"]);
}

#[test]
fn a_missing_database_comes_back_too() {
    let folder = tempfile::tempdir().unwrap();
    closed_workspace(folder.path());
    fs::remove_dir_all(folder.path().join("db")).unwrap();
    let (store, note) = restored(folder.path());
    assert_eq!((model_names(&store), note.kept_at), (vec!["a".to_owned(), "b".to_owned()], None));
}

#[test]
fn a_database_that_has_lost_its_end_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let copy = tempfile::tempdir().unwrap();
    closed_workspace(folder.path());
    // An older state of the files, whole in itself: what a log that was cut off looks like.
    let older = copy.path().join("db");
    copy_folder(&folder.path().join("db"), &older);
    {
        let store = open(folder.path()).store;
        put_model(&store, "c");
        store.close().unwrap();
    }
    fs::remove_dir_all(folder.path().join("db")).unwrap();
    copy_folder(&older, &folder.path().join("db"));
    let (store, note) = restored(folder.path());
    assert_eq!(model_names(&store), ["a", "b", "c"]);
    assert!(note.why.contains("a backup holds change"), "{}", note.why);
}

#[test]
fn damaged_backups_are_skipped_for_older_ones() {
    let folder = tempfile::tempdir().unwrap();
    closed_workspace(folder.path());
    for name in ["c", "d", "e"] {
        let store = open(folder.path()).store;
        put_model(&store, name);
        store.close().unwrap();
    }
    let backups = backup::list(folder.path()).unwrap();
    assert_eq!(backups.len(), 4);
    // The newest is cut off, the next has one changed byte, the one after is whole.
    let bytes = fs::read(&backups[0]).unwrap();
    fs::write(&backups[0], &bytes[..bytes.len() / 2]).unwrap();
    let mut bytes = fs::read(&backups[1]).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&backups[1], bytes).unwrap();
    ruin_database(folder.path());
    {
        let (store, note) = restored(folder.path());
        assert_eq!(model_names(&store), ["a", "b", "c"]);
        assert_eq!(note.backup.as_deref(), Some(backups[2].as_path()));
        assert_eq!(note.skipped.len(), 2);
        assert!(note.skipped.iter().all(|(kept, why)| kept.exists() && !why.is_empty()), "{:?}", note.skipped);
    }
    assert_eq!(open(folder.path()).restored, None);
}

#[test]
fn a_damaged_backup_does_not_harm_a_whole_database() {
    let folder = tempfile::tempdir().unwrap();
    closed_workspace(folder.path());
    let backup = &backup::list(folder.path()).unwrap()[0];
    fs::write(backup, "not a backup").unwrap();
    let opened = open(folder.path());
    assert_eq!((opened.restored, model_names(&opened.store).len()), (None, 2));
}

#[test]
fn without_a_backup_the_tables_start_empty_and_the_objects_are_found() {
    let folder = tempfile::tempdir().unwrap();
    closed_workspace(folder.path());
    fs::remove_dir_all(folder.path().join("backups")).unwrap();
    ruin_database(folder.path());
    let opened = open(folder.path());
    let note = opened.restored.unwrap();
    assert_eq!((note.backup, note.records), (None, 0));
    assert_eq!(opened.mended.buckets, ["my-bucket"]);
    assert_eq!(opened.mended.picked_up, [S3Uri::new("my-bucket", "x/y.csv")]);
    let (object, bytes) = opened.store.objects().read_range(&S3Uri::new("my-bucket", "x/y.csv"), 0, 99).unwrap();
    assert_eq!((bytes.as_slice(), object.content_type.as_str()), (&b"1,2\n"[..], "text/csv"));
}

/// Damage of every kind at seeded places: the outcome is always all that was there, restored or as it was, and never a silent loss.
#[test]
fn no_damage_goes_unnoticed() {
    let mut restored = 0;
    for seed in 0..40 {
        let folder = tempfile::tempdir().unwrap();
        closed_workspace(folder.path());
        let mut rng = Rng::new(seed);
        let files = database_files(folder.path());
        let path = &files[rng.below(files.len())];
        let mut bytes = fs::read(path).unwrap();
        if bytes.is_empty() {
            continue;
        }
        match rng.below(4) {
            0 => {
                for _ in 0..=rng.below(20) {
                    let at = rng.below(bytes.len());
                    bytes[at] ^= 1 << rng.below(8);
                }
            }
            1 => bytes.truncate(rng.below(bytes.len())),
            2 => {
                let from = rng.below(bytes.len());
                let to = from + rng.below(bytes.len() - from);
                bytes[from..=to].fill(0);
            }
            // Near the start, where the records of a small database are.
            _ => {
                let end = bytes.len().min(4_096);
                let at = rng.below(end);
                bytes[at] = !bytes[at];
            }
        }
        fs::write(path, bytes).unwrap();
        let opened = open(folder.path());
        assert_eq!(model_names(&opened.store), ["a", "b"], "seed {seed}: {:?}", opened.restored);
        assert_eq!(opened.store.objects().list("my-bucket", "").unwrap().len(), 1, "seed {seed}");
        restored += usize::from(opened.restored.is_some());
    }
    assert!(restored >= 10, "only {restored} of 40 were damaged where it counts");
}

#[test]
fn a_crash_in_the_middle_of_a_restore_starts_it_again() {
    let folder = tempfile::tempdir().unwrap();
    closed_workspace(folder.path());
    fs::remove_dir_all(folder.path().join("db")).unwrap();
    {
        // What a first chunk leaves behind: some records, and the end at change 0.
        let db = crate::store::db::Db::open(&folder.path().join("db")).unwrap_or_else(|error| panic!("{error:?}"));
        let row = (crate::store::db::storage_key("meta", "schema"), Some(b"1".to_vec()));
        db.commit_as(&std::iter::once(row).collect(), Some(0)).unwrap();
    }
    assert_eq!(model_names(&restored(folder.path()).0), ["a", "b"]);
}

#[test]
fn backups_wait_for_quiet_and_only_the_last_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).store;
    let at = |seconds: i64| Timestamp(NOW + seconds * 1_000);
    let mut backed_up = Vec::new();
    let mut second = 0;
    for n in 0..backup::KEPT + 3 {
        put_model(&store, &format!("m{n}"));
        assert_eq!(store.backup_if_quiet(at(second)).unwrap(), None, "just seen");
        put_model(&store, &format!("n{n}"));
        assert_eq!(store.backup_if_quiet(at(second + 29)).unwrap(), None, "changed again");
        assert_eq!(store.backup_if_quiet(at(second + 58)).unwrap(), None, "29 seconds of quiet");
        backed_up.push(store.backup_if_quiet(at(second + 59)).unwrap().expect("30 seconds of quiet"));
        assert_eq!(store.backup_if_quiet(at(second + 200)).unwrap(), None, "nothing new");
        second += 300;
    }
    backed_up.reverse();
    backed_up.truncate(backup::KEPT);
    assert_eq!(backup::list(store.folder()).unwrap(), backed_up);
    let (header, rows) = backup::read(&backed_up[0]).unwrap();
    assert_eq!((header.schema, rows.len()), (1, 2 * (backup::KEPT + 3) + 1));
}

#[test]
fn a_backup_comes_at_last_even_without_quiet() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).store;
    let mut first = None;
    for second in 0..700 {
        if second % 10 == 0 {
            put_model(&store, "m");
        }
        if store.backup_if_quiet(Timestamp(NOW + second * 1_000)).unwrap().is_some() {
            first = first.or(Some(second));
        }
    }
    assert_eq!(first, Some(600));
}

#[test]
fn half_written_backups_are_swept() {
    let folder = tempfile::tempdir().unwrap();
    closed_workspace(folder.path());
    let half = folder.path().join("backups/0000000000000099-20260101T000000Z.jsonl.tmp");
    fs::write(&half, "half").unwrap();
    assert_eq!(open(folder.path()).restored, None);
    assert!(!half.exists());
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}
