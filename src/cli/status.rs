//! `counterpoise status`: what is in a workspace and what of it runs, whether another process has it open or none has.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, bail};

use super::client::Client;
use super::note::Note;
use super::text::table;
use crate::domain::access_key::AccessKey;
use crate::system;
use crate::workspace::Snapshot;

/// Prints it.
pub fn run(folder: &Path) -> Result<()> {
    if !folder.exists() {
        println!("There is no workspace in {} yet.", folder.display());
        return Ok(());
    }
    if let Some(note) = Note::read(folder)
        && let Ok(page) = metrics(&note)
    {
        println!("Workspace {}\nServes at {} (process {})\n", folder.display(), note.url, note.pid);
        print!("{}", running(&page));
        return Ok(());
    }
    let snapshot = system::look(folder)?;
    println!("Workspace {}\nNobody has it open: nothing runs.\n", folder.display());
    print!("{}", closed(&snapshot));
    Ok(())
}

fn metrics(note: &Note) -> Result<String> {
    let mut client = Client::connect(&note.url)?;
    let variable = |wanted: &str| {
        let found = note.environment.iter().find(|(name, _)| name == wanted);
        found.map_or_else(String::new, |(_, value)| value.clone())
    };
    // It may be one that answers nothing that is not signed.
    let key = AccessKey { id: variable("AWS_ACCESS_KEY_ID"), secret: variable("AWS_SECRET_ACCESS_KEY") };
    let headers = system::signed_get(client.host(), "/metrics", &key, &variable("AWS_REGION"));
    let answer = client.get("/metrics", &headers)?;
    if answer.status != 200 {
        bail!("{}/metrics answered {}", note.url, answer.status);
    }
    Ok(answer.body)
}

/// One line a variant of every endpoint that serves, from the Prometheus page.
fn running(page: &str) -> String {
    /// Labels by name, and the value.
    fn sample<'a>(line: &'a str, metric: &str) -> Option<(BTreeMap<&'a str, &'a str>, f64)> {
        let (labels, value) = line.strip_prefix(metric)?.strip_prefix('{')?.split_once("} ")?;
        let labels = labels.split(',').filter_map(|pair| pair.split_once('=')).map(|(k, v)| (k, v.trim_matches('"')));
        Some((labels.collect(), value.parse().ok()?))
    }
    let mut rows: BTreeMap<[&str; 3], [String; 3]> = BTreeMap::new();
    for (column, metric) in
        ["counterpoise_variant_weight", "counterpoise_requests_total", "counterpoise_server_errors_total"]
            .iter()
            .enumerate()
    {
        for (labels, value) in page.lines().filter_map(|line| sample(line, metric)) {
            let of = |name| labels.get(name).copied().unwrap_or_default();
            // While an update moves traffic, two models may stand behind a variant of one name.
            rows.entry([of("endpoint"), of("variant"), of("model")]).or_default()[column] = value.to_string();
        }
    }
    if rows.is_empty() {
        return "No endpoint serves.\n".to_owned();
    }
    let rows: Vec<Vec<String>> = rows
        .into_iter()
        .map(|(names, numbers)| names.map(str::to_owned).into_iter().chain(numbers).collect())
        .collect();
    table(&["endpoint", "variant", "model", "weight", "requests", "failed"], &rows)
}

/// What would run again when the workspace is opened, and how much else there is.
fn closed(snapshot: &Snapshot) -> String {
    let rows: Vec<Vec<String>> = snapshot
        .endpoints
        .values()
        .map(|endpoint| {
            let weights: Vec<String> = endpoint.variants.iter().map(|v| format!("{} {}", v.name, v.weight)).collect();
            vec![
                endpoint.name.clone(),
                endpoint.status.as_str().to_owned(),
                endpoint.config_name.clone(),
                weights.join(", "),
                format!("${:.2}/h", endpoint.usd_per_hour()),
            ]
        })
        .collect();
    let mut out = String::new();
    if !rows.is_empty() {
        out = table(&["endpoint", "when it closed", "configuration", "weights", "at AWS"], &rows);
        out.push('\n');
    }
    let unfinished = snapshot.training_jobs.values().filter(|job| !job.status.is_final()).count();
    let objects: usize = snapshot.objects.values().map(crate::workspace::Table::len).sum();
    let counts = [
        ("training jobs", snapshot.training_jobs.len()),
        ("of them unfinished", unfinished),
        ("models", snapshot.models.len()),
        ("endpoint configurations", snapshot.endpoint_configs.len()),
        ("endpoints", snapshot.endpoints.len()),
        ("buckets", snapshot.buckets.len()),
        ("objects", objects),
    ];
    let words: Vec<String> = counts.iter().map(|(what, n)| format!("{n} {what}")).collect();
    out.push_str(&words.join(" · "));
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_are_read_from_the_metrics_page() {
        let page = "\
# TYPE counterpoise_requests_total counter
counterpoise_requests_total{endpoint=\"e\",variant=\"A\",model=\"m\"} 12
counterpoise_server_errors_total{endpoint=\"e\",variant=\"A\",model=\"m\"} 0
counterpoise_variant_weight{endpoint=\"e\",variant=\"A\",model=\"m\"} 0.5
counterpoise_in_flight_requests{endpoint=\"e\"} 0
";
        assert!(running(page).contains("e         A        m         0.5        12       0\n"), "{}", running(page));
        let two = format!("{page}{}", page.replace("model=\"m\"", "model=\"n\"").replace("} 0.5", "} 0.1"));
        assert!(running(&two).contains("e         A        n         0.1        12       0\n"), "{}", running(&two));
        assert_eq!(running("counterpoise_build_info{version=\"1\"} 1\n"), "No endpoint serves.\n");
    }

    #[test]
    fn an_empty_workspace_has_counts_only() {
        assert!(closed(&Snapshot::default()).starts_with("0 training jobs · "));
    }
}
