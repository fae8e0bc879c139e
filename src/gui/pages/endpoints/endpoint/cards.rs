//! Variant cards: the one number with its interval, then what it rests on and what it costs.

use egui::{
    Align2, Color32, CornerRadius, CursorIcon, FontId, Pos2, Rect, Response, Role, ScrollArea, Sense, Stroke,
    StrokeKind, Ui, WidgetInfo, pos2, vec2,
};

use super::data::VariantData;
use super::verdict;
use crate::gui::context::Context;
use crate::gui::route::Route;
use crate::gui::theme::{Theme, fonts, size};
use crate::gui::widgets::{Icon, icon, text};

/// Height of a card with all its lines.
const FULL: f32 = 154.0;
/// Distance of its lines.
const PITCH: f32 = 21.0;
/// Height of one where there are many.
const COMPACT: f32 = 104.0;
/// Distance of its lines.
const COMPACT_PITCH: f32 = 19.0;
/// Height of a line for the chance to be the best.
const LINE: f32 = 16.0;
/// Below this width the mark that it is no stopping rule gets a line of its own.
const ONE_LINE: f32 = 268.0;
/// Below this width the coverage with labels gets a line of its own.
const NARROW: f32 = 218.0;
/// Up to this many variants get a full card.
const FEW: usize = 2;

/// Draws the cards below each other; where they need more room than there is, they scroll on their own beside the plots.
/// Of many, a click chooses the one that stands out in the plots, and another click lets it go.
pub(super) fn column(ui: &mut Ui, cx: &mut Context<'_>, variants: &[VariantData], chosen: &mut Option<String>) {
    ScrollArea::vertical().id_salt("variants").auto_shrink(false).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = if variants.len() > FEW { 10.0 } else { 12.0 };
        for variant in variants {
            if variants.len() > FEW { compact(ui, cx, variant, chosen) } else { full(ui, cx, variant) }
        }
    });
}

/// The height that plots and cards beside each other need at least: full cards are never cut.
pub(super) fn height(variants: &[VariantData], width: f32) -> f32 {
    if variants.len() > FEW {
        return 360.0;
    }
    let inner = width - 31.0;
    let cards: f32 = variants.iter().map(|variant| full_height(variant, inner)).sum();
    (cards + 12.0 * variants.len().saturating_sub(1) as f32).max(360.0)
}

fn full_height(variant: &VariantData, inner: f32) -> f32 {
    let labels = if inner < NARROW { PITCH } else { 0.0 };
    let errors = if variant.errors_size.is_some() { PITCH } else { 0.0 };
    FULL + labels + errors + chance_height(variant, inner)
}

/// The room that the chance to be the best takes.
fn chance_height(variant: &VariantData, inner: f32) -> f32 {
    match variant.chance {
        None => 0.0,
        Some(_) if inner < ONE_LINE => 2.0 * LINE + 4.0,
        Some(_) => LINE + 4.0,
    }
}

/// The chance to be the best, marked as what it is not, at the foot of a card.
fn chance(ui: &Ui, theme: &Theme, variant: &VariantData, inner: Rect) {
    let Some(chance) = &variant.chance else { return };
    let top = inner.bottom() - chance_height(variant, inner.width()) - 4.0;
    let y = top + LINE / 2.0;
    let galley = text::elided_galley(ui, chance, fonts::small(), theme.muted, inner.width());
    let size = galley.size();
    ui.painter().galley(pos2(inner.left(), y - size.y / 2.0), galley, theme.muted);
    if inner.width() < ONE_LINE {
        put(ui, pos2(inner.left(), y + LINE), Align2::LEFT_CENTER, verdict::NO_RULE, fonts::small(), theme.faint);
    } else {
        put(ui, pos2(inner.right(), y), Align2::RIGHT_CENTER, verdict::NO_RULE, fonts::small(), theme.faint);
    }
    let zone = Rect::from_min_max(pos2(inner.left(), top), pos2(inner.right(), inner.bottom() - 4.0));
    let response = ui.interact(zone, ui.scope_id().with("chance").with(&variant.name), Sense::hover());
    let words = format!("Variant {}: {chance}, {}", variant.name, verdict::NO_RULE);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, words.clone()));
    response.on_hover_text(
        "How likely this variant is the best one, and how much a choice of it would cost on average, from the labels so far. \
         Good to steer by. Who stops as soon as it is high enough picks a wrong winner far too often: the line above the cards \
         says when there is one.",
    );
}

fn frame(ui: &mut Ui, theme: &Theme, variant: &VariantData, height: f32, sense: Sense) -> (Rect, Response) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), sense);
    response.widget_info(|| {
        let errors = variant.errors_size.as_ref().map_or(String::new(), |size| format!(", RMSE / MAE {size}"));
        let words = format!(
            "Variant {}: {} {}, {} requests{errors}",
            variant.name, variant.score, variant.margin, variant.requests
        );
        WidgetInfo::labeled(Role::Group, true, words)
    });
    let radius = CornerRadius::same(size::CARD_RADIUS);
    let painter = ui.painter();
    // Its colour looks out at the left.
    painter.rect_filled(rect, radius, theme.variant(variant.color));
    let ground = rect.with_min_x(rect.left() + 3.0);
    painter.rect_filled(ground, radius, theme.raised);
    painter.rect_stroke(ground.with_min_x(rect.left()), radius, Stroke::new(1.0, theme.line), StrokeKind::Inside);
    painter.rect_filled(
        Rect::from_min_max(pos2(rect.left(), rect.top() + 9.0), pos2(rect.left() + 3.0, rect.bottom() - 9.0)),
        0.0,
        theme.variant(variant.color),
    );
    (ground.shrink2(vec2(14.0, 0.0)), response)
}

/// Name at the left, the model as a link at the right.
fn names(ui: &Ui, cx: &mut Context<'_>, variant: &VariantData, inner: Rect, y: f32) {
    let theme = cx.theme;
    let half = inner.width() * 0.5;
    let name = text::elided_galley(ui, &variant.name, fonts::strong(), theme.text, half);
    let room = inner.width() - name.size().x - 34.0;
    let elided = name.elided;
    let name_rect = Rect::from_min_size(pos2(inner.left(), y - name.size().y / 2.0), name.size());
    ui.painter().galley(name_rect.min, name, theme.text);
    if elided {
        ui.interact(name_rect, ui.scope_id().with("name").with(&variant.name), Sense::hover())
            .on_hover_text(&variant.name);
    }
    let model = text::elided_galley(ui, &variant.model, fonts::small(), Color32::PLACEHOLDER, room);
    let arrow = if variant.model_exists { 16.0 } else { 0.0 };
    let at = pos2(inner.right() - model.size().x - arrow, y - model.size().y / 2.0);
    let rect = Rect::from_min_max(at, pos2(inner.right(), at.y + model.size().y));
    let id = ui.scope_id().with("model").with(&variant.name);
    if !variant.model_exists {
        ui.painter().galley(at, model, theme.faint);
        ui.interact(rect, id, Sense::hover())
            .on_hover_text(format!("Model {} was deleted; this fleet goes on serving it", variant.model));
        return;
    }
    let response = ui.interact(rect.expand2(vec2(2.0, 3.0)), id, Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Link, true, format!("Model {}", variant.model)));
    let on = response.hovered() || response.has_focus();
    let color = if on { theme.accent } else { theme.muted };
    ui.painter().galley(at, model, color);
    icon::paint(ui.painter(), Icon::ArrowUpRight, pos2(inner.right() - 6.0, y), 13.0, color);
    let response =
        response.on_hover_cursor(CursorIcon::PointingHand).on_hover_text(format!("Open model {}", variant.model));
    if response.clicked() {
        cx.actions.go(Route::Model(variant.model.clone()));
    }
}

fn put(ui: &Ui, at: Pos2, align: Align2, words: &str, font: FontId, color: Color32) -> Rect {
    ui.painter().text(at, align, words, font, color)
}

/// The one number, its margin, and at the right how much of the traffic has labels.
fn score(ui: &Ui, theme: &Theme, variant: &VariantData, inner: Rect, y: f32, font: FontId) {
    let number = put(ui, pos2(inner.left(), y), Align2::LEFT_CENTER, &variant.score, font, theme.text);
    let baseline = y + 3.0;
    let margin = put(
        ui,
        pos2(number.right() + 10.0, baseline),
        Align2::LEFT_CENTER,
        &variant.margin,
        fonts::small(),
        theme.muted,
    );
    if inner.width() >= NARROW {
        put(ui, pos2(inner.right(), baseline), Align2::RIGHT_CENTER, &variant.coverage, fonts::small(), theme.muted);
    }
    let zone =
        Rect::from_min_max(pos2(inner.left(), number.top()), pos2(margin.right().max(number.right()), number.bottom()));
    let id = ui.scope_id().with("score").with(&variant.name);
    ui.interact(zone, id, Sense::hover()).on_hover_text(&variant.explained);
}

fn full(ui: &mut Ui, cx: &mut Context<'_>, variant: &VariantData) {
    let theme = cx.theme;
    let narrow = ui.available_width() - 31.0 < NARROW;
    let height = full_height(variant, ui.available_width() - 31.0);
    let (inner, _) = frame(ui, theme, variant, height, Sense::hover());
    names(ui, cx, variant, inner, inner.top() + 20.0);
    score(ui, theme, variant, inner, inner.top() + 47.0, fonts::number());
    let column = inner.left() + if narrow { 78.0 } else { 134.0_f32.min(inner.width() * 0.5) };
    let labels = variant.coverage.trim_start_matches("labels ").to_owned();
    let errors = if variant.has_errors { theme.error.text } else { theme.text };
    let lines = [
        variant.errors_size.as_ref().map(|size| ("RMSE / MAE", size, theme.text)),
        Some(("Requests", &variant.requests, theme.text)),
        Some(("p50 / p99", &variant.latency, theme.text)),
        Some(("Errors", &variant.errors, errors)),
        Some(("Answers in", &variant.answers, theme.text)),
        narrow.then_some(("Labels", &labels, theme.text)),
    ];
    for (i, (label, value, color)) in lines.into_iter().flatten().enumerate() {
        let y = inner.top() + 75.0 + PITCH * i as f32;
        put(ui, pos2(inner.left(), y), Align2::LEFT_CENTER, label, fonts::small(), theme.muted);
        let galley = text::elided_galley(ui, value, fonts::strong(), color, inner.right() - column);
        ui.painter().galley(pos2(column, y - galley.size().y / 2.0), galley, color);
    }
    let foot = inner.bottom() - chance_height(variant, inner.width());
    let last = Rect::from_min_max(pos2(inner.left(), foot - 28.0), pos2(inner.right(), foot));
    ui.interact(last, ui.scope_id().with("instances").with(&variant.name), Sense::hover())
        .on_hover_text(&variant.instances);
    chance(ui, theme, variant, inner);
}

fn compact_height(variant: &VariantData, inner: f32) -> f32 {
    let errors = if variant.errors_size.is_some() { COMPACT_PITCH } else { 0.0 };
    COMPACT + errors + chance_height(variant, inner)
}

fn compact(ui: &mut Ui, cx: &mut Context<'_>, variant: &VariantData, chosen: &mut Option<String>) {
    let theme = cx.theme;
    let height = compact_height(variant, ui.available_width() - 31.0);
    let (inner, response) = frame(ui, theme, variant, height, Sense::click());
    let is_chosen = chosen.as_ref() == Some(&variant.name);
    if is_chosen || response.has_focus() {
        let line = Stroke::new(1.5, theme.accent);
        ui.painter().rect_stroke(response.rect, CornerRadius::same(size::CARD_RADIUS), line, StrokeKind::Inside);
    }
    if response.clicked() {
        *chosen = (!is_chosen).then(|| variant.name.clone());
    }
    names(ui, cx, variant, inner, inner.top() + 19.0);
    score(ui, theme, variant, inner, inner.top() + 44.0, fonts::inter(18.0, fonts::Weight::Semibold));
    let errors = if variant.has_errors { format!("{} errors", variant.errors) } else { "0 errors".to_owned() };
    let color = if variant.has_errors { theme.error.text } else { theme.muted };
    let mut y = inner.top() + 68.0;
    if let Some(size) = &variant.errors_size {
        put(ui, pos2(inner.left(), y), Align2::LEFT_CENTER, "RMSE / MAE", fonts::small(), theme.muted);
        put(ui, pos2(inner.right(), y), Align2::RIGHT_CENTER, size, fonts::small_medium(), theme.text);
        y += COMPACT_PITCH;
    }
    let requests = format!("{} requests", variant.requests);
    let galley = text::elided_galley(ui, &requests, fonts::small(), theme.muted, inner.width() * 0.6);
    ui.painter().galley(pos2(inner.left(), y - galley.size().y / 2.0), galley, theme.muted);
    put(ui, pos2(inner.right(), y), Align2::RIGHT_CENTER, &errors, fonts::small(), color);
    y += COMPACT_PITCH;
    put(ui, pos2(inner.left(), y), Align2::LEFT_CENTER, &variant.latency, fonts::small(), theme.muted);
    put(ui, pos2(inner.right(), y), Align2::RIGHT_CENTER, &variant.answers, fonts::small(), theme.muted);
    chance(ui, theme, variant, inner);
}
