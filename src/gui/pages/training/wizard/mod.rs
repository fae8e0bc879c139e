//! The wizard: algorithm, data, hyperparameters, output and instance, review. What is typed is kept until the job is started.

mod channels;
mod parameters;
mod stepper;
mod steps;

use std::sync::Arc;

use egui::{Align, Layout, Ui};

use super::draft::{self, Draft, Problem, Step};
use super::starting::Labels;
use crate::domain::s3_uri::S3Uri;
use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::pages::code::CodeDialog;
use crate::gui::pages::object_picker::ObjectPicker;
use crate::gui::pages::parts;
use crate::gui::requested::{Requested, State};
use crate::gui::route::Route;
use crate::gui::snippets;
use crate::gui::theme::size;
use crate::gui::widgets::{Button, card, header, text};
use crate::workspace::{Command, Preview, Ticket};
use channels::Files;
pub(in crate::gui::pages) use steps::instance_options;

/// Where the draft of a new job is kept.
const DRAFT: &str = "training.draft";
/// Where the draft of a clone is kept: the two do not overwrite each other.
const CLONE: &str = "training.clone";
/// Rows that are read to see what the labels are.
const LABEL_ROWS: usize = 200;

/// The page.
pub struct NewTrainingJobPage {
    clone_of: Option<String>,
    picker: ObjectPicker,
    files: Files,
    labels: Requested<Arc<Preview>>,
    labels_of: Option<S3Uri>,
    more: bool,
    /// The job on its way: (name, answer).
    starting: Option<(String, Ticket)>,
    refused: Option<String>,
    code: CodeDialog,
}

/// Opens the wizard with an object or prefix as the train channel; what else the draft holds stays.
pub fn start_with_data(cx: &mut Context<'_>, uri: &S3Uri) {
    let mut draft = cx.prefs.get::<Option<Draft>>(DRAFT).unwrap_or_default();
    draft.train = Draft::with_data(uri).train;
    draft.labels = Labels::Unknown;
    draft.go(Step::Data);
    cx.prefs.set(DRAFT, &Some(draft));
    cx.actions.go(Route::NewTrainingJob { clone_of: None });
}

impl NewTrainingJobPage {
    /// The wizard, or a clone of a job.
    pub fn new(clone_of: Option<String>) -> Self {
        Self {
            clone_of,
            picker: ObjectPicker::default(),
            files: Files::default(),
            labels: Requested::NotAsked,
            labels_of: None,
            more: false,
            starting: None,
            refused: None,
            code: CodeDialog::default(),
        }
    }

    fn key(&self) -> &'static str {
        if self.clone_of.is_some() { CLONE } else { DRAFT }
    }

    fn fresh(&self, cx: &Context<'_>) -> Draft {
        let original = self.clone_of.as_ref().and_then(|name| cx.snapshot.training_jobs.get(name));
        original.map_or_else(Draft::default, |job| Draft::clone_of(&job.spec))
    }

    /// Draws it.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Context<'_>) {
        let kept: Option<Draft> = cx.prefs.get(self.key());
        let before = kept.filter(|draft| draft.clone_of == self.clone_of).unwrap_or_else(|| self.fresh(cx));
        let mut draft = before.clone();
        self.look_at_labels(ui, cx, &mut draft);
        if let Some((channel, uri)) = self.files.poll(ui, cx, draft.step == Step::Data) {
            channels::set(&mut draft, &channel, &uri);
        }
        let problems = draft.problems(cx.snapshot);
        let below = self.clone_of.as_ref().map(|name| format!("Starts with the values of {name}")).unwrap_or_default();
        let fresh = self.fresh(cx);
        header(ui, "New training job", None, &below, |ui| {
            let changed = draft != fresh;
            if Button::ghost("Start over").large().enabled(changed).tip("Forget what was chosen and typed").show(ui) {
                draft = fresh.clone();
                self.files = Files::default();
                self.refused = None;
            }
        });
        stepper::ui(ui, cx, &mut draft, &problems);
        let foot = 52.0;
        let room = egui::vec2(ui.available_width(), ui.available_height() - foot);
        ui.allocate_ui_with_layout(room, Layout::top_down(Align::Min), |ui| {
            parts::scroll(ui, ("wizard", draft.step.position()), |ui| self.step(ui, cx, &mut draft, &problems));
        });
        self.foot(ui, cx, &mut draft, &problems);
        let snapshot = std::sync::Arc::clone(cx.snapshot);
        self.code
            .ui(ui, cx, "New training job as code", || snippets::new_training_job(&snapshot, &draft.spec(&snapshot)));
        if let Some((purpose, uri)) = self.picker.ui(ui, cx, true, crate::gui::pages::buckets::data::trainable) {
            channels::set(&mut draft, &purpose, &uri);
        }
        self.follow(cx);
        if draft != before {
            cx.prefs.set(self.key(), &Some(draft));
        }
    }

    fn step(&mut self, ui: &mut Ui, cx: &mut Context<'_>, draft: &mut Draft, problems: &[Problem]) {
        let seen = draft.clone();
        let this = &mut *self;
        parts::with_side(
            ui,
            cx,
            280.0,
            |ui, cx| match draft.step {
                Step::Algorithm => steps::algorithm(ui, cx, draft),
                Step::Data => channels::ui(ui, cx, draft, problems, &mut this.picker, &mut this.files),
                Step::Hyperparameters => parameters::ui(ui, cx, draft, problems, &mut this.more),
                Step::Instance => steps::instance(ui, cx, draft, problems),
                Step::Review => steps::review(ui, cx, draft, problems, this.refused.as_deref()),
            },
            |ui, cx| at_a_glance(ui, cx, &seen),
        );
    }

    /// At the left: at the right, toasts would lie over the button.
    fn foot(&mut self, ui: &mut Ui, cx: &mut Context<'_>, draft: &mut Draft, problems: &[Problem]) {
        ui.add_space(size::GAP);
        ui.horizontal(|ui| {
            let step = draft.step;
            if let Some(next) = step.next() {
                if Button::primary("Next").large().show(ui) {
                    draft.go(next);
                }
            } else {
                let can = problems.is_empty() && self.starting.is_none();
                let words = if self.starting.is_some() { "Starting…" } else { "Start training" };
                if Button::primary(words).large().enabled(can).show(ui) {
                    self.start(ui, cx, draft);
                }
            }
            if step.next().is_none() {
                self.code.button(ui, problems.is_empty());
            }
            if let Some(previous) = step.previous()
                && Button::secondary("Back").large().show(ui)
            {
                draft.go(previous);
            }
            if Button::ghost("Cancel").large().tip("The draft stays until the next time").show(ui) {
                cx.actions.push(crate::gui::action::Action::Back);
            }
            let here = problems.iter().filter(|problem| problem.step == step).count();
            if here > 0 && draft.seen > step {
                text::small(ui, format!("{} to mend here", format::plural(here, "thing")));
            }
        });
    }

    fn start(&mut self, ui: &Ui, cx: &Context<'_>, draft: &Draft) {
        let spec = draft.spec(cx.snapshot);
        let name = spec.name.clone();
        let ticket = cx.workspace.submit(Command::CreateTrainingJob(Box::new(spec)));
        crate::gui::requested::wake_on_answer(ui.ctx(), &ticket);
        self.starting = Some((name, ticket));
        self.refused = None;
    }

    /// Follows the job that was handed in: to its page when it is taken, with the reason when it is refused. Only a taken draft is forgotten.
    fn follow(&mut self, cx: &mut Context<'_>) {
        let Some((name, ticket)) = &self.starting else { return };
        let Some(answer) = ticket.poll_now() else { return };
        match answer {
            Ok(Ok(_)) => {
                cx.prefs.set(self.key(), &None::<Draft>);
                cx.actions.go(Route::TrainingJob(name.clone()));
            }
            Ok(Err(why)) => self.refused = Some(why.to_string()),
            Err(_) => self.refused = Some("The workspace gave no answer; nothing was started".to_owned()),
        }
        self.starting = None;
    }

    /// Reads the head of the train channel once a place, to see what the labels are.
    fn look_at_labels(&mut self, ui: &Ui, cx: &Context<'_>, draft: &mut Draft) {
        let first = draft.train.place().and_then(|uri| {
            let (key, _) = cx.snapshot.objects.get(&uri.bucket)?.range(&uri.key).next()?;
            key.starts_with(&uri.key).then(|| S3Uri::new(&uri.bucket, key))
        });
        if first != self.labels_of {
            self.labels_of.clone_from(&first);
            self.labels = Requested::NotAsked;
            match first {
                Some(uri) => self.labels.ask(ui.ctx(), cx.workspace.preview(&uri, LABEL_ROWS)),
                None => draft.learn_labels(Labels::Unknown),
            }
        }
        match self.labels.state() {
            State::Done(preview) => draft.learn_labels(Labels::of(preview)),
            State::Failed(_) => draft.learn_labels(Labels::Unknown),
            State::NotAsked | State::Pending(_) => {}
        }
    }
}

/// The card at the side: what has been chosen so far.
fn at_a_glance(ui: &mut Ui, cx: &mut Context<'_>, draft: &Draft) {
    let snapshot = cx.snapshot;
    let spec = draft.spec(snapshot);
    card(ui, |ui| {
        text::strong(ui, "So far");
        ui.spacing_mut().item_spacing.y = 4.0;
        parts::fact_right(ui, "Name", &spec.name);
        parts::fact_right(ui, "Algorithm", draft.algorithm.as_str());
        for name in ["train", "validation"] {
            let value = spec.channel(name).map_or("not chosen", |channel| channel.data.file_name()).to_owned();
            parts::fact_right(ui, name, &value);
        }
        parts::fact_right(ui, "Hyperparameters", &format!("{} given", spec.hyperparameters.len()));
        parts::fact_right(ui, "Instance", &spec.instance_type);
        let price = spec.usd_per_hour();
        let price = if price > 0.0 { format::usd_per_hour(price) } else { "unknown".to_owned() };
        parts::fact_right(ui, "AWS list price", &price);
        ui.add_space(4.0);
        text::text(
            ui,
            "An estimate of what this would cost on AWS. Here it is free.",
            crate::gui::theme::fonts::small(),
            cx.theme.faint,
        );
    });
}

/// A problem as far as it wants to be seen: an empty field is not wrong before its step was left.
fn shown<'a>(draft: &Draft, problems: &'a [Problem], field: &str, value: &str) -> Option<&'a str> {
    let problem = problems.iter().find(|problem| problem.field == field)?;
    if value.trim().is_empty() && draft.seen <= problem.step { None } else { draft::problem_of(problems, field) }
}
