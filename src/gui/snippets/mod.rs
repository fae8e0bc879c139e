//! What the window shows, as code: the same action for boto3, the AWS CLI, curl and the SageMaker SDK, made from the real resource.
//!
//! Functions from a snapshot and a resource to [`Snippet`]s, without drawing; a test runs each of them against a living workspace.
//! Every snippet names the address of this workspace, so that one that is pasted without its environment fails here and never makes
//! anything on AWS. Only the SDK takes its address from the environment alone; its snippets say so in their first line.

mod bucket;
mod call;
mod endpoint;
mod metrics;
mod resources;
mod value;

pub use bucket::{bucket, object};
pub use endpoint::{Row, endpoint, new_endpoint};
pub use resources::{endpoint_config, model, new_endpoint_config, new_model, new_training_job, training_job};

use serde::{Deserialize, Serialize};

use crate::domain::arn::Account;
use crate::workspace::Snapshot;

/// Who the code is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Language {
    /// Python with boto3.
    #[default]
    Boto3,
    /// A shell with the AWS CLI, version 1 or 2.
    Cli,
    /// A shell with curl 7.76 or newer.
    Curl,
    /// Python with the SageMaker SDK, version 2.
    Sdk,
}

impl Language {
    /// All, in the order in which the selector offers them.
    pub const ALL: [Self; 4] = [Self::Boto3, Self::Cli, Self::Curl, Self::Sdk];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Boto3 => "boto3",
            Self::Cli => "AWS CLI",
            Self::Curl => "curl",
            Self::Sdk => "SageMaker SDK",
        }
    }

    /// Whether it is Python; a shell otherwise.
    pub fn is_python(self) -> bool {
        matches!(self, Self::Boto3 | Self::Sdk)
    }
}

/// One action, ready to paste.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snippet {
    /// Who it is for.
    pub language: Language,
    /// What it does: "Look at it".
    pub title: String,
    /// The code, ending in a line break.
    pub text: String,
}

/// Where a workspace answers, and who it pretends to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// `http://127.0.0.1:8770`.
    pub url: String,
    /// Account and region.
    pub account: Account,
}

impl Place {
    /// Of a snapshot; the usual address until the listener accepts.
    pub fn of(snapshot: &Snapshot) -> Self {
        let url = snapshot.info.base_url.clone().unwrap_or_else(|| "http://127.0.0.1:8770".to_owned());
        Self { url, account: snapshot.info.account.clone() }
    }

    /// The role that jobs and models name when they were given none.
    fn role_arn(&self) -> String {
        format!("arn:aws:iam::{}:role/service-role/AmazonSageMaker-ExecutionRole", self.account.id)
    }

    /// The import, and a client of that service in a variable named like it.
    fn boto3_client(&self, service: &str) -> String {
        format!("import boto3\n\n{}", self.boto3_client_only(service))
    }

    fn boto3_client_only(&self, service: &str) -> String {
        format!(
            "{} = boto3.client(\n    \"{service}\", endpoint_url=\"{}\", region_name=\"{}\"\n)\n",
            service.trim_start_matches("sagemaker-"),
            self.url,
            self.account.region
        )
    }

    fn cli_options(&self) -> String {
        format!("--endpoint-url {} --region {}", self.url, self.account.region)
    }

    fn curl_signature(&self, service: &str) -> String {
        let region = &self.account.region;
        format!("--aws-sigv4 aws:amz:{region}:{service} --user \"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY\"")
    }

    /// What an SDK program begins with; `imports` end in line breaks.
    fn sdk_session(&self, imports: &str) -> String {
        format!(
            "# The SDK finds this workspace by its environment: eval \"$(counterpoise env)\"\n\
             import boto3\nimport sagemaker\n{imports}\n\
             session = sagemaker.Session(boto3.Session(region_name=\"{}\"))\n",
            self.account.region
        )
    }

    fn sdk(&self, title: &str, imports: &str, body: &str) -> Snippet {
        let text = format!("{}{body}", self.sdk_session(imports));
        Snippet { language: Language::Sdk, title: title.to_owned(), text }
    }
}
