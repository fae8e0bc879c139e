//! What must be known before the numbers are believed.

use super::{Ruler, names};
use crate::gui::format;
use crate::gui::widgets::PillTone;
use crate::stats::experiment::{ArmSummary, PairSummary, Summary};
use crate::stats::live::{EndpointLive, Score};

/// Something that stands above everything else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Banner {
    pub(in super::super) tone: PillTone,
    pub(in super::super) title: String,
    pub(in super::super) text: String,
    /// Whether beginning the experiment anew helps.
    pub(in super::super) begins_anew: bool,
}

/// All that there are.
pub(in super::super) fn banners(live: Option<&EndpointLive>) -> Vec<Banner> {
    let Some((live, experiment)) = live.and_then(|live| Some((live, live.experiment.as_deref()?))) else {
        return Vec::new();
    };
    let (summary, ruler) = (&experiment.summary, Ruler::of(live, experiment));
    let mut banners = Vec::new();
    let list = |said: &dyn Fn(&ArmSummary) -> String| {
        let arms = summary.arms.iter().zip(names(summary));
        arms.map(|(arm, name)| format!("{name} {}", said(arm))).collect::<Vec<_>>().join(", ")
    };
    if summary.all.has_alarmed() {
        let drawn = |arm: &ArmSummary| {
            format!("{} ({} expected)", format::count(arm.counted), format::count(arm.expected.round() as u64))
        };
        banners.push(Banner {
            tone: PillTone::Error,
            title: "Requests do not follow the weights (sample ratio mismatch)".to_owned(),
            text: format!(
                "Drawn so far: {}. By chance alone that happens to fewer than one fleet in 1,000. What is drawn and what is counted \
                 differ, so no comparison of these variants can be believed.",
                list(&drawn)
            ),
            begins_anew: true,
        });
    }
    if summary.labelled.is_alarming() {
        banners.push(Banner {
            tone: PillTone::Warn,
            title: "Labels do not follow the weights (sample ratio mismatch)".to_owned(),
            text: format!(
                "Labelled so far: {}. If some answers are labelled more readily than others, accuracies say more about the \
                 labels than about the models. Nothing is declared until the labels have caught up.",
                list(&|arm| format!("{} of {}", format::count(arm.labelled), format::count(arm.drawn.max(arm.labelled))))
            ),
            begins_anew: true,
        });
    }
    for pair in summary.pairs.iter().filter(|pair| pair.simpson) {
        banners.extend(simpson(pair, summary, ruler));
    }
    if summary.too_late > 0 {
        banners.push(Banner {
            tone: PillTone::Warn,
            title: format!(
                "{} came too late to count",
                format::plural(usize::try_from(summary.too_late).unwrap_or(usize::MAX), "label")
            ),
            text: "Their requests are from before the experiment began anew, or the oldest change of weights that is still remembered."
                .to_owned(),
            begins_anew: false,
        });
    }
    banners
}

fn simpson(pair: &PairSummary, summary: &Summary, ruler: Ruler) -> Option<Banner> {
    let (effect, pooled) = (pair.effect?, pair.pooled?);
    let names = names(summary);
    let name = |place: usize| names.get(place).map_or("?", String::as_str);
    let (within, over) = if effect > 0.0 { (pair.b, pair.a) } else { (pair.a, pair.b) };
    let apart = |effect: f64| ruler.signed(effect.abs()).trim_start_matches('+').to_owned();
    let unit = if ruler.score == Score::Accuracy { " points" } else { "" };
    Some(Banner {
        tone: PillTone::Warn,
        title: "Pooled labels say the opposite (Simpson's paradox)".to_owned(),
        text: format!(
            "All labels in one pot, {} looks better by {}{unit}. Between one change of the weights and the next, {} is ahead, by {}{unit}. \
             The weights moved while the traffic changed, so the pot compares different traffic: go by the line below, which does not.",
            name(over),
            apart(pooled),
            name(within),
            apart(effect)
        ),
        begins_anew: false,
    })
}
