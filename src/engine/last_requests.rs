//! When each endpoint was asked last, kept over a restart: what is idle should not look busy because the app was opened anew.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::serving::Serving;
use crate::stats::live::EndpointLive;
use crate::util::file::write_whole;
use crate::workspace::Snapshot;

/// How often they are written down, milliseconds. After a crash as much is forgotten.
const EVERY_MS: i64 = 60_000;

/// Milliseconds since 1970, by endpoint.
type Times = BTreeMap<String, i64>;

/// The times of this run and of those before.
#[derive(Debug)]
pub(super) struct LastRequests {
    file: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// As they are on disk.
    kept: Times,
    written_ms: i64,
}

impl LastRequests {
    /// Reads what the last run left.
    pub(super) fn open(file: PathBuf) -> Self {
        let kept = std::fs::read(&file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        Self { file, state: Mutex::new(State { kept, written_ms: 0 }) }
    }

    /// Writes them down, if it is time (or `now_or_never`) and one has changed.
    pub(super) fn keep(&self, world: &Snapshot, serving: &Serving, now_ms: i64, now_or_never: bool) {
        let mut state = self.lock();
        if !now_or_never && now_ms - state.written_ms < EVERY_MS {
            return;
        }
        state.written_ms = now_ms;
        let of = |name: &str| {
            let now = serving.live(name).and_then(|live| live.last_request_ms);
            now.max(state.kept.get(name).copied())
        };
        let times: Times = world
            .endpoints
            .values()
            .filter_map(|endpoint| Some((endpoint.name.clone(), of(&endpoint.name)?)))
            .collect();
        if times == state.kept {
            return;
        }
        let written =
            serde_json::to_vec(&times).map_err(std::io::Error::from).and_then(|bytes| write_whole(&self.file, &bytes));
        match written {
            Ok(()) => state.kept = times,
            Err(error) => tracing::warn!("{} could not be written: {error}", self.file.display()),
        }
    }

    /// What is known of an endpoint now, with the time of an earlier run where nothing was asked in this one.
    pub(super) fn complete(&self, world: &Snapshot, name: &str, live: Arc<EndpointLive>) -> Arc<EndpointLive> {
        if live.last_request_ms.is_some() {
            return live;
        }
        // Of an endpoint that is gone, another one may have the name.
        let since = world.endpoints.get(name).map_or(i64::MAX, |endpoint| endpoint.created.0);
        match self.lock().kept.get(name).copied().filter(|at| *at >= since) {
            None => live,
            before => Arc::new(EndpointLive { last_request_ms: before, ..(*live).clone() }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
