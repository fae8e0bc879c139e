//! Sample rows: from the data that a model of the endpoint was trained on, without the label.

use crate::domain::endpoint::Endpoint;
use crate::domain::s3_uri::S3Uri;
use crate::workspace::{Preview, Snapshot};

use super::try_it::Format;

/// The object to take sample rows from: data of the job that trained one of the endpoint's models, validation before train.
pub(super) fn source(snapshot: &Snapshot, endpoint: &Endpoint) -> Option<(S3Uri, Format)> {
    for variant in &endpoint.variants {
        let Some(model) = snapshot.models.get(&variant.model_name) else { continue };
        let job = snapshot.training_jobs.values().find(|job| job.artifact.as_ref() == Some(&model.model_data));
        let Some(job) = job else { continue };
        let mut channels: Vec<_> = job.spec.channels.iter().collect();
        channels.sort_by_key(|channel| channel.name != "validation");
        for channel in channels {
            let format = match channel.content_type.as_deref() {
                Some(kind) if kind.contains("libsvm") => Format::Libsvm,
                _ => Format::Csv,
            };
            if let Some(uri) = object_at(snapshot, &channel.data) {
                return Some((uri, format));
            }
        }
    }
    None
}

/// The object that a channel names: itself, or the first one under it as a prefix.
fn object_at(snapshot: &Snapshot, data: &S3Uri) -> Option<S3Uri> {
    let objects = snapshot.objects.get(&data.bucket)?;
    let (key, _) = objects.range(&data.key).next()?;
    key.starts_with(&data.key).then(|| S3Uri::new(&data.bucket, key))
}

/// Row `number` (wrapping around) of a preview, without its label.
pub(super) fn row(preview: &Preview, format: Format, number: usize) -> Option<String> {
    match preview {
        Preview::Table { rows, .. } => {
            let row = rows.get(number % rows.len().max(1))?;
            Some(row.get(1..)?.join(","))
        }
        Preview::Text { lines, .. } => {
            let line = lines.get(number % lines.len().max(1))?;
            match format {
                Format::Libsvm => Some(line.split_once(' ')?.1.trim().to_owned()),
                _ => Some(line.split_once(',')?.1.to_owned()),
            }
        }
        Preview::Binary { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_label_is_left_out() {
        let table = Preview::Table {
            header: None,
            rows: vec![vec!["24.0".into(), "1".into(), "2".into()], vec!["21.6".into(), "3".into(), "4".into()]],
            more: false,
        };
        assert_eq!(row(&table, Format::Csv, 3).as_deref(), Some("3,4"));
        let lines = Preview::Text { lines: vec!["1 0:1 17:2".into()], more: false };
        assert_eq!(row(&lines, Format::Libsvm, 0).as_deref(), Some("0:1 17:2"));
        assert_eq!(row(&Preview::Text { lines: Vec::new(), more: false }, Format::Libsvm, 0), None);
    }
}
