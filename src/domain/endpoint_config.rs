//! Endpoint configurations: which models stand behind an endpoint, with what weight and on what instances.

use serde::{Deserialize, Serialize};

use super::data_capture::DataCapture;
use super::extras::Extras;
use super::invalid::Invalid;
use super::tag::Tag;
use super::time::Timestamp;
use super::{name, price};

/// AWS allows 10 production variants an endpoint configuration; its service model allows as many shadow variants.
pub const MAX_VARIANTS: usize = 10;

/// One of the models behind an endpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProductionVariant {
    /// See [`name::resource`]; unique within the configuration.
    pub name: String,
    /// The model.
    pub model_name: String,
    /// At least 1.
    pub initial_instance_count: u32,
    /// For example `ml.m5.large`.
    pub instance_type: String,
    /// Share of the traffic = weight ÷ sum of weights. At least 0, finite. Of a shadow variant: see [`shadow_share`].
    pub initial_weight: f64,
}

/// An endpoint configuration; never changes once made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EndpointConfig {
    /// See [`name::resource`].
    pub name: String,
    /// 1–10 variants.
    pub variants: Vec<ProductionVariant>,
    /// SageMaker's `ShadowProductionVariants`: they get copies of requests, and nobody gets their answers. 0–10; their names are not those of
    /// production variants. What their weights mean is said at [`shadow_share`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shadow_variants: Vec<ProductionVariant>,
    /// When it was made.
    pub created: Timestamp,
    /// Tags.
    pub tags: Vec<Tag>,
    /// Requests and answers in a bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_capture: Option<DataCapture>,
    /// Members of the request that nothing here makes use of.
    #[serde(default, skip_serializing_if = "Extras::is_empty")]
    pub extras: Extras,
}

impl EndpointConfig {
    /// All variants, the shadow variants last.
    pub fn all_variants(&self) -> impl Iterator<Item = &ProductionVariant> + Clone {
        self.variants.iter().chain(&self.shadow_variants)
    }

    /// USD an hour of all its variants at list price.
    pub fn usd_per_hour(&self) -> f64 {
        self.all_variants().map(|v| price::usd_per_hour(&v.instance_type, v.initial_instance_count)).sum()
    }

    /// The rules that this configuration breaks; empty when it is fine. Whether the models exist is the engine's to say.
    pub fn validate(&self) -> Vec<Invalid> {
        let mut broken: Vec<Invalid> = name::resource("EndpointConfigName", &self.name).err().into_iter().collect();
        if self.variants.is_empty() || self.variants.len() > MAX_VARIANTS {
            broken.push(Invalid::new(
                "ProductionVariants",
                self.variants.len(),
                format!("must have 1 to {MAX_VARIANTS} entries"),
            ));
        }
        if self.shadow_variants.len() > MAX_VARIANTS {
            let rule = format!("must have at most {MAX_VARIANTS} entries");
            broken.push(Invalid::new("ShadowProductionVariants", self.shadow_variants.len(), rule));
        }
        let production = self.variants.iter().enumerate().map(|(i, v)| (format!("ProductionVariants[{i}]"), v));
        let shadow = self.shadow_variants.iter().enumerate();
        let shadow = shadow.map(|(i, v)| (format!("ShadowProductionVariants[{i}]"), v));
        for (n, (at, variant)) in production.chain(shadow).enumerate() {
            broken.extend(variant.validate().into_iter().map(|invalid| invalid.within(&at)));
            if self.all_variants().take(n).any(|earlier| earlier.name == variant.name) {
                broken.push(Invalid::new(
                    format!("{at}.VariantName"),
                    &variant.name,
                    "is the name of another variant too",
                ));
            }
        }
        if !self.variants.is_empty() && self.variants.iter().all(|v| v.initial_weight == 0.0) {
            broken.push(Invalid::new(
                "ProductionVariants",
                "0",
                "must have at least one variant with an InitialVariantWeight above 0",
            ));
        }
        let capture = self.data_capture.iter().flat_map(DataCapture::validate);
        broken.extend(capture.map(|invalid| invalid.within("DataCaptureConfig")));
        broken.extend(super::tag::validate(&self.tags));
        broken
    }
}

/// The share of requests, 0 to 1, that a shadow variant of that weight gets copies of: its weight over the sum of the production variants'
/// weights, so that equal weights copy everything where there is one production variant.
pub fn shadow_share(weight: f64, production: impl IntoIterator<Item = f64>) -> f64 {
    let sum: f64 = production.into_iter().sum();
    if sum > 0.0 { (weight / sum).clamp(0.0, 1.0) } else { 0.0 }
}

impl ProductionVariant {
    /// The rules that this variant breaks, with fields relative to it.
    pub fn validate(&self) -> Vec<Invalid> {
        let mut broken: Vec<Invalid> = name::resource("VariantName", &self.name).err().into_iter().collect();
        broken.extend(name::resource("ModelName", &self.model_name).err());
        if self.initial_instance_count == 0 {
            broken.push(Invalid::new("InitialInstanceCount", 0, "must be at least 1"));
        }
        broken.extend(validate_weight("InitialVariantWeight", self.initial_weight).err());
        broken.extend(validate_instance_type("InstanceType", &self.instance_type).err());
        broken
    }
}

/// A weight is a finite number, at least 0.
///
/// # Errors
/// The rule in words.
pub fn validate_weight(field: &str, weight: f64) -> Result<(), Invalid> {
    if weight.is_finite() && weight >= 0.0 {
        return Ok(());
    }
    Err(Invalid::new(field, weight, "must be a number that is at least 0"))
}

/// An instance type looks like `ml.family.size`; whether we know its price is another question.
///
/// # Errors
/// The rule in words.
pub fn validate_instance_type(field: &str, name: &str) -> Result<(), Invalid> {
    let mut parts = name.split('.');
    let good = parts.next() == Some("ml")
        && parts.clone().count() == 2
        && parts.all(|p| !p.is_empty() && p.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'));
    if good {
        return Ok(());
    }
    Err(Invalid::new(field, name, "must be an ML instance type such as ml.m5.large"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variant(name: &str, weight: f64) -> ProductionVariant {
        ProductionVariant {
            name: name.into(),
            model_name: "m".into(),
            initial_instance_count: 1,
            instance_type: "ml.m5.large".into(),
            initial_weight: weight,
        }
    }

    fn config(shadows: &[&str]) -> EndpointConfig {
        EndpointConfig {
            name: "c".into(),
            variants: vec![variant("a", 1.0), variant("b", 3.0)],
            shadow_variants: shadows.iter().map(|name| variant(name, 0.0)).collect(),
            created: Timestamp(0),
            tags: Vec::new(),
            data_capture: None,
            extras: Extras::default(),
        }
    }

    #[test]
    fn shadow_variants_have_names_of_their_own_and_may_rest() {
        assert_eq!(config(&["s", "t"]).validate(), []);
        let field = |shadows: &[&str]| config(shadows).validate().into_iter().map(|b| b.field).collect::<Vec<_>>();
        assert_eq!(field(&["s", "s"]), ["ShadowProductionVariants[1].VariantName"]);
        assert_eq!(field(&["a"]), ["ShadowProductionVariants[0].VariantName"]);
        let many: Vec<String> = (0..=MAX_VARIANTS).map(|n| format!("s{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(field(&many), ["ShadowProductionVariants"]);
    }

    #[test]
    fn a_share_is_a_weight_over_those_of_production() {
        assert_eq!(shadow_share(1.0, [1.0, 3.0]), 0.25);
        assert_eq!(shadow_share(9.0, [1.0, 3.0]), 1.0);
        assert_eq!(shadow_share(0.0, [1.0]), 0.0);
        assert_eq!(shadow_share(1.0, [0.0]), 0.0);
    }
}
