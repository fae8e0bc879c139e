//! The foot of a form that makes a resource, and what becomes of it: the button, what is wrong so far, the answer.

use egui::{Key, Ui};

use super::code::CodeDialog;
use super::parts;
use crate::gui::action::Action;
use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::requested::wake_on_answer;
use crate::gui::route::Route;
use crate::gui::theme::{fonts, size};
use crate::gui::widgets::{Button, PillTone, text};
use crate::workspace::{Command, Ticket};

/// One form's try to make something.
#[derive(Default)]
pub struct Making {
    /// Where to go once it is made.
    under_way: Option<(Route, Ticket)>,
    /// Why the workspace refused.
    refused: Option<String>,
    /// The button was pressed while something was wrong: from now on all of it is shown.
    pub tried: bool,
    /// The dialog with the code of what the form is about to make.
    pub code: CodeDialog,
}

impl Making {
    /// Forgets what went wrong.
    pub fn start_over(&mut self) {
        self.tried = false;
        self.refused = None;
    }

    /// Why it was refused, above the form. `title`: "The model was not made".
    pub fn banner(&self, ui: &mut Ui, title: &str) {
        if let Some(why) = &self.refused {
            parts::banner(ui, PillTone::Error, title, why, |_| {});
        }
    }

    /// Draws the foot. `make` gives the command, and where its resource will be.
    pub fn foot(
        &mut self,
        ui: &mut Ui,
        cx: &mut Context<'_>,
        words: &str,
        problems: usize,
        make: impl FnOnce() -> (Command, Route),
    ) {
        ui.add_space(size::GAP);
        // At the left: at the right, toasts would lie over the button.
        ui.horizontal(|ui| {
            let idle = self.under_way.is_none();
            let pressed = Button::primary(words).large().enabled(idle).shortcut("Ctrl+Enter").show(ui)
                || idle && ui.input(|input| input.modifiers.command && input.key_pressed(Key::Enter));
            if pressed && problems == 0 {
                let (command, to) = make();
                let ticket = cx.workspace.submit(command);
                wake_on_answer(ui.ctx(), &ticket);
                self.under_way = Some((to, ticket));
                self.refused = None;
            } else if pressed {
                self.tried = true;
            }
            self.code.button(ui, problems == 0);
            if Button::ghost("Cancel").large().tip("What was typed stays until the next time").show(ui) {
                cx.actions.push(Action::Back);
            }
            if self.tried && problems > 0 {
                let words = format!("{} to mend first", format::plural(problems, "thing"));
                text::text(ui, words, fonts::small(), cx.theme.error.text);
            }
        });
    }

    /// Looks for the answer: goes to what was made, or keeps the reason. `true` once it is made.
    pub fn follow(&mut self, cx: &mut Context<'_>) -> bool {
        let Some((to, ticket)) = &self.under_way else { return false };
        let Some(answer) = ticket.poll_now() else { return false };
        let made = match answer {
            Ok(Ok(_)) => {
                cx.actions.go(to.clone());
                true
            }
            Ok(Err(why)) => {
                self.refused = Some(why.to_string());
                false
            }
            Err(_) => {
                self.refused = Some("The workspace gave no answer; nothing was made".to_owned());
                false
            }
        };
        self.under_way = None;
        made
    }
}
