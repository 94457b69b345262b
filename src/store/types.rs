//! What goes into the store and what comes out of it: plain values, nothing that waits.

use super::UnixMs;
use crate::domain::ids::{EffectId, HomeId, MerchantId, PurchaseId, RetailerId};

/// The two outsides that a conversation's effects go to, each in an ordered lane of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LaneKind {
    /// Messages to the customer.
    Provider,
    /// Quotes and purchases to the merchant.
    Merchant,
}

impl LaneKind {
    /// One letter, used in keys.
    pub fn letter(self) -> char {
        match self {
            Self::Provider => 'p',
            Self::Merchant => 'm',
        }
    }
}

/// One lane of one conversation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LaneId {
    /// The conversation.
    pub home: HomeId,
    /// Toward whom.
    pub kind: LaneKind,
}

/// Who yields first when a budget is short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// An answer to the customer; may pass a head whose outcome is unknown.
    Reply,
    /// Price updates and reminders: yields to replies and takes 70 % of a budget at most.
    Bulk,
}

/// An effect as it lies in a lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its id.
    pub effect_id: EffectId,
    /// The conversation revision that caused it; grows along the lane.
    pub revision: u64,
    /// Its class.
    pub class: Class,
    /// Unstarted items of the lane with the same key are removed when this one is appended.
    pub supersedes: Option<String>,
    /// True when it may overtake items that wait for their time; heeded in merchant lanes only.
    pub may_pass: bool,
    /// The effect, opaque.
    pub body: String,
}

/// How far an item has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Not begun: may be performed.
    Queued,
    /// The outcome of at least one attempt is not known: must be reconciled, never blindly repeated.
    Unknown,
}

/// The right to serve a lane until `until_ms`. A call with another token is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Unique per grant.
    pub token: String,
    /// When it ends.
    pub until_ms: UnixMs,
}

/// A leased lane and the item that is to be performed next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The lane.
    pub lane: LaneId,
    /// The lease that the caller now holds.
    pub lease: Lease,
    /// The item.
    pub item: Item,
    /// How far it has come.
    pub phase: Phase,
    /// Attempts that were settled as Retry or Unknown, or were lost with their replica.
    pub attempts: u32,
    /// Those of the attempts whose outcome is unknown: settled as Unknown, or lost with their replica.
    pub unknowns: u32,
    /// When the last attempt was started; 0 when none was.
    pub started_at_ms: UnixMs,
    /// True when an item of a later revision was already settled as sent or is waiting in the lane.
    pub newer_exists: bool,
}

/// The mark "this event is done": checked and written by the commit, kept 9 days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DoneMark {
    /// 8 bytes of digest of the event's id.
    pub hash: u64,
    /// Day number (Unix days) of the event's OWN time, the same on each redelivery; names the set it is kept in.
    pub day: i64,
}

/// What to read for one customer: conversations that may be theirs, and aliases that may lead elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadRequest {
    /// Homes to read, in order of preference (at most 3).
    pub homes: Vec<HomeId>,
    /// Aliases to read (at most 3).
    pub aliases: Vec<HomeId>,
    /// Marks to look up in each of `homes`.
    pub marks: Vec<DoneMark>,
}

/// A stored conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredConversation {
    /// 0 when there is none and none was erased.
    pub revision: u64,
    /// The encoded state; `None` when there is none.
    pub state: Option<String>,
    /// Those of the requested marks that are already set.
    pub done: Vec<DoneMark>,
    /// When what was here was [erased](super::Store::erase), while that is remembered and nothing new has begun. Then `revision`
    /// is the one to go on from.
    pub erased_at_ms: Option<UnixMs>,
}

/// Answer to one [`LoadRequest`], in the request's order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// One per requested home.
    pub conversations: Vec<StoredConversation>,
    /// One per requested alias.
    pub aliases: Vec<Option<HomeId>>,
}

/// A product fact that a decision rested on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FactVersion {
    /// Whose product.
    pub merchant: MerchantId,
    /// Which product.
    pub retailer_id: RetailerId,
    /// The version that was used.
    pub version: u64,
}

/// A product that a conversation wants to hear about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interest {
    /// Whose product.
    pub merchant: MerchantId,
    /// Which product.
    pub retailer_id: RetailerId,
}

/// Something that could not be handled and waits for a person.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct DeadLetter {
    /// Unique; a second letter with the same id replaces the first.
    pub id: String,
    /// Why: a stable code such as `unknown_number`, `unparseable`, `panic`, `exhausted`, `rejected`.
    pub reason: String,
    /// A sentence for the person on call; no secrets, no phone number.
    pub detail: String,
    /// Whose; `None` when it belongs to no merchant (operators only).
    pub merchant: Option<MerchantId>,
    /// The conversation, when known.
    pub home: Option<HomeId>,
    /// When it was parked first: a replay that fails leaves it in its place.
    pub at_ms: UnixMs,
    /// What to replay: `webhook` (raw provider body), `callback:<merchant>` (raw merchant body), `effect`, `event`; or
    /// `item`, one unreadable part of a webhook, which can't be replayed.
    pub source: String,
    /// The thing itself.
    pub body: String,
}

/// Which dead letters are meant: those that fit all that is given; all of them by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LetterFilter {
    /// Whose.
    pub merchant: Option<MerchantId>,
    /// Parked for which reason.
    pub reason: Option<String>,
}

/// The dead letters of one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LetterGroup {
    /// The reason.
    pub reason: String,
    /// How many there are; never 0.
    pub count: u64,
    /// When the oldest was parked.
    pub oldest_ms: UnixMs,
    /// When the newest was parked.
    pub newest_ms: UnixMs,
}

/// One atomic change of one conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// The conversation.
    pub home: HomeId,
    /// The revision that was loaded (0: none). Another one in the store is a [`CommitOutcome::Conflict`].
    pub expected_revision: u64,
    /// The revision after this change.
    pub revision: u64,
    /// The encoded state.
    pub state: String,
    /// End of the service window, kept beside the state so that [`Store::start`](super::Store::start) can return it without decoding.
    pub window_open_until_ms: UnixMs,
    /// Marks of the events that this change handles.
    pub marks: Vec<DoneMark>,
    /// Product facts that it rests on.
    pub facts: Vec<FactVersion>,
    /// Effects, in order.
    pub items: Vec<(LaneKind, Item)>,
    /// Interest to add.
    pub interest_added: Vec<Interest>,
    /// Interest to remove.
    pub interest_removed: Vec<Interest>,
    /// Purchases that began or changed, encoded; only those whose shard is the home's (see [`put_purchase`](super::Store::put_purchase)).
    pub purchases: Vec<(PurchaseId, String)>,
    /// Journal entries to append; the journal keeps the last 300 and expires 30 days after its last entry, or as [`Retention`](super::Retention) says.
    pub journal: Vec<String>,
    /// Dead letters that belong to the change (an event whose decision failed).
    pub dead_letters: Vec<DeadLetter>,
}

/// What became of a [`Commit`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommitOutcome {
    /// It is durable.
    Committed {
        /// Lanes that were free and are now leased to the caller, with their next item.
        heads: Vec<Head>,
        /// Lanes that hold something for later, with the time when they may be claimed.
        wake: Vec<(LaneId, UnixMs)>,
    },
    /// Somebody else changed the conversation since it was loaded.
    Conflict,
    /// At least one of the marks was already set; nothing was changed.
    Duplicate,
    /// At least one fact is older than the shard's marker; nothing was changed.
    StaleFacts(Vec<FactVersion>),
}

/// Times that lane operations need; the store itself reads no clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneTimes {
    /// The present.
    pub now_ms: UnixMs,
    /// How long a new lease lasts.
    pub lease_ms: i64,
    /// How long a provider item of unknown outcome waits for its status.
    pub unknown_hold_ms: i64,
    /// How long after the start of a superseding item the lane waits before it starts the next superseding one, so that
    /// a burst of clicks becomes a handful of messages.
    pub pace_ms: i64,
    /// How many may start ahead of that pace after a pause: who taps as people do never waits.
    pub pace_ahead: i64,
}

impl LaneTimes {
    /// Until when the next superseding item waits, one having started now.
    pub fn paced_until_ms(&self, before_ms: UnixMs) -> UnixMs {
        let credit_ms = self.pace_ms.saturating_mul(self.pace_ahead);
        let from_ms = before_ms.max(self.now_ms.saturating_sub(credit_ms));
        from_ms.saturating_add(self.pace_ms)
    }
}

/// Outcome of asking for a lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimOutcome {
    /// The caller holds the lane and performs this item.
    Claimed(Box<Head>),
    /// Nothing may be done before this time (leased to another, backing off, held, paced).
    Wait(UnixMs),
    /// The lane is empty.
    Empty,
}

/// A rate limit shared by all replicas, as a generic cell rate (GCRA).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Names the limit, for instance `number:<id>` or `pair:<home>`.
    pub key: String,
    /// Microseconds that one unit takes (12 500 for 80 per second).
    pub interval_us: i64,
    /// How many units may be taken at once when nothing was taken for long.
    pub burst: i64,
}

/// Outcome of marking an item as started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartOutcome {
    /// Go.
    Started {
        /// End of the conversation's service window, as last committed.
        window_open_until_ms: UnixMs,
    },
    /// A budget is exhausted until then: the item is not marked as started; settle it with [`Settlement::Postpone`].
    Refused {
        /// When a unit is free again.
        until_ms: UnixMs,
        /// Which of the given budgets is exhausted for longest: its place in the list.
        budget: usize,
    },
    /// Another replica holds the lane now, or the item is gone: do nothing.
    LeaseLost,
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// It is over; the item leaves the lane.
    Done {
        /// True when it reached the outside (counts for [`Head::newer_exists`]).
        sent: bool,
        /// The provider's message key (a digest), so that statuses without our callback data find the effect. 30 days.
        message_key: Option<String>,
    },
    /// This attempt certainly did not happen and may be repeated at `due_ms`; the lane waits (order is kept), except for what
    /// [may pass](Item::may_pass). Counts an attempt. An item of unknown outcome stays so: an earlier attempt may have happened.
    Retry {
        /// When.
        due_ms: UnixMs,
    },
    /// It was not tried (budget, gate); does not count an attempt.
    Postpone {
        /// When.
        due_ms: UnixMs,
    },
    /// It may have happened. Counts an attempt. A provider item is set aside until `due_ms` and later replies may pass, unless
    /// a status of it was recorded meanwhile: then that is its outcome and it leaves the lane at once (as sent, unless it
    /// [failed](DeliveryStatus::Failed)). After a merchant item the lane waits until `due_ms`, except for what
    /// [may pass](Item::may_pass).
    Unknown {
        /// When to reconcile.
        due_ms: UnixMs,
    },
}

/// Outcome of settling: settle = settle + claim next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettleOutcome {
    /// The lane stays with the caller, who performs this next.
    Next(Box<Head>),
    /// The lane is released; it may be claimed again at this time.
    Wait(UnixMs),
    /// The lane is released and empty.
    Empty,
    /// The token was stale: nothing was changed.
    LeaseLost,
}

/// A delivery status, in the lattice `Sent < Delivered < Read < Failed`: what is kept of several is their
/// [`join`](DeliveryStatus::join).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// Accepted by the provider's servers and on its way.
    Sent = 1,
    /// On the customer's phone.
    Delivered = 2,
    /// Read or played.
    Read = 3,
    /// Will not arrive.
    Failed = 4,
}

/// How a status names its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatusTarget {
    /// By the effect id in our callback data.
    Effect(EffectId),
    /// By conversation and message key (a status without callback data).
    Message {
        /// The conversation.
        home: HomeId,
        /// The key given to [`Settlement::Done`].
        message_key: String,
    },
}

/// What recording a status found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatusOutcome {
    /// The effect, when known.
    pub effect_id: Option<EffectId>,
    /// True when this raised the status.
    pub raised: bool,
    /// True when an item of unknown outcome was waiting for this and is now removed from its lane as sent.
    pub settled: bool,
}

/// A product to write into a merchant's catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductWrite {
    /// Which product.
    pub retailer_id: RetailerId,
    /// The encoded product; `None`: it is gone.
    pub product: Option<String>,
    /// Digest of what customers are told about (price, title, options, availability); a change of it is a price update.
    pub offer: String,
    /// The merchant's own version, when numeric; a lower one than stored is [`Written::Older`], a higher one is news
    /// whatever the clocks say.
    pub merchant_version: Option<u64>,
    /// When the news was learned (for a mirror page: when its request began). Where versions don't decide, news learned
    /// before the stored one's `learned_at_ms` is [`Written::Older`].
    pub learned_at_ms: UnixMs,
}

/// What became of a [`ProductWrite`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// New to the catalog, or changed in what customers are not told about.
    Stored {
        /// The fact's version now.
        version: u64,
    },
    /// Changed in what customers are told about: carts must hear of it.
    Changed {
        /// The fact's version now.
        version: u64,
    },
    /// The same as before.
    Unchanged {
        /// The fact's version.
        version: u64,
    },
    /// Older than what is stored: ignored.
    Older,
}

/// One stored product fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFact {
    /// Which product.
    pub retailer_id: RetailerId,
    /// Grows by one on each stored change of this product.
    pub version: u64,
    /// The encoded product; `None`: it is gone.
    pub product: Option<String>,
    /// When it was learned.
    pub learned_at_ms: UnixMs,
}

/// A merchant's catalog as stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CatalogRead {
    /// Grows on each change of any product.
    pub generation: u64,
    /// All products, ordered by retailer id.
    pub facts: Vec<StoredFact>,
}

/// Outcome of claiming an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdempotencyOutcome {
    /// First use: perform, then call [`Store::finish_idempotent`](super::Store::finish_idempotent).
    New,
    /// Used before with the same fingerprint and finished: answer this again.
    Same(String),
    /// Used before with the same fingerprint, not finished yet.
    InProgress,
    /// Used before with another fingerprint.
    Conflict,
}
