//! What a metric is called: a namespace, a name, and dimensions that tell metrics of one name apart.

use serde::{Deserialize, Serialize};

/// What endpoints measure.
pub const ENDPOINTS: &str = "AWS/SageMaker";

/// What training jobs measure.
pub const TRAINING_JOBS: &str = "/aws/sagemaker/TrainingJobs";

/// The dimension that names a training job.
pub const TRAINING_JOB_NAME: &str = "TrainingJobName";

/// The unit of what is given without one.
pub const NO_UNIT: &str = "None";

/// A metric's full name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MetricId {
    /// For example `AWS/SageMaker`.
    pub namespace: String,
    /// For example `Invocations`.
    pub name: String,
    /// Name and value, in the order of the names; no name twice.
    pub dimensions: Vec<(String, String)>,
}

impl MetricId {
    /// A metric; dimensions are put in order, and of a name that is there twice the first is kept.
    pub fn new(
        namespace: impl Into<String>,
        name: impl Into<String>,
        dimensions: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        let mut dimensions: Vec<(String, String)> = dimensions.into_iter().collect();
        dimensions.sort_by(|one, other| one.0.cmp(&other.0));
        dimensions.dedup_by(|later, first| later.0 == first.0);
        Self { namespace: namespace.into(), name: name.into(), dimensions }
    }

    /// One of an endpoint's variant.
    pub fn of_variant(name: &str, endpoint: &str, variant: &str) -> Self {
        let dimensions = [("EndpointName", endpoint), ("VariantName", variant)];
        Self::new(ENDPOINTS, name, dimensions.map(|(name, value)| (name.to_owned(), value.to_owned())))
    }

    /// One of a training job.
    pub fn of_training_job(name: &str, job: &str) -> Self {
        Self::new(TRAINING_JOBS, name, [(TRAINING_JOB_NAME.to_owned(), job.to_owned())])
    }

    /// A dimension's value.
    pub fn dimension(&self, name: &str) -> Option<&str> {
        self.dimensions.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The training job that it is a metric of, if it is one.
    pub fn training_job(&self) -> Option<&str> {
        match self.dimensions.as_slice() {
            [(name, job)] if self.namespace == TRAINING_JOBS && name == TRAINING_JOB_NAME => Some(job),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_dimensions_makes_no_difference() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let id = MetricId::new("AWS/SageMaker", "Invocations", [pair("VariantName", "A"), pair("EndpointName", "e")]);
        assert_eq!(id, MetricId::of_variant("Invocations", "e", "A"));
        assert_eq!((id.dimension("VariantName"), id.dimension("x"), id.training_job()), (Some("A"), None, None));
        assert_eq!(MetricId::of_training_job("validation:rmse", "j").training_job(), Some("j"));
    }
}
