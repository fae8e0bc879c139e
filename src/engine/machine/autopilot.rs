//! The autopilot of an endpoint's weights: Thompson sampling with a floor, in steps that are told of.
//!
//! Each step gives every variant as much of the traffic as it is likely to be the best one, by the labels so far, and none less than the
//! floor. The winner rule stays valid: a step depends on the past only, and each request is weighed by the probability that it was drawn with.

use super::Tell;
use super::endpoint::{Effect, keep_shadow_shares, push_limited, split_label, weights_of};
use crate::domain::autopilot::{Autopilot, Doing};
use crate::domain::endpoint::{Endpoint, EndpointStatus, EndpointVariant, WeightChange};
use crate::domain::time::Timestamp;
use crate::stats::experiment::best::thompson;
use crate::stats::experiment::{ArmSummary, Summary, Verdict};

/// Time between two steps, at least. Each step begins an epoch, and short epochs say little.
pub const STEP_MS: i64 = 30_000;

/// New labels between two steps, at least.
pub const STEP_LABELS: u64 = 20;

/// A step moves some share by at least this much, or it is not made.
const LEAST_MOVE: f64 = 0.02;

/// A step to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Variant → weight, in percent; those at 0 stay there and are left out.
    pub weights: Vec<(String, f64)>,
    /// Labels that it stands on.
    pub labels: u64,
    /// "b is the best one with 93 %".
    pub why: String,
}

/// What is to be done now: a step where one is due, or nothing, and why.
///
/// # Errors
/// No error: what it does instead of a step.
pub fn look(endpoint: &Endpoint, autopilot: &Autopilot, summary: &Summary, now: Timestamp) -> Result<Step, Doing> {
    if matches!(summary.verdict, Verdict::SplitBroken | Verdict::LabelsLopsided) {
        return Err(Doing::Doubts);
    }
    let last = autopilot.last_step.unwrap_or(autopilot.started);
    // A clock that was set back must not hold it up.
    if (0..STEP_MS).contains(&(now.0 - last.0)) {
        return Err(Doing::Pauses);
    }
    let labels: u64 = summary.arms.iter().map(|arm| arm.labelled).sum();
    // Fewer than at the last step are those of an experiment that has started over.
    let new = labels.checked_sub(autopilot.labels).unwrap_or(labels);
    if new < STEP_LABELS {
        return Err(Doing::Waits);
    }
    let all = endpoint.variants.iter().zip(endpoint.shares());
    // What is at 0 stays there, whatever its chance.
    let taking_part: Vec<_> = all.filter(|(_, share)| *share > 0.0).collect();
    let chance = |(variant, _): &(&EndpointVariant, f64)| {
        let is_it = |arm: &&ArmSummary| *arm.variant == *variant.name && *arm.model == *variant.model_name;
        summary.arms.iter().find(is_it)?.p_best_drawn.filter(|chance| chance.is_finite())
    };
    let Some(chances) = taking_part.iter().map(chance).collect::<Option<Vec<f64>>>() else { return Err(Doing::Waits) };
    let wanted = thompson(&chances, autopilot.floor);
    let moves = wanted.iter().zip(&taking_part).any(|(wanted, (_, share))| (wanted - share).abs() >= LEAST_MOVE);
    let best = (0..chances.len()).max_by(|a, b| chances[*a].total_cmp(&chances[*b]));
    let Some(best) = best.filter(|_| moves) else { return Err(Doing::Rests) };
    let names = taking_part.iter().map(|(variant, _)| variant.name.clone());
    let why = match chances[best] {
        surely if surely > 0.995 => "more than 99 %".to_owned(),
        chance => format!("{:.0} %", chance * 100.0),
    };
    Ok(Step {
        weights: names.zip(percents(&wanted, autopilot.floor, best)).collect(),
        labels,
        why: format!("{} is the best with a chance of {why}, by {labels} labels", taking_part[best].0.name),
    })
}

/// Shares in tenths of a percent that sum to 100: what rounding gives and takes is the best one's, who has most, so that none falls below
/// the floor.
fn percents(shares: &[f64], floor: f64, best: usize) -> Vec<f64> {
    // A floor in whole tenths may come out of the multiplication a hair above them.
    let least = (floor * 1_000.0 - 1e-6).ceil();
    let mut tenths: Vec<f64> = shares.iter().map(|share| (share * 1_000.0).round().max(least)).collect();
    tenths[best] += 1_000.0 - tenths.iter().sum::<f64>();
    tenths.into_iter().map(|tenths| tenths / 10.0).collect()
}

/// Makes a step, where the endpoint can take one.
pub(super) fn step(endpoint: &mut Endpoint, step: &Step, now: Timestamp) -> Vec<Effect> {
    if endpoint.status != EndpointStatus::InService {
        return Vec::new();
    }
    let (before, shares) = (weights_of(endpoint), endpoint.shadow_shares());
    for variant in &mut endpoint.variants {
        if let Some((_, weight)) = step.weights.iter().find(|(name, _)| *name == variant.name) {
            variant.weight = *weight;
        }
    }
    let after = weights_of(endpoint);
    endpoint.modified = now;
    let shadows = keep_shadow_shares(endpoint, &shares);
    let change = WeightChange { at: now, before: before.clone(), after: after.clone(), shadows };
    push_limited(&mut endpoint.weight_changes, change);
    let (from, to) = (split_label(&before), split_label(&after));
    let text = format!("Autopilot set the weights of {} to {}: {}", endpoint.name, to.replace('/', " / "), step.why);
    vec![
        Effect::SetWeights { weights: after, label: format!("auto {from} \u{2192} {to}") },
        Effect::Tell(Tell::info(text)),
    ]
}

/// What is told when one is switched on.
pub fn started(autopilot: &Autopilot) -> Tell {
    Tell::info(format!(
        "Autopilot of {} started: it gives each variant its chance to be the best, and none less than {} %",
        autopilot.endpoint,
        (autopilot.floor * 1_000.0).round() / 10.0
    ))
}

/// What is told when one is switched off; `why` goes on after "stopped: ".
pub fn stopped(autopilot: &Autopilot, why: &str) -> Tell {
    let steps = match autopilot.steps {
        0 => "it had not moved the weights".to_owned(),
        1 => "it had moved the weights once".to_owned(),
        n => format!("it had moved the weights {n} times"),
    };
    Tell::info(format!("Autopilot of {} stopped: {why}; {steps}", autopilot.endpoint))
}

#[cfg(test)]
#[path = "autopilot_tests.rs"]
mod tests;
