//! Amazon Resource Names of what a workspace holds. One partition, one region and one account a workspace.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a workspace pretends to live.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Twelve digits.
    pub id: String,
    /// For example `us-east-1`.
    pub region: String,
}

impl Default for Account {
    fn default() -> Self {
        Self { id: "000000000000".to_owned(), region: "us-east-1".to_owned() }
    }
}

/// The kinds of SageMaker resource that have an ARN here, spelled as in the ARN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ArnKind {
    /// `training-job`
    TrainingJob,
    /// `model`
    Model,
    /// `endpoint-config`
    EndpointConfig,
    /// `endpoint`
    Endpoint,
}

impl ArnKind {
    /// The word in the ARN.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TrainingJob => "training-job",
            Self::Model => "model",
            Self::EndpointConfig => "endpoint-config",
            Self::Endpoint => "endpoint",
        }
    }

    /// All kinds.
    pub const ALL: [Self; 4] = [Self::TrainingJob, Self::Model, Self::EndpointConfig, Self::Endpoint];
}

impl fmt::Display for ArnKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Account {
    /// `arn:aws:sagemaker:REGION:ACCOUNT:KIND/name`; SageMaker writes the name in lower case.
    pub fn arn(&self, kind: ArnKind, name: &str) -> String {
        format!("arn:aws:sagemaker:{}:{}:{}/{}", self.region, self.id, kind, name.to_ascii_lowercase())
    }

    /// Kind and lower-case name of a SageMaker ARN of this account; `None` for anything else.
    pub fn parse_arn<'a>(&self, arn: &'a str) -> Option<(ArnKind, &'a str)> {
        let rest = arn.strip_prefix("arn:aws:sagemaker:")?.strip_prefix(&self.region)?.strip_prefix(':')?;
        let (kind, name) = rest.strip_prefix(&self.id)?.strip_prefix(':')?.split_once('/')?;
        let kind = ArnKind::ALL.into_iter().find(|known| known.as_str() == kind)?;
        (!name.is_empty()).then_some((kind, name))
    }

    /// The bucket that SageMaker's SDK calls the default one.
    pub fn default_bucket(&self) -> String {
        format!("sagemaker-{}-{}", self.region, self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_round_trip() {
        let account = Account::default();
        let arn = account.arn(ArnKind::EndpointConfig, "Boston-AB");
        assert_eq!(arn, "arn:aws:sagemaker:us-east-1:000000000000:endpoint-config/boston-ab");
        assert_eq!(account.parse_arn(&arn), Some((ArnKind::EndpointConfig, "boston-ab")));
        assert_eq!(account.parse_arn("arn:aws:sagemaker:us-east-1:000000000000:endpoint/"), None);
        assert_eq!(account.parse_arn("arn:aws:s3:::bucket"), None);
    }
}
