//! From a request's body to the model and back: what SageMaker's containers take, and how each answers.

mod csv;
mod json;
mod number;
pub mod recordio;
mod write;

use std::cell::RefCell;

use super::error::InvokeError;
use crate::domain::algorithm::Algorithm;
use crate::domain::training_job::ChannelFormat;
use crate::ml::{Dense, Matrix, Model, read};

pub use write::Form;

/// A good answer, ready for the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prediction {
    /// MIME type of the body.
    pub content_type: &'static str,
    /// The body.
    pub body: Vec<u8>,
    /// Rows that were predicted.
    pub rows: usize,
}

/// How the rows of a body are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Written {
    Csv,
    Libsvm,
    Json,
    JsonLines,
    RecordIo,
}

/// Buffers that a thread keeps from request to request, so that a row of numbers costs no allocation.
#[derive(Default)]
struct Scratch {
    values: Vec<f32>,
    outputs: Vec<f32>,
}

/// Values that a thread keeps room for between requests; what a large body needed beyond that is given back.
const KEPT_VALUES: usize = 1 << 16;

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Reads the rows of a body, asks the model, and writes its answers.
///
/// # Errors
/// A content type or `Accept` that isn't ours, rows that can't be read or don't fit the model.
pub fn answer(
    model: &Model,
    content_type: Option<&str>,
    accept: Option<&str>,
    body: &[u8],
) -> Result<Prediction, InvokeError> {
    let written = Written::accepted(content_type, model.algorithm())?;
    let form = Form::accepted(accept, model.algorithm())?;
    SCRATCH.with_borrow_mut(|scratch| {
        let rows = scratch.predict(model, written, body)?;
        let body = write::write(model, form, &scratch.outputs);
        scratch.values.shrink_to(KEPT_VALUES);
        scratch.outputs.shrink_to(KEPT_VALUES);
        Ok(Prediction { content_type: form.content_type(), body, rows })
    })
}

/// Reads the rows of a body and asks the model: `out` is cleared and holds [`Model::outputs_per_row`] numbers a row. Answers how many rows.
///
/// # Errors
/// As [`answer`].
pub fn outputs(
    model: &Model,
    content_type: Option<&str>,
    body: &[u8],
    out: &mut Vec<f32>,
) -> Result<usize, InvokeError> {
    let written = Written::accepted(content_type, model.algorithm())?;
    SCRATCH.with_borrow_mut(|scratch| {
        let rows = scratch.predict(model, written, body)?;
        out.clear();
        out.extend_from_slice(&scratch.outputs);
        scratch.values.shrink_to(KEPT_VALUES);
        scratch.outputs.shrink_to(KEPT_VALUES);
        Ok(rows)
    })
}

/// The rows of a body, whatever it is written in; dense ones must have `features` columns.
///
/// # Errors
/// A content type that isn't ours, rows that can't be read.
pub fn rows(content_type: &str, body: &[u8], features: usize) -> Result<Matrix, InvokeError> {
    Written::from_content_type(Some(content_type))?.read(body, features, &mut Vec::new())
}

impl Written {
    /// Reads rows. Dense ones of CSV are read into `values`, and leave with the matrix.
    fn read(self, body: &[u8], features: usize, values: &mut Vec<f32>) -> Result<Matrix, InvokeError> {
        let unread = |error: read::RowError| InvokeError::Body(error.to_string());
        Ok(match self {
            Self::Csv => {
                let rows = csv::read(body, features, values)?;
                Matrix::Dense(Dense { rows, cols: features, values: std::mem::take(values) })
            }
            Self::Libsvm => read::read_libsvm("the body", body, false).map_err(unread)?.features,
            Self::RecordIo => read::read_recordio("the body", body, false).map_err(unread)?.features,
            Self::Json => json::read(body, features)?,
            Self::JsonLines => json::read_lines(body, features)?,
        })
    }

    /// What a `Content-Type` header says, if the algorithm reads it.
    fn accepted(given: Option<&str>, algorithm: Algorithm) -> Result<Self, InvokeError> {
        let written = Self::from_content_type(given)?;
        if written == Self::RecordIo && !ChannelFormat::RecordIo.is_of(algorithm) {
            return Err(InvokeError::ContentType(given.map(str::to_owned)));
        }
        Ok(written)
    }

    fn from_content_type(given: Option<&str>) -> Result<Self, InvokeError> {
        let name = given.and_then(|given| given.split(';').next()).unwrap_or_default().trim();
        let is = |known: &&str| name.eq_ignore_ascii_case(known);
        if ["text/csv", "csv"].iter().any(is) {
            Ok(Self::Csv)
        } else if ["application/json", "json"].iter().any(is) {
            Ok(Self::Json)
        } else if ["text/libsvm", "text/x-libsvm", "libsvm"].iter().any(is) {
            Ok(Self::Libsvm)
        } else if ["application/jsonlines", "application/x-jsonlines", "application/jsonl"].iter().any(is) {
            Ok(Self::JsonLines)
        } else if is(&ChannelFormat::RecordIo.content_type()) {
            Ok(Self::RecordIo)
        } else {
            Err(InvokeError::ContentType(given.map(str::to_owned)))
        }
    }
}

impl Scratch {
    /// Leaves the outputs of all rows in `outputs`, and returns how many rows there were.
    fn predict(&mut self, model: &Model, written: Written, body: &[u8]) -> Result<usize, InvokeError> {
        let features = model.features();
        let matrix = match written {
            Written::Csv => {
                let rows = csv::read(body, features, &mut self.values)?;
                // Only the linear learner minds what is missing, and only the general way below says so.
                let whole = model.algorithm() != Algorithm::LinearLearner || !self.values.iter().any(|v| v.is_nan());
                if rows == 1 && whole {
                    model.predict_row(&self.values, &mut self.outputs);
                    return Ok(1);
                }
                Matrix::Dense(Dense { rows, cols: features, values: std::mem::take(&mut self.values) })
            }
            other => other.read(body, features, &mut self.values)?,
        };
        let rows = matrix.rows();
        if rows == 0 {
            return Err(InvokeError::Body("the body holds no row".to_owned()));
        }
        let checked = model.check(&matrix).map_err(|unfit| InvokeError::Unfit(unfit.to_string()));
        if checked.is_ok() {
            model.predict(&matrix, &mut self.outputs);
        }
        if let Matrix::Dense(dense) = matrix {
            self.values = dense.values;
        }
        checked.map(|()| rows)
    }
}

/// A piece of a body in quotation marks for an error message: short, and readable whatever it holds.
fn shown(bytes: &[u8]) -> String {
    const MOST: usize = 40;
    let text = String::from_utf8_lossy(bytes);
    let cut: String = text.trim().chars().take(MOST).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let more = if text.trim().chars().nth(MOST).is_some() { "…" } else { "" };
    format!("\u{201c}{cut}{more}\u{201d}")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::ml::xgboost::read_model;

    /// A model of two features that answers `base` plus 1 where the second is at least ½ or missing, minus 1 otherwise.
    pub(in crate::serving) fn small(base: f32) -> Model {
        let text = format!(
            r#"{{"learner":{{"attributes":{{}},"learner_model_param":{{"base_score":"{base}","num_class":"0","num_feature":"2"}},
            "objective":{{"name":"reg:squarederror"}},"gradient_booster":{{"name":"gbtree","model":{{
            "gbtree_model_param":{{"num_parallel_tree":"1"}},"tree_info":[0],"trees":[
            {{"left_children":[1,-1,-1],"right_children":[2,-1,-1],"split_indices":[1,0,0],"split_conditions":[0.5,-1,1],
              "default_left":[false,false,false],"tree_param":{{"num_nodes":"3"}}}}]}}}}}},"version":[1,0,0]}}"#
        );
        Model::XGBoost(read_model(text.as_bytes()).unwrap())
    }

    fn csv(model: &Model, content_type: &str, body: &str) -> Result<String, String> {
        answer(model, Some(content_type), None, body.as_bytes())
            .map(|prediction| {
                assert_eq!(prediction.content_type, "text/csv; charset=utf-8");
                String::from_utf8(prediction.body).unwrap()
            })
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_row_is_answered_the_same_whichever_way_it_is_written() {
        let model = small(3.0);
        for (content_type, body) in [
            ("text/csv", "7,0.25\n7,0.75\n7,"),
            ("TEXT/CSV; charset=utf-8", "7,0.25\r\n7,0.75\r\n7,\r\n"),
            ("text/libsvm", "0:7 1:0.25\n0:7 1:0.75\n0:7\n"),
            ("text/x-libsvm", "1 0:7 1:0.25\n0 0:7 1:0.75\n1 0:7\n"),
            (
                "application/json",
                r#"{"instances": [{"features": [7, 0.25]}, {"features": [7, 0.75]}, {"features": [7, null]}]}"#,
            ),
            ("application/json", "[[7, 0.25], [7, 0.75], [7, null]]"),
            ("application/jsonlines", "[7, 0.25]\n{\"features\": [7, 0.75]}\n[7, null]"),
        ] {
            assert_eq!(csv(&model, content_type, body).unwrap(), "2,4,4", "{content_type}");
        }
        assert_eq!(csv(&model, "text/csv", "7,0.25").unwrap(), "2", "one row, by the quick way");
    }

    #[test]
    fn other_forms_are_written_on_request() {
        let model = small(3.0);
        let ask = |accept| {
            String::from_utf8(answer(&model, Some("text/csv"), Some(accept), b"7,0\n7,1").unwrap().body).unwrap()
        };
        assert_eq!(ask("application/json"), r#"{"predictions": [{"score": 2}, {"score": 4}]}"#);
        assert_eq!(ask("application/jsonlines"), "{\"score\": 2}\n{\"score\": 4}\n");
    }

    #[test]
    fn several_numbers_a_row_stand_in_brackets() {
        let text = r#"{"learner":{"attributes":{},"learner_model_param":{"base_score":"0.5","num_class":"2","num_feature":"1"},
            "objective":{"name":"multi:softprob"},"gradient_booster":{"name":"gbtree","model":{
            "gbtree_model_param":{"num_parallel_tree":"1"},"tree_info":[],"trees":[]}}},"version":[1,0,0]}"#;
        let model = Model::XGBoost(read_model(text.as_bytes()).unwrap());
        let ask = |accept| String::from_utf8(answer(&model, Some("text/csv"), accept, b"7\n8").unwrap().body).unwrap();
        assert_eq!(ask(None), "[0.5, 0.5],[0.5, 0.5]");
        assert_eq!(ask(Some("application/jsonlines")), "{\"score\": [0.5, 0.5]}\n{\"score\": [0.5, 0.5]}\n");
    }

    #[test]
    fn the_linear_learner_labels_its_classes() {
        let data = crate::ml::Dataset {
            features: Matrix::Dense(Dense::new(40, 1, (0..40_u8).map(f32::from).collect()).unwrap()),
            labels: (0..40).map(|row| f32::from(u8::from(row >= 20))).collect(),
        };
        let given = [("predictor_type", "binary_classifier"), ("epochs", "20")];
        let given = given.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let format = ChannelFormat::Csv;
        let go_on = &mut |_: &crate::ml::Round<'_>| crate::ml::Continue::Yes;
        let trained = crate::ml::train(Algorithm::LinearLearner, &given, &data, None, format, 1, go_on).unwrap();
        let body = answer(&trained.model, Some("text/csv"), None, b"0\n39").unwrap().body;
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let rows = body["predictions"].as_array().unwrap();
        assert_eq!((&rows[0]["predicted_label"], &rows[1]["predicted_label"]), (&0.into(), &1.into()));
        assert!(rows[0]["score"].as_f64().unwrap() < rows[1]["score"].as_f64().unwrap());

        // The same two rows as records, dense and sparse, answered as records.
        let record = |tensor: &[u8]| {
            let mut message = vec![10, tensor.len() as u8 + 12, 10, 6];
            message.extend(b"values");
            message.extend([18, tensor.len() as u8 + 2, 18, tensor.len() as u8]);
            message.extend(tensor);
            let mut bytes = vec![0x0A, 0x23, 0xD7, 0xCE, message.len() as u8, 0, 0, 0];
            bytes.extend(message);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
            bytes
        };
        let value = 39_f32.to_le_bytes();
        let dense = [&[10, 4][..], &value].concat();
        let nothing = [26, 1, 1];
        let recordio = Some("application/x-recordio-protobuf");
        let ask = |rows: &[u8], accept| answer(&trained.model, recordio, accept, rows);
        let rows = [record(&nothing), record(&dense)].concat();
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&ask(&rows, None).unwrap().body).unwrap(), body);
        let answered = ask(&rows, recordio).unwrap();
        assert_eq!((answered.rows, answered.content_type), (2, "application/x-recordio-protobuf"));
        assert!(read::is_recordio(&answered.body));
        let wide = record(&[&[10, 8][..], &value, &value].concat());
        assert!(matches!(ask(&wide, None), Err(InvokeError::Unfit(_))));
        assert!(matches!(ask(b"0\n39", None), Err(InvokeError::Body(_))));
        let trees = answer(&small(0.0), recordio, None, &rows);
        assert!(matches!(trees, Err(InvokeError::ContentType(Some(_)))), "only the linear learner's container");
    }

    #[test]
    fn refusals_say_what_was_expected() {
        let model = small(0.0);
        assert!(csv(&model, "application/x-www-form-urlencoded", "1,2").unwrap_err().starts_with(
            "Content type application/x-www-form-urlencoded is not supported: this endpoint takes text/csv"
        ));
        assert!(
            answer(&model, None, None, b"1,2").unwrap_err().to_string().starts_with("The request has no Content-Type")
        );
        assert_eq!(csv(&model, "text/csv", " \n").unwrap_err(), "the body holds no row");
        assert_eq!(csv(&model, "application/json", "[]").unwrap_err(), "the body holds no row");
        let beyond = csv(&model, "text/libsvm", "0:1 5:2").unwrap_err();
        assert!(beyond.contains("expects 2 features") && beyond.contains('6'), "{beyond}");
        assert!(csv(&model, "text/libsvm", "0:1\n0:x").unwrap_err().starts_with("the body, line 2"));
        assert_eq!(csv(&model, "text/csv", "1,2").unwrap(), "1", "a refusal leaves nothing behind");
    }

    #[test]
    fn what_is_shown_of_a_body_is_short() {
        assert_eq!(shown(b" a\tb "), "\u{201c}a b\u{201d}");
        assert_eq!(shown(&[b'x'; 100]).chars().count(), 43);
    }
}
