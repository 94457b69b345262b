//! Conversations and what one commit touches beside them: marks, facts, interest, purchases, journal.

use std::collections::BTreeSet;
use std::ops::Bound;

use sacola::domain::ids::{HomeId, PurchaseId, Shard};
use sacola::faults::{Bug, is_planted};
use sacola::store::{
    Commit, CommitOutcome, DoneMark, FactVersion, Head, Interest, Item, LaneId, LaneKind, LaneTimes,
    LoadRequest, Loaded, StoredConversation, UnixMs,
};

use super::history::CommitRecord;
use super::lane::Next;
use super::model::{Kept, Model};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
const MARKS_KEPT_MS: i64 = 9 * DAY_MS;
const JOURNAL_LENGTH: usize = 300;

/// A conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// Its revision.
    pub revision: u64,
    /// Its encoded state.
    pub state: String,
    /// The end of its service window.
    pub window_open_until_ms: UnixMs,
}

/// What is left of an erased conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tombstone {
    pub(super) revision: u64,
    pub(super) at_ms: UnixMs,
}

/// A journal; all of it ends with its last entry.
#[derive(Debug, Default)]
pub(super) struct Journal {
    pub(super) entries: Vec<String>,
    until_ms: UnixMs,
}

impl Model {
    pub(super) fn load(&self, requests: &[LoadRequest]) -> Vec<Loaded> {
        let mut all = Vec::with_capacity(requests.len());
        for request in requests {
            let mut loaded = Loaded::default();
            for home in &request.homes {
                loaded.conversations.push(self.stored(home, &request.marks));
            }
            for alias in &request.aliases {
                loaded.aliases.push(self.aliases.get(alias).cloned());
            }
            all.push(loaded);
        }
        all
    }

    fn stored(&self, home: &HomeId, marks: &[DoneMark]) -> StoredConversation {
        let found = self.conversations.get(home);
        let mut done = marks.to_vec();
        done.retain(|mark| self.is_marked(home, *mark, self.latest_ms));
        let left = self.tombstone(home, self.latest_ms).filter(|_| found.is_none());
        StoredConversation {
            revision: self.revision_of(home, self.latest_ms),
            state: found.map(|conversation| conversation.state.clone()),
            done,
            erased_at_ms: left.map(|left| left.at_ms),
        }
    }

    fn tombstone(&self, home: &HomeId, now_ms: UnixMs) -> Option<Tombstone> {
        self.tombstones.get(home)?.alive(now_ms).copied()
    }

    /// The revision that a change of this conversation must rest on.
    pub(super) fn revision_of(&self, home: &HomeId, now_ms: UnixMs) -> u64 {
        match self.conversations.get(home) {
            Some(found) => found.revision,
            None => self.tombstone(home, now_ms).map_or(0, |left| left.revision),
        }
    }

    fn is_marked(&self, home: &HomeId, mark: DoneMark, now_ms: UnixMs) -> bool {
        let kept = self.marks.get(home).and_then(|marks| marks.get(&mark));
        kept.is_some_and(|kept| kept.alive(now_ms).is_some())
    }

    pub(super) fn put_alias(&mut self, alias: &HomeId, home: &HomeId) -> HomeId {
        self.aliases
            .entry(alias.clone())
            .or_insert_with(|| home.clone())
            .clone()
    }

    /// The journal of a conversation, oldest first.
    pub fn journal(&self, home: &HomeId) -> &[String] {
        match self.journals.get(home) {
            Some(journal) if journal.until_ms > self.latest_ms => &journal.entries,
            Some(_) | None => &[],
        }
    }

    pub(super) fn interested(
        &self,
        shard: Shard,
        interest: &Interest,
        after: Option<&HomeId>,
        limit: usize,
    ) -> Vec<HomeId> {
        let Some(homes) = self.interest.get(interest) else {
            return Vec::new();
        };
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        homes
            .range::<HomeId, _>((from, Bound::Unbounded))
            .filter(|home| home.shard() == shard)
            .take(limit)
            .cloned()
            .collect()
    }

    pub(super) fn put_purchase(&mut self, id: &PurchaseId, encoded: &str) {
        self.purchases.insert(id.clone(), encoded.to_owned());
    }

    pub(super) fn purchase(&self, id: &PurchaseId) -> Option<String> {
        self.purchases.get(id).cloned()
    }

    pub(super) fn commit(&mut self, commit: Commit, times: LaneTimes) -> CommitOutcome {
        self.told(times.now_ms);
        if let Some(objection) = self.objection(&commit, times.now_ms) {
            return objection;
        }
        let effects = commit.items.iter();
        self.commits.push(CommitRecord {
            home: commit.home.clone(),
            revision: commit.revision,
            marks: commit.marks.clone(),
            effects: effects
                .map(|(kind, item)| (*kind, item.effect_id.clone()))
                .collect(),
            now_ms: times.now_ms,
        });
        let conversation = Conversation {
            revision: commit.revision,
            state: commit.state,
            window_open_until_ms: commit.window_open_until_ms,
        };
        self.conversations.insert(commit.home.clone(), conversation);
        self.tombstones.remove(&commit.home);
        self.mark(&commit.home, &commit.marks, times.now_ms);
        self.change_interest(&commit.home, commit.interest_added, &commit.interest_removed);
        self.purchases.extend(commit.purchases);
        self.append_journal(&commit.home, commit.journal, times.now_ms);
        for letter in commit.dead_letters {
            self.letters.insert(letter.id.clone(), letter);
        }
        let (heads, wake) = self.append_items(&commit.home, commit.items, times);
        CommitOutcome::Committed { heads, wake }
    }

    fn objection(&self, commit: &Commit, now_ms: UnixMs) -> Option<CommitOutcome> {
        let revision = self.revision_of(&commit.home, now_ms);
        if revision != commit.expected_revision && !is_planted(Bug::CommitWithoutRevision) {
            return Some(CommitOutcome::Conflict);
        }
        let is_done = |mark: &DoneMark| self.is_marked(&commit.home, *mark, now_ms);
        if commit.marks.iter().any(is_done) && !is_planted(Bug::DedupOutsideCommit) {
            return Some(CommitOutcome::Duplicate);
        }
        let mut stale = commit.facts.clone();
        stale.retain(|fact| self.is_stale(fact));
        if !stale.is_empty() && !is_planted(Bug::StaleFactsPass) {
            return Some(CommitOutcome::StaleFacts(stale));
        }
        None
    }

    fn is_stale(&self, fact: &FactVersion) -> bool {
        let product = Interest {
            merchant: fact.merchant.clone(),
            retailer_id: fact.retailer_id.clone(),
        };
        self.markers
            .get(&product)
            .is_some_and(|marker| fact.version < *marker)
    }

    fn mark(&mut self, home: &HomeId, marks: &[DoneMark], now_ms: UnixMs) {
        if marks.is_empty() {
            return;
        }
        let kept = Kept {
            value: (),
            until_ms: Some(now_ms.saturating_add(MARKS_KEPT_MS)),
        };
        let of_home = self.marks.entry(home.clone()).or_default();
        of_home.extend(marks.iter().map(|mark| (*mark, kept.clone())));
    }

    fn change_interest(&mut self, home: &HomeId, added: Vec<Interest>, removed: &[Interest]) {
        for interest in added {
            self.interest.entry(interest).or_default().insert(home.clone());
        }
        for interest in removed {
            if let Some(homes) = self.interest.get_mut(interest) {
                homes.remove(home);
            }
        }
    }

    fn append_journal(&mut self, home: &HomeId, entries: Vec<String>, now_ms: UnixMs) {
        if entries.is_empty() {
            return;
        }
        let journal = self.journals.entry(home.clone()).or_default();
        if journal.until_ms <= now_ms {
            journal.entries.clear();
        }
        journal.entries.extend(entries);
        let surplus = journal.entries.len().saturating_sub(JOURNAL_LENGTH);
        journal.entries.drain(..surplus);
        let kept_ms = i64::from(self.retention.journal_days) * DAY_MS;
        journal.until_ms = now_ms.saturating_add(kept_ms);
    }

    fn append_items(
        &mut self,
        home: &HomeId,
        items: Vec<(LaneKind, Item)>,
        times: LaneTimes,
    ) -> (Vec<Head>, Vec<(LaneId, UnixMs)>) {
        let mut touched = BTreeSet::new();
        for (kind, item) in items {
            let id = LaneId {
                home: home.clone(),
                kind,
            };
            let lane = self.lanes.entry(id.clone()).or_default();
            lane.append(item, times.now_ms);
            touched.insert(id);
        }
        let (mut heads, mut wake) = (Vec::new(), Vec::new());
        for id in touched {
            if self.is_held(&id, times.now_ms) {
                continue;
            }
            match self.take(&id, times) {
                Next::Serve(head) => heads.push(*head),
                Next::Wait(at_ms) => wake.push((id, at_ms)),
                Next::Empty => {}
            }
        }
        (heads, wake)
    }
}
