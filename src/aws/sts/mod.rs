//! STS: who the caller is, and credentials that end by themselves.

use std::sync::Arc;

use hyper::StatusCode;
use hyper::header::HeaderValue;

use super::answer::Response;
use super::call::Call;
use super::errors::{Protocol, WireError};
use super::model::ModelOf;
use super::query::{self, Form, Xml, iso};
use super::sigv4::temporary::{self, Temporary};
use super::{Wire, iam};
use crate::domain::role::{BUILT_IN, Role};
use crate::domain::time::Timestamp;

/// STS's XML namespace.
pub const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// The session of clients that took on no other.
const SESSION: &str = "counterpoise";

type Operation = fn(&Caller<'_>, &Form) -> Result<Xml, WireError>;

/// What STS can do here.
pub const OPERATIONS: [(&str, Operation); 3] =
    [("AssumeRole", assume_role), ("GetCallerIdentity", get_caller_identity), ("GetSessionToken", get_session_token)];

/// Who asks.
pub struct Caller<'a> {
    wire: &'a Wire,
    role: Role,
    session: String,
}

/// Answers one request. What is not signed may be for IAM: the two can be told apart by the version alone.
///
/// # Errors
/// What the client sees when it is refused.
pub async fn answer(wire: &Arc<Wire>, call: Call) -> Result<Response, WireError> {
    let id = call.id.clone();
    let unsigned = call.scope.is_none();
    let token = call.header("x-amz-security-token").map(str::to_owned).or_else(|| presigned_token(&call));
    let form = Form::read(call).await?;
    if unsigned && form.get("Version") == Some(iam::VERSION) {
        let answered = iam::act(wire, &form, &id).await;
        return Ok(answered.unwrap_or_else(|error| {
            error.into_response(Protocol::Query(iam::NAMESPACE), id.to_str().unwrap_or_default())
        }));
    }
    act(wire, &form, token.as_deref(), &id)
}

/// The session's token of a presigned URL.
fn presigned_token(call: &Call) -> Option<String> {
    let query = call.parts.uri.query()?;
    let mut fields = form_urlencoded::parse(query.as_bytes());
    fields.find(|(name, _)| name == "X-Amz-Security-Token").map(|(_, token)| token.into_owned())
}

fn act(wire: &Wire, form: &Form, token: Option<&str>, id: &HeaderValue) -> Result<Response, WireError> {
    let action = form.need("Action")?;
    let Some((name, operation)) = OPERATIONS.into_iter().find(|(name, _)| *name == action) else {
        return Err(query::invalid_action("STS", action));
    };
    form.check(ModelOf::Sts, name)?;
    let result = operation(&Caller::of(wire, token)?, form)?;
    Ok(query::answer(NAMESPACE, name, Some(&result), id))
}

impl<'a> Caller<'a> {
    /// Whoever holds a session's token acts in its role; everybody else in the built-in one.
    fn of(wire: &'a Wire, token: Option<&str>) -> Result<Self, WireError> {
        let snapshot = wire.workspace.snapshot();
        let session = token.and_then(|token| temporary::session_of(&snapshot.info.access_key, token));
        let (role, session) = session.map_or((BUILT_IN.to_owned(), SESSION.to_owned()), |s| (s.role, s.name));
        let Some(role) = snapshot.roles.get(&role) else {
            let message = format!("The role {role} of this session was deleted: take on another one");
            return Err(WireError::new(StatusCode::FORBIDDEN, "InvalidClientTokenId", message));
        };
        Ok(Self { wire, role: (**role).clone(), session })
    }

    fn arn(&self) -> String {
        self.role.session_arn(&self.wire.workspace.snapshot().info.account, &self.session)
    }

    /// Credentials for a session that lasts so many seconds from now on.
    fn issue(&self, role: &str, session: &str, seconds: u32) -> Result<Temporary, WireError> {
        let random = getrandom::u64().map_err(|error| {
            let message = format!("This system gives no randomness, so no credentials can be made: {error}");
            WireError::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure", message)
        })?;
        let now = self.wire.serving.clock().wall_ms();
        let own = &self.wire.workspace.snapshot().info.access_key;
        Ok(temporary::issue(own, role, session, Timestamp(now + i64::from(seconds) * 1_000), random))
    }
}

#[allow(clippy::unnecessary_wraps, reason = "the operations of the table have one shape")]
fn get_caller_identity(caller: &Caller<'_>, _: &Form) -> Result<Xml, WireError> {
    let mut xml = Xml::default();
    xml.text("Arn", caller.arn())
        .text("UserId", format!("{}:{}", caller.role.id, caller.session))
        .text("Account", &caller.wire.workspace.snapshot().info.account.id);
    Ok(xml)
}

fn assume_role(caller: &Caller<'_>, form: &Form) -> Result<Xml, WireError> {
    let (arn, session) = (form.need("RoleArn")?, form.need("RoleSessionName")?);
    let snapshot = caller.wire.workspace.snapshot();
    let account = &snapshot.info.account;
    let name = arn.rsplit('/').next().unwrap_or_default();
    let Some(role) = snapshot.roles.get(name).filter(|role| role.arn(account) == arn) else {
        let message = format!("User: {} is not authorized to perform: sts:AssumeRole on resource: {arn}", caller.arn());
        return Err(WireError::new(StatusCode::FORBIDDEN, "AccessDenied", message));
    };
    let seconds = form.number("DurationSeconds", 3_600.min(role.max_session_s));
    if seconds > role.max_session_s {
        let message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
        return Err(WireError::validation(message));
    }
    let issued = caller.issue(&role.name, session, seconds)?;
    let mut xml = Xml::default();
    credentials(&mut xml, &issued).element("AssumedRoleUser", |xml| {
        xml.text("AssumedRoleId", format!("{}:{session}", role.id)).text("Arn", role.session_arn(account, session));
    });
    Ok(xml)
}

fn get_session_token(caller: &Caller<'_>, form: &Form) -> Result<Xml, WireError> {
    let seconds = form.number("DurationSeconds", 43_200);
    let issued = caller.issue(&caller.role.name, &caller.session, seconds)?;
    let mut xml = Xml::default();
    credentials(&mut xml, &issued);
    Ok(xml)
}

fn credentials<'x>(xml: &'x mut Xml, issued: &Temporary) -> &'x mut Xml {
    xml.element("Credentials", |xml| {
        xml.text("AccessKeyId", &issued.key.id)
            .text("SecretAccessKey", &issued.key.secret)
            .text("SessionToken", &issued.token)
            .text("Expiration", iso(issued.expires));
    })
}
