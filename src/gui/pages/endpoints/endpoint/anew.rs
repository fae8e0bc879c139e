//! The button that begins an experiment anew, where its split was found to be broken.

use egui::Ui;

use super::Frame;
use super::verdict::Banner;
use crate::gui::action::{Action, Confirm};
use crate::gui::context::Context;
use crate::gui::pages::parts;
use crate::gui::widgets::Button;
use crate::workspace::Command;

/// Draws a banner above the numbers, with the button where one helps.
pub(super) fn banner(ui: &mut Ui, cx: &mut Context<'_>, frame: &Frame<'_>, banner: &Banner) {
    let mut clicked = false;
    parts::banner(ui, banner.tone, &banner.title, &banner.text, |ui| {
        if banner.begins_anew {
            let button = Button::secondary("Begin anew…").name("Begin the experiment anew");
            clicked = button.tip("Count from now on, in an experiment of its own").show(ui);
        }
    });
    if clicked {
        ask(cx, frame);
    }
}

/// Asks first: what was gathered counts for no verdict any more.
fn ask(cx: &mut Context<'_>, frame: &Frame<'_>) {
    let name = &frame.endpoint.name;
    let command = Command::RestartExperiment { name: name.clone() };
    let go = Action::Submit { command, said: format!("The experiment of {name} begins anew"), then: None };
    let body = "Mend first what made requests or labels stray from the weights, or the new experiment will find the same. From the next request \
                on everything is counted from nought: requests and labels against the split, accuracies, and the evidence for a winner; an \
                autopilot goes on by it. What was captured stays, can be replayed on Compare, and an event keeps what this experiment had \
                come to. Each experiment has its own 5 % for a false winner: over two of them it is 10 % at most, over three 15 %.";
    let confirm = Confirm::new(format!("Begin the experiment of {name} anew?"), "Begin anew", vec![go]).body(body);
    cx.actions.push(Action::Confirm(Box::new(confirm.harmless(Vec::new()))));
}
