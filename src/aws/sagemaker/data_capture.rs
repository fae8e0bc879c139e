//! `DataCaptureConfig` of endpoint configurations, and its summary of endpoints.

use std::str::FromStr;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::errors::WireError;
use super::refusal::validation;
use super::shapes::set;
use crate::domain::data_capture::DataCapture;
use crate::domain::s3_uri::S3Uri;

/// As a request has it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DataCaptureConfig {
    #[serde(default)]
    enable_capture: bool,
    initial_sampling_percentage: u8,
    #[serde(rename = "DestinationS3Uri")]
    destination: String,
    kms_key_id: Option<String>,
    capture_options: Vec<CaptureOption>,
    capture_content_type_header: Option<CaptureContentTypeHeader>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CaptureOption {
    capture_mode: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct CaptureContentTypeHeader {
    csv_content_types: Vec<String>,
    json_content_types: Vec<String>,
}

/// What is asked for.
pub(super) fn from_wire(given: DataCaptureConfig) -> Result<DataCapture, WireError> {
    let destination = S3Uri::from_str(&given.destination).map_err(|invalid| {
        validation(format!("DataCaptureConfig.DestinationS3Uri {} {}", given.destination, invalid.rule))
    })?;
    // `InputAndOutput` stands for both.
    let captures = |mode: &str| given.capture_options.iter().any(|option| option.capture_mode.contains(mode));
    let header = given.capture_content_type_header.unwrap_or_default();
    Ok(DataCapture {
        enabled: given.enable_capture,
        sampling_percent: given.initial_sampling_percentage,
        destination,
        input: captures("Input"),
        output: captures("Output"),
        csv_content_types: header.csv_content_types,
        json_content_types: header.json_content_types,
        kms_key_id: given.kms_key_id,
    })
}

/// As `DescribeEndpointConfig` gives it, of a configuration that was made in the window.
pub(super) fn to_wire(capture: &DataCapture) -> Value {
    let modes = [(capture.input, "Input"), (capture.output, "Output")];
    let options: Value =
        modes.iter().filter(|(is_on, _)| *is_on).map(|(_, mode)| json!({ "CaptureMode": mode })).collect();
    let mut header = Map::new();
    for (name, list) in
        [("CsvContentTypes", &capture.csv_content_types), ("JsonContentTypes", &capture.json_content_types)]
    {
        set(&mut header, name, (!list.is_empty()).then(|| json!(list)));
    }
    let mut out = Map::new();
    out.insert("EnableCapture".to_owned(), json!(capture.enabled));
    out.insert("InitialSamplingPercentage".to_owned(), json!(capture.sampling_percent));
    out.insert("DestinationS3Uri".to_owned(), json!(capture.destination));
    set(&mut out, "KmsKeyId", capture.kms_key_id.clone());
    out.insert("CaptureOptions".to_owned(), options);
    set(&mut out, "CaptureContentTypeHeader", (!header.is_empty()).then_some(Value::Object(header)));
    Value::Object(out)
}

/// As `DescribeEndpoint` gives it; `is_up` while requests are answered.
pub(super) fn summary(capture: &DataCapture, is_up: bool) -> Value {
    json!({
        "EnableCapture": capture.enabled,
        "CaptureStatus": if capture.enabled && is_up { "Started" } else { "Stopped" },
        "CurrentSamplingPercentage": capture.sampling_percent,
        "DestinationS3Uri": capture.destination,
        "KmsKeyId": capture.kms_key_id.clone().unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: Value) -> Result<DataCapture, WireError> {
        from_wire(serde_json::from_value(value).unwrap())
    }

    #[test]
    fn a_request_is_read_and_described_alike() {
        let given = json!({
            "EnableCapture": true,
            "InitialSamplingPercentage": 40,
            "DestinationS3Uri": "s3://bucket/captured",
            "KmsKeyId": "key",
            "CaptureOptions": [{ "CaptureMode": "Input" }, { "CaptureMode": "Output" }],
            "CaptureContentTypeHeader": { "CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"] },
        });
        let capture = read(given.clone()).unwrap();
        assert!(capture.enabled && capture.input && capture.output && capture.sampling_percent == 40);
        assert_eq!(to_wire(&capture), given);
        let said = summary(&capture, true);
        assert_eq!((&said["CaptureStatus"], &said["CurrentSamplingPercentage"]), (&json!("Started"), &json!(40)));
        assert_eq!(summary(&capture, false)["CaptureStatus"], "Stopped");
    }

    #[test]
    fn both_directions_may_be_one_word_and_a_bad_place_is_named() {
        let with = |destination: &str| {
            read(json!({
                "InitialSamplingPercentage": 100,
                "DestinationS3Uri": destination,
                "CaptureOptions": [{ "CaptureMode": "InputAndOutput" }],
            }))
        };
        let capture = with("s3://bucket").unwrap();
        assert!(capture.input && capture.output && !capture.enabled);
        assert!(with("s3://No_Bucket/x").unwrap_err().message.contains("DestinationS3Uri s3://No_Bucket/x"));
    }
}
