//! Background tasks: named, traced, counted and joined at shutdown; what fails in them again and again is told with a measure. Nothing
//! else in the crate spawns.

use std::fmt::Display;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

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

/// How often in a row a task that begins again and again has failed. While the store is away each of them fails each second: the
/// first, second, fourth, eighth … failure is a warning, and so is how many there were when it works again.
#[derive(Debug, Default)]
pub struct Streak(AtomicU32);

impl Streak {
    /// It failed once more. `work` says what the task was doing, as in "looking for due lanes".
    pub fn failed(&self, work: &'static str, error: &dyn Display) {
        let failures = self.0.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if failures.is_power_of_two() {
            tracing::warn!(work, failures, %error, "a task of the background failed; it is tried again");
        } else {
            tracing::debug!(work, failures, %error, "a task of the background failed again");
        }
    }

    /// It did its work.
    pub fn worked(&self, work: &'static str) {
        let failures = self.0.swap(0, Ordering::Relaxed);
        if failures > 0 {
            tracing::warn!(work, failures, "a task of the background works again");
        }
    }

    /// Takes note of an outcome.
    pub fn note<T, E: Display>(&self, work: &'static str, outcome: &Result<T, E>) {
        match outcome {
            Ok(_) => self.worked(work),
            Err(error) => self.failed(work, error),
        }
    }
}

/// A [`Tasks`] that several owners share.
pub type SharedTasks = Arc<Tasks>;

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Mutex, PoisonError};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_hour_without_the_store_is_a_dozen_lines_and_its_end_is_told() {
        let lines = Lines::default();
        let own = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::INFO)
            .with_ansi(false)
            .with_writer(move || own.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            let streak = Streak::default();
            for _ in 0..3_600 {
                streak.note::<(), _>("looking for due lanes", &Err("the store is away"));
            }
            streak.note::<_, String>("looking for due lanes", &Ok(()));
            streak.note::<_, String>("looking for due lanes", &Ok(()));
        });
        let written = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        let told: Vec<&str> = written.lines().collect();
        assert_eq!(told.len(), 13, "{written}");
        assert!(
            told[0].contains("failures=1 ") && told[11].contains("failures=2048 "),
            "{written}"
        );
        assert!(
            told[12].contains("works again") && told[12].contains("failures=3600"),
            "{written}"
        );
    }
}
