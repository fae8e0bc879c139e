//! One plain HTTP/1.1 request over a socket of its own: what Try it sends. Loopback, no TLS, no redirects.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

/// How long connecting may take, and each read and write.
const LIMIT: Duration = Duration::from_secs(10);
/// An answer longer than this is cut.
const MOST: u64 = 8 << 20;

/// A request.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Request {
    /// `http://127.0.0.1:8770/endpoints/name/invocations`.
    pub(super) url: String,
    pub(super) content_type: &'static str,
    /// The variant that has to answer, if one is forced.
    pub(super) variant: Option<String>,
    pub(super) body: Vec<u8>,
}

/// What came back.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) content_type: String,
    pub(super) body: String,
    /// The variant that answered.
    pub(super) variant: Option<String>,
    /// What a label names the request by.
    pub(super) inference_id: Option<String>,
    /// From the first byte sent to the last one read; connecting not included.
    pub(super) took: Duration,
}

/// Sends and waits. The error says what could not be done, in words.
pub(super) fn post(request: &Request) -> Result<Answer, String> {
    let rest = request.url.strip_prefix("http://").ok_or_else(|| format!("{} is not an http:// URL", request.url))?;
    let (host, path) = rest.split_once('/').map_or((rest, "/".to_owned()), |(host, path)| (host, format!("/{path}")));
    let address = host.to_socket_addrs().ok().and_then(|mut all| all.next());
    let address = address.ok_or_else(|| format!("{host} is not an address with a port"))?;
    let mut stream =
        TcpStream::connect_timeout(&address, LIMIT).map_err(|why| format!("No connection to {host}: {why}"))?;
    let failed = |why: std::io::Error| format!("The connection to {host} broke off: {why}");
    stream.set_nodelay(true).map_err(failed)?;
    stream.set_read_timeout(Some(LIMIT)).map_err(failed)?;
    stream.set_write_timeout(Some(LIMIT)).map_err(failed)?;

    let mut head = format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n",
        request.content_type,
        request.body.len()
    );
    if let Some(variant) = &request.variant {
        head.push_str("X-Amzn-SageMaker-Target-Variant: ");
        head.extend(variant.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-'));
        head.push_str("\r\n");
    }
    head.push_str("\r\n");
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(&request.body);

    let started = Instant::now();
    stream.write_all(&bytes).map_err(failed)?;
    let mut answer = Vec::new();
    stream.take(MOST).read_to_end(&mut answer).map_err(failed)?;
    let took = started.elapsed();
    read(&answer, took).ok_or_else(|| format!("{host} answered something that is not HTTP"))
}

/// Takes an answer apart.
fn read(bytes: &[u8], took: Duration) -> Option<Answer> {
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.")?.get(2..5)?.parse().ok()?;
    let mut answer =
        Answer { status, content_type: String::new(), body: String::new(), variant: None, inference_id: None, took };
    let mut chunked = false;
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "content-type" => value.clone_into(&mut answer.content_type),
            "x-amzn-invoked-production-variant" => answer.variant = Some(value.to_owned()),
            "x-amzn-sagemaker-inference-id" => answer.inference_id = Some(value.to_owned()),
            "transfer-encoding" => chunked = value.eq_ignore_ascii_case("chunked"),
            _ => {}
        }
    }
    let body = &bytes[end + 4..];
    let body = if chunked { unchunk(body) } else { body.to_vec() };
    answer.body = String::from_utf8_lossy(&body).into_owned();
    Some(answer)
}

fn unchunk(mut bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(end) = bytes.windows(2).position(|w| w == b"\r\n") {
        let size = std::str::from_utf8(&bytes[..end]).ok().and_then(|s| usize::from_str_radix(s.trim(), 16).ok());
        let Some(size) = size.filter(|size| *size > 0 && end + 2 + size <= bytes.len()) else { break };
        out.extend_from_slice(&bytes[end + 2..end + 2 + size]);
        bytes = bytes.get(end + 2 + size + 2..).unwrap_or_default();
    }
    out
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// A server that answers one request with these bytes and gives back what it was sent.
    fn serve_once(answer: &'static [u8]) -> (String, std::thread::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/endpoints/e/invocations", listener.local_addr().unwrap());
        let thread = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut sent = Vec::new();
            let mut buffer = [0; 1024];
            while !sent.ends_with(b"1,2") {
                let n = stream.read(&mut buffer).unwrap();
                sent.extend_from_slice(&buffer[..n]);
            }
            stream.write_all(answer).unwrap();
            String::from_utf8(sent).unwrap()
        });
        (url, thread)
    }

    fn request(url: String) -> Request {
        Request { url, content_type: "text/csv", variant: Some("xgb-a\r\nEvil: 1".into()), body: b"1,2".to_vec() }
    }

    #[test]
    fn asks_and_reads_the_answer() {
        let (url, server) = serve_once(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/csv\r\nx-amzn-Invoked-Production-Variant: xgb-a\r\ncontent-length: 4\r\n\r\n24.1",
        );
        let answer = post(&request(url)).unwrap();
        assert_eq!((answer.status, answer.body.as_str(), answer.variant.as_deref()), (200, "24.1", Some("xgb-a")));
        let sent = server.join().unwrap();
        assert!(
            sent.starts_with("POST /endpoints/e/invocations HTTP/1.1\r\n") && sent.contains("Content-Length: 3\r\n"),
            "{sent}"
        );
        assert!(sent.contains("Target-Variant: xgb-aEvil1\r\n"), "a header cannot be smuggled in: {sent}");
    }

    #[test]
    fn chunks_are_put_together() {
        let (url, server) = serve_once(
            b"HTTP/1.1 415 Unsupported\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
        );
        let answer = post(&request(url)).unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (415, "abcde"));
        server.join().unwrap();
    }

    #[test]
    fn what_went_wrong_is_said() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        assert!(post(&request(format!("http://{address}/x"))).unwrap_err().starts_with("No connection to 127.0.0.1"));
        assert!(post(&request("ftp://x".into())).unwrap_err().contains("not an http:// URL"));
    }
}
