//! What the accuracy alarm of an update sees, in words. Pure.

use crate::domain::accuracy::{Compared, Labelled, Measure, Watched};

use crate::domain::endpoint::{Deployment, DeploymentStage};
use crate::gui::format;
use crate::gui::widgets::plot::scale::grouped;
use crate::stats::live::EndpointLive;

/// The line of the timeline; `None` where the plan does not watch accuracy, or traffic has not begun to move.
pub(super) fn line(deployment: &Deployment, live: Option<&EndpointLive>) -> Option<String> {
    let alpha = deployment.plan.accuracy_alpha()?;
    let shift = live.and_then(|live| live.shift.as_ref()).filter(|shift| shift.deployment == deployment.number);
    let stands = deployment.stage() <= DeploymentStage::Baking;
    match shift.filter(|_| stands) {
        Some(shift) => Some(watching(&shift.accuracy, alpha)),
        None => deployment.accuracy.as_ref().filter(|_| !stands).map(|watched| format!("Accuracy: {}", seen(watched))),
    }
}

/// "Watching accuracy: 31 labelled answers of the new fleet, no verdict …".
fn watching(watched: &Watched, alpha: f64) -> String {
    let labels = watched.labels_of_new();
    if labels == 0 {
        return "Watching accuracy: no labelled answer of the new fleet yet, so no verdict".to_owned();
    }
    let count = format::plural(usize::try_from(labels).unwrap_or(usize::MAX), "labelled answer");
    let uneven = if watched.is_uneven {
        ". Labels of the two fleets do not come alike, so each is judged by itself, which takes more of them"
    } else {
        ""
    };
    format!(
        "Watching accuracy: {count} of the new fleet, no verdict (evidence against it {}, goes back at {}) · {}{uneven}",
        grouped(watched.evidence, 1),
        grouped((1.0 / alpha).round(), 0),
        seen(watched)
    )
}

/// "new 61.2 % right of 120, old 80.4 % of 1,042; after all traffic had moved: …".
pub(super) fn seen(watched: &Watched) -> String {
    let Watched { measure, apart, same, .. } = watched;
    let is_there = |compared: &Compared| compared.old.labels + compared.new.labels > 0;
    let mut parts = Vec::new();
    if is_there(apart) {
        let of = |one: Labelled| match one.score {
            Some(score) => format!("{} of {}", said(score, *measure), format::count(one.labels)),
            None => "no label".to_owned(),
        };
        parts.push(format!("new {}, old {}", of(apart.new), of(apart.old)));
    }
    if let (true, Some(new), Some(old)) = (is_there(same), same.new.score, same.old.score) {
        parts.push(format!(
            "after all traffic moved {}: new {}, old on the same requests {}",
            format::count(same.new.labels),
            said(new, *measure),
            said(old, *measure)
        ));
    }
    if parts.is_empty() { "no labels came".to_owned() } else { parts.join("; ") }
}

fn said(score: f64, measure: Measure) -> String {
    match measure {
        Measure::Accuracy => format!("{} right", format::percent(score)),
        Measure::Rmse => format!("RMSE {}", grouped(score, 2)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::deployment::{Alarm, DeploymentPlan};
    use crate::domain::time::Timestamp;
    use crate::stats::live::ShiftLive;

    fn of(labels: u64, score: f64) -> Labelled {
        Labelled { labels, score: Some(score) }
    }

    fn watched() -> Watched {
        let apart = Compared { old: of(1_042, 0.804), new: of(31, 0.871) };
        Watched { apart, evidence: 1.4, ..Watched::default() }
    }

    #[test]
    fn it_says_honestly_that_there_is_no_verdict() {
        assert_eq!(
            watching(&watched(), 0.05),
            "Watching accuracy: 31 labelled answers of the new fleet, no verdict (evidence against it 1.4, goes back at 20) · \
             new 87.1 % right of 31, old 80.4 % right of 1,042"
        );
        assert!(watching(&Watched::default(), 0.05).contains("no labelled answer of the new fleet yet"));
        assert!(watching(&Watched { is_uneven: true, ..watched() }, 0.05).contains("judged by itself"));
        let same = Compared { old: of(80, 2.0), new: of(80, 4.25) };
        let bakes = Watched { measure: Measure::Rmse, same, ..Watched::default() };
        assert_eq!(seen(&bakes), "after all traffic moved 80: new RMSE 4.25, old on the same requests RMSE 2.00");
        assert_eq!(seen(&Watched::default()), "no labels came");
    }

    #[test]
    fn the_timeline_tells_of_it_while_it_is_watched_and_afterwards() {
        let plan = DeploymentPlan { alarms: vec![Alarm::Accuracy { alpha: 0.05 }], ..DeploymentPlan::default() };
        let mut deployment = Deployment { plan, ..Deployment::begun(2, "two", Some("one"), Timestamp(0)) };
        let shift = ShiftLive { deployment: 2, accuracy: watched(), ..ShiftLive::default() };
        let live = EndpointLive { shift: Some(shift), ..EndpointLive::default() };
        assert_eq!(line(&deployment, None), None, "traffic has not begun to move");
        assert!(line(&deployment, Some(&live)).unwrap().starts_with("Watching accuracy: 31"));
        deployment.stages.push((DeploymentStage::Swapped, Timestamp(1)));
        assert_eq!(line(&deployment, Some(&live)), None);
        deployment.accuracy = Some(watched());
        assert!(line(&deployment, None).unwrap().starts_with("Accuracy: new 87.1 % right"));
        deployment.plan = DeploymentPlan::default();
        assert_eq!(line(&deployment, None), None);
    }
}
