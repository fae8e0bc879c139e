//! Single objects: written, read, looked at, deleted.

use std::ops::Range;

use hyper::StatusCode;
use s3s::dto::{
    ChecksumType, DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject, ETag,
    GetObjectInput, GetObjectOutput, HeadObjectInput, HeadObjectOutput, PutObjectInput, PutObjectOutput,
    Range as WireRange, StreamingBlob,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};
use tokio::task::spawn_blocking;

use super::arrival::{self, Arrived, Expected};
use super::checksums::{self, give, given};
use super::conditions::{Conditions, Verdict, precondition};
use super::kept::{self, describe};
use super::operations::{Backend, bad_key};
use super::refusal::{custom, internal, no_bucket, of_command, precondition_failed};
use super::time::to_wire_seconds;
use super::{auth, departure};
use crate::domain::bucket::{Checksum, ChecksumAlgorithm, Object};
use crate::domain::s3_uri::S3Uri;
use crate::workspace::{Command, CommandError, Reply, Source};

/// The most keys of one bulk deletion.
const MOST_KEYS: usize = 1000;

impl Backend {
    pub(super) async fn put(&self, req: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let S3Request { mut input, headers, trailing_headers, .. } = req;
        self.bucket(&input.bucket, input.expected_bucket_owner.as_deref())?;
        bad_key(&input.key)?;
        let only_if = precondition(input.if_match.take(), input.if_none_match.take())
            .ok_or_else(|| s3_error!(NotImplemented, "If-None-Match takes * here, and only one condition at a time"))?;
        let mut details = kept::of_put(&input)?;
        let expected = Expected { md5: input.content_md5.take(), checksum: given!(input) };
        let asked = input.checksum_algorithm.as_ref().and_then(|algorithm| checksums::named(algorithm.as_str()));
        let body = input.body.take();
        let arrived =
            self.take_in(body, input.content_length, expected, asked, &headers, trailing_headers.as_ref()).await?;
        details.checksum.clone_from(&arrived.checksum);
        let checksum = arrived.checksum.clone();
        let command = Command::PutObject {
            to: S3Uri::new(input.bucket, input.key),
            source: Source::Staged(arrived.staged.clone()),
            content_type: Some(input.content_type.unwrap_or_else(|| "binary/octet-stream".to_owned())),
            details: Some(details),
            only_if,
        };
        let object = self.written(command).await?;
        let mut output = PutObjectOutput { e_tag: Some(ETag::Strong(object.etag)), ..PutObjectOutput::default() };
        give!(output, checksum);
        output.checksum_type = checksum.as_ref().map(checksum_type);
        Ok(S3Response::new(output))
    }

    /// Sends a command that writes an object, and gives the object.
    pub(super) async fn written(&self, command: Command) -> S3Result<Object> {
        match self.wire.ask(command).await {
            Ok(Reply::Object(object)) => Ok(*object),
            Ok(_) => Err(internal("the workspace did not say what it wrote")),
            Err(error) => Err(of_command(error)),
        }
    }

    /// Receives a body and holds it against everything that was said of it, before it and behind it.
    pub(super) async fn take_in(
        &self,
        body: Option<StreamingBlob>,
        length: Option<i64>,
        mut expected: Expected,
        asked: Option<ChecksumAlgorithm>,
        headers: &hyper::HeaderMap,
        trailers: Option<&s3s::TrailingHeaders>,
    ) -> S3Result<Arrived> {
        expected.validate()?;
        if length.is_some_and(|length| u64::try_from(length).is_ok_and(|length| length > arrival::LARGEST)) {
            return Err(s3_error!(EntityTooLarge, "Your proposed upload exceeds the maximum allowed size of 5 GiB"));
        }
        let behind = auth::announced(headers).map(str::to_ascii_lowercase);
        let algorithm = expected
            .checksum
            .as_ref()
            .map(|checksum| checksum.algorithm)
            .or_else(|| behind.as_deref().and_then(checksums::of_header))
            .or(asked);
        let body = body.unwrap_or_else(|| StreamingBlob::from(s3s::Body::empty()));
        let arrived = arrival::receive(self.staging(), body, algorithm).await?;
        if let (Some(name), Some(algorithm)) = (behind, algorithm) {
            let of_crate = trailers.and_then(|trailers| {
                trailers.read(|headers| headers.get(&name).and_then(|value| value.to_str().ok().map(str::to_owned)))
            });
            let value = self.traces.trailer(&name).or_else(|| of_crate.flatten()).ok_or_else(|| {
                s3_error!(InvalidRequest, "The trailer {name} was announced and did not come behind the body")
            })?;
            expected.checksum.get_or_insert(Checksum { algorithm, value });
        }
        expected.hold(&arrived)?;
        Ok(arrived)
    }

    pub(super) async fn get(&self, input: GetObjectInput) -> S3Result<S3Response<GetObjectOutput>> {
        self.bucket(&input.bucket, input.expected_bucket_owner.as_deref())?;
        let conditions = Conditions {
            matches: input.if_match,
            none_match: input.if_none_match,
            modified_since: input.if_modified_since,
            unmodified_since: input.if_unmodified_since,
        };
        let uri = S3Uri::new(input.bucket, input.key);
        let workspace = std::sync::Arc::clone(&self.wire.workspace);
        let (range, part) = (input.range, input.part_number);
        let opened = spawn_blocking(move || {
            let (object, mut file) = workspace.open_object(&uri).map_err(|error| match error {
                CommandError::NotFound(_) => no_bucket(),
                error => of_command(error),
            })?;
            held(&conditions, &object)?;
            let range = wanted(&object, range, part)?;
            let bytes = range.clone().unwrap_or(0..object.size);
            let head = departure::first(&mut file, &bytes).map_err(internal)?;
            Ok::<_, s3s::S3Error>((object, file, range, bytes, head))
        });
        let (object, file, range, bytes, head) = opened.await.map_err(internal)??;
        let whole = range.is_none();
        let mut output = GetObjectOutput {
            body: Some(departure::body(file, &bytes, head)),
            content_length: i64::try_from(bytes.end - bytes.start).ok(),
            content_range: range.map(|range| content_range(&range, object.size)),
            parts_count: part.and_then(|_| parts_count(&object)),
            tag_count: tag_count(&object),
            ..GetObjectOutput::default()
        };
        let checksums_wanted = input.checksum_mode.is_some_and(|mode| mode.as_str().eq_ignore_ascii_case("ENABLED"));
        describe!(output, object, checksums_wanted && whole);
        Ok(S3Response::new(output))
    }

    pub(super) fn head(&self, input: HeadObjectInput) -> S3Result<S3Response<HeadObjectOutput>> {
        let object = self.object(&input.bucket, &input.key, input.expected_bucket_owner.as_deref())?;
        let conditions = Conditions {
            matches: input.if_match,
            none_match: input.if_none_match,
            modified_since: input.if_modified_since,
            unmodified_since: input.if_unmodified_since,
        };
        held(&conditions, &object)?;
        let range = wanted(&object, input.range, input.part_number)?;
        let whole = range.is_none();
        let bytes = range.clone().unwrap_or(0..object.size);
        let mut output = HeadObjectOutput {
            content_length: i64::try_from(bytes.end - bytes.start).ok(),
            content_range: range.map(|range| content_range(&range, object.size)),
            parts_count: input.part_number.and_then(|_| parts_count(&object)),
            ..HeadObjectOutput::default()
        };
        let checksums_wanted = input.checksum_mode.is_some_and(|mode| mode.as_str().eq_ignore_ascii_case("ENABLED"));
        describe!(output, object, checksums_wanted && whole);
        Ok(S3Response::new(output))
    }

    pub(super) async fn delete(&self, input: DeleteObjectInput) -> S3Result<DeleteObjectOutput> {
        let snapshot = self.bucket(&input.bucket, input.expected_bucket_owner.as_deref())?;
        if let Some(wanted) = input.if_match {
            let object = snapshot.objects.get(&input.bucket).and_then(|table| table.get(&input.key));
            let object = object.ok_or_else(|| of_command(CommandError::NoObject(S3Uri::new("", ""))))?;
            let conditions = Conditions { matches: Some(wanted), ..Conditions::default() };
            held(&conditions, object)?;
        }
        let command = Command::DeleteObjects { bucket: input.bucket, keys: vec![input.key] };
        self.wire.ask(command).await.map_err(of_command)?;
        Ok(DeleteObjectOutput::default())
    }

    pub(super) async fn delete_many(&self, input: DeleteObjectsInput) -> S3Result<DeleteObjectsOutput> {
        self.bucket(&input.bucket, input.expected_bucket_owner.as_deref())?;
        let keys: Vec<String> = input.delete.objects.into_iter().map(|object| object.key).collect();
        if keys.is_empty() || keys.len() > MOST_KEYS {
            return Err(s3_error!(
                MalformedXML,
                "The XML you provided was not well-formed or did not validate against our published schema: name 1 to {MOST_KEYS} keys"
            ));
        }
        let command = Command::DeleteObjects { bucket: input.bucket, keys: keys.clone() };
        self.wire.ask(command).await.map_err(of_command)?;
        let gone = |key| DeletedObject { key: Some(key), ..DeletedObject::default() };
        let deleted = (!input.delete.quiet.unwrap_or(false)).then(|| keys.into_iter().map(gone).collect());
        Ok(DeleteObjectsOutput { deleted, ..DeleteObjectsOutput::default() })
    }
}

/// Refuses a request whose conditions don't hold.
fn held(conditions: &Conditions, object: &Object) -> S3Result<()> {
    match conditions.judge(object) {
        Verdict::Good => Ok(()),
        Verdict::Failed => Err(precondition_failed()),
        Verdict::NotModified => {
            let mut error = s3_error!(NotModified);
            let mut headers = hyper::HeaderMap::new();
            if let Ok(etag) = format!("\"{}\"", object.etag).parse() {
                headers.insert(hyper::header::ETAG, etag);
            }
            let mut modified = Vec::new();
            let at = to_wire_seconds(object.modified);
            if at.format(s3s::dto::TimestampFormat::HttpDate, &mut modified).is_ok()
                && let Ok(modified) = hyper::header::HeaderValue::from_bytes(&modified)
            {
                headers.insert(hyper::header::LAST_MODIFIED, modified);
            }
            error.set_headers(headers);
            Err(error)
        }
    }
}

/// The bytes that a request wants; `None` for all of them.
fn wanted(object: &Object, range: Option<WireRange>, part: Option<i32>) -> S3Result<Option<Range<u64>>> {
    let invalid = || s3_error!(InvalidRange, "The requested range is not satisfiable");
    match (range, part) {
        (Some(_), Some(_)) => Err(s3_error!(InvalidRequest, "Cannot specify both Range header and partNumber")),
        (Some(range), None) => {
            let bytes = range.check(object.size).map_err(|_| invalid())?;
            if bytes.is_empty() { Err(invalid()) } else { Ok(Some(bytes)) }
        }
        (None, Some(number)) => {
            let parts = object.details.as_ref().map_or(&[][..], |details| &details.parts);
            let whole = [object.size];
            let parts = if parts.is_empty() { &whole } else { parts };
            let index = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
            let index = index.filter(|index| *index < parts.len()).ok_or_else(|| {
                custom(
                    StatusCode::RANGE_NOT_SATISFIABLE,
                    "InvalidPartNumber",
                    "The requested partnumber is not satisfiable".to_owned(),
                )
            })?;
            let start: u64 = parts[..index].iter().sum();
            Ok((parts[index] > 0).then(|| start..start + parts[index]))
        }
        (None, None) => Ok(None),
    }
}

fn content_range(range: &Range<u64>, size: u64) -> String {
    format!("bytes {}-{}/{size}", range.start, range.end.saturating_sub(1))
}

fn parts_count(object: &Object) -> Option<i32> {
    let parts = object.details.as_ref()?.parts.len();
    i32::try_from(parts).ok().filter(|parts| *parts > 0)
}

fn tag_count(object: &Object) -> Option<i32> {
    let tags = object.details.as_ref()?.tags.len();
    i32::try_from(tags).ok().filter(|tags| *tags > 0)
}

/// Whether a checksum speaks of the bytes or of the parts.
pub fn checksum_type(checksum: &Checksum) -> ChecksumType {
    let name = if checksum.is_composite() { ChecksumType::COMPOSITE } else { ChecksumType::FULL_OBJECT };
    ChecksumType::from_static(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::bucket::ObjectDetails;
    use crate::domain::time::Timestamp;

    fn object(size: u64, parts: &[u64]) -> Object {
        Object {
            key: "k".into(),
            size,
            etag: "e".into(),
            modified: Timestamp(0),
            content_type: String::new(),
            details: Some(Box::new(ObjectDetails { parts: parts.to_vec(), ..ObjectDetails::default() })),
        }
    }

    #[test]
    fn ranges_and_parts_become_bytes() {
        let range = |text: &str| Some(WireRange::parse(text).unwrap());
        let ten = object(10, &[]);
        assert_eq!(wanted(&ten, None, None).unwrap(), None);
        assert_eq!(wanted(&ten, range("bytes=2-3"), None).unwrap(), Some(2..4));
        assert_eq!(wanted(&ten, range("bytes=8-"), None).unwrap(), Some(8..10));
        assert_eq!(wanted(&ten, range("bytes=-3"), None).unwrap(), Some(7..10));
        assert_eq!(wanted(&ten, range("bytes=5-99"), None).unwrap(), Some(5..10));
        assert!(wanted(&ten, range("bytes=10-"), None).is_err());
        assert!(wanted(&object(0, &[]), range("bytes=-1"), None).is_err());
        let parts = object(10, &[6, 4]);
        assert_eq!(wanted(&parts, None, Some(2)).unwrap(), Some(6..10));
        assert_eq!(wanted(&ten, None, Some(1)).unwrap(), Some(0..10));
        assert!(wanted(&parts, None, Some(3)).is_err() && wanted(&parts, None, Some(0)).is_err());
        assert_eq!(content_range(&(6..10), 10), "bytes 6-9/10");
    }
}
