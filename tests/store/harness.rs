//! Stores to run cases on, and short ways to write what they are given.

use std::sync::Arc;

use sacola::domain::ids::{EffectId, HomeId, MerchantId, RetailerId};
use sacola::store::embedded::{self, EmbeddedStore};
use sacola::store::redis::{self as redis_store, Options};
use sacola::store::{
    ClaimOutcome, Class, Commit, CommitOutcome, DeliveryStatus, DoneMark, Head, Interest, Item, LaneId,
    LaneKind, LaneTimes, LoadRequest, SettleOutcome, Settlement, StartOutcome, StatusTarget, Store,
    StoredConversation, UnixMs,
};

use crate::support::redis_server;

pub const NOW: UnixMs = 1_790_000_000_000;
pub const LEASE: i64 = 30_000;
pub const HOLD: i64 = 120_000;
pub const PACE: i64 = 1_000;
pub const TODAY: i64 = NOW / 86_400_000;

/// An embedded store in a directory that goes with it.
pub struct Embedded {
    store: Arc<EmbeddedStore>,
    pub dir: tempfile::TempDir,
}

impl Embedded {
    pub fn open() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let store = Arc::new(embedded::open(dir.path()).expect("an embedded store"));
        Self { store, dir }
    }

    pub fn store(&self) -> Arc<dyn Store> {
        Arc::<EmbeddedStore>::clone(&self.store)
    }
}

pub async fn redis() -> Arc<dyn Store> {
    redis_under(redis_server::fresh_prefix().expect("randomness")).await
}

pub async fn redis_under(key_prefix: String) -> Arc<dyn Store> {
    let server = redis_server::shared().expect("a Redis server");
    let options = Options {
        key_prefix,
        ..redis_server::patient()
    };
    Arc::new(
        redis_store::connect(&server.url(), options)
            .await
            .expect("a Redis store"),
    )
}

pub fn at(now_ms: UnixMs) -> LaneTimes {
    LaneTimes {
        now_ms,
        lease_ms: LEASE,
        unknown_hold_ms: HOLD,
        pace_ms: PACE,
        pace_ahead: 0,
    }
}

/// The `n`-th conversation; its shard is `n` modulo 256.
pub fn home(n: u32) -> HomeId {
    HomeId::new(format!("{:02x}{n:020x}", n % 256))
}

pub fn merchant() -> MerchantId {
    MerchantId::new("shop")
}

pub fn interest(retailer_id: &str) -> Interest {
    Interest {
        merchant: merchant(),
        retailer_id: RetailerId::new(retailer_id),
    }
}

pub fn lane(home: &HomeId, kind: LaneKind) -> LaneId {
    LaneId {
        home: home.clone(),
        kind,
    }
}

pub fn mark(hash: u64) -> DoneMark {
    DoneMark { hash, day: TODAY }
}

/// A change from `expected` to the next revision that carries nothing else.
pub fn change(home: &HomeId, expected: u64) -> Commit {
    Commit {
        home: home.clone(),
        expected_revision: expected,
        revision: expected + 1,
        state: format!("state \"{}\" of {home}", expected + 1),
        window_open_until_ms: NOW + 86_400_000,
        marks: Vec::new(),
        facts: Vec::new(),
        items: Vec::new(),
        interest_added: Vec::new(),
        interest_removed: Vec::new(),
        purchases: Vec::new(),
        journal: Vec::new(),
        dead_letters: Vec::new(),
    }
}

pub fn item(home: &HomeId, revision: u64, index: usize) -> Item {
    Item {
        effect_id: EffectId::of(home, revision, index),
        revision,
        class: Class::Reply,
        supersedes: None,
        may_pass: false,
        body: format!("{revision}.{index}"),
    }
}

pub fn bulk(item: Item) -> Item {
    Item {
        class: Class::Bulk,
        ..item
    }
}

pub fn passing(item: Item) -> Item {
    Item {
        may_pass: true,
        ..item
    }
}

pub fn keyed(item: Item, key: &str) -> Item {
    Item {
        supersedes: Some(key.to_owned()),
        ..item
    }
}

/// A change with `items` for one lane.
pub fn with_items(
    home: &HomeId,
    expected: u64,
    kind: LaneKind,
    items: impl IntoIterator<Item = Item>,
) -> Commit {
    Commit {
        items: items.into_iter().map(|item| (kind, item)).collect(),
        ..change(home, expected)
    }
}

/// A change with `count` plain items for one lane.
pub fn with_plain(home: &HomeId, expected: u64, kind: LaneKind, count: usize) -> Commit {
    with_items(
        home,
        expected,
        kind,
        (0..count).map(|index| item(home, expected + 1, index)),
    )
}

/// Commits and expects success.
pub async fn commit(
    store: &Arc<dyn Store>,
    change: Commit,
    now_ms: UnixMs,
) -> (Vec<Head>, Vec<(LaneId, UnixMs)>) {
    match store.commit(change, at(now_ms)).await.expect("an answer") {
        CommitOutcome::Committed { heads, wake } => (heads, wake),
        refused @ (CommitOutcome::Conflict | CommitOutcome::Duplicate | CommitOutcome::StaleFacts(_)) => {
            panic!("not committed: {refused:?}")
        }
    }
}

/// Commits and expects exactly one leased lane.
pub async fn commit_head(store: &Arc<dyn Store>, change: Commit, now_ms: UnixMs) -> Head {
    let (mut heads, _) = commit(store, change, now_ms).await;
    assert_eq!(heads.len(), 1);
    heads.pop().expect("one head")
}

/// Claims and expects to get the lane.
pub async fn claim_head(store: &Arc<dyn Store>, lane: &LaneId, now_ms: UnixMs) -> Head {
    match store.claim(lane, at(now_ms)).await.expect("an answer") {
        ClaimOutcome::Claimed(head) => *head,
        refused @ (ClaimOutcome::Wait(_) | ClaimOutcome::Empty) => panic!("not claimed: {refused:?}"),
    }
}

/// Marks as started and expects that nothing refuses it.
pub async fn begin(store: &Arc<dyn Store>, head: &Head, now_ms: UnixMs) {
    let outcome = store
        .start(head, &[], head.item.class, at(now_ms))
        .await
        .expect("an answer");
    assert!(matches!(outcome, StartOutcome::Started { .. }), "{outcome:?}");
}

pub async fn settle(store: &Arc<dyn Store>, head: &Head, how: Settlement, now_ms: UnixMs) -> SettleOutcome {
    store.settle(head, how, at(now_ms)).await.expect("an answer")
}

/// Settles and expects to go on with the next item.
pub async fn settle_next(store: &Arc<dyn Store>, head: &Head, how: Settlement, now_ms: UnixMs) -> Head {
    match settle(store, head, how, now_ms).await {
        SettleOutcome::Next(next) => *next,
        none @ (SettleOutcome::Wait(_) | SettleOutcome::Empty | SettleOutcome::LeaseLost) => {
            panic!("nothing next: {none:?}")
        }
    }
}

/// Records a status of an attempt that somebody is making, and expects that it is kept and settles nothing.
pub async fn see(store: &Arc<dyn Store>, head: &Head, status: DeliveryStatus, now_ms: UnixMs) {
    let target = StatusTarget::Effect(head.item.effect_id.clone());
    let outcome = store
        .record_status(&target, status, now_ms)
        .await
        .expect("an answer");
    assert!(outcome.raised && !outcome.settled, "{outcome:?}");
}

pub fn sent() -> Settlement {
    Settlement::Done {
        sent: true,
        message_key: None,
    }
}

/// Reads one conversation with some of its marks.
pub async fn load(store: &Arc<dyn Store>, home: &HomeId, marks: &[DoneMark]) -> StoredConversation {
    let request = LoadRequest {
        homes: vec![home.clone()],
        aliases: Vec::new(),
        marks: marks.to_vec(),
    };
    let mut loaded = store.load(&[request]).await.expect("an answer");
    assert_eq!(loaded.len(), 1);
    loaded
        .pop()
        .and_then(|mut one| one.conversations.pop())
        .expect("one conversation")
}
