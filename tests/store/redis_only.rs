//! What only a server can do wrong: keys that end.

use sacola::domain::ids::PurchaseId;
use sacola::store::{Commit, LaneKind, SettleOutcome};

use super::harness::{
    LEASE, NOW, change, commit, commit_head, home, interest, mark, merchant, redis_under, sent, settle,
    with_plain,
};
use crate::support::redis_server;

/// Families whose keys are meant to end.
const ENDING: [&str; 7] = ["seen", "st", "msg", "jr", "idem", "rec", "probe"];

async fn connection() -> redis::aio::MultiplexedConnection {
    let url = redis_server::shared().expect("a Redis server").url();
    let client = redis::Client::open(url).expect("a client");
    client
        .get_multiplexed_async_connection()
        .await
        .expect("a connection")
}

#[tokio::test]
async fn a_shard_that_can_not_be_read_hides_no_lane_of_another() {
    let prefix = redis_server::fresh_prefix().expect("randomness");
    let store = redis_under(prefix.clone()).await;
    let commits = [1, 2].map(|n| with_plain(&home(n), 0, LaneKind::Provider, 1));
    let mut lanes = Vec::new();
    for commit in commits {
        lanes.push(commit_head(&store, commit, NOW).await.lane);
    }
    let due = store.due_lanes(NOW + LEASE, 9).await.expect("an answer");
    assert_eq!(due.len(), 2);
    let () = redis::cmd("SET")
        .arg(format!("{prefix}due:{{s001aguq}}"))
        .arg("no due-set")
        .query_async(&mut connection().await)
        .await
        .expect("an answer");
    let due = store.due_lanes(NOW + LEASE, 9).await.expect("an answer");
    assert_eq!(due, lanes[1..], "that of the other shard");
}

#[tokio::test]
async fn nothing_of_a_conversation_ever_ends() {
    let prefix = redis_server::fresh_prefix().expect("randomness");
    let store = redis_under(prefix.clone()).await;
    let (first, second) = (home(1), home(2));
    let full = Commit {
        marks: vec![mark(1)],
        interest_added: vec![interest("a")],
        purchases: vec![(PurchaseId::new("01p"), "drafted".to_owned())],
        journal: vec!["entry".to_owned()],
        ..with_plain(&first, 0, LaneKind::Provider, 2)
    };
    commit(&store, full, NOW).await;
    commit(&store, with_plain(&second, 0, LaneKind::Merchant, 1), NOW).await;
    commit(&store, change(&second, 1), NOW).await;
    let (emptied, refilled) = (home(4), home(5));
    for home in [&emptied, &refilled] {
        let head = commit_head(&store, with_plain(home, 0, LaneKind::Provider, 1), NOW).await;
        assert_eq!(settle(&store, &head, sent(), NOW).await, SettleOutcome::Empty);
    }
    commit(&store, with_plain(&refilled, 1, LaneKind::Provider, 1), NOW).await;
    store.put_alias(&home(3), &first).await.expect("an answer");
    store.secret("mac", "s").await.expect("an answer");
    store
        .raise_markers(&merchant(), &"a".into(), 1)
        .await
        .expect("an answer");

    let mut connection = connection().await;
    let keys: Vec<String> = redis::cmd("KEYS")
        .arg(format!("{prefix}*"))
        .query_async(&mut connection)
        .await
        .expect("keys");
    assert!(keys.iter().any(|key| key.contains(first.as_str())), "{keys:?}");
    let (mut judged, mut paces) = (0, 0);
    for key in keys {
        let family = key
            .strip_prefix(prefix.as_str())
            .and_then(|rest| rest.split(':').next())
            .unwrap_or_default();
        if ENDING.contains(&family) {
            continue;
        }
        let ttl: i64 = redis::cmd("TTL")
            .arg(&key)
            .query_async(&mut connection)
            .await
            .expect("a time to live");
        // The one exception: of an emptied lane only the pace and the last sent revision are left, which nobody misses after
        // an hour (see `LaneKeys` in `store/redis/keys.rs`); the lane that was filled again is judged like all others.
        if family == "l" && key.ends_with(&format!(":{emptied}:p")) {
            assert!((1..=3600).contains(&ttl), "{key} ends in {ttl} s");
            paces += 1;
            continue;
        }
        assert_eq!(ttl, -1, "{key} ends");
        judged += 1;
    }
    assert_eq!(paces, 1, "the emptied lane was not seen");
    assert!(judged >= 8, "only {judged} keys were judged");
}
