//! The form that makes a model. What is typed is kept until the model is made.

use egui::Ui;
use lucide_icons::Icon;

use super::data::{self, Draft, From};
use crate::domain::algorithm::Algorithm;
use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::pages::buckets::data::Entry;
use crate::gui::pages::making::Making;
use crate::gui::pages::object_picker::ObjectPicker;
use crate::gui::pages::parts;
use crate::gui::pages::training::data::{number, objective};
use crate::gui::route::Route;
use crate::gui::snippets;
use crate::gui::theme::{fonts, size};
use crate::gui::widgets::field::choice;
use crate::gui::widgets::{Button, Field, card, header, text};
use crate::workspace::Command;

/// Where the draft is kept.
const DRAFT: &str = "models.draft";

/// The page.
pub struct NewModelPage {
    /// The job that it was opened for: taken over into the draft with the first frame.
    from_job: Option<String>,
    picker: ObjectPicker,
    making: Making,
}

impl NewModelPage {
    /// A form that starts from a job's artefact, or from the draft.
    pub fn new(from_job: Option<String>) -> Self {
        Self { from_job, picker: ObjectPicker::default(), making: Making::default() }
    }

    /// Draws it.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Context<'_>) {
        let before: Draft = cx.prefs.get::<Option<Draft>>(DRAFT).unwrap_or_default();
        let mut draft = before.clone();
        if let Some(job) = self.from_job.take() {
            // What was typed for the same job is still there.
            if draft.from != From::Job || draft.job.as_ref() != Some(&job) {
                draft = Draft::from_job(&job);
            }
        }
        let problems = draft.problems(cx.snapshot);
        header(ui, "New model", None, "A name for an artefact and the container that serves it", |_| {});
        self.making.banner(ui, "The model was not made");
        let room = egui::vec2(ui.available_width(), ui.available_height() - 52.0);
        ui.allocate_ui_with_layout(room, egui::Layout::top_down(egui::Align::Min), |ui| {
            parts::scroll(ui, "new-model", |ui| {
                ui.set_max_width(760.0);
                self.source(ui, cx, &mut draft, &problems);
                ui.add_space(size::GAP - ui.spacing().item_spacing.y);
                self.rest(ui, cx, &mut draft, &problems);
            });
        });
        let world = std::sync::Arc::clone(cx.snapshot);
        self.making.foot(ui, cx, "Create model", problems.len(), || {
            let model = draft.model(&world);
            let to = Route::Model(model.name.clone());
            (Command::CreateModel(Box::new(model)), to)
        });
        self.making.code.ui(ui, cx, "New model as code", || snippets::new_model(&world, &draft.model(&world)));
        let archive = |entry: &Entry| [".tar.gz", ".tgz"].iter().any(|ending| entry.name().ends_with(ending));
        if let Some((_, uri)) = self.picker.ui(ui, cx, false, archive) {
            draft.artifact = uri.to_string();
        }
        if draft != before {
            cx.prefs.set(DRAFT, &Some(draft));
        }
        if self.making.follow(cx) {
            cx.prefs.set(DRAFT, &None::<Draft>);
        }
    }

    fn error<'a>(&self, problems: &'a [(&'static str, String)], field: &str, empty: bool) -> Option<&'a str> {
        let problem = problems.iter().find(|(name, _)| *name == field)?;
        if empty && !self.making.tried { None } else { Some(&problem.1) }
    }

    fn source(&mut self, ui: &mut Ui, cx: &mut Context<'_>, draft: &mut Draft, problems: &[(&'static str, String)]) {
        let snapshot = cx.snapshot;
        card(ui, |ui| {
            ui.horizontal(|ui| {
                text::strong(ui, "From");
                parts::segments(
                    ui,
                    &mut draft.from,
                    &[(From::Job, "A training job"), (From::Artifact, "An artefact in a bucket")],
                );
            });
            ui.add_space(4.0);
            match draft.from {
                From::Job => {
                    let jobs = data::finished_jobs(snapshot);
                    let words = |job: &crate::domain::training_job::TrainingJob| {
                        let metric =
                            objective(job).map(|m| format!(" · {} {}", m.name, number(m.value))).unwrap_or_default();
                        format!("{}{metric} · {}", job.name(), format::ago(cx.now, job.created))
                    };
                    // A list of thousands is no choice; the newest are, and a job's page leads here too.
                    let options: Vec<(Option<String>, String)> =
                        jobs.iter().take(200).map(|job| (Some(job.name().to_owned()), words(job))).collect();
                    let mut chosen = draft.job.clone();
                    if choice(ui, "Training job", &mut chosen, &options, 520.0) && chosen != draft.job {
                        draft.job = chosen;
                        draft.name = None;
                    }
                    if let Some(error) = self.error(problems, "job", draft.job.is_none()) {
                        text::text(ui, error, fonts::small(), cx.theme.error.text);
                    }
                    if jobs.is_empty() {
                        text::small(ui, "No training job has an artefact yet.");
                    }
                    if let Some(place) = draft.place(snapshot) {
                        ui.add_space(2.0);
                        parts::fact_copy(ui, cx, "Artefact", &place.to_string(), 110.0);
                        let image = draft.model(snapshot).image;
                        parts::fact_copy(ui, cx, "Image", &image, 110.0);
                    }
                }
                From::Artifact => {
                    ui.horizontal_top(|ui| {
                        let width = (ui.available_width() - 100.0).max(160.0);
                        let error = self.error(problems, "artifact", draft.artifact.trim().is_empty());
                        Field::new("Artefact")
                            .bare()
                            .mono()
                            .hint("s3://bucket/…/model.tar.gz")
                            .help("A model.tar.gz, as SageMaker's training jobs write it")
                            .error(error)
                            .width(width)
                            .show(ui, &mut draft.artifact);
                        if Button::secondary("Browse…").name("Browse for an artefact").show(ui) {
                            self.picker.open("an artefact", draft.artifact.parse().ok().as_ref(), cx);
                        }
                    });
                    ui.add_space(4.0);
                    let options: Vec<(Algorithm, String)> = Algorithm::ALL
                        .into_iter()
                        .map(|algorithm| (algorithm, algorithm.as_str().to_owned()))
                        .collect();
                    choice(ui, "Algorithm", &mut draft.algorithm, &options, 260.0);
                }
            }
        });
    }

    fn rest(&mut self, ui: &mut Ui, cx: &mut Context<'_>, draft: &mut Draft, problems: &[(&'static str, String)]) {
        card(ui, |ui| {
            let mut name = draft.name(cx.snapshot);
            let before = name.clone();
            let error = self.error(problems, "name", false);
            Field::new("Model name")
                .width(420.0)
                .error(error)
                .help("1 to 63 letters, digits or hyphens")
                .show(ui, &mut name);
            if name != before {
                draft.name = Some(name);
            }
        });
        ui.add_space(size::GAP - ui.spacing().item_spacing.y);
        card(ui, |ui| {
            ui.horizontal(|ui| {
                text::strong(ui, "Environment");
                text::small(ui, "optional: variables of the container");
            });
            ui.add_space(2.0);
            let mut gone = None;
            for (i, (key, value)) in draft.environment.iter_mut().enumerate() {
                ui.horizontal(|ui| {
                    let width = ((ui.available_width() - 50.0) / 2.0).max(80.0);
                    Field::new(&format!("Variable {}", i + 1)).bare().mono().hint("NAME").width(width).show(ui, key);
                    Field::new(&format!("Value {}", i + 1)).bare().mono().hint("value").width(width).show(ui, value);
                    if ui.add(Button::icon_only(Icon::X, &format!("Remove variable {}", i + 1))).clicked() {
                        gone = Some(i);
                    }
                });
            }
            if let Some(i) = gone {
                draft.environment.remove(i);
            }
            if let Some(error) = self.error(problems, "environment", false) {
                text::text(ui, error, fonts::small(), cx.theme.error.text);
            }
            if draft.environment.len() < 100 && Button::secondary("Add variable").icon(Icon::Plus).show(ui) {
                draft.environment.push((String::new(), String::new()));
            }
        });
    }
}
