//! Requests a second from socket to socket, beside a bare hyper server that answers a constant, in the same run and with the same client;
//! and rows a second of a body of 512 rows, on one thread. The model is trained on the Boston sample.
//!
//! The rounds of both servers are short and alternate, so that what else the machine does falls on both; the ratio is the median over the
//! pairs. One connection is measured in two states, because they differ by more than the servers do: cores that fall asleep between a
//! request and its answer, where waking them is most of the time, and cores kept awake by other work, as on a machine that is in use.
//!
//! What the capture costs is measured on one endpoint that captures in every other round. A round ends when what it captured has been handed
//! to the system, so that no work of its own is left to the next one.
//!
//! `cargo bench --bench http -- cost` measures nothing but that, `-- cost 5000` in rounds of 5,000 ms: long enough that what the system itself
//! writes to the disk later falls into the round that is to blame.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints, and fails by panicking")]

#[path = "../tests/it/support/scripted.rs"]
#[allow(unused_imports, reason = "its own tests are not compiled here")]
mod scripted;

use std::convert::Infallible;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::{Duration, Instant};

use counterpoise::aws::{Listener, Wire, WireOptions};
use counterpoise::domain::algorithm::Algorithm;
use counterpoise::domain::training_job::ChannelFormat;
use counterpoise::ml::{self, Continue, Matrix, Model, samples};
use counterpoise::serving::{FleetSpec, Invocation, Serving, VariantSpec};
use counterpoise::util::clock::Clock;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;

const ROUNDS: usize = 7;
const ROUND: Duration = Duration::from_millis(700);
/// Rounds of two servers that are compared, and the length of one.
const PAIRS: usize = 41;
const SHORT: Duration = Duration::from_millis(60);
/// The length of a round with or without capture, unless another one is asked for, and of all rounds of one measurement.
const COST_ROUND: Duration = Duration::from_millis(250);
const COST_ALL: Duration = Duration::from_secs(30);

fn main() {
    let sample = samples::boston();
    let Matrix::Dense(rows) = &sample.test.features else { unreachable!("Boston is dense") };
    let lines: Vec<String> =
        (0..rows.rows).map(|row| rows.row(row).iter().map(f32::to_string).collect::<Vec<_>>().join(",")).collect();
    // As in a workspace: every request is captured, on disk.
    let folder = tempfile::tempdir().unwrap();
    let serving = serving(train(&sample), folder.path().join("capture"));

    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let ours = runtime.block_on(start_ours(Arc::clone(&serving)));
    let bare = runtime.block_on(start_bare());
    let request = request(&lines[0]);
    let mut arguments = std::env::args().skip_while(|argument| argument != "cost");
    let cost_alone = arguments.next().is_some();
    let round = arguments.next().and_then(|ms| ms.parse().ok()).map_or(COST_ROUND, Duration::from_millis);
    cost(&serving, " 1 connection, cores may sleep", round, || one(ours, &request, round));
    cost(&serving, "32 connections", round, || many(ours, &request, 32, round));
    if let Some(awake) = Awake::keep() {
        cost(&serving, " 1 connection, cores kept awake", round, || one(ours, &request, round));
        drop(awake);
    }
    captured(&serving);
    if cost_alone {
        return;
    }
    println!("{} rows of {} features, one variant, median of {ROUNDS} rounds", rows.rows, rows.cols);
    predictions(&serving, &lines);
    // Without a socket in between, ten times as many requests come as over HTTP; some disks can't keep up with that.
    captured(&serving);
    compare(" 1 connection, one row, cores may sleep", || one(bare, &request, SHORT), || one(ours, &request, SHORT));
    compare("32 connections, one row", || many(bare, &request, 32, SHORT), || many(ours, &request, 32, SHORT));
    match Awake::keep() {
        Some(awake) => {
            let name = " 1 connection, one row, cores kept awake";
            compare(name, || one(bare, &request, SHORT), || one(ours, &request, SHORT));
            drop(awake);
        }
        None => println!("cores could not be kept awake (no sh or nice): left out"),
    }
    let body = lines.iter().cycle().take(512).cloned().collect::<Vec<_>>().join("\n");
    let request = self::request(&body);
    let rate = median((0..ROUNDS).map(|_| one(ours, &request, ROUND)));
    println!(" 1 connection, 512 rows: {:8.0} rows/s over HTTP", rate * 512.0);
    captured(&serving);
}

/// Prints how many requests were captured so far.
fn captured(serving: &Serving) {
    serving.hand_over_captured();
    let captured = serving.capture_live("boston").unwrap();
    println!("captured on disk so far: {} requests, {} dropped", captured.taken, captured.dropped);
}

/// Prints the share of the requests a second that the capture costs: the median over pairs of rounds, and the middle half of them.
fn cost(serving: &Serving, name: &str, round: Duration, requests: impl Fn() -> f64) {
    let pairs = (COST_ALL.div_duration_f64(2 * round) as usize).max(5) | 1;
    let rate = |captures: bool| {
        assert!(serving.rest_capture("boston", !captures));
        let (rate, ended) = (requests(), Instant::now());
        if captures {
            serving.hand_over_captured();
        }
        rate * round.as_secs_f64() / (round + ended.elapsed()).as_secs_f64()
    };
    let mut rounds: Vec<(f64, f64)> = (0..pairs)
        .map(|pair| {
            // Whatever grows or falls over the minute favours neither.
            if pair % 2 == 0 {
                let with = rate(true);
                (with, rate(false))
            } else {
                let without = rate(false);
                (rate(true), without)
            }
        })
        .collect();
    assert!(serving.rest_capture("boston", false));
    let (with, without) = (median(rounds.iter().map(|round| round.0)), median(rounds.iter().map(|round| round.1)));
    rounds.sort_by(|a, b| (b.0 / b.1).total_cmp(&(a.0 / a.1)));
    let cost = |at: usize| 100.0 * (1.0 - rounds[at].0 / rounds[at].1);
    let (quarter, middle) = (pairs / 4, pairs / 2);
    println!(
        "capture, {name}: costs {:.1} % ({:.1} to {:.1}), {with:.0} requests/s with and {without:.0} without, {pairs} pairs",
        cost(middle),
        cost(quarter),
        cost(pairs - 1 - quarter)
    );
}

/// Prints the rates of two servers, and the median ratio of pairs of rounds.
fn compare(name: &str, bare: impl Fn() -> f64, ours: impl Fn() -> f64) {
    let rounds: Vec<(f64, f64)> = (0..PAIRS).map(|_| (bare(), ours())).collect();
    let ratio = median(rounds.iter().map(|(bare, ours)| ours / bare));
    let (bare, ours) = (median(rounds.iter().map(|round| round.0)), median(rounds.iter().map(|round| round.1)));
    println!("{name}: {ours:8.0} requests/s, bare hyper {bare:8.0}, ratio {ratio:.2}");
}

/// Processes of the lowest priority that do nothing, one a core: no core falls asleep, and whoever has work goes first.
struct Awake(Vec<Child>);

impl Awake {
    fn keep() -> Option<Self> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let spin = || Command::new("nice").args(["-n", "19", "sh", "-c", "while :; do :; done"]).spawn().ok();
        let mut awake = Self(Vec::new());
        for _ in 0..cores {
            awake.0.push(spin()?);
        }
        Some(awake)
    }
}

impl Drop for Awake {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn train(sample: &samples::Sample) -> Model {
    let trained = ml::train(
        Algorithm::XGBoost,
        &samples::boston_xgboost(),
        &sample.train,
        Some(&sample.validation),
        ChannelFormat::Csv,
        1,
        &mut |_| Continue::Yes,
    );
    trained.unwrap().model
}

fn serving(model: Model, captured: PathBuf) -> Arc<Serving> {
    let serving = Serving::with_capture(Clock::system(), 1, Some(captured));
    let variant = VariantSpec {
        name: "A".to_owned(),
        model_name: "boston".to_owned(),
        algorithm: Algorithm::XGBoost,
        artifact: PathBuf::from("boston"),
        weight: 1.0,
        instances: 1,
    };
    let spec = FleetSpec {
        endpoint: "boston".to_owned(),
        config_name: "bench".to_owned(),
        deployment: 1,
        variants: vec![variant],
        data_capture: None,
        shadows: Vec::new(),
    };
    let fleet = serving.build_fleet_of(&spec, vec![model]).unwrap();
    serving.install("boston", fleet, "bench");
    serving
}

/// The data plane alone, on this thread.
fn predictions(serving: &Serving, lines: &[String]) {
    for count in [1, 512] {
        let bodies: Vec<String> = (0..20)
            .map(|from| lines.iter().cycle().skip(from).take(count).cloned().collect::<Vec<_>>().join("\n"))
            .collect();
        let rate = median((0..ROUNDS).map(|_| {
            let (mut requests, started) = (0, Instant::now());
            while started.elapsed() < ROUND {
                for body in &bodies {
                    let request =
                        Invocation { content_type: Some("text/csv"), body: body.as_bytes(), ..Invocation::default() };
                    assert!(serving.invoke("boston", &request).result.is_ok());
                    requests += 1;
                }
            }
            f64::from(requests) / started.elapsed().as_secs_f64()
        }));
        println!(
            "invoke, {count:3} row(s): {:6.2} µs a request, {:8.0} rows/s a thread",
            1e6 / rate,
            rate * count as f64
        );
    }
}

async fn start_ours(serving: Arc<Serving>) -> SocketAddr {
    let listener = Listener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let address = listener.address();
    let wire = Arc::new(Wire::new(serving, scripted::ScriptedWorkspace::empty(), WireOptions::default()));
    tokio::spawn(listener.run(wire, std::future::pending(), Duration::ZERO));
    address
}

async fn start_bare() -> SocketAddr {
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = socket.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(constant)));
        }
    });
    address
}

async fn constant(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::new(Bytes::from_static(b"24.5"))))
}

fn request(body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST /endpoints/boston/invocations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/csv\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// Requests a second on one connection, one after the other, from a thread that blocks.
fn one(address: SocketAddr, request: &[u8], round: Duration) -> f64 {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut buffer = vec![0; 1 << 16];
    let (mut answers, started) = (0, Instant::now());
    while started.elapsed() < round {
        stream.write_all(request).unwrap();
        let mut got = 0;
        while !is_whole(&buffer[..got]) {
            let n = stream.read(&mut buffer[got..]).unwrap();
            assert!(n > 0, "the connection ended");
            got += n;
        }
        answers += 1;
    }
    f64::from(answers) / started.elapsed().as_secs_f64()
}

/// Requests a second on many connections from one thread with a runtime of its own.
fn many(address: SocketAddr, request: &[u8], connections: usize, round: Duration) -> f64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    runtime.block_on(async {
        let started = Instant::now();
        let clients: Vec<_> =
            (0..connections).map(|_| tokio::spawn(client(address, request.to_vec(), started + round))).collect();
        let mut answers = 0;
        for client in clients {
            answers += client.await.unwrap();
        }
        f64::from(answers) / started.elapsed().as_secs_f64()
    })
}

async fn client(address: SocketAddr, request: Vec<u8>, until: Instant) -> u32 {
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let mut buffer = vec![0; 1 << 14];
    let mut answers = 0;
    while Instant::now() < until {
        assert_eq!(stream.try_write(&request).unwrap(), request.len(), "a small request fits the socket's buffer");
        let mut got = 0;
        while !is_whole(&buffer[..got]) {
            stream.readable().await.unwrap();
            match stream.try_read(&mut buffer[got..]) {
                Ok(0) => panic!("the connection ended"),
                Ok(n) => got += n,
                Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock),
            }
        }
        answers += 1;
    }
    answers
}

/// What stands before the length of a body.
const NAME: &[u8] = b"content-length: ";

/// Whether a whole good answer has come: the head, and as many bytes as it announces.
fn is_whole(bytes: &[u8]) -> bool {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    assert!(bytes.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(bytes));
    let at = bytes[..end].windows(NAME.len()).position(|name| name == NAME).unwrap() + NAME.len();
    let length =
        bytes[at..end].iter().take_while(|b| b.is_ascii_digit()).fold(0, |n, b| n * 10 + usize::from(b - b'0'));
    bytes.len() >= end + 4 + length
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
