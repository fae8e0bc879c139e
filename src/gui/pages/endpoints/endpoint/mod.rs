//! The endpoint page, the heart of the window: its head, its tabs, and what is open above them.

mod anew;
mod autopilot;
mod cards;
mod code;
mod colors;
mod course;
mod data;
mod deployments;
mod details;
mod failure;
mod focus;
mod head;
mod http;
mod instances;
mod labels;
mod live;
mod plan;
mod sample;
mod score;
mod shadows;
mod timeline;
mod traffic;
mod try_it;
mod update;
mod verdict;
mod verdict_ui;
mod watching;

use std::sync::Arc;

use egui::Ui;

use crate::domain::endpoint::{Deployment, Endpoint};
use crate::domain::reference::Kind;
use crate::gui::action::{Action, Confirm, Toast, ToastKind};
use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::pages::parts;
use crate::gui::requested::Requested;
use crate::gui::route::Route;
use crate::gui::widgets::plot::{View, Window};
use crate::gui::widgets::split_bar::{Shares, SplitBar};
use crate::gui::widgets::tabs;
use crate::stats::live::EndpointLive;
use crate::workspace::{Command, Reply};
use data::PageData;

/// One endpoint.
pub struct EndpointPage {
    name: String,
    split: SplitBar,
    /// The last change of weights, under way or answered.
    weights: Requested<Reply>,
    view: View,
    /// Whether the range that was chosen before has been taken up.
    range_read: bool,
    dialog: Option<Open>,
    try_it: try_it::TryIt,
    details: details::Details,
    /// A shadow variant whose slider is held, and where it is, percent.
    shadow_share: Option<(String, f64)>,
    /// The newest deployment whose timeline was closed by hand.
    closed_timeline: Option<u64>,
    /// Whether the verdict line says what it rests on.
    says_why: bool,
    /// Of many variants, the one whose card was clicked: it stands out in the plots.
    chosen: Option<String>,
}

/// What is open above the page.
enum Open {
    TryIt,
    Autopilot(autopilot::Form),
    Traffic(Box<traffic::Form>),
    Update(Box<update::Form>),
    Labels(Box<labels::Form>),
}

/// What one frame of the page draws from.
struct Frame<'a> {
    endpoint: &'a Endpoint,
    live: Option<&'a EndpointLive>,
    data: &'a PageData,
}

const TABS: [&str; 4] = ["Live", "Deployments", "Details", "Code"];

impl EndpointPage {
    /// The page of that name.
    pub fn new(name: String) -> Self {
        Self {
            try_it: try_it::TryIt::new(),
            name,
            split: SplitBar::default(),
            weights: Requested::default(),
            view: View::time(),
            range_read: false,
            dialog: None,
            details: details::Details::default(),
            shadow_share: None,
            closed_timeline: None,
            says_why: false,
            chosen: None,
        }
    }

    /// Draws it.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Context<'_>) {
        let Some(endpoint) = cx.snapshot.endpoints.get(&self.name).map(Arc::clone) else { return };
        let live = cx.workspace.endpoint_live(&self.name);
        let page = data::page(cx.snapshot, &endpoint, live.as_deref(), cx.now, cx.zone);
        let frame = Frame { endpoint: &endpoint, live: live.as_deref(), data: &page };
        self.weights_answered(cx);

        self.head(ui, cx, &frame);
        let mut tab: usize = cx.prefs.get("endpoint.tab");
        let chosen = tabs(ui, &TABS, &mut tab, |ui| Self::beside_tabs(ui, cx, &page));
        if chosen {
            cx.prefs.set("endpoint.tab", &tab);
        }
        if tab == 3 {
            code::ui(ui, cx, &frame, &mut self.try_it);
        } else {
            parts::scroll(ui, ("endpoint", tab), |ui| match tab {
                1 => self.deployments(ui, cx, &frame),
                2 => self.details.ui(ui, cx, &frame),
                _ => self.live(ui, cx, &frame),
            });
        }
        self.keep_range(cx);
        self.dialogs(ui, cx, &frame);
        if let Some(last) = cx.snapshot.autopilots.get(&self.name).and_then(|on| on.last_step) {
            crate::gui::ticking(ui.ctx(), format::ago_changes_in_ms(cx.now, last));
        }
        if let Some(since) = endpoint.in_service_since {
            crate::gui::ticking(ui.ctx(), format::ago_changes_in_ms(cx.now, since));
        }
    }

    /// The range of the plots outlives the page: the one chosen last is taken up again.
    fn keep_range(&mut self, cx: &mut Context<'_>) {
        // 0 stands for all there is.
        let kept: Option<f64> = cx.prefs.get("endpoint.range");
        if self.range_read {
            let range = self.view.followed().unwrap_or(0.0);
            if kept.unwrap_or(600.0) != range {
                cx.prefs.set("endpoint.range", &range);
            }
            return;
        }
        self.range_read = true;
        if let Some(range) = kept {
            self.view.show(if range > 0.0 { Window::Newest(range) } else { Window::All });
        }
    }

    /// Hands in new weights and shows them at once; a refusal takes the bar back and says why.
    fn set_weights(&mut self, ui: &Ui, cx: &mut Context<'_>, frame: &Frame<'_>, shares: &Shares) {
        let names = frame.endpoint.variants.iter().map(|v| v.name.clone());
        let mut weights: Vec<(String, f64)> = names.zip(shares.weights()).collect();
        // A shadow variant's share is its weight over the sum of these: it moves along, so that the share stays.
        let sum: f64 = weights.iter().map(|(_, weight)| weight).sum();
        let shadows = frame.endpoint.shadow_variants.iter().zip(frame.endpoint.shadow_shares());
        weights.extend(shadows.map(|(shadow, share)| (shadow.name.clone(), share * sum)));
        let command = Command::UpdateWeights { name: self.name.clone(), weights, instance_counts: Vec::new() };
        let ticket = cx.workspace.submit(command);
        self.split.applied(&frame.data.shares, shares);
        self.weights.ask(ui.ctx(), ticket);
    }

    fn undo_weights(&mut self, ui: &Ui, cx: &mut Context<'_>) {
        let ticket = cx.workspace.submit(Command::UndoWeights { name: self.name.clone() });
        self.weights.ask(ui.ctx(), ticket);
    }

    fn weights_answered(&mut self, cx: &mut Context<'_>) {
        if self.weights.poll()
            && let Requested::Failed(why) = &self.weights
        {
            self.split.refused();
            let toast = Toast::new(ToastKind::Error, "The weights were not changed").detail(why.to_string());
            cx.actions.push(Action::Toast(toast));
        }
    }

    fn dialogs(&mut self, ui: &Ui, cx: &mut Context<'_>, frame: &Frame<'_>) {
        let open = match self.dialog.take() {
            None => return,
            Some(Open::TryIt) => self.try_it.ui(ui, cx, frame).then_some(Open::TryIt),
            Some(Open::Autopilot(mut form)) => form.ui(ui, cx).then_some(Open::Autopilot(form)),
            Some(Open::Traffic(mut form)) => form.ui(ui, cx, frame).then_some(Open::Traffic(form)),
            Some(Open::Labels(mut form)) => form.ui(ui, cx, frame).then_some(Open::Labels(form)),
            Some(Open::Update(mut form)) => form.ui(ui, cx, frame).then_some(Open::Update(form)),
        };
        self.dialog = open;
    }

    /// Draws a timeline and does what is clicked on it.
    fn timeline(&mut self, ui: &mut Ui, cx: &mut Context<'_>, frame: &Frame<'_>, deployment: &Deployment) {
        match timeline::card(ui, cx, frame, deployment) {
            Some(timeline::Click::Close) => self.closed_timeline = Some(deployment.number),
            Some(timeline::Click::RollBack) => {
                let command = Command::RollBackEndpoint { name: self.name.clone() };
                cx.actions.submit(command, format!("{} goes back to {}", self.name, frame.endpoint.config_name));
            }
            None => {}
        }
    }

    fn open_traffic(&mut self, cx: &Context<'_>, frame: &Frame<'_>) {
        self.dialog = Some(Open::Traffic(Box::new(traffic::Form::new(cx, frame.endpoint))));
    }

    fn open_update(&mut self, cx: &Context<'_>, frame: &Frame<'_>, config: Option<String>) {
        self.dialog = Some(Open::Update(Box::new(update::Form::new(cx, frame, config))));
    }

    /// Asks before deleting, and names all that goes along.
    fn ask_delete(cx: &mut Context<'_>, frame: &Frame<'_>) {
        let endpoint = frame.endpoint;
        let name = &endpoint.name;
        let mut lines = Vec::new();
        if let Some(url) = &frame.data.url {
            lines.push(format!("The URL {url}"));
        }
        for variant in &endpoint.variants {
            lines.push(format!("Variant {} with its live numbers (model {} stays)", variant.name, variant.model_name));
        }
        lines.push(format!("Its history: {}", format::plural(endpoint.deployments.len(), "deployment")));
        lines.push("The captured requests and their labels".to_owned());
        if frame.data.test.is_some() {
            lines.push("The traffic test that is running".to_owned());
        }
        let command = Command::DeleteEndpoint { name: name.clone() };
        let delete = Action::Submit {
            command,
            said: format!("Deleted endpoint {name}"),
            then: Some(Route::list_of(Kind::Endpoint)),
        };
        let body = format!(
            "Requests under way are finished; new ones are refused. The configuration {} and its models stay. {} is saved.",
            endpoint.config_name,
            format::usd_per_hour(endpoint.usd_per_hour())
        );
        let confirm =
            Confirm::new(format!("Delete endpoint {name}?"), "Delete", vec![delete]).body(body).goes_along(lines);
        cx.actions.push(Action::Confirm(Box::new(confirm)));
    }
}
