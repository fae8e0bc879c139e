//! Objects in parts.

use std::sync::Arc;

use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, ChecksumAlgorithm, ChecksumType,
    CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CompletedPart, CopyPartResult,
    CreateMultipartUploadInput, CreateMultipartUploadOutput, ETag, ListMultipartUploadsInput,
    ListMultipartUploadsOutput, ListPartsInput, ListPartsOutput, MultipartUpload as WireUpload, Part as WirePart,
    Range as WireRange, StorageClass, UploadPartCopyInput, UploadPartCopyOutput, UploadPartInput, UploadPartOutput,
};
use s3s::{S3Request, S3Result, s3_error};
use tokio::task::spawn_blocking;

use super::arrival::{Arrived, Expected};
use super::checksums::{self, give, given};
use super::conditions::precondition;
use super::copies::From;
use super::kept;
use super::listing::Spelling;
use super::objects::checksum_type;
use super::operations::{Backend, bad_key};
use super::refusal::{internal, no_part, no_upload, of_command};
use super::time::to_wire;
use super::{buckets, listing};
use crate::domain::multipart_upload::{LAST_PART, MultipartUpload, Part, SMALLEST_PART};
use crate::domain::s3_uri::S3Uri;
use crate::domain::time::Timestamp;
use crate::workspace::Command;

impl Backend {
    pub(super) async fn begin_upload(
        &self,
        input: CreateMultipartUploadInput,
    ) -> S3Result<CreateMultipartUploadOutput> {
        self.bucket(&input.bucket, input.expected_bucket_owner.as_deref())?;
        bad_key(&input.key)?;
        let checksum = input.checksum_algorithm.as_ref().and_then(|algorithm| checksums::named(algorithm.as_str()));
        let by_type = input.checksum_type.as_ref().map(|given| given.as_str() == ChecksumType::FULL_OBJECT);
        // What AWS takes where nothing is said.
        let full_object = by_type.unwrap_or(checksum == Some(crate::domain::bucket::ChecksumAlgorithm::Crc64Nvme));
        let details = kept::of_upload(&input)?;
        let id = fresh_id()?;
        let upload = MultipartUpload {
            id: id.clone(),
            to: S3Uri::new(&input.bucket, &input.key),
            initiated: Timestamp::default(),
            content_type: Some(input.content_type.unwrap_or_else(|| "binary/octet-stream".to_owned())),
            details,
            checksum,
            full_object,
        };
        self.wire.ask(Command::CreateMultipartUpload(Box::new(upload))).await.map_err(of_command)?;
        Ok(CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(id),
            checksum_algorithm: checksum.map(wire_algorithm),
            checksum_type: checksum.map(|_| wire_type(full_object)),
            ..CreateMultipartUploadOutput::default()
        })
    }

    pub(super) async fn take_part(&self, req: S3Request<UploadPartInput>) -> S3Result<UploadPartOutput> {
        let S3Request { mut input, headers, trailing_headers, .. } = req;
        let number = number(input.part_number)?;
        let to = S3Uri::new(&input.bucket, &input.key);
        let upload = self.upload(&to, &input.upload_id, input.expected_bucket_owner.as_deref()).await?.0;
        let expected = Expected { md5: input.content_md5.take(), checksum: given!(input) };
        let asked = input.checksum_algorithm.as_ref().and_then(|algorithm| checksums::named(algorithm.as_str()));
        let asked = asked.or(upload.checksum);
        let body = input.body.take();
        let arrived =
            self.take_in(body, input.content_length, expected, asked, &headers, trailing_headers.as_ref()).await?;
        let mut output =
            UploadPartOutput { e_tag: Some(ETag::Strong(arrived.staged.md5.clone())), ..UploadPartOutput::default() };
        give!(output, arrived.checksum);
        self.keep_part(upload.id, number, &arrived).await?;
        Ok(output)
    }

    async fn keep_part(&self, upload: String, number: u16, arrived: &Arrived) -> S3Result<()> {
        let part = Box::new(Part {
            number,
            size: arrived.staged.size,
            etag: arrived.staged.md5.clone(),
            modified: Timestamp::default(),
            checksum: arrived.checksum.clone(),
        });
        let command = Command::UploadPart { upload, part, staged: arrived.staged.clone() };
        self.wire.ask(command).await.map(drop).map_err(of_command)
    }

    pub(super) async fn copy_part(&self, mut input: UploadPartCopyInput) -> S3Result<UploadPartCopyOutput> {
        let number = number(input.part_number)?;
        let to = S3Uri::new(&input.bucket, &input.key);
        let upload = self.upload(&to, &input.upload_id, input.expected_bucket_owner.as_deref()).await?.0;
        let from = From::of(
            &input.copy_source,
            input.copy_source_if_match.take(),
            input.copy_source_if_none_match.take(),
            input.copy_source_if_modified_since.take(),
            input.copy_source_if_unmodified_since.take(),
        )?;
        self.bucket(&from.uri.bucket, input.expected_source_bucket_owner.as_deref())?;
        let invalid = |_| {
            s3_error!(
                InvalidArgument,
                "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy"
            )
        };
        let range = input.copy_source_range.as_deref().map(WireRange::parse).transpose().map_err(invalid)?;
        let (_, arrived) = self.copied(from, range, upload.checksum).await?;
        let mut result = CopyPartResult {
            e_tag: Some(ETag::Strong(arrived.staged.md5.clone())),
            last_modified: Some(to_wire(self.wire.workspace.snapshot().made)),
            ..CopyPartResult::default()
        };
        give!(result, arrived.checksum);
        self.keep_part(upload.id, number, &arrived).await?;
        Ok(UploadPartCopyOutput { copy_part_result: Some(result), ..UploadPartCopyOutput::default() })
    }

    pub(super) async fn complete_upload(
        &self,
        mut input: CompleteMultipartUploadInput,
    ) -> S3Result<CompleteMultipartUploadOutput> {
        let to = S3Uri::new(&input.bucket, &input.key);
        let (upload, there) = self.upload(&to, &input.upload_id, input.expected_bucket_owner.as_deref()).await?;
        let only_if = precondition(input.if_match.take(), input.if_none_match.take())
            .ok_or_else(|| s3_error!(NotImplemented, "If-None-Match takes * here, and only one condition at a time"))?;
        let named = input.multipart_upload.take().and_then(|upload| upload.parts).unwrap_or_default();
        let parts = chosen(&named, &there)?;
        let size: u64 = parts.iter().map(|part| part.size).sum();
        if input.mpu_object_size.is_some_and(|given| u64::try_from(given) != Ok(size)) {
            return Err(s3_error!(
                InvalidRequest,
                "The object's size is {size} bytes, not what x-amz-mp-object-size says"
            ));
        }
        let checksum = upload.checksum.and_then(|algorithm| checksums::of_parts(algorithm, upload.full_object, &parts));
        if let (Some(wanted), Some(found)) = (given!(input), &checksum) {
            // What speaks of parts may leave their number out.
            let same = wanted.algorithm == found.algorithm
                && (wanted.value == found.value
                    || found.value.strip_prefix(&wanted.value).is_some_and(|n| n.starts_with('-')));
            if !same {
                return Err(s3_error!(BadDigest, "The checksum you specified did not match the calculated checksum"));
            }
        }
        let command =
            Command::CompleteMultipartUpload { upload: upload.id, parts, checksum: checksum.clone(), only_if };
        let object = self.written(command).await?;
        let base = self.wire.workspace.snapshot().info.base_url.clone().unwrap_or_default();
        let mut output = CompleteMultipartUploadOutput {
            location: Some(format!("{base}/{}/{}", input.bucket, input.key)),
            bucket: Some(input.bucket),
            key: Some(input.key),
            e_tag: Some(ETag::Strong(object.etag)),
            ..CompleteMultipartUploadOutput::default()
        };
        give!(output, checksum);
        output.checksum_type = checksum.as_ref().map(checksum_type);
        Ok(output)
    }

    pub(super) async fn abort_upload(&self, input: AbortMultipartUploadInput) -> S3Result<AbortMultipartUploadOutput> {
        let to = S3Uri::new(&input.bucket, &input.key);
        self.upload(&to, &input.upload_id, input.expected_bucket_owner.as_deref()).await?;
        self.wire.ask(Command::AbortMultipartUpload { upload: input.upload_id }).await.map_err(of_command)?;
        Ok(AbortMultipartUploadOutput::default())
    }

    pub(super) async fn parts(&self, input: ListPartsInput) -> S3Result<ListPartsOutput> {
        let to = S3Uri::new(&input.bucket, &input.key);
        let (upload, there) = self.upload(&to, &input.upload_id, input.expected_bucket_owner.as_deref()).await?;
        let most = listing::most(input.max_parts)?;
        let marker = input.part_number_marker.unwrap_or(0);
        let mut rest = there.into_iter().filter(|part| i32::from(part.number) > marker).peekable();
        let mut parts: Vec<WirePart> = Vec::new();
        while let Some(part) = rest.next_if(|_| parts.len() < usize::try_from(most).unwrap_or_default()) {
            let mut wire = WirePart {
                e_tag: Some(ETag::Strong(part.etag)),
                last_modified: Some(to_wire(part.modified)),
                part_number: Some(i32::from(part.number)),
                size: i64::try_from(part.size).ok(),
                ..WirePart::default()
            };
            give!(wire, part.checksum);
            parts.push(wire);
        }
        let truncated = most > 0 && rest.peek().is_some();
        Ok(ListPartsOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(upload.id),
            max_parts: Some(most),
            part_number_marker: Some(marker),
            next_part_number_marker: parts.last().and_then(|part| part.part_number).filter(|_| truncated),
            is_truncated: Some(truncated),
            parts: Some(parts),
            checksum_algorithm: upload.checksum.map(wire_algorithm),
            checksum_type: upload.checksum.map(|_| wire_type(upload.full_object)),
            owner: Some(buckets::owner(&self.wire.workspace.snapshot())),
            storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
            ..ListPartsOutput::default()
        })
    }

    pub(super) async fn uploads(&self, input: ListMultipartUploadsInput) -> S3Result<ListMultipartUploadsOutput> {
        let snapshot = self.bucket(&input.bucket, input.expected_bucket_owner.as_deref())?;
        if input.delimiter.as_ref().is_some_and(|delimiter| !delimiter.is_empty()) {
            return Err(s3_error!(
                NotImplemented,
                "A delimiter in ListMultipartUploads is not available in Counterpoise"
            ));
        }
        let spelling = Spelling::of(input.encoding_type.as_ref())?;
        let most = listing::most(input.max_uploads)?;
        let workspace = Arc::clone(&self.wire.workspace);
        let bucket = input.bucket.clone();
        let found = spawn_blocking(move || workspace.multipart_uploads(&bucket)).await.map_err(internal)?;
        let mut found = found.map_err(of_command)?;
        let prefix = input.prefix.as_deref().unwrap_or_default();
        found.retain(|upload| upload.to.key.starts_with(prefix));
        if let Some(key) = input.key_marker.as_deref().filter(|key| !key.is_empty()) {
            let id = input.upload_id_marker.as_deref().filter(|id| !id.is_empty());
            // Uploads of one key are in the order in which they were begun: what comes behind the marker's own.
            let seen = id.and_then(|id| found.iter().position(|upload| upload.to.key == key && upload.id == id));
            match seen {
                Some(at) => drop(found.drain(..=at)),
                None => found.retain(|upload| upload.to.key.as_str() > key),
            }
        }
        let truncated = most > 0 && found.len() > usize::try_from(most).unwrap_or_default();
        found.truncate(usize::try_from(most).unwrap_or_default());
        let last = found.last().filter(|_| truncated);
        let entry = |upload: &MultipartUpload| WireUpload {
            initiated: Some(to_wire(upload.initiated)),
            key: Some(spelling.write(&upload.to.key)),
            upload_id: Some(upload.id.clone()),
            owner: Some(buckets::owner(&snapshot)),
            storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
            checksum_algorithm: upload.checksum.map(wire_algorithm),
            checksum_type: upload.checksum.map(|_| wire_type(upload.full_object)),
            ..WireUpload::default()
        };
        Ok(ListMultipartUploadsOutput {
            bucket: Some(input.bucket),
            encoding_type: input.encoding_type,
            is_truncated: Some(truncated),
            key_marker: input.key_marker.map(|key| spelling.write(&key)),
            max_uploads: Some(most),
            next_key_marker: last.map(|upload| spelling.write(&upload.to.key)),
            next_upload_id_marker: last.map(|upload| upload.id.clone()),
            prefix: input.prefix.map(|prefix| spelling.write(&prefix)),
            upload_id_marker: input.upload_id_marker,
            uploads: Some(found.iter().map(entry).collect()),
            ..ListMultipartUploadsOutput::default()
        })
    }

    /// The upload of that id, if it is one of that object.
    async fn upload(&self, to: &S3Uri, id: &str, owner: Option<&str>) -> S3Result<(MultipartUpload, Vec<Part>)> {
        self.bucket(&to.bucket, owner)?;
        let workspace = Arc::clone(&self.wire.workspace);
        let id = id.to_owned();
        let found = spawn_blocking(move || workspace.parts(&id)).await.map_err(internal)?.map_err(of_command)?;
        if found.0.to == *to { Ok(found) } else { Err(no_upload()) }
    }
}

/// The parts that a client names, as they are; in order, there, and none but the last too small.
fn chosen(named: &[CompletedPart], there: &[Part]) -> S3Result<Vec<Part>> {
    if named.is_empty() {
        return Err(s3_error!(MalformedXML, "You must specify at least one part"));
    }
    let mut parts: Vec<Part> = Vec::with_capacity(named.len());
    for part in named {
        let number = number(part.part_number.unwrap_or(0))?;
        if parts.last().is_some_and(|before| before.number >= number) {
            return Err(s3_error!(
                InvalidPartOrder,
                "The list of parts was not in ascending order. The parts list must be specified in order by part number."
            ));
        }
        let found = there.binary_search_by_key(&number, |part| part.number).ok().map(|at| &there[at]);
        let same_etag = |known: &&Part| part.e_tag.as_ref().is_some_and(|etag| etag.value() == known.etag);
        let same_sum = |known: &&Part| match (given!(part), &known.checksum) {
            (Some(wanted), Some(found)) => wanted == *found,
            _ => true,
        };
        let found: Option<&Part> = found.filter(same_etag).filter(same_sum);
        parts.push(found.ok_or_else(|| no_part(number))?.clone());
    }
    let small = parts.split_last().and_then(|(_, before)| before.iter().find(|part| part.size < SMALLEST_PART));
    match small {
        Some(part) => Err(s3_error!(
            EntityTooSmall,
            "Your proposed upload is smaller than the minimum allowed size: part {} has {} bytes, and all but the last need {SMALLEST_PART}",
            part.number,
            part.size
        )),
        None => Ok(parts),
    }
}

fn number(given: i32) -> S3Result<u16> {
    u16::try_from(given).ok().filter(|number| (1..=LAST_PART).contains(number)).ok_or_else(|| {
        s3_error!(InvalidArgument, "Part number must be an integer between 1 and {LAST_PART}, inclusive")
    })
}

fn fresh_id() -> S3Result<String> {
    let draw = || getrandom::u64().map_err(|error| internal(format!("this system gives no randomness: {error}")));
    Ok(format!("{:016x}{:016x}", draw()?, draw()?))
}

fn wire_algorithm(algorithm: crate::domain::bucket::ChecksumAlgorithm) -> ChecksumAlgorithm {
    ChecksumAlgorithm::from_static(checksums::name(algorithm))
}

fn wire_type(full_object: bool) -> ChecksumType {
    ChecksumType::from_static(if full_object { ChecksumType::FULL_OBJECT } else { ChecksumType::COMPOSITE })
}
