//! A list of objects to choose labelled data from, with a filter.

use egui::{Role, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2};

use crate::domain::bucket::Object;
use crate::domain::s3_uri::S3Uri;
use crate::gui::format;
use crate::gui::theme::{fonts, size};
use crate::gui::widgets::button::focus_ring;
use crate::gui::widgets::{Field, Icon, icon, table, text};
use crate::workspace::Snapshot;

/// Objects that are listed at most; the filter finds the others.
const LISTED: usize = 200;

/// Whether an object can be labelled rows by its name.
pub fn is_data(object: &Object) -> bool {
    matches!(object.content_type.as_str(), "text/csv" | "text/libsvm")
}

/// What is typed and chosen.
pub struct DataPicker {
    /// The object.
    pub chosen: Option<S3Uri>,
    filter: String,
    found: Found,
}

/// The objects that pass the filter; looked for again when the filter or the world changes.
#[derive(Default)]
struct Found {
    of: Option<(u64, String)>,
    objects: Vec<(S3Uri, u64)>,
    more: bool,
}

fn find(snapshot: &Snapshot, filter: &str, fits: impl Fn(&Object) -> bool) -> Found {
    let needle = filter.trim().to_ascii_lowercase();
    let mut found = Found { of: Some((snapshot.revision, filter.to_owned())), ..Found::default() };
    for (bucket, objects) in &snapshot.objects {
        for object in objects.values().filter(|object| fits(object)) {
            if !table::contains(&object.key, &needle) && !table::contains(bucket, &needle) {
                continue;
            }
            if found.objects.len() == LISTED {
                found.more = true;
                return found;
            }
            found.objects.push((S3Uri::new(bucket, &object.key), object.size));
        }
    }
    found
}

impl DataPicker {
    /// With a first choice.
    pub fn new(chosen: Option<S3Uri>) -> Self {
        Self { chosen, filter: String::new(), found: Found::default() }
    }

    /// Looks again, for objects of another kind.
    pub fn forget(&mut self) {
        self.found = Found::default();
    }

    /// Draws it. `fits` says which objects can be chosen at all.
    pub fn ui(&mut self, ui: &mut Ui, snapshot: &Snapshot, label: &str, fits: impl Fn(&Object) -> bool) {
        let theme = crate::gui::theme::Theme::of(ui);
        let wanted = (snapshot.revision, self.filter.clone());
        if self.found.of.as_ref() != Some(&wanted) {
            self.found = find(snapshot, &self.filter, fits);
        }
        Field::new(label).hint("Filter by bucket or key").show(ui, &mut self.filter);
        let frame = egui::Frame::new()
            .stroke(egui::Stroke::new(1.0, theme.line))
            .corner_radius(egui::CornerRadius::same(size::RADIUS))
            .inner_margin(4);
        frame.show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = 0.0;
            if self.found.objects.is_empty() {
                ui.add_space(18.0);
                ui.vertical_centered(|ui| {
                    text::text(ui, "No object fits. Upload one under Data.", fonts::body(), theme.muted)
                });
                ui.add_space(18.0);
                return;
            }
            ScrollArea::vertical().id_salt("objects").max_height(168.0).auto_shrink([false, true]).show_rows(
                ui,
                28.0,
                self.found.objects.len(),
                |ui, rows| {
                    for (uri, bytes) in &self.found.objects[rows] {
                        let chosen = self.chosen.as_ref() == Some(uri);
                        if object_row(ui, uri, *bytes, chosen) {
                            self.chosen = Some(uri.clone());
                        }
                    }
                },
            );
        });
        if self.found.more {
            text::text(ui, format!("The first {LISTED}; filter to find more"), fonts::small(), theme.faint);
        }
    }
}

fn object_row(ui: &mut Ui, uri: &S3Uri, bytes: u64, chosen: bool) -> bool {
    let theme = crate::gui::theme::Theme::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 28.0), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, chosen, uri.to_string()));
    if chosen || response.hovered() {
        let ground = if chosen { theme.accent_soft } else { theme.hover };
        ui.painter().rect_filled(rect, f32::from(size::RADIUS), ground);
    }
    let y = rect.center().y;
    let sign = if chosen { Icon::CircleCheck } else { Icon::FileText };
    let tint = if chosen { theme.accent } else { theme.muted };
    icon::paint(ui.painter(), sign, pos2(rect.left() + 15.0, y), 14.0, tint);
    let size_text = ui.painter().layout_no_wrap(format::bytes(bytes), fonts::small(), theme.muted);
    let room = rect.width() - 44.0 - size_text.size().x - 16.0;
    let name = text::elided_galley(ui, &uri.to_string(), fonts::body(), theme.text, room);
    ui.painter().galley(pos2(rect.left() + 32.0, y - name.size().y / 2.0), name, theme.text);
    let at = pos2(rect.right() - 10.0 - size_text.size().x, y - size_text.size().y / 2.0);
    ui.painter().galley(at, size_text, theme.muted);
    focus_ring(ui, &response, rect.shrink(2.0), size::RADIUS);
    response.clicked()
}
