//! The tabs of charts: curves of two classes, confusion matrices, residuals of numbers.

use egui::{Align2, CornerRadius, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::data;
use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::theme::{Theme, fonts, size};
use crate::gui::widgets::plot::Unit;
use crate::gui::widgets::plot::scale::grouped;
use crate::gui::widgets::plot::xy::{Mark, Xy, XyAxis, XySeries};
use crate::gui::widgets::{card, empty_state, text};
use crate::stats::evaluate::confusion::Confusion;
use crate::workspace::{ModelScore, ReplayResult};

/// Height of a chart.
const HEIGHT: f32 = 250.0;
/// Two charts stand side by side from this width on.
const TWO: f32 = 640.0;
/// Classes of which a matrix is drawn cell by cell.
const CELLS: usize = 12;

/// Letters, names and colours of the models.
fn legend(ui: &mut Ui, theme: &Theme, models: &[ModelScore]) {
    ui.horizontal_wrapped(|ui| {
        for (i, model) in models.iter().enumerate() {
            let (dot, _) = ui.allocate_exact_size(vec2(10.0, 16.0), Sense::hover());
            ui.painter().circle_filled(dot.center(), 4.0, theme.variant(i));
            text::small(ui, format!("{}  {}", data::letter(i), model.name));
            ui.add_space(8.0);
        }
    });
    ui.add_space(4.0);
}

/// Cards beside each other where there is room, below each other where not.
fn grid<T>(ui: &mut Ui, items: &[T], width: f32, mut draw: impl FnMut(&mut Ui, &T)) {
    let room = ui.available_width();
    let columns = ((room / width).floor() as usize).clamp(1, items.len().max(1));
    for row in items.chunks(columns) {
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = size::GAP;
            let each = (room - size::GAP * (columns - 1) as f32) / columns as f32;
            for item in row {
                ui.vertical(|ui| {
                    ui.set_width(each);
                    ui.set_max_width(each);
                    card(ui, |ui| draw(ui, item));
                });
            }
        });
        ui.add_space(size::GAP - ui.spacing().item_spacing.y);
    }
}

/// One series a model.
fn series<'a>(theme: &Theme, result: &'a ReplayResult, mark: Mark, points: &'a [Vec<[f64; 2]>]) -> Vec<XySeries<'a>> {
    let of = |(i, points): (usize, &'a Vec<[f64; 2]>)| XySeries {
        name: &result.models[i].name,
        color: theme.variant(i),
        mark,
        points,
    };
    points.iter().enumerate().filter(|(_, points)| !points.is_empty()).map(of).collect()
}

/// Draws ROC, precision–recall and calibration.
pub(super) fn curves(ui: &mut Ui, cx: &Context<'_>, result: &ReplayResult) {
    let theme = cx.theme;
    let points = |pick: &dyn Fn(&ModelScore) -> Option<Vec<[f64; 2]>>| -> Vec<Vec<[f64; 2]>> {
        result.models.iter().map(|model| pick(model).unwrap_or_default()).collect()
    };
    let roc = points(&|model| Some(model.curves.as_ref()?.roc.points.clone()));
    let recall = points(&|model| Some(model.curves.as_ref()?.precision_recall.points.clone()));
    let calibration =
        points(&|model| Some(model.calibration.as_ref()?.bins.iter().map(|bin| [bin.score, bin.ones]).collect()));
    if roc.iter().all(Vec::is_empty) {
        empty_state::nothing(ui, "All labels are of one class, so there is no threshold to tell them apart by.");
        return;
    }
    legend(ui, theme, &result.models);
    let share = XyAxis::share;
    let (roc, recall) = (series(theme, result, Mark::Line, &roc), series(theme, result, Mark::Line, &recall));
    let calibration = series(theme, result, Mark::Points, &calibration);
    let charts = [
        Xy::new("ROC", share("false positives"), share("true positives"), &roc).height(HEIGHT).diagonal(),
        Xy::new("Precision and recall", share("recall"), share("precision"), &recall).height(HEIGHT),
        Xy::new("Calibration", share("mean score"), share("share of ones"), &calibration).height(HEIGHT).diagonal(),
    ];
    grid(ui, &charts, TWO / 2.0, |ui, chart| chart.clone().show(ui));
    for (i, model) in result.models.iter().enumerate() {
        let parts = [
            ("AUC", model.curves.as_ref().map(|curves| curves.roc.area)),
            ("average precision", model.curves.as_ref().map(|curves| curves.precision_recall.area)),
            ("calibration error", model.calibration.as_ref().map(|calibration| calibration.error)),
        ];
        let said = parts.iter().filter_map(|(name, value)| Some(format!("{name} {}", grouped((*value)?, 3))));
        text::small(ui, format!("{}  {}", data::letter(i), said.collect::<Vec<_>>().join(" · ")));
    }
}

/// Draws a histogram of the errors and errors over predictions.
pub(super) fn residuals(ui: &mut Ui, cx: &Context<'_>, result: &ReplayResult) {
    let theme = cx.theme;
    legend(ui, theme, &result.models);
    let known: Vec<(usize, &crate::stats::evaluate::residuals::Residuals)> =
        result.models.iter().enumerate().filter_map(|(i, model)| Some((i, model.residuals.as_ref()?))).collect();
    let bars: Vec<Vec<[f64; 2]>> = known
        .iter()
        .map(|(_, one)| {
            let at = |(i, n): (usize, &u64)| [one.low + one.width * i as f64, *n as f64];
            one.counts.iter().enumerate().map(at).collect()
        })
        .collect();
    let of = |(place, points): (usize, &'_ Vec<[f64; 2]>)| (known[place].0, known[place].1.width, points.clone());
    let histograms: Vec<(usize, f64, Vec<[f64; 2]>)> = bars.iter().enumerate().map(of).collect();
    let errors: Vec<XySeries<'_>> = histograms
        .iter()
        .map(|(i, width, points)| XySeries {
            name: &result.models[*i].name,
            color: theme.variant(*i),
            mark: Mark::Bars(*width),
            points,
        })
        .collect();
    let scatter: Vec<XySeries<'_>> = known
        .iter()
        .map(|(i, one)| XySeries {
            name: &result.models[*i].name,
            color: theme.variant(*i),
            mark: Mark::Dots,
            points: &one.points,
        })
        .collect();
    let number = XyAxis::number;
    let charts = [
        Xy::new("Errors", number("prediction − label", Unit::Number), number("rows", Unit::Count), &errors)
            .height(HEIGHT),
        Xy::new("Errors by size", number("prediction", Unit::Number), number("error", Unit::Number), &scatter)
            .height(HEIGHT)
            .zero(),
    ];
    grid(ui, &charts, TWO / 2.0, |ui, chart| chart.clone().show(ui));
}

/// Draws a matrix a model.
pub(super) fn confusion(ui: &mut Ui, cx: &Context<'_>, result: &ReplayResult) {
    let theme = cx.theme;
    let all: Vec<(usize, &ModelScore, &Confusion)> =
        result.models.iter().enumerate().filter_map(|(i, model)| Some((i, model, model.confusion.as_ref()?))).collect();
    grid(ui, &all, 300.0, |ui, (i, model, confusion)| {
        ui.horizontal(|ui| {
            let (dot, _) = ui.allocate_exact_size(vec2(10.0, 16.0), Sense::hover());
            ui.painter().circle_filled(dot.center(), 4.0, theme.variant(*i));
            let room = ui.available_width();
            text::elided(ui, &model.name, fonts::strong(), theme.text, room);
        });
        ui.add_space(4.0);
        if confusion.classes.len() > CELLS {
            text::muted(
                ui,
                format!("{} classes are too many to draw; the scores are under Scores.", confusion.classes.len()),
            );
            return;
        }
        matrix(ui, theme, &model.name, confusion);
    });
}

fn matrix(ui: &mut Ui, theme: &Theme, name: &str, confusion: &Confusion) {
    let n = confusion.classes.len();
    let (head, margin) = (64.0, 64.0);
    let cell = ((ui.available_width() - head - margin) / n.max(1) as f32).clamp(24.0, 120.0);
    let tall = cell.min(44.0);
    let size = vec2(head + cell * n as f32 + margin, 40.0 + tall * n as f32 + 26.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Figure, true, words(name, confusion)));
    let painter = ui.painter();
    let font = fonts::small();
    let top = rect.top() + 40.0;
    painter.text(pos2(rect.left() + head, rect.top()), Align2::LEFT_TOP, "predicted", font.clone(), theme.faint);
    painter.text(pos2(rect.left(), top - 4.0), Align2::LEFT_BOTTOM, "actual", font.clone(), theme.faint);
    // Beside each class, how much of it was found; below it, how much of what was called so is so.
    let (right, bottom) = (rect.left() + head + cell * n as f32 + 8.0, top + tall * n as f32 + 8.0);
    painter.text(pos2(right, top - 4.0), Align2::LEFT_BOTTOM, "recall", font.clone(), theme.faint);
    painter.text(pos2(rect.left(), bottom), Align2::LEFT_TOP, "precision", font.clone(), theme.faint);
    let percent = |share: Option<f64>| share.map_or_else(|| "–".to_owned(), |share| Unit::Percent.precise(share));
    for (i, class) in confusion.classes.iter().enumerate() {
        let x = rect.left() + head + cell * (i as f32 + 0.5);
        let y = top + tall * (i as f32 + 0.5);
        painter.text(pos2(x, top - 4.0), Align2::CENTER_BOTTOM, class.to_string(), font.clone(), theme.muted);
        painter.text(
            pos2(rect.left() + head - 12.0, y),
            Align2::RIGHT_CENTER,
            class.to_string(),
            font.clone(),
            theme.muted,
        );
        painter.text(pos2(right, y), Align2::LEFT_CENTER, percent(confusion.recall(i)), font.clone(), theme.muted);
        let words = if cell < 44.0 { String::new() } else { percent(confusion.precision(i)) };
        painter.text(pos2(x, bottom), Align2::CENTER_TOP, words, font.clone(), theme.muted);
        let actual: u64 = (0..n).map(|predicted| confusion.count(i, predicted)).sum();
        for predicted in 0..n {
            let count = confusion.count(i, predicted);
            let share = if actual > 0 { count as f32 / actual as f32 } else { 0.0 };
            let corner = pos2(rect.left() + head + cell * predicted as f32, top + tall * i as f32);
            let place = Rect::from_min_size(corner, vec2(cell, tall)).shrink(1.5);
            let tone = if predicted == i { theme.ok.soft } else { theme.error.soft };
            painter.rect_filled(place, CornerRadius::same(size::RADIUS / 2), theme.track);
            painter.rect_filled(place, CornerRadius::same(size::RADIUS / 2), tone.gamma_multiply(0.15 + 0.85 * share));
            let words = if cell < 40.0 { short(count) } else { format::count(count) };
            painter.text(place.center(), Align2::CENTER_CENTER, words, fonts::medium(), theme.text);
        }
    }
    response.on_hover_text(words(name, confusion));
}

fn short(count: u64) -> String {
    if count < 1_000 { count.to_string() } else { format!("{}k", count / 1_000) }
}

/// Precision and recall of each class, in words.
fn words(name: &str, confusion: &Confusion) -> String {
    let percent = |share: Option<f64>| Unit::Percent.precise(share.unwrap_or(f64::NAN));
    let line = |(i, class): (usize, &u32)| {
        format!("class {class}: precision {}, recall {}", percent(confusion.precision(i)), percent(confusion.recall(i)))
    };
    let lines: Vec<String> = confusion.classes.iter().enumerate().map(line).collect();
    format!("Confusion of {name}\n{}", lines.join("\n"))
}
