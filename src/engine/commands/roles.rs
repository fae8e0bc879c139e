//! IAM roles.

use super::super::change::{Change, Row};
use super::super::control::Control;
use super::super::machine::Tell;
use super::{Outcome, valid};
use crate::domain::role::{BUILT_IN, Role};
use crate::workspace::{CommandError, Reply, RoleCommand, RoleError};

pub(super) fn carry_out(control: &mut Control, command: RoleCommand) -> Outcome {
    match command {
        RoleCommand::Create(role) => create(control, *role),
        RoleCommand::Delete { name } => delete(control, &name),
        RoleCommand::Attach { name, policy } => {
            let mut role = find(control, &name)?;
            if role.policies.contains(&policy) {
                return Ok(Reply::Done);
            }
            role.policies.push(policy);
            keep(control, role, "attached to")
        }
        RoleCommand::Detach { name, policy } => {
            let mut role = find(control, &name)?;
            let Some(at) = role.policies.iter().position(|known| *known == policy) else {
                return Err(RoleError::NotAttached { name, policy }.into());
            };
            role.policies.remove(at);
            keep(control, role, "taken from")
        }
    }
}

fn create(control: &mut Control, mut role: Role) -> Outcome {
    valid(role.validate())?;
    if control.world.roles.contains(&role.name) {
        return Err(RoleError::Exists(role.name).into());
    }
    role.created = control.now();
    let tell = Tell::info(format!("Role {} created", role.name));
    control.commit(Change { rows: vec![Row::Role(role)], tells: vec![(tell, None)] })?;
    Ok(Reply::Done)
}

fn delete(control: &mut Control, name: &str) -> Outcome {
    let role = find(control, name)?;
    if name == BUILT_IN {
        return Err(RoleError::BuiltIn(role.name).into());
    }
    if !role.policies.is_empty() {
        return Err(RoleError::HasPolicies(role.name).into());
    }
    let tell = Tell::info(format!("Role {name} deleted"));
    control.commit(Change { rows: vec![Row::NoRole(role.name)], tells: vec![(tell, None)] })?;
    Ok(Reply::Done)
}

fn find(control: &Control, name: &str) -> Result<Role, CommandError> {
    let found = control.world.roles.get(name).ok_or_else(|| RoleError::Missing(name.to_owned()))?;
    Ok((**found).clone())
}

fn keep(control: &mut Control, role: Role, done: &str) -> Outcome {
    let tell = Tell::info(format!("Policy {done} role {}", role.name));
    control.commit(Change { rows: vec![Row::Role(role)], tells: vec![(tell, None)] })?;
    Ok(Reply::Done)
}
