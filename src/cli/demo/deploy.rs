//! Stations 2 and 3, once a data set: two models behind one endpoint, labelled requests, weights moved and the fleet replaced under load.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};

use super::bars::bar;
use super::checks::{Checks, tolerance};
use super::held_out::HeldOut;
use super::recipe::{Candidate, Recipe};
use super::session::Session;
use super::train::INSTANCE_TYPE;
use crate::cli::client::Client;
use crate::domain::deployment::DeploymentPlan;
use crate::domain::endpoint::{Deployment, DeploymentOutcome, Endpoint, EndpointStatus, Retain};
use crate::domain::endpoint_config::{EndpointConfig, ProductionVariant};
use crate::domain::extras::Extras;
use crate::domain::model::Model;
use crate::domain::time::Timestamp;
use crate::domain::traffic_test::{TrafficTest, TrafficTestSpec, TrafficTestStatus};
use crate::stats::live::{EndpointLive, VariantLive};
use crate::workspace::{Command, Snapshot};

/// Labelled requests a second.
const RATE: f64 = 500.0;

/// Connections that they come over.
const CONNECTIONS: u32 = 8;

/// Requests from the beginning of an update until its result is looked at.
const AFTER_UPDATE: u64 = 500;

/// Requests between two looks at the shares.
const BETWEEN_LOOKS: u64 = 1_000;

/// The names of one data set's resources.
pub struct Names {
    /// The endpoint; the first configuration is called like it.
    pub endpoint: String,
    /// The configuration that holds the better model alone.
    pub winner_config: String,
    /// Training jobs and models, in the recipe's order.
    pub models: [String; 2],
}

/// One line of the final table.
pub struct Line {
    pub variant: &'static str,
    pub held_out: f64,
    pub live: VariantLive,
    pub share_even: f64,
    pub share_tilted: f64,
    pub weight_tilted: f64,
}

/// Everything from models to a replaced fleet. `scratch` is a folder for a copy of the held-out rows.
pub fn play(
    session: &Session,
    recipe: &Recipe,
    names: &Names,
    scratch: &Path,
    checks: &mut Checks,
) -> Result<[Line; 2]> {
    make_models(session, recipe, names)?;
    put_in_service(session, recipe, names)?;

    let url = session.snapshot().invocations_url(&names.endpoint).context("the listener has no address")?;
    let base = session.snapshot().info.base_url.clone().context("the listener has no address")?;
    let path = Endpoint::invocations_path(&names.endpoint);
    let mut client = Client::connect(&base)?;
    let test = recipe.object(&session.snapshot(), "test")?;
    let held_out = HeldOut::read(&session.text(&test, scratch)?, recipe.format, recipe.classes)?;
    println!("  POST {url}");
    let row = &held_out.rows.first().context("the held-out third is empty")?.1;
    for candidate in &recipe.models {
        let answer = client.post(&path, held_out.content_type(), Some(candidate.variant), row)?;
        println!("       {:<8} → {} {} {}", candidate.variant, answer.status, answer.content_type, answer.body.trim());
    }

    let mut scores = [0.0; 2];
    for (score, candidate) in scores.iter_mut().zip(&recipe.models) {
        *score = held_out.score(&mut client, &path, candidate.variant)?;
        let relation = if recipe.classes { "at least" } else { "at most" };
        checks.hold(
            recipe.reaches(*score, candidate.bound),
            &format!(
                "{} {} of {} held-out rows: {} ({relation} {})",
                candidate.variant,
                recipe.measure(),
                held_out.rows.len(),
                recipe.show(*score),
                recipe.show(candidate.bound)
            ),
        );
    }
    let better = usize::from(recipe.is_better(scores[1], scores[0]));

    session.tell(Command::StartTrafficTest(Box::new(TrafficTestSpec {
        endpoint: names.endpoint.clone(),
        data: test,
        requests_per_second: RATE,
        duration_s: 600,
        rows_per_request: 1,
        connections: CONNECTIONS,
        seed: 1,
    })))?;
    let start = Drawn::of(&*session.live(&names.endpoint)?);
    let even = requests_since(session, names, &start)?;
    let share_even = check_shares(recipe, &start, &even, [0.5, 0.5], "with weights 50/50", checks);

    let mut weights = [10.0, 10.0];
    weights[better] = 90.0;
    let wanted = weights.map(|weight| weight / weights.iter().sum::<f64>());
    let marks = session.live(&names.endpoint)?.marks.len();
    session.tell(Command::UpdateWeights {
        name: names.endpoint.clone(),
        weights: recipe.models.iter().zip(weights).map(|(c, weight)| (c.variant.to_owned(), weight)).collect(),
        instance_counts: Vec::new(),
    })?;
    // Live numbers may be a tenth of a second old; those that show the change were counted after it.
    let moved = session.until("the new weights to show", |_| {
        let live = session.live(&names.endpoint)?;
        Ok((live.marks.len() > marks).then(|| Drawn::of(&live)))
    })?;
    let tilted = requests_since(session, names, &moved)?;
    let said = format!("after the weights went to {:.0}/{:.0} under load", weights[0], weights[1]);
    let share_tilted = check_shares(recipe, &moved, &tilted, wanted, &said, checks);

    let before = session.live(&names.endpoint)?;
    replace_fleet(session, recipe, names, better, &held_out, &mut client, checks)?;
    stop_traffic(session, names, checks)?;

    let line = |i: usize| Line {
        variant: recipe.models[i].variant,
        held_out: scores[i],
        live: variant(&before, &recipe.models[i]).cloned().unwrap_or_default(),
        share_even: share_even[i],
        share_tilted: share_tilted[i],
        weight_tilted: weights[i],
    };
    Ok([line(0), line(1)])
}

fn make_models(session: &Session, recipe: &Recipe, names: &Names) -> Result<()> {
    for (name, candidate) in names.models.iter().zip(&recipe.models) {
        let snapshot = session.snapshot();
        let job = snapshot.training_jobs.get(name).with_context(|| format!("the training job {name} is gone"))?;
        session.tell(Command::CreateModel(Box::new(Model {
            name: name.clone(),
            image: candidate.algorithm.image().to_owned(),
            model_data: job.artifact.clone().with_context(|| format!("{name} left no artefact"))?,
            environment: BTreeMap::new(),
            execution_role_arn: None,
            created: Timestamp::default(),
            tags: Vec::new(),
            extras: Extras::default(),
        })))?;
    }
    Ok(())
}

fn config(name: &str, variants: &[(&Candidate, &String)]) -> Command {
    let variant = |(candidate, model): &(&Candidate, &String)| ProductionVariant {
        name: candidate.variant.to_owned(),
        model_name: (*model).clone(),
        initial_instance_count: 1,
        instance_type: INSTANCE_TYPE.to_owned(),
        initial_weight: 1.0,
    };
    Command::CreateEndpointConfig(Box::new(EndpointConfig {
        name: name.to_owned(),
        variants: variants.iter().map(variant).collect(),
        shadow_variants: Vec::new(),
        created: Timestamp::default(),
        tags: Vec::new(),
        data_capture: None,
        extras: Extras::default(),
    }))
}

/// The endpoint by its name; an error where it failed or is gone.
fn endpoint(snapshot: &Snapshot, name: &str) -> Result<Arc<Endpoint>> {
    let endpoint = snapshot.endpoints.get(name).with_context(|| format!("the endpoint {name} is gone"))?;
    if endpoint.status == EndpointStatus::Failed {
        bail!("the endpoint {name} failed: {}", endpoint.failure_reason.as_deref().unwrap_or("no reason given"));
    }
    Ok(Arc::clone(endpoint))
}

fn put_in_service(session: &Session, recipe: &Recipe, names: &Names) -> Result<()> {
    let both: Vec<_> = recipe.models.iter().zip(&names.models).collect();
    session.tell(config(&names.endpoint, &both))?;
    session.tell(Command::CreateEndpoint {
        name: names.endpoint.clone(),
        config_name: names.endpoint.clone(),
        tags: Vec::new(),
        extras: Extras::default(),
    })?;
    session.until("the endpoint to come into service", |snapshot| {
        Ok((endpoint(snapshot, &names.endpoint)?.status == EndpointStatus::InService).then_some(()))
    })
}

fn variant<'a>(live: &'a EndpointLive, candidate: &Candidate) -> Option<&'a VariantLive> {
    live.variants.iter().find(|variant| variant.name == candidate.variant)
}

/// How often the router drew each variant, by name.
struct Drawn(BTreeMap<String, u64>);

impl Drawn {
    fn of(live: &EndpointLive) -> Self {
        Self(live.variants.iter().map(|variant| (variant.name.clone(), variant.drawn)).collect())
    }

    fn total(&self) -> u64 {
        self.0.values().sum()
    }

    fn of_variant(&self, candidate: &Candidate) -> u64 {
        self.0.get(candidate.variant).copied().unwrap_or(0)
    }
}

/// The traffic test of the endpoint; an error where it ended by itself.
fn traffic(snapshot: &Snapshot, names: &Names) -> Result<Arc<TrafficTest>> {
    let test = snapshot.traffic_tests.get(&names.endpoint).context("the traffic test is gone")?;
    if test.status == TrafficTestStatus::Failed {
        bail!("the traffic test failed: {}", test.failure_reason.as_deref().unwrap_or("no reason given"));
    }
    Ok(Arc::clone(test))
}

/// Waits for enough requests after `start`.
fn requests_since(session: &Session, names: &Names, start: &Drawn) -> Result<Drawn> {
    let bar = bar("labelled requests");
    bar.set_length(BETWEEN_LOOKS);
    let found = session.until("labelled requests", |snapshot| {
        traffic(snapshot, names)?;
        let now = Drawn::of(&*session.live(&names.endpoint)?);
        bar.set_position(now.total() - start.total());
        Ok((now.total() >= start.total() + BETWEEN_LOOKS).then_some(now))
    });
    bar.finish_and_clear();
    found
}

/// Holds the shares between two looks against the weights; answers the shares.
fn check_shares(
    recipe: &Recipe,
    from: &Drawn,
    to: &Drawn,
    wanted: [f64; 2],
    when: &str,
    checks: &mut Checks,
) -> [f64; 2] {
    let n = to.total() - from.total();
    let share =
        |candidate: &Candidate| (to.of_variant(candidate) - from.of_variant(candidate)) as f64 / n.max(1) as f64;
    let shares = [share(&recipe.models[0]), share(&recipe.models[1])];
    let allowed = tolerance(wanted[0], n, u64::from(CONNECTIONS));
    checks.hold(
        (shares[0] - wanted[0]).abs() <= allowed,
        &format!(
            "shares of {n} requests {when}: {:.1} / {:.1} % (± {:.1} allowed)",
            shares[0] * 100.0,
            shares[1] * 100.0,
            allowed * 100.0
        ),
    );
    shares
}

/// Moves the endpoint to the better model alone while requests keep coming.
fn replace_fleet(
    session: &Session,
    recipe: &Recipe,
    names: &Names,
    better: usize,
    held_out: &HeldOut,
    client: &mut Client,
    checks: &mut Checks,
) -> Result<()> {
    session.tell(config(&names.winner_config, &[(&recipe.models[better], &names.models[better])]))?;
    let sent_before = traffic(&session.snapshot(), names)?.sent;
    session.tell(Command::UpdateEndpoint {
        name: names.endpoint.clone(),
        config_name: names.winner_config.clone(),
        retain: Retain::NOTHING,
        plan: DeploymentPlan::default(),
        extras: Extras::default(),
    })?;
    let deployment: Deployment = session.until("the update to finish", |snapshot| {
        let endpoint = endpoint(snapshot, &names.endpoint)?;
        let newest = endpoint.deployments.last().context("the endpoint knows of no deployment")?;
        let over = newest.config_name == names.winner_config && newest.outcome != DeploymentOutcome::InProgress;
        Ok((over && endpoint.status == EndpointStatus::InService).then(|| newest.clone()))
    })?;
    // The new fleet shows itself under the same load.
    let sent = session.until("requests to the new fleet", |snapshot| {
        let sent = traffic(snapshot, names)?.sent - sent_before;
        Ok((sent >= AFTER_UPDATE).then_some(sent))
    })?;
    let path = Endpoint::invocations_path(&names.endpoint);
    let answer = client.post(&path, held_out.content_type(), None, &held_out.rows[0].1)?;
    let winner = recipe.models[better].variant;
    let failed = deployment.failed_requests + traffic(&session.snapshot(), names)?.failed;
    let took = deployment.ended.map_or(0, |ended| ended.ms_since(deployment.started));
    checks.hold(
        deployment.outcome == DeploymentOutcome::Succeeded && failed == 0 && answer.variant.as_deref() == Some(winner),
        &format!(
            "update to {winner} alone under load, in {took} ms: {failed} of the {sent} requests since it began failed"
        ),
    );
    Ok(())
}

/// Ends the traffic test and holds its count of failures against 0.
fn stop_traffic(session: &Session, names: &Names, checks: &mut Checks) -> Result<()> {
    session.tell(Command::StopTrafficTest { endpoint: names.endpoint.clone() })?;
    let test = session.until("the traffic test to stop", |snapshot| {
        let test = traffic(snapshot, names)?;
        Ok((test.status != TrafficTestStatus::Running).then_some(test))
    })?;
    let reason = test.failure_reason.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    checks.hold(
        test.failed == 0 && test.sent > 2 * BETWEEN_LOOKS,
        &format!("failed requests: {} of {}{reason}", test.failed, test.sent),
    );
    Ok(())
}
