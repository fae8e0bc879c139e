//! The operations that there are; what is not here, the S3 crate answers with `NotImplemented`.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput, CompleteMultipartUploadOutput,
    CopyObjectInput, CopyObjectOutput, CreateBucketInput, CreateBucketOutput, CreateMultipartUploadInput,
    CreateMultipartUploadOutput, DeleteBucketInput, DeleteBucketOutput, DeleteObjectInput, DeleteObjectOutput,
    DeleteObjectTaggingInput, DeleteObjectTaggingOutput, DeleteObjectsInput, DeleteObjectsOutput,
    GetBucketLocationInput, GetBucketLocationOutput, GetBucketVersioningInput, GetBucketVersioningOutput,
    GetObjectInput, GetObjectOutput, GetObjectTaggingInput, GetObjectTaggingOutput, HeadBucketInput, HeadBucketOutput,
    HeadObjectInput, HeadObjectOutput, ListBucketsInput, ListBucketsOutput, ListMultipartUploadsInput,
    ListMultipartUploadsOutput, ListObjectsInput, ListObjectsOutput, ListObjectsV2Input, ListObjectsV2Output,
    ListPartsInput, ListPartsOutput, PutObjectInput, PutObjectOutput, PutObjectTaggingInput, PutObjectTaggingOutput,
    UploadPartCopyInput, UploadPartCopyOutput, UploadPartInput, UploadPartOutput,
};
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};

use super::intake::Traces;
use super::refusal::no_bucket;
use crate::aws::Wire;
use crate::domain::bucket::Object;
use crate::domain::name;
use crate::workspace::Snapshot;

/// What is answered. Routing is the S3 crate's; tests count by this table, and hold it against the functions below.
#[cfg(test)]
pub const OPERATIONS: &[&str] = &[
    "AbortMultipartUpload",
    "CompleteMultipartUpload",
    "CopyObject",
    "CreateBucket",
    "CreateMultipartUpload",
    "DeleteBucket",
    "DeleteObject",
    "DeleteObjectTagging",
    "DeleteObjects",
    "GetBucketLocation",
    "GetBucketVersioning",
    "GetObject",
    "GetObjectTagging",
    "HeadBucket",
    "HeadObject",
    "ListBuckets",
    "ListMultipartUploads",
    "ListObjects",
    "ListObjectsV2",
    "ListParts",
    "PutObject",
    "PutObjectTagging",
    "UploadPart",
    "UploadPartCopy",
];

/// Numbers the files of bodies that arrive.
static BODIES: AtomicU64 = AtomicU64::new(0);

/// Answers one request.
pub struct Backend {
    pub(super) wire: Arc<Wire>,
    pub(super) traces: Arc<Traces>,
    region: Option<String>,
    id: String,
}

impl Backend {
    /// For the request of that id, signed for that region.
    pub fn new(wire: &Arc<Wire>, id: &str, region: Option<&str>, traces: &Arc<Traces>) -> Self {
        Self {
            wire: Arc::clone(wire),
            traces: Arc::clone(traces),
            region: region.map(str::to_owned),
            id: id.to_owned(),
        }
    }

    /// A fresh file for a body on its way in.
    pub(super) fn staging(&self) -> PathBuf {
        let number = BODIES.fetch_add(1, Ordering::Relaxed);
        self.wire.workspace.staging().join(format!("body-{}-{number}", self.id))
    }

    /// The world, if it holds the bucket and the client means the right owner.
    pub(super) fn bucket(&self, name: &str, owner: Option<&str>) -> S3Result<Arc<Snapshot>> {
        let snapshot = self.wire.workspace.snapshot();
        if !snapshot.buckets.contains(name) {
            return Err(no_bucket());
        }
        if owner.is_some_and(|owner| owner != snapshot.info.account.id) {
            return Err(s3_error!(AccessDenied, "The bucket is not owned by the account that was expected"));
        }
        Ok(snapshot)
    }

    /// An object's record.
    pub(super) fn object(&self, bucket: &str, key: &str, owner: Option<&str>) -> S3Result<Arc<Object>> {
        let snapshot = self.bucket(bucket, owner)?;
        let found = snapshot.objects.get(bucket).and_then(|table| table.get(key)).cloned();
        found.ok_or_else(|| s3_error!(NoSuchKey, "The specified key does not exist."))
    }
}

/// Refuses a key that no object can have, before its body is read.
pub fn bad_key(key: &str) -> S3Result<()> {
    match name::object_key("Key", key) {
        Ok(()) => Ok(()),
        Err(_) if key.len() > 1024 => Err(s3_error!(KeyTooLongError, "Your key is too long")),
        Err(broken) => Err(s3_error!(InvalidArgument, "{broken}")),
    }
}

#[async_trait::async_trait]
impl S3 for Backend {
    async fn list_buckets(&self, req: S3Request<ListBucketsInput>) -> S3Result<S3Response<ListBucketsOutput>> {
        self.buckets(&req.input).map(S3Response::new)
    }

    async fn create_bucket(&self, req: S3Request<CreateBucketInput>) -> S3Result<S3Response<CreateBucketOutput>> {
        self.make_bucket(req.input, self.region.as_deref()).await.map(S3Response::new)
    }

    async fn head_bucket(&self, req: S3Request<HeadBucketInput>) -> S3Result<S3Response<HeadBucketOutput>> {
        self.look_at_bucket(&req.input).map(S3Response::new)
    }

    async fn delete_bucket(&self, req: S3Request<DeleteBucketInput>) -> S3Result<S3Response<DeleteBucketOutput>> {
        let output = self.remove_bucket(req.input).await?;
        Ok(S3Response::with_status(output, hyper::StatusCode::NO_CONTENT))
    }

    async fn get_bucket_location(
        &self,
        req: S3Request<GetBucketLocationInput>,
    ) -> S3Result<S3Response<GetBucketLocationOutput>> {
        self.location(&req.input).map(S3Response::new)
    }

    /// Never turned on.
    async fn get_bucket_versioning(
        &self,
        req: S3Request<GetBucketVersioningInput>,
    ) -> S3Result<S3Response<GetBucketVersioningOutput>> {
        self.bucket(&req.input.bucket, req.input.expected_bucket_owner.as_deref())?;
        Ok(S3Response::new(GetBucketVersioningOutput::default()))
    }

    async fn list_objects(&self, req: S3Request<ListObjectsInput>) -> S3Result<S3Response<ListObjectsOutput>> {
        self.list_v1(req.input).map(S3Response::new)
    }

    async fn list_objects_v2(&self, req: S3Request<ListObjectsV2Input>) -> S3Result<S3Response<ListObjectsV2Output>> {
        self.list_v2(req.input).map(S3Response::new)
    }

    async fn put_object(&self, req: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        self.put(req).await
    }

    async fn get_object(&self, req: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        self.get(req.input).await
    }

    async fn head_object(&self, req: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        self.head(req.input)
    }

    async fn copy_object(&self, req: S3Request<CopyObjectInput>) -> S3Result<S3Response<CopyObjectOutput>> {
        self.copy(req.input).await.map(S3Response::new)
    }

    async fn delete_object(&self, req: S3Request<DeleteObjectInput>) -> S3Result<S3Response<DeleteObjectOutput>> {
        let output = self.delete(req.input).await?;
        Ok(S3Response::with_status(output, hyper::StatusCode::NO_CONTENT))
    }

    async fn delete_objects(&self, req: S3Request<DeleteObjectsInput>) -> S3Result<S3Response<DeleteObjectsOutput>> {
        self.delete_many(req.input).await.map(S3Response::new)
    }

    async fn get_object_tagging(
        &self,
        req: S3Request<GetObjectTaggingInput>,
    ) -> S3Result<S3Response<GetObjectTaggingOutput>> {
        self.tags_of(&req.input).map(S3Response::new)
    }

    async fn put_object_tagging(
        &self,
        req: S3Request<PutObjectTaggingInput>,
    ) -> S3Result<S3Response<PutObjectTaggingOutput>> {
        self.set_tags(req.input).await.map(S3Response::new)
    }

    async fn delete_object_tagging(
        &self,
        req: S3Request<DeleteObjectTaggingInput>,
    ) -> S3Result<S3Response<DeleteObjectTaggingOutput>> {
        self.remove_tags(req.input).await.map(S3Response::new)
    }

    async fn create_multipart_upload(
        &self,
        req: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        self.begin_upload(req.input).await.map(S3Response::new)
    }

    async fn upload_part(&self, req: S3Request<UploadPartInput>) -> S3Result<S3Response<UploadPartOutput>> {
        self.take_part(req).await.map(S3Response::new)
    }

    async fn upload_part_copy(
        &self,
        req: S3Request<UploadPartCopyInput>,
    ) -> S3Result<S3Response<UploadPartCopyOutput>> {
        self.copy_part(req.input).await.map(S3Response::new)
    }

    async fn complete_multipart_upload(
        &self,
        req: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        self.complete_upload(req.input).await.map(S3Response::new)
    }

    async fn abort_multipart_upload(
        &self,
        req: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        let output = self.abort_upload(req.input).await?;
        Ok(S3Response::with_status(output, hyper::StatusCode::NO_CONTENT))
    }

    async fn list_parts(&self, req: S3Request<ListPartsInput>) -> S3Result<S3Response<ListPartsOutput>> {
        self.parts(req.input).await.map(S3Response::new)
    }

    async fn list_multipart_uploads(
        &self,
        req: S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
        self.uploads(req.input).await.map(S3Response::new)
    }
}

#[cfg(test)]
mod tests {
    use super::OPERATIONS;

    #[test]
    fn the_table_names_the_functions_that_there_are() {
        let functions = include_str!("operations.rs").lines().filter_map(|line| {
            let (name, _) = line.strip_prefix("    async fn ")?.split_once('(')?;
            Some(name.split('_').map(|word| word[..1].to_uppercase() + &word[1..]).collect::<String>())
        });
        let mut functions: Vec<String> = functions.collect();
        functions.sort_unstable();
        assert_eq!(functions, OPERATIONS);
    }
}
