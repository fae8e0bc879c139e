//! Uploads into a bucket: files chosen by dialog, dropped on the window, or typed as paths; each on its way, done, or refused with a reason.

use std::path::{Path, PathBuf};
use std::time::Duration;

use egui::{Key, Ui};
use lucide_icons::Icon;

use super::data;
use crate::domain::s3_uri::S3Uri;
use crate::gui::context::Context;
use crate::gui::files::Picked;
use crate::gui::format;
use crate::gui::requested::wake_on_answer;
use crate::gui::theme::{fonts, size};
use crate::gui::widgets::progress::{bar, progress_bar};
use crate::gui::widgets::{Button, Field, card, icon, text};
use crate::util::promise::Promise;
use crate::workspace::{Command, LocalFile, Source, Ticket};

/// Files from this size on show how far they are: smaller ones are there before one has looked.
const LARGE: u64 = 8_000_000;

/// How one file is doing.
enum Stage {
    Going(Ticket, LocalFile),
    Done,
    Refused(String),
}

struct Upload {
    to: S3Uri,
    bytes: u64,
    stage: Stage,
}

/// All uploads of this session, and the panel that starts them.
#[derive(Default)]
pub struct Uploads {
    files: Vec<Upload>,
    /// Problems with paths, before anything was sent.
    problems: Vec<String>,
    picked: Option<Picked>,
    typed: String,
    /// Whether the panel is open.
    pub open: bool,
}

impl Uploads {
    /// Starts to upload files under a prefix.
    pub fn start(&mut self, ctx: &egui::Context, cx: &Context<'_>, bucket: &str, prefix: &str, paths: &[PathBuf]) {
        self.problems.clear();
        for path in paths {
            match (data::upload_target(bucket, prefix, path), std::fs::metadata(path)) {
                (_, Err(why)) => self.problems.push(format!("{}: {}", path.display(), plain(&why))),
                (_, Ok(meta)) if meta.is_dir() => {
                    self.problems.push(format!("{} is a folder; choose the files in it", path.display()));
                }
                (Err(why), _) => self.problems.push(why),
                (Ok(to), Ok(meta)) => {
                    let file = LocalFile::new(path);
                    let command = Command::put_object(to.clone(), Source::File(file.clone()));
                    let ticket = cx.workspace.submit(command);
                    wake_on_answer(ctx, &ticket);
                    self.files.push(Upload { to, bytes: meta.len(), stage: Stage::Going(ticket, file) });
                }
            }
        }
    }

    /// Looks for answers, dropped files and the dialog's choice. Gives what arrived since the last frame.
    pub fn poll(&mut self, ui: &Ui, cx: &Context<'_>, bucket: &str, prefix: &str) -> Vec<S3Uri> {
        let dropped: Vec<PathBuf> =
            ui.input(|input| input.raw.dropped_files.iter().map(|file| file.path().to_owned()).collect());
        if !dropped.is_empty() {
            self.open = true;
            self.start(ui.ctx(), cx, bucket, prefix, &dropped);
        }
        if let Some(answer) = self.picked.as_ref().and_then(Promise::poll_now) {
            self.picked = None;
            match answer {
                Ok(Ok(Some(paths))) => self.start(ui.ctx(), cx, bucket, prefix, &paths),
                Ok(Ok(None)) => {}
                Ok(Err(why)) => self.problems = vec![format!("No dialog could open ({why}); type the path instead")],
                Err(_) => self.problems = vec!["No dialog could open; type the path instead".to_owned()],
            }
        }
        let mut arrived = Vec::new();
        for file in &mut self.files {
            let Stage::Going(ticket, _) = &file.stage else { continue };
            let Some(answer) = ticket.poll_now() else { continue };
            file.stage = match answer {
                Ok(Ok(_)) => {
                    arrived.push(file.to.clone());
                    Stage::Done
                }
                Ok(Err(why)) => Stage::Refused(why.to_string()),
                Err(_) => Stage::Refused("the workspace gave no answer".to_owned()),
            };
        }
        arrived
    }

    /// Whether a file hangs over the window.
    pub fn hovering(ui: &Ui) -> bool {
        ui.input(|input| !input.raw.hovered_files.is_empty())
    }

    /// How many are on their way, and how many there were.
    pub fn going(&self) -> (usize, usize) {
        (self.files.iter().filter(|file| matches!(file.stage, Stage::Going(..))).count(), self.files.len())
    }

    /// Opens the system's dialog.
    pub fn choose(&mut self, ctx: &egui::Context, cx: &Context<'_>) {
        let picked = cx.files.open_files("Upload files", &[]);
        wake_on_answer(ctx, &picked);
        self.picked = Some(picked);
    }

    /// The panel: choose, type, drop; and below how each file is doing.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Context<'_>, bucket: &str, prefix: &str) {
        if !self.open {
            return;
        }
        card(ui, |ui| {
            ui.horizontal(|ui| {
                text::strong(ui, "Upload");
                text::muted(ui, format!("to s3://{bucket}/{prefix}"));
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    if ui.add(Button::icon_only(Icon::X, "Close upload panel")).clicked() {
                        self.open = false;
                        self.files.retain(|file| matches!(file.stage, Stage::Going(..)));
                        self.problems.clear();
                    }
                });
            });
            ui.add_space(2.0);
            ui.horizontal(|ui| {
                if Button::primary("Choose files…").icon(Icon::FolderOpen).enabled(self.picked.is_none()).show(ui) {
                    self.choose(ui.ctx(), cx);
                }
                text::muted(ui, "or drop them on the window, or");
                let width = (ui.available_width() - 100.0).clamp(120.0, 420.0);
                let response = Field::new("Path of a file")
                    .bare()
                    .hint("type a path: ~/data/train.csv")
                    .mono()
                    .width(width)
                    .show(ui, &mut self.typed);
                let enter = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
                let can = !self.typed.trim().is_empty();
                if (Button::secondary("Upload").name("Upload typed path").enabled(can).show(ui) || enter) && can {
                    let home = std::env::home_dir();
                    let paths = data::typed_paths(&self.typed, home.as_deref());
                    self.start(ui.ctx(), cx, bucket, prefix, &paths);
                    if self.problems.is_empty() {
                        self.typed.clear();
                    }
                }
            });
            for problem in &self.problems {
                text::text(ui, problem, fonts::small(), cx.theme.error.text);
            }
            self.list(ui, cx);
        });
        ui.add_space(size::GAP - ui.spacing().item_spacing.y);
    }

    fn list(&self, ui: &mut Ui, cx: &Context<'_>) {
        if self.files.is_empty() {
            return;
        }
        ui.add_space(6.0);
        let (going, all) = self.going();
        if all > 1 {
            ui.horizontal(|ui| {
                bar(ui, (all - going) as f32 / all as f32, egui::vec2(160.0, 4.0), cx.theme.accent, "Uploads");
                text::small(ui, format!("{} of {} uploaded", all - going, all));
            });
        }
        egui::ScrollArea::vertical().id_salt("uploads").max_height(112.0).show(ui, |ui| {
            for file in self.files.iter().rev() {
                ui.horizontal(|ui| {
                    let (sign, color) = match &file.stage {
                        Stage::Going(..) => (Icon::LoaderCircle, cx.theme.changing.text),
                        Stage::Done => (Icon::Check, cx.theme.ok.text),
                        Stage::Refused(_) => (Icon::X, cx.theme.error.text),
                    };
                    icon(ui, sign, 14.0, color);
                    text::elided(ui, file.to.file_name(), fonts::body(), cx.theme.text, 320.0);
                    text::small(ui, format::bytes(file.bytes));
                    match &file.stage {
                        Stage::Going(_, local) if file.bytes >= LARGE => {
                            let copied = local.copied().min(file.bytes);
                            let what = format!("Upload of {}", file.to.file_name());
                            progress_bar(ui, copied as f32 / file.bytes as f32, 120.0, &what);
                            text::small(ui, format!("{} uploaded", format::bytes(copied)));
                            ui.ctx().request_repaint_after(Duration::from_millis(100));
                        }
                        Stage::Going(..) => drop(text::small(ui, "uploading")),
                        Stage::Done => drop(text::small(ui, "uploaded")),
                        Stage::Refused(why) => drop(text::text(ui, why, fonts::small(), cx.theme.error.text)),
                    }
                });
            }
        });
    }
}

/// An error of the file system without its number.
fn plain(why: &std::io::Error) -> String {
    match why.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "it may not be read".to_owned(),
        _ => why.to_string(),
    }
}

/// Where a download goes when nobody says: the downloads folder, else the home folder.
pub fn suggested_download(file_name: &str) -> String {
    let home = std::env::home_dir().unwrap_or_else(|| Path::new(".").to_owned());
    let downloads = home.join("Downloads");
    let folder = if downloads.is_dir() { downloads } else { home };
    folder.join(file_name).display().to_string()
}
