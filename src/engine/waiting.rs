//! Events that wait for their conversation. It owns that a conversation is served by one task at a time and is free again when
//! that task ends, also by a panic: who waits then gets an answer, and the next event begins anew.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Waiting, turns};
use crate::domain::ids::HomeId;

/// What waits, by folding key. A key that is there is being served.
type All = Mutex<BTreeMap<HomeId, Vec<Waiting>>>;

/// One conversation's queue, in the hands of the task that serves it.
#[derive(Debug)]
pub(super) struct Queue<'a> {
    all: &'a All,
    key: HomeId,
    /// True once nothing waited: the key may be another task's by now.
    is_over: bool,
}

impl<'a> Queue<'a> {
    /// The queue of that key.
    pub(super) fn of(all: &'a All, key: HomeId) -> Self {
        Self {
            all,
            key,
            is_over: false,
        }
    }

    /// What is to be folded into one commit next, in arrival order; `None` when nothing waits, and then the conversation is free.
    pub(super) fn next_batch(&mut self) -> Option<Vec<Waiting>> {
        let mut all = locked(self.all);
        if let Some(queue) = all.get_mut(&self.key).filter(|queue| !queue.is_empty()) {
            let take = queue.len().min(turns::FOLD_MAX);
            return Some(queue.drain(..take).collect());
        }
        all.remove(&self.key);
        self.is_over = true;
        None
    }
}

impl Drop for Queue<'_> {
    /// The task ended before its time: whoever waits is told by the end of their channel.
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let cut_off = locked(self.all).remove(&self.key);
        tracing::error!(waiting = cut_off.map_or(0, |all| all.len()), "a turn was cut off");
    }
}

fn locked(all: &All) -> MutexGuard<'_, BTreeMap<HomeId, Vec<Waiting>>> {
    all.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use tokio::sync::oneshot::{self, Receiver, error::TryRecvError};

    use super::*;
    use crate::domain::event::Event;
    use crate::domain::ids::PurchaseId;
    use crate::engine::{Happened, Refused, Taken, What, Who};

    fn home() -> HomeId {
        HomeId::new("0f12")
    }

    fn waits(all: &All) -> Receiver<Result<Taken, Refused>> {
        let (answer, taken) = oneshot::channel();
        let happened = Happened {
            who: Who::Home(home()),
            id: "in:x".to_owned(),
            at_ms: 0,
            purchase_id: PurchaseId::new("00"),
            root: None,
            what: What::Event(Event::Echoed),
        };
        let waiting = Waiting { happened, answer };
        locked(all).entry(home()).or_default().push(waiting);
        taken
    }

    #[test]
    fn a_task_that_panics_frees_its_conversation_and_everybody_who_waits() {
        let all = All::default();
        let mut taken = waits(&all);
        let mut later = None;
        let unwound = catch_unwind(AssertUnwindSafe(|| {
            let mut queue = Queue::of(&all, home());
            let batch = queue.next_batch().unwrap();
            assert_eq!(batch.len(), 1);
            later = Some(waits(&all));
            assert!(later.is_none(), "a panic in the middle of a turn");
        }));
        assert!(unwound.is_err());
        assert!(!locked(&all).contains_key(&home()), "the next event begins anew");
        assert_eq!(taken.try_recv(), Err(TryRecvError::Closed));
        assert_eq!(later.unwrap().try_recv(), Err(TryRecvError::Closed));
    }

    #[test]
    fn a_queue_that_ended_in_time_leaves_the_next_tasks_events_alone() {
        let all = All::default();
        let _taken = waits(&all);
        let mut queue = Queue::of(&all, home());
        assert_eq!(queue.next_batch().map(|batch| batch.len()), Some(1));
        assert!(queue.next_batch().is_none());
        assert!(!locked(&all).contains_key(&home()));
        let mut next = waits(&all);
        drop(queue);
        assert_eq!(locked(&all).get(&home()).map(Vec::len), Some(1));
        assert_eq!(next.try_recv(), Err(TryRecvError::Empty));
    }
}
