//! Heads that wait here for their turn, under their leases, in the order of their turns. It owns a bounded waiting room; it
//! refuses to keep anything durable: what is lost with the process is found by the sweeper when its lease ends.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::store::Head;

/// Heads that wait at most, some 10 MB; what does not fit waits for its lease to end.
const HELD_MAX: usize = 5_000;

/// The waiting room.
#[derive(Debug, Default)]
pub(super) struct Held {
    room: Mutex<Room>,
}

#[derive(Debug, Default)]
struct Room {
    heads: BTreeMap<(i64, u64), Head>,
    is_closed: bool,
}

impl Held {
    /// Keeps a head until `at_ms`; `serial` tells heads of one moment apart. What does not fit is left to the sweeper. A room
    /// that is closed hands it back.
    pub(super) fn keep(&self, at_ms: i64, serial: u64, head: Head) -> Option<Head> {
        let mut room = self.room();
        if room.is_closed {
            return Some(head);
        }
        if room.heads.len() < HELD_MAX {
            room.heads.insert((at_ms, serial), head);
        }
        None
    }

    /// Those whose turn has come.
    pub(super) fn due(&self, now_ms: i64) -> Vec<Head> {
        let mut room = self.room();
        let later = room.heads.split_off(&(now_ms.saturating_add(1), 0));
        std::mem::replace(&mut room.heads, later).into_values().collect()
    }

    /// When to look again.
    pub(super) fn next_ms(&self) -> Option<i64> {
        self.room().heads.keys().next().map(|(at_ms, _)| *at_ms)
    }

    /// Takes out all, and nothing in any more.
    pub(super) fn close(&self) -> Vec<Head> {
        let mut room = self.room();
        room.is_closed = true;
        std::mem::take(&mut room.heads).into_values().collect()
    }

    fn room(&self) -> MutexGuard<'_, Room> {
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
