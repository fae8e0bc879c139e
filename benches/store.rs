//! What durability and snapshots cost: each figure is a ratio to the bare thing, measured in the same run, side by side.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a bench fails by panicking and speaks by printing")]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use counterpoise::domain::bucket::Bucket;
use counterpoise::domain::extras::Extras;
use counterpoise::domain::model::Model;
use counterpoise::domain::s3_uri::S3Uri;
use counterpoise::domain::time::Timestamp;
use counterpoise::store::{Batch, Store};
use counterpoise::util::clock::Clock;
use counterpoise::workspace::Table;

const COMMITS: usize = 300;
const PUTS: usize = 100;
const RESOURCES: usize = 100_000;
const PUBLISHES: usize = 2_000;

fn main() {
    // `cargo test --benches` runs this too, without the argument; there it only has to be built.
    if std::env::args().all(|argument| argument != "--bench") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    commits(folder.path());
    group_commits(folder.path());
    puts(folder.path());
    publish();
    reopen();
}

fn model(n: usize) -> Model {
    Model {
        name: format!("model-{n:06}"),
        image: "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1".to_owned(),
        model_data: S3Uri::new("my-bucket", format!("jobs/job-{n:06}/output/model.tar.gz")),
        environment: BTreeMap::new(),
        execution_role_arn: None,
        created: Timestamp(1_764_000_000_000),
        tags: Vec::new(),
        extras: Extras::default(),
    }
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

/// Median and 99th percentile.
fn quantiles(mut times: Vec<Duration>) -> (Duration, Duration) {
    times.sort_unstable();
    (times[times.len() / 2], times[times.len() * 99 / 100])
}

fn report(what: &str, ours: Vec<Duration>, than: &str, bare: Vec<Duration>) {
    let ((our_median, our_p99), (bare_median, bare_p99)) = (quantiles(ours), quantiles(bare));
    let ratio = our_median.as_secs_f64() / bare_median.as_secs_f64();
    println!("{what}: median {our_median:.1?}, p99 {our_p99:.1?}");
    println!("  {than}: median {bare_median:.1?}, p99 {bare_p99:.1?}");
    println!("  ratio of the medians: {ratio:.*}", if ratio < 0.1 { 5 } else { 2 });
}

/// One record a commit, against appending as many bytes to a file and flushing it. By turns, so that both meet the same disk.
fn commits(folder: &Path) {
    let store = Store::open(&folder.join("commits"), &Clock::system()).unwrap().store;
    let mut bare = File::create(folder.join("bare")).unwrap();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for n in 0..COMMITS {
        let model = model(n);
        let bytes = serde_json::to_vec(&model).unwrap();
        ours.push(timed(|| {
            let mut batch = Batch::new();
            batch.put(store.models(), &model.name, &model);
            store.commit(batch).unwrap();
        }));
        theirs.push(timed(|| {
            bare.write_all(&bytes).unwrap();
            bare.sync_data().unwrap();
        }));
    }
    report("commit of one record", ours, "append of the same size + fsync", theirs);
}

/// Eight writers at once share flushes; the ratio is to one writer.
fn group_commits(folder: &Path) {
    let store = Store::open(&folder.join("group"), &Clock::system()).unwrap().store;
    let write = |writer: usize, count: usize| {
        for n in 0..count {
            let mut batch = Batch::new();
            batch.put(store.models(), &format!("{writer}-{n}"), &model(n));
            store.commit(batch).unwrap();
        }
    };
    let alone = timed(|| write(0, COMMITS)).as_secs_f64();
    let together = timed(|| {
        std::thread::scope(|scope| {
            for writer in 1..=8 {
                let write = &write;
                scope.spawn(move || write(writer, COMMITS));
            }
        });
    })
    .as_secs_f64();
    let (alone, together) = (COMMITS as f64 / alone, 8.0 * COMMITS as f64 / together);
    println!("commits a second: {alone:.0} by one writer, {together:.0} by eight\n  ratio: {:.2}", together / alone);
}

/// An object of 64 kB, against a file that is written, flushed, renamed and whose folder is flushed.
fn puts(folder: &Path) {
    let store = Store::open(&folder.join("puts"), &Clock::system()).unwrap().store;
    let bucket = Bucket { name: "my-bucket".to_owned(), created: Timestamp(1), tags: Vec::new() };
    store.objects().create_bucket(&bucket).unwrap();
    let body = vec![7_u8; 64 * 1024];
    let (temporary, target) = (folder.join("body.tmp"), folder.join("body"));
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for n in 0..PUTS {
        let to = S3Uri::new("my-bucket", format!("data/part-{n}.csv"));
        ours.push(timed(|| drop(store.objects().put(&to, &mut body.as_slice(), None).unwrap())));
        theirs.push(timed(|| {
            let mut file = File::create(&temporary).unwrap();
            file.write_all(&body).unwrap();
            file.sync_all().unwrap();
            fs::rename(&temporary, &target).unwrap();
            File::open(folder).unwrap().sync_all().unwrap();
        }));
    }
    report("put of an object of 64 kB", ours, "write + fsync + rename + fsync of the folder", theirs);
}

/// What the engine does for each published change: replace one resource of 100,000 and hand out a copy. Against copying a `BTreeMap`.
fn publish() {
    let rows: Vec<(String, Arc<Model>)> = (0..RESOURCES).map(|n| (model(n).name, Arc::new(model(n)))).collect();
    let mut table: Table<Model> = Table::default();
    for (name, row) in &rows {
        table.insert(name.clone(), Arc::clone(row));
    }
    let mut map: BTreeMap<String, Arc<Model>> = rows.into_iter().collect();
    let (mut ours, mut theirs, mut held) = (Vec::new(), Vec::new(), table.clone());
    for n in 0..PUBLISHES {
        let changed = Arc::new(model(n * 7_919 % RESOURCES));
        let name = changed.name.clone();
        ours.push(timed(|| {
            table.insert(name, changed);
            held = black_box(table.clone());
        }));
    }
    for n in 0..20 {
        let changed = Arc::new(model(n * 7_919 % RESOURCES));
        let name = changed.name.clone();
        let mut copy = BTreeMap::new();
        theirs.push(timed(|| {
            map.insert(name, changed);
            copy = black_box(map.clone());
        }));
    }
    assert_eq!(held.len(), RESOURCES);
    report("snapshot of 100,000 resources", ours, "copy of a BTreeMap", theirs);
}

/// Opening, checking and reading everything, against reading and parsing the same JSON from one file.
fn reopen() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::system();
    let mut lines = String::new();
    {
        let store = Store::open(folder.path(), &clock).unwrap().store;
        let mut batch = Batch::new();
        for n in 0..RESOURCES {
            batch.put(store.models(), &model(n).name, &model(n));
            lines.push_str(&serde_json::to_string(&model(n)).unwrap());
            lines.push('\n');
        }
        store.commit(batch).unwrap();
        println!("backup of 100,000 records: {:.0?}", timed(|| drop(store.backup_now().unwrap())));
    }
    let file = folder.path().join("lines.jsonl");
    fs::write(&file, lines).unwrap();
    let mut count = 0;
    let ours = timed(|| count = Store::open(folder.path(), &clock).unwrap().store.models().all().unwrap().len());
    assert_eq!(count, RESOURCES);
    let theirs = timed(|| {
        let text = fs::read_to_string(&file).unwrap();
        count = text.lines().filter(|line| serde_json::from_str::<Model>(line).is_ok()).count();
    });
    assert_eq!(count, RESOURCES);
    report("opening 100,000 records", vec![ours], "reading and parsing the same JSON", vec![theirs]);
}
