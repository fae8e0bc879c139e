//! The rows of a replay: requests with a label a row, from what was captured or from a labelled file.

use super::super::shared::Shared;
use super::super::traffic::Labelled;
use super::{Stop, Under};
use crate::domain::replay::{MAX_ROWS, ReplaySource};

/// One request and what is right about its rows.
pub(super) struct Item {
    pub(super) content_type: String,
    pub(super) body: Vec<u8>,
    pub(super) labels: Vec<f32>,
}

/// The items, and the ones that can't be used.
#[derive(Default)]
pub(super) struct Items {
    pub(super) all: Vec<Item>,
    pub(super) rows: u64,
    /// Why the first row was left out, and how many were.
    pub(super) left_out: Option<(String, u64)>,
}

impl Items {
    pub(super) fn leave_out(&mut self, rows: u64, why: impl FnOnce() -> String) {
        let (_, n) = self.left_out.get_or_insert_with(|| (why(), 0));
        *n += rows;
    }

    fn push(&mut self, item: Item) {
        let rows = item.labels.len() as u64;
        if self.rows + rows > MAX_ROWS {
            return self.leave_out(rows, || format!("a comparison takes {MAX_ROWS} rows"));
        }
        self.rows += rows;
        self.all.push(item);
    }
}

/// Reads them all.
pub(super) fn read(shared: &Shared, under: &Under) -> Result<Items, Stop> {
    let mut items = Items::default();
    match &under.spec.source {
        ReplaySource::File(uri) => {
            let file = Labelled::read(shared.store.objects(), uri).map_err(Stop::Failed)?;
            for row in 0..file.len() {
                let body = file.body(&[row]);
                items.push(Item { content_type: file.content_type().to_owned(), body, labels: vec![file.label(row)] });
            }
        }
        ReplaySource::Captured { endpoint } => {
            let serves = shared.serving.captured(endpoint, |kept| {
                let Some(labels) = kept.label.filter(|_| !under.is_cancelled()) else { return };
                let record = &kept.record;
                match record.request() {
                    Some(body) => items.push(Item {
                        content_type: record.content_type().to_owned(),
                        body: body.to_vec(),
                        labels: labels.iter().map(|label| *label as f32).collect(),
                    }),
                    None => items.leave_out(labels.len() as u64, || {
                        let most = crate::serving::capture::KEPT_BYTES >> 10;
                        format!("a request was longer than {most} KiB, so its body was not kept")
                    }),
                }
            });
            if !serves {
                let why = format!("Endpoint {endpoint} does not serve, so there are no captured requests of it");
                return Err(Stop::Failed(why));
            }
        }
    }
    if under.is_cancelled() {
        return Err(Stop::Cancelled);
    }
    if items.all.is_empty() {
        return Err(Stop::Failed(match (&items.left_out, &under.spec.source) {
            (Some((why, n)), _) => format!("None of {n} labelled rows can be used: {why}"),
            (None, ReplaySource::Captured { endpoint }) => {
                format!("No captured request of {endpoint} has a label yet: send labels, or run a traffic test")
            }
            (None, ReplaySource::File(uri)) => format!("{uri} holds no rows"),
        }));
    }
    Ok(items)
}
