//! The code that the window shows, given to real clients: a living workspace, its snippets as files, and waiting until they were run.
//!
//! `tests/aws/test_snippets.py` runs `COUNTERPOISE_SNIPPETS=folder cargo test --test it gui::snippets::` and then each file of the folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use counterpoise::domain::s3_uri::S3Uri;
use counterpoise::gui::snippets::{self, Language, Row, Snippet};
use counterpoise::workspace::Snapshot;

use crate::support::live::{BUCKET, Live};

/// A test that waits for a client that never comes ends nevertheless.
const PATIENCE: Duration = Duration::from_mins(15);

/// The row that the seeded endpoint understands.
fn row() -> Row {
    Row { body: "3,1".to_owned(), content_type: "text/csv".to_owned() }
}

/// A workspace with one of everything, and a job that will not end by itself.
fn seed(live: &Live) {
    live.with_house_prices();
    live.make_model("prices-a", 5);
    live.make_model("prices-b", 6);
    live.make_config("prices-ab", &[("prices-a", 3.0), ("prices-b", 1.0)]);
    live.make_config("prices-b-only", &[("prices-b", 1.0)]);
    live.put_in_service("prices-live", "prices-ab");
    live.start_job("endless", 1_000_000);
}

/// All snippets of that world, in an order in which each still finds what it needs: deleting comes last, endpoints first.
fn all(snapshot: &Snapshot) -> Vec<(&'static str, Snippet)> {
    let mut out: Vec<(&str, Snippet)> = Vec::new();
    let mut add = |about: &'static str, snippets: Vec<Snippet>| {
        out.extend(snippets.into_iter().map(|snippet| (about, snippet)));
    };
    add("bucket", snippets::bucket(snapshot, BUCKET, ""));
    add("folder", snippets::bucket(snapshot, BUCKET, "train/"));
    add("object", snippets::object(snapshot, &S3Uri::new(BUCKET, "train/rows.csv")));
    add("job", snippets::training_job(snapshot, snapshot.training_jobs.get("prices-a").unwrap()));
    add("endless", snippets::training_job(snapshot, snapshot.training_jobs.get("endless").unwrap()));
    add("endpoint", snippets::endpoint(snapshot, snapshot.endpoints.get("prices-live").unwrap(), &row()));
    add("config", snippets::endpoint_config(snapshot, snapshot.endpoint_configs.get("prices-ab").unwrap()));
    add("model", snippets::model(snapshot, snapshot.models.get("prices-a").unwrap()));
    // One like the endless one would be endless too.
    out.retain(|(about, snippet)| !(*about == "endless" && snippet.title == "Start one like it"));
    out
}

fn write(live: &Live, folder: &Path) {
    let snapshot = live.workspace.snapshot();
    let mut numbers: BTreeMap<Language, usize> = BTreeMap::new();
    for (about, snippet) in all(&snapshot) {
        let language = match snippet.language {
            Language::Boto3 => "boto3",
            Language::Cli => "cli",
            Language::Curl => "curl",
            Language::Sdk => "sdk",
        };
        let number = numbers.entry(snippet.language).or_default();
        *number += 1;
        let ending = if snippet.language.is_python() { "py" } else { "sh" };
        let title = snippet.title.to_lowercase().replace(' ', "-");
        let folder = folder.join(language);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{number:02}-{about}-{title}.{ending}")), &snippet.text).unwrap();
    }
    let key = &snapshot.info.access_key;
    let ready = format!("{}\n{}\n{}\n{}\n", live.url(), snapshot.info.account.region, key.id, key.secret);
    std::fs::write(folder.join("ready.new"), ready).unwrap();
    std::fs::rename(folder.join("ready.new"), folder.join("ready")).unwrap();
}

#[test]
fn for_clients() {
    let Some(folder) = std::env::var_os("COUNTERPOISE_SNIPPETS").map(PathBuf::from) else { return };
    let data = tempfile::tempdir().unwrap();
    let live = Live::open(data.path());
    seed(&live);
    write(&live, &folder);
    let deadline = Instant::now() + PATIENCE;
    while !folder.join("done").exists() {
        assert!(Instant::now() < deadline, "nobody said that the snippets were run");
        std::thread::sleep(Duration::from_millis(20));
    }
    // A client that waits for the end of the program needs no patience for the endless job.
    let _ = live.ask(counterpoise::workspace::Command::StopTrainingJob { name: "endless".to_owned() });
    live.close();
}

#[test]
fn every_language_says_the_same_things_about_the_real_resources() {
    let data = tempfile::tempdir().unwrap();
    let live = Live::open(data.path());
    live.with_house_prices();
    live.make_model("prices-a", 2);
    live.make_model("prices-b", 3);
    live.make_config("prices-ab", &[("prices-a", 3.0), ("prices-b", 1.0)]);
    live.put_in_service("prices-live", "prices-ab");
    live.start_job("endless", 1_000_000);
    live.make_config("prices-b-only", &[("prices-b", 1.0)]);
    let snapshot = live.workspace.snapshot();
    let all = all(&snapshot);
    let titles = |language: Language| -> Vec<(&str, &str)> {
        let of = all.iter().filter(|(_, snippet)| snippet.language == language);
        of.map(|(about, snippet)| (*about, snippet.title.as_str())).collect()
    };
    for language in Language::ALL {
        assert_eq!(titles(language), titles(Language::Boto3), "{language:?}");
    }
    let url = live.url();
    for (about, snippet) in &all {
        let text = &snippet.text;
        // Without its environment an SDK program would speak to AWS: it says where to get it.
        let address = if snippet.language == Language::Sdk { "counterpoise env" } else { url.as_str() };
        assert!(text.contains(address), "{about}: {text}");
        assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{about}: {text:?}");
        assert!(!text.contains(&snapshot.info.access_key.secret), "the secret stays in the environment");
    }
    let find = |about: &str, title: &str, language: Language| -> String {
        let found = all.iter().find(|(a, s)| *a == about && s.title == title && s.language == language);
        found.unwrap_or_else(|| panic!("{about}: {title}")).1.text.clone()
    };
    let weights = find("endpoint", "Move the weights", Language::Cli);
    assert!(weights.contains("\"DesiredWeight\": 3}") && weights.contains("\"prices-b\""), "{weights}");
    let again = find("job", "Start one like it", Language::Boto3);
    assert!(again.contains("TrainingJobName=\"prices-a-1\"") && again.contains("\"num_round\": \"2\""), "{again}");
    assert!(find("endpoint", "Move it to another configuration", Language::Curl).contains("prices-b-only"));
    let _ = live.ask(counterpoise::workspace::Command::StopTrainingJob { name: "endless".to_owned() });
}
