//! The signatures of a body in pieces: each covers its piece and the signature before it, the first the one of the head.

use sha2::{Digest, Sha256};

use super::key::SigningKey;
use super::{hex_sha256, same, to_hex};

/// Follows the signatures through a body.
pub struct ChunkSigner {
    key: SigningKey,
    /// Time and scope, as they stand in what is signed.
    about: String,
    previous: String,
    piece: Sha256,
}

// The key stays out of logs.
impl std::fmt::Debug for ChunkSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChunkSigner").field("about", &self.about).finish_non_exhaustive()
    }
}

impl ChunkSigner {
    /// Begins behind a head with this signature. `scope`: `DATE/REGION/SERVICE/aws4_request`.
    pub fn new(key: SigningKey, time: &str, scope: &str, seed: &str) -> Self {
        Self { key, about: format!("{time}\n{scope}"), previous: seed.to_owned(), piece: Sha256::new() }
    }

    /// Takes bytes of the piece that is arriving.
    pub fn update(&mut self, bytes: &[u8]) {
        self.piece.update(bytes);
    }

    /// The piece is over: whether that is its signature.
    pub fn ends_with(&mut self, signature: &str) -> bool {
        let piece = to_hex(&std::mem::take(&mut self.piece).finalize());
        let text = format!("AWS4-HMAC-SHA256-PAYLOAD\n{}\n{}\n{}\n{piece}", self.about, self.previous, hex_sha256(b""));
        self.follows(&text, signature)
    }

    /// The trailers are there: whether that is their signature. `trailers`: `name:value` lines, each with its end.
    pub fn trailers_end_with(&mut self, trailers: &str, signature: &str) -> bool {
        let hash = hex_sha256(trailers.as_bytes());
        let text = format!("AWS4-HMAC-SHA256-TRAILER\n{}\n{}\n{hash}", self.about, self.previous);
        self.follows(&text, signature)
    }

    fn follows(&mut self, text: &str, signature: &str) -> bool {
        self.previous = self.key.sign(text);
        same(self.previous.as_bytes(), signature.as_bytes())
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::aws::scope::Scope;

    /// Behind the head of the examples in S3's documentation.
    fn example(seed: &str) -> ChunkSigner {
        let scope = Scope::parse("AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request").unwrap();
        let key = SigningKey::derive("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", &scope);
        ChunkSigner::new(key, "20130524T000000Z", &scope.text(), seed)
    }

    /// Behind the head of the one with trailers.
    pub fn example_chunks() -> ChunkSigner {
        example("106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e")
    }

    #[test]
    fn the_pieces_of_the_documentation_hold() {
        let mut signer = example("4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9");
        for (length, signature) in [
            (65_536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"),
            (1_024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"),
            (0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"),
        ] {
            signer.update(&vec![b'a'; length]);
            assert!(signer.ends_with(signature), "{length}");
        }
    }

    #[test]
    fn so_do_its_trailers_and_no_others() {
        let mut signer = example_chunks();
        for (length, signature) in [
            (65_536, "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2"),
            (1_024, "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7"),
            (0, "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992"),
        ] {
            signer.update(&vec![b'a'; length]);
            assert!(signer.ends_with(signature), "{length}");
        }
        let signature = "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435";
        assert!(signer.trailers_end_with("x-amz-checksum-crc32c:sOO8/Q==\n", signature));
        assert!(!signer.trailers_end_with("x-amz-checksum-crc32c:sOO8/Q==\n", signature), "each has its place");
    }
}
