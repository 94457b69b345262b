//! Delivery statuses on their cheapest path: one script each, and only a failure is an event. It owns what a late failure
//! means, by the table of codes, and counts what messages cost (rule R12); it refuses to know the provider's JSON.

use serde::{Deserialize, Serialize};

use super::answers::Interrupted;
use super::parked::Parked;
use super::{Dispatcher, Gate, Reason};
use crate::domain::event::{Event, SendFailure};
use crate::domain::ids::{EffectId, NumberId, PurchaseId};
use crate::domain::message::Kind;
use crate::engine::addresses::digest;
use crate::engine::{Happened, Refused, What, Who};
use crate::faults::{self, Bug};
use crate::store::{DeliveryStatus, StatusTarget};
use crate::trace::Step;
use crate::whatsapp::errors::{self, Advice, Late};
use crate::whatsapp::inbound::{DeliveryWord, StatusUpdate};

/// What a status tells, apart from the message that it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Told {
    /// From which business number.
    pub(super) number: NumberId,
    /// The status.
    pub(super) status: DeliveryStatus,
    /// What the message was about, when our callback data says it.
    pub(super) kind: Option<Kind>,
    /// The error's code, when it failed.
    pub(super) code: Option<i64>,
    /// Meta's details of the error, cut short and masked.
    pub(super) details: String,
    /// Category and type of what it costs, when it says so.
    pub(super) price: Option<(String, String)>,
}

impl Told {
    fn of(update: &StatusUpdate, kind: Option<Kind>) -> Self {
        Self {
            number: update.number.clone(),
            status: match update.status {
                DeliveryWord::Sent => DeliveryStatus::Sent,
                DeliveryWord::Delivered => DeliveryStatus::Delivered,
                DeliveryWord::Read => DeliveryStatus::Read,
                DeliveryWord::Failed => DeliveryStatus::Failed,
            },
            kind,
            code: update.code,
            details: update.details.clone(),
            price: update
                .pricing
                .as_ref()
                .map(|pricing| (pricing.category.clone(), pricing.kind.clone())),
        }
    }
}

impl Dispatcher {
    /// Takes one delivery status; it is durable when this returns `Ok`. With our callback data it costs one round trip; without
    /// it, its message is looked for, and one that is not known is parked. One about a number of somebody else is let go.
    pub async fn take_status(&self, update: &StatusUpdate) -> Result<(), Interrupted> {
        self.tell_status(update);
        if let Some(ours) = update.callback_data.as_deref().and_then(our_effect) {
            let told = Told::of(update, Some(ours.kind));
            self.record_status(&StatusTarget::Effect(ours.effect_id), &told)
                .await?;
            return Ok(());
        }
        let Some(message) = &update.message else {
            return Ok(());
        };
        if self.engine().number(&update.number).is_none() {
            metrics::counter!("sacola_statuses_foreign_total").increment(1);
            return Ok(());
        }
        let mut parked = Parked {
            told: Told::of(update, None),
            message_key: digest(message),
            customer: update.customer.clone(),
            home: None,
            at_ms: self.now_ms(),
        };
        if !self.attach(&mut parked).await? {
            self.park_status(&parked).await;
        }
        Ok(())
    }

    fn tell_status(&self, update: &StatusUpdate) {
        self.engine().trace().tell(self.now_ms(), || {
            let ours = update.callback_data.as_deref().and_then(our_effect);
            Step::Status {
                root: ours.as_ref().and_then(|ours| ours.root),
                effect_id: ours.map(|ours| ours.effect_id.to_string()),
                message: update.message.clone().unwrap_or_default(),
                status: update.status.word().to_owned(),
                code: update.code,
            }
        });
    }

    /// Records what is told of a message; false when the store does not know that message.
    pub(super) async fn record_status(
        &self,
        target: &StatusTarget,
        told: &Told,
    ) -> Result<bool, Interrupted> {
        let outcome = self
            .store()
            .record_status(target, told.status, self.now_ms())
            .await?;
        if outcome.raised {
            count_cost(told);
        }
        let Some(effect_id) = outcome.effect_id else {
            return Ok(false);
        };
        if told.status == DeliveryStatus::Failed && !faults::is_planted(Bug::LateFailureIgnored) {
            let failure = self.late_meaning(told, outcome.raised);
            self.late_failure(effect_id, told.kind, failure).await?;
        }
        Ok(true)
    }

    /// What a late failure means, by the table of codes; a code that stops a number or a merchant closes its gate, once: the
    /// provider repeats webhooks for days, and an old failure says nothing about the present.
    fn late_meaning(&self, told: &Told, is_news: bool) -> SendFailure {
        // A failure without a code says nothing about the token, which is what code 0 would do.
        let code = told.code.unwrap_or(errors::NO_CODE);
        metrics::counter!("sacola_send_errors_total", "code" => errors::label(code)).increment(1);
        let late = errors::row(code).map_or(Late::Final, |row| row.late);
        let known = self.engine().number(&told.number);
        let gate = match late {
            Late::WindowClosed => return SendFailure::WindowClosed,
            Late::Final => return SendFailure::Rejected { code },
            Late::TellAgain => None,
            Late::StopNumber => known.map(|known| Gate::Number(known.number.clone())),
            Late::StopMerchant => known.map(|known| Gate::Merchant(known.shop.merchant.clone())),
        };
        if let Some(gate) = gate.filter(|_| is_news) {
            let reason = Reason {
                code,
                subcode: None,
                details: &told.details,
                late: true,
            };
            self.stop_sending(gate, reason);
        }
        let soon = errors::row(code).is_some_and(|row| row.advice == Advice::Retry { pause_ms: 0 });
        SendFailure::Owed { code, soon }
    }

    /// Tells the conversation, once however often the failure is told: its event has one id.
    async fn late_failure(
        &self,
        effect_id: EffectId,
        kind: Option<Kind>,
        failure: SendFailure,
    ) -> Result<(), Interrupted> {
        let Some(home) = effect_id.home() else {
            return Ok(());
        };
        let code = match &failure {
            SendFailure::Owed { code, .. } | SendFailure::Rejected { code } => Some(*code),
            SendFailure::WindowClosed | SendFailure::Exhausted => None,
        };
        tracing::warn!(effect = %effect_id, code, "a message failed late");
        let happened = Happened {
            who: Who::Home(home),
            id: format!("{effect_id}:failed"),
            at_ms: 0,
            purchase_id: PurchaseId::new(digest(effect_id.as_str())),
            root: None,
            what: What::Event(Event::SendFailed {
                effect_id,
                kind,
                message: None,
                failure,
            }),
        };
        match self.engine().take(happened).await {
            Ok(_) | Err(Refused::UnknownNumber) => Ok(()),
            Err(refused) => Err(refused.into()),
        }
    }
}

/// What our callback data says.
#[derive(Debug, PartialEq, Eq)]
struct Ours {
    kind: Kind,
    effect_id: EffectId,
    /// The revision that the message's trace began with; absent when that is the effect's own, and while nobody collects traces.
    root: Option<u64>,
}

/// `s1.<kind>.<effect_id>` or `s1.<kind>.<effect_id>.r<root>`, when it is one of ours.
fn our_effect(data: &str) -> Option<Ours> {
    let (kind, rest) = data.strip_prefix("s1.")?.split_once('.')?;
    let (effect, root) = match rest.split_once(".r") {
        Some((effect, root)) => (effect, Some(root.parse().ok()?)),
        None => (rest, None),
    };
    let effect_id = EffectId::new(effect);
    effect_id.home()?;
    Some(Ours {
        kind: Kind::of_word(kind)?,
        effect_id,
        root,
    })
}

/// A message is charged when it is delivered, and the price stands on one of `delivered` and `read` (Meta, status webhooks).
fn count_cost(told: &Told) {
    let arrived = matches!(told.status, DeliveryStatus::Delivered | DeliveryStatus::Read);
    if let Some((category, kind)) = told.price.as_ref().filter(|_| arrived) {
        metrics::counter!(
            "sacola_messages_priced_total", "category" => category.clone(), "type" => kind.clone()
        )
        .increment(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callback_data_is_ours_with_and_without_the_root_of_a_trace() {
        let effect_id = EffectId::new("a30123456789abcdef0123.6.0");
        let ours = |root| {
            let (kind, effect_id) = (Kind::Summary, effect_id.clone());
            Some(Ours {
                kind,
                effect_id,
                root,
            })
        };
        assert_eq!(our_effect("s1.summary.a30123456789abcdef0123.6.0"), ours(None));
        assert_eq!(
            our_effect("s1.summary.a30123456789abcdef0123.6.0.r5"),
            ours(Some(5))
        );
        for other in [
            "s1.summary.a30123456789abcdef0123.6.0.r",
            "s1.summary.a30123456789abcdef0123.6.0.5",
            "s1.other.a30123456789abcdef0123.6.0",
            "s1.summary.x.6.0",
            "s2.summary.a30123456789abcdef0123.6.0",
            "mine",
        ] {
            assert_eq!(our_effect(other), None, "{other}");
        }
    }
}
