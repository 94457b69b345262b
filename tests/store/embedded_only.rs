//! What only a file can do wrong.

use sacola::store::embedded;
use sacola::store::{Commit, CommitOutcome, Error, LaneKind, Store};

use super::harness::{Embedded, LEASE, NOW, at, change, claim_head, commit, home, load, mark, with_plain};

#[tokio::test]
async fn a_store_in_use_is_refused_with_the_mend() {
    let engine = Embedded::open();
    let refused = embedded::open(engine.dir.path()).expect_err("it is in use");
    let Error::Unfit(text) = refused else {
        panic!("{refused:?}")
    };
    assert!(text.contains("in use") && text.contains("gateway"), "{text}");
}

#[tokio::test]
async fn what_was_committed_is_there_after_reopening() {
    let engine = Embedded::open();
    let store = engine.store();
    let home = home(1);
    let first = Commit {
        marks: vec![mark(1)],
        ..with_plain(&home, 0, LaneKind::Provider, 1)
    };
    let (heads, _) = commit(&store, first, NOW).await;
    store.close().await;
    let closed = store.commit(change(&home, 1), at(NOW)).await;
    assert!(matches!(closed, Err(Error::Unavailable(_))), "{closed:?}");
    assert!(matches!(store.journal(&home).await, Err(Error::Unavailable(_))));
    store.close().await;

    let reopened: std::sync::Arc<dyn Store> =
        std::sync::Arc::new(embedded::open(engine.dir.path()).expect("it was closed"));
    assert_eq!(load(&reopened, &home, &[mark(1)]).await.done, [mark(1)]);
    let again = Commit {
        marks: vec![mark(1)],
        ..change(&home, 1)
    };
    assert_eq!(
        reopened.commit(again, at(NOW)).await.expect("an answer"),
        CommitOutcome::Duplicate
    );
    let head = claim_head(&reopened, &heads[0].lane, NOW + LEASE).await;
    assert_eq!(head.item, heads[0].item);
    assert_ne!(head.lease.token, heads[0].lease.token);
}

#[tokio::test]
async fn what_ends_is_gone_and_what_does_not_end_stays() {
    let engine = Embedded::open();
    let store = engine.store();
    let (first, second) = (home(1), home(2));
    let full = Commit {
        marks: vec![mark(1)],
        journal: vec!["entry".to_owned()],
        ..change(&first, 0)
    };
    commit(&store, full, NOW).await;
    store
        .put_record("kind", "short", "x", 1_000)
        .await
        .expect("an answer");
    store
        .put_record("kind", "for ever", "y", 0)
        .await
        .expect("an answer");
    let day = 86_400_000;
    for (revision, now_ms) in (0..).zip([NOW + 9 * day, NOW + 11 * day, NOW + 400 * day, NOW + 401 * day]) {
        commit(&store, change(&second, revision), now_ms).await;
        let done = load(&store, &first, &[mark(1)]).await.done;
        assert_eq!(done.is_empty(), now_ms > NOW + 10 * day, "{revision}");
    }
    assert!(store.journal(&first).await.expect("an answer").is_empty());
    let records = store.records("kind").await.expect("an answer");
    assert_eq!(records, [("for ever".to_owned(), "y".to_owned())]);
    assert_eq!(
        load(&store, &first, &[]).await.revision,
        1,
        "no conversation ends"
    );
}
