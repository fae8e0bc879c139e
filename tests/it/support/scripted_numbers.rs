//! The numbers of a hand-made workspace: the curves of its jobs and the live numbers of its endpoints, drawn from seeds.

use std::sync::Arc;

use counterpoise::domain::algorithm::Algorithm;
use counterpoise::domain::endpoint::Endpoint;
use counterpoise::domain::label::LabelCounts;
use counterpoise::domain::training_job::{TrainingJob, TrainingJobStatus};
use counterpoise::stats::experiment::loss::BoundedLoss;
use counterpoise::stats::experiment::single_look::Interval;
use counterpoise::stats::experiment::{ALPHA, ArmKey, Experiment, robbins};
use counterpoise::stats::live::{
    CaptureLive, EndpointLive, ExperimentLive, Mark, MarkKind, Score, Second, VariantLive,
};
use counterpoise::util::seed::Rng;
use counterpoise::workspace::{MetricPoint, TrainingCurve, TrainingProgress};

use super::NOW;

/// How a metric falls: from `start` to `floor` by `pace` a round, then climbs by `rise` a round after round 91 where it overfits.
struct Fall {
    start: f64,
    floor: f64,
    pace: f64,
    rise: f64,
}

fn curve(metric: &str, rounds: u32, fall: &Fall, seed: u64) -> TrainingCurve {
    let mut rng = Rng::new(seed ^ metric.bytes().fold(0, |h: u64, b| h.wrapping_mul(31).wrapping_add(b.into())));
    let first = NOW.0 - i64::from(rounds) * 92;
    let points = (1..=rounds)
        .map(|round| {
            let r = f64::from(round);
            let value = fall.floor
                + (fall.start - fall.floor) * (-r * fall.pace).exp()
                + fall.rise * (r - 91.0).max(0.0)
                + (rng.unit() - 0.5) * 0.008 * (fall.start - fall.floor).abs();
            MetricPoint { round, value, at_ms: first + i64::from(round) * 92 }
        })
        .collect();
    TrainingCurve { metric: metric.to_owned(), points }
}

/// The curves of a job of this world, as far as its record says it got.
pub fn progress(job: &TrainingJob) -> TrainingProgress {
    let running = !job.status.is_final();
    if job.status == TrainingJobStatus::Failed || job.started.is_none() {
        return TrainingProgress::default();
    }
    let asked: u32 = if job.spec.algorithm == Algorithm::LinearLearner {
        15
    } else {
        job.spec.hyperparameters.get("num_round").and_then(|n| n.parse().ok()).unwrap_or(100)
    };
    let round = if running { asked * 64 / 100 } else { job.summary.as_ref().map_or(asked, |s| s.rounds) };
    let seed = job.name().bytes().fold(1, |h: u64, b| h.wrapping_mul(31).wrapping_add(b.into()));
    let reviews = job.spec.channels[0].data.key.contains("reviews");
    let pace = if job.spec.algorithm == Algorithm::LinearLearner { 0.35 } else { 0.03 };
    let curves = if reviews {
        vec![
            curve("train:logloss", round, &Fall { start: 0.692, floor: 0.236, pace: pace * 0.55, rise: 0.0 }, seed),
            curve("train:error", round, &Fall { start: 0.42, floor: 0.09, pace: pace * 0.6, rise: 0.0 }, seed),
            curve("validation:logloss", round, &Fall { start: 0.695, floor: 0.575, pace, rise: 0.000_37 }, seed),
            curve("validation:error", round, &Fall { start: 0.44, floor: 0.331, pace, rise: 0.000_05 }, seed),
            curve("validation:auc", round, &Fall { start: 0.55, floor: 0.733, pace, rise: -0.000_06 }, seed),
        ]
    } else {
        vec![
            curve("train:rmse", round, &Fall { start: 9.2, floor: 0.6, pace, rise: 0.0 }, seed),
            curve("validation:rmse", round, &Fall { start: 9.4, floor: 3.4, pace: pace * 1.1, rise: 0.0007 }, seed),
        ]
    };
    let watched = if reviews { "validation:logloss" } else { "validation:rmse" };
    let best = curves
        .iter()
        .find(|c| c.metric == watched)
        .and_then(|c| c.points.iter().min_by(|a, b| a.value.total_cmp(&b.value)).copied());
    TrainingProgress {
        revision: 1,
        round,
        rounds: asked,
        left_ms: running.then_some(4_000),
        curves,
        best,
        best_metric: Some(watched.to_owned()),
        shape: Some(if reviews { (5_118, 5_000) } else { (271, 13) }),
        density: Some(if reviews { 0.0017 } else { 1.0 }),
    }
}

/// What labels say of a variant in its newest epoch.
#[derive(Clone, Copy, Default)]
struct Rate {
    epoch: u64,
    n: u64,
    sum: f64,
    squares: f64,
    errors: f64,
}

/// Live numbers of an endpoint over the last `seconds`, drawn from a seed: the split follows the last change of weights, and a few requests
/// in a thousand are labelled.
pub fn live(endpoint: &Endpoint, seconds: usize, seed: u64) -> EndpointLive {
    let regression = endpoint.name.contains("boston");
    let mut rng = Rng::new(seed);
    let now_s = NOW.0 / 1000;
    let change = endpoint.weight_changes.last();
    let after = endpoint.shares();
    let before = vec![1.0 / endpoint.variants.len() as f64; endpoint.variants.len()];
    let arms: Vec<ArmKey> = endpoint
        .variants
        .iter()
        .map(|v| ArmKey { variant: v.name.as_str().into(), model: v.model_name.as_str().into(), version: "1".into() })
        .collect();
    let (mut experiment, mut loss) = (Experiment::default(), BoundedLoss::default());
    let mut variants: Vec<VariantLive> = endpoint
        .variants
        .iter()
        .enumerate()
        .map(|(i, variant)| VariantLive {
            name: variant.name.clone(),
            model_name: variant.model_name.clone(),
            answers_in: if variant.model_name.contains("linear") { "application/json" } else { "text/csv" },
            p50_us: 310 + 30 * i as u64,
            p99_us: 620 + 90 * i as u64,
            ..VariantLive::default()
        })
        .collect();
    let mut rates = vec![Rate::default(); variants.len()];
    // A million seconds would take long to band one by one; the eye sees thousands at most.
    let every = (seconds / 20_000).max(1);
    let mut begun = 0;
    for second in 0..seconds {
        let at_s = now_s - i64::try_from(seconds - 1 - second).unwrap();
        let changed = change.is_none_or(|c| c.at.0 / 1000 <= at_s);
        let (epoch, shares) = if changed { (2, &after) } else { (1, &before) };
        if epoch > begun {
            begun = epoch;
            experiment.epoch(epoch, &arms, shares);
        }
        for (i, one) in variants.iter_mut().enumerate() {
            let truth = match (regression, one.model_name.contains("linear")) {
                (true, true) => 4.9,
                (true, false) => 3.5,
                (false, true) => 0.742,
                (false, false) => 0.684,
            };
            // What has no weight is never drawn.
            let noise = if shares[i] > 0.0 { 24.0 * (rng.unit() - 0.5) } else { 0.0 };
            let requests = (820.0 * shares[i] + noise).max(0.0).round();
            one.requests += requests as u64;
            let labelled = if requests > 0.0 { (requests * 0.0045 + rng.unit()).floor() as u32 } else { 0 };
            let rate = &mut rates[i];
            if epoch > rate.epoch && labelled > 0 {
                *rate = Rate { epoch, n: 0, sum: 0.0, ..*rate };
            }
            for _ in 0..labelled {
                one.labelled += 1;
                let y = if regression {
                    let error = truth * 1.73 * (rng.unit() * 2.0 - 1.0);
                    rate.squares += error * error;
                    rate.errors += error.abs();
                    loss.outcome(error)
                } else {
                    let right = rng.unit() < truth;
                    one.right += u64::from(right);
                    Some(f64::from(u8::from(right)))
                };
                if let Some(y) = y {
                    experiment.labelled(epoch, i, y, Some(2_000.0));
                    (rate.n, rate.sum) = (rate.n + 1, rate.sum + y);
                }
            }
            if second % every == 0 || second + 1 == seconds {
                one.score = robbins::band(rate.sum, rate.n, ALPHA).map(|band| match loss.cap() {
                    Some(cap) if regression => Interval {
                        estimate: cap * (1.0 - band.estimate),
                        low: cap * (1.0 - band.high),
                        high: cap * (1.0 - band.low),
                    },
                    _ => band,
                });
            }
            let none = Interval { estimate: f64::NAN, low: f64::NAN, high: f64::NAN };
            let Interval { estimate, low, high } = one.score.unwrap_or(none);
            one.seconds.push_back(Second {
                at_s,
                requests: requests as u32,
                client_errors: 0,
                server_errors: 0,
                p50_us: (one.p50_us as f64 * (0.95 + 0.1 * rng.unit())) as u32,
                p99_us: (one.p99_us as f64 * (0.9 + 0.2 * rng.unit())) as u32,
                labelled_total: one.labelled,
                score: estimate,
                score_low: low,
                score_high: high,
            });
        }
    }
    let mut summary = experiment.summary();
    for ((one, rate), arm) in variants.iter_mut().zip(&rates).zip(&mut summary.arms) {
        (one.drawn, one.predictions, arm.drawn) = (one.requests, one.requests, one.requests);
        (arm.counted, arm.expected) = (one.requests, one.requests as f64);
        if regression && one.labelled > 0 {
            let n = one.labelled as f64;
            (one.rmse, one.mae) = (Some((rate.squares / n).sqrt()), Some(rate.errors / n));
        }
    }
    EndpointLive {
        endpoint: endpoint.name.clone(),
        revision: 1,
        score: if regression { Score::Rmse } else { Score::Accuracy },
        variants,
        shift: None,
        shadows: Vec::new(),
        marks: change
            .map(|c| Mark { at_ms: c.at.0, kind: MarkKind::Weights, label: "50/50 → 62/38".to_owned() })
            .into_iter()
            .collect(),
        in_flight: 3,
        draining: 0,
        last_request_ms: Some(NOW.0),
        experiment: Some(Arc::new(ExperimentLive { summary, cap: loss.cap() })),
        capture: CaptureLive {
            taken: 12_480,
            labels: LabelCounts { joined: 9_872, late: 14, unknown: 3, ..LabelCounts::default() },
            ..CaptureLive::default()
        },
    }
}
