//! The verdict line: one row where there is room for all of its words, else as many as they need. Nothing of it is ever cut.

use egui::{Align, CornerRadius, Label, Layout, RichText, Ui};

use super::verdict::Tone;
use super::{EndpointPage, Frame};
use crate::gui::context::Context;
use crate::gui::theme::fonts;
use crate::gui::widgets::{Button, text};

/// Between the two parts of the line.
const BETWEEN: f32 = 12.0;

impl EndpointPage {
    pub(super) fn verdict(&mut self, ui: &mut Ui, cx: &mut Context<'_>, frame: &Frame<'_>) {
        let line = &frame.data.line;
        let (fill, color) = match line.tone {
            Tone::Open => (cx.theme.accent_soft, cx.theme.text),
            Tone::Decided => (cx.theme.ok.soft, cx.theme.ok.text),
            Tone::Broken => (cx.theme.error.soft, cx.theme.error.text),
        };
        let ground = egui::Frame::new()
            .fill(fill)
            .corner_radius(CornerRadius::same(8))
            .inner_margin(egui::Margin::symmetric(14, 5));
        let shown = ground.show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = 4.0;
            let width = |words: &str, font| text::elided_galley(ui, words, font, color, f32::INFINITY).size().x;
            let words = width(&line.head, fonts::strong()) + BETWEEN + width(&line.text, fonts::body());
            ui.horizontal(|ui| {
                ui.set_min_height(28.0);
                ui.spacing_mut().item_spacing.x = BETWEEN;
                let room = ui.available_width() - if line.wants_labels { 130.0 } else { 78.0 };
                let head = Label::new(RichText::new(&line.head).font(fonts::strong()).color(color));
                let rest = Label::new(RichText::new(&line.text).font(fonts::body()).color(cx.theme.text));
                if words <= room {
                    ui.add(head);
                    ui.add(rest);
                } else {
                    ui.vertical(|ui| {
                        ui.set_width(room);
                        ui.spacing_mut().item_spacing.y = 2.0;
                        ui.add_space(4.0);
                        ui.add(head.wrap());
                        ui.add(rest.wrap());
                        ui.add_space(4.0);
                    });
                }
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| self.beside_verdict(ui, cx, frame));
            });
            if self.says_why && !line.why.is_empty() {
                let why = RichText::new(&line.why).font(fonts::small()).color(cx.theme.text).line_height(Some(17.0));
                ui.add(Label::new(why).wrap().selectable(true));
                ui.add_space(4.0);
            }
        });
        let words = format!("Verdict: {}", line.head);
        shown.response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Group, true, words.clone()));
    }

    /// What can be done about it: look at what it rests on, or see to labels.
    fn beside_verdict(&mut self, ui: &mut Ui, cx: &mut Context<'_>, frame: &Frame<'_>) {
        let line = &frame.data.line;
        if !line.wants_labels {
            let (words, tip) =
                if self.says_why { ("Less", "Hide what it rests on") } else { ("Why?", "Say what it rests on") };
            if Button::ghost(words).name("What the verdict rests on").tip(tip).show(ui) {
                self.says_why = !self.says_why;
            }
        } else if frame.data.test.is_none() && Button::secondary("Traffic test…").name("Start a traffic test").show(ui)
        {
            self.open_traffic(cx, frame);
        }
    }
}
