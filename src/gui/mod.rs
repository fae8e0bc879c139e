//! The window. It knows the workspace by its contract alone: each frame reads a snapshot, draws, and hands in what a person wished for.
//!
//! [`app`] runs a frame; [`shell`] is what surrounds every page; [`pages`] are the places of [`route`]; [`widgets`] and [`theme`] are what all are made of.

pub mod action;
pub mod app;
pub mod commands;
pub mod context;
pub mod files;
pub mod format;
pub mod pages;
pub mod prefs;
pub mod requested;
pub mod route;
pub mod shell;
pub mod snippets;
pub mod theme;
pub mod tickets;
pub mod widgets;

pub use app::{App, Options, run};

/// Asks for a frame when a text that shows a time will change, but never more often than every five seconds.
pub fn ticking(ctx: &egui::Context, in_ms: i64) {
    let ms = u64::try_from(in_ms).unwrap_or(0).clamp(5_000, 3_600_000);
    ctx.request_repaint_after(std::time::Duration::from_millis(ms));
}
