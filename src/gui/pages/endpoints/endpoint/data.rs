//! What the endpoint page says, as plain values: from a snapshot and live numbers to words. Pure.

use jiff::tz::TimeZone;

use super::colors;
use crate::domain::arn::ArnKind;
use crate::domain::endpoint::{DeploymentStage, Endpoint, EndpointStatus, EndpointVariant};
use crate::domain::price;
use crate::domain::time::Timestamp;
use crate::domain::traffic_test::{TrafficTest, TrafficTestStatus};
use crate::gui::format;
use crate::gui::widgets::plot::scale::{Unit, grouped};
use crate::gui::widgets::split_bar::{Observed, Shares};
use crate::stats::experiment::single_look::Interval;
use crate::stats::live::{EndpointLive, Score, VariantLive};
use crate::workspace::Snapshot;

/// Newest seconds over which the observed split is counted, at most.
const OBSERVED_S: i64 = 600;
/// Fewer requests than this say nothing about a split.
const OBSERVED_MIN: u64 = 20;

/// The whole page.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PageData {
    pub(super) status: EndpointStatus,
    /// Where requests are posted to.
    pub(super) url: Option<String>,
    pub(super) arn: String,
    /// "serving sentiment-ab · 2 variants · $0.46/h · up 2 h 14 min".
    pub(super) summary: String,
    /// Set when something failed.
    pub(super) failure: Option<Failure>,
    pub(super) variants: Vec<VariantData>,
    pub(super) shares: Shares,
    pub(super) observed: Option<Observed>,
    pub(super) look: Look,
    pub(super) test: Option<TestData>,
}

/// What failed, what serves, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) title: String,
    pub(super) why: String,
    pub(super) what_to_do: String,
    /// The configuration that was asked for.
    pub(super) requested: Option<String>,
}

/// One variant's card.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct VariantData {
    pub(super) name: String,
    pub(super) model: String,
    /// Whether the model is still there to be opened.
    pub(super) model_exists: bool,
    /// Position in the list of variant colours.
    pub(super) color: usize,
    /// "74.6 %", or "–" before there is a label.
    pub(super) score: String,
    /// "± 3.1".
    pub(super) margin: String,
    /// "labels 96 %".
    pub(super) coverage: String,
    /// What the score is and is not, for the tooltip.
    pub(super) explained: String,
    pub(super) requests: String,
    /// "0.31 / 0.62 ms".
    pub(super) latency: String,
    pub(super) errors: String,
    pub(super) has_errors: bool,
    /// "JSON · $0.23/h".
    pub(super) answers: String,
    /// "1 × ml.m5.xlarge".
    pub(super) instances: String,
}

/// The line between split and plots: never a winner from one look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) head: String,
    pub(super) text: String,
    /// For the tooltip.
    pub(super) why: String,
    /// Whether running a traffic test would help.
    pub(super) wants_labels: bool,
}

/// A traffic test under way.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TestData {
    pub(super) fraction: f32,
    /// "1,204 of 6,000 · 0 failed · 48 s left".
    pub(super) said: String,
}

/// Puts the page together.
pub(super) fn page(
    snapshot: &Snapshot,
    endpoint: &Endpoint,
    live: Option<&EndpointLive>,
    now: Timestamp,
    zone: &TimeZone,
) -> PageData {
    let colors = colors::of(snapshot, endpoint);
    let score = live.map_or(Score::Accuracy, |live| live.score);
    let variants: Vec<VariantData> = endpoint
        .variants
        .iter()
        .map(|variant| {
            let numbers = live.and_then(|live| live.variants.iter().find(|v| v.name == variant.name));
            let color = colors.get(&variant.name).copied().unwrap_or(0);
            card(variant, numbers, score, color, snapshot.models.contains(&variant.model_name))
        })
        .collect();
    let weights: Vec<f64> = endpoint.variants.iter().map(|v| v.weight).collect();
    PageData {
        status: endpoint.status,
        url: snapshot.invocations_url(&endpoint.name),
        arn: snapshot.info.account.arn(ArnKind::Endpoint, &endpoint.name),
        summary: summary(endpoint, now),
        failure: failure(endpoint),
        look: look(live, score),
        variants,
        shares: Shares::of_weights(&weights),
        observed: live.and_then(|live| observed(endpoint, live, zone)),
        test: snapshot.traffic_tests.get(&endpoint.name).and_then(|test| test_data(test, now)),
    }
}

fn summary(endpoint: &Endpoint, now: Timestamp) -> String {
    let mut parts = Vec::new();
    let config = &endpoint.config_name;
    parts.push(match endpoint.status {
        EndpointStatus::Creating => format!("loading {config}"),
        EndpointStatus::Failed => format!("{config} never came into service"),
        EndpointStatus::Deleting => format!("draining {config}"),
        EndpointStatus::InService | EndpointStatus::Updating => format!("serving {config}"),
    });
    parts.push(format::plural(endpoint.variants.len(), "variant"));
    if endpoint.status != EndpointStatus::Failed {
        parts.push(format::usd_per_hour(endpoint.usd_per_hour()));
    }
    if let Some(since) = endpoint.in_service_since.filter(|_| endpoint.status.serves()) {
        // Never in milliseconds: a page that just came up says "up 0 s".
        parts.push(format!("up {}", format::duration(now.ms_since(since) / 1000 * 1000)));
    }
    parts.join(" · ")
}

fn failure(endpoint: &Endpoint) -> Option<Failure> {
    let why = endpoint.failure_reason.clone()?;
    let serving = &endpoint.config_name;
    if endpoint.status == EndpointStatus::Failed {
        return Some(Failure {
            title: format!("{serving} never came into service"),
            why,
            what_to_do: "Update it to a configuration that can be loaded, or delete the endpoint.".to_owned(),
            requested: None,
        });
    }
    if endpoint.status != EndpointStatus::InService {
        return None;
    }
    let requested = endpoint.requested_config.clone();
    let asked = requested.as_deref().unwrap_or("the new configuration");
    Some(Failure {
        title: format!("The update to {asked} failed; {serving} goes on serving"),
        why,
        what_to_do: "Mend the model or choose another configuration, then update again. No request was lost."
            .to_owned(),
        requested,
    })
}

fn test_data(test: &TrafficTest, now: Timestamp) -> Option<TestData> {
    if test.status != TrafficTestStatus::Running {
        return None;
    }
    let planned = test.planned.max(1);
    let left_ms = i64::from(test.spec.duration_s) * 1000 - now.ms_since(test.started);
    let left = if left_ms > 0 { format!(" · {} left", format::duration(left_ms.max(1000))) } else { String::new() };
    Some(TestData {
        fraction: (test.sent as f64 / planned as f64).clamp(0.0, 1.0) as f32,
        said: format!(
            "{} of {} requests · {} failed{left}",
            format::count(test.sent),
            format::count(test.planned),
            format::count(test.failed)
        ),
    })
}

/// What a score is called.
pub(super) fn score_name(score: Score) -> &'static str {
    match score {
        Score::Accuracy => "Accuracy",
        Score::Rmse => "RMSE",
    }
}

/// How a score is written.
pub(super) fn score_unit(score: Score) -> Unit {
    match score {
        Score::Accuracy => Unit::Percent,
        Score::Rmse => Unit::Number,
    }
}

/// "71.4–77.5 %", "3.21–3.79".
fn interval_text(interval: Interval, score: Score) -> String {
    let unit = score_unit(score);
    let (low, high) = (unit.precise(interval.low), unit.precise(interval.high));
    format!("{}–{high}", low.trim_end_matches(" %"))
}

fn card(
    variant: &EndpointVariant,
    live: Option<&VariantLive>,
    score: Score,
    color: usize,
    model_exists: bool,
) -> VariantData {
    let usd = price::usd_per_hour(&variant.instance_type, variant.instance_count);
    let cost = if price::instance_type(&variant.instance_type).is_some() {
        format::usd_per_hour(usd)
    } else {
        "price unknown".to_owned()
    };
    let interval = live.and_then(|live| live.score);
    let requests = live.map_or(0, |live| live.requests);
    let errors = live.map_or(0, |live| live.client_errors + live.server_errors);
    let margin = interval.map(|i| match score {
        Score::Accuracy => format!("± {}", grouped((i.high - i.low) * 50.0, 1)),
        Score::Rmse => format!("± {}", grouped((i.high - i.low) / 2.0, 2)),
    });
    let name = score_name(score);
    let explained = match (interval, live) {
        (Some(interval), Some(live)) => format!(
            "{name} {} on {} labelled answers; 95 % interval {}.\nA single look: valid once, at a moment chosen beforehand.",
            score_unit(score).precise(interval.estimate),
            format::count(live.labelled),
            interval_text(interval, score)
        ),
        _ => format!("{name} appears with the first labelled answers: run a traffic test."),
    };
    VariantData {
        name: variant.name.clone(),
        model: variant.model_name.clone(),
        model_exists,
        color,
        score: interval.map_or_else(|| "–".to_owned(), |i| score_unit(score).precise(i.estimate)),
        margin: margin.unwrap_or_default(),
        coverage: match live {
            Some(live) if live.labelled > 0 => {
                let share = live.labelled as f64 / live.predictions.max(live.labelled) as f64;
                format!("labels {:.0} %", share * 100.0)
            }
            _ => "no labels yet".to_owned(),
        },
        explained,
        requests: format::count(requests),
        latency: match live {
            Some(live) if live.requests > 0 => {
                format!("{} / {} ms", milliseconds(live.p50_us), milliseconds(live.p99_us))
            }
            _ => "–".to_owned(),
        },
        errors: if errors == 0 || requests == 0 {
            format::count(errors)
        } else {
            format!("{} ({})", format::count(errors), format::percent(errors as f64 / requests as f64))
        },
        has_errors: errors > 0,
        answers: match live.map(|live| live.answers_in) {
            Some("application/json") => format!("JSON · {cost}"),
            Some("text/csv") => format!("CSV · {cost}"),
            _ => cost,
        },
        instances: format!("{} × {}", variant.instance_count, variant.instance_type),
    }
}

/// Microseconds as milliseconds with as many places as matter: "0.31", "12.4", "180".
fn milliseconds(us: u64) -> String {
    let ms = us as f64 / 1000.0;
    grouped(ms, if ms < 10.0 { 2 } else { usize::from(ms < 100.0) })
}

fn look(live: Option<&EndpointLive>, score: Score) -> Look {
    let scored: Vec<(&VariantLive, Interval)> =
        live.into_iter().flat_map(|live| &live.variants).filter_map(|v| Some((v, v.score?))).collect();
    if scored.is_empty() {
        return Look {
            head: "No labelled answers yet".to_owned(),
            text: format!("A traffic test sends labelled rows, and each variant's {} appears.", lower(score)),
            why: String::new(),
            wants_labels: true,
        };
    }
    let mut said: Vec<String> = scored
        .iter()
        .take(3)
        .map(|(variant, interval)| {
            format!(
                "{} {} ({})",
                variant.name,
                score_unit(score).precise(interval.estimate),
                interval_text(*interval, score).trim_end_matches(" %")
            )
        })
        .collect();
    if scored.len() > 3 {
        said.push(format!("{} more below", scored.len() - 3));
    }
    let all: Vec<String> = scored
        .iter()
        .map(|(v, i)| {
            let labels = format::plural(usize::try_from(v.labelled).unwrap_or(usize::MAX), "label");
            format!("{}: {} ({labels})", v.name, interval_text(*i, score))
        })
        .collect();
    Look {
        head: "One look, no winner".to_owned(),
        text: format!("{}. These are 95 % intervals, valid for a single look.", said.join(", ")),
        why: format!(
            "95 % intervals, each valid for one look at a moment chosen beforehand:\n{}\n\nWho looks often enough sees some \
             difference by chance. The test that stays valid while one watches is not part of this version.",
            all.join("\n")
        ),
        wants_labels: false,
    }
}

fn lower(score: Score) -> &'static str {
    match score {
        Score::Accuracy => "accuracy",
        Score::Rmse => "RMSE",
    }
}

/// The share of the requests that each variant really got since the split last changed (ten minutes at most).
fn observed(endpoint: &Endpoint, live: &EndpointLive, zone: &TimeZone) -> Option<Observed> {
    let swapped = endpoint.deployments.iter().rev().flat_map(|d| &d.stages);
    let swapped = swapped.filter(|(stage, _)| *stage == DeploymentStage::Swapped).map(|(_, at)| *at).max();
    let weights = endpoint.weight_changes.last().map(|change| change.at);
    let changed = swapped.max(weights).unwrap_or(endpoint.created);
    let newest = live.variants.iter().filter_map(|v| v.seconds.last()).map(|s| s.at_s).max()?;
    // The second of the change itself holds requests of both splits.
    let from_s = (changed.0.div_euclid(1000) + 1).max(newest - OBSERVED_S + 1);
    let counts: Option<Vec<u64>> = endpoint
        .variants
        .iter()
        .map(|variant| {
            let found = live.variants.iter().find(|v| v.name == variant.name)?;
            let newest_first = found.seconds.iter().rev().take_while(|s| s.at_s >= from_s);
            Some(newest_first.map(|s| u64::from(s.requests)).sum())
        })
        .collect();
    let counts = counts?;
    let sum: u64 = counts.iter().sum();
    if sum < OBSERVED_MIN || counts.len() < 2 {
        return None;
    }
    let shares: Vec<f64> = counts.iter().map(|n| *n as f64 / sum as f64).collect();
    let parts: Vec<String> = shares.iter().map(|share| grouped(share * 100.0, 1)).collect();
    let since = format::clock(Timestamp(from_s * 1000), zone);
    Some(Observed {
        said: format!("observed {} % of {} requests since {since}", parts.join(" / "), format::count(sum)),
        shares,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::endpoint::{Deployment, DeploymentOutcome, WeightChange};
    use crate::domain::extras::Extras;
    use crate::stats::experiment::single_look::{Z_95, wilson};
    use crate::stats::live::Second;

    const NOW: Timestamp = Timestamp(10_000_000);

    fn variant(name: &str, weight: f64) -> EndpointVariant {
        EndpointVariant {
            name: name.into(),
            model_name: format!("model-of-{name}"),
            weight,
            instance_count: 1,
            instance_type: "ml.m5.xlarge".into(),
        }
    }

    fn endpoint() -> Endpoint {
        Endpoint {
            name: "e".into(),
            config_name: "ab".into(),
            requested_config: None,
            status: EndpointStatus::InService,
            failure_reason: None,
            variants: vec![variant("a", 62.0), variant("b", 38.0)],
            created: Timestamp(0),
            modified: Timestamp(9_000_000),
            in_service_since: Some(Timestamp(1_960_000)),
            deployments: vec![Deployment {
                number: 1,
                config_name: "ab".into(),
                from_config: None,
                started: Timestamp(0),
                ended: Some(Timestamp(900)),
                stages: vec![(DeploymentStage::Swapped, Timestamp(800))],
                outcome: DeploymentOutcome::Succeeded,
                requests: 0,
                failed_requests: 0,
            }],
            weight_changes: vec![WeightChange { at: Timestamp(9_000_000), before: vec![], after: vec![] }],
            tags: vec![],
            extras: Extras::default(),
        }
    }

    /// 100 seconds; the split is 1 to 1 until second 9,000 and 3 to 1 after it.
    fn live() -> EndpointLive {
        let seconds = |after: u32| {
            let of = |at_s: i64| Second { at_s, requests: if at_s > 9_000 { after } else { 5 }, ..Second::default() };
            (8_950..9_050).map(of).collect()
        };
        let one = |name: &str, after: u32, right: u64| VariantLive {
            name: name.into(),
            answers_in: "application/json",
            requests: 1_482,
            drawn: 1_482,
            server_errors: u64::from(name == "b") * 3,
            p50_us: 310,
            p99_us: 12_620,
            predictions: 800,
            labelled: 768,
            right,
            score: wilson(right, 768, Z_95),
            seconds: seconds(after),
            ..VariantLive::default()
        };
        EndpointLive { revision: 1, variants: vec![one("a", 6, 573), one("b", 2, 541)], ..EndpointLive::default() }
    }

    fn words(data: &PageData) -> String {
        let mut lines = vec![data.summary.clone()];
        if let Some(failure) = &data.failure {
            lines.push(format!("! {} | {} | {}", failure.title, failure.why, failure.what_to_do));
        }
        lines.push(format!("{:?} {}", data.shares.tenths(), data.observed.as_ref().map_or("", |o| &o.said)));
        lines.push(format!("{}: {}", data.look.head, data.look.text));
        for v in &data.variants {
            let parts = [
                &v.name,
                &v.score,
                &v.margin,
                &v.coverage,
                &v.requests,
                &v.latency,
                &v.errors,
                &v.answers,
                &v.instances,
            ];
            lines.push(parts.map(String::as_str).join(" | "));
        }
        lines.join("\n")
    }

    #[test]
    fn a_page_in_words() {
        let data = page(&Snapshot::default(), &endpoint(), Some(&live()), NOW, &TimeZone::UTC);
        assert_eq!(
            words(&data),
            "serving ab · 2 variants · $0.46/h · up 2 h 14 min\n\
             [620, 380] observed 75.0 / 25.0 % of 392 requests since 02:30\n\
             One look, no winner: a 74.6 % (71.4–77.6), b 70.4 % (67.1–73.6). These are 95 % intervals, valid for a single look.\n\
             a | 74.6 % | ± 3.1 | labels 96 % | 1,482 | 0.31 / 12.6 ms | 0 | JSON · $0.23/h | 1 × ml.m5.xlarge\n\
             b | 70.4 % | ± 3.2 | labels 96 % | 1,482 | 0.31 / 12.6 ms | 3 (0.2 %) | JSON · $0.23/h | 1 × ml.m5.xlarge"
        );
    }

    #[test]
    fn a_page_without_traffic_promises_nothing() {
        let data = page(&Snapshot::default(), &endpoint(), None, NOW, &TimeZone::UTC);
        assert!(data.look.wants_labels && data.observed.is_none());
        assert_eq!((data.variants[0].score.as_str(), data.variants[0].latency.as_str()), ("–", "–"));
        assert_eq!(data.variants[0].coverage, "no labels yet");
    }

    #[test]
    fn a_failed_update_says_what_serves_and_what_to_do() {
        let mut endpoint = endpoint();
        endpoint.requested_config = Some("new".into());
        endpoint.failure_reason = Some("Model m: not a gzip archive".into());
        let failure = page(&Snapshot::default(), &endpoint, None, NOW, &TimeZone::UTC).failure.unwrap();
        assert_eq!(failure.title, "The update to new failed; ab goes on serving");
        assert_eq!((failure.why.as_str(), failure.requested.as_deref()), ("Model m: not a gzip archive", Some("new")));
        endpoint.status = EndpointStatus::Failed;
        let failure = page(&Snapshot::default(), &endpoint, None, NOW, &TimeZone::UTC).failure.unwrap();
        assert_eq!(failure.title, "ab never came into service");
    }

    #[test]
    fn no_winner_is_ever_called() {
        // However far apart: one look is one look.
        let mut live = live();
        live.variants[1].score = wilson(1, 768, Z_95);
        let look = page(&Snapshot::default(), &endpoint(), Some(&live), NOW, &TimeZone::UTC).look;
        assert_eq!(look.head, "One look, no winner");
        assert!(!look.text.contains("better") && look.why.contains("not part of this version"));
    }
}
