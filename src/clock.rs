//! The only door to time. Everything that needs "now" or a pause asks a [`Clock`]; tests and the demo move it.
//! It refuses to know about time zones: all instants are milliseconds since the Unix epoch.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::future::BoxFuture;

/// Milliseconds since 1970-01-01T00:00:00Z.
pub type UnixMs = i64;

/// A source of time. `now_ms` never fails; `sleep_ms` may return early when the clock is moved.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The present instant.
    fn now_ms(&self) -> UnixMs;
    /// Waits until `duration_ms` of this clock have passed, or earlier when somebody moves the clock.
    fn sleep_ms(&self, duration_ms: u64) -> BoxFuture<'static, ()>;
}

/// The machine's clock, plus an offset that only the demo, the emulator and tests ever move.
///
/// `serve` builds it with [`MovableClock::fixed`] and hands the offset to nobody.
#[derive(Clone, Debug, Default)]
pub struct MovableClock {
    offset_ms: Arc<AtomicI64>,
    moved: Arc<tokio::sync::Notify>,
}

impl MovableClock {
    /// A clock that shows the machine's time until it is moved.
    pub fn fixed() -> Self {
        Self::default()
    }

    /// Moves the clock forward (or back, with a negative number) and wakes every sleeper.
    pub fn advance_ms(&self, by_ms: i64) {
        self.offset_ms.fetch_add(by_ms, Ordering::SeqCst);
        self.moved.notify_waiters();
    }

    /// How far it was moved from the machine's time.
    pub fn offset_ms(&self) -> i64 {
        self.offset_ms.load(Ordering::SeqCst)
    }
}

impl Clock for MovableClock {
    fn now_ms(&self) -> UnixMs {
        machine_now_ms() + self.offset_ms.load(Ordering::SeqCst)
    }

    fn sleep_ms(&self, duration_ms: u64) -> BoxFuture<'static, ()> {
        let moved = Arc::clone(&self.moved);
        Box::pin(async move {
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(duration_ms)) => {}
                () = moved.notified() => {}
            }
        })
    }
}

/// A clock that stands still until a test moves it.
#[derive(Clone, Debug)]
pub struct ManualClock {
    now_ms: Arc<AtomicI64>,
    moved: Arc<tokio::sync::Notify>,
}

impl ManualClock {
    /// A clock that shows `now_ms`.
    pub fn at(now_ms: UnixMs) -> Self {
        Self {
            now_ms: Arc::new(AtomicI64::new(now_ms)),
            moved: Arc::default(),
        }
    }

    /// Moves the clock and wakes every sleeper.
    pub fn advance_ms(&self, by_ms: i64) {
        self.now_ms.fetch_add(by_ms, Ordering::SeqCst);
        self.moved.notify_waiters();
    }
}

impl Clock for ManualClock {
    fn now_ms(&self) -> UnixMs {
        self.now_ms.load(Ordering::SeqCst)
    }

    fn sleep_ms(&self, duration_ms: u64) -> BoxFuture<'static, ()> {
        let (now_ms, moved) = (Arc::clone(&self.now_ms), Arc::clone(&self.moved));
        let until_ms = self.now_ms() + i64::try_from(duration_ms).unwrap_or(i64::MAX / 2);
        Box::pin(async move {
            loop {
                let woken = moved.notified();
                if now_ms.load(Ordering::SeqCst) >= until_ms {
                    return;
                }
                woken.await;
            }
        })
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the machine's clock"
)]
fn machine_now_ms() -> UnixMs {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}
