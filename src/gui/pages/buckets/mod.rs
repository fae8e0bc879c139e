//! Data: the list of buckets, and one bucket as folders with uploads, preview and deletion.

mod bucket_ui;
pub mod data;
mod list_ui;
mod preview_ui;
mod upload;

pub use bucket_ui::BucketPage;
pub use list_ui::BucketsPage;
