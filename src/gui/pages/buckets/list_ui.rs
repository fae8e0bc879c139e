//! The list of buckets.

use std::cmp::Ordering;

use egui::{Key, Ui};
use lucide_icons::Icon;

use super::data::{self, BucketRow};
use crate::gui::action::{Action, Confirm};
use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::pages::cache::Cached;
use crate::gui::pages::naming;
use crate::gui::route::Route;
use crate::gui::theme::size;
use crate::gui::widgets::{
    Button, Cell, Column, Field, Rows, Table, TableState, card, empty_state, header, menu, text,
};
use crate::workspace::{Command, Snapshot};

const COLUMNS: &[Column] = &[
    Column::new("Name", 260.0).grow(3.0),
    Column::number("Objects", 90.0).grow(0.5),
    Column::number("Size", 100.0).grow(0.5),
    Column::new("Created", 130.0),
];

/// The page.
pub struct BucketsPage {
    table: TableState,
    rows: Cached<Vec<BucketRow>>,
    /// The name of the bucket being made, while the form is open.
    new: Option<String>,
}

impl Default for BucketsPage {
    fn default() -> Self {
        Self { table: TableState::sorted(0, false), rows: Cached::default(), new: None }
    }
}

struct BucketRows<'a>(&'a [BucketRow]);

impl Rows for BucketRows<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn key(&self, row: usize) -> &str {
        &self.0[row].name
    }

    fn cell(&self, row: usize, column: usize) -> Cell {
        let row = &self.0[row];
        match column {
            0 => Cell::Name(row.name.clone()),
            1 => Cell::Number(format::count(row.objects as u64)),
            2 => Cell::Number(format::bytes(row.bytes)),
            _ => Cell::Time(row.created),
        }
    }

    fn compare(&self, a: usize, b: usize, column: usize) -> Ordering {
        let (a, b) = (&self.0[a], &self.0[b]);
        match column {
            0 => a.name.cmp(&b.name),
            1 => a.objects.cmp(&b.objects),
            2 => a.bytes.cmp(&b.bytes),
            _ => a.created.cmp(&b.created),
        }
    }
}

impl BucketsPage {
    /// Draws it.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Context<'_>) {
        let snapshot = cx.snapshot;
        let sampled = has_samples(snapshot);
        let revision = data::revision(snapshot);
        let rows = self.rows.get(revision, || data::bucket_rows(snapshot));
        let below = if rows.is_empty() {
            String::new()
        } else {
            let objects: usize = rows.iter().map(|row| row.objects).sum();
            let bytes = rows.iter().map(|row| row.bytes).sum();
            format!(
                "{} with {}, {}",
                format::plural(rows.len(), "bucket"),
                format::plural(objects, "object"),
                format::bytes(bytes)
            )
        };
        let mut open_form = false;
        header(ui, "Data", None, &below, |ui| {
            open_form = Button::primary("New bucket").large().icon(Icon::Plus).show(ui);
            if !sampled && !rows.is_empty() && Button::secondary("Add sample data").large().show(ui) {
                add_sample_data(cx);
            }
        });
        if open_form {
            self.new.get_or_insert_with(|| naming::free("my-data", |name| snapshot.buckets.contains(name)));
        }
        if self.new.is_some() {
            self.form(ui, cx, open_form);
        }
        let rows = BucketRows(&rows);
        if rows.is_empty() {
            let sentence = "A bucket holds what jobs learn from and the models that they write. \
                            The sample data has Boston housing and 8,530 film reviews, ready to train on.";
            if empty_state(ui, Icon::Database, "No buckets yet", sentence, (!sampled).then_some("Add sample data")) {
                add_sample_data(cx);
            }
            return;
        }
        let outcome = Table::new("buckets", COLUMNS)
            .filter("Filter buckets")
            .fit()
            .menu(|ui, cx, selected| {
                if menu::danger(ui, Icon::Trash, "Delete…") {
                    for name in selected {
                        confirm_delete(cx, name);
                    }
                    ui.close();
                }
            })
            .show(ui, cx, &mut self.table, revision, &rows);
        if let Some(name) = outcome.open {
            cx.actions.go(Route::Bucket { name, prefix: String::new() });
        }
    }

    fn form(&mut self, ui: &mut Ui, cx: &mut Context<'_>, opened: bool) {
        let Some(mut name) = self.new.take() else { return };
        let problem = data::bucket_name_problem(cx.snapshot, name.trim());
        let mut keep = true;
        card(ui, |ui| {
            text::strong(ui, "New bucket");
            ui.add_space(4.0);
            let id = egui::Id::unique("new-bucket-name");
            let response = Field::new("Bucket name")
                .width(420.0)
                .id(id)
                .error(problem.as_deref())
                .help("3 to 63 lower-case letters, digits, dots or hyphens")
                .show(ui, &mut name);
            if opened {
                response.request_focus();
            }
            let enter = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
            let escape = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Escape));
            ui.add_space(6.0);
            ui.horizontal(|ui| {
                let make = Button::primary("Create bucket").enabled(problem.is_none()).show(ui);
                if (make || enter) && problem.is_none() {
                    let name = name.trim().to_owned();
                    let then = Route::Bucket { name: name.clone(), prefix: String::new() };
                    cx.actions.submit_then(
                        Command::CreateBucket { name: name.clone() },
                        format!("Made bucket {name}"),
                        then,
                    );
                    keep = false;
                }
                if Button::ghost("Cancel").show(ui) || escape {
                    keep = false;
                }
            });
        });
        ui.add_space(size::GAP - ui.spacing().item_spacing.y);
        if keep {
            self.new = Some(name);
        }
    }
}

/// Whether the built-in data sets are there.
pub(super) fn has_samples(snapshot: &Snapshot) -> bool {
    let samples = snapshot.objects.get(&snapshot.info.account.default_bucket());
    samples.is_some_and(|objects| objects.contains("boston/train.csv") && objects.contains("reviews/train.libsvm"))
}

/// Puts the built-in data sets in.
pub(super) fn add_sample_data(cx: &mut Context<'_>) {
    let then = Route::Bucket { name: cx.snapshot.info.account.default_bucket(), prefix: String::new() };
    cx.actions.submit_then(Command::AddSampleData, "Added sample data", then);
}

/// Asks before a bucket goes: an empty one by a click, a full one by its name.
pub(super) fn confirm_delete(cx: &mut Context<'_>, bucket: &str) {
    let goes = data::goes_with_bucket(cx.snapshot, bucket);
    let (objects, _) = data::contents(cx.snapshot, bucket);
    let command = Command::DeleteBucket { name: bucket.to_owned(), with_objects: objects > 0 };
    let submit = Action::Submit { command, said: format!("Deleted bucket {bucket}"), then: Some(Route::Buckets) };
    let mut confirm = Confirm::new(format!("Delete bucket {bucket}?"), "Delete", vec![submit]);
    confirm = if objects == 0 {
        confirm.body("It is empty.")
    } else {
        confirm
            .body(format!("It holds {}. They cannot be brought back.", format::plural(objects, "object")))
            .goes_along(goes)
            .type_name(bucket)
    };
    cx.actions.push(Action::Confirm(Box::new(confirm)));
}
