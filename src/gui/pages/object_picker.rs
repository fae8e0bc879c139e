//! A dialog that chooses an object or a folder of a bucket.

use egui::{Align, Key, Layout, ScrollArea, Ui, vec2};
use lucide_icons::Icon;

use super::buckets::data::{self, Entry};
use super::cache::Cached;
use crate::domain::s3_uri::S3Uri;
use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::theme::{fonts, size};
use crate::gui::widgets::table::contains;
use crate::gui::widgets::{Button, Field, button, card, empty_state, icon, text};

/// The dialog's memory; closed until [`ObjectPicker::open`].
#[derive(Default)]
pub struct ObjectPicker {
    /// What the choice is for, while it is open.
    purpose: Option<String>,
    bucket: Option<String>,
    prefix: String,
    filter: String,
    entries: Cached<Vec<Entry>>,
}

const ROW: f32 = 32.0;

impl ObjectPicker {
    /// Opens it, at the place of `near` where that is known. `purpose` is what the choice is for: it is given back with it.
    pub fn open(&mut self, purpose: &str, near: Option<&S3Uri>, cx: &Context<'_>) {
        let buckets = &cx.snapshot.buckets;
        let default = Some(cx.snapshot.info.account.default_bucket()).filter(|name| buckets.contains(name));
        let near = near.filter(|uri| buckets.contains(&uri.bucket));
        *self = Self {
            purpose: Some(purpose.to_owned()),
            bucket: near.map(|uri| uri.bucket.clone()).or(default),
            prefix: near
                .map_or(String::new(), |uri| uri.key.rfind('/').map_or("", |slash| &uri.key[..=slash]).to_owned()),
            ..Self::default()
        };
    }

    /// Draws it while it is open. Gives (purpose, choice) once. `folders`: whether a folder may be chosen.
    pub fn ui(
        &mut self,
        ui: &Ui,
        cx: &mut Context<'_>,
        folders: bool,
        fits: impl Fn(&Entry) -> bool,
    ) -> Option<(String, S3Uri)> {
        let purpose = self.purpose.clone()?;
        let mut chosen = None;
        let modal = egui::Modal::new(egui::Id::unique("object-picker"))
            .frame(card::frame(cx.theme))
            .backdrop_color(cx.theme.scrim)
            .show(ui.ctx(), |ui| {
                let room = ui.ctx().content_rect();
                ui.set_width((room.width() - 80.0).clamp(320.0, 640.0));
                ui.set_height((room.height() - 120.0).clamp(240.0, 480.0));
                self.content(ui, cx, &purpose, folders, &fits, &mut chosen);
            });
        if chosen.is_some() || modal.should_close() {
            self.purpose = None;
        }
        chosen.map(|uri| (purpose, uri))
    }

    fn content(
        &mut self,
        ui: &mut Ui,
        cx: &mut Context<'_>,
        purpose: &str,
        folders: bool,
        fits: &dyn Fn(&Entry) -> bool,
        chosen: &mut Option<S3Uri>,
    ) {
        ui.horizontal(|ui| {
            text::strong(ui, format!("Choose {purpose}"));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if ui.add(Button::icon_only(Icon::X, "Close chooser")).clicked() {
                    self.purpose = None;
                }
            });
        });
        self.crumbs(ui, cx);
        ui.horizontal(|ui| {
            let button = if folders && self.bucket.is_some() { 150.0 } else { 0.0 };
            let width = ui.available_width() - button;
            Field::new("Filter chooser").bare().hint("Filter").width(width).show(ui, &mut self.filter);
            if let Some(bucket) = self.bucket.clone().filter(|_| folders)
                && Button::secondary("Choose this folder").show(ui)
            {
                *chosen = Some(S3Uri::new(bucket, &self.prefix));
            }
        });
        ui.add_space(4.0);
        let snapshot = cx.snapshot;
        let Some(bucket) = self.bucket.clone() else {
            let names: Vec<&String> = snapshot
                .buckets
                .iter()
                .map(|(name, _)| name)
                .filter(|name| contains(name, &self.filter.to_lowercase()))
                .collect();
            if names.is_empty() {
                empty_state::nothing(ui, "No bucket to choose from.");
            }
            ScrollArea::vertical().auto_shrink([false, false]).show_rows(ui, ROW, names.len(), |ui, range| {
                for name in &names[range] {
                    if line(ui, cx, Icon::Database, name, "", true) {
                        self.bucket = Some((*name).clone());
                        self.filter.clear();
                    }
                }
            });
            return;
        };
        let Some(objects) = snapshot.objects.get(&bucket) else { return };
        let salt =
            self.prefix.bytes().fold(objects.revision(), |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
        let entries = self.entries.get(salt, || data::entries(objects, &self.prefix));
        let needle = self.filter.trim().to_lowercase();
        let shown: Vec<&Entry> = entries.iter().filter(|entry| contains(entry.name(), &needle)).collect();
        if shown.is_empty() {
            empty_state::nothing(ui, if needle.is_empty() { "Nothing in here." } else { "Nothing matches." });
        }
        let mut go = None;
        ScrollArea::vertical().auto_shrink([false, false]).show_rows(ui, ROW, shown.len(), |ui, range| {
            for entry in &shown[range] {
                let sign = if entry.is_folder() { Icon::Folder } else { Icon::File };
                let right = format!("{} · {}", entry.kind(), format::bytes(entry.bytes()));
                let can = entry.is_folder() || fits(entry);
                if line(ui, cx, sign, entry.name(), &right, can) {
                    match entry {
                        Entry::Folder { prefix, .. } => go = Some(prefix.clone()),
                        Entry::Object(object) => *chosen = Some(S3Uri::new(&bucket, &object.key)),
                    }
                }
            }
        });
        if let Some(prefix) = go {
            self.prefix = prefix;
            self.filter.clear();
        }
    }

    fn crumbs(&mut self, ui: &mut Ui, cx: &Context<'_>) {
        let crumbs = self.bucket.as_ref().map(|bucket| data::crumbs(bucket, &self.prefix)).unwrap_or_default();
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            if text::link(ui, "Buckets").clicked() {
                self.bucket = None;
                self.prefix.clear();
            }
            for (name, prefix) in crumbs {
                icon(ui, Icon::ChevronRight, 13.0, cx.theme.faint);
                if text::link(ui, name).clicked() {
                    self.prefix = prefix;
                }
            }
        });
        ui.add_space(4.0);
    }
}

/// One line of the chooser; `true` when it was pressed.
fn line(ui: &mut Ui, cx: &Context<'_>, sign: Icon, name: &str, right: &str, can: bool) -> bool {
    let sense = if can { egui::Sense::click() } else { egui::Sense::hover() };
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW - ui.spacing().item_spacing.y), sense);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, can, name));
    let theme = cx.theme;
    if can && (response.hovered() || response.has_focus()) {
        ui.painter().rect_filled(rect, size::RADIUS, theme.hover);
    }
    let color = if can { theme.text } else { theme.faint };
    icon::paint(ui.painter(), sign, egui::pos2(rect.left() + 14.0, rect.center().y), 14.0, theme.muted);
    let side = text::elided_galley(ui, right, fonts::small(), theme.muted, rect.width() * 0.5);
    let words = text::elided_galley(ui, name, fonts::body(), color, rect.width() - side.size().x - 60.0);
    ui.painter().galley(egui::pos2(rect.left() + 30.0, rect.center().y - words.size().y / 2.0), words, color);
    ui.painter().galley(
        egui::pos2(rect.right() - 10.0 - side.size().x, rect.center().y - side.size().y / 2.0),
        side,
        theme.muted,
    );
    button::focus_ring(ui, &response, rect, size::RADIUS);
    let enter = response.has_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    response.clicked() || enter && can
}
