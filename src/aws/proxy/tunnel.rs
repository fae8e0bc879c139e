//! A tunnel: bytes go both ways untouched until both sides have ended, or nothing has moved for a long time.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};

/// A tunnel in which nothing has moved for so long is closed.
pub const IDLE: Duration = Duration::from_mins(10);

const BUFFER: usize = 16 * 1024;

/// Carries bytes between the two. A side that ends is told to the other, which may still speak.
pub async fn run(a: impl AsyncRead + AsyncWrite, b: impl AsyncRead + AsyncWrite, idle: Duration) {
    let moved = AtomicU64::new(0);
    let ((from_a, to_a), (from_b, to_b)) = (split(a), split(b));
    let both = async { tokio::try_join!(pump(from_a, to_b, &moved), pump(from_b, to_a, &moved)) };
    tokio::select! {
        ended = both => {
            if let Err(error) = ended {
                tracing::debug!(%error, "a tunnel broke");
            }
        }
        () = nothing_moves(&moved, idle) => tracing::debug!("a tunnel was closed because nothing moved in it"),
    }
}

async fn pump(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, moved: &AtomicU64) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        let n = from.read(&mut buffer).await?;
        if n == 0 {
            return to.shutdown().await;
        }
        to.write_all(&buffer[..n]).await?;
        moved.fetch_add(n as u64, Ordering::Relaxed);
    }
}

async fn nothing_moves(moved: &AtomicU64, idle: Duration) {
    loop {
        let before = moved.load(Ordering::Relaxed);
        tokio::time::sleep(idle).await;
        if moved.load(Ordering::Relaxed) == before {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn within<T>(work: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async { tokio::time::timeout(Duration::from_secs(10), work).await.unwrap() })
    }

    #[test]
    fn a_side_that_has_ended_still_hears() {
        within(async {
            let ((mut client, near), (far, mut server)) = (tokio::io::duplex(64), tokio::io::duplex(64));
            let tunnel = run(near, far, IDLE);
            let talk = async move {
                client.write_all(b"ask").await.unwrap();
                client.shutdown().await.unwrap();
                let mut heard = Vec::new();
                server.read_to_end(&mut heard).await.unwrap();
                assert_eq!(heard, b"ask");
                server.write_all(b"answer").await.unwrap();
                drop(server);
                let mut heard = Vec::new();
                client.read_to_end(&mut heard).await.unwrap();
                assert_eq!(heard, b"answer");
            };
            tokio::join!(tunnel, talk);
        });
    }

    #[test]
    fn a_silent_tunnel_is_closed() {
        within(async {
            let ((mut client, near), (far, _server)) = (tokio::io::duplex(64), tokio::io::duplex(64));
            run(near, far, Duration::from_millis(20)).await;
            assert_eq!(client.read(&mut [0; 1]).await.unwrap(), 0);
        });
    }
}
