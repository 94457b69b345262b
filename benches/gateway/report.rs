//! What a person reads: one line per run, figures in the units of docs/PERFORMANCE.md, and the same as Markdown at the end.

use super::load::Run;

/// One measured row.
#[derive(Debug, Default)]
pub struct Row {
    pub name: String,
    pub per_second: u64,
    pub p50_us: u64,
    pub p99_us: u64,
    pub p999_us: u64,
    /// Processor time of all servers per answered request, in nanoseconds.
    pub cpu_ns: u64,
    /// Share of the servers' core that they used, in per cent: below 95 the load was the limit, and req/s tells nothing.
    pub core_percent: u64,
    pub gateway_kb: u64,
    pub store_kb: u64,
    pub note: String,
}

impl Row {
    pub fn of(name: &str, run: &mut Run, cpu_us: u64) -> Self {
        Self {
            name: name.to_owned(),
            per_second: run.per_second(),
            p50_us: run.latencies.per_mille(500),
            p99_us: run.latencies.per_mille(990),
            p999_us: run.latencies.per_mille(999),
            cpu_ns: cpu_us
                .saturating_mul(1_000)
                .checked_div(run.answered)
                .unwrap_or(0),
            core_percent: cpu_us
                .saturating_mul(100)
                .checked_div(run.elapsed_us)
                .unwrap_or(0),
            ..Self::default()
        }
    }
}

#[expect(clippy::print_stdout, reason = "the harness is a program of the command line")]
pub fn line(text: &str) {
    println!("{text}");
}

/// Milliseconds with two decimals.
pub fn ms(us: u64) -> String {
    format!("{}.{:02}", us / 1_000, us % 1_000 / 10)
}

/// `a ÷ b` with three decimals.
pub fn ratio(a: u64, b: u64) -> String {
    let mille = a.saturating_mul(1_000).checked_div(b).unwrap_or(0);
    format!("{}.{:03}", mille / 1_000, mille % 1_000)
}

/// Seconds of processor time per 100,000 requests, with two decimals.
pub fn per_100k(cpu_ns: u64) -> String {
    let centiseconds = cpu_ns / 100;
    format!("{}.{:02}", centiseconds / 100, centiseconds % 100)
}

pub fn header() {
    line(
        "| what, one core for all servers | req/s | ÷ B0 | p50 ms | p99 ms | p99.9 ms | CPU s/100k | ÷ B0 | core % | gateway MB | store MB | |",
    );
    line("|---|---|---|---|---|---|---|---|---|---|---|---|");
}

pub fn row(row: &Row, floor: &Row) {
    line(&format!(
        "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
        row.name,
        row.per_second,
        ratio(row.per_second, floor.per_second),
        ms(row.p50_us),
        ms(row.p99_us),
        ms(row.p999_us),
        per_100k(row.cpu_ns),
        ratio(row.cpu_ns, floor.cpu_ns),
        row.core_percent,
        row.gateway_kb / 1_024,
        row.store_kb / 1_024,
        row.note
    ));
}
