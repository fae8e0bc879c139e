//! One bucket: folders as crumbs, objects as a table, uploads above, a preview beside.

use std::cmp::Ordering;

use egui::{Align, Layout, Ui, vec2};
use lucide_icons::Icon;

use super::data::{self, Entry};
use super::list_ui::{add_sample_data, confirm_delete, has_samples};
use super::preview_ui::{Asked, PreviewPanel};
use super::upload::Uploads;
use crate::domain::s3_uri::S3Uri;
use crate::gui::action::{Action, Confirm};
use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::pages::cache::Cached;
use crate::gui::pages::{code, training};
use crate::gui::route::Route;
use crate::gui::snippets;
use crate::gui::theme::{fonts, size};
use crate::gui::widgets::{Button, Cell, Column, Rows, Table, TableState, card, empty_state, header, menu, tabs, text};
use crate::workspace::Command;

const COLUMNS: &[Column] = &[
    Column::new("Name", 200.0).grow(3.0),
    Column::number("Size", 90.0),
    Column::new("Type", 150.0).grow(0.4).hide_below(520.0),
    Column::new("Modified", 120.0).hide_below(420.0),
];

/// Whether the objects or the code are on show.
const TAB: &str = "bucket.tab";

/// Below this width of the page the preview covers the table.
const BESIDE: f32 = 760.0;

/// The page.
pub struct BucketPage {
    name: String,
    prefix: String,
    table: TableState,
    entries: Cached<Vec<Entry>>,
    uploads: Uploads,
    preview: PreviewPanel,
    /// The key of the object in the preview.
    shown: Option<String>,
}

struct Entries<'a>(&'a [Entry]);

impl Rows for Entries<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn key(&self, row: usize) -> &str {
        self.0[row].key()
    }

    fn cell(&self, row: usize, column: usize) -> Cell {
        let entry = &self.0[row];
        match column {
            0 if entry.is_folder() => Cell::Name(format!("{}/", entry.name())),
            0 => Cell::Name(entry.name().to_owned()),
            1 => Cell::Number(format::bytes(entry.bytes())),
            2 => Cell::Muted(entry.kind()),
            _ => Cell::Time(entry.modified()),
        }
    }

    fn compare(&self, a: usize, b: usize, column: usize) -> Ordering {
        let (a, b) = (&self.0[a], &self.0[b]);
        match column {
            0 => a.name().cmp(b.name()),
            1 => a.bytes().cmp(&b.bytes()),
            2 => a.kind().cmp(&b.kind()),
            _ => a.modified().cmp(&b.modified()),
        }
    }

    fn matches(&self, row: usize, needle: &str) -> bool {
        crate::gui::widgets::table::contains(self.0[row].name(), needle)
    }
}

impl BucketPage {
    /// A bucket's page; `prefix` is empty or ends in `/`.
    pub fn new(name: String, prefix: String) -> Self {
        Self {
            name,
            prefix,
            table: TableState::with_own_filter(),
            entries: Cached::default(),
            uploads: Uploads::default(),
            preview: PreviewPanel::default(),
            shown: None,
        }
    }

    /// Draws it.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Context<'_>) {
        let snapshot = cx.snapshot;
        let (bucket, prefix) = (self.name.clone(), self.prefix.clone());
        let (bucket, prefix) = (bucket.as_str(), prefix.as_str());
        let Some(record) = snapshot.buckets.get(bucket) else { return };
        let empty = crate::workspace::Table::default();
        let objects = snapshot.objects.get(bucket).unwrap_or(&empty);
        self.uploads.poll(ui, cx, bucket, prefix);
        self.preview.poll(ui, cx);

        let root = prefix.is_empty();
        let revision = objects.revision();
        let entries = self.entries.get(revision, || data::entries(objects, prefix));
        let (count, bytes) = data::totals(&entries);
        let holds = format!("{}, {}", format::plural(count, "object"), format::bytes(bytes));
        let (title, below) = if root {
            (bucket, format!("{holds} · made {}", format::ago(cx.now, record.created)))
        } else {
            (prefix, format!("{holds} under s3://{bucket}/{prefix}"))
        };
        header(ui, title, None, &below, |ui| {
            let upload = if self.uploads.open { Button::secondary("Upload") } else { Button::primary("Upload") };
            if upload.large().icon(Icon::Upload).show(ui) {
                self.uploads.open = true;
            }
            if root && Button::danger("Delete…").large().name("Delete bucket").show(ui) {
                confirm_delete(cx, bucket);
            }
            if Button::secondary("Copy S3 URI").large().name("Copy S3 URI of this folder").show(ui) {
                cx.actions.copy(S3Uri::new(bucket, prefix).to_string(), "S3 URI");
            }
        });
        self.uploads.ui(ui, cx, bucket, prefix);

        let shown = self.shown.as_ref().and_then(|key| objects.get(key)).cloned();
        let mut tab: usize = cx.prefs.get(TAB);
        if tabs(ui, &["Objects", "Code"], &mut tab, |_| {}) {
            cx.prefs.set(TAB, &tab);
        }
        if tab == 1 {
            self.code(ui, cx, bucket, prefix, shown.as_ref().map(|object| object.key.as_str()));
        } else if entries.is_empty() {
            self.empty(ui, cx, bucket, prefix);
        } else {
            let room = ui.available_rect_before_wrap();
            let panel = shown
                .as_ref()
                .map_or(0.0, |_| if room.width() < BESIDE { room.width() } else { (room.width() * 0.46).min(560.0) });
            let gap = if panel > 0.0 { size::GAP } else { 0.0 };
            let left = room.width() - panel - gap;
            if left > 200.0 {
                let rect = egui::Rect::from_min_size(room.min, vec2(left, room.height()));
                ui.scope_builder(egui::UiBuilder::new().max_rect(rect).layout(Layout::top_down(Align::Min)), |ui| {
                    self.table(ui, cx, bucket, prefix, revision, &entries);
                });
            }
            if let Some(object) = shown {
                let rect = egui::Rect::from_min_max(egui::pos2(room.right() - panel, room.top()), room.max);
                ui.scope_builder(egui::UiBuilder::new().max_rect(rect).layout(Layout::top_down(Align::Min)), |ui| {
                    card(ui, |ui| {
                        ui.set_min_height(rect.height() - 30.0);
                        ui.set_max_height(rect.height() - 30.0);
                        let trainable = data::trainable(&Entry::Object(object.clone()));
                        match self.preview.ui(ui, cx, bucket, &object, trainable) {
                            Some(Asked::Close) => self.shown = None,
                            Some(Asked::Delete) => {
                                confirm_objects(cx, bucket, prefix, std::slice::from_ref(&object.key));
                            }
                            Some(Asked::Code) => cx.prefs.set(TAB, &1_usize),
                            Some(Asked::Train) => training::start_with_data(cx, &S3Uri::new(bucket, &object.key)),
                            None => {}
                        }
                    });
                });
            }
        }
        if Uploads::hovering(ui) {
            drop_hint(ui, cx, bucket, prefix);
        }
    }

    /// The code of the object that is looked at, or of the folder.
    fn code(&mut self, ui: &mut Ui, cx: &mut Context<'_>, bucket: &str, prefix: &str, shown: Option<&str>) {
        let Some(key) = shown else {
            let snippets = snippets::bucket(cx.snapshot, bucket, prefix);
            code::tab(ui, cx, "bucket", &snippets);
            return;
        };
        let uri = S3Uri::new(bucket, key);
        ui.horizontal(|ui| {
            let words = if prefix.is_empty() { "Show the bucket's code" } else { "Show the folder's code" };
            let room = ui.available_width() - 190.0;
            text::elided(ui, &uri.to_string(), fonts::strong(), cx.theme.text, room);
            if Button::ghost(words).show(ui) {
                self.shown = None;
            }
        });
        code::tab(ui, cx, "object", &snippets::object(cx.snapshot, &uri));
    }

    fn empty(&mut self, ui: &mut Ui, cx: &mut Context<'_>, bucket: &str, prefix: &str) {
        let default = bucket == cx.snapshot.info.account.default_bucket();
        let offer_samples = default && !has_samples(cx.snapshot);
        let title = if prefix.is_empty() { "Nothing in this bucket yet" } else { "Nothing in this folder yet" };
        let sentence = "Drop files on the window or upload them. Training reads CSV with the label in the first column and no header, or libsvm.";
        if offer_samples {
            if empty_state(ui, Icon::Upload, title, sentence, Some("Add sample data")) {
                add_sample_data(cx);
            }
        } else if empty_state(ui, Icon::Upload, title, sentence, Some("Choose files…")) {
            self.uploads.open = true;
            self.uploads.choose(ui.ctx(), cx);
        }
    }

    fn table(
        &mut self,
        ui: &mut Ui,
        cx: &mut Context<'_>,
        bucket: &str,
        prefix: &str,
        revision: u64,
        entries: &[Entry],
    ) {
        let chosen = |keys: &[String]| -> Vec<Entry> {
            entries.iter().filter(|entry| keys.iter().any(|key| key == entry.key())).cloned().collect()
        };
        let mut delete: Option<Vec<Entry>> = None;
        let mut train: Option<Entry> = None;
        let mut copy: Option<String> = None;
        let outcome = {
            let delete = std::cell::RefCell::new(&mut delete);
            let train = std::cell::RefCell::new(&mut train);
            let copy = std::cell::RefCell::new(&mut copy);
            Table::new("objects", COLUMNS)
                .filter("Filter objects")
                .fit()
                .toolbar(|ui, _, selected| {
                    if selected.is_empty() {
                        return;
                    }
                    if Button::danger(&format!("Delete {}…", selected.len())).name("Delete selected objects").show(ui)
                    {
                        **delete.borrow_mut() = Some(chosen(selected));
                    }
                    if let [one] = selected
                        && let Some(entry) =
                            entries.iter().find(|entry| entry.key() == one).filter(|entry| data::trainable(entry))
                        && Button::secondary("Use in a training job").name("Use selected in a training job").show(ui)
                    {
                        **train.borrow_mut() = Some(entry.clone());
                    }
                })
                .menu(|ui, _, selected| {
                    if let [one] = selected {
                        if menu::action(ui, Icon::Link, "Copy S3 URI", "") {
                            **copy.borrow_mut() = Some(S3Uri::new(bucket, one).to_string());
                            ui.close();
                        }
                        let entry = entries.iter().find(|entry| entry.key() == one);
                        if let Some(entry) = entry.filter(|entry| data::trainable(entry))
                            && menu::action(ui, Icon::ChartLine, "Use in a training job", "")
                        {
                            **train.borrow_mut() = Some(entry.clone());
                            ui.close();
                        }
                    }
                    if menu::danger(ui, Icon::Trash, "Delete…") {
                        **delete.borrow_mut() = Some(chosen(selected));
                        ui.close();
                    }
                })
                .show(ui, cx, &mut self.table, revision, &Entries(entries))
        };
        if let Some(uri) = copy {
            cx.actions.copy(uri, "S3 URI");
        }
        if let Some(chosen) = delete {
            let keys =
                cx.snapshot.objects.get(bucket).map(|objects| data::keys_of(objects, &chosen)).unwrap_or_default();
            confirm_objects(cx, bucket, prefix, &keys);
        }
        if let Some(entry) = train {
            training::start_with_data(cx, &S3Uri::new(bucket, entry.key()));
        }
        let opened = outcome.open.and_then(|key| entries.iter().find(|entry| entry.key() == key));
        match opened {
            Some(Entry::Folder { prefix, .. }) => {
                cx.actions.go(Route::Bucket { name: bucket.to_owned(), prefix: prefix.clone() });
            }
            Some(Entry::Object(object)) => self.shown = Some(object.key.clone()),
            None if outcome.selection_changed => {
                if let [one] = &*self.table.selected()
                    && entries.iter().any(|entry| entry.key() == one && !entry.is_folder())
                {
                    self.shown = Some(one.clone());
                }
            }
            None => {}
        }
    }
}

/// Asks before objects go.
fn confirm_objects(cx: &mut Context<'_>, bucket: &str, prefix: &str, keys: &[String]) {
    if keys.is_empty() {
        return;
    }
    let goes = data::goes_with_objects(cx.snapshot, bucket, keys);
    let what = format::plural(keys.len(), "object");
    let command = Command::DeleteObjects { bucket: bucket.to_owned(), keys: keys.to_vec() };
    let then = Route::Bucket { name: bucket.to_owned(), prefix: prefix.to_owned() };
    let submit = Action::Submit { command, said: format!("Deleted {what} from {bucket}"), then: Some(then) };
    let title = match keys {
        [one] => format!("Delete {}?", S3Uri::new(bucket, one).file_name()),
        _ => format!("Delete {what}?"),
    };
    let confirm = Confirm::new(title, "Delete", vec![submit]).body("This cannot be undone.").goes_along(goes);
    cx.actions.push(Action::Confirm(Box::new(confirm)));
}

/// Drawn over the page while files hang over the window.
fn drop_hint(ui: &Ui, cx: &Context<'_>, bucket: &str, prefix: &str) {
    let rect = ui.max_rect().shrink(4.0);
    let painter = ui.ctx().layer_painter(egui::LayerId::new(egui::Order::Foreground, egui::Id::unique("drop-hint")));
    painter.rect(
        rect,
        size::CARD_RADIUS,
        cx.theme.accent_soft.gamma_multiply(0.92),
        egui::Stroke::new(2.0, cx.theme.accent),
        egui::StrokeKind::Inside,
    );
    let words = format!("Drop to upload to s3://{bucket}/{prefix}");
    painter.text(
        rect.center(),
        egui::Align2::CENTER_CENTER,
        words,
        fonts::inter(15.0, fonts::Weight::Semibold),
        cx.theme.accent,
    );
}
