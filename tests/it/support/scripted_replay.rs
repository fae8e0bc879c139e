//! A made-up comparison for the pictures: what it says follows from seeded answers, by the program's own formulae.

use std::sync::Arc;

use counterpoise::domain::algorithm::Algorithm;
use counterpoise::domain::replay::{Contestant, ReplaySource, ReplaySpec};
use counterpoise::stats::evaluate::calibration::calibration;
use counterpoise::stats::evaluate::confusion::Confusion;
use counterpoise::stats::evaluate::curves::curves;
use counterpoise::stats::evaluate::residuals::residuals;
use counterpoise::stats::experiment::paired::Paired;
use counterpoise::util::seed::Rng;
use counterpoise::workspace::{Disagreement, Measure, ModelScore, PairScore, Replay, ReplayResult, ReplayStatus};

use super::world::ago;

const ROWS: usize = 2_843;
const NAMES: [(&str, &str, Algorithm); 2] = [
    ("sentiment-live / linear-b", "sentiment-linear-2", Algorithm::LinearLearner),
    ("sentiment-live / xgb-a", "sentiment-xgb-2", Algorithm::XGBoost),
];
const WORDS: [&str; 8] = ["warm", "slow", "brilliant", "dull", "funny", "plot", "acting", "minutes"];

/// A comparison that stands like that.
pub fn of(status: ReplayStatus) -> Replay {
    let contestants = ["linear-b", "xgb-a"]
        .map(|variant| Contestant::Variant { endpoint: "sentiment-live".to_owned(), variant: variant.to_owned() });
    let source = ReplaySource::Captured { endpoint: "sentiment-live".to_owned() };
    Replay {
        revision: 1,
        spec: ReplaySpec { source, contestants: contestants.to_vec() },
        started: ago(120_000),
        status,
    }
}

/// What came of it.
pub fn result(measure: Measure) -> ReplayResult {
    let mut rng = Rng::new(11);
    let mut normal = move || (0..12).map(|_| rng.unit()).sum::<f64>() - 6.0;
    let mut labels = Vec::with_capacity(ROWS);
    let mut scores = [Vec::with_capacity(ROWS), Vec::with_capacity(ROWS)];
    for _ in 0..ROWS {
        let (truth, hard) = (normal(), normal());
        labels.push(match measure {
            Measure::Number => (22.0 + 9.0 * truth) as f32,
            Measure::TwoClasses => f32::from(u8::from(truth > 0.0)),
            Measure::Classes => (truth + 2.0).clamp(0.0, 3.9).floor() as f32,
        });
        for (place, noise) in [(0, 1.1), (1, 0.7)] {
            let seen = truth + 0.5 * hard * noise + noise * 0.7 * normal();
            scores[place].push(match measure {
                Measure::Number => (22.0 + 9.0 * seen * 0.9) as f32,
                Measure::TwoClasses => (1.0 / (1.0 + (-2.2 * seen).exp())) as f32,
                Measure::Classes => (seen + 2.0).clamp(0.0, 3.9).floor() as f32,
            });
        }
    }
    let class = |score: f32| match measure {
        Measure::Number => None,
        Measure::TwoClasses => Some(u32::from(score > 0.5)),
        Measure::Classes => Some(score as u32),
    };
    let models = NAMES.iter().zip(&scores).enumerate().map(|(i, ((name, model, algorithm), scores))| {
        let pairs = labels.iter().zip(scores).map(|(y, p)| (*y as u32, class(*p).unwrap_or(0)));
        let confusion = (measure != Measure::Number).then(|| Confusion::of(pairs));
        let two = measure == Measure::TwoClasses;
        let loss = |(p, y): (&f32, &f32)| -f64::from(if *y > 0.5 { *p } else { 1.0 - *p }).max(1e-9).ln();
        ModelScore {
            name: (*name).to_owned(),
            model_name: (*model).to_owned(),
            algorithm: *algorithm,
            accuracy: confusion.as_ref().and_then(Confusion::accuracy),
            log_loss: two.then(|| scores.iter().zip(&labels).map(loss).sum::<f64>() / ROWS as f64),
            curves: two.then(|| curves(scores, &labels)).flatten(),
            calibration: two.then(|| calibration(scores, &labels)).flatten(),
            confusion,
            residuals: (measure == Measure::Number).then(|| residuals(scores, &labels, (-20.0, 20.0))).flatten(),
            p50_us: [3.4, 9.1][i],
            p99_us: [8.9, 24.6][i],
            usd_per_hour: Some(0.115),
        }
    });
    let models = models.collect();
    let cap = (measure == Measure::Number).then_some(60.0);
    let mut test = if cap.is_some() { Paired::graded(0.05) } else { Paired::classes(0.05) };
    let outcome = |score: f32, label: f32| match cap {
        Some(cap) => 1.0 - (f64::from(score - label).abs() / cap).min(1.0),
        None => f64::from(u8::from(class(score) == Some(label as u32))),
    };
    let mut disagreements = Vec::new();
    let mut rng = Rng::new(3);
    for row in 0..ROWS {
        let (a, b, label) = (scores[0][row], scores[1][row], labels[row]);
        test.row(outcome(a, label), outcome(b, label));
        if class(a) != class(b) || measure == Measure::Number {
            let words: Vec<&str> = (0..6).map(|_| WORDS[rng.below(WORDS.len())]).collect();
            let request = if measure == Measure::Number {
                format!("0.0{row},18.0,2.31,0,0.538,6.575,65.2")
            } else {
                words.join(" ")
            };
            disagreements.push(Disagreement {
                row: row as u64 + 1,
                request: request.into(),
                label: f64::from(label),
                answers: vec![(f64::from(a), class(a)), (f64::from(b), class(b))],
                spread: f64::from((a - b).abs()),
            });
        }
    }
    if measure == Measure::Number {
        disagreements.sort_by(|a, b| b.spread.total_cmp(&a.spread));
    }
    ReplayResult {
        measure,
        rows: ROWS as u64,
        left_out: None,
        took_ms: 310,
        models,
        pairs: vec![PairScore { of: (0, 1), test: test.summary(), cap }],
        disagreed: disagreements.len() as u64,
        disagreements,
    }
}

/// A comparison that is over.
pub fn completed() -> Replay {
    of(ReplayStatus::Completed(Arc::new(result(Measure::TwoClasses))))
}
