//! The last station: everything that bills or clutters is gone.

use anyhow::{Context, Result};

use super::checks::Checks;
use super::deploy::Names;
use super::session::Session;
use crate::workspace::Command;

/// Deletes the endpoints, which bill, and waits until they are gone. `before`: how many things ran before the demo.
pub fn endpoints(session: &Session, all: &[Names], before: usize, checks: &mut Checks) -> Result<()> {
    for names in all {
        session.tell(Command::DeleteEndpoint { name: names.endpoint.clone() })?;
    }
    session.until("the endpoints to be gone", |snapshot| {
        Ok(all.iter().all(|names| !snapshot.endpoints.contains(&names.endpoint)).then_some(()))
    })?;
    let (usd, n) = session.snapshot().running_cost();
    checks.hold(n <= before, &format!("{n} things run, ${usd:.2}/h at AWS list price"));
    Ok(())
}

/// Deletes all the rest, down to the bucket: for a workspace that was made for the demo.
pub fn everything(session: &Session, all: &[Names], checks: &mut Checks) -> Result<()> {
    for names in all {
        for name in [&names.endpoint, &names.winner_config] {
            session.tell(Command::DeleteEndpointConfig { name: name.clone() })?;
        }
        for name in &names.models {
            session.tell(Command::DeleteModel { name: name.clone() })?;
            session.tell(Command::DeleteTrainingJob { name: name.clone() })?;
        }
    }
    let bucket = session.snapshot().info.account.default_bucket();
    session.tell(Command::DeleteBucket { name: bucket.clone(), with_objects: true })?;
    let snapshot = session.snapshot();
    let left = snapshot.endpoints.len()
        + snapshot.endpoint_configs.len()
        + snapshot.models.len()
        + snapshot.training_jobs.len()
        + snapshot.buckets.len()
        + snapshot.objects.values().map(crate::workspace::Table::len).sum::<usize>();
    let folder = snapshot.info.folder.join("buckets").join(bucket);
    let files = match std::fs::read_dir(&folder) {
        Ok(entries) => entries.count(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => 0,
        Err(error) => return Err(error).with_context(|| format!("{} cannot be read", folder.display())),
    };
    checks.hold(left == 0 && files == 0, &format!("left in the workspace: {left} resources, {files} files"));
    Ok(())
}
