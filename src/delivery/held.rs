//! Heads that wait here for their turn, under their leases, in the order of their turns. It owns a bounded waiting room; it
//! refuses to keep anything durable: what is lost with the process is found by the sweeper when its lease ends.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::store::Head;

/// Heads that wait at most, some 10 MB; what does not fit waits for its lease to end.
const HELD_MAX: usize = 5_000;

/// The waiting room.
#[derive(Debug, Default)]
pub(super) struct Held {
    heads: Mutex<BTreeMap<(i64, u64), Head>>,
}

impl Held {
    /// Keeps a head until `at_ms`; `serial` tells heads of one moment apart. What does not fit is left to the sweeper.
    pub(super) fn keep(&self, at_ms: i64, serial: u64, head: Head) {
        let mut heads = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
        if heads.len() < HELD_MAX {
            heads.insert((at_ms, serial), head);
        }
    }

    /// Those whose turn has come.
    pub(super) fn due(&self, now_ms: i64) -> Vec<Head> {
        let mut heads = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
        let later = heads.split_off(&(now_ms.saturating_add(1), 0));
        std::mem::replace(&mut *heads, later).into_values().collect()
    }

    /// When to look again.
    pub(super) fn next_ms(&self) -> Option<i64> {
        let heads = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
        heads.keys().next().map(|(at_ms, _)| *at_ms)
    }
}
