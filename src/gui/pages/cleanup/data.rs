//! Cleanup as data: everything that costs or clutters, in groups; what is idle; and the safe order in which to end it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::domain::endpoint::EndpointStatus;
use crate::domain::price;
use crate::domain::reference::{Kind, ResourceRef};
use crate::domain::time::Timestamp;
use crate::gui::format;
use crate::gui::widgets::{Pill, PillTone};
use crate::workspace::{Command, Snapshot};

/// An endpoint that answered nothing for this long is idle.
pub const IDLE_MS: i64 = 3_600_000;

/// Where a row stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Bill by the hour.
    Endpoints,
    /// Bill until they end.
    Training,
    /// Bill by what they hold, a little.
    Buckets,
    /// Models and configurations that nothing uses.
    Orphans,
    /// Models and configurations in use.
    InUse,
    /// Ended jobs: cost nothing any more.
    Ended,
}

impl Group {
    /// The words over it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Endpoints => "Endpoints",
            Self::Training => "Training under way",
            Self::Buckets => "Buckets",
            Self::Orphans => "Nothing uses these",
            Self::InUse => "In use",
            Self::Ended => "Ended training jobs",
        }
    }
}

/// One thing that can be ended.
#[derive(Clone, Debug)]
pub struct Row {
    /// What.
    pub about: ResourceRef,
    /// Unique: "endpoint sentiment-live".
    pub key: String,
    /// Group.
    pub group: Group,
    /// What it consists of, and what uses it.
    pub uses: String,
    /// Made, or begun.
    pub since: Timestamp,
    /// Newest request; `None` where there is no such thing, or none yet.
    pub last_used: Option<Timestamp>,
    /// USD an hour now.
    pub per_hour: f64,
    /// USD since it was made; `None` where it costs nothing.
    pub so_far: Option<f64>,
    /// Status.
    pub pill: Pill,
    /// Nothing uses it, or nobody asked it anything for long.
    pub idle: bool,
}

/// When each endpoint was last asked, milliseconds since the Unix epoch.
pub type LastRequests = HashMap<String, i64>;

/// USD a month of one GB in a bucket; as of 2026-11-01.
const USD_PER_GB_MONTH: f64 = 0.023;
const MONTH_H: f64 = 730.0;

/// All rows, by group, then name.
pub fn rows(snapshot: &Snapshot, last_requests: &LastRequests, now: Timestamp) -> Vec<Row> {
    let mut config_users: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut model_users: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for endpoint in snapshot.endpoints.values() {
        let requested = endpoint.requested_config.as_deref();
        for config in [Some(endpoint.config_name.as_str()), requested].into_iter().flatten() {
            config_users.entry(config).or_default().push(&endpoint.name);
        }
        for variant in endpoint.all_variants() {
            model_users.entry(&variant.model_name).or_default().insert(&endpoint.name);
        }
    }
    for config in snapshot.endpoint_configs.values() {
        for variant in config.all_variants() {
            model_users.entry(&variant.model_name).or_default().insert(&config.name);
        }
    }
    let mut rows = Vec::new();
    endpoints(snapshot, last_requests, now, &mut rows);
    training(snapshot, now, &mut rows);
    buckets(snapshot, now, &mut rows);
    for config in snapshot.endpoint_configs.values() {
        let users = config_users.get(config.name.as_str()).map(Vec::as_slice).unwrap_or_default();
        let orphan = users.is_empty();
        let uses = format!("{} · {}", format::plural(config.variants.len(), "variant"), used_by(users));
        rows.push(quiet(Kind::EndpointConfig, &config.name, uses, config.created, orphan));
    }
    for model in snapshot.models.values() {
        let users: Vec<&str> = model_users.get(model.name.as_str()).into_iter().flatten().copied().collect();
        let orphan = users.is_empty();
        let what = model.algorithm().map_or("unknown image", crate::domain::algorithm::Algorithm::as_str);
        let uses = format!("{what} · {}", used_by(&users));
        rows.push(quiet(Kind::Model, &model.name, uses, model.created, orphan));
    }
    // Stable: the tables are in the order of their names already.
    rows.sort_by_key(|row| row.group);
    rows
}

fn used_by(users: &[&str]) -> String {
    match users {
        [] => "nothing uses it".to_owned(),
        [one] => format!("used by {one}"),
        [one, rest @ ..] => format!("used by {one} and {} more", rest.len()),
    }
}

fn key(about: &ResourceRef) -> String {
    about.to_string()
}

fn quiet(kind: Kind, name: &str, uses: String, since: Timestamp, orphan: bool) -> Row {
    let about = ResourceRef::new(kind, name);
    Row {
        key: key(&about),
        about,
        group: if orphan { Group::Orphans } else { Group::InUse },
        uses,
        since,
        last_used: None,
        per_hour: 0.0,
        so_far: None,
        pill: if orphan { Pill::new("Unused", PillTone::Warn) } else { Pill::new("In use", PillTone::Quiet) },
        idle: orphan,
    }
}

fn endpoints(snapshot: &Snapshot, last_requests: &LastRequests, now: Timestamp, rows: &mut Vec<Row>) {
    for endpoint in snapshot.endpoints.values() {
        let about = ResourceRef::new(Kind::Endpoint, &endpoint.name);
        let last_used = last_requests.get(&endpoint.name).map(|ms| Timestamp(*ms));
        let quiet_since = last_used.or(endpoint.in_service_since).unwrap_or(endpoint.created);
        let idle = match endpoint.status {
            EndpointStatus::InService => now.ms_since(quiet_since) >= IDLE_MS,
            EndpointStatus::Failed => true,
            EndpointStatus::Creating
            | EndpointStatus::Updating
            | EndpointStatus::RollingBack
            | EndpointStatus::Deleting => false,
        };
        let pill = match endpoint.status {
            EndpointStatus::InService if idle => Pill::new("Idle", PillTone::Warn),
            status => Pill::endpoint(status),
        };
        let unweighted = endpoint.variants.iter().filter(|variant| variant.weight == 0.0).count();
        let mut uses = format::plural(endpoint.variants.len(), "variant");
        if unweighted > 0 && endpoint.variants.len() > 1 {
            uses = format!("{uses}, {unweighted} at weight 0");
        }
        let per_hour = endpoint.usd_per_hour();
        rows.push(Row {
            key: key(&about),
            about,
            group: Group::Endpoints,
            uses: format!("{uses} · configuration {}", endpoint.config_name),
            since: endpoint.created,
            last_used,
            per_hour,
            so_far: Some(price::usd_for(per_hour, now.ms_since(endpoint.created))),
            pill,
            idle,
        });
    }
}

fn training(snapshot: &Snapshot, now: Timestamp, rows: &mut Vec<Row>) {
    for job in snapshot.training_jobs.values() {
        let about = ResourceRef::new(Kind::TrainingJob, job.name());
        let over = job.status.is_final();
        rows.push(Row {
            key: key(&about),
            about,
            group: if over { Group::Ended } else { Group::Training },
            uses: if over {
                format!("{} · its artefact stays in the bucket", job.spec.algorithm)
            } else {
                format!("{} · stopping keeps what it has learned", job.spec.algorithm)
            },
            since: job.started.unwrap_or(job.created),
            last_used: None,
            per_hour: if over { 0.0 } else { job.spec.usd_per_hour() },
            so_far: Some(price::usd_for(job.spec.usd_per_hour(), job.billable_ms(now))),
            pill: Pill::training(job.status, None),
            idle: false,
        });
    }
}

fn buckets(snapshot: &Snapshot, now: Timestamp, rows: &mut Vec<Row>) {
    for bucket in snapshot.buckets.values() {
        let about = ResourceRef::new(Kind::Bucket, &bucket.name);
        let objects = snapshot.objects.get(&bucket.name);
        let count = objects.map_or(0, crate::workspace::Table::len);
        let bytes: u64 = objects.into_iter().flat_map(crate::workspace::Table::values).map(|object| object.size).sum();
        let newest = objects.into_iter().flat_map(crate::workspace::Table::values).map(|object| object.modified).max();
        let per_hour = bytes as f64 / 1e9 * USD_PER_GB_MONTH / MONTH_H;
        rows.push(Row {
            key: key(&about),
            about,
            group: Group::Buckets,
            uses: if count == 0 {
                "empty".to_owned()
            } else {
                format!("{}, {} · cannot be undone", format::plural(count, "object"), format::bytes(bytes))
            },
            since: bucket.created,
            last_used: newest,
            per_hour,
            so_far: Some(price::usd_for(per_hour, now.ms_since(bucket.created))),
            pill: if count == 0 { Pill::new("Empty", PillTone::Quiet) } else { Pill::new("In use", PillTone::Quiet) },
            idle: false,
        });
    }
}

/// The line below the title.
pub fn summary(snapshot: &Snapshot, rows: &[Row]) -> String {
    let (usd, running) = snapshot.running_cost();
    if running == 0 {
        return "Nothing bills by the hour.".to_owned();
    }
    let verb = if running == 1 { "thing bills" } else { "things bill" };
    let idle = rows.iter().filter(|row| row.idle && row.per_hour > 0.0).count();
    let idle = match idle {
        0 => String::new(),
        1 => " One of them is idle.".to_owned(),
        n => format!(" {n} of them are idle."),
    };
    format!(
        "{running} {verb} now: {}, {} a day at AWS list price.{idle}",
        format::usd_per_hour(usd),
        format::usd(usd * 24.0)
    )
}

/// What is to be ended, in safe order, and what that saves.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// In the order in which it is done.
    pub items: Vec<(ResourceRef, Command)>,
    /// USD an hour.
    pub saved: f64,
    /// "2 endpoints, 1 model".
    pub counted: String,
    /// What goes on, or stops to work, that one may not expect; empty if nothing.
    pub beware: String,
    /// Buckets among it that hold something: these need a name typed.
    pub full_buckets: Vec<String>,
}

/// Plans the end of the rows with these keys: endpoints → training jobs → configurations → models → buckets.
/// What serves goes first, so that nothing is taken from under a running endpoint; what holds data goes last.
pub fn plan(snapshot: &Snapshot, rows: &[Row], selected: &[String]) -> Plan {
    if selected.is_empty() {
        return Plan::default();
    }
    let selected: BTreeSet<&str> = selected.iter().map(String::as_str).collect();
    let mut chosen: Vec<&Row> = rows.iter().filter(|row| selected.contains(row.key.as_str())).collect();
    let rank = |kind: Kind| match kind {
        Kind::Endpoint => 0,
        Kind::TrainingJob => 1,
        Kind::EndpointConfig => 2,
        Kind::Model => 3,
        Kind::Bucket => 4,
    };
    chosen.sort_by_key(|row| rank(row.about.kind));
    let mut plan = Plan::default();
    let mut counts: BTreeMap<u8, (Kind, usize)> = BTreeMap::new();
    for row in &chosen {
        let name = row.about.name.clone();
        let command = match row.about.kind {
            Kind::Endpoint => Command::DeleteEndpoint { name },
            Kind::TrainingJob if row.group == Group::Training => Command::StopTrainingJob { name },
            Kind::TrainingJob => Command::DeleteTrainingJob { name },
            Kind::EndpointConfig => Command::DeleteEndpointConfig { name },
            Kind::Model => Command::DeleteModel { name },
            Kind::Bucket => {
                if snapshot.objects.get(&name).is_some_and(|objects| !objects.is_empty()) {
                    plan.full_buckets.push(name.clone());
                }
                Command::DeleteBucket { name, with_objects: true }
            }
        };
        plan.items.push((row.about.clone(), command));
        plan.saved += row.per_hour;
        counts.entry(rank(row.about.kind)).or_insert((row.about.kind, 0)).1 += 1;
    }
    let counted: Vec<String> = counts.values().map(|(kind, n)| format::plural(*n, short(*kind))).collect();
    plan.counted = counted.join(", ");
    plan.beware = beware(snapshot, &plan);
    plan
}

/// The noun, as short as a sentence with several of them needs.
fn short(kind: Kind) -> &'static str {
    if kind == Kind::EndpointConfig { "configuration" } else { kind.noun() }
}

fn beware(snapshot: &Snapshot, plan: &Plan) -> String {
    let going: BTreeSet<&ResourceRef> = plan.items.iter().map(|(about, _)| about).collect();
    let goes = |kind: Kind, name: &str| going.contains(&ResourceRef::new(kind, name));
    let mut words = Vec::new();
    for endpoint in snapshot.endpoints.values().filter(|endpoint| !goes(Kind::Endpoint, &endpoint.name)) {
        if goes(Kind::EndpointConfig, &endpoint.config_name)
            || endpoint.all_variants().any(|variant| goes(Kind::Model, &variant.model_name))
        {
            words.push(format!("{} goes on with what it has loaded.", endpoint.name));
        }
    }
    for model in snapshot.models.values().filter(|model| !goes(Kind::Model, &model.name)) {
        if goes(Kind::Bucket, &model.model_data.bucket) {
            words.push(format!("The artefact of {} goes with its bucket.", model.name));
        }
    }
    if words.len() > 2 {
        let more = words.len() - 1;
        words.truncate(1);
        words.push(format!("{more} more like this."));
    }
    words.join(" ")
}

/// The safe order in words, naming only the kinds that are there.
pub fn order(plan: &Plan) -> String {
    let mut kinds: Vec<&str> = Vec::new();
    for (about, _) in &plan.items {
        let word = match about.kind {
            Kind::Endpoint => "endpoints",
            Kind::TrainingJob => "training jobs",
            Kind::EndpointConfig => "configurations",
            Kind::Model => "models",
            Kind::Bucket => "buckets",
        };
        if kinds.last() != Some(&word) {
            kinds.push(word);
        }
    }
    if kinds.len() < 2 { String::new() } else { format!("In safe order: {}.", kinds.join(" → ")) }
}

/// Keys of what is idle or unused.
pub fn idle(rows: &[Row]) -> Vec<String> {
    rows.iter().filter(|row| row.idle).map(|row| row.key.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::endpoint::{Endpoint, EndpointVariant};
    use crate::domain::endpoint_config::EndpointConfig;
    use crate::domain::extras::Extras;
    use crate::domain::model::Model;
    use crate::domain::s3_uri::S3Uri;

    const NOW: Timestamp = Timestamp(100_000_000_000);

    fn endpoint(name: &str, config: &str, model: &str) -> Endpoint {
        Endpoint {
            name: name.into(),
            config_name: config.into(),
            requested_config: None,
            status: EndpointStatus::InService,
            failure_reason: None,
            variants: vec![EndpointVariant {
                name: "a".into(),
                model_name: model.into(),
                weight: 1.0,
                instance_count: 2,
                instance_type: "ml.m5.large".into(),
            }],
            shadow_variants: Vec::new(),
            created: Timestamp(NOW.0 - 7_200_000),
            modified: NOW,
            in_service_since: Some(Timestamp(NOW.0 - 7_200_000)),
            deployments: vec![],
            weight_changes: vec![],
            tags: vec![],
            ground_truth: None,
            extras: Extras::default(),
        }
    }

    fn world() -> Snapshot {
        let mut world = Snapshot::default();
        for name in ["busy", "lazy"] {
            world.endpoints.insert(name, endpoint(name, &format!("{name}-config"), &format!("{name}-model")));
        }
        for name in ["busy", "lazy", "orphan"] {
            let config = format!("{name}-config");
            world.endpoint_configs.insert(
                config.clone(),
                EndpointConfig {
                    name: config,
                    variants: vec![],
                    shadow_variants: Vec::new(),
                    created: NOW,
                    tags: vec![],
                    data_capture: None,
                    extras: Extras::default(),
                },
            );
            let model = format!("{name}-model");
            world.models.insert(
                model.clone(),
                Model {
                    name: model,
                    image: "xgboost".into(),
                    model_data: S3Uri::new("data", "model.tar.gz"),
                    environment: BTreeMap::new(),
                    execution_role_arn: None,
                    created: NOW,
                    tags: vec![],
                    extras: Extras::default(),
                },
            );
        }
        world
    }

    fn text(rows: &[Row]) -> Vec<String> {
        rows.iter()
            .map(|row| {
                format!(
                    "{:?} | {} | {} | {} | {}",
                    row.group,
                    row.key,
                    row.uses,
                    format::usd_per_hour(row.per_hour),
                    row.pill.text
                )
            })
            .collect()
    }

    #[test]
    fn groups_users_and_idleness() {
        let last = LastRequests::from([("busy".to_owned(), NOW.0 - 1_000)]);
        let rows = rows(&world(), &last, NOW);
        assert_eq!(
            text(&rows),
            [
                "Endpoints | endpoint busy | 1 variant · configuration busy-config | $0.23/h | InService",
                "Endpoints | endpoint lazy | 1 variant · configuration lazy-config | $0.23/h | Idle",
                "Orphans | endpoint configuration orphan-config | 0 variants · nothing uses it | $0.00/h | Unused",
                "Orphans | model orphan-model | xgboost · nothing uses it | $0.00/h | Unused",
                "InUse | endpoint configuration busy-config | 0 variants · used by busy | $0.00/h | In use",
                "InUse | endpoint configuration lazy-config | 0 variants · used by lazy | $0.00/h | In use",
                "InUse | model busy-model | xgboost · used by busy | $0.00/h | In use",
                "InUse | model lazy-model | xgboost · used by lazy | $0.00/h | In use",
            ]
        );
        assert_eq!(rows[0].so_far.map(format::usd).as_deref(), Some("$0.46"));
        assert_eq!(idle(&rows), ["endpoint lazy", "endpoint configuration orphan-config", "model orphan-model"]);
        assert_eq!(
            summary(&world(), &rows),
            "2 things bill now: $0.46/h, $11.04 a day at AWS list price. One of them is idle."
        );
    }

    #[test]
    fn the_plan_is_in_safe_order_and_warns() {
        let world = world();
        let rows = rows(&world, &LastRequests::new(), NOW);
        let chosen = ["model busy-model", "endpoint configuration lazy-config", "endpoint lazy"].map(str::to_owned);
        let plan = plan(&world, &rows, &chosen);
        let order: Vec<String> = plan.items.iter().map(|(about, _)| about.to_string()).collect();
        assert_eq!(order, ["endpoint lazy", "endpoint configuration lazy-config", "model busy-model"]);
        assert_eq!(plan.counted, "1 endpoint, 1 configuration, 1 model");
        assert_eq!(super::order(&plan), "In safe order: endpoints → configurations → models.");
        assert_eq!(plan.beware, "busy goes on with what it has loaded.");
        assert!((plan.saved - 0.23).abs() < 1e-9);
    }
}
