//! The canonical request: a request as both sides write it down before they sign it.

use hyper::header::{HOST, HeaderMap};
use hyper::http::request::Parts;

/// How a service writes paths down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rules {
    /// S3: the path as it was sent. Keys may hold `//` and `/../`.
    S3,
    /// Every other service: without empty and dotted segments, and encoded once more than it was sent.
    Others,
}

/// What of a request is signed.
#[derive(Clone, Debug)]
pub struct Canonical<'a> {
    /// `GET`, `POST`, …
    pub method: &'a str,
    /// As it was sent, without the query.
    pub path: &'a str,
    /// As it was sent, without the question mark.
    pub query: &'a str,
    /// All of them.
    pub headers: &'a HeaderMap,
    /// The host where no header names it.
    pub host: Option<&'a str>,
}

impl<'a> Canonical<'a> {
    /// Of a request that came in.
    pub fn of(request: &'a Parts) -> Self {
        Self {
            method: request.method.as_str(),
            path: request.uri.path(),
            query: request.uri.query().unwrap_or_default(),
            headers: &request.headers,
            host: request.uri.authority().map(hyper::http::uri::Authority::as_str),
        }
    }

    /// The canonical request. `signed`: names of headers in lower case; `payload`: the body's SHA-256 in hex, or what stands for it.
    pub fn write(&self, rules: Rules, signed: &[String], payload: &str) -> Vec<u8> {
        let mut out = Vec::with_capacity(512);
        out.extend_from_slice(self.method.as_bytes());
        out.push(b'\n');
        match rules {
            Rules::S3 if self.path.is_empty() => out.push(b'/'),
            Rules::S3 => out.extend_from_slice(self.path.as_bytes()),
            Rules::Others => encode(normalised(self.path).as_bytes(), true, &mut out),
        }
        out.push(b'\n');
        query(self.query, &mut out);
        out.push(b'\n');
        for name in signed {
            out.extend_from_slice(name.as_bytes());
            out.push(b':');
            self.header(name, &mut out);
            out.push(b'\n');
        }
        out.push(b'\n');
        out.extend_from_slice(signed.join(";").as_bytes());
        out.push(b'\n');
        out.extend_from_slice(payload.as_bytes());
        out
    }

    /// The values of a header, joined by commas; nothing for one that is absent.
    fn header(&self, name: &str, out: &mut Vec<u8>) {
        let mut values = self.headers.get_all(name).iter().peekable();
        if values.peek().is_none() && name == HOST.as_str() {
            out.extend_from_slice(self.host.unwrap_or_default().as_bytes());
        }
        for (at, value) in values.enumerate() {
            if at > 0 {
                out.push(b',');
            }
            trimmed(value.as_bytes(), out);
        }
    }
}

/// A value without spaces around it, and with one where it has several.
pub(super) fn trimmed(value: &[u8], out: &mut Vec<u8>) {
    let words = value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    for (at, word) in words.enumerate() {
        if at > 0 {
            out.push(b' ');
        }
        out.extend_from_slice(word);
    }
}

/// A path with every escape that there is, whatever it was sent with.
pub(super) fn escaped(path: &str) -> String {
    let bytes: Vec<u8> = percent_encoding::percent_decode_str(path).collect();
    let mut out = Vec::with_capacity(path.len() + 8);
    encode(&bytes, true, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// A path without empty and dotted segments.
fn normalised(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(kept.pop()),
            _ => kept.push(segment),
        }
    }
    let end = if path.ends_with('/') && !kept.is_empty() { "/" } else { "" };
    format!("/{}{end}", kept.join("/"))
}

/// The fields of a query, each encoded anew, in the order of their names and then of their values; without the signature.
fn query(raw: &str, out: &mut Vec<u8>) {
    let mut fields: Vec<(Vec<u8>, Vec<u8>)> = raw
        .split('&')
        .filter(|field| !field.is_empty())
        .map(|field| field.split_once('=').unwrap_or((field, "")))
        .map(|(name, value)| (encoded_anew(name), encoded_anew(value)))
        .filter(|(name, _)| name != b"X-Amz-Signature")
        .collect();
    fields.sort_unstable();
    for (at, (name, value)) in fields.iter().enumerate() {
        if at > 0 {
            out.push(b'&');
        }
        out.extend_from_slice(name);
        out.push(b'=');
        out.extend_from_slice(value);
    }
}

/// What was encoded in one of many ways, encoded in the one way. A plus stands for a space, as whoever reads the query takes it.
fn encoded_anew(text: &str) -> Vec<u8> {
    let spaced = text.replace('+', " ");
    let bytes: Vec<u8> = percent_encoding::percent_decode_str(&spaced).collect();
    let mut out = Vec::with_capacity(text.len() + 8);
    encode(&bytes, false, &mut out);
    out
}

/// Percent-encodes all but letters, digits and `-_.~`, and slashes where they may stay.
fn encode(bytes: &[u8], slashes: bool, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(*byte),
            b'/' if slashes => out.push(b'/'),
            _ => out.extend_from_slice(&[b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_normalised_as_the_test_suite_of_aws_says() {
        for (raw, normal) in [
            ("/", "/"),
            ("", "/"),
            ("//", "/"),
            ("/./", "/"),
            ("/example/..", "/"),
            ("/example1/example2/../..", "/"),
            ("/./example", "/example"),
            ("//example//", "/example/"),
            ("/..", "/"),
            ("/a/b", "/a/b"),
        ] {
            assert_eq!(normalised(raw), normal, "{raw}");
        }
    }

    #[test]
    fn only_s3_takes_a_path_as_it_was_sent() {
        let headers = HeaderMap::new();
        let request = Canonical { method: "GET", path: "/a%20b//./c", query: "", headers: &headers, host: Some("h") };
        let second = |rules| {
            let text = String::from_utf8(request.write(rules, &["host".to_owned()], "p")).unwrap();
            text.lines().nth(1).unwrap().to_owned()
        };
        assert_eq!(second(Rules::S3), "/a%20b//./c");
        assert_eq!(second(Rules::Others), "/a%2520b/c");
        assert_eq!(escaped("/a%20b/(c)'%c3%a4"), "/a%20b/%28c%29%27%C3%A4");
    }

    #[test]
    fn a_query_has_one_form() {
        let canonical = |raw| {
            let mut out = Vec::new();
            query(raw, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(
            canonical("b=2&a=%7e+x&a=&uploads&X-Amz-Signature=0&&a%2Fb=%zz"),
            "a=&a=~%20x&a%2Fb=%25zz&b=2&uploads="
        );
        assert_eq!(canonical("a=%C3%A4&A=1"), "A=1&a=%C3%A4");
    }

    #[test]
    fn values_of_headers_are_trimmed_and_joined() {
        let mut headers = HeaderMap::new();
        headers.append("x-amz-meta", "  a   b ".parse().unwrap());
        headers.append("x-amz-meta", "c".parse().unwrap());
        let request = Canonical { method: "GET", path: "/", query: "", headers: &headers, host: None };
        let text = request.write(Rules::S3, &["x-amz-meta".to_owned()], "p");
        assert_eq!(String::from_utf8(text).unwrap(), "GET\n/\n\nx-amz-meta:a b,c\n\nx-amz-meta\np");
    }
}
