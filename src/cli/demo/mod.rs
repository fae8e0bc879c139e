//! `counterpoise demo`: the whole loop without a display, on both data sets, over real HTTP. What must hold is checked, and the exit code says it.

mod bars;
mod checks;
mod clean;
mod deploy;
mod held_out;
mod recipe;
mod session;
mod train;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use checks::Checks;
use deploy::{Line, Names};
use recipe::{Candidate, Recipe};
use session::Session;

use super::text::table;
use super::{Open, folder, log};
use crate::system::SystemOptions;
use crate::workspace::{Command, Snapshot};

/// Runs it in the named folder, which is kept, or in a temporary one. Answers whether every check held.
pub fn run(named: Option<&Path>) -> Result<bool> {
    let started = Instant::now();
    let temporary = named.is_none().then(Temporary::make).transpose()?;
    let folder = match &temporary {
        Some(temporary) => temporary.0.clone(),
        None => folder::workspace(named)?,
    };
    log::start(&folder)?;
    let open = Open::start(SystemOptions {
        folder: folder.clone(),
        bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        ..SystemOptions::default()
    })?;
    println!("Counterpoise demo at http://{}", open.system.address());
    let fate = if temporary.is_some() { "removed at the end" } else { "kept" };
    println!("Workspace {} ({fate})\n", folder.display());

    let mut checks = Checks::default();
    let played = play(&Session::new(open.system.workspace()), temporary.is_some(), &folder, &mut checks);
    open.close()?;
    played?;

    let (done, broken) = checks.counts();
    let seconds = started.elapsed().as_secs_f64();
    if checks.all_held() {
        println!("\nAll {done} checks held, in {seconds:.0} s.");
    } else {
        println!("\n{broken} of {done} checks did not hold ({seconds:.0} s).");
    }
    if temporary.is_none() {
        println!("Look around: counterpoise --data {}", folder.display());
    }
    Ok(checks.all_held())
}

/// A folder that goes when the demo ends.
struct Temporary(PathBuf);

impl Temporary {
    fn make() -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("counterpoise-demo-{}", std::process::id()));
        std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        Ok(Self(folder))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!("{} cannot be removed: {error}", self.0.display());
        }
    }
}

fn play(session: &Session, whole_workspace: bool, scratch: &Path, checks: &mut Checks) -> Result<()> {
    let recipes = Recipe::all();
    let running_before = session.snapshot().running_cost().1;
    session.tell(Command::AddSampleData)?;
    let number = free_number(&session.snapshot(), &recipes);

    println!("Train two models on each data set");
    train::all(session, &recipes, &|recipe, candidate| model_name(recipe, candidate, number))?;

    let mut tables = Vec::new();
    let mut all_names = Vec::new();
    for recipe in &recipes {
        println!("\n{}: two variants behind one endpoint", recipe.title);
        let names = Names {
            endpoint: format!("demo-{}{}", recipe.name, suffix(number)),
            winner_config: format!("demo-{}-winner{}", recipe.name, suffix(number)),
            models: [0, 1].map(|i| model_name(recipe, &recipe.models[i], number)),
        };
        let lines = deploy::play(session, recipe, &names, scratch, checks)?;
        tables.push(result_table(recipe, &names, &lines));
        all_names.push(names);
    }

    println!("\nClean up");
    clean::endpoints(session, &all_names, running_before, checks)?;
    if whole_workspace {
        clean::everything(session, &all_names, checks)?;
    }
    for text in tables {
        print!("\n{text}");
    }
    Ok(())
}

/// The first number whose names are all free: 1 in a new workspace.
fn free_number(snapshot: &Snapshot, recipes: &[Recipe]) -> u32 {
    let taken = |number: u32| {
        recipes.iter().any(|recipe| {
            let ending = suffix(number);
            let endpoint = format!("demo-{}{ending}", recipe.name);
            snapshot.endpoints.contains(&endpoint)
                || snapshot.endpoint_configs.contains(&endpoint)
                || snapshot.endpoint_configs.contains(&format!("demo-{}-winner{ending}", recipe.name))
                || recipe.models.iter().any(|candidate| {
                    let name = model_name(recipe, candidate, number);
                    snapshot.training_jobs.contains(&name) || snapshot.models.contains(&name)
                })
        })
    };
    (1..u32::MAX).find(|number| !taken(*number)).unwrap_or(u32::MAX)
}

fn suffix(number: u32) -> String {
    if number == 1 { String::new() } else { format!("-{number}") }
}

fn model_name(recipe: &Recipe, candidate: &Candidate, number: u32) -> String {
    format!("demo-{}-{}{}", recipe.name, candidate.variant.to_lowercase(), suffix(number))
}

fn result_table(recipe: &Recipe, names: &Names, lines: &[Line; 2]) -> String {
    let held_out = format!("held-out {}", recipe.measure());
    // A band holds for a bounded error only, so a regression shows its mean error; the RMSE stands beside it.
    let live = if recipe.classes { "live accuracy (95 % band)" } else { "live mean error (95 % band), RMSE" };
    let head = ["variant", "model", &held_out, live, "labelled", "share at 50", "share then", "p50", "p99"];
    let rows: Vec<Vec<String>> = lines
        .iter()
        .zip(&names.models)
        .map(|(line, model)| {
            let band = line.live.score.map_or("–".to_owned(), |score| {
                let rmse = line.live.rmse.map_or(String::new(), |rmse| format!(", {}", recipe.show(rmse)));
                let [estimate, low, high] = [score.estimate, score.low, score.high].map(|value| recipe.show(value));
                format!("{estimate} ({low} – {high}){rmse}")
            });
            vec![
                line.variant.to_owned(),
                model.clone(),
                recipe.show(line.held_out),
                band,
                line.live.labelled.to_string(),
                format!("{:.1} %", line.share_even * 100.0),
                format!("{:.1} % at {:.0}", line.share_tilted * 100.0, line.weight_tilted),
                format!("{} µs", line.live.p50_us),
                format!("{} µs", line.live.p99_us),
            ]
        })
        .collect();
    format!("{}\n{}", recipe.title, table(&head, &rows))
}
