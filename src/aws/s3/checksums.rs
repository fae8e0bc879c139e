//! Checksums as clients send them: in a header, behind the body, for a part, and for the whole of an object in parts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Sha1, Sha256};

use crate::domain::bucket::{Checksum, ChecksumAlgorithm};
use crate::domain::multipart_upload::Part;

/// Names as headers and XML spell them.
const NAMES: [(&str, ChecksumAlgorithm); 5] = [
    ("CRC32", ChecksumAlgorithm::Crc32),
    ("CRC32C", ChecksumAlgorithm::Crc32c),
    ("CRC64NVME", ChecksumAlgorithm::Crc64Nvme),
    ("SHA1", ChecksumAlgorithm::Sha1),
    ("SHA256", ChecksumAlgorithm::Sha256),
];

/// The checksum that the fields of a request name.
macro_rules! given {
    ($from:expr) => {
        $crate::aws::s3::checksums::first([
            ($crate::domain::bucket::ChecksumAlgorithm::Crc32, $from.checksum_crc32.clone()),
            ($crate::domain::bucket::ChecksumAlgorithm::Crc32c, $from.checksum_crc32c.clone()),
            ($crate::domain::bucket::ChecksumAlgorithm::Crc64Nvme, $from.checksum_crc64nvme.clone()),
            ($crate::domain::bucket::ChecksumAlgorithm::Sha1, $from.checksum_sha1.clone()),
            ($crate::domain::bucket::ChecksumAlgorithm::Sha256, $from.checksum_sha256.clone()),
        ])
    };
}

/// Writes a checksum into the fields of an answer.
macro_rules! give {
    ($to:expr, $checksum:expr) => {
        if let Some(checksum) = &$checksum {
            let value = Some(checksum.value.clone());
            match checksum.algorithm {
                $crate::domain::bucket::ChecksumAlgorithm::Crc32 => $to.checksum_crc32 = value,
                $crate::domain::bucket::ChecksumAlgorithm::Crc32c => $to.checksum_crc32c = value,
                $crate::domain::bucket::ChecksumAlgorithm::Crc64Nvme => $to.checksum_crc64nvme = value,
                $crate::domain::bucket::ChecksumAlgorithm::Sha1 => $to.checksum_sha1 = value,
                $crate::domain::bucket::ChecksumAlgorithm::Sha256 => $to.checksum_sha256 = value,
            }
        }
    };
}

pub(super) use {give, given};

/// The one that is there.
pub fn first(fields: [(ChecksumAlgorithm, Option<String>); 5]) -> Option<Checksum> {
    fields.into_iter().find_map(|(algorithm, value)| Some(Checksum { algorithm, value: value? }))
}

/// The algorithm of a name, in either case.
pub fn named(name: &str) -> Option<ChecksumAlgorithm> {
    NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, algorithm)| *algorithm)
}

/// Its name.
pub fn name(algorithm: ChecksumAlgorithm) -> &'static str {
    NAMES.iter().find(|(_, known)| *known == algorithm).map_or("", |(name, _)| name)
}

/// The algorithm of the header `x-amz-checksum-…`.
pub fn of_header(header: &str) -> Option<ChecksumAlgorithm> {
    named(header.trim().to_ascii_lowercase().strip_prefix("x-amz-checksum-")?)
}

/// Something that computes one checksum.
pub fn hasher(algorithm: Option<ChecksumAlgorithm>) -> ChecksumHasher {
    let is = |one| algorithm == Some(one);
    ChecksumHasher {
        crc32: is(ChecksumAlgorithm::Crc32).then(Crc32::new),
        crc32c: is(ChecksumAlgorithm::Crc32c).then(Crc32c::new),
        crc64nvme: is(ChecksumAlgorithm::Crc64Nvme).then(Crc64Nvme::new),
        sha1: is(ChecksumAlgorithm::Sha1).then(Sha1::new),
        sha256: is(ChecksumAlgorithm::Sha256).then(Sha256::new),
    }
}

/// What it computed.
pub fn value(hasher: ChecksumHasher) -> Option<Checksum> {
    let all = hasher.finalize();
    given!(all)
}

/// The checksum of an object in parts: of all its bytes, or of the checksums of its parts. `None` where a part came without one, or where the
/// algorithm can't be put together from parts.
pub fn of_parts(algorithm: ChecksumAlgorithm, full_object: bool, parts: &[Part]) -> Option<Checksum> {
    let values: Option<Vec<Vec<u8>>> = parts
        .iter()
        .map(|part| {
            let checksum = part.checksum.as_ref().filter(|checksum| checksum.algorithm == algorithm)?;
            STANDARD.decode(&checksum.value).ok()
        })
        .collect();
    let values = values?;
    if !full_object {
        let mut hasher = hasher(Some(algorithm));
        hasher.update(&values.concat());
        let checksum = value(hasher)?;
        return Some(Checksum { value: format!("{}-{}", checksum.value, parts.len()), ..checksum });
    }
    // The polynomials, lowest bit first.
    let (polynomial, bytes) = match algorithm {
        ChecksumAlgorithm::Crc32 => (0xEDB8_8320, 4),
        ChecksumAlgorithm::Crc32c => (0x82F6_3B78, 4),
        ChecksumAlgorithm::Crc64Nvme => (0x9A6C_9329_AC4B_C9B5, 8),
        ChecksumAlgorithm::Sha1 | ChecksumAlgorithm::Sha256 => return None,
    };
    let mut whole = 0;
    for (part, value) in parts.iter().zip(values) {
        let value = value.iter().fold(0, |sum: u64, byte| sum << 8 | u64::from(*byte));
        whole = shift(whole, part.size, polynomial) ^ value;
    }
    Some(Checksum { algorithm, value: STANDARD.encode(&whole.to_be_bytes()[8 - bytes..]) })
}

/// What a CRC becomes when `zeros` zero bytes follow: a linear map over bits, by squaring the map for one bit.
fn shift(crc: u64, zeros: u64, polynomial: u64) -> u64 {
    let apply = |map: &[u64; 64], value: u64| {
        map.iter().enumerate().filter(|(bit, _)| value >> bit & 1 == 1).fold(0, |sum, (_, column)| sum ^ column)
    };
    // One zero bit.
    let mut map = [0; 64];
    for (bit, column) in map.iter_mut().enumerate() {
        *column = if bit == 0 { polynomial } else { 1 << (bit - 1) };
    }
    let (mut crc, mut bits) = (crc, u128::from(zeros) * 8);
    while bits > 0 {
        if bits & 1 == 1 {
            crc = apply(&map, crc);
        }
        map = std::array::from_fn(|bit| apply(&map, map[bit]));
        bits >>= 1;
    }
    crc
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;

    const ALL: [ChecksumAlgorithm; 5] = [
        ChecksumAlgorithm::Crc32,
        ChecksumAlgorithm::Crc32c,
        ChecksumAlgorithm::Crc64Nvme,
        ChecksumAlgorithm::Sha1,
        ChecksumAlgorithm::Sha256,
    ];

    fn of(algorithm: ChecksumAlgorithm, bytes: &[u8]) -> Checksum {
        let mut hasher = hasher(Some(algorithm));
        hasher.update(bytes);
        value(hasher).unwrap()
    }

    fn parts(algorithm: ChecksumAlgorithm, bodies: &[&[u8]]) -> Vec<Part> {
        let part = |(i, body): (usize, &&[u8])| Part {
            number: i as u16 + 1,
            size: body.len() as u64,
            etag: String::new(),
            modified: Timestamp(0),
            checksum: Some(of(algorithm, body)),
        };
        bodies.iter().enumerate().map(part).collect()
    }

    #[test]
    fn known_values() {
        assert_eq!(of(ChecksumAlgorithm::Crc32, b"123456789").value, STANDARD.encode(0xCBF4_3926_u32.to_be_bytes()));
        assert_eq!(of(ChecksumAlgorithm::Crc32c, b"123456789").value, STANDARD.encode(0xE306_9283_u32.to_be_bytes()));
        for algorithm in ALL {
            assert_eq!(of_header(&format!("x-amz-checksum-{}", name(algorithm).to_lowercase())), Some(algorithm));
        }
    }

    #[test]
    fn parts_make_the_checksum_of_the_whole() {
        let whole: Vec<u8> = (0..100_000_u32).map(|i| (i * 7 % 251) as u8).collect();
        let bodies = [&whole[..1], &whole[1..60_001], &[], &whole[60_001..]];
        for algorithm in &ALL[..3] {
            let made = of_parts(*algorithm, true, &parts(*algorithm, &bodies));
            assert_eq!(made, Some(of(*algorithm, &whole)), "{algorithm:?}");
        }
        assert_eq!(of_parts(ChecksumAlgorithm::Sha256, true, &parts(ChecksumAlgorithm::Sha256, &bodies)), None);
    }

    #[test]
    fn a_checksum_of_checksums_says_of_how_many() {
        let made =
            of_parts(ChecksumAlgorithm::Sha256, false, &parts(ChecksumAlgorithm::Sha256, &[b"a", b"b"])).unwrap();
        assert!(made.value.ends_with("-2") && made.is_composite());
        let mut some = parts(ChecksumAlgorithm::Crc32, &[b"a", b"b"]);
        some[1].checksum = None;
        assert_eq!(of_parts(ChecksumAlgorithm::Crc32, false, &some), None);
    }
}
