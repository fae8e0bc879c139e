//! What an experiment comes to, in words that can't be misread. Pure.

mod banners;
#[cfg(test)]
mod tests;

pub(super) use banners::{Banner, banners};

use super::score;
use crate::gui::format;
use crate::gui::widgets::plot::scale::grouped;
use crate::stats::experiment::single_look::Interval;
use crate::stats::experiment::{ArmSummary, Contrast, Rule, Summary, Verdict, Winner};
use crate::stats::live::{EndpointLive, ExperimentLive, Score};

/// More than this many labels is said as "more than".
const MOST: u64 = 1_000_000;

/// A winner whose effect is below this share of what it was is told in the past.
const STILL: f64 = 0.5;

/// The line between split and plots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) tone: Tone,
    /// The whole verdict: "b is better: +3.1 points (95 % band +0.8 to +5.4)".
    pub(super) head: String,
    /// What it rests on.
    pub(super) text: String,
    /// For the tooltip: everything that it rests on.
    pub(super) why: String,
    /// Whether running a traffic test would help.
    pub(super) wants_labels: bool,
}

/// How the line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Open,
    Decided,
    Broken,
}

/// How effects are written: points of accuracy, or the label's own unit for errors.
#[derive(Clone, Copy)]
struct Ruler {
    score: Score,
    /// What an outcome of 0 stands for, in the label's unit.
    cap: f64,
}

impl Ruler {
    fn of(live: &EndpointLive, experiment: &ExperimentLive) -> Self {
        Self { score: live.score, cap: experiment.cap.unwrap_or(1.0) }
    }

    /// "+3.1", "−0.24": better is above 0.
    fn signed(self, effect: f64) -> String {
        let (value, places) = match self.score {
            Score::Accuracy => (effect * 100.0, 1),
            Score::Rmse => (effect * self.cap, 2),
        };
        let text = grouped(value.abs(), places);
        let is_zero = text.chars().all(|c| matches!(c, '0' | '.'));
        let sign = if is_zero {
            "\u{b1}"
        } else if value < 0.0 {
            "\u{2212}"
        } else {
            "+"
        };
        format!("{sign}{text}")
    }

    /// "+3.1 points", "mean error lower by 0.24".
    fn effect(self, effect: f64) -> String {
        match self.score {
            Score::Accuracy => format!("{} points", self.signed(effect)),
            Score::Rmse => {
                let way = if effect < 0.0 { "higher" } else { "lower" };
                format!("mean error {way} by {}", self.signed(effect).trim_start_matches(['+', '\u{2212}', '\u{b1}']))
            }
        }
    }

    /// "95 % band +0.8 to +5.4".
    fn band(self, band: Interval) -> String {
        let what = match self.score {
            Score::Accuracy => "95 % band",
            Score::Rmse => "95 % band of the gain",
        };
        format!("{what} {} to {}", self.signed(band.low), self.signed(band.high))
    }
}

/// The verdict line.
pub(super) fn line(live: Option<&EndpointLive>) -> Line {
    let score = live.map_or(Score::Accuracy, |live| live.score);
    let Some((live, experiment)) = live.and_then(|live| Some((live, live.experiment.as_deref()?))) else {
        return no_labels(score);
    };
    let (summary, ruler) = (&experiment.summary, Ruler::of(live, experiment));
    let names = names(summary);
    let name = |place: usize| names.get(place).map_or("?", String::as_str);
    let why = why(summary, ruler);
    let line = |tone, head: String, text: String| Line { tone, head, text, why: why.clone(), wants_labels: false };
    match &summary.verdict {
        Verdict::NothingToCompare | Verdict::NoLabels if summary.arms.iter().all(|arm| arm.labelled == 0) => {
            no_labels(score)
        }
        Verdict::NothingToCompare => {
            let head = if summary.arms.len() < 2 { "One variant: nothing to compare it with" } else { NOT_YET };
            line(Tone::Open, head.to_owned(), "A comparison begins when two variants get requests.".to_owned())
        }
        Verdict::NoLabels => line(
            Tone::Open,
            NOT_YET.to_owned(),
            "Between two changes of weights or models, only one side has labelled answers so far.".to_owned(),
        ),
        Verdict::SplitBroken => line(
            Tone::Broken,
            "Split looks broken (sample ratio mismatch)".to_owned(),
            "Requests do not come in the proportions of the weights: believe no comparison until that is found.".to_owned(),
        ),
        Verdict::LabelsLopsided => line(
            Tone::Broken,
            "Labels look lopsided (sample ratio mismatch)".to_owned(),
            "Labels do not come in the proportions of the weights: which answers are labelled may decide the comparison."
                .to_owned(),
        ),
        Verdict::Undecided(contrast) => {
            line(Tone::Open, format!("No winner yet: {}", more(contrast, summary)), leads(contrast, ruler, &name))
        }
        Verdict::Winner(winner, contrast) => {
            let (head, text) = won(winner, contrast.as_ref(), ruler, &name);
            line(Tone::Decided, head, text)
        }
    }
}

/// What the arms are called: by their variants, and by the model too where two have one name, as while an update moves traffic.
fn names(summary: &Summary) -> Vec<String> {
    let arms = &summary.arms;
    let of = |arm: &ArmSummary| {
        let is_alone = arms.iter().filter(|other| other.variant == arm.variant).count() < 2;
        if is_alone { arm.variant.to_string() } else { format!("{} ({})", arm.variant, arm.model) }
    };
    arms.iter().map(of).collect()
}

const NOT_YET: &str = "Nothing to compare yet";

fn no_labels(score: Score) -> Line {
    let what = match score {
        Score::Accuracy => "accuracy",
        Score::Rmse => "error",
    };
    Line {
        tone: Tone::Open,
        head: "No labelled answers yet".to_owned(),
        text: format!("A traffic test sends labelled rows, and each variant's {what} appears."),
        why: String::new(),
        wants_labels: true,
    }
}

/// "about 1,900 more labelled requests at this split; 900 at 50/50".
fn more(contrast: &Contrast, summary: &Summary) -> String {
    let pair = &contrast.pair;
    let chances = [pair.a, pair.b].map(|place| summary.arms.get(place).map_or(0.0, |arm| arm.probability));
    let even = if summary.arms.len() == 2 { "50/50" } else { "equal weights" };
    if summary.rule == Rule::PerVariant {
        return "labels come unevenly, so each variant is judged by its own labels, which takes longer".to_owned();
    }
    match (pair.more, pair.more_if_even) {
        (Some(more), Some(at_even)) if at_even * 10 < more * 9 => {
            format!("{} at this split; {} at {even}", about_labels(more), about(at_even))
        }
        (Some(more), _) => format!("{} at this split", about_labels(more)),
        (None, Some(at_even)) if chances.contains(&0.0) => {
            format!("never at this split, where one side gets nothing; {} at {even}", about_labels(at_even))
        }
        (None, _) if pair.band.is_some() => "no difference to be seen so far".to_owned(),
        (None, _) => "too few labels to say how many more it takes".to_owned(),
    }
}

/// "about 1,900 more labelled requests".
fn about_labels(n: u64) -> String {
    match n {
        1 => "about 1 more labelled request".to_owned(),
        _ if n > MOST => format!("{} more labelled requests", about(n)),
        _ => format!("about {} more labelled requests", about(n)),
    }
}

/// Two digits that count: 1,873 → "1,900".
fn about(n: u64) -> String {
    if n > MOST {
        return format!("more than {}", format::count(MOST));
    }
    let mut step = 1;
    while n / step >= 100 {
        step *= 10;
    }
    format::count((n + step / 2) / step * step)
}

/// "b is ahead by 1.2 points (95 % band −0.9 to +3.3)".
fn leads<'a>(contrast: &Contrast, ruler: Ruler, name: &impl Fn(usize) -> &'a str) -> String {
    let Some(effect) = contrast.pair.effect else { return String::new() };
    let band = contrast.pair.band.map(|band| format!(" ({})", ruler.band(band))).unwrap_or_default();
    let leader = name(contrast.leader);
    match ruler.score {
        _ if effect == 0.0 => format!("{leader} and {} are level{band}.", name(contrast.other)),
        Score::Accuracy => {
            let by = ruler.signed(effect);
            format!("{leader} is ahead by {} points{band}.", by.trim_start_matches(['+', '\u{b1}']))
        }
        Score::Rmse => format!("{leader}: {}{band}.", ruler.effect(effect)),
    }
}

/// Head and text of a winner. What was declared stays declared; where the numbers have changed since, both are said.
fn won<'a>(
    winner: &Winner,
    contrast: Option<&Contrast>,
    ruler: Ruler,
    name: &impl Fn(usize) -> &'a str,
) -> (String, String) {
    let best = name(winner.arm);
    let is = if winner.over.len() > 1 { "is the best" } else { "is better" };
    let at = format!("{} labelled requests", format::count(winner.labels));
    let by = match winner.rule {
        Rule::ArrivalOrder => String::new(),
        Rule::PerVariant => " by the bands of the single variants".to_owned(),
    };
    let Some((pair, effect)) = contrast.and_then(|contrast| Some((&contrast.pair, contrast.pair.effect?))) else {
        return (format!("{best} {is}: {}", ruler.effect(winner.effect)), format!("Declared after {at}{by}."));
    };
    let band = pair.band.map(|band| format!(" ({})", ruler.band(band))).unwrap_or_default();
    let over = if winner.over.len() > 1 {
        format!(" over {}, the next best", name(contrast.map_or(0, |contrast| contrast.other)))
    } else {
        String::new()
    };
    let is_clear = pair.band.is_none_or(|band| band.low > 0.0);
    if effect > 0.0 && is_clear {
        let text = format!("Declared after {at}{by}; looking again does not weaken it.");
        return (format!("{best} {is}: {}{over}{band}", ruler.effect(effect)), text);
    }
    // The test that declares is sharper than the band, which may reach below 0 at first: beside "is better" it would be read as a doubt.
    if effect >= STILL * winner.effect && effect > 0.0 {
        let text = format!("Declared after {at}{by}: better is settled, by how much is open{band}.");
        return (format!("{best} {is}: {}{over}", ruler.effect(effect)), text);
    }
    let then = ruler.effect(winner.effect);
    (
        format!("{best} was found better after {at}"),
        format!("Then {then}{by}; over all labels now {}{band}.", ruler.effect(effect)),
    )
}

/// Everything that the line rests on, for who wants to know.
fn why(summary: &Summary, ruler: Ruler) -> String {
    let mut lines = vec![match summary.rule {
        Rule::ArrivalOrder => format!(
            "Each labelled request is a bet that is fair where there is no difference: without one, the odds of {:.0} to 1 that \
             declare a winner come up at most {:.0} times in 100, however often one looks and whatever weights and traffic do.",
            1.0 / summary.alpha,
            100.0 * summary.alpha
        ),
        Rule::PerVariant => {
            "Labels come earlier for some variants than for others, so each variant is judged by its own \
                             labels since the weights last changed, and there is a winner when the bands part."
                .to_owned()
        }
    }];
    let unit = score::unit(ruler.score);
    for (arm, name) in summary.arms.iter().zip(names(summary)).filter(|(arm, _)| arm.labelled > 0) {
        let (labelled, drawn) = (format::count(arm.labelled), format::count(arm.drawn.max(arm.labelled)));
        let band = arm.band.filter(|_| ruler.score == Score::Accuracy).map_or(String::new(), |band| {
            let [low, high] = [band.interval.low, band.interval.high].map(|end| unit.precise(end));
            let since = score::since(band.epoch, summary);
            format!("; {} ({low} to {high}) {since}", unit.precise(band.interval.estimate))
        });
        lines.push(format!("{name}: {labelled} of {drawn} requests labelled{band}"));
    }
    if ruler.score == Score::Rmse {
        lines.push(format!("Errors count up to {}; larger ones as that.", grouped(ruler.cap, 2)));
    }
    lines.join("\n")
}

/// "P(best) 93 % · loss 0.2 pt"; nothing while the numbers can't be believed.
pub(super) fn chance(arm: &ArmSummary, live: &EndpointLive) -> Option<String> {
    let (best, loss) = (arm.p_best?, arm.expected_loss?);
    let experiment = live.experiment.as_deref()?;
    if matches!(experiment.summary.verdict, Verdict::SplitBroken | Verdict::LabelsLopsided) {
        return None;
    }
    let (loss, places, unit) = match live.score {
        Score::Accuracy => (loss * 100.0, 1, " pt"),
        Score::Rmse => (loss * experiment.cap.unwrap_or(1.0), 2, ""),
    };
    // What is rounded is neither certain nor without a loss.
    let least = 0.1_f64.powi(places);
    let loss = if loss < least / 2.0 {
        format!("< {}{unit}", grouped(least, places as usize))
    } else {
        format!("{}{unit}", grouped(loss, places as usize))
    };
    let best = if best > 0.995 {
        "> 99 %".to_owned()
    } else if best < 0.005 {
        "< 1 %".to_owned()
    } else {
        format!("{:.0} %", best * 100.0)
    };
    Some(format!("P(best) {best} \u{b7} loss {loss}"))
}

/// What stands beside [`chance`], always.
pub(super) const NO_RULE: &str = "not a stopping rule";
