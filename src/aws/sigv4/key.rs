//! What signs: a key for one day, region and service, and the text that it signs.

use super::{hex_sha256, hmac, to_hex};
use crate::aws::scope::Scope;

/// The algorithm's name.
pub const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// A key for one day, region and service.
#[derive(Clone)]
pub struct SigningKey([u8; 32]);

impl SigningKey {
    /// Derives it from a secret.
    pub fn derive(secret: &str, scope: &Scope) -> Self {
        let date = hmac(format!("AWS4{secret}").as_bytes(), scope.date.as_bytes());
        let region = hmac(&date, scope.region.as_bytes());
        let service = hmac(&region, scope.service.as_bytes());
        Self(hmac(&service, b"aws4_request"))
    }

    /// The signature of a text, in hex.
    pub fn sign(&self, text: &str) -> String {
        to_hex(&hmac(&self.0, text.as_bytes()))
    }
}

/// The string to sign. `time`: `20150830T123600Z`.
pub fn string_to_sign(time: &str, scope: &Scope, canonical: &[u8]) -> String {
    format!("{ALGORITHM}\n{time}\n{}\n{}", scope.text(), hex_sha256(canonical))
}
