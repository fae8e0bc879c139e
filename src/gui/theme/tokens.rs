//! Every colour and size of the window. Two tables, light and dark; a page names a token and never a colour.

use egui::Color32;

/// A colour for words and the soft ground that it stands on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tone {
    /// Words and icons.
    pub text: Color32,
    /// What they stand on.
    pub soft: Color32,
}

/// Colours of code, on the panel's ground; comments are [`Theme::faint`], the rest is [`Theme::text`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Code {
    /// `import`, `for`.
    pub keyword: Color32,
    /// What stands in quotes.
    pub text: Color32,
    /// Numbers.
    pub number: Color32,
    /// What is called or run.
    pub call: Color32,
    /// Names of arguments and options.
    pub argument: Color32,
}

/// One theme's colours.
#[derive(Clone, Debug, PartialEq)]
pub struct Theme {
    /// Whether it is the dark one.
    pub dark: bool,
    /// The page.
    pub background: Color32,
    /// Rail, foot, table heads: one step from the page.
    pub panel: Color32,
    /// Cards, fields, dialogs.
    pub raised: Color32,
    /// Under the pointer, on any ground.
    pub hover: Color32,
    /// Hairlines between things.
    pub line: Color32,
    /// Borders of controls.
    pub line_strong: Color32,
    /// Words that matter.
    pub text: Color32,
    /// Words beside them.
    pub muted: Color32,
    /// Hints and section heads: still readable (AA) on every ground.
    pub faint: Color32,
    /// Where you are, and the one primary action.
    pub accent: Color32,
    /// The accent under the pointer.
    pub accent_hover: Color32,
    /// Ground of what is selected.
    pub accent_soft: Color32,
    /// Words on the accent.
    pub on_accent: Color32,
    /// Went well, serves.
    pub ok: Tone,
    /// Wants a look.
    pub warn: Tone,
    /// Failed, or destroys.
    pub error: Tone,
    /// Under way.
    pub changing: Tone,
    /// At rest.
    pub quiet: Tone,
    /// The parts of the tracks of progress bars that are not done.
    pub track: Color32,
    /// One for each of the ten variants that a configuration may have: eight of Okabe & Ito 2008 (lightened for the dark ground), then a
    /// deep purple and a brown, which differ from those in lightness where they do not in hue.
    pub variants: [Color32; 10],
    /// Opacity of the bands around a variant's line.
    pub band: f32,
    /// Words on a variant's colour, in the same order.
    pub on_variants: [Color32; 10],
    /// Code.
    pub code: Code,
    /// Behind dialogs.
    pub scrim: Color32,
    /// Below floating things.
    pub shadow: Color32,
}

const fn rgb(hex: u32) -> Color32 {
    Color32::from_rgb((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

const BLACK: Color32 = rgb(0x1b_1e24);
const WHITE: Color32 = rgb(0xff_ffff);

/// The light theme.
pub static LIGHT: Theme = Theme {
    dark: false,
    background: rgb(0xfd_fdfe),
    panel: rgb(0xf7_f8fa),
    raised: rgb(0xff_ffff),
    hover: rgb(0xf0_f1f5),
    line: rgb(0xe4_e6eb),
    line_strong: rgb(0xd3_d6dd),
    text: rgb(0x1b_1e24),
    muted: rgb(0x5f_6673),
    faint: rgb(0x6a_7180),
    accent: rgb(0x5b_4bd6),
    accent_hover: rgb(0x4c_3cc4),
    accent_soft: rgb(0xee_ecfb),
    on_accent: WHITE,
    ok: Tone { text: rgb(0x18_794e), soft: rgb(0xe6_f6ed) },
    warn: Tone { text: rgb(0x99_580c), soft: rgb(0xff_f4db) },
    error: Tone { text: rgb(0xc0_272d), soft: rgb(0xfd_ebec) },
    changing: Tone { text: rgb(0x0b_68cb), soft: rgb(0xe7_f1fd) },
    quiet: Tone { text: rgb(0x5f_6673), soft: rgb(0xf1_f2f5) },
    track: rgb(0xe4_e6eb),
    variants: [
        rgb(0x00_72b2),
        rgb(0xe6_9f00),
        rgb(0x00_9e73),
        rgb(0xcc_79a7),
        rgb(0x56_b4e9),
        rgb(0xd9_6200),
        rgb(0xb5_a800),
        rgb(0x60_6770),
        rgb(0x6a_3d9a),
        rgb(0x7a_3b1d),
    ],
    band: 0.14,
    on_variants: [WHITE, BLACK, BLACK, BLACK, BLACK, BLACK, BLACK, WHITE, WHITE, WHITE],
    code: Code {
        keyword: rgb(0x7b_3db8),
        text: rgb(0x18_794e),
        number: rgb(0xa6_4311),
        call: rgb(0x0b_5fb8),
        argument: rgb(0x7d_5a0b),
    },
    scrim: Color32::from_black_alpha(90),
    shadow: Color32::from_black_alpha(28),
};

/// The dark theme.
pub static DARK: Theme = Theme {
    dark: true,
    background: rgb(0x12_1316),
    panel: rgb(0x17_191d),
    raised: rgb(0x1d_2025),
    hover: rgb(0x26_2a31),
    line: rgb(0x2a_2e35),
    line_strong: rgb(0x3a_3f48),
    text: rgb(0xec_eef2),
    muted: rgb(0xa6_adba),
    faint: rgb(0x8d_94a2),
    accent: rgb(0x9a_8cff),
    accent_hover: rgb(0xac_a0ff),
    accent_soft: rgb(0x2a_2650),
    on_accent: rgb(0x14_1226),
    ok: Tone { text: rgb(0x4c_c38a), soft: rgb(0x12_291f) },
    warn: Tone { text: rgb(0xf1_a10d), soft: rgb(0x2f_2307) },
    error: Tone { text: rgb(0xff_6f74), soft: rgb(0x3a_1618) },
    changing: Tone { text: rgb(0x52_a9ff), soft: rgb(0x10_243e) },
    quiet: Tone { text: rgb(0xa6_adba), soft: rgb(0x26_2a31) },
    track: rgb(0x34_3942),
    variants: [
        rgb(0x4a_a8e0),
        rgb(0xf2_b134),
        rgb(0x2f_c79b),
        rgb(0xe0_9cc3),
        rgb(0x8f_cdf2),
        rgb(0xf0_8a45),
        rgb(0xe2_d94f),
        rgb(0x9a_a1ad),
        rgb(0xb3_8cf5),
        rgb(0xb8_8a6a),
    ],
    band: 0.18,
    on_variants: [BLACK; 10],
    code: Code {
        keyword: rgb(0xc7_a6ff),
        text: rgb(0x7f_d1a0),
        number: rgb(0xf0_a27a),
        call: rgb(0x7a_b8ff),
        argument: rgb(0xe0_c078),
    },
    scrim: Color32::from_black_alpha(140),
    shadow: Color32::from_black_alpha(120),
};

impl Theme {
    /// The theme that a `Ui` is drawn in.
    pub fn of(ui: &egui::Ui) -> &'static Self {
        if ui.visuals().dark_mode { &DARK } else { &LIGHT }
    }

    /// The colour of the variant at a position (counted from 0); more than ten begin again (an update may show two configurations).
    pub fn variant(&self, position: usize) -> Color32 {
        self.variants[position % self.variants.len()]
    }

    /// The colour of words on that variant's colour.
    pub fn on_variant(&self, position: usize) -> Color32 {
        self.on_variants[position % self.on_variants.len()]
    }

    /// That variant's colour as the band around its line.
    pub fn variant_band(&self, position: usize) -> Color32 {
        self.variant(position).gamma_multiply(self.band)
    }
}

/// Sizes in points.
pub mod size {
    /// Left rail.
    pub const RAIL: f32 = 196.0;
    /// Left rail, icons only.
    pub const RAIL_NARROW: f32 = 52.0;
    /// Below this width of the window the rail shows icons only.
    pub const NARROW: f32 = 960.0;
    /// Top bar.
    pub const TOP_BAR: f32 = 44.0;
    /// Activity drawer, closed.
    pub const FOOT: f32 = 30.0;
    /// Activity drawer, open.
    pub const DRAWER: f32 = 300.0;
    /// Around a page.
    pub const PAGE: f32 = 20.0;
    /// Between cards.
    pub const GAP: f32 = 14.0;
    /// Corner of a card.
    pub const CARD_RADIUS: u8 = 10;
    /// Corner of a control.
    pub const RADIUS: u8 = 6;
    /// Buttons and fields.
    pub const CONTROL: f32 = 28.0;
    /// The header's and cards' main buttons.
    pub const CONTROL_LARGE: f32 = 30.0;
    /// A table's row.
    pub const ROW: f32 = 36.0;
    /// A table's head.
    pub const HEAD: f32 = 30.0;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance, WCAG 2.1.
    fn luminance(color: Color32) -> f64 {
        let linear = |byte: u8| {
            let v = f64::from(byte) / 255.0;
            if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(color.r()) + 0.7152 * linear(color.g()) + 0.0722 * linear(color.b())
    }

    fn contrast(a: Color32, b: Color32) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn words_reach_aa_on_every_ground_that_they_stand_on() {
        for theme in [&LIGHT, &DARK] {
            let grounds = [theme.background, theme.panel, theme.raised, theme.hover, theme.accent_soft];
            let mut pairs = Vec::new();
            for ground in grounds {
                pairs.extend([("text", theme.text, ground), ("muted", theme.muted, ground)]);
            }
            for ground in [theme.background, theme.panel, theme.raised] {
                pairs.extend([("faint", theme.faint, ground), ("accent", theme.accent, ground)]);
                pairs.extend([("error", theme.error.text, ground), ("ok", theme.ok.text, ground)]);
                pairs.extend([("warn", theme.warn.text, ground), ("changing", theme.changing.text, ground)]);
            }
            for (name, tone) in [
                ("ok pill", theme.ok),
                ("warn pill", theme.warn),
                ("error pill", theme.error),
                ("changing pill", theme.changing),
                ("quiet pill", theme.quiet),
            ] {
                pairs.push((name, tone.text, tone.soft));
            }
            for code in [theme.code.keyword, theme.code.text, theme.code.number, theme.code.call, theme.code.argument] {
                pairs.extend([("code", code, theme.panel), ("code", code, theme.raised)]);
            }
            pairs.push(("accent on soft", theme.accent, theme.accent_soft));
            pairs.push(("on accent", theme.on_accent, theme.accent));
            pairs.push(("on accent hover", theme.on_accent, theme.accent_hover));
            for i in 0..theme.variants.len() {
                pairs.push(("on variant", theme.on_variant(i), theme.variant(i)));
            }
            let too_weak: Vec<String> = pairs
                .into_iter()
                .map(|(name, text, ground)| (name, text, ground, contrast(text, ground)))
                .filter(|(.., ratio)| *ratio < 4.5)
                .map(|(name, text, ground, ratio)| format!("{name}: {text:?} on {ground:?} {ratio:.2}"))
                .collect();
            assert!(too_weak.is_empty(), "dark={}: {too_weak:#?}", theme.dark);
        }
    }

    #[test]
    fn contrast_is_wcags() {
        assert!((contrast(Color32::BLACK, Color32::WHITE) - 21.0).abs() < 1e-9);
        // #767676 on white is the well-known grey that just passes AA.
        assert!((contrast(Color32::from_gray(0x76), Color32::WHITE) - 4.54).abs() < 0.01);
    }
}
