//! Begins the experiment over an endpoint's variants anew, and keeps what the one before it had come to among the events.

use super::change::Change;
use super::control::Control;
use super::machine::Tell;
use crate::domain::reference::{Kind, ResourceRef};
use crate::serving::AnewError;
use crate::stats::experiment::Summary;
use crate::workspace::CommandError;

impl Control {
    /// Begins it anew.
    ///
    /// # Errors
    /// No such endpoint, one that does not serve, or a disk that refuses.
    pub(super) fn experiment_begins_anew(&mut self, name: &str) -> Result<(), CommandError> {
        let resource = ResourceRef::new(Kind::Endpoint, name);
        if !self.world.endpoints.contains(name) {
            return Err(CommandError::NotFound(resource));
        }
        let live = self.shared.serving.live(name);
        let before = live.as_ref().and_then(|live| live.experiment.as_deref()).map(|experiment| &experiment.summary);
        let detail = before.map_or_else(String::new, was);
        self.shared.serving.begin_anew(name, "experiment begins anew").map_err(|error| match error {
            AnewError::UnknownEndpoint(_) => {
                CommandError::InUse { resource, why: "it does not serve, so there is nothing to compare".to_owned() }
            }
            AnewError::Disk(_) => CommandError::Failed(error.to_string()),
        })?;
        let mut tell = Tell::info(format!("The experiment of endpoint {name} begins anew"));
        tell.detail = Some(detail).filter(|detail| !detail.is_empty());
        if let Err(error) = self.commit(Change::default().tell(tell, Kind::Endpoint, name)) {
            tracing::warn!("an event was lost: {error}");
        }
        Ok(())
    }
}

/// What it had come to: "The one before it: a 520 requests of this fleet (480 expected), 300 labelled in all; …".
fn was(summary: &Summary) -> String {
    let arms = summary.arms.iter().map(|arm| {
        format!(
            "{} {} requests of this fleet ({:.0} expected), {} labelled in all",
            arm.variant, arm.counted, arm.expected, arm.labelled
        )
    });
    let arms: Vec<String> = arms.collect();
    format!(
        "The one before it: {}. Evidence against the split: {:.3e} for requests at its highest, {:.3e} for labels now; 1,000 is the alarm.",
        arms.join("; "),
        summary.all.peak_ln_e.exp(),
        summary.labelled.ln_e.exp()
    )
}
