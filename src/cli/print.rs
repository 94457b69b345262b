//! The only place that prints: answers to stdout, complaints to stderr.

/// A line to stdout.
#[expect(clippy::print_stdout, reason = "the command line's answers")]
pub(super) fn out(line: &str) {
    println!("{line}");
}

/// Text to stdout as it is.
#[expect(clippy::print_stdout, reason = "the command line's answers")]
pub(super) fn raw(text: &str) {
    print!("{text}");
}

/// A line to stderr.
#[expect(clippy::print_stderr, reason = "the command line's complaints")]
pub(super) fn err(line: &str) {
    eprintln!("{line}");
}
