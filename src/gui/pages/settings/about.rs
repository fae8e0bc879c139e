//! Version, licences, and where the bundled data and fonts come from.

use egui::{Label, RichText, Ui, vec2};

use crate::gui::shell;
use crate::gui::theme::{Theme, fonts};
use crate::gui::widgets::{card, text};

/// What is bundled: name, from where, under which licence, and what to know.
const BUNDLED: &[(&str, &str, &str)] = &[
    (
        "Boston housing",
        "Harrison & Rubinfeld 1978, from scikit-learn 1.1.3, BSD-3-Clause",
        "Its column b is a formula of the share of Black residents, built on a racist premise; scikit-learn removed the data set for it. \
         It is here because the courses use it. Do not draw conclusions about people or prices from it.",
    ),
    (
        "Film review snippets",
        "Pang & Lee 2005, sentence polarity dataset v1.0, CC BY 4.0",
        "8,530 sentences from film reviews, turned into bags of words by the app's own text step.",
    ),
    (
        "Inter",
        "Rasmus Andersson and the Inter project authors, SIL Open Font License 1.1",
        "Digits mapped to its tabular figures.",
    ),
    ("JetBrains Mono", "JetBrains and the JetBrains Mono project authors, SIL Open Font License 1.1", ""),
    ("Lucide", "Lucide contributors, ISC", "Icons."),
    ("Variant colours", "Okabe & Ito 2008", "A set that people with colour-blindness tell apart."),
];

/// Draws it.
pub(super) fn ui(ui: &mut Ui) {
    let theme = Theme::of(ui);
    card(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        ui.horizontal(|ui| {
            let (rect, _) = ui.allocate_exact_size(vec2(34.0, 34.0), egui::Sense::hover());
            shell::logo(ui, rect.center(), 1.5);
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 1.0;
                text::strong(ui, format!("Counterpoise {}", env!("CARGO_PKG_VERSION")));
                text::small(ui, "MIT or Apache-2.0. Not affiliated with Amazon; SageMaker and AWS are trademarks of Amazon.com, Inc.");
            });
        });
        ui.add_space(6.0);
        text::text(ui, "Bundled data, fonts and colours", fonts::small_medium(), theme.muted);
        for (name, from, note) in BUNDLED {
            let words =
                |words: String, color| RichText::new(words).font(fonts::body()).color(color).line_height(Some(19.0));
            ui.horizontal_wrapped(|ui| {
                ui.spacing_mut().item_spacing.x = 6.0;
                text::text(ui, *name, fonts::medium(), theme.text);
                ui.add(Label::new(words((*from).to_owned(), theme.muted)).wrap());
            });
            if !note.is_empty() {
                ui.add(Label::new(words((*note).to_owned(), theme.muted)).wrap());
            }
            ui.add_space(4.0);
        }
        let words = "Prices are AWS's on-demand list prices in us-east-1 as of 2026-11-01: estimates, not a bill.";
        ui.add(Label::new(RichText::new(words).font(fonts::body()).color(theme.muted).line_height(Some(19.0))).wrap());
    });
}
