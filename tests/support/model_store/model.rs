//! Everything that the model keeps, and what a proof may see of it. It refuses to change anything.

use std::collections::{BTreeMap, BTreeSet};

use sacola::domain::ids::{EffectId, HomeId, MerchantId, PurchaseId};
use sacola::store::{DeadLetter, DeliveryStatus, DoneMark, Interest, LaneId, Retention, UnixMs};

use super::budgets::Budgets;
use super::catalog::Catalog;
use super::conversations::{Conversation, Journal, Tombstone};
use super::history::{CommitRecord, SettleRecord, StartRecord};
use super::lane::Lane;
use super::records::{Call, Hold};

/// All that is kept.
#[derive(Debug, Default)]
pub struct Model {
    pub(super) trips: u64,
    /// The latest time that any call told: what ends without a time in the call ends by it.
    pub(super) latest_ms: UnixMs,
    tokens_given: u64,
    pub(super) retention: Retention,
    pub(super) conversations: BTreeMap<HomeId, Conversation>,
    pub(super) tombstones: BTreeMap<HomeId, Kept<Tombstone>>,
    pub(super) aliases: BTreeMap<HomeId, HomeId>,
    pub(super) marks: BTreeMap<HomeId, BTreeMap<DoneMark, Kept<()>>>,
    pub(super) journals: BTreeMap<HomeId, Journal>,
    pub(super) interest: BTreeMap<Interest, BTreeSet<HomeId>>,
    pub(super) purchases: BTreeMap<PurchaseId, String>,
    pub(super) lanes: BTreeMap<LaneId, Lane>,
    pub(super) statuses: BTreeMap<EffectId, Kept<DeliveryStatus>>,
    pub(super) message_keys: BTreeMap<(HomeId, String), Kept<EffectId>>,
    pub(super) budgets: Budgets,
    pub(super) catalogs: BTreeMap<MerchantId, Catalog>,
    pub(super) markers: BTreeMap<Interest, u64>,
    pub(super) records: BTreeMap<(String, String), Kept<String>>,
    pub(super) secrets: BTreeMap<String, String>,
    pub(super) holds: BTreeMap<String, Hold>,
    pub(super) calls: BTreeMap<String, Call>,
    pub(super) letters: BTreeMap<String, DeadLetter>,
    pub(super) commits: Vec<CommitRecord>,
    pub(super) starts: Vec<StartRecord>,
    pub(super) settles: Vec<SettleRecord>,
}

/// A value that may end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kept<T> {
    pub(super) value: T,
    /// From when on it is over; `None`: never.
    pub(super) until_ms: Option<UnixMs>,
}

impl<T> Kept<T> {
    /// The value, unless it is over.
    pub(super) fn alive(&self, now_ms: UnixMs) -> Option<&T> {
        self.until_ms
            .is_none_or(|until_ms| until_ms > now_ms)
            .then_some(&self.value)
    }
}

impl Model {
    pub(super) fn told(&mut self, now_ms: UnixMs) {
        self.latest_ms = self.latest_ms.max(now_ms);
    }

    pub(super) fn fresh_token(&mut self) -> String {
        self.tokens_given += 1;
        format!("t{}", self.tokens_given)
    }

    /// All conversations.
    pub fn all_conversations(&self) -> &BTreeMap<HomeId, Conversation> {
        &self.conversations
    }

    /// All lanes that ever held something.
    pub fn all_lanes(&self) -> &BTreeMap<LaneId, Lane> {
        &self.lanes
    }

    /// All purchases, encoded.
    pub fn all_purchases(&self) -> &BTreeMap<PurchaseId, String> {
        &self.purchases
    }

    /// All dead letters, by id.
    pub fn all_letters(&self) -> &BTreeMap<String, DeadLetter> {
        &self.letters
    }

    /// All records that are not over: kind, id and body.
    pub fn all_records(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        let now_ms = self.latest_ms;
        self.records.iter().filter_map(move |((kind, id), kept)| {
            let body = kept.alive(now_ms)?;
            Some((kind.as_str(), id.as_str(), body.as_str()))
        })
    }

    /// How many events of a conversation are marked as done.
    pub fn marks_of(&self, home: &HomeId) -> usize {
        let alive = |kept: &&Kept<()>| kept.alive(self.latest_ms).is_some();
        self.marks
            .get(home)
            .map_or(0, |marks| marks.values().filter(alive).count())
    }

    /// The delivery status of each effect that has one.
    pub fn all_statuses(&self) -> BTreeMap<EffectId, DeliveryStatus> {
        let alive = |(effect_id, kept): (&EffectId, &Kept<DeliveryStatus>)| {
            let status = kept.alive(self.latest_ms)?;
            Some((effect_id.clone(), *status))
        };
        self.statuses.iter().filter_map(alive).collect()
    }

    /// Each commit that was made, in order.
    pub fn commits(&self) -> &[CommitRecord] {
        &self.commits
    }

    /// Each start that was granted, in order.
    pub fn starts(&self) -> &[StartRecord] {
        &self.starts
    }

    /// Each settlement that was asked for, in order.
    pub fn settles(&self) -> &[SettleRecord] {
        &self.settles
    }
}
