//! What several subjects share: the scripted workspace, a live one, and the program as a child process.

pub mod live;
pub mod program;
pub mod scripted;
