//! What the Compare page says, worked out from a replay: what was compared, the scores, and who is better in words that can't be misread.

use std::fmt::Write;

use crate::domain::endpoint::Endpoint;
use crate::domain::replay::{Contestant, ReplaySource};
use crate::domain::time::Timestamp;
use crate::gui::format;
use crate::gui::pages::paired;
use crate::gui::route::Route;
use crate::gui::widgets::PillTone;
use crate::gui::widgets::plot::Unit;
use crate::gui::widgets::plot::scale::grouped;
use crate::workspace::{Measure, ModelScore, PairScore, Replay, ReplayResult, ReplayStatus, Snapshot};

/// The line below the title.
pub fn about(replay: &Replay, now: Timestamp) -> String {
    let models = format::plural(replay.spec.contestants.len(), "model");
    let mut words = format!("{models} on {}", replay.spec.source);
    if let ReplayStatus::Completed(result) = &replay.status {
        let rows = format::plural(usize::try_from(result.rows).unwrap_or(usize::MAX), "row");
        // Writing to a String can't fail.
        let _ = write!(words, " · {rows} in {} · {}", took(result.took_ms), format::ago(now, replay.started));
    }
    words
}

fn took(ms: u64) -> String {
    if ms < 10_000 {
        format!("{} s", grouped(ms as f64 / 1e3, 2))
    } else {
        format::duration(i64::try_from(ms).unwrap_or(i64::MAX))
    }
}

/// What the empty page offers: words, and where to go first when there is nothing to compare.
pub fn first_step(snapshot: &Snapshot) -> (&'static str, Option<Route>) {
    if snapshot.models.is_empty() {
        ("Train a model first", Some(Route::NewTrainingJob { clone_of: None }))
    } else {
        ("New comparison…", None)
    }
}

/// Letters stand for models where there is no room for names.
pub fn letter(place: usize) -> char {
    char::from(b'A' + u8::try_from(place.min(25)).unwrap_or(25))
}

/// Titles of the table of scores.
pub const fn score_titles(measure: Measure) -> [&'static str; 3] {
    match measure {
        Measure::Number => ["RMSE", "MAE", "Bias"],
        Measure::TwoClasses | Measure::Classes => ["Accuracy", "AUC", "Log loss"],
    }
}

/// The three numbers under them; `NaN` where there is none.
pub fn score_values(measure: Measure, model: &ModelScore) -> [f64; 3] {
    let none = f64::NAN;
    match (measure, &model.residuals) {
        (Measure::Number, Some(residuals)) => [residuals.rmse, residuals.mae, residuals.bias],
        (Measure::Number, None) => [none; 3],
        _ => {
            let auc = model.curves.as_ref().map_or(none, |curves| curves.roc.area);
            [model.accuracy.unwrap_or(none), auc, model.log_loss.unwrap_or(none)]
        }
    }
}

/// How one of them is written.
pub fn score_words(measure: Measure, column: usize, value: f64) -> String {
    if measure != Measure::Number && column == 0 { Unit::Percent.precise(value) } else { Unit::Number.precise(value) }
}

/// The best of a column, by place: the largest accuracy or AUC, the smallest of the others. Bias has no best.
pub fn best(measure: Measure, column: usize, values: &[f64]) -> Option<usize> {
    let larger = measure != Measure::Number && column < 2;
    if measure == Measure::Number && column == 2 || values.len() < 2 {
        return None;
    }
    let key = |value: f64| if larger { -value } else { value };
    let (place, value) =
        values.iter().enumerate().filter(|(_, v)| !v.is_nan()).min_by(|a, b| key(*a.1).total_cmp(&key(*b.1)))?;
    // A tie has no winner.
    (values.iter().filter(|other| *other == value).count() == 1).then_some(place)
}

/// The models' names without what all of them begin with, where all are variants of one endpoint.
pub fn short_names(result: &ReplayResult) -> Vec<&str> {
    let split: Option<Vec<(&str, &str)>> = result.models.iter().map(|model| model.name.split_once(" / ")).collect();
    match split {
        Some(split) if split.windows(2).all(|two| two[0].0 == two[1].0) => {
            split.into_iter().map(|(_, variant)| variant).collect()
        }
        _ => result.models.iter().map(|model| model.name.as_str()).collect(),
    }
}

/// A time of a request, in the unit that tells models apart.
pub fn latency(us: f64) -> String {
    if us < 1_000.0 {
        format!("{} µs", grouped(us, usize::from(us < 100.0)))
    } else {
        Unit::Milliseconds.precise(us / 1e3)
    }
}

/// Who is better of two, in one sentence, and why it may be said.
pub fn verdict(result: &ReplayResult, pair: &PairScore) -> (PillTone, String, String) {
    let names = short_names(result);
    let name = |place: usize| names.get(place).copied().unwrap_or_default();
    paired::verdict(name(pair.of.0), name(pair.of.1), &pair.test, pair.cap)
}

/// Everything that can be compared on rows like those of a source: the endpoint's variants first, then all models, newest first.
pub fn contestants(snapshot: &Snapshot, source: Option<&ReplaySource>) -> Vec<Contestant> {
    let mut all = Vec::new();
    let mut variants = |endpoint: &Endpoint| {
        all.extend(
            endpoint
                .variants
                .iter()
                .map(|variant| Contestant::Variant { endpoint: endpoint.name.clone(), variant: variant.name.clone() }),
        );
    };
    let chosen = match source {
        Some(ReplaySource::Captured { endpoint }) => snapshot.endpoints.get(endpoint),
        _ => None,
    };
    if let Some(endpoint) = chosen {
        variants(endpoint);
    }
    let others = snapshot.endpoints.values().filter(|endpoint| endpoint.status.serves());
    others
        .filter(|endpoint| chosen.is_none_or(|chosen| chosen.name != endpoint.name))
        .for_each(|endpoint| variants(endpoint));
    let mut models: Vec<_> = snapshot.models.values().filter(|model| model.algorithm().is_some()).collect();
    models.sort_by_key(|model| std::cmp::Reverse(model.created));
    all.extend(models.into_iter().map(|model| Contestant::Model(model.name.clone())));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::algorithm::Algorithm;
    use crate::stats::experiment::paired::Paired;

    fn model(name: &str, accuracy: f64) -> ModelScore {
        ModelScore {
            name: name.to_owned(),
            model_name: name.to_owned(),
            algorithm: Algorithm::XGBoost,
            accuracy: Some(accuracy),
            log_loss: None,
            curves: None,
            calibration: None,
            confusion: None,
            residuals: None,
            p50_us: 1.0,
            p99_us: 2.0,
            usd_per_hour: None,
        }
    }

    fn result(outcomes: &[(f64, f64)]) -> ReplayResult {
        let mut test = Paired::classes(0.05);
        for (a, b) in outcomes {
            test.row(*a, *b);
        }
        ReplayResult {
            measure: Measure::TwoClasses,
            rows: outcomes.len() as u64,
            left_out: None,
            took_ms: 5,
            models: vec![model("old", 0.5), model("new", 0.6)],
            pairs: vec![PairScore { of: (0, 1), test: test.summary(), cap: None }],
            disagreements: vec![],
            disagreed: 0,
        }
    }

    fn said(outcomes: &[(f64, f64)]) -> (PillTone, String, String) {
        let result = result(outcomes);
        verdict(&result, &result.pairs[0])
    }

    #[test]
    fn a_winner_is_named_only_when_the_test_says_so() {
        let (tone, words, detail) = said(&[(0.0, 1.0); 60]);
        assert!(words.starts_with("new is better than old"), "{words}");
        assert!(tone == PillTone::Ok && detail.contains("only new on 60"), "{detail}");
        let (tone, words, _) = said(&[(0.0, 1.0), (1.0, 0.0), (1.0, 1.0)]);
        assert!(tone == PillTone::Quiet && words.starts_with("No difference shown between old and new"), "{words}");
        let (_, words, _) = said(&[(1.0, 1.0); 9]);
        assert_eq!(words, "old and new are right and wrong on the same rows");
        let (_, words, _) = said(&[(1.0, 0.0); 60]);
        assert!(words.starts_with("old is better than new: +100.0 points (95 % band +"), "{words}");
    }

    #[test]
    fn the_best_is_the_largest_or_the_smallest_and_a_tie_has_none() {
        assert_eq!(best(Measure::TwoClasses, 0, &[0.5, 0.7, f64::NAN]), Some(1));
        assert_eq!(best(Measure::TwoClasses, 2, &[0.5, 0.7]), Some(0));
        assert_eq!(best(Measure::Number, 0, &[3.0, 2.0]), Some(1));
        assert_eq!((best(Measure::Number, 2, &[3.0, 2.0]), best(Measure::Number, 0, &[2.0, 2.0])), (None, None));
        assert_eq!(score_words(Measure::TwoClasses, 0, 0.8123), "81.2 %");
        assert_eq!(score_words(Measure::TwoClasses, 1, f64::NAN), "–");
    }

    #[test]
    fn errors_shrink_where_a_model_is_better() {
        let mut result = result(&[]);
        let mut test = Paired::graded(0.05);
        (0..200).for_each(|_| test.row(0.5, 0.75));
        result.pairs = vec![PairScore { of: (0, 1), test: test.summary(), cap: Some(8.0) }];
        let (_, words, detail) = verdict(&result, &result.pairs[0]);
        assert!(words.starts_with("new is better than old: −2.000 in absolute error (95 % band −"), "{words}");
        assert!(detail.contains("errors above 8.000 count as that"), "{detail}");
    }

    #[test]
    fn names_are_short_where_one_endpoint_is_meant_and_times_have_their_unit() {
        let mut result = result(&[]);
        assert_eq!(short_names(&result), ["old", "new"]);
        for (model, name) in result.models.iter_mut().zip(["live / a", "live / b"]) {
            model.name = name.to_owned();
        }
        assert_eq!(short_names(&result), ["a", "b"]);
        result.models[1].name = "new".to_owned();
        assert_eq!(short_names(&result), ["live / a", "new"]);
        let times = [latency(3.42), latency(340.2), latency(1_234.0), latency(f64::NAN)];
        assert_eq!(times, ["3.4 µs", "340 µs", "1.23 ms", "–"]);
    }

    #[test]
    fn contestants_have_letters() {
        assert_eq!((letter(0), letter(9)), ('A', 'J'));
    }
}
