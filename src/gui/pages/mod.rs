//! The places of the window. A page is data (`data.rs`, pure, tested as text) and thin drawing; the router makes it when its route is entered.

pub mod buckets;
mod cache;
pub mod cleanup;
pub mod code;
pub mod compare;
mod data_picker;
pub mod endpoint_configs;
pub mod endpoints;
pub mod home;
mod making;
pub mod models;
pub mod naming;
mod object_picker;
mod paired;
mod parts;
pub mod settings;
pub mod training;

use buckets::{BucketPage, BucketsPage};
use cleanup::CleanupPage;
use compare::ComparePage;
use endpoint_configs::{EndpointConfigPage, EndpointConfigsPage, NewEndpointConfigPage};
use endpoints::{EndpointPage, EndpointsPage, NewEndpointPage};
use home::HomePage;
use models::{ModelPage, ModelsPage, NewModelPage};
use settings::SettingsPage;
use training::{NewTrainingJobPage, TrainingJobPage, TrainingJobsPage};

use super::context::Context;
use super::route::Route;
use super::widgets::{Icon, empty_state};

/// One page with its state.
enum Page {
    Home(HomePage),
    Buckets(BucketsPage),
    Bucket(BucketPage),
    TrainingJobs(TrainingJobsPage),
    TrainingJob(TrainingJobPage),
    NewTrainingJob(NewTrainingJobPage),
    Models(ModelsPage),
    Model(ModelPage),
    NewModel(NewModelPage),
    EndpointConfigs(EndpointConfigsPage),
    EndpointConfig(EndpointConfigPage),
    NewEndpointConfig(NewEndpointConfigPage),
    Endpoints(EndpointsPage),
    Endpoint(EndpointPage),
    NewEndpoint(NewEndpointPage),
    Cleanup(CleanupPage),
    Compare(Box<ComparePage>),
    Settings(SettingsPage),
}

impl Page {
    fn open(route: &Route) -> Self {
        match route.clone() {
            Route::Home => Self::Home(HomePage::default()),
            Route::Buckets => Self::Buckets(BucketsPage::default()),
            Route::Bucket { name, prefix } => Self::Bucket(BucketPage::new(name, prefix)),
            Route::TrainingJobs => Self::TrainingJobs(TrainingJobsPage::default()),
            Route::TrainingJob(name) => Self::TrainingJob(TrainingJobPage::new(name)),
            Route::NewTrainingJob { clone_of } => Self::NewTrainingJob(NewTrainingJobPage::new(clone_of)),
            Route::Models => Self::Models(ModelsPage::default()),
            Route::Model(name) => Self::Model(ModelPage::new(name)),
            Route::NewModel { from_job } => Self::NewModel(NewModelPage::new(from_job)),
            Route::EndpointConfigs => Self::EndpointConfigs(EndpointConfigsPage::default()),
            Route::EndpointConfig(name) => Self::EndpointConfig(EndpointConfigPage::new(name)),
            Route::NewEndpointConfig { clone_of, models } => {
                Self::NewEndpointConfig(NewEndpointConfigPage::new(clone_of, models))
            }
            Route::Endpoints => Self::Endpoints(EndpointsPage::default()),
            Route::Endpoint(name) => Self::Endpoint(EndpointPage::new(name)),
            Route::NewEndpoint { config } => Self::NewEndpoint(NewEndpointPage::new(config)),
            Route::Cleanup => Self::Cleanup(CleanupPage::default()),
            Route::Compare => Self::Compare(Box::default()),
            Route::Settings => Self::Settings(SettingsPage::default()),
        }
    }

    fn ui(&mut self, ui: &mut egui::Ui, cx: &mut Context<'_>) {
        match self {
            Self::Home(page) => page.ui(ui, cx),
            Self::Buckets(page) => page.ui(ui, cx),
            Self::Bucket(page) => page.ui(ui, cx),
            Self::TrainingJobs(page) => page.ui(ui, cx),
            Self::TrainingJob(page) => page.ui(ui, cx),
            Self::NewTrainingJob(page) => page.ui(ui, cx),
            Self::Models(page) => page.ui(ui, cx),
            Self::Model(page) => page.ui(ui, cx),
            Self::NewModel(page) => page.ui(ui, cx),
            Self::EndpointConfigs(page) => page.ui(ui, cx),
            Self::EndpointConfig(page) => page.ui(ui, cx),
            Self::NewEndpointConfig(page) => page.ui(ui, cx),
            Self::Endpoints(page) => page.ui(ui, cx),
            Self::Endpoint(page) => page.ui(ui, cx),
            Self::NewEndpoint(page) => page.ui(ui, cx),
            Self::Cleanup(page) => page.ui(ui, cx),
            Self::Compare(page) => page.ui(ui, cx),
            Self::Settings(page) => page.ui(ui, cx),
        }
    }
}

/// How many pages keep their state (scroll, selection, half-filled forms) while another one is shown.
const KEPT: usize = 12;

/// The pages that were open last, newest at the end.
#[derive(Default)]
pub struct Pages(Vec<(Route, Page)>);

impl Pages {
    /// Forgets a page's state: the next time it starts anew.
    pub fn forget(&mut self, route: &Route) {
        self.0.retain(|(kept, _)| kept != route);
    }

    /// Draws the page of a route.
    pub fn ui(&mut self, ui: &mut egui::Ui, cx: &mut Context<'_>, route: &Route) {
        if let Some(resource) = route.resource()
            && !cx.snapshot.contains(&resource)
        {
            self.forget(route);
            let list = Route::list_of(resource.kind);
            let title = format!("There is no {resource}");
            let button = format!("Show {}", list.title().to_lowercase());
            if empty_state(
                ui,
                Icon::SearchX,
                &title,
                "It may have been deleted, here or by another client.",
                Some(&button),
            ) {
                cx.actions.go(list);
            }
            return;
        }
        let place = self.0.iter().position(|(kept, _)| kept == route).unwrap_or_else(|| {
            if self.0.len() == KEPT {
                self.0.remove(0);
            }
            self.0.push((route.clone(), Page::open(route)));
            self.0.len() - 1
        });
        self.0[place..].rotate_left(1);
        if let Some((_, page)) = self.0.last_mut() {
            page.ui(ui, cx);
        }
    }
}
