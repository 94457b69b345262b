//! Logs to stderr, and the metrics: their table and their recorder. One line per event, no bodies, no phone numbers.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

mod document;
pub mod measures;
mod recorder;

pub use document::document;
pub use recorder::metrics;

/// Sends logs to stderr. `filter` is an `env_logger` style directive such as `info` or `sacola=debug`; `json` writes one JSON
/// object per line. A second call does nothing.
pub fn start_logs(filter: &str, json: bool) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let started = if json {
        logs.json().try_init()
    } else {
        logs.with_target(false).try_init()
    };
    drop(started);
}
