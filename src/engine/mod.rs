//! The control plane.

pub mod machine;
pub mod sample;
