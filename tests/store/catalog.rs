//! What is known of a merchant's products.

use std::sync::Arc;

use sacola::domain::ids::RetailerId;
use sacola::store::{ProductWrite, Store, StoredFact, Written};

use super::harness::{NOW, merchant};

fn news(id: &str, product: &str, offer: &str, learned_at_ms: i64) -> ProductWrite {
    ProductWrite {
        retailer_id: RetailerId::new(id),
        product: Some(product.to_owned()),
        offer: offer.to_owned(),
        merchant_version: None,
        learned_at_ms,
    }
}

/// News of the product `a` in that version of its merchant's.
fn numbered(product: &str, version: Option<u64>, learned_at_ms: i64) -> ProductWrite {
    ProductWrite {
        merchant_version: version,
        ..news("a", product, product, learned_at_ms)
    }
}

fn gone(id: &str, learned_at_ms: i64) -> ProductWrite {
    ProductWrite {
        product: None,
        offer: String::new(),
        ..news(id, "", "", learned_at_ms)
    }
}

async fn put(store: &Arc<dyn Store>, write: ProductWrite) -> Written {
    let written = store
        .put_products(&merchant(), &[write])
        .await
        .expect("an answer");
    assert_eq!(written.len(), 1);
    written[0]
}

async fn read(store: &Arc<dyn Store>, id: &str) -> Option<StoredFact> {
    store
        .products(&merchant(), &[RetailerId::new(id)])
        .await
        .expect("an answer")
        .pop()
}

pub async fn a_product_is_stored_changed_and_gone(store: Arc<dyn Store>) {
    assert_eq!(
        put(&store, gone("a", NOW)).await,
        Written::Unchanged { version: 0 }
    );
    assert_eq!(read(&store, "a").await, None);
    assert_eq!(
        put(&store, news("a", "p1", "o1", NOW + 1)).await,
        Written::Stored { version: 1 }
    );
    assert_eq!(
        put(&store, news("a", "p2", "o2", NOW + 2)).await,
        Written::Changed { version: 2 }
    );
    assert_eq!(
        put(&store, gone("a", NOW + 3)).await,
        Written::Changed { version: 3 }
    );
    assert_eq!(
        put(&store, gone("a", NOW + 4)).await,
        Written::Unchanged { version: 3 }
    );
    let fact = read(&store, "a").await.expect("a fact");
    assert_eq!(
        (fact.version, fact.product, fact.learned_at_ms),
        (3, None, NOW + 4)
    );
    assert_eq!(
        put(&store, news("a", "p2", "o2", NOW + 5)).await,
        Written::Changed { version: 4 }
    );
}

pub async fn what_customers_are_not_told_is_stored_not_changed(store: Arc<dyn Store>) {
    put(&store, news("a", "p1", "o1", NOW)).await;
    assert_eq!(
        put(&store, news("a", "p2", "o1", NOW)).await,
        Written::Stored { version: 2 }
    );
    assert_eq!(
        read(&store, "a").await.and_then(|fact| fact.product).as_deref(),
        Some("p2")
    );
}

pub async fn older_news_is_ignored(store: Arc<dyn Store>) {
    put(&store, numbered("p1", Some(9), NOW)).await;
    assert_eq!(
        put(&store, numbered("page", None, NOW - 1)).await,
        Written::Older,
        "a page begun earlier"
    );
    assert_eq!(
        put(&store, numbered("p0", Some(8), NOW + 1)).await,
        Written::Older,
        "the merchant's older version"
    );
    assert_eq!(put(&store, gone("a", NOW - 1)).await, Written::Older);
    assert_eq!(
        read(&store, "a").await.and_then(|fact| fact.product).as_deref(),
        Some("p1")
    );
    assert_eq!(
        put(&store, numbered("p2", None, NOW + 1)).await,
        Written::Changed { version: 2 }
    );
    assert_eq!(
        put(&store, numbered("p1", Some(8), NOW + 2)).await,
        Written::Older,
        "9 is remembered"
    );
    assert_eq!(
        put(&store, numbered("p3", Some(10), NOW + 2)).await,
        Written::Changed { version: 3 }
    );
}

/// The product `a` and when it was learned.
async fn known(store: &Arc<dyn Store>) -> (String, i64) {
    let fact = read(store, "a").await.expect("a fact");
    (fact.product.expect("a product"), fact.learned_at_ms)
}

pub async fn a_higher_version_is_news_although_an_earlier_clock_learned_it(store: Arc<dyn Store>) {
    put(&store, numbered("p1", Some(1), NOW)).await;
    assert_eq!(
        put(&store, numbered("p2", Some(2), NOW - 5_000)).await,
        Written::Changed { version: 2 }
    );
    assert_eq!(
        known(&store).await,
        ("p2".to_owned(), NOW),
        "what is known is as late as before"
    );
    for (version, why) in [
        (Some(2), "of one version, learned earlier"),
        (None, "without a version, learned earlier"),
    ] {
        let late = numbered("p0", version, NOW - 1);
        assert_eq!(put(&store, late).await, Written::Older, "{why}");
    }
    assert_eq!(
        put(&store, numbered("p2", Some(3), NOW - 5_000)).await,
        Written::Unchanged { version: 2 }
    );
    assert_eq!(known(&store).await, ("p2".to_owned(), NOW));
    assert_eq!(
        put(&store, numbered("p0", Some(2), NOW + 1)).await,
        Written::Older,
        "3 is remembered"
    );
    assert_eq!(
        put(&store, numbered("p3", Some(3), NOW)).await,
        Written::Changed { version: 3 },
        "of one version, learned as late"
    );
}

pub async fn the_same_news_moves_only_the_time_it_was_learned(store: Arc<dyn Store>) {
    put(&store, news("a", "p1", "o1", NOW)).await;
    let generation = store.catalog_generation(&merchant()).await.expect("an answer");
    assert_eq!(
        put(&store, news("a", "p1", "o1", NOW + 10)).await,
        Written::Unchanged { version: 1 }
    );
    assert_eq!(
        read(&store, "a").await.map(|fact| fact.learned_at_ms),
        Some(NOW + 10)
    );
    assert_eq!(
        store.catalog_generation(&merchant()).await.expect("an answer"),
        generation
    );
    assert_eq!(put(&store, news("a", "p0", "o0", NOW + 9)).await, Written::Older);
}

pub async fn a_catalog_is_ordered_and_counts_its_changes(store: Arc<dyn Store>) {
    assert_eq!(store.catalog_generation(&merchant()).await.expect("an answer"), 0);
    let writes = ["b", "a/1", "a", "ção"].map(|id| news(id, id, id, NOW));
    let written = store.put_products(&merchant(), &writes).await.expect("an answer");
    assert_eq!(written, [Written::Stored { version: 1 }; 4]);
    let read = store.catalog(&merchant()).await.expect("an answer");
    let ids: Vec<&str> = read.facts.iter().map(|fact| fact.retailer_id.as_str()).collect();
    assert_eq!(ids, ["a", "a/1", "b", "ção"]);
    assert_eq!(
        read.generation,
        store.catalog_generation(&merchant()).await.expect("an answer")
    );
    put(&store, news("a", "new", "new", NOW)).await;
    assert!(store.catalog_generation(&merchant()).await.expect("an answer") > read.generation);
    let asked = ["b", "none", "a"].map(RetailerId::from);
    let some = store.products(&merchant(), &asked).await.expect("an answer");
    let mut ids: Vec<&str> = some.iter().map(|fact| fact.retailer_id.as_str()).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["a", "b"]);
    let other = store.catalog(&"other".into()).await.expect("an answer");
    assert!(other.facts.is_empty() && other.generation == 0);
}
