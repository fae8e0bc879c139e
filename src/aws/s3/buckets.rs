//! Buckets.

use s3s::dto::{
    Bucket, BucketLocationConstraint, CreateBucketInput, CreateBucketOutput, DeleteBucketInput, DeleteBucketOutput,
    GetBucketLocationInput, GetBucketLocationOutput, HeadBucketInput, HeadBucketOutput, ListBucketsInput,
    ListBucketsOutput, Owner,
};
use s3s::{S3Result, s3_error};

use super::operations::Backend;
use super::refusal::of_command;
use super::time::to_wire;
use crate::workspace::{Command, CommandError, Snapshot};

/// The region in which making a bucket again is no error, and which a bucket's location does not name.
const CLASSIC: &str = "us-east-1";

impl Backend {
    pub(super) fn buckets(&self, input: &ListBucketsInput) -> S3Result<ListBucketsOutput> {
        let snapshot = self.wire.workspace.snapshot();
        let region = &snapshot.info.account.region;
        let most = match input.max_buckets {
            Some(most) => usize::try_from(most)
                .ok()
                .filter(|most| (1..=10_000).contains(most))
                .ok_or_else(|| s3_error!(InvalidArgument, "max-buckets must be between 1 and 10000"))?,
            None => usize::MAX,
        };
        let prefix = input.prefix.as_deref().unwrap_or_default();
        let after = input.continuation_token.as_deref().unwrap_or_default();
        let of_region = input.bucket_region.as_ref().is_none_or(|wanted| wanted == region);
        let mut found = snapshot
            .buckets
            .values()
            .filter(|bucket| of_region && bucket.name.starts_with(prefix) && bucket.name.as_str() > after);
        let buckets: Vec<Bucket> = found
            .by_ref()
            .take(most)
            .map(|bucket| Bucket {
                bucket_region: Some(region.clone()),
                creation_date: Some(to_wire(bucket.created)),
                name: Some(bucket.name.clone()),
            })
            .collect();
        let continuation_token = found.next().and(buckets.last()).and_then(|last| last.name.clone());
        Ok(ListBucketsOutput {
            buckets: Some(buckets),
            continuation_token,
            owner: Some(owner(&snapshot)),
            prefix: input.prefix.clone(),
        })
    }

    pub(super) async fn make_bucket(
        &self,
        input: CreateBucketInput,
        region: Option<&str>,
    ) -> S3Result<CreateBucketOutput> {
        let constraint = input.create_bucket_configuration.and_then(|given| given.location_constraint);
        let wanted = constraint.as_ref().map(BucketLocationConstraint::as_str).or(region).unwrap_or(CLASSIC);
        let done = CreateBucketOutput { location: Some(format!("/{}", input.bucket)) };
        match self.wire.ask(Command::CreateBucket { name: input.bucket }).await {
            // AWS documents this for clients of old.
            Err(CommandError::AlreadyExists(_)) if wanted == CLASSIC => Ok(done),
            Err(error) => Err(of_command(error)),
            Ok(_) => Ok(done),
        }
    }

    pub(super) fn look_at_bucket(&self, input: &HeadBucketInput) -> S3Result<HeadBucketOutput> {
        let snapshot = self.bucket(&input.bucket, input.expected_bucket_owner.as_deref())?;
        Ok(HeadBucketOutput {
            bucket_region: Some(snapshot.info.account.region.clone()),
            ..HeadBucketOutput::default()
        })
    }

    pub(super) async fn remove_bucket(&self, input: DeleteBucketInput) -> S3Result<DeleteBucketOutput> {
        let not_empty = || s3_error!(BucketNotEmpty, "The bucket you tried to delete is not empty");
        let holds = |snapshot: &Snapshot| snapshot.objects.get(&input.bucket).is_some_and(|table| !table.is_empty());
        if holds(&*self.bucket(&input.bucket, input.expected_bucket_owner.as_deref())?) {
            return Err(not_empty());
        }
        let command = Command::DeleteBucket { name: input.bucket.clone(), with_objects: false };
        match self.wire.ask(command).await {
            Ok(_) => Ok(DeleteBucketOutput {}),
            // Something came in meanwhile.
            Err(CommandError::InUse { .. }) if holds(&self.wire.workspace.snapshot()) => Err(not_empty()),
            Err(error) => Err(of_command(error)),
        }
    }

    pub(super) fn location(&self, input: &GetBucketLocationInput) -> S3Result<GetBucketLocationOutput> {
        let snapshot = self.bucket(&input.bucket, input.expected_bucket_owner.as_deref())?;
        let region = snapshot.info.account.region.clone();
        let location_constraint = (region != CLASSIC).then(|| BucketLocationConstraint::from(region));
        Ok(GetBucketLocationOutput { location_constraint })
    }
}

/// The one owner of everything.
pub fn owner(snapshot: &Snapshot) -> Owner {
    let id = snapshot.info.account.id.clone();
    Owner { display_name: Some(id.clone()), id: Some(id) }
}
