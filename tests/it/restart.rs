//! What survives: a clean stop, and `kill -9` at any moment.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use counterpoise::domain::training_job::TrainingJobStatus;
use counterpoise::workspace::Command;

use super::support::live::Live;
use super::support::program::Server;

/// Status line and body of one prediction.
fn predict(url: &str, endpoint: &str, row: &str) -> (String, String) {
    post(url, &format!("/endpoints/{endpoint}/invocations"), "", row)
}

/// Status line and body of an answer. `headers` end with `\r\n` each.
fn post(url: &str, path: &str, headers: &str, body: &str) -> (String, String) {
    let address = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: text/csv\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.lines().next().unwrap().to_owned(), body.to_owned())
}

/// A workspace with an endpoint `live` of two variants; answers what it predicts for `3,1`.
fn prepare(folder: &Path) -> String {
    let live = Live::open(folder);
    live.with_house_prices();
    live.make_model("one", 5);
    live.make_model("two", 20);
    live.make_config("both", &[("one", 1.0), ("two", 0.0)]);
    live.put_in_service("live", "both");
    let (status, body) = predict(&live.url(), "live", "3,1");
    assert!(status.contains("200"), "{status}: {body}");
    live.close();
    body
}

#[test]
fn an_endpoint_serves_again_with_its_weights_after_a_stop_and_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let of_one = prepare(folder.path());
    let server = Server::start(folder.path());
    assert_eq!(predict(&server.url, "live", "3,1").1, of_one);
    let (status, _) = server.end("KILL");
    assert_eq!(status.code(), None, "killed, not ended");
    let server = Server::start(folder.path());
    assert_eq!(predict(&server.url, "live", "3,1").1, of_one, "after kill -9");
    server.end("TERM");

    let live = Live::open(folder.path());
    live.tell(Command::UpdateWeights {
        name: "live".to_owned(),
        weights: vec![("one".to_owned(), 0.0), ("two".to_owned(), 1.0)],
        instance_counts: Vec::new(),
    });
    let of_two = predict(&live.url(), "live", "3,1").1;
    assert_ne!(of_one, of_two, "the two models differ");
    live.close();
    let server = Server::start(folder.path());
    assert_eq!(predict(&server.url, "live", "3,1").1, of_two, "the new weights were on disk before they were answered");
}

#[test]
fn ready_means_that_endpoints_answer() {
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    for _ in 0..5 {
        let server = Server::start(folder.path());
        let (status, body) = predict(&server.url, "live", "3,1");
        assert!(status.contains("200"), "right after ready: {status} {body}");
        server.end("KILL");
    }
}

#[test]
fn captured_requests_and_their_labels_outlive_a_kill_and_a_torn_end() {
    const ASKED: usize = 40;
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    let label = |url: &str, ids: std::ops::Range<usize>| -> serde_json::Value {
        let csv = ids.map(|id| format!("r-{id},3\n")).collect::<Vec<_>>().concat();
        let (status, body) = post(url, "/endpoints/live/ground-truth", "", &csv);
        assert!(status.contains("200"), "{status}: {body}");
        serde_json::from_str(&body).unwrap()
    };
    let server = Server::start(folder.path());
    for id in 0..ASKED {
        let id = format!("X-Amzn-SageMaker-Inference-Id: r-{id}\r\n");
        assert!(post(&server.url, "/endpoints/live/invocations", &id, "3,1").0.contains("200"));
    }
    assert_eq!(label(&server.url, 0..10)["counted"], 10);
    server.end("KILL");
    // As if the end had come in the middle of a write.
    let segments = std::fs::read_dir(folder.path().join("capture/live")).unwrap();
    let newest = segments.map(|entry| entry.unwrap().path()).max().unwrap();
    let mut file = std::fs::OpenOptions::new().append(true).open(newest).unwrap();
    file.write_all(&[200, 0, 0, 0, 1, 2, 3, 4, 2, 0]).unwrap();

    let server = Server::start(folder.path());
    let told = label(&server.url, 0..20);
    assert_eq!((&told["repeated"], &told["counted"]), (&10.into(), &10.into()), "{told}");
    server.end("KILL");
    let server = Server::start(folder.path());
    let told = label(&server.url, 0..ASKED);
    assert_eq!(
        (&told["repeated"], &told["counted"]),
        (&20.into(), &20.into()),
        "what came after the tear counts: {told}"
    );
}

#[test]
fn a_training_job_that_was_killed_runs_again_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    {
        let live = Live::open(folder.path());
        live.with_house_prices();
        live.start_job("long", 200_000);
        live.until("the first round", |_| {
            live.workspace.training_progress("long").filter(|progress| progress.round > 0).map(drop)
        });
        live.close();
    }
    // Closing the app interrupts the job; the next process takes it up, and is killed in the middle of it.
    let server = Server::start(folder.path());
    server.end("KILL");
    let live = Live::open(folder.path());
    live.until("the job to be taken up again", |snapshot| {
        let job = snapshot.training_jobs.get("long")?;
        assert!(!job.status.is_final(), "{:?} {:?}", job.status, job.failure_reason);
        (job.attempts >= 2).then_some(())
    });
    live.tell(Command::StopTrainingJob { name: "long".to_owned() });
    live.until("the job to stop", |snapshot| {
        let job = snapshot.training_jobs.get("long")?;
        assert_ne!(job.status, TrainingJobStatus::Failed, "{:?}", job.failure_reason);
        (job.status == TrainingJobStatus::Stopped).then_some(())
    });
}
