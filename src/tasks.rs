//! Background tasks: named, traced, counted and joined at shutdown. Nothing else in the crate spawns.

use std::future::Future;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

/// The set of tasks that belong to one running program.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
    /// The runtime that outlives the HTTP workers, whose own runtimes end with them.
    runtime: Option<Handle>,
}

impl Tasks {
    /// An empty set on the present runtime: also what HTTP workers start through it runs there.
    pub fn new() -> Self {
        Self {
            runtime: Handle::try_current().ok(),
            ..Self::default()
        }
    }

    /// Runs `work` in the background under a span of its own that carries `name`: lines tell which task wrote them, not who began it.
    pub fn spawn<F>(&self, name: &'static str, work: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        // Not `name`: in a line of JSON that key is the span's own.
        let span = tracing::info_span!(parent: None, "task", task = name);
        let work = work.instrument(span);
        match &self.runtime {
            Some(runtime) => drop(self.tracker.spawn_on(work, runtime)),
            None => drop(self.tracker.spawn(work)),
        }
    }

    /// A token that is cancelled when the program stops.
    pub fn stop_token(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// True once [`Tasks::stop`] was called.
    pub fn stopping(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Tells every task to end and waits for all of them, `grace_ms` at most. Returns false when some were still busy.
    pub async fn stop(&self, grace_ms: u64) -> bool {
        self.stop.cancel();
        self.tracker.close();
        tokio::time::timeout(std::time::Duration::from_millis(grace_ms), self.tracker.wait())
            .await
            .is_ok()
    }
}

/// A [`Tasks`] that several owners share.
pub type SharedTasks = Arc<Tasks>;
