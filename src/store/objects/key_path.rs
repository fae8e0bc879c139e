//! Where an object's body lies: keys become paths that every file system can hold, and paths become keys again.
//!
//! A key is split at its slashes. In each part everything but a cautious set of ASCII is written `%xx`, so that neither Windows nor macOS minds
//! or folds it. A part with capitals carries a mask of where they are (`README.txt%u3f`), so that `a` and `A` differ even where the disk ignores
//! case. A part that is a folder ends in `%` (`boston%/train.csv`), so that `a` and `a/b` can both be objects. A part too long for a file name goes
//! on in the folder below (`…%+/…`). An empty part is `%_`. No part begins with a dot, and the whole can be read backwards without an index.

use std::path::{Component, Path, PathBuf};

/// Characters of a part before it goes on below: with a capitals mask and marks it stays under 255 bytes.
const LONGEST: usize = 180;

/// Names that Windows keeps for devices, with any extension.
const DEVICES: [&str; 22] = [
    "con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9", "lpt1", "lpt2",
    "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
];

/// The relative path of a key's body within its bucket's folder.
pub fn path_of(key: &str) -> PathBuf {
    let mut path = PathBuf::new();
    let mut parts = key.split('/').peekable();
    while let Some(part) = parts.next() {
        let pieces = pieces_of(part);
        let last = pieces.len() - 1;
        for (i, piece) in pieces.iter().enumerate() {
            let mark = match (i < last, parts.peek().is_some()) {
                (true, _) => "%+",
                (false, true) => "%",
                (false, false) => "",
            };
            path.push(format!("{piece}{mark}"));
        }
    }
    path
}

/// The key of a relative path; `None` for a path that no key has.
pub fn key_of(path: &Path) -> Option<String> {
    let mut key = Vec::new();
    let mut components = path.components().peekable();
    while let Some(component) = components.next() {
        let Component::Normal(name) = component else { return None };
        let name = name.to_str()?;
        let more = components.peek().is_some();
        let (piece, slash) = match (name.strip_suffix("%+"), name.strip_suffix('%')) {
            (Some(piece), _) if more => (piece, false),
            (None, Some(piece)) if more => (piece, true),
            (None, None) if !more => (name, false),
            _ => return None,
        };
        unescape(piece, &mut key)?;
        if slash {
            key.push(b'/');
        }
    }
    let key = String::from_utf8(key).ok()?;
    // Only what we would write ourselves counts: every key has exactly one path.
    (path_of(&key) == path).then_some(key)
}

/// One part, escaped, cut where it is too long, each piece with its mask of capitals.
fn pieces_of(part: &str) -> Vec<String> {
    if part.is_empty() {
        return vec!["%_".to_owned()];
    }
    let stem = part.split('.').next().unwrap_or_default();
    let device = DEVICES.iter().any(|device| device.eq_ignore_ascii_case(stem.trim_end()));
    let end = part.len() - 1;
    let mut pieces = Vec::new();
    let mut piece = String::new();
    for (i, byte) in part.bytes().enumerate() {
        if LONGEST - piece.len() < 3 {
            pieces.push(masked(&piece));
            piece.clear();
        }
        let inside = i < end && !piece.is_empty();
        let plain =
            byte.is_ascii_alphanumeric() || b"-_+=@,()#".contains(&byte) || (inside && (byte == b'.' || byte == b' '));
        if plain && !(device && i == 0) {
            piece.push(char::from(byte));
        } else {
            piece.push('%');
            for nibble in [byte >> 4, byte & 15] {
                piece.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
            }
        }
    }
    pieces.push(masked(&piece));
    pieces
}

/// The piece with its mask, a bit a character, four characters a hex digit; without one where there are no capitals.
fn masked(piece: &str) -> String {
    if !piece.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return piece.to_owned();
    }
    let mut mask = String::new();
    for four in piece.as_bytes().chunks(4) {
        let bits = four.iter().enumerate().fold(0, |bits, (i, byte)| bits | u32::from(byte.is_ascii_uppercase()) << i);
        mask.push(char::from_digit(bits, 16).unwrap_or('0'));
    }
    format!("{piece}%u{}", mask.trim_end_matches('0'))
}

/// Appends the bytes that a piece stands for.
fn unescape(piece: &str, key: &mut Vec<u8>) -> Option<()> {
    if piece == "%_" {
        return Some(());
    }
    let text = piece.split_once("%u").map_or(piece, |(text, _)| text);
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let high = char::from(bytes.next()?).to_digit(16)?;
            let low = char::from(bytes.next()?).to_digit(16)?;
            key.push(u8::try_from(high << 4 | low).ok()?);
        } else {
            key.push(byte);
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ordinary_keys_stay_readable() {
        for (key, path) in [
            ("train.csv", "train.csv"),
            ("boston/train.csv", "boston%/train.csv"),
            ("README.txt", "README.txt%uf3"),
            ("a//b", "a%/%_%/b"),
            ("a/", "a%/%_"),
            ("../x", "%2e%2e%/x"),
            (".profile", "%2eprofile"),
            ("nul.txt", "%6eul.txt"),
            ("50%", "50%25"),
            ("é", "%c3%a9"),
        ] {
            assert_eq!(path_of(key), Path::new(path), "{key}");
            assert_eq!(key_of(Path::new(path)).as_deref(), Some(key));
        }
    }

    #[test]
    fn paths_that_no_key_has_are_refused() {
        for path in [
            "plain/file",
            "file%",
            "README.txt",
            "%41",
            "a%2F",
            "a%2f",
            "..",
            "a%/../b",
            "%",
            "%zz",
            "a%+/b",
            "b%u1",
            "%_%",
        ] {
            assert_eq!(key_of(Path::new(path)), None, "{path}");
        }
    }

    fn any_key() -> impl Strategy<Value = String> {
        let part = prop_oneof![
            "",
            "\\.{1,3}",
            "[a-cA-C.% ]{1,4}",
            "(?i)(con|aux|com1)(\\.x)?",
            "\\PC{1,30}",
            "[aA%é]{150,400}"
        ];
        prop::collection::vec(part, 1..5)
            .prop_map(|parts| parts.join("/"))
            .prop_filter("1 to 1024 bytes", |key| (1..=1024).contains(&key.len()))
    }

    proptest! {
        #[test]
        fn every_key_comes_back(key in any_key()) {
            let path = path_of(&key);
            prop_assert_eq!(key_of(&path), Some(key));
            for name in path.components() {
                let Component::Normal(name) = name else { panic!("{} leaves its folder", path.display()) };
                let name = name.to_str().unwrap();
                prop_assert!(name.len() <= 255, "{} bytes", name.len());
                prop_assert!(name.bytes().all(|b| b.is_ascii_graphic() || b == b' ') && !name.contains(['<', '>', ':', '"', '\\', '|', '?', '*']));
                prop_assert!(!name.starts_with(['.', ' ']) && !name.ends_with(['.', ' ']), "{name}");
            }
        }

        /// Neither on a disk that ignores case, nor where one key is the folder of another.
        #[test]
        fn no_two_keys_meet(keys in prop::collection::hash_set(prop_oneof![any_key(), "[aA]{1,6}", "[aA/]{1,4}"], 2..20)) {
            let mut files: HashMap<String, &String> = HashMap::new();
            let mut folders = HashSet::new();
            for key in &keys {
                let path = path_of(key);
                let lower = |path: &Path| path.to_str().unwrap().to_ascii_lowercase();
                for folder in path.ancestors().skip(1).filter(|folder| *folder != Path::new("")) {
                    folders.insert(lower(folder));
                }
                let met = files.insert(lower(&path), key);
                prop_assert!(met.is_none(), "{met:?} and {key:?} at {}", path.display());
            }
            prop_assert!(files.keys().all(|file| !folders.contains(file)));
        }
    }
}
