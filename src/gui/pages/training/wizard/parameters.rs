//! The wizard's hyperparameters: the common ones at once, the rest under "More", each with its range, default and one line of help.

use egui::Ui;
use lucide_icons::Icon;

use super::shown;
use crate::domain::algorithm::{Hyperparameter, Kind, Supported};
use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::pages::training::draft::{Draft, Problem, Step, placeholder};
use crate::gui::theme::{fonts, size};
use crate::gui::widgets::field::choice;
use crate::gui::widgets::{Button, Field, card, text};

/// Draws the step.
pub(super) fn ui(ui: &mut Ui, cx: &mut Context<'_>, draft: &mut Draft, problems: &[Problem], more: &mut bool) {
    let table = draft.algorithm.hyperparameters();
    let usable = |parameter: &&Hyperparameter| !matches!(parameter.supported, Supported::Refused(_));
    let common: Vec<&Hyperparameter> = table.iter().filter(usable).filter(|parameter| parameter.common).collect();
    let rest: Vec<&Hyperparameter> = table.iter().filter(usable).filter(|parameter| !parameter.common).collect();
    card(ui, |ui| {
        ui.horizontal(|ui| {
            text::strong(ui, "Common");
            if let Some(words) = draft.labels.words() {
                text::small(ui, words);
            }
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let tip = "Put values back that work for this kind of data";
                if Button::ghost("Suggested values").enabled(draft.hyperparameters_touched).tip(tip).show(ui) {
                    draft.hyperparameters_touched = false;
                    draft.refresh_starting_values();
                }
            });
        });
        ui.add_space(4.0);
        grid(ui, draft, problems, &common);
    });
    ui.add_space(size::GAP - ui.spacing().item_spacing.y);
    // What is wrong or given in there has to be seen, open or not.
    let inside = |draft: &Draft| {
        rest.iter()
            .filter(|parameter| draft.hyperparameters.get(parameter.name).is_some_and(|v| !v.trim().is_empty()))
            .count()
    };
    let given = inside(draft);
    let wrong = rest.iter().any(|parameter| problems.iter().any(|problem| problem.field == field_of(parameter)));
    card(ui, |ui| {
        ui.horizontal(|ui| {
            let sign = if *more { Icon::ChevronDown } else { Icon::ChevronRight };
            let words = format!("More ({})", rest.len());
            if ui.add(Button::ghost(&words).icon(sign).name("More hyperparameters")).clicked() {
                *more = !*more;
            }
            if given > 0 {
                text::small(ui, format!("{} given", format::count(given as u64)));
            }
            if wrong && !*more {
                text::text(ui, "something in here is wrong", fonts::small(), cx.theme.error.text);
            }
        });
        if *more || wrong {
            ui.add_space(4.0);
            grid(ui, draft, problems, &rest);
        }
    });
    unknown(ui, cx, draft, problems);
}

fn field_of(parameter: &Hyperparameter) -> String {
    format!("HyperParameters.{}", parameter.name)
}

fn grid(ui: &mut Ui, draft: &mut Draft, problems: &[Problem], parameters: &[&Hyperparameter]) {
    let gap = 18.0;
    let columns = if ui.available_width() > 900.0 {
        3
    } else if ui.available_width() > 520.0 {
        2
    } else {
        1
    };
    let width = (ui.available_width() - gap * (columns as f32 - 1.0)) / columns as f32;
    for row in parameters.chunks(columns) {
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = gap;
            for parameter in row {
                ui.allocate_ui_with_layout(egui::vec2(width, 0.0), egui::Layout::top_down(egui::Align::Min), |ui| {
                    ui.set_width(width);
                    one(ui, draft, problems, parameter, width);
                });
            }
        });
        ui.add_space(6.0);
    }
}

fn one(ui: &mut Ui, draft: &mut Draft, problems: &[Problem], parameter: &Hyperparameter, width: f32) {
    let mut value = draft.hyperparameters.get(parameter.name).cloned().unwrap_or_default();
    let before = value.clone();
    let error = shown(draft, problems, &field_of(parameter), &value).map(str::to_owned);
    let hint = placeholder(parameter);
    let range = parameter.range();
    if let Kind::Categorical(words) = parameter.kind {
        let words = match parameter.supported {
            Supported::Only(values, _) => values,
            _ => words,
        };
        let mut options: Vec<(String, String)> = Vec::new();
        if !parameter.required {
            options.push((String::new(), hint));
        }
        options.extend(words.iter().map(|word| ((*word).to_owned(), (*word).to_owned())));
        if !value.is_empty() && !words.contains(&value.as_str()) {
            options.push((value.clone(), value.clone()));
        }
        choice(ui, parameter.name, &mut value, &options, width);
        let theme = crate::gui::theme::Theme::of(ui);
        ui.spacing_mut().item_spacing.y = 4.0;
        match &error {
            Some(error) => drop(text::text(ui, error, fonts::small(), theme.error.text)),
            None => drop(text::text(ui, parameter.help, fonts::small(), theme.faint)),
        }
    } else {
        let response = Field::new(parameter.name)
            .hint(&hint)
            .help(parameter.help)
            .error(error.as_deref())
            .width(width)
            .show(ui, &mut value);
        response.on_hover_text(format!("{range}; default {}", parameter.default.unwrap_or("none")));
    }
    if value != before {
        draft.hyperparameters_touched = true;
        if value.is_empty() {
            draft.hyperparameters.remove(parameter.name);
        } else {
            draft.hyperparameters.insert(parameter.name.to_owned(), value);
        }
    }
}

/// Given ones that the algorithm does not know (from a clone, or a rule between several) are named with the way out.
fn unknown(ui: &mut Ui, cx: &mut Context<'_>, draft: &mut Draft, problems: &[Problem]) {
    let table = draft.algorithm.hyperparameters();
    let strange: Vec<&Problem> = problems
        .iter()
        .filter(|problem| problem.step == Step::Hyperparameters)
        .filter(|problem| {
            let name = problem.field.trim_start_matches("HyperParameters.");
            !table.iter().any(|known| known.name == name && !matches!(known.supported, Supported::Refused(_)))
        })
        .collect();
    for problem in strange {
        let name = problem.field.trim_start_matches("HyperParameters.").to_owned();
        ui.add_space(6.0);
        ui.horizontal(|ui| {
            text::text(ui, format!("{name} {}", problem.rule), fonts::body(), cx.theme.error.text);
            if draft.hyperparameters.contains_key(&name)
                && Button::secondary("Leave it out").name(&format!("Leave {name} out")).show(ui)
            {
                draft.hyperparameters.remove(&name);
                draft.hyperparameters_touched = true;
            }
        });
    }
}
