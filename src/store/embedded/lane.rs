//! What a lane does, without I/O: the reference for what both engines mean by append, claim, start, settle and status.
//! It owns the order of items, the lease and the time when the lane may next be served; it refuses to know budgets,
//! revisions of conversations and where a lane is kept.

use serde::{Deserialize, Serialize};

use super::order::{Entry, Pick, pick};
use crate::domain::ids::EffectId;
use crate::store::{
    DeliveryStatus, Head, Item, LaneId, LaneKind, LaneLook, LaneTimes, Lease, Settlement, UnixMs,
};

/// One lane as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LaneState {
    /// What is to be done, in order.
    items: Vec<Entry>,
    /// Who serves it.
    lease: Option<Grant>,
    /// The highest revision of which an item reached the outside.
    last_sent_revision: u64,
    /// Until when no superseding item is begun.
    paced_until_ms: UnixMs,
    /// When the lane is to be looked at: the end of the lease, or when something may be done; `None`: never.
    due_ms: Option<UnixMs>,
}

/// A lease that was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Grant {
    token: String,
    until_ms: UnixMs,
    effect_id: EffectId,
}

/// What is to be done with a lane next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// This, by the caller, who now holds the lane.
    Serve(Box<Head>),
    /// Nothing before this time.
    Wait(UnixMs),
    /// Nothing at all.
    Empty,
}

impl LaneState {
    /// When the lane is to be looked at; `None`: never.
    pub(super) fn due_ms(&self) -> Option<UnixMs> {
        self.due_ms
    }

    /// The lane as it is, with the first items.
    pub(super) fn look(&self, limit: usize) -> LaneLook {
        LaneLook {
            length: self.items.len(),
            lease_until_ms: self.lease.as_ref().map(|grant| grant.until_ms),
            items: self.items.iter().take(limit).map(Entry::look).collect(),
        }
    }

    /// Puts an item at the end and removes what it supersedes. Call [`LaneState::claim`] after the last one, if the lane is
    /// free.
    pub(super) fn append(&mut self, item: Item, now_ms: UnixMs) {
        if let Some(key) = &item.supersedes {
            let live = self.lease.as_ref().filter(|grant| grant.until_ms > now_ms);
            let picked = live.map(|grant| &grant.effect_id);
            self.items.retain(|entry| {
                entry.supersedes.as_ref() != Some(key)
                    || entry.started
                    || entry.is_unknown()
                    || picked == Some(&entry.effect_id)
            });
        }
        self.items.push(Entry::new(item));
    }

    /// When the lease ends under which somebody holds the lane now; `None`: it is free.
    pub(super) fn held_until(&self, now_ms: UnixMs) -> Option<UnixMs> {
        self.lease
            .as_ref()
            .map(|grant| grant.until_ms)
            .filter(|until_ms| *until_ms > now_ms)
    }

    /// The effect of which [`LaneState::claim`] and [`LaneState::settle`] want the status that is kept: the provider item under
    /// the lease, live or ended. A merchant's items have no statuses.
    pub(super) fn in_hand(&self, kind: LaneKind) -> Option<&EffectId> {
        let grant = self.lease.as_ref().filter(|_| kind == LaneKind::Provider)?;
        Some(&grant.effect_id)
    }

    /// Asks for the lane. An item that was begun under an ended lease becomes unknown first, or leaves the lane when a status
    /// of it is kept.
    pub(super) fn claim(
        &mut self,
        lane: &LaneId,
        times: LaneTimes,
        token: &str,
        kept: Option<DeliveryStatus>,
    ) -> Next {
        if let Some(until_ms) = self.held_until(times.now_ms) {
            return Next::Wait(until_ms);
        }
        if let Some(grant) = self.lease.take() {
            self.lose(&grant, lane.kind, times, kept);
        }
        self.serve_next(lane, times, token)
    }

    /// True when `token` holds the lane now, for this item, and the item is still in it.
    pub(super) fn may_start(&self, token: &str, effect_id: &EffectId, now_ms: UnixMs) -> bool {
        let serves =
            |grant: &Grant| grant.token == token && grant.until_ms > now_ms && grant.effect_id == *effect_id;
        self.lease.as_ref().is_some_and(serves)
            && self.items.iter().any(|entry| entry.effect_id == *effect_id)
    }

    /// Marks an item as begun and renews the lease; ask [`LaneState::may_start`] before.
    pub(super) fn start(&mut self, effect_id: &EffectId, times: LaneTimes) {
        let Some(entry) = self.entry_mut(effect_id) else {
            return;
        };
        entry.started = true;
        entry.started_at_ms = times.now_ms;
        if entry.supersedes.is_some() {
            self.paced_until_ms = times.paced_until_ms(self.paced_until_ms);
        }
        if let Some(grant) = &mut self.lease {
            grant.until_ms = times.now_ms.saturating_add(times.lease_ms);
            self.due_ms = Some(grant.until_ms);
        }
    }

    /// Ends an attempt and goes on under a new token, so that no attempt is settled twice; `None` when `head` was given under
    /// another lease. An item that would rest unknown leaves the lane when a status of it is kept.
    pub(super) fn settle(
        &mut self,
        head: &Head,
        settlement: &Settlement,
        times: LaneTimes,
        token: &str,
        kept: Option<DeliveryStatus>,
    ) -> Option<Next> {
        if !self.is_held_by(&head.lease.token) {
            return None;
        }
        let effect_id = &head.item.effect_id;
        match settlement {
            Settlement::Done { sent, .. } => {
                self.items.retain(|entry| entry.effect_id != *effect_id);
                if *sent {
                    self.last_sent_revision = self.last_sent_revision.max(head.item.revision);
                }
            }
            // What was not tried, or did not happen this time, is as unknown as it was.
            Settlement::Retry { due_ms } => self.put_back(effect_id, *due_ms, 1, 0),
            Settlement::Postpone { due_ms } => self.put_back(effect_id, *due_ms, 0, 0),
            Settlement::Unknown { due_ms } => self.put_back(effect_id, *due_ms, 1, 1),
        }
        self.heed(effect_id, kept);
        Some(self.serve_next(&head.lane, times, token))
    }

    /// Gives the lane back for whoever asks next; false when `token` does not hold it or its item is begun.
    pub(super) fn release(&mut self, kind: LaneKind, token: &str, now_ms: UnixMs) -> bool {
        let Some(grant) = self.lease.as_ref().filter(|grant| grant.token == token) else {
            return false;
        };
        let is_begun = |entry: &Entry| entry.started && entry.effect_id == grant.effect_id;
        if self.items.iter().any(is_begun) {
            return false;
        }
        self.lease = None;
        self.rest(kind, now_ms);
        true
    }

    /// A status of this effect has come: an item whose outcome was unknown leaves the lane, and whoever was about to
    /// reconcile it loses the lane. An attempt that is under way goes on; keep the status for [`LaneState::claim`] and
    /// [`LaneState::settle`]. False when nothing waited for the status.
    pub(super) fn on_status(
        &mut self,
        kind: LaneKind,
        effect_id: &EffectId,
        status: DeliveryStatus,
        now_ms: UnixMs,
    ) -> bool {
        self.note_reached(effect_id, status);
        let is_current = self
            .lease
            .as_ref()
            .is_some_and(|grant| grant.effect_id == *effect_id);
        let is_served = is_current && self.held_until(now_ms).is_some();
        let Some(entry) = self.entry_mut(effect_id) else {
            return false;
        };
        let waits = if entry.started {
            !is_served
        } else {
            entry.is_unknown()
        };
        if !waits {
            return false;
        }
        let revision = entry.revision;
        self.finish(effect_id, revision, status);
        if is_current {
            self.lease = None;
        }
        if self.lease.is_none() {
            self.rest(kind, now_ms);
        }
        true
    }

    /// A lane that nobody holds is looked at when the rule of order says so.
    fn rest(&mut self, kind: LaneKind, now_ms: UnixMs) {
        self.due_ms = match pick(&self.items, kind, self.paced_until_ms, now_ms) {
            Pick::Item(_) => Some(now_ms),
            Pick::Wait(at_ms) => Some(at_ms),
            Pick::Empty => None,
        };
    }

    /// Any status but a failure proves that a message reached the outside. It is noted when it is told and not when the item
    /// leaves, so that the order of statuses makes no difference; without an earlier item nobody will ask, and an ordinary
    /// status writes no lane.
    fn note_reached(&mut self, effect_id: &EffectId, status: DeliveryStatus) {
        let revision = effect_id.revision();
        let may_matter = self.items.iter().any(|entry| entry.revision < revision);
        if status != DeliveryStatus::Failed && may_matter {
            self.last_sent_revision = self.last_sent_revision.max(revision);
        }
    }

    fn is_held_by(&self, token: &str) -> bool {
        self.lease.as_ref().is_some_and(|grant| grant.token == token)
    }

    fn entry_mut(&mut self, effect_id: &EffectId) -> Option<&mut Entry> {
        self.items.iter_mut().find(|entry| entry.effect_id == *effect_id)
    }

    fn put_back(&mut self, effect_id: &EffectId, due_ms: UnixMs, attempts: u32, unknowns: u32) {
        let Some(entry) = self.entry_mut(effect_id) else {
            return;
        };
        entry.started = false;
        entry.attempts = entry.attempts.saturating_add(attempts);
        entry.unknowns = entry.unknowns.saturating_add(unknowns);
        entry.due_ms = due_ms;
    }

    fn lose(&mut self, grant: &Grant, kind: LaneKind, times: LaneTimes, kept: Option<DeliveryStatus>) {
        let Some(entry) = self.entry_mut(&grant.effect_id).filter(|entry| entry.started) else {
            return;
        };
        entry.started = false;
        entry.attempts = entry.attempts.saturating_add(1);
        entry.unknowns = entry.unknowns.saturating_add(1);
        entry.due_ms = match kind {
            LaneKind::Provider => entry.started_at_ms.saturating_add(times.unknown_hold_ms),
            LaneKind::Merchant => times.now_ms,
        };
        self.heed(&grant.effect_id, kept);
    }

    /// A status that was kept tells what became of an item that is unknown otherwise.
    fn heed(&mut self, effect_id: &EffectId, kept: Option<DeliveryStatus>) {
        let unknown = self.entry_mut(effect_id).filter(|entry| entry.is_unknown());
        if let (Some(status), Some(revision)) = (kept, unknown.map(|entry| entry.revision)) {
            self.finish(effect_id, revision, status);
        }
    }

    /// A status has told what became of an item: it leaves the lane, as sent unless it failed.
    fn finish(&mut self, effect_id: &EffectId, revision: u64, status: DeliveryStatus) {
        self.items.retain(|entry| entry.effect_id != *effect_id);
        if status != DeliveryStatus::Failed {
            self.last_sent_revision = self.last_sent_revision.max(revision);
        }
    }

    fn serve_next(&mut self, lane: &LaneId, times: LaneTimes, token: &str) -> Next {
        self.lease = None;
        match pick(&self.items, lane.kind, self.paced_until_ms, times.now_ms) {
            Pick::Item(place) => {
                let lease = Lease {
                    token: token.to_owned(),
                    until_ms: times.now_ms.saturating_add(times.lease_ms),
                };
                match self.head(place, lane, &lease) {
                    Some(head) => self.grant(head, lease),
                    None => Next::Empty,
                }
            }
            Pick::Wait(at_ms) => {
                self.due_ms = Some(at_ms);
                Next::Wait(at_ms)
            }
            Pick::Empty => {
                self.due_ms = None;
                Next::Empty
            }
        }
    }

    fn grant(&mut self, head: Head, lease: Lease) -> Next {
        self.due_ms = Some(lease.until_ms);
        let effect_id = head.item.effect_id.clone();
        self.lease = Some(Grant {
            token: lease.token,
            until_ms: lease.until_ms,
            effect_id,
        });
        Next::Serve(Box::new(head))
    }

    fn head(&self, place: usize, lane: &LaneId, lease: &Lease) -> Option<Head> {
        let entry = self.items.get(place)?;
        let newer_waits = self.items.iter().any(|other| other.revision > entry.revision);
        Some(Head {
            lane: lane.clone(),
            lease: lease.clone(),
            item: entry.item(),
            phase: entry.phase(),
            attempts: entry.attempts,
            unknowns: entry.unknowns,
            started_at_ms: entry.started_at_ms,
            newer_exists: newer_waits || self.last_sent_revision > entry.revision,
        })
    }
}

#[cfg(test)]
#[path = "lane_tests.rs"]
mod tests;
