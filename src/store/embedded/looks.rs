//! Looking at lanes in the file without touching them, for the person on call.

use super::keys;
use super::lane::LaneState;
use super::lanes::lane_of_due;
use super::table::Snapshot;
use crate::domain::ids::{EffectId, HomeId};
use crate::store::{DueLane, Error, LaneId, LaneLook, LanePage, UnixMs};

/// Lanes behind a place, and how many there are. Walks them all: a file has few.
pub(super) fn page(
    view: &Snapshot,
    after: Option<&DueLane>,
    limit: usize,
    now_ms: UnixMs,
) -> Result<LanePage, Error> {
    let mut page = LanePage::default();
    view.each(keys::DUE, None, |rest, _| {
        let place = lane_of_due(rest)?;
        page.total += 1;
        page.due += u64::from(place.due_ms <= now_ms);
        if page.lanes.len() < limit && after.is_none_or(|after| place > *after) {
            page.lanes.push(place);
        }
        Ok(true)
    })?;
    Ok(page)
}

/// What lies in a lane; one that was never written is empty.
pub(super) fn lane(view: &Snapshot, lane: &LaneId, limit: usize) -> Result<LaneLook, Error> {
    let state: Option<LaneState> = view.get(&keys::lane(lane))?;
    Ok(state.map(|state| state.look(limit)).unwrap_or_default())
}

/// The effect that was settled under a message key.
pub(super) fn effect_of(
    view: &Snapshot,
    home: &HomeId,
    message_key: &str,
    now_ms: UnixMs,
) -> Result<Option<EffectId>, Error> {
    view.get_alive(&keys::message(home, message_key), now_ms)
}
