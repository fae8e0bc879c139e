//! Input channels: which objects they are, how their rows are written, and the rows of all of them together.

use std::io::{self, BufRead, BufReader, Read};

use super::super::commands::command_error;
use super::super::preview::plain;
use super::{Order, Signal};
use crate::domain::algorithm::Algorithm;
use crate::domain::bucket::Object;
use crate::domain::s3_uri::S3Uri;
use crate::domain::training_job::{Channel, ChannelFormat};
use crate::ml::read;
use crate::ml::{Dataset, Matrix};
use crate::store::Objects;
use crate::workspace::Snapshot;

/// How much of an object is looked at to tell its format.
const SNIFF_BYTES: usize = 64 * 1024;

/// The objects of a channel in the order of their keys: the one of that key, or all under that prefix.
pub(in crate::engine) fn objects_of(world: &Snapshot, data: &S3Uri) -> Vec<Object> {
    let Some(objects) = world.objects.get(&data.bucket) else { return Vec::new() };
    if let Some(object) = objects.get(&data.key).filter(|object| !data.key.ends_with('/') || object.size > 0) {
        return vec![(**object).clone()];
    }
    objects
        .range(&data.key)
        .take_while(|(key, _)| key.starts_with(&data.key))
        // The empty objects that consoles make to show a folder hold no rows.
        .filter(|(key, object)| !(key.ends_with('/') && object.size == 0))
        .map(|(_, object)| (**object).clone())
        .collect()
}

/// Why a channel gives no rows.
#[derive(Debug, PartialEq)]
pub(super) enum NoRows {
    /// Told from outside to end.
    Interrupted,
    /// In words, with object, line and column where there are any.
    Because(String),
}

/// The rows of a channel, and how they were written.
pub(super) fn read_channel(
    store: &Objects,
    channel: &Channel,
    objects: &[Object],
    algorithm: Algorithm,
    signal: &Signal,
) -> Result<(Dataset, ChannelFormat), NoRows> {
    let read = read_all(store, channel, objects, algorithm, signal);
    // A read that was cut short fails in one of many places, and sometimes looks like the end of the data: the order decides, not the error.
    if signal.order() == Order::Go { read } else { Err(NoRows::Interrupted) }
}

fn read_all(
    store: &Objects,
    channel: &Channel,
    objects: &[Object],
    algorithm: Algorithm,
    signal: &Signal,
) -> Result<(Dataset, ChannelFormat), NoRows> {
    let because = |why: String| NoRows::Because(format!("in the {} channel, {why}", channel.name));
    let mut format = channel.content_type.as_deref().and_then(ChannelFormat::from_content_type);
    let mut parts = Vec::with_capacity(objects.len());
    for object in objects {
        let uri = S3Uri::new(&channel.data.bucket, &object.key);
        let (object, file) = store.open(&uri).map_err(|error| because(command_error(error).to_string()))?;
        let unreadable = |error: io::Error| because(format!("{uri} could not be read: {error}"));
        let mut reader =
            BufReader::with_capacity(SNIFF_BYTES, Watched { inner: plain(file).map_err(unreadable)?.inner, signal });
        let written = match format {
            Some(format) => format,
            None => ChannelFormat::from_content_type(&object.content_type)
                .or(sniff(reader.fill_buf().map_err(unreadable)?))
                .unwrap_or(match algorithm {
                    Algorithm::XGBoost => ChannelFormat::Libsvm,
                    Algorithm::LinearLearner => ChannelFormat::Csv,
                }),
        };
        if !written.is_of(algorithm) {
            return Err(because(format!("{uri} is {}, which {algorithm} does not read", word(written))));
        }
        format = Some(written);
        let rows = read::read(written, &uri.to_string(), reader, true);
        parts.push(rows.map_err(|error| because(error.to_string()))?);
    }
    let Some(format) = format.filter(|_| parts.iter().any(|part| part.rows() > 0)) else {
        return Err(because(format!("{} holds no rows", channel.data)));
    };
    let rows = if parts.len() == 1 { parts.remove(0) } else { read::concat(parts).map_err(because)? };
    Ok((rows, format))
}

/// Makes the two channels fit: the same format, and as many columns. Sparse rows may leave the last columns out.
pub(super) fn fit(
    train: &mut (Dataset, ChannelFormat),
    validation: Option<&mut (Dataset, ChannelFormat)>,
) -> Result<(), String> {
    let Some(validation) = validation else { return Ok(()) };
    if train.1 != validation.1 {
        return Err(format!(
            "the train channel is {} and the validation channel is {}; write both the same way, or set their content types",
            word(train.1),
            word(validation.1)
        ));
    }
    match (&mut train.0.features, &mut validation.0.features) {
        (Matrix::Sparse(train), Matrix::Sparse(validation)) => {
            let cols = train.cols.max(validation.cols);
            (train.cols, validation.cols) = (cols, cols);
            Ok(())
        }
        (train, validation) if train.cols() != validation.cols() => Err(format!(
            "the train channel has {} features a row and the validation channel has {}; both need the label first and the same columns",
            train.cols(),
            validation.cols()
        )),
        _ => Ok(()),
    }
}

fn word(format: ChannelFormat) -> &'static str {
    match format {
        ChannelFormat::Csv => "CSV",
        ChannelFormat::Libsvm => "libsvm",
        ChannelFormat::RecordIo => "RecordIO-protobuf",
    }
}

/// Tells the format by the mark that records begin with, or by the first line that is not blank: `label index:value …`, or numbers between commas.
pub(in crate::engine) fn sniff(head: &[u8]) -> Option<ChannelFormat> {
    if read::is_recordio(head) {
        return Some(ChannelFormat::RecordIo);
    }
    let text = String::from_utf8_lossy(head);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'))?;
    let is_pair = |field: &str| {
        field.split_once(':').is_some_and(|(index, value)| index.parse::<u32>().is_ok() && value.parse::<f32>().is_ok())
    };
    if line.split_whitespace().skip(1).take(4).any(is_pair) {
        return Some(ChannelFormat::Libsvm);
    }
    line.contains(',').then_some(ChannelFormat::Csv)
}

/// A reader that ends when the job is told to.
struct Watched<'a> {
    inner: Box<dyn Read + Send>,
    signal: &'a Signal,
}

impl Read for Watched<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.signal.order() != Order::Go {
            return Err(io::Error::other("the job was told to end"));
        }
        self.inner.read(buf)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::bucket::Bucket;
    use crate::domain::time::Timestamp;
    use crate::workspace::Table;

    #[test]
    fn formats_are_told_apart() {
        assert_eq!(sniff(b"\n1 0:0.5 7:1\n"), Some(ChannelFormat::Libsvm));
        assert_eq!(sniff(b"24.0,0.00632,18\n"), Some(ChannelFormat::Csv));
        assert_eq!(sniff(&[0x0A, 0x23, 0xD7, 0xCE, 4, 0, 0, 0]), Some(ChannelFormat::RecordIo));
        assert_eq!(sniff(b"1\n2\n"), None);
        assert_eq!(sniff(b""), None);
    }

    #[test]
    fn an_order_to_end_is_no_error_of_the_data() {
        let folder = tempfile::tempdir().unwrap();
        let opened = crate::store::Store::open(folder.path(), &crate::util::clock::Clock::paused(0)).unwrap();
        let (objects, uri) = (opened.store.objects(), S3Uri::new("bkt", "train"));
        objects.create_bucket(&Bucket { name: "bkt".into(), created: Timestamp(0), tags: Vec::new() }).unwrap();
        let object = objects.put(&uri, &mut "1,2\n3,4\n".as_bytes(), None).unwrap();
        let signal = Signal::default();
        // Without a content type, so that the first look at the bytes is where the order meets it.
        let channel = Channel { name: "train".into(), data: uri, content_type: None };
        let read = || read_channel(objects, &channel, std::slice::from_ref(&object), Algorithm::XGBoost, &signal);
        assert_eq!(read().unwrap().0.rows(), 2);
        for order in [Order::Stop, Order::Close] {
            signal.set(order);
            assert_eq!(read(), Err(NoRows::Interrupted));
        }
    }

    #[test]
    fn a_key_or_all_under_a_prefix() {
        let mut world = Snapshot::default();
        let object = |key: &str, size| {
            let object = Object {
                key: key.into(),
                size,
                etag: "e".into(),
                modified: Timestamp(1),
                content_type: "text/csv".into(),
                details: None,
            };
            (key.to_owned(), object)
        };
        let table: Table<Object> =
            [object("d/", 0), object("d/b", 1), object("d/a", 1), object("d.csv", 1), object("e", 1)]
                .into_iter()
                .collect();
        world.objects.insert("bkt".into(), table);
        let keys = |key: &str| -> Vec<String> {
            objects_of(&world, &S3Uri::new("bkt", key)).into_iter().map(|o| o.key).collect()
        };
        assert_eq!(keys("d/"), ["d/a", "d/b"]);
        assert_eq!(keys("d"), ["d.csv", "d/a", "d/b"]);
        assert_eq!(keys("d/a"), ["d/a"]);
        assert_eq!(keys("x"), [""; 0]);
        assert!(objects_of(&world, &S3Uri::new("none", "d")).is_empty());
    }
}
