//! The data plane over real HTTP: invocations, refusals, weights, swaps under load, rude clients, and the end.

mod artefacts;
mod express;
mod instances;
mod invocations;
mod lifetime;
mod limits;
mod server;
mod shadows;
