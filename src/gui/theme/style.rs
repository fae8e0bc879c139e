//! egui's own style, set in full from the tokens, so that nothing anywhere falls back to the toolkit's default look.

use egui::style::{
    HandleShape, ScrollAnimation, ScrollStyle, Selection, Spacing, Style, TextCursorStyle, Visuals, WidgetVisuals,
    Widgets,
};
use egui::{Color32, CornerRadius, Margin, Rangef, Shadow, Stroke, vec2};

use super::fonts;
use super::tokens::{Theme, size};

/// The style of one theme.
pub(super) fn style(theme: &Theme) -> Style {
    let mut style = Style { text_styles: fonts::text_styles(), ..Style::default() };
    style.drag_value_text_style = egui::TextStyle::Body;
    style.animation_time = 0.1;
    style.explanation_tooltips = false;
    style.scroll_animation = ScrollAnimation::new(1_600.0, Rangef::new(0.08, 0.15));
    style.spacing = spacing();
    style.visuals = visuals(theme);
    style.interaction.selectable_labels = false;
    style.interaction.tooltip_delay = 0.4;
    style.interaction.show_tooltips_only_when_still = true;
    style
}

fn spacing() -> Spacing {
    let mut scroll = ScrollStyle::floating();
    scroll.bar_width = 8.0;
    scroll.floating_width = 5.0;
    scroll.floating_allocated_width = 0.0;
    scroll.bar_inner_margin = 2.0;
    scroll.bar_outer_margin = 2.0;
    scroll.foreground_color = true;
    scroll.dormant_background_opacity = 0.0;
    scroll.active_background_opacity = 0.0;
    scroll.interact_background_opacity = 0.0;
    scroll.dormant_handle_opacity = 0.25;
    scroll.active_handle_opacity = 0.45;
    scroll.interact_handle_opacity = 0.8;
    scroll.fade.strength = 0.0;
    Spacing {
        item_spacing: vec2(8.0, 6.0),
        window_margin: Margin::same(16),
        button_padding: vec2(12.0, 5.0),
        menu_margin: Margin::same(6),
        indent: 16.0,
        interact_size: vec2(size::CONTROL, size::CONTROL),
        slider_width: 160.0,
        slider_rail_height: 4.0,
        combo_width: 120.0,
        text_edit_width: 240.0,
        icon_width: 16.0,
        icon_width_inner: 9.0,
        icon_spacing: 8.0,
        tooltip_width: 360.0,
        menu_width: 320.0,
        menu_spacing: 4.0,
        combo_height: 280.0,
        scroll,
        ..Spacing::default()
    }
}

fn visuals(theme: &Theme) -> Visuals {
    let mut visuals = if theme.dark { Visuals::dark() } else { Visuals::light() };
    let shadow = Shadow { offset: [0, 6], blur: 24, spread: 0, color: theme.shadow };
    if theme.dark {
        // egui's own curve makes light words on dark look a weight bolder than the same words on light.
        visuals.text_options.color_transfer_function = egui::epaint::FontColorTransferFunction::Gamma(0.8);
    }
    visuals.weak_text_color = Some(theme.muted);
    visuals.widgets = widgets(theme);
    visuals.selection = Selection {
        bg_fill: if theme.dark { Color32::from_rgb(0x45, 0x3d, 0x8f) } else { Color32::from_rgb(0xd5, 0xcf, 0xf7) },
        // Also the ring of what has the keyboard's focus.
        stroke: Stroke::new(1.5, theme.accent),
    };
    visuals.hyperlink_color = theme.accent;
    visuals.faint_bg_color = theme.panel;
    visuals.extreme_bg_color = theme.raised;
    visuals.text_edit_bg_color = Some(if theme.dark { theme.background } else { theme.raised });
    visuals.code_bg_color = theme.panel;
    visuals.warn_fg_color = theme.warn.text;
    visuals.error_fg_color = theme.error.text;
    visuals.window_corner_radius = CornerRadius::same(size::CARD_RADIUS);
    visuals.window_shadow = shadow;
    visuals.window_fill = theme.raised;
    visuals.window_stroke = Stroke::new(1.0, theme.line_strong);
    visuals.window_highlight_topmost = false;
    visuals.menu_corner_radius = CornerRadius::same(8);
    visuals.panel_fill = theme.background;
    visuals.popup_shadow = shadow;
    visuals.text_cursor = TextCursorStyle {
        stroke: Stroke::new(1.5, theme.accent),
        preview: false,
        // A still caret: a window that waits for the next letter costs nothing.
        blink: false,
        ..TextCursorStyle::default()
    };
    visuals.button_frame = true;
    visuals.collapsing_header_frame = false;
    visuals.indent_has_left_vline = false;
    visuals.striped = false;
    visuals.slider_trailing_fill = true;
    visuals.handle_shape = HandleShape::Circle;
    visuals.interact_cursor = Some(egui::CursorIcon::PointingHand);
    visuals.image_loading_spinners = false;
    visuals.disabled_alpha = 0.5;
    visuals
}

fn widgets(theme: &Theme) -> Widgets {
    let radius = CornerRadius::same(size::RADIUS);
    let fill = if theme.dark { theme.raised } else { theme.background };
    let look = |fill: Color32, line: Color32, text: Color32| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: Stroke::new(1.0, line),
        corner_radius: radius,
        fg_stroke: Stroke::new(1.0, text),
        expansion: 0.0,
    };
    Widgets {
        noninteractive: look(theme.raised, theme.line, theme.text),
        inactive: look(fill, theme.line_strong, theme.text),
        hovered: look(theme.hover, theme.line_strong, theme.text),
        active: look(theme.hover, theme.accent, theme.text),
        open: look(theme.hover, theme.line_strong, theme.text),
    }
}
