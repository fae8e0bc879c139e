//! Reads an endpoint's answer, whichever model wrote it, and compares it with the labels.

use serde_json::Value;

use crate::stats::live::{Outcome, Score};

/// One row's answer.
#[derive(Clone, Debug, PartialEq)]
enum Answer {
    /// The class that the model chose.
    Class(f64),
    /// A score: a number, or the probability of class 1.
    Score(f64),
    /// A probability a class.
    Classes(Vec<f64>),
}

/// What labels are compared by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Yardstick {
    /// What the endpoint's labels measure.
    pub(super) score: Score,
    /// Whether every label is 0 or 1, so that a score is a probability with its threshold at ½.
    pub(super) two_classes: bool,
}

/// The outcome of each row, in order.
///
/// # Errors
/// Why the answer can't be compared, in words.
pub(super) fn judge(
    content_type: &str,
    body: &[u8],
    labels: &[f32],
    yardstick: Yardstick,
) -> Result<Vec<Outcome>, String> {
    let answers =
        if content_type.starts_with("application/json") { read_json(body)? } else { read_csv(body, labels.len())? };
    if answers.len() != labels.len() {
        return Err(format!("{} answers came for {} rows", answers.len(), labels.len()));
    }
    Ok(answers.iter().zip(labels).map(|(answer, label)| compare(answer, f64::from(*label), yardstick)).collect())
}

fn compare(answer: &Answer, label: f64, yardstick: Yardstick) -> Outcome {
    let class = match answer {
        Answer::Score(value) if yardstick.score == Score::Rmse => return Outcome::Error(value - label),
        Answer::Score(value) if yardstick.two_classes => f64::from(u8::from(*value > 0.5)),
        Answer::Score(value) => value.round(),
        Answer::Class(class) => *class,
        Answer::Classes(each) => {
            let best = each.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
            best.map_or(-1.0, |(class, _)| class as f64)
        }
    };
    Outcome::Class { right: class == label }
}

/// XGBoost's container: all numbers on one line, as many a row as the model gives; several of a row in brackets.
fn read_csv(body: &[u8], rows: usize) -> Result<Vec<Answer>, String> {
    let text = std::str::from_utf8(body).map_err(|_| "the answer is not text".to_owned())?;
    let values = text
        .split([',', '\n', '[', ']'])
        .map(str::trim)
        .filter(|field| !field.is_empty())
        .map(|field| field.parse::<f64>().map_err(|_| format!("\u{201c}{field}\u{201d} in the answer is not a number")))
        .collect::<Result<Vec<f64>, String>>()?;
    if rows == 0 || values.len() % rows != 0 {
        return Err(format!("{} numbers came for {rows} rows", values.len()));
    }
    Ok(match values.len() / rows {
        1 => values.into_iter().map(Answer::Score).collect(),
        classes => values.chunks(classes).map(|row| Answer::Classes(row.to_vec())).collect(),
    })
}

/// The linear learner's `{"predictions": [{"score": …, "predicted_label": …}]}`, or bare numbers.
fn read_json(body: &[u8]) -> Result<Vec<Answer>, String> {
    let value: Value = serde_json::from_slice(body).map_err(|error| format!("the answer is not JSON: {error}"))?;
    let rows = value.get("predictions").unwrap_or(&value);
    let rows = rows.as_array().ok_or_else(|| "the answer has no list of predictions".to_owned())?;
    let numbers = |list: &[Value]| list.iter().map(Value::as_f64).collect::<Option<Vec<f64>>>();
    rows.iter()
        .map(|row| {
            if let Some(class) = row.get("predicted_label").and_then(Value::as_f64) {
                return Ok(Answer::Class(class));
            }
            let score = row.get("score").unwrap_or(row);
            score
                .as_f64()
                .map(Answer::Score)
                .or_else(|| numbers(score.as_array()?).map(Answer::Classes))
                .ok_or_else(|| format!("the answer has no score: {row}"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BINARY: Yardstick = Yardstick { score: Score::Accuracy, two_classes: true };
    const MANY: Yardstick = Yardstick { score: Score::Accuracy, two_classes: false };
    const NUMBER: Yardstick = Yardstick { score: Score::Rmse, two_classes: false };

    fn right(outcomes: &[Outcome]) -> Vec<bool> {
        outcomes.iter().map(|o| matches!(o, Outcome::Class { right: true })).collect()
    }

    #[test]
    fn probabilities_in_csv() {
        let outcomes = judge("text/csv; charset=utf-8", b"0.9,0.2,0.51", &[1.0, 1.0, 0.0], BINARY).unwrap();
        assert_eq!(right(&outcomes), [true, false, false]);
    }

    #[test]
    fn a_regression_has_errors_with_a_sign() {
        assert_eq!(judge("text/csv", b"24.5\n", &[20.0], NUMBER).unwrap(), [Outcome::Error(4.5)]);
        let json = br#"{"predictions": [{"score": 19.0}]}"#;
        assert_eq!(judge("application/json", json, &[20.0], NUMBER).unwrap(), [Outcome::Error(-1.0)]);
    }

    #[test]
    fn classes_by_index_or_by_probability() {
        assert_eq!(right(&judge("text/csv", b"2,0", &[2.0, 1.0], MANY).unwrap()), [true, false]);
        assert_eq!(right(&judge("text/csv", b"0.1,0.2,0.7,0.5,0.3,0.2", &[2.0, 1.0], MANY).unwrap()), [true, false]);
        let listed = b"[0.1, 0.2, 0.7],[0.5, 0.3, 0.2]";
        assert_eq!(right(&judge("text/csv", listed, &[2.0, 1.0], MANY).unwrap()), [true, false]);
    }

    #[test]
    fn the_label_of_the_linear_learner_goes_before_its_score() {
        let json =
            br#"{"predictions": [{"score": 0.4, "predicted_label": 1}, {"score": 0.9, "predicted_label": 0.0}]}"#;
        assert_eq!(right(&judge("application/json", json, &[1.0, 1.0], BINARY).unwrap()), [true, false]);
    }

    #[test]
    fn what_can_not_be_compared_is_said() {
        assert!(judge("text/csv", b"1,2,3", &[1.0, 1.0], BINARY).unwrap_err().contains("3 numbers came for 2 rows"));
        assert!(judge("text/csv", b"x", &[1.0], BINARY).unwrap_err().contains("not a number"));
        assert!(judge("application/json", b"{}", &[1.0], BINARY).unwrap_err().contains("no list"));
        assert!(judge("application/json", b"[{}]", &[1.0], BINARY).unwrap_err().contains("no score"));
    }
}
