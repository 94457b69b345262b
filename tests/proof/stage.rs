//! Where everything that crosses a seam waits for its cue: a call to the store, the provider, the merchant, a sleep. The
//! director of a run decides which of them goes on next and what it meets, so that one seed is one order of events.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::ledger::Ledger;

/// A replica's number; a restarted one has a new number.
pub type ReplicaId = usize;

/// What waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crossing {
    /// A read of the store.
    Read,
    /// A write of the store.
    Write,
    /// A message on its way to the provider.
    Send,
    /// A call to the merchant that changes nothing there.
    Ask,
    /// A purchase on its way to the merchant.
    Submit,
    /// A pause until that time of the replica's own clock.
    Sleep(i64),
    /// An answer on its way back.
    Answer,
}

/// What a crossing meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cue {
    /// It happens and the answer comes at once.
    Go,
    /// It happens and the answer takes its time.
    GoSlowly,
    /// It does not happen, and the caller knows.
    Refused,
    /// It does not happen, and the caller does not know.
    LostBefore,
    /// It happens, and the caller does not know.
    LostAfter,
    /// It happens, and the caller dies before the answer.
    LastAct,
    /// The provider answers with this code.
    Code(i64),
    /// Come back later.
    Busy,
    /// It does not happen now but later, when the caller has given it up.
    LostLate,
    /// It happens on the primary, and no replica says so.
    NotReplicated,
}

/// One waiting crossing.
#[derive(Debug)]
pub struct Waiting {
    pub replica: ReplicaId,
    pub crossing: Crossing,
    pub what: String,
    cue: oneshot::Sender<Cue>,
}

impl Waiting {
    /// Lets it go on.
    pub fn give(self, cue: Cue) {
        // Whoever no longer waits has died meanwhile.
        self.cue.send(cue).ok();
    }
}

#[derive(Debug, Default)]
pub struct Inner {
    serial: u64,
    pub now_ms: i64,
    pub waiting: BTreeMap<u64, Waiting>,
    pub ledger: Ledger,
}

/// The stage.
#[derive(Debug)]
pub struct Stage {
    inner: Mutex<Inner>,
}

impl Stage {
    pub fn at(now_ms: i64, is_told: bool) -> Self {
        let mut inner = Inner {
            now_ms,
            ..Inner::default()
        };
        inner.ledger.is_told = is_told;
        Self {
            inner: Mutex::new(inner),
        }
    }

    pub fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn now_ms(&self) -> i64 {
        self.lock().now_ms
    }

    /// Waits for the cue. A caller that has died waits for ever.
    pub async fn cross(&self, replica: ReplicaId, crossing: Crossing, what: impl FnOnce() -> String) -> Cue {
        let (cue, given) = oneshot::channel();
        {
            let mut inner = self.lock();
            let what = if inner.ledger.is_told {
                what()
            } else {
                String::new()
            };
            inner.serial += 1;
            let serial = inner.serial;
            let waiting = Waiting {
                replica,
                crossing,
                what,
                cue,
            };
            inner.waiting.insert(serial, waiting);
        }
        match given.await {
            Ok(cue) => cue,
            Err(_) => pending().await,
        }
    }

    /// The way back of an answer.
    pub async fn answer(&self, replica: ReplicaId, cue: Cue, what: &'static str) {
        match cue {
            Cue::GoSlowly => {
                self.cross(replica, Crossing::Answer, || format!("answer of {what}"))
                    .await;
            }
            Cue::LastAct => pending().await,
            Cue::Go
            | Cue::Refused
            | Cue::LostBefore
            | Cue::LostAfter
            | Cue::Code(_)
            | Cue::Busy
            | Cue::LostLate
            | Cue::NotReplicated => {}
        }
    }
}
