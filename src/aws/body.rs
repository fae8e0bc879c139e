//! Reading a request's body within limits: without a copy when it comes in one piece, as small ones do.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::StatusCode;
use hyper::body::{Body, Incoming};

use super::errors::WireError;
use crate::serving::InvokeError;

/// A body that is too long is read to its end and thrown away up to so many times the limit, so that the client has sent all and reads our
/// answer. Beyond that the connection is closed on it.
const PATIENCE: u64 = 16;

/// The whole body.
///
/// # Errors
/// 413 for more than `limit` bytes, 408 when it takes longer than `time`, 400 when the connection breaks off.
pub async fn read(body: &mut Incoming, limit: usize, time: Duration) -> Result<Bytes, WireError> {
    let announced = body.size_hint().lower();
    if announced > limit as u64 {
        if announced <= limit as u64 * PATIENCE {
            // Whether the rest arrives makes no difference to the answer.
            let _ = tokio::time::timeout(time, discard(body, u64::MAX)).await;
        }
        return Err(too_large(limit));
    }
    match within(time, collect(body, limit)).await {
        Ok(Ok(Some(bytes))) => Ok(bytes),
        Ok(Ok(None)) => {
            let _ = tokio::time::timeout(time, discard(body, limit as u64 * PATIENCE)).await;
            Err(too_large(limit))
        }
        Ok(Err(error)) => Err(WireError::validation(format!("The request body could not be read: {error}"))),
        Err(TimeIsUp) => {
            let message = format!("The request body did not arrive within {} s", time.as_secs());
            Err(WireError::new(StatusCode::REQUEST_TIMEOUT, "RequestTimeoutException", message))
        }
    }
}

/// Reads and throws away up to `most` bytes. Whether the rest arrives makes no difference to the answer.
pub(super) async fn throw_away(body: &mut Incoming, most: usize, time: Duration) {
    let _ = tokio::time::timeout(time, discard(body, most as u64)).await;
}

/// What a body that takes too long ends with.
struct TimeIsUp;

/// As tokio's `timeout`, but without a timer for a future that is ready within two turns of its task, as a body is that came with its
/// head: hyper hands it over in the turn after the one in which it was asked for.
async fn within<F: Future>(time: Duration, future: F) -> Result<F::Output, TimeIsUp> {
    let mut future = pin!(future);
    let mut turns = 0;
    let early = poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if turns == 0 => {
            turns += 1;
            // The second turn must come, whether or not anything arrives.
            cx.waker().wake_by_ref();
            Poll::Pending
        }
        Poll::Pending => Poll::Ready(None),
    });
    match early.await {
        Some(output) => Ok(output),
        None => tokio::time::timeout(time, future).await.map_err(|_| TimeIsUp),
    }
}

/// 413.
pub(super) fn too_large(limit: usize) -> WireError {
    WireError::of_invocation(&InvokeError::TooLarge { limit }, None)
}

/// `None` when there is more than `limit`.
async fn collect(body: &mut Incoming, limit: usize) -> Result<Option<Bytes>, hyper::Error> {
    let mut whole: Option<BytesMut> = None;
    let mut first = Bytes::new();
    while let Some(frame) = body.frame().await {
        // Trailers have no say here.
        let Ok(data) = frame?.into_data() else { continue };
        let so_far = whole.as_ref().map_or(first.len(), BytesMut::len);
        if so_far + data.len() > limit {
            return Ok(None);
        }
        if so_far == 0 {
            first = data;
            // Nearly every body comes in one piece: no need to ask for the next, which costs another turn of the task.
            if body.is_end_stream() {
                break;
            }
            continue;
        }
        let expected = usize::try_from(body.size_hint().lower()).unwrap_or(0).min(limit);
        whole
            .get_or_insert_with(|| {
                let mut buffer = BytesMut::with_capacity(first.len() + data.len() + expected);
                buffer.extend_from_slice(&first);
                buffer
            })
            .extend_from_slice(&data);
    }
    Ok(Some(whole.map_or(first, BytesMut::freeze)))
}

/// Throws away what is left of a body, at most about `most` bytes.
async fn discard(body: &mut Incoming, most: u64) {
    let mut gone = 0;
    while let Some(Ok(frame)) = body.frame().await {
        gone += frame.data_ref().map_or(0, |data| data.len() as u64);
        if gone > most {
            return;
        }
    }
}
