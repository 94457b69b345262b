//! A real primary with a real replica that is frozen, let go on, or promoted: what is answered, begun or found done is with
//! the replica, and nothing else is.

use std::sync::Arc;

use sacola::domain::ids::PurchaseId;
use sacola::domain::message::Kind;
use sacola::engine::{Refused, Taken};
use sacola::store::redis::{self as redis_store, Options};
use sacola::store::{
    ClaimOutcome, Commit, CommitOutcome, DeadLetter, DeliveryStatus, Error, LaneKind, Level, LoadRequest,
    ProductWrite, SettleOutcome, Settlement, StartOutcome, StatusTarget, Store,
};

use super::harness::{
    HOLD, LEASE, NOW, at, begin, claim_head, commit_head, home, load, mark, merchant, sent, settle,
    with_plain,
};
use crate::support::redis_server::{AppendOnly, PRIMARY, RedisServer, patient};
use crate::support::time::{HOUR_MS, SECOND_MS};
use crate::support::world::{Settings, World, ana};

const PROVIDER: LaneKind = LaneKind::Provider;

struct Pair {
    primary: RedisServer,
    replica: RedisServer,
}

impl Pair {
    /// Neither waits for a disk, which may be busy for longer than a primary waits for its replica.
    fn start() -> Self {
        let primary = RedisServer::start_with(AppendOnly::No, &PRIMARY).expect("a primary");
        let replica = RedisServer::replica_of(&primary, AppendOnly::Off).expect("a replica");
        Self { primary, replica }
    }

    /// A store for which the replica must confirm.
    async fn store(&self) -> Arc<dyn Store> {
        connect(&self.primary, 1).await
    }

    fn freeze(&self) {
        self.replica.freeze().expect("it runs");
    }

    /// Lets it go on, and waits until it does: a primary waits for a second only.
    fn thaw(&self) {
        self.replica.thaw().expect("it runs");
        assert_eq!(self.replica.asks("PING").expect("an answer"), "+PONG");
    }
}

async fn connect(server: &RedisServer, wait_replicas: u32) -> Arc<dyn Store> {
    let options = Options {
        wait_replicas,
        ..patient()
    };
    let store = redis_store::connect(&server.url(), options).await;
    Arc::new(store.expect("a store"))
}

fn is_unconfirmed<T: std::fmt::Debug>(answer: &Result<T, Error>) -> bool {
    matches!(
        answer,
        Err(Error::NotReplicated {
            confirmed: 0,
            wanted: 1
        })
    )
}

fn marked(expected: u64, hash: u64) -> Commit {
    Commit {
        marks: vec![mark(hash)],
        ..with_plain(&home(1), expected, PROVIDER, 1)
    }
}

fn asking(hash: u64) -> LoadRequest {
    LoadRequest {
        homes: vec![home(1)],
        aliases: Vec::new(),
        marks: vec![mark(hash)],
    }
}

#[tokio::test]
async fn a_commit_counts_and_is_found_done_only_with_the_replica() {
    let pair = Pair::start();
    let store = pair.store().await;
    commit_head(&store, marked(0, 1), NOW).await;
    pair.freeze();
    let committed = store.commit(marked(1, 2), at(NOW)).await;
    assert!(is_unconfirmed(&committed), "{committed:?}");
    let there = load(&store, &home(1), &[]).await;
    assert_eq!(there.revision, 2, "the primary has it");
    let found = store.load(&[asking(2)]).await;
    assert!(is_unconfirmed(&found), "{found:?}");
    let again = store.commit(marked(2, 2), at(NOW)).await;
    assert!(
        is_unconfirmed(&again),
        "a duplicate is no better known: {again:?}"
    );
    pair.thaw();
    assert_eq!(load(&store, &home(1), &[mark(2)]).await.done, [mark(2)]);
    let again = store.commit(marked(2, 2), at(NOW)).await;
    assert_eq!(again.expect("an answer"), CommitOutcome::Duplicate);
    store.close().await;
}

#[tokio::test]
async fn nothing_is_begun_that_only_the_primary_has_and_giving_it_back_counts_no_attempt() {
    let pair = Pair::start();
    let store = pair.store().await;
    let head = commit_head(&store, with_plain(&home(1), 0, PROVIDER, 1), NOW).await;
    pair.freeze();
    let started = store.start(&head, &[], head.item.class, at(NOW)).await;
    assert!(is_unconfirmed(&started), "{started:?}");
    let postpone = Settlement::Postpone { due_ms: NOW + 50 };
    assert_eq!(
        settle(&store, &head, postpone, NOW).await,
        SettleOutcome::Wait(NOW + 50)
    );
    pair.thaw();
    let again = claim_head(&store, &head.lane, NOW + 50).await;
    assert_eq!(
        (&again.item, again.phase, again.attempts),
        (&head.item, head.phase, 0)
    );
    begin(&store, &again, NOW + 50).await;
    assert_eq!(
        settle(&store, &again, sent(), NOW + 50).await,
        SettleOutcome::Empty
    );
    store.close().await;
}

#[tokio::test]
async fn whatever_a_200_may_rest_on_waits_for_the_replica() {
    let pair = Pair::start();
    let store = pair.store().await;
    let head = commit_head(&store, with_plain(&home(1), 0, PROVIDER, 1), NOW).await;
    let target = StatusTarget::Effect(head.item.effect_id.clone());
    let letter = DeadLetter {
        id: "dl-1".to_owned(),
        reason: "unknown_number".to_owned(),
        detail: String::new(),
        merchant: None,
        home: None,
        at_ms: NOW,
        source: "webhook".to_owned(),
        body: "{}".to_owned(),
    };
    let write = ProductWrite {
        retailer_id: "coffee".into(),
        product: Some("{}".to_owned()),
        offer: "o".to_owned(),
        merchant_version: None,
        learned_at_ms: NOW,
    };
    let purchase = PurchaseId::new("01p");
    assert!(store.health().await.expect("an answer").writable);
    pair.freeze();
    for is_frozen in [true, false] {
        let (shop, alias, to) = (merchant(), home(2), home(1));
        let writes = [write.clone()];
        let (aliased, bought, noted, learned, parked, told, kept) = tokio::join!(
            store.put_alias(&alias, &to),
            store.put_purchase(&purchase, "forwarded"),
            store.put_record("kind", "id", "body", 0),
            store.put_products(&shop, &writes),
            store.park(&letter, 9),
            store.record_status(&target, DeliveryStatus::Sent, NOW),
            store.secret("identity", "a secret"),
        );
        for (what, unconfirmed, is_ok) in [
            ("alias", is_unconfirmed(&aliased), aliased.is_ok()),
            ("purchase", is_unconfirmed(&bought), bought.is_ok()),
            ("record", is_unconfirmed(&noted), noted.is_ok()),
            ("product", is_unconfirmed(&learned), learned.is_ok()),
            ("letter", is_unconfirmed(&parked), parked.is_ok()),
            ("status", is_unconfirmed(&told), told.is_ok()),
            ("secret", is_unconfirmed(&kept), kept.is_ok()),
        ] {
            assert_eq!((unconfirmed, is_ok), (is_frozen, !is_frozen), "{what}");
        }
        let health = store.health().await.expect("an answer");
        assert_eq!(health.writable, !is_frozen, "{:?}", health.warnings);
        assert_eq!(health.level, Level::PrimaryLoss, "it is what a 200 would mean");
        pair.thaw();
    }
    store.close().await;
}

#[tokio::test]
async fn scripts_that_the_server_has_forgotten_are_sent_again_with_their_wait() {
    let pair = Pair::start();
    let store = pair.store().await;
    let head = commit_head(&store, with_plain(&home(1), 0, PROVIDER, 1), NOW).await;
    let flushed = pair.primary.asks("SCRIPT FLUSH SYNC").expect("an answer");
    assert_eq!(flushed, "+OK");
    begin(&store, &head, NOW).await;
    let target = StatusTarget::Effect(head.item.effect_id.clone());
    let told = store.record_status(&target, DeliveryStatus::Sent, NOW).await;
    assert!(told.expect("an answer").raised);
    store.close().await;
}

#[tokio::test]
async fn what_was_answered_and_what_was_begun_is_known_to_the_replica_that_takes_over() {
    let mut pair = Pair::start();
    let store = pair.store().await;
    let head = commit_head(&store, marked(0, 1), NOW).await;
    begin(&store, &head, NOW).await;
    pair.primary.kill().expect("it ran");
    let promoted = pair.replica.asks("REPLICAOF NO ONE").expect("an answer");
    assert_eq!(promoted, "+OK");
    let after = connect(&pair.replica, 0).await;
    let found = load(&after, &home(1), &[mark(1)]).await;
    assert_eq!((found.revision, found.done), (1, vec![mark(1)]));
    let claimed = after.claim(&head.lane, at(NOW + LEASE)).await.expect("an answer");
    assert_eq!(
        claimed,
        ClaimOutcome::Wait(NOW + HOLD),
        "it may have been sent: it is not sent again at once"
    );
    let late = store.start(&head, &[], head.item.class, at(NOW)).await;
    assert!(!matches!(late, Ok(StartOutcome::Started { .. })), "{late:?}");
    drop(store);
    after.close().await;
}

#[tokio::test]
async fn behind_a_frozen_replica_nobody_is_answered_and_nothing_is_sent_until_it_goes_on() {
    let pair = Pair::start();
    let store = pair.store().await;
    let settings = Settings {
        store: Some(Arc::clone(&store)),
        ..Settings::default()
    };
    let mut world = World::with(settings).await;
    world.says(&ana(), "oi").await;
    assert_eq!(world.chat.attempts(), 1);
    world.sets_clock(world.now_ms() + SECOND_MS);

    pair.freeze();
    let asks = world.said(&ana(), "ajuda");
    for _ in 0..2 {
        let refused = world.engine.take(asks.clone()).await;
        assert!(matches!(refused, Err(Refused::Store(_))), "{refused:?}");
    }
    // The primary has the commit, so a sweeper finds its effect when the lease ends.
    let lease_ends_ms = world.now_ms() + world.engine.lane_times().lease_ms;
    for later_ms in [0, 1, 2 * SECOND_MS] {
        world.comes_to(lease_ends_ms + later_ms).await;
        assert_eq!(world.chat.attempts(), 1, "{later_ms} ms after its lease");
    }

    pair.thaw();
    assert_eq!(world.engine.take(asks).await, Ok(Taken::Duplicate));
    world.comes_to(world.now_ms() + 2 * SECOND_MS).await;
    assert_eq!(world.count(&ana(), Kind::Help).await, 1);
    world.comes_to(world.now_ms() + HOUR_MS).await;
    assert_eq!(world.chat.attempts(), 2, "exactly once");
    store.close().await;
}
