//! The left rail: where one can go, how much is there, and what is changing right now.

use egui::{CornerRadius, Pos2, Rect, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use crate::domain::reference::Kind;
use crate::gui::action::Action;
use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::route::Route;
use crate::gui::theme::{Theme, fonts, size};
use crate::gui::widgets::relations::kind_icon;
use crate::gui::widgets::{Icon, button, icon};
use crate::workspace::Snapshot;

/// One entry as data.
struct Entry {
    route: Route,
    icon: Icon,
    count: Option<usize>,
    changing: bool,
}

/// Sections and their entries.
fn entries(snapshot: &Snapshot, comparing: bool) -> Vec<(&'static str, Vec<Entry>)> {
    let of = |kind: Kind, count: usize, changing: bool| Entry {
        route: Route::list_of(kind),
        icon: kind_icon(kind),
        // A nought says nothing that the empty page does not say better.
        count: (count > 0).then_some(count),
        changing,
    };
    let training = snapshot.training_jobs.under_way().next().is_some();
    let deploying = snapshot.endpoints.under_way().next().is_some();
    let running = snapshot.running_cost().1;
    vec![
        ("", vec![Entry { route: Route::Home, icon: Icon::House, count: None, changing: false }]),
        (
            "Build",
            vec![
                of(Kind::Bucket, snapshot.buckets.len(), false),
                of(Kind::TrainingJob, snapshot.training_jobs.len(), training),
            ],
        ),
        (
            "Deploy",
            vec![
                of(Kind::Model, snapshot.models.len(), false),
                of(Kind::EndpointConfig, snapshot.endpoint_configs.len(), false),
                of(Kind::Endpoint, snapshot.endpoints.len(), deploying),
            ],
        ),
        (
            "Watch",
            vec![
                Entry { route: Route::Compare, icon: Icon::Scale, count: None, changing: comparing },
                Entry {
                    route: Route::Cleanup,
                    icon: Icon::Trash2,
                    count: (running > 0).then_some(running),
                    changing: false,
                },
            ],
        ),
    ]
}

/// Draws it.
pub(super) fn ui(ui: &mut Ui, cx: &mut Context<'_>, route: &Route) {
    let theme = cx.theme;
    let narrow = cx.prefs.kept().rail_narrow || ui.ctx().content_rect().width() < size::NARROW;
    let width = if narrow { size::RAIL_NARROW } else { size::RAIL };
    let frame = egui::Frame::new().fill(theme.panel);
    egui::Panel::left("rail").exact_size(width).resizable(false).show_separator_line(false).frame(frame).show(
        ui,
        |ui| {
            let whole = ui.max_rect();
            ui.painter().vline(whole.right() - 0.5, whole.y_range(), Stroke::new(1.0, theme.line));
            ui.spacing_mut().item_spacing.y = 1.0;
            let (head, response) = ui.allocate_exact_size(vec2(width, size::TOP_BAR), Sense::click());
            response.widget_info(|| {
                WidgetInfo::labeled(Role::Button, true, "Counterpoise: show or hide words on the rail")
            });
            if response.clicked() {
                cx.actions.push(Action::ToggleRail);
            }
            let mark = pos2(if narrow { head.center().x } else { head.left() + 26.0 }, head.center().y + 2.0);
            logo(ui, mark, 1.0);
            if !narrow {
                let at = pos2(head.left() + 44.0, head.center().y + 2.0);
                let font = fonts::inter(15.0, fonts::Weight::Semibold);
                ui.painter().text(at, egui::Align2::LEFT_CENTER, "Counterpoise", font, theme.text);
            }
            button::focus_ring(ui, &response, head.shrink(6.0), size::RADIUS);
            ui.add_space(2.0);

            let here = route.section();
            let comparing = cx.workspace.replay().is_some_and(|replay| replay.status.is_running());
            for (section, entries) in entries(cx.snapshot, comparing) {
                if !section.is_empty() {
                    section_head(ui, section, narrow, width);
                }
                for one in entries {
                    entry(ui, cx, &one, one.route == here, narrow, width);
                }
            }
            let foot = Rect::from_min_max(pos2(whole.left(), whole.bottom() - 44.0), whole.max);
            ui.scope_builder(egui::UiBuilder::new().max_rect(foot), |ui| {
                let settings = Entry { route: Route::Settings, icon: Icon::Settings, count: None, changing: false };
                entry(ui, cx, &settings, here == Route::Settings, narrow, width);
            });
        },
    );
}

fn section_head(ui: &mut Ui, words: &str, narrow: bool, width: f32) {
    let theme = Theme::of(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(width, if narrow { 13.0 } else { 34.0 }), Sense::hover());
    if narrow {
        let x = rect.shrink2(vec2(14.0, 0.0)).x_range();
        ui.painter().hline(x, rect.center().y, Stroke::new(1.0, theme.line));
    } else {
        let at = pos2(rect.left() + 16.0, rect.bottom() - 9.0);
        ui.painter().text(at, egui::Align2::LEFT_BOTTOM, words, fonts::inter(11.5, fonts::Weight::Medium), theme.faint);
    }
}

fn entry(ui: &mut Ui, cx: &mut Context<'_>, entry: &Entry, here: bool, narrow: bool, width: f32) {
    let theme = cx.theme;
    let title = entry.route.title();
    let (outer, response) = ui.allocate_exact_size(vec2(width, 28.0), Sense::click());
    let rect = outer.shrink2(vec2(8.0, 0.0));
    response.widget_info(|| WidgetInfo::selected(Role::Link, true, here, &title));
    if response.clicked() {
        cx.actions.go(entry.route.clone());
    }
    let painter = ui.painter();
    if here {
        painter.rect_filled(rect, CornerRadius::same(size::RADIUS), theme.accent_soft);
    } else if response.hovered() {
        painter.rect_filled(rect, CornerRadius::same(size::RADIUS), theme.hover);
    }
    let color = if here { theme.text } else { theme.muted };
    let tint = if here { theme.accent } else { theme.muted };
    let x = if narrow { rect.center().x } else { rect.left() + 16.0 };
    icon::paint(painter, entry.icon, pos2(x, rect.center().y), 16.0, tint);
    if narrow {
        if entry.changing {
            painter.circle_filled(pos2(rect.right() - 8.0, rect.top() + 7.0), 3.0, theme.changing.text);
        }
    } else {
        let at = pos2(rect.left() + 33.0, rect.center().y);
        painter.text(at, egui::Align2::LEFT_CENTER, &title, fonts::medium(), color);
        if let Some(count) = entry.count {
            let at = pos2(rect.right() - 8.0, rect.center().y);
            let words = format::count(count as u64);
            let drawn = painter.text(at, egui::Align2::RIGHT_CENTER, words, fonts::small(), theme.muted);
            if entry.changing {
                painter.circle_filled(pos2(drawn.left() - 14.0, rect.center().y), 3.0, theme.changing.text);
            }
        }
    }
    button::focus_ring(ui, &response, rect.shrink(1.0), size::RADIUS);
    if narrow {
        let count = entry.count.map_or_else(String::new, |count| format!("  {}", format::count(count as u64)));
        response.on_hover_text(format!("{title}{count}"));
    }
}

/// The mark: a balance whose two pans wear the first two variants' colours. `scale` 1 is 18 points wide.
pub(crate) fn logo(ui: &Ui, center: Pos2, scale: f32) {
    let theme = Theme::of(ui);
    let painter = ui.painter();
    let at = |x: f32, y: f32| pos2(center.x + x * scale, center.y + y * scale);
    let line = Stroke::new(1.5 * scale, theme.text);
    painter.line_segment([at(0.0, -6.5), at(0.0, 7.0)], line);
    painter.line_segment([at(-3.5, 7.0), at(3.5, 7.0)], line);
    // The beam leans to the heavier pan.
    painter.line_segment([at(-7.0, -3.6), at(7.0, -5.4)], line);
    painter.circle_filled(at(0.0, -6.5), 1.3 * scale, theme.text);
    let pan = |x: f32, y: f32, radius: f32, color| {
        let half: Vec<Pos2> = (0..=12)
            .map(|i| {
                let angle = std::f32::consts::PI * i as f32 / 12.0;
                at(x + radius * angle.cos(), y + radius * angle.sin())
            })
            .collect();
        painter.add(egui::Shape::convex_polygon(half, color, Stroke::NONE));
    };
    pan(-6.2, -2.6, 4.4, theme.variant(0));
    pan(6.6, -4.4, 3.4, theme.variant(1));
}
