//! Looking at lanes and budgets without touching them, for the person on call. Each look is one trip.

use redis::Value;
use serde_json::json;

use crate::domain::ids::{EffectId, HomeId};
use crate::store::{
    Budget, BudgetLook, Class, DueLane, Error, Item, ItemLook, KindTotals, LaneId, LaneLook, LanePage,
    LaneTotals, Phase, UnixMs,
};

use super::Inner;
use super::error::{corrupt, reading};
use super::keys::lane_member;
use super::lanes::due_in;
use super::served::exact;
use super::shards;
use super::values::{Reply, counter, read};

/// Lanes of a shard that counting looks at: of those due, whose names say all, and of the others, whose heads are read. Sixteen and
/// four thousand in all, a twentieth of a millisecond of a server's time for each shard.
const DUE_LOOKED_AT: usize = 64;
const OTHERS_LOOKED_AT: usize = 16;
/// Shards that are counted in one trip. A server answers one client's trip before it turns to others: webhooks don't wait for all.
const COUNTED_AT_ONCE: usize = 32;

impl Inner {
    /// Each shard answers for itself: one whose server is away, or that can't be read, hides no other.
    pub(super) async fn lanes(
        &self,
        after: Option<&DueLane>,
        limit: usize,
        now_ms: UnixMs,
    ) -> Result<LanePage, Error> {
        let (at_ms, member) = after.map_or((0, String::new()), |place| {
            (exact(place.due_ms), lane_member(&place.lane))
        });
        let mut calls = Vec::new();
        for shard in shards::all() {
            let arguments = vec![
                at_ms.to_string(),
                member.clone(),
                limit.max(1).to_string(),
                exact(now_ms).to_string(),
            ];
            calls.push(self.scripts.lanes.call(vec![self.keys.due(shard)], arguments));
        }
        let (mut page, mut read_shards, mut first) = (LanePage::default(), 0, None);
        for answer in self.net.scripts(&calls).await {
            match reading(answer).and_then(of_shard) {
                Ok((total, due, lanes)) => {
                    read_shards += 1;
                    page.total += total;
                    page.due += due;
                    page.lanes.extend(lanes);
                }
                Err(error) => {
                    page.unread_shards += 1;
                    first.get_or_insert(error);
                }
            }
        }
        if let Some(error) = first {
            if read_shards == 0 {
                return Err(error);
            }
            tracing::warn!(%error, shards = page.unread_shards, "shards were left out of the list of lanes");
        }
        page.lanes.sort();
        page.lanes.truncate(limit);
        Ok(page)
    }

    /// Each shard answers for itself, as above.
    pub(super) async fn lane_totals(&self, now_ms: UnixMs) -> Result<LaneTotals, Error> {
        let mut calls = Vec::new();
        for shard in shards::all() {
            let arguments = vec![
                exact(now_ms).to_string(),
                DUE_LOOKED_AT.to_string(),
                OTHERS_LOOKED_AT.to_string(),
                shard.0.to_string(),
                self.keys.lanes(shard),
            ];
            calls.push(self.scripts.totals.call(vec![self.keys.due(shard)], arguments));
        }
        let asked = calls.len();
        let mut answers = Vec::with_capacity(asked);
        for some in calls.chunks(COUNTED_AT_ONCE) {
            answers.extend(self.net.scripts(some).await);
        }
        let (mut totals, mut read_shards, mut first) = (LaneTotals::default(), 0, None);
        for answer in answers {
            match reading(answer).and_then(totals_of_shard) {
                Ok(shard) => {
                    read_shards += 1;
                    totals.add(&shard);
                }
                Err(error) => {
                    totals.unread_shards += 1;
                    first.get_or_insert(error);
                }
            }
        }
        match first {
            Some(error) if read_shards == 0 => Err(error),
            Some(error) => {
                tracing::warn!(%error, asked, unread = totals.unread_shards, "shards were left out of the count of lanes");
                Ok(totals)
            }
            None => Ok(totals),
        }
    }

    pub(super) async fn look_at_lanes(&self, lanes: &[LaneId], limit: usize) -> Result<Vec<LaneLook>, Error> {
        if lanes.is_empty() {
            return Ok(Vec::new());
        }
        let mut calls = Vec::with_capacity(lanes.len());
        for lane in lanes {
            let keys = self.keys.lane(lane);
            let slot = keys.due.clone();
            let request = json!({ "lane": keys, "limit": limit });
            calls.push(self.scripts.look.call(vec![slot], vec![request.to_string()]));
        }
        let mut looks = Vec::with_capacity(lanes.len());
        for (lane, answer) in lanes.iter().zip(self.net.scripts(&calls).await) {
            looks.push(look(reading(answer)?, lane)?);
        }
        Ok(looks)
    }

    pub(super) async fn look_at_budgets(
        &self,
        budgets: &[Budget],
        now_ms: UnixMs,
    ) -> Result<Vec<BudgetLook>, Error> {
        let mut commands = Vec::with_capacity(budgets.len());
        for budget in budgets {
            let mut command = redis::cmd("GET");
            command.arg(self.keys.budget(&budget.key));
            commands.push(command);
        }
        let mut looks = Vec::with_capacity(budgets.len());
        for (budget, answer) in budgets.iter().zip(reading(self.net.reading(commands).await)?) {
            let free_at_us: Option<i64> = read(answer, &budget.key)?;
            looks.push(budget.look(free_at_us.unwrap_or(0), now_ms));
        }
        Ok(looks)
    }

    pub(super) async fn effect_of(
        &self,
        home: &HomeId,
        message_key: &str,
    ) -> Result<Option<EffectId>, Error> {
        let mut command = redis::cmd("GET");
        command.arg(self.keys.message(home, message_key));
        let found: Option<String> = read(reading(self.net.command(command).await)?, message_key)?;
        Ok(found.map(EffectId::new))
    }
}

/// How many lanes a shard has, how many are due, and some of them.
fn of_shard(answer: Value) -> Result<(u64, u64, Vec<DueLane>), Error> {
    let mut reply = Reply::of(answer, "due-set")?;
    let (total, due): (i64, i64) = (reply.part()?, reply.part()?);
    let lanes = due_in(reply.part::<Value>()?)?.into_iter();
    Ok((
        counter(total, "due-set")?,
        counter(due, "due-set")?,
        lanes.map(|(due_ms, lane)| DueLane { lane, due_ms }).collect(),
    ))
}

fn totals_of_shard(answer: Value) -> Result<LaneTotals, Error> {
    let at = "due-set";
    let mut reply = Reply::of(answer, at)?;
    let (total, due) = (counter(reply.part()?, at)?, counter(reply.part()?, at)?);
    let mut totals = LaneTotals {
        provider: of_kind(&mut reply, at)?,
        merchant: of_kind(&mut reply, at)?,
        unread_shards: 0,
    };
    let (provider, merchant) = (totals.provider, totals.merchant);
    let others = provider.later + provider.leased + merchant.later + merchant.leased;
    let looked_at_due = provider.due + merchant.due;
    totals.spread(
        due.saturating_sub(looked_at_due),
        total.saturating_sub(due).saturating_sub(others),
    );
    Ok(totals)
}

fn of_kind(reply: &mut Reply, at: &str) -> Result<KindTotals, Error> {
    let (due, later, leased) = (reply.part()?, reply.part()?, reply.part()?);
    let oldest_ms: i64 = reply.part()?;
    Ok(KindTotals {
        due: counter(due, at)?,
        later: counter(later, at)?,
        leased: counter(leased, at)?,
        oldest_due_ms: (oldest_ms >= 0).then_some(oldest_ms),
    })
}

fn look(answer: Value, lane: &LaneId) -> Result<LaneLook, Error> {
    let at = format!("lane {}", lane_member(lane));
    let mut reply = Reply::of(answer, &at)?;
    let (lease_until_ms, length): (i64, i64) = (reply.part()?, reply.part()?);
    let length = usize::try_from(length).map_err(|problem| corrupt(&at, problem))?;
    let mut items = Vec::new();
    for item in reply.rest() {
        items.push(item_look(item, &at)?);
    }
    Ok(LaneLook {
        length,
        lease_until_ms: (lease_until_ms >= 0).then_some(lease_until_ms),
        items,
    })
}

fn item_look(answer: Value, at: &str) -> Result<ItemLook, Error> {
    let mut parts = Reply::of(answer, at)?;
    let effect_id = EffectId::new(parts.part::<String>()?);
    let phase: String = parts.part()?;
    let (attempts, unknowns) = (parts.part()?, parts.part()?);
    let (due_ms, started_at_ms) = (parts.part()?, parts.part()?);
    let revision = counter(parts.part()?, at)?;
    let class: String = parts.part()?;
    let may_pass: i64 = parts.part()?;
    let supersedes: String = parts.part()?;
    let item = Item {
        effect_id,
        revision,
        class: if class == "b" { Class::Bulk } else { Class::Reply },
        supersedes: supersedes.strip_prefix('+').map(str::to_owned),
        may_pass: may_pass == 1,
        body: parts.part()?,
    };
    Ok(ItemLook {
        item,
        phase: if matches!(phase.as_str(), "q" | "s") {
            Phase::Queued
        } else {
            Phase::Unknown
        },
        is_started: matches!(phase.as_str(), "s" | "S"),
        attempts,
        unknowns,
        due_ms,
        started_at_ms,
    })
}
