//! Who wants to hear about a product.

use std::collections::BTreeSet;
use std::sync::Arc;

use sacola::domain::ids::{HomeId, Shard};
use sacola::store::{Commit, Store};

use super::harness::{NOW, change, commit, home, interest};

/// Conversations of shard 5.
fn member(n: u32) -> HomeId {
    home(5 + 256 * n)
}

pub async fn pages_cover_all_members_though_some_leave_between(store: Arc<dyn Store>) {
    for n in 0..25 {
        commit(
            &store,
            Commit {
                interest_added: vec![interest("a")],
                ..change(&member(n), 0)
            },
            NOW,
        )
        .await;
    }
    let other_shard = Commit {
        interest_added: vec![interest("a")],
        ..change(&home(6), 0)
    };
    commit(&store, other_shard, NOW).await;
    let mut seen = BTreeSet::new();
    let mut cursor: Option<HomeId> = None;
    loop {
        let page = store
            .interested(Shard(5), &interest("a"), cursor.as_ref(), 4)
            .await
            .expect("an answer");
        assert!(page.len() <= 4 && page.is_sorted());
        let Some(last) = page.last().cloned() else { break };
        for home in page {
            let leave = Commit {
                interest_removed: vec![interest("a")],
                ..change(&home, 1)
            };
            commit(&store, leave, NOW).await;
            assert!(seen.insert(home));
        }
        cursor = Some(last);
    }
    assert_eq!(seen, (0..25).map(member).collect());
    assert!(
        store
            .interested(Shard(5), &interest("a"), None, 9)
            .await
            .expect("an answer")
            .is_empty()
    );
    assert_eq!(
        store
            .interested(Shard(6), &interest("a"), None, 9)
            .await
            .expect("an answer"),
        [home(6)]
    );
}

pub async fn interest_comes_and_goes_with_commits(store: Arc<dyn Store>) {
    let home = home(5);
    let add = Commit {
        interest_added: vec![interest("a"), interest("a/b")],
        ..change(&home, 0)
    };
    commit(&store, add, NOW).await;
    let swap = Commit {
        interest_added: vec![interest("b")],
        interest_removed: vec![interest("a"), interest("never")],
        ..change(&home, 1)
    };
    commit(&store, swap, NOW).await;
    for (retailer_id, is_held) in [("a", false), ("a/b", true), ("b", true), ("never", false)] {
        let held = store
            .interested(Shard(5), &interest(retailer_id), None, 9)
            .await
            .expect("an answer");
        assert_eq!(
            held,
            if is_held { vec![home.clone()] } else { Vec::new() },
            "{retailer_id}"
        );
    }
}
