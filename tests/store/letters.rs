//! Dead letters, and how the store says that it is well.

use std::sync::Arc;

use sacola::domain::ids::MerchantId;
use sacola::store::{DeadLetter, LetterFilter, LetterGroup, Store};

use super::harness::NOW;

fn letter(id: &str, reason: &str, merchant: Option<&str>, at_ms: i64) -> DeadLetter {
    DeadLetter {
        id: id.to_owned(),
        reason: reason.to_owned(),
        detail: "d".to_owned(),
        merchant: merchant.map(MerchantId::from),
        home: None,
        at_ms,
        source: "webhook".to_owned(),
        body: "{\"a\":\"é\"}".to_owned(),
    }
}

async fn ids(
    store: &Arc<dyn Store>,
    merchant: Option<&str>,
    after: Option<&str>,
    limit: usize,
) -> Vec<String> {
    ids_of(store, (merchant, None), after, limit).await
}

/// Ids of the letters of that merchant and reason.
async fn ids_of(
    store: &Arc<dyn Store>,
    (merchant, reason): (Option<&str>, Option<&str>),
    after: Option<&str>,
    limit: usize,
) -> Vec<String> {
    let filter = LetterFilter {
        merchant: merchant.map(MerchantId::from),
        reason: reason.map(ToOwned::to_owned),
    };
    let page = store
        .dead_letters(&filter, after, limit)
        .await
        .expect("an answer");
    page.into_iter().map(|letter| letter.id).collect()
}

/// Groups as (reason, count, oldest, newest), the times counted from [`NOW`].
async fn groups(store: &Arc<dyn Store>, merchant: Option<&str>) -> Vec<(String, u64, i64, i64)> {
    let merchant = merchant.map(MerchantId::from);
    let groups = store.dead_letter_groups(merchant.as_ref()).await;
    let told = |group: LetterGroup| {
        let (oldest, newest) = (group.oldest_ms - NOW, group.newest_ms - NOW);
        (group.reason, group.count, oldest, newest)
    };
    groups.expect("an answer").into_iter().map(told).collect()
}

fn group(reason: &str, count: u64, oldest: i64, newest: i64) -> (String, u64, i64, i64) {
    (reason.to_owned(), count, oldest, newest)
}

pub async fn letters_are_paged_by_time_and_filtered(store: Arc<dyn Store>) {
    for (id, merchant, at_ms) in [
        ("e", None, 5),
        ("b", Some("m"), 2),
        ("c", Some("n"), 2),
        ("a", Some("m"), 9),
        ("d", None, 1),
    ] {
        assert!(
            store
                .park(&letter(id, "exhausted", merchant, NOW + at_ms), 1)
                .await
                .expect("an answer")
        );
    }
    assert_eq!(ids(&store, None, None, 9).await, ["d", "b", "c", "e", "a"]);
    assert_eq!(ids(&store, None, None, 2).await, ["d", "b"]);
    assert_eq!(ids(&store, None, Some("b"), 2).await, ["c", "e"]);
    assert_eq!(ids(&store, None, Some("a"), 2).await, Vec::<String>::new());
    assert_eq!(ids(&store, Some("m"), None, 9).await, ["b", "a"]);
    assert_eq!(ids(&store, Some("m"), Some("b"), 9).await, ["a"]);
    assert_eq!(ids(&store, Some("none"), None, 9).await, Vec::<String>::new());
    let read = store.dead_letter("c").await.expect("an answer");
    assert_eq!(read, Some(letter("c", "exhausted", Some("n"), NOW + 2)));
    assert!(store.remove_dead_letter("c").await.expect("an answer"));
    assert!(!store.remove_dead_letter("c").await.expect("an answer"));
    assert_eq!(store.dead_letter("c").await.expect("an answer"), None);
    assert_eq!(ids(&store, None, None, 9).await, ["d", "b", "e", "a"]);
}

pub async fn a_letter_with_the_same_id_replaces_the_first(store: Arc<dyn Store>) {
    store
        .park(&letter("a", "exhausted", Some("m"), NOW), 9)
        .await
        .expect("an answer");
    store
        .park(&letter("b", "exhausted", Some("m"), NOW + 1), 9)
        .await
        .expect("an answer");
    let second = letter("a", "rejected", Some("n"), NOW + 2);
    assert!(store.park(&second, 9).await.expect("an answer"));
    assert_eq!(ids(&store, None, None, 9).await, ["b", "a"]);
    assert_eq!(ids(&store, Some("m"), None, 9).await, ["b"]);
    assert_eq!(store.dead_letter("a").await.expect("an answer"), Some(second));
}

pub async fn letters_are_filtered_by_reason_and_by_merchant_and_reason(store: Arc<dyn Store>) {
    for (id, reason, merchant, at_ms) in [
        ("a", "panic", Some("m"), 1),
        ("b", "exhausted", Some("m"), 2),
        ("c", "panic", Some("n"), 3),
        ("d", "panic", None, 4),
        ("e", "panic", Some("m"), 5),
        ("f", "exhausted", Some("n"), 6),
        ("g", "panic", Some("m"), 7),
    ] {
        let parked = store.park(&letter(id, reason, merchant, NOW + at_ms), 1).await;
        assert!(parked.expect("an answer"));
    }
    let panics = (None, Some("panic"));
    assert_eq!(ids_of(&store, panics, None, 9).await, ["a", "c", "d", "e", "g"]);
    assert_eq!(ids_of(&store, panics, Some("c"), 2).await, ["d", "e"]);
    let own = (Some("m"), Some("panic"));
    assert_eq!(ids_of(&store, own, None, 9).await, ["a", "e", "g"]);
    assert_eq!(ids_of(&store, own, None, 2).await, ["a", "e"]);
    assert_eq!(ids_of(&store, own, Some("a"), 9).await, ["e", "g"]);
    let others = (Some("n"), Some("exhausted"));
    assert_eq!(ids_of(&store, others, None, 9).await, ["f"]);
    let nothing = Vec::<String>::new();
    assert_eq!(ids_of(&store, (None, Some("no such")), None, 9).await, nothing);
    assert_eq!(
        ids_of(&store, (Some("m"), Some("no such")), None, 9).await,
        nothing
    );
    assert_eq!(
        ids_of(&store, (Some("none"), Some("panic")), None, 9).await,
        nothing
    );
}

pub async fn letters_are_counted_by_reason(store: Arc<dyn Store>) {
    assert!(groups(&store, None).await.is_empty());
    for (id, reason, merchant, at_ms) in [
        ("a", "panic", Some("m"), 3),
        ("b", "exhausted", Some("m"), 2),
        ("c", "panic", Some("n"), 1),
        ("d", "panic", None, 9),
        ("e", "panic", Some("m"), 5),
    ] {
        let parked = store.park(&letter(id, reason, merchant, NOW + at_ms), 1).await;
        assert!(parked.expect("an answer"));
    }
    let all = [group("exhausted", 1, 2, 2), group("panic", 4, 1, 9)];
    assert_eq!(groups(&store, None).await, all);
    let own = [group("exhausted", 1, 2, 2), group("panic", 2, 3, 5)];
    assert_eq!(groups(&store, Some("m")).await, own);
    assert!(groups(&store, Some("none")).await.is_empty());

    let moved = letter("b", "rejected", Some("n"), NOW + 7);
    assert!(store.park(&moved, 1).await.expect("an answer"));
    assert!(store.remove_dead_letter("d").await.expect("an answer"));
    let all = [group("panic", 3, 1, 5), group("rejected", 1, 7, 7)];
    assert_eq!(groups(&store, None).await, all);
    assert_eq!(groups(&store, Some("m")).await, [group("panic", 2, 3, 5)]);
}

pub async fn only_unknown_numbers_push_each_other_out(store: Arc<dyn Store>) {
    for n in 0..5 {
        let unknown = letter(&format!("u{n}"), "unknown_number", None, NOW + n);
        assert!(store.park(&unknown, 3).await.expect("an answer"));
        let other = letter(&format!("x{n}"), "exhausted", None, NOW + 100 + n);
        assert!(store.park(&other, 3).await.expect("an answer"));
    }
    assert_eq!(
        ids(&store, None, None, 99).await,
        ["u2", "u3", "u4", "x0", "x1", "x2", "x3", "x4"]
    );
    let oldest = letter("u-old", "unknown_number", None, NOW - 1);
    assert!(
        !store.park(&oldest, 3).await.expect("an answer"),
        "it is the oldest itself"
    );
    assert_eq!(store.dead_letter("u-old").await.expect("an answer"), None);
    assert_eq!(store.dead_letter("u0").await.expect("an answer"), None);
}

pub async fn health_tells_the_engine_and_counts_trips(store: Arc<dyn Store>) {
    let before = store.round_trips();
    let health = store.health().await.expect("an answer");
    assert!(health.writable && !health.durability.is_empty() && !health.version.is_empty());
    assert!(["embedded", "redis"].contains(&health.engine.as_str()));
    assert!(store.round_trips() > before);
    let before = store.round_trips();
    store.load(&[]).await.expect("an answer");
    assert!(store.round_trips() <= before + 1);
    let before = store.round_trips();
    store.secret("s", "v").await.expect("an answer");
    assert_eq!(store.round_trips(), before + 1);
}
