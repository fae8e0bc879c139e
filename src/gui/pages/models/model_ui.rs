//! One model: its artefact, image and environment, where it comes from, who uses it.

use std::sync::Arc;

use egui::Ui;

use super::data;
use super::list_ui::{confirm_delete, deploy};
use crate::domain::arn::ArnKind;
use crate::domain::model::Model;
use crate::domain::reference::Kind;
use crate::domain::training_job::TrainingJob;
use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::pages::training::data::number;
use crate::gui::pages::{code, parts};
use crate::gui::route::Route;
use crate::gui::snippets;
use crate::gui::theme::size;
use crate::gui::widgets::relations::relations;
use crate::gui::widgets::{Button, PillTone, card, empty_state, header, tabs, text};

/// The page.
pub struct ModelPage {
    name: String,
}

impl ModelPage {
    /// The page of that name.
    pub fn new(name: String) -> Self {
        Self { name }
    }

    /// Draws it.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Context<'_>) {
        let name = self.name.as_str();
        let Some(model) = cx.snapshot.models.get(name).cloned() else { return };
        let bytes = data::artifact_bytes(cx.snapshot, &model.model_data);
        let below = format!("{} · made {}", data::algorithm_words(&model), format::ago(cx.now, model.created));
        header(ui, name, None, &below, |ui| {
            let tip = "A new endpoint configuration with this model";
            if Button::primary("Deploy").large().enabled(bytes.is_some()).tip(tip).show(ui) {
                deploy(cx, &[name.to_owned()]);
            }
            if Button::danger("Delete…").large().name("Delete model").show(ui) {
                confirm_delete(cx, &[name.to_owned()], Some(&Route::Models));
            }
        });
        if bytes.is_none() {
            let words = format!(
                "{} is not there any more. Endpoints that serve the model go on; it can't be deployed anew.",
                model.model_data
            );
            parts::banner(ui, PillTone::Warn, "The artefact is gone", &words, |_| {});
        }
        let mut tab: usize = cx.prefs.get("model.tab");
        if tabs(ui, &["Overview", "Code"], &mut tab, |_| {}) {
            cx.prefs.set("model.tab", &tab);
        }
        if tab == 1 {
            let snippets = snippets::model(cx.snapshot, &model);
            code::tab(ui, cx, "model", &snippets);
            return;
        }
        let maker = data::maker(cx.snapshot, &model.model_data).cloned();
        parts::scroll(ui, "model", |ui| {
            let (model, maker) = (&model, &maker);
            parts::with_side(ui, cx, 320.0, |ui, cx| main(ui, cx, model, bytes), |ui, _| metrics(ui, maker.as_deref()));
            ui.add_space(size::GAP - ui.spacing().item_spacing.y);
            uses(ui, cx, model, maker.as_ref());
        });
    }
}

fn main(ui: &mut Ui, cx: &mut Context<'_>, model: &Model, bytes: Option<u64>) {
    card(ui, |ui| {
        text::strong(ui, "Container");
        ui.add_space(2.0);
        parts::fact_copy(ui, cx, "Artefact", &model.model_data.to_string(), 110.0);
        parts::fact(ui, "Size", &bytes.map_or("gone".to_owned(), format::bytes), 110.0);
        parts::fact_copy(ui, cx, "Image", &model.image, 110.0);
        let arn = cx.snapshot.info.account.arn(ArnKind::Model, &model.name);
        parts::fact_copy(ui, cx, "ARN", &arn, 110.0);
        parts::fact(ui, "Created", &format::exact(model.created, cx.zone), 110.0);
    });
    ui.add_space(size::GAP - ui.spacing().item_spacing.y);
    card(ui, |ui| {
        text::strong(ui, "Environment");
        ui.add_space(2.0);
        if model.environment.is_empty() {
            empty_state::nothing(ui, "No variables are set.");
        }
        for (key, value) in &model.environment {
            parts::fact_copy(ui, cx, key, value, 220.0);
        }
    });
}

fn metrics(ui: &mut Ui, maker: Option<&TrainingJob>) {
    card(ui, |ui| {
        text::strong(ui, "Measured in training");
        ui.add_space(2.0);
        let Some(job) = maker else {
            empty_state::nothing(ui, "The artefact was not trained in this workspace.");
            return;
        };
        ui.spacing_mut().item_spacing.y = 4.0;
        for metric in &job.final_metrics {
            parts::fact_right(ui, &metric.name, &number(metric.value));
        }
        if job.final_metrics.is_empty() {
            empty_state::nothing(ui, "Nothing was measured.");
        }
        if let Some(summary) = &job.summary {
            let shape = format!("{} × {}", format::count(summary.rows), format::count(summary.features));
            parts::fact_right(ui, "Rows × features", &shape);
        }
    });
}

fn uses(ui: &mut Ui, cx: &mut Context<'_>, model: &Model, maker: Option<&Arc<TrainingJob>>) {
    let snapshot = cx.snapshot;
    let mut uses: Vec<_> = maker.iter().map(|job| parts::chip(snapshot, Kind::TrainingJob, job.name())).collect();
    uses.push(parts::object_chip(snapshot, &model.model_data));
    let users = data::users(snapshot, &model.name);
    let configs = users.configs.iter().map(|name| parts::chip(snapshot, Kind::EndpointConfig, name));
    let users: Vec<_> =
        configs.chain(users.endpoints.iter().map(|name| parts::chip(snapshot, Kind::Endpoint, name))).collect();
    card(ui, |ui| {
        text::strong(ui, "Uses and used by");
        ui.add_space(4.0);
        relations(ui, cx.actions, "this model", &uses, "", &users, "nothing uses it yet");
    });
}
