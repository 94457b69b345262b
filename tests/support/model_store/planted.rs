//! Each planted bug of the store does what its name says, so that a proof that misses it misses something.

use sacola::domain::ids::{MerchantId, RetailerId};
use sacola::faults::{self, Bug};
use sacola::store::{
    ClaimOutcome, Commit, DeliveryStatus, FactVersion, Phase, SettleOutcome, Settlement, Store,
};

use super::ModelStore;
use super::tests::{NOW, at, begin, change, commit, lane, see};

/// A bug that is planted while this lives.
struct Planted;

impl Planted {
    fn new(bug: Bug) -> Self {
        faults::plant(Some(bug));
        Self
    }
}

impl Drop for Planted {
    fn drop(&mut self) {
        faults::plant(None);
    }
}

#[tokio::test]
async fn a_commit_may_forget_which_events_are_done() {
    let _planted = Planted::new(Bug::DedupOutsideCommit);
    let store = ModelStore::default();
    commit(&store, change(0), NOW).await;
    let again = Commit {
        marks: change(0).marks,
        ..change(1)
    };
    commit(&store, again, NOW).await;
    assert_eq!(store.look(|model| model.commits().len()), 2);
}

#[tokio::test]
async fn a_commit_may_forget_the_revision() {
    let _planted = Planted::new(Bug::CommitWithoutRevision);
    let store = ModelStore::default();
    commit(&store, change(5), NOW).await;
    assert_eq!(store.look(|model| model.commits()[0].revision), 6);
}

#[tokio::test]
async fn a_commit_may_rest_on_stale_facts() {
    let _planted = Planted::new(Bug::StaleFactsPass);
    let store = ModelStore::default();
    let fact = FactVersion {
        merchant: MerchantId::new("cafe"),
        retailer_id: RetailerId::new("coffee"),
        version: 2,
    };
    store
        .raise_markers(&fact.merchant, &fact.retailer_id, 3)
        .await
        .unwrap();
    let stale = Commit {
        facts: vec![fact],
        ..change(0)
    };
    commit(&store, stale, NOW).await;
    assert_eq!(store.look(|model| model.commits().len()), 1);
}

#[tokio::test]
async fn a_status_may_go_back() {
    let _planted = Planted::new(Bug::StatusGoesBack);
    let store = ModelStore::default();
    assert!(see(&store, DeliveryStatus::Read, NOW).await.raised);
    assert!(see(&store, DeliveryStatus::Sent, NOW).await.raised);
    let statuses = store.look(super::model::Model::all_statuses);
    assert!(statuses.into_values().eq([DeliveryStatus::Sent]));
}

#[tokio::test]
async fn a_held_lane_may_be_handed_out() {
    let _planted = Planted::new(Bug::SweepIgnoresLease);
    let store = ModelStore::default();
    let head = commit(&store, change(0), NOW).await.unwrap();
    begin(&store, &head, NOW).await;
    let ClaimOutcome::Claimed(second) = store.claim(&lane(), at(NOW + 1)).await.unwrap() else {
        panic!("the lease was heeded")
    };
    assert_eq!((&second.item, second.phase), (&head.item, Phase::Queued));
}

#[tokio::test]
async fn a_settlement_may_come_from_anybody() {
    let _planted = Planted::new(Bug::SettleWithoutToken);
    let store = ModelStore::default();
    let head = commit(&store, change(0), NOW).await.unwrap();
    assert!(store.release(&head, NOW).await.unwrap());
    let ClaimOutcome::Claimed(_) = store.claim(&lane(), at(NOW)).await.unwrap() else {
        panic!("it is free")
    };
    let sent = Settlement::Done {
        sent: true,
        message_key: None,
    };
    for expected in [SettleOutcome::Empty, SettleOutcome::LeaseLost] {
        let outcome = store.settle(&head, sent.clone(), at(NOW)).await.unwrap();
        assert_eq!(outcome, expected, "as long as the item is in the lane");
    }
}
