//! What is under way right now, as data: training jobs, deployments, traffic tests.

use crate::domain::endpoint::DeploymentStage;
use crate::domain::reference::{Kind, ResourceRef};
use crate::domain::time::Timestamp;
use crate::domain::training_job::SecondaryStatus;
use crate::gui::format;
use crate::workspace::{Snapshot, Workspace};

/// One thing under way.
#[derive(Clone, Debug, PartialEq)]
pub struct Running {
    /// The resource to look at.
    pub about: ResourceRef,
    /// "Training", "Deployment", "Traffic test".
    pub what: &'static str,
    /// 0–1; `None` where nobody can say.
    pub fraction: Option<f32>,
    /// "round 192 of 300 · 4 s left".
    pub words: String,
}

/// Everything under way, training first.
pub fn running(snapshot: &Snapshot, workspace: &dyn Workspace, now: Timestamp) -> Vec<Running> {
    let mut all = Vec::new();
    for job in snapshot.training_jobs.under_way() {
        let progress = workspace.training_progress(job.name());
        let (fraction, words) = match progress {
            Some(progress) if progress.rounds > 0 && job.secondary == SecondaryStatus::Training => {
                let left = progress
                    .left_ms
                    .map_or_else(String::new, |ms| format!(" · {} left", format::duration(ms.max(1_000))));
                let words = format!("round {} of {}{left}", progress.round, progress.rounds);
                (Some(progress.round as f32 / progress.rounds as f32), words)
            }
            _ => (None, job.secondary.as_str().to_lowercase()),
        };
        all.push(Running { about: ResourceRef::new(Kind::TrainingJob, job.name()), what: "Training", fraction, words });
    }
    for endpoint in snapshot.endpoints.under_way() {
        let stage =
            endpoint.deployments.last().and_then(|deployment| deployment.stages.last()).map(|(stage, _)| *stage);
        let (step, words) = match stage {
            None | Some(DeploymentStage::Loading) => (0.2, "loading the models"),
            Some(DeploymentStage::Probing) => (0.5, "probing the new fleet"),
            Some(DeploymentStage::Shifting) => (0.6, "moving traffic to the new fleet"),
            Some(DeploymentStage::Baking) => (0.7, "baking: the old fleet stays in case"),
            Some(DeploymentStage::Swapped) => (0.8, "new requests go to the new fleet"),
            Some(DeploymentStage::RollingBack) => (0.8, "going back to the old fleet"),
            Some(DeploymentStage::Draining | DeploymentStage::Done) => (0.9, "finishing the last requests"),
        };
        all.push(Running {
            about: ResourceRef::new(Kind::Endpoint, &endpoint.name),
            what: "Deployment",
            fraction: Some(step),
            words: words.to_owned(),
        });
    }
    for test in snapshot.traffic_tests.under_way() {
        let done = test.sent as f32 / test.planned.max(1) as f32;
        let lasted = now.ms_since(test.started);
        let left = if test.sent > 0 {
            let ms = lasted as f64 * (test.planned.saturating_sub(test.sent)) as f64 / test.sent as f64;
            format!(" · {} left", format::duration((ms as i64).max(1_000)))
        } else {
            String::new()
        };
        let words = format!("{} of {} requests{left}", format::count(test.sent), format::count(test.planned));
        all.push(Running {
            about: ResourceRef::new(Kind::Endpoint, &test.spec.endpoint),
            what: "Traffic test",
            fraction: Some(done),
            words,
        });
    }
    all
}
