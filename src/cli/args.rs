//! What can be typed after `counterpoise`.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::system::DEFAULT_PORT;

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
    Serve {
        /// Port on 127.0.0.1; 0 picks a free one
        #[arg(long, value_name = "PORT", default_value_t = DEFAULT_PORT)]
        port: u16,
    },
    /// Run the whole loop on two data sets over real HTTP: train, deploy, weigh, update, clean up
    ///
    /// Works in a temporary workspace, or in the one that --data names, which is kept. Exits with 0 when every check held.
    Demo,
    /// Say what is in a workspace and what of it runs
    Status,
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
            assert!(matches!(args.command, Some(Verb::Serve { port: DEFAULT_PORT })));
        }
    }
}
