//! The form that makes an endpoint: from a configuration, or straight from models, which makes the configuration too.

use egui::{ScrollArea, Ui};

use crate::domain::endpoint::Endpoint;
use crate::domain::endpoint_config::{EndpointConfig, MAX_VARIANTS, ProductionVariant};
use crate::domain::extras::Extras;
use crate::domain::invalid::Invalid;
use crate::domain::price::INSTANCE_TYPES;
use crate::domain::reference::{Kind, ResourceRef};
use crate::domain::time::Timestamp;
use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::pages::code::CodeDialog;
use crate::gui::pages::naming;
use crate::gui::requested::Requested;
use crate::gui::route::Route;
use crate::gui::snippets;
use crate::gui::theme::{fonts, size};
use crate::gui::widgets::{Button, Field, card, field, header, text};
use crate::workspace::{Command, CommandError, Reply, Snapshot};

/// Where the variants come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum From {
    #[default]
    Config,
    Models,
}

/// The form.
pub struct NewEndpointPage {
    name: String,
    from: From,
    config: String,
    models: Vec<String>,
    instance_type: String,
    /// The name was never touched: no complaint about an empty one yet.
    touched: bool,
    /// Making the configuration that the endpoint needs.
    making: Requested<Reply>,
    failed: Option<String>,
    started: bool,
    code: CodeDialog,
}

/// A name that is free: `base`, `base-2`, ….
fn free_name(base: &str, taken: impl Fn(&str) -> bool) -> String {
    let base: String = base.chars().take(55).collect();
    let mut name = base.clone();
    for n in 2u64.. {
        if !taken(&name) {
            break;
        }
        name = format!("{base}-{n}");
    }
    name
}

/// The configuration that models make straight away: equal weights, a variant named after each model.
fn config_of(name: String, models: &[String], instance_type: &str) -> EndpointConfig {
    EndpointConfig {
        name,
        variants: models
            .iter()
            .map(|model| ProductionVariant {
                name: model.clone(),
                model_name: model.clone(),
                initial_instance_count: 1,
                instance_type: instance_type.to_owned(),
                initial_weight: 1.0,
            })
            .collect(),
        shadow_variants: Vec::new(),
        created: Timestamp(0),
        tags: Vec::new(),
        data_capture: None,
        extras: Extras::default(),
    }
}

impl NewEndpointPage {
    /// A form that starts from what is given.
    pub fn new(config: Option<String>) -> Self {
        Self {
            name: String::new(),
            from: From::Config,
            config: config.unwrap_or_default(),
            models: Vec::new(),
            instance_type: "ml.m5.large".to_owned(),
            touched: false,
            making: Requested::default(),
            failed: None,
            started: false,
            code: CodeDialog::default(),
        }
    }

    /// Values that work, as far as the world has them.
    fn start(&mut self, snapshot: &Snapshot) {
        self.started = true;
        if !snapshot.endpoint_configs.contains(&self.config) {
            let newest = snapshot.endpoint_configs.values().max_by_key(|config| config.created);
            self.config = newest.map(|config| config.name.clone()).unwrap_or_default();
        }
        if self.config.is_empty() {
            self.from = From::Models;
        }
        let mut newest: Vec<_> = snapshot.models.values().collect();
        newest.sort_by_key(|model| std::cmp::Reverse(model.created));
        self.models = newest.into_iter().take(2).map(|model| model.name.clone()).collect();
        if self.name.is_empty() {
            self.name = self.suggested_name(snapshot);
        }
    }

    /// What it will serve, and that it is live: `sentiment-ab` → `sentiment-live`.
    fn suggested_name(&self, snapshot: &Snapshot) -> String {
        let config = naming::stem(&self.config);
        let config = ["-ab", "-single"].iter().find_map(|tail| config.strip_suffix(tail)).unwrap_or(config);
        let stem = match self.from {
            From::Config => config.to_owned(),
            From::Models => naming::common_stem(self.models.iter().map(String::as_str)),
        };
        let base = if stem.is_empty() { "live".to_owned() } else { format!("{stem}-live") };
        naming::free(&base, |name| snapshot.endpoints.contains(name))
    }

    fn name_error(&self, snapshot: &Snapshot) -> Option<String> {
        if self.name.is_empty() && !self.touched {
            return None;
        }
        if let Err(Invalid { rule, .. }) = Endpoint::validate_name(&self.name) {
            return Some(rule);
        }
        snapshot.endpoints.contains(&self.name).then(|| "is the name of another endpoint".to_owned())
    }

    fn can_create(&self, snapshot: &Snapshot) -> bool {
        let good_name = Endpoint::validate_name(&self.name).is_ok() && !snapshot.endpoints.contains(&self.name);
        let good_source = match self.from {
            From::Config => snapshot.endpoint_configs.contains(&self.config),
            From::Models => (1..=MAX_VARIANTS).contains(&self.models.len()),
        };
        good_name && good_source && !self.making.is_pending()
    }

    /// Draws it.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Context<'_>) {
        if !self.started {
            self.start(cx.snapshot);
        }
        self.made(cx);
        header(ui, "New endpoint", None, "A URL with one or more models behind it", |ui| {
            if Button::primary("Create endpoint").large().enabled(self.can_create(cx.snapshot)).show(ui) {
                self.create(ui, cx);
            }
            if Button::secondary("Cancel").large().show(ui) {
                cx.actions.push(crate::gui::action::Action::Back);
            }
            self.code.button(ui, self.can_create(cx.snapshot));
        });
        self.show_code(ui, cx);
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.set_max_width(760.0);
            ui.spacing_mut().item_spacing.y = size::GAP;
            if let Some(why) = &self.failed {
                text::text(ui, why.clone(), fonts::body(), cx.theme.error.text);
            }
            card(ui, |ui| {
                let error = self.name_error(cx.snapshot);
                let path = Endpoint::invocations_path(if self.name.is_empty() { "NAME" } else { &self.name });
                let base = cx.snapshot.info.base_url.as_deref().unwrap_or_default();
                let help = format!("Requests will be posted to {base}{path}");
                let response = Field::new("Name")
                    .hint("sentiment-live")
                    .help(&help)
                    .error(error.as_deref())
                    .show(ui, &mut self.name);
                self.touched |= response.changed();
            });
            card(ui, |ui| self.source(ui, cx));
        });
    }

    fn source(&mut self, ui: &mut Ui, cx: &mut Context<'_>) {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            for (from, words) in [(From::Config, "From a configuration"), (From::Models, "Straight from models")] {
                if Button::secondary(words).selected(self.from == from).show(ui) {
                    self.from = from;
                }
            }
        });
        ui.add_space(4.0);
        match self.from {
            From::Config => self.choose_config(ui, cx),
            From::Models => self.choose_models(ui, cx),
        }
    }

    fn choose_config(&mut self, ui: &mut Ui, cx: &mut Context<'_>) {
        if cx.snapshot.endpoint_configs.is_empty() {
            text::muted(
                ui,
                "There is no endpoint configuration yet. Take models straight: the configuration is made along the way.",
            );
            return;
        }
        let mut configs: Vec<_> = cx.snapshot.endpoint_configs.values().collect();
        configs.sort_by_key(|config| std::cmp::Reverse(config.created));
        let options: Vec<(String, String)> = configs.iter().map(|c| (c.name.clone(), c.name.clone())).collect();
        field::choice(ui, "Endpoint configuration", &mut self.config, &options, 420.0);
        if let Some(config) = cx.snapshot.endpoint_configs.get(&self.config) {
            variant_lines(ui, cx, config);
        }
    }

    fn choose_models(&mut self, ui: &mut Ui, cx: &mut Context<'_>) {
        if cx.snapshot.models.is_empty() {
            text::muted(ui, "There is no model yet. Train one, or import an artefact, then come back.");
            if Button::secondary("New training job").show(ui) {
                cx.actions.go(Route::NewTrainingJob { clone_of: None });
            }
            return;
        }
        let words =
            format!("Tick up to {MAX_VARIANTS}. Each becomes a variant of its own name, all with the same weight.");
        text::small(ui, words);
        ScrollArea::vertical().id_salt("models").max_height(220.0).auto_shrink([false, true]).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            for model in cx.snapshot.models.values() {
                let mut ticked = self.models.contains(&model.name);
                let full = self.models.len() >= MAX_VARIANTS && !ticked;
                let algorithm = model.algorithm().map_or("unknown", |a| a.as_str());
                let words = format!("{}  ·  {algorithm}", model.name);
                let changed = ui.add_enabled_ui(!full, |ui| field::tick(ui, &mut ticked, &words).changed()).inner;
                if changed && ticked {
                    self.models.push(model.name.clone());
                } else if changed {
                    self.models.retain(|name| *name != model.name);
                }
            }
        });
        let types: Vec<(String, String)> = INSTANCE_TYPES
            .iter()
            .map(|row| (row.name.to_owned(), format!("{}  ·  {}", row.name, format::usd_per_hour(row.usd_per_hour))))
            .collect();
        field::choice(ui, "Instance type", &mut self.instance_type, &types, 300.0);
        if !self.models.is_empty() {
            let config = config_of(String::new(), &self.models, &self.instance_type);
            variant_lines(ui, cx, &config);
        }
    }

    fn show_code(&mut self, ui: &Ui, cx: &mut Context<'_>) {
        let mut code = std::mem::take(&mut self.code);
        let snapshot = std::sync::Arc::clone(cx.snapshot);
        code.ui(ui, cx, "New endpoint as code", || match self.from {
            From::Config => snippets::new_endpoint(&snapshot, &self.name, &self.config, None),
            From::Models => {
                let config = self.config_of_models(&snapshot);
                snippets::new_endpoint(&snapshot, &self.name, &config.name, Some(&config))
            }
        });
        self.code = code;
    }

    /// The configuration that is made along the way.
    fn config_of_models(&self, snapshot: &Snapshot) -> EndpointConfig {
        let name = free_name(&format!("{}-config", self.name), |name| snapshot.endpoint_configs.contains(name));
        config_of(name, &self.models, &self.instance_type)
    }

    fn create(&mut self, ui: &Ui, cx: &mut Context<'_>) {
        self.failed = None;
        match self.from {
            From::Config => self.submit(cx, self.config.clone()),
            From::Models => {
                let config = self.config_of_models(cx.snapshot);
                self.config.clone_from(&config.name);
                let ticket = cx.workspace.submit(Command::CreateEndpointConfig(Box::new(config)));
                self.making.ask(ui.ctx(), ticket);
            }
        }
    }

    /// Once the configuration is there, the endpoint follows.
    fn made(&mut self, cx: &mut Context<'_>) {
        if !self.making.poll() {
            return;
        }
        match &self.making {
            Requested::Done(_) => self.submit(cx, self.config.clone()),
            Requested::Failed(CommandError::Invalid(broken)) => {
                self.failed = Some(broken.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "));
            }
            Requested::Failed(why) => self.failed = Some(why.to_string()),
            Requested::NotAsked | Requested::Pending { .. } => {}
        }
    }

    fn submit(&self, cx: &mut Context<'_>, config_name: String) {
        let command = Command::CreateEndpoint {
            name: self.name.clone(),
            config_name,
            tags: Vec::new(),
            extras: Extras::default(),
        };
        let to = Route::of(&ResourceRef::new(Kind::Endpoint, &self.name));
        cx.actions.submit_then(command, format!("Creating endpoint {}", self.name), to);
    }
}

fn variant_lines(ui: &mut Ui, cx: &Context<'_>, config: &EndpointConfig) {
    let sum: f64 = config.variants.iter().map(|v| v.initial_weight).sum();
    ui.spacing_mut().item_spacing.y = 2.0;
    for (i, variant) in config.variants.iter().enumerate() {
        ui.horizontal(|ui| {
            ui.set_height(24.0);
            let (rect, _) = ui.allocate_exact_size(egui::vec2(12.0, 12.0), egui::Sense::hover());
            ui.painter().circle_filled(rect.center(), 4.5, cx.theme.variant(i));
            text::elided(ui, &variant.name, fonts::medium(), cx.theme.text, 220.0);
            let share = if sum > 0.0 { variant.initial_weight / sum } else { 0.0 };
            let gone = if cx.snapshot.models.contains(&variant.model_name) { "" } else { " (no longer there)" };
            let words = format!(
                "{} · model {}{gone} · {} × {}",
                format::percent(share),
                variant.model_name,
                variant.initial_instance_count,
                variant.instance_type
            );
            let room = ui.available_width();
            text::elided(ui, &words, fonts::body(), cx.theme.muted, room);
        });
    }
    text::small(
        ui,
        format!("{} at AWS list price, an estimate; here it is free", format::usd_per_hour(config.usd_per_hour())),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_free() {
        assert_eq!(free_name("a", |_| false), "a");
        assert_eq!(free_name("a", |name| name == "a" || name == "a-2"), "a-3");
    }

    #[test]
    fn models_make_a_configuration_that_breaks_no_rule() {
        let config = config_of("c".into(), &["m1".into(), "m2".into()], "ml.m5.large");
        assert_eq!(config.validate(), []);
        assert_eq!(config.variants[1].name, "m2");
    }
}
