//! What a failed attempt means for what comes next. Only proven failures are retried, rejected or stopped; everything else is
//! unknown and is reconciled.

/// The verdict of an adapter's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It certainly did not happen and may be tried again, not before `after_ms` when given.
    Retry {
        /// Least pause in milliseconds.
        after_ms: Option<i64>,
    },
    /// It certainly did not happen and never will.
    Reject,
    /// It certainly did not happen, and nothing from the same place can until somebody acts. Only the provider says so.
    Stop {
        /// How much stands still.
        scope: StopScope,
    },
    /// It may have happened.
    Unknown,
}

/// From where nothing can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopScope {
    /// One business number.
    Number,
    /// Every number of one merchant.
    Merchant,
}
