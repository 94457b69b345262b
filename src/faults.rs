//! Faults that tests ask for, and nothing else: named points at which the process dies as under `kill -9`, and bugs that are
//! planted on purpose, so that the proof can show that it finds them (docs/RELIABILITY.md). It owns their names; without the
//! feature `faults`, which no release has, all of it is compiled away.

/// A place where a test may let the process die. Each stands at one await of the path from a webhook to a settled effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// A webhook's bytes are here, nothing was done with them.
    Received,
    /// The conversation is loaded.
    Loaded,
    /// The decision is made, the commit is not sent.
    Decided,
    /// The commit is durable, the sender has no answer.
    Committed,
    /// A lane is leased, its item is not started.
    Leased,
    /// An item is started, nothing has left.
    Started,
    /// The outside has answered, nothing of it is kept.
    Performed,
    /// The answer is in the conversation, the item is not settled.
    Answered,
    /// The item is settled.
    Settled,
    /// Product news is stored, its markers are not raised.
    ProductStored,
    /// Some of the carts that hold a changed product were told.
    WalkedSome,
}

impl Point {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Received,
        Self::Loaded,
        Self::Decided,
        Self::Committed,
        Self::Leased,
        Self::Started,
        Self::Performed,
        Self::Answered,
        Self::Settled,
        Self::ProductStored,
        Self::WalkedSome,
    ];

    /// Its name in `SACOLA_FAULT`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Loaded => "loaded",
            Self::Decided => "decided",
            Self::Committed => "committed",
            Self::Leased => "leased",
            Self::Started => "started",
            Self::Performed => "performed",
            Self::Answered => "answered",
            Self::Settled => "settled",
            Self::ProductStored => "product_stored",
            Self::WalkedSome => "walked_some",
        }
    }
}

/// A bug that can be planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// The sender is told 200 before the commit.
    AckBeforeCommit,
    /// Done-marks are looked at when loading, not in the commit.
    DedupOutsideCommit,
    /// A settle is taken whatever its token.
    SettleWithoutToken,
    /// A purchase of unknown outcome is sent again without asking for it first.
    RepeatWithoutAsking,
    /// The service window is judged when a message is enqueued, not when it is sent.
    WindowAtEnqueue,
    /// The last status wins, whichever it is.
    StatusGoesBack,
    /// All devices of a customer share one cart.
    CartWithoutDevice,
    /// A lane is handed out although somebody holds it.
    SweepIgnoresLease,
    /// The revision that was loaded is not compared with the stored one.
    CommitWithoutRevision,
    /// A message of unknown outcome is sent again at once, whatever it is.
    RepeatUnknownSend,
    /// The facts that a decision rests on are not compared with the markers.
    StaleFactsPass,
    /// An answer of the provider that was lost counts as a refusal.
    LostTakenAsRefused,
    /// Each further attempt to submit a purchase has an id of its own.
    FreshKeyPerAttempt,
    /// The shop is asked for the subtotal.
    SubtotalForwarded,
    /// A purchase in doubt is not asked about any more.
    DoubtForgotten,
    /// A message that fails late is no event.
    LateFailureIgnored,
    /// Some events leave no entry in the journal.
    JournalGap,
    /// Menus are settled without being sent.
    MenusDropped,
}

impl Bug {
    /// All of them.
    pub const ALL: [Self; 18] = [
        Self::AckBeforeCommit,
        Self::DedupOutsideCommit,
        Self::SettleWithoutToken,
        Self::RepeatWithoutAsking,
        Self::WindowAtEnqueue,
        Self::StatusGoesBack,
        Self::CartWithoutDevice,
        Self::SweepIgnoresLease,
        Self::CommitWithoutRevision,
        Self::RepeatUnknownSend,
        Self::StaleFactsPass,
        Self::LostTakenAsRefused,
        Self::FreshKeyPerAttempt,
        Self::SubtotalForwarded,
        Self::DoubtForgotten,
        Self::LateFailureIgnored,
        Self::JournalGap,
        Self::MenusDropped,
    ];

    /// Its name on the command line of `scripts/prove`.
    pub fn word(self) -> &'static str {
        match self {
            Self::AckBeforeCommit => "ack-before-commit",
            Self::DedupOutsideCommit => "dedup-outside-commit",
            Self::SettleWithoutToken => "settle-without-token",
            Self::RepeatWithoutAsking => "repeat-without-asking",
            Self::WindowAtEnqueue => "window-at-enqueue",
            Self::StatusGoesBack => "status-goes-back",
            Self::CartWithoutDevice => "cart-without-device",
            Self::SweepIgnoresLease => "sweep-ignores-lease",
            Self::CommitWithoutRevision => "commit-without-revision",
            Self::RepeatUnknownSend => "repeat-unknown-send",
            Self::StaleFactsPass => "stale-facts-pass",
            Self::LostTakenAsRefused => "lost-taken-as-refused",
            Self::FreshKeyPerAttempt => "fresh-key-per-attempt",
            Self::SubtotalForwarded => "subtotal-forwarded",
            Self::DoubtForgotten => "doubt-forgotten",
            Self::LateFailureIgnored => "late-failure-ignored",
            Self::JournalGap => "journal-gap",
            Self::MenusDropped => "menus-dropped",
        }
    }
}

#[cfg(all(feature = "faults", not(debug_assertions)))]
compile_error!(
    "the feature `faults` lets the process die and plants bugs: no build without debug assertions may have it \
     (the tests use the profiles dev and prove)"
);

#[cfg(feature = "faults")]
mod live;
#[cfg(feature = "faults")]
pub use live::{arm, is_planted, pass, plant};

/// Passes a point: nothing happens here.
#[cfg(not(feature = "faults"))]
#[inline(always)]
pub fn pass(_: Point) {}

/// No bug is planted here.
#[cfg(not(feature = "faults"))]
#[inline(always)]
pub const fn is_planted(_: Bug) -> bool {
    false
}
