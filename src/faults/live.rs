//! The faults themselves, in builds of tests.

use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use super::{Bug, Point};

/// The point at which this process dies, and at which passing of it.
static DEATH: OnceLock<(Point, u32)> = OnceLock::new();
static PASSED: AtomicU32 = AtomicU32::new(0);

thread_local! {
    static PLANTED: Cell<Option<Bug>> = const { Cell::new(None) };
}

/// Sets when the process dies: `<point>` or `<point>:<n>`, at the n-th time that the point is passed. Returns false when the
/// text names no point.
pub fn arm(text: &str) -> bool {
    let (word, nth) = text.split_once(':').unwrap_or((text, "1"));
    let point = Point::ALL.into_iter().find(|point| point.word() == word);
    match (point, nth.parse()) {
        (Some(point), Ok(nth)) => DEATH.set((point, nth)).is_ok(),
        (_, _) => false,
    }
}

/// Passes a point; the process dies here when it is armed for it.
pub fn pass(point: Point) {
    let Some((_, nth)) = DEATH.get().filter(|(armed, _)| *armed == point) else {
        return;
    };
    if PASSED.fetch_add(1, Ordering::SeqCst) + 1 == *nth {
        let own = rustix::process::getpid();
        if rustix::process::kill_process(own, rustix::process::Signal::KILL).is_err() {
            return;
        }
        std::thread::park();
    }
}

/// Plants a bug on this thread, or none.
pub fn plant(bug: Option<Bug>) {
    PLANTED.set(bug);
}

/// True when this bug is planted on this thread.
pub fn is_planted(bug: Bug) -> bool {
    PLANTED.get() == Some(bug)
}
