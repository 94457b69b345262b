//! Looking at lanes in the file without touching them, for the person on call.

use super::keys;
use super::lane::LaneState;
use super::lanes::lane_of_due;
use super::table::Snapshot;
use crate::domain::ids::{EffectId, HomeId};
use crate::store::looks::Spread;
use crate::store::{DueLane, Error, LaneId, LaneLook, LanePage, LaneTotals, UnixMs};

/// Most lanes that counting walks, the earliest first: that number stands for more too.
const WALKED: u32 = 50_000;
/// Most lanes that counting reads, to tell those that wait from those that are served.
const LOOKED_AT: usize = 1_000;

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

/// Lanes by kind and by what they wait for. The index tells which are due; of the others so many are looked at, from all over: leases end
/// soon, so those leased come first.
pub(super) fn totals(view: &Snapshot, now_ms: UnixMs) -> Result<LaneTotals, Error> {
    let (mut totals, mut walked) = (LaneTotals::default(), 0);
    let mut others = Spread::of(LOOKED_AT);
    view.each(keys::DUE, None, |rest, _| {
        let place = lane_of_due(rest)?;
        walked += 1;
        if place.due_ms <= now_ms {
            let of_kind = totals.of_kind(place.lane.kind);
            of_kind.due += 1;
            of_kind.oldest_due_ms.get_or_insert(place.due_ms);
        } else {
            others.add(place.lane);
        }
        Ok(walked < WALKED)
    })?;
    let (looked_at, others) = others.into_kept();
    for lane in &looked_at {
        let state: Option<LaneState> = view.get(&keys::lane(lane))?;
        let of_kind = totals.of_kind(lane.kind);
        if state.is_some_and(|state| state.held_until(now_ms).is_some()) {
            of_kind.leased += 1;
        } else {
            of_kind.later += 1;
        }
    }
    totals.spread(0, u64::try_from(others).unwrap_or(u64::MAX));
    Ok(totals)
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
