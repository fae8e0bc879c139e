//! Temporary credentials, as STS hands them out: nothing is kept. The key's id says until when it holds, its secret and its token follow
//! from the workspace's own secret, and so does the check.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};

use super::{hmac, same};
use crate::domain::access_key::AccessKey;
use crate::domain::time::Timestamp;

const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// How the ids of temporary keys begin.
const PREFIX: &str = "ASIA";

/// What the token of a session says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The key that the token goes with.
    pub access_key: String,
    /// The role that was taken on.
    pub role: String,
    /// The session's name.
    pub name: String,
}

/// A key, its token, and how long both hold.
pub struct Temporary {
    /// What requests are signed with.
    pub key: AccessKey,
    /// What goes into `X-Amz-Security-Token`.
    pub token: String,
    /// Until then.
    pub expires: Timestamp,
}

/// Makes credentials for a session of `role`. `random`: 48 unpredictable bits, so that no two keys are alike.
pub fn issue(own: &AccessKey, role: &str, name: &str, expires: Timestamp, random: u64) -> Temporary {
    // Whole seconds: what the id can say and what the client is told are the same.
    let seconds = expires.0.div_euclid(1_000).clamp(0, i64::from(u32::MAX));
    let bits = (u128::from(seconds as u64) << 48) | u128::from(random & 0xFFFF_FFFF_FFFF);
    let letters = (0..16).map(|at| char::from(LETTERS[(bits >> (75 - at * 5)) as usize & 31]));
    let id: String = PREFIX.chars().chain(letters).collect();
    let secret = secret_of(own, &id);
    let session = Session { access_key: id.clone(), role: role.to_owned(), name: name.to_owned() };
    let said = serde_json::to_vec(&session).unwrap_or_default();
    let token = format!("{}.{}", BASE64.encode(&said), BASE64.encode(mark(own, &said)));
    Temporary { key: AccessKey { id, secret }, token, expires: Timestamp(seconds * 1_000) }
}

/// The secret of the key with this id: the workspace's own, or one that was issued and still holds. `None`: no such key, or it has expired.
pub fn secret_for(own: &AccessKey, id: &str, now: Timestamp) -> Option<String> {
    if id == own.id && !own.secret.is_empty() {
        return Some(own.secret.clone());
    }
    (expiry(id)? > now).then(|| secret_of(own, id))
}

/// When a temporary key's id says that it ends; `None` for ids of other kinds.
pub fn expiry(id: &str) -> Option<Timestamp> {
    let letters = id.strip_prefix(PREFIX)?.as_bytes();
    if letters.len() != 16 {
        return None;
    }
    let bits = letters.iter().try_fold(0u128, |bits, letter| {
        LETTERS.iter().position(|known| known == letter).map(|value| (bits << 5) | value as u128)
    })?;
    Some(Timestamp(i64::try_from(bits >> 48).ok()? * 1_000))
}

/// What a token says, if this workspace issued it.
pub fn session_of(own: &AccessKey, token: &str) -> Option<Session> {
    let (said, marked) = token.split_once('.')?;
    let (said, marked) = (BASE64.decode(said).ok()?, BASE64.decode(marked).ok()?);
    same(&mark(own, &said), &marked).then(|| serde_json::from_slice(&said).ok()).flatten()
}

fn secret_of(own: &AccessKey, id: &str) -> String {
    let mut secret = BASE64.encode(hmac(own.secret.as_bytes(), format!("secret of {id}").as_bytes()));
    secret.truncate(40);
    secret
}

fn mark(own: &AccessKey, said: &[u8]) -> [u8; 32] {
    // Keyed by a secret of its own, so that nothing marked here is ever a signature.
    hmac(&hmac(own.secret.as_bytes(), b"session tokens"), said)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own() -> AccessKey {
        AccessKey { id: "AKIAOWN".to_owned(), secret: "s".repeat(40) }
    }

    #[test]
    fn what_was_issued_is_known_again_until_it_ends() {
        let issued = issue(&own(), "role", "session", Timestamp(1_764_045_000_999), 0xABCD_EF01_2345);
        assert_eq!((issued.key.id.len(), issued.key.secret.len()), (20, 40));
        assert_eq!(issued.expires, Timestamp(1_764_045_000_000));
        assert_eq!(expiry(&issued.key.id), Some(issued.expires));
        let secret = |now| secret_for(&own(), &issued.key.id, Timestamp(now));
        assert_eq!(secret(1_764_044_999_999), Some(issued.key.secret.clone()));
        assert_eq!(secret(1_764_045_000_000), None);
        let session = session_of(&own(), &issued.token).unwrap();
        assert_eq!((session.access_key, session.role.as_str()), (issued.key.id.clone(), "role"));
    }

    #[test]
    fn nothing_else_is() {
        let other = AccessKey { id: "AKIAOTHER".to_owned(), secret: "t".repeat(40) };
        let issued = issue(&own(), "role", "session", Timestamp(1_764_045_000_000), 1);
        assert_eq!(session_of(&other, &issued.token), None);
        assert_ne!(secret_for(&other, &issued.key.id, Timestamp(0)), Some(issued.key.secret));
        for token in ["", ".", "a.b", "e30=.e30="] {
            assert_eq!(session_of(&own(), token), None, "{token}");
        }
        for id in ["", "AKIAX", "ASIA", "ASIAaaaaaaaaaaaaaaaa", "ASIAAAAAAAAAAAAAAAAAA"] {
            assert_eq!(expiry(id), None, "{id}");
        }
        assert_eq!(secret_for(&own(), "AKIAOWN", Timestamp(0)), Some("s".repeat(40)));
        assert_eq!(secret_for(&AccessKey::default(), "", Timestamp(0)), None, "a workspace without a key has no key");
    }
}
