//! SageMaker's data capture: requests and answers of an endpoint as JSON Lines in a bucket.

use serde::{Deserialize, Serialize};

use super::invalid::Invalid;
use super::s3_uri::S3Uri;

/// What an endpoint configuration says of data capture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataCapture {
    /// Whether anything is captured.
    pub enabled: bool,
    /// Share of the requests, percent: 0–100.
    pub sampling_percent: u8,
    /// Where the files go.
    pub destination: S3Uri,
    /// Requests are captured.
    pub input: bool,
    /// Answers are captured.
    pub output: bool,
    /// Content types that are written as CSV text. What is in neither list is written in base64, as SageMaker does.
    pub csv_content_types: Vec<String>,
    /// Content types that are written as JSON text.
    pub json_content_types: Vec<String>,
    /// Kept and given back; nothing is encrypted.
    pub kms_key_id: Option<String>,
}

impl DataCapture {
    /// All of both directions, text as text.
    pub fn to(destination: S3Uri) -> Self {
        Self {
            enabled: true,
            sampling_percent: 100,
            destination,
            input: true,
            output: true,
            csv_content_types: vec!["text/csv".to_owned()],
            json_content_types: vec!["application/json".to_owned()],
            kms_key_id: None,
        }
    }

    /// The rules that it breaks; empty when it is fine. Whether the bucket exists is the engine's to say.
    pub fn validate(&self) -> Vec<Invalid> {
        let mut broken = Vec::new();
        if self.sampling_percent > 100 {
            broken.push(Invalid::new("InitialSamplingPercentage", self.sampling_percent, "must be from 0 to 100"));
        }
        if !self.input && !self.output {
            broken.push(Invalid::new("CaptureOptions", "", "must name Input, Output or both"));
        }
        broken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_a_share_and_something_is_captured() {
        let fine = DataCapture::to(S3Uri::new("bucket", "captured"));
        assert_eq!(fine.validate(), []);
        let odd = DataCapture { sampling_percent: 101, input: false, output: false, ..fine };
        let fields: Vec<String> = odd.validate().into_iter().map(|invalid| invalid.field).collect();
        assert_eq!(fields, ["InitialSamplingPercentage", "CaptureOptions"]);
    }
}
