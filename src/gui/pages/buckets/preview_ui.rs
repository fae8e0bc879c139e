//! The panel beside a bucket's objects: what one of them looks like, and what can be done with it.

use std::path::PathBuf;
use std::sync::Arc;

use egui::{Key, ScrollArea, Ui, vec2};
use lucide_icons::Icon;

use super::data::kind_of;
use super::upload::suggested_download;
use crate::domain::bucket::Object;
use crate::domain::s3_uri::S3Uri;
use crate::gui::action::{Action, Toast, ToastKind};
use crate::gui::context::Context;
use crate::gui::files::Picked;
use crate::gui::format;
use crate::gui::requested::{Requested, State, wake_on_answer};
use crate::gui::theme::fonts;
use crate::gui::widgets::{Button, Field, text};
use crate::util::promise::Promise;
use crate::workspace::{Preview, Ticket};

/// Rows that are read for a preview.
const ROWS: usize = 100;

/// The panel's memory.
#[derive(Default)]
pub struct PreviewPanel {
    shown: Option<(S3Uri, String)>,
    preview: Requested<Arc<Preview>>,
    saving: Option<Picked>,
    /// The path to save under, when a dialog gave none.
    save_as: Option<String>,
    downloads: Vec<(PathBuf, Ticket<u64>)>,
}

/// What was asked for in the panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Close it.
    Close,
    /// Delete the object.
    Delete,
    /// Train on it.
    Train,
    /// Show what can be done with it as code.
    Code,
}

impl PreviewPanel {
    /// Waits for dialogs and downloads; call it every frame.
    pub fn poll(&mut self, ui: &Ui, cx: &mut Context<'_>) {
        if let Some(answer) = self.saving.as_ref().and_then(Promise::poll_now) {
            self.saving = None;
            let Some((uri, _)) = self.shown.clone() else { return };
            match answer {
                Ok(Ok(Some(paths))) => {
                    for path in paths.into_iter().take(1) {
                        self.download(ui.ctx(), cx, &uri, path);
                    }
                }
                // Closed by hand, or there is no dialog on this system: both leave a line to type into.
                _ => self.save_as = Some(suggested_download(uri.file_name())),
            }
        }
        self.downloads.retain(|(path, ticket)| {
            let Some(answer) = ticket.poll_now() else { return true };
            let toast = match answer {
                Ok(Ok(bytes)) => {
                    Toast::new(ToastKind::Success, format!("Saved {}", path.display())).detail(format::bytes(bytes))
                }
                Ok(Err(why)) => {
                    Toast::new(ToastKind::Error, format!("Could not save {}", path.display())).detail(why.to_string())
                }
                Err(_) => Toast::new(ToastKind::Error, format!("Could not save {}", path.display()))
                    .detail("The workspace gave no answer"),
            };
            cx.actions.push(Action::Toast(toast));
            false
        });
    }

    fn download(&mut self, ctx: &egui::Context, cx: &Context<'_>, uri: &S3Uri, to: PathBuf) {
        let ticket = cx.workspace.download(uri, to.clone());
        wake_on_answer(ctx, &ticket);
        self.downloads.push((to, ticket));
    }

    /// Draws the panel for an object.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        cx: &mut Context<'_>,
        bucket: &str,
        object: &Object,
        trainable: bool,
    ) -> Option<Asked> {
        let uri = S3Uri::new(bucket, &object.key);
        let same = self.shown.as_ref().is_some_and(|(shown, etag)| *shown == uri && *etag == object.etag);
        if !same {
            self.shown = Some((uri.clone(), object.etag.clone()));
            self.save_as = None;
            self.preview = Requested::NotAsked;
            self.preview.ask(ui.ctx(), cx.workspace.preview(&uri, ROWS));
        }
        let mut asked = None;
        ui.horizontal(|ui| {
            let room = ui.available_width() - 40.0;
            text::elided(ui, uri.file_name(), fonts::strong(), cx.theme.text, room);
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                if ui.add(Button::icon_only(Icon::X, "Close preview")).clicked() {
                    asked = Some(Asked::Close);
                }
            });
        });
        let facts = format!(
            "{} · {} · {}",
            kind_of(&object.content_type),
            format::bytes(object.size),
            format::ago(cx.now, object.modified)
        );
        text::small(ui, facts).on_hover_text(format::exact(object.modified, cx.zone));
        ui.add_space(4.0);
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = vec2(6.0, 6.0);
            if trainable && Button::secondary("Use in a training job").show(ui) {
                asked = Some(Asked::Train);
            }
            if Button::secondary("Download").enabled(self.saving.is_none()).show(ui) {
                let saving = cx.files.save_file("Save object", uri.file_name());
                wake_on_answer(ui.ctx(), &saving);
                self.saving = Some(saving);
            }
            if Button::secondary("Copy S3 URI").show(ui) {
                cx.actions.copy(uri.to_string(), "S3 URI");
            }
            if Button::secondary("Code").name("Show code of the object").show(ui) {
                asked = Some(Asked::Code);
            }
            if Button::danger("Delete…").name("Delete object").show(ui) {
                asked = Some(Asked::Delete);
            }
        });
        self.save_line(ui, cx, &uri);
        ui.add_space(6.0);
        match self.preview.state() {
            State::NotAsked | State::Pending(None) => drop(text::muted(ui, "Reading…")),
            State::Pending(Some(preview)) | State::Done(preview) => content(ui, cx, preview),
            State::Failed(why) => drop(text::text(ui, why.to_string(), fonts::body(), cx.theme.error.text)),
        }
        asked
    }

    fn save_line(&mut self, ui: &mut Ui, cx: &mut Context<'_>, uri: &S3Uri) {
        let Some(mut path) = self.save_as.take() else { return };
        ui.add_space(4.0);
        let response = Field::new("Save as").mono().show(ui, &mut path);
        let enter = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        let mut keep = true;
        ui.horizontal(|ui| {
            if Button::secondary("Save").enabled(!path.trim().is_empty()).show(ui) || enter {
                self.download(ui.ctx(), cx, uri, path.trim().into());
                keep = false;
            }
            if Button::ghost("Cancel").name("Cancel download").show(ui) {
                keep = false;
            }
        });
        if keep {
            self.save_as = Some(path);
        }
    }
}

fn content(ui: &mut Ui, cx: &Context<'_>, preview: &Preview) {
    match preview {
        Preview::Table { header, rows, more } => table(ui, cx, header.as_deref(), rows, *more),
        Preview::Text { lines, more } => {
            let height = ui.available_height().max(120.0);
            ScrollArea::both().id_salt("preview-text").auto_shrink([false, true]).max_height(height).show_rows(
                ui,
                18.0,
                lines.len() + usize::from(*more),
                |ui, range| {
                    for i in range {
                        let words = lines.get(i).map_or("…", String::as_str);
                        let words = egui::RichText::new(words).font(fonts::mono()).color(cx.theme.text);
                        ui.add(egui::Label::new(words).extend());
                    }
                },
            );
        }
        Preview::Binary { head } => {
            text::small(ui, format!("Not text. The first {}:", format::plural(head.len(), "byte")));
            ScrollArea::both().id_salt("preview-binary").auto_shrink([false, true]).show(ui, |ui| {
                for (i, line) in head.chunks(16).enumerate() {
                    text::mono(ui, hex_line(i * 16, line));
                }
            });
        }
    }
}

/// `0010  89 50 4e 47 …  .PNG`
fn hex_line(at: usize, bytes: &[u8]) -> String {
    let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let shown: String =
        bytes.iter().map(|byte| if byte.is_ascii_graphic() { char::from(*byte) } else { '.' }).collect();
    format!("{at:04x}  {:<47}  {shown}", hex.join(" "))
}

const CELL: f32 = 76.0;
const LINE: f32 = 24.0;

fn table(ui: &mut Ui, cx: &Context<'_>, header: Option<&[String]>, rows: &[Vec<String>], more: bool) {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0).max(header.map_or(0, <[String]>::len));
    let words = match header {
        Some(_) => format!("{} · the first line looks like a header", format::plural(columns, "column")),
        None => {
            format!("{} · no header; in training data the first column is the label", format::plural(columns, "column"))
        }
    };
    text::small(ui, words);
    ui.add_space(2.0);
    let width = |column: usize| {
        let longest = rows
            .iter()
            .take(40)
            .filter_map(|row| row.get(column))
            .chain(header.and_then(|h| h.get(column)))
            .map(|cell| cell.chars().count());
        (longest.max().unwrap_or(4) as f32 * 7.4 + 18.0).clamp(44.0, CELL * 3.5)
    };
    let widths: Vec<f32> = (0..columns).map(width).collect();
    let whole: f32 = widths.iter().sum();
    let height = ui.available_height().max(120.0);
    ScrollArea::both().id_salt("preview-table").auto_shrink([false, true]).max_height(height).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        let line = |ui: &mut Ui, number: &str, cells: &[String], head: bool| {
            let (rect, _) = ui.allocate_exact_size(vec2(whole + 34.0, LINE), egui::Sense::hover());
            if !ui.is_rect_visible(rect) {
                return;
            }
            let painter = ui.painter();
            let y = rect.center().y;
            painter.text(
                egui::pos2(rect.left() + 26.0, y),
                egui::Align2::RIGHT_CENTER,
                number,
                fonts::small(),
                cx.theme.faint,
            );
            let mut x = rect.left() + 34.0;
            for (i, width) in widths.iter().enumerate() {
                let cell = cells.get(i).map_or("", String::as_str);
                let (font, color) =
                    if head { (fonts::small_medium(), cx.theme.muted) } else { (fonts::mono(), cx.theme.text) };
                let galley = text::elided_galley(ui, cell, font, color, width - 10.0);
                let number = !head && cell.trim().parse::<f64>().is_ok();
                let left = if number || head && cells.len() > 2 { x + width - 10.0 - galley.size().x } else { x };
                ui.painter().galley(egui::pos2(left, y - galley.size().y / 2.0), galley, color);
                x += width;
            }
            ui.painter().hline(rect.x_range(), rect.bottom(), egui::Stroke::new(1.0, cx.theme.line));
        };
        if let Some(header) = header {
            line(ui, "", header, true);
        }
        for (i, row) in rows.iter().enumerate() {
            line(ui, &(i + 1).to_string(), row, false);
        }
        if more {
            ui.add_space(4.0);
            text::small(ui, format!("The first {}; there is more below.", format::plural(rows.len(), "row")));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_read_as_hex_and_text() {
        assert_eq!(hex_line(16, b"\x1f\x8bAB "), "0010  1f 8b 41 42 20                                   ..AB.");
    }
}
