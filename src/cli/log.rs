//! The application's own log: everything worth knowing in `logs/counterpoise.log` of the workspace, trouble on stderr.

use std::fs::{self, File};
use std::path::Path;

use anyhow::{Context, Result};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Above this size the log of the last runs steps aside as `counterpoise.log.1` when the app starts.
const MAX_BYTES: u64 = 5 * 1024 * 1024;

/// Starts both logs. `COUNTERPOISE_LOG` (for example `info` or `counterpoise::engine=debug`) says what goes to stderr, our own
/// warnings by default.
pub fn start(workspace: &Path) -> Result<()> {
    let file = open(&workspace.join("logs"))?;
    // The S3 crate calls every refusal an error, and a client that looks whether something is there is refused all day. What is an error of
    // ours is logged by ourselves.
    let to_file =
        fmt::layer().with_ansi(false).with_writer(file).with_filter(EnvFilter::new("warn,counterpoise=info,s3s=off"));
    // What the toolkit of the window warns of (a display without a size, …) is of use in the file only.
    let asked = std::env::var("COUNTERPOISE_LOG").unwrap_or_else(|_| "error,counterpoise=warn,s3s=off".to_owned());
    let shown = EnvFilter::try_new(&asked).with_context(|| {
        format!("COUNTERPOISE_LOG={asked} is not a filter such as `info` or `counterpoise::engine=debug`")
    })?;
    let to_stderr = fmt::layer().with_writer(std::io::stderr).with_target(false).without_time().with_filter(shown);
    // A second start in the same process (tests) keeps the first logs.
    let _ = tracing_subscriber::registry().with(to_file).with(to_stderr).try_init();
    Ok(())
}

fn open(folder: &Path) -> Result<File> {
    fs::create_dir_all(folder).with_context(|| format!("the folder {} cannot be made", folder.display()))?;
    let path = folder.join("counterpoise.log");
    if fs::metadata(&path).is_ok_and(|known| known.len() > MAX_BYTES) {
        fs::rename(&path, folder.join("counterpoise.log.1"))
            .with_context(|| format!("the old log {} cannot be put aside", path.display()))?;
    }
    File::options()
        .create(true)
        .append(true)
        .open(&path)
        .with_context(|| format!("{} cannot be written", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_long_log_steps_aside() {
        let folder = tempfile::tempdir().unwrap();
        open(folder.path()).unwrap().write_all(b"short\n").unwrap();
        open(folder.path()).unwrap();
        assert!(!folder.path().join("counterpoise.log.1").exists());
        File::create(folder.path().join("counterpoise.log")).unwrap().set_len(MAX_BYTES + 1).unwrap();
        open(folder.path()).unwrap();
        assert_eq!(fs::metadata(folder.path().join("counterpoise.log.1")).unwrap().len(), MAX_BYTES + 1);
        assert_eq!(fs::metadata(folder.path().join("counterpoise.log")).unwrap().len(), 0);
    }
}
