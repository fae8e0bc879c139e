//! The short way of a plain invocation: a POST that arrives whole, is not signed, and says nothing beyond what it sends and wants, is read,
//! answered and written on the spot. Everything that such a request means is decided where all others are answered (`runtime`); what is
//! saved is the way there and back, which costs more than a prediction (`benches/http.rs`).
//!
//! A connection begins here and is hyper's from its first request on that is anything else, however slightly: this file refuses nothing and
//! explains nothing, it passes on.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, SystemTime};

use httpdate::HttpDate;
use hyper::StatusCode;
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::answer::Response;
use super::dispatch::Service;
use super::guard::{self, Door};
use super::pulse::{Busy, Pulse};
use super::runtime;

/// Bytes of a request that goes this way, head and body together.
const MOST: usize = 16 * 1024;

/// Headers of such a request; the six that are taken may not even all be there.
const MOST_HEADERS: usize = 8;

/// How long a body that does not come with its head is waited for. Clients that write the two one after the other are within it by far.
const PATIENCE: Duration = Duration::from_millis(50);

/// How a connection's time on the short way ended.
pub(super) enum End {
    /// It has something else to ask, which begins with these bytes.
    Else(TcpStream, Vec<u8>),
    /// It is over.
    Over,
}

/// A request that goes the short way, as it lies in the buffer.
#[derive(Debug, PartialEq, Eq)]
struct Plain<'a> {
    endpoint: &'a str,
    content_type: Option<&'a [u8]>,
    accept: Option<&'a [u8]>,
    /// Bytes of the head, and of the body behind it.
    head: usize,
    body: usize,
}

/// What lies in the buffer.
#[derive(Debug, PartialEq, Eq)]
enum Found<'a> {
    /// Not yet a head.
    Part,
    /// A head that goes the short way; its body may not be all there.
    Plain(Plain<'a>),
    /// Something else.
    Else,
}

/// Answers plain invocations until something else is asked, the client leaves, or `ends` says so.
///
/// # Errors
/// The connection broke off.
pub(super) async fn serve(
    mut stream: TcpStream,
    service: &Service,
    door: &Door,
    ends: &mut watch::Receiver<()>,
    pulse: &Arc<Pulse>,
) -> io::Result<End> {
    let mut buffer = Vec::with_capacity(MOST);
    // Whoever must be signed for is not plain.
    if service.wire.options.require_signature {
        return Ok(End::Else(stream, buffer));
    }
    let (mut answer, mut date) = (Vec::new(), Date::default());
    let has_ended = ends.clone();
    let (mut ends, mut is_heard) = (pin!(ends.changed()), false);
    loop {
        match find(&buffer, door) {
            Found::Else => return Ok(End::Else(stream, buffer)),
            Found::Plain(plain) if plain.body > service.limits.body_bytes || plain.head + plain.body > MOST => {
                return Ok(End::Else(stream, buffer));
            }
            Found::Plain(plain) if buffer.len() < plain.head + plain.body => {
                let more = tokio::time::timeout(PATIENCE, stream.read_buf(&mut buffer)).await;
                if !matches!(more, Ok(Ok(1..))) {
                    return Ok(End::Else(stream, buffer));
                }
            }
            Found::Plain(plain) => {
                let busy = Busy::begin(pulse);
                answer.clear();
                reply(service, &plain, &buffer, &mut date, &mut answer);
                let used = plain.head + plain.body;
                buffer.drain(..used);
                drop(busy);
                stream.write_all(&answer).await?;
            }
            Found::Part if buffer.len() >= MOST => return Ok(End::Else(stream, buffer)),
            Found::Part => {
                let mut read = pin!(stream.read_buf(&mut buffer));
                let read = poll_fn(|cx| {
                    if let Poll::Ready(read) = read.as_mut().poll(cx) {
                        return Poll::Ready(Some(read));
                    }
                    // Asked to call this task once; after that a look tells, which costs a request next to nothing.
                    let is_over = if is_heard {
                        has_ended.has_changed().unwrap_or(true)
                    } else {
                        is_heard = true;
                        ends.as_mut().poll(cx).is_ready()
                    };
                    if is_over { Poll::Ready(None) } else { Poll::Pending }
                });
                match read.await {
                    None | Some(Ok(0)) => return Ok(End::Over),
                    Some(read) => drop(read?),
                }
            }
        }
    }
}

/// Looks at what has come.
fn find<'a>(buffer: &'a [u8], door: &Door) -> Found<'a> {
    let Door::Port(local) = door else { return Found::Else };
    if buffer.is_empty() {
        return Found::Part;
    }
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let head = match request.parse(buffer) {
        Ok(httparse::Status::Complete(head)) => head,
        Ok(httparse::Status::Partial) => return Found::Part,
        // Too many headers, or no HTTP.
        Err(_) => return Found::Else,
    };
    let path = request.path.and_then(|path| path.strip_prefix("/endpoints/")?.strip_suffix("/invocations"));
    let (Some("POST"), Some(1), Some(endpoint)) = (request.method, request.version, path) else { return Found::Else };
    if endpoint.is_empty() || !endpoint.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return Found::Else;
    }
    let (mut host, mut length) = (None, None);
    let mut plain = Plain { endpoint, content_type: None, accept: None, head, body: 0 };
    for header in &*request.headers {
        let is = |name: &str| header.name.eq_ignore_ascii_case(name);
        let seen = if is("host") {
            host.replace(header.value).is_some()
        } else if is("content-length") {
            length.replace(header.value).is_some()
        } else if is("content-type") {
            plain.content_type.replace(header.value).is_some()
        } else if is("accept") {
            plain.accept.replace(header.value).is_some()
        } else if is("connection") {
            !header.value.eq_ignore_ascii_case(b"keep-alive")
        } else {
            !(is("user-agent") || is("accept-encoding"))
        };
        // Said twice, or not known here.
        if seen {
            return Found::Else;
        }
    }
    let host = host.and_then(|host| std::str::from_utf8(host).ok()).filter(|host| guard::is_ours(host, *local));
    let (Some(_), Some(body)) = (host, length.and_then(number)) else { return Found::Else };
    Found::Plain(Plain { body, ..plain })
}

/// A length in digits and nothing else, not too long a one.
fn number(digits: &[u8]) -> Option<usize> {
    let short = (1..=6).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
    short.then(|| digits.iter().fold(0, |number, digit| number * 10 + usize::from(digit - b'0')))
}

/// Answers one request that lies in `buffer`, into `out`.
fn reply(service: &Service, plain: &Plain<'_>, buffer: &[u8], date: &mut Date, out: &mut Vec<u8>) {
    let id = service.ids.next();
    let mut headers = HeaderMap::new();
    for (name, value) in [(CONTENT_TYPE, plain.content_type), (ACCEPT, plain.accept)] {
        // A value that is none can't come: what was parsed holds no byte that a header may not hold.
        if let Some(value) = value.and_then(|value| HeaderValue::from_bytes(value).ok()) {
            headers.insert(name, value);
        }
    }
    let body = &buffer[plain.head..plain.head + plain.body];
    let response = runtime::at_once(&service.wire, plain.endpoint, &id, &headers, body);
    write(response, &id, date, out);
}

fn write(response: Response, id: &HeaderValue, date: &mut Date, out: &mut Vec<u8>) {
    let (parts, body) = response.into_parts();
    match parts.status {
        StatusCode::OK => out.extend_from_slice(b"HTTP/1.1 200 OK\r\n"),
        status => {
            let reason = status.canonical_reason().unwrap_or_default();
            out.extend_from_slice(format!("HTTP/1.1 {} {reason}\r\n", status.as_u16()).as_bytes());
        }
    }
    for (name, value) in &parts.headers {
        put(out, name.as_str(), value.as_bytes());
    }
    put(out, "x-amzn-requestid", id.as_bytes());
    let body = body.into_whole();
    put(out, "content-length", body.len().to_string().as_bytes());
    put(out, "date", date.now());
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(&body);
}

fn put(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

/// The time as answers tell it, written anew once a second.
#[derive(Debug, Default)]
struct Date {
    second: u64,
    text: String,
}

impl Date {
    fn now(&mut self) -> &[u8] {
        let now = SystemTime::now();
        let second = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
        if second != self.second || self.text.is_empty() {
            *self = Self { second, text: HttpDate::from(now).to_string() };
        }
        self.text.as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door() -> Door {
        Door::Port(([127, 0, 0, 1], 8080).into())
    }

    fn request(line: &str, headers: &str) -> Vec<u8> {
        format!("{line} HTTP/1.1\r\n{headers}\r\n1,2,3").into_bytes()
    }

    const LINE: &str = "POST /endpoints/boston-1/invocations";
    const HEADERS: &str = "Host: localhost:8080\r\nContent-Type: text/csv\r\nContent-Length: 5\r\n";

    #[test]
    fn a_plain_invocation_is_found_when_its_head_is_whole() {
        let whole = request(LINE, HEADERS);
        let head = whole.len() - 5;
        let plain = Plain { endpoint: "boston-1", content_type: Some(b"text/csv"), accept: None, head, body: 5 };
        for length in 0..head {
            assert_eq!(find(&whole[..length], &door()), Found::Part, "{length}");
        }
        assert_eq!(find(&whole[..head], &door()), Found::Plain(plain));
        let more = request(
            LINE,
            &format!(
                "{HEADERS}ACCEPT: text/csv\r\nUser-Agent: x\r\nAccept-Encoding: gzip\r\nConnection: Keep-Alive\r\n"
            ),
        );
        assert!(matches!(find(&more, &door()), Found::Plain(Plain { accept: Some(b"text/csv"), body: 5, .. })));
    }

    #[test]
    fn whatever_else_is_said_is_left_to_others() {
        let lines = [
            "GET /endpoints/boston-1/invocations",
            "POST /endpoints/boston-1/invocations?a=b",
            "POST /endpoints/boston-1/async-invocations",
            "POST /endpoints/boston%31/invocations",
            "POST /endpoints/a/b/invocations",
            "POST http://localhost:8080/endpoints/boston-1/invocations",
            "CONNECT sts.amazonaws.com:443",
        ];
        for line in lines {
            assert_eq!(find(&request(line, HEADERS), &door()), Found::Else, "{line}");
        }
        let added = [
            "Authorization: AWS4-HMAC-SHA256 x",
            "Origin: http://localhost:8080",
            "Sec-Fetch-Site: cross-site",
            "Expect: 100-continue",
            "Transfer-Encoding: chunked",
            "Connection: close",
            "Content-Length: 5",
            "Host: localhost:8080",
            "Accept: a\r\nAccept: b",
            "X-Amzn-SageMaker-Target-Variant: A",
            "X-Amzn-SageMaker-Inference-Id: 1",
            "X-Amz-Target: SageMaker.ListModels",
        ];
        for header in added {
            assert_eq!(find(&request(LINE, &format!("{HEADERS}{header}\r\n")), &door()), Found::Else, "{header}");
        }
        let instead = [
            "Host: evil.example\r\nContent-Length: 5\r\n",
            "Content-Length: 5\r\n",
            "Host: localhost\r\n",
            "Host: localhost\r\nContent-Length: +5\r\n",
            "Host: localhost\r\nContent-Length: 5, 5\r\n",
            "Host: localhost\r\nContent-Length:\r\n",
            "Host: localhost\r\nContent-Length: 9999999\r\n",
        ];
        for headers in instead {
            assert_eq!(find(&request(LINE, headers), &door()), Found::Else, "{headers}");
        }
        assert_eq!(find(b"POST / HTTP/1.0\r\n\r\n", &door()), Found::Else);
        assert_eq!(find(b"\x16\x03\x01", &door()), Found::Else);
        let inside = Door::Inside { host: "sts.amazonaws.com".into() };
        assert_eq!(find(&request(LINE, HEADERS), &inside), Found::Else);
    }
}
