//! IAM, as far as SageMaker's clients ask it: roles and the policies attached to them. Nothing is denied to anybody; what a policy says is
//! not looked at.

mod show;

use std::sync::Arc;

use hyper::StatusCode;
use hyper::header::HeaderValue;

use self::show::role_xml;
use super::Wire;
use super::answer::Response;
use super::call::Call;
use super::errors::WireError;
use super::model::ModelOf;
use super::query::{self, Form, Xml};
use crate::domain::role::Role;
use crate::domain::tag::Tag;
use crate::domain::time::Timestamp;
use crate::workspace::{Command, CommandError, RoleCommand, RoleError, Snapshot};

/// IAM's XML namespace.
pub const NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";

/// The version that its clients name.
pub const VERSION: &str = "2010-05-08";

/// Items on a page when nobody said.
const PAGE: u32 = 100;

/// What an operation does: reads the workspace, or changes it.
#[derive(Clone, Copy)]
pub enum Operation {
    /// Answers from the workspace as it is.
    Read(fn(&Snapshot, &Form) -> Result<Xml, WireError>),
    /// Changes it; answers with nothing.
    Change(fn(&Form) -> Result<RoleCommand, WireError>),
    /// Makes a role, and answers with it.
    Create,
}

/// What IAM can do here.
pub const OPERATIONS: [(&str, Operation); 8] = [
    ("AttachRolePolicy", Operation::Change(attach_role_policy)),
    ("CreateRole", Operation::Create),
    ("DeleteRole", Operation::Change(delete_role)),
    ("DetachRolePolicy", Operation::Change(detach_role_policy)),
    ("GetRole", Operation::Read(get_role)),
    ("ListAttachedRolePolicies", Operation::Read(list_attached_role_policies)),
    ("ListRoles", Operation::Read(list_roles)),
    ("SimulatePrincipalPolicy", Operation::Read(simulate_principal_policy)),
];

/// Answers one request.
///
/// # Errors
/// What the client sees when it is refused.
pub async fn answer(wire: &Arc<Wire>, call: Call) -> Result<Response, WireError> {
    let id = call.id.clone();
    act(wire, &Form::read(call).await?, &id).await
}

/// Carries out what a form asks.
///
/// # Errors
/// What the client sees when it is refused.
pub async fn act(wire: &Wire, form: &Form, id: &HeaderValue) -> Result<Response, WireError> {
    let action = form.need("Action")?;
    let Some((name, operation)) = OPERATIONS.into_iter().find(|(name, _)| *name == action) else {
        return Err(query::invalid_action("IAM", action));
    };
    form.check(ModelOf::Iam, name)?;
    let result = match operation {
        Operation::Read(read) => Some(read(&wire.workspace.snapshot(), form)?),
        Operation::Change(change) => {
            tell(wire, change(form)?).await?;
            None
        }
        Operation::Create => Some(create_role(wire, form).await?),
    };
    Ok(query::answer(NAMESPACE, name, result.as_ref(), id))
}

async fn tell(wire: &Wire, command: RoleCommand) -> Result<(), WireError> {
    wire.ask(Command::Role(command)).await.map(drop).map_err(|error| refused(&error))
}

fn refused(error: &CommandError) -> WireError {
    let (status, code) = match &error {
        CommandError::Role(RoleError::Missing(_) | RoleError::NotAttached { .. }) => {
            (StatusCode::NOT_FOUND, "NoSuchEntity")
        }
        CommandError::Role(RoleError::Exists(_)) => (StatusCode::CONFLICT, "EntityAlreadyExists"),
        CommandError::Role(RoleError::HasPolicies(_)) => (StatusCode::CONFLICT, "DeleteConflict"),
        CommandError::Role(RoleError::BuiltIn(_)) => (StatusCode::BAD_REQUEST, "UnmodifiableEntity"),
        CommandError::Invalid(_) => (StatusCode::BAD_REQUEST, "ValidationError"),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, "ServiceFailure"),
    };
    WireError::new(status, code, error.to_string())
}

async fn create_role(wire: &Wire, form: &Form) -> Result<Xml, WireError> {
    let trust = form.need("AssumeRolePolicyDocument")?;
    if serde_json::from_str::<serde_json::Value>(trust).is_err() {
        let message = "This policy contains invalid Json: AssumeRolePolicyDocument must be a JSON document";
        return Err(WireError::new(StatusCode::BAD_REQUEST, "MalformedPolicyDocument", message));
    }
    let now = Timestamp(wire.serving.clock().wall_ms());
    let mut role = Role::new(form.need("RoleName")?, trust, now);
    form.get("Path").unwrap_or("/").clone_into(&mut role.path);
    role.description = form.get("Description").map(str::to_owned);
    role.max_session_s = form.number("MaxSessionDuration", role.max_session_s);
    let tag = |(key, value): (&str, &str)| Tag { key: key.to_owned(), value: value.to_owned() };
    role.tags = form.tags("Tags").into_iter().map(tag).collect();
    let name = role.name.clone();
    tell(wire, RoleCommand::Create(Box::new(role))).await?;
    show(&wire.workspace.snapshot(), &name)
}

fn get_role(snapshot: &Snapshot, form: &Form) -> Result<Xml, WireError> {
    show(snapshot, form.need("RoleName")?)
}

fn show(snapshot: &Snapshot, name: &str) -> Result<Xml, WireError> {
    let role = find(snapshot, name)?;
    let mut xml = Xml::default();
    xml.element("Role", |xml| role_xml(xml, role, &snapshot.info.account));
    Ok(xml)
}

fn find<'a>(snapshot: &'a Snapshot, name: &str) -> Result<&'a Role, WireError> {
    let found = snapshot.roles.get(name).map(AsRef::as_ref);
    found.ok_or_else(|| refused(&RoleError::Missing(name.to_owned()).into()))
}

#[allow(clippy::unnecessary_wraps, reason = "the operations of the table have one shape")]
fn list_roles(snapshot: &Snapshot, form: &Form) -> Result<Xml, WireError> {
    let prefix = form.get("PathPrefix").unwrap_or("/");
    let most = form.number("MaxItems", PAGE) as usize;
    let from = form.get("Marker").unwrap_or_default();
    let mut rest = snapshot.roles.range(from).map(|(_, role)| role).filter(|role| role.path.starts_with(prefix));
    let page: Vec<_> = rest.by_ref().take(most).collect();
    let next = rest.next();
    let mut xml = Xml::default();
    xml.list("Roles", page, |xml, role| role_xml(xml, role, &snapshot.info.account));
    xml.text("IsTruncated", next.is_some());
    if let Some(next) = next {
        xml.text("Marker", &next.name);
    }
    Ok(xml)
}

fn delete_role(form: &Form) -> Result<RoleCommand, WireError> {
    Ok(RoleCommand::Delete { name: form.need("RoleName")?.to_owned() })
}

fn attach_role_policy(form: &Form) -> Result<RoleCommand, WireError> {
    let (name, policy) = (form.need("RoleName")?.to_owned(), form.need("PolicyArn")?.to_owned());
    if policy.starts_with("arn:aws:iam::") && policy.contains(":policy/") && policy.len() <= 2_048 {
        return Ok(RoleCommand::Attach { name, policy });
    }
    let message = format!("ARN {policy} is not valid: a policy's begins with arn:aws:iam:: and holds :policy/");
    Err(WireError::new(StatusCode::BAD_REQUEST, "InvalidInput", message))
}

fn detach_role_policy(form: &Form) -> Result<RoleCommand, WireError> {
    let (name, policy) = (form.need("RoleName")?.to_owned(), form.need("PolicyArn")?.to_owned());
    Ok(RoleCommand::Detach { name, policy })
}

fn list_attached_role_policies(snapshot: &Snapshot, form: &Form) -> Result<Xml, WireError> {
    let role = find(snapshot, form.need("RoleName")?)?;
    let mut xml = Xml::default();
    xml.list("AttachedPolicies", &role.policies, |xml, policy| {
        xml.text("PolicyName", policy.rsplit('/').next().unwrap_or_default()).text("PolicyArn", policy);
    });
    xml.text("IsTruncated", false);
    Ok(xml)
}

/// Everything is allowed, because nothing here is ever denied for want of a policy.
fn simulate_principal_policy(snapshot: &Snapshot, form: &Form) -> Result<Xml, WireError> {
    let source = form.need("PolicySourceArn")?;
    let account = &snapshot.info.account;
    if !snapshot.roles.values().any(|role| role.arn(account) == source) {
        let message = format!("Invalid Entity Arn: {source} does not clearly define entity type and name.");
        let code = if source.starts_with("arn:aws:iam::") { "NoSuchEntity" } else { "InvalidInput" };
        let status = if code == "NoSuchEntity" { StatusCode::NOT_FOUND } else { StatusCode::BAD_REQUEST };
        return Err(WireError::new(status, code, message));
    }
    let actions = form.members("ActionNames");
    let mut resources = form.members("ResourceArns");
    if resources.is_empty() {
        resources.push("*");
    }
    let pairs = actions.iter().flat_map(|action| resources.iter().map(move |resource| (action, resource)));
    let mut xml = Xml::default();
    xml.list("EvaluationResults", pairs, |xml, (action, resource)| {
        xml.text("EvalActionName", action).text("EvalResourceName", resource).text("EvalDecision", "allowed");
        xml.element("MatchedStatements", |_| {}).element("MissingContextValues", |_| {});
    });
    xml.text("IsTruncated", false);
    Ok(xml)
}
