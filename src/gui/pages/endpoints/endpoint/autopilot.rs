//! The autopilot of the weights: what it will do, the floor that it keeps, and what it does while it is on.

use egui::{Label, RichText, Ui};

use crate::domain::autopilot::{Autopilot, Doing};
use crate::domain::time::Timestamp;
use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::pages::parts;
use crate::gui::theme::{Theme, fonts};
use crate::gui::widgets::dialog::{Dialog, dialog};
use crate::gui::widgets::{Button, text};
use crate::workspace::Command;

/// The floors that are offered, in percent.
const FLOORS: [(u32, &str); 4] = [(1, "1 %"), (2, "2 %"), (3, "3 %"), (5, "5 %")];

/// What is chosen before it starts.
pub(super) struct Form {
    endpoint: String,
    floor: u32,
}

impl Form {
    pub(super) fn new(endpoint: &str) -> Self {
        Self { endpoint: endpoint.to_owned(), floor: 2 }
    }

    /// Draws the dialog; `false` once it is closed.
    pub(super) fn ui(&mut self, ui: &Ui, cx: &mut Context<'_>) -> bool {
        let title = format!("Autopilot for {}", self.endpoint);
        let (mut start, mut cancel) = (false, false);
        let end = dialog(
            ui,
            "autopilot",
            &title,
            520.0,
            self,
            |ui, form| form.body(ui),
            Some(Box::new(|ui, _| {
                start = Button::primary("Start the autopilot").large().show(ui);
                cancel = Button::secondary("Cancel").large().show(ui);
            })),
        );
        if start {
            let floor = Some(f64::from(self.floor) / 100.0);
            let command = Command::SetAutopilot { name: self.endpoint.clone(), floor };
            cx.actions.submit(command, format!("Autopilot of {} started", self.endpoint));
            return false;
        }
        end == Dialog::Open && !cancel
    }

    fn body(&mut self, ui: &mut Ui) {
        let theme = Theme::of(ui);
        let paragraph = |ui: &mut Ui, words: &str, color| {
            ui.add(Label::new(RichText::new(words).font(fonts::body()).color(color)).wrap());
        };
        paragraph(
            ui,
            "At most every half minute, when new labels have come, each variant gets as much of the traffic as it is likely to be the best \
             one (Thompson sampling). The better one takes over by itself, and the others cost little on the way.",
            theme.text,
        );
        ui.add_space(4.0);
        text::strong(ui, "No variant gets less than");
        parts::segments(ui, &mut self.floor, &FLOORS);
        ui.add_space(4.0);
        paragraph(
            ui,
            "A winner is declared by the same rule as before, which moving weights do not fool; with few requests on one side it takes \
             longer. Every move is in the activity list and can be taken back. It stops when you press Stop, when somebody sets the \
             weights or updates the endpoint, and when the app is closed. A variant at weight 0 stays there.",
            theme.muted,
        );
    }
}

/// What it does, beside the split: "Autopilot on, floor 2 %: moved the weights 3 times, the last 12 s ago".
pub(super) fn said(on: &Autopilot, now: Timestamp) -> String {
    let ago = |then| match format::ago(now, then) {
        ago if ago == "now" => "just now".to_owned(),
        ago => ago,
    };
    let moved = match (on.steps, on.last_step) {
        (0, _) | (_, None) => String::new(),
        (1, Some(last)) => format!("moved the weights once, {}", ago(last)),
        (steps, Some(last)) => format!("moved the weights {steps} times, the last {}", ago(last)),
    };
    let doing = match on.doing {
        Doing::Pauses if moved.is_empty() => "looks at the labels for half a minute first",
        Doing::Pauses => "",
        Doing::Waits if moved.is_empty() => "waits for labels of every variant",
        Doing::Waits => "waits for new labels",
        Doing::Rests => "rests, the split fits the labels",
        Doing::Doubts => "rests, requests or labels do not follow the weights",
    };
    let both = [moved.as_str(), doing].into_iter().filter(|words| !words.is_empty()).collect::<Vec<_>>().join("; ");
    format!("Autopilot on, floor {} %: {both}", (on.floor * 1_000.0).round() / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_it_does() {
        let now = Timestamp(1_000_000);
        let on = Autopilot::new("e", 0.02, now).unwrap();
        assert_eq!(said(&on, now), "Autopilot on, floor 2 %: looks at the labels for half a minute first");
        let fine = Autopilot { floor: 0.025, doing: Doing::Waits, ..on.clone() };
        assert_eq!(said(&fine, now), "Autopilot on, floor 2.5 %: waits for labels of every variant");
        let once = Autopilot { steps: 1, last_step: Some(Timestamp(now.0 - 120_000)), ..on.clone() };
        assert_eq!(said(&once, now), "Autopilot on, floor 2 %: moved the weights once, 2 min ago");
        let waits = Autopilot { last_step: Some(now), doing: Doing::Waits, ..once.clone() };
        assert_eq!(
            said(&waits, now),
            "Autopilot on, floor 2 %: moved the weights once, just now; waits for new labels"
        );
        let rests = Autopilot { steps: 3, doing: Doing::Rests, ..once };
        assert_eq!(
            said(&rests, now),
            "Autopilot on, floor 2 %: moved the weights 3 times, the last 2 min ago; rests, the split fits the labels"
        );
        let doubts = Autopilot { doing: Doing::Doubts, ..on };
        assert_eq!(said(&doubts, now), "Autopilot on, floor 2 %: rests, requests or labels do not follow the weights");
    }
}
