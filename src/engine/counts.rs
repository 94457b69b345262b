//! What decisions and commits are counted by. Events and purchases are counted once, when the commit that holds them is confirmed: a
//! decision that is made again after a conflict is no second event. It refuses to know the store's keys and any customer.

use std::time::Duration;

use crate::domain::conversation::Conversation;
use crate::domain::event::Event;
use crate::domain::ids::PurchaseId;
use crate::domain::purchase::{Purchase, PurchaseState};
use crate::store::{self, CommitOutcome};

/// What a commit is worth once it is confirmed.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Words of the events that were decided.
    events: Vec<&'static str>,
    /// Words of the states that purchases entered.
    states: Vec<&'static str>,
    /// Purchases that came under review.
    reviews: Vec<PurchaseId>,
}

impl Counts {
    /// One event was decided.
    pub(super) fn decided(&mut self, event: &'static str) {
        self.events.push(event);
    }

    /// Of the purchases that a decision changed, those count that are in another state than before.
    pub(super) fn changed(&mut self, before: &Conversation, event: &Event, purchases: &[Purchase]) {
        let moved = purchases
            .iter()
            .filter(|purchase| state_before(before, event, &purchase.purchase_id) != Some(purchase.state));
        for purchase in moved {
            self.states.push(purchase.state.word());
            if purchase.state == PurchaseState::NeedsReview {
                self.reviews.push(purchase.purchase_id.clone());
            }
        }
    }

    /// Counts, and names the purchases that a person must look at: no dead letter does. Call it when the commit is confirmed.
    pub(super) fn tell(self) {
        for event in self.events {
            metrics::counter!("sacola_events_total", "event" => event).increment(1);
        }
        for state in self.states {
            metrics::counter!("sacola_purchases_total", "state" => state).increment(1);
        }
        for purchase in self.reviews {
            tracing::error!(%purchase, "a purchase is under review: a person must look");
        }
    }
}

/// Where a purchase stood: in sight of the conversation, or as the event brought it along.
fn state_before(before: &Conversation, event: &Event, id: &PurchaseId) -> Option<PurchaseState> {
    let in_sight = before.purchase(id);
    let brought = match event {
        Event::PurchaseNews { record, .. } | Event::EffectReplayed { record, .. } => record.as_deref(),
        Event::Said { .. }
        | Event::Welcomed { .. }
        | Event::Tapped { .. }
        | Event::Ordered { .. }
        | Event::Arrived { .. }
        | Event::Moved { .. }
        | Event::Echoed
        | Event::Quoted { .. }
        | Event::PurchaseAnswered { .. }
        | Event::ProductChanged { .. }
        | Event::SendFailed { .. }
        | Event::ProductsRequested { .. } => None,
    };
    let brought = brought.filter(|record| record.purchase_id == *id);
    in_sight.or(brought).map(|purchase| purchase.state)
}

/// How long one pure decision took.
pub(super) fn decision(took: Duration) {
    metrics::histogram!("sacola_decide_seconds").record(took);
}

/// What became of a commit, and how long the store took.
pub(super) fn commit(outcome: &Result<CommitOutcome, store::Error>, took: Duration) {
    metrics::counter!("sacola_commits_total", "outcome" => word(outcome)).increment(1);
    metrics::histogram!("sacola_commit_seconds").record(took);
}

/// The word for what became of a commit.
pub(super) fn word(outcome: &Result<CommitOutcome, store::Error>) -> &'static str {
    match outcome {
        Ok(CommitOutcome::Committed { .. }) => "committed",
        Ok(CommitOutcome::Conflict) => "conflict",
        Ok(CommitOutcome::Duplicate) => "duplicate",
        Ok(CommitOutcome::StaleFacts(_)) => "stale_facts",
        Err(_) => "refused",
    }
}
