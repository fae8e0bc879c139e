//! What a workspace holds: one resource a file, each a struct, a `Status` and `validate`. Pure: no clock, no disk, no network.

pub mod access_key;
pub mod alarm;
pub mod algorithm;
pub mod arn;
pub mod autopilot;
pub mod bucket;
pub mod data_capture;
pub mod deployment;
pub mod endpoint;
pub mod endpoint_config;
pub mod event;
pub mod extras;
pub mod invalid;
pub mod label;
pub mod metric;
pub mod model;
pub mod multipart_upload;
pub mod name;
pub mod price;
pub mod reference;
pub mod role;
pub mod s3_uri;
pub mod tag;
pub mod time;
pub mod traffic_test;
pub mod training_job;
