//! The Code tab of every resource, and the dialog with the code of what a form is about to make.

use egui::{Align, Layout, Ui};
use lucide_icons::Icon;

use super::parts;
use crate::gui::context::Context;
use crate::gui::snippets::{Language, Snippet};
use crate::gui::theme::{fonts, size};
use crate::gui::widgets::code_block::code_block;
use crate::gui::widgets::dialog::{Dialog, dialog};
use crate::gui::widgets::syntax::Syntax;
use crate::gui::widgets::{Button, text};

/// Where the chosen language is kept; the same on every page.
const LANGUAGE: &str = "code.language";

/// Below this width the environment's line goes below the languages.
const ONE_LINE: f32 = 720.0;

/// Draws a whole tab: languages above, snippets below, which scroll.
pub fn tab(ui: &mut Ui, cx: &mut Context<'_>, id: &str, snippets: &[Snippet]) {
    let language = head(ui, cx);
    parts::scroll(ui, ("code", id, language), |ui| list(ui, cx, snippets, language));
}

/// The languages, and how to come by the environment.
fn head(ui: &mut Ui, cx: &mut Context<'_>) -> Language {
    let mut language: Language = cx.prefs.get(LANGUAGE);
    let wide = ui.available_width() > ONE_LINE;
    ui.horizontal(|ui| {
        let options = Language::ALL.map(|language| (language, language.as_str()));
        if parts::segments(ui, &mut language, &options) {
            cx.prefs.set(LANGUAGE, &language);
        }
        if wide {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                copy_environment(ui, cx);
                text::text(ui, cx.shell.takes_over(), fonts::mono(), cx.theme.text);
                text::small(ui, "Credentials, once per shell:");
            });
        }
    });
    if !wide {
        ui.horizontal(|ui| {
            text::small(ui, "Credentials, once per shell:");
            text::text(ui, cx.shell.takes_over(), fonts::mono(), cx.theme.text);
            copy_environment(ui, cx);
        });
    }
    ui.add_space(6.0);
    language
}

fn copy_environment(ui: &mut Ui, cx: &mut Context<'_>) {
    if ui.add(Button::icon_only(Icon::Copy, "Copy environment command")).clicked() {
        cx.actions.copy(cx.shell.takes_over(), "environment command");
    }
}

fn list(ui: &mut Ui, cx: &mut Context<'_>, snippets: &[Snippet], language: Language) {
    ui.spacing_mut().item_spacing.y = 6.0;
    let syntax = if language.is_python() { Syntax::Python } else { Syntax::Shell };
    for snippet in snippets.iter().filter(|snippet| snippet.language == language) {
        text::strong(ui, &snippet.title);
        let what = format!("{} code: {}", language.as_str(), snippet.title);
        code_block(ui, cx.actions, &what, &snippet.text, syntax);
        ui.add_space(size::GAP - 6.0);
    }
}

/// A form's button that opens the code of what it is about to make.
#[derive(Debug, Default)]
pub struct CodeDialog {
    open: bool,
}

impl CodeDialog {
    /// Draws the button.
    pub fn button(&mut self, ui: &mut Ui, can: bool) {
        let tip = if can { "The same as boto3, AWS CLI, curl or SageMaker SDK" } else { "Once the form is filled in" };
        if Button::ghost("Code").name("Show code").icon(Icon::Code).large().enabled(can).tip(tip).show(ui) {
            self.open = true;
        }
    }

    /// Draws the dialog while it is open; `snippets` are made then only.
    pub fn ui(&mut self, ui: &Ui, cx: &mut Context<'_>, title: &str, snippets: impl FnOnce() -> Vec<Snippet>) {
        if !self.open {
            return;
        }
        let snippets = snippets();
        let end = dialog(
            ui,
            "code",
            title,
            820.0,
            cx,
            |ui, cx| {
                let language = head(ui, cx);
                list(ui, cx, &snippets, language);
            },
            None,
        );
        self.open = end == Dialog::Open;
    }
}
