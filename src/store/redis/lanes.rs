//! Lanes and budgets: claim, start, settle, and what is due. The rules are in `scripts/lane.lua`; each call is one script.

use std::collections::BTreeSet;

use redis::Value;
use serde_json::json;

use crate::domain::ids::HomeId;
use crate::store::{
    Budget, ClaimOutcome, Class, DeliveryStatus, Error, Head, LaneId, LaneKind, LaneTimes, SettleOutcome,
    Settlement, StartOutcome, StatusOutcome, StatusTarget, UnixMs,
};

use super::Inner;
use super::error::{corrupt, reading};
use super::served::{Served, exact};
use super::shards;
use super::values::{Reply, read};

impl Inner {
    /// Each shard answers for itself: one whose server is away, or that can't be read, hides no other.
    pub(super) async fn due_lanes(&self, now_ms: UnixMs, limit: usize) -> Result<Vec<LaneId>, Error> {
        let mut commands = Vec::new();
        for shard in shards::all() {
            let mut command = redis::cmd("ZRANGEBYSCORE");
            command
                .arg(self.keys.due(shard))
                .arg("-inf")
                .arg(exact(now_ms))
                .arg("WITHSCORES");
            command.arg("LIMIT").arg(0).arg(limit);
            commands.push(command);
        }
        let asked = commands.len();
        let (mut due, mut failed, mut first) = (BTreeSet::new(), 0, None);
        for answer in self.net.each(commands).await {
            match reading(answer).and_then(due_in) {
                Ok(some) => due.extend(some),
                Err(error) => {
                    failed += 1;
                    first.get_or_insert(error);
                }
            }
        }
        if let Some(error) = first {
            if failed == asked {
                return Err(error);
            }
            tracing::warn!(%error, shards = failed, "shards were left out of the look for due lanes");
        }
        Ok(due.into_iter().map(|(_, lane)| lane).take(limit).collect())
    }

    pub(super) async fn claim(&self, lane: &LaneId, times: LaneTimes) -> Result<ClaimOutcome, Error> {
        let keys = self.keys.lane(lane);
        let slot = keys.due.clone();
        let request = json!({
            "lane": keys, "now": exact(times.now_ms), "lease": times.lease_ms,
            "hold": times.unknown_hold_ms, "token": self.tokens.fresh(),
        });
        let call = self.scripts.claim.call(vec![slot], vec![request.to_string()]);
        match Served::read(self.net.script(call).await?, lane)? {
            Served::Head(head) => Ok(ClaimOutcome::Claimed(head)),
            Served::Wait(until) => Ok(ClaimOutcome::Wait(until)),
            Served::Empty => Ok(ClaimOutcome::Empty),
            Served::NotOurs => Err(corrupt("claim", "an answer that does not belong to it")),
        }
    }

    /// Confirmed, and with it all that was written to this server before: what only the primary has is not performed, and a
    /// replica that takes over knows what was begun. On one server budgets and mark are one script. On a cluster each budget has
    /// a slot of its own, so they are taken first and the item is marked in a second trip: a unit may be lost when the lease is,
    /// the limit is never passed.
    pub(super) async fn start(
        &self,
        head: &Head,
        budgets: &[Budget],
        class: Class,
        times: LaneTimes,
    ) -> Result<StartOutcome, Error> {
        let mut together = budgets;
        if self.net.is_cluster() && !budgets.is_empty() {
            if let Some((until_ms, budget)) = self.take_apart(budgets, class, times.now_ms).await? {
                return Ok(StartOutcome::Refused { until_ms, budget });
            }
            together = &[];
        }
        let keys = self.keys.lane(&head.lane);
        let slot = keys.due.clone();
        let request = json!({
            "lane": keys, "token": head.lease.token, "id": head.item.effect_id.as_str(),
            "conv": self.keys.conversation(&head.lane.home), "now": exact(times.now_ms), "lease": times.lease_ms,
            "pace": times.pace_ms, "ahead": times.pace_ahead, "budgets": self.described(together), "bulk": class == Class::Bulk,
        });
        let call = self.scripts.start.call(vec![slot], vec![request.to_string()]);
        let mut reply = Reply::of(self.confirmed_script(call).await?, "start")?;
        let kind: String = reply.part()?;
        match kind.as_str() {
            "ok" => Ok(StartOutcome::Started {
                window_open_until_ms: reply.part()?,
            }),
            "refused" => Ok(StartOutcome::Refused {
                until_ms: reply.part()?,
                budget: reply.part()?,
            }),
            "lost" => Ok(StartOutcome::LeaseLost),
            other => Err(corrupt("start", format!("unknown answer {other}"))),
        }
    }

    async fn take_apart(
        &self,
        budgets: &[Budget],
        class: Class,
        now_ms: UnixMs,
    ) -> Result<Option<(UnixMs, usize)>, Error> {
        let mut calls = Vec::with_capacity(budgets.len());
        for budget in budgets {
            let one = std::slice::from_ref(budget);
            let request = json!({
                "budgets": self.described(one), "now": exact(now_ms), "bulk": class == Class::Bulk,
            });
            calls.push(
                self.scripts
                    .take
                    .call(vec![self.keys.budget(&budget.key)], vec![request.to_string()]),
            );
        }
        let mut refused = None;
        for (place, answer) in self.net.scripts(&calls).await.into_iter().enumerate() {
            let until: i64 = read(answer?, "budget")?;
            if until >= 0 {
                refused = refused.max(Some((until, place)));
            }
        }
        Ok(refused)
    }

    fn described(&self, budgets: &[Budget]) -> Vec<serde_json::Value> {
        let describe = |budget: &Budget| {
            json!({
                "key": self.keys.budget(&budget.key), "interval": budget.interval_us, "burst": budget.burst,
            })
        };
        budgets.iter().map(describe).collect()
    }

    pub(super) async fn settle(
        &self,
        head: &Head,
        settlement: Settlement,
        times: LaneTimes,
    ) -> Result<SettleOutcome, Error> {
        let keys = self.keys.lane(&head.lane);
        let slot = keys.due.clone();
        let (how, due, sent, message_key) = match settlement {
            Settlement::Done { sent, message_key } => ("done", 0, sent, message_key),
            Settlement::Retry { due_ms } => ("retry", due_ms, false, None),
            Settlement::Postpone { due_ms } => ("postpone", due_ms, false, None),
            Settlement::Unknown { due_ms } => ("unknown", due_ms, false, None),
        };
        let mut request = json!({
            "lane": keys, "token": head.lease.token, "id": head.item.effect_id.as_str(),
            "rev": head.item.revision, "how": how, "due": exact(due), "sent": sent,
            "now": exact(times.now_ms), "lease": times.lease_ms, "next": self.tokens.fresh(),
            "kept_s": self.retention.statuses_ms() / 1_000,
        });
        if let (Some(key), Some(fields)) = (message_key, request.as_object_mut()) {
            fields.insert(
                "message".to_owned(),
                json!(self.keys.message(&head.lane.home, &key)),
            );
        }
        let call = self.scripts.settle.call(vec![slot], vec![request.to_string()]);
        match Served::read(self.net.script(call).await?, &head.lane)? {
            Served::Head(head) => Ok(SettleOutcome::Next(head)),
            Served::Wait(until) => Ok(SettleOutcome::Wait(until)),
            Served::Empty => Ok(SettleOutcome::Empty),
            Served::NotOurs => Ok(SettleOutcome::LeaseLost),
        }
    }

    pub(super) async fn release(&self, head: &Head, now_ms: UnixMs) -> Result<bool, Error> {
        let keys = self.keys.lane(&head.lane);
        let slot = keys.due.clone();
        let request = json!({ "lane": keys, "token": head.lease.token, "now": exact(now_ms) });
        let call = self.scripts.release.call(vec![slot], vec![request.to_string()]);
        let released: i64 = read(self.net.script(call).await?, "release")?;
        Ok(released == 1)
    }

    pub(super) async fn debit(&self, budget: &Budget, units: u32, now_ms: UnixMs) -> Result<(), Error> {
        let described = self.described(std::slice::from_ref(budget)).pop();
        let request = json!({ "budget": described, "units": units, "now": exact(now_ms) });
        let key = self.keys.budget(&budget.key);
        let call = self.scripts.debit.call(vec![key], vec![request.to_string()]);
        self.net.script(call).await.map(drop)
    }

    pub(super) async fn record_status(
        &self,
        target: &StatusTarget,
        status: DeliveryStatus,
        now_ms: UnixMs,
    ) -> Result<StatusOutcome, Error> {
        let (home, how) = match target {
            StatusTarget::Effect(id) => {
                // a text that is no effect id of ours names no conversation, so there is nothing to find
                let Some(home) = id.home() else {
                    return Ok(StatusOutcome::default());
                };
                (home, ("id", id.as_str().to_owned()))
            }
            StatusTarget::Message { home, message_key } => {
                (home.clone(), ("message", self.keys.message(home, message_key)))
            }
        };
        let keys = self.keys.lane(&LaneId {
            home,
            kind: LaneKind::Provider,
        });
        let slot = keys.due.clone();
        let mut request = json!({
            "lane": keys, "status": i64::from(status.level()), "now": exact(now_ms),
            "kept_s": self.retention.statuses_ms() / 1_000,
        });
        if let Some(fields) = request.as_object_mut() {
            fields.insert(how.0.to_owned(), json!(how.1));
        }
        let call = self.scripts.status.call(vec![slot], vec![request.to_string()]);
        read_status(self.confirmed_script(call).await?)
    }
}

fn read_status(value: Value) -> Result<StatusOutcome, Error> {
    let mut reply = Reply::of(value, "status")?;
    let (id, raised, settled): (String, i64, i64) = (reply.part()?, reply.part()?, reply.part()?);
    let effect_id = (!id.is_empty()).then(|| id.as_str().into());
    Ok(StatusOutcome {
        effect_id,
        raised: raised == 1,
        settled: settled == 1,
    })
}

/// Lanes of one due-set, each behind its time.
pub(super) fn due_in(answer: Value) -> Result<Vec<(i64, LaneId)>, Error> {
    let flat: Vec<String> = read(answer, "due-set")?;
    let mut due = Vec::with_capacity(flat.len() / 2);
    for pair in flat.chunks_exact(2) {
        if let [member, score] = pair {
            due.push((score.parse().unwrap_or(0), lane_of(member)?));
        }
    }
    Ok(due)
}

/// Reads a member of a due-set.
fn lane_of(member: &str) -> Result<LaneId, Error> {
    let kind = match member.rsplit_once(':') {
        Some((home, "p")) => Some((home, LaneKind::Provider)),
        Some((home, "m")) => Some((home, LaneKind::Merchant)),
        _ => None,
    };
    let (home, kind) = kind.ok_or_else(|| corrupt("due-set", format!("no lane: {member}")))?;
    Ok(LaneId {
        home: HomeId::new(home),
        kind,
    })
}
