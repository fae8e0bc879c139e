//! Buckets and what is known of the objects in them; the bytes themselves are on disk, with the store.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::invalid::Invalid;
use super::name;
use super::tag::Tag;
use super::time::Timestamp;

/// A bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    /// See [`name::bucket`].
    pub name: String,
    /// When it was made.
    pub created: Timestamp,
    /// Tags.
    pub tags: Vec<Tag>,
}

impl Bucket {
    /// The rules that this bucket breaks; empty when it is fine.
    pub fn validate(&self) -> Vec<Invalid> {
        name::bucket("Bucket", &self.name).err().into_iter().chain(super::tag::validate(&self.tags)).collect()
    }
}

/// What is known of one object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// 1–1024 bytes.
    pub key: String,
    /// Bytes.
    pub size: u64,
    /// Hex digest that changes with the content (without quotes).
    pub etag: String,
    /// Last write.
    pub modified: Timestamp,
    /// MIME type, `binary/octet-stream` when nobody said.
    pub content_type: String,
    /// What else a client wanted kept with it; `None` for what the window or a job wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Box<ObjectDetails>>,
}

/// What a client can have kept with an object, and gets back with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ObjectDetails {
    /// `Cache-Control`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_control: Option<String>,
    /// `Content-Disposition`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_disposition: Option<String>,
    /// `Content-Encoding`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_encoding: Option<String>,
    /// `Content-Language`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_language: Option<String>,
    /// `Expires`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// User metadata, without the prefix `x-amz-meta-`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// Tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// A checksum beside the etag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checksum: Option<Checksum>,
    /// Bytes of each part, for an object that came in parts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<u64>,
}

/// A checksum of an object or a part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checksum {
    /// How it was computed.
    pub algorithm: ChecksumAlgorithm,
    /// Base64; with `-N` behind it where it is a checksum of the checksums of N parts.
    pub value: String,
}

impl Checksum {
    /// Whether it speaks of the parts rather than of the bytes.
    pub fn is_composite(&self) -> bool {
        self.value.contains('-')
    }
}

/// The checksums that S3 knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChecksumAlgorithm {
    /// CRC-32.
    Crc32,
    /// CRC-32C (Castagnoli).
    Crc32c,
    /// CRC-64/NVME.
    Crc64Nvme,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
}

/// What must be true of an object for it to be replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Precondition {
    /// Nothing.
    #[default]
    None,
    /// It is not there.
    Absent,
    /// It is there, whatever it holds.
    Present,
    /// It is there with this etag.
    Etag(String),
}

/// The content type that a file name suggests, in the words that SageMaker's containers use.
pub fn content_type_of(file_name: &str) -> &'static str {
    let lower = file_name.to_ascii_lowercase();
    match lower.rsplit('.').next().unwrap_or_default() {
        "csv" => "text/csv",
        "libsvm" | "svm" => "text/libsvm",
        "json" => "application/json",
        "jsonl" => "application/jsonlines",
        "txt" | "log" => "text/plain",
        "gz" | "tgz" => "application/gzip",
        _ => "binary/octet-stream",
    }
}
