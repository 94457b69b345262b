//! Small things with a name.

use std::sync::Arc;

use sacola::store::{IdempotencyOutcome, Store};

use super::harness::NOW;

pub async fn records_are_written_listed_and_removed(store: Arc<dyn Store>) {
    for (id, body) in [("b", "2"), ("a", "1"), ("c/d", "3"), ("b", "two")] {
        store.put_record("walk", id, body, 0).await.expect("an answer");
    }
    store
        .put_record("other", "x", "4", 3_600_000)
        .await
        .expect("an answer");
    assert_eq!(
        store.record("walk", "b").await.expect("an answer").as_deref(),
        Some("two")
    );
    assert_eq!(
        store.record("other", "x").await.expect("an answer").as_deref(),
        Some("4")
    );
    assert_eq!(store.record("walk", "x").await.expect("an answer"), None);
    let expected =
        [("a", "1"), ("b", "two"), ("c/d", "3")].map(|(id, body)| (id.to_owned(), body.to_owned()));
    assert_eq!(store.records("walk").await.expect("an answer"), expected);
    store.remove_record("walk", "a").await.expect("an answer");
    store.remove_record("walk", "a").await.expect("an answer");
    assert_eq!(store.records("walk").await.expect("an answer"), expected[1..]);
    assert!(store.records("none").await.expect("an answer").is_empty());
}

pub async fn a_secret_is_its_first_candidate(store: Arc<dyn Store>) {
    assert_eq!(store.secret("mac", "first").await.expect("an answer"), "first");
    assert_eq!(store.secret("mac", "second").await.expect("an answer"), "first");
    assert_eq!(store.secret("home", "second").await.expect("an answer"), "second");
}

pub async fn a_hold_has_one_owner_until_it_ends(store: Arc<dyn Store>) {
    let hold = |owner: &'static str, now_ms: i64| store.hold("mirror", owner, 1_000, now_ms);
    assert!(hold("one", NOW).await.expect("an answer"));
    assert!(!hold("two", NOW + 999).await.expect("an answer"));
    assert!(hold("one", NOW + 999).await.expect("an answer"), "renewed");
    assert!(!hold("two", NOW + 1_500).await.expect("an answer"));
    assert!(hold("two", NOW + 1_999).await.expect("an answer"), "ended");
    assert!(!hold("one", NOW + 2_000).await.expect("an answer"));
}

pub async fn an_idempotency_key_answers_the_same_again(store: Arc<dyn Store>) {
    let begin = |fingerprint: &'static str| store.begin_idempotent("k", fingerprint, 60_000, NOW);
    assert_eq!(begin("f").await.expect("an answer"), IdempotencyOutcome::New);
    assert_eq!(
        begin("f").await.expect("an answer"),
        IdempotencyOutcome::InProgress
    );
    assert_eq!(begin("g").await.expect("an answer"), IdempotencyOutcome::Conflict);
    store.finish_idempotent("k", "done").await.expect("an answer");
    assert_eq!(
        begin("f").await.expect("an answer"),
        IdempotencyOutcome::Same("done".to_owned())
    );
    assert_eq!(begin("g").await.expect("an answer"), IdempotencyOutcome::Conflict);
    store.drop_idempotent("k").await.expect("an answer");
    assert_eq!(begin("g").await.expect("an answer"), IdempotencyOutcome::New);
    store
        .finish_idempotent("never begun", "x")
        .await
        .expect("an answer");
    let fresh = store
        .begin_idempotent("never begun", "f", 60_000, NOW)
        .await
        .expect("an answer");
    assert_eq!(fresh, IdempotencyOutcome::New);
}

pub async fn an_idempotency_key_ends(store: Arc<dyn Store>) {
    let begin =
        |fingerprint: &'static str, now_ms: i64| store.begin_idempotent("k", fingerprint, 60_000, now_ms);
    assert_eq!(begin("f", NOW).await.expect("an answer"), IdempotencyOutcome::New);
    store.finish_idempotent("k", "done").await.expect("an answer");
    let kept = begin("f", NOW + 59_999).await.expect("an answer");
    assert_eq!(kept, IdempotencyOutcome::Same("done".to_owned()));
    assert_eq!(
        begin("g", NOW + 60_000).await.expect("an answer"),
        IdempotencyOutcome::New
    );
}
