//! Objects: keys of all kinds, whole or not at all, and found again after every kind of accident.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};

use proptest::prelude::*;

use super::{bucket, open};
use crate::domain::s3_uri::S3Uri;
use crate::store::objects::key_path::path_of;
use crate::store::{Mended, Store, StoreError, object_key};

fn uri(key: &str) -> S3Uri {
    S3Uri::new("my-bucket", key)
}

fn with_bucket(folder: &std::path::Path) -> Store {
    let store = open(folder).store;
    store.objects().create_bucket(&bucket("my-bucket")).unwrap();
    store
}

fn body(store: &Store, key: &str) -> Vec<u8> {
    let (object, mut file) = store.objects().open(&uri(key)).unwrap();
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).unwrap();
    assert_eq!(object.size, bytes.len() as u64);
    bytes
}

fn keys(store: &Store, prefix: &str) -> Vec<String> {
    store.objects().list("my-bucket", prefix).unwrap().into_iter().map(|object| object.key).collect()
}

/// Files and folders below a bucket.
fn on_disk(store: &Store) -> usize {
    fn count(folder: &std::path::Path) -> usize {
        fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| 1 + if path.is_dir() { count(&path) } else { 0 })
            .sum()
    }
    count(&store.folder().join("buckets/my-bucket"))
}

const ODD_KEYS: [&str; 24] = [
    "a",
    "a/b",
    "a/b/c",
    "A",
    "A/b",
    "a/",
    "a//",
    "/",
    "//",
    "/a",
    "..",
    "../..",
    "../escape",
    ".",
    "./a",
    ".hidden",
    "con",
    "NUL.txt",
    "end.",
    "end ",
    "c:\\windows",
    "%41",
    "ключ/значение",
    "line\nbreak",
];

#[test]
fn odd_keys_live_side_by_side() {
    let folder = tempfile::tempdir().unwrap();
    let long = "x".repeat(1_024);
    let capitals = "É/".to_owned() + &"Q".repeat(300);
    let all: Vec<&str> = ODD_KEYS.into_iter().chain([long.as_str(), capitals.as_str()]).collect();
    {
        let store = with_bucket(folder.path());
        for key in &all {
            store.objects().put(&uri(key), &mut key.as_bytes(), None).unwrap();
        }
    }
    let opened = open(folder.path());
    assert_eq!(opened.mended, Mended::default());
    let store = opened.store;
    for key in &all {
        assert_eq!(body(&store, key), key.as_bytes(), "{key:?}");
    }
    let mut sorted: Vec<&str> = all.clone();
    sorted.sort_unstable();
    assert_eq!(keys(&store, ""), sorted);
    assert_eq!(keys(&store, "a/"), ["a/", "a//", "a/b", "a/b/c"]);
    assert!(!folder.path().join("escape").exists());
    for key in &all {
        assert!(store.objects().delete(&uri(key)).unwrap(), "{key:?}");
        assert!(!store.objects().delete(&uri(key)).unwrap(), "{key:?}");
    }
    assert_eq!((keys(&store, "").len(), on_disk(&store)), (0, 0));
}

#[test]
fn etags_are_those_of_s3() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_bucket(folder.path());
    // RFC 1321, appendix A.5.
    for (text, md5) in [
        ("", "d41d8cd98f00b204e9800998ecf8427e"),
        ("abc", "900150983cd24fb0d6963f7d28e17f72"),
        ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
    ] {
        assert_eq!(store.objects().put(&uri("k"), &mut text.as_bytes(), None).unwrap().etag, md5);
    }
}

#[test]
fn ranges_end_where_the_body_ends() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_bucket(folder.path());
    store.objects().put(&uri("k"), &mut &b"0123456789"[..], None).unwrap();
    let range = |from, length| store.objects().read_range(&uri("k"), from, length).unwrap().1;
    assert_eq!(range(0, 4), b"0123");
    assert_eq!(range(8, 100), b"89");
    assert_eq!(range(10, 1), b"");
    assert_eq!(range(1_000, 1), b"");
}

/// Gives some bytes, then fails.
struct Breaks(usize);

impl Read for Breaks {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.0 == 0 {
            return Err(io::Error::other("the line went dead"));
        }
        let length = self.0.min(into.len());
        into[..length].fill(b'x');
        self.0 -= length;
        Ok(length)
    }
}

#[test]
fn a_source_that_breaks_off_leaves_everything_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_bucket(folder.path());
    store.objects().put(&uri("k"), &mut &b"before"[..], None).unwrap();
    for key in ["k", "new/k"] {
        let error = store.objects().put(&uri(key), &mut Breaks(1_000_000), None).unwrap_err();
        assert!(
            matches!(&error, StoreError::Source { .. }) && error.to_string().contains("the line went dead"),
            "{error}"
        );
    }
    assert_eq!((body(&store, "k").as_slice(), keys(&store, "").len(), on_disk(&store)), (&b"before"[..], 1, 1));
    assert_eq!(fs::read_dir(folder.path().join("buckets/.tmp")).unwrap().count(), 0);
}

#[test]
fn an_open_body_outlives_its_replacement_and_its_deletion() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_bucket(folder.path());
    store.objects().put(&uri("k"), &mut &b"first"[..], None).unwrap();
    let (_, mut first) = store.objects().open(&uri("k")).unwrap();
    store.objects().put(&uri("k"), &mut &b"second"[..], None).unwrap();
    let (_, mut second) = store.objects().open(&uri("k")).unwrap();
    store.objects().delete(&uri("k")).unwrap();
    let mut text = String::new();
    first.read_to_string(&mut text).unwrap();
    second.read_to_string(&mut text).unwrap();
    assert_eq!(text, "firstsecond");
    assert!(matches!(store.objects().open(&uri("k")), Err(StoreError::NoObject(_))));
}

#[test]
fn writers_of_one_key_agree_in_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_bucket(folder.path());
    std::thread::scope(|scope| {
        for writer in 0..4_u8 {
            let store = &store;
            scope.spawn(move || {
                for round in 0..10 {
                    let bytes = vec![b'a' + writer; 1_000 + round];
                    store.objects().put(&uri("deep/er/k"), &mut bytes.as_slice(), None).unwrap();
                    store.objects().delete(&uri(&format!("deep/er/other-{writer}"))).unwrap();
                    store.objects().put(&uri(&format!("deep/er/other-{writer}")), &mut &b"x"[..], None).unwrap();
                }
            });
        }
    });
    let bytes = body(&store, "deep/er/k");
    assert!(bytes.iter().all(|byte| *byte == bytes[0]));
    drop(store);
    assert_eq!(open(folder.path()).mended, Mended::default(), "records and bodies agree");
}

#[test]
fn buckets_come_and_go() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_bucket(folder.path());
    let objects = store.objects();
    assert!(matches!(objects.create_bucket(&bucket("my-bucket")), Err(StoreError::BucketExists(_))));
    assert!(matches!(objects.create_bucket(&bucket("No Good")), Err(StoreError::Invalid(_))));
    assert!(matches!(objects.put(&S3Uri::new("other", "k"), &mut &b""[..], None), Err(StoreError::NoBucket(_))));
    assert!(matches!(objects.put(&uri(""), &mut &b""[..], None), Err(StoreError::Invalid(_))));
    objects.put(&uri("k"), &mut &b"x"[..], None).unwrap();
    assert!(matches!(objects.delete_bucket("my-bucket", false), Err(StoreError::BucketNotEmpty(_))));
    objects.delete_bucket("my-bucket", true).unwrap();
    assert!(matches!(objects.list("my-bucket", ""), Err(StoreError::NoBucket(_))));
    assert!(matches!(objects.delete_bucket("my-bucket", true), Err(StoreError::NoBucket(_))));
    assert_eq!(store.objects_meta().all().unwrap(), Vec::new());
    objects.create_bucket(&bucket("my-bucket")).unwrap();
    assert_eq!(keys(&store, ""), Vec::<String>::new());
    objects.delete_bucket("my-bucket", false).unwrap();
    drop(store);
    assert_eq!(open(folder.path()).mended, Mended::default());
}

#[test]
fn what_a_crash_leaves_apart_is_brought_together() {
    let folder = tempfile::tempdir().unwrap();
    {
        let store = with_bucket(folder.path());
        for key in ["kept", "replaced", "removed"] {
            store.objects().put(&uri(key), &mut key.as_bytes(), Some("text/odd")).unwrap();
        }
    }
    let at = |key: &str| folder.path().join("buckets/my-bucket").join(path_of(key));
    // A body of the same length that was renamed into place, but its record not committed.
    fs::write(at("replaced"), "REPLACED").unwrap();
    fs::remove_file(at("removed")).unwrap();
    fs::create_dir_all(at("new/one").parent().unwrap()).unwrap();
    fs::write(at("new/one"), "fresh").unwrap();
    fs::write(folder.path().join("buckets/.tmp/1-2"), "half").unwrap();
    fs::create_dir_all(folder.path().join("buckets/.trash/1-3/x%")).unwrap();
    fs::create_dir_all(folder.path().join("buckets/never-answered/for")).unwrap();
    fs::write(folder.path().join("buckets/my-bucket/ODD"), "no key has this path").unwrap();

    let opened = open(folder.path());
    let mended = opened.mended;
    assert_eq!(mended.picked_up, [uri("new/one")]);
    assert_eq!(mended.refreshed, [uri("replaced")]);
    assert_eq!(mended.lost, [uri("removed")]);
    assert_eq!(mended.buckets, Vec::<String>::new());
    assert_eq!(mended.foreign.len(), 1);
    let store = opened.store;
    assert_eq!(keys(&store, ""), ["kept", "new/one", "replaced"]);
    assert_eq!(body(&store, "replaced"), b"REPLACED");
    let replaced = store.objects().head(&uri("replaced")).unwrap();
    assert_eq!(
        (replaced.etag.as_str(), replaced.content_type.as_str()),
        ("d5edacc5c1724ff7055e7db625117c71", "text/odd")
    );
    for gone in ["buckets/.tmp/1-2", "buckets/.trash/1-3", "buckets/never-answered"] {
        assert!(!folder.path().join(gone).exists(), "{gone}");
    }
    drop(store);
    let again = open(folder.path()).mended;
    assert_eq!(Mended { foreign: Vec::new(), ..again }, Mended::default(), "once is enough");
}

#[test]
fn the_record_and_what_goes_with_it_are_one_commit() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_bucket(folder.path());
    store
        .objects()
        .put_with(&uri("model.tar.gz"), &mut &b"abc"[..], None, |object| {
            let mut batch = crate::store::Batch::new();
            batch.put(store.models(), "m", &super::model(&object.etag));
            batch
        })
        .unwrap();
    assert_eq!(store.models().get("m").unwrap().unwrap().name, "900150983cd24fb0d6963f7d28e17f72");
    assert!(store.objects_meta().contains(&object_key("my-bucket", "model.tar.gz")).unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// The bucket does what a map would do, and opens again with the same.
    #[test]
    fn a_bucket_does_what_a_map_does(
        steps in prop::collection::vec(("[aA./%]{1,4}|[^\u{0}]{1,30}", prop::option::of(prop::collection::vec(any::<u8>(), 0..300))), 1..16),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut expected: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        {
            let store = with_bucket(folder.path());
            for (key, bytes) in &steps {
                if let Some(bytes) = bytes {
                    store.objects().put(&uri(key), &mut bytes.as_slice(), None).unwrap();
                    expected.insert(key.clone(), bytes.clone());
                } else {
                    let was = store.objects().delete(&uri(key)).unwrap();
                    prop_assert_eq!(was, expected.remove(key).is_some());
                }
            }
        }
        let opened = open(folder.path());
        prop_assert_eq!(&opened.mended, &Mended::default());
        prop_assert_eq!(keys(&opened.store, ""), expected.keys().cloned().collect::<Vec<_>>());
        for (key, bytes) in &expected {
            prop_assert_eq!(&body(&opened.store, key), bytes);
        }
    }
}
