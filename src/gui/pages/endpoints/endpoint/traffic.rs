//! The Traffic test dialog: which labelled data, how fast, how long; real HTTP requests to the real URL.

use egui::{Role, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2};

use super::{Frame, sample};
use crate::domain::bucket::Object;
use crate::domain::endpoint::Endpoint;
use crate::domain::s3_uri::S3Uri;
use crate::domain::traffic_test::TrafficTestSpec;
use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::theme::{fonts, size};
use crate::gui::widgets::button::focus_ring;
use crate::gui::widgets::dialog::{Dialog, dialog};
use crate::gui::widgets::{Button, Field, Icon, icon, table, text};
use crate::workspace::{Command, Snapshot};

/// Objects that the picker lists at most; the filter finds the others.
const LISTED: usize = 200;

/// What is typed.
pub(super) struct Form {
    endpoint: String,
    filter: String,
    chosen: Option<S3Uri>,
    rate: String,
    duration: String,
    rows: String,
    connections: String,
    found: Found,
}

/// The objects that pass the filter; looked for again when the filter or the world changes.
#[derive(Default)]
struct Found {
    of: Option<(u64, String)>,
    objects: Vec<(S3Uri, u64)>,
    more: bool,
}

/// Whether an object can be labelled rows by its name.
fn is_data(object: &Object) -> bool {
    matches!(object.content_type.as_str(), "text/csv" | "text/libsvm")
}

fn find(snapshot: &Snapshot, filter: &str) -> Found {
    let needle = filter.trim().to_ascii_lowercase();
    let mut found = Found { of: Some((snapshot.revision, filter.to_owned())), ..Found::default() };
    for (bucket, objects) in &snapshot.objects {
        for object in objects.values().filter(|object| is_data(object)) {
            if !table::contains(&object.key, &needle) && !table::contains(bucket, &needle) {
                continue;
            }
            if found.objects.len() == LISTED {
                found.more = true;
                return found;
            }
            found.objects.push((S3Uri::new(bucket, &object.key), object.size));
        }
    }
    found
}

/// The data that suit an endpoint best: a file beside its models' training data that they were not trained on, else what they were.
fn suggestion(snapshot: &Snapshot, endpoint: &Endpoint) -> Option<S3Uri> {
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
            filter: String::new(),
            chosen: suggestion(cx.snapshot, endpoint),
            rate: "200".to_owned(),
            duration: "60".to_owned(),
            rows: "1".to_owned(),
            connections: "4".to_owned(),
            found: Found::default(),
        }
    }

    /// What is asked for; without data or with a field that is no number there is none.
    fn spec(&self) -> Option<TrafficTestSpec> {
        Some(TrafficTestSpec {
            endpoint: self.endpoint.clone(),
            data: self.chosen.clone()?,
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
                let tip = if form.chosen.is_none() {
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
        self.picker(ui, snapshot);
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

    fn picker(&mut self, ui: &mut Ui, snapshot: &Snapshot) {
        let theme = crate::gui::theme::Theme::of(ui);
        let wanted = (snapshot.revision, self.filter.clone());
        if self.found.of.as_ref() != Some(&wanted) {
            self.found = find(snapshot, &self.filter);
        }
        Field::new("Labelled data").hint("Filter by bucket or key").show(ui, &mut self.filter);
        let frame = egui::Frame::new()
            .stroke(egui::Stroke::new(1.0, theme.line))
            .corner_radius(egui::CornerRadius::same(size::RADIUS))
            .inner_margin(4);
        frame.show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = 0.0;
            if self.found.objects.is_empty() {
                ui.add_space(18.0);
                ui.vertical_centered(|ui| {
                    text::text(
                        ui,
                        "No CSV or libsvm object matches. Upload one under Data.",
                        fonts::body(),
                        theme.muted,
                    )
                });
                ui.add_space(18.0);
                return;
            }
            ScrollArea::vertical().id_salt("objects").max_height(168.0).auto_shrink([false, true]).show_rows(
                ui,
                28.0,
                self.found.objects.len(),
                |ui, rows| {
                    for (uri, bytes) in &self.found.objects[rows] {
                        let chosen = self.chosen.as_ref() == Some(uri);
                        if object_row(ui, uri, *bytes, chosen) {
                            self.chosen = Some(uri.clone());
                        }
                    }
                },
            );
        });
        if self.found.more {
            text::text(ui, format!("The first {LISTED}; filter to find more"), fonts::small(), theme.faint);
        }
    }
}

fn object_row(ui: &mut Ui, uri: &S3Uri, bytes: u64, chosen: bool) -> bool {
    let theme = crate::gui::theme::Theme::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 28.0), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, chosen, uri.to_string()));
    if chosen || response.hovered() {
        let ground = if chosen { theme.accent_soft } else { theme.hover };
        ui.painter().rect_filled(rect, f32::from(size::RADIUS), ground);
    }
    let y = rect.center().y;
    let sign = if chosen { Icon::CircleCheck } else { Icon::FileText };
    let tint = if chosen { theme.accent } else { theme.muted };
    icon::paint(ui.painter(), sign, pos2(rect.left() + 15.0, y), 14.0, tint);
    let size_text = ui.painter().layout_no_wrap(format::bytes(bytes), fonts::small(), theme.muted);
    let room = rect.width() - 44.0 - size_text.size().x - 16.0;
    let name = text::elided_galley(ui, &uri.to_string(), fonts::body(), theme.text, room);
    ui.painter().galley(pos2(rect.left() + 32.0, y - name.size().y / 2.0), name, theme.text);
    let at = pos2(rect.right() - 10.0 - size_text.size().x, y - size_text.size().y / 2.0);
    ui.painter().galley(at, size_text, theme.muted);
    focus_ring(ui, &response, rect.shrink(2.0), size::RADIUS);
    response.clicked()
}
