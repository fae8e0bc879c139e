//! The patterns of the model, which are written for Java: translated, compiled when they are first needed, and bounded in time.

use std::sync::OnceLock;

use fancy_regex::{Regex, RegexBuilder};

/// Steps of backtracking after which a text counts as not matching: some milliseconds. Only patterns that look around can backtrack.
const MOST_STEPS: usize = 100_000;

/// What a compiled pattern may weigh, in bytes.
const MOST_WEIGHT: usize = 64 << 20;

/// A text has to match all of it.
#[derive(Debug)]
pub struct Pattern {
    source: String,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// A pattern as the model has it. Nothing is compiled yet.
    pub fn new(source: &str) -> Self {
        Self { source: source.to_owned(), compiled: OnceLock::new() }
    }

    /// As the model has it, and as errors tell it.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether the whole of `text` matches. A pattern that would need too long for this text counts as not matching; one that cannot be compiled
    /// forbids nothing (a test compiles them all).
    pub fn matches(&self, text: &str) -> bool {
        let compiled = self.compiled.get_or_init(|| match compile(&self.source) {
            Ok(regex) => Some(regex),
            Err(error) => {
                tracing::error!(pattern = self.source, %error, "a pattern of the service model cannot be compiled");
                None
            }
        });
        compiled.as_ref().is_none_or(|regex| regex.is_match(text).unwrap_or(false))
    }
}

/// Compiles a pattern of the model.
pub fn compile(source: &str) -> Result<Regex, Box<fancy_regex::Error>> {
    RegexBuilder::new(&format!("\\A(?:{})\\z", translate(source)))
        .backtrack_limit(MOST_STEPS)
        .delegate_size_limit(MOST_WEIGHT)
        .build()
        .map_err(Box::new)
}

/// What `.` stands for in Java: anything that does not end a line.
const ANY: &str = "[^\\n\\r\\x{85}\\x{2028}\\x{2029}]";

/// Java's dialect in Rust's. In Java `\d`, `\w`, `\s` are ASCII and `.` stops at more line ends; there are classes such as `\p{Alnum}`; and a
/// dollar may be repeated, which says nothing.
fn translate(source: &str) -> String {
    let mut out = String::with_capacity(source.len() + 16);
    let mut within = 0_usize;
    let mut chars = source.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                let Some(escaped) = chars.next() else {
                    out.push_str("\\\\");
                    break;
                };
                if matches!(escaped, 'p' | 'P') && chars.peek() == Some(&'{') {
                    let name: String = chars.by_ref().skip(1).take_while(|c| *c != '}').collect();
                    property(&mut out, escaped == 'P', &name, within > 0);
                } else {
                    escape(&mut out, escaped, within > 0);
                }
            }
            '[' => {
                within += 1;
                out.push(c);
            }
            ']' => {
                within = within.saturating_sub(1);
                out.push(c);
            }
            '.' if within == 0 => out.push_str(ANY),
            '$' if within == 0 => {
                out.push(c);
                match chars.peek() {
                    Some('{') => while chars.next().is_some_and(|c| c != '}') {},
                    Some('+' | '*' | '?') => _ = chars.next(),
                    _ => {}
                }
            }
            _ => out.push(c),
        }
    }
    out
}

/// One escaped character.
fn escape(out: &mut String, escaped: char, within: bool) {
    let class = match escaped {
        'd' | 'D' => "0-9",
        'w' | 'W' => "a-zA-Z0-9_",
        's' | 'S' => " \\t\\n\\x0B\\f\\r",
        _ if escaped.is_ascii_punctuation() && !"\\.+*?()|[]{}^$#&-~".contains(escaped) => {
            out.push(escaped);
            return;
        }
        _ => {
            out.push('\\');
            out.push(escaped);
            return;
        }
    };
    match (escaped.is_ascii_uppercase(), within) {
        (true, _) => out.extend(["[^", class, "]"]),
        (false, true) => out.push_str(class),
        (false, false) => out.extend(["[", class, "]"]),
    }
}

/// A class by name. Java's own are ASCII; those of Unicode have the same names in both dialects.
fn property(out: &mut String, negated: bool, name: &str, within: bool) {
    let class = match name {
        "Alnum" => "a-zA-Z0-9",
        "Alpha" => "a-zA-Z",
        "Print" => "\\x20-\\x7E",
        "ASCII" => "\\x00-\\x7F",
        _ => {
            out.extend([if negated { "\\P{" } else { "\\p{" }, name, "}"]);
            return;
        }
    };
    match (negated, within) {
        (true, _) => out.extend(["[^", class, "]"]),
        (false, true) => out.push_str(class),
        (false, false) => out.extend(["[", class, "]"]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn java_s_dialect_is_understood() {
        let cases: &[(&str, &[&str], &[&str])] = &[
            ("\\d{12}", &["123456789012"], &["١٢٣٤٥٦٧٨٩٠١٢", "1", "x123456789012"]),
            ("[\\w-]+", &["a_b-1"], &["ü", ""]),
            ("[\\S]+", &["a\u{a0}b"], &["a b", ""]),
            (".*", &["", "a\tb"], &["a\nb", "a\rb", "a\u{2028}b"]),
            ("[a-z0-9-\\.]{1,3}", &["a-.", "9"], &["", "abcd", "A"]),
            ("[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", &["a", "a--b"], &["-a", "a-", "a_b", "a\n"]),
            ("(?!\\s*$).+", &[" a"], &["", "  "]),
            ("([a-z-]+)(?<!-)", &["a-b"], &["a-"]),
            ("([\\p{L}\\p{N}_.:\\/=+\\-@]*)${1,128}", &["Größe/1", ""], &["a b"]),
            ("arn:[\\p{Alnum}\\-]+:x", &["arn:aws-cn:x"], &["arn:ü:x"]),
            ("^!?\\*?a\\*?$", &["!*a*", "a"], &["b"]),
            ("\\A\\S[\\p{Print}]*\\z", &["a b"], &[" a", "a\u{7}"]),
            ("/(?!.*\\.\\.)[a-z/.]+", &["/a.b"], &["/a..b"]),
        ];
        for (source, good, bad) in cases {
            let pattern = Pattern::new(source);
            compile(source).unwrap();
            for text in *good {
                assert!(pattern.matches(text), "{source} should match {text:?}, as {}", translate(source));
            }
            for text in *bad {
                assert!(!pattern.matches(text), "{source} should not match {text:?}, as {}", translate(source));
            }
        }
    }

    #[test]
    fn endless_backtracking_ends_soon() {
        let pattern = Pattern::new("(?=(a+)+$)b");
        assert!(!pattern.matches("a"));
        let nested = Pattern::new("((?=a)a+)+b");
        let started = std::time::Instant::now();
        assert!(!nested.matches(&"a".repeat(50_000)));
        assert!(started.elapsed().as_secs() < 5, "took {:?}", started.elapsed());
    }
}
