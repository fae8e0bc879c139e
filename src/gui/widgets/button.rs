//! Buttons: one primary a page, the others secondary or ghost; danger for what destroys.

use egui::{
    Color32, CornerRadius, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, Widget, WidgetInfo, pos2, vec2,
};
use lucide_icons::Icon;

use crate::gui::theme::{Theme, fonts, size};

/// How much a button wants to be pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ButtonKind {
    /// The one thing to do here.
    Primary,
    /// Another thing to do.
    Secondary,
    /// Destroys something.
    Danger,
    /// No border until the pointer is on it.
    Ghost,
}

/// A button with words, an icon, or both.
#[must_use = "a button must be added with `ui.add` or `show`"]
#[derive(Clone, Debug)]
pub struct Button<'a> {
    text: &'a str,
    name: &'a str,
    kind: ButtonKind,
    icon: Option<Icon>,
    trailing: Option<Icon>,
    tip: Option<&'a str>,
    shortcut: Option<&'a str>,
    enabled: bool,
    large: bool,
    selected: bool,
    min_width: f32,
}

impl<'a> Button<'a> {
    fn new(text: &'a str, kind: ButtonKind) -> Self {
        Self {
            text,
            name: text,
            kind,
            icon: None,
            trailing: None,
            tip: None,
            shortcut: None,
            enabled: true,
            large: false,
            selected: false,
            min_width: 0.0,
        }
    }

    /// The one thing to do here.
    pub fn primary(text: &'a str) -> Self {
        Self::new(text, ButtonKind::Primary)
    }

    /// Another thing to do.
    pub fn secondary(text: &'a str) -> Self {
        Self::new(text, ButtonKind::Secondary)
    }

    /// Destroys something.
    pub fn danger(text: &'a str) -> Self {
        Self::new(text, ButtonKind::Danger)
    }

    /// No border until the pointer is on it.
    pub fn ghost(text: &'a str) -> Self {
        Self::new(text, ButtonKind::Ghost)
    }

    /// An icon alone; `name` is its accessible name and its tooltip.
    pub fn icon_only(icon: Icon, name: &'a str) -> Self {
        Self { name, icon: Some(icon), tip: Some(name), ..Self::new("", ButtonKind::Ghost) }
    }

    /// An icon before the words.
    pub fn icon(mut self, icon: Icon) -> Self {
        self.icon = Some(icon);
        self
    }

    /// An icon after the words.
    pub fn trailing(mut self, icon: Icon) -> Self {
        self.trailing = Some(icon);
        self
    }

    /// Another look.
    pub fn kind(mut self, kind: ButtonKind) -> Self {
        self.kind = kind;
        self
    }

    /// An accessible name that says more than the words ("Delete model boston-xgb").
    pub fn name(mut self, name: &'a str) -> Self {
        self.name = name;
        self
    }

    /// Shown when the pointer rests on it; also says why when it is not enabled.
    pub fn tip(mut self, tip: &'a str) -> Self {
        self.tip = Some(tip);
        self
    }

    /// The keys that do the same, shown in the tooltip.
    pub fn shortcut(mut self, shortcut: &'a str) -> Self {
        self.shortcut = Some(shortcut);
        self
    }

    /// Whether it can be pressed.
    pub fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    /// Two points higher: headers and cards.
    pub fn large(mut self) -> Self {
        self.large = true;
        self
    }

    /// Drawn as chosen (segments, toggles).
    pub fn selected(mut self, selected: bool) -> Self {
        self.selected = selected;
        self
    }

    /// At least this wide.
    pub fn min_width(mut self, width: f32) -> Self {
        self.min_width = width;
        self
    }

    /// Draws it; `true` when it was pressed.
    pub fn show(self, ui: &mut Ui) -> bool {
        ui.add(self).clicked()
    }
}

impl Widget for Button<'_> {
    fn ui(self, ui: &mut Ui) -> Response {
        let theme = Theme::of(ui);
        let enabled = self.enabled && ui.is_enabled();
        let height = if self.large { size::CONTROL_LARGE } else { size::CONTROL };
        let galley = (!self.text.is_empty())
            .then(|| ui.painter().layout_no_wrap(self.text.to_owned(), fonts::medium(), Color32::PLACEHOLDER));
        let icon_size = 15.0;
        let words = galley.as_ref().map_or(0.0, |g| g.size().x);
        let pad = if galley.is_some() { 12.0 } else { (height - icon_size) / 2.0 };
        let gap = if galley.is_some() { 6.0 } else { 0.0 };
        let icons = [self.icon, self.trailing].iter().flatten().count() as f32;
        let inner = words + icons * (icon_size + gap);
        let desired = vec2((inner + 2.0 * pad).max(self.min_width), height);
        let sense = if enabled { Sense::click() } else { Sense::hover() };
        let (rect, response) = ui.allocate_exact_size(desired, sense);
        response.widget_info(|| {
            if self.selected {
                WidgetInfo::selected(Role::Button, enabled, true, self.name)
            } else {
                WidgetInfo::labeled(Role::Button, enabled, self.name)
            }
        });
        if ui.is_rect_visible(rect) {
            let hovered = enabled && response.hovered();
            let pressed = enabled && response.is_pointer_button_down_on();
            let (mut fill, line, mut text) = match self.kind {
                ButtonKind::Primary => {
                    let fill = if hovered { theme.accent_hover } else { theme.accent };
                    (fill, fill, theme.on_accent)
                }
                ButtonKind::Secondary => {
                    let fill = if hovered { theme.hover } else { theme.raised };
                    (fill, theme.line_strong, theme.text)
                }
                ButtonKind::Danger => {
                    let fill = if hovered { theme.error.soft } else { theme.raised };
                    (fill, theme.error.text, theme.error.text)
                }
                ButtonKind::Ghost => {
                    let fill = if hovered { theme.hover } else { Color32::TRANSPARENT };
                    (fill, Color32::TRANSPARENT, if hovered { theme.text } else { theme.muted })
                }
            };
            if self.selected {
                (fill, text) = (theme.accent_soft, theme.accent);
            }
            let fade = |color: Color32| if enabled { color } else { color.gamma_multiply(0.45) };
            let radius = CornerRadius::same(size::RADIUS);
            let painter = ui.painter();
            painter.rect(rect, radius, fade(fill), Stroke::new(1.0, fade(line)), StrokeKind::Inside);
            if pressed {
                painter.rect_filled(rect, radius, theme.text.gamma_multiply(0.06));
            }
            text = fade(text);
            let mut x = rect.center().x - inner / 2.0;
            let draw_icon = |icon: Icon, x: f32| {
                let at = pos2(x + icon_size / 2.0, rect.center().y);
                super::icon::paint(painter, icon, at, icon_size, text);
            };
            if let Some(icon) = self.icon {
                draw_icon(icon, x);
                x += icon_size + gap;
            }
            if let Some(galley) = galley {
                let at = pos2(x, rect.center().y - galley.size().y / 2.0);
                x += galley.size().x + gap;
                painter.galley(at, galley, text);
            }
            if let Some(icon) = self.trailing {
                draw_icon(icon, x);
            }
            focus_ring(ui, &response, rect, size::RADIUS);
        }
        match (self.tip, self.shortcut) {
            (None, None) => response,
            (tip, keys) => {
                let words = [tip.unwrap_or(self.name), keys.unwrap_or_default()].join("  ");
                let words = words.trim_end().to_owned();
                if enabled {
                    response.on_hover_text(words)
                } else {
                    response.on_disabled_hover_text(words.clone()).on_hover_text(words)
                }
            }
        }
    }
}

/// The ring around what has the keyboard's focus; every hand-painted control calls it.
pub fn focus_ring(ui: &Ui, response: &Response, rect: Rect, radius: u8) {
    if response.has_focus() {
        let theme = Theme::of(ui);
        let ring = rect.expand(2.0);
        let painter = ui.painter();
        painter.rect_stroke(ring, CornerRadius::same(radius + 2), Stroke::new(2.0, theme.accent), StrokeKind::Inside);
    }
}
