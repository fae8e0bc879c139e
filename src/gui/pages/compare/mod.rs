//! Compare: several models, deployed or not, on the same labelled rows.

mod charts;
pub mod data;
mod disagreements;
mod form;
mod scores;

use std::sync::Arc;

use egui::Ui;
use lucide_icons::Icon;

use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::pages::parts;
use crate::gui::theme::size;
use crate::gui::widgets::{Button, Pill, PillTone, TableState, card, empty_state, header, progress_bar, tabs, text};
use crate::workspace::{Command, Measure, Replay, ReplayResult, ReplayStatus};
use disagreements::Disagreements;
use form::Form;

/// The page.
#[derive(Default)]
pub struct ComparePage {
    form: Option<Box<Form>>,
    scores: TableState,
    disagreements: Disagreements,
}

/// What a tab shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tab {
    Scores,
    Curves,
    Confusion,
    Residuals,
    Disagreements,
}

impl Tab {
    fn all(measure: Measure) -> &'static [(Self, &'static str)] {
        match measure {
            Measure::Number => {
                &[(Self::Scores, "Scores"), (Self::Residuals, "Residuals"), (Self::Disagreements, "Disagreements")]
            }
            Measure::TwoClasses => &[
                (Self::Scores, "Scores"),
                (Self::Curves, "Curves"),
                (Self::Confusion, "Confusion"),
                (Self::Disagreements, "Disagreements"),
            ],
            Measure::Classes => {
                &[(Self::Scores, "Scores"), (Self::Confusion, "Confusion"), (Self::Disagreements, "Disagreements")]
            }
        }
    }
}

impl ComparePage {
    /// Draws it.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Context<'_>) {
        let replay = cx.workspace.replay();
        self.head(ui, cx, replay.as_deref());
        match replay.as_deref() {
            None => self.nothing(ui, cx),
            Some(replay) => self.outcome(ui, cx, replay),
        }
        self.form = self.form.take().and_then(|mut form| form.ui(ui, cx).then_some(form));
    }

    fn head(&mut self, ui: &mut Ui, cx: &mut Context<'_>, replay: Option<&Replay>) {
        let below = replay.map_or_else(String::new, |replay| data::about(replay, cx.now));
        let running = replay.is_some_and(|replay| replay.status.is_running());
        let pill = replay.map(|replay| pill(&replay.status));
        header(ui, "Compare", pill.as_ref(), &below, |ui| {
            if running {
                if Button::secondary("Cancel").icon(Icon::CircleStop).large().name("Cancel comparison").show(ui) {
                    cx.actions.submit(Command::CancelReplay, String::new());
                }
            } else if Button::primary("New comparison…").large().icon(Icon::Scale).show(ui) {
                self.form = Some(Box::new(Form::new(cx, replay.map(|replay| &replay.spec))));
            }
        });
    }

    fn nothing(&mut self, ui: &mut Ui, cx: &mut Context<'_>) {
        let sentence = "Models answer the same labelled rows, captured from an endpoint or from a file, and are told apart by \
                        what they say: scores, curves, confusion, and the rows on which they disagree. It needs no traffic.";
        let (button, to) = data::first_step(cx.snapshot);
        if empty_state(ui, Icon::Scale, "Nothing compared yet", sentence, Some(button)) {
            match to {
                Some(route) => cx.actions.go(route),
                None => self.form = Some(Box::new(Form::new(cx, None))),
            }
        }
    }

    fn outcome(&mut self, ui: &mut Ui, cx: &mut Context<'_>, replay: &Replay) {
        match &replay.status {
            ReplayStatus::Running { doing, done, total } => {
                card(ui, |ui| {
                    let fraction = if *total > 0 { *done as f32 / *total as f32 } else { 0.0 };
                    ui.horizontal(|ui| {
                        let words = match total {
                            0 => format!("{doing} the rows"),
                            _ => format!("{doing}: {} of {} rows", format::count(*done), format::count(*total)),
                        };
                        text::body(ui, words);
                        let width = (ui.available_width() - 8.0).clamp(60.0, 320.0);
                        progress_bar(ui, fraction, width, "Comparison");
                    });
                });
            }
            ReplayStatus::Cancelled => {
                parts::banner(
                    ui,
                    PillTone::Quiet,
                    "The comparison was cancelled",
                    "Start it again when you like.",
                    |_| {},
                );
            }
            ReplayStatus::Failed(why) => {
                parts::banner(ui, PillTone::Error, "The comparison could not go on", why, |_| {});
            }
            ReplayStatus::Completed(result) => self.result(ui, cx, replay.revision, result),
        }
    }

    fn result(&mut self, ui: &mut Ui, cx: &mut Context<'_>, revision: u64, result: &Arc<ReplayResult>) {
        if let Some((why, rows)) = &result.left_out {
            let title = format!("{} left out", format::plural(usize::try_from(*rows).unwrap_or(usize::MAX), "row"));
            parts::banner(ui, PillTone::Warn, &title, why, |_| {});
        }
        let all = Tab::all(result.measure);
        let names: Vec<&str> = all.iter().map(|(_, name)| *name).collect();
        let mut chosen: usize = cx.prefs.get("compare.tab");
        chosen = chosen.min(all.len() - 1);
        if tabs(ui, &names, &mut chosen, |_| {}) {
            cx.prefs.set("compare.tab", &chosen);
        }
        match all[chosen].0 {
            Tab::Scores => {
                let table = &mut self.scores;
                parts::scroll(ui, "compare-scores", |ui| scores::ui(ui, cx, table, revision, result));
            }
            Tab::Curves => parts::scroll(ui, "compare-curves", |ui| charts::curves(ui, cx, result)),
            Tab::Confusion => parts::scroll(ui, "compare-confusion", |ui| charts::confusion(ui, cx, result)),
            Tab::Residuals => parts::scroll(ui, "compare-residuals", |ui| charts::residuals(ui, cx, result)),
            Tab::Disagreements => self.disagreements.ui(ui, cx, revision, result),
        }
        ui.add_space(size::GAP / 2.0);
    }
}

fn pill(status: &ReplayStatus) -> Pill {
    match status {
        ReplayStatus::Running { .. } => Pill::new("Running", PillTone::Changing),
        ReplayStatus::Completed(_) => Pill::new("Completed", PillTone::Ok),
        ReplayStatus::Cancelled => Pill::new("Cancelled", PillTone::Quiet),
        ReplayStatus::Failed(_) => Pill::new("Failed", PillTone::Error),
    }
}
