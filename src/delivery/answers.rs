//! What the world answered, as events; and performing one head.

use super::Dispatcher;
use crate::domain::effect::Effect;
use crate::domain::event::Event;
use crate::domain::ids::PurchaseId;
use crate::engine::items::LaneBody;
use crate::engine::{Happened, Refused, Taken, What, Who};
use crate::store::{self, Class, DeadLetter, Head, SettleOutcome, Settlement, StartOutcome};

/// Why a lane could not be served further now; its lease ends and another try follows.
#[derive(Debug, thiserror::Error)]
pub(super) enum Interrupted {
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error("the answer could not be taken: {0}")]
    Answer(#[from] Refused),
}

type Settled = Result<Option<SettleOutcome>, Interrupted>;

impl Dispatcher {
    /// Performs one item and settles it. `None`: the lane is not ours any more.
    pub(super) async fn perform(&self, head: &Head) -> Settled {
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
        match &body.effect {
            Effect::Send(message) => self.send(head, &body, message).await,
            Effect::Quote { quote_for, lines } => self.quote(head, &body, quote_for, lines).await,
            Effect::Forward(purchase) => self.forward(head, &body, purchase).await,
        }
    }

    /// Marks the item as started; `Err(settled)` when it must not be performed now.
    pub(super) async fn start(
        &self,
        head: &Head,
        budgets: &[store::Budget],
        class: Class,
    ) -> Result<Result<i64, Option<SettleOutcome>>, Interrupted> {
        let times = self.parts.engine.lane_times();
        match self.store().start(head, budgets, class, times).await? {
            StartOutcome::Started { window_open_until_ms } => Ok(Ok(window_open_until_ms)),
            StartOutcome::Refused { until_ms } => {
                metrics::counter!("sacola_budget_refusals_total").increment(1);
                let settled = self
                    .settle(head, Settlement::Postpone { due_ms: until_ms })
                    .await?;
                Ok(Err(settled))
            }
            StartOutcome::LeaseLost => Ok(Err(None)),
        }
    }

    pub(super) async fn settle(&self, head: &Head, settlement: Settlement) -> Settled {
        let times = self.parts.engine.lane_times();
        Ok(Some(self.store().settle(head, settlement, times).await?))
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
        let happened = Happened {
            who: Who::Home(head.lane.home.clone()),
            id: format!("{}:{word}", head.item.effect_id),
            at_ms: body.at_ms,
            purchase_id: answering_purchase_id(head),
            what: What::Event(event),
        };
        Ok(self.parts.engine.take(happened).await?)
    }

    /// Keeps an effect that will not be performed for a person to look at.
    pub(super) async fn bury(
        &self,
        head: &Head,
        body: Option<&LaneBody>,
        reason: &str,
        detail: &str,
    ) -> Result<(), Interrupted> {
        metrics::counter!("sacola_dead_letters_total", "reason" => reason.to_owned()).increment(1);
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
        Ok(())
    }
}

/// The id that a native order reopened by this answer would get: computed from the effect, so that it is stable.
fn answering_purchase_id(head: &Head) -> PurchaseId {
    let digest = crate::engine::addresses::digest(head.item.effect_id.as_str());
    let shard = head.lane.home.as_str().get(..2).unwrap_or("00");
    PurchaseId::new(format!("{shard}{digest}"))
}
