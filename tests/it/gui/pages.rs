//! Data, Training, Models and Endpoint configs, by accessible name: what a person does there and which commands come of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use counterpoise::domain::algorithm::Algorithm;
use counterpoise::gui::App;
use counterpoise::gui::route::Route;
use counterpoise::workspace::{Command, CommandError, Preview, Source, Workspace as _};
use egui::accesskit::Role;
use egui::{Event, Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use super::window;
use crate::support::scripted::ScriptedWorkspace;
use crate::support::scripted::world::{self, BUCKET};

type Window = Harness<'static, App>;

/// Presses what has that name; of several (a row and the link in it, a question above its page) the innermost, topmost one.
fn click(harness: &mut Window, name: &str) {
    harness.get_all_by_label(name).last().unwrap().click();
    harness.run();
}

/// Replaces what a field holds.
fn fill(harness: &mut Window, field: &str, words: &str) {
    harness.get_by_role_and_label(Role::TextInput, field).focus();
    harness.run();
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.run();
    harness.event(Event::Text(words.to_owned()));
    harness.run();
}

fn value(harness: &Window, field: &str) -> String {
    harness.get_by_role_and_label(Role::TextInput, field).value().unwrap_or_default()
}

fn shows(harness: &Window, words: &str) -> bool {
    harness.query_all_by_label_contains(words).next().is_some()
}

fn enabled(harness: &Window, button: &str) -> bool {
    !harness.get_by_label(button).accesskit_node().is_disabled()
}

fn text(name: &str) -> String {
    name.to_owned()
}

fn bucket(name: &str, prefix: &str) -> Route {
    Route::Bucket { name: text(name), prefix: text(prefix) }
}

#[derive(Debug)]
struct Dropped(PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|why| why.to_string())
    }
}

fn drop_file(harness: &mut Window, path: &Path) {
    harness.input_mut().dropped_files.push(Arc::new(Dropped(path.to_owned())));
    harness.run();
}

#[test]
fn every_page_of_ours_names_its_controls() {
    let workspace = ScriptedWorkspace::realistic();
    let routes = [
        bucket(BUCKET, ""),
        bucket(BUCKET, "boston/"),
        bucket("boston-archive", ""),
        Route::TrainingJob(text("sentiment-xgb-3")),
        Route::TrainingJob(text("boston-typo")),
        Route::NewTrainingJob { clone_of: None },
        Route::NewTrainingJob { clone_of: Some(text("boston-xgb-2")) },
        Route::Model(text("boston-xgb-1")),
        Route::NewModel { from_job: None },
        Route::EndpointConfig(text("sentiment-ab")),
        Route::NewEndpointConfig { clone_of: None, models: vec![text("boston-xgb-1"), text("boston-linear-1")] },
    ];
    let mut harness = window(&workspace, Route::Buckets);
    for route in routes {
        harness.state_mut().go(route.clone());
        harness.run();
        assert_eq!(*harness.state().route(), route);
        harness.check_accessibility();
    }
    harness.state_mut().go(Route::TrainingJob(text("sentiment-xgb-3")));
    harness.run();
    for tab in ["Log", "Data", "Hyperparameters", "Metrics"] {
        harness.get_by_role_and_label(Role::Tab, tab).click();
        harness.run();
        harness.check_accessibility();
    }
    assert!(shows(&harness, "round 192 of 300 · 4 s left") && shows(&harness, "validation:logloss"));
}

#[test]
fn a_bucket_is_made_with_the_rule_beside_the_field() {
    let workspace = ScriptedWorkspace::realistic();
    let mut harness = window(&workspace, Route::Buckets);
    click(&mut harness, "New bucket");
    assert_eq!(value(&harness, "Bucket name"), "my-data", "a name that works stands there already");
    fill(&mut harness, "Bucket name", "My_Data");
    assert!(shows(&harness, "must have 3 to 63 lower-case letters") && !enabled(&harness, "Create bucket"));
    fill(&mut harness, "Bucket name", "film-reviews");
    assert!(shows(&harness, "is the name of another bucket") && !enabled(&harness, "Create bucket"));
    fill(&mut harness, "Bucket name", "new-data");
    harness.key_press(Key::Enter);
    harness.run();
    let [Command::CreateBucket { name }] = &workspace.commands()[..] else { panic!("{:?}", workspace.commands()) };
    assert_eq!(name, "new-data");
    assert_eq!(*harness.state().route(), bucket("new-data", ""));
    assert!(shows(&harness, "Nothing in this bucket yet"));
}

#[test]
fn a_file_is_uploaded_by_its_typed_path_and_by_drop() {
    let folder = tempfile::tempdir().unwrap();
    let (typed, dropped) = (folder.path().join("train.csv"), folder.path().join("more rows.libsvm"));
    std::fs::write(&typed, "1,2\n").unwrap();
    std::fs::write(&dropped, "1 2:3\n").unwrap();
    let workspace = ScriptedWorkspace::realistic();
    let mut harness = window(&workspace, bucket(BUCKET, "boston/"));
    click(&mut harness, "Upload");
    fill(&mut harness, "Path of a file", "/no/such/file.csv");
    click(&mut harness, "Upload typed path");
    assert!(shows(&harness, "there is no such file") && workspace.commands().is_empty());
    fill(&mut harness, "Path of a file", typed.to_str().unwrap());
    workspace.hold();
    click(&mut harness, "Upload typed path");
    assert!(shows(&harness, "uploading"), "on its way");
    workspace.release();
    harness.run();
    assert!(shows(&harness, "uploaded"));
    drop_file(&mut harness, &dropped);
    let sent: Vec<String> = workspace
        .commands()
        .iter()
        .map(|command| match command {
            Command::PutObject { to, source: Source::File(file), .. } => {
                format!("{to} {}", file.path().display())
            }
            other => panic!("{other:?}"),
        })
        .collect();
    let to = |key: &str, path: &Path| format!("s3://{BUCKET}/boston/{key} {}", path.display());
    assert_eq!(sent, [to("train.csv", &typed), to("more rows.libsvm", &dropped)]);
    assert!(shows(&harness, "more rows.libsvm"));
    workspace.answer_next(Err(CommandError::Failed("the disk is full".into())));
    drop_file(&mut harness, &typed);
    assert!(shows(&harness, "the disk is full"), "a refused upload says why");
}

#[test]
fn an_object_is_looked_at_trained_on_and_deleted() {
    let workspace = ScriptedWorkspace::realistic();
    let uri = format!("s3://{BUCKET}/boston/train.csv").parse().unwrap();
    let row = |label: &str| vec![text(label), text("0.5")];
    let rows = vec![row("24.0"), row("21.6")];
    workspace.set_preview(uri, Preview::Table { header: None, rows, more: false });
    let mut harness = window(&workspace, bucket(BUCKET, ""));
    click(&mut harness, "boston/");
    assert_eq!(*harness.state().route(), bucket(BUCKET, "boston/"));
    click(&mut harness, "train.csv");
    assert!(shows(&harness, "2 columns · no header"));
    click(&mut harness, "Delete object");
    assert!(shows(&harness, "Delete train.csv?") && workspace.commands().is_empty());
    harness.key_press(Key::Escape);
    harness.run();
    click(&mut harness, "Download");
    assert!(!value(&harness, "Save as").is_empty(), "without a dialog there is a line to type into");
    fill(&mut harness, "Save as", "/tmp/there.csv");
    click(&mut harness, "Save");
    assert_eq!(workspace.downloads()[0].1, Path::new("/tmp/there.csv"));
    click(&mut harness, "Use in a training job");
    assert_eq!(*harness.state().route(), Route::NewTrainingJob { clone_of: None });
    assert_eq!(value(&harness, "Train data"), format!("s3://{BUCKET}/boston/train.csv"));
    assert!(shows(&harness, "Labels are numbers"));
}

#[test]
fn deleting_a_full_bucket_says_how_much_goes_and_wants_its_name() {
    let workspace = ScriptedWorkspace::realistic();
    let mut harness = window(&workspace, bucket(BUCKET, ""));
    click(&mut harness, "Delete bucket");
    let objects = workspace.snapshot().objects[BUCKET].len();
    assert!(shows(&harness, &format!("It holds {objects} objects")));
    assert!(shows(&harness, "the artefact of model boston-xgb-1"));
    assert!(!enabled(&harness, "Delete"), "not before the name is typed");
    harness.get_by_label(&format!("Type {BUCKET} to go on")).type_text(BUCKET);
    harness.run();
    click(&mut harness, "Delete");
    let command = workspace.last_command().unwrap();
    assert!(matches!(&command, Command::DeleteBucket { name, with_objects: true } if name == BUCKET), "{command:?}");
    assert_eq!(*harness.state().route(), Route::Buckets);
}

#[test]
fn the_wizard_leads_from_nothing_to_a_job() {
    let workspace = ScriptedWorkspace::realistic();
    let mut harness = window(&workspace, Route::TrainingJobs);
    click(&mut harness, "New training job");
    click(&mut harness, "Linear learner");
    click(&mut harness, "XGBoost");
    click(&mut harness, "Next");
    click(&mut harness, "Use data set boston");
    assert!(shows(&harness, "Labels are numbers") && shows(&harness, "one object, 18 kB"));
    click(&mut harness, "Next");
    fill(&mut harness, "eta", "7");
    assert!(shows(&harness, "must be a number from 0 to 1"), "the rule stands beside the field while typing");
    click(&mut harness, "Next");
    click(&mut harness, "Next");
    assert!(!enabled(&harness, "Start training"));
    click(&mut harness, "Step 3: Hyperparameters, 1 problem");
    fill(&mut harness, "eta", "0.25");
    click(&mut harness, "Step 5: Review, done");
    assert_eq!(value(&harness, "Job name"), "boston-xgb-4", "the first free number");
    click(&mut harness, "Start training");
    let Some(Command::CreateTrainingJob(spec)) = workspace.last_command() else { panic!("no job was handed in") };
    assert_eq!(spec.validate(), []);
    assert_eq!((spec.name.as_str(), spec.algorithm), ("boston-xgb-4", Algorithm::XGBoost));
    assert_eq!(spec.hyperparameters["eta"], "0.25");
    assert_eq!(spec.hyperparameters["objective"], "reg:squarederror");
    let channels: Vec<String> = spec
        .channels
        .iter()
        .map(|c| format!("{} {} {}", c.name, c.data, c.content_type.as_deref().unwrap_or_default()))
        .collect();
    assert_eq!(
        channels,
        [
            format!("train s3://{BUCKET}/boston/train.csv text/csv"),
            format!("validation s3://{BUCKET}/boston/validation.csv text/csv")
        ]
    );
    assert_eq!(*harness.state().route(), Route::TrainingJob(text("boston-xgb-4")));
    click(&mut harness, "Clone");
    click(&mut harness, "Next");
    click(&mut harness, "Next");
    assert_eq!(value(&harness, "Job name"), "boston-xgb-5", "a clone has the next free name");
}

#[test]
fn a_draft_survives_leaving_and_a_refusal() {
    let workspace = ScriptedWorkspace::realistic();
    let mut harness = window(&workspace, Route::NewTrainingJob { clone_of: None });
    click(&mut harness, "Next");
    fill(&mut harness, "Train data", "s3://nowhere/at/all.csv");
    assert!(shows(&harness, "there is no bucket nowhere"));
    harness.state_mut().go(Route::Models);
    harness.run();
    harness.state_mut().go(Route::NewTrainingJob { clone_of: None });
    harness.run();
    assert_eq!(value(&harness, "Train data"), "s3://nowhere/at/all.csv");
    click(&mut harness, "Use data set reviews");
    click(&mut harness, "Step 5: Review");
    workspace.answer_next(Err(CommandError::Failed("the disk is full".into())));
    click(&mut harness, "Start training");
    assert!(shows(&harness, "the disk is full"));
    assert_eq!(value(&harness, "Job name"), "reviews-xgb-1", "nothing typed is lost");
    click(&mut harness, "Start training");
    assert_eq!(*harness.state().route(), Route::TrainingJob(text("reviews-xgb-1")));
    harness.state_mut().go(Route::NewTrainingJob { clone_of: None });
    harness.run();
    assert!(
        shows(&harness, "Gradient boosted trees") || harness.query_by_label("XGBoost").is_some(),
        "a new one starts anew"
    );
}

#[test]
fn a_dropped_file_becomes_a_channel() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.csv");
    std::fs::write(&path, "1,2\n0,3\n").unwrap();
    let workspace = ScriptedWorkspace::realistic();
    let mut harness = window(&workspace, Route::NewTrainingJob { clone_of: None });
    click(&mut harness, "Next");
    drop_file(&mut harness, &path);
    let uri = format!("s3://{BUCKET}/uploads/mine.csv");
    assert_eq!(value(&harness, "Train data"), uri);
    click(&mut harness, "Upload validation data");
    fill(&mut harness, "Path of a local file", path.to_str().unwrap());
    click(&mut harness, "Upload typed path");
    assert_eq!(value(&harness, "Validation data"), uri, "by typed path where no dialog gave one");
    click(&mut harness, "Browse for train data");
    click(&mut harness, BUCKET);
    click(&mut harness, "reviews");
    click(&mut harness, "train.libsvm");
    assert_eq!(value(&harness, "Train data"), format!("s3://{BUCKET}/reviews/train.libsvm"));
    assert!(shows(&harness, "train format: Detected: libsvm"));
}

#[test]
fn jobs_are_stopped_compared_and_deleted() {
    let workspace = ScriptedWorkspace::realistic();
    let mut harness = window(&workspace, Route::TrainingJob(text("sentiment-xgb-3")));
    click(&mut harness, "Stop");
    assert!(matches!(workspace.last_command(), Some(Command::StopTrainingJob { name }) if name == "sentiment-xgb-3"));
    harness.state_mut().go(Route::TrainingJob(text("boston-typo")));
    harness.run();
    assert!(shows(&harness, "line 118, column 6"), "a failure says why");
    click(&mut harness, "Delete job");
    click(&mut harness, "Delete");
    assert!(matches!(workspace.last_command(), Some(Command::DeleteTrainingJob { name }) if name == "boston-typo"));
    assert_eq!(*harness.state().route(), Route::TrainingJobs);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.run();
    click(&mut harness, "Compare curves");
    assert!(shows(&harness, "8 jobs"), "as many as there are colours");
    click(&mut harness, "Close comparison");
    assert!(!shows(&harness, "8 jobs"));
}

#[test]
fn the_log_follows_filters_and_copies() {
    let workspace = ScriptedWorkspace::realistic();
    let lines = (0..100_000).map(|i| (i, format!("line {i} of the log"))).collect();
    workspace.set_log("sentiment-xgb-3", lines);
    let mut harness = window(&workspace, Route::TrainingJob(text("sentiment-xgb-3")));
    click(&mut harness, "Log");
    assert!(shows(&harness, "line 99999 of the log"), "it starts at the end");
    assert!(harness.query_all_by_label_contains(" of the log").count() < 200, "only what is in sight is drawn");
    fill(&mut harness, "Filter log", "LINE 777 of");
    assert!(shows(&harness, "1 of 100,000 lines") && shows(&harness, "line 777 of the log"));
    click(&mut harness, "Copy log");
    let copied = harness
        .output()
        .platform_output
        .commands
        .iter()
        .any(|command| matches!(command, egui::OutputCommand::CopyText(words) if words == "line 777 of the log"));
    assert!(copied || shows(&harness, "Copied 1 log line"));
}

#[test]
fn a_model_is_made_deployed_and_deleted() {
    let workspace = ScriptedWorkspace::realistic();
    let mut harness = window(&workspace, Route::TrainingJob(text("boston-xgb-3")));
    click(&mut harness, "Create model");
    assert_eq!(value(&harness, "Model name"), "boston-xgb-3");
    fill(&mut harness, "Model name", "no good");
    assert!(shows(&harness, "must have 1 to 63 letters"));
    click(&mut harness, "Create model");
    assert!(workspace.commands().is_empty() && shows(&harness, "1 thing to mend first"));
    fill(&mut harness, "Model name", "boston-best");
    click(&mut harness, "Create model");
    let Some(Command::CreateModel(model)) = workspace.last_command() else { panic!("no model was handed in") };
    assert_eq!(model.validate(), []);
    assert_eq!(model.model_data.key, "output/boston-xgb-3/output/model.tar.gz");
    assert_eq!(*harness.state().route(), Route::Model(text("boston-best")));
    click(&mut harness, "Deploy");
    let models = vec![text("boston-best")];
    assert_eq!(*harness.state().route(), Route::NewEndpointConfig { clone_of: None, models });
    harness.state_mut().go(Route::Model(text("boston-xgb-1")));
    harness.run();
    click(&mut harness, "Delete model");
    assert!(shows(&harness, "endpoint boston-old goes on serving it until its next update"));
    click(&mut harness, "Delete");
    assert!(matches!(workspace.last_command(), Some(Command::DeleteModel { name }) if name == "boston-xgb-1"));
}

#[test]
fn a_model_can_be_made_of_any_artefact() {
    let workspace = ScriptedWorkspace::realistic();
    let mut harness = window(&workspace, Route::NewModel { from_job: None });
    click(&mut harness, "An artefact in a bucket");
    fill(&mut harness, "Artefact", "s3://boston-archive/old/model.tar.gz");
    assert!(shows(&harness, "there is no such object"));
    let object = world::object("old/model.tar.gz", 10, world::NOW);
    workspace.change(|world| world::put(world, "boston-archive", object));
    harness.run();
    assert_eq!(value(&harness, "Model name"), "old");
    click(&mut harness, "Add variable");
    fill(&mut harness, "Variable 1", "2BAD");
    fill(&mut harness, "Value 1", "x");
    assert!(shows(&harness, "must be named with letters"));
    fill(&mut harness, "Variable 1", "GOOD");
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    harness.run();
    let Some(Command::CreateModel(model)) = workspace.last_command() else { panic!("no model was handed in") };
    assert_eq!((model.algorithm(), model.environment["GOOD"].as_str()), (Some(Algorithm::XGBoost), "x"));
}

#[test]
fn a_configuration_shares_the_traffic_and_moves_an_endpoint() {
    let workspace = ScriptedWorkspace::realistic();
    let models = vec![text("boston-xgb-2"), text("boston-linear-1")];
    let mut harness = window(&workspace, Route::NewEndpointConfig { clone_of: None, models });
    assert_eq!(value(&harness, "Configuration name"), "boston-ab-2", "what both have in common, the first free number");
    fill(&mut harness, "Weight 1", "-3");
    assert!(shows(&harness, "must be a number that is at least 0"));
    fill(&mut harness, "Weight 1", "3");
    assert!(shows(&harness, "boston-xgb-2 75 %, boston-linear-1 25 %"));
    click(&mut harness, "Add variant");
    click(&mut harness, "Create configuration");
    assert!(workspace.commands().is_empty() && shows(&harness, "choose a model"));
    click(&mut harness, "Remove variant 3");
    click(&mut harness, "Create configuration");
    let Some(Command::CreateEndpointConfig(config)) = workspace.last_command() else { panic!("none was handed in") };
    assert_eq!(config.validate(), []);
    let variants: Vec<String> =
        config.variants.iter().map(|v| format!("{} {} {}", v.name, v.model_name, v.initial_weight)).collect();
    assert_eq!(variants, ["boston-xgb-2 boston-xgb-2 3", "boston-linear-1 boston-linear-1 1"]);
    assert_eq!(*harness.state().route(), Route::EndpointConfig(text("boston-ab-2")));
    click(&mut harness, "Update endpoint…");
    click(&mut harness, "boston-old");
    assert!(shows(&harness, "Update boston-old to boston-ab-2?"));
    click(&mut harness, "Update");
    let command = workspace.last_command().unwrap();
    assert!(
        matches!(&command, Command::UpdateEndpoint { name, config_name, .. } if name == "boston-old" && config_name == "boston-ab-2"),
        "{command:?}"
    );
    assert_eq!(*harness.state().route(), Route::Endpoint(text("boston-old")));
}

#[test]
fn a_hundred_thousand_jobs_scroll_sort_and_filter() {
    let workspace = ScriptedWorkspace::realistic();
    workspace.grow_jobs(100_000);
    let mut harness = window(&workspace, Route::TrainingJobs);
    assert!(shows(&harness, "100,000 jobs") && shows(&harness, "sentiment-xgb-3"), "the newest first");
    assert!(harness.query_all_by_label_contains("job-0").count() < 100, "only what is in sight is drawn");
    click(&mut harness, "Name");
    assert!(shows(&harness, "boston-deep-trees"));
    harness.key_press(Key::End);
    harness.run();
    assert!(shows(&harness, "sentiment-xgb-wide") && !shows(&harness, "boston-deep-trees"), "scrolled to the end");
    fill(&mut harness, "Filter jobs", "job-09876");
    assert!(shows(&harness, "10 of 100,000") && shows(&harness, "job-098765"));
}

#[test]
fn a_hundred_thousand_objects_open_as_a_folder() {
    let workspace = ScriptedWorkspace::realistic();
    workspace.grow_objects("film-reviews", 100_000);
    let mut harness = window(&workspace, bucket("film-reviews", ""));
    click(&mut harness, "many/");
    assert!(shows(&harness, "row-000000.csv"));
    assert!(harness.query_all_by_label_contains("row-0").count() < 100, "only what is in sight is drawn");
    fill(&mut harness, "Filter objects", "099990");
    assert!(shows(&harness, "row-099990.csv"));
}

#[test]
fn empty_pages_say_what_they_are_for_and_lead_on() {
    let workspace = ScriptedWorkspace::empty();
    let mut harness = window(&workspace, Route::Models);
    click(&mut harness, "Train one first");
    click(&mut harness, "Next");
    click(&mut harness, "Add sample data");
    assert!(matches!(workspace.last_command(), Some(Command::AddSampleData)));
    click(&mut harness, "Use data set boston");
    harness.state_mut().go(Route::Buckets);
    harness.run();
    assert!(harness.query_by_label("Add sample data").is_none(), "it is there already");
    harness.state_mut().go(Route::EndpointConfigs);
    harness.run();
    click(&mut harness, "Make a model first");
    assert!(shows(&harness, "No training job has an artefact yet"));
}
