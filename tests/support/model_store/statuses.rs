//! Delivery statuses and the message keys that lead to their effects, each kept as long as [`sacola::store::Retention`] says.

use sacola::domain::ids::{EffectId, HomeId};
use sacola::faults::{Bug, is_planted};
use sacola::store::{DeliveryStatus, LaneId, LaneKind, StatusOutcome, StatusTarget, UnixMs};

use super::model::{Kept, Model};

impl Model {
    /// The status that is kept of an effect.
    pub(super) fn status(&self, effect_id: &EffectId, now_ms: UnixMs) -> Option<DeliveryStatus> {
        self.statuses.get(effect_id)?.alive(now_ms).copied()
    }

    pub(super) fn keep_message_key(
        &mut self,
        home: &HomeId,
        message_key: &str,
        effect_id: &EffectId,
        now_ms: UnixMs,
    ) {
        let kept = Kept {
            value: effect_id.clone(),
            until_ms: Some(now_ms.saturating_add(self.retention.statuses_ms())),
        };
        self.message_keys
            .insert((home.clone(), message_key.to_owned()), kept);
    }

    fn meant(&self, target: &StatusTarget, now_ms: UnixMs) -> Option<EffectId> {
        match target {
            StatusTarget::Effect(effect_id) => Some(effect_id.clone()),
            StatusTarget::Message { home, message_key } => {
                let key = (home.clone(), message_key.clone());
                self.message_keys.get(&key)?.alive(now_ms).cloned()
            }
        }
    }

    pub(super) fn record_status(
        &mut self,
        target: &StatusTarget,
        status: DeliveryStatus,
        now_ms: UnixMs,
    ) -> StatusOutcome {
        self.told(now_ms);
        let Some(effect_id) = self.meant(target, now_ms) else {
            return StatusOutcome::default();
        };
        // A text that names no conversation is no effect of ours.
        let Some(home) = effect_id.home() else {
            return StatusOutcome::default();
        };
        let before = self.status(&effect_id, now_ms);
        let raised = before.is_none_or(|before| status > before) || is_planted(Bug::StatusGoesBack);
        if raised {
            let kept = Kept {
                value: status,
                until_ms: Some(now_ms.saturating_add(self.retention.statuses_ms())),
            };
            self.statuses.insert(effect_id.clone(), kept);
        }
        let id = LaneId {
            home,
            kind: LaneKind::Provider,
        };
        let lane = self.lanes.get_mut(&id);
        let settled = lane.is_some_and(|lane| lane.hear(&effect_id, status, now_ms));
        StatusOutcome {
            effect_id: Some(effect_id),
            raised,
            settled,
        }
    }
}
