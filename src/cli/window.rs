//! Plain `counterpoise`: the window, or the demo where none can open.

use std::path::Path;

use anyhow::Result;

use super::{Open, demo, display, folder, log};
use crate::gui;
use crate::system::SystemOptions;

/// Opens the window on the workspace; answers whether all went well.
pub fn run(named: Option<&Path>) -> Result<bool> {
    if let Err(why) = display::check() {
        eprintln!("No window: {why}. Running `counterpoise demo` instead.\n");
        return demo::run(None);
    }
    let folder = folder::workspace(named)?;
    log::start(&folder)?;
    // The usual port, so that URLs stay the same from start to start; another one only where that is taken.
    let open = Open::start(SystemOptions { folder: folder.clone(), ..SystemOptions::default() })?;
    let outcome =
        gui::run(open.system.workspace(), gui::Options { folder: Some(folder.clone()), ..gui::Options::default() });
    open.close()?;
    match outcome {
        Ok(()) => Ok(true),
        Err(why) => {
            eprintln!("No window: {why:#}. Running `counterpoise demo` instead.\n");
            demo::run(None)
        }
    }
}
