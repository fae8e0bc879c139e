//! Objects that come in parts. An upload under way is a folder `.uploads/<id>` with what is known of it in `upload.json` and a file for each part,
//! named after its number, MD5, size and checksum, so that a listing of the folder says all. Uploads outlive the program; one that nobody
//! has completed after a week is swept away when the workspace is opened.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use md5::{Digest, Md5};

use super::{Kept, Objects, UPLOADS, body};
use crate::domain::bucket::{Bucket, Checksum, ChecksumAlgorithm, Object, Precondition};
use crate::domain::multipart_upload::{MultipartUpload, Part};
use crate::domain::name;
use crate::domain::time::Timestamp;
use crate::store::batch::Batch;
use crate::store::error::StoreError;
use crate::store::records::Record;
use crate::store::sync_folder;

/// The file with what is known of an upload.
const ABOUT: &str = "upload.json";

/// How long an upload may lie about.
const LONGEST_MS: i64 = 7 * 24 * 60 * 60 * 1000;

/// Names of the checksums in file names.
const ALGORITHMS: [(&str, ChecksumAlgorithm); 5] = [
    ("crc32", ChecksumAlgorithm::Crc32),
    ("crc32c", ChecksumAlgorithm::Crc32c),
    ("crc64nvme", ChecksumAlgorithm::Crc64Nvme),
    ("sha1", ChecksumAlgorithm::Sha1),
    ("sha256", ChecksumAlgorithm::Sha256),
];

impl Objects {
    /// Begins an upload. It is on the disk when this returns.
    pub fn create_upload(&self, upload: &MultipartUpload) -> Result<(), StoreError> {
        name::object_key("Key", &upload.to.key)?;
        self.require(&upload.to.bucket)?;
        let folder = self.upload_folder(&upload.id)?;
        let broken = |why: serde_json::Error| StoreError::Record {
            table: "uploads",
            key: upload.id.clone(),
            why: why.to_string(),
        };
        let about = serde_json::to_vec(upload).map_err(broken)?;
        fs::create_dir(&folder).map_err(StoreError::io("create the folder", &folder))?;
        let path = folder.join(ABOUT);
        let written =
            File::create_new(&path).and_then(|mut file| file.write_all(&about).and_then(|()| file.sync_all()));
        written.map_err(StoreError::io("write", &path))?;
        sync_folder(&folder)?;
        sync_folder(&self.root.join(UPLOADS))
    }

    /// The uploads under way in a bucket, by key and then by age.
    pub fn uploads(&self, bucket: &str) -> Result<Vec<MultipartUpload>, StoreError> {
        self.require(bucket)?;
        let mut found = self.all_uploads()?;
        found.retain(|upload| upload.to.bucket == bucket);
        found.sort_by(|a, b| (&a.to.key, a.initiated, &a.id).cmp(&(&b.to.key, b.initiated, &b.id)));
        Ok(found)
    }

    /// An upload and its parts by number.
    pub fn parts(&self, id: &str) -> Result<(MultipartUpload, Vec<Part>), StoreError> {
        let upload = self.upload(id)?;
        let folder = self.upload_folder(id)?;
        let mut parts = Vec::new();
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(gone) if gone.kind() == io::ErrorKind::NotFound => return Err(StoreError::NoUpload(id.to_owned())),
            Err(source) => return Err(StoreError::io("read the folder", &folder)(source)),
        };
        for entry in entries.flatten() {
            // One that is gone by now was replaced by another, which is in the list or will be in the next.
            let Ok(metadata) = entry.metadata() else { continue };
            if let Some(mut part) = entry.file_name().to_str().and_then(part_of)
                && part.size == metadata.len()
            {
                part.modified = body::stamped(&metadata).unwrap_or_default();
                parts.push(part);
            }
        }
        parts.sort_unstable_by_key(|part| (part.number, part.modified));
        // Between the arrival of a part and the removal of the one it replaces both are there; the later counts.
        parts.reverse();
        parts.dedup_by_key(|part| part.number);
        parts.reverse();
        Ok((upload, parts))
    }

    /// Takes a part whose bytes are in a file of [`Objects::staging`]. It is on the disk when this returns.
    pub fn put_part(&self, id: &str, part: &Part, staged: &Path) -> Result<(), StoreError> {
        let folder = self.upload_folder(id)?;
        let written = body::staged(staged, &part.etag)?;
        body::stamp(&written.file, staged, Timestamp(self.clock.wall_ms()))?;
        let name = name_of(part);
        {
            let _alone = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
            let path = folder.join(&name);
            match fs::rename(staged, &path) {
                Ok(()) => {}
                Err(gone) if gone.kind() == io::ErrorKind::NotFound && !folder.exists() => {
                    return Err(StoreError::NoUpload(id.to_owned()));
                }
                Err(source) => return Err(StoreError::io("write", &path)(source)),
            }
            let number = format!("{:05}-", part.number);
            for entry in fs::read_dir(&folder).map_err(StoreError::io("read the folder", &folder))?.flatten() {
                let other = entry.file_name();
                if other.to_str().is_some_and(|other| other.starts_with(&number) && other != name) {
                    fs::remove_file(entry.path()).map_err(StoreError::io("delete", entry.path()))?;
                }
            }
        }
        sync_folder(&folder)
    }

    /// Puts an object together from parts, which must be there exactly as they are described. `checksum` is the object's own.
    pub fn complete_upload(
        &self,
        id: &str,
        parts: &[Part],
        checksum: Option<Checksum>,
        only_if: Precondition,
    ) -> Result<(Object, MultipartUpload), StoreError> {
        let upload = self.upload(id)?;
        let folder = self.upload_folder(id)?;
        let temporary = self.temporary();
        let mut details = upload.details.clone();
        details.checksum = checksum;
        details.parts = parts.iter().map(|part| part.size).collect();
        let kept = Kept { content_type: upload.content_type.clone(), details: Some(details), only_if };
        let written = join(&temporary, &folder, parts)
            .and_then(|written| self.publish(&temporary, &upload.to, written, kept, |_| Batch::new()));
        match written {
            Ok(object) => {
                // Best effort: it is swept in a week.
                let _ = fs::remove_dir_all(&folder);
                Ok((object, upload))
            }
            Err(error) => {
                let _ = fs::remove_file(&temporary);
                Err(error)
            }
        }
    }

    /// Gives an upload up.
    pub fn abort_upload(&self, id: &str) -> Result<MultipartUpload, StoreError> {
        let upload = self.upload(id)?;
        let folder = self.upload_folder(id)?;
        fs::remove_dir_all(&folder).map_err(StoreError::io("delete", &folder))?;
        sync_folder(&self.root.join(UPLOADS))?;
        Ok(upload)
    }

    /// Forgets the uploads of a bucket that is gone. What can't be removed is swept when the workspace is opened next.
    pub(super) fn forget_uploads(&self, bucket: &str) {
        for upload in self.all_uploads().unwrap_or_default() {
            if upload.to.bucket == bucket
                && let Ok(folder) = self.upload_folder(&upload.id)
            {
                let _ = fs::remove_dir_all(folder);
            }
        }
    }

    /// Sweeps away uploads that are too old, that no bucket waits for, and what is none.
    pub(super) fn sweep_uploads(&self) -> Result<(), StoreError> {
        let root = self.root.join(UPLOADS);
        let now = Timestamp(self.clock.wall_ms());
        for entry in fs::read_dir(&root).map_err(StoreError::io("read the folder", &root))?.flatten() {
            let known = entry.file_name().to_str().and_then(|id| self.upload(id).ok());
            let stays = match known {
                Some(upload) => {
                    now.ms_since(upload.initiated) < LONGEST_MS
                        && self.db.get(Bucket::TABLE, &upload.to.bucket)?.is_some()
                }
                None => false,
            };
            if !stays {
                let path = entry.path();
                let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
                removed.map_err(StoreError::io("sweep away", &path))?;
            }
        }
        Ok(())
    }

    fn all_uploads(&self) -> Result<Vec<MultipartUpload>, StoreError> {
        let root = self.root.join(UPLOADS);
        let entries = fs::read_dir(&root).map_err(StoreError::io("read the folder", &root))?;
        // One that is gone by now was completed or given up.
        Ok(entries.flatten().filter_map(|entry| self.upload(entry.file_name().to_str()?).ok()).collect())
    }

    fn upload(&self, id: &str) -> Result<MultipartUpload, StoreError> {
        let path = self.upload_folder(id)?.join(ABOUT);
        let none = || StoreError::NoUpload(id.to_owned());
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(gone) if matches!(gone.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Err(none());
            }
            Err(source) => return Err(StoreError::io("read", &path)(source)),
        };
        serde_json::from_slice(&bytes).map_err(|_| none())
    }

    fn upload_folder(&self, id: &str) -> Result<PathBuf, StoreError> {
        // Nothing that a client sends gets near a path unless it has exactly the shape of an id.
        let good = MultipartUpload::is_id(id);
        good.then(|| self.root.join(UPLOADS).join(id)).ok_or_else(|| StoreError::NoUpload(id.to_owned()))
    }
}

/// The parts one behind the other in a new file.
fn join(path: &Path, folder: &Path, parts: &[Part]) -> Result<body::Written, StoreError> {
    let mut file = File::create_new(path).map_err(StoreError::io("create", path))?;
    let mut of_parts = Md5::new();
    let mut size = 0;
    for part in parts {
        let from = folder.join(name_of(part));
        let mut reader = match File::open(&from) {
            Ok(reader) => reader.take(part.size),
            Err(gone) if gone.kind() == io::ErrorKind::NotFound => return Err(StoreError::NoPart(part.number)),
            Err(source) => return Err(StoreError::io("open", &from)(source)),
        };
        let copied = io::copy(&mut reader, &mut file).map_err(StoreError::io("write", path))?;
        let md5 = digits(&part.etag).filter(|_| copied == part.size).ok_or(StoreError::NoPart(part.number))?;
        of_parts.update(&md5);
        size += copied;
    }
    let etag = format!("{}-{}", crate::store::hex(&of_parts.finalize()), parts.len());
    Ok(body::Written { file, size, etag })
}

/// `00001-<md5>-<size>`, and `-<algorithm>-<value>` where there is a checksum.
fn name_of(part: &Part) -> String {
    let mut name = format!("{:05}-{}-{}", part.number, part.etag, part.size);
    if let Some(checksum) = &part.checksum {
        let known = ALGORITHMS.iter().find(|(_, algorithm)| *algorithm == checksum.algorithm);
        let algorithm = known.map_or("", |(name, _)| name);
        name.extend(["-", algorithm, "-", &checksum.value.replace('/', "_")]);
    }
    name
}

fn part_of(name: &str) -> Option<Part> {
    let mut fields = name.splitn(5, '-');
    let (number, etag, size) = (fields.next()?, fields.next()?, fields.next()?);
    let checksum = match (fields.next(), fields.next()) {
        (Some(algorithm), Some(value)) => {
            let (_, algorithm) = ALGORITHMS.iter().find(|(name, _)| *name == algorithm)?;
            Some(Checksum { algorithm: *algorithm, value: value.replace('_', "/") })
        }
        _ => None,
    };
    let modified = Timestamp::default();
    Some(Part { number: number.parse().ok()?, size: size.parse().ok()?, etag: etag.to_owned(), modified, checksum })
}

/// Bytes of hex digits.
fn digits(hex: &str) -> Option<Vec<u8>> {
    let nibble = |b: u8| char::from(b).to_digit(16);
    hex.as_bytes().chunks(2).map(|pair| u8::try_from(nibble(pair[0])? << 4 | nibble(*pair.get(1)?)?).ok()).collect()
}
