//! The harness's own clock and its figures, in whole microseconds: no floats, so that nothing is rounded twice.

use std::time::{Duration, Instant};

#[expect(clippy::disallowed_methods, reason = "a bench measures real time")]
pub fn now() -> Instant {
    Instant::now()
}

pub fn us_since(start: Instant) -> u64 {
    u64::try_from(now().duration_since(start).as_micros()).unwrap_or(u64::MAX)
}

#[expect(clippy::disallowed_methods, reason = "a bench measures real time")]
pub fn unix_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(0))
}

pub async fn pause_ms(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

/// Latencies of one run, in microseconds.
#[derive(Clone, Debug, Default)]
pub struct Latencies(Vec<u64>);

impl Latencies {
    pub fn add(&mut self, us: u64) {
        self.0.push(us);
    }

    pub fn join(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The value below which so many of 1,000 lie.
    pub fn per_mille(&mut self, mille: usize) -> u64 {
        self.0.sort_unstable();
        let index = (self.0.len() * mille / 1_000).min(self.0.len().saturating_sub(1));
        self.0.get(index).copied().unwrap_or(0)
    }
}
