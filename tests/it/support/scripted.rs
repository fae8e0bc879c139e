//! `ScriptedWorkspace`: a workspace for GUI tests, pictures and benches. It holds a hand-made world with fixed times, records every
//! command, and answers as it is told. Nothing trains and nothing serves behind it.

#![allow(dead_code, reason = "each test binary and bench uses its own part of the double")]

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use counterpoise::domain::algorithm::Algorithm;
use counterpoise::domain::bucket::Object;
use counterpoise::domain::metric::MetricId;
use counterpoise::domain::multipart_upload::{MultipartUpload, Part};
use counterpoise::domain::reference::{Kind, ResourceRef};
use counterpoise::domain::s3_uri::S3Uri;
use counterpoise::domain::time::Timestamp;
use counterpoise::domain::training_job::TrainingJob;
use counterpoise::stats::live::EndpointLive;
use counterpoise::util::promise::{Resolver, promise};
use counterpoise::workspace::{
    Command, CommandError, Datum, Known, LogPage, Measured, Preview, Replay, Reply, Snapshot, Ticket, TrainingProgress,
    Wake, Workspace,
};

#[path = "scripted_world.rs"]
pub mod world;

#[path = "scripted_effects.rs"]
mod effects;

#[path = "scripted_replay.rs"]
pub mod replay;

pub use world::NOW;

type Answer = Result<Reply, CommandError>;

/// The double. Tests keep the `Arc` and change the world between frames.
pub struct ScriptedWorkspace {
    state: Mutex<State>,
}

struct State {
    snapshot: Arc<Snapshot>,
    commands: Vec<Command>,
    answers: VecDeque<Answer>,
    held: Option<Vec<(Command, Resolver<Answer>)>>,
    wakes: Vec<Wake>,
    progress: HashMap<String, Arc<TrainingProgress>>,
    logs: HashMap<String, Vec<(i64, String)>>,
    live: HashMap<String, Arc<EndpointLive>>,
    previews: HashMap<S3Uri, Preview>,
    downloads: Vec<(S3Uri, PathBuf)>,
    replay: Option<Arc<Replay>>,
}

impl ScriptedWorkspace {
    /// The workspace of the pictures: 14 jobs, one at round 192 of 300, 6 models, 5 configurations, 2 endpoints with ten minutes of live numbers.
    pub fn realistic() -> Arc<Self> {
        let double = Self::over(world::realistic());
        for endpoint in double.snapshot().endpoints.values() {
            // boston-old stands idle: it serves, and nobody asks.
            let seconds = if endpoint.name == "sentiment-live" { 600 } else { 0 };
            let mut live = world::live(endpoint, seconds, 11);
            if seconds == 0 {
                live.last_request_ms = Some(world::ago(2 * 24 * 3_600_000).0);
                live.in_flight = 0;
            }
            double.set_live(live);
        }
        double
    }

    /// A workspace on its first start.
    pub fn empty() -> Arc<Self> {
        Self::over(world::empty())
    }

    /// A workspace over any world.
    pub fn over(snapshot: Snapshot) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                snapshot: Arc::new(snapshot),
                commands: Vec::new(),
                answers: VecDeque::new(),
                held: None,
                wakes: Vec::new(),
                progress: HashMap::new(),
                logs: HashMap::new(),
                live: HashMap::new(),
                previews: HashMap::new(),
                downloads: Vec::new(),
                replay: None,
            }),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Changes the live numbers of an endpoint.
    pub fn change_live(&self, endpoint: &str, change: impl FnOnce(&mut EndpointLive)) {
        let mut state = self.lock();
        if let Some(live) = state.live.get_mut(endpoint) {
            change(Arc::make_mut(live));
        }
    }

    /// Changes the world, publishes it and wakes whoever listens.
    pub fn change(&self, change: impl FnOnce(&mut Snapshot)) {
        let wakes = {
            let mut state = self.lock();
            let mut snapshot = (*state.snapshot).clone();
            change(&mut snapshot);
            snapshot.revision += 1;
            state.snapshot = Arc::new(snapshot);
            state.wakes.clone()
        };
        for wake in wakes {
            wake();
        }
    }

    /// Adds finished jobs `job-000000`, … until there are `n` jobs.
    pub fn grow_jobs(&self, n: usize) {
        let template = world::completed(
            world::spec("template", Algorithm::XGBoost, "boston"),
            world::ago(0),
            4,
            &[("train:rmse", 1.4), ("validation:rmse", 3.5)],
        );
        self.change(|world| {
            for i in (0i64..).take(n.saturating_sub(world.training_jobs.len())) {
                let mut job = template.clone();
                job.spec.name = format!("job-{i:06}");
                job.created = world::ago(60_000 * (i + 1));
                job.started = Some(job.created);
                job.ended = Some(Timestamp(job.created.0 + 1000 + (i * 37) % 9000));
                job.final_metrics[1].value = 3.0 + (i % 997) as f64 / 500.0;
                world.training_jobs.insert(job.spec.name.clone(), job);
            }
        });
    }

    /// Adds objects `many/row-000000.csv`, … until the bucket holds `n`.
    pub fn grow_objects(&self, bucket: &str, n: usize) {
        self.change(|world| {
            let mut table = world.objects.get(bucket).cloned().unwrap_or_default();
            for i in (0i64..).take(n.saturating_sub(table.len())) {
                let key = format!("many/row-{i:06}.csv");
                table.insert(key.clone(), world::object(&key, 100 + i as u64, world::ago(1000 * i)));
            }
            world.objects.insert(bucket.to_owned(), table);
        });
    }

    /// Gives an endpoint `points` seconds of live numbers, a variant.
    pub fn grow_points(&self, endpoint: &str, points: usize) {
        let snapshot = self.snapshot();
        let endpoint = snapshot.endpoints.get(endpoint).unwrap();
        self.set_live(world::live(endpoint, points, 11));
    }

    /// Sets an endpoint's live numbers.
    pub fn set_live(&self, live: EndpointLive) {
        self.lock().live.insert(live.endpoint.clone(), Arc::new(live));
    }

    /// Sets a job's progress in place of the one that follows from its record.
    pub fn set_progress(&self, job: &str, progress: TrainingProgress) {
        self.lock().progress.insert(job.to_owned(), Arc::new(progress));
    }

    /// Sets a job's log in place of the one that follows from its curves.
    pub fn set_log(&self, job: &str, lines: Vec<(i64, String)>) {
        self.lock().logs.insert(job.to_owned(), lines);
    }

    /// Sets the newest comparison.
    pub fn set_replay(&self, replay: Replay) {
        self.lock().replay = Some(Arc::new(replay));
    }

    /// Sets what an object looks like.
    pub fn set_preview(&self, object: S3Uri, preview: Preview) {
        self.lock().previews.insert(object, preview);
    }

    /// What the next command is answered with; without it, commands are carried out on the world and answered with what they made.
    pub fn answer_next(&self, answer: Answer) {
        self.lock().answers.push_back(answer);
    }

    /// From now on tickets stay open, until [`Self::release`].
    pub fn hold(&self) {
        self.lock().held = Some(Vec::new());
    }

    /// Carries out and answers everything that was held.
    pub fn release(&self) {
        let held = self.lock().held.take().unwrap_or_default();
        for (command, resolver) in held {
            resolver.resolve(self.carry_out(&command));
        }
    }

    /// All commands so far, oldest first.
    pub fn commands(&self) -> Vec<Command> {
        self.lock().commands.clone()
    }

    /// The newest command.
    pub fn last_command(&self) -> Option<Command> {
        self.lock().commands.last().cloned()
    }

    /// What was downloaded where.
    pub fn downloads(&self) -> Vec<(S3Uri, PathBuf)> {
        self.lock().downloads.clone()
    }

    fn carry_out(&self, command: &Command) -> Answer {
        if let Some(answer) = self.lock().answers.pop_front() {
            return answer;
        }
        let mut reply = Ok(Reply::Done);
        self.change(|world| reply = effects::apply(world, command));
        reply
    }
}

/// The log that a job of the world would have written.
fn log_of(job: &TrainingJob) -> Vec<(i64, String)> {
    let progress = world::progress(job);
    let start = job.started.unwrap_or(job.created).0;
    let mut lines = vec![
        (start, format!("[{start}] algorithm {}", job.spec.algorithm)),
        (start + 120, "Reading channel train".to_owned()),
    ];
    if let Some((rows, features)) = progress.shape {
        lines.push((start + 310, format!("train: {rows} rows, {features} features")));
    }
    for i in 0..progress.round as usize {
        let values: Vec<String> = progress
            .curves
            .iter()
            .map(|curve| format!("{}:{:.5}", curve.metric.replace(':', "-"), curve.points[i].value))
            .collect();
        lines.push((progress.curves[0].points[i].at_ms, format!("[{}]#011{}", i + 1, values.join("#011"))));
    }
    lines.extend(job.failure_reason.as_ref().map(|reason| (start + 400, reason.clone())));
    lines
}

impl Workspace for ScriptedWorkspace {
    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.lock().snapshot)
    }

    fn submit(&self, command: Command) -> Ticket {
        {
            let mut state = self.lock();
            state.commands.push(command.clone());
            if let Some(held) = &mut state.held {
                let (resolver, ticket) = promise();
                held.push((command, resolver));
                return ticket;
            }
        }
        Ticket::ready(self.carry_out(&command))
    }

    fn on_change(&self, wake: Wake) {
        self.lock().wakes.push(wake);
    }

    fn training_progress(&self, job: &str) -> Option<Arc<TrainingProgress>> {
        let mut state = self.lock();
        if let Some(known) = state.progress.get(job) {
            return Some(Arc::clone(known));
        }
        let made = Arc::new(world::progress(state.snapshot.training_jobs.get(job)?));
        state.progress.insert(job.to_owned(), Arc::clone(&made));
        Some(made)
    }

    fn training_log(&self, job: &str, from: u64, limit: usize) -> LogPage {
        let mut state = self.lock();
        if !state.logs.contains_key(job) {
            let Some(record) = state.snapshot.training_jobs.get(job) else { return LogPage::default() };
            let lines = log_of(record);
            state.logs.insert(job.to_owned(), lines);
        }
        let lines = &state.logs[job];
        let first = (from as usize).min(lines.len());
        let last = first.saturating_add(limit).min(lines.len());
        LogPage { from: first as u64, lines: lines[first..last].to_vec(), total: lines.len() as u64 }
    }

    fn endpoint_live(&self, endpoint: &str) -> Option<Arc<EndpointLive>> {
        self.lock().live.get(endpoint).cloned()
    }

    fn metric(&self, _: &MetricId, _: i64, _: i64) -> Vec<Measured> {
        Vec::new()
    }

    fn metrics(&self) -> Vec<Known> {
        Vec::new()
    }

    fn put_metrics(&self, _: Vec<Datum>) {}

    fn replay(&self) -> Option<Arc<Replay>> {
        self.lock().replay.clone()
    }

    fn preview(&self, object: &S3Uri, max_rows: usize) -> Ticket<Arc<Preview>> {
        let state = self.lock();
        let Some(known) = state.snapshot.objects.get(&object.bucket).and_then(|table| table.get(&object.key)) else {
            return Ticket::ready(Err(CommandError::NoObject(object.clone())));
        };
        let made = state.previews.get(object).cloned().unwrap_or_else(|| match known.content_type.as_str() {
            "text/csv" => Preview::Table {
                header: None,
                rows: (0..max_rows.min(40))
                    .map(|i| (0..14).map(|j| format!("{:.2}", 24.0 - i as f64 * 0.31 + f64::from(j) * 7.3)).collect())
                    .collect(),
                more: true,
            },
            "text/plain" | "text/libsvm" | "application/json" | "application/jsonlines" => Preview::Text {
                lines: (0..max_rows.min(40))
                    .map(|i| format!("{} {i}:1 {}:1 {}:2", i % 2, i + 17, i * 3 + 40))
                    .collect(),
                more: true,
            },
            _ => Preview::Binary { head: (0..=255).map(|b: u8| b.wrapping_mul(37)).collect() },
        });
        Ticket::ready(Ok(Arc::new(made)))
    }

    fn open_object(&self, object: &S3Uri) -> Result<(Object, File), CommandError> {
        Err(CommandError::NoObject(object.clone()))
    }

    fn staging(&self) -> PathBuf {
        std::env::temp_dir()
    }

    fn multipart_uploads(&self, _bucket: &str) -> Result<Vec<MultipartUpload>, CommandError> {
        Ok(Vec::new())
    }

    fn parts(&self, upload: &str) -> Result<(MultipartUpload, Vec<Part>), CommandError> {
        Err(CommandError::NoUpload(upload.to_owned()))
    }

    fn download(&self, object: &S3Uri, to: PathBuf) -> Ticket<u64> {
        let mut state = self.lock();
        let size = state.snapshot.objects.get(&object.bucket).and_then(|t| t.get(&object.key)).map(|o| o.size);
        state.downloads.push((object.clone(), to));
        Ticket::ready(size.ok_or_else(|| CommandError::NoObject(object.clone())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_world_of_the_pictures_breaks_no_rule() {
        let world = world::realistic();
        assert_eq!((world.training_jobs.len(), world.models.len(), world.endpoint_configs.len()), (14, 6, 5));
        for bucket in world.buckets.values() {
            assert_eq!(bucket.validate(), []);
        }
        for model in world.models.values() {
            assert_eq!(model.validate(), []);
            assert!(world.objects[&model.model_data.bucket].contains(&model.model_data.key), "{}", model.model_data);
        }
        for config in world.endpoint_configs.values() {
            assert_eq!(config.validate(), []);
            assert!(config.variants.iter().all(|v| world.models.contains(&v.model_name)), "{}", config.name);
        }
        let progress = world::progress(world.training_jobs.get("sentiment-xgb-3").unwrap());
        assert_eq!((progress.round, progress.rounds), (192, 300));
    }

    #[test]
    fn commands_are_kept_and_carried_out() {
        let double = ScriptedWorkspace::empty();
        let ticket = double.submit(Command::CreateBucket { name: "one".into() });
        assert_eq!(ticket.poll_now(), Some(Ok(Ok(Reply::Resource(ResourceRef::new(Kind::Bucket, "one"))))));
        double.hold();
        let ticket = double.submit(Command::CreateBucket { name: "two".into() });
        assert!(ticket.poll_now().is_none() && !double.snapshot().buckets.contains("two"));
        double.release();
        assert!(ticket.poll_now().is_some() && double.snapshot().buckets.contains("two"));
        assert_eq!(double.commands().len(), 2);
    }

    #[test]
    fn it_grows() {
        let double = ScriptedWorkspace::realistic();
        double.grow_jobs(1000);
        double.grow_points("sentiment-live", 5000);
        assert_eq!(double.snapshot().training_jobs.len(), 1000);
        assert!(double.endpoint_live("sentiment-live").unwrap().variants.iter().all(|v| v.seconds.len() == 5000));
    }
}
