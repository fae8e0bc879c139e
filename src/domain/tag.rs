//! Tags: key–value pairs on any SageMaker resource.

use serde::{Deserialize, Serialize};

use super::invalid::Invalid;

/// AWS allows 50 tags a resource.
pub const MAX_TAGS: usize = 50;

/// One tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    /// 1–128 characters; not starting with `aws:`.
    pub key: String,
    /// 0–256 characters.
    pub value: String,
}

/// Checks a whole list: count, lengths, characters (letters, digits, spaces and `_.:/=+-@`), no key twice.
pub fn validate(tags: &[Tag]) -> Vec<Invalid> {
    let allowed = |text: &str| text.chars().all(|c| c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c));
    let mut broken = Vec::new();
    if tags.len() > MAX_TAGS {
        broken.push(Invalid::new("Tags", tags.len(), format!("may have at most {MAX_TAGS} entries")));
    }
    for (i, tag) in tags.iter().enumerate() {
        let length = tag.key.chars().count();
        if !(1..=128).contains(&length) || !allowed(&tag.key) || tag.key.to_ascii_lowercase().starts_with("aws:") {
            broken.push(Invalid::new(
                format!("Tags[{i}].Key"),
                &tag.key,
                "must have 1 to 128 letters, digits, spaces or _.:/=+-@ and must not start with aws:",
            ));
        }
        if tag.value.chars().count() > 256 || !allowed(&tag.value) {
            broken.push(Invalid::new(
                format!("Tags[{i}].Value"),
                &tag.value,
                "may have at most 256 letters, digits, spaces or _.:/=+-@",
            ));
        }
        if tags[..i].iter().any(|earlier| earlier.key == tag.key) {
            broken.push(Invalid::new(format!("Tags[{i}].Key"), &tag.key, "is there twice"));
        }
    }
    broken
}
