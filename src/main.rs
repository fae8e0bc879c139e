//! `counterpoise`: hands the command line over and turns its answer into an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    counterpoise::cli::run()
}
