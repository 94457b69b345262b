//! Which of a lane's items may be performed now: what passes what, and what blocks.

use sacola::store::{Class, Item, LaneKind, Phase, UnixMs};

/// An item in its lane, and how far it has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The item: its effect id, revision, body …
    pub item: Item,
    /// True while an attempt is under way, as far as the store knows.
    pub started: bool,
    /// Attempts that are over and did not settle it.
    pub attempts: u32,
    /// Those of them whose outcome is unknown.
    pub unknowns: u32,
    /// Not before this time.
    pub due_ms: UnixMs,
    /// When the last attempt began; 0: never.
    pub started_at_ms: UnixMs,
}

/// What the order of a lane allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pick {
    /// The item at this place.
    Item(usize),
    /// Nothing before this time.
    Wait(UnixMs),
    /// Nothing is left.
    Empty,
}

impl Entry {
    /// An item that nobody has touched.
    pub(super) fn new(item: Item) -> Self {
        Self {
            item,
            started: false,
            attempts: 0,
            unknowns: 0,
            due_ms: 0,
            started_at_ms: 0,
        }
    }

    /// As a head tells it; an item that is [started](Entry::started) keeps the phase that it was started in.
    pub fn phase(&self) -> Phase {
        if self.unknowns > 0 {
            Phase::Unknown
        } else {
            Phase::Queued
        }
    }

    /// True when others may pass it while it waits for its time.
    fn may_be_passed(&self, kind: LaneKind) -> bool {
        match kind {
            LaneKind::Provider => self.phase() == Phase::Unknown,
            LaneKind::Merchant => true,
        }
    }

    /// True when it may be performed although `earlier` waits for its time.
    fn passes(&self, earlier: &Self, kind: LaneKind) -> bool {
        match kind {
            LaneKind::Provider => {
                self.item.class == Class::Reply && self.item.revision != earlier.item.revision
            }
            LaneKind::Merchant => self.item.may_pass,
        }
    }

    /// Why it may not be performed now, everything else aside: its time, or the pace of superseding items, which what is to
    /// be reconciled does not keep.
    fn waits_until(&self, paced_until_ms: UnixMs, now_ms: UnixMs) -> Option<UnixMs> {
        let is_paced = self.item.supersedes.is_some() && self.phase() == Phase::Queued;
        if self.due_ms > now_ms {
            Some(self.due_ms)
        } else {
            (is_paced && paced_until_ms > now_ms).then_some(paced_until_ms)
        }
    }
}

/// The first item that may be performed now. What others may pass is set aside while it waits; what may not pass that stays
/// behind it; anything else that waits holds up all that follow.
pub(super) fn pick(items: &[Entry], kind: LaneKind, paced_until_ms: UnixMs, now_ms: UnixMs) -> Pick {
    let mut aside: Vec<&Entry> = Vec::new();
    let mut wait_ms = None;
    for (place, entry) in items.iter().enumerate() {
        if entry.due_ms > now_ms && entry.may_be_passed(kind) {
            aside.push(entry);
            continue;
        }
        if !aside.iter().all(|earlier| entry.passes(earlier, kind)) {
            continue;
        }
        wait_ms = entry.waits_until(paced_until_ms, now_ms);
        if wait_ms.is_none() {
            return Pick::Item(place);
        }
        break;
    }
    let times = aside.iter().map(|entry| entry.due_ms).chain(wait_ms);
    times.min().map_or(Pick::Empty, Pick::Wait)
}
