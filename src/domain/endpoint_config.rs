//! Endpoint configurations: which models stand behind an endpoint, with what weight and on what instances.

use serde::{Deserialize, Serialize};

use super::data_capture::DataCapture;
use super::extras::Extras;
use super::invalid::Invalid;
use super::tag::Tag;
use super::time::Timestamp;
use super::{name, price};

/// AWS allows 10 production variants an endpoint configuration.
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
    /// Share of the traffic = weight ÷ sum of weights. At least 0, finite.
    pub initial_weight: f64,
}

/// An endpoint configuration; never changes once made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EndpointConfig {
    /// See [`name::resource`].
    pub name: String,
    /// 1–10 variants.
    pub variants: Vec<ProductionVariant>,
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
    /// USD an hour of all its variants at list price.
    pub fn usd_per_hour(&self) -> f64 {
        self.variants.iter().map(|v| price::usd_per_hour(&v.instance_type, v.initial_instance_count)).sum()
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
        for (i, variant) in self.variants.iter().enumerate() {
            let at = format!("ProductionVariants[{i}]");
            broken.extend(variant.validate().into_iter().map(|invalid| invalid.within(&at)));
            if self.variants[..i].iter().any(|earlier| earlier.name == variant.name) {
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
