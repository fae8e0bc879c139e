//! The command palette: every action of the app and every resource, found by typing a few letters.

use egui::{CornerRadius, Key, Modifiers, Role, Sense, Stroke, TextEdit, Ui, WidgetInfo, pos2, vec2};

use super::fuzzy;
use crate::domain::reference::{Kind, ResourceRef};
use crate::gui::action::Action;
use crate::gui::commands::COMMANDS;
use crate::gui::context::Context;
use crate::gui::route::Route;
use crate::gui::theme::{fonts, size};
use crate::gui::widgets::relations::kind_icon;
use crate::gui::widgets::{Icon, icon, text};
use crate::workspace::Snapshot;

/// How many hits are kept.
const MOST: usize = 60;
const ROW: f32 = 34.0;

/// One hit.
#[derive(Clone, Debug)]
struct Hit {
    icon: Icon,
    title: String,
    /// "endpoint", or the keys of a command.
    beside: String,
    keys: bool,
    leads: Leads,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Leads {
    Command(usize),
    Resource(ResourceRef),
}

/// Whether it is open, and what was typed.
#[derive(Default)]
pub struct Palette {
    open: bool,
    fresh: bool,
    query: String,
    chosen: usize,
    hits: Vec<Hit>,
    cached_for: Option<(String, u64)>,
}

/// The best hits for a query: commands before resources where they fit as well.
fn search(snapshot: &Snapshot, query: &str) -> Vec<Hit> {
    let query = query.trim().to_lowercase();
    let mut scored: Vec<(i32, Hit)> = Vec::new();
    for (i, command) in COMMANDS.iter().enumerate() {
        let by_name = fuzzy::score(&query, command.name);
        // Other words are matched whole: a scattered fit in them would surprise.
        let by_other = command.also.split(' ').any(|word| !query.is_empty() && word.starts_with(&query)).then_some(20);
        if let Some(score) = by_name.max(by_other) {
            let hit = Hit {
                icon: command.icon,
                title: command.name.to_owned(),
                beside: command.keys_text(),
                keys: true,
                leads: Leads::Command(i),
            };
            scored.push((if query.is_empty() { -i32::try_from(i).unwrap_or(0) } else { score + 4 }, hit));
        }
    }
    if !query.is_empty() {
        for kind in Kind::ALL {
            let names: Vec<&String> = match kind {
                Kind::Bucket => snapshot.buckets.iter().map(|(name, _)| name).collect(),
                Kind::TrainingJob => snapshot.training_jobs.iter().map(|(name, _)| name).collect(),
                Kind::Model => snapshot.models.iter().map(|(name, _)| name).collect(),
                Kind::EndpointConfig => snapshot.endpoint_configs.iter().map(|(name, _)| name).collect(),
                Kind::Endpoint => snapshot.endpoints.iter().map(|(name, _)| name).collect(),
            };
            for name in names {
                if let Some(score) = fuzzy::score(&query, name) {
                    let hit = Hit {
                        icon: kind_icon(kind),
                        title: name.clone(),
                        beside: kind.noun().to_owned(),
                        keys: false,
                        leads: Leads::Resource(ResourceRef::new(kind, name)),
                    };
                    scored.push((score + if kind == Kind::Endpoint { 2 } else { 0 }, hit));
                }
            }
        }
    }
    scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    scored.truncate(MOST);
    scored.into_iter().map(|(_, hit)| hit).collect()
}

impl Palette {
    /// Opens or closes it.
    pub fn toggle(&mut self) {
        *self = Self { open: !self.open, fresh: true, ..Self::default() };
    }

    /// Draws it.
    pub(super) fn ui(&mut self, ui: &mut Ui, cx: &mut Context<'_>) {
        if !self.open {
            return;
        }
        let asked = (self.query.clone(), cx.snapshot.revision);
        if self.cached_for.as_ref() != Some(&asked) {
            self.hits = search(cx.snapshot, &self.query);
            self.chosen =
                if self.cached_for.as_ref().is_some_and(|(query, _)| *query == self.query) { self.chosen } else { 0 };
            self.cached_for = Some(asked);
        }
        let last = self.hits.len().saturating_sub(1);
        self.chosen = self.chosen.min(last);
        // Before the text field, which would move its caret with them.
        let (down, up, enter) = ui.input_mut(|input| {
            (
                input.count_and_consume_key(Modifiers::NONE, Key::ArrowDown),
                input.count_and_consume_key(Modifiers::NONE, Key::ArrowUp),
                input.consume_key(Modifiers::NONE, Key::Enter),
            )
        });
        let moved = down + up > 0;
        self.chosen = (self.chosen + down).min(last).saturating_sub(up);

        let theme = cx.theme;
        let screen = ui.ctx().content_rect();
        let id = egui::Id::unique("palette");
        let area = egui::Modal::default_area(id)
            .anchor(egui::Align2::CENTER_TOP, vec2(0.0, (screen.height() * 0.12).min(96.0)));
        let frame = super::confirm::dialog_frame(theme).inner_margin(0);
        let mut picked = enter.then_some(self.chosen);
        let shown = egui::Modal::new(id).area(area).frame(frame).backdrop_color(theme.scrim).show(ui.ctx(), |ui| {
            let width = 560.0_f32.min(screen.width() - 40.0);
            ui.set_width(width);
            ui.spacing_mut().item_spacing = vec2(0.0, 0.0);
            self.input(ui, width, theme);
            let (line, _) = ui.allocate_exact_size(vec2(width, 1.0), Sense::hover());
            ui.painter().hline(line.x_range(), line.center().y, Stroke::new(1.0, theme.line));
            let most = (screen.height() - 220.0).clamp(ROW * 3.0, ROW * 10.0);
            egui::ScrollArea::vertical().max_height(most).auto_shrink([false, true]).show(ui, |ui| {
                ui.add_space(6.0);
                if self.hits.is_empty() {
                    let (rect, _) = ui.allocate_exact_size(vec2(width, 52.0), Sense::hover());
                    let words = "No command and no resource of that name";
                    ui.painter().text(rect.center(), egui::Align2::CENTER_CENTER, words, fonts::body(), theme.muted);
                }
                for (i, hit) in self.hits.iter().enumerate() {
                    let response = row(ui, hit, i == self.chosen, width, theme);
                    if i == self.chosen && moved {
                        response.scroll_to_me(None);
                    }
                    if response.clicked() {
                        picked = Some(i);
                    }
                }
                ui.add_space(6.0);
            });
        });
        if let Some(hit) = picked.and_then(|picked| self.hits.get(picked)) {
            let action = match &hit.leads {
                Leads::Command(i) => COMMANDS[*i].action(&cx.snapshot.info, cx.shell),
                Leads::Resource(resource) => Action::Go(Route::of(resource)),
            };
            // The command that opens the palette would only close it again.
            if !matches!(action, Action::TogglePalette) {
                cx.actions.push(action);
            }
            self.open = false;
        } else if shown.should_close() {
            self.open = false;
        }
        if !self.open {
            ui.ctx().request_repaint();
        }
    }

    fn input(&mut self, ui: &mut Ui, width: f32, theme: &crate::gui::theme::Theme) {
        let (rect, _) = ui.allocate_exact_size(vec2(width, 46.0), Sense::hover());
        icon::paint(ui.painter(), Icon::Search, pos2(rect.left() + 24.0, rect.center().y), 16.0, theme.muted);
        let field =
            egui::Rect::from_min_max(pos2(rect.left() + 42.0, rect.top()), pos2(rect.right() - 16.0, rect.bottom()));
        ui.scope_builder(
            egui::UiBuilder::new().max_rect(field).layout(egui::Layout::left_to_right(egui::Align::Center)),
            |ui| {
                let edit = TextEdit::singleline(&mut self.query)
                    .font(fonts::inter(15.0, fonts::Weight::Regular))
                    .hint_text(egui::RichText::new("Search or run a command").color(theme.faint))
                    .frame(egui::Frame::NONE)
                    .desired_width(field.width())
                    .min_size(vec2(0.0, field.height()))
                    .align(egui::Align2::LEFT_CENTER);
                let response = ui.add(edit).accessible_name("Search commands and resources");
                if std::mem::take(&mut self.fresh) {
                    response.request_focus();
                }
            },
        );
    }
}

fn row(ui: &mut Ui, hit: &Hit, chosen: bool, width: f32, theme: &crate::gui::theme::Theme) -> egui::Response {
    let (outer, response) = ui.allocate_exact_size(vec2(width, ROW), Sense::CLICK);
    response.widget_info(|| WidgetInfo::selected(Role::ListBoxOption, true, chosen, &hit.title));
    if !ui.is_rect_visible(outer) {
        return response;
    }
    let rect = outer.shrink2(vec2(8.0, 1.0));
    if chosen {
        ui.painter().rect_filled(rect, CornerRadius::same(size::RADIUS), theme.accent_soft);
    } else if response.hovered() {
        ui.painter().rect_filled(rect, CornerRadius::same(size::RADIUS), theme.hover);
    }
    let tint = if chosen { theme.accent } else { theme.muted };
    icon::paint(ui.painter(), hit.icon, pos2(rect.left() + 16.0, rect.center().y), 15.0, tint);
    let font = if hit.keys { fonts::mono() } else { fonts::small() };
    let beside = ui.painter().layout_no_wrap(hit.beside.clone(), font, theme.muted);
    let room = rect.width() - 34.0 - beside.size().x - 24.0;
    let title = text::elided_galley(ui, &hit.title, fonts::body(), theme.text, room);
    let y = |galley: &egui::Galley| rect.center().y - galley.size().y / 2.0;
    ui.painter().galley(pos2(rect.left() + 34.0, y(&title)), title, theme.text);
    ui.painter().galley(pos2(rect.right() - 10.0 - beside.size().x, y(&beside)), beside, theme.muted);
    response
}
