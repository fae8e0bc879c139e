//! The `aws-chunked` coding, by which clients send a body in pieces with its checksum behind it: decoded piece by piece, signatures of pieces
//! skipped. Used where signatures are not asked for; where they are, the S3 crate decodes and verifies in one go.

use bytes::{Buf, Bytes, BytesMut};

/// The longest line that says how long a piece is, and the most bytes of trailers.
const LONGEST_LINE: usize = 1024;
const MOST_TRAILERS: usize = 16 * 1024;

/// What is wrong with a chunked body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// A line that is none, or a piece without its end.
    Framing,
    /// It ends in the middle.
    Incomplete,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    /// Before the line that says how long a piece is.
    Size,
    /// So many bytes of a piece to come.
    Data(u64),
    /// Before the line end behind a piece.
    End,
    /// Among the lines after the last piece.
    Trailers,
}

/// Decodes a body.
#[derive(Debug)]
pub struct Decoder {
    state: State,
    rest: BytesMut,
    trailers: Vec<(String, String)>,
}

impl Decoder {
    /// Before the first byte.
    pub fn new() -> Self {
        Self { state: State::Size, rest: BytesMut::new(), trailers: Vec::new() }
    }

    /// Takes bytes as they come, and gives what they hold of the body.
    pub fn feed(&mut self, mut bytes: Bytes, out: &mut Vec<Bytes>) -> Result<(), Malformed> {
        loop {
            match &mut self.state {
                State::Data(left) => {
                    let now = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                    if now > 0 {
                        out.push(bytes.split_to(now));
                        *left -= now as u64;
                    }
                    if *left > 0 {
                        return Ok(());
                    }
                    self.state = State::End;
                }
                State::Size | State::End | State::Trailers => {
                    let Some(line) = self.line(&mut bytes)? else { return Ok(()) };
                    self.read(&line)?;
                }
            }
        }
    }

    /// The body is over: the trailers, names in lower case.
    pub fn finish(&mut self) -> Result<Vec<(String, String)>, Malformed> {
        if self.state != State::Trailers {
            return Err(Malformed::Incomplete);
        }
        if !self.rest.is_empty() {
            // A last line without its end.
            let line = std::mem::take(&mut self.rest);
            self.read(&line)?;
        }
        Ok(std::mem::take(&mut self.trailers))
    }

    fn read(&mut self, line: &[u8]) -> Result<(), Malformed> {
        let text = std::str::from_utf8(line).map_err(|_| Malformed::Framing)?;
        match self.state {
            State::End if text.is_empty() => self.state = State::Size,
            State::Size => {
                let digits = text.split(';').next().unwrap_or_default();
                let size = u64::from_str_radix(digits, 16).map_err(|_| Malformed::Framing)?;
                self.state = if size == 0 { State::Trailers } else { State::Data(size) };
            }
            State::Trailers if text.is_empty() => {}
            State::Trailers => {
                let (name, value) = text.split_once(':').ok_or(Malformed::Framing)?;
                let size: usize = self.trailers.iter().map(|(name, value)| name.len() + value.len()).sum();
                if size + text.len() > MOST_TRAILERS {
                    return Err(Malformed::Framing);
                }
                self.trailers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
            }
            State::End | State::Data(_) => return Err(Malformed::Framing),
        }
        Ok(())
    }

    /// The next line without its end; `None` when it has not arrived yet.
    fn line(&mut self, bytes: &mut Bytes) -> Result<Option<BytesMut>, Malformed> {
        let Some(end) = bytes.iter().position(|b| *b == b'\n') else {
            self.rest.extend_from_slice(bytes);
            bytes.clear();
            return if self.rest.len() > LONGEST_LINE { Err(Malformed::Framing) } else { Ok(None) };
        };
        let mut line = std::mem::take(&mut self.rest);
        line.extend_from_slice(&bytes[..end]);
        bytes.advance(end + 1);
        if line.last() == Some(&b'\r') {
            line.truncate(line.len() - 1);
        }
        if line.len() > LONGEST_LINE { Err(Malformed::Framing) } else { Ok(Some(line)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNED: &str = "5;chunk-signature=0123\r\nhello\r\n6;chunk-signature=4567\r\n world\r\n0;chunk-signature=89\r\nx-amz-checksum-crc32:abc=\r\nx-amz-trailer-signature:ff\r\n\r\n";

    fn decode(body: &str, step: usize) -> Result<(String, Vec<(String, String)>), Malformed> {
        let mut decoder = Decoder::new();
        let mut out = Vec::new();
        for piece in body.as_bytes().chunks(step) {
            decoder.feed(Bytes::copy_from_slice(piece), &mut out)?;
        }
        let trailers = decoder.finish()?;
        Ok((String::from_utf8(out.concat()).unwrap(), trailers))
    }

    #[test]
    fn however_it_is_cut_it_reads_the_same() {
        for step in 1..=SIGNED.len() {
            let (body, trailers) = decode(SIGNED, step).unwrap();
            assert_eq!(body, "hello world", "{step}");
            assert_eq!(trailers[0], ("x-amz-checksum-crc32".to_owned(), "abc=".to_owned()));
            assert_eq!(trailers.len(), 2);
        }
        assert_eq!(decode("0\r\n\r\n", 2).unwrap(), (String::new(), Vec::new()));
        assert_eq!(decode("3\r\na\r\n\r\n0\r\nx-a:b", 4).unwrap().0, "a\r\n");
    }

    #[test]
    fn what_is_cut_off_or_no_coding_is_told_apart() {
        for cut in 0..SIGNED.len() - 60 {
            assert_eq!(decode(&SIGNED[..cut], 7).unwrap_err(), Malformed::Incomplete, "{cut}");
        }
        for broken in ["hello", "5\r\nhello!\r\n0\r\n\r\n", "zz\r\n", "0\r\nno colon\r\n", "fffffffffffffffff\r\n"] {
            let refused = decode(&format!("{broken}{}", "x".repeat(2_000)), 100).unwrap_err();
            assert_eq!(refused, Malformed::Framing, "{broken}");
        }
    }
}
