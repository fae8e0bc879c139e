//! Models: the list, one of them, and the form that makes one from a job's artefact or an object.

pub mod data;
mod form_ui;
mod list_ui;
mod model_ui;

pub use form_ui::NewModelPage;
pub use list_ui::ModelsPage;
pub use model_ui::ModelPage;
