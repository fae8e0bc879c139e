//! Ticks at round values, and how values are written.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// How the values of a plot are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A share, 0 to 1, written in percent.
    Percent,
    /// Milliseconds.
    Milliseconds,
    /// A count or a rate; never below 0.
    Count,
    /// Any number (a loss, an RMSE).
    Number,
}

/// Ticks at multiples of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ticks {
    /// The first; also the lower end of the axis.
    pub from: f64,
    /// The last; also its upper end.
    pub to: f64,
    /// Distance.
    pub step: f64,
}

impl Ticks {
    /// An axis from a round value to a round value that holds `low..=high` in about `wanted` steps.
    pub fn around(low: f64, high: f64, wanted: usize, unit: Unit) -> Self {
        let (mut low, mut high) = (low.min(high), high.max(low));
        if !(low.is_finite() && high.is_finite()) {
            (low, high) = (0.0, 1.0);
        }
        if unit != Unit::Number && unit != Unit::Percent {
            low = 0.0;
        }
        let flat = (high.abs() * 1e-9).max(1e-12);
        if unit == Unit::Percent {
            // Less than two points apart, an axis would make noise look like news.
            let room = (0.01 - (high - low) / 2.0).max(0.0);
            (low, high) = ((low - room).clamp(0.0, 1.0), (high + room).clamp(0.0, 1.0));
        } else if high - low < flat {
            let room = if high == 0.0 { 1.0 } else { high.abs() * 0.1 };
            high += room;
            if unit == Unit::Number {
                low -= room;
            }
        }
        // Percents go in whole steps where they can: 2.5 would put a decimal on every other label.
        let halves = if unit == Unit::Percent { 2.0 } else { 2.5 };
        let step = round_step((high - low) / wanted.max(1) as f64, halves);
        let step = if unit == Unit::Count { step.max(1.0) } else { step };
        // A hair of tolerance, so that 0.7 / 0.1 is 7 and not 6.999….
        let from = (low / step + 1e-9).floor() * step;
        let to = (high / step - 1e-9).ceil() * step;
        Self { from, to: if to > from { to } else { from + step }, step }
    }

    /// The values.
    pub fn values(&self) -> impl Iterator<Item = f64> {
        let n = ((self.to - self.from) / self.step).round() as usize;
        let Self { from, step, .. } = *self;
        (0..=n).map(move |i| from + step * i as f64)
    }

    /// A value, with the decimals that tell two ticks apart.
    pub fn label(&self, value: f64, unit: Unit) -> String {
        let step = if unit == Unit::Percent { self.step * 100.0 } else { self.step };
        let decimals = (0..=6).find(|d| ((step * 10f64.powi(*d)).round() - step * 10f64.powi(*d)).abs() < 1e-6);
        let decimals = usize::try_from(decimals.unwrap_or(6)).unwrap_or(0);
        match unit {
            Unit::Percent => format!("{} %", grouped(value * 100.0, decimals)),
            Unit::Count if value >= 100_000.0 => format!("{} k", grouped(value / 1000.0, 0)),
            _ => grouped(value, decimals),
        }
    }
}

/// 1, 2, `halves` or 5 times a power of ten, at least `exact`.
fn round_step(exact: f64, halves: f64) -> f64 {
    let magnitude = 10f64.powf(exact.max(1e-12).log10().floor());
    let leading = exact / magnitude;
    let round = [1.0, 2.0, halves, 5.0, 10.0].into_iter().find(|r| *r >= leading - 1e-9).unwrap_or(10.0);
    round * magnitude
}

impl Unit {
    /// A value as the hover read-out writes it: with its unit.
    pub fn precise(self, value: f64) -> String {
        match self {
            _ if value.is_nan() => "–".to_owned(),
            Self::Percent => format!("{} %", grouped(value * 100.0, 1)),
            Self::Milliseconds => format!("{} ms", grouped(value, if value < 10.0 { 2 } else { 1 })),
            Self::Count => grouped(value, usize::from(value < 10.0 && value.fract().abs() > 0.05)),
            Self::Number => significant(value),
        }
    }
}

/// Four significant digits, with thousands apart.
fn significant(value: f64) -> String {
    let whole = if value == 0.0 { 1 } else { value.abs().log10().floor() as i32 + 1 };
    grouped(value, usize::try_from((4 - whole).clamp(0, 6)).unwrap_or(0))
}

/// A number with a comma between thousands and a true minus.
pub fn grouped(value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut out = String::with_capacity(text.len() + 4);
    if value < 0.0 && text.bytes().any(|b| (b'1'..=b'9').contains(&b)) {
        out.push('−');
    }
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out + rest
}

/// Steps of a time axis, in seconds.
const TIME_STEPS: &[i64] = &[
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800,
    1_209_600, 2_592_000,
];

/// The times at which a time axis from `from` to `to` seconds gets a tick, at most `most` of them, on round local times.
pub fn time_ticks(from: f64, to: f64, most: usize, zone: &TimeZone) -> Vec<(f64, String)> {
    let span = (to - from).max(1.0);
    let wanted = span / most.max(1) as f64;
    let step =
        TIME_STEPS.iter().copied().find(|s| *s as f64 >= wanted).unwrap_or(2_592_000 * (wanted as i64 / 2_592_000 + 1));
    let offset = Timestamp::from_second(from as i64).map_or(0, |t| i64::from(zone.to_offset(t).seconds()));
    let mut at = (from as i64 + offset).div_euclid(step) * step;
    let mut ticks = Vec::new();
    while (at - offset) as f64 <= to {
        if (at - offset) as f64 >= from {
            ticks.push(((at - offset) as f64, time_label((at - offset) as f64, step, zone)));
        }
        at += step;
    }
    ticks
}

/// A local time, as fine as `step` seconds ask for.
pub fn time_label(at_s: f64, step: i64, zone: &TimeZone) -> String {
    let Ok(at) = Timestamp::from_second(at_s as i64) else { return String::new() };
    let format = match step {
        ..60 => "%H:%M:%S",
        60..86_400 => "%H:%M",
        _ => "%-d %b",
    };
    at.to_zoned(zone.clone()).strftime(format).to_string()
}

/// Whole rounds at round numbers.
pub fn round_ticks(from: f64, to: f64, most: usize) -> Vec<(f64, String)> {
    let step = round_step((to - from).max(1.0) / most.max(1) as f64, 2.0).ceil().max(1.0);
    let mut at = (from / step).ceil() * step;
    let mut ticks = Vec::new();
    while at <= to {
        ticks.push((at, grouped(at, 0)));
        at += step;
    }
    ticks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(low: f64, high: f64, wanted: usize, unit: Unit) -> Vec<String> {
        let ticks = Ticks::around(low, high, wanted, unit);
        ticks.values().map(|v| ticks.label(v, unit)).collect()
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(labels(0.56, 0.88, 4, Unit::Percent), ["50 %", "60 %", "70 %", "80 %", "90 %"]);
        assert_eq!(labels(0.741, 0.746, 3, Unit::Percent), ["73 %", "74 %", "75 %", "76 %"]);
        assert_eq!(labels(12.0, 830.0, 2, Unit::Count), ["0", "500", "1,000"]);
        assert_eq!(labels(0.3, 0.8, 2, Unit::Milliseconds), ["0.0", "0.5", "1.0"]);
        assert_eq!(labels(0.26, 0.69, 5, Unit::Number), ["0.2", "0.3", "0.4", "0.5", "0.6", "0.7"]);
        assert_eq!(labels(3.0, 3.0, 2, Unit::Number), ["2.5", "3.0", "3.5"]);
        assert_eq!(labels(1.0, 1.0, 2, Unit::Percent), ["99.0 %", "99.5 %", "100.0 %"]);
        assert_eq!(labels(f64::NAN, f64::NAN, 2, Unit::Count), ["0", "1"]);
    }

    #[test]
    fn an_axis_holds_its_values() {
        for low in [-3.0, 0.0, 0.1, 7.0, 1e6] {
            for width in [1e-6, 0.3, 1.0, 47.0, 1e9] {
                for wanted in 1..8 {
                    let ticks = Ticks::around(low, low + width, wanted, Unit::Number);
                    assert!(ticks.from <= low + 1e-6 * width && ticks.to >= low + width * (1.0 - 1e-6), "{ticks:?}");
                    assert!(ticks.values().count() <= wanted + 3, "{ticks:?} for {wanted}");
                }
            }
        }
    }

    #[test]
    fn times_are_round_in_the_local_zone() {
        let zone = TimeZone::fixed(jiff::tz::offset(5));
        // 1970-01-01 05:00:10 local.
        let ticks = time_ticks(10.0, 610.0, 6, &zone);
        let labels: Vec<_> = ticks.iter().map(|(_, label)| label.as_str()).collect();
        assert_eq!(labels, ["05:02", "05:04", "05:06", "05:08", "05:10"]);
        assert_eq!(time_ticks(0.0, 20.0, 4, &zone)[1].1, "05:00:05");
        let days = time_ticks(0.0, 4.0 * 86_400.0, 4, &zone);
        assert_eq!((days[0].0, days[0].1.as_str()), (86_400.0 - 5.0 * 3600.0, "2 Jan"));
    }

    #[test]
    fn values_carry_their_unit() {
        assert_eq!(Unit::Percent.precise(0.7461), "74.6 %");
        assert_eq!(Unit::Milliseconds.precise(0.621), "0.62 ms");
        assert_eq!(Unit::Count.precise(1482.0), "1,482");
        assert_eq!(Unit::Number.precise(3.456_78), "3.457");
        assert_eq!(Unit::Number.precise(-12_345.6), "−12,346");
        assert_eq!(Unit::Number.precise(f64::NAN), "–");
        assert_eq!(grouped(-0.0001, 1), "0.0");
    }
}
