//! Event streams (`application/vnd.amazon.eventstream`): messages of a prelude, headers and a payload, each under checksums.

use bytes::{BufMut, Bytes, BytesMut};

/// MIME type.
pub(super) const CONTENT_TYPE: &str = "application/vnd.amazon.eventstream";

/// Bytes of an answer in one event: what a client may want to show before the rest is there.
const PART_BYTES: usize = 64 * 1024;

/// The type of a header whose value is a string.
const STRING: u8 = 7;

/// Lengths and their checksum before the headers, and the checksum of all at the end.
const PRELUDE_BYTES: usize = 12;
const CHECKSUM_BYTES: usize = 4;

/// An answer as `PayloadPart` events. One without a byte is one empty part.
pub(super) fn payload_parts(body: &[u8]) -> Bytes {
    let headers =
        [(":event-type", "PayloadPart"), (":content-type", "application/octet-stream"), (":message-type", "event")];
    let mut out = BytesMut::with_capacity(body.len() + 128 * (body.len() / PART_BYTES + 1));
    if body.is_empty() {
        message(&mut out, &headers, body);
    }
    for part in body.chunks(PART_BYTES) {
        message(&mut out, &headers, part);
    }
    out.freeze()
}

/// Appends one message. Names have at most 255 bytes and values 65,535.
fn message(out: &mut BytesMut, headers: &[(&str, &str)], payload: &[u8]) {
    let header_bytes: usize = headers.iter().map(|(name, value)| 1 + name.len() + 1 + 2 + value.len()).sum();
    let begin = out.len();
    let whole = PRELUDE_BYTES + header_bytes + payload.len() + CHECKSUM_BYTES;
    out.put_u32(length(whole));
    out.put_u32(length(header_bytes));
    out.put_u32(crc32fast::hash(&out[begin..]));
    for (name, value) in headers {
        out.put_u8(u8::try_from(name.len()).unwrap_or(u8::MAX));
        out.put_slice(name.as_bytes());
        out.put_u8(STRING);
        out.put_u16(u16::try_from(value.len()).unwrap_or(u16::MAX));
        out.put_slice(value.as_bytes());
    }
    out.put_slice(payload);
    out.put_u32(crc32fast::hash(&out[begin..]));
}

/// Parts are far below 4 GiB.
fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Message = (Vec<(String, String)>, Vec<u8>);

    /// Reads messages back by the format's description: (headers, payload).
    fn read(mut bytes: &[u8]) -> Vec<Message> {
        let number = |bytes: &[u8]| u32::from_be_bytes(bytes[..4].try_into().unwrap()) as usize;
        let mut messages = Vec::new();
        while !bytes.is_empty() {
            let (message, rest) = bytes.split_at(number(bytes));
            assert_eq!(number(&message[8..]) as u32, crc32fast::hash(&message[..8]));
            let end = message.len() - 4;
            assert_eq!(number(&message[end..]) as u32, crc32fast::hash(&message[..end]));
            let (mut headers, payload) = message[12..end].split_at(number(&message[4..]));
            let mut read = Vec::new();
            while !headers.is_empty() {
                let name_end = 1 + usize::from(headers[0]);
                assert_eq!(headers[name_end], STRING);
                let value = name_end + 3;
                let value_end = value + usize::from(u16::from_be_bytes([headers[value - 2], headers[value - 1]]));
                let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
                read.push((text(&headers[1..name_end]), text(&headers[value..value_end])));
                headers = &headers[value_end..];
            }
            messages.push((read, payload.to_vec()));
            bytes = rest;
        }
        messages
    }

    #[test]
    fn parts_join_to_the_answer() {
        for length in [0, 1, PART_BYTES, PART_BYTES + 1, 3 * PART_BYTES] {
            let body: Vec<u8> = (0..length).map(|n| (n % 251) as u8).collect();
            let messages = read(&payload_parts(&body));
            assert_eq!(messages.len(), length.div_ceil(PART_BYTES).max(1));
            assert!(
                messages.iter().all(|(headers, _)| headers.contains(&(":event-type".into(), "PayloadPart".into())))
            );
            assert_eq!(messages.into_iter().flat_map(|(_, payload)| payload).collect::<Vec<_>>(), body);
        }
    }
}
