//! How an endpoint moves to another configuration: how fast its traffic goes over, how long both fleets stay, and what brings it back.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::invalid::Invalid;

/// Longest wait between two steps, and longest bake, in seconds (SageMaker's).
pub const MAX_WAIT_S: u32 = 3_600;

/// Bounds of the time that a deployment may take, in seconds (SageMaker's).
pub const EXECUTION_S: std::ops::RangeInclusive<u32> = 600..=28_800;

/// Requests that the new fleet must have answered before an alarm judges it, where the alarm says nothing else.
pub const MIN_REQUESTS: u32 = 20;

/// A part of a fleet, and so of the traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Capacity {
    /// SageMaker's `CAPACITY_PERCENT`: percent of the fleet.
    Percent(u32),
    /// SageMaker's `INSTANCE_COUNT`: of as many instances as the variants of the new fleet have together.
    Instances(u32),
}

/// The way in which traffic goes over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Routing {
    /// In one step.
    #[default]
    AllAtOnce,
    /// A small part first, the rest after a while.
    Canary {
        /// At most half.
        size: Capacity,
        /// Seconds before the rest follows.
        wait_s: u32,
    },
    /// In equal steps.
    Linear {
        /// 10 % to half.
        step: Capacity,
        /// Seconds between two steps.
        wait_s: u32,
    },
    /// SageMaker's `RollingUpdatePolicy`: in equal batches. Here both fleets are loaded all the time, so that it differs from
    /// [`Routing::Linear`] only in its bounds.
    Rolling {
        /// 5 % to half.
        batch: Capacity,
        /// Seconds between two batches.
        wait_s: u32,
    },
}

/// The share of good updates that the accuracy alarm takes back, at most, where the alarm says nothing else.
pub const ALPHA: f64 = 0.05;

/// The accuracy alarm can be set to these shares of false alarms.
pub const ALPHAS: std::ops::RangeInclusive<f64> = 1e-6..=0.5;

/// What brings the old fleet back by itself. The first two are judged by what the new fleet did since traffic began to move, and by what it did
/// in the last minute, so that a fault that begins late is not lost among what went well before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Alarm {
    /// The share of requests that got no prediction (5xx, or refused by a model) is above a bound.
    ErrorRate {
        /// 0 to 1.
        above: f64,
        /// Requests before it judges.
        min_requests: u32,
    },
    /// The 99th percentile of the latency is above a bound.
    P99Latency {
        /// Milliseconds.
        above_ms: f64,
        /// Requests before it judges.
        min_requests: u32,
    },
    /// The labels of the answers say that the new fleet is worse than the old one (accuracy, or the loss of a regression).
    Accuracy {
        /// The share of updates to a fleet that is not worse that it takes back, at most; see [`ALPHAS`].
        alpha: f64,
    },
    /// A CloudWatch alarm of this name is in the state `ALARM`.
    CloudWatch(String),
}

/// How a deployment goes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DeploymentPlan {
    /// How traffic goes over.
    pub routing: Routing,
    /// Seconds that the old fleet stays after all traffic has gone over: SageMaker's `TerminationWaitInSeconds`.
    pub bake_s: u32,
    /// Seconds after which a deployment that is not over is rolled back; none: no bound.
    pub max_execution_s: Option<u32>,
    /// Any one of them rolls it back.
    pub alarms: Vec<Alarm>,
}

/// What one fleet did over a stretch of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FleetMeasured {
    /// Requests that its models answered, well or badly.
    pub requests: u64,
    /// Of these, answers with a 5xx status.
    pub server_errors: u64,
    /// Of these, requests that a model refused (4xx): SageMaker's `ModelError` beside the 5xx ones.
    pub model_errors: u64,
    /// Median latency, microseconds; `None` without requests.
    pub p50_us: Option<u64>,
    /// 99th percentile of the latency, microseconds; `None` without requests.
    pub p99_us: Option<u64>,
}

impl FleetMeasured {
    /// Requests without a prediction.
    pub fn errors(&self) -> u64 {
        self.server_errors + self.model_errors
    }

    /// Share of the requests that got no prediction; 0 without requests.
    pub fn error_rate(&self) -> f64 {
        if self.requests == 0 { 0.0 } else { self.errors() as f64 / self.requests as f64 }
    }
}

impl Capacity {
    /// The share that it is of a fleet of so many instances.
    pub fn share(self, instances: u32) -> f64 {
        self.times(1, instances)
    }

    /// The share that so many of it together are, at most 1. Worked out from whole numbers, so that ten steps of 10 % are all of it.
    fn times(self, n: u32, instances: u32) -> f64 {
        let (part, whole) = match self {
            Self::Percent(percent) => (percent, 100),
            Self::Instances(count) => (count, instances.max(1)),
        };
        (f64::from(part) * f64::from(n) / f64::from(whole)).min(1.0)
    }

    /// The rule that it breaks. `instances`: how many the fleet has.
    fn validate(self, field: &str, least_percent: u32, instances: u32) -> Option<Invalid> {
        let share = self.share(instances);
        let fits = share > 0.0 && share * 100.0 >= f64::from(least_percent) && share <= 0.5;
        (!fits).then(|| {
            let bounds =
                if least_percent > 1 { format!("{least_percent} % to 50 %") } else { "1 % to 50 %".to_owned() };
            match self {
                Self::Percent(percent) => {
                    Invalid::new(field, format!("{percent} %"), format!("must be {bounds} of the fleet"))
                }
                Self::Instances(count) => Invalid::new(
                    field,
                    format!("{count} of {instances} instances"),
                    format!("must be {bounds} of the new fleet's instances; a percentage has no such steps"),
                ),
            }
        })
    }
}

impl Routing {
    /// The part that each step moves, and the seconds between two; `None` when all of it moves at once.
    pub fn step(self) -> Option<(Capacity, u32)> {
        match self {
            Self::AllAtOnce => None,
            Self::Canary { size: part, wait_s }
            | Self::Linear { step: part, wait_s }
            | Self::Rolling { batch: part, wait_s } => Some((part, wait_s)),
        }
    }

    /// The share of the new fleet after each step; the last is 1. `instances`: how many the new fleet has.
    pub fn shares(self, instances: u32) -> Vec<f64> {
        let part = match self {
            Self::AllAtOnce => return vec![1.0],
            Self::Canary { size, .. } => return vec![size.share(instances), 1.0],
            Self::Linear { step, .. } => step,
            Self::Rolling { batch, .. } => batch,
        };
        let mut shares: Vec<f64> =
            (1..=100).map(|n| part.times(n, instances)).take_while(|share| *share < 1.0).collect();
        shares.push(1.0);
        shares
    }

    /// Seconds between two steps.
    pub fn wait_s(self) -> u32 {
        self.step().map_or(0, |(_, wait_s)| wait_s)
    }
}

impl DeploymentPlan {
    /// Whether the old fleet goes as soon as the new one is ready: there is nothing to wait for or to look at.
    pub fn is_immediate(&self) -> bool {
        self.routing == Routing::AllAtOnce && self.bake_s == 0 && self.alarms.is_empty()
    }

    /// Where it watches accuracy: the share of good updates that may go back by it.
    pub fn accuracy_alpha(&self) -> Option<f64> {
        self.alarms.iter().find_map(|alarm| match alarm {
            Alarm::Accuracy { alpha } => Some(*alpha),
            _ => None,
        })
    }

    /// Seconds that it takes from the first step on, when all goes well.
    pub fn planned_s(&self, instances: u32) -> u32 {
        let steps = u32::try_from(self.routing.shares(instances).len()).unwrap_or(u32::MAX);
        (steps - 1).saturating_mul(self.routing.wait_s()).saturating_add(self.bake_s)
    }

    /// The rules that it breaks, for a new fleet of so many instances; empty when it is fine.
    pub fn validate(&self, instances: u32) -> Vec<Invalid> {
        let mut broken: Vec<Invalid> = match self.routing {
            Routing::AllAtOnce => None,
            Routing::Canary { size, .. } => size.validate("CanarySize", 1, instances),
            Routing::Linear { step, .. } => step.validate("LinearStepSize", 10, instances),
            Routing::Rolling { batch, .. } => batch.validate("MaximumBatchSize", 5, instances),
        }
        .into_iter()
        .collect();
        for (field, seconds) in
            [("WaitIntervalInSeconds", self.routing.wait_s()), ("TerminationWaitInSeconds", self.bake_s)]
        {
            if seconds > MAX_WAIT_S {
                broken.push(Invalid::new(field, seconds, "must be at most 3,600 seconds"));
            }
        }
        if let Some(limit) = self.max_execution_s {
            let field = "MaximumExecutionTimeoutInSeconds";
            if !EXECUTION_S.contains(&limit) {
                broken.push(Invalid::new(field, limit, "must be from 600 to 28,800 seconds"));
            } else if broken.is_empty() && limit <= self.planned_s(instances) {
                let rule = format!(
                    "must be longer than the {} seconds that the waits take together",
                    self.planned_s(instances)
                );
                broken.push(Invalid::new(field, limit, rule));
            }
        }
        let waits = self.routing != Routing::AllAtOnce || self.bake_s > 0;
        if let Some(alarm) = self.alarms.iter().find(|alarm| !waits && alarm.needs_time()) {
            let rule =
                format!("must be above 0 for alarm {alarm}: traffic moves at once, and nothing would be left to watch");
            broken.push(Invalid::new("TerminationWaitInSeconds", 0, rule));
        }
        broken.extend(self.alarms.iter().filter_map(Alarm::validate));
        broken
    }
}

impl Alarm {
    fn validate(&self) -> Option<Invalid> {
        let field = "AutoRollbackConfiguration.Alarms";
        match self {
            Self::ErrorRate { above, .. } if !(0.0..1.0).contains(above) => {
                Some(Invalid::new(field, self, "must have a bound from 0 % to below 100 %"))
            }
            Self::P99Latency { above_ms, .. } if !(above_ms.is_finite() && *above_ms > 0.0) => {
                Some(Invalid::new(field, self, "must have a bound above 0 ms"))
            }
            Self::Accuracy { alpha } if !ALPHAS.contains(alpha) => {
                Some(Invalid::new(field, self, "must have an alpha from 0.000001 to 0.5"))
            }
            _ => None,
        }
    }

    /// Requests of the new fleet before it judges.
    pub fn min_requests(&self) -> u32 {
        match self {
            Self::ErrorRate { min_requests, .. } | Self::P99Latency { min_requests, .. } => *min_requests,
            Self::Accuracy { .. } | Self::CloudWatch(_) => 0,
        }
    }

    /// Whether it judges what is seen of the new fleet beside the old one. The state of a CloudWatch alarm is there to look at at any time.
    fn needs_time(&self) -> bool {
        match self {
            Self::ErrorRate { min_requests, .. } | Self::P99Latency { min_requests, .. } => *min_requests > 0,
            Self::Accuracy { .. } => true,
            Self::CloudWatch(_) => false,
        }
    }
}

/// Names of alarms begin with this. The names are read and written by this file alone.
const PREFIX: &str = "counterpoise-";

/// The accuracy alarm's.
const ACCURACY: &str = "counterpoise-accuracy";

/// The alarm's name on the wire: `counterpoise-error-rate>1%`, `counterpoise-p99>250ms`, with `,min=50` behind it where it wants another
/// number of requests than [`MIN_REQUESTS`]; `counterpoise-accuracy`, with `,alpha=0.01` behind it where it wants another share than [`ALPHA`];
/// or the name of the CloudWatch alarm.
impl fmt::Display for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Ten digits hide what a share times 100 is off by.
            Self::ErrorRate { above, .. } => write!(f, "{PREFIX}error-rate>{}%", (above * 1e12).round() / 1e10)?,
            Self::P99Latency { above_ms, .. } => write!(f, "{PREFIX}p99>{above_ms}ms")?,
            Self::Accuracy { alpha } if *alpha == ALPHA => return write!(f, "{ACCURACY}"),
            Self::Accuracy { alpha } => return write!(f, "{ACCURACY},alpha={alpha}"),
            Self::CloudWatch(name) => return f.write_str(name),
        }
        if self.min_requests() == MIN_REQUESTS { Ok(()) } else { write!(f, ",min={}", self.min_requests()) }
    }
}

impl From<&str> for Alarm {
    /// A name that says itself what it watches, or that of a CloudWatch alarm. Whether that one is there is the engine's to say.
    fn from(name: &str) -> Self {
        read_alarm(name).unwrap_or_else(|| Self::CloudWatch(name.to_owned()))
    }
}

fn read_alarm(name: &str) -> Option<Alarm> {
    if let Some(rest) = name.strip_prefix(ACCURACY) {
        let alpha = if rest.is_empty() { ALPHA } else { rest.strip_prefix(",alpha=")?.parse().ok()? };
        return Some(Alarm::Accuracy { alpha });
    }
    let rest = name.strip_prefix(PREFIX)?;
    let (rest, min_requests) = match rest.split_once(",min=") {
        Some((rest, least)) => (rest, least.parse().ok()?),
        None => (rest, MIN_REQUESTS),
    };
    let number = |text: &str| text.parse::<f64>().ok().filter(|number| number.is_finite());
    if let Some(percent) = rest.strip_prefix("error-rate>").and_then(|rest| rest.strip_suffix('%')) {
        return Some(Alarm::ErrorRate { above: number(percent)? / 100.0, min_requests });
    }
    let above_ms = rest.strip_prefix("p99>").and_then(|rest| rest.strip_suffix("ms"))?;
    Some(Alarm::P99Latency { above_ms: number(above_ms)?, min_requests })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn canary(percent: u32) -> DeploymentPlan {
        DeploymentPlan {
            routing: Routing::Canary { size: Capacity::Percent(percent), wait_s: 60 },
            ..DeploymentPlan::default()
        }
    }

    fn fields(plan: &DeploymentPlan, instances: u32) -> Vec<String> {
        plan.validate(instances).into_iter().map(|invalid| invalid.field).collect()
    }

    #[test]
    fn shares_of_each_way() {
        let linear = |step| Routing::Linear { step, wait_s: 1 }.shares(4);
        assert_eq!(Routing::AllAtOnce.shares(1), [1.0]);
        assert_eq!(Routing::Canary { size: Capacity::Percent(5), wait_s: 1 }.shares(1), [0.05, 1.0]);
        assert_eq!(linear(Capacity::Percent(50)), [0.5, 1.0]);
        assert_eq!(linear(Capacity::Percent(30)), [0.3, 0.6, 0.9, 1.0]);
        assert_eq!(linear(Capacity::Percent(10)).len(), 10);
        assert_eq!(linear(Capacity::Instances(1)), [0.25, 0.5, 0.75, 1.0]);
        assert_eq!(Routing::Canary { size: Capacity::Instances(1), wait_s: 1 }.shares(3), [1.0 / 3.0, 1.0]);
    }

    #[test]
    fn sizes_are_bounded_as_sagemakers_are() {
        assert!(canary(50).validate(1).is_empty() && canary(1).validate(1).is_empty());
        assert_eq!(fields(&canary(51), 1), ["CanarySize"]);
        assert_eq!(fields(&canary(0), 1), ["CanarySize"]);
        let one_of = DeploymentPlan {
            routing: Routing::Canary { size: Capacity::Instances(1), wait_s: 0 },
            ..DeploymentPlan::default()
        };
        assert!(one_of.validate(2).is_empty());
        let said = one_of.validate(1)[0].to_string();
        assert!(said.contains("1 of 1 instances") && said.contains("percentage"), "{said}");
        let linear = |percent| DeploymentPlan {
            routing: Routing::Linear { step: Capacity::Percent(percent), wait_s: 3_601 },
            ..DeploymentPlan::default()
        };
        assert_eq!(fields(&linear(9), 1), ["LinearStepSize", "WaitIntervalInSeconds"]);
        let rolling = |percent| DeploymentPlan {
            routing: Routing::Rolling { batch: Capacity::Percent(percent), wait_s: 0 },
            ..DeploymentPlan::default()
        };
        assert!(rolling(5).validate(1).is_empty());
        assert_eq!(fields(&rolling(4), 1), ["MaximumBatchSize"]);
    }

    #[test]
    fn times_and_alarms_are_checked_together() {
        let mut plan = canary(10);
        (plan.bake_s, plan.max_execution_s) = (541, Some(600));
        let said = plan.validate(1)[0].to_string();
        assert!(said.contains("longer than the 601 seconds"), "{said}");
        plan.max_execution_s = Some(602);
        assert!(plan.validate(1).is_empty());
        plan.max_execution_s = Some(599);
        assert_eq!(fields(&plan, 1), ["MaximumExecutionTimeoutInSeconds"]);
        let alarms = vec![Alarm::from("counterpoise-p99>1ms")];
        let at_once = DeploymentPlan { alarms: alarms.clone(), ..DeploymentPlan::default() };
        assert_eq!(fields(&at_once, 1), ["TerminationWaitInSeconds"]);
        assert!(DeploymentPlan { alarms, bake_s: 1, ..DeploymentPlan::default() }.validate(1).is_empty());
        let named = DeploymentPlan { alarms: vec![Alarm::from("mine")], ..DeploymentPlan::default() };
        assert!(
            named.validate(1).is_empty() && !named.is_immediate(),
            "its state is there to look at, whatever the wait"
        );
        let labels = DeploymentPlan { alarms: vec![Alarm::Accuracy { alpha: ALPHA }], ..DeploymentPlan::default() };
        assert_eq!(fields(&labels, 1), ["TerminationWaitInSeconds"]);
        assert!(DeploymentPlan { bake_s: 1, ..labels }.validate(1).is_empty());
        let bad = [
            Alarm::ErrorRate { above: 1.0, min_requests: 1 },
            Alarm::P99Latency { above_ms: 0.0, min_requests: 1 },
            Alarm::Accuracy { alpha: 0.0 },
            Alarm::Accuracy { alpha: f64::NAN },
        ];
        let plan = DeploymentPlan { alarms: bad.to_vec(), bake_s: 1, ..DeploymentPlan::default() };
        assert_eq!(plan.validate(1).len(), 4);
    }

    #[test]
    fn alarms_have_names() {
        for (name, alarm) in [
            ("counterpoise-error-rate>1%", Alarm::ErrorRate { above: 0.01, min_requests: MIN_REQUESTS }),
            ("counterpoise-error-rate>0.07%,min=5", Alarm::ErrorRate { above: 0.0007, min_requests: 5 }),
            ("counterpoise-p99>250ms", Alarm::P99Latency { above_ms: 250.0, min_requests: MIN_REQUESTS }),
            ("counterpoise-p99>0.5ms,min=1000", Alarm::P99Latency { above_ms: 0.5, min_requests: 1_000 }),
            ("counterpoise-accuracy", Alarm::Accuracy { alpha: ALPHA }),
            ("counterpoise-accuracy,alpha=0.01", Alarm::Accuracy { alpha: 0.01 }),
            ("counterpoise-accuracy>95%", Alarm::CloudWatch("counterpoise-accuracy>95%".to_owned())),
            ("my-alarm", Alarm::CloudWatch("my-alarm".to_owned())),
            ("counterpoise-error-rate>x%", Alarm::CloudWatch("counterpoise-error-rate>x%".to_owned())),
            ("counterpoise-p99>5", Alarm::CloudWatch("counterpoise-p99>5".to_owned())),
        ] {
            assert_eq!(alarm.to_string(), name);
            assert_eq!(Alarm::from(name).to_string(), name);
            assert_eq!(std::mem::discriminant(&Alarm::from(name)), std::mem::discriminant(&alarm));
        }
    }

    fn routing() -> impl Strategy<Value = Routing> {
        let part = prop_oneof![(1..=50_u32).prop_map(Capacity::Percent), (1..=10_u32).prop_map(Capacity::Instances)];
        (part, 0..=MAX_WAIT_S, 0..4_u8).prop_map(|(part, wait_s, kind)| match kind {
            0 => Routing::AllAtOnce,
            1 => Routing::Canary { size: part, wait_s },
            2 => Routing::Linear { step: part, wait_s },
            _ => Routing::Rolling { batch: part, wait_s },
        })
    }

    proptest! {
        #[test]
        fn shares_only_grow_by_at_most_a_step_and_end_at_all(routing in routing(), instances in 1..=20_u32) {
            let plan = DeploymentPlan { routing, ..DeploymentPlan::default() };
            prop_assume!(plan.validate(instances).is_empty());
            let shares = routing.shares(instances);
            prop_assert_eq!(shares.last(), Some(&1.0));
            prop_assert!(shares.is_sorted_by(|a, b| a < b), "{:?}", shares);
            if let Some((part, _)) = routing.step() {
                let part = part.share(instances);
                prop_assert_eq!(shares[0], part);
                if !matches!(routing, Routing::Canary { .. }) {
                    prop_assert!(shares.windows(2).all(|w| w[1] - w[0] <= part + 1e-12), "{:?}", shares);
                    prop_assert_eq!(shares.len(), (1.0 / part - 1e-9).ceil() as usize);
                }
            }
        }
    }
}
