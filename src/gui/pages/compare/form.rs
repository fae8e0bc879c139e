//! The form of a new comparison: which rows, and who answers them.

use std::collections::BTreeSet;

use egui::{ScrollArea, Ui};

use super::data;
use crate::domain::replay::{Contestant, MAX_CONTESTANTS, ReplaySource, ReplaySpec};
use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::pages::data_picker::{DataPicker, is_data};
use crate::gui::pages::parts;
use crate::gui::theme::{fonts, size};
use crate::gui::widgets::dialog::{Dialog, dialog};
use crate::gui::widgets::table::contains;
use crate::gui::widgets::{Button, Field, field, text};
use crate::workspace::Command;

/// Where the rows come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum From {
    Endpoint,
    File,
}

/// What is typed and chosen.
pub(super) struct Form {
    from: From,
    endpoint: String,
    file: DataPicker,
    filter: String,
    chosen: BTreeSet<Contestant>,
    all: Vec<Contestant>,
}

impl Form {
    /// A form that begins with what was compared last, or with what there is most to say about.
    pub(super) fn new(cx: &Context<'_>, last: Option<&ReplaySpec>) -> Self {
        let serving = cx.snapshot.endpoints.values().filter(|endpoint| endpoint.status.serves());
        // The endpoint with the most labels.
        let labels = |name: &str| {
            let live = cx.workspace.endpoint_live(name);
            live.map_or(0, |live| live.variants.iter().map(|variant| variant.labelled).sum::<u64>())
        };
        let most = serving.max_by_key(|endpoint| labels(&endpoint.name)).map(|endpoint| endpoint.name.clone());
        let mut form = Self {
            from: if most.is_some() { From::Endpoint } else { From::File },
            endpoint: most.unwrap_or_default(),
            file: DataPicker::new(None),
            filter: String::new(),
            chosen: BTreeSet::new(),
            all: Vec::new(),
        };
        match last {
            Some(last) => {
                match &last.source {
                    ReplaySource::Captured { endpoint } => {
                        form.from = From::Endpoint;
                        form.endpoint.clone_from(endpoint);
                    }
                    ReplaySource::File(uri) => {
                        form.from = From::File;
                        form.file = DataPicker::new(Some(uri.clone()));
                    }
                }
                form.chosen = last.contestants.iter().cloned().collect();
            }
            None => form.take_variants(cx),
        }
        form
    }

    /// The endpoint's own variants are what a person most likely wants to compare.
    fn take_variants(&mut self, cx: &Context<'_>) {
        let Some(endpoint) = cx.snapshot.endpoints.get(&self.endpoint) else { return };
        self.chosen = endpoint
            .variants
            .iter()
            .take(MAX_CONTESTANTS)
            .map(|v| Contestant::Variant { endpoint: endpoint.name.clone(), variant: v.name.clone() })
            .collect();
    }

    fn source(&self) -> Option<ReplaySource> {
        match self.from {
            From::Endpoint if self.endpoint.is_empty() => None,
            From::Endpoint => Some(ReplaySource::Captured { endpoint: self.endpoint.clone() }),
            From::File => self.file.chosen.clone().map(ReplaySource::File),
        }
    }

    /// What is asked for: contestants in the order of the list, and only those that are there.
    fn spec(&self) -> Option<ReplaySpec> {
        let contestants = self.all.iter().filter(|one| self.chosen.contains(one)).cloned().collect();
        let spec = ReplaySpec { source: self.source()?, contestants };
        spec.validate().is_empty().then_some(spec)
    }

    /// Draws the dialog; `false` once it is closed.
    pub(super) fn ui(&mut self, ui: &Ui, cx: &mut Context<'_>) -> bool {
        self.all = data::contestants(cx.snapshot, self.source().as_ref());
        let (mut start, mut cancel) = (None, false);
        let body_cx = &mut *cx;
        let end = dialog(
            ui,
            "comparison",
            "New comparison",
            660.0,
            self,
            |ui, form| form.body(ui, body_cx),
            Some(Box::new(|ui, form| {
                let spec = form.spec();
                let tip = match (&form.source(), form.chosen.len()) {
                    (None, _) => "Choose rows first",
                    (_, 0) => "Choose who answers first",
                    (_, n) if n > MAX_CONTESTANTS => "At most ten can be compared",
                    _ => "Ask all of them the same rows",
                };
                if Button::primary("Compare").large().enabled(spec.is_some()).name("Start comparison").tip(tip).show(ui)
                {
                    start = spec;
                }
                cancel = Button::secondary("Close").large().name("Close form").show(ui);
            })),
        );
        if let Some(spec) = start {
            cx.actions.submit(Command::StartReplay(Box::new(spec)), String::new());
            return false;
        }
        end == Dialog::Open && !cancel
    }

    fn body(&mut self, ui: &mut Ui, cx: &mut Context<'_>) {
        text::text(ui, "Labelled rows", fonts::small_medium(), cx.theme.muted);
        let ways = [(From::Endpoint, "Captured requests"), (From::File, "A file")];
        parts::segments(ui, &mut self.from, &ways);
        match self.from {
            From::Endpoint => {
                let serving = cx.snapshot.endpoints.values().filter(|endpoint| endpoint.status.serves());
                let options: Vec<(String, String)> = serving
                    .map(|endpoint| {
                        let live = cx.workspace.endpoint_live(&endpoint.name);
                        let labels: u64 = live.map_or(0, |live| live.variants.iter().map(|v| v.labelled).sum());
                        (endpoint.name.clone(), format!("{} · {} labels", endpoint.name, format::count(labels)))
                    })
                    .collect();
                if options.is_empty() {
                    text::muted(ui, "No endpoint serves, so there are no captured requests: choose a file.");
                } else if field::choice(ui, "Endpoint", &mut self.endpoint, &options, 420.0) {
                    self.take_variants(cx);
                }
            }
            From::File => self.file.ui(ui, cx.snapshot, "CSV with the label first, or libsvm", is_data),
        }
        self.contestants(ui, cx);
    }

    fn contestants(&mut self, ui: &mut Ui, cx: &Context<'_>) {
        let theme = cx.theme;
        let there = self.all.iter().filter(|one| self.chosen.contains(one)).count();
        let words = format!("Who answers ({there} of at most {MAX_CONTESTANTS})");
        Field::new(&words).hint("Filter by name").show(ui, &mut self.filter);
        let needle = self.filter.trim().to_ascii_lowercase();
        let shown: Vec<&Contestant> = self.all.iter().filter(|one| contains(&one.to_string(), &needle)).collect();
        let frame = egui::Frame::new()
            .stroke(egui::Stroke::new(1.0, theme.line))
            .corner_radius(egui::CornerRadius::same(size::RADIUS))
            .inner_margin(8);
        let chosen = &mut self.chosen;
        frame.show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = 0.0;
            if shown.is_empty() {
                text::muted(ui, "Nothing matches.");
                return;
            }
            let area = ScrollArea::vertical().id_salt("contestants").max_height(168.0).auto_shrink([false, true]);
            area.show_rows(ui, 26.0, shown.len(), |ui, rows| {
                for one in &shown[rows] {
                    ui.horizontal(|ui| {
                        ui.set_height(26.0);
                        let mut ticked = chosen.contains(*one);
                        let response = field::tick(ui, &mut ticked, &one.to_string());
                        if response.changed() {
                            if ticked {
                                chosen.insert((*one).clone())
                            } else {
                                chosen.remove(*one)
                            };
                        }
                        let kind = match one {
                            Contestant::Model(_) => "model",
                            Contestant::Variant { .. } => "variant, as it serves",
                        };
                        text::text(ui, kind, fonts::small(), theme.faint);
                    });
                }
            });
        });
    }
}
