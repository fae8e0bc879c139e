//! Conditional requests, by RFC 9110 as S3 reads it: an etag that is named beats a time that is named.

use s3s::dto::{ETagCondition, Timestamp};

use super::time::to_wire_seconds;
use crate::domain::bucket::{Object, Precondition};

/// The conditions of a request for an object.
#[derive(Debug, Default)]
pub struct Conditions {
    /// `If-Match`.
    pub matches: Option<ETagCondition>,
    /// `If-None-Match`.
    pub none_match: Option<ETagCondition>,
    /// `If-Modified-Since`.
    pub modified_since: Option<Timestamp>,
    /// `If-Unmodified-Since`.
    pub unmodified_since: Option<Timestamp>,
}

/// What the conditions say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Go on.
    Good,
    /// The client has it already.
    NotModified,
    /// It is not what the client wants.
    Failed,
}

impl Conditions {
    /// Holds them against an object.
    pub fn judge(&self, object: &Object) -> Verdict {
        let modified = to_wire_seconds(object.modified);
        match (&self.matches, &self.unmodified_since) {
            (Some(wanted), _) if !is(wanted, object) => return Verdict::Failed,
            (None, Some(at)) if modified > *at => return Verdict::Failed,
            _ => {}
        }
        match (&self.none_match, &self.modified_since) {
            (Some(known), _) if is(known, object) => Verdict::NotModified,
            (None, Some(at)) if modified <= *at => Verdict::NotModified,
            _ => Verdict::Good,
        }
    }
}

/// What a write may ask of the object that it replaces; `None` for what S3 does not have.
pub fn precondition(matches: Option<ETagCondition>, none_match: Option<ETagCondition>) -> Option<Precondition> {
    match (matches, none_match) {
        (None, None) => Some(Precondition::None),
        (None, Some(ETagCondition::Any)) => Some(Precondition::Absent),
        (Some(ETagCondition::Any), None) => Some(Precondition::Present),
        (Some(ETagCondition::ETag(etag)), None) => Some(Precondition::Etag(etag.into_value())),
        _ => None,
    }
}

fn is(condition: &ETagCondition, object: &Object) -> bool {
    condition.as_etag().is_none_or(|etag| etag.value() == object.etag)
}

#[cfg(test)]
mod tests {
    use s3s::dto::ETag;

    use super::*;
    use crate::domain::time::Timestamp as Ms;

    fn etag(value: &str) -> ETagCondition {
        ETagCondition::ETag(ETag::Strong(value.to_owned()))
    }

    #[test]
    fn etags_beat_times() {
        let object = Object {
            key: "k".into(),
            size: 1,
            etag: "e".into(),
            modified: Ms(10_900),
            content_type: String::new(),
            details: None,
        };
        let at = |second: i64| Some(to_wire_seconds(Ms(second * 1000)));
        let judge = |conditions: Conditions| conditions.judge(&object);
        assert_eq!(judge(Conditions::default()), Verdict::Good);
        assert_eq!(judge(Conditions { matches: Some(etag("x")), ..Conditions::default() }), Verdict::Failed);
        let old = Conditions { matches: Some(etag("e")), unmodified_since: at(1), ..Conditions::default() };
        assert_eq!(judge(old), Verdict::Good);
        assert_eq!(judge(Conditions { unmodified_since: at(9), ..Conditions::default() }), Verdict::Failed);
        assert_eq!(judge(Conditions { unmodified_since: at(10), ..Conditions::default() }), Verdict::Good);
        assert_eq!(judge(Conditions { none_match: Some(etag("e")), ..Conditions::default() }), Verdict::NotModified);
        let other = Conditions { none_match: Some(etag("x")), modified_since: at(99), ..Conditions::default() };
        assert_eq!(judge(other), Verdict::Good);
        assert_eq!(judge(Conditions { modified_since: at(10), ..Conditions::default() }), Verdict::NotModified);
        assert_eq!(judge(Conditions { modified_since: at(9), ..Conditions::default() }), Verdict::Good);
    }

    #[test]
    fn writes_know_four_preconditions() {
        let any = || Some(ETagCondition::Any);
        assert_eq!(precondition(None, None), Some(Precondition::None));
        assert_eq!(precondition(None, any()), Some(Precondition::Absent));
        assert_eq!(precondition(any(), None), Some(Precondition::Present));
        assert_eq!(precondition(Some(etag("e")), None), Some(Precondition::Etag("e".into())));
        assert_eq!(precondition(None, Some(etag("e"))), None);
    }
}
