//! All integration tests in one binary: one link, one run. A `mod` line per subject.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test's helpers fail by panicking, as its body does")]

mod support;

mod cli;
mod engine;
mod fuzz;
mod gui;
mod load;
mod oracle;
mod restart;
mod sagemaker;
mod screenshots;
mod serving;
mod store_kill;
mod tidy;
mod watch;
