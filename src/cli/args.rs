//! What can be typed after `counterpoise`.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::system::DEFAULT_PORT;
use crate::workspace::Shell;

/// A desktop console for models and endpoints, with a small, real SageMaker inside.
///
/// Without a command it opens the window. Where no window can open, it says so and runs the demo.
#[derive(Debug, Parser)]
#[command(name = "counterpoise", version, about, max_term_width = 100)]
pub struct Args {
    /// Folder of the workspace [default: the platform's own data folder]
    #[arg(long, value_name = "DIR", global = true)]
    pub data: Option<PathBuf>,

    /// What to do
    #[command(subcommand)]
    pub command: Option<Verb>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Serve the workspace without a window, until SIGTERM or Ctrl-C
    ///
    /// Prints `ready http://127.0.0.1:PORT` once requests are answered.
    Serve(Serve),
    /// Print the environment in which AWS's own clients find the workspace that runs
    ///
    /// For example: eval "$(counterpoise env)". Stdout holds shell code and nothing else.
    Env {
        /// The port that it must be served on [default: whichever it is]
        #[arg(long, value_name = "PORT")]
        port: Option<u16>,
        /// The shell to speak to [default: the one that $SHELL names]
        #[arg(long, value_name = "SHELL", value_enum)]
        shell: Option<Shell>,
    },
    /// Run a program with that environment: counterpoise run -- python train.py
    Run {
        /// The port that the workspace must be served on [default: whichever it is]
        #[arg(long, value_name = "PORT")]
        port: Option<u16>,
        /// The program and its arguments
        #[arg(value_name = "PROGRAM", trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        line: Vec<OsString>,
    },
    /// Run the whole loop on two data sets over real HTTP: train, deploy, weigh, update, clean up
    ///
    /// Works in a temporary workspace, or in the one that --data names, which is kept. Exits with 0 when every check held.
    Demo,
    /// Say what is in a workspace and what of it runs
    Status,
}

/// How to serve.
#[derive(Debug, clap::Args)]
pub struct Serve {
    /// Port; 0 picks a free one
    #[arg(long, value_name = "PORT", default_value_t = DEFAULT_PORT)]
    pub port: u16,
    /// Address to listen on; one that other machines reach takes signed requests only
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub bind: IpAddr,
    /// Take no request that is not signed with the workspace's key
    #[arg(long)]
    pub require_signature: bool,
    /// How long an answer may wait for what it tells of to change: keeps clients that poll from asking in vain [default: 5]
    #[arg(long, value_name = "SECONDS", value_parser = hold)]
    pub describe_hold: Option<Duration>,
}

/// 0 to 50 seconds: AWS's clients give up on an answer after 60.
fn hold(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<f64>().ok().filter(|seconds| (0.0..=50.0).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| "must be 0 to 50 seconds".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn the_folder_can_stand_on_either_side_of_the_command() {
        for line in [["counterpoise", "--data", "x", "serve"], ["counterpoise", "serve", "--data", "x"]] {
            let args = Args::try_parse_from(line).unwrap();
            assert_eq!(args.data, Some(PathBuf::from("x")));
            assert!(matches!(args.command, Some(Verb::Serve(Serve { port: DEFAULT_PORT, .. }))));
        }
    }

    #[test]
    fn what_follows_run_is_the_programs_own() {
        let args = Args::try_parse_from(["counterpoise", "run", "--", "python", "--data", "-x"]).unwrap();
        let Some(Verb::Run { line, .. }) = args.command else { panic!("{args:?}") };
        assert_eq!((args.data, line), (None, ["python", "--data", "-x"].map(OsString::from).to_vec()));
        assert!(Args::try_parse_from(["counterpoise", "run"]).is_err());
    }

    #[test]
    fn a_wait_is_no_longer_than_clients_wait() {
        assert_eq!((hold("0"), hold("2.5")), (Ok(Duration::ZERO), Ok(Duration::from_millis(2_500))));
        assert!(["-1", "51", "NaN", "x"].iter().all(|text| hold(text).is_err()));
    }
}
