//! A body that arrives: streamed to a file beside the buckets, measured and checked on its way, never whole in memory. Disk and digests run on threads
//! that may block, one batch at a time, while the next batch is being received.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt;
use md5::{Digest, Md5};
use s3s::checksum::ChecksumHasher;
use s3s::dto::StreamingBlob;
use s3s::{S3Result, StdError, s3_error};
use tokio::task::{JoinHandle, spawn_blocking};

use super::checksums;
use super::refusal::internal;
use crate::domain::bucket::{Checksum, ChecksumAlgorithm};
use crate::workspace::Staged;

/// Bytes that are collected before they are written.
const BATCH: usize = 256 * 1024;

/// The largest body of one request.
pub const LARGEST: u64 = 5 * 1024 * 1024 * 1024;

/// A body in its file. The file goes with it, unless the workspace has taken it by then.
#[derive(Debug)]
pub struct Arrived {
    /// File, size and MD5.
    pub staged: Staged,
    /// The checksum that was asked for.
    pub checksum: Option<Checksum>,
    _file: Scrap,
}

/// Removes a file that nobody has taken.
#[derive(Debug)]
struct Scrap(PathBuf);

impl Drop for Scrap {
    fn drop(&mut self) {
        // Best effort: what stays behind is swept when the workspace is opened next.
        let _ = fs::remove_file(&self.0);
    }
}

/// A file that is being written, and what is computed meanwhile.
struct Writer {
    file: File,
    scrap: Scrap,
    size: u64,
    md5: Md5,
    hasher: ChecksumHasher,
}

impl Writer {
    fn create(path: PathBuf, algorithm: Option<ChecksumAlgorithm>) -> io::Result<Self> {
        let file = File::create_new(&path)?;
        Ok(Self { file, scrap: Scrap(path), size: 0, md5: Md5::new(), hasher: checksums::hasher(algorithm) })
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.md5.update(bytes);
        self.hasher.update(bytes);
        self.size += bytes.len() as u64;
        self.file.write_all(bytes)
    }

    fn end(self) -> Arrived {
        let md5 = self.md5.finalize().iter().fold(String::with_capacity(32), |mut hex, byte| {
            for nibble in [byte >> 4, byte & 15] {
                hex.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
            }
            hex
        });
        let staged = Staged { path: self.scrap.0.clone(), size: self.size, md5 };
        Arrived { staged, checksum: checksums::value(self.hasher), _file: self.scrap }
    }
}

type Writing = JoinHandle<io::Result<Writer>>;

/// Receives a body into a new file at `path`.
pub async fn receive(
    path: PathBuf,
    mut body: StreamingBlob,
    algorithm: Option<ChecksumAlgorithm>,
) -> S3Result<Arrived> {
    let mut writing: Option<Writing> = None;
    let mut path = Some(path);
    let (mut batch, mut collected, mut total) = (Vec::new(), 0, 0_u64);
    loop {
        let piece = body.next().await.transpose().map_err(|error| broken_off(&error))?;
        let over = piece.is_none();
        if let Some(piece) = piece {
            collected += piece.len();
            total += piece.len() as u64;
            batch.push(piece);
        }
        if total > LARGEST {
            return Err(s3_error!(EntityTooLarge, "Your proposed upload exceeds the maximum allowed size of 5 GiB"));
        }
        if collected < BATCH && !over {
            continue;
        }
        let pieces = std::mem::take(&mut batch);
        collected = 0;
        let before = match writing.take() {
            Some(task) => Some(joined(task).await?),
            None => None,
        };
        let fresh = path.take();
        let task: Writing = spawn_blocking(move || {
            let mut writer = match (before, fresh) {
                (Some(writer), _) => writer,
                (None, Some(path)) => Writer::create(path, algorithm)?,
                (None, None) => return Err(io::Error::other("a body has no file")),
            };
            pieces.iter().try_for_each(|piece| writer.write(piece))?;
            Ok(writer)
        });
        if over {
            return Ok(joined(task).await?.end());
        }
        writing = Some(task);
    }
}

async fn joined(task: Writing) -> S3Result<Writer> {
    task.await.map_err(internal)?.map_err(|error| unwritten(&error))
}

fn unwritten(error: &io::Error) -> s3s::S3Error {
    internal(format!("the body could not be written: {error}"))
}

/// Copies a piece of a file that is open into a new file at `path`. Blocks.
pub fn copy(
    path: &Path,
    file: &mut File,
    range: &Range<u64>,
    algorithm: Option<ChecksumAlgorithm>,
) -> io::Result<Arrived> {
    let mut writer = Writer::create(path.to_owned(), algorithm)?;
    file.seek(SeekFrom::Start(range.start))?;
    let mut left = range.end - range.start;
    let mut piece = vec![0; BATCH];
    while left > 0 {
        let most = usize::try_from(left).unwrap_or(BATCH).min(BATCH);
        let read = file.read(&mut piece[..most])?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        writer.write(&piece[..read])?;
        left -= read as u64;
    }
    Ok(writer.end())
}

/// The S3 crate's word for a body that broke off; why it did is noted where the body is read, and said instead.
fn broken_off(error: &StdError) -> s3s::S3Error {
    s3_error!(IncompleteBody, "The request body ended before it was complete: {error}")
}

/// What a client says of a body before or behind it.
#[derive(Debug, Default)]
pub struct Expected {
    /// `Content-MD5`.
    pub md5: Option<String>,
    /// A checksum.
    pub checksum: Option<Checksum>,
}

impl Expected {
    /// Refuses a `Content-MD5` that is none, before anything is read.
    pub fn validate(&self) -> S3Result<()> {
        let good = |md5: &String| STANDARD.decode(md5).is_ok_and(|bytes| bytes.len() == 16);
        if self.md5.as_ref().is_none_or(good) {
            return Ok(());
        }
        Err(s3_error!(InvalidDigest, "The Content-MD5 you specified was invalid"))
    }

    /// Holds what arrived against it.
    pub fn hold(&self, arrived: &Arrived) -> S3Result<()> {
        if self.md5.as_ref().is_some_and(|md5| *md5 != base64_of_hex(&arrived.staged.md5)) {
            return Err(s3_error!(BadDigest, "The Content-MD5 you specified did not match what we received"));
        }
        match (&self.checksum, &arrived.checksum) {
            (Some(wanted), Some(found)) if wanted != found => Err(s3_error!(
                BadDigest,
                "The {} you specified did not match the calculated checksum",
                checksums::name(wanted.algorithm)
            )),
            _ => Ok(()),
        }
    }
}

/// Base64 of the bytes that hex digits stand for.
pub fn base64_of_hex(hex: &str) -> String {
    let nibble = |b: u8| char::from(b).to_digit(16).unwrap_or(0) as u8;
    let bytes: Vec<u8> =
        hex.as_bytes().chunks(2).map(|pair| nibble(pair[0]) << 4 | pair.get(1).map_or(0, |b| nibble(*b))).collect();
    STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn body(pieces: &[&'static [u8]]) -> StreamingBlob {
        let pieces: Vec<Result<Bytes, io::Error>> = pieces.iter().map(|piece| Ok(Bytes::from_static(piece))).collect();
        StreamingBlob::wrap(futures_util::stream::iter(pieces))
    }

    #[tokio::test]
    async fn a_body_is_measured_and_its_file_goes_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one");
        let big: &'static [u8] = Box::leak(vec![7; 600_000].into_boxed_slice());
        let arrived =
            receive(path.clone(), body(&[b"hello ", b"", b"world", big]), Some(ChecksumAlgorithm::Crc32)).await;
        let arrived = arrived.unwrap();
        assert_eq!((arrived.staged.size, fs::metadata(&path).unwrap().len()), (600_011, 600_011));
        assert!(fs::read(&path).unwrap().starts_with(b"hello world\x07"));
        drop(arrived);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn what_was_said_of_a_body_must_hold() {
        let folder = tempfile::tempdir().unwrap();
        let arrived =
            receive(folder.path().join("one"), body(&[b"hello"]), Some(ChecksumAlgorithm::Crc32)).await.unwrap();
        assert_eq!(arrived.staged.md5, "5d41402abc4b2a76b9719d911017c592");
        let good = Expected { md5: Some("XUFAKrxLKna5cZ2REBfFkg==".into()), checksum: arrived.checksum.clone() };
        assert!(good.validate().is_ok() && good.hold(&arrived).is_ok());
        let other = Expected { md5: Some("AAAAAAAAAAAAAAAAAAAAAA==".into()), checksum: None };
        assert_eq!(other.hold(&arrived).unwrap_err().code(), &s3s::S3ErrorCode::BadDigest);
        let wrong = Checksum { algorithm: ChecksumAlgorithm::Crc32, value: "AAAAAA==".into() };
        let other = Expected { md5: None, checksum: Some(wrong) };
        assert_eq!(other.hold(&arrived).unwrap_err().code(), &s3s::S3ErrorCode::BadDigest);
        let none = Expected { md5: Some("x".into()), checksum: None };
        assert_eq!(none.validate().unwrap_err().code(), &s3s::S3ErrorCode::InvalidDigest);
    }

    #[test]
    fn a_piece_of_a_file_is_copied() {
        let folder = tempfile::tempdir().unwrap();
        let from = folder.path().join("from");
        fs::write(&from, b"0123456789").unwrap();
        let arrived = copy(&folder.path().join("to"), &mut File::open(&from).unwrap(), &(2..5), None).unwrap();
        assert_eq!(fs::read(&arrived.staged.path).unwrap(), b"234");
        let beyond = copy(&folder.path().join("beyond"), &mut File::open(&from).unwrap(), &(2..50), None);
        assert!(beyond.is_err() && !folder.path().join("beyond").exists());
    }
}
