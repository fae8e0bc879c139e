//! What a client may not do, over real sockets: too much, too slowly, or from somebody else's page.

use std::io::Write;
use std::time::Duration;

use counterpoise::aws::Limits;
use counterpoise::workspace::{Command, Workspace};

use super::server::{LIMIT, Server, fleet, receive, receive_all};

const QUICK: Duration = Duration::from_millis(300);

async fn quick() -> Server {
    let limits = Limits { head_time: QUICK, body_time: QUICK, ..Limits::default() };
    let server = Server::start_with(limits, LIMIT).await;
    server.install(fleet(&server.serving, &[("A", 1.0, 10.0)]));
    server
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_has_its_limits() {
    let server = quick().await;
    let answered = |text: String| receive_all(&mut server.send(text.as_bytes()));
    let many = (0..200).map(|i| format!("X-{i}: 1\r\n")).collect::<Vec<_>>().concat();
    let answer = answered(format!("GET /ping HTTP/1.1\r\nHost: localhost\r\n{many}\r\n"));
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    let long = "x".repeat(200_000);
    let answer = answered(format!("GET /ping HTTP/1.1\r\nHost: localhost\r\nX: {long}\r\n\r\n"));
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    let answer = answered(format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", &long[..70_000]));
    assert!(answer.starts_with("HTTP/1.1 414"), "{answer}");
    // Just below, all is well.
    let some = (0..90).map(|i| format!("X-{i}: {}\r\n", &long[..1_000])).collect::<Vec<_>>().concat();
    let answer = answered(format!("GET /ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{some}\r\n"));
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_idles_or_dribbles_is_let_go() {
    let server = quick().await;
    let mut idle = server.send(b"GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let mut mute = server.connect();
    let mut dribbling = server.connect();
    // Byte by byte: what arrives of a head does not begin the wait anew.
    let dribble = std::thread::spawn(move || {
        let mut bytes = b"GET /ping HTTP/1.1\r\nHost: localhost\r\nX: ".iter().chain(std::iter::repeat(&b'x'));
        while dribbling.write_all(&[*bytes.next().unwrap()]).is_ok() {
            std::thread::sleep(Duration::from_millis(5));
        }
    });
    assert!(receive_all(&mut idle).starts_with("HTTP/1.1 200"));
    assert_eq!(receive_all(&mut mute), "");
    tokio::task::spawn_blocking(|| dribble.join().unwrap()).await.unwrap();
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_body_ends_whichever_service_it_is_for() {
    let server = quick().await;
    server.workspace.submit(Command::CreateBucket { name: "bkt".to_owned() });
    let head =
        |first: &str, more: &str| format!("{first} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n{more}\r\nab");
    for (request, status, code) in [
        (head("POST /endpoints/e/invocations", "Content-Type: text/csv\r\n"), "408", "RequestTimeoutException"),
        (head("POST /", "X-Amz-Target: SageMaker.ListModels\r\n"), "408", "RequestTimeoutException"),
        (head("POST /", "Content-Type: application/x-www-form-urlencoded\r\n"), "408", "RequestTimeoutException"),
        (head("PUT /bkt/key", ""), "400", "RequestTimeout"),
        (head("POST /bkt?delete", ""), "400", "RequestTimeout"),
    ] {
        let answer = receive_all(&mut server.send(request.as_bytes()));
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")) && answer.contains(code), "{request}\n{answer}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_takes_no_answer_is_let_go() {
    let server = quick().await;
    let rows = "1,2\n".repeat(1_500_000);
    let request = format!(
        "POST /endpoints/e/invocations HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\nContent-Length: {}\r\n\r\n{rows}",
        rows.len()
    );
    let mut stream = server.connect();
    stream.set_write_timeout(Some(LIMIT)).unwrap();
    // Requests without end, whose answers nobody reads: once the ways there and back are full, only the end of the connection moves this.
    let ended = tokio::task::spawn_blocking(move || {
        loop {
            if let Err(error) = stream.write_all(request.as_bytes()) {
                return error.kind();
            }
        }
    });
    let kind = ended.await.unwrap();
    assert!(matches!(kind, std::io::ErrorKind::ConnectionReset | std::io::ErrorKind::BrokenPipe), "{kind:?}");
    assert_eq!(server.invocation("text/csv", "1,2").send().await.unwrap().status(), 200);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_others_reach_nothing() {
    let server = quick().await;
    let port = server.address.port();
    let ask = |request: String| {
        let mut stream = server.send(format!("{request}Connection: close\r\n\r\n").as_bytes());
        receive(&mut stream, |_| false)
    };
    let ours = format!("127.0.0.1:{port}");
    for (request, status) in [
        // DNS rebinding: the page's own name resolves to this machine.
        (format!("GET /ping HTTP/1.1\r\nHost: evil.example:{port}\r\n"), 403),
        (format!("GET http://evil.example/ping HTTP/1.1\r\nHost: {ours}\r\n"), 400),
        (format!("GET /ping HTTP/1.1\r\nHost: {ours}\r\nHost: evil.example\r\n"), 400),
        ("GET /ping HTTP/1.1\r\n".to_owned(), 400),
        ("GET /ping HTTP/1.0\r\n".to_owned(), 400),
        (format!("GET http://{ours}/ping HTTP/1.0\r\n"), 200),
        (
            format!(
                "POST /endpoints/e/invocations HTTP/1.1\r\nHost: {ours}\r\nOrigin: null\r\nContent-Type: text/csv\r\nContent-Length: 0\r\n"
            ),
            403,
        ),
        (
            format!(
                "GET /ping HTTP/1.1\r\nHost: {ours}\r\nOrigin: http://evil.example\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            ),
            403,
        ),
        (
            format!(
                "OPTIONS /bkt/key HTTP/1.1\r\nHost: {ours}\r\nOrigin: http://evil.example\r\nAccess-Control-Request-Method: PUT\r\nAccess-Control-Request-Private-Network: true\r\n"
            ),
            403,
        ),
        (
            format!("GET /ping HTTP/1.1\r\nHost: {ours}\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n"),
            403,
        ),
        (
            "CONNECT sts.amazonaws.com:443 HTTP/1.1\r\nHost: sts.amazonaws.com\r\nOrigin: http://evil.example\r\n"
                .to_owned(),
            403,
        ),
        // An older browser follows a link or loads a picture: it says nothing of who asks, and must not change anything.
        (
            format!(
                "GET /?Action=DeleteRole&RoleName=r&Version=2010-05-08&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a/20150830/us-east-1/iam/aws4_request&X-Amz-Date=20150830T123600Z&X-Amz-SignedHeaders=host&X-Amz-Signature=0 HTTP/1.1\r\nHost: {ours}\r\n"
            ),
            405,
        ),
        (format!("GET /ping HTTP/1.1\r\nHost: {ours}\r\nOrigin: http://{ours}\r\n"), 200),
    ] {
        let answer = ask(request.clone());
        assert!(answer.starts_with("HTTP/1.") && answer[9..].starts_with(&status.to_string()), "{request}\n{answer}");
        assert!(!answer.to_ascii_lowercase().contains("access-control-allow"), "{answer}");
    }
    // An object that is a page is of no origin.
    server.workspace.submit(Command::CreateBucket { name: "bkt".to_owned() });
    let answer = ask(format!("GET /bkt?location HTTP/1.1\r\nHost: {ours}\r\n")).to_ascii_lowercase();
    assert!(answer.contains("content-security-policy: sandbox") && answer.contains("nosniff"), "{answer}");
    server.stop().await;
}
