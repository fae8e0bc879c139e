//! What pages are made of. Each takes a `Ui`, finds its theme there, and gives every control an accessible name.

pub mod button;
pub mod card;
pub mod code_block;
pub mod dialog;
pub mod empty_state;
pub mod field;
pub mod header;
pub mod icon;
pub mod menu;
pub mod page;
pub mod pill;
pub mod plot;
pub mod progress;
pub mod relations;
pub mod split_bar;
pub mod syntax;
pub mod table;
pub mod tabs;
pub mod text;

pub use button::{Button, ButtonKind};
pub use card::card;
pub use empty_state::empty_state;
pub use field::Field;
pub use header::header;
pub use icon::icon;
pub use lucide_icons::Icon;
pub use pill::{Pill, PillTone};
pub use progress::progress_bar;
pub use table::{Cell, Column, Rows, Table, TableState};
pub use tabs::tabs;

/// Draws at a fixed place, without moving the cursor of the `Ui` around it: for rows that were allocated as a whole.
pub fn at<R>(ui: &mut egui::Ui, rect: egui::Rect, layout: egui::Layout, content: impl FnOnce(&mut egui::Ui) -> R) -> R {
    let mut child = ui.new_child(egui::UiBuilder::new().max_rect(rect).layout(layout));
    content(&mut child)
}
