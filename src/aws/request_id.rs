//! Request ids: they look like AWS's (UUID version 4) and differ from each other.

use std::sync::atomic::{AtomicU64, Ordering};

use hyper::header::HeaderValue;

use crate::util::seed::{Rng, mix};

/// Hands out request ids.
#[derive(Debug)]
pub struct RequestIds {
    seed: u64,
    next: AtomicU64,
}

impl RequestIds {
    /// Ids that no other run hands out, as far as 64 random bits can promise.
    pub fn new() -> Self {
        Self { seed: Rng::from_os().next_u64(), next: AtomicU64::new(0) }
    }

    /// The next one, for example `1b4e28ba-2fa1-4d2b-883f-0016d3cca427`.
    pub fn next(&self) -> HeaderValue {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        const HYPHENS: [usize; 4] = [8, 13, 18, 23];
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        // Both halves are bijections of the number for a fixed seed, so no two are equal.
        let high = mix(self.seed ^ number);
        let low = mix(self.seed.rotate_left(32).wrapping_add(number));
        let bits = (u128::from(high) << 64) | u128::from(low);
        let mut text = [b'-'; 36];
        let mut shift = 128;
        for (at, byte) in text.iter_mut().enumerate() {
            if !HYPHENS.contains(&at) {
                shift -= 4;
                *byte = HEX[(bits >> shift) as usize & 0xF];
            }
        }
        text[14] = b'4';
        text[19] = HEX[8 | (low >> 60) as usize & 3];
        HeaderValue::from_bytes(&text).unwrap_or_else(|_| HeaderValue::from_static("-"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_look_like_uuids_and_differ() {
        let ids = RequestIds::new();
        let all: std::collections::HashSet<String> =
            (0..1_000).map(|_| ids.next().to_str().unwrap().to_owned()).collect();
        assert_eq!(all.len(), 1_000);
        for id in all {
            let parts: Vec<usize> = id.split('-').map(str::len).collect();
            assert_eq!(parts, [8, 4, 4, 4, 12], "{id}");
            assert!(id.as_bytes()[14] == b'4' && b"89ab".contains(&id.as_bytes()[19]), "{id}");
        }
    }
}
