//! Data capture in the form of an endpoint configuration: a switch, where to, and how much.

use std::str::FromStr;

use egui::Ui;
use serde::{Deserialize, Serialize};

use crate::domain::data_capture::DataCapture;
use crate::domain::s3_uri::S3Uri;
use crate::gui::theme::size;
use crate::gui::widgets::{Field, card, field, text};
use crate::workspace::Snapshot;

/// What is typed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CaptureDraft {
    /// The switch.
    pub on: bool,
    /// `s3://bucket/prefix`; `None` before it was touched.
    pub destination: Option<String>,
    /// Percent of the requests.
    pub percent: Option<String>,
    /// What a clone takes over and the form does not show.
    pub like: Option<DataCapture>,
}

impl CaptureDraft {
    /// As a configuration has it.
    pub fn clone_of(capture: Option<&DataCapture>) -> Self {
        Self {
            on: capture.is_some_and(|capture| capture.enabled),
            destination: capture.map(|capture| capture.destination.to_string()),
            percent: capture.map(|capture| capture.sampling_percent.to_string()),
            like: capture.cloned(),
        }
    }

    fn destination(&self, snapshot: &Snapshot) -> String {
        let default = || format!("s3://{}/captured", snapshot.info.account.default_bucket());
        self.destination.clone().unwrap_or_else(default)
    }

    fn percent(&self) -> &str {
        self.percent.as_deref().unwrap_or("100")
    }

    /// What it becomes, as far as it can be read.
    pub fn capture(&self, snapshot: &Snapshot) -> Option<DataCapture> {
        let destination = S3Uri::from_str(self.destination(snapshot).trim()).ok().filter(|_| self.on)?;
        let like = self.like.clone().unwrap_or_else(|| DataCapture::to(destination.clone()));
        let sampling_percent = self.percent().trim().parse().unwrap_or(u8::MAX);
        Some(DataCapture { enabled: true, sampling_percent, destination, ..like })
    }

    /// What is wrong: field and rule.
    pub fn problems(&self, snapshot: &Snapshot) -> Vec<(&'static str, String)> {
        if !self.on {
            return Vec::new();
        }
        let mut problems = Vec::new();
        match S3Uri::from_str(self.destination(snapshot).trim()) {
            Err(invalid) => problems.push(("destination", invalid.rule)),
            Ok(uri) if !snapshot.buckets.contains(&uri.bucket) => {
                problems.push(("destination", format!("there is no bucket {}: make it under Data first", uri.bucket)));
            }
            Ok(_) => {}
        }
        if !self.percent().trim().parse().is_ok_and(|percent: u8| percent <= 100) {
            problems.push(("percent", "must be a whole number from 0 to 100".to_owned()));
        }
        problems
    }
}

/// Draws it. `error` gives the rule that a field breaks.
pub(super) fn ui<'a>(
    ui: &mut Ui,
    snapshot: &Snapshot,
    draft: &mut CaptureDraft,
    error: impl Fn(&str) -> Option<&'a str>,
) {
    card(ui, |ui| {
        ui.horizontal(|ui| {
            text::strong(ui, "Data capture");
            text::small(ui, "requests and answers as JSON Lines in a bucket, as SageMaker writes them");
        });
        ui.add_space(2.0);
        field::tick(ui, &mut draft.on, "Capture requests and answers");
        if !draft.on {
            return;
        }
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = 14.0;
            let (mut destination, mut percent) = (draft.destination(snapshot), draft.percent().to_owned());
            let room = (ui.available_width() - 150.0).min(520.0);
            let to = Field::new("Destination").error(error("destination")).width(room).show(ui, &mut destination);
            let share = Field::new("Sampling").unit("%").error(error("percent")).width(110.0).show(ui, &mut percent);
            if to.changed() {
                draft.destination = Some(destination);
            }
            if share.changed() {
                draft.percent = Some(percent);
            }
        });
    });
    ui.add_space(size::GAP - ui.spacing().item_spacing.y);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::bucket::Bucket;
    use crate::domain::time::Timestamp;

    #[test]
    fn a_draft_becomes_what_it_says_and_keeps_what_it_does_not_show() {
        let mut snapshot = Snapshot::default();
        let mut draft = CaptureDraft { on: true, ..CaptureDraft::default() };
        assert!(draft.problems(&snapshot)[0].1.contains("there is no bucket"));
        let name = snapshot.info.account.default_bucket();
        snapshot.buckets.insert(name.clone(), Bucket { name: name.clone(), created: Timestamp(0), tags: vec![] });
        assert_eq!(draft.problems(&snapshot), []);
        let capture = draft.capture(&snapshot).unwrap();
        assert_eq!((capture.sampling_percent, capture.destination.bucket), (100, name));
        draft.percent = Some("101".into());
        draft.destination = Some("nowhere".into());
        let fields: Vec<&str> = draft.problems(&snapshot).iter().map(|(field, _)| *field).collect();
        assert_eq!(fields, ["destination", "percent"]);
        let like = DataCapture { output: false, ..DataCapture::to(S3Uri::new("bucket", "x")) };
        let clone = CaptureDraft::clone_of(Some(&like));
        assert_eq!(clone.capture(&snapshot), Some(like));
        assert_eq!(CaptureDraft { on: false, ..clone }.capture(&snapshot), None);
    }
}
