//! Times as signatures hold them: `20150830T123600Z`.

use crate::domain::time::Timestamp;

/// A time with the text that was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// `20150830T123600Z`.
    pub text: String,
    /// The same.
    pub at: Timestamp,
}

impl Signed {
    /// Reads `20150830T123600Z`.
    pub fn basic(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() != 16 || bytes[8] != b'T' || bytes[15] != b'Z' {
            return None;
        }
        let number = |from: usize, to: usize| {
            let digits = text.get(from..to).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
            digits.and_then(|digits| digits.parse::<i16>().ok())
        };
        let small = |from: usize| number(from, from + 2).and_then(|number| i8::try_from(number).ok());
        let time =
            jiff::civil::DateTime::new(number(0, 4)?, small(4)?, small(6)?, small(9)?, small(11)?, small(13)?, 0);
        let at = time.ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
        Some(Self { text: text.to_owned(), at: Timestamp(at.as_millisecond()) })
    }

    /// Reads what a `Date` header may hold: that, or HTTP's own form.
    pub fn date_header(text: &str) -> Option<Self> {
        Self::basic(text).or_else(|| {
            let zoned = jiff::fmt::rfc2822::parse(text).ok()?;
            Some(Self::of(Timestamp(zoned.timestamp().as_millisecond())))
        })
    }

    /// Of a time, to the second.
    pub fn of(at: Timestamp) -> Self {
        Self { text: basic(at), at: Timestamp(at.0.div_euclid(1_000) * 1_000) }
    }

    /// `20150830`.
    pub fn day(&self) -> &str {
        self.text.get(..8).unwrap_or_default()
    }
}

/// `20150830T123600Z`.
pub fn basic(at: Timestamp) -> String {
    let time = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    time.strftime("%Y%m%dT%H%M%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_the_same_time() {
        let time = Signed::basic("20150830T123600Z").unwrap();
        assert_eq!((time.at.0, time.day()), (1_440_938_160_000, "20150830"));
        assert_eq!(Signed::date_header("Sun, 30 Aug 2015 12:36:00 GMT"), Some(time.clone()));
        assert_eq!(Signed::of(Timestamp(time.at.0 + 999)), time);
    }

    #[test]
    fn nothing_else_is_a_time() {
        for text in [
            "",
            "20150830T123600",
            "20151330T123600Z",
            "20150830T126000Z",
            "2015083 T123600Z",
            "2015-08-30T12:36Z",
            "+0150830T123600Z",
            "ä150830T123600Z",
        ] {
            assert_eq!(Signed::basic(text), None, "{text}");
        }
    }
}
