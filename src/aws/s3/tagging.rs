//! Tags of objects.

use hyper::StatusCode;
use s3s::dto::{
    DeleteObjectTaggingInput, DeleteObjectTaggingOutput, GetObjectTaggingInput, GetObjectTaggingOutput,
    PutObjectTaggingInput, PutObjectTaggingOutput, Tag as WireTag,
};
use s3s::{S3Result, s3_error};

use super::operations::Backend;
use super::refusal::{custom, of_command};
use crate::domain::bucket::ObjectDetails;
use crate::domain::s3_uri::S3Uri;
use crate::domain::tag::{self, Tag};
use crate::workspace::Command;

/// S3's limit for an object.
const MOST_TAGS: usize = 10;

/// Tags as the header `x-amz-tagging` writes them: like a query.
pub fn of_header(header: Option<&str>) -> S3Result<Vec<Tag>> {
    let tags = form_urlencoded::parse(header.unwrap_or_default().as_bytes())
        .map(|(key, value)| Tag { key: key.into_owned(), value: value.into_owned() })
        .collect();
    checked(tags)
}

fn checked(tags: Vec<Tag>) -> S3Result<Vec<Tag>> {
    if tags.len() > MOST_TAGS {
        return Err(custom(
            StatusCode::BAD_REQUEST,
            "BadRequest",
            format!("Object tags cannot be greater than {MOST_TAGS}"),
        ));
    }
    match tag::validate(&tags).first() {
        Some(broken) => Err(s3_error!(InvalidTag, "{broken}")),
        None => Ok(tags),
    }
}

impl Backend {
    pub(super) fn tags_of(&self, input: &GetObjectTaggingInput) -> S3Result<GetObjectTaggingOutput> {
        let object = self.object(&input.bucket, &input.key, input.expected_bucket_owner.as_deref())?;
        let tags = object.details.as_ref().map(|details| details.tags.clone()).unwrap_or_default();
        let wire = |tag: Tag| WireTag { key: Some(tag.key), value: Some(tag.value) };
        Ok(GetObjectTaggingOutput { tag_set: tags.into_iter().map(wire).collect(), version_id: None })
    }

    pub(super) async fn set_tags(&self, input: PutObjectTaggingInput) -> S3Result<PutObjectTaggingOutput> {
        let tag = |tag: WireTag| Tag { key: tag.key.unwrap_or_default(), value: tag.value.unwrap_or_default() };
        let tags = checked(input.tagging.tag_set.into_iter().map(tag).collect())?;
        self.keep_tags(&input.bucket, &input.key, input.expected_bucket_owner.as_deref(), tags).await?;
        Ok(PutObjectTaggingOutput::default())
    }

    pub(super) async fn remove_tags(&self, input: DeleteObjectTaggingInput) -> S3Result<DeleteObjectTaggingOutput> {
        self.keep_tags(&input.bucket, &input.key, input.expected_bucket_owner.as_deref(), Vec::new()).await?;
        Ok(DeleteObjectTaggingOutput::default())
    }

    async fn keep_tags(&self, bucket: &str, key: &str, owner: Option<&str>, tags: Vec<Tag>) -> S3Result<()> {
        let object = self.object(bucket, key, owner)?;
        let before: ObjectDetails = object.details.as_deref().cloned().unwrap_or_default();
        let details = Box::new(ObjectDetails { tags, ..before });
        let command = Command::SetObjectDetails { of: S3Uri::new(bucket, key), details };
        self.wire.ask(command).await.map(drop).map_err(of_command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_read_like_a_query() {
        let tags = of_header(Some("a=1&b%20c=x%2By")).unwrap();
        assert_eq!(tags[1], Tag { key: "b c".into(), value: "x+y".into() });
        assert!(of_header(None).unwrap().is_empty());
        let many: Vec<String> = (0..11).map(|i| format!("k{i}=v")).collect();
        assert!(of_header(Some(&many.join("&"))).is_err());
        assert!(of_header(Some("aws:x=1")).is_err());
    }
}
