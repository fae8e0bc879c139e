//! A job's log: only the lines in sight are fetched, unless a filter needs them all.

use egui::{ScrollArea, Ui};
use lucide_icons::Icon;

use crate::domain::time::Timestamp;
use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::theme::fonts;
use crate::gui::widgets::field::tick;
use crate::gui::widgets::table::contains;
use crate::gui::widgets::{Button, Field, card, empty_state, text};
use crate::workspace::LogPage;

/// Height of a line.
const LINE: f32 = 18.0;
/// Lines that are fetched at a time when all are needed.
const CHUNK: usize = 10_000;

/// The tab's memory.
pub struct LogTab {
    filter: String,
    follow: bool,
    matching: Option<Matching>,
}

/// Lines that pass a filter.
struct Matching {
    /// Lines in all when it was made.
    total: u64,
    needle: String,
    lines: Vec<(i64, String)>,
}

impl Default for LogTab {
    fn default() -> Self {
        Self { filter: String::new(), follow: true, matching: None }
    }
}

impl LogTab {
    /// Draws it over the room that is left.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Context<'_>, job: &str) {
        let total = cx.workspace.training_log(job, 0, 0).total;
        let needle = self.filter.trim().to_lowercase();
        if !needle.is_empty() {
            self.search(cx, job, total, &needle);
        }
        let shown = match &self.matching {
            Some(found) if !needle.is_empty() => found.lines.len(),
            _ => total as usize,
        };
        let mut copy = false;
        ui.horizontal(|ui| {
            Field::new("Filter log").bare().hint("Filter log").width(260.0).show(ui, &mut self.filter);
            let words = if needle.is_empty() {
                format::plural(shown, "line")
            } else {
                format!("{} of {}", format::count(shown as u64), format::plural(total as usize, "line"))
            };
            text::small(ui, words);
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                copy = Button::secondary("Copy log").icon(Icon::Copy).enabled(shown > 0).show(ui);
                tick(ui, &mut self.follow, "Follow");
            });
        });
        ui.add_space(4.0);
        let height = (ui.available_height() - 32.0).max(160.0);
        card(ui, |ui| {
            ui.set_height(height);
            if shown == 0 {
                let words = if needle.is_empty() { "Nothing logged yet." } else { "No line has that in it." };
                empty_state::nothing(ui, words);
                return;
            }
            ui.spacing_mut().item_spacing.y = 0.0;
            ScrollArea::both()
                .id_salt(("log", job))
                .auto_shrink([false, false])
                .stick_to_bottom(self.follow)
                .show_rows(ui, LINE, shown + 1, |ui, range| {
                    // One line more than there is: the last one stands free of the bar.
                    let range = range.start.min(shown)..range.end.min(shown);
                    let page = match &self.matching {
                        Some(found) if !needle.is_empty() => LogPage {
                            from: range.start as u64,
                            lines: found.lines[range.clone()].to_vec(),
                            total: found.lines.len() as u64,
                        },
                        _ => cx.workspace.training_log(job, range.start as u64, range.len()),
                    };
                    for (at, words) in &page.lines {
                        line(ui, cx, *at, words);
                    }
                });
        });
        if copy {
            let lines = match &self.matching {
                Some(found) if !needle.is_empty() => found.lines.clone(),
                _ => all(cx, job, total),
            };
            let words: Vec<&str> = lines.iter().map(|(_, words)| words.as_str()).collect();
            cx.actions.copy(words.join("\n"), format::plural(lines.len(), "log line"));
        }
    }

    fn search(&mut self, cx: &Context<'_>, job: &str, total: u64, needle: &str) {
        let same = self.matching.as_ref().is_some_and(|found| found.total == total && found.needle == needle);
        if !same {
            let mut lines = all(cx, job, total);
            lines.retain(|(_, words)| contains(words, needle));
            self.matching = Some(Matching { total, needle: needle.to_owned(), lines });
        }
    }
}

fn all(cx: &Context<'_>, job: &str, total: u64) -> Vec<(i64, String)> {
    let mut lines = Vec::new();
    while (lines.len() as u64) < total {
        let page = cx.workspace.training_log(job, lines.len() as u64, CHUNK);
        if page.lines.is_empty() {
            break;
        }
        lines.extend(page.lines);
    }
    lines
}

fn line(ui: &mut Ui, cx: &Context<'_>, at: i64, words: &str) {
    ui.horizontal(|ui| {
        ui.set_height(LINE);
        ui.spacing_mut().item_spacing.x = 12.0;
        text::text(ui, format::clock_seconds(Timestamp(at), cx.zone), fonts::mono(), cx.theme.faint);
        // SageMaker's containers write tabs as #011; a person wants to see the gap.
        let words = words.replace("#011", "   ");
        let words = egui::RichText::new(words).font(fonts::mono()).color(cx.theme.text);
        ui.add(egui::Label::new(words).extend());
    });
}
