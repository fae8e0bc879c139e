//! What several subjects share: the scripted workspace.

pub mod scripted;
