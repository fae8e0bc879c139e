//! Decimal text to `f32`, correctly rounded, in one pass for what people and programs really write.

/// Powers of ten that an `f64` holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// Reads a decimal number at the start of `bytes`: its value and how many bytes it has. `None` where the quick way isn't sure to give the
/// nearest `f32`, or where there is no plain number; [`careful`] decides then.
///
/// A mantissa below 2⁵³ and a power of ten up to 22 are exact in `f64`, so one multiplication or division rounds correctly (Clinger 1990).
/// Rounding a second time, to `f32`, is right too unless the first result lies exactly half-way between two `f32`.
pub fn quick(bytes: &[u8]) -> Option<(f32, usize)> {
    let mut at = 0;
    let negative = bytes.first() == Some(&b'-');
    at += usize::from(negative);
    let mut mantissa = 0_u64;
    let from = at;
    while let Some(digit) = bytes.get(at).map(|b| b.wrapping_sub(b'0')).filter(|digit| *digit < 10) {
        mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit));
        at += 1;
    }
    let mut digits = at - from;
    let mut exponent = 0_i32;
    if bytes.get(at) == Some(&b'.') {
        at += 1;
        let from = at;
        while let Some(digit) = bytes.get(at).map(|b| b.wrapping_sub(b'0')).filter(|digit| *digit < 10) {
            mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit));
            at += 1;
        }
        digits += at - from;
        exponent -= i32::try_from(at - from).ok()?;
    }
    // 19 digits always fit into 64 bits, so nothing above has wrapped round.
    if digits == 0 || digits > 19 || mantissa > 1 << 53 {
        return None;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let (power, length) = small_integer(&bytes[at + 1..])?;
        exponent += power;
        at += 1 + length;
    }
    let scale = POWERS.get(exponent.unsigned_abs() as usize)?;
    let double = if exponent < 0 { mantissa as f64 / scale } else { mantissa as f64 * scale };
    let half_way = double.to_bits() & 0x1FFF_FFFF == 0x1000_0000;
    if half_way || (double != 0.0 && double < f64::from(f32::MIN_POSITIVE)) || double > f64::from(f32::MAX) {
        return None;
    }
    let value = double as f32;
    Some((if negative { -value } else { value }, at))
}

/// The digits of an exponent: at most three, with an optional sign.
fn small_integer(bytes: &[u8]) -> Option<(i32, usize)> {
    let negative = bytes.first() == Some(&b'-');
    let mut at = usize::from(matches!(bytes.first(), Some(b'-' | b'+')));
    let from = at;
    let mut value = 0;
    while let Some(digit) = bytes.get(at).filter(|b| b.is_ascii_digit()) {
        value = value * 10 + i32::from(digit - b'0');
        at += 1;
        if at - from > 3 {
            return None;
        }
    }
    (at > from).then_some((if negative { -value } else { value }, at))
}

/// Any field: spaces and double quotes around it are ignored, nothing or `nan` is missing (`NaN`). `None` for what is no finite number.
pub fn careful(field: &[u8]) -> Option<f32> {
    let mut text = std::str::from_utf8(field).ok()?.trim();
    if let Some(inside) = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        text = inside.trim();
    }
    if text.is_empty() || text.eq_ignore_ascii_case("nan") {
        return Some(f32::NAN);
    }
    text.parse::<f32>().ok().filter(|value| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quick_and_the_standard_library_agree_where_it_matters() {
        for text in [
            "0",
            "-0",
            "1",
            "396.90",
            "0.00632",
            ".5",
            "5.",
            "1e5",
            "1E-7",
            "-2.5e+3",
            "16777217",
            "0.1",
            "3.4028235e38",
        ] {
            if let Some((value, length)) = quick(text.as_bytes()) {
                assert_eq!((value.to_bits(), length), (text.parse::<f32>().unwrap().to_bits(), text.len()), "{text}");
            }
        }
        for text in ["396.90", "0.00632", "-1.25", "18", "7e3"] {
            assert!(quick(text.as_bytes()).is_some(), "{text} is the kind that must be quick");
        }
        for text in ["", "-", ".", "nan", "inf", "e5", "1e", "+1", "12345678901234567890"] {
            assert_eq!(quick(text.as_bytes()), None, "{text}");
        }
        assert_eq!(quick(b"12,5"), Some((12.0, 2)), "it stops where the number does");
    }

    #[test]
    fn careful_takes_what_csv_writers_write() {
        assert_eq!(careful(b" \"1.5\" "), Some(1.5));
        assert_eq!(careful(b"+2"), Some(2.0));
        assert!(
            careful(b"").unwrap().is_nan() && careful(b" NaN ").unwrap().is_nan() && careful(b"\"\"").unwrap().is_nan()
        );
        for bad in [&b"x"[..], b"inf", b"1e99", b"1 2", b"\xff", b"\"1"] {
            assert_eq!(careful(bad), None, "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn quick_rounds_as_the_standard_library(whole in 0_u64..1 << 40, decimals in "[0-9]{0,12}", exponent in -30..30_i32, negative: bool) {
            let sign = if negative { "-" } else { "" };
            for text in [format!("{sign}{whole}.{decimals}"), format!("{sign}{whole}.{decimals}e{exponent}")] {
                if let Some((value, length)) = quick(text.as_bytes()) {
                    prop_assert_eq!(length, text.len());
                    prop_assert_eq!(value.to_bits(), text.parse::<f32>().unwrap().to_bits(), "{}", text);
                }
            }
        }

        #[test]
        fn every_f32_comes_back(bits: u32) {
            let value = f32::from_bits(bits);
            prop_assume!(value.is_finite());
            for text in [format!("{value}"), format!("{value:e}")] {
                let read = quick(text.as_bytes()).map_or_else(|| careful(text.as_bytes()).unwrap(), |(value, _)| value);
                prop_assert_eq!(read.to_bits(), value.to_bits(), "{}", text);
            }
        }
    }
}
