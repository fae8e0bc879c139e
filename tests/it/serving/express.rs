//! The short way of plain invocations and the long way of everything else: a client cannot tell which one its request went.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use super::server::{Server, receive, receive_all};

/// What sends a request the long way: a header that nobody reads.
const LONG_WAY: &str = "X-Long-Way: 1\r\n";

fn request(headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST /endpoints/e/invocations HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    )
}

/// One answer: its first line, its headers in order without those that differ by nature, and its body.
fn answer(stream: &mut TcpStream) -> (String, Vec<String>, String) {
    let is_whole = |text: &str| {
        text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
            body.len() >= length.parse::<usize>().unwrap()
        })
    };
    let text = receive(stream, is_whole);
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines().map(str::to_owned);
    let first = lines.next().unwrap();
    let mut headers: Vec<String> = lines.collect();
    for name in ["x-amzn-requestid: ", "date: ", "x-amzn-sagemaker-inference-id: "] {
        let at = headers.iter().position(|header| header.starts_with(name)).unwrap();
        assert!(headers.remove(at).len() > name.len() + 20, "{text}");
    }
    headers.sort();
    (first, headers, body.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_ways_give_the_same_answer() {
    let server = Server::start().await;
    server.install(super::server::fleet(&server.serving, &[("A", 1.0, 10.0)]));
    let cases = [
        ("Content-Type: text/csv\r\n", "1,2", "200 OK"),
        ("Content-Type: text/csv\r\n", "1,2\n3,4\n5,6", "200 OK"),
        ("Content-Type: text/csv; charset=utf-8\r\nAccept: application/json\r\n", "1,2", "200 OK"),
        ("Content-Type: text/libsvm\r\n", "0:1 1:2", "200 OK"),
        ("Content-Type: text/csv\r\n", "1,2,3", "424 Failed Dependency"),
        ("Content-Type: text/csv\r\n", "one,two", "424 Failed Dependency"),
        ("Content-Type: text/csv\r\n", "", "424 Failed Dependency"),
        ("Content-Type: image/png\r\n", "1,2", "424 Failed Dependency"),
        ("Content-Type: text/csv\r\nAccept: image/png\r\n", "1,2", "424 Failed Dependency"),
    ];
    for (headers, body, status) in cases {
        let mut short = server.send(request(headers, body).as_bytes());
        let mut long = server.send(request(&format!("{headers}{LONG_WAY}"), body).as_bytes());
        let (short, long) = (answer(&mut short), answer(&mut long));
        assert_eq!(short, long, "{headers}{body}");
        assert!(short.0.ends_with(status), "{}: {}", short.0, short.2);
    }
    let nobody = |headers: &str| request(headers, "1,2").replace("/e/", "/nobody/");
    let (short, long) =
        (answer(&mut server.send(nobody("").as_bytes())), answer(&mut server.send(nobody(LONG_WAY).as_bytes())));
    assert_eq!(short, long);
    assert!(short.2.contains("Endpoint nobody"), "{}", short.2);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_may_change_its_way() {
    let server = Server::with_two_variants().await;
    let csv = "Content-Type: text/csv\r\n";
    let mut stream = server.connect();
    let mut expect = |bytes: &str, answers: usize| {
        stream.write_all(bytes.as_bytes()).unwrap();
        let text = receive(&mut stream, |text| {
            text.matches("HTTP/1.1 200 OK\r\n").count() == answers && !text.ends_with('\n')
        });
        assert_eq!(text.matches("x-amzn-invoked-production-variant: ").count(), answers, "{text}");
    };
    expect(&request(csv, "1,2"), 1);
    // Several at once are answered in their order.
    expect(&[request(csv, "1,2"), request(csv, "3,4"), request(csv, "5,6")].concat(), 3);
    // One of another kind behind one of this: both are answered, and so are those that follow.
    expect(&[request(csv, "1,2"), request(&format!("{csv}{LONG_WAY}"), "3,4")].concat(), 2);
    expect(&request(csv, "1,2"), 1);
    let last = request(&format!("{csv}Connection: close\r\n"), "1,2");
    stream.write_all(last.as_bytes()).unwrap();
    assert!(receive_all(&mut stream).starts_with("HTTP/1.1 200 OK\r\n"));
    assert_eq!(server.serving.totals("e").unwrap().0.iter().map(|variant| variant.totals.requests).sum::<u64>(), 8);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_may_come_in_any_pieces() {
    let server = Server::with_two_variants().await;
    let whole = request("Content-Type: text/csv\r\n", "1,2");
    for cut in 1..whole.len() {
        let mut stream = server.send(&whole.as_bytes()[..cut]);
        stream.set_nodelay(true).unwrap();
        if cut + 3 >= whole.len() {
            // Time is what these cuts are about: a body that lets itself be waited for ends up on the long way.
            std::thread::sleep(Duration::from_millis(80));
        }
        stream.write_all(&whole.as_bytes()[cut..]).unwrap();
        assert_eq!(answer(&mut stream).0, "HTTP/1.1 200 OK", "cut at {cut}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_connection_does_not_hold_up_the_end() {
    let server = Server::with_two_variants().await;
    let mut unused = server.connect();
    let mut used = server.send(request("Content-Type: text/csv\r\n", "1,2").as_bytes());
    assert_eq!(answer(&mut used).0, "HTTP/1.1 200 OK");
    server.stop().await;
    assert_eq!(receive_all(&mut unused), "");
    assert_eq!(receive_all(&mut used), "");
}
