//! The log: lines to stderr, as text or JSON. It owns what may be written at all: nothing of a dependency below a warning, and
//! nothing that a panic says of its data. `RUST_LOG` can't lift either, because with it on, somebody's log would hold customers.

use std::io::IsTerminal;
use std::panic::PanicHookInfo;

use tracing::{Level, Metadata};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, fmt};

/// Sends logs to stderr. `filter` is an `env_logger` style directive such as `info` or `sacola=debug`; `json` writes one JSON
/// object per line. A second call does nothing.
pub fn start_logs(filter: &str, json: bool) {
    let read = EnvFilter::try_new(filter);
    let is_unreadable = read.is_err();
    let filter = read.unwrap_or_else(|_| EnvFilter::new("info"));
    let written = tracing_subscriber::registry()
        .with(filter)
        .with(filter_fn(may_be_written));
    let lines = fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let started = if json {
        written.with(lines.json().with_span_list(false)).try_init()
    } else {
        written.with(lines.with_target(false)).try_init()
    };
    if started.is_ok() && is_unreadable {
        tracing::warn!("RUST_LOG can't be read; info is used. An example: info,sacola::steps=debug");
    }
}

/// Our own lines are reviewed, and a test greps them. Below a warning those of dependencies (HTTP, TLS, Redis) hold headers and
/// bodies: tokens, phone numbers, what customers wrote.
fn may_be_written(metadata: &Metadata<'_>) -> bool {
    is_ours(metadata.target()) || *metadata.level() <= Level::WARN
}

fn is_ours(target: &str) -> bool {
    target == "sacola" || target.starts_with("sacola::")
}

/// From now on a panic is a line of the log with its place. Its words are written only when they are fixed ones: others may
/// hold the text that was being cut or parsed.
pub fn tell_panics_by_place() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, words = fixed_words(panic), "a panic");
    }));
}

fn fixed_words(panic: &PanicHookInfo<'_>) -> &'static str {
    let fixed = panic.payload().downcast_ref::<&'static str>().copied();
    fixed.unwrap_or("(left out: they may hold personal data)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_targets_of_this_program_are_ours() {
        for ours in ["sacola", "sacola::http::webhook", "sacola::steps"] {
            assert!(is_ours(ours), "{ours}");
        }
        for foreign in [
            "h2::codec",
            "hyper_util::client",
            "sacolas",
            "redis",
            "actix_http",
        ] {
            assert!(!is_ours(foreign), "{foreign}");
        }
    }
}
