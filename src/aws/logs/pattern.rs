//! Filter patterns of unstructured events: terms, quoted phrases, `-` for what must not be there, `?` for any of several.

use super::super::errors::WireError;
use super::invalid;

/// What an event's message must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pattern {
    all: Vec<String>,
    any: Vec<String>,
    none: Vec<String>,
}

impl Pattern {
    /// Reads a pattern; an empty one fits everything.
    pub(super) fn parse(text: &str) -> Result<Self, WireError> {
        let text = text.trim();
        if text.starts_with('{') || text.starts_with('[') {
            return Err(invalid(format!(
                "Filter pattern {text} is for JSON or for fields between spaces, which Counterpoise does not read: the lines of its logs are plain text. Use terms, \"phrases\", -excluded and ?any"
            )));
        }
        let mut pattern = Self::default();
        let mut rest = text;
        while !rest.is_empty() {
            let (sign, after) = match rest.as_bytes()[0] {
                sign @ (b'-' | b'?') => (sign, &rest[1..]),
                _ => (b'+', rest),
            };
            let (term, left) = term(after, text)?;
            match sign {
                b'-' => pattern.none.push(term),
                b'?' => pattern.any.push(term),
                _ => pattern.all.push(term),
            }
            rest = left.trim_start();
        }
        // As AWS documents it: beside other terms, those with a question mark have no say.
        if !pattern.all.is_empty() || !pattern.none.is_empty() {
            pattern.any.clear();
        }
        Ok(pattern)
    }

    /// Whether a message fits. Upper and lower case differ.
    pub(super) fn fits(&self, message: &str) -> bool {
        let holds = |term: &String| message.contains(term.as_str());
        self.all.iter().all(holds)
            && !self.none.iter().any(holds)
            && (self.any.is_empty() || self.any.iter().any(holds))
    }
}

/// One term and what is left after it.
fn term<'a>(text: &'a str, whole: &str) -> Result<(String, &'a str), WireError> {
    if let Some(quoted) = text.strip_prefix('"') {
        let mut term = String::new();
        let mut escaped = false;
        for (at, c) in quoted.char_indices() {
            match c {
                '"' if !escaped => return Ok((term, &quoted[at + 1..])),
                '\\' if !escaped => {
                    escaped = true;
                    continue;
                }
                _ => term.push(c),
            }
            escaped = false;
        }
        return Err(invalid(format!("Invalid filter pattern {whole}: a quotation mark is not closed")));
    }
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (term, left) = text.split_at(end);
    let plain = !term.is_empty() && term.chars().all(|c| c.is_alphanumeric() || c == '_');
    if !plain {
        return Err(invalid(format!(
            "Invalid character(s) in term '{term}': put a term with anything but letters, digits and underscores in quotation marks"
        )));
    }
    Ok((term.to_owned(), left))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, message: &str) -> bool {
        Pattern::parse(pattern).unwrap().fits(message)
    }

    #[test]
    fn terms_phrases_exclusions_and_alternatives() {
        let line = "[12]#011train-rmse:1.5 Training completed";
        assert!(fits("", line) && fits("  ", line));
        assert!(fits("Training", line) && fits("Training completed", line) && fits("completed Training", line));
        assert!(!fits("training", line), "case counts");
        assert!(fits("\"train-rmse:1.5 Training\"", line) && !fits("\"Training train-rmse\"", line));
        assert!(!fits("Training -completed", line) && fits("Training -failed", line) && fits("-\"no such\"", line));
        assert!(fits("?failed ?completed", line) && !fits("?failed ?stopped", line));
        assert!(fits("?failed Training", line), "beside another term an alternative has no say");
        assert!(fits(r#""say \"so\"""#, r#"they say "so""#));
    }

    #[test]
    fn what_is_not_read_is_refused() {
        for pattern in ["{ $.a = 1 }", "[ip, user]", "\"open", "train-rmse", "%regex%", "-", "?"] {
            let error = Pattern::parse(pattern).unwrap_err();
            assert_eq!(error.code, "InvalidParameterException", "{pattern}");
        }
    }
}
