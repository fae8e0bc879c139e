//! Status pills: an icon, a word and a colour, never the colour alone.

use egui::{Color32, CornerRadius, Response, Role, Sense, Ui, Widget, WidgetInfo, pos2, vec2};
use lucide_icons::Icon;

use crate::domain::endpoint::EndpointStatus;
use crate::domain::traffic_test::TrafficTestStatus;
use crate::domain::training_job::{SecondaryStatus, TrainingJobStatus};
use crate::gui::theme::{Theme, Tone, fonts};

/// What a pill's colour says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PillTone {
    /// Went well, serves.
    Ok,
    /// Wants a look.
    Warn,
    /// Failed.
    Error,
    /// Under way.
    Changing,
    /// At rest.
    Quiet,
}

impl PillTone {
    /// The colours of a theme.
    pub fn of(self, theme: &Theme) -> Tone {
        match self {
            Self::Ok => theme.ok,
            Self::Warn => theme.warn,
            Self::Error => theme.error,
            Self::Changing => theme.changing,
            Self::Quiet => theme.quiet,
        }
    }
}

/// A status in a pill.
#[derive(Clone, Debug)]
pub struct Pill {
    /// The word.
    pub text: String,
    /// Before the word.
    pub icon: Option<Icon>,
    /// Colour.
    pub tone: PillTone,
}

impl PartialEq for Pill {
    /// By word and colour: the icon follows from them.
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.tone == other.tone
    }
}

impl Pill {
    /// A word with the tone's own icon.
    pub fn new(text: impl Into<String>, tone: PillTone) -> Self {
        let icon = match tone {
            PillTone::Ok => Some(Icon::Check),
            PillTone::Warn => Some(Icon::TriangleAlert),
            PillTone::Error => Some(Icon::X),
            PillTone::Changing => Some(Icon::LoaderCircle),
            PillTone::Quiet => None,
        };
        Self { text: text.into(), icon, tone }
    }

    /// An endpoint's status.
    pub fn endpoint(status: EndpointStatus) -> Self {
        let tone = match status {
            EndpointStatus::InService => PillTone::Ok,
            EndpointStatus::Failed => PillTone::Error,
            EndpointStatus::RollingBack => PillTone::Warn,
            EndpointStatus::Creating | EndpointStatus::Updating | EndpointStatus::Deleting => PillTone::Changing,
        };
        Self::new(status.as_str(), tone)
    }

    /// A training job's status; with the finer one while it runs (`InProgress · Training`).
    pub fn training(status: TrainingJobStatus, secondary: Option<SecondaryStatus>) -> Self {
        let tone = match status {
            TrainingJobStatus::InProgress | TrainingJobStatus::Stopping => PillTone::Changing,
            TrainingJobStatus::Completed => PillTone::Ok,
            TrainingJobStatus::Failed => PillTone::Error,
            TrainingJobStatus::Stopped => PillTone::Quiet,
        };
        let text = match secondary {
            Some(finer) if !status.is_final() && finer.as_str() != status.as_str() => {
                format!("{} · {}", status.as_str(), finer.as_str())
            }
            _ => status.as_str().to_owned(),
        };
        Self::new(text, tone)
    }

    /// A traffic test's status.
    pub fn traffic_test(status: TrafficTestStatus) -> Self {
        match status {
            TrafficTestStatus::Running => Self::new("Running", PillTone::Changing),
            TrafficTestStatus::Completed => Self::new("Completed", PillTone::Ok),
            TrafficTestStatus::Stopped => Self::new("Stopped", PillTone::Quiet),
            TrafficTestStatus::Failed => Self::new("Failed", PillTone::Error),
        }
    }

    /// How wide it will be.
    pub fn width(&self, ui: &Ui) -> f32 {
        let words = ui.painter().layout_no_wrap(self.text.clone(), fonts::small_medium(), Color32::PLACEHOLDER);
        words.size().x + 18.0 + if self.icon.is_some() { 17.0 } else { 0.0 }
    }
}

impl Widget for &Pill {
    fn ui(self, ui: &mut Ui) -> Response {
        let tone = self.tone.of(Theme::of(ui));
        let galley = ui.painter().layout_no_wrap(self.text.clone(), fonts::small_medium(), tone.text);
        let icon_space = if self.icon.is_some() { 17.0 } else { 0.0 };
        let desired = vec2(galley.size().x + 18.0 + icon_space, 22.0);
        let (rect, response) = ui.allocate_exact_size(desired, Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &self.text));
        if ui.is_rect_visible(rect) {
            let painter = ui.painter();
            painter.rect_filled(rect, CornerRadius::same(11), tone.soft);
            if let Some(icon) = self.icon {
                super::icon::paint(painter, icon, pos2(rect.left() + 15.0, rect.center().y), 13.0, tone.text);
            }
            let at = pos2(rect.left() + 9.0 + icon_space, rect.center().y - galley.size().y / 2.0);
            painter.galley(at, galley, tone.text);
        }
        response
    }
}

impl Widget for Pill {
    fn ui(self, ui: &mut Ui) -> Response {
        (&self).ui(ui)
    }
}
