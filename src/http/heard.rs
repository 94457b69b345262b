//! When each configured number was last heard of, at this replica, and how much was told of it. An unknown number never gets here:
//! anybody with the app's secret could send any, and each would be a metric of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use metrics::Counter;

use crate::domain::ids::NumberId;

/// What was heard of which number.
#[derive(Debug, Default)]
pub struct Heard {
    numbers: Mutex<BTreeMap<NumberId, Number>>,
}

#[derive(Debug)]
struct Number {
    last_ms: i64,
    messages: Counter,
    statuses: Counter,
}

impl Number {
    fn new(number: &NumberId, now_ms: i64) -> Self {
        let counter = |kind: &'static str| {
            let number = number.as_str().to_owned();
            let counter = metrics::counter!("sacola_number_events_total", "number" => number, "kind" => kind);
            counter.increment(0);
            counter
        };
        Self {
            last_ms: now_ms,
            messages: counter("message"),
            statuses: counter("status"),
        }
    }
}

impl Heard {
    /// A configured number got a message.
    pub(super) fn message(&self, number: &NumberId, now_ms: i64) {
        self.on(number, now_ms, |one| {
            one.last_ms = one.last_ms.max(now_ms);
            one.messages.increment(1);
        });
    }

    /// A configured number got a status.
    pub(super) fn status(&self, number: &NumberId, now_ms: i64) {
        self.on(number, now_ms, |one| {
            one.last_ms = one.last_ms.max(now_ms);
            one.statuses.increment(1);
        });
    }

    /// How long nothing was heard of a number; of one that is asked about for the first time, no time.
    pub(super) fn silence_ms(&self, number: &NumberId, now_ms: i64) -> i64 {
        self.on(number, now_ms, |one| now_ms.saturating_sub(one.last_ms).max(0))
    }

    /// Forgets all numbers but these, and returns those forgotten.
    pub(super) fn keep_only(&self, numbers: &BTreeSet<NumberId>) -> Vec<NumberId> {
        let mut known = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        let gone: Vec<NumberId> = known
            .keys()
            .filter(|number| !numbers.contains(*number))
            .cloned()
            .collect();
        known.retain(|number, _| numbers.contains(number));
        gone
    }

    fn on<T>(&self, number: &NumberId, now_ms: i64, act: impl FnOnce(&mut Number) -> T) -> T {
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = numbers.get_mut(number) {
            return act(known);
        }
        let mut new = Number::new(number, now_ms);
        let answer = act(&mut new);
        numbers.insert(number.clone(), new);
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_silent_since_it_was_last_heard_of_or_first_asked_about() {
        let (heard, number) = (Heard::default(), NumberId::new("106"));
        assert_eq!(heard.silence_ms(&number, 1_000), 0);
        assert_eq!(heard.silence_ms(&number, 61_000), 60_000);
        heard.status(&number, 62_000);
        assert_eq!(heard.silence_ms(&number, 63_000), 1_000);
        heard.message(&number, 62_500);
        assert_eq!(heard.silence_ms(&number, 63_000), 500);
        assert_eq!(heard.silence_ms(&number, 1_000), 0, "the clock was set back");
    }

    #[test]
    fn who_is_no_longer_configured_is_forgotten() {
        let (heard, number) = (Heard::default(), NumberId::new("106"));
        heard.message(&number, 1_000);
        assert!(heard.keep_only(&BTreeSet::from([number.clone()])).is_empty());
        assert_eq!(heard.keep_only(&BTreeSet::new()), std::slice::from_ref(&number));
        assert_eq!(heard.silence_ms(&number, 9_000), 0);
    }
}
