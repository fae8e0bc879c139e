//! The functions of metric math that are there, and an honest word for those that are not.

use std::collections::{BTreeMap, BTreeSet};

use super::eval::{Found, Line, Scope, both, find, flat};
use super::parse::Expression;

/// Functions that AWS has and that are not here.
const NOT_HERE: [&str; 17] = [
    "SEARCH",
    "SLICE",
    "SORT",
    "FIRST",
    "LAST",
    "ANOMALY_DETECTION_BAND",
    "INSIGHT_RULE_METRIC",
    "SERVICE_QUOTA",
    "REMOVE_EMPTY",
    "DATAPOINT_COUNT",
    "MINUTE",
    "HOUR",
    "DAY",
    "DATE",
    "MONTH",
    "YEAR",
    "EPOCH",
];

pub(super) fn call(name: &str, arguments: &[Expression], scope: &mut dyn Scope) -> Result<Found, String> {
    match (name, arguments) {
        ("SUM", [of]) => Ok(folded(find(of, scope)?, |values| values.iter().sum())),
        ("AVG", [of]) => Ok(folded(find(of, scope)?, mean)),
        ("MIN", [of]) => Ok(folded(find(of, scope)?, |values| values.iter().copied().fold(f64::INFINITY, f64::min))),
        ("MAX", [of]) => {
            Ok(folded(find(of, scope)?, |values| values.iter().copied().fold(f64::NEG_INFINITY, f64::max)))
        }
        ("STDDEV", [of]) => Ok(folded(find(of, scope)?, deviation)),
        ("ABS", [of]) => Ok(find(of, scope)?.map(f64::abs)),
        ("CEIL", [of]) => Ok(find(of, scope)?.map(f64::ceil)),
        ("FLOOR", [of]) => Ok(find(of, scope)?.map(f64::floor)),
        ("LOG", [of]) => Ok(find(of, scope)?.map(f64::ln)),
        ("LOG10", [of]) => Ok(find(of, scope)?.map(f64::log10)),
        ("DIFF", [of]) => find(of, scope)?.each(name, |line| steps(line, |_, change| change)),
        ("DIFF_TIME", [of]) => find(of, scope)?.each(name, |line| steps(line, |seconds, _| seconds)),
        ("RATE", [of]) => find(of, scope)?.each(name, |line| steps(line, |seconds, change| change / seconds)),
        ("RUNNING_SUM", [of]) => find(of, scope)?.each(name, running_sum),
        ("FILL", [of, with]) => fill(find(of, scope)?, with, scope),
        ("IF", [condition, yes]) => choose(condition, yes, None, scope),
        ("IF", [condition, yes, no]) => choose(condition, yes, Some(no), scope),
        ("PERIOD", [of]) => match find(of, scope)? {
            Found::Line(line) => Ok(Found::Number(line.period_s as f64)),
            _ => Err("PERIOD needs one time series".to_owned()),
        },
        ("METRIC_COUNT", [of]) => match find(of, scope)? {
            Found::Lines(lines) => Ok(Found::Number(lines.len() as f64)),
            _ => Err("METRIC_COUNT needs an array of time series".to_owned()),
        },
        ("TIME_SERIES", [of]) => match find(of, scope)? {
            Found::Number(number) => Ok(Found::Line(flat(number, scope))),
            _ => Err("TIME_SERIES needs a number".to_owned()),
        },
        ("METRICS", []) => Ok(Found::Lines(scope.metrics())),
        ("METRICS", [Expression::Text(part)]) => {
            let lines = scope.metrics().into_iter().filter(|line| line.label.contains(part.as_str()));
            Ok(Found::Lines(lines.collect()))
        }
        _ if NOT_HERE.contains(&name) => Err(format!("the function {name} is not available in Counterpoise")),
        _ => Err(format!("there is no function {name} with {} arguments", arguments.len())),
    }
}

/// One number of a line; one line of several, period by period.
fn folded(found: Found, of: impl Fn(&[f64]) -> f64) -> Found {
    match found {
        Found::Number(number) => Found::Number(of(&[number])),
        Found::Line(line) => {
            let values: Vec<f64> = line.points.into_values().collect();
            Found::Number(if values.is_empty() { f64::NAN } else { of(&values) })
        }
        Found::Lines(lines) => {
            let period_s = lines.first().map_or(60, |line| line.period_s);
            let mut by_time: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
            for (at_s, value) in lines.into_iter().flat_map(|line| line.points) {
                by_time.entry(at_s).or_default().push(value);
            }
            let points = by_time.into_iter().map(|(at_s, values)| (at_s, of(&values))).collect();
            Found::Line(Line { label: String::new(), period_s, points })
        }
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn deviation(values: &[f64]) -> f64 {
    let mean = mean(values);
    (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt()
}

/// From each point to the next: seconds between, and the change of the value.
fn steps(line: Line, of: impl Fn(f64, f64) -> f64) -> Line {
    let pairs = line.points.iter().zip(line.points.iter().skip(1));
    let points = pairs.map(|((from_s, from), (to_s, to))| (*to_s, of((to_s - from_s) as f64, to - from))).collect();
    Line { points, ..line }
}

fn running_sum(line: Line) -> Line {
    let mut sum = 0.0;
    let points = line.points.into_iter().map(|(at_s, value)| {
        sum += value;
        (at_s, sum)
    });
    Line { points: points.collect(), ..line }
}

/// `FILL(line, 0)`, `FILL(line, REPEAT)`, `FILL(line, LINEAR)`, `FILL(line, other)`.
fn fill(found: Found, with: &Expression, scope: &mut dyn Scope) -> Result<Found, String> {
    let with = match with {
        Expression::Name(word) if word == "REPEAT" => Fill::Repeat,
        Expression::Name(word) if word == "LINEAR" => Fill::Linear,
        other => match find(other, scope)? {
            Found::Number(number) => Fill::Number(number),
            Found::Line(line) => Fill::Line(line),
            Found::Lines(_) => return Err("FILL takes a number, REPEAT, LINEAR or one time series".to_owned()),
        },
    };
    let scope = &*scope;
    found.each("FILL", |line| {
        let at = |at_s: i64| {
            let before = line.points.range(..at_s).next_back();
            let after = line.points.range(at_s..).next();
            match (&with, before, after) {
                (Fill::Number(number), ..) => Some(*number),
                (Fill::Line(other), ..) => other.points.get(&at_s).copied(),
                (Fill::Repeat, Some((_, value)), _) | (Fill::Linear, Some((_, value)), None) => Some(*value),
                (Fill::Linear, Some((from_s, from)), Some((to_s, to))) => {
                    Some(from + (to - from) * (at_s - from_s) as f64 / (to_s - from_s) as f64)
                }
                (Fill::Repeat | Fill::Linear, None, _) => None,
            }
        };
        let missing = scope.periods(line.period_s).into_iter().filter(|at_s| !line.points.contains_key(at_s));
        let filled: Vec<(i64, f64)> = missing.filter_map(|at_s| Some((at_s, at(at_s)?))).collect();
        let mut points = line.points.clone();
        points.extend(filled);
        Line { points, ..line.clone() }
    })
}

enum Fill {
    Number(f64),
    Repeat,
    Linear,
    Line(Line),
}

/// `IF(condition, yes, no)`, period by period.
fn choose(
    condition: &Expression,
    yes: &Expression,
    no: Option<&Expression>,
    scope: &mut dyn Scope,
) -> Result<Found, String> {
    let condition = find(condition, scope)?;
    let yes = find(yes, scope)?;
    let no = no.map(|no| find(no, scope)).transpose()?;
    if let Found::Number(truth) = condition {
        return match (truth != 0.0, no) {
            (true, _) => Ok(yes),
            (false, Some(no)) => Ok(no),
            (false, None) => Ok(Found::Number(f64::NAN)),
        };
    }
    let Found::Line(condition) = condition else {
        return Err("the condition of IF must be one time series".to_owned());
    };
    let value = |of: &Found, at_s: i64| match of {
        Found::Number(number) => Ok(Some(*number)),
        Found::Line(line) => Ok(line.points.get(&at_s).copied()),
        Found::Lines(_) => Err("IF chooses between numbers and single time series".to_owned()),
    };
    let times: BTreeSet<i64> = condition.points.keys().copied().collect();
    let mut points = BTreeMap::new();
    for at_s in times {
        let chosen = if condition.points[&at_s] == 0.0 { no.as_ref() } else { Some(&yes) };
        if let Some(value) = chosen.map(|of| value(of, at_s)).transpose()?.flatten() {
            points.insert(at_s, value);
        }
    }
    both(Found::Line(Line { points, ..condition }), Found::Number(0.0), |value, _| value)
}

#[cfg(test)]
mod tests {
    use super::super::{evaluate, parse};
    use super::*;

    /// m1 in the first three of four minutes, m2 in the last three.
    struct Two;

    fn line(label: &str, points: &[(i64, f64)]) -> Line {
        Line { label: label.to_owned(), period_s: 60, points: points.iter().copied().collect() }
    }

    impl Scope for Two {
        fn line(&mut self, id: &str) -> Result<Option<Vec<Line>>, String> {
            let metrics = self.metrics();
            Ok(match id {
                "m1" => Some(vec![metrics[0].clone()]),
                "m2" => Some(vec![metrics[1].clone()]),
                "gap" => Some(vec![line("gap", &[(0, 1.0), (180, 7.0)])]),
                _ => None,
            })
        }

        fn metrics(&self) -> Vec<Line> {
            vec![
                line("Invocations", &[(0, 10.0), (60, 20.0), (120, 40.0)]),
                line("Invocation5XXErrors", &[(60, 1.0), (120, 0.0), (180, 3.0)]),
            ]
        }

        fn periods(&self, period_s: i64) -> Vec<i64> {
            (0..240 / period_s).map(|n| n * period_s).collect()
        }

        fn period_s(&self) -> i64 {
            60
        }
    }

    fn of(text: &str) -> Vec<(i64, f64)> {
        let lines = evaluate(&parse(text).unwrap(), &mut Two).unwrap_or_else(|why| panic!("{text}: {why}"));
        assert_eq!(lines.len(), 1, "{text}");
        lines.into_iter().flat_map(|line| line.points).collect()
    }

    #[test]
    fn arithmetic_goes_period_by_period() {
        assert_eq!(of("100*m2/m1"), [(60, 5.0), (120, 0.0)]);
        assert_eq!(of("m1/m2"), [(60, 20.0)], "what is no number has no point");
        assert_eq!(of("-m2^2"), [(60, -1.0), (120, 0.0), (180, -9.0)]);
        assert_eq!(of("m1 > 15 AND m1 < 30"), [(0, 0.0), (60, 1.0), (120, 0.0)]);
    }

    #[test]
    fn sums_of_a_line_are_a_number_and_of_several_a_line() {
        assert_eq!(of("SUM([m1, m2])"), [(0, 10.0), (60, 21.0), (120, 40.0), (180, 3.0)]);
        assert_eq!(of("SUM(METRICS())"), of("SUM([m1,m2])"));
        assert_eq!(of("MAX(METRICS(\"5XX\"))"), [(60, 1.0), (120, 0.0), (180, 3.0)]);
        assert_eq!(of("SUM(m1)"), [(0, 70.0), (60, 70.0), (120, 70.0), (180, 70.0)]);
        assert_eq!(of("m1/MAX(m1)"), [(0, 0.25), (60, 0.5), (120, 1.0)]);
        assert_eq!(of("AVG([m1,m2])"), [(0, 10.0), (60, 10.5), (120, 20.0), (180, 3.0)]);
        assert_eq!(of("MIN([m1,m2])")[1], (60, 1.0));
        assert_eq!(of("TIME_SERIES(STDDEV(m2))")[0].1, (14.0_f64 / 9.0).sqrt());
    }

    #[test]
    fn gaps_are_filled_and_changes_are_told() {
        assert_eq!(of("FILL(gap, 0)"), [(0, 1.0), (60, 0.0), (120, 0.0), (180, 7.0)]);
        assert_eq!(of("FILL(gap, REPEAT)"), [(0, 1.0), (60, 1.0), (120, 1.0), (180, 7.0)]);
        assert_eq!(of("FILL(gap, LINEAR)"), [(0, 1.0), (60, 3.0), (120, 5.0), (180, 7.0)]);
        assert_eq!(of("FILL(gap, m1)"), [(0, 1.0), (60, 20.0), (120, 40.0), (180, 7.0)]);
        assert_eq!(of("RATE(m1)"), [(60, 10.0 / 60.0), (120, 20.0 / 60.0)]);
        assert_eq!(of("DIFF(m1)"), [(60, 10.0), (120, 20.0)]);
        assert_eq!(of("DIFF_TIME(gap)"), [(180, 180.0)]);
        assert_eq!(of("RUNNING_SUM(m1)"), [(0, 10.0), (60, 30.0), (120, 70.0)]);
        assert_eq!(of("m1/PERIOD(m1)")[2], (120, 40.0 / 60.0));
        assert_eq!(of("IF(m1 >= 20, m1, 0)"), [(0, 0.0), (60, 20.0), (120, 40.0)]);
        assert_eq!(of("IF(m1 >= 20, 1)"), [(60, 1.0), (120, 1.0)]);
        assert_eq!(of("TIME_SERIES(METRIC_COUNT(METRICS()))")[3], (180, 2.0));
    }

    #[test]
    fn what_is_not_there_is_said() {
        let why = |text: &str| evaluate(&parse(text).unwrap(), &mut Two).unwrap_err();
        assert!(why("SEARCH('{AWS/SageMaker}', 'Sum', 60)").contains("not available in Counterpoise"));
        assert!(why("m3 + 1").contains("no query with the id m3"));
        assert!(why("RATE(3)").contains("RATE needs a time series"));
        assert!(why("METRICS() + METRICS()").contains("two arrays"));
        assert!(why("BOGUS(1)").contains("no function BOGUS"));
    }
}
