//! What a fault cost: one row of the table in docs/RELIABILITY.md. It only counts and writes down; what a fault may cost is
//! asserted by the test that made it.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

use serde::Serialize;

/// What one scenario found, over all of its runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Which fault, on which store: the row's key in the table.
    pub fault: String,
    pub runs: u32,
    /// Things that were answered with 200, or by a write that the store confirmed.
    pub acknowledged: u64,
    /// Acknowledged, and not there afterwards.
    pub lost: u64,
    /// There more than once.
    pub doubled: u64,
    /// What the reader must know about the figures; empty when they speak for themselves.
    pub note: String,
}

impl Row {
    /// Appends the row as one line of JSON to the file that `scripts/faults` makes the table of: `SACOLA_FAULT_ROWS`, or
    /// `reliability` in cargo's folder for tests.
    pub fn report(&self) {
        let file = match std::env::var_os("SACOLA_FAULT_ROWS") {
            Some(file) => PathBuf::from(file),
            None => PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("reliability"),
        };
        let mut line = serde_json::to_string(self).unwrap();
        line.push('\n');
        let mut rows = OpenOptions::new().create(true).append(true).open(&file).unwrap();
        rows.write_all(line.as_bytes()).unwrap();
    }
}

/// How often a scenario is run: once, or what `SACOLA_FAULT_RUNS` says.
pub fn runs() -> u32 {
    let asked = std::env::var_os("SACOLA_FAULT_RUNS");
    let runs = asked.and_then(|runs| runs.to_str()?.parse().ok());
    runs.unwrap_or(1).max(1)
}
