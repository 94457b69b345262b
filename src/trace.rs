//! What the gateway does, step by step, for somebody who watches: webhook → event → decision → commit → attempt → status, with
//! ids and durations. Off it costs one branch; on it keeps a bounded memory and a channel. It takes facts that others hand it
//! and never a customer's words, name, number or address.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde::Serialize;
use tokio::sync::broadcast;
use tokio::time::Instant;

mod context;
pub(crate) mod lines;
mod seldom;

pub use context::{SpanId, TraceId};
pub use seldom::Seldom;

/// Steps that late watchers still get.
const KEPT: usize = 2_000;
/// Steps that a slow watcher may be behind before it misses some.
const BEHIND: usize = 2_048;
/// Watchers at once.
const WATCHERS_MAX: usize = 64;

/// One step, as watchers get it.
#[derive(Clone, Debug, Serialize)]
pub struct Traced {
    /// Grows by one; a hole means that something was missed.
    pub seq: u64,
    /// The gateway's clock.
    pub at_ms: i64,
    #[serde(flatten)]
    pub step: Step,
}

/// The steps. `took_us` is wall time in microseconds. `conversation` is a home id (a keyed hash), `message` the inner id of a
/// message, which names nobody.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "hop", rename_all = "snake_case")]
pub enum Step {
    /// Hops 1 to 3 and the answer: a webhook or callback was received, verified, parsed, and its items are durable.
    Webhook {
        /// `provider` or `merchant`.
        from: &'static str,
        bytes: usize,
        /// Items by kind: `message`, `status`, `callback`, …
        items: Vec<String>,
        /// Inner ids of the messages in it.
        messages: Vec<String>,
        /// Ids of the events that it may become, as in `cause` of a decision.
        causes: Vec<String>,
        http: u16,
        took_us: u64,
    },
    /// Hop 5: one event was decided.
    Decision {
        conversation: String,
        /// The conversation's revision afterwards.
        revision: u64,
        /// The revision of the event that the chain began with; its own, when it begins here.
        root: u64,
        /// The event's kind, in past tense: `said`, `tapped`, `purchase_answered`, …
        event: &'static str,
        /// The event's id: `in:<inner message id>`, or the id of what was answered.
        cause: String,
        /// `done`, `duplicate`, `parked`.
        outcome: &'static str,
        effects: Vec<Caused>,
        took_us: u64,
    },
    /// Hop 6: the turn's events were committed together, or not.
    Commit {
        conversation: String,
        revision: u64,
        events: usize,
        /// `committed`, `conflict`, `duplicate`, `stale_facts`, `refused`.
        outcome: &'static str,
        took_us: u64,
    },
    /// Hop 7: one attempt to perform an effect.
    Attempt {
        conversation: String,
        /// The revision of the event that the chain began with.
        root: u64,
        effect_id: String,
        /// The kind of message, or `quote`, `submit`, `find`, …
        effect: &'static str,
        /// `provider` or `merchant`.
        toward: &'static str,
        attempt: u32,
        /// `done`, `retry`, `unknown`, `rejected`, `stopped`, `postponed`, `window_closed`, `dropped`.
        outcome: &'static str,
        code: Option<i64>,
        message: Option<String>,
        took_us: u64,
    },
    /// The provider told how a message fared.
    Status {
        effect_id: Option<String>,
        /// The revision that the effect's chain began with, when the callback data says it.
        #[serde(skip_serializing_if = "Option::is_none")]
        root: Option<u64>,
        message: String,
        status: String,
        code: Option<i64>,
    },
}

/// An effect that a decision caused.
#[derive(Clone, Debug, Serialize)]
pub struct Caused {
    pub effect_id: String,
    pub effect: &'static str,
}

/// Where steps are told. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Trace(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    /// True when steps are kept also while nobody watches.
    is_always: bool,
    watching: AtomicUsize,
    kept: Mutex<Kept>,
    watchers: broadcast::Sender<Traced>,
    /// Of a hundred traces so many are collected; unset while nobody collects any.
    collected_percent: OnceLock<u8>,
}

#[derive(Debug, Default)]
struct Kept {
    next: u64,
    steps: VecDeque<Traced>,
}

impl Trace {
    /// Takes nothing.
    pub fn off() -> Self {
        Self(None)
    }

    /// Keeps the last steps, whoever watches, and passes them on.
    pub fn on() -> Self {
        Self::new(true)
    }

    /// Takes steps only while somebody watches: what production can afford.
    pub fn on_demand() -> Self {
        Self::new(false)
    }

    fn new(is_always: bool) -> Self {
        Self(Some(Arc::new(Inner {
            is_always,
            watching: AtomicUsize::new(0),
            kept: Mutex::default(),
            watchers: broadcast::channel(BEHIND).0,
            collected_percent: OnceLock::new(),
        })))
    }

    /// True when steps can be watched.
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    fn active(&self) -> Option<&Arc<Inner>> {
        let inner = self.0.as_ref()?;
        (inner.is_always || inner.watching.load(Ordering::Relaxed) > 0).then_some(inner)
    }

    /// The start of a step that is told later; `None` while off.
    pub fn start(&self) -> Option<Instant> {
        let is_wanted = self.active().is_some() || (self.is_on() && lines::are_wanted());
        is_wanted.then(Instant::now)
    }

    /// Tells a step; it is built only while somebody may watch, or while the log takes it. Never waits.
    pub fn tell(&self, at_ms: i64, step: impl FnOnce() -> Step) {
        let is_logged = self.is_on() && lines::are_wanted();
        let active = self.active();
        if active.is_none() && !is_logged {
            return;
        }
        let step = step();
        if is_logged {
            lines::write(self, &step);
        }
        let Some(inner) = active else { return };
        let mut kept = inner.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.next += 1;
        let traced = Traced {
            seq: kept.next,
            at_ms,
            step,
        };
        if kept.steps.len() >= KEPT {
            kept.steps.pop_front();
        }
        kept.steps.push_back(traced.clone());
        // No watcher is no fault.
        drop(inner.watchers.send(traced));
    }

    /// What is kept after `seq`, oldest first, and all that comes; `None` when off or when [`WATCHERS_MAX`] watch already.
    pub fn watch(&self, seq: u64) -> Option<(Vec<Traced>, Watching)> {
        let inner = self.0.as_ref()?;
        if inner.watching.fetch_add(1, Ordering::Relaxed) >= WATCHERS_MAX {
            inner.watching.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        let kept = inner.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let former = kept
            .steps
            .iter()
            .filter(|traced| traced.seq > seq)
            .cloned()
            .collect();
        let watching = Watching {
            coming: inner.watchers.subscribe(),
            inner: Arc::clone(inner),
        };
        Some((former, watching))
    }
}

/// A watcher's end of the channel.
#[derive(Debug)]
pub struct Watching {
    coming: broadcast::Receiver<Traced>,
    inner: Arc<Inner>,
}

impl Watching {
    /// The next step; `Err` when this watcher was too slow and missed some, or when no more will come.
    pub async fn next(&mut self) -> Result<Traced, broadcast::error::RecvError> {
        self.coming.recv().await
    }

    /// The next step, if it is there already.
    pub fn ready(&mut self) -> Result<Traced, broadcast::error::TryRecvError> {
        self.coming.try_recv()
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let left = self.inner.watching.fetch_sub(1, Ordering::Relaxed) - 1;
        if left == 0 && !self.inner.is_always {
            // There will be a gap: whoever watches later must not take these for the steps right before.
            let mut kept = self.inner.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.steps.clear();
        }
    }
}

/// Microseconds since a start that [`Trace::start`] gave.
pub fn took_us(started: Option<Instant>) -> u64 {
    started.map_or(0, |started| {
        u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status() -> Step {
        Step::Status {
            effect_id: None,
            root: None,
            message: "3A00".to_owned(),
            status: "read".to_owned(),
            code: None,
        }
    }

    #[test]
    fn while_off_no_step_is_built() {
        let trace = Trace::off();

        trace.tell(1, || unreachable!("nobody watches"));

        assert!(trace.watch(0).is_none());
        assert!(trace.start().is_none());
    }

    #[tokio::test]
    async fn a_watcher_gets_what_is_kept_and_what_comes() {
        let trace = Trace::on();
        trace.tell(1, status);

        let (former, mut watching) = trace.watch(0).unwrap();
        trace.tell(2, status);

        assert_eq!(former.len(), 1);
        assert_eq!(watching.next().await.unwrap().seq, 2);
    }

    #[tokio::test]
    async fn on_demand_steps_are_taken_only_while_somebody_watches() {
        let trace = Trace::on_demand();
        trace.tell(1, || unreachable!("nobody watches"));

        let (former, mut watching) = trace.watch(0).unwrap();
        trace.tell(2, status);
        let came = watching.next().await.unwrap();
        drop(watching);
        trace.tell(3, || unreachable!("nobody watches any more"));
        let (later, _watching) = trace.watch(0).unwrap();

        assert!(former.is_empty() && later.is_empty());
        assert_eq!(came.seq, 1);
    }

    #[test]
    fn so_many_may_watch_and_no_more() {
        let trace = Trace::on();
        let watchers: Vec<_> = (0..WATCHERS_MAX).map_while(|_| trace.watch(0)).collect();

        assert_eq!(watchers.len(), WATCHERS_MAX);
        assert!(trace.watch(0).is_none());
        drop(watchers);
        assert!(trace.watch(0).is_some());
    }
}
