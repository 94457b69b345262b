//! Slots for the lanes that one replica serves at once. Lanes toward merchants have their own: shops that hang hold up no message. It
//! refuses to let anybody wait for a shop.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Dispatcher;
use crate::merchants::ConnectorError;
use crate::store::{ClaimOutcome, Head, LaneId, LaneKind, SettleOutcome, Settlement};

/// So long a merchant's lane is put off for which no slot is free.
const PUT_OFF_MS: i64 = 5_000;
/// So long an effect is put off whose merchant takes no further call at once.
const FULL_AGAIN_MS: i64 = 2_000;
/// An effect that has waited that long for a place counts as tried: its customer hears of it.
const FULL_QUIETLY_MS: i64 = 30_000;

/// How many lanes one replica serves at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LanesAtOnce {
    /// Toward the provider.
    pub provider: usize,
    /// Toward merchants; of one merchant `max_concurrency` call and a bounded number wait (`merchants::standard`).
    pub merchant: usize,
}

impl Default for LanesAtOnce {
    fn default() -> Self {
        Self {
            provider: 256,
            merchant: 1_024,
        }
    }
}

/// The slots of one replica.
#[derive(Debug)]
pub(super) struct Slots {
    provider: Arc<Semaphore>,
    merchant: Arc<Semaphore>,
}

impl Slots {
    /// So many, all free.
    pub(super) fn of(lanes: LanesAtOnce) -> Self {
        Self {
            provider: Arc::new(Semaphore::new(lanes.provider)),
            merchant: Arc::new(Semaphore::new(lanes.merchant)),
        }
    }
}

/// Whether a lane may be served now.
pub(super) enum Slot {
    /// It may, as long as this is kept.
    Free(OwnedSemaphorePermit),
    /// As many merchants' lanes as may are being served.
    Taken,
    /// The program stops.
    Stopping,
}

impl Dispatcher {
    /// A slot for a lane of that kind. Messages wait for one: each is over in seconds. Nobody waits for merchants, who may take a
    /// minute each: whoever stands behind would wait with them.
    pub(super) async fn slot(&self, kind: LaneKind) -> Slot {
        let stop = self.tasks.stop_token();
        let slot = match kind {
            LaneKind::Provider => tokio::select! {
                biased;
                () = stop.cancelled() => None,
                slot = Arc::clone(&self.slots.provider).acquire_owned() => slot.ok(),
            },
            LaneKind::Merchant if stop.is_cancelled() => None,
            LaneKind::Merchant => match Arc::clone(&self.slots.merchant).try_acquire_owned() {
                Ok(slot) => Some(slot),
                Err(_) => return Slot::Taken,
            },
        };
        slot.map_or(Slot::Stopping, Slot::Free)
    }

    /// When an effect is tried again that found no place at its merchant and was not performed. `None`: it has waited long enough to
    /// count as an attempt that failed.
    pub(super) fn waits_quietly_until(&self, error: &ConnectorError, since_ms: i64) -> Option<i64> {
        let now_ms = self.now_ms();
        let quietly = *error == ConnectorError::Full && now_ms - since_ms < FULL_QUIETLY_MS;
        quietly.then_some(now_ms + FULL_AGAIN_MS)
    }

    /// A leased lane for which no slot is free is looked at again later, by any replica, and stands before nobody until then.
    pub(super) async fn put_off(&self, first: Head) {
        let mut head = first;
        loop {
            let due_ms = self.now_ms() + PUT_OFF_MS;
            let settled = self.settle(&head, Settlement::Postpone { due_ms }).await;
            match settled {
                // One of its items that need not wait for the others.
                Ok(Some(SettleOutcome::Next(next))) => head = *next,
                Ok(Some(SettleOutcome::Wait(_) | SettleOutcome::Empty | SettleOutcome::LeaseLost) | None) => {
                    return;
                }
                Err(error) => {
                    tracing::warn!(%error, conversation = %head.lane.home, "a lane was not put off; its lease will end");
                    return;
                }
            }
        }
    }

    /// The same for one that is due.
    pub(super) async fn put_off_due(&self, lane: &LaneId) {
        match self.store().claim(lane, self.parts.engine.lane_times()).await {
            Ok(ClaimOutcome::Claimed(head)) => self.put_off(*head).await,
            Ok(ClaimOutcome::Wait(_) | ClaimOutcome::Empty) => {}
            Err(error) => tracing::warn!(%error, conversation = %lane.home, "failed to claim a lane"),
        }
    }
}
