//! Places and values as AWS's errors write them: `productionVariants.1.member.variantName`, `{key=value}`, `Tag(key=a, value=b)`.

use std::fmt::{self, Display, Formatter, Write as _};

use serde_json::Value;

use super::data::{Kind, Service, Shape};

/// Where a value stands.
pub enum Path<'a> {
    /// The request itself.
    Root,
    /// A member of a structure.
    Member(&'a Path<'a>, &'a str),
    /// An item of a list, counted from 0.
    Item(&'a Path<'a>, usize),
    /// The value behind a key.
    Entry(&'a Path<'a>, &'a str),
}

impl Display for Path<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let (parent, own) = match self {
            Self::Root => return Ok(()),
            Self::Member(parent, name) => (parent, lower_first(name)),
            Self::Item(parent, index) => (parent, format!("{}.member", index + 1)),
            Self::Entry(parent, key) => (parent, format!("{}.member", Cut(key))),
        };
        match parent {
            Self::Root => write!(out, "{own}"),
            _ => write!(out, "{parent}.{own}"),
        }
    }
}

/// `VariantName` → `variantName`, as members are called in Java.
pub fn lower_first(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

/// The most characters of a value that an error repeats. AWS repeats all of it; a list of megabytes helps nobody.
const MOST_REPEATED: usize = 1024;

/// A text, cut where it gets long.
struct Cut<'a>(&'a str);

impl Display for Cut<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self.0.char_indices().nth(MOST_REPEATED) {
            None => out.write_str(self.0),
            Some((end, _)) => write!(out, "{}...", &self.0[..end]),
        }
    }
}

/// A value in an error: `'text'`, or `null`; nothing of what is sensitive.
pub fn quoted(service: &Service, shape: &Shape, value: Option<&Value>) -> String {
    match value {
        _ if shape.sensitive => String::new(),
        None | Some(Value::Null) => " null".to_owned(),
        Some(value) => {
            let mut text = Bounded { text: String::new(), left: MOST_REPEATED };
            let whole = repeat(service, shape, value, &mut text).is_ok();
            format!(" '{}{}'", text.text, if whole { "" } else { "..." })
        }
    }
}

/// A text that takes no more than it has place for.
struct Bounded {
    text: String,
    left: usize,
}

impl fmt::Write for Bounded {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        for c in more.chars() {
            if self.left == 0 {
                return Err(fmt::Error);
            }
            self.left -= 1;
            self.text.push(c);
        }
        Ok(())
    }
}

/// As Java's `toString` writes it.
fn repeat(service: &Service, shape: &Shape, value: &Value, out: &mut Bounded) -> fmt::Result {
    match (&shape.kind, value) {
        _ if shape.sensitive => out.write_str("***"),
        (_, Value::String(text)) => out.write_str(text),
        (Kind::List(of), Value::Array(values)) => {
            out.write_str("[")?;
            for (index, value) in values.iter().enumerate() {
                out.write_str(if index == 0 { "" } else { ", " })?;
                repeat(service, service.shape(*of), value, out)?;
            }
            out.write_str("]")
        }
        (Kind::Map { value: of, .. }, Value::Object(object)) => {
            out.write_str("{")?;
            for (index, (key, value)) in object.iter().enumerate() {
                write!(out, "{}{key}=", if index == 0 { "" } else { ", " })?;
                repeat(service, service.shape(*of), value, out)?;
            }
            out.write_str("}")
        }
        (Kind::Structure(members), Value::Object(object)) => {
            write!(out, "{}(", shape.name)?;
            let present = members.iter().filter_map(|member| Some((member, object.get(&member.name)?)));
            for (index, (member, value)) in present.enumerate() {
                write!(out, "{}{}=", if index == 0 { "" } else { ", " }, lower_first(&member.name))?;
                repeat(service, service.shape(member.shape), value, out)?;
            }
            out.write_str(")")
        }
        _ => write!(out, "{value}"),
    }
}
