//! Objects that come in parts: nothing of it shows in the snapshot until the last step.

use super::super::control::Control;
use super::super::message::{Answer, Touched};
use super::data::{Done, command_error, on_worker, target};
use crate::domain::bucket::{Checksum, Precondition};
use crate::domain::multipart_upload::{MultipartUpload, Part};
use crate::workspace::{Reply, Staged};

pub(super) fn create(control: &mut Control, mut upload: MultipartUpload, answer: Answer) {
    if let Err(error) = target(control, &upload.to) {
        return answer.resolve(Err(error));
    }
    upload.initiated = control.now();
    on_worker(control, Touched::default(), answer, move |shared| {
        shared.store.objects().create_upload(&upload).map_err(command_error)?;
        Ok(Done::quiet(Reply::Done))
    });
}

pub(super) fn upload_part(control: &mut Control, upload: String, part: Part, staged: Staged, answer: Answer) {
    on_worker(control, Touched::default(), answer, move |shared| {
        shared.store.objects().put_part(&upload, &part, &staged.path).map_err(command_error)?;
        Ok(Done::quiet(Reply::Done))
    });
}

pub(super) fn complete(
    control: &mut Control,
    upload: String,
    parts: Vec<Part>,
    checksum: Option<Checksum>,
    only_if: Precondition,
    answer: Answer,
) {
    on_worker(control, Touched::default(), answer, move |shared| {
        let objects = shared.store.objects();
        let (object, upload) = objects.complete_upload(&upload, &parts, checksum, only_if).map_err(command_error)?;
        Ok(Done::wrote(&upload.to.bucket, object))
    });
}

pub(super) fn abort(control: &mut Control, upload: String, answer: Answer) {
    on_worker(control, Touched::default(), answer, move |shared| {
        shared.store.objects().abort_upload(&upload).map_err(command_error)?;
        Ok(Done::quiet(Reply::Done))
    });
}
