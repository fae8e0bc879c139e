//! The strip "uses and used by": links from a resource to what it stands on and what stands on it.

use egui::{CornerRadius, Response, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};
use lucide_icons::Icon;

use super::text;
use crate::domain::reference::Kind;
use crate::gui::action::Actions;
use crate::gui::route::Route;
use crate::gui::theme::{Theme, fonts};

/// One chip of the strip.
#[derive(Clone, Debug, PartialEq)]
pub struct Relation {
    /// What it is called.
    pub name: String,
    /// What it is, for the icon and the tooltip; `None` for an object in a bucket.
    pub kind: Option<Kind>,
    /// Where it leads; `None` when the thing is no longer there.
    pub to: Option<Route>,
}

/// The icon of a kind, as on the rail.
pub fn kind_icon(kind: Kind) -> Icon {
    match kind {
        Kind::Bucket => Icon::Database,
        Kind::TrainingJob => Icon::ChartLine,
        Kind::Model => Icon::Box,
        Kind::EndpointConfig => Icon::LayoutTemplate,
        Kind::Endpoint => Icon::Asterisk,
    }
}

/// Chips, an arrow, "this …", an arrow, chips. Empty sides say so in words (`no_uses`, `no_users`).
pub fn relations(
    ui: &mut Ui,
    actions: &mut Actions,
    this: &str,
    uses: &[Relation],
    no_uses: &str,
    users: &[Relation],
    no_users: &str,
) {
    let theme = Theme::of(ui);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(8.0, 8.0);
        side(ui, actions, uses, no_uses);
        super::icon(ui, Icon::ArrowRight, 14.0, theme.muted);
        text::strong(ui, this);
        super::icon(ui, Icon::ArrowRight, 14.0, theme.muted);
        side(ui, actions, users, no_users);
    });
}

fn side(ui: &mut Ui, actions: &mut Actions, relations: &[Relation], none: &str) {
    if relations.is_empty() {
        text::text(ui, none, fonts::body(), Theme::of(ui).faint);
    }
    for relation in relations {
        if chip(ui, relation).clicked()
            && let Some(to) = &relation.to
        {
            actions.go(to.clone());
        }
    }
}

/// One chip; a click on one that is still there is the caller's to act on.
pub fn chip(ui: &mut Ui, relation: &Relation) -> Response {
    let theme = Theme::of(ui);
    let alive = relation.to.is_some();
    let color = if alive { theme.text } else { theme.faint };
    let galley = text::elided_galley(ui, &relation.name, fonts::small_medium(), color, 280.0);
    let (rect, response) =
        ui.allocate_exact_size(vec2(galley.size().x + 38.0, 26.0), if alive { Sense::click() } else { Sense::hover() });
    response.widget_info(|| WidgetInfo::labeled(Role::Link, alive, &relation.name));
    let fill = if alive && response.hovered() { theme.hover } else { theme.panel };
    ui.painter().rect(rect, CornerRadius::same(13), fill, Stroke::new(1.0, theme.line), StrokeKind::Inside);
    let icon = relation.kind.map_or(Icon::File, kind_icon);
    super::icon::paint(ui.painter(), icon, pos2(rect.left() + 17.0, rect.center().y), 13.0, theme.muted);
    ui.painter().galley(pos2(rect.left() + 28.0, rect.center().y - galley.size().y / 2.0), galley, color);
    super::button::focus_ring(ui, &response, rect, 13);
    let noun = relation.kind.map_or("object", Kind::noun);
    let gone = if alive { "" } else { ", no longer there" };
    response.on_hover_text(format!("{} ({noun}{gone})", relation.name))
}
