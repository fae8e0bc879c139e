//! The Labels dialog: labels from a file, where ground truth is read from by itself, and what became of the labels so far.

use std::str::FromStr;

use egui::Ui;

use super::{Frame, traffic};
use crate::domain::bucket::Object;
use crate::domain::endpoint::Endpoint;
use crate::domain::label::LabelReport;
use crate::domain::s3_uri::S3Uri;
use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::pages::data_picker::{DataPicker, is_data};
use crate::gui::pages::parts;
use crate::gui::requested::Requested;
use crate::gui::theme::fonts;
use crate::gui::widgets::dialog::{Dialog, dialog};
use crate::gui::widgets::{Button, Field, PillTone, field, text};
use crate::stats::live::{CaptureLive, EndpointLive};
use crate::workspace::{Command, LabelSource, MatchBy, Reply};

/// What is typed and chosen.
pub(super) struct Form {
    endpoint: String,
    by: MatchBy,
    data: DataPicker,
    prefix: String,
    answer: Requested<Reply>,
}

/// Whether an object can hold labels by inference id.
fn is_labels(object: &Object) -> bool {
    let kind = object.content_type.as_str();
    matches!(kind, "text/csv" | "application/json" | "application/jsonlines") || object.key.ends_with("jsonl")
}

impl Form {
    pub(super) fn new(endpoint: &Endpoint) -> Self {
        Self {
            endpoint: endpoint.name.clone(),
            by: MatchBy::InferenceId,
            data: DataPicker::new(None),
            prefix: endpoint.ground_truth.as_ref().map(ToString::to_string).unwrap_or_default(),
            answer: Requested::default(),
        }
    }

    /// Draws the dialog; `false` once it is closed.
    pub(super) fn ui(&mut self, ui: &Ui, cx: &mut Context<'_>, frame: &Frame<'_>) -> bool {
        self.answer.poll();
        let title = format!("Labels of {}", self.endpoint);
        let (mut read, mut done) = (false, false);
        let capture = frame.live.map(|live| live.capture).unwrap_or_default();
        let body_cx = &mut *cx;
        let end = dialog(
            ui,
            "labels",
            &title,
            660.0,
            self,
            |ui, form| form.body(ui, body_cx, frame, &capture),
            Some(Box::new(|ui, form| {
                let can = form.data.chosen.is_some() && !form.answer.is_pending();
                let tip =
                    if form.data.chosen.is_none() { "Choose a file first" } else { "Join its labels to the requests" };
                read = Button::primary("Read labels").large().enabled(can).tip(tip).show(ui);
                done = Button::secondary("Done").large().show(ui);
            })),
        );
        if read && let Some(at) = self.data.chosen.clone() {
            let source = LabelSource::Object { at, by: self.by };
            let ticket = cx.workspace.submit(Command::AddLabels { endpoint: self.endpoint.clone(), source });
            self.answer.ask(ui.ctx(), ticket);
        }
        end == Dialog::Open && !done
    }

    fn body(&mut self, ui: &mut Ui, cx: &mut Context<'_>, frame: &Frame<'_>, capture: &CaptureLive) {
        let theme = cx.theme;
        for line in told(capture) {
            text::text(ui, line, fonts::body(), theme.muted);
        }
        let ways = [
            (MatchBy::InferenceId, "Inference id and label".to_owned()),
            (MatchBy::Content, "Rows with their labels (a data set)".to_owned()),
        ];
        if field::choice(ui, "The file holds", &mut self.by, &ways, 320.0) {
            self.data.forget();
            self.data.chosen = match self.by {
                MatchBy::InferenceId => None,
                MatchBy::Content => traffic::suggestion(cx.snapshot, frame.endpoint),
            };
        }
        let fits = if self.by == MatchBy::InferenceId { is_labels } else { is_data };
        self.data.ui(ui, cx.snapshot, "File", fits);
        match &self.answer {
            Requested::Done(Reply::Labels(report)) => outcome(ui, report),
            Requested::Failed(why) => text_of(ui, PillTone::Error, "Not read", &why.to_string()),
            _ if self.answer.is_pending() => drop(text::muted(ui, "reading…")),
            _ => {}
        }
        self.place(ui, cx, frame);
    }

    /// Where ground truth is read from by itself.
    fn place(&mut self, ui: &mut Ui, cx: &mut Context<'_>, frame: &Frame<'_>) {
        let typed = self.prefix.trim();
        let parsed = (!typed.is_empty()).then(|| S3Uri::from_str(typed));
        let known = |uri: &S3Uri| cx.snapshot.buckets.contains(&uri.bucket);
        let error = match &parsed {
            Some(Err(invalid)) => Some(invalid.rule.clone()),
            Some(Ok(uri)) if !known(uri) => Some(format!("there is no bucket {}", uri.bucket)),
            _ => None,
        };
        let prefix = parsed.and_then(Result::ok);
        let help = format!("Objects below ground-truth/{}/ of any bucket are read at once as well", self.endpoint);
        ui.horizontal_top(|ui| {
            let room = ui.available_width() - 54.0;
            Field::new("Read every object below")
                .hint("s3://bucket/prefix")
                .width(room)
                .error(error.as_deref())
                .help(&help)
                .show(ui, &mut self.prefix);
            ui.vertical(|ui| {
                ui.add_space(19.0);
                let changed = prefix != frame.endpoint.ground_truth;
                if Button::secondary("Set").enabled(changed && error.is_none()).name("Set ground-truth prefix").show(ui)
                {
                    let said = format!("Ground-truth prefix of {} set", self.endpoint);
                    let endpoint = self.endpoint.clone();
                    cx.actions.submit(Command::SetGroundTruth { endpoint, prefix }, said);
                }
            });
        });
    }
}

/// A banner where requests were lost to the capture: labels can't find them, and a replay can't use them.
pub(super) fn losses(ui: &mut Ui, live: Option<&EndpointLive>) {
    let capture = live.map(|live| live.capture).unwrap_or_default();
    let s = |count: u64| format::plural(usize::try_from(count).unwrap_or(usize::MAX), "request");
    if capture.dropped > 0 {
        let title = format!("{} not captured", s(capture.dropped));
        let words =
            "They were answered, but the disk could not keep up: no label can find them, and no replay uses them.";
        parts::banner(ui, PillTone::Warn, &title, words, |_| {});
    }
    if capture.unwritten > 0 {
        let title = format!("{} not on disk", s(capture.unwritten));
        let words =
            "The disk refused them. They are in memory, and gone when the app ends: look at the space that is left.";
        parts::banner(ui, PillTone::Warn, &title, words, |_| {});
    }
}

/// What was captured and labelled, in words.
fn told(capture: &CaptureLive) -> Vec<String> {
    let n = |count: u64| format::count(count);
    let labels = &capture.labels;
    let mut lines = vec![format!("{} requests captured, {} labels counted.", n(capture.taken), n(labels.joined))];
    let lost = [
        (capture.dropped, "not captured: the disk could not keep up"),
        (capture.unwritten, "not on disk: it refused them"),
        (capture.without_body, "captured without a body, which was too long"),
    ];
    let odd = [
        (labels.late, "came late"),
        (labels.forced, "were for requests to a chosen variant and do not count"),
        (labels.contradictory, "contradicted an earlier label, which counts"),
        (labels.repeated, "were known already"),
        (labels.unknown, "named no known request"),
        (labels.unfit, "fit no answer"),
    ];
    for (what, counts) in [("Requests", lost.as_slice()), ("Labels", odd.as_slice())] {
        let parts: Vec<String> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, words)| format!("{} {words}", n(*count)))
            .collect();
        if !parts.is_empty() {
            lines.push(format!("{what}: {}.", parts.join(", ")));
        }
    }
    lines
}

fn outcome(ui: &mut Ui, report: &LabelReport) {
    let (tone, name) = match report.counts.joined {
        0 => (PillTone::Warn, "None"),
        joined if joined == report.counts.total() => (PillTone::Ok, "All"),
        _ => (PillTone::Warn, "Some"),
    };
    text_of(ui, tone, name, &report.summary());
    for problem in report.problems.iter().chain(&report.not_on_disk) {
        text::small(ui, problem.clone());
    }
}

fn text_of(ui: &mut Ui, tone: PillTone, name: &str, words: &str) {
    ui.horizontal_wrapped(|ui| {
        ui.add(crate::gui::widgets::Pill::new(name, tone));
        text::body(ui, words);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::label::LabelCounts;

    #[test]
    fn only_what_happened_is_told() {
        let labels = LabelCounts { joined: 3, ..LabelCounts::default() };
        let mut capture = CaptureLive { taken: 1_200, labels, ..CaptureLive::default() };
        assert_eq!(told(&capture), ["1,200 requests captured, 3 labels counted."]);
        (capture.dropped, capture.labels.contradictory, capture.labels.unknown) = (4, 1, 2);
        assert_eq!(told(&capture)[1], "Requests: 4 not captured: the disk could not keep up.");
        assert_eq!(
            told(&capture)[2],
            "Labels: 1 contradicted an earlier label, which counts, 2 named no known request."
        );
    }
}
