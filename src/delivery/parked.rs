//! Statuses that come before their message is known here: one without our callback data finds its message by the id that the
//! provider gave it, and that id is kept only when our send is settled. Such a status is kept aside and tried again. It owns
//! their bound and their end; it refuses to say what a status means.
//!
//! Where people write from the same number with another program, statuses of their messages come here too, and nothing tells
//! them from ours. So parking is for the few and cheap for the many: each replica has [`PLACES`] places (the newest pushes out
//! the oldest), for ten minutes at most, and a parked status is tried five times in all. No two have the same id: who ends one
//! that has been pushed out meanwhile must not end the one that came in its place.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::join_all;
use serde::{Deserialize, Serialize};

use super::Dispatcher;
use super::answers::Interrupted;
use super::statuses::Told;
use crate::domain::conversation::Customer;
use crate::domain::ids::HomeId;
use crate::store::{self, StatusTarget};
use crate::tasks::Streak;

/// Kind of the records.
const PARKED: &str = "parked_status";
/// Places of one replica: four replicas fill the 1 000 records that are listed.
const PLACES: usize = 250;
/// How long a parked status waits for its message.
const KEPT_MS: i64 = 10 * 60 * 1_000;
/// Its record lives longer, so that who looks last can count it.
const RECORD_MS: i64 = 2 * KEPT_MS;
/// How often parked statuses are looked at.
const LOOK_MS: u64 = 1_000;
/// At which ages one is tried. A send is settled within seconds; a store that was away may need minutes.
const TRIES_MS: [i64; 5] = [1_000, 5_000, 20_000, 120_000, KEPT_MS];
/// Statuses that are tried side by side.
const AT_ONCE: usize = 32;
/// Names the right to try them, which one replica has.
const HOLD: &str = "parked_statuses";
/// How long that right lasts.
const HOLD_MS: i64 = 15_000;

/// A status that waits for its message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Parked {
    /// What it tells.
    pub(super) told: Told,
    /// The message, as a settled send would name it.
    pub(super) message_key: String,
    /// To whom it went, as far as it is told.
    pub(super) customer: Customer,
    /// The customer's conversation, once found.
    pub(super) home: Option<HomeId>,
    /// When it came.
    pub(super) at_ms: i64,
}

/// The places of this replica and when it looked at parked statuses last.
#[derive(Debug, Default)]
pub(super) struct Places {
    ring: Mutex<Ring>,
    looked_ms: AtomicI64,
}

#[derive(Debug, Default)]
struct Ring {
    next: u64,
    /// The last [`PLACES`] with their times, oldest first.
    filled: VecDeque<(u64, i64)>,
}

/// One that has to go for a newer one.
#[derive(Debug, PartialEq, Eq)]
struct PushedOut {
    serial: u64,
    /// True when it may still wait.
    waits: bool,
}

impl Places {
    /// The serial of the next one, and which one has to go for it.
    fn next(&self, now_ms: i64) -> (u64, Option<PushedOut>) {
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let serial = ring.next;
        ring.next += 1;
        let oldest = if ring.filled.len() < PLACES {
            None
        } else {
            ring.filled.pop_front()
        };
        ring.filled.push_back((serial, now_ms));
        let pushed_out = oldest.map(|(serial, at_ms)| PushedOut {
            serial,
            waits: now_ms - at_ms < KEPT_MS,
        });
        (serial, pushed_out)
    }
}

impl Dispatcher {
    pub(super) async fn try_parked_for_ever(self: Arc<Self>) {
        let stop = self.tasks.stop_token();
        let looks = Streak::default();
        loop {
            tokio::select! {
                () = self.engine().clock().sleep_ms(LOOK_MS) => {}
                () = stop.cancelled() => return,
            }
            looks.note("looking at parked statuses", &self.try_parked().await);
        }
    }

    /// Tries those parked statuses whose time has come and ends those that are too old; returns how many still wait. One
    /// replica at a time does.
    pub async fn try_parked(&self) -> Result<usize, store::Error> {
        let records = self.store().records(PARKED).await?;
        let now_ms = self.now_ms();
        if records.is_empty() || !self.holds_parked(now_ms).await? {
            return Ok(records.len());
        }
        let since_ms = self.parked.looked_ms.load(Ordering::Relaxed);
        let count = records.len();
        let due = due_of(records, since_ms, now_ms);
        let (mut ended, mut failed) = (0, 0);
        for some in due.chunks(AT_ONCE) {
            let mut trying = Vec::with_capacity(some.len());
            for (id, parked) in some {
                trying.push(self.try_one(id, parked.clone(), now_ms));
            }
            for tried in join_all(trying).await {
                match tried {
                    Ok(waits) => ended += usize::from(!waits),
                    Err(error) => {
                        tracing::warn!(%error, "failed to try a parked status; it will be tried again");
                        failed += 1;
                    }
                }
            }
        }
        // When all fail it is the store, and they are tried again soon. One that fails alone waits for its next try: the others
        // have had theirs.
        if due.is_empty() || failed < due.len() {
            self.parked.looked_ms.store(now_ms, Ordering::Relaxed);
        }
        Ok(count.saturating_sub(ended))
    }

    async fn holds_parked(&self, now_ms: i64) -> Result<bool, store::Error> {
        self.store()
            .hold(HOLD, &self.parts.replica, HOLD_MS, now_ms)
            .await
    }

    /// True when it still waits.
    async fn try_one(&self, id: &str, mut parked: Parked, now_ms: i64) -> Result<bool, Interrupted> {
        let is_old = now_ms - parked.at_ms >= KEPT_MS;
        let attached = match self.attach(&mut parked).await {
            // The last try: one that always fails must end too.
            Err(error) if is_old => {
                tracing::warn!(%error, "a parked status is given up");
                false
            }
            other => other?,
        };
        if !attached && !is_old {
            return Ok(true);
        }
        self.store().remove_record(PARKED, id).await?;
        if !attached {
            count_expired("old");
        }
        Ok(false)
    }

    /// Records a status by its message's id; false when that id, or the customer's conversation, is not known.
    pub(super) async fn attach(&self, parked: &mut Parked) -> Result<bool, Interrupted> {
        let is_named = parked.customer.user_id.is_some() || parked.customer.wa_id.is_some();
        if parked.home.is_none() && is_named {
            parked.home = self
                .engine()
                .home_of(&parked.told.number, &parked.customer)
                .await?;
        }
        let Some(home) = parked.home.clone() else {
            return Ok(false);
        };
        let target = StatusTarget::Message {
            home,
            message_key: parked.message_key.clone(),
        };
        self.record_status(&target, &parked.told).await
    }

    /// Keeps a status until its message is known. The webhook that brought it is answered 200 all the same when that fails: most
    /// of what is parked is nobody's, and must not make the provider repeat what is ours.
    pub(super) async fn park_status(&self, parked: &Parked) {
        let (serial, pushed_out) = self.parked.next(parked.at_ms);
        if let Some(out) = pushed_out {
            self.push_out(&out).await;
        }
        let id = self.parked_id(serial);
        let body = serde_json::to_string(parked).unwrap_or_default();
        match self.store().put_record(PARKED, &id, &body, RECORD_MS).await {
            Ok(()) => metrics::counter!("sacola_statuses_parked_total").increment(1),
            Err(error) => {
                tracing::warn!(%error, "failed to park a status");
                count_expired("refused");
            }
        }
    }

    async fn push_out(&self, out: &PushedOut) {
        if out.waits {
            count_expired("pushed_out");
        }
        let id = self.parked_id(out.serial);
        if let Err(error) = self.store().remove_record(PARKED, &id).await {
            tracing::warn!(%error, "failed to push out a parked status; it will end by itself");
        }
    }

    fn parked_id(&self, serial: u64) -> String {
        format!("{}-{serial:012}", self.parts.replica)
    }
}

/// Those that are to be tried now. What another version wrote is left to it, and ends by itself.
fn due_of(records: Vec<(String, String)>, since_ms: i64, now_ms: i64) -> Vec<(String, Parked)> {
    let read = |(id, body): (String, String)| {
        let parked: Parked = serde_json::from_str(&body).ok()?;
        is_due(parked.at_ms, since_ms, now_ms).then_some((id, parked))
    };
    records.into_iter().filter_map(read).collect()
}

/// True when one of the ages at which a status is tried was reached since the last look.
fn is_due(at_ms: i64, since_ms: i64, now_ms: i64) -> bool {
    let (before_ms, age_ms) = (since_ms - at_ms, now_ms - at_ms);
    TRIES_MS
        .iter()
        .any(|try_ms| before_ms < *try_ms && *try_ms <= age_ms)
}

fn count_expired(why: &'static str) {
    metrics::counter!("sacola_statuses_expired_total", "why" => why).increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_tried_at_five_ages_and_by_a_new_holder_at_once() {
        let looks = (0..700).map(|second| second * 1_000);
        let tried: Vec<i64> = looks
            .filter(|now_ms| is_due(0, now_ms - 1_000, *now_ms))
            .collect();
        assert_eq!(tried, TRIES_MS);
        assert!(is_due(1_000_000, 0, 1_003_000), "whoever never looked");
        assert!(!is_due(1_000_000, 0, 1_000_999), "it has just come");
        assert!(is_due(0, 2_000, 3_600_000), "the last try was slept through");
        assert!(!is_due(5_000, 0, 1_000), "the clock was set back");
    }

    #[test]
    fn the_newest_takes_the_place_of_the_oldest() {
        let places = Places::default();
        let full = u64::try_from(PLACES).unwrap();
        for serial in 0..full {
            assert_eq!(places.next(0), (serial, None));
        }
        let out = |serial, waits| Some(PushedOut { serial, waits });
        assert_eq!(places.next(KEPT_MS - 1), (full, out(0, true)));
        let (serial, gone) = places.next(KEPT_MS);
        assert_eq!(serial, full + 1, "no id comes twice");
        assert_eq!(gone, out(1, false), "the second has ended by itself");
        for serial in 2..full {
            assert_eq!(places.next(KEPT_MS), (full + serial, out(serial, false)));
        }
        assert_eq!(places.next(KEPT_MS), (2 * full, out(full, true)));
    }
}
