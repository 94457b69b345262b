//! The pace of a number whose rate is exhausted, as this replica sees it: each waiting message gets a turn of its own, so that
//! a backlog costs the store nothing until it moves. The store's budget stays the judge; a turn is only when to ask it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use crate::domain::ids::{EffectId, NumberId};

/// When a message may be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Now, if the store agrees.
    Now,
    /// At that time, in Unix milliseconds.
    At(i64),
    /// Not within the given time: there are too many before it.
    TooLate,
}

/// Turns given out, by number.
#[derive(Debug, Default)]
pub(super) struct Paces {
    numbers: Mutex<BTreeMap<NumberId, Turns>>,
}

#[derive(Clone, Debug, Default)]
struct Turns {
    /// The first turn that is free.
    next_us: i64,
    interval_us: i64,
    /// Who has a turn.
    given: BTreeSet<EffectId>,
}

impl Paces {
    /// When `effect` may be started, at the latest at `latest_ms`.
    pub(super) fn turn(&self, number: &NumberId, effect: &EffectId, now_ms: i64, latest_ms: i64) -> Turn {
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(turns) = numbers.get_mut(number) else {
            return Turn::Now;
        };
        if turns.given.remove(effect) {
            return Turn::Now;
        }
        if turns.next_us <= now_ms.saturating_mul(1_000) {
            numbers.remove(number);
            return Turn::Now;
        }
        turns.give(effect, latest_ms)
    }

    /// The store refused it until then: turns begin there.
    pub(super) fn refused(
        &self,
        number: &NumberId,
        effect: &EffectId,
        (until_ms, latest_ms): (i64, i64),
        interval_us: i64,
    ) -> Turn {
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        let turns = numbers.entry(number.clone()).or_default();
        turns.interval_us = interval_us.max(1);
        turns.next_us = turns.next_us.max(until_ms.saturating_mul(1_000));
        turns.give(effect, latest_ms)
    }
}

impl Turns {
    fn give(&mut self, effect: &EffectId, latest_ms: i64) -> Turn {
        let at_ms = self.next_us.saturating_add(999).div_euclid(1_000);
        if at_ms > latest_ms {
            return Turn::TooLate;
        }
        self.next_us = self.next_us.saturating_add(self.interval_us);
        self.given.insert(effect.clone());
        Turn::At(at_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_waiting_message_has_a_turn_of_its_own_and_comes_back_to_it() {
        let (paces, number) = (Paces::default(), NumberId::new("106"));
        let effect = |n: u32| EffectId::new(format!("0a.{n}"));
        assert_eq!(paces.turn(&number, &effect(0), 1_000, 9_000), Turn::Now);
        assert_eq!(
            paces.refused(&number, &effect(0), (1_010, 9_000), 12_500),
            Turn::At(1_010)
        );
        assert_eq!(paces.turn(&number, &effect(1), 1_001, 9_000), Turn::At(1_023));
        assert_eq!(paces.turn(&number, &effect(2), 1_001, 9_000), Turn::At(1_035));
        assert_eq!(paces.turn(&number, &effect(3), 1_001, 1_040), Turn::TooLate);
        assert_eq!(paces.turn(&number, &effect(0), 1_010, 9_000), Turn::Now);
        assert_eq!(paces.turn(&number, &effect(1), 1_023, 9_000), Turn::Now);
        assert_eq!(paces.turn(&number, &effect(4), 1_024, 9_000), Turn::At(1_048));
        assert_eq!(
            paces.turn(&number, &effect(5), 1_100, 9_000),
            Turn::Now,
            "the queue is over"
        );
        assert_eq!(
            paces.turn(&NumberId::new("107"), &effect(9), 1_001, 9_000),
            Turn::Now
        );
    }
}
