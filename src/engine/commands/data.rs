//! Buckets and objects: checked in the loop, carried out by a worker, shown and answered by the loop.

use std::io::Cursor;
use std::sync::Arc;

use super::super::control::{Control, sentence};
use super::super::effects::guarded;
use super::super::machine::Tell;
use super::super::message::{Answer, Report, Touched};
use super::super::object_traffic::{Traffic, count};
use super::super::shared::Shared;
use super::{free, missing, valid};
use crate::domain::bucket::{Bucket, Object, ObjectDetails};
use crate::domain::name;
use crate::domain::reference::{Kind, ResourceRef};
use crate::domain::s3_uri::S3Uri;
use crate::engine::sample;
use crate::store::{Batch, Kept, StoreError};
use crate::workspace::{CommandError, Reply, Source};

/// What a worker comes back with when it went well.
pub(super) struct Done {
    reply: Reply,
    tells: Vec<(Tell, Option<ResourceRef>)>,
    /// Objects that came or went, by bucket: told of together with others like them.
    traffic: Option<(String, Traffic)>,
    /// An object to look at again beside those that were known before.
    touched: Option<S3Uri>,
}

impl Done {
    fn tell(reply: Reply, tells: Vec<(Tell, Option<ResourceRef>)>) -> Self {
        Self { reply, tells, traffic: None, touched: None }
    }

    /// Not worth a word.
    pub(super) fn quiet(reply: Reply) -> Self {
        Self::tell(reply, Vec::new())
    }

    pub(super) fn wrote(bucket: &str, object: Object) -> Self {
        let traffic = Traffic::written(&object.key, object.size);
        let uri = S3Uri::new(bucket, &object.key);
        Self {
            reply: Reply::Object(Box::new(object)),
            tells: Vec::new(),
            traffic: Some((bucket.to_owned(), traffic)),
            touched: Some(uri),
        }
    }
}

/// Runs work on the pool; whatever becomes of it, the touched records are read again before the answer goes out.
pub(super) fn on_worker(
    control: &Control,
    mut touched: Touched,
    answer: Answer,
    work: impl FnOnce(&Shared) -> Result<Done, CommandError> + Send + 'static,
) {
    let shared = Arc::clone(&control.shared);
    control.shared.workers.run(move || {
        let outcome = guarded("The change", || work(&shared)).unwrap_or_else(|why| Err(CommandError::Failed(why)));
        let (result, tells, traffic) = match outcome {
            Ok(done) => {
                touched.objects.extend(done.touched);
                (Ok(done.reply), done.tells, done.traffic)
            }
            Err(error) => (Err(error), Vec::new(), None),
        };
        shared.report(Report::Data { touched, result, tells, traffic, answer });
    });
}

/// The store's errors in the contract's words.
pub(in crate::engine) fn command_error(error: StoreError) -> CommandError {
    match error {
        StoreError::Invalid(invalid) => CommandError::Invalid(vec![invalid]),
        StoreError::NoBucket(name) => missing(Kind::Bucket, &name),
        StoreError::BucketExists(name) => CommandError::AlreadyExists(ResourceRef::new(Kind::Bucket, name)),
        StoreError::NoObject(uri) => CommandError::NoObject(uri),
        StoreError::PreconditionFailed(uri) => CommandError::PreconditionFailed(uri),
        StoreError::NoUpload(id) => CommandError::NoUpload(id),
        StoreError::NoPart(number) => CommandError::NoPart(number),
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
        Ok(Done::tell(Reply::Resource(ResourceRef::new(Kind::Bucket, name)), tells))
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
        Ok(Done::tell(Reply::Done, tell_bucket(Tell::info(text), &name)))
    });
}

pub(super) fn put_object(control: &mut Control, to: S3Uri, source: Source, kept: Kept, answer: Answer) {
    if let Err(error) = target(control, &to) {
        return answer.resolve(Err(error));
    }
    on_worker(control, Touched::default(), answer, move |shared| {
        let objects = shared.store.objects();
        let written = match &source {
            Source::Bytes(bytes) => objects.put_kept(&to, &mut Cursor::new(Arc::clone(bytes)), kept, |_| Batch::new()),
            Source::File(file) => {
                let path = file.path().display();
                let mut file = file.open().map_err(|error| {
                    CommandError::Failed(format!("Could not read {path}: {error}. Nothing was written"))
                })?;
                objects.put_kept(&to, &mut file, kept, |_| Batch::new())
            }
            Source::Staged(staged) => objects.put_staged(&to, &staged.path, &staged.md5, kept),
        };
        Ok(Done::wrote(&to.bucket, written.map_err(command_error)?))
    });
}

/// Whether an object may be written there at all.
pub(super) fn target(control: &Control, to: &S3Uri) -> Result<(), CommandError> {
    valid(name::object_key("Key", &to.key).err().into_iter().collect())?;
    if control.world.buckets.contains(&to.bucket) { Ok(()) } else { Err(missing(Kind::Bucket, &to.bucket)) }
}

pub(super) fn set_object_details(control: &mut Control, of: S3Uri, details: Box<ObjectDetails>, answer: Answer) {
    on_worker(control, Touched { objects: vec![of.clone()], ..Touched::default() }, answer, move |shared| {
        let object = shared.store.objects().set_details(&of, details).map_err(command_error)?;
        Ok(Done::quiet(Reply::Object(Box::new(object))))
    });
}

pub(super) fn delete_objects(control: &mut Control, bucket: String, keys: Vec<String>, answer: Answer) {
    if !control.world.buckets.contains(&bucket) {
        return answer.resolve(Err(missing(Kind::Bucket, &bucket)));
    }
    let objects = keys.iter().map(|key| S3Uri::new(&bucket, key)).collect();
    on_worker(control, Touched { objects, ..Touched::default() }, answer, move |shared| {
        let gone = shared.store.objects().delete_many(&bucket, &keys).map_err(command_error)?;
        let traffic = (gone > 0).then(|| (bucket, Traffic::deleted(keys, gone)));
        Ok(Done { traffic, ..Done::quiet(Reply::Done) })
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
        Ok(Done::tell(Reply::Resource(ResourceRef::new(Kind::Bucket, name)), tells))
    });
}
