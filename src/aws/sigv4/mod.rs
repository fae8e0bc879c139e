//! Signature Version 4: who made a request, and whether it arrived as it was made. The one door of all services; S3's older signature is
//! taken here too, for the URLs that boto3 presigns with it.

mod canonical;
mod chunks;
mod claim;
mod gate;
mod key;
mod refusal;
mod sign;
pub mod temporary;
mod time;
mod v2;

#[cfg(test)]
pub use chunks::tests::example_chunks;
#[cfg(test)]
mod suite;
#[cfg(test)]
mod tests;

pub use canonical::{Canonical, Rules};
pub use chunks::ChunkSigner;
pub use claim::Claim;
pub use key::SigningKey;
pub use refusal::Refusal;
pub use sign::{headers_of_get, sign};

pub(super) use gate::{Asked, is_form, pass};

use hmac::{Hmac, KeyInit, Mac};
use hyper::http::request::Parts;
use sha2::{Digest, Sha256};

use crate::domain::access_key::AccessKey;
use crate::domain::time::Timestamp;
use claim::V4;
use key::string_to_sign;

/// How far apart the clocks of a client and of ours may be: 15 minutes for S3, 5 for the others.
const SKEW_MS: (i64, i64) = (15 * 60_000, 5 * 60_000);

/// What a signature must be good for.
#[derive(Clone, Debug)]
pub struct Expected<'a> {
    /// The service that is asked.
    pub service: &'a str,
    /// The regions that it is in; the first is the one to name.
    pub regions: &'a [&'a str],
    /// How it writes requests down.
    pub rules: Rules,
    /// By our clock.
    pub now: Timestamp,
}

/// A signature of which everything holds but, so far, the signature itself.
pub struct Checked {
    claim: V4,
    key: SigningKey,
}

impl Expected<'_> {
    fn skew_ms(&self) -> i64 {
        if self.rules == Rules::S3 { SKEW_MS.0 } else { SKEW_MS.1 }
    }

    /// Checks all of a claim that can be checked without the body.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn check(&self, request: &Parts, claim: V4, own: &AccessKey) -> Result<Checked, Refusal> {
        let scope = &claim.scope;
        let secret = secret(own, &scope.access_key, claim.token.as_deref(), self.now)?;
        if scope.date != claim.time.day() {
            return Err(Refusal::Day { scope: scope.date.clone(), date: claim.time.day().to_owned() });
        }
        if !self.regions.contains(&scope.region.as_str()) {
            let wanted = self.regions.first().copied().unwrap_or_default().to_owned();
            return Err(Refusal::Region { wanted, given: scope.region.clone() });
        }
        if scope.service != self.service {
            return Err(Refusal::Service { wanted: self.service.to_owned(), given: scope.service.clone() });
        }
        self.hold_time(&claim)?;
        let uncovered = uncovered(request, &claim.signed_headers);
        if !uncovered.is_empty() {
            return Err(Refusal::NotSigned(uncovered));
        }
        Ok(Checked { key: SigningKey::derive(&secret, scope), claim })
    }

    fn hold_time(&self, claim: &V4) -> Result<(), Refusal> {
        let (signed, now) = (claim.time.at, self.now);
        match claim.presigned {
            Some(Some(_)) => {
                if signed.0 > now.0 + self.skew_ms() {
                    return Err(Refusal::NotYet { signed, now });
                }
                claim.ended(now).map_or(Ok(()), Err)
            }
            Some(None) | None => self.hold_skew(signed),
        }
    }

    fn hold_skew(&self, signed: Timestamp) -> Result<(), Refusal> {
        let limit_ms = self.skew_ms();
        if (signed.0 - self.now.0).abs() <= limit_ms {
            return Ok(());
        }
        Err(Refusal::Skewed { signed, now: self.now, limit_ms })
    }

    /// Checks S3's older signature, which covers no body.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_v2(&self, request: &Parts, claim: &v2::V2, own: &AccessKey) -> Result<(), Refusal> {
        let secret = secret(own, &claim.access_key, claim.token.as_deref(), self.now)?;
        if let Some(time) = &claim.time {
            self.hold_skew(time.at)?;
        }
        if let Some(ended) = claim.ended(self.now) {
            return Err(ended);
        }
        let text = claim.string_to_sign(request);
        let signature = v2::sign(&secret, &text);
        if same(signature.as_bytes(), claim.signature.as_bytes()) {
            return Ok(());
        }
        Err(Refusal::Mismatch {
            key: claim.access_key.clone(),
            given: claim.signature.clone(),
            canonical: String::new(),
            string: String::from_utf8_lossy(&text).into_owned(),
        })
    }
}

impl Checked {
    /// Checks the signature. `payload`: the body's SHA-256 in hex, or what stands for it.
    ///
    /// # Errors
    /// It is another one.
    pub fn hold(&self, request: &Parts, rules: Rules, payload: &str) -> Result<(), Refusal> {
        let claim = &self.claim;
        let canonical = Canonical::of(request).write(rules, &claim.signed_headers, payload);
        let string = string_to_sign(&claim.time.text, &claim.scope, &canonical);
        if self.is_signature_of(&string) {
            return Ok(());
        }
        if rules == Rules::S3 {
            // Some clients send a path with fewer escapes than they sign.
            let path = canonical::escaped(request.uri.path());
            let strict = Canonical { path: &path, ..Canonical::of(request) };
            let canonical = strict.write(rules, &claim.signed_headers, payload);
            if self.is_signature_of(&string_to_sign(&claim.time.text, &claim.scope, &canonical)) {
                return Ok(());
            }
        }
        Err(Refusal::Mismatch {
            key: claim.scope.access_key.clone(),
            given: claim.signature.clone(),
            canonical: String::from_utf8_lossy(&canonical).into_owned(),
            string,
        })
    }

    fn is_signature_of(&self, string: &str) -> bool {
        same(self.key.sign(string).as_bytes(), self.claim.signature.as_bytes())
    }

    /// What follows the signatures of the pieces of the body.
    pub fn chunks(&self) -> ChunkSigner {
        ChunkSigner::new(self.key.clone(), &self.claim.time.text, &self.claim.scope.text(), &self.claim.signature)
    }
}

/// The secret of a key that may be used now, with the token that goes with it.
fn secret(own: &AccessKey, id: &str, token: Option<&str>, now: Timestamp) -> Result<String, Refusal> {
    let temporary = temporary::expiry(id);
    let secret = temporary::secret_for(own, id, now);
    match (temporary, secret, token) {
        (None, Some(secret), None) => Ok(secret),
        (None, None, _) => Err(Refusal::Key(id.to_owned())),
        // The workspace's own key has no session, and a temporary one is none without.
        (None, Some(_), Some(_)) | (Some(_), _, None) => Err(Refusal::Token),
        (Some(_), secret, Some(token)) => match temporary::session_of(own, token) {
            Some(session) if session.access_key == id => secret.ok_or(Refusal::TokenExpired),
            _ => Err(Refusal::Token),
        },
    }
}

/// Headers that a signature must cover where they are there, and doesn't: the host, AWS's own, and those that choose among models.
fn uncovered(request: &Parts, signed: &[String]) -> Vec<String> {
    let is_signed = |name: &str| signed.iter().any(|known| known == name);
    let mut missing: Vec<String> = if is_signed("host") { Vec::new() } else { vec!["host".to_owned()] };
    let must = |name: &str| name.starts_with("x-amz-") || name.starts_with("x-amzn-sagemaker-");
    let names = request.headers.keys().map(hyper::header::HeaderName::as_str);
    missing.extend(names.filter(|name| must(name) && !is_signed(name)).map(str::to_owned));
    missing
}

/// HMAC-SHA-256.
fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    // A key of any length will do, so there is always one.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; 32] };
    mac.update(text);
    mac.finalize().into_bytes().into()
}

fn hex_sha256(bytes: &[u8]) -> String {
    to_hex(&Sha256::digest(bytes))
}

fn to_hex(bytes: &[u8]) -> String {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|b| [HEX[usize::from(b >> 4)], HEX[usize::from(b & 15)]]).map(char::from).collect()
}

/// Whether two texts are equal, in a time that does not depend on where they differ.
fn same(a: &[u8], b: &[u8]) -> bool {
    let differ = a.iter().zip(b).fold(0u8, |all, (x, y)| all | (x ^ y));
    a.len() == b.len() && std::hint::black_box(differ) == 0
}
