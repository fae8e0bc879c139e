//! The body of a request on its way to the S3 crate: held to a pace, decoded and checked where the crate doesn't, and thrown away where nobody read
//! it. What goes wrong is noted as S3 names it, since the crate knows only that a body broke off.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::StatusCode;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Sha256};
use tokio::time::{Instant, Sleep};

use super::chunked::{Decoder, Malformed};
use crate::aws::answer::PayloadError;
use crate::aws::errors::WireError;
use crate::aws::sigv4::ChunkSigner;

/// The most bytes of a refused body that are read and thrown away, so that the client has sent all and reads our answer.
const PATIENCE: u64 = 128 * 1024 * 1024;

/// How a body is checked on its way.
pub enum Check {
    /// Not here.
    None,
    /// Against this SHA-256.
    Sha256(Box<ChecksumHasher>, String),
    /// It is chunked; so many bytes are inside.
    Chunked(Box<Decoder>, Option<u64>),
}

impl Check {
    /// What `x-amz-content-sha256` asks for. `chunks` follows the signatures of the pieces, where they matter.
    pub fn of(payload: Option<&str>, decoded_length: Option<u64>, chunks: Option<ChunkSigner>) -> Self {
        match payload {
            Some(payload) if payload.starts_with("STREAMING-") => {
                let decoder = match chunks {
                    Some(chunks) => Decoder::signed(chunks, payload.ends_with("-TRAILER")),
                    None => Decoder::new(),
                };
                Self::Chunked(Box::new(decoder), decoded_length)
            }
            Some(hash) if hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => {
                let hasher = ChecksumHasher { sha256: Some(Sha256::new()), ..ChecksumHasher::default() };
                Self::Sha256(Box::new(hasher), hash.to_ascii_lowercase())
            }
            _ => Self::None,
        }
    }
}

/// What the body leaves behind for whoever handles the request.
#[derive(Default)]
pub struct Traces {
    fault: Mutex<Option<WireError>>,
    trailers: Mutex<Vec<(String, String)>>,
    incoming: Mutex<Option<Incoming>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Traces {
    /// What went wrong with the body, once.
    pub fn fault(&self) -> Option<WireError> {
        lock(&self.fault).take()
    }

    /// A trailer; `None` before the end of the body.
    pub fn trailer(&self, name: &str) -> Option<String> {
        lock(&self.trailers).iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }

    /// Reads and throws away what nobody has read, within limits.
    pub async fn drain(&self, time: Duration) {
        let Some(mut incoming) = lock(&self.incoming).take() else { return };
        let rest = async {
            let mut gone = 0;
            while let Some(Ok(frame)) = incoming.frame().await {
                gone += frame.data_ref().map_or(0, |data| data.len() as u64);
                if gone > PATIENCE {
                    return;
                }
            }
        };
        // Whether all of it arrives makes no difference to the answer.
        let _ = tokio::time::timeout(time, rest).await;
    }
}

/// The body. Each piece has to come within the time; the whole may take as long as it likes.
pub struct Intake {
    incoming: Option<Incoming>,
    check: Check,
    decoded: VecDeque<Bytes>,
    time: Duration,
    sleep: Pin<Box<Sleep>>,
    passed: u64,
    length: SizeHint,
    traces: Arc<Traces>,
}

impl Intake {
    /// A body that is not read yet.
    pub fn new(incoming: Incoming, check: Check, time: Duration, traces: &Arc<Traces>) -> Self {
        let length = match &check {
            Check::Chunked(_, Some(length)) => SizeHint::with_exact(*length),
            Check::Chunked(_, None) => SizeHint::default(),
            _ => incoming.size_hint(),
        };
        Self {
            incoming: Some(incoming),
            check,
            decoded: VecDeque::new(),
            time,
            sleep: Box::pin(tokio::time::sleep(time)),
            passed: 0,
            length,
            traces: Arc::clone(traces),
        }
    }

    fn fail(&mut self, status: StatusCode, code: &'static str, message: String) -> PayloadError {
        let error: PayloadError = message.clone().into();
        lock(&self.traces.fault).get_or_insert(WireError::new(status, code, message));
        error
    }

    fn malformed(&mut self, why: Malformed) -> PayloadError {
        match why {
            Malformed::Framing => {
                self.fail(StatusCode::BAD_REQUEST, "InvalidRequest", "The body is not valid aws-chunked".to_owned())
            }
            Malformed::Incomplete => self.incomplete(),
            Malformed::Signature => self.fail(
                StatusCode::FORBIDDEN,
                "SignatureDoesNotMatch",
                "The signature of a chunk does not match what was computed. Check your key and signing method."
                    .to_owned(),
            ),
        }
    }

    fn incomplete(&mut self) -> PayloadError {
        let message = "You did not provide the number of bytes specified by the Content-Length HTTP header";
        self.fail(StatusCode::BAD_REQUEST, "IncompleteBody", message.to_owned())
    }

    /// One piece of what arrived, checked; pieces of a chunked body wait in line.
    fn take(&mut self, data: Bytes) -> Result<(), PayloadError> {
        match &mut self.check {
            Check::None => self.decoded.push_back(data),
            Check::Sha256(hasher, _) => {
                hasher.update(&data);
                self.decoded.push_back(data);
            }
            Check::Chunked(decoder, _) => {
                let mut out = Vec::new();
                if let Err(why) = decoder.feed(data, &mut out) {
                    return Err(self.malformed(why));
                }
                self.decoded.extend(out);
            }
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), PayloadError> {
        match std::mem::replace(&mut self.check, Check::None) {
            Check::None => Ok(()),
            Check::Sha256(hasher, wanted) => {
                let found = hasher.finalize().checksum_sha256.unwrap_or_default();
                if found == super::arrival::base64_of_hex(&wanted) {
                    return Ok(());
                }
                let message = "The provided 'x-amz-content-sha256' header does not match what was computed".to_owned();
                Err(self.fail(StatusCode::BAD_REQUEST, "XAmzContentSHA256Mismatch", message))
            }
            Check::Chunked(mut decoder, wanted) => match decoder.finish() {
                Err(why) => Err(self.malformed(why)),
                Ok(_) if wanted.is_some_and(|wanted| wanted != self.passed) => Err(self.incomplete()),
                Ok(trailers) => {
                    *lock(&self.traces.trailers) = trailers;
                    Ok(())
                }
            },
        }
    }
}

impl Body for Intake {
    type Data = Bytes;
    type Error = PayloadError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, PayloadError>>> {
        let this = self.get_mut();
        loop {
            if let Some(data) = this.decoded.pop_front() {
                this.passed += data.len() as u64;
                return Poll::Ready(Some(Ok(Frame::data(data))));
            }
            let Some(incoming) = &mut this.incoming else { return Poll::Ready(None) };
            let result = match Pin::new(incoming).poll_frame(cx) {
                Poll::Pending => {
                    if this.sleep.as_mut().poll(cx).is_pending() {
                        return Poll::Pending;
                    }
                    let message = "Your socket connection to the server was not read from or written to within the timeout period";
                    Err(this.fail(StatusCode::BAD_REQUEST, "RequestTimeout", message.to_owned()))
                }
                Poll::Ready(Some(Ok(frame))) => {
                    this.sleep.as_mut().reset(Instant::now() + this.time);
                    frame.into_data().map_or(Ok(()), |data| this.take(data))
                }
                // The connection is gone: nobody reads what we say.
                Poll::Ready(Some(Err(_))) => Err(this.incomplete()),
                Poll::Ready(None) => {
                    this.incoming = None;
                    this.end()
                }
            };
            if let Err(error) = result {
                *lock(&this.traces.incoming) = this.incoming.take();
                return Poll::Ready(Some(Err(error)));
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        // Only once the end was checked.
        self.incoming.is_none() && self.decoded.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        self.length
            .exact()
            .map_or_else(SizeHint::default, |length| SizeHint::with_exact(length.saturating_sub(self.passed)))
    }
}

impl Drop for Intake {
    fn drop(&mut self) {
        if let Some(incoming) = self.incoming.take().filter(|incoming| !incoming.is_end_stream()) {
            *lock(&self.traces.incoming) = Some(incoming);
        }
    }
}
