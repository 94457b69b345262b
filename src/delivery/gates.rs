//! Gates: what the provider stopped as a whole (a dead token, a locked account, an unpaid bill), and numbers and backends that were
//! taken out of the configuration while work waits for them. While a gate is closed its lanes stand still in the store, unharmed
//! and in order. What the provider stopped is tried: one message a minute knocks, and the first that passes opens the gate for
//! all. What is not configured is looked for until it is back. A gate is this replica's own knowledge: another replica, or this
//! one after a restart, learns it by one send. It refuses to lose or reorder anything: closing costs time only.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use crate::domain::ids::{MerchantId, NumberId};
use crate::whatsapp::errors;

/// How often a closed gate is tried.
const KNOCK_MS: i64 = 60_000;
/// How long a knock may take before the next one: as long as a send.
const KNOCKING_MS: i64 = 10_000;
/// So soon a lane looks again whether its gate was opened by somebody who acted (a new token); with many lanes later, so that
/// all together look [`LOOKS_PER_S`] times a second.
const LOOK_MS: i64 = 5_000;
const LOOKS_PER_S: i64 = 100;
/// How long others wait before they look again while one knocks.
const LOOK_AGAIN_MS: i64 = 1_000;
/// A gate that was closed by late failures stays shut that long after a send was taken: its failure may follow.
const PROOF_MS: i64 = 10_000;

/// Cause and mend of a number that is not configured any more.
const ABSENT_NUMBER: (&str, &str) = (
    "The number is not in the configuration any more, and work of its customers waits.",
    "Put its [[number]] block back, even for a day, so that what was begun can end.",
);
/// The same of a merchant.
const ABSENT_MERCHANT: (&str, &str) = (
    "The merchant is not in the configuration any more, and purchases on their way to it wait.",
    "Put its [[merchant]] block back, even for a day, so that what was begun can end.",
);
/// A gate of what is absent is forgotten when nobody has looked for so long: nothing waits there any more.
const ABSENT_MS: i64 = 180_000;

/// What stands still.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gate {
    /// One business number.
    Number(NumberId),
    /// All numbers of a merchant.
    Merchant(MerchantId),
    /// What goes to a merchant's backend.
    Backend(MerchantId),
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "number {number}"),
            Self::Merchant(merchant) => write!(f, "merchant {merchant}"),
            Self::Backend(merchant) => write!(f, "backend {merchant}"),
        }
    }
}

/// A closed gate, for the person on call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stopped {
    /// What stands still, such as `number 1065…`.
    pub gate: String,
    /// Meta's code.
    pub code: i64,
    /// Since when, in Unix milliseconds.
    pub since_ms: i64,
    /// What happened.
    pub cause: &'static str,
    /// What to do.
    pub mend: &'static str,
}

/// Why a gate closed.
#[derive(Clone, Copy, Debug)]
pub struct Reason<'a> {
    /// Meta's code.
    pub code: i64,
    /// Meta's subcode.
    pub subcode: Option<i64>,
    /// Meta's details.
    pub details: &'a str,
    /// True when a status told it, after the send had been taken.
    pub late: bool,
}

#[derive(Clone, Debug)]
struct Closed {
    since_ms: i64,
    code: i64,
    words: (&'static str, &'static str),
    late: bool,
    /// When the next message may knock.
    knock_ms: i64,
    /// True while one knocks.
    knocking: bool,
    /// Lanes that looked since the last knock.
    looked: i64,
    /// Set after a knock of a gate that was closed late: until then the silence proves that it was heard.
    proven_ms: Option<i64>,
    /// Set while the gate is closed because nobody of that name is configured: until when that is believed unseen.
    absent_until_ms: Option<i64>,
}

/// The closed gates of this replica.
#[derive(Debug, Default)]
pub(super) struct Gates {
    closed: Mutex<BTreeMap<Gate, Closed>>,
}

impl Gates {
    /// `None`: go on (perhaps as the one who knocks); otherwise when to come back.
    pub(super) fn wait(&self, gates: &[Gate], now_ms: i64) -> Option<i64> {
        let mut closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        if closed.is_empty() {
            return None;
        }
        open_proven(&mut closed, now_ms);
        let waits = |gate: &Gate| closed.get_mut(gate)?.look(now_ms);
        if let Some(until_ms) = gates.iter().filter_map(waits).max() {
            return Some(until_ms);
        }
        for gate in gates {
            if let Some(one) = closed.get_mut(gate) {
                (one.knock_ms, one.knocking, one.looked) = (now_ms + KNOCKING_MS, true, 0);
            }
        }
        None
    }

    /// A number or a backend that is not configured any more, and has work: it waits, in order, until it is back. Returns when
    /// the lane looks again.
    pub(super) fn absent(&self, gate: &Gate, now_ms: i64) -> i64 {
        let words = match gate {
            Gate::Number(_) => ABSENT_NUMBER,
            Gate::Merchant(_) | Gate::Backend(_) => ABSENT_MERCHANT,
        };
        let mut closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        open_proven(&mut closed, now_ms);
        if closed.get(gate).is_none_or(|one| one.absent_until_ms.is_none()) {
            tracing::error!(%gate, mend = words.1, "it was taken out of the configuration; its work waits");
            tell(gate, true);
        }
        let one = closed
            .entry(gate.clone())
            .or_insert_with(|| Closed::new(now_ms, errors::NO_CODE, words));
        // Whatever closed it before says nothing any more.
        (one.code, one.words, one.late) = (errors::NO_CODE, words, false);
        (one.knocking, one.proven_ms) = (false, None);
        one.absent_until_ms = Some(now_ms + ABSENT_MS);
        if now_ms >= one.knock_ms {
            (one.knock_ms, one.looked) = (now_ms + KNOCK_MS, 0);
        }
        one.look(now_ms).unwrap_or(one.knock_ms)
    }

    /// When a lane whose message closed a gate looks again.
    pub(super) fn look_again_ms(now_ms: i64) -> i64 {
        now_ms + LOOK_MS
    }

    /// It is configured: what waited because it was not goes on.
    pub(super) fn back(&self, gate: &Gate) {
        let mut closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        if closed.get(gate).is_some_and(|one| one.absent_until_ms.is_some()) {
            closed.remove(gate);
            opened(gate);
        }
    }

    /// Somebody acted: all go on.
    pub(super) fn open(&self, gate: &Gate) {
        let mut closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        if closed.remove(gate).is_some() {
            opened(gate);
        }
    }

    /// Forgets what was stopped of numbers and merchants that are no longer configured. Where work of such a number was found waiting, it
    /// stays told.
    pub(super) fn forget_others(&self, is_known: impl Fn(&Gate) -> bool) {
        let mut closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        closed.retain(|gate, one| {
            let stays = is_known(gate) || one.absent_until_ms.is_some();
            if !stays {
                tracing::info!(%gate, "no longer configured: that it was stopped is forgotten");
                tell(gate, false);
            }
            stays
        });
    }

    /// Nothing passes until somebody acts.
    pub(super) fn close(&self, gate: Gate, reason: Reason<'_>, now_ms: i64) {
        let mut closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        let code = reason.code;
        let (mut cause, mend) = errors::explain(code, reason.details);
        if code == 190 && reason.subcode.is_some() {
            cause = errors::token_problem(reason.subcode);
        }
        if !closed.contains_key(&gate) {
            tracing::error!(%gate, code, cause, mend, "sending is stopped; messages wait in order");
            tell(&gate, true);
        }
        let one = closed
            .entry(gate)
            .or_insert_with(|| Closed::new(now_ms, code, (cause, mend)));
        (one.code, one.words, one.late) = (code, (cause, mend), reason.late);
        one.absent_until_ms = None;
        (one.knock_ms, one.knocking, one.proven_ms) = (now_ms + KNOCK_MS, false, None);
    }

    /// A message passed.
    pub(super) fn passed(&self, gates: &[Gate], now_ms: i64) {
        let mut closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        for gate in gates {
            match closed.get_mut(gate) {
                Some(one) if one.late => one.proven_ms = Some(now_ms + PROOF_MS),
                Some(_) => {
                    closed.remove(gate);
                    opened(gate);
                }
                None => {}
            }
        }
    }

    /// What stands still now.
    pub(super) fn stopped(&self, now_ms: i64) -> Vec<Stopped> {
        let mut closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        open_proven(&mut closed, now_ms);
        let told = |(gate, one): (&Gate, &Closed)| Stopped {
            gate: gate.to_string(),
            code: one.code,
            since_ms: one.since_ms,
            cause: one.words.0,
            mend: one.words.1,
        };
        closed.iter().map(told).collect()
    }
}

impl Closed {
    fn new(now_ms: i64, code: i64, words: (&'static str, &'static str)) -> Self {
        Self {
            since_ms: now_ms,
            code,
            words,
            late: false,
            knock_ms: 0,
            knocking: false,
            looked: 0,
            proven_ms: None,
            absent_until_ms: None,
        }
    }

    /// When a lane that comes now looks again; `None`: it may knock.
    fn look(&mut self, now_ms: i64) -> Option<i64> {
        if self.proven_ms.is_some() || now_ms >= self.knock_ms {
            return self.proven_ms;
        }
        self.looked += 1;
        let look_ms = if self.knocking {
            LOOK_AGAIN_MS
        } else {
            LOOK_MS.max(self.looked * 1_000 / LOOKS_PER_S)
        };
        Some(self.knock_ms.min(now_ms + look_ms))
    }
}

/// A knock that no failure followed has opened its gate, whether or not somebody came since; where nothing waits any more for
/// what is absent, no gate is left.
fn open_proven(closed: &mut BTreeMap<Gate, Closed>, now_ms: i64) {
    closed.retain(|gate, one| {
        let ends = [one.proven_ms, one.absent_until_ms];
        let is_over = ends.into_iter().flatten().any(|at_ms| now_ms >= at_ms);
        if is_over {
            opened(gate);
        }
        !is_over
    });
}

fn opened(gate: &Gate) {
    tracing::info!(%gate, "sending goes on");
    tell(gate, false);
}

fn tell(gate: &Gate, is_stopped: bool) {
    metrics::gauge!("sacola_stopped", "gate" => gate.to_string()).set(u8::from(is_stopped));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gates() -> [Gate; 2] {
        [
            Gate::Number(NumberId::new("106")),
            Gate::Merchant(MerchantId::new("cafe")),
        ]
    }

    fn reason(late: bool) -> Reason<'static> {
        Reason {
            code: 190,
            subcode: Some(463),
            details: "",
            late,
        }
    }

    #[test]
    fn one_message_a_minute_knocks_and_the_first_that_passes_opens_for_all() {
        let all = Gates::default();
        assert_eq!(all.wait(&gates(), 0), None);
        all.close(gates()[0].clone(), reason(false), 1_000);
        assert_eq!(all.stopped(1_000)[0].cause, "The token has expired.");
        assert_eq!(all.wait(&gates(), 60_999), Some(61_000));
        assert_eq!(all.wait(&gates(), 61_000), None, "this one knocks");
        assert_eq!(all.wait(&gates(), 61_000), Some(62_000), "others look again");
        all.close(gates()[0].clone(), reason(false), 61_100);
        assert_eq!(all.stopped(61_100)[0].since_ms, 1_000);
        assert_eq!(all.wait(&gates(), 121_100), None);
        all.passed(&gates(), 121_200);
        assert_eq!(all.wait(&gates(), 121_200), None);
        assert!(all.stopped(121_200).is_empty());
        assert_eq!(all.wait(&[Gate::Number(NumberId::new("107"))], 2_000), None);
    }

    #[test]
    fn a_gate_that_somebody_opens_lets_all_pass_and_a_few_lanes_look_soon() {
        let all = Gates::default();
        all.close(gates()[0].clone(), reason(false), 0);
        assert_eq!(all.wait(&gates(), 1_000), Some(6_000), "a few look soon");
        for _ in 0..2_000 {
            all.wait(&gates(), 1_000);
        }
        assert_eq!(all.wait(&gates(), 1_000), Some(21_020), "many look seldom");
        all.open(&gates()[1]);
        assert_eq!(all.stopped(1_000).len(), 1, "another gate");
        all.open(&gates()[0]);
        assert!(all.stopped(1_000).is_empty());
        assert_eq!(all.wait(&gates(), 1_000), None);
    }

    #[test]
    fn a_number_that_was_taken_out_is_told_and_looked_at_until_it_is_back() {
        let all = Gates::default();
        let [number, _] = gates();
        assert_eq!(all.absent(&number, 1_000), 6_000);
        assert_eq!(all.stopped(1_000)[0].code, errors::NO_CODE);
        assert_eq!(all.absent(&number, 600_000), 605_000, "nobody knocks");
        all.open(&number);
        assert!(all.stopped(600_000).is_empty());
    }

    #[test]
    fn what_is_back_opens_what_was_absent_and_nothing_else() {
        let all = Gates::default();
        let [number, merchant] = gates();
        let backend = Gate::Backend(MerchantId::new("cafe"));
        all.absent(&number, 0);
        all.absent(&backend, 0);
        all.close(merchant.clone(), reason(false), 0);
        let told = |at_ms: i64| {
            all.stopped(at_ms)
                .into_iter()
                .map(|one| one.gate)
                .collect::<Vec<_>>()
        };
        assert_eq!(told(0), ["number 106", "merchant cafe", "backend cafe"]);
        for gate in [&number, &merchant] {
            all.back(gate);
        }
        assert_eq!(told(0), ["merchant cafe", "backend cafe"]);
        all.absent(&backend, 100_000);
        assert_eq!(told(279_999).len(), 2, "somebody waits there");
        assert_eq!(told(280_000), ["merchant cafe"], "nobody does any more");
    }

    #[test]
    fn a_number_that_is_taken_out_behind_a_closed_gate_is_not_looked_at_again_and_again() {
        let all = Gates::default();
        let [number, _] = gates();
        all.close(number.clone(), reason(true), 0);
        assert_eq!(all.wait(&gates(), 60_000), None);
        all.passed(&gates(), 60_000);
        assert_eq!(all.absent(&number, 60_100), 65_100);
        assert_eq!(
            all.absent(&number, 75_000),
            80_000,
            "in the future, whatever was proven"
        );
        assert_eq!(all.stopped(75_000)[0].cause, ABSENT_NUMBER.0);
    }

    #[test]
    fn of_who_is_no_longer_configured_only_waiting_work_stays_told() {
        let all = Gates::default();
        for gate in gates() {
            all.close(gate, reason(false), 0);
        }
        all.absent(&Gate::Number(NumberId::new("107")), 0);

        all.forget_others(|gate| *gate == gates()[1]);

        let stopped: Vec<String> = all.stopped(0).into_iter().map(|one| one.gate).collect();
        assert_eq!(stopped, ["number 107", "merchant cafe"]);
    }

    #[test]
    fn a_gate_closed_by_statuses_opens_only_when_no_failure_follows() {
        let all = Gates::default();
        all.close(gates()[1].clone(), reason(true), 0);
        assert_eq!(all.wait(&gates(), 60_000), None);
        all.passed(&gates(), 60_100);
        assert_eq!(all.wait(&gates(), 60_200), Some(70_100));
        all.close(gates()[1].clone(), reason(true), 61_000);
        assert_eq!(all.wait(&gates(), 70_100), Some(75_100), "it looks again");
        assert_eq!(all.wait(&gates(), 121_000), None);
        all.passed(&gates(), 121_000);
        assert_eq!(all.stopped(130_999).len(), 1);
        assert!(all.stopped(131_000).is_empty(), "nobody need come");
        assert_eq!(all.wait(&gates(), 131_000), None);
    }
}
