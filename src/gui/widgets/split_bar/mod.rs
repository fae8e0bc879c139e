//! The traffic split: one bar, a segment a variant. Drag a divider, step it with the arrow keys, or click a percentage and type.
//!
//! A drag shows its effect at once and applies on release; a key applies when it is released. All arithmetic is in [`shares`].

mod paint;
pub mod shares;

use egui::accesskit::{Action, ActionData};
use egui::{CursorIcon, EventFilter, Id, Key, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};

pub use shares::Shares;
use shares::{parse_percent, percent};

/// Height of the bar.
pub const HEIGHT: f32 = 40.0;
/// Room below it for the marks of what was observed.
const GHOST: f32 = 15.0;
/// Width of a divider's handle.
const HANDLE: f32 = 10.0;
/// How far it stands out of the bar.
const STANDS_OUT: f32 = 3.0;
/// A segment never gets narrower, so that two handles never cover each other.
const NARROWEST: f32 = 14.0;

/// One variant of the bar.
#[derive(Clone, Copy, Debug)]
pub struct Segment<'a> {
    /// The variant's name.
    pub name: &'a str,
    /// Which of the theme's variant colours it wears.
    pub color: usize,
}

/// What was really drawn, for the marks below the bar.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// Share of each variant, in order, 0 to 1.
    pub shares: Vec<f64>,
    /// One line about it: "observed 61.4 / 38.6 % of 1,482 requests since 09:37".
    pub said: String,
}

/// What is going on with a bar between two frames; the page keeps one.
#[derive(Debug, Default)]
pub struct SplitBar {
    preview: Option<Shares>,
    by_keys: bool,
    drag: Option<Drag>,
    typing: Option<(usize, String)>,
    /// Applied and not yet seen in the world.
    applied: Option<(Shares, Shares)>,
}

#[derive(Debug)]
struct Drag {
    divider: usize,
    from: Shares,
    pointer: f32,
}

impl SplitBar {
    /// What the bar shows: the preview of a drag, or what was applied, or what is.
    pub fn shown<'a>(&'a self, actual: &'a Shares) -> &'a Shares {
        match (&self.preview, &self.applied) {
            (Some(preview), _) => preview,
            (None, Some((before, after))) if before == actual => after,
            _ => actual,
        }
    }

    /// Forgets what was applied: the workspace refused it.
    pub fn refused(&mut self) {
        self.applied = None;
        self.preview = None;
    }

    /// Whether a drag is going on.
    pub fn is_dragged(&self) -> bool {
        self.drag.is_some()
    }

    /// Notes that shares were applied from elsewhere (Equalise), to show them at once.
    pub fn applied(&mut self, before: &Shares, after: &Shares) {
        self.applied = Some((before.clone(), after.clone()));
    }

    /// Draws the bar. Returns the shares to apply, once, when a drag, a key or typing ends in a change.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        segments: &[Segment<'_>],
        actual: &Shares,
        observed: Option<&Observed>,
        enabled: bool,
    ) -> Option<Shares> {
        if self.applied.as_ref().is_some_and(|(before, _)| before != actual) {
            self.applied = None;
        }
        if segments.len() != actual.len() || segments.is_empty() {
            return None;
        }
        let width = ui.available_width().max(120.0);
        ui.add_space(STANDS_OUT);
        let (bar, response) = ui.allocate_exact_size(vec2(width, HEIGHT), Sense::hover());
        let salt = response.id;
        let ghost = if segments.len() > 1 { GHOST } else { STANDS_OUT };
        let (ghosts, _) = ui.allocate_exact_size(vec2(width, ghost), Sense::hover());

        let base = self.shown(actual).clone();
        let mut result = None;
        if enabled {
            for divider in 0..segments.len() - 1 {
                // Handles get their place from what was shown last, so that the pointer finds them where they are.
                let edges = paint::edges(bar, &base);
                self.divider(ui, salt, bar, segments, &base, divider, edges[divider], &mut result);
            }
        }
        let shown = self.shown(actual).clone();
        let edges = paint::edges(bar, &shown);
        let edges = paint::animated(ui, salt, &edges, self.drag.is_some());
        paint::bar(ui, bar, segments, &shown, &edges);
        let mut below = Vec::new();
        let mut left = bar.left();
        for (i, right) in edges.iter().copied().chain([bar.right()]).enumerate() {
            let area = Rect::from_min_max(pos2(left, bar.top()), pos2(right, bar.bottom()));
            left = right;
            if self.typing.as_ref().is_some_and(|(typed, _)| *typed == i) && area.width() >= 64.0 {
                self.type_in(ui, salt, paint::percent_place(area, 56.0), segments, &shown, &mut result);
            } else if let Some(place) = paint::label(ui, area, segments[i], shown.tenths()[i]) {
                self.percent_button(ui, salt, place, i, segments, &shown, enabled);
            } else {
                below.push(i);
            }
        }
        if enabled {
            for (i, edge) in edges.iter().enumerate() {
                paint::handle(
                    ui,
                    bar,
                    *edge,
                    salt.with("divider").with(i),
                    self.drag.as_ref().is_some_and(|d| d.divider == i),
                );
            }
        }
        if let Some(observed) = observed {
            paint::ghosts(ui, bar, ghosts, observed);
        }
        if !below.is_empty() {
            ui.horizontal_wrapped(|ui| {
                ui.spacing_mut().item_spacing = vec2(14.0, 4.0);
                for i in below {
                    if self.typing.as_ref().is_some_and(|(typed, _)| *typed == i) {
                        let (place, _) = ui.allocate_exact_size(vec2(64.0, 24.0), Sense::hover());
                        self.type_in(ui, salt, place, segments, &shown, &mut result);
                    } else {
                        let place = paint::label_below(ui, segments[i], shown.tenths()[i]);
                        self.percent_button(ui, salt, place, i, segments, &shown, enabled);
                    }
                }
            });
        }
        if let Some(after) = &result {
            self.preview = None;
            if after == actual {
                return None;
            }
            self.applied = Some((actual.clone(), after.clone()));
        }
        result
    }

    #[expect(clippy::too_many_arguments, reason = "the state of one frame, passed down one level")]
    fn divider(
        &mut self,
        ui: &Ui,
        salt: Id,
        bar: Rect,
        segments: &[Segment<'_>],
        base: &Shares,
        divider: usize,
        x: f32,
        result: &mut Option<Shares>,
    ) {
        let grip = Rect::from_center_size(pos2(x, bar.center().y), vec2(HANDLE + 4.0, HEIGHT + 2.0 * STANDS_OUT));
        let response = ui
            .interact(grip, salt.with("divider").with(divider), Sense::click_and_drag())
            .on_hover_and_drag_cursor(CursorIcon::ResizeHorizontal);
        let (left, right) = (segments[divider].name, segments[divider + 1].name);
        let value = |shares: &Shares| f64::from(shares.tenths()[divider]) / 10.0;

        if response.drag_started()
            && let Some(pointer) = ui.input(|i| i.pointer.press_origin())
        {
            self.drag = Some(Drag { divider, from: base.clone(), pointer: pointer.x });
            self.typing = None;
            response.request_focus();
        }
        if let Some(drag) = self.drag.as_ref().filter(|d| d.divider == divider) {
            if ui.input(|i| i.key_pressed(Key::Escape)) {
                self.drag = None;
                self.preview = None;
            } else if let Some(pointer) = ui.input(|i| i.pointer.latest_pos()) {
                let tenths = f64::from(pointer.x - drag.pointer) / f64::from(bar.width()) * f64::from(shares::WHOLE);
                let place = f64::from(drag.from.divider(divider)) + tenths;
                // Whole percents, or tenths while Shift is held.
                let grain = if ui.input(|i| i.modifiers.shift) { 1.0 } else { 10.0 };
                let place = ((place / grain).round() * grain).clamp(0.0, f64::from(shares::WHOLE)) as u32;
                self.preview = Some(drag.from.with_divider_at(divider, place));
                self.by_keys = false;
                if response.drag_stopped() || ui.input(|i| i.pointer.any_released()) {
                    self.drag = None;
                    result.clone_from(&self.preview);
                }
            }
        }

        if response.has_focus() {
            let filter = EventFilter { horizontal_arrows: true, vertical_arrows: true, escape: true, tab: false };
            ui.memory_mut(|m| m.set_focus_lock_filter(response.id, filter));
            let (by, home, end, escape, held) = ui.input(|i| {
                let keys = [(Key::ArrowRight, 1), (Key::ArrowUp, 1), (Key::ArrowLeft, -1), (Key::ArrowDown, -1)];
                let steps: i32 = keys.iter().map(|(key, sign)| count(i.num_presses(*key)) * sign).sum();
                let step = if i.modifiers.shift { 100 } else { 10 };
                let held =
                    keys.iter().any(|(key, _)| i.key_down(*key)) || i.key_down(Key::Home) || i.key_down(Key::End);
                (steps * step, i.key_pressed(Key::Home), i.key_pressed(Key::End), i.key_pressed(Key::Escape), held)
            });
            let (low, high) = base.divider_range(divider);
            if by != 0 {
                self.preview = Some(base.stepped(divider, by));
                self.by_keys = true;
            } else if home || end {
                self.preview = Some(base.with_divider_at(divider, if home { low } else { high }));
                self.by_keys = true;
            } else if escape {
                self.preview = None;
            }
            if self.by_keys && !held && self.preview.is_some() {
                result.clone_from(&self.preview);
            }
        } else if response.lost_focus() && self.by_keys && self.preview.is_some() {
            result.clone_from(&self.preview);
        }

        let steps = ui.input(|i| {
            count(i.num_accesskit_action_requests(response.id, Action::Increment))
                - count(i.num_accesskit_action_requests(response.id, Action::Decrement))
        });
        let set = ui.input(|i| {
            let requests = i.accesskit_action_requests(response.id, Action::SetValue);
            requests
                .filter_map(|request| match &request.data {
                    Some(ActionData::NumericValue(value)) => Some(*value),
                    Some(ActionData::Value(text)) => parse_percent(text).map(|tenths| f64::from(tenths) / 10.0),
                    _ => None,
                })
                .last()
        });
        if steps != 0 {
            *result = Some(base.stepped(divider, steps * 10));
        } else if let Some(set) = set {
            let (low, _) = base.divider_range(divider);
            *result = Some(base.with_divider_at(divider, low + (set.clamp(0.0, 100.0) * 10.0).round() as u32));
        }

        let shown = self.preview.as_ref().unwrap_or(base).clone();
        response.widget_info(|| WidgetInfo::slider(true, value(&shown), format!("Divider between {left} and {right}")));
        ui.ctx().accesskit_node_builder(response.id, |node| {
            let (low, high) = shown.divider_range(divider);
            node.set_min_numeric_value(0.0);
            node.set_max_numeric_value(f64::from(high - low) / 10.0);
            node.set_numeric_value_step(1.0);
            node.set_value(format!(
                "{left} {}, {right} {}",
                percent(shown.tenths()[divider]),
                percent(shown.tenths()[divider + 1])
            ));
            for action in [Action::SetValue, Action::Increment, Action::Decrement] {
                node.add_action(action);
            }
        });
        if self.drag.is_none() {
            let tip = "Drag, or ← → in steps of 1 % (Shift: 10 %). Applies on release.";
            response.on_hover_text(tip);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the state of one frame, passed down one level")]
    fn percent_button(
        &mut self,
        ui: &Ui,
        salt: Id,
        place: Rect,
        index: usize,
        segments: &[Segment<'_>],
        shown: &Shares,
        enabled: bool,
    ) {
        if !enabled || segments.len() < 2 {
            return;
        }
        let response = ui.interact(place, salt.with("percent").with(index), Sense::click());
        let text = percent(shown.tenths()[index]);
        response.widget_info(|| {
            WidgetInfo::labeled(Role::Button, true, format!("Weight of {}: {text}", segments[index].name))
        });
        paint::percent_hover(ui, &response, place, segments[index].color);
        if response.clicked() {
            self.typing = Some((index, text.trim_end_matches(" %").to_owned()));
        }
        response.on_hover_cursor(CursorIcon::Text).on_hover_text("Click to type a weight in percent");
    }

    fn type_in(
        &mut self,
        ui: &mut Ui,
        salt: Id,
        place: Rect,
        segments: &[Segment<'_>],
        shown: &Shares,
        result: &mut Option<Shares>,
    ) {
        let Some((index, mut text)) = self.typing.take() else { return };
        let id = salt.with("typed").with(index);
        let good = parse_percent(&text);
        let first = ui.data_mut(|d| !std::mem::replace(d.get_temp_mut_or_default::<bool>(id), true));
        let response = paint::typed(ui, id, place, &mut text, good.is_some())
            .accessible_name(format!("Weight of {} in percent", segments[index].name));
        if first {
            response.request_focus();
            paint::select_all(ui, id, &text);
        }
        let (enter, escape) = ui.input(|i| (i.key_pressed(Key::Enter), i.key_pressed(Key::Escape)));
        if response.lost_focus() || escape {
            ui.data_mut(|d| d.remove::<bool>(id));
            if !escape && let Some(share) = parse_percent(&text) {
                *result = Some(shown.with_share(index, share));
            } else if enter && parse_percent(&text).is_none() {
                // Not a share: stay, and go on saying so.
                self.typing = Some((index, text));
                return;
            }
            return;
        }
        if good.is_none() {
            response.on_hover_text("A weight is a number from 0 to 100");
        }
        self.typing = Some((index, text));
    }
}

/// A handful of presses as a signed number.
fn count(n: usize) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}
