//! What is fuzzed: one function a parser, bytes in, panics where something is wrong. libFuzzer calls them from `fuzz_targets`, the normal test
//! run from `tests/it/fuzz`, so that both try the same code.

use std::path::PathBuf;
use std::sync::OnceLock;

use counterpoise::aws::model::{self, ModelOf};
use counterpoise::aws::query::Form;
use counterpoise::aws::scope::Scope;
use counterpoise::domain::algorithm::Algorithm;
use counterpoise::domain::training_job::ChannelFormat;
use counterpoise::ml::archive::read_archive;
use counterpoise::ml::xgboost::read_model;
use counterpoise::ml::{Matrix, Model, read};
use counterpoise::serving::content;

/// A parser under test.
pub type Target = fn(&[u8]);

/// Every target by name; its seeds lie in `seeds/NAME`.
pub const TARGETS: &[(&str, Target)] = &[
    ("model_check", model_check),
    ("query", query),
    ("scope", scope),
    ("invocation", invocation),
    ("training_rows", training_rows),
    ("model_file", model_file),
    ("archive", archive),
];

/// `OPERATION JSON` against the service model: an answer soon, an error that is short, the same one twice, and none for no more than a
/// member that nobody knows.
pub fn model_check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (operation, json) = text.split_once(' ').unwrap_or((text, "{}"));
    let Ok(mut input) = serde_json::from_str::<serde_json::Value>(json) else { return };
    for service in ModelOf::ALL {
        let first = model::check(service, operation, &input);
        if let Err(error) = &first {
            assert!(error.status.is_client_error());
            assert!(error.message.len() < 200_000, "{} bytes of error", error.message.len());
            let known =
                ["ValidationException", "ValidationError", "InvalidParameterException", "SerializationException"];
            assert!(known.contains(&error.code), "{}", error.code);
        }
        assert_eq!(first, model::check(service, operation, &input));
        if let Some(object) = input.as_object_mut() {
            object.insert("nobody knows".to_owned(), serde_json::json!([{}, 1]));
        }
        assert_eq!(first, model::check(service, operation, &input));
    }
}

/// A form of the Query protocol: lists and tags are never longer than the form, however they are numbered.
pub fn query(data: &[u8]) {
    let form = Form::parse(data);
    let most = data.len() / "=".len();
    for name in ["PolicyArns", "Tags", "ActionNames", ""] {
        assert!(form.members(name).len() <= most);
        assert!(form.tags(name).len() <= most);
    }
    if let Ok(number) = form.number("MaxItems", 100, 1..=1000) {
        assert!((1..=1000).contains(&number));
    }
    if let Ok(action) = form.need("Action") {
        assert!(!action.is_empty());
    }
}

/// A path and an `Authorization` header, in two lines: what is read has no empty part.
pub fn scope(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (uri, header) = text.split_once('\n').unwrap_or((&text, ""));
    let mut request = hyper::Request::builder().uri(uri);
    if !header.is_empty() {
        request = request.header("authorization", header);
    }
    let Ok(request) = request.body(()) else { return };
    if let Some(scope) = Scope::of(&request.into_parts().0) {
        for part in [scope.access_key, scope.date, scope.region, scope.service] {
            // A byte that is no text becomes three.
            assert!(!part.is_empty() && part.len() <= 3 * text.len());
        }
    }
}

/// A body of an invocation; its first byte chooses the content type, what the client accepts, and the model.
pub fn invocation(data: &[u8]) {
    const TYPES: &[&str] = &["text/csv", "text/libsvm", "application/json", "application/jsonlines"];
    const ACCEPTS: &[Option<&str>] = &[None, Some("application/json"), Some("application/jsonlines"), Some("text/csv")];
    let Some((choice, body)) = data.split_first() else { return };
    let choice = usize::from(*choice);
    let model = &models()[choice / 16 % models().len()];
    let answer = content::answer(model, Some(TYPES[choice % 4]), ACCEPTS[choice / 4 % 4], body);
    match answer {
        Ok(prediction) => assert!(prediction.rows > 0 && prediction.rows <= body.len() && !prediction.body.is_empty()),
        Err(error) => assert!(error.to_string().len() < 2_000, "{} bytes of error", error.to_string().len()),
    }
}

/// A file of a training channel; its first byte chooses the format and whether rows have labels.
pub fn training_rows(data: &[u8]) {
    let Some((choice, body)) = data.split_first() else { return };
    let format = if choice & 1 == 0 { ChannelFormat::Csv } else { ChannelFormat::Libsvm };
    match read::read(format, "file", body, choice & 2 == 0) {
        Ok(data) => {
            assert!(data.rows() <= body.len());
            if choice & 2 == 0 {
                assert_eq!(data.labels.len(), data.rows());
            }
            if let Matrix::Dense(dense) = &data.features {
                assert_eq!(dense.values.len(), dense.rows * dense.cols);
            }
        }
        Err(error) => assert!(error.to_string().len() < 2_000),
    }
}

/// A model file of XGBoost, JSON or UBJSON: refused, or a model that answers a row.
pub fn model_file(data: &[u8]) {
    if let Ok(model) = read_model(data) {
        answers(&Model::XGBoost(model));
    }
}

/// An archive: refused, or a model that answers a row; nothing is ever written.
pub fn archive(data: &[u8]) {
    thread_local! {
        static FILE: PathBuf = std::env::temp_dir().join(format!("counterpoise-fuzz-{}-{:?}", std::process::id(), std::thread::current().id()));
    }
    FILE.with(|path| {
        std::fs::write(path, data).expect("a temporary file");
        for algorithm in Algorithm::ALL {
            if let Ok(model) = read_archive(algorithm, path) {
                answers(&model);
            }
        }
        std::fs::remove_file(path).expect("only the temporary file was touched");
    });
}

/// A row of zeros is answered with as many numbers as the model says.
fn answers(model: &Model) {
    // A file may claim a width of hundreds of millions; rows of that width come from a client that sends them.
    if model.features() > 10_000 {
        return;
    }
    let mut out = Vec::new();
    model.predict_row(&vec![0.0; model.features()], &mut out);
    assert!(!out.is_empty());
}

/// One model with trees and one of numbers, small.
fn models() -> &'static [Model] {
    static MODELS: OnceLock<Vec<Model>> = OnceLock::new();
    MODELS.get_or_init(|| {
        let trees = include_bytes!("seeds/model_file/two_features.json");
        let linear = include_bytes!("seeds/linear.json");
        let linear =
            counterpoise::ml::linear_learner::LinearModel::from_file(linear).expect("the linear seed is a model");
        vec![Model::XGBoost(read_model(trees).expect("the seed is a model")), Model::Linear(linear)]
    })
}
