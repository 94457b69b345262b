//! The store: what a conversation, its lanes and its marks are kept in. One trait, two engines (`redis`, `embedded`),
//! one conformance suite (`tests/store`). It owns durability, atomicity and leases; it refuses to know what a cart,
//! a message or a merchant's answer is: states and bodies are opaque texts to it.
//!
//! Every method of [`Store`] is ONE round trip to the server (pipelined where it touches several shards), which
//! [`Store::round_trips`] counts. Those that count, read, remove or rewrite much ([`Store::lane_totals`], [`Store::search`],
//! [`Store::forget`], [`Store::rewrite_history`]) are as many as they need.

use async_trait::async_trait;

use crate::domain::ids::{EffectId, HomeId, MerchantId, PurchaseId, RetailerId, Shard};
use crate::domain::masked::without_values;

pub mod embedded;
mod erasing;
mod health;
mod lattice;
mod looks;
pub mod redis;
mod types;

pub use erasing::{
    Edge, EraseOutcome, Erasure, Family, Found, History, Needles, Place, Removed, Retention, SearchPage,
};
pub use health::{Health, Level, Loss, Unmet};
pub use looks::{BudgetLook, DueLane, ItemLook, KindTotals, LaneLook, LanePage, LaneTotals};
pub use types::{
    Budget, CatalogRead, ClaimOutcome, Class, Commit, CommitOutcome, DeadLetter, DeliveryStatus, DoneMark,
    FactVersion, Head, IdempotencyOutcome, Interest, Item, LaneId, LaneKind, LaneTimes, Lease, LetterFilter,
    LetterGroup, LoadRequest, Loaded, Phase, ProductWrite, SettleOutcome, Settlement, StartOutcome,
    StatusOutcome, StatusTarget, StoredConversation, StoredFact, Written,
};

/// Milliseconds since the Unix epoch.
pub type UnixMs = i64;

/// What can go wrong between us and the store. Business outcomes (conflict, duplicate) are values, not errors.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store did not take or answer the call; nothing was changed.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// The call was sent and no answer came: it may or may not have happened.
    #[error("the store's answer was lost: {0}")]
    Unknown(String),
    /// Fewer replicas than `wait_replicas` confirmed in time; the write happened on the primary.
    #[error(
        "only {confirmed} of {wanted} replicas confirmed a write in time: bring the others back, or wait for fewer \
         (store.wait_replicas)"
    )]
    NotReplicated {
        /// Replicas that confirmed.
        confirmed: u32,
        /// Replicas that the configuration asks for.
        wanted: u32,
    },
    /// What is stored can't be read by this version.
    #[error("the store holds something unreadable at {key}: {}", without_values(.problem))]
    Corrupt {
        /// Where it was found.
        key: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The store can't be used as configured (evicting policy, old server, file in use …). The text names the mend.
    #[error("{0}")]
    Unfit(String),
}

/// What holds all state. All methods are safe to call concurrently; all times are passed in.
#[async_trait]
pub trait Store: Send + Sync + std::fmt::Debug {
    /// Reads conversations, aliases and marks: one trip for all requests.
    async fn load(&self, requests: &[LoadRequest]) -> Result<Vec<Loaded>, Error>;

    /// Commits one change. Calls that wait at the same moment are grouped into one script call or transaction, in which
    /// each succeeds or fails alone. A lane that is free and whose next item is due is leased to the caller.
    async fn commit(&self, commit: Commit, times: LaneTimes) -> Result<CommitOutcome, Error>;

    /// Writes an alias (customer id → conversation) if none exists; returns the home that it now leads to.
    async fn put_alias(&self, alias: &HomeId, home: &HomeId) -> Result<HomeId, Error>;

    /// Lanes whose time has come in any shard, oldest first, `limit` at most.
    async fn due_lanes(&self, now_ms: UnixMs, limit: usize) -> Result<Vec<LaneId>, Error>;

    /// Lanes that hold something, in their order ([`DueLane`]), behind the place `after`, `limit` at most, and how many there
    /// are. Changes nothing; a shard that does not answer hides no other.
    async fn lanes(&self, after: Option<&DueLane>, limit: usize, now_ms: UnixMs) -> Result<LanePage, Error>;

    /// Lanes that hold something, counted by kind and by what they wait for, and since when the longest-waiting ones are due. Changes
    /// nothing. It looks at so many of them as each engine can bear every few seconds; those beyond are counted all the same and told
    /// apart in the proportion of those looked at ([`LaneTotals`]).
    async fn lane_totals(&self, now_ms: UnixMs) -> Result<LaneTotals, Error>;

    /// What lies in these lanes, one answer for each in their order, with `limit` items at most. Changes nothing.
    async fn look_at_lanes(&self, lanes: &[LaneId], limit: usize) -> Result<Vec<LaneLook>, Error>;

    /// Asks for a lane. When its lease has ended with an item started, that item becomes [`Phase::Unknown`] first
    /// (counting an attempt and an unknown one): a provider item is then held until `started_at + unknown_hold_ms`, a merchant item is due
    /// at once. A provider item of which a status was recorded meanwhile is not held: it leaves the lane, as sent unless
    /// it [failed](DeliveryStatus::Failed). A commit that finds such a lane does the same.
    async fn claim(&self, lane: &LaneId, times: LaneTimes) -> Result<ClaimOutcome, Error>;

    /// Takes one unit of each budget, marks the item as started and renews the lease to `times.now_ms + times.lease_ms`, in
    /// one trip: the lease must last as long as the attempt may, or another replica would reconcile what still runs. The
    /// token stays the same. What is not started is not renewed. After an error nothing may be performed; whether the item is
    /// marked is not known then, and [`Settlement::Postpone`] makes it as it was.
    async fn start(
        &self,
        head: &Head,
        budgets: &[Budget],
        class: Class,
        times: LaneTimes,
    ) -> Result<StartOutcome, Error>;

    /// Ends an attempt and claims the lane's next item, in one trip.
    async fn settle(
        &self,
        head: &Head,
        settlement: Settlement,
        times: LaneTimes,
    ) -> Result<SettleOutcome, Error>;

    /// Gives back a lane whose item the caller has not started: the lease ends, and the lane is due by the ordinary rule of
    /// order, so its item at once. Counts no attempt. False, and nothing is changed, when the token is stale or the item is
    /// started.
    async fn release(&self, head: &Head, now_ms: UnixMs) -> Result<bool, Error>;

    /// Takes `units` from a budget without asking (what customers send counts too). May be a no-op that never fails.
    async fn debit(&self, budget: &Budget, units: u32, now_ms: UnixMs) -> Result<(), Error>;

    /// What is left of these budgets, one answer for each in their order. Changes nothing.
    async fn look_at_budgets(&self, budgets: &[Budget], now_ms: UnixMs) -> Result<Vec<BudgetLook>, Error>;

    /// The effect that was [settled](Settlement::Done) under this message key; `None` when there is none, or none any more.
    async fn effect_of(&self, home: &HomeId, message_key: &str) -> Result<Option<EffectId>, Error>;

    /// Records a delivery status: what is kept is its [`join`](DeliveryStatus::join) with what was kept, for as long as [`Retention`]
    /// says. Any status but a failure proves that the message reached the outside ([`Head::newer_exists`]), whatever else is told of
    /// it, before or afterwards. A provider item whose outcome is unknown is settled by it. An attempt that is under way is left to
    /// its holder; should its outcome turn out unknown ([`Store::claim`], [`Settlement::Unknown`]), the status that is kept settles
    /// it then. So a message that has a status is not repeated for want of an answer.
    async fn record_status(
        &self,
        target: &StatusTarget,
        status: DeliveryStatus,
        now_ms: UnixMs,
    ) -> Result<StatusOutcome, Error>;

    /// Writes a purchase whose shard is not its conversation's; others go with the commit.
    async fn put_purchase(&self, id: &PurchaseId, encoded: &str) -> Result<(), Error>;

    /// Reads a purchase.
    async fn purchase(&self, id: &PurchaseId) -> Result<Option<String>, Error>;

    /// The journal of a conversation, oldest first.
    async fn journal(&self, home: &HomeId) -> Result<Vec<String>, Error>;

    /// Reads a merchant's whole catalog.
    async fn catalog(&self, merchant: &MerchantId) -> Result<CatalogRead, Error>;

    /// Reads only the catalog's generation.
    async fn catalog_generation(&self, merchant: &MerchantId) -> Result<u64, Error>;

    /// Reads some products; those unknown are left out.
    async fn products(&self, merchant: &MerchantId, ids: &[RetailerId]) -> Result<Vec<StoredFact>, Error>;

    /// Writes products, each judged alone, and answers in order.
    async fn put_products(
        &self,
        merchant: &MerchantId,
        writes: &[ProductWrite],
    ) -> Result<Vec<Written>, Error>;

    /// Raises the marker of a product in all shards to `version` (never lowers it): commits that rest on an older fact are
    /// refused from then on.
    async fn raise_markers(
        &self,
        merchant: &MerchantId,
        retailer_id: &RetailerId,
        version: u64,
    ) -> Result<(), Error>;

    /// Conversations of a shard that hold a product, in order, after `after`, `limit` at most.
    async fn interested(
        &self,
        shard: Shard,
        interest: &Interest,
        after: Option<&HomeId>,
        limit: usize,
    ) -> Result<Vec<HomeId>, Error>;

    /// Writes a small record under `kind`/`id`; `ttl_ms` 0 keeps it for ever.
    async fn put_record(&self, kind: &str, id: &str, body: &str, ttl_ms: i64) -> Result<(), Error>;

    /// Reads a small record.
    async fn record(&self, kind: &str, id: &str) -> Result<Option<String>, Error>;

    /// Removes a small record.
    async fn remove_record(&self, kind: &str, id: &str) -> Result<(), Error>;

    /// All records of a kind (for kinds that stay few, such as running price updates), ordered by id, 1 000 at most.
    async fn records(&self, kind: &str) -> Result<Vec<(String, String)>, Error>;

    /// Returns the secret of that name, storing `candidate` first when there is none. Never expires.
    async fn secret(&self, name: &str, candidate: &str) -> Result<String, Error>;

    /// Takes or renews a named lease for `owner`; false when another owner holds it.
    async fn hold(&self, name: &str, owner: &str, ttl_ms: i64, now_ms: UnixMs) -> Result<bool, Error>;

    /// Claims an idempotency key for `ttl_ms`.
    async fn begin_idempotent(
        &self,
        key: &str,
        fingerprint: &str,
        ttl_ms: i64,
        now_ms: UnixMs,
    ) -> Result<IdempotencyOutcome, Error>;

    /// Records the answer of an idempotent call.
    async fn finish_idempotent(&self, key: &str, answer: &str) -> Result<(), Error>;

    /// Forgets an idempotency key whose call failed, so that it can be tried again.
    async fn drop_idempotent(&self, key: &str) -> Result<(), Error>;

    /// Keeps a dead letter. At most `bound` letters of the same reason are kept; the newest push out the oldest only for
    /// reason `unknown_number`, otherwise all are kept. Returns false when it was not kept.
    async fn park(&self, letter: &DeadLetter, bound: usize) -> Result<bool, Error>;

    /// Dead letters that fit `filter`, ordered by (time, id), behind the letter `after` (an id; when it is gone, from the
    /// oldest), `limit` at most.
    async fn dead_letters(
        &self,
        filter: &LetterFilter,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, Error>;

    /// Dead letters counted by reason, ordered by reason: all, or those of one merchant.
    async fn dead_letter_groups(&self, merchant: Option<&MerchantId>) -> Result<Vec<LetterGroup>, Error>;

    /// Reads one dead letter.
    async fn dead_letter(&self, id: &str) -> Result<Option<DeadLetter>, Error>;

    /// Removes a dead letter; false when there was none.
    async fn remove_dead_letter(&self, id: &str) -> Result<bool, Error>;

    /// Removes one conversation, its lanes, journal, interest and done-marks in one piece, and leaves a tombstone: its revision and the
    /// time, which [`Store::load`] tells and the next commit replaces. Afterwards whoever holds the lanes has lost them. The same
    /// once more is harmless.
    async fn erase(&self, erasure: &Erasure) -> Result<EraseOutcome, Error>;

    /// Reads everything that is kept, a part at a time from behind `after`, and tells where any of these texts stands. What comes
    /// meanwhile may be missed, what stays is not. The memory that it takes is bounded.
    async fn search(&self, needles: &Needles, after: Option<&str>) -> Result<SearchPage, Error>;

    /// Removes what is [forgettable](Place::is_forgettable) at these places and leaves all else.
    async fn forget(&self, places: &[Place]) -> Result<(), Error>;

    /// Writes anew what the engine keeps on disk beside what it holds now: pages and commands of before, in which something that
    /// was removed can still be read.
    async fn rewrite_history(&self) -> Result<History, Error>;

    /// Tries a write and tells how things are.
    async fn health(&self) -> Result<Health, Error>;

    /// Round trips made since the start; a test holds the number per event.
    fn round_trips(&self) -> u64;

    /// Ends background work and flushes.
    async fn close(&self);
}
