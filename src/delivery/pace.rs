//! The pace of a number whose rate is exhausted, as this replica sees it: each waiting message gets a turn of its own, so that
//! a backlog costs the store nothing until it moves. The store's budget stays the judge; a turn is only when to ask it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::domain::ids::{EffectId, NumberId};

/// A clock that went back by more than this was set back: turns on the old clock would silence the number.
const SET_BACK_MS: i64 = 3_000;

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

/// A number's refusal: until when, and how long one message takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refusal {
    pub until_ms: i64,
    pub interval_us: i64,
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
    latest_now_ms: i64,
    /// Who has which turn.
    given: BTreeMap<EffectId, i64>,
}

impl Paces {
    /// When `effect` may be started, at the latest at `latest_ms`.
    pub(super) fn turn(&self, number: &NumberId, effect: &EffectId, now_ms: i64, latest_ms: i64) -> Turn {
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(turns) = numbers.get_mut(number) else {
            return Turn::Now;
        };
        let set_back = now_ms < turns.latest_now_ms - SET_BACK_MS;
        turns.latest_now_ms = turns.latest_now_ms.max(now_ms);
        let own = turns.given.get(effect).copied();
        if own.is_some_and(|at_ms| at_ms <= now_ms) {
            return Turn::Now;
        }
        if set_back || turns.next_us <= now_ms.saturating_mul(1_000) {
            numbers.remove(number);
            return Turn::Now;
        }
        // Who asks again before its turn keeps it: a new one each time would never come.
        match own {
            Some(at_ms) if at_ms <= latest_ms => Turn::At(at_ms),
            Some(_) | None => turns.give(effect, latest_ms),
        }
    }

    /// The store refused it at `now_ms`: turns begin when it says, and who had a turn keeps its place.
    pub(super) fn refused(
        &self,
        number: &NumberId,
        effect: &EffectId,
        refusal: Refusal,
        (now_ms, latest_ms): (i64, i64),
    ) -> Turn {
        if refusal.until_ms > latest_ms {
            return Turn::TooLate;
        }
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        let turns = numbers.entry(number.clone()).or_default();
        turns.interval_us = refusal.interval_us.max(1);
        turns.latest_now_ms = now_ms;
        turns.next_us = turns.next_us.max(refusal.until_ms.saturating_mul(1_000));
        turns
            .given
            .retain(|_, at_ms| *at_ms > now_ms - latest_ms.saturating_sub(now_ms).max(SET_BACK_MS));
        if turns.given.remove(effect).is_some() {
            turns.next_us = turns.next_us.saturating_add(turns.interval_us);
            turns.given.insert(effect.clone(), refusal.until_ms);
            return Turn::At(refusal.until_ms);
        }
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
        self.given.insert(effect.clone(), at_ms);
        Turn::At(at_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effect(n: u32) -> EffectId {
        EffectId::new(format!("0a.{n}"))
    }

    fn refused(paces: &Paces, n: u32, until_ms: i64, now_ms: i64) -> Turn {
        let refusal = Refusal {
            until_ms,
            interval_us: 12_500,
        };
        paces.refused(
            &NumberId::new("106"),
            &effect(n),
            refusal,
            (now_ms, now_ms + 9_000),
        )
    }

    #[test]
    fn each_waiting_message_has_a_turn_of_its_own_and_comes_back_to_it() {
        let (paces, number) = (Paces::default(), NumberId::new("106"));
        assert_eq!(paces.turn(&number, &effect(0), 1_000, 9_000), Turn::Now);
        assert_eq!(refused(&paces, 0, 1_010, 1_000), Turn::At(1_010));
        assert_eq!(paces.turn(&number, &effect(1), 1_001, 9_000), Turn::At(1_023));
        assert_eq!(
            paces.turn(&number, &effect(1), 1_002, 9_000),
            Turn::At(1_023),
            "asking again is no new turn"
        );
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

    #[test]
    fn who_is_refused_at_its_own_turn_keeps_its_place() {
        let (paces, number) = (Paces::default(), NumberId::new("106"));
        assert_eq!(refused(&paces, 0, 1_010, 1_000), Turn::At(1_010));
        assert_eq!(paces.turn(&number, &effect(1), 1_001, 9_000), Turn::At(1_023));
        assert_eq!(paces.turn(&number, &effect(0), 1_010, 9_000), Turn::Now);
        assert_eq!(refused(&paces, 0, 1_014, 1_010), Turn::At(1_014));
    }

    #[test]
    fn a_clock_that_is_set_back_silences_nobody() {
        let (paces, number) = (Paces::default(), NumberId::new("106"));
        assert_eq!(refused(&paces, 0, 8_000_010, 8_000_000), Turn::At(8_000_010));
        assert_eq!(paces.turn(&number, &effect(1), 800_000, 809_000), Turn::Now);
        assert_eq!(
            refused(&paces, 2, 8_000_000, 800_000),
            Turn::TooLate,
            "the store is on the old clock"
        );
        assert_eq!(paces.turn(&number, &effect(3), 800_001, 809_000), Turn::Now);
    }
}
