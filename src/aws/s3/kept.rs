//! What is kept with an object, from the headers of a request and into those of an answer.

use s3s::dto::{CopyObjectInput, CreateMultipartUploadInput, Metadata, PutObjectInput};
use s3s::{S3Result, s3_error};

use super::auth::encoding_of_object;
use super::tagging;
use super::time::from_wire;
use crate::domain::bucket::ObjectDetails;

/// The most that user metadata may hold, names and values.
const MOST_METADATA: usize = 2 * 1024;

/// Reads the fields that three requests have in common.
macro_rules! details_of {
    ($input:expr) => {
        Ok(Box::new(ObjectDetails {
            cache_control: $input.cache_control.clone(),
            content_disposition: $input.content_disposition.clone(),
            content_encoding: $input.content_encoding.as_deref().and_then(encoding_of_object),
            content_language: $input.content_language.clone(),
            expires: $input.expires.as_ref().and_then(from_wire),
            metadata: metadata($input.metadata.as_ref())?,
            tags: tagging::of_header($input.tagging.as_deref())?,
            checksum: None,
            parts: Vec::new(),
        }))
    };
}

/// Of a new object.
pub fn of_put(input: &PutObjectInput) -> S3Result<Box<ObjectDetails>> {
    details_of!(input)
}

/// Of a copy with headers of its own.
pub fn of_copy(input: &CopyObjectInput) -> S3Result<Box<ObjectDetails>> {
    details_of!(input)
}

/// Of an object in parts.
pub fn of_upload(input: &CreateMultipartUploadInput) -> S3Result<Box<ObjectDetails>> {
    details_of!(input)
}

fn metadata(given: Option<&Metadata>) -> S3Result<std::collections::BTreeMap<String, String>> {
    let given = given.into_iter().flatten();
    let kept: std::collections::BTreeMap<_, _> = given.map(|(name, value)| (name.clone(), value.clone())).collect();
    let size: usize = kept.iter().map(|(name, value)| name.len() + value.len()).sum();
    if size > MOST_METADATA {
        return Err(s3_error!(
            MetadataTooLarge,
            "Your metadata headers exceed the maximum allowed metadata size of {MOST_METADATA} bytes"
        ));
    }
    Ok(kept)
}

/// Writes what is known of an object into the answer of `GetObject` or `HeadObject`.
macro_rules! describe {
    ($output:expr, $object:expr, $with_checksum:expr) => {{
        $output.accept_ranges = Some("bytes".to_owned());
        $output.e_tag = Some(s3s::dto::ETag::Strong($object.etag.clone()));
        $output.last_modified = Some($crate::aws::s3::time::to_wire($object.modified));
        $output.content_type = Some($object.content_type.clone());
        if let Some(details) = &$object.details {
            $output.cache_control.clone_from(&details.cache_control);
            $output.content_disposition.clone_from(&details.content_disposition);
            $output.content_encoding.clone_from(&details.content_encoding);
            $output.content_language.clone_from(&details.content_language);
            $output.expires = details.expires.map($crate::aws::s3::time::to_wire);
            if !details.metadata.is_empty() {
                $output.metadata = Some(details.metadata.clone().into_iter().collect());
            }
            if $with_checksum {
                $crate::aws::s3::checksums::give!($output, details.checksum);
                $output.checksum_type = details.checksum.as_ref().map($crate::aws::s3::objects::checksum_type);
            }
        }
    }};
}

pub(super) use describe;
