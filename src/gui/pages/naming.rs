//! Names that a form suggests: short, telling, and not taken yet.

/// SageMaker's longest name.
const LONGEST: usize = 63;

/// `stem-1`, or the first number from there on that is not taken.
pub fn numbered(stem: &str, taken: impl Fn(&str) -> bool) -> String {
    let stem = clean(stem);
    let mut number = 1u64;
    loop {
        let tail = format!("-{number}");
        let head: String = stem.chars().take(LONGEST - tail.len()).collect();
        let name = format!("{}{tail}", head.trim_end_matches('-'));
        if !taken(&name) {
            return name;
        }
        number += 1;
    }
}

/// The stem as it is, or numbered from 2 where it is taken.
pub fn free(stem: &str, taken: impl Fn(&str) -> bool) -> String {
    let stem = clean(stem);
    if taken(&stem) { numbered(&stem, |name| name.ends_with("-1") || taken(name)) } else { stem }
}

/// A name without the number that a form put behind it: `boston-xgb-2` → `boston-xgb`.
pub fn stem(name: &str) -> &str {
    match name.rsplit_once('-') {
        Some((head, tail)) if !head.is_empty() && !tail.is_empty() && tail.bytes().all(|b| b.is_ascii_digit()) => head,
        _ => name,
    }
}

/// What the names have in common up to a hyphen: `sentiment-linear-2`, `sentiment-xgb-2` → `sentiment`.
pub fn common_stem<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut names = names.into_iter();
    let Some(first) = names.next() else { return String::new() };
    let mut parts: Vec<&str> = stem(first).split('-').collect();
    for name in names {
        let same = parts.iter().zip(name.split('-')).take_while(|(a, b)| *a == b).count();
        parts.truncate(same);
    }
    parts.join("-")
}

/// Any text as the beginning of a resource name: other characters become single hyphens.
fn clean(text: &str) -> String {
    let mut name = String::with_capacity(text.len());
    for c in text.chars().take(LONGEST) {
        if c.is_ascii_alphanumeric() {
            name.push(c);
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    let name = name.trim_end_matches('-');
    if name.is_empty() { "unnamed".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::name::resource;

    #[test]
    fn suggestions_are_free_and_follow_the_rules() {
        assert_eq!(numbered("boston-xgb", |name| name == "boston-xgb-1"), "boston-xgb-2");
        assert_eq!(numbered("", |_| false), "unnamed-1");
        assert_eq!(free("sentiment-ab", |_| false), "sentiment-ab");
        assert_eq!(free("sentiment-ab", |name| name == "sentiment-ab"), "sentiment-ab-2");
        for stem in ["_é_", "a b//c", &"x".repeat(90), &format!("{}-", "y".repeat(61))] {
            let name = numbered(stem, |_| false);
            assert!(resource("Name", &name).is_ok(), "{name}");
        }
    }

    #[test]
    fn stems() {
        assert_eq!(stem("boston-xgb-12"), "boston-xgb");
        assert_eq!(stem("boston"), "boston");
        assert_eq!(stem("boston-2-b"), "boston-2-b");
        assert_eq!(common_stem(["sentiment-linear-2", "sentiment-xgb-2"]), "sentiment");
        assert_eq!(common_stem(["boston-xgb-2", "sentiment-xgb-2"]), "");
        assert_eq!(common_stem(["boston-xgb-2"]), "boston-xgb");
    }
}
