//! The question before something that destroys: names everything that goes along; what cannot be undone needs the name typed.

use egui::{Key, Ui, vec2};

use crate::gui::action::Confirm;
use crate::gui::context::Context;
use crate::gui::theme::{Theme, fonts, size};
use crate::gui::widgets::{Button, Field, Icon, card, icon, text};

/// The question being asked, if any.
#[derive(Default)]
pub struct Question {
    asked: Option<Confirm>,
    typed: String,
    fresh: bool,
}

impl Question {
    /// Asks. A question that is open already is replaced.
    pub fn ask(&mut self, confirm: Confirm) {
        self.asked = Some(confirm);
        self.typed.clear();
        self.fresh = true;
    }

    /// Draws it.
    pub(super) fn ui(&mut self, ui: &mut Ui, cx: &mut Context<'_>) {
        let Some(question) = self.asked.take() else { return };
        let theme = cx.theme;
        let frame = dialog_frame(theme);
        let mut yes = false;
        let mut no = false;
        let fresh = std::mem::take(&mut self.fresh);
        let modal = egui::Modal::new(egui::Id::unique("question")).frame(frame).backdrop_color(theme.scrim);
        let shown = modal.show(ui.ctx(), |ui| {
            ui.set_width(440.0_f32.min(ui.ctx().content_rect().width() - 48.0));
            ui.spacing_mut().item_spacing = vec2(8.0, 8.0);
            let words = egui::RichText::new(&question.title)
                .font(fonts::inter(15.0, fonts::Weight::Semibold))
                .color(theme.text);
            ui.add(egui::Label::new(words).wrap());
            if !question.body.is_empty() {
                let words =
                    egui::RichText::new(&question.body).font(fonts::body()).color(theme.muted).line_height(Some(19.0));
                ui.add(egui::Label::new(words).wrap());
            }
            if !question.goes_along.is_empty() {
                egui::Frame::new().fill(theme.panel).corner_radius(size::RADIUS).inner_margin(10).show(ui, |ui| {
                    ui.set_width(ui.available_width());
                    egui::ScrollArea::vertical().max_height(180.0).show(ui, |ui| {
                        ui.spacing_mut().item_spacing.y = 4.0;
                        ui.spacing_mut().interact_size.y = 20.0;
                        for line in &question.goes_along {
                            ui.horizontal(|ui| {
                                if question.loses {
                                    icon(ui, Icon::Minus, 12.0, theme.error.text);
                                }
                                text::elided(ui, line, fonts::body(), theme.text, ui.available_width());
                            });
                        }
                    });
                });
            }
            let mut can = true;
            if let Some(name) = &question.type_name {
                let label = format!("Type {name} to go on");
                let field = Field::new(&label).show(ui, &mut self.typed);
                if fresh {
                    field.request_focus();
                }
                can = self.typed.trim() == name;
                yes |= can && field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
            }
            ui.add_space(4.0);
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let verb = &question.verb;
                let button = if question.loses { Button::danger(verb) } else { Button::primary(verb) };
                let go = ui.add(button.enabled(can));
                yes |= go.clicked();
                let cancel = ui.add(Button::secondary("Cancel"));
                if fresh && question.type_name.is_none() {
                    cancel.request_focus();
                }
                no |= cancel.clicked();
            });
        });
        no |= shown.should_close();
        if yes {
            question.then.into_iter().for_each(|action| cx.actions.push(action));
        } else if !no {
            self.asked = Some(question);
        }
    }
}

/// A dialog's frame: a card that floats.
pub(crate) fn dialog_frame(theme: &Theme) -> egui::Frame {
    card::frame(theme).inner_margin(20).stroke(egui::Stroke::new(1.0, theme.line_strong)).shadow(egui::Shadow {
        offset: [0, 12],
        blur: 40,
        spread: 0,
        color: theme.shadow,
    })
}
