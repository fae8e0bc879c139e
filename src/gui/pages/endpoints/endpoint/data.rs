//! What the endpoint page says, as plain values: from a snapshot and live numbers to words. Pure.

use jiff::tz::TimeZone;

use super::failure::{Failure, failure};
use super::shadows::{self, ShadowData};
use super::verdict::{self, Banner, Line};
use super::{autopilot, colors, course, instances, score};
use crate::domain::arn::ArnKind;
use crate::domain::endpoint::{DeploymentStage, Endpoint, EndpointStatus, EndpointVariant};
use crate::domain::price;
use crate::domain::time::Timestamp;
use crate::domain::traffic_test::{TrafficTest, TrafficTestStatus};
use crate::gui::format;
use crate::gui::widgets::plot::scale::grouped;
use crate::gui::widgets::split_bar::{Observed, Shares};
use crate::stats::experiment::ArmSummary;
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
    pub(super) shadows: Vec<ShadowData>,
    pub(super) shares: Shares,
    pub(super) observed: Option<Observed>,
    /// What the autopilot does, while it is on.
    pub(super) autopilot: Option<String>,
    pub(super) line: Line,
    pub(super) banners: Vec<Banner>,
    pub(super) test: Option<TestData>,
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
    /// "P(best) 93 % · loss 0.2 pt"; never without [`verdict::NO_RULE`] beside it.
    pub(super) chance: Option<String>,
    /// Root mean squared and mean absolute error of a regression, "3.42 / 2.51".
    pub(super) errors_size: Option<String>,
    /// What the score is and is not, for the tooltip.
    pub(super) explained: String,
    pub(super) requests: String,
    /// "0.31 / 0.62 ms".
    pub(super) latency: String,
    pub(super) errors: String,
    pub(super) has_errors: bool,
    /// "JSON · $0.23/h".
    pub(super) answers: String,
    /// "1 × ml.m5.xlarge", and what that means.
    pub(super) instances: String,
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
    let variants: Vec<VariantData> = endpoint
        .variants
        .iter()
        .map(|variant| {
            let color = colors.get(&variant.name).copied().unwrap_or(0);
            let numbers = live.and_then(|live| live.variants.iter().find(|v| v.name == variant.name));
            let arm = live.and_then(|live| arm(live, variant));
            card(variant, (live, numbers, arm), color, snapshot.models.contains(&variant.model_name))
        })
        .collect();
    let weights: Vec<f64> = endpoint.variants.iter().map(|v| v.weight).collect();
    PageData {
        status: endpoint.status,
        url: snapshot.invocations_url(&endpoint.name),
        arn: snapshot.info.account.arn(ArnKind::Endpoint, &endpoint.name),
        summary: summary(endpoint, now),
        failure: failure(endpoint),
        line: verdict::line(live),
        banners: verdict::banners(live),
        variants,
        shadows: shadows::of(snapshot, endpoint, live, |name| colors.get(name).copied().unwrap_or(0)),
        shares: Shares::of_weights(&weights),
        autopilot: snapshot.autopilots.get(&endpoint.name).map(|on| autopilot::said(on, now)),
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
        EndpointStatus::InService | EndpointStatus::Updating | EndpointStatus::RollingBack => {
            format!("serving {config}")
        }
    });
    // What was asked for stands beside what serves for as long as the two differ.
    if let Some(requested) = &endpoint.requested_config {
        parts.push(match (endpoint.status, endpoint.deployments.last().map(course::share)) {
            (EndpointStatus::Updating, Some(Some(share))) => {
                format!("{} goes to {requested}", format::percent(share))
            }
            (EndpointStatus::Updating, _) => format!("moving to {requested}"),
            (EndpointStatus::RollingBack, _) => format!("going back from {requested}"),
            _ => format!("{requested} was asked for"),
        });
    }
    parts.push(format::variants(endpoint.variants.len(), endpoint.shadow_variants.len()));
    if endpoint.status != EndpointStatus::Failed {
        parts.push(format::usd_per_hour(endpoint.usd_per_hour()));
    }
    if let Some(since) = endpoint.in_service_since.filter(|_| endpoint.status.serves()) {
        // Never in milliseconds: a page that just came up says "up 0 s".
        parts.push(format!("up {}", format::duration(now.ms_since(since) / 1000 * 1000)));
    }
    parts.join(" · ")
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

/// One variant as it runs, with what was measured: on the endpoint, of the variant, and in the experiment, in which a shadow variant has no
/// part.
pub(super) fn card(
    variant: &EndpointVariant,
    (endpoint_live, live, arm): (Option<&EndpointLive>, Option<&VariantLive>, Option<&ArmSummary>),
    color: usize,
    model_exists: bool,
) -> VariantData {
    let usd = price::usd_per_hour(&variant.instance_type, variant.instance_count);
    let cost = if price::instance_type(&variant.instance_type).is_some() {
        format::usd_per_hour(usd)
    } else {
        "price unknown".to_owned()
    };
    let kind = endpoint_live.map_or(Score::Accuracy, |live| live.score);
    let experiment = endpoint_live.and_then(|live| live.experiment.as_deref());
    let interval = live.and_then(|live| live.score);
    let requests = live.map_or(0, |live| live.requests);
    let errors = live.map_or(0, |live| live.client_errors + live.server_errors);
    let margin = interval.map(|i| match kind {
        Score::Accuracy => format!("± {}", grouped((i.high - i.low) * 50.0, 1)),
        Score::Rmse => format!("± {}", grouped((i.high - i.low) / 2.0, 2)),
    });
    VariantData {
        name: variant.name.clone(),
        model: variant.model_name.clone(),
        model_exists,
        color,
        score: interval.map_or_else(|| "–".to_owned(), |i| score::unit(kind).precise(i.estimate)),
        margin: margin.unwrap_or_default(),
        coverage: match arm {
            Some(arm) if arm.labelled > 0 => {
                let share = arm.labelled as f64 / arm.drawn.max(arm.labelled) as f64 * 100.0;
                format!("labels {} %", grouped(share, usize::from(share < 9.95)))
            }
            _ => "no labels yet".to_owned(),
        },
        chance: arm.zip(endpoint_live).and_then(|(arm, live)| verdict::chance(arm, live)),
        errors_size: live.and_then(|live| Some(format!("{} / {}", grouped(live.rmse?, 2), grouped(live.mae?, 2)))),
        explained: score::explained(kind, live, arm, experiment),
        requests: with_note(format::count(requests), live.map_or(0, |live| live.waiting.into()), "waiting"),
        latency: match live {
            Some(live) if live.requests > 0 => {
                format!("{} / {} ms", milliseconds(live.p50_us), milliseconds(live.p99_us))
            }
            _ => "–".to_owned(),
        },
        errors: if errors == 0 || requests == 0 {
            format::count(errors)
        } else {
            let share = format::percent(errors as f64 / requests as f64);
            let said = format!("{} ({share})", format::count(errors));
            with_note(said, live.map_or(0, |live| live.turned_away), "turned away")
        },
        has_errors: errors > 0,
        answers: match live.map(|live| live.answers_in) {
            Some("application/json") => format!("JSON · {cost}"),
            Some("text/csv") => format!("CSV · {cost}"),
            _ => cost,
        },
        instances: instances::explained(variant, "heavy request"),
    }
}

/// What the experiment knows of a variant.
fn arm<'a>(live: &'a EndpointLive, variant: &EndpointVariant) -> Option<&'a ArmSummary> {
    let arms = &live.experiment.as_deref()?.summary.arms;
    arms.iter().find(|arm| *arm.variant == *variant.name && *arm.model == *variant.model_name)
}

/// "1,482 · 3 waiting"; without the note where there is none.
fn with_note(words: String, count: u64, note: &str) -> String {
    if count == 0 { words } else { format!("{words} · {} {note}", format::count(count)) }
}

/// Microseconds as milliseconds with as many places as matter: "0.31", "12.4", "180".
fn milliseconds(us: u64) -> String {
    let ms = us as f64 / 1000.0;
    grouped(ms, if ms < 10.0 { 2 } else { usize::from(ms < 100.0) })
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
    use std::sync::Arc;

    use crate::stats::experiment::{ALPHA, ArmKey, Experiment, robbins};
    use crate::stats::live::{ExperimentLive, Second};

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
            shadow_variants: Vec::new(),
            created: Timestamp(0),
            modified: Timestamp(9_000_000),
            in_service_since: Some(Timestamp(1_960_000)),
            deployments: vec![Deployment {
                ended: Some(Timestamp(900)),
                stages: vec![(DeploymentStage::Swapped, Timestamp(800))],
                outcome: DeploymentOutcome::Succeeded,
                ..Deployment::begun(1, "ab", None, Timestamp(0))
            }],
            weight_changes: vec![WeightChange {
                at: Timestamp(9_000_000),
                before: vec![],
                after: vec![],
                shadows: vec![],
            }],
            tags: vec![],
            ground_truth: None,
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
            model_name: format!("model-of-{name}"),
            answers_in: "application/json",
            requests: 1_482,
            drawn: 1_482,
            server_errors: u64::from(name == "b") * 3,
            p50_us: 310,
            p99_us: 12_620,
            predictions: 800,
            labelled: 768,
            right,
            score: robbins::band(right as f64, 768, ALPHA),
            seconds: seconds(after),
            ..VariantLive::default()
        };
        EndpointLive {
            revision: 1,
            variants: vec![one("a", 6, 573), one("b", 2, 541)],
            experiment: Some(Arc::new(ExperimentLive { summary: experiment([573, 541]).summary(), cap: None })),
            ..EndpointLive::default()
        }
    }

    /// 800 draws of each side at 50/50, 768 of them labelled; the right answers evenly among them.
    fn experiment(right: [u64; 2]) -> Experiment {
        let arms = ["a", "b"].map(|name| ArmKey {
            variant: name.into(),
            model: format!("model-of-{name}").into(),
            version: "1".into(),
        });
        let mut experiment = Experiment::default();
        experiment.epoch(1, &arms, &[0.5, 0.5]);
        for at in 0..800 {
            for (arm, right) in right.iter().enumerate() {
                experiment.drawn(1, arm);
                if at < 768 {
                    let is_right = (at + 1) * right / 768 > at * right / 768;
                    experiment.labelled(1, arm, f64::from(u8::from(is_right)), None);
                }
            }
        }
        experiment
    }

    fn words(data: &PageData) -> String {
        let mut lines = vec![data.summary.clone()];
        if let Some(failure) = &data.failure {
            lines.push(format!("! {} | {} | {}", failure.title, failure.why, failure.what_to_do));
        }
        lines.push(format!("{:?} {}", data.shares.tenths(), data.observed.as_ref().map_or("", |o| &o.said)));
        lines.push(format!("{} | {}", data.line.head, data.line.text));
        lines.extend(data.banners.iter().map(|banner| format!("! {}", banner.title)));
        let none = String::new();
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
                v.chance.as_ref().unwrap_or(&none),
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
             No winner yet: about 3,200 more labelled requests at this split | a is ahead by 4.2 points (95 % band −2.8 to +11.1).\n\
             a | 74.6 % | ± 5.7 | labels 96 % | 1,482 | 0.31 / 12.6 ms | 0 | JSON · $0.23/h | 1 × ml.m5.xlarge: answers 1 heavy request at a time | P(best) 97 % · loss < 0.1 pt\n\
             b | 70.4 % | ± 5.9 | labels 96 % | 1,482 | 0.31 / 12.6 ms | 3 (0.2 %) | JSON · $0.23/h | 1 × ml.m5.xlarge: answers 1 heavy request at a time | P(best) 3 % · loss 4.2 pt"
        );
    }

    #[test]
    fn a_queue_and_who_was_turned_away_are_said() {
        let mut live = live();
        live.variants[1].waiting = 4;
        live.variants[1].turned_away = 2;
        let data = page(&Snapshot::default(), &endpoint(), Some(&live), NOW, &TimeZone::UTC);
        let said = |v: &VariantData| format!("{} | {}", v.requests, v.errors);
        assert_eq!(said(&data.variants[0]), "1,482 | 0");
        assert_eq!(said(&data.variants[1]), "1,482 · 4 waiting | 3 (0.2 %) · 2 turned away");
    }

    #[test]
    fn a_page_without_traffic_promises_nothing() {
        let data = page(&Snapshot::default(), &endpoint(), None, NOW, &TimeZone::UTC);
        assert!(data.line.wants_labels && data.observed.is_none());
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
}
