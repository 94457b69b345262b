//! What goes beside a conversation: markers of facts, aliases, journal, purchases.

use std::sync::Arc;

use sacola::domain::ids::{PurchaseId, RetailerId};
use sacola::store::{Commit, CommitOutcome, FactVersion, LoadRequest, Store};

use super::harness::{NOW, at, change, commit, home, load, merchant};

fn fact(retailer_id: &str, version: u64) -> FactVersion {
    FactVersion {
        merchant: merchant(),
        retailer_id: RetailerId::new(retailer_id),
        version,
    }
}

pub async fn a_stale_fact_is_refused_until_it_is_reloaded(store: Arc<dyn Store>) {
    let home = home(1);
    store
        .raise_markers(&merchant(), &RetailerId::new("a"), 3)
        .await
        .expect("an answer");
    let stale = Commit {
        facts: vec![fact("a", 2), fact("b", 1)],
        ..change(&home, 0)
    };
    let refused = store.commit(stale, at(NOW)).await.expect("an answer");
    assert_eq!(refused, CommitOutcome::StaleFacts(vec![fact("a", 2)]));
    assert_eq!(load(&store, &home, &[]).await.revision, 0);
    commit(
        &store,
        Commit {
            facts: vec![fact("a", 3), fact("b", 1)],
            ..change(&home, 0)
        },
        NOW,
    )
    .await;
    commit(
        &store,
        Commit {
            facts: vec![fact("a", 4)],
            ..change(&home, 1)
        },
        NOW,
    )
    .await;
}

pub async fn a_marker_holds_in_every_shard_and_is_never_lowered(store: Arc<dyn Store>) {
    for version in [5, 2, 5] {
        store
            .raise_markers(&merchant(), &RetailerId::new("a"), version)
            .await
            .expect("an answer");
    }
    for n in [0, 1, 127, 128, 255] {
        let stale = Commit {
            facts: vec![fact("a", 4)],
            ..change(&home(n), 0)
        };
        let refused = store.commit(stale, at(NOW)).await.expect("an answer");
        assert_eq!(
            refused,
            CommitOutcome::StaleFacts(vec![fact("a", 4)]),
            "shard {n}"
        );
        commit(
            &store,
            Commit {
                facts: vec![fact("a", 5)],
                ..change(&home(n), 0)
            },
            NOW,
        )
        .await;
    }
}

pub async fn an_alias_leads_where_its_first_writer_said(store: Arc<dyn Store>) {
    let (alias, first, second) = (home(9), home(1), home(2));
    assert_eq!(store.put_alias(&alias, &first).await.expect("an answer"), first);
    assert_eq!(store.put_alias(&alias, &second).await.expect("an answer"), first);
    let request = LoadRequest {
        homes: vec![],
        aliases: vec![second, alias],
        marks: vec![],
    };
    let loaded = store.load(&[request]).await.expect("an answer");
    assert_eq!(loaded[0].aliases, [None, Some(first)]);
}

pub async fn the_journal_keeps_its_last_300_entries(store: Arc<dyn Store>) {
    let home = home(1);
    assert!(store.journal(&home).await.expect("an answer").is_empty());
    for revision in 0..4 {
        let journal = (0..80).map(|index| format!("{revision}.{index}")).collect();
        commit(
            &store,
            Commit {
                journal,
                ..change(&home, revision)
            },
            NOW,
        )
        .await;
    }
    let kept = store.journal(&home).await.expect("an answer");
    assert_eq!(kept.len(), 300);
    assert_eq!((kept[0].as_str(), kept[299].as_str()), ("0.20", "3.79"));
    commit(&store, change(&home, 4), NOW).await;
    assert_eq!(store.journal(&home).await.expect("an answer"), kept);
}

pub async fn purchases_are_written_with_the_commit_or_alone(store: Arc<dyn Store>) {
    let (with_commit, alone) = (PurchaseId::new("01aa"), PurchaseId::new("77bb"));
    assert_eq!(store.purchase(&alone).await.expect("an answer"), None);
    let purchases = vec![(with_commit.clone(), "drafted".to_owned())];
    commit(
        &store,
        Commit {
            purchases,
            ..change(&home(1), 0)
        },
        NOW,
    )
    .await;
    store.put_purchase(&alone, "one").await.expect("an answer");
    store.put_purchase(&alone, "two").await.expect("an answer");
    assert_eq!(
        store.purchase(&with_commit).await.expect("an answer").as_deref(),
        Some("drafted")
    );
    assert_eq!(
        store.purchase(&alone).await.expect("an answer").as_deref(),
        Some("two")
    );
}
