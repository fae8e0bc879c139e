//! Promoting a shadow variant: the configuration in which it takes a production variant's place.

use super::endpoint::{Endpoint, EndpointVariant};
use super::endpoint_config::{EndpointConfig, ProductionVariant};
use super::extras::Extras;
use super::invalid::Invalid;
use super::time::Timestamp;

/// Members of a request that the configuration says itself.
const OWN: [&str; 4] = ["EndpointConfigName", "ProductionVariants", "ShadowProductionVariants", "Tags"];

/// The configuration of that name in which `shadow` stands in the place of `instead_of`: with the weight that one has now, and on its own
/// instances. The others stay as they run now; `instead_of` is gone. `serving` is the configuration that serves, where it is still there:
/// what it says besides (data capture, for example) stays.
///
/// # Errors
/// The endpoint has no such shadow variant, or no such production variant.
pub fn promoted(
    endpoint: &Endpoint,
    serving: Option<&EndpointConfig>,
    shadow: &str,
    instead_of: &str,
    name: String,
) -> Result<EndpointConfig, Invalid> {
    let chosen = find(&endpoint.shadow_variants, shadow)
        .ok_or_else(|| Invalid::new("ShadowVariant", shadow, is_none(endpoint, "shadow", &endpoint.shadow_variants)))?;
    let leaves = find(&endpoint.variants, instead_of)
        .ok_or_else(|| Invalid::new("InsteadOf", instead_of, is_none(endpoint, "production", &endpoint.variants)))?;
    let variants = endpoint.variants.iter().map(|variant| {
        if variant.name == leaves.name {
            ProductionVariant { initial_weight: leaves.weight, ..as_it_runs(chosen) }
        } else {
            as_it_runs(variant)
        }
    });
    let shadows = endpoint.shadow_variants.iter().filter(|variant| variant.name != chosen.name);
    let mut members = serving.map(|config| config.extras.members().clone()).unwrap_or_default();
    members.retain(|name, _| !OWN.contains(&name.as_str()));
    Ok(EndpointConfig {
        name,
        variants: variants.collect(),
        shadow_variants: shadows.map(as_it_runs).collect(),
        created: Timestamp::default(),
        tags: Vec::new(),
        data_capture: serving.and_then(|config| config.data_capture.clone()),
        extras: Extras::of(members),
    })
}

fn find<'a>(variants: &'a [EndpointVariant], name: &str) -> Option<&'a EndpointVariant> {
    variants.iter().find(|variant| variant.name == name)
}

fn is_none(endpoint: &Endpoint, kind: &str, have: &[EndpointVariant]) -> String {
    let have = have.iter().map(|variant| variant.name.as_str()).collect::<Vec<_>>().join(", ");
    let have = if have.is_empty() { "it has none".to_owned() } else { format!("it has {have}") };
    format!("is not a {kind} variant of endpoint {}: {have}", endpoint.name)
}

fn as_it_runs(variant: &EndpointVariant) -> ProductionVariant {
    ProductionVariant {
        name: variant.name.clone(),
        model_name: variant.model_name.clone(),
        initial_instance_count: variant.instance_count,
        instance_type: variant.instance_type.clone(),
        initial_weight: variant.weight,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::data_capture::DataCapture;
    use crate::domain::endpoint::EndpointStatus;
    use crate::domain::s3_uri::S3Uri;

    fn variant(name: &str, weight: f64) -> EndpointVariant {
        EndpointVariant {
            name: name.into(),
            model_name: format!("model-of-{name}"),
            weight,
            instance_count: 2,
            instance_type: "ml.m5.large".into(),
        }
    }

    fn endpoint() -> Endpoint {
        Endpoint {
            name: "e".into(),
            config_name: "c".into(),
            requested_config: None,
            status: EndpointStatus::InService,
            failure_reason: None,
            variants: vec![variant("a", 3.0), variant("b", 1.0)],
            shadow_variants: vec![variant("s", 0.5), variant("t", 4.0)],
            created: Timestamp(0),
            modified: Timestamp(0),
            in_service_since: None,
            deployments: Vec::new(),
            weight_changes: Vec::new(),
            ground_truth: None,
            tags: Vec::new(),
            extras: Extras::default(),
        }
    }

    #[test]
    fn the_shadow_takes_place_and_weight_and_everything_else_stays() {
        let request = json!({ "ProductionVariants": [], "DataCaptureConfig": { "EnableCapture": true } });
        let capture = DataCapture::to(S3Uri::new("b", "captured"));
        let serving = EndpointConfig {
            data_capture: Some(capture.clone()),
            extras: Extras::of(request.as_object().unwrap().clone()),
            ..promoted(&endpoint(), None, "s", "a", "c".into()).unwrap()
        };
        let config = promoted(&endpoint(), Some(&serving), "s", "a", "c-2".into()).unwrap();
        assert_eq!(config.validate(), []);
        let of = |v: &ProductionVariant| (v.name.clone(), v.model_name.clone(), v.initial_weight);
        let expected = [("s".to_owned(), "model-of-s".to_owned(), 3.0), ("b".to_owned(), "model-of-b".to_owned(), 1.0)];
        assert_eq!(config.variants.iter().map(of).collect::<Vec<_>>(), expected);
        let expected = [("t".to_owned(), "model-of-t".to_owned(), 4.0)];
        assert_eq!(config.shadow_variants.iter().map(of).collect::<Vec<_>>(), expected);
        assert_eq!(config.data_capture, Some(capture));
        assert_eq!(config.extras.members().keys().collect::<Vec<_>>(), ["DataCaptureConfig"]);
    }

    #[test]
    fn who_is_not_there_is_named_with_those_who_are() {
        let why =
            |shadow, instead_of| promoted(&endpoint(), None, shadow, instead_of, "n".into()).unwrap_err().to_string();
        assert!(why("a", "b").contains("is not a shadow variant of endpoint e: it has s, t"), "{}", why("a", "b"));
        assert!(why("s", "t").contains("is not a production variant of endpoint e: it has a, b"), "{}", why("s", "t"));
    }
}
