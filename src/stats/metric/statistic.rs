//! The statistics that CloudWatch has, told of a summary.

use std::fmt;
use std::str::FromStr;

use super::summary::Summary;

/// A statistic, by the names of `Statistics`, `ExtendedStatistics` and `Stat`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Statistic {
    /// `SampleCount`.
    SampleCount,
    /// `Sum`.
    Sum,
    /// `Average`.
    Average,
    /// `Minimum`.
    Minimum,
    /// `Maximum`.
    Maximum,
    /// `p99`: the value that so many percent of the values do not exceed.
    Percentile(f64),
    /// `IQM`: the mean of the values between the quartiles.
    InterquartileMean,
    /// `TM`, `WM`, `TC`, `TS`, `PR` with their bounds.
    Between(Within, Bounds),
}

/// What is told of the values between two bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Within {
    /// `TM`: their mean.
    TrimmedMean,
    /// `WM`: the mean of all, those outside taken as the nearest inside.
    WinsorizedMean,
    /// `TC`: how many they are.
    TrimmedCount,
    /// `TS`: their sum.
    TrimmedSum,
    /// `PR`: which percentage of all they are.
    PercentileRank,
}

/// Two bounds, the lower one excluded, the upper one included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bounds {
    /// Percentiles, 0 to 100.
    Percent(f64, f64),
    /// Values.
    Values(f64, f64),
}

/// A name that no statistic has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no statistic")]
pub struct BadStatistic(pub String);

impl FromStr for Statistic {
    type Err = BadStatistic;

    fn from_str(text: &str) -> Result<Self, BadStatistic> {
        match text {
            "SampleCount" => return Ok(Self::SampleCount),
            "Sum" => return Ok(Self::Sum),
            "Average" => return Ok(Self::Average),
            "Minimum" => return Ok(Self::Minimum),
            "Maximum" => return Ok(Self::Maximum),
            _ => {}
        }
        let bad = || BadStatistic(text.to_owned());
        let lower = text.to_ascii_lowercase();
        if lower == "iqm" {
            return Ok(Self::InterquartileMean);
        }
        if let Some(percent) = lower.strip_prefix('p').filter(|rest| !rest.starts_with('r')) {
            return percent_of(percent).map(Self::Percentile).ok_or_else(bad);
        }
        let (kind, rest) = lower.split_at_checked(2).ok_or_else(bad)?;
        let within = match kind {
            "tm" => Within::TrimmedMean,
            "wm" => Within::WinsorizedMean,
            "tc" => Within::TrimmedCount,
            "ts" => Within::TrimmedSum,
            "pr" => Within::PercentileRank,
            _ => return Err(bad()),
        };
        let bounds = bounds_of(rest).ok_or_else(bad)?;
        let ordered = match bounds {
            Bounds::Percent(low, high) | Bounds::Values(low, high) => low < high,
        };
        // A percentile's rank is a percentage already.
        let is_rank_of_percent = within == Within::PercentileRank && matches!(bounds, Bounds::Percent(..));
        if !ordered || is_rank_of_percent {
            return Err(bad());
        }
        Ok(Self::Between(within, bounds))
    }
}

/// A percentile as it is written: 0 to 100 with up to ten digits after the point.
fn percent_of(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.') && text.bytes().any(|b| b.is_ascii_digit());
    let few = text.split_once('.').is_none_or(|(_, digits)| digits.len() <= 10);
    let value: f64 = text.parse().ok().filter(|_| plain && few)?;
    (0.0..=100.0).contains(&value).then_some(value)
}

/// `90`, `(10%:90%)`, `(100:)`, `(:0.5)`.
fn bounds_of(text: &str) -> Option<Bounds> {
    let Some(inside) = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) else {
        return percent_of(text).map(|high| Bounds::Percent(0.0, high));
    };
    let (low, high) = inside.split_once(':')?;
    let (low, high) = (low.trim(), high.trim());
    if low.is_empty() && high.is_empty() {
        return None;
    }
    if low.ends_with('%') || high.ends_with('%') {
        let bound = |text: &str, open: f64| match text.strip_suffix('%') {
            Some(percent) => percent_of(percent),
            None => text.is_empty().then_some(open),
        };
        return Some(Bounds::Percent(bound(low, 0.0)?, bound(high, 100.0)?));
    }
    let bound = |text: &str, open: f64| {
        if text.is_empty() { Some(open) } else { text.parse::<f64>().ok().filter(|value| value.is_finite()) }
    };
    Some(Bounds::Values(bound(low, f64::NEG_INFINITY)?, bound(high, f64::INFINITY)?))
}

impl fmt::Display for Statistic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SampleCount => f.write_str("SampleCount"),
            Self::Sum => f.write_str("Sum"),
            Self::Average => f.write_str("Average"),
            Self::Minimum => f.write_str("Minimum"),
            Self::Maximum => f.write_str("Maximum"),
            Self::Percentile(percent) => write!(f, "p{percent}"),
            Self::InterquartileMean => f.write_str("IQM"),
            Self::Between(within, bounds) => {
                f.write_str(match within {
                    Within::TrimmedMean => "TM",
                    Within::WinsorizedMean => "WM",
                    Within::TrimmedCount => "TC",
                    Within::TrimmedSum => "TS",
                    Within::PercentileRank => "PR",
                })?;
                let open = |bound: f64| if bound.is_finite() { bound.to_string() } else { String::new() };
                match bounds {
                    Bounds::Percent(low, high) => write!(f, "({low}%:{high}%)"),
                    Bounds::Values(low, high) => write!(f, "({}:{})", open(*low), open(*high)),
                }
            }
        }
    }
}

impl Statistic {
    /// Its value; `None` when there are no values, or when their spread would be needed and is not known.
    ///
    /// The first five are exact. What needs the spread is within [`super::RELATIVE_ERROR`] of the value.
    pub fn of(self, summary: &Summary) -> Option<f64> {
        if summary.is_empty() {
            return None;
        }
        match self {
            Self::SampleCount => Some(summary.count),
            Self::Sum => Some(summary.sum),
            Self::Average => Some(summary.sum / summary.count),
            Self::Minimum => Some(summary.min),
            Self::Maximum => Some(summary.max),
            _ if summary.spread.is_empty() => None,
            Self::Percentile(percent) => Some(percentile(summary, percent)),
            Self::InterquartileMean => between(summary, Within::TrimmedMean, Bounds::Percent(25.0, 75.0)),
            Self::Between(within, bounds) => between(summary, within, bounds),
        }
    }
}

/// The smallest value that at least so many percent of the values do not exceed.
fn percentile(summary: &Summary, percent: f64) -> f64 {
    let rank = summary.count * percent / 100.0;
    if rank <= 0.0 {
        return summary.min;
    }
    if percent >= 100.0 {
        return summary.max;
    }
    let mut so_far = 0.0;
    for (value, times) in summary.spread.values(summary.min, summary.max) {
        so_far += times;
        // Sums of fractions of counts are not exact.
        if so_far >= rank * (1.0 - 1e-12) {
            return value;
        }
    }
    summary.max
}

fn between(summary: &Summary, within: Within, bounds: Bounds) -> Option<f64> {
    // (count, sum) of the values inside, and how many are beyond each end, with the value next to them.
    let (mut count, mut sum) = (0.0, 0.0);
    let (mut below, mut above) = (0.0, 0.0);
    let (mut least, mut greatest) = (None, None);
    let mut before = 0.0;
    for (value, times) in summary.spread.values(summary.min, summary.max) {
        let (low, inside) = match bounds {
            Bounds::Percent(low, high) => {
                let (low, high) = (low / 100.0 * summary.count, high / 100.0 * summary.count);
                let after = before + times;
                ((low.min(after) - before).max(0.0), (high.min(after) - low.max(before)).max(0.0))
            }
            Bounds::Values(low, _) if value <= low => (times, 0.0),
            Bounds::Values(_, high) => (0.0, if value <= high { times } else { 0.0 }),
        };
        before += times;
        below += low;
        above += (times - low - inside).max(0.0);
        if inside > 0.0 {
            count += inside;
            sum += inside * value;
            least = least.or(Some(value));
            greatest = Some(value);
        }
    }
    match within {
        Within::TrimmedCount => Some(count),
        Within::TrimmedSum => Some(sum),
        Within::PercentileRank => Some(100.0 * count / summary.count),
        Within::TrimmedMean => (count > 0.0).then(|| sum / count),
        Within::WinsorizedMean => {
            let all = sum + below * least? + above * greatest?;
            Some(all / summary.count)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1, 2, … 1000.
    fn thousand() -> Summary {
        let mut summary = Summary::default();
        (1..=1000).for_each(|value| summary.add(f64::from(value), 1.0));
        summary
    }

    fn of(name: &str, summary: &Summary) -> Option<f64> {
        name.parse::<Statistic>().unwrap().of(summary)
    }

    #[test]
    fn plain_statistics_are_exact() {
        let all = thousand();
        let told: Vec<f64> = ["SampleCount", "Sum", "Average", "Minimum", "Maximum"]
            .iter()
            .map(|name| of(name, &all).unwrap())
            .collect();
        assert_eq!(told, [1000.0, 500_500.0, 500.5, 1.0, 1000.0]);
        assert_eq!(of("Sum", &Summary::default()), None);
    }

    #[test]
    fn statistics_of_the_spread_are_within_half_a_percent() {
        let all = thousand();
        let expected = [
            ("p0", 1.0),
            ("p50", 500.0),
            ("p99", 990.0),
            ("p99.9", 999.0),
            ("p100", 1000.0),
            ("IQM", 500.5),
            ("tm90", 450.5),
            ("TM(10%:90%)", 500.5),
            ("TM(:500)", 250.5),
            ("WM(10%:90%)", 500.5),
            ("TC(250:750)", 500.0),
            ("TS(:500)", 125_250.0),
            ("PR(:250)", 25.0),
            ("PR(900:)", 10.0),
        ];
        for (name, value) in expected {
            let told = of(name, &all).unwrap();
            assert!((told - value).abs() <= value * 0.01, "{name} is {told}, not {value}");
        }
    }

    #[test]
    fn one_value_is_its_own_percentile() {
        let one = Summary::of(187.25, 1.0);
        assert_eq!((of("p50", &one), of("p99", &one), of("TM99", &one)), (Some(187.25), Some(187.25), Some(187.25)));
    }

    #[test]
    fn without_a_spread_only_the_plain_ones_are_told() {
        let given = Summary::given(10.0, 55.0, 1.0, 10.0);
        assert_eq!((of("Average", &given), of("p50", &given)), (Some(5.5), None));
    }

    #[test]
    fn names_are_read_and_written() {
        for name in ["p99.9", "IQM", "TM(10%:90%)", "TC(:0.5)", "PR(1:)", "Sum"] {
            assert_eq!(name.parse::<Statistic>().unwrap().to_string(), name);
        }
        assert_eq!("tm90".parse::<Statistic>().unwrap().to_string(), "TM(0%:90%)");
        for name in ["", "p", "p101", "p-1", "average", "TM", "TM()", "TM(90%:10%)", "PR90", "xx90", "p9e1", "ü"] {
            assert!(name.parse::<Statistic>().is_err(), "{name}");
        }
    }
}
