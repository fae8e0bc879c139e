//! `GET /metrics`: the data plane's counters in Prometheus' text format.

use std::fmt::Write;

use crate::serving::window::QUANTILES;
use crate::serving::{Serving, VariantTotals};
use crate::stats::live::CaptureLive;

/// MIME type of the text format, version 0.0.4.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// One endpoint, read once, so that all its numbers are of one moment.
struct Read {
    endpoint: String,
    variants: Vec<VariantTotals>,
    in_flight: u32,
    capture: CaptureLive,
}

/// Name, type, help, and value of one metric of a variant.
type Family = (&'static str, &'static str, &'static str, fn(&VariantTotals) -> f64);

/// The metrics that are one number a variant.
const FAMILIES: [Family; 10] = [
    ("counterpoise_requests_total", "counter", "Requests answered by a variant.", |v| v.totals.requests as f64),
    ("counterpoise_client_errors_total", "counter", "Of these, answered with a 4xx status.", |v| {
        v.totals.client_errors as f64
    }),
    ("counterpoise_server_errors_total", "counter", "Of these, answered with a 5xx status.", |v| {
        v.totals.server_errors as f64
    }),
    (
        "counterpoise_turned_away_total",
        "counter",
        "Of these, heavy requests that found every instance busy and the queue full.",
        |v| v.totals.turned_away as f64,
    ),
    ("counterpoise_predictions_total", "counter", "Rows predicted for requests drawn by weight.", |v| {
        v.totals.predictions as f64
    }),
    ("counterpoise_labels_total", "counter", "Of these, rows whose label is known.", |v| v.totals.labelled as f64),
    ("counterpoise_variant_weight", "gauge", "The weight in force; during an update, the share of the traffic.", |v| {
        v.weight
    }),
    ("counterpoise_variant_instances", "gauge", "Heavy requests that a variant answers at a time.", |v| {
        f64::from(v.instances.count)
    }),
    ("counterpoise_variant_busy_instances", "gauge", "Heavy requests that it answers now.", |v| {
        f64::from(v.instances.busy)
    }),
    ("counterpoise_variant_waiting_requests", "gauge", "Heavy requests that wait for an instance.", |v| {
        f64::from(v.instances.waiting)
    }),
];

/// The same of a shadow variant.
const SHADOWS: [Family; 5] = [
    ("counterpoise_shadow_requests_total", "counter", "Copies of requests answered by a shadow variant.", |v| {
        v.totals.requests as f64
    }),
    ("counterpoise_shadow_errors_total", "counter", "Of these, answered with a 4xx or 5xx status.", |v| {
        (v.totals.client_errors + v.totals.server_errors) as f64
    }),
    ("counterpoise_shadow_dropped_total", "counter", "Copies not made because its queue was full.", |v| {
        v.dropped.unwrap_or_default() as f64
    }),
    ("counterpoise_shadow_waiting_requests", "gauge", "Copies that wait.", |v| f64::from(v.instances.waiting)),
    ("counterpoise_shadow_share", "gauge", "The share of requests that is copied, 0 to 1.", |v| v.weight),
];

/// Name, help, and value of a counter of an endpoint's capture.
type CaptureFamily = (&'static str, &'static str, fn(&CaptureLive) -> u64);

/// What became of requests on their way to the disk, and of labels.
const CAPTURE: [CaptureFamily; 4] = [
    ("counterpoise_captured_total", "Requests captured since the start.", |c| c.taken),
    ("counterpoise_capture_dropped_total", "Requests not captured because the disk could not keep up.", |c| c.dropped),
    ("counterpoise_capture_unwritten_total", "Captured requests that the disk refused.", |c| c.unwritten),
    (
        "counterpoise_labels_refused_total",
        "Labels that contradicted an earlier one, named no request or fit no answer.",
        |c| c.labels.contradictory + c.labels.unknown + c.labels.unfit,
    ),
];

/// The whole page.
pub fn write(serving: &Serving) -> String {
    let read: Vec<Read> = serving
        .endpoints()
        .into_iter()
        .filter_map(|endpoint| {
            let (variants, in_flight) = serving.totals(&endpoint)?;
            let capture = serving.capture_live(&endpoint)?;
            Some(Read { endpoint, variants, in_flight, capture })
        })
        .collect();
    let mut page = String::with_capacity(1024 + read.len() * 2048);
    // Writing to a String can't fail.
    let _ = write_page(&mut page, &read);
    page
}

fn write_page(page: &mut String, read: &[Read]) -> std::fmt::Result {
    header(page, "counterpoise_build_info", "gauge", "The version that runs; always 1.")?;
    writeln!(page, "counterpoise_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION"))?;
    for (name, kind, help, value) in FAMILIES {
        header(page, name, kind, help)?;
        for (endpoint, variant) in variants(read) {
            writeln!(page, "{name}{{{}}} {}", labels(endpoint, variant), value(variant))?;
        }
    }
    let name = "counterpoise_model_latency_seconds";
    header(page, name, "summary", "From request body to answer, without the network.")?;
    for (endpoint, variant) in variants(read) {
        let labels = labels(endpoint, variant);
        let totals = &variant.totals;
        for (quantile, seconds) in QUANTILES.iter().zip(totals.latency_s) {
            writeln!(page, "{name}{{{labels},quantile=\"{quantile}\"}} {seconds}")?;
        }
        writeln!(page, "{name}_sum{{{labels}}} {}", totals.latency_sum_s)?;
        writeln!(page, "{name}_count{{{labels}}} {}", totals.requests - totals.turned_away)?;
    }
    for (name, kind, help, value) in SHADOWS {
        header(page, name, kind, help)?;
        for (endpoint, variant) in all(read).filter(|(_, variant)| variant.dropped.is_some()) {
            writeln!(page, "{name}{{{}}} {}", labels(endpoint, variant), value(variant))?;
        }
    }
    for (name, help, value) in CAPTURE {
        header(page, name, "counter", help)?;
        for one in read {
            writeln!(page, "{name}{{endpoint=\"{}\"}} {}", one.endpoint, value(&one.capture))?;
        }
    }
    let name = "counterpoise_in_flight_requests";
    header(page, name, "gauge", "Requests being answered now, by the serving fleet and by those that drain.")?;
    for one in read {
        writeln!(page, "{name}{{endpoint=\"{}\"}} {}", one.endpoint, one.in_flight)?;
    }
    Ok(())
}

fn header(page: &mut String, name: &str, kind: &str, help: &str) -> std::fmt::Result {
    writeln!(page, "# HELP {name} {help}\n# TYPE {name} {kind}")
}

/// The production variants.
fn variants(read: &[Read]) -> impl Iterator<Item = (&str, &VariantTotals)> {
    all(read).filter(|(_, variant)| variant.dropped.is_none())
}

fn all(read: &[Read]) -> impl Iterator<Item = (&str, &VariantTotals)> {
    read.iter().flat_map(|one| one.variants.iter().map(|variant| (one.endpoint.as_str(), variant)))
}

/// Names are letters, digits and hyphens (see `domain::name`), so nothing needs escaping.
fn labels(endpoint: &str, variant: &VariantTotals) -> String {
    format!("endpoint=\"{endpoint}\",variant=\"{}\",model=\"{}\"", variant.name, variant.model_name)
}
