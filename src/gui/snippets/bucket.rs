//! Buckets and objects as code.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::value::{quoted, word};
use super::{Language, Place, Snippet};
use crate::domain::s3_uri::S3Uri;
use crate::gui::pages::naming;
use crate::workspace::Snapshot;

/// What a signature covers is encoded so: everything but letters, digits and four signs.
const SIGNED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// The same for a path, whose slashes stay.
const PATH: &AsciiSet = &SIGNED.remove(b'/');

/// A bucket, or a folder in it (`prefix` ends in `/` then): list it, upload into it; make a bucket like it.
pub fn bucket(snapshot: &Snapshot, name: &str, prefix: &str) -> Vec<Snippet> {
    let place = Place::of(snapshot);
    let mut out = list(&place, name, prefix);
    out.extend(upload(&place, &S3Uri::new(name, format!("{prefix}data.csv")), "data.csv", "Upload a file"));
    if prefix.is_empty() {
        let free = naming::free(name, |name| snapshot.buckets.contains(name));
        out.extend(make(&place, &free));
    }
    out
}

/// An object: look at it, download it, upload it anew.
pub fn object(snapshot: &Snapshot, uri: &S3Uri) -> Vec<Snippet> {
    let place = Place::of(snapshot);
    let (bucket, key) = (quoted(&uri.bucket), quoted(&uri.key));
    let file = uri.file_name();
    let url = object_url(&place, uri);
    let s3 = place.boto3_client("s3");
    let of = |title: &'static str| move |language, text| Snippet { language, title: title.to_owned(), text };
    let look = of("Look at it");
    let get = of("Download it");
    let session = "sagemaker_session=session";
    let downloader = "from sagemaker.s3 import S3Downloader\n";
    let mut out = vec![
        look(
            Language::Boto3,
            format!(
                "{s3}answer = s3.head_object(Bucket={bucket}, Key={key})\n\
                 print(answer[\"ContentLength\"], answer[\"ContentType\"], answer[\"ETag\"])\n"
            ),
        ),
        look(
            Language::Cli,
            format!(
                "aws s3api head-object \\\n  {} \\\n  --bucket {} \\\n  --key {}\n",
                place.cli_options(),
                word(&uri.bucket),
                word(&uri.key)
            ),
        ),
        look(Language::Curl, format!("curl -sS -I --fail {} \\\n  {}\n", word(&url), place.curl_signature("s3"))),
        place.sdk(
            "Look at it",
            downloader,
            &format!("print(S3Downloader.list({}, {session}))\n", quoted(&uri.to_string())),
        ),
        get(Language::Boto3, format!("{s3}s3.download_file(Bucket={bucket}, Key={key}, Filename={})\n", quoted(file))),
        get(
            Language::Cli,
            format!("aws s3 cp {} {} \\\n  {}\n", word(&uri.to_string()), local(file), place.cli_options()),
        ),
        get(
            Language::Curl,
            format!("curl -sS --fail {} \\\n  {} \\\n  -o {}\n", word(&url), place.curl_signature("s3"), local(file)),
        ),
        place.sdk(
            "Download it",
            downloader,
            &format!("S3Downloader.download({}, \".\", {session})\n", quoted(&uri.to_string())),
        ),
    ];
    out.extend(upload(&place, uri, file, "Upload it anew"));
    out
}

/// A file in the current folder; one whose name looks like an option stays a file.
fn local(file: &str) -> String {
    if file.starts_with('-') { word(&format!("./{file}")) } else { word(file) }
}

fn object_url(place: &Place, uri: &S3Uri) -> String {
    format!("{}/{}/{}", place.url, uri.bucket, utf8_percent_encode(&uri.key, PATH))
}

fn list(place: &Place, bucket: &str, prefix: &str) -> Vec<Snippet> {
    let title = if prefix.is_empty() { "List what is in it" } else { "List this folder" };
    let snippet = |language, text| Snippet { language, title: title.to_owned(), text };
    let uri = format!("s3://{bucket}/{prefix}");
    let boto3 = format!(
        "{}pages = s3.get_paginator(\"list_objects_v2\")\nfor page in pages.paginate(Bucket={}, Prefix={}):\n    \
         for item in page.get(\"Contents\", []):\n        print(item[\"Key\"], item[\"Size\"])\n",
        place.boto3_client("s3"),
        quoted(bucket),
        quoted(prefix)
    );
    let cli = format!("aws s3 ls {} --recursive \\\n  {}\n", word(&uri), place.cli_options());
    let query = format!("list-type=2&prefix={}", utf8_percent_encode(prefix, SIGNED));
    let url = format!("{}/{bucket}?{query}", place.url);
    let curl = format!("curl -sS --fail-with-body {} \\\n  {}\n", word(&url), place.curl_signature("s3"));
    let sdk = format!("print(S3Downloader.list({}, sagemaker_session=session))\n", quoted(&uri));
    vec![
        snippet(Language::Boto3, boto3),
        snippet(Language::Cli, cli),
        snippet(Language::Curl, curl),
        place.sdk(title, "from sagemaker.s3 import S3Downloader\n", &sdk),
    ]
}

fn upload(place: &Place, to: &S3Uri, file: &str, title: &str) -> Vec<Snippet> {
    let snippet = |language, text| Snippet { language, title: title.to_owned(), text };
    let boto3 = format!(
        "{}s3.upload_file(Filename={}, Bucket={}, Key={})\n",
        place.boto3_client("s3"),
        quoted(file),
        quoted(&to.bucket),
        quoted(&to.key)
    );
    let cli = format!("aws s3 cp {} {} \\\n  {}\n", local(file), word(&to.to_string()), place.cli_options());
    let curl = format!(
        "curl -sS --fail-with-body {} \\\n  {} \\\n  -T {}\n",
        word(&object_url(place, to)),
        place.curl_signature("s3"),
        local(file)
    );
    // The uploader wants the folder and keeps the file's name.
    let folder = to.key.rfind('/').map_or("", |slash| &to.key[..slash]);
    let uploader = format!(
        "S3Uploader.upload({}, {}, sagemaker_session=session)\n",
        quoted(file),
        quoted(&S3Uri::new(&to.bucket, folder).to_string())
    );
    // Without a folder it would begin the key with a slash.
    let (imports, sdk) = if folder.is_empty() {
        let upload = format!(
            "session.boto_session.client(\"s3\").upload_file({}, {}, {})\n",
            quoted(file),
            quoted(&to.bucket),
            quoted(&to.key)
        );
        ("", upload)
    } else {
        ("from sagemaker.s3 import S3Uploader\n", uploader)
    };
    vec![
        snippet(Language::Boto3, boto3),
        snippet(Language::Cli, cli),
        snippet(Language::Curl, curl),
        place.sdk(title, imports, &sdk),
    ]
}

fn make(place: &Place, name: &str) -> Vec<Snippet> {
    let title = "Make another one";
    let snippet = |language, text| Snippet { language, title: title.to_owned(), text };
    // us-east-1 is the one region that must not be named.
    let elsewhere = (place.account.region != "us-east-1").then_some(place.account.region.as_str());
    let python = elsewhere
        .map(|region| format!(", CreateBucketConfiguration={{\"LocationConstraint\": {}}}", quoted(region)))
        .unwrap_or_default();
    let body = elsewhere
        .map(|region| {
            format!(
                " \\\n  -d '<CreateBucketConfiguration><LocationConstraint>{region}</LocationConstraint></CreateBucketConfiguration>'"
            )
        })
        .unwrap_or_default();
    let boto3 = format!("{}s3.create_bucket(Bucket={}{python})\n", place.boto3_client("s3"), quoted(name));
    let cli = format!("aws s3 mb {} \\\n  {}\n", word(&format!("s3://{name}")), place.cli_options());
    let curl =
        format!("curl -sS --fail-with-body -X PUT {}/{name} \\\n  {}{body}\n", place.url, place.curl_signature("s3"));
    let sdk = format!(
        "# A session makes its default bucket when it is asked for it.\n\
         print(sagemaker.Session(session.boto_session, default_bucket={}).default_bucket())\n",
        quoted(name)
    );
    vec![
        snippet(Language::Boto3, boto3),
        snippet(Language::Cli, cli),
        snippet(Language::Curl, curl),
        place.sdk(title, "", &sdk),
    ]
}
