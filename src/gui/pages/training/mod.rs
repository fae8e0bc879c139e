//! Training: the list of jobs with their curves laid over each other, one job live, and the wizard that starts one.

mod compare_ui;
pub mod data;
pub mod draft;
mod job_ui;
mod list_ui;
mod log_ui;
pub mod starting;
mod wizard;

pub use job_ui::TrainingJobPage;
pub use list_ui::TrainingJobsPage;
pub(in crate::gui::pages) use wizard::instance_options;
pub use wizard::{NewTrainingJobPage, start_with_data};
