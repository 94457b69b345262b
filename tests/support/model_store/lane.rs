//! One lane: its items, the lease that guards it and when it is to be looked at. It refuses to know other lanes, budgets
//! and conversations.

use sacola::domain::ids::EffectId;
use sacola::faults::{Bug, is_planted};
use sacola::store::{
    DeliveryStatus, Head, Item, LaneId, LaneKind, LaneTimes, Lease, Phase, Settlement, UnixMs,
};

pub use super::order::Entry;
use super::order::{Pick, pick};

/// A lane.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lane {
    /// What is to be done, in order.
    pub items: Vec<Entry>,
    /// Who serves it, or served it last and never gave it back.
    pub grant: Option<Grant>,
    /// The highest revision of which something reached the outside.
    pub last_sent_revision: u64,
    /// Until when no superseding item is begun.
    pub paced_until_ms: UnixMs,
    /// When it is to be looked at; `None`: never.
    pub due_ms: Option<UnixMs>,
}

/// A lease that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The lease.
    pub lease: Lease,
    /// For which item.
    pub effect_id: EffectId,
}

/// What is to be done with a lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// This, by the caller, who now holds the lane.
    Serve(Box<Head>),
    /// Nothing before this time.
    Wait(UnixMs),
    /// Nothing.
    Empty,
}

impl Lane {
    /// The live lease.
    pub(super) fn held(&self, now_ms: UnixMs) -> Option<&Grant> {
        self.grant.as_ref().filter(|grant| grant.lease.until_ms > now_ms)
    }

    fn is_held_under(&self, token: &str) -> bool {
        self.grant
            .as_ref()
            .is_some_and(|grant| grant.lease.token == token)
    }

    fn entry(&mut self, effect_id: &EffectId) -> Option<&mut Entry> {
        self.items
            .iter_mut()
            .find(|entry| entry.item.effect_id == *effect_id)
    }

    fn contains(&self, effect_id: &EffectId) -> bool {
        self.items.iter().any(|entry| entry.item.effect_id == *effect_id)
    }

    /// Puts an item at the end; those that it supersedes leave, unless they were begun, or are about to be by a holder.
    pub(super) fn append(&mut self, item: Item, now_ms: UnixMs) {
        if let Some(key) = &item.supersedes {
            let in_hand = self.held(now_ms).map(|grant| grant.effect_id.clone());
            let is_begun = |entry: &Entry| entry.started || in_hand.as_ref() == Some(&entry.item.effect_id);
            self.items.retain(|entry| {
                entry.item.supersedes.as_ref() != Some(key)
                    || entry.phase() == Phase::Unknown
                    || is_begun(entry)
            });
        }
        self.items.push(Entry::new(item));
    }

    /// Asks for the lane; `kept` is the status that is kept of the item of the last grant.
    pub(super) fn claim(
        &mut self,
        id: &LaneId,
        times: LaneTimes,
        token: String,
        kept: Option<DeliveryStatus>,
    ) -> Next {
        let held_until_ms = self.held(times.now_ms).map(|grant| grant.lease.until_ms);
        if let Some(until_ms) = held_until_ms {
            if !is_planted(Bug::SweepIgnoresLease) {
                return Next::Wait(until_ms);
            }
            for entry in &mut self.items {
                entry.started = false;
            }
        }
        if let Some(grant) = self.grant.take() {
            self.lose(&grant.effect_id, id.kind, times, kept);
        }
        self.serve(id, times, token)
    }

    /// A holder's time is over: what it had started is unknown now.
    fn lose(&mut self, effect_id: &EffectId, kind: LaneKind, times: LaneTimes, kept: Option<DeliveryStatus>) {
        let Some(entry) = self.entry(effect_id).filter(|entry| entry.started) else {
            return;
        };
        let due_ms = match kind {
            LaneKind::Provider => entry.started_at_ms.saturating_add(times.unknown_hold_ms),
            LaneKind::Merchant => times.now_ms,
        };
        self.put_back(effect_id, due_ms, 1, 1);
        self.heed(effect_id, kept);
    }

    /// True when `token` holds the lane now, for this item, and the item is still in it.
    pub(super) fn may_start(&self, token: &str, effect_id: &EffectId, now_ms: UnixMs) -> bool {
        let held = self.held(now_ms);
        held.is_some_and(|grant| grant.lease.token == token && grant.effect_id == *effect_id)
            && self.contains(effect_id)
    }

    /// Begins what [`Lane::may_start`] allows.
    pub(super) fn start(&mut self, effect_id: &EffectId, times: LaneTimes) {
        let until_ms = times.now_ms.saturating_add(times.lease_ms);
        if let Some(grant) = &mut self.grant {
            grant.lease.until_ms = until_ms;
        }
        self.due_ms = Some(until_ms);
        let Some(entry) = self.entry(effect_id) else {
            return;
        };
        entry.started = true;
        entry.started_at_ms = times.now_ms;
        if entry.item.supersedes.is_some() {
            let credit_ms = times.pace_ms * times.pace_ahead;
            self.paced_until_ms = self.paced_until_ms.max(times.now_ms - credit_ms) + times.pace_ms;
        }
    }

    /// Ends an attempt and goes on; `None` when the lease was lost. `kept` is the status that is kept of the item.
    pub(super) fn settle(
        &mut self,
        head: &Head,
        settlement: &Settlement,
        times: LaneTimes,
        token: String,
        kept: Option<DeliveryStatus>,
    ) -> Option<Next> {
        let effect_id = &head.item.effect_id;
        let is_blind = is_planted(Bug::SettleWithoutToken) && self.contains(effect_id);
        if !self.is_held_under(&head.lease.token) && !is_blind {
            return None;
        }
        match settlement {
            Settlement::Done { sent, .. } => self.finish(effect_id, head.item.revision, *sent),
            Settlement::Retry { due_ms } => self.put_back(effect_id, *due_ms, 1, 0),
            Settlement::Postpone { due_ms } => self.put_back(effect_id, *due_ms, 0, 0),
            Settlement::Unknown { due_ms } => self.put_back(effect_id, *due_ms, 1, 1),
        }
        self.heed(effect_id, kept);
        Some(self.serve(&head.lane, times, token))
    }

    /// Gives the lane back as if it had never been claimed; false when the lease was lost or the item begun.
    pub(super) fn release(&mut self, head: &Head, now_ms: UnixMs) -> bool {
        let is_begun = |entry: &Entry| entry.started && entry.item.effect_id == head.item.effect_id;
        if !self.is_held_under(&head.lease.token) || self.items.iter().any(is_begun) {
            return false;
        }
        self.rest(head.lane.kind, now_ms);
        true
    }

    /// A status of a provider item has come. True when the item was waiting for it, and left.
    pub(super) fn hear(&mut self, effect_id: &EffectId, status: DeliveryStatus, now_ms: UnixMs) -> bool {
        let revision = effect_id.revision();
        let is_asked_by = |entry: &Entry| entry.item.revision < revision;
        if status != DeliveryStatus::Failed && self.items.iter().any(is_asked_by) {
            self.last_sent_revision = self.last_sent_revision.max(revision);
        }
        let is_served = self
            .held(now_ms)
            .is_some_and(|grant| grant.effect_id == *effect_id);
        let Some(entry) = self.entry(effect_id) else {
            return false;
        };
        let is_lost = entry.started && !is_served;
        let rests_unknown = !entry.started && entry.phase() == Phase::Unknown;
        if !is_lost && !rests_unknown {
            return false;
        }
        let revision = entry.item.revision;
        self.finish(effect_id, revision, status != DeliveryStatus::Failed);
        let is_its_own = |grant: &Grant| grant.effect_id == *effect_id;
        if self.grant.as_ref().is_none_or(is_its_own) {
            self.rest(LaneKind::Provider, now_ms);
        }
        true
    }

    /// An item is over: it leaves the lane.
    fn finish(&mut self, effect_id: &EffectId, revision: u64, is_sent: bool) {
        self.items.retain(|entry| entry.item.effect_id != *effect_id);
        if is_sent {
            self.last_sent_revision = self.last_sent_revision.max(revision);
        }
    }

    fn put_back(&mut self, effect_id: &EffectId, due_ms: UnixMs, attempts: u32, unknowns: u32) {
        if let Some(entry) = self.entry(effect_id) {
            entry.started = false;
            entry.attempts += attempts;
            entry.unknowns += unknowns;
            entry.due_ms = due_ms;
        }
    }

    /// A status that was kept is the outcome of an item that would rest unknown.
    fn heed(&mut self, effect_id: &EffectId, kept: Option<DeliveryStatus>) {
        let unknown = self
            .entry(effect_id)
            .filter(|entry| entry.phase() == Phase::Unknown);
        let revision = unknown.map(|entry| entry.item.revision);
        if let (Some(status), Some(revision)) = (kept, revision) {
            self.finish(effect_id, revision, status != DeliveryStatus::Failed);
        }
    }

    /// Nobody serves the lane; it is due when its next item is.
    fn rest(&mut self, kind: LaneKind, now_ms: UnixMs) {
        self.grant = None;
        self.due_ms = match pick(&self.items, kind, self.paced_until_ms, now_ms) {
            Pick::Item(_) => Some(now_ms),
            Pick::Wait(at_ms) => Some(at_ms),
            Pick::Empty => None,
        };
    }

    /// Leases the lane for its next item, or lets it rest.
    fn serve(&mut self, id: &LaneId, times: LaneTimes, token: String) -> Next {
        let place = match pick(&self.items, id.kind, self.paced_until_ms, times.now_ms) {
            Pick::Item(place) => place,
            Pick::Wait(at_ms) => {
                self.rest(id.kind, times.now_ms);
                return Next::Wait(at_ms);
            }
            Pick::Empty => {
                self.rest(id.kind, times.now_ms);
                return Next::Empty;
            }
        };
        let lease = Lease {
            token,
            until_ms: times.now_ms.saturating_add(times.lease_ms),
        };
        let head = self.head(&self.items[place], id, lease);
        self.due_ms = Some(head.lease.until_ms);
        self.grant = Some(Grant {
            lease: head.lease.clone(),
            effect_id: head.item.effect_id.clone(),
        });
        Next::Serve(Box::new(head))
    }

    fn head(&self, entry: &Entry, id: &LaneId, lease: Lease) -> Head {
        let revision = entry.item.revision;
        let waits = |other: &Entry| other.item.revision > revision;
        Head {
            lane: id.clone(),
            lease,
            item: entry.item.clone(),
            phase: entry.phase(),
            attempts: entry.attempts,
            unknowns: entry.unknowns,
            started_at_ms: entry.started_at_ms,
            newer_exists: self.last_sent_revision > revision || self.items.iter().any(waits),
        }
    }
}
