//! IAM roles: names that clients look up and pass about. Nobody's rights hang on them; a workspace belongs to one person.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::arn::Account;
use super::invalid::Invalid;
use super::tag::{self, Tag};
use super::time::Timestamp;
use crate::util::seed::mix;

/// The role that every client of a workspace has taken on. With this name the SDK reads it out of the caller's identity as it does on a
/// notebook instance, without asking IAM.
pub const BUILT_IN: &str = "AmazonSageMaker-ExecutionRole";

/// How long a session of a role may last at most, seconds, when nobody said.
const SESSION_S: u32 = 3_600;

/// A role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// 1–64 letters, digits or `+=,.@-_`.
    pub name: String,
    /// `/`, or `/some/path/`.
    pub path: String,
    /// `AROA` and 17 letters and digits.
    pub id: String,
    /// What it is for.
    pub description: Option<String>,
    /// Who may take it on: a JSON document, kept as it came.
    pub trust_policy: String,
    /// Longest session, seconds.
    pub max_session_s: u32,
    /// ARNs of the managed policies attached to it.
    pub policies: Vec<String>,
    /// Tags.
    pub tags: Vec<Tag>,
    /// When it was made.
    pub created: Timestamp,
}

impl Role {
    /// A role without policies; its path, description, tags and session are the caller's to set.
    pub fn new(name: impl Into<String>, trust_policy: impl Into<String>, created: Timestamp) -> Self {
        let name = name.into();
        Self {
            id: id_of(&name, created),
            name,
            path: "/".to_owned(),
            description: None,
            trust_policy: trust_policy.into(),
            max_session_s: SESSION_S,
            policies: Vec::new(),
            tags: Vec::new(),
            created,
        }
    }

    /// The role that is there from the first start on.
    pub fn built_in(created: Timestamp) -> Self {
        let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sagemaker.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
        Self {
            path: "/service-role/".to_owned(),
            description: Some("The role that clients of this workspace act in".to_owned()),
            policies: vec!["arn:aws:iam::aws:policy/AmazonSageMakerFullAccess".to_owned()],
            ..Self::new(BUILT_IN, trust, created)
        }
    }

    /// `arn:aws:iam::ACCOUNT:role/path/name`.
    pub fn arn(&self, account: &Account) -> String {
        format!("arn:aws:iam::{}:role{}{}", account.id, self.path, self.name)
    }

    /// `arn:aws:sts::ACCOUNT:assumed-role/name/session`.
    pub fn session_arn(&self, account: &Account, session: &str) -> String {
        format!("arn:aws:sts::{}:assumed-role/{}/{session}", account.id, self.name)
    }

    /// The rules that this role breaks; empty when it is fine.
    pub fn validate(&self) -> Vec<Invalid> {
        let mut broken: Vec<Invalid> = name("roleName", &self.name).err().into_iter().collect();
        let path = &self.path;
        if path.len() > 512
            || !path.starts_with('/')
            || !path.ends_with('/')
            || !path.bytes().all(|b| b.is_ascii_graphic())
        {
            broken.push(Invalid::new("path", path, "must begin and end with a slash and have at most 512 characters"));
        }
        if self.description.as_ref().is_some_and(|text| text.chars().count() > 1_000) {
            broken.push(Invalid::new("description", "…", "may have at most 1000 characters"));
        }
        if !(3_600..=43_200).contains(&self.max_session_s) {
            broken.push(Invalid::new("maxSessionDuration", self.max_session_s, "must be 3600 to 43200 seconds"));
        }
        if !serde_json::from_str(&self.trust_policy).is_ok_and(|value: Value| value.is_object()) {
            broken.push(Invalid::new("assumeRolePolicyDocument", &self.trust_policy, "must be a JSON object"));
        }
        broken.extend(tag::validate(&self.tags));
        broken
    }
}

/// The rule for a role's name: 1–64 of `[\w+=,.@-]`.
///
/// # Errors
/// The rule in words, under the given field name.
pub fn name(field: &str, name: &str) -> Result<(), Invalid> {
    let good = (1..=64).contains(&name.len()) && name.bytes().all(is_name_byte);
    if good { Ok(()) } else { Err(Invalid::new(field, name, "must have 1 to 64 letters, digits or +=,.@-_")) }
}

/// What names of roles are made of.
fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+=,.@-_".contains(&byte)
}

/// An id in IAM's shape that differs between roles of other names or other times.
fn id_of(name: &str, created: Timestamp) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let seed = name.bytes().fold(mix(created.0 as u64), |state, byte| mix(state ^ u64::from(byte)));
    let bits = (u128::from(seed) << 64) | u128::from(mix(!seed));
    let text = (0..17).map(|at| char::from(LETTERS[(bits >> (at * 5)) as usize & 31]));
    std::iter::once("AROA".to_owned()).chain(text.map(String::from)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_role_is_in_order() {
        let role = Role::built_in(Timestamp(1));
        assert_eq!(role.validate(), []);
        let account = Account::default();
        assert_eq!(role.arn(&account), "arn:aws:iam::000000000000:role/service-role/AmazonSageMaker-ExecutionRole");
        assert_eq!(
            role.session_arn(&account, "me"),
            "arn:aws:sts::000000000000:assumed-role/AmazonSageMaker-ExecutionRole/me"
        );
        assert!(role.id.len() == 21 && role.id.starts_with("AROA"), "{}", role.id);
    }

    #[test]
    fn ids_differ_by_name_and_time() {
        let id = |name, at| Role::new(name, "{}", Timestamp(at)).id;
        assert_ne!(id("a", 1), id("b", 1));
        assert_ne!(id("a", 1), id("a", 2));
    }

    #[test]
    fn every_broken_rule_is_named() {
        let mut role = Role::new("a b", "[]", Timestamp(1));
        (role.path, role.max_session_s) = ("x".to_owned(), 1);
        let fields: Vec<String> = role.validate().into_iter().map(|broken| broken.field).collect();
        assert_eq!(fields, ["roleName", "path", "maxSessionDuration", "assumeRolePolicyDocument"]);
    }
}
