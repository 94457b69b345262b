//! Dead letters, and how the store says that it is well.

use std::sync::Arc;

use sacola::domain::ids::MerchantId;
use sacola::store::{DeadLetter, Store};

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
    let merchant = merchant.map(MerchantId::from);
    let page = store
        .dead_letters(merchant.as_ref(), after, limit)
        .await
        .expect("an answer");
    page.into_iter().map(|letter| letter.id).collect()
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
    assert!(["embedded", "redis", "model"].contains(&health.engine.as_str()));
    assert!(store.round_trips() > before);
    let before = store.round_trips();
    store.load(&[]).await.expect("an answer");
    assert!(store.round_trips() <= before + 1);
    let before = store.round_trips();
    store.secret("s", "v").await.expect("an answer");
    assert_eq!(store.round_trips(), before + 1);
}
