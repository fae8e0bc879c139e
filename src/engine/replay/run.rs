//! One replay from its rows to its result.

use std::sync::atomic::Ordering;
use std::time::Instant;

use super::super::shared::Shared;
use super::judge::{self, Answers};
use super::rows::{self, Item};
use super::{Entrant, Stop, Teller, Under};
use crate::ml::{Model, archive};
use crate::serving::content;
use crate::workspace::ReplayResult;

/// Requests between two looks at the time.
const PIECE: usize = 256;

pub(super) fn run(shared: &Shared, under: &Under, entrants: &[Entrant]) -> Result<ReplayResult, Stop> {
    let started = Instant::now();
    let models = entrants.iter().map(load).collect::<Result<Vec<Model>, Stop>>()?;
    judge::same_kind(entrants, &models).map_err(Stop::Failed)?;
    let mut items = rows::read(shared, under)?;
    under.total.store(items.rows, Ordering::Release);
    let mut teller = Teller { shared, under, told: started };
    let mut answers: Vec<Answers> = models.iter().map(Answers::new).collect();
    let mut done = 0;
    let mut answered: Vec<Item> = Vec::with_capacity(items.all.len());
    let all = std::mem::take(&mut items.all);
    for (number, item) in all.into_iter().enumerate() {
        if number % PIECE == 0 {
            teller.done(done)?;
        }
        done += item.labels.len() as u64;
        match ask_all(&models, &item, &mut answers) {
            Ok(()) => answered.push(item),
            Err(why) => items.leave_out(item.labels.len() as u64, || why),
        }
    }
    teller.done(done)?;
    if answered.is_empty() {
        let why = items.left_out.map_or_else(String::new, |(why, _)| why);
        return Err(Stop::Failed(format!("No row could be answered by all of them: {why}")));
    }
    let mut result = judge::result(entrants, &models, &answers, &answered);
    result.left_out = items.left_out;
    result.took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(result)
}

fn load(entrant: &Entrant) -> Result<Model, Stop> {
    archive::read_archive(entrant.algorithm, &entrant.artifact)
        .map_err(|error| Stop::Failed(format!("Model {} could not be loaded: {error}", entrant.model_name)))
}

/// Asks each model; a request that one of them can't answer counts for none.
fn ask_all(models: &[Model], item: &Item, answers: &mut [Answers]) -> Result<(), String> {
    let mut refused = None;
    for (model, answers) in models.iter().zip(answers.iter_mut()) {
        let begun = Instant::now();
        let rows = content::outputs(model, Some(&item.content_type), &item.body, &mut answers.fresh);
        answers.took_ns = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
        match rows {
            Ok(rows) if rows == item.labels.len() => {}
            Ok(rows) => refused = Some(format!("{} labels came for {rows} rows", item.labels.len())),
            Err(error) => refused = Some(error.to_string()),
        }
        if refused.is_some() {
            break;
        }
    }
    for answers in answers {
        answers.settle(refused.is_none());
    }
    refused.map_or(Ok(()), Err)
}
