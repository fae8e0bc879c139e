//! Small pieces that several pages draw alike: lines of facts, banners, a page for what is gone, segments.

use egui::{Align, CornerRadius, Frame, Layout, Margin, Ui, vec2};
use lucide_icons::Icon;

use crate::domain::reference::{Kind, ResourceRef};
use crate::domain::s3_uri::S3Uri;
use crate::gui::action::{Action, Confirm};
use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::route::Route;
use crate::gui::theme::{Theme, fonts, size};
use crate::gui::widgets::relations::Relation;
use crate::gui::widgets::{Button, PillTone, icon, text};
use crate::workspace::{Command, Snapshot};

/// Below this width of a page its side column goes below the main one.
pub const SIDE_BY_SIDE: f32 = 860.0;

/// Words in a part of a row that is `width` wide, whatever they need.
pub fn fixed(ui: &mut Ui, words: &str, font: egui::FontId, color: egui::Color32, width: f32) {
    let (rect, response) = ui.allocate_exact_size(vec2(width, 18.0), egui::Sense::hover());
    let galley = text::elided_galley(ui, words, font, color, width - 8.0);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, words));
    ui.painter().galley(egui::pos2(rect.left(), rect.center().y - galley.size().y / 2.0), galley.clone(), color);
    if galley.elided {
        response.on_hover_text(words);
    }
}

/// A row of a list of facts.
fn fact_row(ui: &mut Ui, content: impl FnOnce(&mut Ui)) {
    let size = vec2(ui.available_width(), 24.0);
    ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
        ui.set_min_size(size);
        content(ui);
    });
}

/// One fact a line: what it is, muted, and its value at a fixed distance.
pub fn fact(ui: &mut Ui, label: &str, value: &str, label_width: f32) {
    let theme = Theme::of(ui);
    fact_row(ui, |ui| {
        fixed(ui, label, fonts::body(), theme.muted, label_width);
        let room = ui.available_width();
        text::elided(ui, value, fonts::medium(), theme.text, room);
    });
}

/// The same with the value at the right edge.
pub fn fact_right(ui: &mut Ui, label: &str, value: &str) {
    let theme = Theme::of(ui);
    fact_row(ui, |ui| {
        let room = ui.available_width();
        let value_galley = text::elided_galley(ui, value, fonts::strong(), theme.text, room * 0.65);
        let label_room = room - value_galley.size().x - 12.0;
        text::elided(ui, label, fonts::body(), theme.muted, label_room);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            text::elided(ui, value, fonts::strong(), theme.text, room * 0.65);
        });
    });
}

/// A fact whose value is monospaced and can be copied.
pub fn fact_copy(ui: &mut Ui, cx: &mut Context<'_>, label: &str, value: &str, label_width: f32) {
    let theme = cx.theme;
    fact_row(ui, |ui| {
        fixed(ui, label, fonts::body(), theme.muted, label_width);
        let room = ui.available_width() - 34.0;
        text::elided(ui, value, fonts::mono(), theme.text, room);
        if ui.add(Button::icon_only(Icon::Copy, &format!("Copy {label}"))).clicked() {
            cx.actions.copy(value, label);
        }
    });
}

/// Room below the content of [`scroll`]: what would fill the whole height leaves this much.
pub const SCROLL_FOOT: f32 = 2.0;

/// A vertical scroll area over the room that is left, whose bar stands in the page's margin and not on the cards.
pub fn scroll(ui: &mut Ui, salt: impl egui::AsIdSalt, content: impl FnOnce(&mut Ui)) {
    let room = ui.available_rect_before_wrap();
    let wide = egui::Rect::from_min_max(room.min, egui::pos2(room.right() + size::PAGE - 4.0, room.bottom()));
    let mut child = ui.new_child(egui::UiBuilder::new().max_rect(wide).layout(Layout::top_down(Align::Min)));
    egui::ScrollArea::vertical().id_salt(salt).auto_shrink([false, false]).show(&mut child, |ui| {
        ui.set_max_width(room.width());
        content(ui);
        ui.add_space(SCROLL_FOOT);
    });
    // The page around it is as wide as before.
    ui.advance_cursor_after_rect(room);
}

/// A line on coloured ground: what is the matter and what to do; `right` draws a button.
pub fn banner(ui: &mut Ui, tone: PillTone, title: &str, words: &str, right: impl FnOnce(&mut Ui)) {
    let theme = Theme::of(ui);
    let colors = tone.of(theme);
    let sign = match tone {
        PillTone::Error => Icon::CircleAlert,
        PillTone::Warn => Icon::TriangleAlert,
        PillTone::Ok => Icon::CircleCheck,
        PillTone::Changing | PillTone::Quiet => Icon::Info,
    };
    Frame::new()
        .fill(colors.soft)
        .corner_radius(CornerRadius::same(size::CARD_RADIUS))
        .inner_margin(Margin::symmetric(14, 10))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.horizontal(|ui| {
                ui.set_min_height(size::CONTROL);
                icon(ui, sign, 16.0, colors.text);
                ui.add_space(2.0);
                let right_edge = ui.max_rect().right();
                let row = egui::Rect::from_min_max(
                    ui.cursor().min,
                    egui::pos2(right_edge, ui.cursor().min.y + size::CONTROL),
                );
                let mut used = 0.0;
                ui.scope_builder(
                    egui::UiBuilder::new().max_rect(row).layout(Layout::right_to_left(Align::Center)),
                    |ui| {
                        right(ui);
                        used = ui.min_rect().width();
                    },
                );
                let left = egui::Rect::from_min_max(row.min, egui::pos2(row.right() - used - 12.0, f32::INFINITY));
                ui.scope_builder(egui::UiBuilder::new().max_rect(left).layout(Layout::top_down(Align::Min)), |ui| {
                    ui.spacing_mut().item_spacing.y = 2.0;
                    ui.add_space(5.0);
                    text::text(ui, title, fonts::strong(), colors.text);
                    if !words.is_empty() {
                        let words = egui::RichText::new(words).font(fonts::body()).color(theme.text);
                        ui.add(egui::Label::new(words).wrap().selectable(true));
                    }
                });
            });
        });
    ui.add_space(size::GAP - ui.spacing().item_spacing.y);
}

/// One of a few words, side by side. `true` when another one was chosen.
pub fn segments<T: PartialEq + Copy>(ui: &mut Ui, value: &mut T, options: &[(T, &str)]) -> bool {
    let mut changed = false;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        for (option, words) in options {
            if ui.add(Button::secondary(words).selected(*option == *value)).clicked() && *option != *value {
                *value = *option;
                changed = true;
            }
        }
    });
    changed
}

/// The folder that an object lies in, as a place to go to; `None` when its bucket is gone.
pub fn folder_of(snapshot: &Snapshot, uri: &S3Uri) -> Option<Route> {
    let prefix = uri.key.rfind('/').map_or("", |slash| &uri.key[..=slash]);
    let there = snapshot.buckets.contains(&uri.bucket);
    there.then(|| Route::Bucket { name: uri.bucket.clone(), prefix: prefix.to_owned() })
}

/// A chip for an object or prefix: its last two parts.
pub fn object_chip(snapshot: &Snapshot, uri: &S3Uri) -> Relation {
    let parts: Vec<&str> = uri.key.split('/').filter(|part| !part.is_empty()).collect();
    let name = match parts.as_slice() {
        [] => uri.bucket.clone(),
        [one] => format!("{}/{one}", uri.bucket),
        [.., folder, file] => format!("…/{folder}/{file}"),
    };
    Relation { name, kind: None, to: folder_of(snapshot, uri) }
}

/// A chip for a resource, dead when it is no longer there.
pub fn chip(snapshot: &Snapshot, kind: Kind, name: &str) -> Relation {
    let resource = ResourceRef::new(kind, name);
    let to = snapshot.contains(&resource).then(|| Route::of(&resource));
    Relation { name: name.to_owned(), kind: Some(kind), to }
}

/// A main part and a side part `side` wide at the right; the side part goes below where there is no room.
pub fn with_side(
    ui: &mut Ui,
    cx: &mut Context<'_>,
    side: f32,
    main: impl FnOnce(&mut Ui, &mut Context<'_>),
    aside: impl FnOnce(&mut Ui, &mut Context<'_>),
) {
    let width = ui.available_width();
    if width < SIDE_BY_SIDE {
        main(ui, cx);
        ui.add_space(size::GAP - ui.spacing().item_spacing.y);
        aside(ui, cx);
        return;
    }
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = size::GAP;
        let spacing = ui.spacing().item_spacing;
        let column = |ui: &mut Ui, width: f32, draw: &mut dyn FnMut(&mut Ui)| {
            ui.allocate_ui_with_layout(vec2(width, 0.0), Layout::top_down(Align::Min), |ui| {
                ui.set_width(width);
                ui.spacing_mut().item_spacing = vec2(8.0, spacing.y);
                draw(ui);
            });
        };
        let (mut main, mut aside) = (Some(main), Some(aside));
        column(ui, width - side - size::GAP, &mut |ui| {
            if let Some(main) = main.take() {
                main(ui, cx);
            }
        });
        column(ui, side, &mut |ui| {
            if let Some(aside) = aside.take() {
                aside(ui, cx);
            }
        });
    });
}

/// What goes when resources of one kind are deleted, and how.
pub struct Deletion<'a> {
    /// "model".
    pub noun: &'a str,
    /// Which.
    pub names: &'a [String],
    /// What stays, or cannot be brought back.
    pub body: &'a str,
    /// Everything that goes along, one a line.
    pub goes_along: Vec<String>,
}

/// Asks before resources go. `then`: where to go when they are gone.
pub fn confirm_delete(cx: &mut Context<'_>, what: Deletion<'_>, then: Option<&Route>, command: fn(String) -> Command) {
    let named = match what.names {
        [one] => format!("{} {one}", what.noun),
        several => format::plural(several.len(), what.noun),
    };
    let last = what.names.len().saturating_sub(1);
    let submit = |(i, name): (usize, &String)| Action::Submit {
        command: command(name.clone()),
        said: if i == last { format!("Deleted {named}") } else { String::new() },
        then: then.filter(|_| i == last).cloned(),
    };
    let actions = what.names.iter().enumerate().map(submit).collect();
    let confirm =
        Confirm::new(format!("Delete {named}?"), "Delete", actions).body(what.body).goes_along(what.goes_along);
    cx.actions.push(Action::Confirm(Box::new(confirm)));
}
