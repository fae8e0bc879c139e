//! Settings: theme, addresses, the workspace, keys, versions and licences.

mod about;

use egui::{Align, Layout, Ui, vec2};

use crate::gui::action::Action;
use crate::gui::commands::{self, COMMANDS};
use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::theme::{ThemeChoice, fonts, size};
use crate::gui::widgets::syntax::Syntax;
use crate::gui::widgets::{Button, Icon, card, code_block, header, icon, page, text};

/// The page.
#[derive(Default)]
pub struct SettingsPage {}

impl SettingsPage {
    /// Draws it.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Context<'_>) {
        page::scroll(ui, "settings", |ui| {
            header(ui, "Settings", None, "", |_| {});
            let width = ui.available_width().min(860.0);
            ui.allocate_ui(vec2(width, 0.0), |ui| {
                ui.spacing_mut().item_spacing.y = size::GAP;
                restored(ui, cx);
                appearance(ui, cx);
                server(ui, cx);
                workspace(ui, cx);
                keys(ui, cx);
                about::ui(ui);
            });
        });
    }
}

/// One line: what, and its value with a copy button.
fn line(ui: &mut Ui, cx: &mut Context<'_>, what: &str, value: &str, mono: bool) {
    let theme = cx.theme;
    ui.horizontal(|ui| {
        ui.set_min_height(28.0);
        ui.allocate_ui_with_layout(vec2(120.0, 28.0), Layout::left_to_right(Align::Center), |ui| {
            ui.set_width(120.0);
            text::muted(ui, what);
        });
        let font = if mono { fonts::mono() } else { fonts::body() };
        let room = ui.available_width() - 40.0;
        text::elided(ui, value, font, theme.text, room);
        if ui.add(Button::icon_only(Icon::Copy, &format!("Copy {}", what.to_lowercase()))).clicked() {
            cx.actions.copy(value, what.to_lowercase());
        }
    });
}

/// The report of a restored backup; nothing on an ordinary start.
fn restored(ui: &mut Ui, cx: &mut Context<'_>) {
    let Some(restored) = cx.snapshot.info.restored.clone() else { return };
    let theme = cx.theme;
    let tone = theme.warn;
    let frame = egui::Frame::new()
        .fill(tone.soft)
        .corner_radius(size::CARD_RADIUS)
        .inner_margin(egui::Margin::symmetric(16, 12));
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = 4.0;
        ui.horizontal(|ui| {
            icon(ui, Icon::TriangleAlert, 16.0, tone.text);
            text::text(
                ui,
                if restored.backup_made.is_some() {
                    "This workspace was restored from a backup"
                } else {
                    "This workspace could not be restored"
                },
                fonts::strong(),
                tone.text,
            );
        });
        let brought_back = match restored.backup_made {
            Some(made) => format!(
                "{} were brought back from the backup of {}. What came after it is missing.",
                format::plural(restored.records as usize, "record"),
                format::exact(made, cx.zone)
            ),
            None => "There was no backup that could be read, so the workspace begins empty.".to_owned(),
        };
        let words = format!(
            "The store could not be opened: {}. {brought_back} The unreadable files are kept at {}.",
            restored.why,
            restored.kept_at.display()
        );
        let words = egui::RichText::new(words).font(fonts::body()).color(theme.text).line_height(Some(19.0));
        ui.add(egui::Label::new(words).wrap());
    });
}

fn appearance(ui: &mut Ui, cx: &mut Context<'_>) {
    let chosen = cx.prefs.kept().theme;
    card::titled(
        ui,
        "Appearance",
        |_| {},
        |ui| {
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = 6.0;
                for choice in ThemeChoice::ALL {
                    let sign = match choice {
                        ThemeChoice::System => Icon::Monitor,
                        ThemeChoice::Light => Icon::Sun,
                        ThemeChoice::Dark => Icon::Moon,
                    };
                    if Button::secondary(choice.as_str()).icon(sign).selected(choice == chosen).show(ui) {
                        cx.actions.push(Action::SetTheme(choice));
                    }
                }
            });
        },
    );
}

fn server(ui: &mut Ui, cx: &mut Context<'_>) {
    let base = cx.snapshot.info.base_url.clone();
    card::titled(
        ui,
        "Server",
        |_| {},
        |ui| {
            ui.spacing_mut().item_spacing.y = 4.0;
            let address = base.as_deref().unwrap_or("starting…");
            line(ui, cx, "Address", address, true);
            ui.add_space(4.0);
            text::small(
                ui,
                "AWS's own clients find it by their environment: boto3, the AWS CLI and the SageMaker SDK, in this shell or for one program.",
            );
            let commands = format!("{}\ncounterpoise run -- python train.py\n", cx.shell.takes_over());
            code_block::code_block(ui, cx.actions, "environment commands", &commands, Syntax::Shell);
            if Button::secondary("Copy environment").icon(Icon::Copy).enabled(base.is_some()).show(ui) {
                cx.actions.push(commands::copy_environment(&cx.snapshot.info, cx.shell));
            }
        },
    );
}

fn workspace(ui: &mut Ui, cx: &mut Context<'_>) {
    let info = std::sync::Arc::clone(&cx.snapshot.info);
    card::titled(
        ui,
        "Workspace",
        |_| {},
        |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            line(ui, cx, "Folder", &info.folder.display().to_string(), true);
            line(ui, cx, "Account", &info.account.id, true);
            line(ui, cx, "Region", &info.account.region, true);
            line(ui, cx, "Default bucket", &info.account.default_bucket(), true);
            ui.add_space(4.0);
            text::small(
                ui,
                "Everything is in this folder: the store, the buckets' objects, logs and backups. Copy it to move the workspace.",
            );
        },
    );
}

fn keys(ui: &mut Ui, cx: &mut Context<'_>) {
    let theme = cx.theme;
    card::titled(
        ui,
        "Keyboard",
        |_| {},
        |ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            let with_keys: Vec<(String, String)> = COMMANDS
                .iter()
                .filter(|command| command.keys.is_some())
                .map(|command| (command.name.to_owned(), command.keys_text()))
                .chain(
                    [
                        ("Move in a list", "↑ ↓"),
                        ("Open the row", "Enter"),
                        ("Extend the selection", "Shift ↑ ↓"),
                        ("Select all rows", "Ctrl A"),
                        ("Close, or clear the selection", "Esc"),
                    ]
                    .map(|(name, keys)| (name.to_owned(), keys.to_owned())),
                )
                .collect();
            let columns = if ui.available_width() > 560.0 { 2 } else { 1 };
            let width = (ui.available_width() - 32.0 * (columns as f32 - 1.0)) / columns as f32;
            for pair in with_keys.chunks(columns) {
                ui.horizontal(|ui| {
                    ui.spacing_mut().item_spacing.x = 32.0;
                    for (name, keys) in pair {
                        ui.allocate_ui_with_layout(vec2(width, 24.0), Layout::right_to_left(Align::Center), |ui| {
                            text::text(ui, keys, fonts::mono(), theme.muted);
                            ui.with_layout(Layout::left_to_right(Align::Center), |ui| text::body(ui, name));
                        });
                    }
                });
            }
        },
    );
}
