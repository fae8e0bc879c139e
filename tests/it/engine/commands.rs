//! Buckets, objects, models, configurations and tags: what is done, what is refused, and in which words.

use std::time::Duration;

use counterpoise::domain::algorithm::Algorithm;
use counterpoise::domain::arn::ArnKind;
use counterpoise::domain::extras::Extras;
use counterpoise::domain::reference::{Kind, ResourceRef};
use counterpoise::domain::s3_uri::S3Uri;
use counterpoise::domain::tag::Tag;
use counterpoise::workspace::{Command, CommandError, LocalFile, Preview, Reply, Source};

use super::lab::{BUCKET, LIMIT, Lab, config, model};

fn tag(key: &str, value: &str) -> Tag {
    Tag { key: key.into(), value: value.into() }
}

#[test]
fn objects_come_and_go() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::open(folder.path());
    let bucket = || BUCKET.to_owned();
    assert_eq!(
        lab.ok(Command::CreateBucket { name: bucket() }),
        Reply::Resource(ResourceRef::new(Kind::Bucket, BUCKET))
    );
    lab.put("a/one.csv", b"x,y\n1,2\n3,4\n");
    let object = lab.world().objects[BUCKET].get("a/one.csv").unwrap().clone();
    assert_eq!((object.size, object.content_type.as_str()), (12, "text/csv"));

    let uri = S3Uri::new(BUCKET, "a/one.csv");
    let preview = lab.workspace.preview(&uri, 1).wait(LIMIT).unwrap().unwrap().unwrap();
    let rows = vec![vec!["1".to_owned(), "2".to_owned()]];
    assert_eq!(*preview, Preview::Table { header: Some(vec!["x".into(), "y".into()]), rows, more: true });
    let copy = folder.path().join("copy.csv");
    assert_eq!(lab.workspace.download(&uri, copy.clone()).wait(LIMIT).unwrap().unwrap().unwrap(), 12);
    assert_eq!(std::fs::read(copy).unwrap(), b"x,y\n1,2\n3,4\n");

    assert_eq!(
        lab.refused(Command::CreateBucket { name: bucket() }),
        CommandError::AlreadyExists(ResourceRef::new(Kind::Bucket, BUCKET))
    );
    assert!(matches!(lab.refused(Command::CreateBucket { name: "Not_Good".into() }), CommandError::Invalid(_)));
    let full = lab.refused(Command::DeleteBucket { name: bucket(), with_objects: false });
    assert!(full.to_string().contains("not empty"), "{full}");
    lab.ok(Command::DeleteObjects { bucket: bucket(), keys: vec!["a/one.csv".into(), "none".into()] });
    assert!(lab.world().objects[BUCKET].is_empty());
    let gone = lab.workspace.preview(&uri, 1).wait(LIMIT).unwrap().unwrap();
    assert_eq!(gone, Err(CommandError::NoObject(uri.clone())));

    lab.put("b", b"1");
    lab.ok(Command::DeleteBucket { name: bucket(), with_objects: true });
    assert!(lab.world().buckets.is_empty() && lab.world().objects.is_empty());
    let put = Command::put_object(uri, Source::Bytes((*b"1").into()));
    assert_eq!(lab.refused(put), CommandError::NotFound(ResourceRef::new(Kind::Bucket, BUCKET)));
    let events = lab.events();
    assert_eq!(events[0], "Bucket lab-bucket created");
    assert_eq!(events.last().unwrap(), "Bucket lab-bucket deleted with 1 object");
    lab.close();
}

#[test]
fn a_file_that_can_not_be_read_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    let source = Source::File(LocalFile::new(folder.path().join("nowhere.csv")));
    let to = S3Uri::new(BUCKET, "x.csv");
    let why = lab.refused(Command::put_object(to, source));
    assert!(why.to_string().contains("nowhere.csv") && why.to_string().contains("Nothing was written"), "{why}");
    assert!(!lab.world().objects[BUCKET].contains("x.csv"));
    lab.close();
}

#[test]
fn the_sample_data_comes_once() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::open(folder.path());
    let Reply::Resource(bucket) = lab.ok(Command::AddSampleData) else { panic!("a bucket") };
    let world = lab.world();
    assert_eq!(bucket.name, world.info.account.default_bucket());
    let keys: Vec<&String> = world.objects[&bucket.name].iter().map(|(key, _)| key).collect();
    assert!(keys.iter().any(|key| *key == "boston/train.csv"), "{keys:?}");
    assert!(keys.iter().any(|key| *key == "reviews/train.libsvm"), "{keys:?}");
    let events = world.events.len();
    lab.ok(Command::AddSampleData);
    assert_eq!(lab.world().events.len(), events, "a second time changes nothing");
    lab.close();
}

#[test]
fn models_and_configurations_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    let at = |key: &str| S3Uri::new(BUCKET, key);
    let new = |name: &str| model(name, Algorithm::XGBoost, at("reg/train.csv"));
    let missing = Command::CreateModel(Box::new(model("m", Algorithm::XGBoost, at("none.tar.gz"))));
    assert_eq!(lab.refused(missing), CommandError::NoObject(at("none.tar.gz")));
    lab.ok(Command::CreateModel(Box::new(new("m"))));
    assert!(lab.world().models.get("m").unwrap().created.0 > 0, "the engine's clock says when");
    assert_eq!(
        lab.refused(Command::CreateModel(Box::new(new("m")))).to_string(),
        "Cannot create already existing model m"
    );
    let bad = Command::CreateModel(Box::new(new("-m-")));
    assert!(lab.refused(bad).to_string().contains("ModelName"));

    let stranger = Command::CreateEndpointConfig(Box::new(config("c", &[("a", "nobody", 1.0)])));
    assert_eq!(lab.refused(stranger), CommandError::NotFound(ResourceRef::new(Kind::Model, "nobody")));
    lab.config("c", &[("a", "m", 1.0)]);
    lab.ok(Command::DeleteModel { name: "m".into() });
    let orphan =
        Command::CreateEndpoint { name: "e".into(), config_name: "c".into(), tags: vec![], extras: Extras::default() };
    assert_eq!(lab.refused(orphan), CommandError::NotFound(ResourceRef::new(Kind::Model, "m")));
    lab.ok(Command::DeleteEndpointConfig { name: "c".into() });
    let twice = lab.refused(Command::DeleteEndpointConfig { name: "c".into() });
    assert_eq!(twice, CommandError::NotFound(ResourceRef::new(Kind::EndpointConfig, "c")));
    lab.close();
}

#[test]
fn tags_are_added_replaced_and_taken_away() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    lab.ok(Command::CreateModel(Box::new(model("m", Algorithm::XGBoost, S3Uri::new(BUCKET, "reg/train.csv")))));
    let add = |tags: Vec<Tag>| Command::AddTags { kind: ArnKind::Model, name: "m".into(), tags };
    lab.ok(add(vec![tag("team", "red"), tag("cost", "1")]));
    lab.ok(add(vec![tag("team", "blue")]));
    assert_eq!(lab.world().models.get("m").unwrap().tags, [tag("team", "blue"), tag("cost", "1")]);
    lab.ok(Command::DeleteTags { kind: ArnKind::Model, name: "m".into(), keys: vec!["team".into(), "x".into()] });
    assert_eq!(lab.world().models.get("m").unwrap().tags, [tag("cost", "1")]);
    let many = (0..51).map(|i| tag(&format!("k{i}"), "")).collect();
    assert!(matches!(lab.refused(add(many)), CommandError::Invalid(_)));
    let nobody = Command::AddTags { kind: ArnKind::Endpoint, name: "m".into(), tags: vec![tag("a", "b")] };
    assert_eq!(lab.refused(nobody), CommandError::NotFound(ResourceRef::new(Kind::Endpoint, "m")));
    lab.close();
}

#[test]
fn a_closed_workspace_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::open(folder.path());
    let workspace = std::sync::Arc::clone(&lab.workspace);
    lab.close();
    let late = workspace.submit(Command::AddSampleData).wait(Duration::from_secs(10));
    assert_eq!(late.unwrap().unwrap(), Err(CommandError::Closing));
}
