//! Heavy requests over real HTTP: as many at a time as there are instances, a queue of bounded length, and 503 beyond it.

use std::io::Write;
use std::time::Duration;

use counterpoise::serving::instances::{Occupation, QUEUE};
use counterpoise::serving::{Invocation, Seated, Serving};
use tokio::task::JoinHandle;

use super::server::{LIMIT, Server, fleet};

const ROWS: usize = 20_000;

/// A body that is heavy: 80 kB.
fn heavy() -> String {
    "1,2\n".repeat(ROWS)
}

/// As a request that a model works on and that does not come to an end.
async fn working(server: &Server) -> Seated {
    server.serving.take("e", None, None).unwrap().seat(QUEUE).await.unwrap()
}

fn end(working: Seated) {
    let answer = working.answer(&Invocation { content_type: Some("text/csv"), body: b"1,2", ..Invocation::default() });
    assert!(answer.result.is_ok());
}

/// Sends a heavy request; its status, variant and body.
fn send(server: &Server) -> JoinHandle<(u16, String, String)> {
    let request = server.invocation("text/csv", heavy());
    tokio::spawn(async move {
        let answer = request.send().await.unwrap();
        let variant = answer.headers()["x-amzn-invoked-production-variant"].to_str().unwrap().to_owned();
        (answer.status().as_u16(), variant, answer.text().await.unwrap())
    })
}

/// Until so many requests wait for an instance.
async fn waiting(server: &Server, count: usize) {
    let look = |serving: &Serving| (serving.totals("e")?.0[0].instances.waiting as usize == count).then_some(());
    server.until("the queue", look).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_queue_can_not_hold_is_turned_away_and_nobody_else_waits() {
    let server = Server::start().await;
    server.install(fleet(&server.serving, &[("A", 1.0, 10.0)]));
    let at_work = working(&server).await;
    let queued: Vec<_> = (0..QUEUE).map(|_| send(&server)).collect();
    waiting(&server, QUEUE).await;
    let refused = server.invocation("text/csv", heavy()).send().await.unwrap();
    assert_eq!((refused.status().as_u16(), &refused.headers()["retry-after"]), (503, &"1".parse().unwrap()));
    assert_eq!(refused.headers()["x-amzn-errortype"], "ServiceUnavailable");
    assert_eq!(refused.headers()["x-amzn-invoked-production-variant"], "A");
    let said = refused.text().await.unwrap();
    assert!(said.contains("Variant A works on as many heavy requests as it has instances (1), and 32 more"), "{said}");
    // Their queue holds no thread of a connection: a request of one row passes them all.
    let light = server.invocation("text/csv", "1,2").send().await.unwrap();
    assert_eq!((light.status().as_u16(), light.text().await.unwrap()), (200, "10".to_owned()));
    let labels = r#"{endpoint="e",variant="A",model="answers-10"}"#;
    let lines = [
        format!("counterpoise_turned_away_total{labels} 1"),
        format!("counterpoise_server_errors_total{labels} 1"),
        format!("counterpoise_variant_instances{labels} 1"),
        format!("counterpoise_variant_busy_instances{labels} 1"),
        format!("counterpoise_variant_waiting_requests{labels} 32"),
        format!("counterpoise_model_latency_seconds_count{labels} 1"),
    ];
    server.assert_metrics(&lines).await;
    assert!(queued.iter().all(|request| !request.is_finished()));
    end(at_work);
    for request in queued {
        let (status, variant, body) = request.await.unwrap();
        assert_eq!((status, variant.as_str(), body.split(',').count()), (200, "A", ROWS));
    }
    // 32 waited, one was at work, one was light, one was turned away: the one that failed.
    assert_eq!(server.serving.counts("e"), Some((QUEUE as u64 + 3, 1)));
    assert_eq!(server.serving.totals("e").unwrap().0[0].instances, Occupation { count: 1, busy: 0, waiting: 0 });
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_instances_begin_at_once_with_what_waits() {
    let server = Server::start().await;
    server.install(fleet(&server.serving, &[("A", 1.0, 10.0)]));
    let at_work = working(&server).await;
    let queued = send(&server);
    waiting(&server, 1).await;
    server.serving.set_instances("e", &[("A".to_owned(), 2)]).unwrap();
    assert_eq!(queued.await.unwrap().0, 200, "answered while the first instance still works");
    // With one again, the next waits for the first.
    server.serving.set_instances("e", &[("A".to_owned(), 1)]).unwrap();
    let queued = send(&server);
    waiting(&server, 1).await;
    end(at_work);
    assert_eq!(queued.await.unwrap().0, 200);
    assert!(server.serving.set_instances("e", &[("B".to_owned(), 1)]).unwrap_err().to_string().contains("variant B"));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_old_fleet_keeps_its_queue_and_the_new_one_begins_without() {
    let server = Server::start().await;
    server.install(fleet(&server.serving, &[("A", 1.0, 10.0)]));
    let at_work = working(&server).await;
    let queued = send(&server);
    waiting(&server, 1).await;
    let old = server.serving.install("e", fleet(&server.serving, &[("A", 1.0, 20.0)]), "next").unwrap();
    assert_eq!(old.in_flight(), 2, "what works and what waits");
    let (status, _, body) = send(&server).await.unwrap();
    assert!(status == 200 && body.starts_with("20,20,"), "the new fleet has an instance of its own");
    assert!(!queued.is_finished() && !old.wait(Duration::ZERO));
    end(at_work);
    let (status, _, body) = queued.await.unwrap();
    assert!(status == 200 && body.starts_with("10,10,"), "answered by the fleet that took it");
    assert!(old.wait(LIMIT));
    assert_eq!((old.requests(), old.failed()), (2, 0));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_hangs_up_leaves_the_queue() {
    let server = Server::start().await;
    server.install(fleet(&server.serving, &[("A", 1.0, 10.0)]));
    let at_work = working(&server).await;
    let body = heavy();
    let mut gone = server.connect();
    let head = "POST /endpoints/e/invocations HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\n";
    gone.write_all(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes()).unwrap();
    waiting(&server, 1).await;
    drop(gone);
    waiting(&server, 0).await;
    end(at_work);
    assert_eq!(send(&server).await.unwrap().0, 200);
    server.stop().await;
}
