//! The head of the endpoint page: name, status, URL, actions, and the traffic test while one runs.

use egui::{Align, Layout, Popup, Rect, Ui, UiBuilder, pos2, vec2};

use super::data::PageData;
use super::{EndpointPage, Frame, Open};
use crate::domain::endpoint::EndpointStatus;
use crate::gui::context::Context;
use crate::gui::theme::{fonts, size};
use crate::gui::widgets::{Button, Icon, Pill, menu, progress_bar, text};
use crate::workspace::Command;

impl EndpointPage {
    pub(super) fn head(&mut self, ui: &mut Ui, cx: &mut Context<'_>, frame: &Frame<'_>) {
        let width = ui.available_width();
        let (row, _) = ui.allocate_exact_size(vec2(width, 34.0), egui::Sense::hover());
        // Actions keep their place at the right; what is left goes to name, status and URL.
        let mut used = 0.0;
        ui.scope_builder(UiBuilder::new().max_rect(row).layout(Layout::right_to_left(Align::Center)), |ui| {
            self.actions(ui, cx, frame);
            used = ui.min_rect().width();
        });
        let left = Rect::from_min_max(row.min, pos2(row.right() - used - 14.0, row.bottom()));
        ui.scope_builder(UiBuilder::new().max_rect(left).layout(Layout::left_to_right(Align::Center)), |ui| {
            ui.spacing_mut().item_spacing.x = 10.0;
            let pill = Pill::endpoint(frame.data.status);
            let pill_width = pill.width(ui);
            // The URL is the first to give way, then the name.
            let room = (left.width() - pill_width - 10.0 - 42.0).max(60.0);
            text::elided(ui, &self.name, fonts::title(), cx.theme.text, room);
            ui.add(&pill);
            if let Some(url) = &frame.data.url {
                let room = left.right() - ui.cursor().left() - 40.0;
                if room > 150.0 {
                    text::elided(ui, url, fonts::mono(), cx.theme.muted, room);
                }
                if Button::icon_only(Icon::Copy, "Copy URL").show(ui) {
                    cx.actions.copy(url, "URL");
                }
            }
        });
        ui.add_space(size::GAP - ui.spacing().item_spacing.y - 6.0);
    }

    /// At the right end of the tabs, from right to left: what serves, or how far the traffic test is. It takes the place of the summary
    /// so that the split bar does not move away under the pointer when a test begins or ends.
    pub(super) fn beside_tabs(ui: &mut Ui, cx: &Context<'_>, data: &PageData) {
        let room = ui.available_width() - 12.0;
        let Some(test) = &data.test else {
            text::elided(ui, &data.summary, fonts::body(), cx.theme.muted, room);
            return;
        };
        ui.spacing_mut().item_spacing.x = 10.0;
        text::small(ui, test.said.clone());
        if ui.available_width() > 130.0 {
            progress_bar(ui, test.fraction, 120.0, "Traffic test");
        }
        if ui.available_width() > 90.0 {
            text::text(ui, "Traffic test", fonts::small_medium(), cx.theme.changing.text);
        }
    }

    /// From right to left.
    fn actions(&mut self, ui: &mut Ui, cx: &mut Context<'_>, frame: &Frame<'_>) {
        ui.spacing_mut().item_spacing.x = 10.0;
        let status = frame.data.status;
        let more = ui.add(Button::secondary("").icon(Icon::Ellipsis).name("More actions").large().min_width(36.0));
        Popup::menu(&more).show(|ui| {
            ui.set_min_width(200.0);
            if menu::action(ui, Icon::Copy, "Copy ARN", "") {
                cx.actions.copy(&frame.data.arn, "ARN");
                ui.close();
            }
            if menu::action(ui, Icon::Copy, "Copy name", "") {
                cx.actions.copy(&self.name, "name");
                ui.close();
            }
            if menu::action(ui, Icon::Tags, "Labels…", "") {
                self.dialog = Some(Open::Labels(Box::new(super::labels::Form::new(frame.endpoint))));
                ui.close();
            }
            menu::line(ui);
            if status != EndpointStatus::Deleting && menu::danger(ui, Icon::Trash, "Delete…") {
                Self::ask_delete(cx, frame);
                ui.close();
            }
        });
        let tip = match status {
            EndpointStatus::InService => "Move to another configuration without dropping a request",
            EndpointStatus::Failed => {
                "It never came into service: delete it and create it again; its name is free at once"
            }
            _ => "Something is under way already",
        };
        if Button::primary("Update…").large().enabled(status == EndpointStatus::InService).tip(tip).show(ui) {
            self.open_update(cx, frame, None);
        }
        if frame.data.test.is_some() {
            if Button::secondary("Stop test").icon(Icon::CircleStop).large().show(ui) {
                let command = Command::StopTrafficTest { endpoint: self.name.clone() };
                cx.actions.submit(command, format!("Stopped the traffic test of {}", self.name));
            }
        } else if Button::secondary("Traffic test…").large().enabled(status.serves()).show(ui) {
            self.open_traffic(cx, frame);
        }
        if Button::secondary("Try it").large().enabled(status.serves() && frame.data.url.is_some()).show(ui) {
            self.dialog = Some(Open::TryIt);
        }
    }
}
