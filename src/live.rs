//! Settings that change while the gateway runs: whoever needs them takes what holds now and keeps it for one piece of work, so
//! that no work sees half of a change. It refuses to know what they are.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;

/// A value that somebody replaces as a whole while others read it.
pub struct Live<T>(ArcSwap<T>);

impl<T> Live<T> {
    /// Begins with `value`.
    pub fn new(value: T) -> Self {
        Self(ArcSwap::from_pointee(value))
    }

    /// What holds now.
    pub fn load(&self) -> Arc<T> {
        self.0.load_full()
    }

    /// From now on this holds.
    pub fn replace(&self, value: T) {
        self.0.store(Arc::new(value));
    }
}

impl<T: fmt::Debug> fmt::Debug for Live<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Live").field(&self.0.load()).finish()
    }
}
