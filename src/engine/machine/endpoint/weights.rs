//! Weights and instance counts of an endpoint that serves: set, and taken back.

use super::{Effect, must_be_in_service, refuse};
use crate::domain::endpoint::{Endpoint, EndpointVariant, MAX_HISTORY, WeightChange};
use crate::domain::endpoint_config::validate_weight;
use crate::domain::invalid::Invalid;
use crate::domain::time::Timestamp;
use crate::engine::machine::Tell;
use crate::workspace::CommandError;

/// Weights in whole percent of their sum: `62/38`.
pub fn split_label(weights: &[(String, f64)]) -> String {
    let sum: f64 = weights.iter().map(|(_, w)| w).sum();
    let share = |w: f64| if sum > 0.0 { w / sum * 100.0 } else { 0.0 };
    weights.iter().map(|(_, w)| format!("{:.0}", share(*w))).collect::<Vec<_>>().join("/")
}

pub(in crate::engine::machine) fn push_limited<T>(history: &mut Vec<T>, item: T) {
    history.push(item);
    if history.len() > MAX_HISTORY {
        history.drain(..history.len() - MAX_HISTORY);
    }
}

pub(in crate::engine::machine) fn weights_of(endpoint: &Endpoint) -> Vec<(String, f64)> {
    endpoint.variants.iter().map(|v| (v.name.clone(), v.weight)).collect()
}

/// The share of the requests, 0 to 1, that each shadow variant gets copies of.
fn shadow_shares(endpoint: &Endpoint) -> Vec<(String, f64)> {
    let names = endpoint.shadow_variants.iter().map(|variant| variant.name.clone());
    names.zip(endpoint.shadow_shares()).collect()
}

/// Moves the weights of the shadow variants along, so that the shares that they had (in order) stay theirs; what changed, for the history.
pub(in crate::engine::machine) fn keep_shadow_shares(
    endpoint: &mut Endpoint,
    shares: &[f64],
) -> Vec<(String, f64, f64)> {
    let sum: f64 = endpoint.variants.iter().map(|variant| variant.weight).sum();
    let mut moved = Vec::new();
    for (shadow, share) in endpoint.shadow_variants.iter_mut().zip(shares) {
        let before = std::mem::replace(&mut shadow.weight, share * sum);
        if before != shadow.weight {
            moved.push((shadow.name.clone(), before, shadow.weight));
        }
    }
    moved
}

/// Carries wishes about variants out one by one; the rules that they break.
fn change_variants<T>(
    endpoint: &mut Endpoint,
    wanted: &[(String, T)],
    mut change: impl FnMut(&mut EndpointVariant, &T, &str) -> Option<Invalid>,
) -> Vec<Invalid> {
    let mut broken = Vec::new();
    let known = endpoint.all_variants().map(|variant| variant.name.as_str()).collect::<Vec<_>>().join(", ");
    for (i, (name, value)) in wanted.iter().enumerate() {
        let at = format!("DesiredWeightsAndCapacities[{i}]");
        let mut all = endpoint.variants.iter_mut().chain(&mut endpoint.shadow_variants);
        if let Some(variant) = all.find(|variant| &variant.name == name) {
            broken.extend(change(variant, value, &at));
        } else {
            let rule = format!("is not a variant of endpoint {}; its variants are {known}", endpoint.name);
            broken.push(Invalid::new(format!("{at}.VariantName"), name, rule));
        }
        if wanted[..i].iter().any(|(earlier, _)| earlier == name) {
            broken.push(Invalid::new(format!("{at}.VariantName"), name, "is there twice"));
        }
    }
    broken
}

pub(super) fn set_weights(
    endpoint: &mut Endpoint,
    weights: &[(String, f64)],
    instance_counts: &[(String, u32)],
    now: Timestamp,
) -> Result<Vec<Effect>, CommandError> {
    must_be_in_service(endpoint)?;
    let before = weights_of(endpoint);
    let shadows_before = endpoint.shadow_variants.clone();
    let shares_before = shadow_shares(endpoint);
    let counts_before: Vec<u32> = endpoint.all_variants().map(|variant| variant.instance_count).collect();
    let mut broken = change_variants(endpoint, weights, |variant, weight, at| {
        variant.weight = *weight;
        validate_weight(&format!("{at}.DesiredWeight"), *weight).err()
    });
    broken.extend(change_variants(endpoint, instance_counts, |variant, count, at| {
        variant.instance_count = *count;
        (*count == 0).then(|| Invalid::new(format!("{at}.DesiredInstanceCount"), 0, "must be at least 1"))
    }));
    if weights.is_empty() && instance_counts.is_empty() {
        broken.push(Invalid::new("DesiredWeightsAndCapacities", 0, "must have at least 1 entry"));
    }
    if broken.is_empty() && endpoint.variants.iter().all(|v| v.weight == 0.0) {
        let rule = "would leave every variant at 0: at least one must be above 0, or nobody could answer";
        broken.push(Invalid::new("DesiredWeightsAndCapacities", 0, rule));
    }
    if !broken.is_empty() {
        return Err(CommandError::Invalid(broken));
    }
    let mut effects = Vec::new();
    let counts: Vec<u32> = endpoint.all_variants().map(|variant| variant.instance_count).collect();
    if counts != counts_before {
        endpoint.modified = now;
        let list = counts.iter().map(ToString::to_string).collect::<Vec<_>>().join(" / ");
        let counts = endpoint.all_variants().map(|variant| (variant.name.clone(), variant.instance_count)).collect();
        effects.push(Effect::SetInstances(counts));
        effects.push(Effect::Tell(Tell::info(format!("Instance counts of {} set to {list}", endpoint.name))));
    }
    let after = weights_of(endpoint);
    let shares = shadow_shares(endpoint);
    if shares != shares_before {
        endpoint.modified = now;
        // Shares that only follow the weights of the others are no news.
        if after == before {
            let each: Vec<String> =
                shares.iter().map(|(name, share)| format!("{name} {:.0} %", share * 100.0)).collect();
            let text = format!("Shadow variants of {} get copies of requests: {}", endpoint.name, each.join(", "));
            effects.push(Effect::Tell(Tell::info(text)));
        }
        effects.push(Effect::SetShadowShares(shares));
    }
    if after == before {
        return Ok(effects);
    }
    let shadows = shadows_before.iter().zip(&endpoint.shadow_variants).filter(|(was, is)| was.weight != is.weight);
    let shadows = shadows.map(|(was, is)| (is.name.clone(), was.weight, is.weight)).collect();
    let change = WeightChange { at: now, before: before.clone(), after: after.clone(), shadows };
    push_limited(&mut endpoint.weight_changes, change);
    effects.extend(weights_changed(endpoint, &before, after, now, "set"));
    Ok(effects)
}

fn weights_changed(
    endpoint: &mut Endpoint,
    before: &[(String, f64)],
    after: Vec<(String, f64)>,
    now: Timestamp,
    verb: &str,
) -> Vec<Effect> {
    endpoint.modified = now;
    let label = format!("{} \u{2192} {}", split_label(before), split_label(&after));
    let text = format!("Weights of {} {verb} to {}", endpoint.name, split_label(&after).replace('/', " / "));
    vec![Effect::SetWeights { weights: after, label }, Effect::Tell(Tell::info(text))]
}

pub(super) fn undo_weights(endpoint: &mut Endpoint, now: Timestamp) -> Result<Vec<Effect>, CommandError> {
    must_be_in_service(endpoint)?;
    let current = weights_of(endpoint);
    let Some(last) = endpoint.weight_changes.pop_if(|last| last.after == current) else {
        let why = if endpoint.weight_changes.is_empty() {
            "its weights have not been changed, so there is nothing to take back"
        } else {
            "its configuration has changed since its weights were last set, so there is nothing to take back"
        };
        return Err(refuse(endpoint, why.to_owned()));
    };
    for variant in &mut endpoint.variants {
        if let Some((_, weight)) = last.before.iter().find(|(name, _)| *name == variant.name) {
            variant.weight = *weight;
        }
    }
    // One that was set since keeps its weight.
    for variant in &mut endpoint.shadow_variants {
        let moved = last.shadows.iter().find(|(name, _, after)| *name == variant.name && *after == variant.weight);
        if let Some((_, before, _)) = moved {
            variant.weight = *before;
        }
    }
    let mut effects = weights_changed(endpoint, &current, last.before, now, "taken back");
    if !endpoint.shadow_variants.is_empty() {
        effects.push(Effect::SetShadowShares(shadow_shares(endpoint)));
    }
    Ok(effects)
}
