//! One atomic change of one conversation.

use std::sync::Arc;

use sacola::domain::ids::PurchaseId;
use sacola::store::{
    Commit, CommitOutcome, DeadLetter, DoneMark, LaneKind, LoadRequest, Store, StoredConversation,
};

use super::harness::{LEASE, NOW, TODAY, at, change, commit, home, interest, lane, load, mark, with_plain};

pub async fn a_commit_is_loaded_back(store: Arc<dyn Store>) {
    let (first, second, none) = (home(1), home(2), home(3));
    commit(
        &store,
        Commit {
            marks: vec![mark(7)],
            ..change(&first, 0)
        },
        NOW,
    )
    .await;
    commit(&store, change(&second, 0), NOW).await;
    let state = "{\"quote\":\"\\u0000 ação 🛍\"}".to_owned();
    commit(
        &store,
        Commit {
            state: state.clone(),
            ..change(&second, 1)
        },
        NOW,
    )
    .await;
    let requests = [
        LoadRequest {
            homes: vec![first.clone(), none],
            aliases: vec![],
            marks: vec![mark(6), mark(7)],
        },
        LoadRequest {
            homes: vec![second],
            aliases: vec![first],
            marks: vec![],
        },
        LoadRequest::default(),
    ];
    let loaded = store.load(&requests).await.expect("an answer");
    assert_eq!(loaded.len(), 3);
    assert_eq!(loaded[0].conversations[0].revision, 1);
    assert_eq!(loaded[0].conversations[0].done, [mark(7)]);
    assert_eq!(loaded[0].conversations[1], StoredConversation::default());
    assert_eq!(loaded[1].conversations[0].revision, 2);
    assert_eq!(loaded[1].conversations[0].state.as_deref(), Some(state.as_str()));
    assert_eq!(loaded[1].aliases, [None]);
    assert!(loaded[2].conversations.is_empty() && loaded[2].aliases.is_empty());
}

pub async fn another_revision_is_a_conflict(store: Arc<dyn Store>) {
    let home = home(1);
    commit(&store, change(&home, 0), NOW).await;
    for expected in [0, 2, 9] {
        let outcome = store
            .commit(change(&home, expected), at(NOW))
            .await
            .expect("an answer");
        assert_eq!(outcome, CommitOutcome::Conflict, "expected {expected}");
    }
    let missing = store
        .commit(change(&super::harness::home(2), 5), at(NOW))
        .await
        .expect("an answer");
    assert_eq!(missing, CommitOutcome::Conflict);
    assert_eq!(load(&store, &home, &[]).await.revision, 1);
}

pub async fn a_mark_that_is_set_makes_a_duplicate(store: Arc<dyn Store>) {
    let home = home(1);
    commit(
        &store,
        Commit {
            marks: vec![mark(u64::MAX)],
            ..change(&home, 0)
        },
        NOW,
    )
    .await;
    let again = Commit {
        marks: vec![mark(u64::MAX)],
        ..change(&home, 1)
    };
    assert_eq!(
        store.commit(again, at(NOW)).await.expect("an answer"),
        CommitOutcome::Duplicate
    );
    let eight_days = NOW + 8 * 86_400_000;
    commit(&store, change(&super::harness::home(2), 0), eight_days).await;
    let late = Commit {
        marks: vec![mark(u64::MAX)],
        ..change(&home, 1)
    };
    assert_eq!(
        store.commit(late, at(eight_days)).await.expect("an answer"),
        CommitOutcome::Duplicate
    );
}

pub async fn one_set_mark_of_two_makes_a_duplicate(store: Arc<dyn Store>) {
    let home = home(1);
    commit(
        &store,
        Commit {
            marks: vec![mark(1)],
            ..change(&home, 0)
        },
        NOW,
    )
    .await;
    let both = Commit {
        marks: vec![mark(2), mark(1)],
        ..change(&home, 1)
    };
    assert_eq!(
        store.commit(both, at(NOW)).await.expect("an answer"),
        CommitOutcome::Duplicate
    );
    assert_eq!(load(&store, &home, &[mark(1), mark(2)]).await.done, [mark(1)]);
    commit(
        &store,
        Commit {
            marks: vec![mark(2)],
            ..change(&home, 1)
        },
        NOW,
    )
    .await;
    assert_eq!(
        load(&store, &home, &[mark(1), mark(2)]).await.done,
        [mark(1), mark(2)]
    );
}

pub async fn a_mark_belongs_to_its_conversation_and_day(store: Arc<dyn Store>) {
    let yesterday = DoneMark {
        hash: 1,
        day: TODAY - 1,
    };
    commit(
        &store,
        Commit {
            marks: vec![mark(1)],
            ..change(&home(1), 0)
        },
        NOW,
    )
    .await;
    commit(
        &store,
        Commit {
            marks: vec![mark(1)],
            ..change(&home(2), 0)
        },
        NOW,
    )
    .await;
    commit(
        &store,
        Commit {
            marks: vec![yesterday],
            ..change(&home(1), 1)
        },
        NOW,
    )
    .await;
    assert_eq!(load(&store, &home(1), &[mark(1), yesterday]).await.done.len(), 2);
}

pub async fn a_redelivered_commit_changes_nothing(store: Arc<dyn Store>) {
    let home = home(1);
    let first = Commit {
        marks: vec![mark(1)],
        ..with_plain(&home, 0, LaneKind::Provider, 1)
    };
    commit(&store, first.clone(), NOW).await;
    let before = load(&store, &home, &[]).await;
    assert_eq!(
        store.commit(first.clone(), at(NOW)).await.expect("an answer"),
        CommitOutcome::Conflict
    );
    let decided_again = Commit {
        expected_revision: 1,
        revision: 2,
        ..first
    };
    assert_eq!(
        store.commit(decided_again, at(NOW)).await.expect("an answer"),
        CommitOutcome::Duplicate
    );
    assert_eq!(load(&store, &home, &[]).await, before);
}

fn letter(id: &str) -> DeadLetter {
    DeadLetter {
        id: id.to_owned(),
        reason: "panic".to_owned(),
        detail: "the decision failed".to_owned(),
        merchant: None,
        home: Some(home(1)),
        at_ms: NOW,
        source: "effect".to_owned(),
        body: "{}".to_owned(),
    }
}

pub async fn a_refused_commit_writes_nothing(store: Arc<dyn Store>) {
    let home = home(1);
    commit(
        &store,
        Commit {
            marks: vec![mark(1)],
            ..change(&home, 0)
        },
        NOW,
    )
    .await;
    let purchase = PurchaseId::new("01purchase");
    let full = Commit {
        marks: vec![mark(1), mark(2)],
        interest_added: vec![interest("a")],
        purchases: vec![(purchase.clone(), "drafted".to_owned())],
        journal: vec!["entry".to_owned()],
        dead_letters: vec![letter("01.letter")],
        ..with_plain(&home, 1, LaneKind::Provider, 2)
    };
    assert_eq!(
        store.commit(full.clone(), at(NOW)).await.expect("an answer"),
        CommitOutcome::Duplicate
    );
    assert_eq!(store.purchase(&purchase).await.expect("an answer"), None);
    assert!(store.journal(&home).await.expect("an answer").is_empty());
    assert_eq!(store.dead_letter("01.letter").await.expect("an answer"), None);
    assert!(
        store
            .interested(home.shard(), &interest("a"), None, 9)
            .await
            .expect("an answer")
            .is_empty()
    );
    assert!(
        store
            .due_lanes(NOW + 10 * LEASE, 9)
            .await
            .expect("an answer")
            .is_empty()
    );
    let (heads, _) = commit(
        &store,
        Commit {
            marks: vec![mark(2)],
            ..full
        },
        NOW,
    )
    .await;
    assert_eq!(heads.len(), 1);
    assert_eq!(
        store.purchase(&purchase).await.expect("an answer").as_deref(),
        Some("drafted")
    );
    assert_eq!(store.journal(&home).await.expect("an answer"), ["entry"]);
    assert_eq!(
        store.dead_letter("01.letter").await.expect("an answer"),
        Some(letter("01.letter"))
    );
    assert_eq!(
        store
            .interested(home.shard(), &interest("a"), None, 9)
            .await
            .expect("an answer"),
        std::slice::from_ref(&home)
    );
    let due = store.due_lanes(NOW + 10 * LEASE, 9).await.expect("an answer");
    assert_eq!(due, [lane(&home, LaneKind::Provider)]);
}
