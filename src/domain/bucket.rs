//! Buckets and what is known of the objects in them; the bytes themselves are on disk, with the store.

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
