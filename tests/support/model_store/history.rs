//! What was asked of the model so far, for a proof to read. Only ever appended to.

use sacola::domain::ids::{EffectId, HomeId};
use sacola::store::{DoneMark, LaneKind, Settlement, UnixMs};

/// A commit that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitRecord {
    /// The conversation.
    pub home: HomeId,
    /// Its revision since.
    pub revision: u64,
    /// The events that it handled.
    pub marks: Vec<DoneMark>,
    /// What it enqueued, in order.
    pub effects: Vec<(LaneKind, EffectId)>,
    /// When.
    pub now_ms: UnixMs,
}

/// A start that was granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartRecord {
    /// What was started.
    pub effect_id: EffectId,
    /// Under which lease.
    pub token: String,
    /// When.
    pub now_ms: UnixMs,
    /// The end of the service window that the holder was told.
    pub window_open_until_ms: UnixMs,
}

/// A settlement that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettleRecord {
    /// What was settled.
    pub effect_id: EffectId,
    /// Under which lease.
    pub token: String,
    /// As what: see [`word`].
    pub settlement: &'static str,
    /// False when the lease was lost and nothing was changed.
    pub taken: bool,
    /// When.
    pub now_ms: UnixMs,
}

/// The word for a settlement: `sent`, `not_sent`, `retry`, `postpone` or `unknown`.
pub(super) fn word(settlement: &Settlement) -> &'static str {
    match settlement {
        Settlement::Done { sent: true, .. } => "sent",
        Settlement::Done { sent: false, .. } => "not_sent",
        Settlement::Retry { .. } => "retry",
        Settlement::Postpone { .. } => "postpone",
        Settlement::Unknown { .. } => "unknown",
    }
}
