//! The sender: plain sockets, and an HTTP that is spelled out here. Requests become due at a steady rate whatever the answers do (open loop);
//! most go over kept connections, every fourth over one of its own, every hundredth is heavy.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::truth::{Truth, variant};

/// Connections at once.
const THREADS: usize = 16;
/// Nothing takes this long unless it hangs.
const LIMIT: Duration = Duration::from_mins(1);
/// Rows of a heavy request: 80 kB.
const HEAVY_ROWS: usize = 20_000;

/// What came of one request.
pub struct Sent {
    number: u64,
    due: Instant,
    asked: Instant,
    done: Instant,
    fresh: bool,
    rows: usize,
    answer: io::Result<Answer>,
}

struct Answer {
    status: u16,
    variant: String,
    body: String,
}

struct Shared {
    address: SocketAddr,
    began: Instant,
    rate: u32,
    next: AtomicU64,
    good: AtomicU64,
    stop: AtomicBool,
    done: Mutex<Vec<Sent>>,
}

/// Load under way.
pub struct Load {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    /// Starts sending.
    pub fn start(address: SocketAddr, rate: u32) -> Self {
        let shared = Arc::new(Shared {
            address,
            began: Instant::now(),
            rate,
            next: AtomicU64::new(0),
            good: AtomicU64::new(0),
            stop: AtomicBool::new(false),
            done: Mutex::new(Vec::new()),
        });
        let threads = (0..THREADS).map(|_| {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || shared.send_all())
        });
        Self { threads: threads.collect(), shared }
    }

    /// Waits until so many more requests were answered well.
    pub fn wait_for(&self, more: u64) {
        self.wait_for_total(self.shared.good.load(Ordering::Acquire) + more);
    }

    /// Waits until so many requests were answered well in all.
    pub fn wait_for_total(&self, total: u64) {
        let (mut seen, mut since) = (0, Instant::now());
        loop {
            let good = self.shared.good.load(Ordering::Acquire);
            if good >= total {
                return;
            }
            if good > seen {
                (seen, since) = (good, Instant::now());
            }
            assert!(since.elapsed() < LIMIT, "the answers stopped coming");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits until a model answers.
    pub fn wait_for_answer_of(&self, model: u32) {
        let (begin, wanted) = (Instant::now(), variant(model));
        let mut looked = self.shared.done.lock().unwrap().len();
        loop {
            let done = self.shared.done.lock().unwrap();
            if done[looked..].iter().any(|sent| matches!(&sent.answer, Ok(answer) if answer.variant == wanted)) {
                return;
            }
            looked = done.len();
            drop(done);
            assert!(begin.elapsed() < LIMIT, "{wanted} got no traffic");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Stops sending and gives back what came.
    pub fn end(mut self) -> Vec<Sent> {
        self.stop();
        std::mem::take(&mut *self.shared.done.lock().unwrap())
    }

    fn stop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        for thread in self.threads.drain(..) {
            thread.join().unwrap();
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.stop();
        }
        self.shared.stop.store(true, Ordering::Release);
    }
}

impl Shared {
    /// One thread: takes the next request, waits until it is due, sends it.
    fn send_all(&self) {
        let mut kept: Option<TcpStream> = None;
        while !self.stop.load(Ordering::Acquire) {
            let number = self.next.fetch_add(1, Ordering::AcqRel);
            let due = self.began + Duration::from_secs_f64(number as f64 / f64::from(self.rate));
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            let fresh = number % 4 == 3;
            let rows = if number % 100 == 50 { HEAVY_ROWS } else { 1 };
            let asked = Instant::now();
            let answer = if fresh { self.once(None, rows, true) } else { self.once(kept.take(), rows, false) };
            let answer = answer.map(|(answer, stream)| {
                if !fresh {
                    kept = Some(stream);
                }
                answer
            });
            let done = Instant::now();
            if matches!(&answer, Ok(answer) if answer.status == 200) {
                self.good.fetch_add(1, Ordering::AcqRel);
            } else {
                // The server may be gone for a moment: it isn't asked in a circle.
                std::thread::sleep(Duration::from_millis(5));
            }
            self.done.lock().unwrap().push(Sent { number, due, asked, done, fresh, rows, answer });
        }
    }

    fn once(&self, kept: Option<TcpStream>, rows: usize, close: bool) -> io::Result<(Answer, TcpStream)> {
        let mut stream = match kept {
            Some(stream) => stream,
            None => TcpStream::connect(self.address)?,
        };
        // Where nobody listens, a socket may be given that very port and meet itself.
        if stream.local_addr()? == self.address {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(LIMIT))?;
        let body = "1,2\n".repeat(rows);
        let end = if close { "Connection: close\r\n" } else { "" };
        let head = format!(
            "POST /endpoints/live/invocations HTTP/1.1\r\nHost: {}\r\nContent-Type: text/csv\r\nContent-Length: {}\r\n{end}\r\n",
            self.address,
            body.len()
        );
        stream.write_all([head, body].concat().as_bytes())?;
        Ok((read(&mut stream)?, stream))
    }
}

/// One answer of a known length.
fn read(stream: &mut TcpStream) -> io::Result<Answer> {
    let odd = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let mut bytes = Vec::new();
    let mut buffer = [0; 16 * 1024];
    let (head, length) = loop {
        let n = stream.read(&mut buffer)?;
        if n == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the connection ended before the answer"));
        }
        bytes.extend_from_slice(&buffer[..n]);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        bytes.drain(..end + 4);
        let length = header(&head, "content-length").and_then(|value| value.parse::<usize>().ok());
        break (head, length.ok_or_else(|| odd("an answer without a length"))?);
    };
    while bytes.len() < length {
        let n = stream.read(&mut buffer)?;
        if n == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the connection ended within the answer"));
        }
        bytes.extend_from_slice(&buffer[..n]);
    }
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(|| odd("no status"))?;
    let variant = header(&head, "x-amzn-invoked-production-variant").unwrap_or_default().to_owned();
    Ok(Answer { status, variant, body: String::from_utf8_lossy(&bytes).into_owned() })
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.split_once(':').filter(|(is, _)| *is == name).map(|(_, value)| value.trim()))
}

/// Why a request counts as failed.
enum Problem {
    /// No answer came.
    Lost(String),
    /// One came that should not have.
    Wrong(String),
}

/// All answers, judged.
pub struct Report {
    pub requests: u64,
    pub fresh: u64,
    pub heavy: u64,
    /// Requests that met a kill.
    cut_off: u64,
    /// Without a server, in all.
    pub outage: Duration,
    /// Models that have answered.
    pub models: BTreeSet<u32>,
    /// Everything that must not be.
    pub problems: Vec<String>,
    latency: [Duration; 3],
}

impl Report {
    /// `kills`: when the process was killed, and when the next one was ready.
    pub fn of(answers: &[Sent], truth: &Truth, kills: &[(Instant, Instant)]) -> Self {
        let mut report = Self {
            requests: 0,
            fresh: 0,
            heavy: 0,
            cut_off: 0,
            outage: kills.iter().map(|(killed, again)| *again - *killed).sum(),
            models: BTreeSet::new(),
            problems: Vec::new(),
            latency: [Duration::ZERO; 3],
        };
        let mut latencies = Vec::new();
        for sent in answers {
            let meets_kill = kills.iter().any(|(killed, again)| sent.asked <= *again && sent.done >= *killed);
            match sent.judged(truth) {
                Ok(model) => {
                    report.requests += 1;
                    report.fresh += u64::from(sent.fresh);
                    report.heavy += u64::from(sent.rows > 1);
                    report.models.insert(model);
                    // By the time at which it was due: a sender that is held up holds nothing back.
                    if !meets_kill {
                        latencies.push(sent.done - sent.due);
                    }
                }
                // A kept connection learns of the kill with the first request after it. A wrong answer is never excused.
                Err(Problem::Lost(_)) if meets_kill || kills.iter().any(|kill| sent.is_first_after(*kill)) => {
                    report.cut_off += 1;
                }
                Err(Problem::Lost(why) | Problem::Wrong(why)) => report.problems.push(why),
            }
        }
        latencies.sort_unstable();
        if let Some(last) = latencies.len().checked_sub(1) {
            report.latency = [0.5, 0.99, 1.0].map(|q| latencies[(last as f64 * q) as usize]);
        }
        report
    }

    /// In one line.
    pub fn said(&self) -> String {
        let [p50, p99, most] = self.latency.map(|latency| latency.as_secs_f64() * 1e3);
        format!(
            "{} requests answered, {} failed, {} met a kill ({:.2} s without a server); {} on fresh connections, {} heavy; {} models; from due to answer p50 {p50:.2} ms, p99 {p99:.1} ms, most {most:.0} ms",
            self.requests,
            self.problems.len(),
            self.cut_off,
            self.outage.as_secs_f64(),
            self.fresh,
            self.heavy,
            self.models.len()
        )
    }
}

impl Sent {
    /// Whether it went over a connection to the process that was killed.
    fn is_first_after(&self, (_, again): (Instant, Instant)) -> bool {
        let broken = matches!(&self.answer, Err(error) if matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe));
        broken && !self.fresh && self.asked >= again && self.asked - again < Duration::from_secs(2)
    }

    /// The model that answered, or what is wrong with the answer.
    fn judged(&self, truth: &Truth) -> Result<u32, Problem> {
        match &self.answer {
            Ok(answer) => self.model_of(answer, truth).map_err(Problem::Wrong),
            Err(error) => Err(Problem::Lost(format!("request {}: {error}", self.number))),
        }
    }

    fn model_of(&self, answer: &Answer, truth: &Truth) -> Result<u32, String> {
        let number = self.number;
        if answer.status != 200 {
            return Err(format!("request {number}: status {} {}", answer.status, answer.body));
        }
        let mut rows = answer.body.split(',');
        let model = rows.next().and_then(|first| first.parse::<f64>().ok());
        let model = model.ok_or_else(|| format!("request {number}: answer {:.60}", answer.body))? as u32;
        let same = rows.filter(|row| row.parse::<f64>().is_ok_and(|row| row == f64::from(model))).count() + 1;
        if same != self.rows {
            return Err(format!("request {number}: {same} of {} rows are of model {model}", self.rows));
        }
        if answer.variant != variant(model) {
            return Err(format!("request {number}: model {model} answered under the name of {}", answer.variant));
        }
        let allowed = truth.between(self.asked, self.done);
        if !allowed.contains(&model) {
            return Err(format!("request {number}: model {model} answered where only {allowed:?} may"));
        }
        Ok(model)
    }
}
