//! The process under load: this very test binary with a whole system in it, told by lines what to do to the endpoint `live`.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{ChildStdin, Command as Program, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use counterpoise::domain::deployment::{Capacity, DeploymentPlan, Routing};
use counterpoise::domain::endpoint::{DeploymentStage, Retain};
use counterpoise::domain::extras::Extras;
use counterpoise::workspace::Command;

use crate::engine::lab::Lab;

const FOLDER: &str = "COUNTERPOISE_TEST_LOAD";
const PORT: &str = "COUNTERPOISE_TEST_LOAD_PORT";
/// Before each answer, so that the test runner's own lines are told apart.
const ACK: &str = "ack ";
const LIMIT: Duration = Duration::from_secs(90);
const NAME: &str = "live";

pub struct Child {
    process: std::process::Child,
    orders: ChildStdin,
    answers: Receiver<String>,
    pub port: u16,
}

impl Child {
    /// Opens the folder in a process of its own; returns when the endpoint serves.
    pub fn start(folder: &Path, port: u16) -> Self {
        let mut process = Program::new(std::env::current_exe().unwrap())
            .args(["load::child::does_as_told_until_it_ends", "--exact", "--nocapture"])
            .env(FOLDER, folder)
            .env(PORT, port.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let (sender, answers) = channel();
        let output = BufReader::new(process.stdout.take().unwrap());
        std::thread::spawn(move || {
            let answers = output.lines().map_while(Result::ok);
            // The runner may print the test's name before the first line.
            answers
                .filter_map(|line| line.split_once(ACK).map(|(_, said)| said.to_owned()))
                .try_for_each(|said| sender.send(said))
        });
        let mut child = Self { orders: process.stdin.take().unwrap(), process, answers, port };
        child.port = child.answer().strip_prefix("ready ").unwrap().parse().unwrap();
        child
    }

    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// Gives an order and waits for the answer.
    pub fn ask(&mut self, order: &str) -> String {
        writeln!(self.orders, "{order}").unwrap();
        self.orders.flush().unwrap();
        self.answer()
    }

    fn answer(&self) -> String {
        self.answers.recv_timeout(LIMIT).expect("the child answers")
    }

    /// SIGKILL; when.
    pub fn kill(&mut self) -> Instant {
        let at = Instant::now();
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        at
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Not a test of its own: what the child runs. In the parent the variable is not set, and there is nothing to do.
#[test]
fn does_as_told_until_it_ends() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let port = std::env::var(PORT).unwrap().parse().unwrap();
    let lab = Lab::open_on(Path::new(&folder), port);
    let address = lab.world().info.base_url.clone().unwrap();
    say(&format!("ready {}", address.rsplit_once(':').unwrap().1));
    for order in std::io::stdin().lock().lines().map_while(Result::ok) {
        obey(&lab, &order);
    }
    lab.close();
}

fn say(what: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{ACK}{what}").unwrap();
    out.flush().unwrap();
}

fn obey(lab: &Lab, order: &str) {
    match order.split(' ').collect::<Vec<_>>().as_slice() {
        ["update", config, way] => {
            let routing = Routing::Canary { size: Capacity::Percent(10), wait_s: 1 };
            let plan = match *way {
                "canary" => DeploymentPlan { routing, bake_s: 1, ..DeploymentPlan::default() },
                _ => DeploymentPlan::default(),
            };
            lab.ok(update(config, plan));
            say_who_serves(lab);
        }
        ["begin", config] => {
            lab.ok(update(config, DeploymentPlan::default()));
            say(&format!("building {config}"));
        }
        ["shift", config, wait_s] => {
            let routing = Routing::Canary { size: Capacity::Percent(50), wait_s: wait_s.parse().unwrap() };
            lab.ok(update(config, DeploymentPlan { routing, ..DeploymentPlan::default() }));
            lab.wait("traffic to move", |world| {
                let stage = world.endpoints.get(NAME)?.deployments.last()?.stage();
                (stage == DeploymentStage::Shifting).then_some(())
            });
            say(&format!("shifting {config}"));
        }
        ["rollback"] => {
            lab.ok(Command::RollBackEndpoint { name: NAME.into() });
            say_who_serves(lab);
        }
        ["weights", pairs] => {
            let pair = |pair: &str| {
                let (variant, weight) = pair.split_once('=').unwrap();
                (variant.to_owned(), weight.parse().unwrap())
            };
            let weights = pairs.split(',').map(pair).collect();
            lab.ok(Command::UpdateWeights { name: NAME.into(), weights, instance_counts: Vec::new() });
            say("weights set");
        }
        ["settled"] => say_who_serves(lab),
        _ => panic!("an order that nobody understands: {order}"),
    }
}

fn update(config: &str, plan: DeploymentPlan) -> Command {
    let retain = Retain::NOTHING;
    Command::UpdateEndpoint { name: NAME.into(), config_name: config.into(), retain, plan, extras: Extras::default() }
}

/// Once nothing changes any more: which configuration serves, what its last deployment cost, and why it went back if it did.
fn say_who_serves(lab: &Lab) {
    let endpoint = lab.settled(NAME);
    let failed = endpoint.deployments.last().unwrap().failed_requests;
    let because = endpoint.failure_reason.as_ref().map_or_else(String::new, |why| format!(" because {why}"));
    say(&format!("serving {} with {failed} failed{because}", endpoint.config_name).replace('\n', " "));
}
