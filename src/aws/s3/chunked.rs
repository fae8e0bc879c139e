//! The `aws-chunked` coding, by which clients send a body in pieces with its checksum behind it: decoded piece by piece. The signatures of pieces
//! and trailers are held against what arrives where they are asked for, and skipped where they are not.

use bytes::{Buf, Bytes, BytesMut};

use crate::aws::sigv4::ChunkSigner;

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
    /// A piece or the trailers are not what was signed.
    Signature,
}

/// The trailer that signs those before it.
const TRAILER_SIGNATURE: &str = "x-amz-trailer-signature";

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
    signed: Option<SignedPieces>,
}

/// What is signed of a body.
#[derive(Debug)]
struct SignedPieces {
    signer: ChunkSigner,
    /// Whether trailers follow, which are signed too.
    with_trailers: bool,
    /// The signature of the piece that is arriving.
    expected: String,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder {
    /// Before the first byte.
    pub fn new() -> Self {
        Self { state: State::Size, rest: BytesMut::new(), trailers: Vec::new(), signed: None }
    }

    /// Before the first byte of a body whose pieces are signed, and its trailers where it has some.
    pub fn signed(signer: ChunkSigner, with_trailers: bool) -> Self {
        Self { signed: Some(SignedPieces { signer, with_trailers, expected: String::new() }), ..Self::new() }
    }

    /// Takes bytes as they come, and gives what they hold of the body.
    pub fn feed(&mut self, mut bytes: Bytes, out: &mut Vec<Bytes>) -> Result<(), Malformed> {
        loop {
            match &mut self.state {
                State::Data(left) => {
                    let now = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                    if now > 0 {
                        let piece = bytes.split_to(now);
                        if let Some(signed) = &mut self.signed {
                            signed.signer.update(&piece);
                        }
                        out.push(piece);
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
        let mut trailers = std::mem::take(&mut self.trailers);
        if let Some(signed) = &mut self.signed {
            signed.hold_trailers(&mut trailers)?;
        }
        Ok(trailers)
    }

    fn read(&mut self, line: &[u8]) -> Result<(), Malformed> {
        let text = std::str::from_utf8(line).map_err(|_| Malformed::Framing)?;
        match self.state {
            State::End if text.is_empty() => {
                self.end_of_piece()?;
                self.state = State::Size;
            }
            State::Size => {
                let (digits, extension) = text.split_once(';').unwrap_or((text, ""));
                let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit());
                let size = u64::from_str_radix(digits, 16).ok().filter(|_| is_number).ok_or(Malformed::Framing)?;
                if let Some(signed) = &mut self.signed {
                    let signature = extension.trim().strip_prefix("chunk-signature=");
                    signature.ok_or(Malformed::Signature)?.clone_into(&mut signed.expected);
                }
                self.state = State::Data(size);
                if size == 0 {
                    self.end_of_piece()?;
                    self.state = State::Trailers;
                }
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

    fn end_of_piece(&mut self) -> Result<(), Malformed> {
        let holds = self.signed.as_mut().is_none_or(|signed| signed.signer.ends_with(&signed.expected));
        if holds { Ok(()) } else { Err(Malformed::Signature) }
    }

    /// The next line without its end; `None` when it has not arrived yet.
    fn line(&mut self, bytes: &mut Bytes) -> Result<Option<BytesMut>, Malformed> {
        let Some(end) = bytes.iter().position(|b| *b == b'\n') else {
            self.rest.extend_from_slice(bytes);
            bytes.clear();
            // Its end may be two bytes, of which one may be here already.
            return if self.rest.len() > LONGEST_LINE + 1 { Err(Malformed::Framing) } else { Ok(None) };
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

impl SignedPieces {
    /// Takes the signature off the trailers, if it is theirs.
    fn hold_trailers(&mut self, trailers: &mut Vec<(String, String)>) -> Result<(), Malformed> {
        if !self.with_trailers {
            // Nothing covers them.
            return if trailers.is_empty() { Ok(()) } else { Err(Malformed::Signature) };
        }
        let (name, signature) = trailers.pop().ok_or(Malformed::Signature)?;
        let text = trailers.iter().fold(String::new(), |mut text, (name, value)| {
            text.extend([name, ":", value, "\n"]);
            text
        });
        if name == TRAILER_SIGNATURE && self.signer.trailers_end_with(&text, &signature) {
            return Ok(());
        }
        Err(Malformed::Signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::sigv4::example_chunks;

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
        let longest = format!("0\r\nx-a:{}\r\n\r\n", "b".repeat(LONGEST_LINE - 4));
        for step in [1, 1_000, 1_029, 2_000] {
            assert!(decode(&longest, step).is_ok(), "{step}");
            assert_eq!(decode(&longest.replace("x-a", "x-aa"), step), Err(Malformed::Framing), "{step}");
        }
    }

    /// The body of the example in S3's documentation.
    fn documented() -> Vec<u8> {
        let mut body =
            b"10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2\r\n".to_vec();
        body.extend(vec![b'a'; 65_536]);
        body.extend(b"\r\n400;chunk-signature=1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7\r\n");
        body.extend(vec![b'a'; 1_024]);
        body.extend(b"\r\n0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n");
        body.extend(b"x-amz-checksum-crc32c:sOO8/Q==\r\n");
        body.extend(
            b"x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n",
        );
        body
    }

    fn verified(body: &[u8], with_trailers: bool) -> Result<(usize, Vec<(String, String)>), Malformed> {
        let mut decoder = Decoder::signed(example_chunks(), with_trailers);
        let mut out = Vec::new();
        for piece in body.chunks(1_000) {
            decoder.feed(Bytes::copy_from_slice(piece), &mut out)?;
        }
        let trailers = decoder.finish()?;
        Ok((out.iter().map(Bytes::len).sum(), trailers))
    }

    #[test]
    fn signed_pieces_and_trailers_are_held_against_their_signatures() {
        let body = documented();
        let trailer = ("x-amz-checksum-crc32c".to_owned(), "sOO8/Q==".to_owned());
        assert_eq!(verified(&body, true), Ok((66_560, vec![trailer])));
        assert_eq!(verified(&body, false), Err(Malformed::Signature), "trailers that nothing covers");
        let text = String::from_utf8(body.clone()).unwrap();
        let change = |at: usize| {
            let mut changed = body.clone();
            changed[at] ^= 1;
            verified(&changed, true)
        };
        let places = [
            50,
            300,
            65_600,
            65_700,
            text.find("sOO8").unwrap(),
            text.find("d81f").unwrap() + 3,
            text.find("2ca2").unwrap(),
        ];
        for at in places {
            assert_eq!(change(at), Err(Malformed::Signature), "{at}");
        }
        let without = |piece: &str| verified(text.replace(piece, "").as_bytes(), true);
        assert_eq!(without("x-amz-checksum-crc32c:sOO8/Q==\r\n"), Err(Malformed::Signature));
        assert_eq!(without(&text[text.find("x-amz-trailer-s").unwrap()..]), Err(Malformed::Signature));
        let unsigned =
            text.replacen(";chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2", "", 1);
        assert_eq!(verified(unsigned.as_bytes(), true), Err(Malformed::Signature));
        let swapped = format!(
            "{}{}",
            &text[text.find("\r\n400").unwrap() + 2..text.find("0;chunk-signature=2ca").unwrap()],
            text
        );
        assert_eq!(verified(swapped.as_bytes(), true), Err(Malformed::Signature), "in another order");
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
