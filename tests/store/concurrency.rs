//! Many callers at the same moment.

use std::sync::Arc;

use futures::future::join_all;
use sacola::store::{ClaimOutcome, Commit, CommitOutcome, LaneKind, Store};

use super::harness::{LEASE, NOW, at, commit_head, home, load, mark, with_plain};

pub async fn of_64_equal_commits_exactly_one_succeeds(store: Arc<dyn Store>) {
    let home = home(1);
    let change = Commit {
        marks: vec![mark(1)],
        ..with_plain(&home, 0, LaneKind::Provider, 1)
    };
    let outcomes = join_all((0..64).map(|_| store.commit(change.clone(), at(NOW)))).await;
    let (mut committed, mut refused) = (0, 0);
    for outcome in outcomes {
        match outcome.expect("an answer") {
            CommitOutcome::Committed { heads, .. } => {
                committed += 1;
                assert_eq!(heads.len(), 1);
            }
            CommitOutcome::Conflict | CommitOutcome::Duplicate => refused += 1,
            other @ CommitOutcome::StaleFacts(_) => panic!("{other:?}"),
        }
    }
    assert_eq!((committed, refused), (1, 63));
    assert_eq!(load(&store, &home, &[mark(1)]).await.done, [mark(1)]);
}

pub async fn commits_of_50_conversations_all_succeed(store: Arc<dyn Store>) {
    let change = |n: u32| Commit {
        marks: vec![mark(u64::from(n))],
        ..with_plain(&home(n), 0, LaneKind::Provider, 1)
    };
    let outcomes = join_all((0..50).map(|n| store.commit(change(n), at(NOW)))).await;
    for (n, outcome) in (0..).zip(outcomes) {
        let CommitOutcome::Committed { heads, .. } = outcome.expect("an answer") else {
            panic!("{n} was refused")
        };
        assert_eq!(heads[0].lane.home, home(n), "an answer of another");
        assert_eq!(load(&store, &home(n), &[]).await.revision, 1);
    }
}

pub async fn of_many_claims_exactly_one_gets_the_lane(store: Arc<dyn Store>) {
    let head = commit_head(&store, with_plain(&home(1), 0, LaneKind::Provider, 1), NOW).await;
    let outcomes = join_all((0..32).map(|_| store.claim(&head.lane, at(NOW + LEASE)))).await;
    let mut claimed = 0;
    for outcome in outcomes {
        match outcome.expect("an answer") {
            ClaimOutcome::Claimed(_) => claimed += 1,
            refused @ (ClaimOutcome::Wait(_) | ClaimOutcome::Empty) => {
                assert_eq!(refused, ClaimOutcome::Wait(NOW + 2 * LEASE));
            }
        }
    }
    assert_eq!(claimed, 1);
}
