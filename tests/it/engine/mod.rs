//! The engine in a real system: a temporary folder, port 0, real HTTP.

mod autopilot;
mod commands;
mod endpoints;
mod killed;
pub(crate) mod lab;
mod labels;
mod reopening;
mod replay;
mod shadows;
mod traffic;
mod training;
mod update_alarms;
mod updates;
