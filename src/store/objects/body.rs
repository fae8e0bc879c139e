//! The body of one object on its way to and from the disk.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use md5::{Digest, Md5};

use crate::domain::s3_uri::S3Uri;
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::sync_folder;

/// Bytes copied at a time.
const CHUNK: usize = 256 * 1024;

/// A body in its temporary file.
pub(super) struct Written {
    pub(super) file: File,
    pub(super) size: u64,
    /// MD5 in hex, as S3 gives it for an object that came in one piece.
    pub(super) etag: String,
}

/// Copies everything that `from` gives into a new file.
pub(super) fn write(path: &Path, to: &S3Uri, from: &mut dyn Read) -> Result<Written, StoreError> {
    let mut file = File::create_new(path).map_err(StoreError::io("create", path))?;
    let (size, etag) = copy(
        from,
        |chunk| file.write_all(chunk).map_err(StoreError::io("write", path)),
        |source| StoreError::Source { to: to.clone(), source },
    )?;
    Ok(Written { file, size, etag })
}

/// A body that has been written already, with its MD5 in hex.
pub(super) fn staged(path: &Path, etag: &str) -> Result<Written, StoreError> {
    let file = File::options().write(true).open(path).map_err(StoreError::io("open", path))?;
    let size = file.metadata().map_err(StoreError::io("look at", path))?.len();
    Ok(Written { file, size, etag: etag.to_owned() })
}

/// Size and MD5 of a body that is there.
pub(super) fn measure(path: &Path) -> Result<(u64, String), StoreError> {
    let mut file = File::open(path).map_err(StoreError::io("open", path))?;
    copy(&mut file, |_| Ok(()), StoreError::io("read", path))
}

fn copy(
    from: &mut dyn Read,
    mut keep: impl FnMut(&[u8]) -> Result<(), StoreError>,
    unreadable: impl FnOnce(io::Error) -> StoreError,
) -> Result<(u64, String), StoreError> {
    let mut chunk = vec![0; CHUNK];
    let mut md5 = Md5::new();
    let mut size = 0;
    loop {
        match from.read(&mut chunk) {
            Ok(0) => break,
            Ok(length) => {
                md5.update(&chunk[..length]);
                size += length as u64;
                keep(&chunk[..length])?;
            }
            Err(again) if again.kind() == io::ErrorKind::Interrupted => {}
            Err(source) => return Err(unreadable(source)),
        }
    }
    Ok((size, crate::store::hex(&md5.finalize())))
}

/// Gives the file the time of its record, and flushes it.
pub(super) fn stamp(file: &File, path: &Path, modified: Timestamp) -> Result<(), StoreError> {
    let at = UNIX_EPOCH + Duration::from_millis(u64::try_from(modified.0).unwrap_or(0));
    file.set_modified(at).and_then(|()| file.sync_all()).map_err(StoreError::io("flush", path))
}

/// The time that [`stamp`] gave; `None` where the system does not say.
pub(super) fn stamped(metadata: &fs::Metadata) -> Option<Timestamp> {
    let since = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok().map(Timestamp)
}

/// Moves a flushed body to its place, and flushes every folder on the way down from `root`.
pub(super) fn rename(temporary: &Path, path: &Path, root: &Path) -> Result<(), StoreError> {
    let parent = path.parent().unwrap_or(root);
    // A deletion beside this one may take an empty folder away just after it was made: make it again.
    for attempt in 0.. {
        fs::create_dir_all(parent).map_err(StoreError::io("create the folder", parent))?;
        match fs::rename(temporary, path) {
            Ok(()) => break,
            Err(gone) if gone.kind() == io::ErrorKind::NotFound && attempt < 16 => {}
            Err(source) => return Err(StoreError::io("write", path)(source)),
        }
    }
    for folder in parent.ancestors() {
        sync_folder(folder)?;
        if folder == root {
            break;
        }
    }
    Ok(())
}

/// Removes a body, and the folders above it that hold nothing more, up to but without `bucket`. Answers the folder that is to be flushed.
/// A body that is not there is fine.
pub(super) fn remove(path: &Path, bucket: &Path) -> Result<Option<PathBuf>, StoreError> {
    match fs::remove_file(path) {
        Ok(()) => {}
        Err(gone) if gone.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(StoreError::io("delete", path)(source)),
    }
    let stays = |folder: &&Path| *folder == bucket || fs::remove_dir(folder).is_err();
    Ok(path.ancestors().skip(1).find(stays).map(ToOwned::to_owned))
}
