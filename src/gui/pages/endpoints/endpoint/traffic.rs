//! The Traffic test dialog: which labelled data, how fast, how long; real HTTP requests to the real URL.

use egui::Ui;

use super::{Frame, sample};
use crate::domain::endpoint::Endpoint;
use crate::domain::s3_uri::S3Uri;
use crate::domain::traffic_test::TrafficTestSpec;
use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::pages::data_picker::{DataPicker, is_data};
use crate::gui::theme::fonts;
use crate::gui::widgets::dialog::{Dialog, dialog};
use crate::gui::widgets::{Button, Field, text};
use crate::workspace::{Command, Snapshot};

/// What is typed.
pub(super) struct Form {
    endpoint: String,
    data: DataPicker,
    rate: String,
    duration: String,
    rows: String,
    connections: String,
}

/// The data that suit an endpoint best: a file beside its models' training data that they were not trained on, else what they were.
pub(super) fn suggestion(snapshot: &Snapshot, endpoint: &Endpoint) -> Option<S3Uri> {
    let (trained, _) = sample::source(snapshot, endpoint)?;
    let folder = trained.key.rsplit_once('/').map_or("", |(folder, _)| folder);
    let ending = trained.key.rsplit('.').next().unwrap_or_default();
    let objects = snapshot.objects.get(&trained.bucket)?;
    let test = format!("{folder}/test.{ending}");
    let key = if objects.contains(&test) { test } else { trained.key.clone() };
    Some(S3Uri::new(&trained.bucket, key))
}

impl Form {
    pub(super) fn new(cx: &Context<'_>, endpoint: &Endpoint) -> Self {
        Self {
            endpoint: endpoint.name.clone(),
            data: DataPicker::new(suggestion(cx.snapshot, endpoint)),
            rate: "200".to_owned(),
            duration: "60".to_owned(),
            rows: "1".to_owned(),
            connections: "4".to_owned(),
        }
    }

    /// What is asked for; without data or with a field that is no number there is none.
    fn spec(&self) -> Option<TrafficTestSpec> {
        Some(TrafficTestSpec {
            endpoint: self.endpoint.clone(),
            data: self.data.chosen.clone()?,
            requests_per_second: self.rate.trim().parse().ok()?,
            duration_s: self.duration.trim().parse().ok()?,
            rows_per_request: self.rows.trim().parse().ok()?,
            connections: self.connections.trim().parse().ok()?,
            seed: 1,
        })
    }

    /// The rule that a field breaks.
    fn broken(&self, field: &str) -> Option<String> {
        let text = match field {
            "RequestsPerSecond" => &self.rate,
            "DurationInSeconds" => &self.duration,
            "RowsPerRequest" => &self.rows,
            _ => &self.connections,
        };
        let number: f64 = match text.trim().parse() {
            Ok(number) => number,
            Err(_) => return Some("must be a number".to_owned()),
        };
        let whole = u32::try_from(number as i64).unwrap_or(u32::MAX);
        if field != "RequestsPerSecond" && number.fract() != 0.0 {
            return Some("must be a whole number".to_owned());
        }
        let probe = TrafficTestSpec {
            endpoint: self.endpoint.clone(),
            data: S3Uri::new("", ""),
            requests_per_second: number,
            duration_s: whole,
            rows_per_request: whole,
            connections: whole,
            seed: 1,
        };
        probe.validate().into_iter().find(|invalid| invalid.field == field).map(|invalid| invalid.rule)
    }

    /// Draws the dialog; `false` once it is closed.
    pub(super) fn ui(&mut self, ui: &Ui, cx: &mut Context<'_>, _frame: &Frame<'_>) -> bool {
        let title = format!("Traffic test for {}", self.endpoint);
        let mut start = None;
        let mut cancel = false;
        let snapshot = cx.snapshot;
        let end = dialog(
            ui,
            "traffic test",
            &title,
            620.0,
            self,
            |ui, form| form.body(ui, snapshot),
            Some(Box::new(|ui, form| {
                let spec = form.spec().filter(|spec| spec.validate().is_empty());
                let tip = if form.data.chosen.is_none() {
                    "Choose labelled data first"
                } else {
                    "Send real requests to the endpoint's URL"
                };
                if Button::primary("Start").large().enabled(spec.is_some()).tip(tip).show(ui) {
                    start = spec;
                }
                cancel = Button::secondary("Cancel").large().show(ui);
            })),
        );
        if let Some(spec) = start {
            let said = format!("Traffic test of {} started", self.endpoint);
            cx.actions.submit(Command::StartTrafficTest(Box::new(spec)), said);
            return false;
        }
        end == Dialog::Open && !cancel
    }

    fn body(&mut self, ui: &mut Ui, snapshot: &Snapshot) {
        let theme = crate::gui::theme::Theme::of(ui);
        text::text(
            ui,
            "Sends labelled rows as real HTTP requests and compares each answer with its label. CSV with the label first, or libsvm.",
            fonts::body(),
            theme.muted,
        );
        self.data.ui(ui, snapshot, "Labelled data", is_data);
        ui.columns(4, |columns| {
            let fields = [
                ("Requests a second", "RequestsPerSecond"),
                ("Seconds", "DurationInSeconds"),
                ("Rows a request", "RowsPerRequest"),
                ("Connections", "Connections"),
            ];
            for (ui, (label, field)) in columns.iter_mut().zip(fields) {
                let error = self.broken(field);
                let value = match field {
                    "RequestsPerSecond" => &mut self.rate,
                    "DurationInSeconds" => &mut self.duration,
                    "RowsPerRequest" => &mut self.rows,
                    _ => &mut self.connections,
                };
                Field::new(label).error(error.as_deref()).show(ui, value);
            }
        });
        if let Some(spec) = self.spec() {
            let requests = spec.requests_per_second * f64::from(spec.duration_s);
            let rows = requests * f64::from(spec.rows_per_request);
            let words = format!(
                "{} requests, {} labelled rows in {}",
                format::count(requests as u64),
                format::count(rows as u64),
                format::duration(i64::from(spec.duration_s) * 1000)
            );
            text::text(ui, words, fonts::small(), theme.muted);
        }
    }
}
