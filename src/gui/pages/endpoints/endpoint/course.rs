//! How far a deployment is, as plain values: its stations, its two fleets, what comes next. Pure.

use super::plan;
use crate::domain::deployment::FleetMeasured;
use crate::domain::endpoint::{
    Deployment, DeploymentOutcome, DeploymentStage, Endpoint, EndpointStatus, EndpointVariant, Retain, RollbackCause,
};
use crate::domain::time::Timestamp;
use crate::gui::format;
use crate::stats::live::{EndpointLive, ShiftLive};
use crate::workspace::Snapshot;

/// How long the timeline of a deployment that is over stays, milliseconds.
const STAYS_MS: i64 = 120_000;

/// One station: what it is called, and what goes on there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Station {
    pub(super) stage: DeploymentStage,
    pub(super) name: &'static str,
    pub(super) says: &'static str,
}

/// One of the two fleets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fleet {
    /// "Old fleet".
    pub(super) who: &'static str,
    pub(super) config: String,
    /// "10 % of the traffic · 3 in flight".
    pub(super) says: String,
    /// "1,204 requests · 0 errors · p99 0.62 ms", since traffic began to move.
    pub(super) numbers: Option<String>,
    pub(super) has_failed: bool,
    /// Whether new requests reach it.
    pub(super) serves: bool,
}

/// The deployment whose timeline the Live tab shows: the one under way, or the last update for two minutes unless it was closed.
pub(super) fn to_show(endpoint: &Endpoint, closed: Option<u64>, now: Timestamp) -> Option<&Deployment> {
    let newest = endpoint.deployments.last()?;
    match (&newest.outcome, newest.ended) {
        (DeploymentOutcome::InProgress, _) => Some(newest),
        (DeploymentOutcome::Succeeded | DeploymentOutcome::RolledBack { .. }, Some(ended))
            if newest.from_config.is_some() =>
        {
            (closed != Some(newest.number) && now.ms_since(ended) < STAYS_MS).then_some(newest)
        }
        // A failed one has its banner.
        _ => None,
    }
}

/// "Moving to two", and once it is over, "Moved to two" or "Back on one".
pub(super) fn title(deployment: &Deployment) -> String {
    let to = &deployment.config_name;
    let Some(from) = &deployment.from_config else { return format!("Bringing {to} into service") };
    match &deployment.outcome {
        DeploymentOutcome::InProgress if deployment.entered(DeploymentStage::RollingBack) => {
            format!("Going back to {from}")
        }
        DeploymentOutcome::InProgress => format!("Moving to {to}"),
        DeploymentOutcome::RolledBack { .. } => format!("Back on {from}"),
        _ => format!("Moved to {to}"),
    }
}

/// Whether the old fleet can still come back.
pub(super) fn can_roll_back(endpoint: &Endpoint) -> bool {
    endpoint.status == EndpointStatus::Updating
        && endpoint.deployments.last().is_some_and(|d| !d.entered(DeploymentStage::Swapped))
}

/// The stations of a deployment, in their order: those of its plan, or the way back once it is taken.
pub(super) fn stations(deployment: &Deployment) -> Vec<Station> {
    use DeploymentStage::{Baking, Done, Draining, Loading, Probing, RollingBack, Shifting, Swapped};
    let goes_back = deployment.entered(RollingBack);
    let of = |stage| {
        let (name, says) = match stage {
            Loading => ("Loading", "reads and checks the models"),
            Probing => ("Probing", "asks the new fleet once"),
            Shifting => ("Shifting", "moves traffic in steps"),
            Baking => ("Baking", "the old fleet stays, in case"),
            Swapped => ("Swapped", "new requests go to the new fleet"),
            RollingBack => ("Rolling back", "new requests go to the old fleet"),
            Draining => ("Draining", "its last requests are finished"),
            Done => ("Done", ""),
        };
        Station { stage, name, says }
    };
    let plan = &deployment.plan;
    let is_there = |stage: &DeploymentStage| match stage {
        Shifting if goes_back => deployment.entered(Shifting),
        Baking if goes_back => deployment.entered(Baking),
        Shifting => plan.routing.step().is_some(),
        Baking => plan.bake_s > 0,
        Swapped => !goes_back,
        RollingBack => goes_back,
        _ => true,
    };
    let all = [Loading, Probing, Shifting, Baking, Swapped, RollingBack, Draining, Done];
    all.into_iter().filter(is_there).map(of).collect()
}

/// The share of the traffic that the new fleet has, while two fleets serve.
pub(super) fn share(deployment: &Deployment) -> Option<f64> {
    let moves = matches!(deployment.stage(), DeploymentStage::Shifting | DeploymentStage::Baking);
    (moves && deployment.outcome == DeploymentOutcome::InProgress).then(|| deployment.share())
}

/// What comes next and when: "next: 100 % in 43 s".
pub(super) fn next(deployment: &Deployment, now: Timestamp) -> Option<String> {
    let left_s = (deployment.due()?.0 - now.0).max(0).div_euclid(1_000);
    let left = plan::seconds(u32::try_from(left_s).unwrap_or(u32::MAX));
    if deployment.stage() == DeploymentStage::Baking {
        return Some(format!("bakes for {left} more, then the old fleet goes"));
    }
    let shares = deployment.plan.routing.shares(deployment.instances());
    let share = shares.get(deployment.shares.len()).copied().unwrap_or(1.0);
    Some(format!("next: {} in {left}", format::percent(share)))
}

/// The old fleet, where there is one, and the new one.
pub(super) fn fleets(deployment: &Deployment, live: Option<&EndpointLive>) -> (Option<Fleet>, Fleet) {
    let stage = deployment.stage();
    let shift = live.and_then(|live| live.shift.as_ref()).filter(|shift| shift.deployment == deployment.number);
    let (serving, draining) = live.map_or((0, 0), |live| (live.in_flight, live.draining));
    let went_back = deployment.entered(DeploymentStage::RollingBack);
    let decided = deployment.entered(DeploymentStage::Swapped) || went_back;
    let over = stage == DeploymentStage::Done;
    let serves = format!("serves · {serving} in flight");
    let leaves = if over { "gone".to_owned() } else { format!("draining · {draining} left") };
    let part = |share: f64, in_flight: u32| {
        let words = if share > 0.0 { format!("{} of the traffic", format::percent(share)) } else { "waits".to_owned() };
        format!("{words} · {in_flight} in flight")
    };
    let share = share(deployment);
    let measured = shift.map(|shift| (shift.old, shift.new)).or(deployment.measured);
    let old_says = match share {
        Some(share) => part(1.0 - share, serving),
        None if !decided || went_back => serves.clone(),
        None => leaves.clone(),
    };
    let new_says = match share {
        Some(share) => part(share, shift.map_or(0, |shift: &ShiftLive| shift.in_flight)),
        None if went_back => leaves,
        None if decided => serves,
        None if stage == DeploymentStage::Loading => "loading".to_owned(),
        None if over => "not there".to_owned(),
        None => "answering its probe".to_owned(),
    };
    let fleet = |who, config: &str, says, measured: Option<FleetMeasured>, serves| Fleet {
        who,
        config: config.to_owned(),
        says,
        numbers: measured.map(numbers),
        has_failed: measured.is_some_and(|measured| measured.errors() > 0),
        serves,
    };
    let old = deployment.from_config.as_ref().map(|config| {
        let serves = share.map_or(!decided || went_back, |share| share < 1.0);
        fleet("Old fleet", config, old_says, measured.map(|(old, _)| old), serves)
    });
    let who = if old.is_some() { "New fleet" } else { "Fleet" };
    let serves = share.map_or(decided && !went_back, |share| share > 0.0);
    (old, fleet(who, &deployment.config_name, new_says, measured.map(|(_, new)| new), serves))
}

/// "1,204 requests · 0 errors · p99 0.62 ms".
pub(super) fn numbers(measured: FleetMeasured) -> String {
    let p99 = measured.p99_us.map_or(String::new(), |us| format!(" · p99 {:.2} ms", us as f64 / 1e3));
    let requests = format::plural(usize::try_from(measured.requests).unwrap_or(usize::MAX), "request");
    let errors = format::plural(usize::try_from(measured.errors()).unwrap_or(usize::MAX), "error");
    format!("{requests} · {errors}{p99}")
}

/// What an earlier deployment offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Back {
    /// It serves.
    Serves,
    /// It has served, and the endpoint can move to its configuration again: what that brings, a line a variant.
    Can(Vec<String>),
    /// It never came as far as to serve alone: it may be tried again, with a plan.
    Again,
    /// It can't, and why.
    Not(String),
    /// Something is under way; ask again later.
    Later,
}

/// Whether the endpoint can go back to what a deployment brought.
pub(super) fn back(snapshot: &Snapshot, endpoint: &Endpoint, deployment: &Deployment) -> Back {
    let serves = endpoint.deployments.iter().rfind(|d| d.entered(DeploymentStage::Swapped));
    if endpoint.status.serves() && serves.is_some_and(|serves| serves.number == deployment.number) {
        return Back::Serves;
    }
    if endpoint.status.is_changing() {
        return Back::Later;
    }
    let Some(config) = snapshot.endpoint_configs.get(&deployment.config_name) else {
        return Back::Not(format!("Endpoint configuration {} was deleted", deployment.config_name));
    };
    if let Some(gone) = config.variants.iter().find(|variant| !snapshot.models.contains(&variant.model_name)) {
        return Back::Not(format!("Model {} of variant {} was deleted", gone.model_name, gone.name));
    }
    if !deployment.entered(DeploymentStage::Swapped) {
        return Back::Again;
    }
    let retain = Retain::as_left(deployment.number);
    let variants = Endpoint::variants_for(config, endpoint.kept(retain), retain);
    let all: f64 = variants.iter().map(|variant| variant.weight).sum();
    let line = |variant: &EndpointVariant| {
        let share = format::percent(variant.weight / all);
        let instances = match variant.instance_count {
            1 => String::new(),
            count => format!(" × {count}"),
        };
        format!("Variant {}{instances}: model {}, {share} of the traffic", variant.name, variant.model_name)
    };
    Back::Can(variants.iter().map(line).collect())
}

/// Why it went back, for the banner: "Rolled back by its alarm".
pub(super) fn cause_words(cause: RollbackCause) -> &'static str {
    match cause {
        RollbackCause::ByHand => "was rolled back by hand",
        RollbackCause::Alarm => "was rolled back by an alarm",
        RollbackCause::Timeout => "took too long and was rolled back",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::deployment::{Capacity, DeploymentPlan, Routing};

    fn canary() -> Deployment {
        Deployment {
            plan: DeploymentPlan {
                routing: Routing::Canary { size: Capacity::Percent(10), wait_s: 60 },
                bake_s: 30,
                ..DeploymentPlan::default()
            },
            ..Deployment::begun(2, "two", Some("one"), Timestamp(0))
        }
    }

    fn at(stages: &[DeploymentStage], share: f64) -> Deployment {
        Deployment {
            stages: stages.iter().map(|stage| (*stage, Timestamp(1_000))).collect(),
            shares: vec![(share, Timestamp(1_000))],
            ..canary()
        }
    }

    fn names(deployment: &Deployment) -> Vec<&'static str> {
        stations(deployment).into_iter().map(|station| station.name).collect()
    }

    #[test]
    fn stations_are_those_of_the_plan_and_of_the_way_back() {
        use DeploymentStage::{Draining, Loading, RollingBack, Shifting};
        let plain = Deployment::begun(2, "two", Some("one"), Timestamp(0));
        assert_eq!(names(&plain), ["Loading", "Probing", "Swapped", "Draining", "Done"]);
        assert_eq!(names(&canary()), ["Loading", "Probing", "Shifting", "Baking", "Swapped", "Draining", "Done"]);
        let back = at(&[Loading, Shifting, RollingBack, Draining], 0.0);
        assert_eq!(names(&back), ["Loading", "Probing", "Shifting", "Rolling back", "Draining", "Done"]);
        assert_eq!(title(&back), "Going back to one");
    }

    #[test]
    fn both_fleets_say_their_share_and_what_they_did() {
        use DeploymentStage::{Baking, Loading, Shifting};
        let old = FleetMeasured { requests: 900, p99_us: Some(620), ..FleetMeasured::default() };
        let new = FleetMeasured { requests: 1, model_errors: 1, ..FleetMeasured::default() };
        let shift = ShiftLive { deployment: 2, share: 0.1, in_flight: 1, old, new, ..ShiftLive::default() };
        let live = EndpointLive { in_flight: 3, shift: Some(shift), ..EndpointLive::default() };
        let shifting = at(&[Loading, Shifting], 0.1);
        let (old, new) = fleets(&shifting, Some(&live));
        let old = old.unwrap();
        assert_eq!((old.says.as_str(), old.serves), ("90 % of the traffic · 3 in flight", true));
        assert_eq!(old.numbers.as_deref(), Some("900 requests · 0 errors · p99 0.62 ms"));
        assert_eq!((new.says.as_str(), new.serves, new.has_failed), ("10 % of the traffic · 1 in flight", true, true));
        assert_eq!(new.numbers.as_deref(), Some("1 request · 1 error"));
        assert_eq!(next(&shifting, Timestamp(18_000)).as_deref(), Some("next: 100 % in 43 s"));
        let baking = at(&[Loading, Shifting, Baking], 1.0);
        let (old, new) = fleets(&baking, None);
        assert_eq!((old.unwrap().says.as_str(), new.serves), ("waits · 0 in flight", true));
        assert_eq!(next(&baking, Timestamp(6_000)).as_deref(), Some("bakes for 25 s more, then the old fleet goes"));
    }

    #[test]
    fn before_and_after_traffic_moves() {
        use DeploymentStage::{Done, Draining, Loading, Probing, RollingBack, Shifting, Swapped};
        let says = |stages: &[DeploymentStage]| {
            let (old, new) = fleets(&Deployment { shares: Vec::new(), ..at(stages, 0.0) }, None);
            (old.unwrap().says, new.says)
        };
        let of = |old: &str, new: &str| (old.to_owned(), new.to_owned());
        assert_eq!(says(&[Loading]), of("serves · 0 in flight", "loading"));
        assert_eq!(says(&[Loading, Probing]), of("serves · 0 in flight", "answering its probe"));
        assert_eq!(says(&[Loading, Swapped, Draining]), of("draining · 0 left", "serves · 0 in flight"));
        assert_eq!(says(&[Loading, Swapped, Draining, Done]), of("gone", "serves · 0 in flight"));
        assert_eq!(says(&[Loading, Shifting, RollingBack, Draining]), of("serves · 0 in flight", "draining · 0 left"));
        assert_eq!(says(&[Loading, Done]), of("serves · 0 in flight", "not there"));
    }
}
