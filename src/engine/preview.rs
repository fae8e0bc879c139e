//! The head of an object, read as what it is; and copies of objects to files.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::commands::command_error;
use crate::domain::bucket::content_type_of;
use crate::domain::s3_uri::S3Uri;
use crate::store::Objects;
use crate::workspace::{CommandError, Preview};

/// How much of an object is looked at.
const HEAD_BYTES: u64 = 4 * 1024 * 1024;
/// How much of a single line or field is shown.
const MAX_CHARS: usize = 4_096;
/// Bytes of a binary object that are shown.
const MAX_BINARY: usize = 256;

/// The first rows of an object.
///
/// # Errors
/// No such object, or the disk refused.
pub(super) fn preview(objects: &Objects, uri: &S3Uri, max_rows: usize) -> Result<Preview, CommandError> {
    let (object, file) = objects.open(uri).map_err(command_error)?;
    let refused = |error: io::Error| CommandError::Failed(format!("Could not read {uri}: {error}"));
    let mut head = Vec::new();
    let mut reader = plain(file).map_err(refused)?;
    let gzip = reader.gzip;
    // A gzip that ends too early still has a head to show.
    match reader.inner.by_ref().take(HEAD_BYTES + 1).read_to_end(&mut head) {
        Err(error) if head.is_empty() && !gzip => return Err(refused(error)),
        _ => {}
    }
    let cut = head.len() as u64 > HEAD_BYTES;
    head.truncate(HEAD_BYTES as usize);
    if !is_text(&head) {
        head.truncate(MAX_BINARY);
        return Ok(Preview::Binary { head });
    }
    let text = String::from_utf8_lossy(&head);
    let content_type = object.content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let inner = uri.file_name().trim_end_matches(".gz");
    let is_csv = content_type == "text/csv"
        || content_type_of(inner) == "text/csv"
        || (content_type.ends_with("gzip") && looks_like_csv(&text));
    Ok(if is_csv { table(&text, cut, max_rows) } else { lines(&text, cut, max_rows) })
}

/// Copies an object to a file, which is there in full or not at all; answers with its bytes.
///
/// # Errors
/// No such object, or the disk refused.
pub(super) fn download(objects: &Objects, uri: &S3Uri, to: &Path) -> Result<u64, CommandError> {
    let (_, mut body) = objects.open(uri).map_err(command_error)?;
    let refused = |error: io::Error| CommandError::Failed(format!("Could not write {}: {error}", to.display()));
    let mut part = to.as_os_str().to_owned();
    part.push(".part");
    let part = Path::new(&part);
    let written = (|| {
        let mut file = File::create(part)?;
        let bytes = io::copy(&mut body, &mut file)?;
        file.flush()?;
        fs::rename(part, to)?;
        Ok(bytes)
    })();
    if written.is_err() {
        let _ = fs::remove_file(part);
    }
    written.map_err(refused)
}

/// A body without its gzip, where it has one.
pub(super) struct Plain {
    pub(super) inner: Box<dyn Read + Send>,
    pub(super) gzip: bool,
}

/// Takes the gzip off a body by its first two bytes.
pub(super) fn plain(mut file: File) -> io::Result<Plain> {
    use std::io::{Seek, SeekFrom};
    let mut magic = Vec::with_capacity(2);
    Read::by_ref(&mut file).take(2).read_to_end(&mut magic)?;
    file.seek(SeekFrom::Start(0))?;
    let gzip = magic == [0x1f, 0x8b];
    let reader = BufReader::with_capacity(256 * 1024, file);
    let inner: Box<dyn Read + Send> = if gzip { Box::new(MultiGzDecoder::new(reader)) } else { Box::new(reader) };
    Ok(Plain { inner, gzip })
}

/// Text is UTF-8 (but for a character that the cut went through) without control characters other than white space.
fn is_text(bytes: &[u8]) -> bool {
    let valid = match std::str::from_utf8(bytes) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    valid && !bytes.iter().any(|b| *b < 0x20 && !matches!(b, b'\n' | b'\r' | b'\t' | 0x0c))
}

fn looks_like_csv(text: &str) -> bool {
    text.lines().next().is_some_and(|line| line.contains(','))
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}\u{2026}", &text[..end]),
        None => text.to_owned(),
    }
}

fn lines(text: &str, cut: bool, max_rows: usize) -> Preview {
    let mut all = text.trim_start_matches('\u{feff}').lines();
    let lines: Vec<String> = all.by_ref().take(max_rows).map(shorten).collect();
    let more = cut || all.next().is_some();
    Preview::Text { lines, more }
}

fn table(text: &str, cut: bool, max_rows: usize) -> Preview {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut more = cut;
    for record in reader.records() {
        // What the csv reader can't take is shown as the text that it is.
        let Ok(record) = record else { return lines(text, cut, max_rows) };
        if rows.len() > max_rows {
            more = true;
            break;
        }
        rows.push(record.iter().map(shorten).collect());
    }
    let header = is_header(&rows).then(|| rows.remove(0));
    if rows.len() > max_rows {
        rows.truncate(max_rows);
        more = true;
    }
    Preview::Table { header, rows, more }
}

/// A first line is a header when none of its fields is a number and some field below one of them is.
fn is_header(rows: &[Vec<String>]) -> bool {
    let [first, rest @ ..] = rows else { return false };
    let number = |field: &String| field.trim().parse::<f64>().is_ok();
    let words = !first.is_empty() && first.iter().all(|field| !number(field) && !field.trim().is_empty());
    let distinct = first.iter().enumerate().all(|(i, field)| !first[..i].contains(field));
    words && distinct && rest.iter().take(20).any(|row| row.iter().any(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_recognised() {
        let Preview::Table { header, rows, more } = table("price,rooms\n1.5,2\n3,4\n", false, 10) else { panic!() };
        assert_eq!(header.unwrap(), ["price", "rooms"]);
        assert_eq!((rows.len(), more), (2, false));
        let Preview::Table { header, rows, .. } = table("1,2\n3,4\n", false, 10) else { panic!() };
        assert_eq!((header, rows.len()), (None, 2));
    }

    #[test]
    fn more_is_said_exactly() {
        let long = "1,2\n".repeat(11);
        for (rows, expected) in [(10, true), (11, false), (12, false)] {
            let Preview::Table { more, rows: got, .. } = table(&long, false, rows) else { panic!() };
            assert_eq!((more, got.len()), (expected, rows.min(11)));
            let Preview::Text { more, .. } = lines(&long, false, rows) else { panic!() };
            assert_eq!(more, expected);
        }
    }

    #[test]
    fn binary_is_told_from_text() {
        assert!(is_text("a\tb\né".as_bytes()));
        assert!(is_text(&"é".as_bytes()[..1]), "a character that the cut went through");
        assert!(!is_text(&[0x1f, 0x8b, 0]));
        assert!(!is_text(&[0xff, b'a', b'b']));
    }
}
