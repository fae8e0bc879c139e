//! `ListObjects` in both versions.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::dto::{
    ChecksumAlgorithm, CommonPrefix, ETag, EncodingType, ListObjectsInput, ListObjectsOutput, ListObjectsV2Input,
    ListObjectsV2Output, Object as Entry, ObjectStorageClass,
};
use s3s::{S3Result, s3_error};

use super::list::{Ask, Page, Position, page};
use super::operations::Backend;
use super::time::to_wire;
use super::{buckets, checksums, objects};
use crate::workspace::Snapshot;

/// The most entries of a page.
pub const MOST: i32 = 1000;

/// What stays as it is in an encoded key.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

/// How a listing writes keys: as they are, or encoded as in a URL, which XML can hold whatever is in them.
#[derive(Clone, Copy, Debug)]
pub struct Spelling(bool);

impl Spelling {
    /// What the request asks for.
    pub fn of(encoding: Option<&EncodingType>) -> S3Result<Self> {
        match encoding.map(EncodingType::as_str) {
            None => Ok(Self(false)),
            Some(EncodingType::URL) => Ok(Self(true)),
            Some(_) => Err(s3_error!(InvalidArgument, "Invalid Encoding Method specified in Request")),
        }
    }

    /// A key, prefix or delimiter.
    pub fn write(self, text: &str) -> String {
        if self.0 { utf8_percent_encode(text, PLAIN).to_string() } else { text.to_owned() }
    }
}

/// Entries of a page by what was asked for.
pub fn most(asked: Option<i32>) -> S3Result<i32> {
    match asked.unwrap_or(MOST) {
        ..0 => Err(s3_error!(InvalidArgument, "Argument max-keys must be an integer between 0 and 2147483647")),
        most => Ok(most.min(MOST)),
    }
}

impl Backend {
    pub(super) fn list_v1(&self, input: ListObjectsInput) -> S3Result<ListObjectsOutput> {
        let snapshot = self.bucket(&input.bucket, input.expected_bucket_owner.as_deref())?;
        let spelling = Spelling::of(input.encoding_type.as_ref())?;
        let most = most(input.max_keys)?;
        let delimiter = input.delimiter.as_deref().filter(|delimiter| !delimiter.is_empty());
        let after = input.marker.as_deref().filter(|marker| !marker.is_empty()).map(|marker| {
            // The marker of a page that ended with a common prefix is that prefix.
            let is_prefix = delimiter.is_some_and(|delimiter| marker.ends_with(delimiter));
            if is_prefix { Position::Prefix(marker.to_owned()) } else { Position::Key(marker.to_owned()) }
        });
        let found = self.page(&snapshot, &input.bucket, input.prefix.as_deref(), delimiter, after.as_ref(), most);
        let truncated = found.next.is_some();
        let next = found.next.as_ref().filter(|_| delimiter.is_some()).map(|next| spelling.write(next.text()));
        let (contents, common_prefixes) = entries(&found, spelling, Some(&snapshot));
        Ok(ListObjectsOutput {
            name: Some(input.bucket),
            prefix: Some(spelling.write(input.prefix.as_deref().unwrap_or_default())),
            marker: Some(spelling.write(input.marker.as_deref().unwrap_or_default())),
            max_keys: Some(most),
            is_truncated: Some(truncated),
            contents: Some(contents),
            common_prefixes: Some(common_prefixes),
            delimiter: delimiter.map(|delimiter| spelling.write(delimiter)),
            next_marker: next,
            encoding_type: input.encoding_type,
            request_charged: None,
        })
    }

    pub(super) fn list_v2(&self, input: ListObjectsV2Input) -> S3Result<ListObjectsV2Output> {
        let snapshot = self.bucket(&input.bucket, input.expected_bucket_owner.as_deref())?;
        let spelling = Spelling::of(input.encoding_type.as_ref())?;
        let most = most(input.max_keys)?;
        let delimiter = input.delimiter.as_deref().filter(|delimiter| !delimiter.is_empty());
        let start_after = || input.start_after.clone().filter(|key| !key.is_empty()).map(Position::Key);
        let after = match &input.continuation_token {
            Some(token) => Some(
                position(token)
                    .ok_or_else(|| s3_error!(InvalidArgument, "The continuation token provided is incorrect"))?,
            ),
            None => start_after(),
        };
        let found = self.page(&snapshot, &input.bucket, input.prefix.as_deref(), delimiter, after.as_ref(), most);
        let next_continuation_token = found.next.as_ref().map(token);
        let with_owner = input.fetch_owner.unwrap_or(false).then_some(&*snapshot);
        let (contents, common_prefixes) = entries(&found, spelling, with_owner);
        Ok(ListObjectsV2Output {
            name: Some(input.bucket),
            prefix: Some(spelling.write(input.prefix.as_deref().unwrap_or_default())),
            max_keys: Some(most),
            key_count: i32::try_from(contents.len() + common_prefixes.len()).ok(),
            continuation_token: input.continuation_token,
            is_truncated: Some(next_continuation_token.is_some()),
            next_continuation_token,
            contents: Some(contents),
            common_prefixes: Some(common_prefixes),
            delimiter: delimiter.map(|delimiter| spelling.write(delimiter)),
            encoding_type: input.encoding_type,
            start_after: input.start_after.map(|key| spelling.write(&key)),
            request_charged: None,
        })
    }

    #[allow(clippy::unused_self, reason = "reads better beside its callers")]
    fn page(
        &self,
        snapshot: &Snapshot,
        bucket: &str,
        prefix: Option<&str>,
        delimiter: Option<&str>,
        after: Option<&Position>,
        most: i32,
    ) -> Page {
        let ask = Ask {
            prefix: prefix.unwrap_or_default(),
            delimiter,
            after,
            most: usize::try_from(most).unwrap_or_default(),
        };
        snapshot.objects.get(bucket).map_or_else(Page::default, |table| page(table, &ask))
    }
}

fn entries(page: &Page, spelling: Spelling, owner: Option<&Snapshot>) -> (Vec<Entry>, Vec<CommonPrefix>) {
    let entry = |object: &std::sync::Arc<crate::domain::bucket::Object>| {
        let checksum = object.details.as_ref().and_then(|details| details.checksum.as_ref());
        Entry {
            checksum_algorithm: checksum
                .map(|checksum| vec![ChecksumAlgorithm::from_static(checksums::name(checksum.algorithm))]),
            checksum_type: checksum.map(objects::checksum_type),
            e_tag: Some(ETag::Strong(object.etag.clone())),
            key: Some(spelling.write(&object.key)),
            last_modified: Some(to_wire(object.modified)),
            owner: owner.map(buckets::owner),
            restore_status: None,
            size: i64::try_from(object.size).ok(),
            storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
        }
    };
    let contents = page.objects.iter().map(entry).collect();
    let prefixes = page.prefixes.iter().map(|prefix| CommonPrefix { prefix: Some(spelling.write(prefix)) }).collect();
    (contents, prefixes)
}

/// A position that a client hands back without reading it.
fn token(position: &Position) -> String {
    let (mark, text) = match position {
        Position::Key(text) => ('k', text),
        Position::Prefix(text) => ('p', text),
    };
    URL_SAFE_NO_PAD.encode(format!("{mark}{text}"))
}

fn position(token: &str) -> Option<Position> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    match text.split_at_checked(1)? {
        ("k", key) => Some(Position::Key(key.to_owned())),
        ("p", prefix) => Some(Position::Prefix(prefix.to_owned())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_back_and_nothing_else_passes() {
        for position_was in [Position::Key("a/é".into()), Position::Prefix("b/".into())] {
            assert_eq!(position(&token(&position_was)), Some(position_was));
        }
        for bad in ["", "x", "!!", "eA"] {
            assert_eq!(position(bad), None, "{bad}");
        }
    }

    #[test]
    fn keys_are_written_so_that_clients_read_them_back() {
        let url = Spelling::of(Some(&EncodingType::from_static("url"))).unwrap();
        assert_eq!(url.write("a b+c/é%"), "a%20b%2Bc/%C3%A9%25");
        assert_eq!(Spelling::of(None).unwrap().write("a b"), "a b");
        assert!(Spelling::of(Some(&EncodingType::from_static("base64"))).is_err());
        assert_eq!((most(None).unwrap(), most(Some(5)).unwrap(), most(Some(5_000)).unwrap()), (1000, 5, 1000));
        assert!(most(Some(-1)).is_err());
    }
}
