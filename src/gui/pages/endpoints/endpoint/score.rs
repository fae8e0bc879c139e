//! What a variant's one number is called, how it is written, and what it is and is not. Pure.

use crate::gui::format;
use crate::gui::widgets::plot::scale::{Unit, grouped};
use crate::stats::experiment::single_look::Interval;
use crate::stats::experiment::{ArmSummary, Summary};
use crate::stats::live::{EndpointLive, ExperimentLive, Score, VariantLive};

/// What a score is called.
pub(super) fn name(score: Score) -> &'static str {
    match score {
        Score::Accuracy => "Accuracy",
        Score::Rmse => "Mean error",
    }
}

/// The head of its plot.
pub(super) fn title(live: &EndpointLive) -> String {
    let cap = live.experiment.as_deref().and_then(|experiment| experiment.cap);
    match cap.filter(|_| live.score == Score::Rmse) {
        Some(cap) => format!("Mean error, clipped at {}, with its 95 % band", grouped(cap, 2)),
        None => format!("{} with its 95 % band", name(live.score)),
    }
}

/// How a score is written.
pub(super) fn unit(score: Score) -> Unit {
    match score {
        Score::Accuracy => Unit::Percent,
        Score::Rmse => Unit::Number,
    }
}

/// "71.4–77.5 %", "3.21–3.79".
fn interval_text(interval: Interval, score: Score) -> String {
    let (low, high) = (unit(score).precise(interval.low), unit(score).precise(interval.high));
    format!("{}–{high}", low.trim_end_matches(" %"))
}

/// To which stretch of time a band belongs.
pub(super) fn since(epoch: u64, summary: &Summary) -> &'static str {
    if epoch < summary.epoch { "before the weights last changed" } else { "since the weights last changed" }
}

/// What the score on a card is and is not.
pub(super) fn explained(
    score: Score,
    live: Option<&VariantLive>,
    arm: Option<&ArmSummary>,
    experiment: Option<&ExperimentLive>,
) -> String {
    let name = name(score);
    let (Some(live), Some(interval)) = (live, live.and_then(|live| live.score)) else {
        return match live {
            Some(live) if live.labelled > 0 => "The first 50 labelled answers tell how large an error may count; \
                                                the mean error appears after them."
                .to_owned(),
            _ => format!("{name} appears with the first labelled answers: run a traffic test."),
        };
    };
    let band = arm.and_then(|arm| arm.band).zip(experiment);
    let on = match band {
        Some((band, experiment)) => {
            let labels = usize::try_from(band.labels).unwrap_or(usize::MAX);
            format!(" on {} {}", format::plural(labels, "labelled request"), since(band.epoch, &experiment.summary))
        }
        None => String::new(),
    };
    let mut lines = vec![format!(
        "{name} {}{on};\n95 % band {}, which holds however often one looks.",
        unit(score).precise(interval.estimate),
        interval_text(interval, score)
    )];
    if let (Some(rmse), Some(mae)) = (live.rmse, live.mae) {
        let cap = experiment.and_then(|experiment| experiment.cap);
        let cap = cap.map_or(String::new(), |cap| format!("An error counts as {} at most. ", grouped(cap, 2)));
        lines.push(format!("{cap}Not clipped, over all labels: RMSE {}, MAE {}.", grouped(rmse, 2), grouped(mae, 2)));
    }
    lines.join("\n")
}
