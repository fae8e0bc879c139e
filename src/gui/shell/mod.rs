//! What surrounds every page: rail, top bar, activity drawer; and what floats above: palette, questions, toasts.

mod confirm;
mod drawer;
mod fuzzy;
mod palette;
mod rail;
pub mod running;
mod toasts;
mod top_bar;

pub(crate) use rail::logo;

use super::context::Context;
use super::route::Route;
use crate::workspace::Snapshot;

/// Its state.
pub struct Shell {
    /// Short words at the corner.
    pub toasts: toasts::Toasts,
    /// The question being asked.
    pub confirm: confirm::Question,
    /// The command palette.
    pub palette: palette::Palette,
}

impl Shell {
    /// A shell over a workspace as it is at the start: what happened before brings no toast.
    pub fn new(snapshot: &Snapshot) -> Self {
        Self {
            toasts: toasts::Toasts::new(snapshot),
            confirm: confirm::Question::default(),
            palette: palette::Palette::default(),
        }
    }

    /// Rail, top bar and foot; what is left in `ui` is the page's.
    pub fn around(&mut self, ui: &mut egui::Ui, cx: &mut Context<'_>, route: &Route) {
        rail::ui(ui, cx, route);
        top_bar::ui(ui, cx, route);
        drawer::ui(ui, cx);
    }

    /// What floats above the page.
    pub fn above(&mut self, ui: &mut egui::Ui, cx: &mut Context<'_>, route: &Route) {
        self.palette.ui(ui, cx);
        self.confirm.ui(ui, cx);
        self.toasts.ui(ui, cx, route);
    }
}
