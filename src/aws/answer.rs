//! What goes back to a client: a status, headers, and a body that is whole in memory or comes in pieces.

use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, SizeHint};

/// An answer.
pub type Response = hyper::Response<Payload>;

/// Why a body that was under way could not be sent to its end.
pub type PayloadError = Box<dyn std::error::Error + Send + Sync>;

/// A body that comes in pieces.
pub type Stream = Pin<Box<dyn Body<Data = Bytes, Error = PayloadError> + Send + Sync>>;

/// The body of an answer. Almost all are short and whole, and cost nothing beyond their bytes.
pub enum Payload {
    /// In memory; `None` once it was sent.
    Whole(Option<Bytes>),
    /// In pieces.
    Stream(Stream),
}

impl<T: Into<Bytes>> From<T> for Payload {
    fn from(bytes: T) -> Self {
        let bytes = bytes.into();
        Self::Whole((!bytes.is_empty()).then_some(bytes))
    }
}

impl Payload {
    /// Nothing.
    pub fn empty() -> Self {
        Self::Whole(None)
    }

    /// The bytes of one that is whole; none of one that comes in pieces.
    pub fn into_whole(self) -> Bytes {
        match self {
            Self::Whole(bytes) => bytes.unwrap_or_default(),
            Self::Stream(_) => Bytes::new(),
        }
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = PayloadError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, PayloadError>>> {
        match self.get_mut() {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Stream(stream) => stream.as_mut().poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_none(),
            Self::Stream(stream) => stream.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Self::Stream(stream) => stream.size_hint(),
        }
    }
}
