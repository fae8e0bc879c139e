//! Copies: of whole objects, and of pieces of them into parts.

use std::ops::Range;
use std::sync::Arc;

use s3s::dto::{
    CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopySource, ETag, ETagCondition, MetadataDirective,
    Range as WireRange, TaggingDirective, Timestamp,
};
use s3s::{S3Result, s3_error};
use tokio::task::spawn_blocking;

use super::arrival::{self, Arrived};
use super::checksums::{self, give};
use super::conditions::{Conditions, Verdict};
use super::kept;
use super::operations::{Backend, bad_key};
use super::refusal::{internal, of_command, precondition_failed};
use super::tagging;
use super::time::to_wire;
use crate::domain::bucket::{ChecksumAlgorithm, Object, Precondition};
use crate::domain::s3_uri::S3Uri;
use crate::workspace::{Command, Source};

/// What is to be copied, and when it may be.
pub struct From {
    /// The object.
    pub uri: S3Uri,
    conditions: Conditions,
}

impl From {
    /// The source that a request names.
    pub fn of(
        source: &CopySource,
        matches: Option<ETagCondition>,
        none_match: Option<ETagCondition>,
        modified_since: Option<Timestamp>,
        unmodified_since: Option<Timestamp>,
    ) -> S3Result<Self> {
        let CopySource::Bucket { bucket, key, .. } = source else {
            return Err(s3_error!(NotImplemented, "Access points are not available in Counterpoise"));
        };
        let conditions = Conditions { matches, none_match, modified_since, unmodified_since };
        Ok(Self { uri: S3Uri::new(&**bucket, &**key), conditions })
    }
}

impl Backend {
    pub(super) async fn copy(&self, mut input: CopyObjectInput) -> S3Result<CopyObjectOutput> {
        self.bucket(&input.bucket, input.expected_bucket_owner.as_deref())?;
        bad_key(&input.key)?;
        let from = From::of(
            &input.copy_source,
            input.copy_source_if_match.take(),
            input.copy_source_if_none_match.take(),
            input.copy_source_if_modified_since.take(),
            input.copy_source_if_unmodified_since.take(),
        )?;
        self.bucket(&from.uri.bucket, input.expected_source_bucket_owner.as_deref())?;
        let to = S3Uri::new(&input.bucket, &input.key);
        let replace =
            input.metadata_directive.as_ref().is_some_and(|directive| directive.as_str() == MetadataDirective::REPLACE);
        if from.uri == to && !replace {
            return Err(s3_error!(
                InvalidRequest,
                "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes."
            ));
        }
        let mut replaced = if replace { Some(kept::of_copy(&input)?) } else { None };
        let tags = match input.tagging_directive.as_ref().map(TaggingDirective::as_str) {
            Some(TaggingDirective::REPLACE) => Some(tagging::of_header(input.tagging.as_deref())?),
            _ => None,
        };
        let asked = input.checksum_algorithm.as_ref().and_then(|algorithm| checksums::named(algorithm.as_str()));
        let (object, arrived) = self.copied(from, None, asked).await?;
        let before = object.details.unwrap_or_default();
        let mut details = replaced.take().unwrap_or_else(|| before.clone());
        details.tags = tags.unwrap_or(before.tags);
        details.parts.clear();
        details.checksum.clone_from(&arrived.checksum);
        let content_type = if replace {
            input.content_type.unwrap_or_else(|| "binary/octet-stream".to_owned())
        } else {
            object.content_type
        };
        let command = Command::PutObject {
            to,
            source: Source::Staged(arrived.staged.clone()),
            content_type: Some(content_type),
            details: Some(details),
            only_if: Precondition::None,
        };
        let written = self.written(command).await?;
        let mut result = CopyObjectResult {
            e_tag: Some(ETag::Strong(written.etag)),
            last_modified: Some(to_wire(written.modified)),
            ..CopyObjectResult::default()
        };
        give!(result, arrived.checksum);
        Ok(CopyObjectOutput { copy_object_result: Some(result), ..CopyObjectOutput::default() })
    }

    /// Copies an object, or a piece of it, beside the buckets. With the checksum that is asked for, or with the one that the object has.
    pub(super) async fn copied(
        &self,
        from: From,
        range: Option<WireRange>,
        asked: Option<ChecksumAlgorithm>,
    ) -> S3Result<(Object, Arrived)> {
        let path = self.staging();
        let workspace = Arc::clone(&self.wire.workspace);
        let task = spawn_blocking(move || {
            let (object, mut file) = workspace.open_object(&from.uri).map_err(of_command)?;
            if from.conditions.judge(&object) != Verdict::Good {
                return Err(precondition_failed());
            }
            let bytes = piece(&object, range)?;
            let had = object.details.as_ref().and_then(|details| details.checksum.as_ref());
            let algorithm = asked.or_else(|| had.map(|checksum| checksum.algorithm));
            let arrived = arrival::copy(&path, &mut file, &bytes, algorithm).map_err(internal)?;
            Ok((object, arrived))
        });
        task.await.map_err(internal)?
    }
}

fn piece(object: &Object, range: Option<WireRange>) -> S3Result<Range<u64>> {
    let bytes = match range {
        None => 0..object.size,
        // A piece that is copied must lie inside, from its first byte to its last.
        Some(WireRange::Int { first, last: Some(last) }) if first <= last && last < object.size => first..last + 1,
        Some(_) => {
            return Err(s3_error!(
                InvalidArgument,
                "Range specified is not valid for source object of size: {}",
                object.size
            ));
        }
    };
    if bytes.end - bytes.start > arrival::LARGEST {
        return Err(s3_error!(
            InvalidRequest,
            "The specified copy source is larger than the maximum allowable size for a copy source: 5368709120"
        ));
    }
    Ok(bytes)
}
