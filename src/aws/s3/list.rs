//! A page of a bucket's keys: prefix, delimiter, and where the page before ended. Reads the snapshot's ordered table from there on and no further,
//! and jumps over everything below a common prefix.

use std::sync::Arc;

use crate::domain::bucket::Object;
use crate::workspace::Table;

/// Where a page ends, and the next begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Position {
    /// After this key.
    Key(String),
    /// After everything that begins with this.
    Prefix(String),
}

impl Position {
    /// The key or prefix itself.
    pub fn text(&self) -> &str {
        match self {
            Self::Key(text) | Self::Prefix(text) => text,
        }
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ask<'a> {
    /// Keys begin with it.
    pub prefix: &'a str,
    /// Keys that have it after the prefix are shown as one.
    pub delimiter: Option<&'a str>,
    /// Where the page before ended.
    pub after: Option<&'a Position>,
    /// Entries of a page.
    pub most: usize,
}

/// One page, in the order of keys.
#[derive(Debug, Default)]
pub struct Page {
    /// Objects.
    pub objects: Vec<Arc<Object>>,
    /// Common prefixes.
    pub prefixes: Vec<String>,
    /// Where it ended; `None` where there is nothing more.
    pub next: Option<Position>,
}

/// The page.
pub fn page(table: &Table<Object>, ask: &Ask<'_>) -> Page {
    let mut page = Page::default();
    if ask.most == 0 {
        return page;
    }
    let mut from = match ask.after {
        None => Some(ask.prefix.to_owned()),
        Some(Position::Key(key)) => Some(format!("{key}\0").max(ask.prefix.to_owned())),
        Some(Position::Prefix(prefix)) => behind(prefix).map(|from| from.max(ask.prefix.to_owned())),
    };
    let mut last = None;
    while let Some(start) = from.take() {
        for (key, object) in table.range(&start) {
            let Some(tail) = key.strip_prefix(ask.prefix) else { return page };
            let common = ask
                .delimiter
                .filter(|delimiter| !delimiter.is_empty())
                .and_then(|delimiter| tail.find(delimiter).map(|at| ask.prefix.len() + at + delimiter.len()));
            if page.objects.len() + page.prefixes.len() == ask.most {
                page.next = last;
                return page;
            }
            if let Some(end) = common {
                let prefix = &key[..end];
                page.prefixes.push(prefix.to_owned());
                last = Some(Position::Prefix(prefix.to_owned()));
                from = behind(prefix);
                break;
            }
            page.objects.push(Arc::clone(object));
            last = Some(Position::Key(key.clone()));
        }
    }
    page
}

/// The smallest string behind everything that begins with `prefix`; `None` where there is none.
fn behind(prefix: &str) -> Option<String> {
    let mut chars: Vec<char> = prefix.chars().collect();
    while let Some(last) = chars.pop() {
        // Over the gap of the surrogates, which are no characters.
        let next = (u32::from(last) + 1..=u32::from(char::MAX)).find_map(char::from_u32);
        if let Some(next) = next {
            chars.push(next);
            return Some(chars.into_iter().collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::time::Timestamp;

    fn table<'a>(keys: impl IntoIterator<Item = &'a str>) -> Table<Object> {
        let object = |key: &str| Object {
            key: key.to_owned(),
            size: 1,
            etag: String::new(),
            modified: Timestamp(0),
            content_type: String::new(),
            details: None,
        };
        keys.into_iter().map(|key| (key.to_owned(), object(key))).collect()
    }

    /// All pages, one entry an item: `key` or `prefix*`.
    fn all(table: &Table<Object>, prefix: &str, delimiter: Option<&str>, most: usize) -> Vec<String> {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = page(table, &Ask { prefix, delimiter, after: after.as_ref(), most });
            assert!(page.objects.len() + page.prefixes.len() <= most);
            let mut entries: Vec<String> = page.objects.iter().map(|object| object.key.clone()).collect();
            entries.extend(page.prefixes.iter().map(|prefix| format!("{prefix}*")));
            entries.sort();
            found.extend(entries);
            let Some(next) = page.next else { return found };
            after = Some(next);
        }
    }

    #[test]
    fn folders_are_shown_as_one() {
        let table = table(["a", "a/", "a/b/c", "a/d", "b/x", "b/y", "c", "é/1", "é/2"]);
        for most in 1..10 {
            assert_eq!(all(&table, "", Some("/"), most), ["a", "a/*", "b/*", "c", "é/*"], "{most}");
            assert_eq!(all(&table, "a/", Some("/"), most), ["a/", "a/b/*", "a/d"]);
            assert_eq!(all(&table, "b", None, most), ["b/x", "b/y"]);
            assert_eq!(all(&table, "zz", Some("/"), most), Vec::<String>::new());
        }
        assert_eq!(all(&table, "", None, 3).len(), 9);
        assert!(page(&table, &Ask { most: 0, ..Ask::default() }).next.is_none());
    }

    #[test]
    fn behind_a_prefix_is_right_behind_it() {
        assert_eq!(behind("a/").as_deref(), Some("a0"));
        assert_eq!(behind("\u{d7ff}").as_deref(), Some("\u{e000}"));
        assert_eq!(behind("a\u{10ffff}").as_deref(), Some("b"));
        assert_eq!(behind("\u{10ffff}"), None);
    }

    proptest! {
        #[test]
        fn pages_are_what_grouping_all_keys_gives(
            keys in prop::collection::btree_set("[ab/é\u{10ffff}]{1,6}", 0..40),
            prefix in "[ab/]{0,2}",
            most in 1_usize..6,
        ) {
            let table = table(keys.iter().map(String::as_str));
            let mut wanted: Vec<String> = keys
                .iter()
                .filter_map(|key| key.strip_prefix(&prefix).map(|tail| (key, tail)))
                .map(|(key, tail)| tail.find('/').map_or_else(|| key.clone(), |at| format!("{}*", &key[..=prefix.len() + at])))
                .collect();
            wanted.dedup();
            prop_assert_eq!(all(&table, &prefix, Some("/"), most), wanted);
        }
    }
}
