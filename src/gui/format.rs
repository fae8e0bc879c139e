//! Numbers and times as people read them. One place, so that every page says them alike.

use jiff::tz::TimeZone;

use crate::domain::time::Timestamp;

/// "3 models", "1 model", "1,204 models".
pub fn plural(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{} {noun}s", count(n as u64)) }
}

/// 1482 → "1,482".
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// "2 variants", "2 variants, 1 in shadow".
pub fn variants(production: usize, shadows: usize) -> String {
    let words = plural(production, "variant");
    if shadows == 0 { words } else { format!("{words}, {shadows} in shadow") }
}

/// "212 MB", decimal units as S3's console shows them.
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if n < 1000 {
        return format!("{n} B");
    }
    let mut value = n as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    if value < 9.95 { format!("{value:.1} {}", UNITS[unit]) } else { format!("{value:.0} {}", UNITS[unit]) }
}

/// "$0.46"; three places where two would say nothing ("$0.001"), "<$0.001" below that.
pub fn usd(amount: f64) -> String {
    if amount == 0.0 {
        "$0.00".to_owned()
    } else if amount < 0.0005 {
        "<$0.001".to_owned()
    } else if amount < 0.095 {
        format!("${amount:.3}")
    } else {
        let cents = (amount * 100.0).round() as u64;
        format!("${}.{:02}", count(cents / 100), cents % 100)
    }
}

/// "$0.46/h".
pub fn usd_per_hour(amount: f64) -> String {
    let cents = (amount * 100.0).round();
    format!("${:.2}/h", cents / 100.0)
}

/// "62 %", "62.5 %".
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    let rounded = (percent * 10.0).round() / 10.0;
    if rounded.fract() == 0.0 { format!("{rounded:.0} %") } else { format!("{rounded:.1} %") }
}

/// "12 s", "3 min", "2 h 14 min", "3 days": a length of time in at most two units.
pub fn duration(ms: i64) -> String {
    let seconds = ms.max(0) / 1000;
    match seconds {
        0 if ms > 0 => format!("{ms} ms"),
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => {
            let minutes = seconds % 3_600 / 60;
            if minutes == 0 { format!("{} h", seconds / 3_600) } else { format!("{} h {minutes} min", seconds / 3_600) }
        }
        86_400..172_800 => "1 day".to_owned(),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// "now", "12 s ago", "3 min ago", "2 days ago".
pub fn ago(now: Timestamp, then: Timestamp) -> String {
    let ms = now.ms_since(then);
    match ms / 1000 {
        0..5 => "now".to_owned(),
        // Steps of ten seconds: a list that counts seconds is unrest, and costs a frame each.
        seconds @ 5..60 => format!("{} s ago", (seconds / 10 * 10).max(5)),
        seconds @ 3_600..86_400 => format!("{} h ago", seconds / 3_600),
        _ => format!("{} ago", duration(ms)),
    }
}

/// Milliseconds until [`ago`] says something else: what a window sleeps for.
pub fn ago_changes_in_ms(now: Timestamp, then: Timestamp) -> i64 {
    let ms = now.ms_since(then);
    let step = match ms {
        0..5_000 => return 5_000 - ms,
        5_000..60_000 => 10_000,
        60_000..3_600_000 => 60_000,
        3_600_000..86_400_000 => 3_600_000,
        _ => 86_400_000,
    };
    step - ms % step
}

fn in_zone(at: Timestamp, zone: &TimeZone, form: &str) -> String {
    jiff::Timestamp::from_millisecond(at.0)
        .map_or_else(|_| "out of range".to_owned(), |instant| instant.to_zoned(zone.clone()).strftime(form).to_string())
}

/// "2026-11-23 09:41:07 UTC".
pub fn exact(at: Timestamp, zone: &TimeZone) -> String {
    in_zone(at, zone, "%Y-%m-%d %H:%M:%S %Z")
}

/// "09:41".
pub fn clock(at: Timestamp, zone: &TimeZone) -> String {
    in_zone(at, zone, "%H:%M")
}

/// "09:41:07".
pub fn clock_seconds(at: Timestamp, zone: &TimeZone) -> String {
    in_zone(at, zone, "%H:%M:%S")
}

/// "23 Nov".
pub fn day(at: Timestamp, zone: &TimeZone) -> String {
    in_zone(at, zone, "%-d %b")
}

/// The hour of the day, 0–23.
pub fn hour(at: Timestamp, zone: &TimeZone) -> u8 {
    in_zone(at, zone, "%H").parse().unwrap_or(12)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(count(12), "12");
        assert_eq!(plural(1, "model"), "1 model");
        assert_eq!(plural(0, "model"), "0 models");
        assert_eq!(
            [bytes(999), bytes(1_500), bytes(212_400_000), bytes(999_600)],
            ["999 B", "1.5 kB", "212 MB", "1.0 MB"]
        );
        assert_eq!(
            [usd(0.0), usd(0.001), usd(0.0001), usd(16.555), usd(1234.0)],
            ["$0.00", "$0.001", "<$0.001", "$16.56", "$1,234.00"]
        );
        assert_eq!(usd_per_hour(0.115), "$0.12/h");
        assert_eq!([percent(0.62), percent(0.625), percent(1.0)], ["62 %", "62.5 %", "100 %"]);
    }

    #[test]
    fn times() {
        let now = Timestamp(1_000_000_000);
        let at = |s: i64| ago(now, Timestamp(now.0 - s * 1000));
        assert_eq!(
            [at(0), at(7), at(34), at(200), at(7_300), at(200_000)],
            ["now", "5 s ago", "30 s ago", "3 min ago", "2 h ago", "2 days ago"]
        );
        assert_eq!(duration(8_040_000), "2 h 14 min");
        for s in [0, 7, 34, 200, 7_300, 200_000] {
            let then = Timestamp(now.0 - s * 1000);
            let later = Timestamp(now.0 + ago_changes_in_ms(now, then));
            assert_eq!(ago(Timestamp(later.0 - 1), then), ago(now, then), "not before");
        }
        let utc = TimeZone::UTC;
        assert_eq!(exact(Timestamp(0), &utc), "1970-01-01 00:00:00 UTC");
        assert_eq!(clock(Timestamp(34_860_000), &utc), "09:41");
    }
}
