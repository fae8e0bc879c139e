//! Counterpoise: a desktop console for models and endpoints, and the small SageMaker inside it.
//!
//! The floors, ground floor first; each may use the ones above it in this list as the table in ARCHITECTURE.md says, and nothing else:
//! `util` (clock, seed, promise) · `domain` (the resources) · `stats` (intervals, live numbers) · `ml` (data in, model out) ·
//! `workspace` (the contract between the window and the engine) · `store` (sled and buckets on disk) · `serving` (the data plane) ·
//! `engine` (the control plane) · `aws` (the wire) · `gui` (the window) · `system` (puts it together) · `cli` (the command line).

pub mod util;

pub mod domain;

pub mod stats;

pub mod ml;

pub mod workspace;

pub mod store;

pub mod serving;

pub mod engine;

pub mod aws;

pub mod gui;

pub mod system;

pub mod cli;
