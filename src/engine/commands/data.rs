//! Buckets and objects: checked in the loop, carried out by a worker, shown and answered by the loop.

use std::fs::File;
use std::io::{Cursor, Read};
use std::sync::Arc;

use super::super::control::{Control, sentence};
use super::super::effects::guarded;
use super::super::machine::Tell;
use super::super::message::{Answer, Report, Touched};
use super::super::shared::Shared;
use super::{free, missing, valid};
use crate::domain::bucket::Bucket;
use crate::domain::name;
use crate::domain::reference::{Kind, ResourceRef};
use crate::domain::s3_uri::S3Uri;
use crate::engine::sample;
use crate::store::StoreError;
use crate::workspace::{CommandError, Reply, Source};

/// What a worker comes back with when it went well.
struct Done {
    reply: Reply,
    tells: Vec<(Tell, Option<ResourceRef>)>,
}

/// Runs work on the pool; whatever becomes of it, the touched records are read again before the answer goes out.
fn on_worker(
    control: &Control,
    touched: Touched,
    answer: Answer,
    work: impl FnOnce(&Shared) -> Result<Done, CommandError> + Send + 'static,
) {
    let shared = Arc::clone(&control.shared);
    control.shared.workers.run(move || {
        let outcome = guarded("The change", || work(&shared)).unwrap_or_else(|why| Err(CommandError::Failed(why)));
        let (result, tells) = match outcome {
            Ok(done) => (Ok(done.reply), done.tells),
            Err(error) => (Err(error), Vec::new()),
        };
        shared.report(Report::Data { touched, result, tells, answer });
    });
}

/// The store's errors in the contract's words.
pub(in crate::engine) fn command_error(error: StoreError) -> CommandError {
    match error {
        StoreError::Invalid(invalid) => CommandError::Invalid(vec![invalid]),
        StoreError::NoBucket(name) => missing(Kind::Bucket, &name),
        StoreError::BucketExists(name) => CommandError::AlreadyExists(ResourceRef::new(Kind::Bucket, name)),
        StoreError::NoObject(uri) => CommandError::NoObject(uri),
        StoreError::BucketNotEmpty(name) => CommandError::InUse {
            resource: ResourceRef::new(Kind::Bucket, name),
            why: "it is not empty; delete its objects first, or delete it together with them".to_owned(),
        },
        other => CommandError::Failed(sentence(&other.to_string())),
    }
}

fn tell_bucket(tell: Tell, bucket: &str) -> Vec<(Tell, Option<ResourceRef>)> {
    vec![(tell, Some(ResourceRef::new(Kind::Bucket, bucket)))]
}

pub(super) fn create_bucket(control: &mut Control, name: String, answer: Answer) {
    let bucket = Bucket { name: name.clone(), created: control.now(), tags: Vec::new() };
    let checked =
        valid(bucket.validate()).and_then(|()| free(control.world.buckets.contains(&name), Kind::Bucket, &name));
    if let Err(error) = checked {
        return answer.resolve(Err(error));
    }
    on_worker(control, Touched { buckets: vec![name.clone()], ..Touched::default() }, answer, move |shared| {
        shared.store.objects().create_bucket(&bucket).map_err(command_error)?;
        let tells = tell_bucket(Tell::info(format!("Bucket {name} created")), &name);
        Ok(Done { reply: Reply::Resource(ResourceRef::new(Kind::Bucket, name)), tells })
    });
}

pub(super) fn delete_bucket(control: &mut Control, name: String, with_objects: bool, answer: Answer) {
    if !control.world.buckets.contains(&name) {
        return answer.resolve(Err(missing(Kind::Bucket, &name)));
    }
    let writing = control
        .world
        .training_jobs
        .values()
        .find(|job| !job.status.is_final() && job.spec.output.bucket == name)
        .map(|job| job.name().to_owned());
    if let Some(job) = writing {
        let why = format!("training job {job} writes its model into it; stop the job or wait for it");
        return answer.resolve(Err(CommandError::InUse { resource: ResourceRef::new(Kind::Bucket, name), why }));
    }
    let objects = control.world.objects.get(&name).map_or(0, crate::workspace::Table::len);
    on_worker(control, Touched { buckets: vec![name.clone()], ..Touched::default() }, answer, move |shared| {
        shared.store.objects().delete_bucket(&name, with_objects).map_err(command_error)?;
        let text = match objects {
            0 => format!("Bucket {name} deleted"),
            n => format!("Bucket {name} deleted with {}", count(n, "object")),
        };
        Ok(Done { reply: Reply::Done, tells: tell_bucket(Tell::info(text), &name) })
    });
}

pub(super) fn put_object(
    control: &mut Control,
    to: S3Uri,
    source: Source,
    content_type: Option<String>,
    answer: Answer,
) {
    let checked = valid(name::object_key("Key", &to.key).err().into_iter().collect()).and_then(|()| {
        if control.world.buckets.contains(&to.bucket) { Ok(()) } else { Err(missing(Kind::Bucket, &to.bucket)) }
    });
    if let Err(error) = checked {
        return answer.resolve(Err(error));
    }
    on_worker(control, Touched { objects: vec![to.clone()], ..Touched::default() }, answer, move |shared| {
        let mut reader: Box<dyn Read> = match &source {
            Source::Bytes(bytes) => Box::new(Cursor::new(Arc::clone(bytes))),
            Source::File(path) => Box::new(File::open(path).map_err(|error| {
                CommandError::Failed(format!("Could not read {}: {error}. Nothing was written", path.display()))
            })?),
        };
        let written = shared.store.objects().put(&to, &mut *reader, content_type.as_deref()).map_err(command_error)?;
        let text = format!("{} written to bucket {} ({})", to.key, to.bucket, bytes(written.size));
        Ok(Done { reply: Reply::Done, tells: tell_bucket(Tell::info(text), &to.bucket) })
    });
}

pub(super) fn delete_objects(control: &mut Control, bucket: String, keys: Vec<String>, answer: Answer) {
    if !control.world.buckets.contains(&bucket) {
        return answer.resolve(Err(missing(Kind::Bucket, &bucket)));
    }
    let objects = keys.iter().map(|key| S3Uri::new(&bucket, key)).collect();
    on_worker(control, Touched { objects, ..Touched::default() }, answer, move |shared| {
        let gone = shared.store.objects().delete_many(&bucket, &keys).map_err(command_error)?;
        let text = match keys.as_slice() {
            [key] => format!("{key} deleted from bucket {bucket}"),
            _ => format!("{} deleted from bucket {bucket}", count(gone, "object")),
        };
        let tells = if gone == 0 { Vec::new() } else { tell_bucket(Tell::info(text), &bucket) };
        Ok(Done { reply: Reply::Done, tells })
    });
}

pub(super) fn add_sample_data(control: &mut Control, answer: Answer) {
    let name = control.world.info.account.default_bucket();
    let bucket = Bucket { name: name.clone(), created: control.now(), tags: Vec::new() };
    on_worker(control, Touched { buckets: vec![name.clone()], ..Touched::default() }, answer, move |shared| {
        let objects = shared.store.objects();
        match objects.create_bucket(&bucket) {
            Ok(()) | Err(StoreError::BucketExists(_)) => {}
            Err(error) => return Err(command_error(error)),
        }
        let mut written = 0;
        for sample in sample::objects() {
            let to = S3Uri::new(&name, sample.key);
            match objects.head(&to) {
                // What is there stays: a person may have changed it.
                Ok(_) => continue,
                Err(StoreError::NoObject(_)) => {}
                Err(error) => return Err(command_error(error)),
            }
            let mut bytes = Cursor::new(sample.bytes);
            objects.put(&to, &mut bytes, Some(sample.content_type)).map_err(command_error)?;
            written += 1;
        }
        let text = format!("Sample data added to bucket {name} ({})", count(written, "object"));
        let tells = if written == 0 { Vec::new() } else { tell_bucket(Tell::info(text), &name) };
        Ok(Done { reply: Reply::Resource(ResourceRef::new(Kind::Bucket, name)), tells })
    });
}

/// `1 object`, `3 objects`.
fn count(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

/// `812 bytes`, `36.1 kB`, `4.0 MB`.
fn bytes(n: u64) -> String {
    match n {
        0..1_000 => format!("{n} bytes"),
        1_000..1_000_000 => format!("{:.1} kB", n as f64 / 1e3),
        _ => format!("{:.1} MB", n as f64 / 1e6),
    }
}
