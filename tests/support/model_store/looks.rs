//! Looking at lanes and budgets without touching them.

use sacola::domain::ids::{EffectId, HomeId};
use sacola::store::{Budget, BudgetLook, DueLane, ItemLook, LaneId, LaneLook, LanePage, LaneTotals, UnixMs};

use super::lane::Entry;
use super::model::Model;

impl Model {
    pub(super) fn lanes_page(&mut self, after: Option<&DueLane>, limit: usize, now_ms: UnixMs) -> LanePage {
        self.told(now_ms);
        let due = |(id, lane): (&LaneId, &super::Lane)| {
            let lane_id = id.clone();
            lane.due_ms.map(|due_ms| DueLane {
                lane: lane_id,
                due_ms,
            })
        };
        let mut lanes: Vec<DueLane> = self.lanes.iter().filter_map(due).collect();
        lanes.sort();
        let (total, due) = (
            lanes.len(),
            lanes.iter().filter(|lane| lane.due_ms <= now_ms).count(),
        );
        lanes.retain(|lane| after.is_none_or(|after| lane > after));
        lanes.truncate(limit);
        LanePage {
            lanes,
            total: u64::try_from(total).unwrap(),
            due: u64::try_from(due).unwrap(),
            unread_shards: 0,
        }
    }

    pub(super) fn lane_totals(&mut self, now_ms: UnixMs) -> LaneTotals {
        self.told(now_ms);
        let mut totals = LaneTotals::default();
        for (id, lane) in &self.lanes {
            let Some(due_ms) = lane.due_ms else { continue };
            let of_kind = totals.of_kind(id.kind);
            if due_ms <= now_ms {
                of_kind.due += 1;
                let oldest_ms = of_kind.oldest_due_ms.map_or(due_ms, |known| known.min(due_ms));
                of_kind.oldest_due_ms = Some(oldest_ms);
            } else if lane.held(now_ms).is_some() {
                of_kind.leased += 1;
            } else {
                of_kind.later += 1;
            }
        }
        totals
    }

    pub(super) fn look_at_lane(&self, id: &LaneId, limit: usize) -> LaneLook {
        let Some(lane) = self.lanes.get(id) else {
            return LaneLook::default();
        };
        LaneLook {
            length: lane.items.len(),
            lease_until_ms: lane.grant.as_ref().map(|grant| grant.lease.until_ms),
            items: lane.items.iter().take(limit).map(seen).collect(),
        }
    }

    pub(super) fn look_at_budgets(&mut self, budgets: &[Budget], now_ms: UnixMs) -> Vec<BudgetLook> {
        self.told(now_ms);
        let look = |budget: &Budget| self.budgets.look(budget, now_ms);
        budgets.iter().map(look).collect()
    }

    pub(super) fn effect_of(&self, home: &HomeId, message_key: &str) -> Option<EffectId> {
        let kept = self.message_keys.get(&(home.clone(), message_key.to_owned()))?;
        kept.alive(self.latest_ms).cloned()
    }
}

fn seen(entry: &Entry) -> ItemLook {
    ItemLook {
        item: entry.item.clone(),
        phase: entry.phase(),
        is_started: entry.started,
        attempts: entry.attempts,
        unknowns: entry.unknowns,
        due_ms: entry.due_ms,
        started_at_ms: entry.started_at_ms,
    }
}
