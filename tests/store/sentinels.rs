//! Real Sentinels with a primary and its replica: the store goes where they say, also when that changes.

use std::sync::Arc;

use sacola::store::redis as redis_store;
use sacola::store::{Commit, CommitOutcome, Error, LaneKind, Store};

use super::harness::{NOW, at, home, load, mark, with_plain};
use crate::support::program::eventually;
use crate::support::redis_sentinels::{RedisSentinels, ToldSentinel, await_replica};
use crate::support::redis_server::{AppendOnly, PRIMARY, RedisServer, patient};

const PROVIDER: LaneKind = LaneKind::Provider;
const REDELIVERIES: usize = 10;

struct House {
    primary: RedisServer,
    replica: RedisServer,
    sentinels: RedisSentinels,
}

impl House {
    fn start() -> Self {
        let primary = RedisServer::start_with(AppendOnly::No, &PRIMARY).expect("a primary");
        let replica = RedisServer::replica_of(&primary, AppendOnly::Off).expect("a replica");
        let sentinels = RedisSentinels::watching(&primary).expect("Sentinels");
        Self {
            primary,
            replica,
            sentinels,
        }
    }

    async fn store(&self) -> Arc<dyn Store> {
        connect(&self.sentinels.url()).await
    }
}

async fn connect(url: &str) -> Arc<dyn Store> {
    let store = redis_store::connect(url, patient()).await;
    Arc::new(store.expect("a store"))
}

/// The `expected`-th change, with its mark.
fn marked(expected: u64) -> Commit {
    Commit {
        marks: vec![mark(expected + 1)],
        ..with_plain(&home(1), expected, PROVIDER, 1)
    }
}

async fn commits_at_once(store: &Arc<dyn Store>, expected: u64) {
    let done = store.commit(marked(expected), at(NOW)).await;
    assert!(matches!(done, Ok(CommitOutcome::Committed { .. })), "{done:?}");
}

/// Commits as a provider delivers: again and again, until it is answered. It takes a call on a connection to find out that its
/// server has gone, and one that asks Sentinels.
async fn commits(store: &Arc<dyn Store>, expected: u64) {
    let mut refusals = Vec::new();
    while refusals.len() < REDELIVERIES {
        match store.commit(marked(expected), at(NOW)).await {
            Ok(CommitOutcome::Committed { .. } | CommitOutcome::Duplicate) => return,
            Err(error @ (Error::Unavailable(_) | Error::Unknown(_))) => refusals.push(error.to_string()),
            other => panic!("{other:?} after {refusals:?}"),
        }
    }
    panic!("{refusals:?}");
}

#[tokio::test]
async fn when_the_primary_dies_the_store_goes_on_at_the_one_that_the_sentinels_name() {
    let mut house = House::start();
    let store = house.store().await;
    commits(&store, 0).await;
    house.sentinels.kill_one().expect("it ran");

    house.primary.kill().expect("it ran");
    let gone = store.commit(marked(1), at(NOW)).await;
    assert!(
        matches!(gone, Err(Error::Unavailable(_) | Error::Unknown(_))),
        "{gone:?}"
    );
    house
        .sentinels
        .await_primary(&house.replica)
        .expect("a new primary");

    commits(&store, 1).await;
    let there = load(&store, &home(1), &[mark(1), mark(2)]).await;
    assert_eq!((there.revision, there.done), (2, vec![mark(1), mark(2)]));
    store.close().await;
}

#[tokio::test]
async fn a_primary_that_hands_over_is_left_by_every_connection() {
    let house = House::start();
    let store = house.store().await;
    commits(&store, 0).await;
    assert_eq!(load(&store, &home(1), &[]).await.revision, 1);

    house.sentinels.hand_over().expect("an answer");
    house
        .sentinels
        .await_primary(&house.replica)
        .expect("a new primary");
    // what is written before is lost, as to any client: one that must not lose it waits for a replica
    await_replica(&house.primary).expect("the former one is told");
    commits(&store, 1).await;
    let there = load(&store, &home(1), &[]).await;
    assert_eq!(there.revision, 2, "reads follow the writes");
    assert!(store.health().await.expect("an answer").writable);
    store.close().await;
}

#[tokio::test]
async fn sentinels_that_watch_no_such_primary_are_no_store() {
    let house = House::start();
    let url = house.sentinels.url().replace("/main", "/another");
    let refused = redis_store::connect(&url, patient()).await;
    let is_told = matches!(&refused, Err(Error::Unavailable(text)) if text.contains("watches no primary"));
    assert!(is_told, "{refused:?}");
}

/// What `health` writes, under no prefix.
const PROBE: &str = "EXISTS probe:{probe}";

#[tokio::test]
async fn a_primary_that_is_well_is_left_as_soon_as_another_is_named() {
    let former = RedisServer::start(AppendOnly::Off).expect("a server");
    let next = RedisServer::start(AppendOnly::Off).expect("a server");
    let sentinel = ToldSentinel::naming(&former).expect("a Sentinel");
    let store = connect(&sentinel.url()).await;
    assert!(store.health().await.expect("an answer").writable);
    let asked = [&former, &next].map(|server| server.asks(PROBE).expect("an answer"));
    assert_eq!(asked, [":1", ":0"]);
    commits_at_once(&store, 0).await;

    sentinel.names(&next);
    let has_left = eventually(|| async {
        store.health().await.ok()?;
        (next.asks(PROBE).ok()? == ":1").then_some(())
    });
    assert!(has_left.await.is_some(), "nothing broke, so it stayed");
    // the connection for commits has left too: at the former one this would be done already
    commits_at_once(&store, 0).await;
    store.close().await;
}

#[tokio::test]
async fn an_old_word_that_names_a_replica_makes_nobody_leave() {
    let primary = RedisServer::start_with(AppendOnly::No, &PRIMARY).expect("a primary");
    let replica = RedisServer::replica_of(&primary, AppendOnly::Off).expect("a replica");
    let sentinel = ToldSentinel::naming(&primary).expect("a Sentinel");
    let store = connect(&sentinel.url()).await;
    commits(&store, 0).await;
    sentinel.names(&replica);
    for look in 1..=3 {
        let asked = sentinel.asked();
        let looked = eventually(|| async { (sentinel.asked() > asked + 1).then_some(()) });
        assert!(looked.await.is_some(), "it is asked each second");
        commits_at_once(&store, look).await;
    }
    store.close().await;
}
