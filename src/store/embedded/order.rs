//! The order in which a lane's items are served: what may pass what, and what blocks. Pure; it refuses to know leases.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::ids::EffectId;
use crate::store::{Class, Item, ItemLook, LaneKind, Phase, UnixMs};

/// One item and how far it has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) effect_id: EffectId,
    pub(super) revision: u64,
    pub(super) bulk: bool,
    pub(super) supersedes: Option<String>,
    pub(super) may_pass: bool,
    pub(super) body: String,
    pub(super) started: bool,
    pub(super) attempts: u32,
    pub(super) unknowns: u32,
    pub(super) due_ms: UnixMs,
    pub(super) started_at_ms: UnixMs,
}

impl Entry {
    /// An item that nobody has touched.
    pub(super) fn new(item: Item) -> Self {
        Self {
            effect_id: item.effect_id,
            revision: item.revision,
            bulk: item.class == Class::Bulk,
            supersedes: item.supersedes,
            may_pass: item.may_pass,
            body: item.body,
            started: false,
            attempts: 0,
            unknowns: 0,
            due_ms: 0,
            started_at_ms: 0,
        }
    }

    /// True when an attempt may have happened: nothing but a status or its performer's word ends that.
    pub(super) fn is_unknown(&self) -> bool {
        self.unknowns > 0
    }

    /// How far it has come.
    pub(super) fn phase(&self) -> Phase {
        if self.is_unknown() {
            Phase::Unknown
        } else {
            Phase::Queued
        }
    }

    /// The item as somebody sees it who only looks.
    pub(super) fn look(&self) -> ItemLook {
        ItemLook {
            item: self.item(),
            phase: self.phase(),
            is_started: self.started,
            attempts: self.attempts,
            unknowns: self.unknowns,
            due_ms: self.due_ms,
            started_at_ms: self.started_at_ms,
        }
    }

    /// The item as it was appended.
    pub(super) fn item(&self) -> Item {
        Item {
            effect_id: self.effect_id.clone(),
            revision: self.revision,
            class: if self.bulk { Class::Bulk } else { Class::Reply },
            supersedes: self.supersedes.clone(),
            may_pass: self.may_pass,
            body: self.body.clone(),
        }
    }
}

/// What the rule of order finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pick {
    /// The item at this place.
    Item(usize),
    Wait(UnixMs),
    Empty,
}

/// The rule of order. A provider item of unknown outcome is set aside until it is due: replies to later messages may pass
/// it, items of its own revision and bulk may not. A merchant item is set aside whenever it is not due: what is marked so
/// may pass it. Everything else blocks what lies behind it.
pub(super) fn pick(items: &[Entry], kind: LaneKind, paced_until_ms: UnixMs, now_ms: UnixMs) -> Pick {
    let mut held = BTreeSet::new();
    let mut wake_ms: Option<UnixMs> = None;
    let sooner = |wake_ms: Option<UnixMs>, at_ms: UnixMs| wake_ms.map_or(at_ms, |set| set.min(at_ms));
    for (place, entry) in items.iter().enumerate() {
        let set_aside = kind == LaneKind::Merchant || entry.is_unknown();
        if set_aside && entry.due_ms > now_ms {
            held.insert(entry.revision);
            wake_ms = Some(sooner(wake_ms, entry.due_ms));
            continue;
        }
        let stays = match kind {
            LaneKind::Provider => held.contains(&entry.revision) || (entry.bulk && !held.is_empty()),
            LaneKind::Merchant => !entry.may_pass && !held.is_empty(),
        };
        if stays {
            continue;
        }
        if entry.due_ms > now_ms {
            return Pick::Wait(sooner(wake_ms, entry.due_ms));
        }
        if !entry.is_unknown() && entry.supersedes.is_some() && paced_until_ms > now_ms {
            return Pick::Wait(sooner(wake_ms, paced_until_ms));
        }
        return Pick::Item(place);
    }
    wake_ms.map_or(Pick::Empty, Pick::Wait)
}
