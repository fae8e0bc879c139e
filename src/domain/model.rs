//! Models: a name for an artefact and the container that serves it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::algorithm::Algorithm;
use super::extras::Extras;
use super::invalid::Invalid;
use super::s3_uri::S3Uri;
use super::tag::Tag;
use super::time::Timestamp;

/// A model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// See [`super::name::resource`].
    pub name: String,
    /// The image, which decides how the artefact is read and what the answers look like.
    pub image: String,
    /// Where `model.tar.gz` is.
    pub model_data: S3Uri,
    /// Environment of the container.
    pub environment: BTreeMap<String, String>,
    /// The role that AWS would assume; kept and given back.
    pub execution_role_arn: Option<String>,
    /// When it was made.
    pub created: Timestamp,
    /// Tags.
    pub tags: Vec<Tag>,
    /// Members of the request that nothing here makes use of.
    #[serde(default, skip_serializing_if = "Extras::is_empty")]
    pub extras: Extras,
}

impl Model {
    /// Which of our algorithms serves the image; `None` when it is an image that we don't have.
    pub fn algorithm(&self) -> Option<Algorithm> {
        Algorithm::from_image(&self.image)
    }

    /// The rules that this model breaks; empty when it is fine.
    pub fn validate(&self) -> Vec<Invalid> {
        let mut broken: Vec<Invalid> = super::name::resource("ModelName", &self.name).err().into_iter().collect();
        if self.image.is_empty() || self.image.len() > 255 || self.image.contains(char::is_whitespace) {
            broken.push(Invalid::new(
                "PrimaryContainer.Image",
                &self.image,
                "must have 1 to 255 characters without spaces",
            ));
        } else if self.algorithm().is_none() {
            broken.push(Invalid::new(
                "PrimaryContainer.Image",
                &self.image,
                "is not an image that Counterpoise can serve: use xgboost or linear-learner",
            ));
        }
        if self.model_data.key.is_empty() || self.model_data.key.ends_with('/') {
            broken.push(Invalid::new(
                "PrimaryContainer.ModelDataUrl",
                &self.model_data,
                "must name an object, not a bucket or prefix",
            ));
        }
        if self.environment.len() > 100 {
            broken.push(Invalid::new(
                "PrimaryContainer.Environment",
                self.environment.len(),
                "may have at most 100 entries",
            ));
        }
        for (key, value) in &self.environment {
            let word = key
                .chars()
                .enumerate()
                .all(|(i, c)| c == '_' || c.is_ascii_alphabetic() || (i > 0 && c.is_ascii_digit()));
            if key.is_empty() || key.len() > 1024 || !word || value.len() > 1024 {
                broken.push(Invalid::new(
                    "PrimaryContainer.Environment",
                    key,
                    "must be named with letters, digits and _ (not a digit first), and hold at most 1024 characters",
                ));
            }
        }
        broken.extend(super::tag::validate(&self.tags));
        broken
    }
}
