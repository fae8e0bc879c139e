//! Whether an alarm goes off: CloudWatch's rules for points that breach, points that do not, and points that are missing.

use crate::domain::alarm::{AlarmState, Missing};

/// Periods beyond the evaluation periods that are looked at, in case some of the newest are missing.
pub const EXTRA_PERIODS: u32 = 2;

/// The state that follows; `None`: it stays as it is.
///
/// `points`, oldest first, says of each period whether its value breaches, `None` where it has none; there are [`EXTRA_PERIODS`] more of
/// them than `evaluation_periods`.
/// Source: CloudWatch's user guide, "Configuring how CloudWatch alarms treat missing data".
pub fn judge(points: &[Option<bool>], evaluation_periods: u32, to_alarm: u32, missing: Missing) -> Option<AlarmState> {
    let (evaluated, to_alarm) = (evaluation_periods as usize, to_alarm as usize);
    let state = |breaching: usize| if breaching >= to_alarm { AlarmState::Alarm } else { AlarmState::Ok };
    let there: Vec<bool> = points.iter().rev().filter_map(|point| *point).collect();
    if there.len() >= evaluated {
        // Enough of them: the newest that are there count, and nothing is made up.
        return Some(state(there[..evaluated].iter().filter(|breaches| **breaches).count()));
    }
    let breaching = there.iter().filter(|breaches| **breaches).count();
    let filled = evaluated - there.len();
    match missing {
        Missing::Breaching => Some(state(breaching + filled)),
        Missing::NotBreaching => Some(state(breaching)),
        Missing::Missing if there.is_empty() => Some(AlarmState::InsufficientData),
        Missing::Ignore if there.is_empty() => None,
        _ if breaching >= to_alarm => Some(AlarmState::Alarm),
        _ if breaching < there.len() => Some(AlarmState::Ok),
        Missing::Ignore => None,
        // All that is there breaches, and it is too little. The alarm goes off once the oldest of it is so old that the periods since then
        // would have been enough, had they been there.
        Missing::Missing => {
            let newest = &points[points.len().saturating_sub(evaluated)..];
            let oldest = newest.iter().position(|point| *point == Some(true));
            oldest.filter(|at| newest.len() - at >= to_alarm).map(|_| AlarmState::Alarm)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `0` is within the threshold, `X` beyond it, `-` missing; the answers for missing, ignore, breaching, notBreaching.
    fn told(points: &str, evaluated: u32, to_alarm: u32) -> String {
        let points: Vec<Option<bool>> = points
            .chars()
            .map(|point| match point {
                '0' => Some(false),
                'X' => Some(true),
                _ => None,
            })
            .collect();
        let each = Missing::ALL.map(|missing| match judge(&points, evaluated, to_alarm, missing) {
            Some(AlarmState::Ok) => "ok",
            Some(AlarmState::Alarm) => "alarm",
            Some(AlarmState::InsufficientData) => "insufficient",
            None => "stays",
        });
        each.join(" ")
    }

    #[test]
    fn three_of_three_as_in_the_user_guide() {
        assert_eq!(told("0-X-X", 3, 3), "ok ok ok ok");
        assert_eq!(told("0----", 3, 3), "ok ok ok ok");
        assert_eq!(told("-----", 3, 3), "insufficient stays alarm ok");
        assert_eq!(told("0XX-X", 3, 3), "ok ok ok ok".replace("ok", "alarm"));
        assert_eq!(told("--X--", 3, 3), "alarm stays alarm ok");
    }

    #[test]
    fn two_of_three_as_in_the_user_guide() {
        assert_eq!(told("0-X-X", 3, 2), "alarm alarm alarm alarm");
        assert_eq!(told("00X0X", 3, 2), "alarm alarm alarm alarm");
        assert_eq!(told("0-X--", 3, 2), "ok ok alarm ok");
        assert_eq!(told("----0", 3, 2), "ok ok alarm ok");
        assert_eq!(told("---X-", 3, 2), "alarm stays alarm ok");
    }

    #[test]
    fn one_breaching_point_that_is_too_young_changes_nothing() {
        assert_eq!(told("----X", 3, 3), "stays stays alarm ok");
        assert_eq!(told("-X", 1, 1), "alarm alarm alarm alarm");
        assert_eq!(told("X-", 1, 1), "alarm alarm alarm alarm", "the newest value that is there counts");
    }
}
