//! What the engine does with what the last run left: every machine goes on or ends with its reason.

use super::change::{Change, Row, endpoint_tells, training_tells};
use super::control::Control;
use super::machine::{Tell, endpoint, training_job};
use crate::domain::access_key::AccessKey;
use crate::domain::reference::Kind;
use crate::domain::role::{BUILT_IN, Role};
use crate::domain::s3_uri::S3Uri;
use crate::domain::time::Timestamp;
use crate::domain::traffic_test::TrafficTestStatus;
use crate::store::{Batch, Mended, RestoreNote};
use crate::util::promise::{Promise, promise};
use crate::workspace::{Restored, WorkspaceInfo};

/// The name of the access key among the workspace's facts.
const ACCESS_KEY: &str = "access_key";

impl Control {
    /// Picks up. The promise is kept when every endpoint that served before serves again or has failed with its reason.
    pub(super) fn recover(&mut self) -> Promise<()> {
        self.introduce();
        // Workers look at the published world, and the first of them start below: a job must not find its buckets missing.
        self.publish();
        self.shared.serving.keep_captured(|endpoint| self.world.endpoints.contains(endpoint));
        self.recover_traffic_tests();
        self.recover_training_jobs();
        self.recover_endpoints();
        let (resolver, restored) = promise();
        self.restored = Some(resolver);
        self.restores_done();
        self.training_dispatch();
        self.publish();
        restored
    }

    /// Facts about the workspace itself, and what the store had to do to open.
    fn introduce(&mut self) {
        let note = self.options.restored.take();
        let restored = note.as_ref().map(|note| Restored {
            backup_made: note.backup_made,
            records: note.records,
            kept_at: note.kept_at.clone().unwrap_or_default(),
            why: note.why.clone(),
        });
        self.world.info = std::sync::Arc::new(WorkspaceInfo {
            folder: self.shared.store.folder().to_owned(),
            account: crate::domain::arn::Account::default(),
            access_key: self.access_key(),
            base_url: None,
            ca_bundle: None,
            restored,
        });
        if !self.world.roles.contains(BUILT_IN) {
            let role = Role::built_in(self.now());
            if let Err(error) = self.commit(Change::row(Row::Role(role.clone()))) {
                tracing::warn!("the built-in role is not on disk: {error}");
                self.show(Row::Role(role));
            }
        }
        let mended = std::mem::take(&mut self.options.mended);
        for path in &mended.foreign {
            tracing::info!("{} is no object of a bucket and was left alone", path.display());
        }
        let tells: Vec<_> = note.iter().map(restore_tell).chain(mend_tell(&mended)).map(|tell| (tell, None)).collect();
        if !tells.is_empty()
            && let Err(error) = self.commit(Change { rows: Vec::new(), tells })
        {
            tracing::warn!("an event was lost: {error}");
        }
    }

    /// The workspace's key pair; made, and kept, at the first start.
    fn access_key(&self) -> AccessKey {
        match self.shared.store.meta(ACCESS_KEY) {
            Ok(Some(known)) => return known,
            Ok(None) => {}
            Err(error) => tracing::warn!("the access key could not be read, so there is a new one: {error}"),
        }
        let key = match AccessKey::generate(getrandom::u64) {
            Ok(key) => key,
            Err(error) => {
                tracing::error!("this system gives no randomness, so requests cannot be signed: {error}");
                return AccessKey::default();
            }
        };
        let mut batch = Batch::new();
        batch.set_meta(ACCESS_KEY, &key);
        if let Err(error) = self.shared.store.commit(batch) {
            tracing::warn!("the access key could not be kept, so the next start makes another: {error}");
        }
        key
    }

    fn recover_traffic_tests(&mut self) {
        let now = self.now();
        let running: Vec<_> =
            self.world.traffic_tests.values().filter(|t| t.status == TrafficTestStatus::Running).cloned().collect();
        for test in running {
            let mut test = (*test).clone();
            let name = test.spec.endpoint.clone();
            test.status = TrafficTestStatus::Stopped;
            test.ended = Some(now);
            test.failure_reason = Some("The app ended while the test was running".to_owned());
            let tell = Tell::warning(
                format!("The traffic test of {name} was stopped"),
                "The app ended while it was running. Start it again for the rest.",
            );
            self.commit_or_show(&name, Row::TrafficTest(test), vec![tell], Kind::Endpoint);
        }
    }

    fn recover_training_jobs(&mut self) {
        let mut open: Vec<_> =
            self.world.training_jobs.values().filter(|job| !job.status.is_final()).cloned().collect();
        open.sort_by_key(|job| job.created);
        for job in open {
            // `Found` is never refused.
            let Ok((next, effects)) = training_job::step(&job, training_job::Event::Found, self.now()) else {
                continue;
            };
            let name = job.name().to_owned();
            if next != *job {
                let tells = training_tells(&effects);
                self.commit_or_show(&name, Row::TrainingJob(next), tells, Kind::TrainingJob);
            }
            self.training_effects(&name, effects);
        }
    }

    fn recover_endpoints(&mut self) {
        let all: Vec<_> = self.world.endpoints.values().cloned().collect();
        for before in all {
            let Ok((next, effects)) = endpoint::step(&before, endpoint::Event::Found, self.now()) else { continue };
            let name = before.name.clone();
            if let Some(next) = next
                && next != *before
            {
                self.commit_or_show(&name, Row::Endpoint(next), endpoint_tells(&effects), Kind::Endpoint);
            }
            self.endpoint_effects(&name, effects, None);
        }
    }
}

fn restore_tell(note: &RestoreNote) -> Tell {
    let kept = note
        .kept_at
        .as_ref()
        .map_or_else(String::new, |path| format!(" The unreadable files are kept in {}.", path.display()));
    match note.backup_made {
        Some(Timestamp(_)) => Tell::warning(
            format!("The workspace was restored from a backup with {} records", note.records),
            format!("{}.{kept} Changes made after the backup are missing.", note.why),
        ),
        None => Tell::error(
            "The workspace could not be read, and there was no backup",
            format!("{}.{kept} It starts empty; objects in buckets are still on disk.", note.why),
        ),
    }
}

/// What was put right in the buckets, if anything was.
fn mend_tell(mended: &Mended) -> Option<Tell> {
    let objects = |all: &[S3Uri], became: &str| {
        let first = all.first()?;
        let more = if all.len() > 1 { format!(" and {} more", all.len() - 1) } else { String::new() };
        Some(format!("{first}{more}: {became}"))
    };
    let buckets = mended.buckets.first().map(|first| {
        let more =
            if mended.buckets.len() > 1 { format!(" and {} more", mended.buckets.len() - 1) } else { String::new() };
        format!("bucket {first}{more}: found on disk and taken up")
    });
    let parts: Vec<String> = [
        buckets,
        objects(&mended.picked_up, "found on disk and taken up"),
        objects(&mended.refreshed, "changed on disk and measured again"),
        objects(&mended.lost, "gone from disk and taken off the list"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let text = "The files of the buckets had changed while the workspace was closed";
    (!parts.is_empty()).then(|| Tell::warning(text, format!("{}.", parts.join("; "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_right_is_told_and_nothing_else() {
        assert!(mend_tell(&Mended::default()).is_none());
        let foreign = Mended { foreign: vec!["/w/buckets/notes.txt".into()], ..Mended::default() };
        assert!(mend_tell(&foreign).is_none(), "what was left alone is no news at every start");
        let lost = ["x", "y", "z"].map(|key| S3Uri::new("b", key)).to_vec();
        let mended = Mended { lost, buckets: vec!["b".into()], ..Mended::default() };
        assert_eq!(
            mend_tell(&mended).unwrap().detail.unwrap(),
            "bucket b: found on disk and taken up; s3://b/x and 2 more: gone from disk and taken off the list."
        );
    }
}
