//! Erasing in the file: a conversation with all that is its own, in one transaction. It refuses to search: who erases says what
//! else goes.

use super::conversations::{Tombstone, revision_of};
use super::keys;
use super::lane::LaneState;
use super::table::Writing;
use crate::domain::ids::HomeId;
use crate::store::{EraseOutcome, Erasure, Error, LaneId, LaneKind, Place, Removed};

/// Removes a conversation and leaves its tombstone. All objections come before the first write.
pub(super) fn erase(view: &mut Writing<'_>, erasure: &Erasure) -> Result<EraseOutcome, Error> {
    let home = &erasure.home;
    if revision_of(view, home, erasure.at_ms)? != erasure.expected_revision {
        return Ok(EraseOutcome::Conflict);
    }
    let mut lanes: Vec<(LaneId, LaneState)> = Vec::new();
    for kind in [LaneKind::Provider, LaneKind::Merchant] {
        let lane = LaneId {
            home: home.clone(),
            kind,
        };
        let state: Option<LaneState> = view.get(&keys::lane(&lane))?;
        lanes.extend(state.map(|state| (lane, state)));
    }
    let mut removed = Removed::default();
    for (lane, state) in lanes {
        removed.lane_items += u64::try_from(state.look(0).length).unwrap_or(u64::MAX);
        if let Some(at_ms) = state.due_ms() {
            view.remove(&keys::due(at_ms, &lane))?;
        }
        view.remove(&keys::lane(&lane))?;
    }
    removed.journal_entries = cleared(view, &keys::journal(home))?;
    for day in &erasure.days {
        removed.marks += cleared(view, &keys::seen(home, *day))?;
    }
    for interest in &erasure.interest {
        let row = format!("{}{home}", keys::interest(home.shard(), interest));
        removed.interest += u64::from(view.remove(&row)?);
    }
    removed.conversations = u64::from(view.remove(&keys::conversation(home))?);
    if let Some(leads_to) = &erasure.alias_of {
        let alias = keys::alias(home);
        let led_to: Option<HomeId> = view.get(&alias)?;
        if led_to.as_ref() == Some(leads_to) {
            removed.aliases = u64::from(view.remove(&alias)?);
        }
    }
    let tombstone = Tombstone {
        revision: erasure.revision,
        at_ms: erasure.at_ms,
    };
    view.put_until(&keys::tombstone(home), &tombstone, erasure.until_ms)?;
    Ok(EraseOutcome::Erased(removed))
}

fn cleared(view: &mut Writing<'_>, prefix: &str) -> Result<u64, Error> {
    let rows = view.count(prefix)?;
    if rows > 0 {
        view.clear(prefix)?;
    }
    Ok(rows)
}

/// Removes what may be forgotten.
pub(super) fn forget(view: &mut Writing<'_>, places: &[Place]) -> Result<(), Error> {
    for place in places.iter().filter(|place| place.is_forgettable()) {
        view.remove(&place.row)?;
    }
    Ok(())
}
