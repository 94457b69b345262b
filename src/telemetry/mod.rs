//! Logs to stderr, and the metrics: their table and their recorder. One line per event, no bodies, no phone numbers.

mod document;
mod logs;
pub mod measures;
mod recorder;

pub use document::document;
pub use logs::{start_logs, tell_panics_by_place};
pub use recorder::metrics;
