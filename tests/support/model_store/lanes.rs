//! Claim, start, settle and give back: finds the lane, the budgets and the status that is kept, and remembers what was asked.

use sacola::domain::ids::EffectId;
use sacola::store::{
    Budget, ClaimOutcome, Class, DeliveryStatus, Head, LaneId, LaneKind, LaneTimes, SettleOutcome,
    Settlement, StartOutcome, UnixMs,
};

use super::history::{SettleRecord, StartRecord, word};
use super::lane::Next;
use super::model::Model;

impl Model {
    pub(super) fn due_lanes(&mut self, now_ms: UnixMs, limit: usize) -> Vec<LaneId> {
        self.told(now_ms);
        let mut due = Vec::new();
        for (id, lane) in &self.lanes {
            if let Some(due_ms) = lane.due_ms.filter(|due_ms| *due_ms <= now_ms) {
                due.push((due_ms, id.clone()));
            }
        }
        due.sort();
        due.truncate(limit);
        due.into_iter().map(|(_, id)| id).collect()
    }

    /// True when somebody holds the lane now.
    pub(super) fn is_held(&self, id: &LaneId, now_ms: UnixMs) -> bool {
        let lane = self.lanes.get(id);
        lane.is_some_and(|lane| lane.held(now_ms).is_some())
    }

    /// Asks for a lane under a fresh token.
    pub(super) fn take(&mut self, id: &LaneId, times: LaneTimes) -> Next {
        let token = self.fresh_token();
        let grant = self.lanes.get(id).and_then(|lane| lane.grant.as_ref());
        let kept = grant.and_then(|grant| self.status_in(id.kind, &grant.effect_id, times.now_ms));
        match self.lanes.get_mut(id) {
            Some(lane) => lane.claim(id, times, token, kept),
            None => Next::Empty,
        }
    }

    /// The status that is kept of an item; a merchant's items have none.
    fn status_in(&self, kind: LaneKind, effect_id: &EffectId, now_ms: UnixMs) -> Option<DeliveryStatus> {
        match kind {
            LaneKind::Provider => self.status(effect_id, now_ms),
            LaneKind::Merchant => None,
        }
    }

    pub(super) fn claim(&mut self, id: &LaneId, times: LaneTimes) -> ClaimOutcome {
        self.told(times.now_ms);
        match self.take(id, times) {
            Next::Serve(head) => ClaimOutcome::Claimed(head),
            Next::Wait(at_ms) => ClaimOutcome::Wait(at_ms),
            Next::Empty => ClaimOutcome::Empty,
        }
    }

    pub(super) fn start(
        &mut self,
        head: &Head,
        budgets: &[Budget],
        class: Class,
        times: LaneTimes,
    ) -> StartOutcome {
        self.told(times.now_ms);
        let (token, effect_id) = (&head.lease.token, &head.item.effect_id);
        let Some(lane) = self
            .lanes
            .get_mut(&head.lane)
            .filter(|lane| lane.may_start(token, effect_id, times.now_ms))
        else {
            return StartOutcome::LeaseLost;
        };
        if let Err((until_ms, budget)) = self.budgets.take(budgets, class, times.now_ms) {
            return StartOutcome::Refused { until_ms, budget };
        }
        lane.start(effect_id, times);
        let conversation = self.conversations.get(&head.lane.home);
        let window_open_until_ms = conversation.map_or(0, |conversation| conversation.window_open_until_ms);
        self.starts.push(StartRecord {
            effect_id: effect_id.clone(),
            token: token.clone(),
            now_ms: times.now_ms,
            window_open_until_ms,
        });
        StartOutcome::Started { window_open_until_ms }
    }

    pub(super) fn settle(&mut self, head: &Head, settlement: &Settlement, times: LaneTimes) -> SettleOutcome {
        self.told(times.now_ms);
        let token = self.fresh_token();
        let kept = self.status_in(head.lane.kind, &head.item.effect_id, times.now_ms);
        let lane = self.lanes.get_mut(&head.lane);
        let next = lane.and_then(|lane| lane.settle(head, settlement, times, token, kept));
        self.settles.push(SettleRecord {
            effect_id: head.item.effect_id.clone(),
            token: head.lease.token.clone(),
            settlement: word(settlement),
            taken: next.is_some(),
            now_ms: times.now_ms,
        });
        let Some(next) = next else {
            return SettleOutcome::LeaseLost;
        };
        if let Settlement::Done {
            message_key: Some(key),
            ..
        } = settlement
        {
            self.keep_message_key(&head.lane.home, key, &head.item.effect_id, times.now_ms);
        }
        match next {
            Next::Serve(head) => SettleOutcome::Next(head),
            Next::Wait(at_ms) => SettleOutcome::Wait(at_ms),
            Next::Empty => SettleOutcome::Empty,
        }
    }

    pub(super) fn release(&mut self, head: &Head, now_ms: UnixMs) -> bool {
        self.told(now_ms);
        let lane = self.lanes.get_mut(&head.lane);
        lane.is_some_and(|lane| lane.release(head, now_ms))
    }

    pub(super) fn debit(&mut self, budget: &Budget, units: u32, now_ms: UnixMs) {
        self.told(now_ms);
        self.budgets.debit(budget, units, now_ms);
    }
}
