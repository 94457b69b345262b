//! What the world answered, as events; and performing one head.

use super::{Dispatcher, Gate, counts};
use crate::domain::effect::Effect;
use crate::domain::event::Event;
use crate::domain::ids::{MerchantId, PurchaseId};
use crate::engine::items::{self, LaneBody};
use crate::engine::{Happened, Refused, Taken, What, Who};
use crate::faults::{self, Point};
use crate::store::{
    self, Budget, Class, DeadLetter, Head, LaneTimes, SettleOutcome, Settlement, StartOutcome,
};

/// Why a lane could not be served further now, or a status not taken; another try follows.
#[derive(Debug, thiserror::Error)]
pub enum Interrupted {
    /// The store did not take or answer a call.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The engine did not take what the world answered.
    #[error("the answer could not be taken: {0}")]
    Answer(#[from] Refused),
}

/// Pause after a start that was not certain.
const START_AGAIN_MS: i64 = 1_000;
/// Pauses between tries to keep an outcome, in milliseconds: six seconds in all.
const SETTLE_AGAIN_MS: [u64; 5] = [200, 400, 800, 1_600, 3_000];

type Settled = Result<Option<SettleOutcome>, Interrupted>;
/// The end of the service window, or what became of the lane instead.
pub(super) type Started = Result<Result<i64, Option<SettleOutcome>>, Interrupted>;

/// What a merchant effect does beside its calls: learning what they said, bringing the answer to the conversation.
const BESIDE_CALLS_MS: i64 = 2_000;

impl Dispatcher {
    /// Performs one item and settles it. `None`: the lane is not ours any more.
    pub(super) async fn perform(&self, head: &Head) -> Settled {
        faults::pass(Point::Leased);
        let body: LaneBody = match serde_json::from_str(&head.item.body) {
            Ok(body) => body,
            Err(error) => {
                self.bury(head, None, "unreadable_effect", &error.to_string())
                    .await?;
                return self
                    .settle(
                        head,
                        Settlement::Done {
                            sent: false,
                            message_key: None,
                        },
                    )
                    .await;
            }
        };
        metrics::counter!("sacola_effects_performed_total", "effect" => body.effect.word()).increment(1);
        let gate = Gate::Number(body.number.clone());
        if self.engine().number(&body.number).is_none() {
            let due_ms = self.gates.absent(&gate, self.now_ms());
            return self.settle(head, Settlement::Postpone { due_ms }).await;
        }
        self.gates.back(&gate);
        match &body.effect {
            Effect::Send(message) => self.send(head, &body, message).await,
            Effect::Quote { quote_for, lines } => self.quote(head, &body, quote_for, lines).await,
            Effect::Forward(purchase) => self.forward(head, &body, purchase).await,
        }
    }

    /// Marks an effect as started that calls its merchant up to `calls` times, one after the other: the lease lasts as long as
    /// they may, so that nobody reconciles what still runs. `Err(settled)` when it must not be performed now.
    pub(super) async fn start_calls(&self, head: &Head, merchant: &MerchantId, calls: i64) -> Started {
        let mut times = self.parts.engine.lane_times();
        if let Some(settings) = self.settings(merchant) {
            times.lease_ms = lease_ms(times.lease_ms, settings.timeout_ms, calls);
        }
        let outcome = match self.ask_to_start(head, &[], Class::Reply, times).await? {
            Ok(outcome) => outcome,
            Err(settled) => return Ok(Err(settled)),
        };
        match outcome {
            StartOutcome::Started { window_open_until_ms } => {
                self.begun(head, times, window_open_until_ms).await
            }
            StartOutcome::Refused { until_ms, .. } => {
                counts::refused("merchant");
                let settled = self
                    .settle(head, Settlement::Postpone { due_ms: until_ms })
                    .await?;
                Ok(Err(settled))
            }
            StartOutcome::LeaseLost => Ok(Err(None)),
        }
    }

    /// An item is started: it may be performed, unless the answer took longer than the lease lasts. Then nothing has left, and
    /// the item goes back as it was; when another replica has found it meanwhile, as an attempt of unknown outcome, it stays with
    /// that one.
    pub(super) async fn begun(&self, head: &Head, times: LaneTimes, window_open_until_ms: i64) -> Started {
        faults::pass(Point::Started);
        let now_ms = self.now_ms();
        if now_ms - times.now_ms < times.lease_ms {
            return Ok(Ok(window_open_until_ms));
        }
        tracing::warn!(
            effect = %head.item.effect_id,
            "an attempt was not made: its lease had ended before the store answered"
        );
        let settled = self.settle(head, Settlement::Postpone { due_ms: now_ms }).await?;
        Ok(Err(settled))
    }

    /// Asks the store to start an item. When it is not certain that it did (an answer was lost, too few replicas have it),
    /// nothing has left yet: the item goes back as it was, and `Err(settled)` says what became of the lane.
    pub(super) async fn ask_to_start(
        &self,
        head: &Head,
        budgets: &[Budget],
        class: Class,
        times: LaneTimes,
    ) -> Result<Result<StartOutcome, Option<SettleOutcome>>, Interrupted> {
        match self.store().start(head, budgets, class, times).await {
            Ok(outcome) => Ok(Ok(outcome)),
            Err(error @ (store::Error::Unknown(_) | store::Error::NotReplicated { .. })) => {
                tracing::warn!(%error, effect = %head.item.effect_id, "a start is not certain; nothing was sent");
                let due_ms = self.now_ms() + START_AGAIN_MS;
                let settled = self.settle(head, Settlement::Postpone { due_ms }).await?;
                Ok(Err(settled))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Settles; while the store is away the attempt's outcome is kept and told again, as long as the lease may last.
    pub(super) async fn settle(&self, head: &Head, settlement: Settlement) -> Settled {
        if matches!(settlement, Settlement::Postpone { .. }) {
            counts::unmade(counts::toward(head.lane.kind), "postponed");
        }
        self.settle_counted(head, settlement).await
    }

    /// The same for an attempt that is counted already.
    pub(super) async fn settle_counted(&self, head: &Head, settlement: Settlement) -> Settled {
        for pause_ms in SETTLE_AGAIN_MS {
            let times = self.parts.engine.lane_times();
            match self.store().settle(head, settlement.clone(), times).await {
                Ok(outcome) => {
                    faults::pass(Point::Settled);
                    return Ok(Some(outcome));
                }
                Err(error) => {
                    tracing::warn!(%error, effect = %head.item.effect_id, "an outcome is not kept yet");
                }
            }
            self.parts.engine.clock().sleep_ms(pause_ms).await;
        }
        let times = self.parts.engine.lane_times();
        let outcome = self.store().settle(head, settlement, times).await?;
        faults::pass(Point::Settled);
        Ok(Some(outcome))
    }

    pub(super) async fn settle_done(&self, head: &Head) -> Settled {
        self.settle(
            head,
            Settlement::Done {
                sent: true,
                message_key: None,
            },
        )
        .await
    }

    /// Brings an answer to the conversation, before the item is settled: a crash in between repeats the answer, which the
    /// done-mark makes harmless.
    pub(super) async fn answer(
        &self,
        head: &Head,
        body: &LaneBody,
        word: &str,
        event: Event,
    ) -> Result<Taken, Interrupted> {
        // A failure may be told again by a status that knows no time: both must find the same mark.
        let at_ms = if matches!(event, Event::SendFailed { .. }) {
            0
        } else {
            body.at_ms
        };
        let happened = Happened {
            who: Who::Home(head.lane.home.clone()),
            id: format!("{}:{word}", head.item.effect_id),
            at_ms,
            purchase_id: answering_purchase_id(head),
            root: Some(items::root_of(&head.item)),
            what: What::Event(event),
        };
        let taken = self.parts.engine.take(happened).await?;
        faults::pass(Point::Answered);
        Ok(taken)
    }

    /// Keeps an effect that will not be performed for a person to look at.
    pub(super) async fn bury(
        &self,
        head: &Head,
        body: Option<&LaneBody>,
        reason: &'static str,
        detail: &str,
    ) -> Result<(), Interrupted> {
        metrics::counter!("sacola_dead_letters_total", "reason" => reason).increment(1);
        let letter = DeadLetter {
            id: format!("{}.{reason}", head.item.effect_id),
            reason: reason.to_owned(),
            detail: detail.chars().take(300).collect(),
            merchant: body.map(|body| body.merchant.clone()),
            home: Some(head.lane.home.clone()),
            at_ms: self.now_ms(),
            source: "effect".to_owned(),
            body: head.item.body.clone(),
        };
        self.store().park(&letter, usize::MAX).await?;
        // Not worth losing the outcome of an attempt for.
        if let Err(error) = self.drop_letter_of_nobody(head, &letter.id).await {
            tracing::warn!(%error, effect = %head.item.effect_id, "whether a letter's customer was erased meanwhile is not known");
        }
        Ok(())
    }

    /// Removes a letter whose customer was erased while its effect was under way: whoever erased has looked for letters already.
    async fn drop_letter_of_nobody(&self, head: &Head, letter: &str) -> Result<(), store::Error> {
        if self.engine().was_erased(&head.item.effect_id).await? {
            self.store().remove_dead_letter(letter).await?;
        }
        Ok(())
    }
}

/// The id that a native order reopened by this answer would get: computed from the effect, so that it is stable.
fn answering_purchase_id(head: &Head) -> PurchaseId {
    let digest = crate::engine::addresses::digest(head.item.effect_id.as_str());
    let shard = head.lane.home.as_str().get(..2).unwrap_or("00");
    PurchaseId::new(format!("{shard}{digest}"))
}

/// How long a lease must be for `calls` of at most `timeout_ms` each; never shorter than the ordinary one.
fn lease_ms(ordinary_ms: i64, timeout_ms: u64, calls: i64) -> i64 {
    let timeout_ms = i64::try_from(timeout_ms).unwrap_or(i64::MAX);
    let needed_ms = timeout_ms.saturating_mul(calls).saturating_add(BESIDE_CALLS_MS);
    ordinary_ms.max(needed_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_outlasts_all_calls_of_an_effect() {
        assert_eq!(lease_ms(10_000, 15_000, 3), 47_000);
        assert_eq!(lease_ms(60_000, 15_000, 3), 60_000);
        assert_eq!(lease_ms(10_000, u64::MAX, 3), i64::MAX);
    }
}
