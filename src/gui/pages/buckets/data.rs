//! What the Data pages show, worked out from the snapshot: rows of buckets, folders of a bucket, keys of uploads, what a deletion takes along.

use std::path::Path;
use std::sync::Arc;

use crate::domain::bucket::Object;
use crate::domain::name;
use crate::domain::s3_uri::S3Uri;
use crate::domain::time::Timestamp;
use crate::domain::training_job::ChannelFormat;
use crate::gui::format;
use crate::workspace::{Snapshot, Table};

/// One bucket in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketRow {
    /// Name.
    pub name: String,
    /// Objects in it.
    pub objects: usize,
    /// Bytes of all of them.
    pub bytes: u64,
    /// Made.
    pub created: Timestamp,
}

/// All buckets with what they hold.
pub fn bucket_rows(snapshot: &Snapshot) -> Vec<BucketRow> {
    let row = |bucket: &Arc<crate::domain::bucket::Bucket>| {
        let (objects, bytes) = contents(snapshot, &bucket.name);
        BucketRow { name: bucket.name.clone(), objects, bytes, created: bucket.created }
    };
    snapshot.buckets.values().map(row).collect()
}

/// Objects of a bucket and their bytes.
pub fn contents(snapshot: &Snapshot, bucket: &str) -> (usize, u64) {
    let Some(objects) = snapshot.objects.get(bucket) else { return (0, 0) };
    objects.values().fold((0, 0), |(n, bytes), object| (n + 1, bytes + object.size))
}

/// Counts up whenever something in any bucket changed: what the rows are cached by.
pub fn revision(snapshot: &Snapshot) -> u64 {
    snapshot.objects.values().map(Table::revision).fold(snapshot.buckets.revision(), u64::wrapping_add)
}

/// One line of a bucket's page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Everything that shares the next part of the key.
    Folder {
        /// Its last part, without slashes.
        name: String,
        /// Its whole prefix, ending in `/`.
        prefix: String,
        /// Objects under it.
        objects: usize,
        /// Bytes under it.
        bytes: u64,
        /// The newest write under it.
        modified: Timestamp,
    },
    /// An object.
    Object(Arc<Object>),
}

impl Entry {
    /// What stands in the first column.
    pub fn name(&self) -> &str {
        match self {
            Self::Folder { name, .. } => name,
            Self::Object(object) => {
                object.key.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(&object.key)
            }
        }
    }

    /// Bytes.
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Folder { bytes, .. } => *bytes,
            Self::Object(object) => object.size,
        }
    }

    /// Last write.
    pub fn modified(&self) -> Timestamp {
        match self {
            Self::Folder { modified, .. } => *modified,
            Self::Object(object) => object.modified,
        }
    }

    /// The whole key or prefix.
    pub fn key(&self) -> &str {
        match self {
            Self::Folder { prefix, .. } => prefix,
            Self::Object(object) => &object.key,
        }
    }

    /// The kind in a word or two.
    pub fn kind(&self) -> String {
        match self {
            Self::Folder { objects, .. } => format!("Folder · {}", format::plural(*objects, "object")),
            Self::Object(object) => kind_of(&object.content_type).to_owned(),
        }
    }

    /// Whether it is a folder.
    pub fn is_folder(&self) -> bool {
        matches!(self, Self::Folder { .. })
    }
}

/// A content type as people call it.
pub fn kind_of(content_type: &str) -> &str {
    match content_type.split(';').next().unwrap_or(content_type).trim() {
        "text/csv" => "CSV",
        "text/libsvm" | "text/x-libsvm" => "libsvm",
        "application/json" => "JSON",
        "application/jsonlines" => "JSON lines",
        "text/plain" => "Text",
        "application/gzip" | "application/x-gzip" => "gzip",
        "binary/octet-stream" | "application/octet-stream" => "Binary",
        _ => content_type,
    }
}

/// Folders and objects directly under a prefix, folders first, each group by name.
pub fn entries(objects: &Table<Object>, prefix: &str) -> Vec<Entry> {
    let (mut folders, mut files): (Vec<Entry>, Vec<Entry>) = (Vec::new(), Vec::new());
    for (key, object) in objects.range(prefix).take_while(|(key, _)| key.starts_with(prefix)) {
        let rest = &key[prefix.len()..];
        let Some((folder, _)) = rest.split_once('/').filter(|(folder, _)| !folder.is_empty()) else {
            files.push(Entry::Object(Arc::clone(object)));
            continue;
        };
        // Keys come in order, so a folder's objects stand together.
        match folders.last_mut() {
            Some(Entry::Folder { name, objects, bytes, modified, .. }) if name == folder => {
                *objects += 1;
                *bytes += object.size;
                *modified = (*modified).max(object.modified);
            }
            _ => folders.push(Entry::Folder {
                name: folder.to_owned(),
                prefix: format!("{prefix}{folder}/"),
                objects: 1,
                bytes: object.size,
                modified: object.modified,
            }),
        }
    }
    folders.append(&mut files);
    folders
}

/// Objects and bytes behind entries.
pub fn totals(entries: &[Entry]) -> (usize, u64) {
    entries.iter().fold((0, 0), |(n, bytes), entry| match entry {
        Entry::Folder { objects, bytes: folder, .. } => (n + objects, bytes + folder),
        Entry::Object(object) => (n + 1, bytes + object.size),
    })
}

/// Folders from the bucket down to a prefix: (what it is called, its prefix).
pub fn crumbs(bucket: &str, prefix: &str) -> Vec<(String, String)> {
    let mut crumbs = vec![(bucket.to_owned(), String::new())];
    let mut path = String::new();
    for part in prefix.split_terminator('/') {
        path.push_str(part);
        path.push('/');
        crumbs.push((part.to_owned(), path.clone()));
    }
    crumbs
}

/// What is wrong with a bucket's name, as the rest of a sentence; `None` when it can be made.
pub fn bucket_name_problem(snapshot: &Snapshot, name: &str) -> Option<String> {
    if let Err(invalid) = name::bucket("Bucket", name) {
        return Some(invalid.rule);
    }
    snapshot.buckets.contains(name).then(|| "is the name of another bucket".to_owned())
}

/// Where a local file goes: under the prefix, by its own name.
///
/// # Errors
/// Why it cannot go there, in words.
pub fn upload_target(bucket: &str, prefix: &str, file: &Path) -> Result<S3Uri, String> {
    let shown = file.display();
    let Some(name) = file.file_name() else { return Err(format!("{shown} is not a file")) };
    let Some(name) = name.to_str() else { return Err(format!("the name of {shown} is not Unicode text")) };
    let key = format!("{prefix}{name}");
    name::object_key("Key", &key).map_err(|invalid| format!("the key {key} {}", invalid.rule))?;
    Ok(S3Uri::new(bucket, key))
}

/// Reads what a person typed as paths: one a line, quotes and `~/` as a shell would take them.
pub fn typed_paths(typed: &str, home: Option<&Path>) -> Vec<std::path::PathBuf> {
    typed
        .lines()
        .map(|line| line.trim().trim_matches(|c| c == '"' || c == '\''))
        .filter(|line| !line.is_empty())
        .map(|line| match (line.strip_prefix("~/"), home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => line.into(),
        })
        .collect()
}

/// What goes when a bucket goes, one a line.
pub fn goes_with_bucket(snapshot: &Snapshot, bucket: &str) -> Vec<String> {
    let (objects, bytes) = contents(snapshot, bucket);
    if objects == 0 {
        return Vec::new();
    }
    let mut lines = vec![format!("{} in it, {}", format::plural(objects, "object"), format::bytes(bytes))];
    lines.extend(models_on(snapshot, bucket, |_| true));
    lines
}

/// What goes when these keys of a bucket go, one a line: the objects (at most eight by name) and who needs them.
pub fn goes_with_objects(snapshot: &Snapshot, bucket: &str, keys: &[String]) -> Vec<String> {
    let mut lines: Vec<String> = keys.iter().take(8).cloned().collect();
    if keys.len() > 8 {
        lines.push(format!("and {} more", keys.len() - 8));
    }
    lines.extend(models_on(snapshot, bucket, |key| keys.iter().any(|gone| gone == key)));
    lines
}

fn models_on<'a>(
    snapshot: &'a Snapshot,
    bucket: &'a str,
    gone: impl Fn(&str) -> bool + 'a,
) -> impl Iterator<Item = String> + 'a {
    let needs = move |model: &&Arc<crate::domain::model::Model>| {
        model.model_data.bucket == bucket && gone(&model.model_data.key)
    };
    snapshot
        .models
        .values()
        .filter(needs)
        .map(|model| format!("the artefact of model {}, which can't be deployed then", model.name))
}

/// The keys behind a choice of entries: objects themselves, and everything under chosen folders.
pub fn keys_of<'a>(objects: &Table<Object>, chosen: impl IntoIterator<Item = &'a Entry>) -> Vec<String> {
    let mut keys = Vec::new();
    for entry in chosen {
        match entry {
            Entry::Object(object) => keys.push(object.key.clone()),
            Entry::Folder { prefix, .. } => {
                let under = objects.range(prefix).take_while(|(key, _)| key.starts_with(prefix.as_str()));
                keys.extend(under.map(|(key, _)| key.clone()));
            }
        }
    }
    keys
}

/// Whether an entry can be trained on: a folder, or rows in a format that a container reads.
pub fn trainable(entry: &Entry) -> bool {
    match entry {
        Entry::Folder { .. } => true,
        Entry::Object(object) => ChannelFormat::from_content_type(&object.content_type).is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(keys: &[&str]) -> Table<Object> {
        let object = |(i, key): (i64, &&str)| {
            let object = Object {
                key: (*key).to_owned(),
                size: 10,
                etag: String::new(),
                modified: Timestamp(i),
                content_type: crate::domain::bucket::content_type_of(key).to_owned(),
                details: None,
            };
            ((*key).to_owned(), object)
        };
        (0i64..).zip(keys).map(object).collect()
    }

    fn as_text(entries: &[Entry]) -> Vec<String> {
        entries.iter().map(|e| format!("{} | {} | {} | {}", e.name(), e.bytes(), e.kind(), e.modified().0)).collect()
    }

    #[test]
    fn a_bucket_reads_as_folders() {
        let objects =
            table(&["a.csv", "samples/boston/train.csv", "samples/boston/test.csv", "samples/r.libsvm", "z/"]);
        assert_eq!(
            as_text(&entries(&objects, "")),
            ["samples | 30 | Folder · 3 objects | 3", "z | 10 | Folder · 1 object | 4", "a.csv | 10 | CSV | 0"]
        );
        assert_eq!(
            as_text(&entries(&objects, "samples/")),
            ["boston | 20 | Folder · 2 objects | 2", "r.libsvm | 10 | libsvm | 3"]
        );
        assert_eq!(as_text(&entries(&objects, "z/")), ["z/ | 10 | Binary | 4"], "a folder's own marker stays visible");
        assert_eq!(entries(&objects, "nowhere/"), []);
        let chosen = entries(&objects, "");
        assert_eq!(keys_of(&objects, &chosen[..1]).len(), 3);
    }

    #[test]
    fn crumbs_lead_down() {
        let text = |crumbs: Vec<(String, String)>| {
            crumbs.into_iter().map(|(name, prefix)| format!("{name}={prefix}")).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(text(crumbs("b", "x/y/")), "b= x=x/ y=x/y/");
        assert_eq!(text(crumbs("b", "")), "b=");
    }

    #[test]
    fn uploads_keep_their_names() {
        assert_eq!(upload_target("bbb", "in/", Path::new("/tmp/a b.csv")).unwrap().to_string(), "s3://bbb/in/a b.csv");
        assert_eq!(upload_target("bbb", "", Path::new("/")).unwrap_err(), "/ is not a file");
        let long = "x".repeat(1030);
        assert!(upload_target("bbb", "", Path::new(&long)).unwrap_err().ends_with("must have 1 to 1024 bytes"));
        let home = Path::new("/home/me");
        assert_eq!(
            typed_paths(" '/a/b c.csv'\n\n~/d.csv ", Some(home)),
            [Path::new("/a/b c.csv"), Path::new("/home/me/d.csv")]
        );
    }
}
