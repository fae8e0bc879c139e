//! Form fields: a label above, the input, and below it the rule that the value breaks or one line of help.

use egui::{
    Color32, CornerRadius, Margin, Response, Role, Sense, Stroke, StrokeKind, TextEdit, Ui, WidgetInfo, pos2, vec2,
};
use lucide_icons::Icon;

use crate::gui::theme::{Theme, fonts, size};

/// A line to type into.
#[must_use = "call `show`"]
#[derive(Clone, Debug)]
pub struct Field<'a> {
    label: &'a str,
    hint: &'a str,
    help: &'a str,
    error: Option<&'a str>,
    unit: &'a str,
    width: f32,
    mono: bool,
    password: bool,
    rows: usize,
    enabled: bool,
    show_label: bool,
    id: Option<egui::Id>,
}

impl<'a> Field<'a> {
    /// A field of that label, which is its accessible name too.
    pub fn new(label: &'a str) -> Self {
        Self {
            label,
            hint: "",
            help: "",
            error: None,
            unit: "",
            width: f32::INFINITY,
            mono: false,
            password: false,
            rows: 1,
            enabled: true,
            show_label: true,
            id: None,
        }
    }

    /// Shown while it is empty.
    pub fn hint(mut self, hint: &'a str) -> Self {
        self.hint = hint;
        self
    }

    /// One line below.
    pub fn help(mut self, help: &'a str) -> Self {
        self.help = help;
        self
    }

    /// The rule that the value breaks; replaces the help.
    pub fn error(mut self, error: Option<&'a str>) -> Self {
        self.error = error;
        self
    }

    /// Inside, at the right end: "%", "GB".
    pub fn unit(mut self, unit: &'a str) -> Self {
        self.unit = unit;
        self
    }

    /// At most this wide; otherwise as wide as there is room.
    pub fn width(mut self, width: f32) -> Self {
        self.width = width;
        self
    }

    /// Monospaced.
    pub fn mono(mut self) -> Self {
        self.mono = true;
        self
    }

    /// Several lines.
    pub fn rows(mut self, rows: usize) -> Self {
        self.rows = rows;
        self
    }

    /// Whether it can be changed.
    pub fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    /// Without the label above (it stays the accessible name).
    pub fn bare(mut self) -> Self {
        self.show_label = false;
        self
    }

    /// A fixed id, to give it the focus.
    pub fn id(mut self, id: egui::Id) -> Self {
        self.id = Some(id);
        self
    }

    /// Draws it.
    pub fn show(self, ui: &mut Ui, value: &mut String) -> Response {
        let theme = Theme::of(ui);
        ui.vertical(|ui| {
            let width = self.width.min(ui.available_width());
            ui.set_width(width);
            ui.spacing_mut().item_spacing.y = 4.0;
            let label =
                self.show_label.then(|| super::text::text(ui, self.label, fonts::small_medium(), theme.muted).id);
            let font = if self.mono { fonts::mono() } else { fonts::body() };
            let mut edit = if self.rows > 1 {
                TextEdit::multiline(value).desired_rows(self.rows)
            } else {
                TextEdit::singleline(value)
            };
            let unit_space = if self.unit.is_empty() { 0 } else { 14 + 7 * self.unit.chars().count() as i8 };
            if let Some(id) = self.id {
                edit = edit.id(id);
            }
            let height = if self.rows > 1 { 0.0 } else { size::CONTROL };
            let response = ui.add_enabled(
                self.enabled,
                edit.font(font)
                    .hint_text(egui::RichText::new(self.hint).color(theme.faint))
                    .desired_width(width)
                    .min_size(vec2(0.0, height))
                    .align(if self.rows > 1 { egui::Align2::LEFT_TOP } else { egui::Align2::LEFT_CENTER })
                    .password(self.password)
                    .margin(Margin { left: 9, right: 9 + unit_space, top: 5, bottom: 5 }),
            );
            let response = match label {
                Some(label) => response.labelled_by(label),
                None => response.accessible_name(self.label),
            };
            let rect = response.rect;
            if !self.unit.is_empty() {
                let at = pos2(rect.right() - 9.0, rect.center().y);
                ui.painter().text(at, egui::Align2::RIGHT_CENTER, self.unit, fonts::small(), theme.faint);
            }
            if let Some(error) = self.error {
                let line = Stroke::new(1.0, theme.error.text);
                ui.painter().rect_stroke(rect, CornerRadius::same(size::RADIUS), line, StrokeKind::Inside);
                super::text::text(ui, error, fonts::small(), theme.error.text);
            } else if !self.help.is_empty() {
                super::text::text(ui, self.help, fonts::small(), theme.faint);
            }
            response
        })
        .inner
    }
}

/// One of some words, as a drop-down with a label above. `true` when another one was chosen.
pub fn choice<T: PartialEq + Clone>(
    ui: &mut Ui,
    label: &str,
    value: &mut T,
    options: &[(T, String)],
    width: f32,
) -> bool {
    let theme = Theme::of(ui);
    ui.vertical(|ui| {
        let width = width.min(ui.available_width());
        ui.set_width(width);
        ui.spacing_mut().item_spacing.y = 4.0;
        super::text::text(ui, label, fonts::small_medium(), theme.muted);
        let shown = options.iter().find(|(option, _)| option == value).map_or("Choose…", |(_, words)| words);
        let mut changed = false;
        let combo = egui::ComboBox::from_id_salt(label)
            .selected_text(egui::RichText::new(shown).font(fonts::body()))
            .width(width)
            .truncate()
            .icon(|ui, rect, visuals, _| {
                super::icon::paint(ui.painter(), Icon::ChevronDown, rect.center(), 14.0, visuals.fg_stroke.color);
            })
            .show_ui(ui, |ui| {
                ui.set_min_width(width - 12.0);
                for (option, words) in options {
                    if super::menu::item(ui, words, option == value) {
                        *value = option.clone();
                        changed = true;
                        ui.close();
                    }
                }
            });
        let _ = combo.response.accessible_name(label);
        changed
    })
    .inner
}

/// A tick box with words.
pub fn tick(ui: &mut Ui, ticked: &mut bool, words: &str) -> Response {
    let theme = Theme::of(ui);
    let galley = ui.painter().layout_no_wrap(words.to_owned(), fonts::body(), theme.text);
    let width = 16.0 + if words.is_empty() { 0.0 } else { 8.0 + galley.size().x };
    let (rect, mut response) = ui.allocate_exact_size(vec2(width, size::CONTROL.min(24.0)), Sense::click());
    if response.clicked() {
        *ticked = !*ticked;
        response.mark_changed();
    }
    response.widget_info(|| WidgetInfo::selected(Role::CheckBox, ui.is_enabled(), *ticked, words));
    let center = pos2(rect.left() + 8.0, rect.center().y);
    paint_tick(ui, center, *ticked, response.hovered());
    ui.painter().galley(pos2(rect.left() + 24.0, rect.center().y - galley.size().y / 2.0), galley, theme.text);
    super::button::focus_ring(ui, &response, egui::Rect::from_center_size(center, vec2(15.0, 15.0)), 4);
    response
}

/// The box of a tick box around a point.
pub fn paint_tick(ui: &Ui, center: egui::Pos2, ticked: bool, hovered: bool) {
    let theme = Theme::of(ui);
    let rect = egui::Rect::from_center_size(center, vec2(15.0, 15.0));
    let radius = CornerRadius::same(4);
    if ticked {
        ui.painter().rect_filled(rect, radius, theme.accent);
        super::icon::paint(ui.painter(), Icon::Check, center, 12.0, theme.on_accent);
    } else {
        let line = if hovered { theme.accent } else { theme.line_strong };
        let fill = if theme.dark { Color32::TRANSPARENT } else { theme.raised };
        ui.painter().rect(rect, radius, fill, Stroke::new(1.0, line), StrokeKind::Inside);
    }
}
