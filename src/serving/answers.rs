//! Reads an answer back, whichever model wrote it and in whichever form, and compares it with the labels of its rows.

use serde_json::Value;

use super::content::recordio;
use crate::ml::{Model, Task};
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

/// How the answers of a model are read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// What it answers.
    pub task: Task,
    /// Of two classes: a score above it stands for class 1.
    pub threshold: f64,
}

impl Reading {
    /// How this model's answers are read.
    pub fn of(model: &Model) -> Self {
        Self { task: model.task(), threshold: f64::from(model.threshold().unwrap_or(0.5)) }
    }

    /// What its labels measure.
    pub fn score(self) -> Score {
        match self.task {
            Task::Regression => Score::Rmse,
            Task::Binary | Task::Multiclass(_) => Score::Accuracy,
        }
    }
}

/// The outcome of each row, in order.
///
/// # Errors
/// Why the answer can't be compared, in words.
pub fn judge(content_type: &str, body: &[u8], labels: &[f64], reading: Reading) -> Result<Vec<Outcome>, String> {
    let rows = labels.len();
    let answers = if content_type.starts_with("application/x-recordio-protobuf") {
        read_records(body)?
    } else if content_type.starts_with("application/jsonlines") {
        read_json_lines(body)?
    } else if content_type.starts_with("application/json") {
        read_json(body)?
    } else {
        read_csv(body, rows)?
    };
    if answers.len() != rows {
        return Err(format!("{} answers came for {rows} rows", answers.len()));
    }
    answers.iter().zip(labels).map(|(answer, label)| compare(answer, *label, reading)).collect()
}

fn compare(answer: &Answer, label: f64, reading: Reading) -> Result<Outcome, String> {
    let class = match answer {
        Answer::Score(value) if !value.is_finite() => return Err(format!("the answer is {value}")),
        Answer::Score(value) => match reading.task {
            Task::Regression => return Ok(Outcome::Error(value - label)),
            Task::Binary => f64::from(u8::from(*value > reading.threshold)),
            Task::Multiclass(_) => value.round(),
        },
        Answer::Class(class) => *class,
        Answer::Classes(each) => {
            // The first of the largest, as the models choose.
            let first = |best: (usize, f64), (at, p): (usize, &f64)| if *p > best.1 { (at, *p) } else { best };
            each.iter().enumerate().fold((0, f64::NEG_INFINITY), first).0 as f64
        }
    };
    Ok(Outcome::Class { right: class == label })
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
    rows.iter().map(read_row).collect()
}

/// The same, a row a line.
fn read_json_lines(body: &[u8]) -> Result<Vec<Answer>, String> {
    let lines = body.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    let parsed = lines.map(|line| {
        let row: Value = serde_json::from_slice(line).map_err(|error| format!("the answer is not JSON: {error}"))?;
        read_row(&row)
    });
    parsed.collect()
}

/// The linear learner's records.
fn read_records(body: &[u8]) -> Result<Vec<Answer>, String> {
    let rows = recordio::read(body).ok_or_else(|| "the answer is not in records".to_owned())?;
    let answer = |(scores, class): recordio::Row| match (class, &scores[..]) {
        (Some(class), _) => Answer::Class(f64::from(class)),
        (None, [score]) => Answer::Score(f64::from(*score)),
        (None, several) => Answer::Classes(several.iter().map(|score| f64::from(*score)).collect()),
    };
    Ok(rows.into_iter().map(answer).collect())
}

fn read_row(row: &Value) -> Result<Answer, String> {
    if let Some(class) = row.get("predicted_label").and_then(Value::as_f64) {
        return Ok(Answer::Class(class));
    }
    let numbers = |list: &[Value]| list.iter().map(Value::as_f64).collect::<Option<Vec<f64>>>();
    let score = row.get("score").unwrap_or(row);
    score
        .as_f64()
        .map(Answer::Score)
        .or_else(|| numbers(score.as_array()?).map(Answer::Classes))
        .ok_or_else(|| format!("the answer has no score: {row}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BINARY: Reading = Reading { task: Task::Binary, threshold: 0.5 };
    const MANY: Reading = Reading { task: Task::Multiclass(3), threshold: 0.5 };
    const NUMBER: Reading = Reading { task: Task::Regression, threshold: 0.5 };

    fn right(outcomes: &[Outcome]) -> Vec<bool> {
        outcomes.iter().map(|o| matches!(o, Outcome::Class { right: true })).collect()
    }

    #[test]
    fn probabilities_in_csv() {
        let outcomes = judge("text/csv; charset=utf-8", b"0.9,0.2,0.51", &[1.0, 1.0, 0.0], BINARY).unwrap();
        assert_eq!(right(&outcomes), [true, false, false]);
    }

    #[test]
    fn the_threshold_is_the_models_own() {
        let margin = Reading { threshold: 0.0, ..BINARY };
        assert_eq!(right(&judge("text/csv", b"0.1,-0.1", &[1.0, 1.0], margin).unwrap()), [true, false]);
    }

    #[test]
    fn a_regression_has_errors_with_a_sign() {
        assert_eq!(judge("text/csv", b"24.5\n", &[20.0], NUMBER).unwrap(), [Outcome::Error(4.5)]);
        let json = br#"{"predictions": [{"score": 19.0}]}"#;
        assert_eq!(judge("application/json", json, &[20.0], NUMBER).unwrap(), [Outcome::Error(-1.0)]);
        let lines = b"{\"score\": 19.0}\n{\"score\": 21}\n";
        let outcomes = judge("application/jsonlines", lines, &[20.0, 20.0], NUMBER).unwrap();
        assert_eq!(outcomes, [Outcome::Error(-1.0), Outcome::Error(1.0)]);
    }

    #[test]
    fn classes_by_index_or_by_probability() {
        assert_eq!(right(&judge("text/csv", b"2,0", &[2.0, 1.0], MANY).unwrap()), [true, false]);
        assert_eq!(right(&judge("text/csv", b"0.1,0.2,0.7,0.5,0.3,0.2", &[2.0, 1.0], MANY).unwrap()), [true, false]);
        let listed = b"[0.1, 0.2, 0.7],[0.5, 0.3, 0.2]";
        assert_eq!(right(&judge("text/csv", listed, &[2.0, 1.0], MANY).unwrap()), [true, false]);
        assert_eq!(right(&judge("text/csv", b"[0.4, 0.4, 0.2]", &[0.0], MANY).unwrap()), [true]);
    }

    #[test]
    fn the_label_of_the_linear_learner_goes_before_its_score() {
        let json =
            br#"{"predictions": [{"score": 0.4, "predicted_label": 1}, {"score": 0.9, "predicted_label": 0.0}]}"#;
        assert_eq!(right(&judge("application/json", json, &[1.0, 1.0], BINARY).unwrap()), [true, false]);
    }

    #[test]
    fn records_are_read_like_the_rest() {
        let mut body = Vec::new();
        recordio::write(&mut body, &[0.4], Some(1));
        recordio::write(&mut body, &[0.9], Some(0));
        let kind = "application/x-recordio-protobuf";
        assert_eq!(right(&judge(kind, &body, &[1.0, 1.0], BINARY).unwrap()), [true, false]);
        let mut number = Vec::new();
        recordio::write(&mut number, &[19.0], None);
        assert_eq!(judge(kind, &number, &[20.0], NUMBER).unwrap(), [Outcome::Error(-1.0)]);
        assert!(judge(kind, b"1", &[1.0], BINARY).unwrap_err().contains("not in records"));
    }

    #[test]
    fn what_can_not_be_compared_is_said() {
        assert!(judge("text/csv", b"nan", &[1.0], NUMBER).unwrap_err().contains("NaN"));
        assert!(judge("text/csv", b"1,2,3", &[1.0, 1.0], BINARY).unwrap_err().contains("3 numbers came for 2 rows"));
        assert!(judge("text/csv", b"x", &[1.0], BINARY).unwrap_err().contains("not a number"));
        assert!(judge("application/json", b"{}", &[1.0], BINARY).unwrap_err().contains("no list"));
        assert!(judge("application/json", b"[{}]", &[1.0], BINARY).unwrap_err().contains("no score"));
        assert!(judge("application/jsonlines", b"{", &[1.0], BINARY).unwrap_err().contains("not JSON"));
    }
}
