//! Takes the files of SageMaker's data capture to their buckets. Called on the capture's own thread, never on the way of a request.

use std::io::Cursor;
use std::sync::Arc;

use super::machine::Tell;
use super::message::{Report, Touched};
use super::object_traffic::Traffic;
use super::shared::Shared;
use crate::domain::reference::{Kind, ResourceRef};
use crate::serving::capture::CaptureFile;
use crate::util::promise::promise;
use crate::workspace::Reply;

/// MIME type of JSON Lines.
const CONTENT_TYPE: &str = "application/jsonlines";

/// From now on the data plane's files are written by this engine, as long as it is there.
pub(super) fn begin(shared: &Arc<Shared>) {
    let engine = Arc::downgrade(shared);
    shared.serving.on_capture_file(Arc::new(move |file| {
        if let Some(shared) = engine.upgrade() {
            write(&shared, &file);
        }
    }));
}

fn write(shared: &Shared, file: &CaptureFile) {
    let written = shared.store.objects().put(&file.to, &mut Cursor::new(&file.bytes), Some(CONTENT_TYPE));
    let endpoint = ResourceRef::new(Kind::Endpoint, &file.endpoint);
    let mut refused = shared.capture_refused.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let (tells, traffic) = match written {
        Ok(object) => {
            refused.remove(&file.endpoint);
            (Vec::new(), Some((file.to.bucket.clone(), Traffic::written(&object.key, object.size))))
        }
        // Told of once, not every five seconds.
        Err(error) if refused.insert(file.endpoint.clone()) => {
            let text = format!("Captured requests of endpoint {} could not be written", file.endpoint);
            let why = format!("{}: {error}. They are lost to the bucket; requests are answered all the same.", file.to);
            (vec![(Tell::warning(text, why), Some(endpoint))], None)
        }
        Err(_) => return,
    };
    let (answer, _) = promise();
    let touched = Touched { objects: vec![file.to.clone()], ..Touched::default() };
    shared.report(Report::Data { touched, result: Ok(Reply::Done), tells, traffic, answer });
}
