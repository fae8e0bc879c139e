//! The look: colours and sizes ([`tokens`]), fonts ([`fonts`]), and egui's whole style made of them ([`apply`]).

pub mod fonts;
mod style;
pub mod tokens;

use serde::{Deserialize, Serialize};

pub use tokens::{Code, Theme, Tone, size};

/// What a person chose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ThemeChoice {
    /// As the system says; light where it says nothing.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl ThemeChoice {
    /// All, in the order in which Settings offers them.
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "System",
            Self::Light => "Light",
            Self::Dark => "Dark",
        }
    }

    fn preference(self) -> egui::ThemePreference {
        match self {
            Self::System => egui::ThemePreference::System,
            Self::Light => egui::ThemePreference::Light,
            Self::Dark => egui::ThemePreference::Dark,
        }
    }
}

/// Installs fonts and both styles, once, before the first frame.
pub fn apply(ctx: &egui::Context) {
    ctx.set_fonts(fonts::definitions());
    ctx.set_style_of(egui::Theme::Light, style::style(&tokens::LIGHT));
    ctx.set_style_of(egui::Theme::Dark, style::style(&tokens::DARK));
    ctx.options_mut(|options| options.fallback_theme = egui::Theme::Light);
}

/// Switches between the themes.
pub fn choose(ctx: &egui::Context, choice: ThemeChoice) {
    ctx.set_theme(choice.preference());
}
