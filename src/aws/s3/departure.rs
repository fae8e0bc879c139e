//! The body of an object on its way to a client: read in pieces on threads that may block, so that neither the object nor a worker is ever held.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::{Stream, stream};
use s3s::dto::StreamingBlob;
use s3s::stream::{ByteStream, DynByteStream, RemainingLength};
use s3s::{Body, StdError};
use tokio::task::spawn_blocking;

/// Bytes that are read at a time; a body up to that is read when the object is opened.
pub const PIECE: usize = 256 * 1024;

/// The first piece of a range. Blocks.
pub fn first(file: &mut File, range: &Range<u64>) -> io::Result<Bytes> {
    if range.is_empty() {
        return Ok(Bytes::new());
    }
    if range.start > 0 {
        file.seek(SeekFrom::Start(range.start))?;
    }
    read(file, range.end - range.start)
}

fn read(file: &mut File, left: u64) -> io::Result<Bytes> {
    let mut piece = vec![0; usize::try_from(left).unwrap_or(PIECE).min(PIECE)];
    file.read_exact(&mut piece)?;
    Ok(piece.into())
}

/// The body: `head` was read already, the rest of the range comes from the file.
pub fn body(file: File, range: &Range<u64>, head: Bytes) -> StreamingBlob {
    let left = range.end - range.start - head.len() as u64;
    if left == 0 {
        return StreamingBlob::from(Body::from(head));
    }
    let pieces = stream::unfold((Some(file), head, left), |(file, head, left)| async move {
        if !head.is_empty() {
            return Some((Ok(head), (file, Bytes::new(), left)));
        }
        let mut file = file.filter(|_| left > 0)?;
        let task = spawn_blocking(move || read(&mut file, left).map(|piece| (file, piece)));
        match task.await.map_err(StdError::from).and_then(|result| result.map_err(StdError::from)) {
            Ok((file, piece)) => {
                let left = left - piece.len() as u64;
                Some((Ok(piece), (Some(file), Bytes::new(), left)))
            }
            Err(error) => {
                tracing::error!(%error, "the body of an object could not be read to its end");
                Some((Err(error), (None, Bytes::new(), 0)))
            }
        }
    });
    let left = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
    let stream: DynByteStream = Box::pin(Sized { inner: Box::pin(pieces), left });
    StreamingBlob::from(stream)
}

/// A stream that knows how much of it is to come.
struct Sized {
    inner: Pin<Box<dyn Stream<Item = Result<Bytes, StdError>> + Send + Sync>>,
    left: usize,
}

impl Stream for Sized {
    type Item = Result<Bytes, StdError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let next = this.inner.as_mut().poll_next(cx);
        if let Poll::Ready(Some(Ok(piece))) = &next {
            this.left = this.left.saturating_sub(piece.len());
        }
        next
    }
}

impl ByteStream for Sized {
    fn remaining_length(&self) -> RemainingLength {
        RemainingLength::new_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use futures_util::StreamExt;

    use super::*;

    #[tokio::test]
    async fn a_range_comes_in_pieces() {
        let bytes: Vec<u8> = (0..1_000_000_u32).map(|i| (i % 251) as u8).collect();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        for range in [0..0, 0..1, 5..300_000, 7..1_000_000, 999_999..1_000_000] {
            let mut file = file.try_clone().unwrap();
            file.rewind().unwrap();
            let head = first(&mut file, &range).unwrap();
            let mut body = body(file, &range, head);
            assert_eq!(body.remaining_length().exact(), Some((range.end - range.start) as usize));
            let mut all = Vec::new();
            while let Some(piece) = body.next().await {
                let piece = piece.unwrap();
                assert!(piece.len() <= PIECE);
                all.extend_from_slice(&piece);
            }
            assert_eq!(all, bytes[range.start as usize..range.end as usize]);
        }
    }

    #[tokio::test]
    async fn a_file_that_is_too_short_breaks_off() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&vec![1; PIECE + 10]).unwrap();
        file.rewind().unwrap();
        let range = 0..(PIECE as u64 + 20);
        let head = first(&mut file, &range).unwrap();
        let mut body = body(file, &range, head);
        assert!(body.next().await.unwrap().is_ok());
        assert!(body.next().await.unwrap().is_err());
        assert!(body.next().await.is_none());
    }
}
