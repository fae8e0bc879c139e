//! Who is better of two on the same labelled rows, in words that can't be misread.

use crate::gui::format;
use crate::gui::widgets::PillTone;
use crate::gui::widgets::plot::Unit;
use crate::gui::widgets::plot::scale::grouped;
use crate::stats::experiment::paired::PairedSummary;

/// Who is better of A and B, in one sentence, and why it may be said. `cap`: of a regression, the absolute error that counts as entirely wrong.
pub fn verdict(a: &str, b: &str, test: &PairedSummary, cap: Option<f64>) -> (PillTone, String, String) {
    // From the side of B, or of A.
    let difference = |of_b: bool| {
        test.difference.map(|band| {
            let sign = if of_b { 1.0 } else { -1.0 };
            let (mut low, mut high) = (sign * band.low, sign * band.high);
            // An outcome of 1 is no error, so more is less error.
            let scale = cap.map_or(100.0, |cap| -cap);
            (low, high) = ((low * scale).min(high * scale), (low * scale).max(high * scale));
            let (decimals, unit) = if cap.is_some() { (3, "in absolute error") } else { (1, "points") };
            let say = |value: f64| signed(value, decimals);
            format!("{} {unit} (95 % band {} to {})", say(sign * band.estimate * scale), say(low), say(high))
        })
    };
    let rows = format::count(test.rows);
    let (only_a, only_b) = (format::count(test.a_only), format::count(test.b_only));
    let e = format!("e-value {}, and {DECIDES} decides", e_words(test.ln_e));
    let detail = match cap {
        None => format!("Of {rows} rows only {a} is right on {only_a}, only {b} on {only_b}; {e}."),
        Some(cap) => format!(
            "Of {rows} rows {a} is nearer on {only_a}, {b} on {only_b}; errors above {} count as that; {e}.",
            Unit::Number.precise(cap)
        ),
    };
    match test.decided {
        Some(decided) => {
            let (better, worse) = if decided.b_better { (b, a) } else { (a, b) };
            let size = difference(decided.b_better).map_or_else(String::new, |words| format!(": {words}"));
            let after = format::plural(usize::try_from(decided.rows).unwrap_or(usize::MAX), "row");
            (PillTone::Ok, format!("{better} is better than {worse}{size}"), format!("{detail} Decided after {after}."))
        }
        None if test.a_only + test.b_only == 0 => {
            (PillTone::Quiet, format!("{a} and {b} are right and wrong on the same rows"), detail)
        }
        None => {
            let size = difference(true).map_or_else(String::new, |words| format!(": so far {b} has {words}"));
            (PillTone::Quiet, format!("No difference shown between {a} and {b}{size}"), detail)
        }
    }
}

fn signed(value: f64, decimals: usize) -> String {
    let text = grouped(value, decimals);
    if text.starts_with('−') || value <= 0.0 { text } else { format!("+{text}") }
}

/// 1/α for the level of the test.
const DECIDES: u32 = 20;

fn e_words(ln_e: f64) -> String {
    let e = ln_e.exp();
    if e >= 1e6 { "above 1,000,000".to_owned() } else { grouped(e, usize::from(e < 100.0)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_sign_and_evidence_is_not_told_beyond_belief() {
        assert_eq!((signed(3.12, 1), signed(-0.5, 1), signed(0.0, 1)), ("+3.1".into(), "−0.5".into(), "0.0".into()));
        assert_eq!((e_words(0.0), e_words(20.0)), ("1.0".into(), "above 1,000,000".into()));
    }
}
