//! What can be asked about IAM roles, and why it may be refused.

use crate::domain::role::Role;

/// A wish about roles.
#[derive(Clone, Debug)]
pub enum RoleCommand {
    /// Makes a role.
    Create(Box<Role>),
    /// Deletes a role that has no policies.
    Delete {
        /// Name.
        name: String,
    },
    /// Attaches a managed policy; one that is attached stays so.
    Attach {
        /// Name.
        name: String,
        /// ARN of the policy.
        policy: String,
    },
    /// Takes a managed policy away.
    Detach {
        /// Name.
        name: String,
        /// ARN of the policy.
        policy: String,
    },
}

/// Why it was refused. The workspace is as it was before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoleError {
    /// No role has this name.
    #[error("The role with name {0} cannot be found.")]
    Missing(String),
    /// The name is taken.
    #[error("Role with name {0} already exists.")]
    Exists(String),
    /// The role has policies.
    #[error("Cannot delete role {0}: detach its policies first.")]
    HasPolicies(String),
    /// The role that all clients act in can't go.
    #[error("Role {0} is the one that clients of this workspace act in, and can't be deleted.")]
    BuiltIn(String),
    /// The policy is not attached.
    #[error("Policy {policy} was not found attached to role {name}.")]
    NotAttached {
        /// Role.
        name: String,
        /// ARN of the policy.
        policy: String,
    },
}
