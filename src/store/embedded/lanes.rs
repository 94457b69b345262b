//! Lanes in the file: loads a [`LaneState`], lets it act, and keeps it with its place in the order of due times.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::budgets::Budgets;
use super::conversations::Conversation;
use super::keys;
use super::lane::{LaneState, Next};
use super::table::{Snapshot, View, Writing};
use crate::domain::ids::{EffectId, HomeId};
use crate::store::{
    Budget, ClaimOutcome, Class, DeliveryStatus, DueLane, Error, Head, LaneId, LaneKind, LaneTimes,
    SettleOutcome, Settlement, StartOutcome, StatusOutcome, StatusTarget, UnixMs,
};

/// Makes lease tokens that no other grant has, in this life of the program or another.
#[derive(Debug)]
pub(super) struct Tokens {
    life: u64,
    given: AtomicU64,
}

impl Tokens {
    pub(super) fn new() -> Result<Self, Error> {
        let life = getrandom::u64().map_err(|problem| Error::Unavailable(problem.to_string()))?;
        Ok(Self {
            life,
            given: AtomicU64::new(0),
        })
    }

    pub(super) fn next(&self) -> String {
        format!(
            "{:016x}-{}",
            self.life,
            self.given.fetch_add(1, Ordering::Relaxed)
        )
    }
}

/// A lane that was read and may have changed.
pub(super) struct Opened {
    lane: LaneId,
    before: LaneState,
    /// The status that is kept of the item in hand.
    kept: Option<DeliveryStatus>,
    /// What may be changed.
    pub(super) state: LaneState,
}

impl Opened {
    /// Reads a lane and the status of its item in hand; one that was never written is empty.
    pub(super) fn read<T>(view: &View<T>, lane: LaneId, now_ms: UnixMs) -> Result<Self, Error>
    where
        T: redb::ReadableTable<&'static str, &'static [u8]>,
    {
        let state: LaneState = view.get(&keys::lane(&lane))?.unwrap_or_default();
        let kept = match state.in_hand(lane.kind) {
            Some(effect_id) => kept_status(view, &keys::status(effect_id), now_ms)?,
            None => None,
        };
        Ok(Self {
            lane,
            before: state.clone(),
            kept,
            state,
        })
    }

    /// Which lane this is.
    pub(super) fn lane(&self) -> &LaneId {
        &self.lane
    }

    /// Asks for the lane.
    pub(super) fn claim(&mut self, times: LaneTimes, token: &str) -> Next {
        self.state.claim(&self.lane, times, token, self.kept)
    }

    /// Writes the lane and its due time, if they changed.
    pub(super) fn save(&self, view: &mut Writing<'_>) -> Result<(), Error> {
        if self.state == self.before {
            return Ok(());
        }
        let (was, is) = (self.before.due_ms(), self.state.due_ms());
        if was != is {
            if let Some(at_ms) = was {
                view.remove(&keys::due(at_ms, &self.lane))?;
            }
            if let Some(at_ms) = is {
                view.put(&keys::due(at_ms, &self.lane), &())?;
            }
        }
        view.put(&keys::lane(&self.lane), &self.state)
    }
}

fn kept_status<T>(view: &View<T>, key: &str, now_ms: UnixMs) -> Result<Option<DeliveryStatus>, Error>
where
    T: redb::ReadableTable<&'static str, &'static [u8]>,
{
    let Some(level) = view.get_alive::<u8>(key, now_ms)? else {
        return Ok(None);
    };
    let status = DeliveryStatus::of_level(level);
    status.map(Some).ok_or_else(|| Error::Corrupt {
        key: key.to_owned(),
        problem: format!("no status: {level}"),
    })
}

/// Reads a row of the index of due lanes.
pub(super) fn lane_of_due(rest: &str) -> Result<DueLane, Error> {
    parts_of_due(rest).ok_or_else(|| Error::Corrupt {
        key: rest.to_owned(),
        problem: "no lane's due time".to_owned(),
    })
}

fn parts_of_due(rest: &str) -> Option<DueLane> {
    let (time, place) = rest.split_once('/')?;
    let due_ms = time.parse().ok()?;
    let (home, kind) = match place.strip_suffix('p') {
        Some(home) => (home, LaneKind::Provider),
        None => (place.strip_suffix('m')?, LaneKind::Merchant),
    };
    let lane = LaneId {
        home: HomeId::new(home),
        kind,
    };
    Some(DueLane { lane, due_ms })
}

/// Lanes whose time has come, oldest first.
pub(super) fn due(view: &Snapshot, now_ms: UnixMs, limit: usize) -> Result<Vec<LaneId>, Error> {
    let mut found = Vec::new();
    view.each(keys::DUE, None, |rest, _| {
        let place = lane_of_due(rest)?;
        if place.due_ms > now_ms || found.len() >= limit {
            return Ok(false);
        }
        found.push(place.lane);
        Ok(true)
    })?;
    Ok(found)
}

/// Asks for a lane.
pub(super) fn claim(
    view: &mut Writing<'_>,
    lane: &LaneId,
    times: LaneTimes,
    token: &str,
) -> Result<ClaimOutcome, Error> {
    let mut opened = Opened::read(view, lane.clone(), times.now_ms)?;
    let next = opened.claim(times, token);
    opened.save(view)?;
    Ok(match next {
        Next::Serve(head) => ClaimOutcome::Claimed(head),
        Next::Wait(at_ms) => ClaimOutcome::Wait(at_ms),
        Next::Empty => ClaimOutcome::Empty,
    })
}

/// What [`start`] takes from.
pub(super) struct Purse<'a> {
    /// The limits that are kept.
    pub(super) kept: &'a Mutex<Budgets>,
    /// Those that this start needs.
    pub(super) needed: &'a [Budget],
    /// On whose behalf.
    pub(super) class: Class,
}

/// Takes the budgets, marks the item as begun and renews the lease.
pub(super) fn start(
    view: &mut Writing<'_>,
    head: &Head,
    purse: &Purse<'_>,
    times: LaneTimes,
) -> Result<StartOutcome, Error> {
    let mut opened = Opened::read(view, head.lane.clone(), times.now_ms)?;
    let conversation: Option<Conversation> = view.get(&keys::conversation(&head.lane.home))?;
    if !opened
        .state
        .may_start(&head.lease.token, &head.item.effect_id, times.now_ms)
    {
        return Ok(StartOutcome::LeaseLost);
    }
    let mut kept = purse.kept.lock().unwrap_or_else(PoisonError::into_inner);
    if let Err((until_ms, budget)) = kept.take(purse.needed, purse.class, times.now_ms) {
        return Ok(StartOutcome::Refused { until_ms, budget });
    }
    drop(kept);
    opened.state.start(&head.item.effect_id, times);
    opened.save(view)?;
    Ok(StartOutcome::Started {
        window_open_until_ms: conversation.map_or(0, |found| found.window_open_until_ms),
    })
}

/// Ends an attempt and claims the next item. A message key is kept for `kept_ms`.
pub(super) fn settle(
    view: &mut Writing<'_>,
    head: &Head,
    settlement: &Settlement,
    times: LaneTimes,
    token: &str,
    kept_ms: i64,
) -> Result<SettleOutcome, Error> {
    let mut opened = Opened::read(view, head.lane.clone(), times.now_ms)?;
    let Some(next) = opened.state.settle(head, settlement, times, token, opened.kept) else {
        return Ok(SettleOutcome::LeaseLost);
    };
    if let Settlement::Done {
        message_key: Some(message_key),
        ..
    } = settlement
    {
        let key = keys::message(&head.lane.home, message_key);
        view.put_until(&key, &head.item.effect_id, times.now_ms.saturating_add(kept_ms))?;
    }
    opened.save(view)?;
    Ok(match next {
        Next::Serve(head) => SettleOutcome::Next(head),
        Next::Wait(at_ms) => SettleOutcome::Wait(at_ms),
        Next::Empty => SettleOutcome::Empty,
    })
}

/// Gives back a lane whose item was not started.
pub(super) fn release(view: &mut Writing<'_>, head: &Head, now_ms: UnixMs) -> Result<bool, Error> {
    let mut opened = Opened::read(view, head.lane.clone(), now_ms)?;
    let released = opened.state.release(head.lane.kind, &head.lease.token, now_ms);
    opened.save(view)?;
    Ok(released)
}

/// Records a delivery status, for `kept_ms`, and ends the wait for it.
pub(super) fn record_status(
    view: &mut Writing<'_>,
    target: &StatusTarget,
    status: DeliveryStatus,
    now_ms: UnixMs,
    kept_ms: i64,
) -> Result<StatusOutcome, Error> {
    let effect_id = match target {
        StatusTarget::Effect(effect_id) => Some(effect_id.clone()),
        StatusTarget::Message { home, message_key } => {
            view.get_alive::<EffectId>(&keys::message(home, message_key), now_ms)?
        }
    };
    // An id that names no conversation is not one of ours.
    let Some((effect_id, home)) = effect_id.and_then(|id| id.home().map(|home| (id, home))) else {
        return Ok(StatusOutcome::default());
    };
    let key = keys::status(&effect_id);
    let kept = kept_status(view, &key, now_ms)?;
    let joined = kept.map_or(status, |kept| kept.join(status));
    let raised = kept != Some(joined);
    let mut opened = Opened::read(
        view,
        LaneId {
            home,
            kind: LaneKind::Provider,
        },
        now_ms,
    )?;
    let settled = opened
        .state
        .on_status(LaneKind::Provider, &effect_id, status, now_ms);
    if raised {
        view.put_until(&key, &joined.level(), now_ms.saturating_add(kept_ms))?;
    }
    opened.save(view)?;
    Ok(StatusOutcome {
        effect_id: Some(effect_id),
        raised,
        settled,
    })
}
