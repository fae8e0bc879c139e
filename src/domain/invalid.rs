//! One broken rule: which field, which value, what the rule is. Forms show it beside the field, the wire puts it in AWS's words.

use std::fmt;

/// A value that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// The field, named as the AWS API names it, with a path where it is nested (`ProductionVariants[0].VariantName`).
    pub field: String,
    /// The offending value as given, shortened to 256 characters.
    pub value: String,
    /// The rule in words, as the rest of a sentence: "must have 1 to 63 letters, digits or hyphens".
    pub rule: String,
}

impl Invalid {
    /// A broken rule; `value` is shortened where it is long.
    pub fn new(field: impl Into<String>, value: impl fmt::Display, rule: impl Into<String>) -> Self {
        let mut value = value.to_string();
        if let Some((end, _)) = value.char_indices().nth(256) {
            value.truncate(end);
            value.push('…');
        }
        Self { field: field.into(), value, rule: rule.into() }
    }

    /// The same broken rule, seen from the struct that holds the field.
    #[must_use]
    pub fn within(mut self, parent: &str) -> Self {
        self.field = format!("{parent}.{}", self.field);
        self
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} \u{201c}{}\u{201d} {}", self.field, self.value, self.rule)
    }
}

impl std::error::Error for Invalid {}
