//! CBOR as Smithy's `rpc-v2-cbor` uses it: an input is a map with texts for keys; times are tagged seconds since 1970.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ciborium::Value as Cbor;
use hyper::StatusCode;
use serde_json::{Map, Number, Value};

use super::super::errors::WireError;

/// The tag of a time in seconds since 1970.
pub(super) const EPOCH: u64 = 1;

/// Deeper than any input of any operation.
const MOST_DEPTH: usize = 32;

/// Reads an input; no body at all is an input without members.
///
/// # Errors
/// `SerializationException` for what is no CBOR, or no map.
pub(super) fn read(body: &[u8]) -> Result<Value, WireError> {
    if body.is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    let value: Cbor = ciborium::de::from_reader_with_recursion_limit(body, MOST_DEPTH)
        .map_err(|error| serialization(&format!("the input is not CBOR: {error}")))?;
    match json(value) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err(serialization("the input must be a map")),
        Err(why) => Err(serialization(why)),
    }
}

/// Writes an answer.
pub(super) fn write(value: &Cbor) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to memory can't fail.
    let _ = ciborium::into_writer(value, &mut bytes);
    bytes
}

fn serialization(why: &str) -> WireError {
    WireError::new(StatusCode::BAD_REQUEST, "SerializationException", why)
}

fn json(value: Cbor) -> Result<Value, &'static str> {
    Ok(match value {
        Cbor::Null => Value::Null,
        Cbor::Bool(flag) => Value::Bool(flag),
        Cbor::Text(text) => Value::String(text),
        Cbor::Bytes(bytes) => Value::String(STANDARD.encode(bytes)),
        Cbor::Integer(number) => match (u64::try_from(number), i64::try_from(number)) {
            (Ok(number), _) => number.into(),
            (_, Ok(number)) => number.into(),
            _ => return Err("an integer is too large"),
        },
        // What is no number in JSON is text, for the checks to find.
        Cbor::Float(number) => {
            Number::from_f64(number).map_or_else(|| Value::String(number.to_string()), Value::Number)
        }
        Cbor::Tag(EPOCH, inner) => json(*inner)?,
        Cbor::Array(items) => Value::Array(items.into_iter().map(json).collect::<Result<_, _>>()?),
        Cbor::Map(entries) => {
            let entry = |(key, value): (Cbor, Cbor)| match key {
                Cbor::Text(key) => Ok((key, json(value)?)),
                _ => Err("the keys of maps must be texts"),
            };
            Value::Object(entries.into_iter().map(entry).collect::<Result<_, _>>()?)
        }
        _ => return Err("a tag is not known here"),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn text(text: &str) -> Cbor {
        Cbor::Text(text.to_owned())
    }

    #[test]
    fn an_input_is_read() {
        let input = Cbor::Map(vec![
            (text("Period"), Cbor::Integer(60.into())),
            (text("StartTime"), Cbor::Tag(EPOCH, Box::new(Cbor::Float(1.5)))),
            (text("Statistics"), Cbor::Array(vec![text("Sum")])),
        ]);
        let expected = json!({ "Period": 60, "StartTime": 1.5, "Statistics": ["Sum"] });
        assert_eq!(read(&write(&input)).unwrap(), expected);
        // The same map of a length that is not told before.
        let streamed =
            b"\xbf\x66Period\x18\x3c\x69StartTime\xc1\xfb\x3f\xf8\0\0\0\0\0\0\x6aStatistics\x9f\x63Sum\xff\xff";
        assert_eq!(read(streamed).unwrap(), expected);
        assert_eq!(read(b"").unwrap(), json!({}));
    }

    #[test]
    fn what_is_no_input_is_refused() {
        for body in [
            &b"\x01"[..],
            b"\xff",
            b"{}",
            b"\xa1\x01\x02",
            b"\xa1\x61a\xc9\x01",
            &[0x81; 5_000],
            b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
        ] {
            assert_eq!(read(body).unwrap_err().code, "SerializationException", "{body:?}");
        }
    }
}
