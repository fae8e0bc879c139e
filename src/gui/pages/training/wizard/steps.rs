//! The wizard's shorter steps: algorithm, output and instance, review.

use egui::{Align, CornerRadius, Layout, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};
use lucide_icons::Icon;

use super::shown;
use crate::domain::algorithm::Algorithm;
use crate::domain::price;
use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::pages::parts;
use crate::gui::pages::training::draft::{Draft, Problem, Step};
use crate::gui::theme::{fonts, size};
use crate::gui::widgets::field::choice;
use crate::gui::widgets::{Button, Field, PillTone, button, card, icon, text};

/// What an algorithm is good for: (icon, title, lines).
fn about(algorithm: Algorithm) -> (Icon, &'static str, [&'static str; 3]) {
    match algorithm {
        Algorithm::XGBoost => (
            Icon::Trees,
            "XGBoost",
            [
                "Gradient boosted trees: numbers, yes-or-no, classes",
                "Finds thresholds and combinations; needs little preparation",
                "Answers in CSV",
            ],
        ),
        Algorithm::LinearLearner => (
            Icon::ChartSpline,
            "Linear learner",
            [
                "Linear and logistic regression: numbers, yes-or-no",
                "Strong on many sparse columns, such as words; trains in a moment",
                "Answers in JSON",
            ],
        ),
    }
}

/// Step 1.
pub(super) fn algorithm(ui: &mut Ui, cx: &mut Context<'_>, draft: &mut Draft) {
    for algorithm in Algorithm::ALL {
        let (sign, title, lines) = about(algorithm);
        let chosen = draft.algorithm == algorithm;
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 104.0), Sense::click());
        response.widget_info(|| WidgetInfo::selected(egui::Role::RadioButton, ui.is_enabled(), chosen, title));
        let theme = cx.theme;
        let (line, width) = if chosen { (theme.accent, 1.5) } else { (theme.line, 1.0) };
        let ground = if response.hovered() && !chosen { theme.hover } else { theme.raised };
        ui.painter().rect(
            rect,
            CornerRadius::same(size::CARD_RADIUS),
            ground,
            Stroke::new(width, line),
            StrokeKind::Inside,
        );
        let tint = if chosen { theme.accent } else { theme.muted };
        icon::paint(ui.painter(), sign, pos2(rect.left() + 30.0, rect.top() + 28.0), 20.0, tint);
        let mut y = rect.top() + 14.0;
        let left = rect.left() + 56.0;
        let room = rect.width() - 110.0;
        let head = text::elided_galley(ui, title, fonts::inter(15.0, fonts::Weight::Semibold), theme.text, room);
        let after = pos2(left + head.size().x + 10.0, y + 3.0);
        ui.painter().galley(pos2(left, y), head, theme.text);
        ui.painter().text(after, egui::Align2::LEFT_TOP, algorithm.as_str(), fonts::mono(), theme.faint);
        y += 25.0;
        for line in lines {
            let galley = text::elided_galley(ui, line, fonts::body(), theme.muted, room);
            ui.painter().galley(pos2(left, y), galley, theme.muted);
            y += 19.0;
        }
        let dot = pos2(rect.right() - 24.0, rect.top() + 26.0);
        if chosen {
            ui.painter().circle_filled(dot, 8.0, theme.accent);
            icon::paint(ui.painter(), Icon::Check, dot, 11.0, theme.on_accent);
        } else {
            ui.painter().circle_stroke(dot, 7.5, Stroke::new(1.0, theme.line_strong));
        }
        button::focus_ring(ui, &response, rect, size::CARD_RADIUS);
        if response.clicked() {
            draft.choose(algorithm);
        }
        ui.add_space(size::GAP - ui.spacing().item_spacing.y);
    }
}

/// Instance types with what they cost, for a drop-down.
pub(in crate::gui::pages) fn instance_options(current: &str) -> Vec<(String, String)> {
    let words = |row: &price::InstanceType| {
        format!(
            "{} · {} vCPU, {} GiB · {}",
            row.name,
            row.vcpus,
            row.memory_gib,
            format::usd_per_hour(row.usd_per_hour)
        )
    };
    let mut options: Vec<(String, String)> =
        price::INSTANCE_TYPES.iter().map(|row| (row.name.to_owned(), words(row))).collect();
    if price::instance_type(current).is_none() && !current.is_empty() {
        options.push((current.to_owned(), format!("{current} · price unknown")));
    }
    options
}

/// Step 4.
pub(super) fn instance(ui: &mut Ui, cx: &mut Context<'_>, draft: &mut Draft, problems: &[Problem]) {
    card(ui, |ui| {
        text::strong(ui, "Output");
        ui.add_space(2.0);
        let mut output = draft.output(cx.snapshot);
        let before = output.clone();
        let error = shown(draft, problems, "S3OutputPath", &output);
        let help = "The artefact goes to NAME/output/model.tar.gz under it";
        Field::new("Output path").mono().error(error).help(help).show(ui, &mut output);
        if output != before {
            draft.output = Some(output);
        }
    });
    ui.add_space(size::GAP - ui.spacing().item_spacing.y);
    card(ui, |ui| {
        text::strong(ui, "Instance");
        text::small(ui, "Training runs on this machine; the instance decides what the same job would cost on AWS.");
        ui.add_space(4.0);
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = 18.0;
            let room = ui.available_width();
            let options = instance_options(&draft.instance_type);
            choice(ui, "Instance type", &mut draft.instance_type, &options, (room - 160.0).clamp(180.0, 380.0));
            let error = shown(draft, problems, "InstanceCount", &draft.instance_count);
            Field::new("Instances").error(error).width(110.0).show(ui, &mut draft.instance_count);
        });
        if let Some(problem) = problems.iter().find(|problem| problem.field == "InstanceType") {
            text::text(ui, &problem.rule, fonts::small(), cx.theme.error.text);
        }
        ui.add_space(6.0);
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = 18.0;
            let error = shown(draft, problems, "VolumeSizeInGB", &draft.volume_size_gb);
            Field::new("Volume").unit("GB").error(error).width(160.0).show(ui, &mut draft.volume_size_gb);
            let error = shown(draft, problems, "MaxRuntimeInSeconds", &draft.max_runtime_s);
            let runtime = draft
                .max_runtime_s
                .trim()
                .parse::<i64>()
                .map(|s| format!("stopped after {}", format::duration(s * 1000)));
            Field::new("Longest run")
                .unit("s")
                .error(error)
                .help(runtime.as_deref().unwrap_or(""))
                .width(200.0)
                .show(ui, &mut draft.max_runtime_s);
        });
    });
}

/// Step 5.
pub(super) fn review(
    ui: &mut Ui,
    cx: &mut Context<'_>,
    draft: &mut Draft,
    problems: &[Problem],
    refused: Option<&str>,
) {
    if let Some(why) = refused {
        parts::banner(ui, PillTone::Error, "The job was not started", why, |_| {});
    }
    let elsewhere: Vec<&Problem> = problems.iter().filter(|problem| problem.step != Step::Review).collect();
    if !elsewhere.is_empty() {
        card(ui, |ui| {
            text::text(ui, "Before it can start", fonts::strong(), cx.theme.error.text);
            ui.add_space(2.0);
            for problem in &elsewhere {
                ui.horizontal(|ui| {
                    let field = problem.label();
                    text::text(ui, format!("{field}: {}", problem.rule), fonts::body(), cx.theme.text);
                    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                        let words = format!("Go to {}", problem.step.title());
                        if Button::secondary("Mend").name(&format!("{words}: {field}")).tip(&words).show(ui) {
                            draft.go(problem.step);
                        }
                    });
                });
            }
        });
        ui.add_space(size::GAP - ui.spacing().item_spacing.y);
    }
    card(ui, |ui| {
        let mut name = draft.name(cx.snapshot);
        let before = name.clone();
        let error =
            problems.iter().find(|problem| problem.field == "TrainingJobName").map(|problem| problem.rule.as_str());
        Field::new("Job name").width(420.0).error(error).help("1 to 63 letters, digits or hyphens").show(ui, &mut name);
        if name != before {
            draft.name = Some(name);
        }
    });
    ui.add_space(size::GAP - ui.spacing().item_spacing.y);
    let spec = draft.spec(cx.snapshot);
    card(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        text::strong(ui, "What will run");
        parts::fact(ui, "Algorithm", draft.algorithm.as_str(), 150.0);
        for channel in &spec.channels {
            let format = channel.content_type.as_deref().unwrap_or("format not known");
            parts::fact(ui, &channel.name, &format!("{} · {format}", channel.data), 150.0);
        }
        let given: Vec<String> = spec.hyperparameters.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        ui.horizontal_top(|ui| {
            parts::fixed(ui, "Hyperparameters", fonts::body(), cx.theme.muted, 150.0);
            let words = egui::RichText::new(given.join(", ")).font(fonts::medium()).color(cx.theme.text);
            ui.add(egui::Label::new(words).wrap());
        });
        parts::fact(ui, "Artefact", &spec.artifact_uri().to_string(), 150.0);
        let price =
            format!("{} × {} · {}", spec.instance_count, spec.instance_type, format::usd_per_hour(spec.usd_per_hour()));
        parts::fact(ui, "Instance", &price, 150.0);
    });
}
