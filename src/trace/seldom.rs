//! Lines of the log that a stranger or an outage could repeat without end: so many in a while, and the next one says how many were
//! left out. It owns how often; it refuses to know what the lines say, and whether what they tell is over: a loop that fails again and
//! again tells that by `Streak` (`tasks.rs`). What is left out is still counted by the metrics.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// One place of the code that writes such a line.
#[derive(Debug)]
pub struct Seldom {
    most: u32,
    within: Duration,
    present: Mutex<Present>,
}

/// The while that runs.
#[derive(Debug)]
struct Present {
    began: Option<Instant>,
    told: u32,
    left_out: u64,
}

impl Seldom {
    /// So many lines within that time.
    pub const fn new(most: u32, within: Duration) -> Self {
        let present = Present {
            began: None,
            told: 0,
            left_out: 0,
        };
        Self {
            most,
            within,
            present: Mutex::new(present),
        }
    }

    /// Writes the line, or leaves it out. It gets how many were left out before it, if any were.
    pub fn tell(&self, line: impl FnOnce(Option<u64>)) {
        let now = Instant::now();
        let left_out = {
            let mut present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
            if present
                .began
                .is_none_or(|began| now.duration_since(began) >= self.within)
            {
                present.began = Some(now);
                present.told = 0;
            }
            if present.told >= self.most {
                present.left_out = present.left_out.saturating_add(1);
                return;
            }
            present.told += 1;
            std::mem::take(&mut present.left_out)
        };
        line((left_out > 0).then_some(left_out));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_flood_is_a_few_lines_and_the_next_one_says_how_many_were_left_out() {
        let seldom = Seldom::new(2, Duration::from_secs(1));
        let mut told = Vec::new();
        for _ in 0..500 {
            seldom.tell(|left_out| told.push(left_out));
        }
        assert_eq!(told, [None, None]);

        tokio::time::advance(Duration::from_secs(1)).await;
        seldom.tell(|left_out| told.push(left_out));
        seldom.tell(|left_out| told.push(left_out));

        assert_eq!(told, [None, None, Some(498), None]);
    }
}
