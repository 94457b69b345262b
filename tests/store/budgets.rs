//! Rate limits at the start of an attempt.

use std::sync::Arc;

use sacola::store::{Budget, Class, Head, LaneKind, StartOutcome, Store, UnixMs};

use super::harness::{NOW, at, commit_head, home, with_plain};

fn budget(key: &str, interval_ms: i64, burst: i64) -> Budget {
    Budget {
        key: format!("number:{key}"),
        interval_us: interval_ms * 1_000,
        burst,
    }
}

async fn start(
    store: &Arc<dyn Store>,
    head: &Head,
    budgets: &[Budget],
    class: Class,
    now_ms: UnixMs,
) -> Result<(), UnixMs> {
    match store
        .start(head, budgets, class, at(now_ms))
        .await
        .expect("an answer")
    {
        StartOutcome::Started { .. } => Ok(()),
        StartOutcome::Refused { until_ms, .. } => Err(until_ms),
        StartOutcome::LeaseLost => panic!("the lease is ours"),
    }
}

async fn head(store: &Arc<dyn Store>) -> Head {
    commit_head(store, with_plain(&home(1), 0, LaneKind::Provider, 1), NOW).await
}

pub async fn a_burst_passes_and_then_a_time_is_told(store: Arc<dyn Store>) {
    let head = head(&store).await;
    let limit = [budget("a", 5_000, 3)];
    for _ in 0..3 {
        assert_eq!(start(&store, &head, &limit, Class::Reply, NOW).await, Ok(()));
    }
    assert_eq!(
        start(&store, &head, &limit, Class::Reply, NOW).await,
        Err(NOW + 5_000)
    );
    assert_eq!(
        start(&store, &head, &limit, Class::Reply, NOW + 4_999).await,
        Err(NOW + 5_000)
    );
    assert_eq!(
        start(&store, &head, &limit, Class::Reply, NOW + 5_000).await,
        Ok(())
    );
}

pub async fn bulk_yields_to_replies(store: Arc<dyn Store>) {
    let head = head(&store).await;
    let limit = [budget("a", 5_000, 10)];
    for _ in 0..7 {
        assert_eq!(start(&store, &head, &limit, Class::Bulk, NOW).await, Ok(()));
    }
    assert!(start(&store, &head, &limit, Class::Bulk, NOW).await.is_err());
    for _ in 0..3 {
        assert_eq!(start(&store, &head, &limit, Class::Reply, NOW).await, Ok(()));
    }
    assert!(start(&store, &head, &limit, Class::Reply, NOW).await.is_err());
    assert_eq!(
        start(&store, &head, &limit, Class::Reply, NOW + 5_000).await,
        Ok(())
    );
    assert!(
        start(&store, &head, &limit, Class::Bulk, NOW + 15_000)
            .await
            .is_err()
    );
}

pub async fn one_exhausted_budget_takes_nothing_from_the_others(store: Arc<dyn Store>) {
    let head = head(&store).await;
    let (number, pair) = (budget("a", 5_000, 2), budget("b", 9_000, 1));
    let both = [number.clone(), pair];
    assert_eq!(start(&store, &head, &both, Class::Reply, NOW).await, Ok(()));
    assert_eq!(
        start(&store, &head, &both, Class::Reply, NOW).await,
        Err(NOW + 9_000)
    );
    let alone = [number];
    assert_eq!(start(&store, &head, &alone, Class::Reply, NOW).await, Ok(()));
    assert_eq!(
        start(&store, &head, &alone, Class::Reply, NOW).await,
        Err(NOW + 5_000)
    );
    assert_eq!(
        start(&store, &head, &both, Class::Reply, NOW).await,
        Err(NOW + 9_000),
        "the later of the two"
    );
}

pub async fn a_debit_counts_like_a_start(store: Arc<dyn Store>) {
    let head = head(&store).await;
    let limit = budget("a", 5_000, 4);
    store.debit(&limit, 3, NOW).await.expect("an answer");
    let limits = [limit];
    assert_eq!(start(&store, &head, &limits, Class::Reply, NOW).await, Ok(()));
    assert_eq!(
        start(&store, &head, &limits, Class::Reply, NOW).await,
        Err(NOW + 5_000)
    );
}
