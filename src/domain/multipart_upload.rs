//! Objects that come in parts: the upload under way and its parts.

use serde::{Deserialize, Serialize};

use super::bucket::{Checksum, ChecksumAlgorithm, ObjectDetails};
use super::s3_uri::S3Uri;
use super::time::Timestamp;

/// The last number that a part may have.
pub const LAST_PART: u16 = 10_000;

/// The fewest bytes of a part that is not the last.
pub const SMALLEST_PART: u64 = 5 * 1024 * 1024;

/// An upload that was begun and neither completed nor given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MultipartUpload {
    /// 32 hex digits.
    pub id: String,
    /// The object that it becomes.
    pub to: S3Uri,
    /// When it was begun.
    pub initiated: Timestamp,
    /// MIME type; guessed from the key's ending when not given.
    pub content_type: Option<String>,
    /// What is kept with the object.
    pub details: Box<ObjectDetails>,
    /// The checksum that its parts carry, where the client named one.
    pub checksum: Option<ChecksumAlgorithm>,
    /// Whether the object's own checksum is one of all its bytes rather than one of its parts' checksums.
    pub full_object: bool,
}

impl MultipartUpload {
    /// Whether `id` looks like one of ours; anything else must not come near a path.
    pub fn is_id(id: &str) -> bool {
        id.len() == 32 && id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    }
}

/// One part that has arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// 1 to [`LAST_PART`].
    pub number: u16,
    /// Bytes.
    pub size: u64,
    /// MD5 in hex.
    pub etag: String,
    /// When it arrived.
    pub modified: Timestamp,
    /// Its checksum, where it came with one.
    pub checksum: Option<Checksum>,
}
