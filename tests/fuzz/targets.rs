//! What is fuzzed: one function a parser, bytes in, panics where something is wrong. libFuzzer calls them from `fuzz_targets`, the normal test
//! run from `tests/it/fuzz`, so that both try the same code.

use std::path::PathBuf;
use std::sync::OnceLock;

use bytes::Bytes;
use counterpoise::aws::model::{self, ModelOf};
use counterpoise::aws::query::Form;
use counterpoise::aws::s3::chunked::Decoder;
use counterpoise::aws::scope::Scope;
use counterpoise::aws::sigv4::{Canonical, ChunkSigner, Claim, Expected, Rules, SigningKey, sign};
use counterpoise::domain::access_key::AccessKey;
use counterpoise::domain::algorithm::Algorithm;
use counterpoise::domain::time::Timestamp;
use counterpoise::domain::training_job::ChannelFormat;
use counterpoise::ml::archive::read_archive;
use counterpoise::ml::xgboost::read_model;
use counterpoise::ml::{Matrix, Model, read};
use counterpoise::serving::content;
use hyper::http::request::Parts;
use s3s::dto::{
    CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CreateBucketInput, CreateBucketOutput,
    DeleteObjectsInput, DeleteObjectsOutput, PutObjectTaggingInput, PutObjectTaggingOutput,
};
use s3s::{S3, S3Request, S3Response, S3Result};

/// A parser under test.
pub type Target = fn(&[u8]);

/// Every target by name; its seeds lie in `seeds/NAME`.
pub const TARGETS: &[(&str, Target)] = &[
    ("model_check", model_check),
    ("query", query),
    ("scope", scope),
    ("signature", signature),
    ("s3_chunked", s3_chunked),
    ("s3_xml", s3_xml),
    ("invocation", invocation),
    ("training_rows", training_rows),
    ("recordio", recordio),
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
    if form.check(ModelOf::Iam, "ListRoles").is_ok() && form.get("MaxItems").is_some() {
        assert!((1..=1000).contains(&form.number("MaxItems", 0)));
    }
    for operation in ["CreateRole", "SimulatePrincipalPolicy"] {
        if let Err(error) = form.check(ModelOf::Iam, operation) {
            assert!(error.status.is_client_error() && error.message.len() < 200_000, "{} bytes", error.message.len());
        }
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

/// A request as it is sent, its head and its body: what is read of a signature is the same twice, what is written down has six parts and does
/// not depend on the order of the query, and what we sign ourselves passes whatever the request is.
pub fn signature(data: &[u8]) {
    let Some((mut request, body)) = request(data) else { return };
    for (service, rules) in [("s3", Rules::S3), ("sagemaker", Rules::Others)] {
        let claim = Claim::read(&request, service == "s3");
        assert_eq!(claim, Claim::read(&request, service == "s3"));
        let names = match claim {
            Ok(Some(Claim::V4(claim))) => claim.signed_headers,
            _ => vec!["host".to_owned(), "x-amz-date".to_owned()],
        };
        let canonical = Canonical::of(&request).write(rules, &names, "PAYLOAD");
        let turned: Vec<&str> = request.uri.query().unwrap_or_default().rsplit('&').collect();
        let turned = Canonical { query: &turned.join("&"), ..Canonical::of(&request) }.write(rules, &names, "PAYLOAD");
        assert_eq!(canonical, turned);
        assert!(canonical.ends_with(b"\nPAYLOAD") && canonical.len() < 8 * data.len() + 400);
        assert!(canonical.split(|byte| *byte == b'\n').count() >= 6 + names.len());
    }
    // Ours takes the place of whatever signature there was.
    let path = request.uri.path().to_owned();
    let Ok(uri) = path.parse() else { return };
    request.uri = uri;
    request.headers.remove("x-amz-security-token");
    request.headers.remove("x-amz-content-sha256");
    let key = AccessKey { id: "AKIAOWN".to_owned(), secret: "secret".to_owned() };
    let now = Timestamp(1_764_045_000_000);
    sign(&mut request, body, &key, "us-east-1", "sagemaker", now);
    let expected = Expected { service: "sagemaker", regions: &["us-east-1"], rules: Rules::Others, now };
    let Ok(Some(Claim::V4(claim))) = Claim::read(&request, false) else { panic!("our own signature is not read") };
    let checked = expected.check(&request, claim, &key).unwrap_or_else(|refusal| panic!("{refusal:?}"));
    checked.hold(&request, Rules::Others, &hash(body)).unwrap_or_else(|refusal| panic!("{refusal:?}"));
    if let Some(method) = [hyper::Method::GET, hyper::Method::POST].into_iter().find(|method| *method != request.method)
    {
        request.method = method;
        assert!(checked.hold(&request, Rules::Others, &hash(body)).is_err(), "another method passes");
    }
}

fn hash(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    use std::fmt::Write as _;
    sha2::Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A request and its body, if that is what the bytes are.
fn request(data: &[u8]) -> Option<(Parts, &[u8])> {
    let text = std::str::from_utf8(data).ok()?;
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = head.lines();
    let (method, uri) = lines.next()?.split_once(' ')?;
    let mut request = hyper::Request::builder().method(method).uri(uri);
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        request = request.header(name, value);
    }
    Some((request.body(()).ok()?.into_parts().0, body.as_bytes()))
}

/// An `aws-chunked` body; its first byte says how it is cut on the way. However that is, the same comes out, and never more than went in.
pub fn s3_chunked(data: &[u8]) {
    let Some((step, body)) = data.split_first() else { return };
    let decode = |mut decoder: Decoder, step: usize| {
        let mut out = Vec::new();
        for piece in body.chunks(step) {
            decoder.feed(Bytes::copy_from_slice(piece), &mut out)?;
        }
        decoder.finish().map(|trailers| (out.concat(), trailers))
    };
    let whole = decode(Decoder::new(), body.len().max(1));
    assert_eq!(decode(Decoder::new(), usize::from(*step).max(1)), whole);
    if let Ok((bytes, trailers)) = whole {
        let of_trailers: usize = trailers.iter().map(|(name, value)| name.len() + value.len() + 1).sum();
        assert!(bytes.len() + of_trailers <= body.len());
    }
    let key = SigningKey::derive("secret", &Scope::parse("A/20150830/us-east-1/s3/aws4_request").expect("a scope"));
    for trailers in [false, true] {
        let signer = ChunkSigner::new(key.clone(), "20150830T123600Z", "20150830/us-east-1/s3/aws4_request", "seed");
        assert!(decode(Decoder::signed(signer, trailers), body.len().max(1)).is_err(), "nobody has the key");
    }
}

/// A body that S3 takes as XML; its first byte chooses the operation. An answer, never a fault of ours.
pub fn s3_xml(data: &[u8]) {
    const OPERATIONS: [(&str, &str); 4] =
        [("POST", "/bkt/key?uploadId=1"), ("POST", "/bkt?delete"), ("PUT", "/bkt/key?tagging"), ("PUT", "/bkt")];
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime =
            tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    }
    let Some((choice, body)) = data.split_first() else { return };
    let (method, uri) = OPERATIONS[usize::from(*choice) % OPERATIONS.len()];
    let request = hyper::Request::builder()
        .method(method)
        .uri(uri)
        .header("host", "localhost")
        .header("content-length", body.len())
        .body(s3s::Body::from(Bytes::copy_from_slice(body)))
        .expect("a request");
    let service = s3s::service::S3ServiceBuilder::new(Taker).build();
    let answer = RUNTIME.with(|runtime| runtime.block_on(service.call(request)));
    let status = answer.expect("an answer").status();
    assert!(!status.is_server_error(), "{status}");
}

/// Takes whatever was read, and holds it against what it was read from.
struct Taker;

#[async_trait::async_trait]
impl S3 for Taker {
    async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let parts = request.input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
        assert!(parts.len() < 1 << 16);
        Ok(S3Response::new(CompleteMultipartUploadOutput::default()))
    }

    async fn delete_objects(
        &self,
        request: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        assert!(request.input.delete.objects.iter().all(|object| object.key.len() < 1 << 20));
        Ok(S3Response::new(DeleteObjectsOutput::default()))
    }

    async fn put_object_tagging(
        &self,
        request: S3Request<PutObjectTaggingInput>,
    ) -> S3Result<S3Response<PutObjectTaggingOutput>> {
        assert!(request.input.tagging.tag_set.len() < 1 << 16);
        Ok(S3Response::new(PutObjectTaggingOutput::default()))
    }

    async fn create_bucket(&self, _: S3Request<CreateBucketInput>) -> S3Result<S3Response<CreateBucketOutput>> {
        Ok(S3Response::new(CreateBucketOutput::default()))
    }
}

/// RecordIO-protobuf; its first byte says whether rows have labels. What is read is no more than the bytes can hold, and fits together.
pub fn recordio(data: &[u8]) {
    let Some((choice, body)) = data.split_first() else { return };
    let labelled = choice & 1 == 0;
    match read::read_recordio("file", body, labelled) {
        Ok(data) => {
            assert!(data.rows() * 8 <= body.len() && data.features.stored() <= body.len());
            assert!(data.labels.len() == if labelled { data.rows() } else { 0 });
            match &data.features {
                Matrix::Dense(dense) => assert_eq!(dense.values.len(), dense.rows * dense.cols),
                Matrix::Sparse(csr) => {
                    assert_eq!(
                        (csr.indices.len(), *csr.indptr.last().expect("an offset")),
                        (csr.values.len(), csr.values.len())
                    );
                    assert!(csr.indices.iter().all(|index| (*index as usize) < csr.cols));
                    assert!((0..csr.rows()).all(|row| csr.row(row).0.is_sorted_by(|a, b| a < b)));
                }
            }
        }
        Err(error) => assert!(error.to_string().len() < 300),
    }
    match content::answer(&models()[1], Some("application/x-recordio-protobuf"), None, body) {
        Ok(prediction) => assert!(prediction.rows > 0 && prediction.rows * 8 <= body.len()),
        Err(error) => assert!(error.to_string().len() < 2_000),
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
