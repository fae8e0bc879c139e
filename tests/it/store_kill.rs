//! Killed in the middle of writing, again and again: whatever was acknowledged is there afterwards.
//!
//! The child is this very test binary, told by an environment variable to write and to print a line for each acknowledged write.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use counterpoise::domain::bucket::Bucket;
use counterpoise::domain::extras::Extras;
use counterpoise::domain::model::Model;
use counterpoise::domain::s3_uri::S3Uri;
use counterpoise::domain::time::Timestamp;
use counterpoise::store::{Batch, Opened, Store, StoreError};
use counterpoise::util::clock::Clock;
use counterpoise::util::seed::Rng;

/// Set for the child: the workspace's folder.
const FOLDER: &str = "COUNTERPOISE_TEST_STORE_KILL";
/// Set for the child: the number of its first write.
const FIRST: &str = "COUNTERPOISE_TEST_STORE_KILL_FIRST";
/// Printed before each acknowledgement, so that the test runner's own lines are told apart.
const ACK: &str = "ack ";
const BUCKET: &str = "my-bucket";
/// Keys are used over and over, so that writes replace each other.
const KEYS: u64 = 7;

/// Records that are used over and over.
const SLOTS: u64 = 20;

fn model(n: u64) -> Model {
    Model {
        name: format!("m{n}"),
        image: "xgboost".to_owned(),
        model_data: S3Uri::new(BUCKET, format!("k{n}")),
        environment: BTreeMap::from([("n".to_owned(), n.to_string())]),
        execution_role_arn: None,
        created: Timestamp(i64::try_from(n).unwrap()),
        tags: Vec::new(),
        extras: Extras::default(),
    }
}

/// Some kilobytes, now and then more than the database keeps within its log.
fn padded(n: u64) -> Model {
    let length = if n.is_multiple_of(37) { 200_000 } else { 4_000 };
    Model { execution_role_arn: Some("x".repeat(length)), ..model(n) }
}

/// The number, then up to 200 kB of noise.
fn body(n: u64) -> Vec<u8> {
    let mut rng = Rng::new(n);
    let words = rng.below(25_000);
    std::iter::once(n).chain((0..words).map(|_| rng.next_u64())).flat_map(u64::to_le_bytes).collect()
}

fn key(n: u64) -> String {
    format!("a/Key-{}", n % KEYS)
}

fn uri(n: u64) -> S3Uri {
    S3Uri::new(BUCKET, key(n))
}

/// One step of the child: a batch over two tables, an object, and now and then a deletion. In the order of the acknowledgements.
fn step(store: &Store, n: u64) -> Result<(), StoreError> {
    let mut batch = Batch::new();
    batch.put(store.models(), &format!("a{n}"), &model(n)).put(store.models(), &format!("b{n}"), &model(n));
    // Written over and over, so that the database has old pages to clear away while it is killed.
    batch.put(store.models(), &format!("c{}", n % SLOTS), &padded(n));
    if n % 3 == 2 {
        batch.delete(store.models(), &format!("c{}", (n - 1) % SLOTS));
    }
    batch.set_meta("newest", &n);
    store.commit(batch)?;
    acknowledge("batch", n);
    store.objects().put(&uri(n), &mut body(n).as_slice(), None)?;
    acknowledge("put", n);
    if n % 5 == 4 {
        store.objects().delete(&uri(n - 2))?;
        acknowledge("delete", n - 2);
    }
    if n % 11 == 10 {
        store.backup_now()?;
    }
    Ok(())
}

fn acknowledge(what: &str, n: u64) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{ACK}{what} {n}").unwrap();
    out.flush().unwrap();
}

/// Not a test of its own: what the child runs. In the parent the variable is not set, and there is nothing to do.
#[test]
fn child_writes_until_it_is_killed() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let first: u64 = std::env::var(FIRST).unwrap().parse().unwrap();
    let store = Store::open(Path::new(&folder), &Clock::system()).unwrap().store;
    for n in first.. {
        if let Err(error) = step(&store, n) {
            acknowledge(&format!("error {error} |"), n);
            return;
        }
    }
}

fn child(folder: &Path, first: u64, shell: Option<&str>) -> Child {
    let binary = std::env::current_exe().unwrap();
    let arguments = ["store_kill::child_writes_until_it_is_killed", "--exact", "--nocapture"];
    let mut command = if let Some(before) = shell {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("{before}; exec \"$0\" \"$@\"")]).arg(binary);
        command
    } else {
        Command::new(binary)
    };
    command.args(arguments).env(FOLDER, folder).env(FIRST, first.to_string());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

/// What the child has acknowledged so far, and what the next start must find.
#[derive(Debug, Default)]
struct Acknowledged {
    newest_batch: Option<u64>,
    /// By key: the number of the body that is there, or `None` for one that was deleted.
    objects: BTreeMap<String, Option<u64>>,
    writes: usize,
    error: Option<String>,
}

impl Acknowledged {
    fn note(&mut self, line: &str) {
        // The test runner prints the test's name without a line's end before the first of ours.
        let Some((_, said)) = line.split_once(ACK) else { return };
        let (what, n) = said.rsplit_once(' ').unwrap();
        let n: u64 = n.parse().unwrap();
        self.writes += 1;
        match what {
            "batch" => self.newest_batch = Some(n),
            "put" => drop(self.objects.insert(key(n), Some(n))),
            "delete" => drop(self.objects.insert(key(n), None)),
            error => self.error = Some(error.to_owned()),
        }
    }
}

/// Opens what the child left behind, checks all of it, and notes it for the next time. Answers the number to go on with.
fn check(folder: &Path, seen: &mut Acknowledged, cycle: u64) -> u64 {
    let Opened { store, restored, .. } = Store::open(folder, &Clock::system()).unwrap();
    assert_eq!(restored, None, "cycle {cycle}");
    let newest: Option<u64> = store.meta("newest").unwrap();
    assert!(newest >= seen.newest_batch, "cycle {cycle}: acknowledged {:?}, found {newest:?}", seen.newest_batch);
    for n in 0..=newest.unwrap_or_default() {
        for name in ["a", "b"] {
            let found = store.models().get(&format!("{name}{n}")).unwrap();
            assert_eq!(found, newest.map(|_| model(n)), "cycle {cycle}: {name}{n} of a batch up to {newest:?}");
        }
    }
    for slot in 0..SLOTS {
        let last = newest.and_then(|newest| (0..=newest).rev().find(|n| n % SLOTS == slot));
        // Step n + 1 deletes what step n wrote, where n + 1 is 2 modulo 3.
        let kept = last.filter(|n| n % 3 != 1 || Some(n + 1) > newest);
        let found = store.models().get(&format!("c{slot}")).unwrap();
        assert!(found == kept.map(padded), "cycle {cycle}: c{slot} is not that of {kept:?}");
    }
    // The write that was under way may be there or not, but an object is always one whole body with the record that fits it.
    let under_way = newest.map_or(0, |newest| newest + 1);
    for k in 0..KEYS {
        let uri = uri(k);
        let found = match store.objects().open(&uri) {
            Ok((object, mut file)) => {
                let mut bytes = Vec::new();
                file.read_to_end(&mut bytes).unwrap();
                assert_eq!(object.size, bytes.len() as u64, "cycle {cycle}: {uri}");
                let n = u64::from_le_bytes(bytes[..8].try_into().unwrap());
                assert!(n <= under_way && key(n) == uri.key, "cycle {cycle}: {uri} holds the body of {n}");
                assert!(body(n) == bytes, "cycle {cycle}: {uri} holds a piece of the body of {n}");
                Some(n)
            }
            Err(StoreError::NoObject(_)) => None,
            Err(error) => panic!("cycle {cycle}: {error}"),
        };
        let acknowledged = seen.objects.get(&uri.key).copied().flatten();
        let could_be_newer = found > acknowledged && found >= seen.newest_batch;
        // A deletion that was under way takes whatever is under its key.
        let steps = seen.newest_batch.unwrap_or_default()..=under_way;
        let could_be_deleted = found.is_none() && steps.into_iter().any(|n| n % 5 == 4 && key(n - 2) == uri.key);
        assert!(
            found == acknowledged || could_be_newer || could_be_deleted,
            "cycle {cycle}: {uri} is {found:?}, acknowledged was {acknowledged:?}"
        );
        // What is there now has to be there the next time, acknowledged or not.
        seen.objects.insert(uri.key, found);
    }
    seen.newest_batch = newest;
    under_way
}

fn fresh_workspace(folder: &Path) {
    let store = Store::open(folder, &Clock::system()).unwrap().store;
    store.objects().create_bucket(&Bucket { name: BUCKET.to_owned(), created: Timestamp(1), tags: vec![] }).unwrap();
    store.close().unwrap();
}

#[test]
fn every_acknowledged_write_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    fresh_workspace(folder.path());
    let mut rng = Rng::new(20_261_123);
    let mut seen = Acknowledged::default();
    let mut first = 0;
    for cycle in 0..12 {
        let mut child = child(folder.path(), first, None);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // At a number of acknowledgements, and then a little later by the processor's own count: in the middle of whatever it is doing.
        let until = seen.writes + 1 + rng.below(25);
        while seen.writes < until {
            seen.note(&lines.next().expect("the child writes until it is killed").unwrap());
        }
        for _ in 0..rng.below(3_000_000) {
            std::hint::spin_loop();
        }
        // Alive, it keeps everybody else out, and is named.
        let second = Store::open(folder.path(), &Clock::system()).unwrap_err();
        assert!(
            matches!(&second, StoreError::Locked { pid: Some(pid), since: Some(_), .. } if *pid == child.id()),
            "{second}"
        );
        child.kill().unwrap();
        child.wait().unwrap();
        for line in lines {
            seen.note(&line.unwrap());
        }
        assert_eq!(seen.error, None);
        first = check(folder.path(), &mut seen, cycle);
    }
    assert!(seen.writes >= 100, "only {} writes", seen.writes);
}

/// A limit on the size of files stands in for a full disk: the system refuses in the middle of a write.
#[cfg(unix)]
#[test]
fn every_acknowledged_write_survives_a_disk_that_takes_no_more() {
    let folder = tempfile::tempdir().unwrap();
    fresh_workspace(folder.path());
    let mut seen = Acknowledged::default();
    let mut first = 0;
    for cycle in 0..2 {
        // Blocks of 512 bytes: room for one more segment of the database's log.
        let blocks = std::fs::metadata(folder.path().join("db/db")).unwrap().len() / 512 + 1_100;
        let writes = seen.writes;
        let mut child = child(folder.path(), first, Some(&format!("trap '' XFSZ; ulimit -f {blocks}")));
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            seen.note(&line.unwrap());
        }
        let ended = child.wait().unwrap();
        let error = seen.error.take().unwrap_or_else(|| panic!("{ended}, after {} writes", seen.writes));
        assert!(error.contains("could not") || error.contains("failed to"), "{error}");
        assert!(seen.writes > writes, "{error}");
        first = check(folder.path(), &mut seen, cycle);
    }
}
