//! What a failed attempt means for what comes next. Only proven failures are retried or rejected; everything else is
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
    /// It may have happened.
    Unknown,
}
