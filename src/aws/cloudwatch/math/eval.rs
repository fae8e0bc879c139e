//! What an expression comes to: a number, a line of points, or several lines.

use std::collections::BTreeMap;

use super::functions;
use super::parse::{Expression, Operator};

/// One value a period; periods without a value are not there.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::aws::cloudwatch) struct Line {
    /// What the person reads.
    pub(in crate::aws::cloudwatch) label: String,
    /// Seconds from point to point.
    pub(in crate::aws::cloudwatch) period_s: i64,
    /// By the beginning of the period.
    pub(in crate::aws::cloudwatch) points: BTreeMap<i64, f64>,
}

/// A value on the way.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Found {
    Number(f64),
    Line(Line),
    Lines(Vec<Line>),
}

/// What an expression can see.
pub(in crate::aws::cloudwatch) trait Scope {
    /// The lines of a query by its id; `None` for an id that no query has.
    fn line(&mut self, id: &str) -> Result<Option<Vec<Line>>, String>;
    /// All lines that are metrics, not expressions.
    fn metrics(&self) -> Vec<Line>;
    /// The periods of a length that the whole answer is about.
    fn periods(&self, period_s: i64) -> Vec<i64>;
    /// The period of what is made out of numbers.
    fn period_s(&self) -> i64;
}

/// Works an expression out. A number becomes a line with that value in every period.
pub(in crate::aws::cloudwatch) fn evaluate(
    expression: &Expression,
    scope: &mut dyn Scope,
) -> Result<Vec<Line>, String> {
    match find(expression, scope)? {
        Found::Lines(lines) => Ok(lines),
        Found::Line(line) => Ok(vec![line]),
        Found::Number(number) => Ok(vec![flat(number, scope)]),
    }
}

/// A number in every period.
pub(super) fn flat(number: f64, scope: &dyn Scope) -> Line {
    let period_s = scope.period_s();
    let points = scope.periods(period_s).into_iter().map(|at_s| (at_s, number)).collect();
    Line { label: String::new(), period_s, points }
}

pub(super) fn find(expression: &Expression, scope: &mut dyn Scope) -> Result<Found, String> {
    match expression {
        Expression::Number(number) => Ok(Found::Number(*number)),
        Expression::Text(text) => Err(format!("\"{text}\" is no value")),
        Expression::Name(name) => {
            let mut lines = scope.line(name)?.ok_or_else(|| format!("there is no query with the id {name}"))?;
            match lines.len() {
                1 => Ok(Found::Line(lines.remove(0))),
                _ => Ok(Found::Lines(lines)),
            }
        }
        Expression::Array(items) => {
            let mut lines = Vec::new();
            for item in items {
                match find(item, scope)? {
                    Found::Number(number) => lines.push(flat(number, scope)),
                    Found::Line(line) => lines.push(line),
                    Found::Lines(_) => return Err("an array can't hold several time series in one place".to_owned()),
                }
            }
            Ok(Found::Lines(lines))
        }
        Expression::Call(name, arguments) => functions::call(name, arguments, scope),
        Expression::Negative(of) => Ok(find(of, scope)?.map(|value| -value)),
        Expression::Both(operator, left, right) => {
            both(find(left, scope)?, find(right, scope)?, |left, right| operator.of(left, right))
        }
    }
}

impl Operator {
    fn of(self, left: f64, right: f64) -> f64 {
        let truth = |truth: bool| f64::from(u8::from(truth));
        match self {
            Self::Or => truth(left != 0.0 || right != 0.0),
            Self::And => truth(left != 0.0 && right != 0.0),
            Self::Equal => truth(left == right),
            Self::NotEqual => truth(left != right),
            Self::Less => truth(left < right),
            Self::LessEqual => truth(left <= right),
            Self::Greater => truth(left > right),
            Self::GreaterEqual => truth(left >= right),
            Self::Plus => left + right,
            Self::Minus => left - right,
            Self::Times => left * right,
            Self::Divided => left / right,
            Self::Power => left.powf(right),
        }
    }
}

/// Two values by period: a period in which one of them has no value, or their result is no number, has no value.
pub(super) fn both(left: Found, right: Found, of: impl Fn(f64, f64) -> f64) -> Result<Found, String> {
    match (left, right) {
        (Found::Number(left), Found::Number(right)) => Ok(Found::Number(of(left, right))),
        (Found::Number(left), right) => Ok(right.map(|right| of(left, right))),
        (left, Found::Number(right)) => Ok(left.map(|left| of(left, right))),
        (Found::Line(left), Found::Line(right)) => Ok(Found::Line(left.with(&right, &of))),
        (Found::Lines(left), Found::Line(right)) => {
            Ok(Found::Lines(left.into_iter().map(|left| left.with(&right, &of)).collect()))
        }
        (Found::Line(left), Found::Lines(right)) => Ok(Found::Lines(
            right.into_iter().map(|right| left.clone().with(&right, &of).labelled(right.label)).collect(),
        )),
        (Found::Lines(_), Found::Lines(_)) => {
            Err("an operator can't stand between two arrays of time series".to_owned())
        }
    }
}

impl Found {
    /// Each value for itself.
    pub(super) fn map(self, of: impl Fn(f64) -> f64) -> Self {
        match self {
            Self::Number(number) => Self::Number(of(number)),
            Self::Line(line) => Self::Line(line.map(of)),
            Self::Lines(lines) => Self::Lines(lines.into_iter().map(|line| line.map(&of)).collect()),
        }
    }

    /// Each line for itself.
    pub(super) fn each(self, function: &str, of: impl Fn(Line) -> Line) -> Result<Self, String> {
        match self {
            Self::Number(_) => Err(format!("{function} needs a time series")),
            Self::Line(line) => Ok(Self::Line(of(line))),
            Self::Lines(lines) => Ok(Self::Lines(lines.into_iter().map(of).collect())),
        }
    }
}

impl Line {
    pub(super) fn map(self, of: impl Fn(f64) -> f64) -> Self {
        let points = self.points.into_iter().map(|(at_s, value)| (at_s, of(value)));
        Self { points: points.filter(|(_, value)| value.is_finite()).collect(), ..self }
    }

    fn with(self, other: &Self, of: impl Fn(f64, f64) -> f64) -> Self {
        let points = self.points.into_iter().filter_map(|(at_s, value)| {
            let value = of(value, *other.points.get(&at_s)?);
            value.is_finite().then_some((at_s, value))
        });
        Self { points: points.collect(), ..self }
    }

    fn labelled(self, label: String) -> Self {
        Self { label, ..self }
    }
}
