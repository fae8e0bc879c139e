//! Every piece of code that the window shows, run as it stands by real clients against the workspace that it speaks of.
//!
//! A window over a living workspace goes from page to page, as a person would: the Code tab of every resource and the Code button of every form,
//! in one language after the other. What Copy puts on the clipboard is run, and what it was to do is looked for in the workspace.
//! Needs `COUNTERPOISE_CLIENTS`, the folder of Python environments that tests/run makes, and says so when it is left out.

mod clients;
mod desk;

use counterpoise::domain::data_capture::DataCapture;
use counterpoise::domain::endpoint::EndpointStatus;
use counterpoise::domain::s3_uri::S3Uri;
use counterpoise::domain::training_job::TrainingJobStatus;
use counterpoise::gui::route::Route;
use counterpoise::gui::snippets::{self, Language, Row, Snippet};
use counterpoise::workspace::Snapshot;

use self::clients::Client;
use self::desk::Desk;
use crate::support::live::{BUCKET, Live};

/// A workspace with one of everything, and a job that will not end by itself.
fn seed(live: &Live) {
    live.with_house_prices();
    live.make_model("prices-a", 5);
    live.make_model("prices-b", 6);
    let capture = DataCapture { sampling_percent: 40, ..DataCapture::to(S3Uri::new(BUCKET, "captured")) };
    live.make_capturing_config("prices-ab", &[("prices-a", 3.0), ("prices-b", 1.0)], Some(capture));
    live.make_config("prices-b-only", &[("prices-b", 1.0)]);
    live.put_in_service("prices-live", "prices-ab");
    live.start_job("endless", 1_000_000);
}

/// A place of the window with code, and how one gets at it.
struct Page {
    route: Route,
    /// What is pressed in turn before the code is there.
    presses: &'static [&'static str],
}

fn pages() -> Vec<Page> {
    let name = |name: &str| name.to_owned();
    let page = |route, presses| Page { route, presses };
    let folder = |prefix: &str| Route::Bucket { name: name(BUCKET), prefix: name(prefix) };
    let config = |clone_of: Option<&str>| Route::NewEndpointConfig { clone_of: clone_of.map(name), models: Vec::new() };
    vec![
        // What would run for ever goes first.
        page(Route::TrainingJob(name("endless")), &["Code"]),
        page(folder(""), &["Code"]),
        page(folder("train/"), &["Code"]),
        page(folder("train/"), &["Objects", "rows.csv", "Show code of the object"]),
        page(Route::TrainingJob(name("prices-a")), &["Code"]),
        page(Route::NewTrainingJob { clone_of: Some(name("prices-a")) }, &["Step 5: Review", "Show code"]),
        page(Route::NewModel { from_job: Some(name("prices-a")) }, &["Show code"]),
        page(config(Some("prices-ab")), &["Show code"]),
        page(Route::NewEndpoint { config: Some(name("prices-ab")) }, &["Show code"]),
        page(Route::NewEndpoint { config: None }, &["Straight from models", "Show code"]),
        page(Route::Endpoint(name("prices-live")), &["Code"]),
        // Deleting comes last.
        page(Route::EndpointConfig(name("prices-ab")), &["Code"]),
        page(Route::Model(name("prices-a")), &["Code"]),
    ]
}

#[allow(clippy::print_stdout, clippy::print_stderr, reason = "what was left out should be known")]
/// Walks through all pages, and runs all that they show in one language.
fn run_all(language: Language) {
    let data = tempfile::tempdir().unwrap();
    let live = Live::open(data.path());
    let mut client = match Client::of(language, &live.workspace.snapshot().info) {
        Ok(client) => client,
        Err(why) => {
            eprintln!("left out: snippets for {}: {why}", language.as_str());
            return;
        }
    };
    if language.is_python() {
        // What takes long to load is loaded before a job begins that does not end by itself.
        client.run(if language == Language::Sdk { "import sagemaker\n" } else { "import boto3\n" }).unwrap();
    }
    seed(&live);
    std::fs::write(client.folder().join("data.csv"), "1,2,3\n").unwrap();
    let mut desk = Desk::open(&live);
    let mut ran = 0;
    for Page { route, presses } in pages() {
        for (title, text) in desk.snippets(&route, presses, language) {
            if title == "Start one like it" && text.contains("1000000") {
                // One like the endless one would be endless too.
                continue;
            }
            if title == "Upload it anew" {
                std::fs::write(client.folder().join("rows.csv"), "1,2,3\n4,5,6\n").unwrap();
            }
            let before = live.workspace.snapshot();
            let said = client.run(&text).unwrap_or_else(|said| panic!("{route:?}: {title}:\n{text}\n{said}"));
            let did = did(&live, &client, &before, (&route, &title), &said);
            assert!(did, "{route:?}: {title} did not do what it says:\n{text}\n{said}");
            ran += 1;
        }
    }
    // 13 pages, and most of them say more than one thing.
    assert!(ran >= 32, "{ran} snippets ran");
    println!("{ran} snippets ran with {}", language.as_str());
    live.close();
}

/// Whether a snippet did what its title says.
fn did(live: &Live, client: &Client, before: &Snapshot, (route, title): (&Route, &str), said: &str) -> bool {
    let grew = |of: fn(&Snapshot) -> usize, by: isize| {
        live.until(title, |now| (of(now).checked_signed_diff(of(before)) == Some(by)).then_some(true))
    };
    let object = |key: &str| live.workspace.snapshot().objects.get(BUCKET).and_then(|all| all.get(key).cloned());
    let jobs_are_over = || {
        live.until("the job", |now| {
            let last = now.training_jobs.values().max_by_key(|job| job.created)?;
            last.status.is_final().then(|| last.status == TrainingJobStatus::Completed)
        })
    };
    let endpoints_serve = || {
        live.until("the endpoint", |now| {
            let quiet = now.endpoints.values().all(|endpoint| !endpoint.status.is_changing());
            quiet.then(|| now.endpoints.values().all(|endpoint| endpoint.status == EndpointStatus::InService))
        })
    };
    let answers = || said.split(|c: char| c.is_whitespace()).any(|word| word.parse::<f64>().is_ok_and(|v| v > 1.0));
    match (route, title) {
        (Route::TrainingJob(name), "Look at it") => {
            said.contains(before.training_jobs.get(name).unwrap().status.as_str())
        }
        (Route::TrainingJob(name), "Stop it") => {
            live.until("the stop", |now| now.training_jobs.get(name).filter(|job| job.status.is_final()).cloned())
                .status
                == TrainingJobStatus::Stopped
        }
        (Route::TrainingJob(_) | Route::NewTrainingJob { .. }, "Start one like it" | "Start it") => {
            grew(|now| now.training_jobs.len(), 1) && jobs_are_over()
        }
        (Route::Bucket { .. }, "List what is in it" | "List this folder") => said.contains("rows.csv"),
        (Route::Bucket { prefix, .. }, "Upload a file") => object(&format!("{prefix}data.csv")).is_some(),
        (Route::Bucket { .. }, "Make another one") => grew(|now| now.buckets.len(), 1),
        (Route::Bucket { .. }, "Look at it") => {
            // The SDK lists keys; the others show the head of the object.
            said.contains("rows.csv") || said.contains(&object("train/rows.csv").unwrap().etag)
        }
        (Route::Bucket { .. }, "Download it") => {
            let came = std::fs::read(client.folder().join("rows.csv")).unwrap();
            came.len() as u64 == object("train/rows.csv").unwrap().size
        }
        (Route::Bucket { .. }, "Upload it anew") => object("train/rows.csv").unwrap().size == 12,
        (Route::NewModel { .. } | Route::Model(_), "Make it" | "Make one like it") => grew(|now| now.models.len(), 1),
        (Route::Model(_), "Look at it") => said.contains("model.tar.gz"),
        (Route::Model(_), "Delete it") => grew(|now| now.models.len(), -1),
        (Route::NewEndpointConfig { .. } | Route::EndpointConfig(_), "Make it" | "Make one like it") => {
            let captured = |now: &Snapshot| {
                now.endpoint_configs.values().filter_map(|config| config.data_capture.clone()).collect::<Vec<_>>()
            };
            let now = captured(&live.workspace.snapshot());
            grew(|now| now.endpoint_configs.len(), 1)
                && now.len() == captured(before).len() + 1
                && now.iter().all(|capture| *capture == now[0])
        }
        (Route::NewEndpoint { .. }, "Make its configuration") => grew(|now| now.endpoint_configs.len(), 1),
        (Route::EndpointConfig(_) | Route::Endpoint(_), "Look at it") => {
            said.contains("prices-a") && said.contains("prices-b")
        }
        (Route::EndpointConfig(_), "Delete it") => grew(|now| now.endpoint_configs.len(), -1),
        (Route::NewEndpoint { .. } | Route::Endpoint(_), "Make it" | "Make one like it") => {
            grew(|now| now.endpoints.len(), 1) && endpoints_serve()
        }
        (Route::Endpoint(_), "Invoke it" | "Invoke one variant") => answers(),
        // They were so before; that they are taken is what the client's own success says.
        (Route::Endpoint(name), "Move the weights") => {
            let now = live.workspace.snapshot();
            now.endpoints.get(name).unwrap().variants.iter().map(|variant| variant.weight).eq([3.0, 1.0])
        }
        (Route::Endpoint(name), "Move it to another configuration") => {
            let other = before.endpoints.get(name).unwrap().config_name.clone();
            endpoints_serve()
                && live.until("the move", |now| (now.endpoints.get(name)?.config_name != other).then_some(true))
        }
        // Tables of Python have numbers alone, the others say what they are.
        (Route::Endpoint(_), "See its metrics") => said.contains("Average") || answers(),
        (Route::Endpoint(_), "Delete it") => grew(|now| now.endpoints.len(), -1),
        _ => panic!("nobody knows what {title} of {route:?} is to do"),
    }
}

#[test]
fn boto3_runs_all_that_is_shown() {
    run_all(Language::Boto3);
}

#[test]
fn the_aws_cli_runs_all_that_is_shown() {
    run_all(Language::Cli);
}

#[test]
fn curl_runs_all_that_is_shown() {
    run_all(Language::Curl);
}

#[test]
fn the_sagemaker_sdk_runs_all_that_is_shown() {
    run_all(Language::Sdk);
}

/// The row that the seeded endpoint understands.
fn row() -> Row {
    Row { body: "3,1".to_owned(), content_type: "text/csv".to_owned() }
}

/// All snippets of that world.
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

#[test]
fn every_language_says_the_same_things_about_the_real_resources() {
    let data = tempfile::tempdir().unwrap();
    let live = Live::open(data.path());
    seed(&live);
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
    assert!(again.contains("TrainingJobName=\"prices-a-1\"") && again.contains("\"num_round\": \"5\""), "{again}");
    assert!(find("endpoint", "Move it to another configuration", Language::Curl).contains("prices-b-only"));
    let _ = live.ask(counterpoise::workspace::Command::StopTrainingJob { name: "endless".to_owned() });
}
