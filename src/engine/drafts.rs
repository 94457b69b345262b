//! A commit under construction. It owns what a turn gathers before the store judges it; it refuses to decide anything.

use std::collections::{BTreeMap, BTreeSet};

use super::counts::Counts;
use super::journal::Journal;
use super::{Found, Taken};
use crate::domain::conversation::Conversation;
use crate::domain::ids::{MerchantId, PurchaseId};
use crate::store::{Commit, FactVersion};

/// A commit and what to answer when it is durable.
pub(super) struct Draft {
    pub commit: Commit,
    pub merchant: MerchantId,
    pub after: Conversation,
    pub journal: Journal,
    pub used: BTreeSet<FactVersion>,
    pub answers: Vec<(usize, Taken)>,
    /// Purchases whose shard is not the conversation's: written before the commit.
    pub foreign_purchases: Vec<(PurchaseId, String)>,
    /// Whose purchases are that were made before: a purchase stays with its merchant when its number moves to another one.
    pub sellers: BTreeMap<PurchaseId, MerchantId>,
    /// Taps on buttons that are not ours.
    pub refused_taps: u64,
    /// What is counted when it is durable.
    pub counts: Counts,
    /// The root of the chain of the event that is being decided.
    pub root: Option<u64>,
}

impl Draft {
    /// Nothing yet, on what was found.
    pub(super) fn of(found: Found, merchant: MerchantId) -> Self {
        Self {
            commit: empty_commit(&found),
            merchant,
            journal: Journal::after(&found.conversation),
            after: found.conversation,
            used: BTreeSet::new(),
            answers: Vec::new(),
            foreign_purchases: Vec::new(),
            sellers: BTreeMap::new(),
            refused_taps: 0,
            counts: Counts::default(),
            root: None,
        }
    }

    /// Whose a purchase is; that of a new one is `present`.
    pub(super) fn seller<'a>(&'a self, id: &PurchaseId, present: &'a MerchantId) -> &'a MerchantId {
        self.sellers.get(id).unwrap_or(present)
    }
}

/// A commit of this conversation that changes nothing yet.
fn empty_commit(found: &Found) -> Commit {
    Commit {
        home: found.home.clone(),
        expected_revision: found.expected_revision,
        revision: found.expected_revision,
        state: String::new(),
        window_open_until_ms: 0,
        marks: Vec::new(),
        facts: Vec::new(),
        items: Vec::new(),
        interest_added: Vec::new(),
        interest_removed: Vec::new(),
        purchases: Vec::new(),
        journal: Vec::new(),
        dead_letters: Vec::new(),
    }
}
