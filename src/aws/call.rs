//! A request on its way to the service that answers it.

use std::sync::Arc;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::HeaderValue;
use hyper::http::request::Parts;

use super::body;
use super::errors::WireError;
use super::listener::Limits;
use super::scope::Scope;
use super::sigv4::ChunkSigner;

/// A request that was let in.
pub struct Call {
    /// The request's id, as the answer's header gives it back.
    pub id: HeaderValue,
    /// Head: method, URI, headers.
    pub parts: Parts,
    /// Who signed it; `None` for an unsigned request from this machine.
    pub scope: Option<Arc<Scope>>,
    /// Body, not read yet.
    pub body: RequestBody,
    /// How far its signature was checked.
    pub proof: Proof,
}

/// How far a signature was checked before a service sees the request.
#[derive(Debug, Default)]
pub enum Proof {
    /// Nobody asks for one.
    #[default]
    NotAsked,
    /// It holds; of a body in signed pieces, each of them is still to be held against its own.
    Holds(Option<ChunkSigner>),
    /// It is among the fields of a form, which nobody has read yet.
    InForm,
}

/// The body of a request, not read yet.
pub struct RequestBody {
    pub(super) incoming: Incoming,
    pub(super) limits: Limits,
    /// Set once it was read to check its signature; nothing is left in `incoming` then.
    whole: Option<Bytes>,
}

impl RequestBody {
    pub(super) fn new(incoming: Incoming, limits: Limits) -> Self {
        Self { incoming, limits, whole: None }
    }

    /// Reads all of it before the service does, and keeps it for the service.
    ///
    /// # Errors
    /// As [`RequestBody::read`].
    pub(super) async fn read_ahead(&mut self) -> Result<&Bytes, WireError> {
        let bytes = body::read(&mut self.incoming, self.limits.body_bytes, self.limits.body_time).await?;
        Ok(self.whole.insert(bytes))
    }

    /// Reads and throws away what a refused client is still sending, within limits, so that it has sent all and reads our answer.
    pub(super) async fn throw_away(mut self) {
        if self.whole.is_none() {
            body::throw_away(&mut self.incoming, self.limits.body_bytes, self.limits.body_time).await;
        }
    }

    /// All of it.
    ///
    /// # Errors
    /// 413 for more than `most` bytes, 408 when it takes too long, 400 when the connection breaks off.
    pub async fn read(mut self, most: usize) -> Result<Bytes, WireError> {
        match self.whole {
            Some(bytes) if bytes.len() > most => Err(body::too_large(most)),
            Some(bytes) => Ok(bytes),
            None => body::read(&mut self.incoming, most, self.limits.body_time).await,
        }
    }
}

impl Call {
    /// The region that the client thinks it talks to.
    pub fn region(&self) -> Option<&str> {
        self.scope.as_ref().map(|scope| scope.region.as_str())
    }

    /// A header as text; `None` when it is absent or not plain ASCII.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.parts.headers.get(name)?.to_str().ok()
    }
}
