//! The only place that prints: answers to stdout, complaints to stderr. Whoever reads may have read enough, as `head` has: that is
//! no fault, and the rest of the answer goes nowhere.

use std::io::{self, ErrorKind, Write};

/// A line to stdout.
pub(super) fn out(line: &str) {
    raw(&format!("{line}\n"));
}

/// Text to stdout as it is.
#[expect(
    clippy::print_stdout,
    reason = "what can't be written for another reason ends the program as every print does"
)]
pub(super) fn raw(text: &str) {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    drop(stdout);
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => print!("{text}"),
        Ok(()) | Err(_) => {}
    }
}

/// A line to stderr.
#[expect(clippy::print_stderr, reason = "the command line's complaints")]
pub(super) fn err(line: &str) {
    eprintln!("{line}");
}
