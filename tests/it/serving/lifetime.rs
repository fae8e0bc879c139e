//! Swaps under load, slow clients, and the end of the listener.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use counterpoise::aws::{BindError, Limits, Listener};

use super::server::{LIMIT, Server, fleet, receive, receive_all};

const HEAD: &str =
    "POST /endpoints/e/invocations HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\nContent-Length: 3\r\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fleets_are_swapped_under_load_without_a_failed_request() {
    let server = Server::start().await;
    // Fleet n has one variant, named after its answer, so that a header of one fleet on an answer of another is seen.
    let install = |n: u32| {
        let name = format!("v{n}");
        server.install(fleet(&server.serving, &[(&name, 1.0, f64::from(n))]));
    };
    install(0);
    let stop = Arc::new(AtomicBool::new(false));
    let answered = Arc::new(AtomicU64::new(0));
    let newest = Arc::new(AtomicU64::new(0));
    let clients: Vec<_> = (0..8)
        .map(|number| {
            let (stop, answered, newest) = (Arc::clone(&stop), Arc::clone(&answered), Arc::clone(&newest));
            let url = server.url("/endpoints/e/invocations");
            tokio::spawn(async move {
                let mut client = reqwest::Client::new();
                while !stop.load(Ordering::Acquire) {
                    if number % 2 == 1 {
                        // Half of them come with a fresh connection each time.
                        client = reqwest::Client::new();
                    }
                    let least = newest.load(Ordering::Acquire);
                    let answer = client.post(&url).header("content-type", "text/csv").body("1,2").send().await.unwrap();
                    assert_eq!(answer.status(), 200);
                    let variant = answer.headers()["x-amzn-invoked-production-variant"].to_str().unwrap().to_owned();
                    let body = answer.text().await.unwrap();
                    assert_eq!(variant, format!("v{body}"), "the header names the model that answered");
                    assert!(body.parse::<u64>().unwrap() >= least, "{body} answered after {least} was in service");
                    answered.fetch_add(1, Ordering::AcqRel);
                }
            })
        })
        .collect();
    for n in 1..=30 {
        install(n);
        newest.store(u64::from(n), Ordering::Release);
        // The next swap comes when this fleet has answered some requests.
        let goal = answered.load(Ordering::Acquire) + 20;
        let progress = async {
            while answered.load(Ordering::Acquire) < goal {
                assert!(clients.iter().all(|client| !client.is_finished()), "a client has failed");
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(LIMIT, progress).await.expect("requests are answered");
    }
    stop.store(true, Ordering::Release);
    for client in clients {
        client.await.unwrap();
    }
    assert_eq!(server.serving.counts("e"), Some((answered.load(Ordering::Acquire), 0)));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_clients_hold_nobody_up_and_are_let_go() {
    let limits =
        Limits { head_time: Duration::from_millis(300), body_time: Duration::from_millis(300), ..Limits::default() };
    let server = Server::start_with(limits, LIMIT).await;
    server.install(fleet(&server.serving, &[("A", 1.0, 10.0)]));
    let mut slow_heads = Vec::new();
    for _ in 0..100 {
        slow_heads.push(server.send(b"POST /endpoints/e/invocations HTTP/1.1\r\nHost: loc"));
    }
    let mut slow_body = server.send(format!("{HEAD}\r\n1,").as_bytes());
    // With all of them waiting, somebody in a hurry is answered.
    let answer = server.invocation("text/csv", "1,2").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let answer = receive_all(&mut slow_body);
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("did not arrive"), "{answer}");
    for mut stream in slow_heads {
        assert!(!receive_all(&mut stream).contains("200"), "the connection ends without an answer");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_under_way_is_finished_before_the_end() {
    let server = Server::with_two_variants().await;
    let address = server.address;
    let mut idle = server.connect();
    // The 100 says that the request has begun: the listener is waiting for its body.
    let mut stream = server.send(format!("{HEAD}Expect: 100-continue\r\n\r\n").as_bytes());
    receive(&mut stream, |text| text.contains("100 Continue"));
    let stopping = server.begin_stop();
    let refused = async {
        while TcpStream::connect(address).is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LIMIT, refused).await.expect("new connections are refused");
    assert_eq!(receive_all(&mut idle), "", "an idle connection is closed");
    assert!(!stopping.is_finished());
    stream.write_all(b"1,2").unwrap();
    let answer = receive_all(&mut stream);
    assert!(answer.starts_with("HTTP/1.1 200 OK") && (answer.ends_with("10") || answer.ends_with("20")), "{answer}");
    tokio::time::timeout(LIMIT, stopping).await.expect("it ends").unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_never_ends_is_cut_off_after_the_grace_period() {
    let server = Server::start_with(Limits::default(), Duration::from_millis(50)).await;
    server.install(fleet(&server.serving, &[("A", 1.0, 10.0)]));
    let mut stream = server.send(format!("{HEAD}Expect: 100-continue\r\n\r\n").as_bytes());
    receive(&mut stream, |text| text.contains("100 Continue"));
    server.stop().await;
    assert_eq!(receive_all(&mut stream), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_is_named_with_what_to_do() {
    let server = Server::start().await;
    let error = Listener::bind(server.address).await.unwrap_err();
    assert!(matches!(error, BindError::InUse(port) if port == server.address.port()));
    let said = error.to_string();
    assert!(said.contains(&server.address.port().to_string()) && said.contains("--port"), "{said}");
    let far = Listener::bind(SocketAddr::from(([192, 0, 2, 1], 0))).await.unwrap_err();
    assert!(far.to_string().contains("192.0.2.1:0"), "{far}");
    server.stop().await;
}
