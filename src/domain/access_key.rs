//! The access key pair of a workspace: what its clients sign their requests with.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A key pair in AWS's shape.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessKey {
    /// `AKIA` and 16 letters and digits; names the pair.
    pub id: String,
    /// 40 characters; signs.
    pub secret: String,
}

impl AccessKey {
    /// A pair made of randomness: `draw` gives 64 unpredictable bits at each call.
    ///
    /// # Errors
    /// Those of `draw`.
    pub fn generate<E>(mut draw: impl FnMut() -> Result<u64, E>) -> Result<Self, E> {
        const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        const ANY: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut text = |alphabet: &[u8], length: usize| -> Result<String, E> {
            // Both alphabets have a power of two of letters, so that every letter is as likely as any other.
            (0..length).map(|_| draw().map(|bits| char::from(alphabet[bits as usize % alphabet.len()]))).collect()
        };
        Ok(Self { id: format!("AKIA{}", text(UPPER, 16)?), secret: text(ANY, 40)? })
    }
}

// The secret stays out of logs.
impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessKey").field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::util::seed::Rng;

    #[test]
    fn keys_have_awss_shape_and_hide_their_secret() {
        let mut rng = Rng::new(7);
        let mut draw = || Ok::<_, ()>(rng.next_u64());
        let key = AccessKey::generate(&mut draw).unwrap();
        assert!(key.id.len() == 20 && key.id.starts_with("AKIA"), "{}", key.id);
        assert_eq!(key.secret.len(), 40);
        assert_ne!(key, AccessKey::generate(&mut draw).unwrap());
        assert!(!format!("{key:?}").contains(&key.secret));
    }
}
