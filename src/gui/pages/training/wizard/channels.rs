//! The wizard's data step: the two channels, chosen from a bucket, taken from a suggestion, or uploaded from this machine.

use std::path::{Path, PathBuf};

use egui::{Align, Key, Layout, Ui, vec2};
use lucide_icons::Icon;

use super::shown;
use crate::domain::s3_uri::S3Uri;
use crate::domain::training_job::ChannelFormat;
use crate::gui::context::Context;
use crate::gui::files::Picked;
use crate::gui::format;
use crate::gui::pages::buckets::data::{typed_paths, upload_target};
use crate::gui::pages::object_picker::ObjectPicker;
use crate::gui::pages::training::draft::{ChannelDraft, Draft, Found, Problem, detect_format, find};
use crate::gui::pages::training::starting::Labels;
use crate::gui::requested::wake_on_answer;
use crate::gui::theme::{fonts, size};
use crate::gui::widgets::{Button, Field, card, text};
use crate::workspace::{Command, LocalFile, Snapshot, Source, Ticket};

/// Local files on their way into a channel.
#[derive(Default)]
pub(super) struct Files {
    picked: Option<(String, Picked)>,
    going: Vec<(String, S3Uri, Ticket)>,
    typed: String,
    /// The channel that the line for a typed path belongs to.
    typing_for: Option<String>,
    problem: Option<String>,
}

impl Files {
    /// Looks for the dialog's choice, dropped files and answers. Gives (channel, where it is now) for a file that has arrived.
    pub(super) fn poll(&mut self, ui: &Ui, cx: &Context<'_>, drops: bool) -> Option<(String, S3Uri)> {
        let dropped: Vec<PathBuf> =
            ui.input(|input| input.raw.dropped_files.iter().map(|file| file.path().to_owned()).collect());
        if drops {
            for path in dropped {
                // A file that says so by its name goes to the validation channel.
                let validates =
                    path.file_name().is_some_and(|name| name.to_string_lossy().to_lowercase().contains("valid"));
                self.send(ui.ctx(), cx, if validates { "validation" } else { "train" }, &path);
            }
        }
        if let Some((channel, answer)) =
            self.picked.as_ref().and_then(|(channel, picked)| Some((channel.clone(), picked.poll_now()?)))
        {
            self.picked = None;
            match answer {
                Ok(Ok(Some(paths))) => paths.iter().take(1).for_each(|path| self.send(ui.ctx(), cx, &channel, path)),
                // Closed by hand, or no dialog on this system: a line to type into stays.
                _ => self.typing_for = Some(channel),
            }
        }
        let place = self.going.iter().position(|(_, _, ticket)| ticket.poll_now().is_some())?;
        let (channel, to, ticket) = self.going.remove(place);
        match ticket.poll_now() {
            Some(Ok(Ok(_))) => return Some((channel, to)),
            Some(Ok(Err(why))) => self.problem = Some(format!("{}: {why}", to.file_name())),
            _ => self.problem = Some(format!("{}: the workspace gave no answer", to.file_name())),
        }
        None
    }

    fn send(&mut self, ctx: &egui::Context, cx: &Context<'_>, channel: &str, path: &Path) {
        let bucket = cx.snapshot.info.account.default_bucket();
        match upload_target(&bucket, "uploads/", path) {
            Err(why) => self.problem = Some(why),
            Ok(_) if !path.is_file() => self.problem = Some(format!("{}: there is no such file", path.display())),
            Ok(to) => {
                self.problem = None;
                let command = Command::put_object(to.clone(), Source::File(LocalFile::new(path)));
                let ticket = cx.workspace.submit(command);
                wake_on_answer(ctx, &ticket);
                self.going.push((channel.to_owned(), to, ticket));
            }
        }
    }
}

/// Points a channel (`train`, `validation`) at a place.
pub(super) fn set(draft: &mut Draft, channel: &str, uri: &S3Uri) {
    let target = if channel.starts_with("validation") { &mut draft.validation } else { &mut draft.train };
    *target = ChannelDraft { uri: uri.to_string(), format: None };
    draft.refresh_starting_values();
}

/// A data set that the workspace seems to hold: a folder with a train object, and perhaps a validation object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Suggestion {
    pub(super) name: String,
    pub(super) train: S3Uri,
    pub(super) validation: Option<S3Uri>,
}

/// At most six, by bucket and folder.
pub(super) fn suggestions(snapshot: &Snapshot) -> Vec<Suggestion> {
    let mut found = Vec::new();
    for (bucket, objects) in &snapshot.objects {
        for (key, object) in objects.iter().take(20_000) {
            let (folder, file) = key.rsplit_once('/').unwrap_or(("", key));
            let Some((stem, ending)) = file.split_once('.') else { continue };
            // A folder of texts holds sentences beside the rows made of them.
            if stem != "train"
                || folder.ends_with("text")
                || ChannelFormat::from_content_type(&object.content_type).is_none()
            {
                continue;
            }
            let join = |name: &str| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
            let validation = join(&format!("validation.{ending}"));
            found.push(Suggestion {
                name: folder.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(bucket).to_owned(),
                train: S3Uri::new(bucket, key),
                validation: objects.contains(&validation).then(|| S3Uri::new(bucket, validation)),
            });
            if found.len() == 6 {
                return found;
            }
        }
    }
    found
}

/// Draws the step.
pub(super) fn ui(
    ui: &mut Ui,
    cx: &mut Context<'_>,
    draft: &mut Draft,
    problems: &[Problem],
    picker: &mut ObjectPicker,
    files: &mut Files,
) {
    quick(ui, cx, draft);
    for channel in ["train", "validation"] {
        one(ui, cx, draft, problems, picker, files, channel);
        ui.add_space(size::GAP - ui.spacing().item_spacing.y);
    }
    if let Some(problem) = &files.problem {
        text::text(ui, problem, fonts::small(), cx.theme.error.text);
    }
    text::text(
        ui,
        "Or drop files on the window: they are uploaded to the default bucket first.",
        fonts::small(),
        cx.theme.faint,
    );
}

fn quick(ui: &mut Ui, cx: &mut Context<'_>, draft: &mut Draft) {
    let found = suggestions(cx.snapshot);
    if found.is_empty() {
        card(ui, |ui| {
            ui.horizontal(|ui| {
                text::body(ui, "No data in this workspace yet?");
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    if Button::secondary("Add sample data").show(ui) {
                        cx.actions.submit(Command::AddSampleData, "Added sample data");
                    }
                });
            });
        });
        ui.add_space(size::GAP - ui.spacing().item_spacing.y);
        return;
    }
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(6.0, 6.0);
        text::muted(ui, "In this workspace:");
        for one in &found {
            let chosen = draft.train.uri == one.train.to_string();
            let words =
                if one.validation.is_some() { format!("{} (train + validation)", one.name) } else { one.name.clone() };
            let name = format!("Use data set {}", one.name);
            if ui.add(Button::secondary(&words).name(&name).selected(chosen)).clicked() {
                set(draft, "train", &one.train);
                draft.validation = ChannelDraft::default();
                if let Some(validation) = &one.validation {
                    set(draft, "validation", validation);
                }
                draft.refresh_starting_values();
            }
        }
    });
    ui.add_space(8.0);
}

fn one(
    ui: &mut Ui,
    cx: &mut Context<'_>,
    draft: &mut Draft,
    problems: &[Problem],
    picker: &mut ObjectPicker,
    files: &mut Files,
    name: &'static str,
) {
    let snapshot = cx.snapshot;
    let validation = name == "validation";
    let labels = draft.labels;
    let state = if validation { draft.validation.clone() } else { draft.train.clone() };
    let mut edited = state.clone();
    let error = shown(draft, problems, name, &state.uri);
    let going = files.going.iter().any(|(channel, ..)| channel == name);
    card(ui, |ui| {
        ui.horizontal(|ui| {
            text::strong(ui, if validation { "Validation channel" } else { "Train channel" });
            text::small(
                ui,
                if validation {
                    "optional: rows to measure on each round, and to stop early by"
                } else {
                    "rows to learn from"
                },
            );
        });
        ui.add_space(2.0);
        ui.horizontal_top(|ui| {
            let width = (ui.available_width() - 232.0).max(160.0);
            let label = if validation { "Validation data" } else { "Train data" };
            let found = state.place().map(|place| words_of(snapshot, &place)).unwrap_or_default();
            let help = if going { "uploading…" } else { found.as_str() };
            Field::new(label)
                .bare()
                .mono()
                .hint("s3://bucket/folder/train.csv")
                .width(width)
                .error(error)
                .help(help)
                .show(ui, &mut edited.uri);
            let browse = format!("Browse for {name} data");
            if Button::secondary("Browse…").name(&browse).show(ui) {
                picker.open(&format!("{name} data"), state.place().as_ref(), cx);
            }
            let upload = format!("Upload {name} data");
            if Button::secondary("Upload file…")
                .name(&upload)
                .icon(Icon::Upload)
                .enabled(files.picked.is_none())
                .show(ui)
            {
                let picked = cx.files.open_files("Choose a file to train on", &["csv", "libsvm", "svm", "txt"]);
                wake_on_answer(ui.ctx(), &picked);
                files.picked = Some((name.to_owned(), picked));
            }
        });
        typed_path(ui, cx, files, name);
        if state.place().is_some() {
            ui.add_space(2.0);
            format_row(ui, cx, &mut edited, name);
        }
        if !validation && let Some(words) = labels.words() {
            let color = if labels.is_wrong() { cx.theme.warn.text } else { cx.theme.muted };
            text::text(ui, words, fonts::small(), color);
        }
    });
    if edited != state {
        if validation {
            draft.validation = edited;
        } else {
            if edited.uri != state.uri {
                draft.labels = Labels::Unknown;
            }
            draft.train = edited;
        }
        draft.refresh_starting_values();
    }
}

fn typed_path(ui: &mut Ui, cx: &mut Context<'_>, files: &mut Files, name: &str) {
    if files.typing_for.as_deref() != Some(name) {
        return;
    }
    ui.horizontal(|ui| {
        let width = (ui.available_width() - 150.0).max(160.0);
        let response = Field::new("Path of a local file")
            .bare()
            .mono()
            .hint("or type its path: ~/data/train.csv")
            .width(width)
            .show(ui, &mut files.typed);
        let enter = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        if Button::secondary("Upload").name("Upload typed path").enabled(!files.typed.trim().is_empty()).show(ui)
            || enter
        {
            let home = std::env::home_dir();
            for path in typed_paths(&files.typed.clone(), home.as_deref()).into_iter().take(1) {
                files.send(ui.ctx(), cx, name, &path);
            }
            if files.problem.is_none() {
                files.typing_for = None;
                files.typed.clear();
            }
        }
        if Button::ghost("Cancel").name("Cancel typed path").show(ui) {
            files.typing_for = None;
        }
    });
}

fn format_row(ui: &mut Ui, cx: &Context<'_>, channel: &mut ChannelDraft, name: &str) {
    let detected = channel.place().and_then(|uri| detect_format(cx.snapshot, &uri));
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        text::small(ui, "Format");
        let automatic = match detected {
            Some(ChannelFormat::Csv) => "Detected: CSV",
            Some(ChannelFormat::Libsvm) => "Detected: libsvm",
            Some(ChannelFormat::RecordIo) => "Detected: RecordIO-protobuf",
            None => "Not detected",
        };
        for (value, words) in
            [(None, automatic), (Some(ChannelFormat::Csv), "CSV"), (Some(ChannelFormat::Libsvm), "libsvm")]
        {
            let accessible = format!("{name} format: {words}");
            if ui.add(Button::ghost(words).name(&accessible).selected(channel.format == value)).clicked() {
                channel.format = value;
            }
        }
    });
}

/// What is at a place, in words.
fn words_of(snapshot: &Snapshot, place: &S3Uri) -> String {
    match find(snapshot, place) {
        Found::Object { bytes } => format!("one object, {}", format::bytes(bytes)),
        Found::Prefix { objects, bytes } => {
            format!("{} under this prefix, {}", format::plural(objects, "object"), format::bytes(bytes))
        }
        Found::Nothing | Found::NoBucket => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::bucket::{Object, content_type_of};
    use crate::domain::time::Timestamp;
    use crate::workspace::Table;

    #[test]
    fn data_sets_are_found_by_their_train_file() {
        let object = |key: &str| {
            let object = Object {
                key: key.into(),
                size: 1,
                etag: String::new(),
                modified: Timestamp(0),
                content_type: content_type_of(key).into(),
                details: None,
            };
            (key.to_owned(), object)
        };
        let mut snapshot = Snapshot::default();
        let table: Table<Object> =
            ["a/boston/train.csv", "a/boston/validation.csv", "r/train.libsvm", "x/train.bin", "train.csv"]
                .map(object)
                .into_iter()
                .collect();
        snapshot.objects.insert("bucket".into(), table);
        let words: Vec<String> = suggestions(&snapshot)
            .iter()
            .map(|s| format!("{} {} {}", s.name, s.train, s.validation.is_some()))
            .collect();
        assert_eq!(
            words,
            [
                "boston s3://bucket/a/boston/train.csv true",
                "r s3://bucket/r/train.libsvm false",
                "bucket s3://bucket/train.csv false"
            ]
        );
    }
}
