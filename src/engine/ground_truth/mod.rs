//! Ground truth: labels from wherever they come are read here and joined by the data plane. By inference id in a command, a call or an
//! object; by content from a labelled file; and at once from every object that is written below a ground-truth prefix.

mod content;
mod read;
mod tells;

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use super::change::{Change, Row};
use super::commands::command_error;
use super::control::Control;
use super::effects::guarded;
use super::machine::Tell;
use super::message::Report;
use super::preview::plain;
use super::shared::Shared;
use super::traffic::Labelled;
use crate::domain::label::{Label, LabelReport};
use crate::domain::reference::{Kind, ResourceRef};
use crate::domain::s3_uri::S3Uri;
use crate::workspace::{CommandError, LabelSource, MatchBy, Reply};

use content::ByContent;
pub(super) use tells::LabelTells;

/// The folder below which, by the name of an endpoint, every object is ground truth.
const FOLDER: &str = "ground-truth";

/// How long labels may take to reach the disk: a search of all segments, and some.
const LIMIT: Duration = Duration::from_mins(5);

/// Labels handed over at a time.
const PIECE: usize = 50_000;

/// Reads labels from where they are, and joins them. Blocks.
pub(super) fn add(shared: &Shared, endpoint: &str, source: LabelSource) -> Result<LabelReport, CommandError> {
    let unread = |what: &str, why: &str| CommandError::Failed(format!("{what} could not be read as labels: {why}"));
    match source {
        LabelSource::Given(labels) => join(shared, endpoint, labels),
        LabelSource::Text(bytes) => {
            let labels = read::labels(&bytes).map_err(|why| unread("The text", &why))?;
            join(shared, endpoint, labels)
        }
        LabelSource::Object { at, by: MatchBy::InferenceId } => {
            let labels = read::labels(&bytes_of(shared, &at)?).map_err(|why| unread(&at.to_string(), &why))?;
            join(shared, endpoint, labels)
        }
        LabelSource::Object { at, by: MatchBy::Content } => {
            let file = Labelled::read(shared.store.objects(), &at).map_err(CommandError::Failed)?;
            let features = shared.serving.features(endpoint).ok_or_else(|| not_serving(endpoint))?;
            let mut rows = ByContent::new(&file, features).map_err(|why| unread(&at.to_string(), &why))?;
            let mut labels = Vec::new();
            let serves = shared.serving.captured(endpoint, |kept| {
                if kept.label.is_none() {
                    labels.extend(rows.label(&kept.record));
                }
            });
            if !serves {
                return Err(not_serving(endpoint));
            }
            let mut report = join(shared, endpoint, labels)?;
            if rows.matched == 0 {
                report.problems.push(format!(
                    "no captured request without a label has rows of {at}; {} were looked at",
                    rows.unmatched
                ));
            }
            Ok(report)
        }
    }
}

fn not_serving(endpoint: &str) -> CommandError {
    let resource = ResourceRef::new(Kind::Endpoint, endpoint);
    CommandError::InUse {
        resource,
        why: "it does not serve, so there are no requests that labels could be for".to_owned(),
    }
}

fn bytes_of(shared: &Shared, at: &S3Uri) -> Result<Vec<u8>, CommandError> {
    let (_, file) = shared.store.objects().open(at).map_err(command_error)?;
    let mut bytes = Vec::new();
    let read = plain(file).and_then(|body| body.inner.take(read::MOST_BYTES + 1).read_to_end(&mut bytes));
    read.map_err(|error| CommandError::Failed(format!("{at} could not be read: {error}")))?;
    if bytes.len() as u64 > read::MOST_BYTES {
        let most = read::MOST_BYTES >> 20;
        return Err(CommandError::Failed(format!("{at} is longer than {most} MiB: split it into several files")));
    }
    Ok(bytes)
}

/// Joins labels, and returns when they are on disk.
fn join(shared: &Shared, endpoint: &str, labels: Vec<Label>) -> Result<LabelReport, CommandError> {
    let mut whole = LabelReport::default();
    let mut labels = labels.into_iter().peekable();
    loop {
        let piece: Vec<Label> = labels.by_ref().take(PIECE).collect();
        let promise = shared.serving.label(endpoint, piece, true).ok_or_else(|| not_serving(endpoint))?;
        let Some(Ok(report)) = promise.wait(LIMIT) else {
            let what = "The labels were not counted: the endpoint is gone, or the app closes".to_owned();
            return Err(CommandError::Failed(what));
        };
        whole.add(report);
        if labels.peek().is_none() {
            return Ok(whole);
        }
    }
}

impl Control {
    /// Sets or clears the prefix of an endpoint below which objects are ground truth.
    pub(super) fn set_ground_truth(&mut self, name: &str, prefix: Option<S3Uri>) -> Result<Reply, CommandError> {
        let resource = ResourceRef::new(Kind::Endpoint, name);
        let endpoint = self.world.endpoints.get(name).ok_or_else(|| CommandError::NotFound(resource.clone()))?;
        if let Some(prefix) = &prefix
            && !self.world.buckets.contains(&prefix.bucket)
        {
            return Err(CommandError::NotFound(ResourceRef::new(Kind::Bucket, &prefix.bucket)));
        }
        let tell = Tell::info(match &prefix {
            Some(prefix) => format!("Objects below {prefix} are ground truth of {name}"),
            None => format!("{name} has no ground-truth prefix of its own any more"),
        });
        let mut next = (**endpoint).clone();
        next.ground_truth = prefix;
        self.commit(Change::row(Row::Endpoint(next)).tell(tell, Kind::Endpoint, name))?;
        Ok(Reply::Resource(resource))
    }

    /// An object was written: read at once where it is ground truth.
    pub(super) fn object_written(&self, at: &S3Uri) {
        let Some(endpoint) = self.truth_of(at) else { return };
        let (shared, at) = (Arc::clone(&self.shared), at.clone());
        self.shared.workers.run(move || {
            let source = LabelSource::Object { at: at.clone(), by: MatchBy::InferenceId };
            let result = guarded("Reading ground truth", || add(&shared, &endpoint, source));
            let result = result.and_then(|result| result.map_err(|error| error.to_string()));
            shared.report(Report::Labels { endpoint, at, result });
        });
    }

    /// The endpoint that an object's labels are for.
    fn truth_of(&self, at: &S3Uri) -> Option<String> {
        let parts: Vec<&str> = at.key.split('/').collect();
        let named = parts.windows(3).find(|part| part[0] == FOLDER && self.world.endpoints.contains(part[1]));
        let by_folder = named.map(|part| part[1].to_owned());
        by_folder.or_else(|| {
            let endpoints = self.world.endpoints.values();
            let below = |prefix: &S3Uri| {
                let head = prefix.key.trim_end_matches('/');
                prefix.bucket == at.bucket
                    && (head.is_empty() || at.key.strip_prefix(head).is_some_and(|rest| rest.starts_with('/')))
            };
            endpoints
                .into_iter()
                .find(|endpoint| endpoint.ground_truth.as_ref().is_some_and(below))
                .map(|e| e.name.clone())
        })
    }

    /// What became of an object's labels.
    pub(super) fn labels_read(&mut self, endpoint: &str, at: &S3Uri, result: Result<LabelReport, String>) {
        let now_ms = self.now().0;
        if let Some(tell) = self.label_tells.note(endpoint, at, result, now_ms) {
            self.tell_labels(endpoint, tell);
        }
    }

    /// Tells of labels that came in many objects, when no more come.
    pub(super) fn labels_over(&mut self, closing: bool) {
        let now_ms = self.now().0;
        for (endpoint, tell) in self.label_tells.over(now_ms, closing) {
            self.tell_labels(&endpoint, tell);
        }
    }

    fn tell_labels(&mut self, endpoint: &str, tell: Tell) {
        if let Err(error) = self.commit(Change::default().tell(tell, Kind::Endpoint, endpoint)) {
            tracing::warn!("an event was lost: {error}");
        }
    }
}
