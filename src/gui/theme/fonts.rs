//! The bundled fonts and the text styles made of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use egui::{FontData, FontDefinitions, FontFamily, FontId, FontTweak, TextStyle};

const REGULAR: &str = "inter-regular";
const MEDIUM: &str = "inter-medium";
const SEMIBOLD: &str = "inter-semibold";
const MONO: &str = "jetbrains-mono";
const ICONS: &str = "lucide";

/// Weight of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// 400.
    Regular,
    /// 500.
    Medium,
    /// 600.
    Semibold,
}

/// Inter at a size and weight.
pub fn inter(size: f32, weight: Weight) -> FontId {
    let family = match weight {
        Weight::Regular => FontFamily::Proportional,
        Weight::Medium => FontFamily::Name(MEDIUM.into()),
        Weight::Semibold => FontFamily::Name(SEMIBOLD.into()),
    };
    FontId::new(size, family)
}

/// 13, regular: what a window is mostly made of.
pub fn body() -> FontId {
    inter(13.0, Weight::Regular)
}

/// 13, medium: names and buttons.
pub fn medium() -> FontId {
    inter(13.0, Weight::Medium)
}

/// 13, semibold: heads of cards.
pub fn strong() -> FontId {
    inter(13.0, Weight::Semibold)
}

/// 12, regular: what stands beside or below.
pub fn small() -> FontId {
    inter(12.0, Weight::Regular)
}

/// 12, medium: pills, table heads.
pub fn small_medium() -> FontId {
    inter(12.0, Weight::Medium)
}

/// 20, semibold: a page's title.
pub fn title() -> FontId {
    inter(20.0, Weight::Semibold)
}

/// 24, semibold: the one number of a card.
pub fn number() -> FontId {
    inter(24.0, Weight::Semibold)
}

/// 12, `JetBrains Mono`: URLs, ARNs, code.
pub fn mono() -> FontId {
    FontId::new(12.0, FontFamily::Monospace)
}

/// Lucide's icons at a size.
pub fn icons(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name(ICONS.into()))
}

/// What `TextStyle`s mean here; `Name("strong")`, `Name("medium")`, `Name("title")` and `Name("number")` beside egui's own.
pub fn text_styles() -> BTreeMap<TextStyle, FontId> {
    [
        (TextStyle::Body, body()),
        (TextStyle::Small, small()),
        (TextStyle::Button, medium()),
        (TextStyle::Heading, title()),
        (TextStyle::Monospace, mono()),
        (TextStyle::Name("medium".into()), medium()),
        (TextStyle::Name("strong".into()), strong()),
        (TextStyle::Name("title".into()), title()),
        (TextStyle::Name("number".into()), number()),
    ]
    .into()
}

/// The font files. Ours come first; egui's own stay behind them for the scripts that Inter lacks.
pub fn definitions() -> FontDefinitions {
    let mut fonts = FontDefinitions::default();
    let fallback: Vec<String> = fonts.families.get(&FontFamily::Proportional).cloned().unwrap_or_default();
    let mut add = |name: &str, bytes: &'static [u8], tweak: FontTweak| {
        fonts.font_data.insert(name.to_owned(), Arc::new(FontData::from_static(bytes).tweak(tweak)));
    };
    add(REGULAR, include_bytes!("../../../assets/fonts/Inter-Regular.otf"), FontTweak::default());
    add(MEDIUM, include_bytes!("../../../assets/fonts/Inter-Medium.otf"), FontTweak::default());
    add(SEMIBOLD, include_bytes!("../../../assets/fonts/Inter-SemiBold.otf"), FontTweak::default());
    add(MONO, include_bytes!("../../../assets/fonts/JetBrainsMono-Regular.ttf"), FontTweak::default());
    add(ICONS, lucide_icons::LUCIDE_FONT_BYTES, FontTweak::default());
    let mut family = |family: FontFamily, first: &[&str]| {
        let names = first.iter().map(|name| (*name).to_owned()).chain(fallback.iter().cloned()).collect();
        fonts.families.insert(family, names);
    };
    family(FontFamily::Proportional, &[REGULAR]);
    family(FontFamily::Name(MEDIUM.into()), &[MEDIUM, REGULAR]);
    family(FontFamily::Name(SEMIBOLD.into()), &[SEMIBOLD, REGULAR]);
    family(FontFamily::Monospace, &[MONO, REGULAR]);
    family(FontFamily::Name(ICONS.into()), &[ICONS, REGULAR]);
    fonts
}
