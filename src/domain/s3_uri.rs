//! `s3://bucket/key`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::invalid::Invalid;
use super::name;

/// A bucket and a key or key prefix (which may be empty).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct S3Uri {
    /// The bucket.
    pub bucket: String,
    /// Key or prefix, without a leading slash.
    pub key: String,
}

impl S3Uri {
    /// Puts the two together without checking them.
    pub fn new(bucket: impl Into<String>, key: impl Into<String>) -> Self {
        Self { bucket: bucket.into(), key: key.into() }
    }

    /// This prefix with `tail` below it, exactly one slash between.
    #[must_use]
    pub fn join(&self, tail: &str) -> Self {
        let head = self.key.trim_end_matches('/');
        let key = if head.is_empty() { tail.to_owned() } else { format!("{head}/{tail}") };
        Self { bucket: self.bucket.clone(), key }
    }

    /// The last part of the key; the bucket where the key is empty.
    pub fn file_name(&self) -> &str {
        let key = self.key.trim_end_matches('/');
        if key.is_empty() { &self.bucket } else { key.rsplit('/').next().unwrap_or(key) }
    }
}

impl fmt::Display for S3Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

impl FromStr for S3Uri {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let broken = || Invalid::new("S3Uri", text, "must look like s3://bucket/key");
        let rest = text.strip_prefix("s3://").ok_or_else(broken)?;
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        name::bucket("S3Uri", bucket).map_err(|mut invalid| {
            text.clone_into(&mut invalid.value);
            invalid.rule = format!("names a bucket that {}", invalid.rule);
            invalid
        })?;
        if key.len() > 1024 {
            return Err(Invalid::new("S3Uri", text, "may have at most 1024 bytes after the bucket"));
        }
        Ok(Self::new(bucket, key))
    }
}

impl From<S3Uri> for String {
    fn from(uri: S3Uri) -> Self {
        uri.to_string()
    }
}

impl TryFrom<String> for S3Uri {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes() {
        let uri: S3Uri = "s3://my-bucket/a/b.csv".parse().unwrap();
        assert_eq!((uri.bucket.as_str(), uri.key.as_str(), uri.file_name()), ("my-bucket", "a/b.csv", "b.csv"));
        assert_eq!(uri.to_string(), "s3://my-bucket/a/b.csv");
        assert_eq!("s3://my-bucket".parse::<S3Uri>().unwrap().join("x/y").to_string(), "s3://my-bucket/x/y");
        assert!("http://my-bucket/a".parse::<S3Uri>().is_err());
        assert!("s3://A/b".parse::<S3Uri>().is_err());
    }
}
