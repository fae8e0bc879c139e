//! What an endpoint measured, as CloudWatch tells it.

use super::value::{quoted, word};
use super::{Language, Place, Snippet};

const TITLE: &str = "See its metrics";

/// Requests and latency of one variant, minute by minute.
pub fn metrics(place: &Place, endpoint: &str, variant: &str) -> Vec<Snippet> {
    let snippet = |language, text| Snippet { language, title: TITLE.to_owned(), text };
    let boto3 =
        format!("import datetime\n\n{}{}", place.boto3_client("cloudwatch"), python("cloudwatch", endpoint, variant));
    let body = python("session.boto_session.client(\"cloudwatch\")", endpoint, variant);
    vec![
        snippet(Language::Boto3, boto3),
        snippet(Language::Cli, cli(place, endpoint, variant)),
        snippet(Language::Curl, curl(place, endpoint, variant)),
        place.sdk(TITLE, "import datetime\n", &body),
    ]
}

fn python(client: &str, endpoint: &str, variant: &str) -> String {
    format!(
        "now = datetime.datetime.now(datetime.timezone.utc)\nanswer = {client}.get_metric_statistics(\n    \
         Namespace=\"AWS/SageMaker\",\n    MetricName=\"ModelLatency\",\n    Dimensions=[\n        \
         {{\"Name\": \"EndpointName\", \"Value\": {}}},\n        {{\"Name\": \"VariantName\", \"Value\": {}}},\n    ],\n    \
         StartTime=now - datetime.timedelta(hours=1),\n    EndTime=now,\n    Period=60,\n    \
         Statistics=[\"SampleCount\", \"Average\"],\n)\nfor minute in answer[\"Datapoints\"]:\n    \
         print(minute[\"Timestamp\"], minute[\"SampleCount\"], minute[\"Average\"])\n",
        quoted(endpoint),
        quoted(variant)
    )
}

/// From midnight on: every `date` can tell when that was.
fn cli(place: &Place, endpoint: &str, variant: &str) -> String {
    let lines = [
        "aws cloudwatch get-metric-statistics".to_owned(),
        place.cli_options(),
        "--namespace AWS/SageMaker --metric-name ModelLatency".to_owned(),
        format!(
            "--dimensions {} {}",
            word(&format!("Name=EndpointName,Value={endpoint}")),
            word(&format!("Name=VariantName,Value={variant}"))
        ),
        "--start-time \"$(date -u +%F)T00:00:00Z\" --end-time \"$(date -u +%FT%TZ)\"".to_owned(),
        "--period 60 --statistics SampleCount Average".to_owned(),
    ];
    lines.join(" \\\n  ") + "\n"
}

fn curl(place: &Place, endpoint: &str, variant: &str) -> String {
    let lines = [
        format!("curl -sS --fail-with-body {}/", place.url),
        place.curl_signature("monitoring"),
        "-d Action=GetMetricStatistics -d Version=2010-08-01".to_owned(),
        "-d Namespace=AWS/SageMaker -d MetricName=ModelLatency".to_owned(),
        format!(
            "-d Dimensions.member.1.Name=EndpointName -d {}",
            word(&format!("Dimensions.member.1.Value={endpoint}"))
        ),
        format!("-d Dimensions.member.2.Name=VariantName -d {}", word(&format!("Dimensions.member.2.Value={variant}"))),
        "-d \"StartTime=$(date -u +%F)T00:00:00Z\" -d \"EndTime=$(date -u +%FT%TZ)\"".to_owned(),
        "-d Period=60 -d Statistics.member.1=SampleCount -d Statistics.member.2=Average".to_owned(),
    ];
    lines.join(" \\\n  ") + "\n"
}
