//! What the Endpoint configs pages show, worked out from the snapshot: rows, shares, who uses one, and the draft of a new one.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::capture::CaptureDraft;
use crate::domain::endpoint::Endpoint;
use crate::domain::endpoint_config::{
    EndpointConfig, MAX_VARIANTS, ProductionVariant, shadow_share, validate_instance_type, validate_weight,
};
use crate::domain::extras::Extras;
use crate::domain::name;
use crate::domain::price;
use crate::domain::time::Timestamp;
use crate::gui::format;
use crate::gui::pages::naming;
use crate::workspace::Snapshot;

/// One configuration in the list.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfigRow {
    /// Name.
    pub name: String,
    /// Its models with their shares: `sentiment-linear-2 50 % · sentiment-xgb-2 50 %`.
    pub variants: String,
    /// How many variants.
    pub count: usize,
    /// USD an hour of an endpoint with it.
    pub usd_per_hour: f64,
    /// Endpoints that serve it or are moving to it.
    pub endpoints: Vec<String>,
    /// Made.
    pub created: Timestamp,
}

/// All configurations.
pub fn rows(snapshot: &Snapshot) -> Vec<ConfigRow> {
    let mut users: std::collections::BTreeMap<&str, Vec<String>> = std::collections::BTreeMap::new();
    for endpoint in snapshot.endpoints.values() {
        for config in [Some(&endpoint.config_name), endpoint.requested_config.as_ref()].into_iter().flatten() {
            users.entry(config).or_default().push(endpoint.name.clone());
        }
    }
    let row = |config: &Arc<EndpointConfig>| ConfigRow {
        name: config.name.clone(),
        variants: summary(config),
        count: config.variants.len(),
        usd_per_hour: config.usd_per_hour(),
        endpoints: users.get(config.name.as_str()).cloned().unwrap_or_default(),
        created: config.created,
    };
    snapshot.endpoint_configs.values().map(row).collect()
}

fn summary(config: &EndpointConfig) -> String {
    let weights: Vec<f64> = config.variants.iter().map(|v| v.initial_weight).collect();
    let one = |(variant, share): (&ProductionVariant, f64)| format!("{} {}", variant.model_name, percent(share));
    let shadows = config.shadow_variants.iter().map(|variant| format!("{} in shadow", variant.model_name));
    config.variants.iter().zip(shares(&weights)).map(one).chain(shadows).collect::<Vec<_>>().join(" · ")
}

/// Share of the requests that each shadow variant gets copies of.
pub fn shadow_shares(config: &EndpointConfig) -> Vec<f64> {
    let of = |shadow: &ProductionVariant| {
        shadow_share(shadow.initial_weight, config.variants.iter().map(|v| v.initial_weight))
    };
    config.shadow_variants.iter().map(of).collect()
}

/// "2 variants, 1 in shadow".
pub fn variants_words(config: &EndpointConfig) -> String {
    format::variants(config.variants.len(), config.shadow_variants.len())
}

/// Share of each weight; all 0 when they sum to 0.
pub fn shares(weights: &[f64]) -> Vec<f64> {
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|weight| if sum > 0.0 { weight / sum } else { 0.0 }).collect()
}

/// `38 %`, with a decimal where the whole number would hide something.
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if (percent - percent.round()).abs() < 0.05 { format!("{percent:.0} %") } else { format!("{percent:.1} %") }
}

/// Endpoints that serve a configuration or are moving to it.
pub fn users<'a>(snapshot: &'a Snapshot, config: &'a str) -> impl Iterator<Item = &'a Arc<Endpoint>> {
    snapshot
        .endpoints
        .values()
        .filter(move |e| e.config_name == config || e.requested_config.as_deref() == Some(config))
}

/// Endpoints that could be moved to a configuration: they serve, nothing is under way, and they serve another one.
pub fn movable<'a>(snapshot: &'a Snapshot, config: &'a str) -> impl Iterator<Item = &'a Arc<Endpoint>> {
    snapshot.endpoints.values().filter(move |e| e.status.serves() && !e.status.is_changing() && e.config_name != config)
}

/// Models that a configuration names and that are not there any more.
pub fn missing_models<'a>(snapshot: &'a Snapshot, config: &'a EndpointConfig) -> impl Iterator<Item = &'a str> {
    config.all_variants().map(|v| v.model_name.as_str()).filter(|name| !snapshot.models.contains(name))
}

/// One variant as typed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VariantDraft {
    /// Name.
    pub name: String,
    /// Model; empty while not chosen.
    pub model: String,
    /// Weight; of a shadow variant, how many of 100 requests it gets copies of.
    pub weight: String,
    /// Instance type.
    pub instance_type: String,
    /// Instances.
    pub count: String,
    /// Gets copies of requests, and nobody gets its answers.
    #[serde(default)]
    pub shadow: bool,
}

/// A configuration in the making.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    /// The name, once typed.
    pub name: Option<String>,
    /// The configuration that this is a clone of.
    pub clone_of: Option<String>,
    /// Variants, the shadow variants last.
    pub variants: Vec<VariantDraft>,
    /// Data capture.
    #[serde(default)]
    pub capture: CaptureDraft,
}

impl VariantDraft {
    /// The weight, when it reads as a number.
    pub fn weight(&self) -> Option<f64> {
        self.weight.trim().parse().ok().filter(|w: &f64| w.is_finite() && *w >= 0.0)
    }

    /// USD an hour; 0 where it cannot be told.
    pub fn usd_per_hour(&self) -> f64 {
        price::usd_per_hour(self.instance_type.trim(), self.count.trim().parse().unwrap_or(0))
    }
}

impl Draft {
    /// A draft with one variant a model, at equal weights; with no model, one empty variant.
    pub fn of_models(models: &[String]) -> Self {
        let mut draft = Self::default();
        if models.is_empty() {
            draft.add("");
        }
        for model in models.iter().take(MAX_VARIANTS) {
            draft.add(model);
        }
        draft
    }

    /// A draft with the values of a configuration.
    pub fn clone_of(config: &EndpointConfig) -> Self {
        let variant = |v: &ProductionVariant| VariantDraft {
            name: v.name.clone(),
            model: v.model_name.clone(),
            weight: v.initial_weight.to_string(),
            instance_type: v.instance_type.clone(),
            count: v.initial_instance_count.to_string(),
            shadow: false,
        };
        let shadow = |(v, share): (&ProductionVariant, f64)| {
            // To a thousandth of a percent: what a person typed reads as it was typed.
            let percent = (share * 100_000.0).round() / 1_000.0;
            VariantDraft { weight: percent.to_string(), shadow: true, ..variant(v) }
        };
        let shadows = config.shadow_variants.iter().zip(shadow_shares(config)).map(shadow);
        Self {
            name: None,
            clone_of: Some(config.name.clone()),
            variants: config.variants.iter().map(variant).chain(shadows).collect(),
            capture: CaptureDraft::clone_of(config.data_capture.as_ref()),
        }
    }

    /// The production variants.
    pub fn production(&self) -> impl Iterator<Item = &VariantDraft> {
        self.variants.iter().filter(|variant| !variant.shadow)
    }

    /// The shadow variants.
    pub fn shadows(&self) -> impl Iterator<Item = &VariantDraft> {
        self.variants.iter().filter(|variant| variant.shadow)
    }

    /// Whether two drafts were begun from the same configuration or the same models.
    pub fn begins_like(&self, other: &Self) -> bool {
        let models = |draft: &Self| draft.variants.iter().map(|v| v.model.clone()).collect::<Vec<_>>();
        self.clone_of == other.clone_of && (self.clone_of.is_some() || models(self) == models(other))
    }

    /// Adds a variant over a model (which may be empty), named after it, or `variant-a`, `variant-b`, ….
    pub fn add(&mut self, model: &str) {
        let last = self.production().count();
        if last >= MAX_VARIANTS {
            return;
        }
        let fresh = self.fresh(model);
        self.variants.insert(last, fresh);
    }

    /// Adds a shadow variant that gets copies of every request.
    pub fn add_shadow(&mut self) {
        if self.shadows().count() < MAX_VARIANTS {
            let fresh = VariantDraft { weight: "100".to_owned(), shadow: true, ..self.fresh("") };
            self.variants.push(fresh);
        }
    }

    fn fresh(&self, model: &str) -> VariantDraft {
        let taken = |name: &str| self.variants.iter().any(|v| v.name == name);
        // What answers says more than a letter, as long as one model stands there once.
        let numbered =
            || ('a'..='z').map(|letter| format!("variant-{letter}")).find(|name| !taken(name)).unwrap_or_default();
        let name = if model.is_empty() || taken(model) { numbered() } else { model.to_owned() };
        VariantDraft {
            name,
            model: model.to_owned(),
            weight: "1".to_owned(),
            instance_type: "ml.m5.large".to_owned(),
            count: "1".to_owned(),
            shadow: false,
        }
    }

    /// Shares of the production variants by the weights typed so far; unreadable ones count as 0.
    pub fn shares(&self) -> Vec<f64> {
        let weights: Vec<f64> = self.production().map(|v| v.weight().unwrap_or(0.0)).collect();
        shares(&weights)
    }

    /// USD an hour of an endpoint with it.
    pub fn usd_per_hour(&self) -> f64 {
        self.variants.iter().map(VariantDraft::usd_per_hour).sum()
    }

    /// The typed name, or a free one: what the models have in common, with `-ab` where there are several.
    pub fn name(&self, snapshot: &Snapshot) -> String {
        if let Some(typed) = &self.name {
            return typed.clone();
        }
        let taken = |name: &str| snapshot.endpoint_configs.contains(name);
        if let Some(original) = &self.clone_of {
            return naming::free(naming::stem(original), taken);
        }
        let common = naming::common_stem(self.variants.iter().map(|v| v.model.as_str()).filter(|m| !m.is_empty()));
        let common = if common.is_empty() { "my".to_owned() } else { common };
        let tail = if self.production().count() > 1 { "ab" } else { "single" };
        naming::free(&format!("{common}-{tail}"), taken)
    }

    /// The configuration that this becomes, as far as it can be read.
    pub fn config(&self, snapshot: &Snapshot) -> EndpointConfig {
        let variant = |v: &VariantDraft| ProductionVariant {
            name: v.name.trim().to_owned(),
            model_name: v.model.clone(),
            initial_instance_count: v.count.trim().parse().unwrap_or(0),
            instance_type: v.instance_type.trim().to_owned(),
            initial_weight: v.weight().unwrap_or(f64::NAN),
        };
        let sum: f64 = self.production().filter_map(VariantDraft::weight).sum();
        let shadow = |v: &VariantDraft| {
            let weight = v.weight().map_or(f64::NAN, |percent| percent * sum / 100.0);
            ProductionVariant { initial_weight: weight, ..variant(v) }
        };
        EndpointConfig {
            name: self.name(snapshot),
            variants: self.production().map(variant).collect(),
            shadow_variants: self.shadows().map(shadow).collect(),
            created: Timestamp::default(),
            tags: Vec::new(),
            data_capture: self.capture.capture(snapshot),
            extras: Extras::default(),
        }
    }

    /// Everything that is wrong: (variant or `None`, field, rule). Fields: `name`, `model`, `weight`, `instance_type`, `count`;
    /// without a variant `name`, `variants`, `destination` and `percent`.
    pub fn problems(&self, snapshot: &Snapshot) -> Vec<(Option<usize>, &'static str, String)> {
        let mut problems = Vec::new();
        for (i, variant) in self.variants.iter().enumerate() {
            let mut add = |field, rule: String| problems.push((Some(i), field, rule));
            if let Err(invalid) = name::resource("VariantName", variant.name.trim()) {
                add("name", invalid.rule);
            } else if self.variants[..i].iter().any(|earlier| earlier.name.trim() == variant.name.trim()) {
                add("name", "is the name of another variant too".to_owned());
            }
            if variant.model.is_empty() {
                add("model", "choose a model".to_owned());
            } else if !snapshot.models.contains(&variant.model) {
                add("model", format!("there is no model {}", variant.model));
            }
            if variant.shadow {
                if !variant.weight().is_some_and(|percent| percent <= 100.0) {
                    add("weight", "must be from 0 to 100".to_owned());
                }
            } else if let Err(invalid) = validate_weight("weight", variant.weight.trim().parse().unwrap_or(f64::NAN)) {
                add("weight", invalid.rule);
            }
            if let Err(invalid) = validate_instance_type("type", variant.instance_type.trim()) {
                add("instance_type", invalid.rule);
            }
            if !variant.count.trim().parse().is_ok_and(|count: u32| count >= 1) {
                add("count", "must be a whole number of at least 1".to_owned());
            }
        }
        if !(1..=MAX_VARIANTS).contains(&self.production().count()) {
            problems.push((None, "variants", format!("must have 1 to {MAX_VARIANTS} entries")));
        } else if self.production().all(|v| v.weight() == Some(0.0)) {
            problems.push((None, "variants", "must have at least one weight above 0".to_owned()));
        }
        problems.extend(self.capture.problems(snapshot).into_iter().map(|(field, rule)| (None, field, rule)));
        let name = self.name(snapshot);
        if let Err(invalid) = name::resource("EndpointConfigName", &name) {
            problems.push((None, "name", invalid.rule));
        } else if snapshot.endpoint_configs.contains(&name) {
            problems.push((None, "name", "is the name of another endpoint configuration".to_owned()));
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_and_read_well() {
        assert_eq!(shares(&[1.0, 3.0]), [0.25, 0.75]);
        assert_eq!(shares(&[0.0, 0.0]), [0.0, 0.0]);
        assert_eq!((percent(0.62), percent(1.0 / 3.0), percent(0.0)), ("62 %".into(), "33.3 %".into(), "0 %".into()));
    }

    #[test]
    fn problems_name_their_field() {
        let mut draft = Draft::of_models(&[]);
        draft.variants[0].weight = "-1".into();
        draft.variants[0].count = "0".into();
        draft.add("");
        draft.variants[1].name = "variant-a".into();
        let snapshot = Snapshot::default();
        let problems: Vec<String> = draft
            .problems(&snapshot)
            .iter()
            .map(|(variant, field, rule)| {
                format!("{} {field} {rule}", variant.map_or_else(String::new, |i| i.to_string()))
            })
            .collect();
        assert_eq!(
            problems,
            [
                "0 model choose a model",
                "0 weight must be a number that is at least 0",
                "0 count must be a whole number of at least 1",
                "1 name is the name of another variant too",
                "1 model choose a model",
            ]
        );
        assert_eq!(draft.name(&snapshot), "my-ab");
        draft.variants.clear();
        assert_eq!(draft.problems(&snapshot)[0].1, "variants");
        for _ in 0..12 {
            draft.add("m");
        }
        assert_eq!(draft.variants.len(), MAX_VARIANTS);
    }

    #[test]
    fn shadow_variants_are_typed_in_percent_and_come_back_as_typed() {
        let mut draft = Draft::of_models(&["m".to_owned()]);
        draft.variants[0].weight = "4".into();
        draft.add_shadow();
        draft.add("n");
        assert_eq!(draft.variants.iter().map(|v| v.shadow).collect::<Vec<_>>(), [false, false, true]);
        assert_eq!((draft.shares(), draft.variants[2].weight.as_str()), (vec![0.8, 0.2], "100"));
        draft.variants[2].weight = "33.3".into();
        draft.variants[2].model = "m".into();
        let config = draft.config(&Snapshot::default());
        assert_eq!((config.variants.len(), config.shadow_variants[0].initial_weight), (2, 1.665));
        assert_eq!((config.validate(), variants_words(&config).as_str()), (vec![], "2 variants, 1 in shadow"));
        assert_eq!(summary(&config), "m 80 % · n 20 % · m in shadow");
        let clone = Draft::clone_of(&config);
        assert_eq!((clone.variants[2].weight.as_str(), clone.variants[2].shadow), ("33.3", true));
        draft.variants[2].weight = "101".into();
        let problems = draft.problems(&Snapshot::default());
        let weights: Vec<_> = problems.iter().filter(|(_, field, _)| *field == "weight").collect();
        assert_eq!(weights, [&(Some(2), "weight", "must be from 0 to 100".to_owned())]);
    }
}
