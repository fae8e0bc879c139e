//! A role as IAM writes it.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::aws::query::{Xml, iso};
use crate::domain::arn::Account;
use crate::domain::role::Role;

/// What stays as it is in a policy document on the wire (RFC 3986's unreserved characters).
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What stands in `<Role>`.
pub(super) fn role_xml(xml: &mut Xml, role: &Role, account: &Account) {
    xml.text("Path", &role.path)
        .text("RoleName", &role.name)
        .text("RoleId", &role.id)
        .text("Arn", role.arn(account))
        .text("CreateDate", iso(role.created))
        .text("AssumeRolePolicyDocument", utf8_percent_encode(&role.trust_policy, PLAIN))
        .text("MaxSessionDuration", role.max_session_s);
    if let Some(description) = &role.description {
        xml.text("Description", description);
    }
    if !role.tags.is_empty() {
        xml.list("Tags", &role.tags, |xml, tag| {
            xml.text("Key", &tag.key).text("Value", &tag.value);
        });
    }
}
