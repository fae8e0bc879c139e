//! How an update goes: the fields of the Update dialog, and a plan in words.

use egui::Ui;

use crate::domain::deployment::{ALPHA, Alarm, Capacity, DeploymentPlan, MIN_REQUESTS, Routing};
use crate::domain::invalid::Invalid;
use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::theme::fonts;
use crate::gui::widgets::{Field, field, text};

/// The ways that the dialog offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    AllAtOnce,
    Canary,
    Linear,
}

/// What is typed and ticked.
#[derive(Clone, Debug)]
pub(super) struct PlanForm {
    way: Way,
    percent: String,
    wait_s: String,
    bake_s: String,
    errors: Watch,
    p99: Watch,
    accuracy: WatchLabels,
    /// The workspace's CloudWatch alarms, and whether they are watched.
    cloudwatch: Vec<(String, bool)>,
}

/// An alarm on a number of the new fleet.
#[derive(Clone, Debug)]
struct Watch {
    on: bool,
    above: String,
    /// Requests before it judges: as in the last update.
    min_requests: u32,
}

/// The alarm on what labels say of the new fleet.
#[derive(Clone, Debug)]
struct WatchLabels {
    on: bool,
    /// The share of false alarms: as in the last update.
    alpha: f64,
    /// Whether labels have come so far.
    they_come: bool,
}

impl Watch {
    fn off(above: &str) -> Self {
        Self { on: false, above: above.to_owned(), min_requests: MIN_REQUESTS }
    }
}

impl PlanForm {
    /// The settings of the endpoint's last update as far as the dialog offers them, or all at once. `alarms`: names of the workspace's
    /// CloudWatch alarms. `labels_come`: whether answers of this endpoint get labels; then they are watched, unless the last update that
    /// had something to watch by did without.
    pub(super) fn new(last: Option<&DeploymentPlan>, alarms: Vec<String>, labels_come: bool) -> Self {
        let plan = last.cloned().unwrap_or_default();
        let (way, least, part) = match plan.routing {
            Routing::AllAtOnce => (Way::AllAtOnce, 1, None),
            Routing::Canary { size, wait_s } => (Way::Canary, 1, Some((size, wait_s))),
            // Batches may be smaller than linear steps.
            Routing::Linear { step: part, wait_s } | Routing::Rolling { batch: part, wait_s } => {
                (Way::Linear, 10, Some((part, wait_s)))
            }
        };
        let watched = |name: &String| plan.alarms.contains(&Alarm::CloudWatch(name.clone()));
        let mut cloudwatch: Vec<_> = alarms
            .into_iter()
            .map(|name| {
                let on = watched(&name);
                (name, on)
            })
            .collect();
        cloudwatch.sort_by_key(|(_, on)| !on);
        let mut form = Self {
            way,
            percent: "10".to_owned(),
            wait_s: "60".to_owned(),
            bake_s: plan.bake_s.to_string(),
            errors: Watch::off("1"),
            p99: Watch::off("250"),
            accuracy: WatchLabels {
                on: labels_come && last.is_none_or(DeploymentPlan::is_immediate),
                alpha: ALPHA,
                they_come: labels_come,
            },
            cloudwatch,
        };
        if let Some((part, wait_s)) = part {
            form.wait_s = wait_s.to_string();
            if let Capacity::Percent(percent) = part {
                form.percent = percent.max(least).to_string();
            }
        }
        for alarm in &plan.alarms {
            match alarm {
                Alarm::ErrorRate { above, min_requests } => {
                    form.errors = Watch { on: true, above: short(above * 100.0), min_requests: *min_requests };
                }
                Alarm::P99Latency { above_ms, min_requests } => {
                    form.p99 = Watch { on: true, above: short(*above_ms), min_requests: *min_requests };
                }
                Alarm::Accuracy { alpha } => (form.accuracy.on, form.accuracy.alpha) = (true, *alpha),
                // Ticked already, unless it was deleted since.
                Alarm::CloudWatch(_) => {}
            }
        }
        form
    }

    /// Whether both fleets are there for a while, so that labels of the new one can come.
    fn has_time(&self) -> bool {
        self.way != Way::AllAtOnce || self.bake_s.trim() != "0"
    }

    /// The plan as it stands, for a new fleet of so many instances; or the first thing that is wrong with it.
    pub(super) fn plan(&self, instances: u32) -> Result<DeploymentPlan, String> {
        let whole = |what: &str, text: &str| {
            text.trim().parse::<u32>().map_err(|_| format!("{what} must be a whole number, not \u{201c}{text}\u{201d}"))
        };
        let number = |what: &str, text: &str| {
            text.trim().parse::<f64>().map_err(|_| format!("{what} must be a number, not \u{201c}{text}\u{201d}"))
        };
        let part = || whole("The step", &self.percent).map(Capacity::Percent);
        let wait_s = || whole("The wait", &self.wait_s);
        let routing = match self.way {
            Way::AllAtOnce => Routing::AllAtOnce,
            Way::Canary => Routing::Canary { size: part()?, wait_s: wait_s()? },
            Way::Linear => Routing::Linear { step: part()?, wait_s: wait_s()? },
        };
        let mut alarms = Vec::new();
        if self.errors.on {
            let above = number("The error rate", &self.errors.above)? / 100.0;
            alarms.push(Alarm::ErrorRate { above, min_requests: self.errors.min_requests });
        }
        if self.p99.on {
            let above_ms = number("The latency", &self.p99.above)?;
            alarms.push(Alarm::P99Latency { above_ms, min_requests: self.p99.min_requests });
        }
        if self.accuracy.on && self.has_time() {
            alarms.push(Alarm::Accuracy { alpha: self.accuracy.alpha });
        }
        let watched = self.cloudwatch.iter().filter(|(_, on)| *on);
        alarms.extend(watched.map(|(name, _)| Alarm::CloudWatch(name.clone())));
        let bake_s = whole("The bake", &self.bake_s)?;
        let plan = DeploymentPlan { routing, bake_s, max_execution_s: None, alarms };
        match plan.validate(instances).first() {
            Some(broken) if broken.field == "TerminationWaitInSeconds" && plan.bake_s == 0 => {
                Err("Alarms need time to watch: give the bake some seconds, or move the traffic in steps".to_owned())
            }
            Some(broken) => Err(in_words(broken)),
            None => Ok(plan),
        }
    }

    /// Draws the fields and what they come to.
    pub(super) fn ui(&mut self, ui: &mut Ui, cx: &Context<'_>, instances: u32) {
        let ways = [
            (Way::AllAtOnce, "All at once".to_owned()),
            (Way::Canary, "Canary: a part first".to_owned()),
            (Way::Linear, "Linear: in equal steps".to_owned()),
        ];
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 12.0;
            let had_no_wait = self.way == Way::AllAtOnce && self.bake_s.trim() == "0";
            if field::choice(ui, "Traffic moves", &mut self.way, &ways, 200.0) && had_no_wait {
                "60".clone_into(&mut self.bake_s);
            }
            if self.way != Way::AllAtOnce {
                let (step, wait) =
                    if self.way == Way::Canary { ("First part", "Then wait") } else { ("Each step", "Between steps") };
                Field::new(step).unit("%").width(96.0).show(ui, &mut self.percent);
                Field::new(wait).unit("s").width(110.0).show(ui, &mut self.wait_s);
            }
            Field::new("Bake").unit("s").width(96.0).show(ui, &mut self.bake_s).on_hover_text(
                "How long the old fleet stays after all traffic has moved, so that it can come back in an instant",
            );
        });
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 10.0;
            field::tick(ui, &mut self.errors.on, "Roll back when more than");
            let errors = Field::new("Error rate").bare().unit("%").width(76.0).enabled(self.errors.on);
            errors.show(ui, &mut self.errors.above);
            text::body(ui, "get no prediction");
            ui.add_space(14.0);
            field::tick(ui, &mut self.p99.on, "when p99 is above");
            let p99 = Field::new("Latency p99").bare().unit("ms").width(92.0).enabled(self.p99.on);
            p99.show(ui, &mut self.p99.above);
        });
        let has_time = self.has_time();
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 10.0;
            ui.add_enabled_ui(has_time, |ui| {
                field::tick(ui, &mut self.accuracy.on, "Roll back when labels say that its answers are worse");
            });
            let hint = match (has_time, self.accuracy.they_come) {
                (false, _) => "needs a step or a bake".to_owned(),
                (true, false) => "no label has come so far".to_owned(),
                (true, true) => {
                    format!("at most {} of good updates go back by it", format::percent(self.accuracy.alpha))
                }
            };
            let room = ui.available_width();
            text::elided(ui, &hint, fonts::small(), cx.theme.faint, room);
        });
        for (name, on) in &mut self.cloudwatch {
            let words = format!("Roll back when CloudWatch alarm {} goes off", cut(name));
            field::tick(ui, on, &words).on_hover_text(name.as_str());
        }
        match self.plan(instances) {
            Ok(plan) => text::text(ui, promise(&plan, instances), fonts::small(), cx.theme.muted),
            Err(why) => text::text(ui, why, fonts::small(), cx.theme.error.text),
        };
    }
}

/// A broken rule, by the names that the dialog's fields have.
fn in_words(broken: &Invalid) -> String {
    let field = match broken.field.as_str() {
        "CanarySize" => "The first part",
        "LinearStepSize" => "Each step",
        "WaitIntervalInSeconds" => "The wait",
        "TerminationWaitInSeconds" => "The bake",
        _ => "The alarm",
    };
    format!("{field} {}, not {}", broken.rule, broken.value)
}

/// A name that fits a line of the dialog.
fn cut(name: &str) -> String {
    match name.char_indices().nth(60) {
        Some((at, _)) => format!("{}…", &name[..at]),
        None => name.to_owned(),
    }
}

/// A number without needless digits.
fn short(number: f64) -> String {
    format!("{}", (number * 1e6).round() / 1e6)
}

/// "90 s", "3 min", "3 min 20 s": exact, since somebody chose it.
pub(super) fn seconds(s: u32) -> String {
    match (s / 60, s % 60) {
        _ if s < 120 => format!("{s} s"),
        (minutes, 0) => format!("{minutes} min"),
        (minutes, left) => format!("{minutes} min {left} s"),
    }
}

/// What will happen, in one or two sentences.
fn promise(plan: &DeploymentPlan, instances: u32) -> String {
    let shares: Vec<String> = plan.routing.shares(instances).iter().map(|share| format::percent(*share)).collect();
    let words = match plan.routing {
        Routing::AllAtOnce => "All traffic moves in one step".to_owned(),
        Routing::Canary { wait_s, .. } => {
            format!("{} of the traffic for {}, then all of it", shares[0], seconds(wait_s))
        }
        Routing::Linear { wait_s, .. } | Routing::Rolling { wait_s, .. } => {
            format!("{} steps of {} with {} between them", shares.len(), shares[0], seconds(wait_s))
        }
    };
    let bakes = match plan.bake_s {
        0 => String::new(),
        s => format!("; the old fleet then stays for {}", seconds(s)),
    };
    match plan.planned_s(instances) {
        0 => format!("{words}{bakes}."),
        s => format!("{words}{bakes}. About {} in all; you can roll back at any moment.", seconds(s)),
    }
}

/// A plan in few words: "canary 10 %, 60 s · bake 60 s · alarms: …"; empty for a plain update.
pub(super) fn brief(plan: &DeploymentPlan) -> String {
    let part = |capacity: Capacity| match capacity {
        Capacity::Percent(percent) => format!("{percent} %"),
        Capacity::Instances(count) => format::plural(count as usize, "instance"),
    };
    let mut words = Vec::new();
    match plan.routing {
        Routing::AllAtOnce if plan.is_immediate() => {}
        Routing::AllAtOnce => words.push("all at once".to_owned()),
        Routing::Canary { size, wait_s } => words.push(format!("canary {}, {}", part(size), seconds(wait_s))),
        Routing::Linear { step, wait_s } => words.push(format!("linear {}, {}", part(step), seconds(wait_s))),
        Routing::Rolling { batch, wait_s } => words.push(format!("rolling {}, {}", part(batch), seconds(wait_s))),
    }
    if plan.bake_s > 0 {
        words.push(format!("bake {}", seconds(plan.bake_s)));
    }
    for alarm in &plan.alarms {
        words.push(match alarm {
            Alarm::ErrorRate { above, .. } => format!("back at errors > {} %", short(above * 100.0)),
            Alarm::P99Latency { above_ms, .. } => format!("back at p99 > {} ms", short(*above_ms)),
            Alarm::Accuracy { .. } => "back when labels say that it is worse".to_owned(),
            Alarm::CloudWatch(name) => format!("back at alarm {name}"),
        });
    }
    words.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh() -> PlanForm {
        PlanForm::new(None, Vec::new(), false)
    }

    fn canary() -> PlanForm {
        let mut form = PlanForm { way: Way::Canary, bake_s: "30".to_owned(), ..fresh() };
        form.errors.on = true;
        form
    }

    #[test]
    fn what_is_typed_becomes_a_plan_and_back() {
        let plan = canary().plan(1).unwrap();
        assert_eq!(plan.routing, Routing::Canary { size: Capacity::Percent(10), wait_s: 60 });
        assert_eq!((plan.bake_s, plan.alarms.len()), (30, 1));
        assert_eq!(PlanForm::new(Some(&plan), Vec::new(), false).plan(1).unwrap(), plan);
        assert_eq!(brief(&plan), "canary 10 %, 60 s · bake 30 s · back at errors > 1 %");
        assert_eq!(fresh().plan(1).unwrap(), DeploymentPlan::default());
        assert_eq!(brief(&DeploymentPlan::default()), "");
    }

    #[test]
    fn what_a_client_asked_for_last_is_offered_as_far_as_it_can_be() {
        let alarms = ["counterpoise-p99>80ms,min=500", "counterpoise-error-rate>0.5%", "mine", "gone"];
        let alarms: Vec<Alarm> = alarms.into_iter().map(Alarm::from).collect();
        let routing = Routing::Rolling { batch: Capacity::Percent(5), wait_s: 7 };
        let last = DeploymentPlan { routing, bake_s: 0, max_execution_s: Some(900), alarms };
        let plan = PlanForm::new(Some(&last), vec!["another".into(), "mine".into()], true).plan(1).unwrap();
        assert_eq!(plan.routing, Routing::Linear { step: Capacity::Percent(10), wait_s: 7 });
        let names: Vec<String> = plan.alarms.iter().map(ToString::to_string).collect();
        assert_eq!(names, ["counterpoise-error-rate>0.5%", "counterpoise-p99>80ms,min=500", "mine"]);
    }

    #[test]
    fn labels_are_watched_where_they_come_and_there_is_time() {
        let labels = |form: &PlanForm| form.plan(1).unwrap().alarms;
        let mut form = PlanForm::new(None, Vec::new(), true);
        assert_eq!(labels(&form), [], "all at once and gone: nothing could be watched");
        form.bake_s = "30".into();
        assert_eq!(labels(&form), [Alarm::Accuracy { alpha: ALPHA }]);
        let plain = DeploymentPlan::default();
        assert!(PlanForm::new(Some(&plain), Vec::new(), true).accuracy.on, "the last one had nothing to watch by");
        let without = canary().plan(1).unwrap();
        assert!(!PlanForm::new(Some(&without), Vec::new(), true).accuracy.on, "the last one did without");
        let strict = DeploymentPlan { alarms: vec![Alarm::Accuracy { alpha: 0.01 }], ..without };
        let again = PlanForm::new(Some(&strict), Vec::new(), false);
        assert_eq!(labels(&again), strict.alarms);
        assert_eq!(brief(&strict), "canary 10 %, 60 s · bake 30 s · back when labels say that it is worse");
    }

    #[test]
    fn what_is_wrong_is_said() {
        let wrong = |change: fn(&mut PlanForm)| {
            let mut form = canary();
            change(&mut form);
            form.plan(1).unwrap_err()
        };
        assert!(wrong(|form| form.percent = "ten".into()).contains("whole number"));
        let said = wrong(|form| form.percent = "60".into());
        assert_eq!(said, "The first part must be 1 % to 50 % of the fleet, not 60 %");
        let said = wrong(|form| form.wait_s = "4000".into());
        assert_eq!(said, "The wait must be at most 3,600 seconds, not 4000");
        let said = wrong(|form| form.errors.above = "100".into());
        assert_eq!(said, "The alarm must have a bound from 0 % to below 100 %, not counterpoise-error-rate>100%");
        assert!(wrong(|form| form.errors.above = "many".into()).contains("must be a number"));
        let in_vain = wrong(|form| (form.way, form.bake_s) = (Way::AllAtOnce, "0".into()));
        assert!(in_vain.contains("Alarms need time to watch"), "{in_vain}");
    }

    #[test]
    fn the_promise_says_how_long() {
        assert_eq!(
            promise(&canary().plan(1).unwrap(), 1),
            "10 % of the traffic for 60 s, then all of it; the old fleet then stays for 30 s. About 90 s in all; you can roll back at any moment."
        );
        let linear = PlanForm { way: Way::Linear, percent: "25".into(), ..fresh() };
        assert!(
            promise(&linear.plan(1).unwrap(), 1).starts_with("4 steps of 25 % with 60 s between them. About 3 min")
        );
        assert_eq!(promise(&DeploymentPlan::default(), 1), "All traffic moves in one step.");
    }
}
