//! Endpoint configurations: the list, one of them, and the form that makes one.

mod capture;
mod config_ui;
pub mod data;
mod form_ui;
mod list_ui;

pub use config_ui::EndpointConfigPage;
pub use form_ui::NewEndpointConfigPage;
pub use list_ui::EndpointConfigsPage;
