//! Delivery statuses on their cheapest path: one script each, and only a failure is an event. What they cost is counted here
//! (rule R12).

use std::sync::Arc;

use super::State;
use super::problem::ApiError;
use crate::delivery::{Gate, Reason};
use crate::domain::event::{Event, SendFailure};
use crate::domain::ids::{EffectId, PurchaseId};
use crate::domain::message::Kind;
use crate::engine::addresses::digest;
use crate::engine::{Engine, Happened, Refused, What, Who};
use crate::store::{DeliveryStatus, StatusTarget};
use crate::whatsapp::errors::{self, Advice, Late};
use crate::whatsapp::inbound::{DeliveryWord, StatusUpdate};

/// Records one status.
pub(super) async fn record(state: &State, status: &StatusUpdate) -> Result<(), ApiError> {
    let engine = &state.engine;
    let effect = status.callback_data.as_deref().and_then(our_effect);
    let target = match (&effect, &status.message) {
        (Some((_, effect_id)), _) => StatusTarget::Effect(effect_id.clone()),
        (None, Some(message)) => {
            if engine.number(&status.number).is_none() {
                return Ok(());
            }
            let Some(home) = engine.home_of(&status.number, &status.customer).await? else {
                return Ok(());
            };
            StatusTarget::Message {
                home,
                message_key: digest(message),
            }
        }
        (None, None) => return Ok(()),
    };
    let raised = match status.status {
        DeliveryWord::Sent => DeliveryStatus::Sent,
        DeliveryWord::Delivered => DeliveryStatus::Delivered,
        DeliveryWord::Read => DeliveryStatus::Read,
        DeliveryWord::Failed => DeliveryStatus::Failed,
    };
    let now_ms = engine.clock().now_ms();
    let outcome = engine.store().record_status(&target, raised, now_ms).await?;
    metrics::counter!("sacola_statuses_total", "status" => status.status.word()).increment(1);
    if outcome.raised {
        count_cost(status);
    }
    match outcome
        .effect_id
        .filter(|_| status.status == DeliveryWord::Failed)
    {
        Some(effect_id) => {
            let failure = late_meaning(state, status, outcome.raised);
            late_failure(engine, effect_id, effect.map(|(kind, _)| kind), failure).await
        }
        None => Ok(()),
    }
}

/// A message is charged when it is delivered, and the price stands on one of `delivered` and `read` (Meta, status webhooks).
fn count_cost(status: &StatusUpdate) {
    let arrived = matches!(status.status, DeliveryWord::Delivered | DeliveryWord::Read);
    if let Some(pricing) = status.pricing.as_ref().filter(|_| arrived) {
        metrics::counter!(
            "sacola_messages_priced_total",
            "category" => pricing.category.clone(), "type" => pricing.kind.clone()
        )
        .increment(1);
    }
}

/// `s1.<kind>.<effect_id>`, when it is one of ours.
fn our_effect(data: &str) -> Option<(Kind, EffectId)> {
    let (kind, effect) = data.strip_prefix("s1.")?.split_once('.')?;
    let effect = EffectId::new(effect);
    effect.home()?;
    Some((Kind::of_word(kind)?, effect))
}

/// What a late failure means, by the table of codes; a code that stops a number or a merchant closes its gate, once: the
/// provider repeats webhooks for days, and an old failure says nothing about the present.
fn late_meaning(state: &State, status: &StatusUpdate, is_news: bool) -> SendFailure {
    // A failure without a code says nothing about the token, which is what code 0 would do.
    let code = status.code.unwrap_or(-1);
    metrics::counter!("sacola_send_errors_total", "code" => errors::label(code)).increment(1);
    let late = errors::row(code).map_or(Late::Final, |row| row.late);
    let gate = match late {
        Late::WindowClosed => return SendFailure::WindowClosed,
        Late::Final => return SendFailure::Rejected { code },
        Late::TellAgain => None,
        Late::StopNumber => {
            let known = state.engine.number(&status.number);
            known.map(|known| Gate::Number(known.number.clone()))
        }
        Late::StopMerchant => state
            .engine
            .number(&status.number)
            .map(|number| Gate::Merchant(number.shop.merchant.clone())),
    };
    if let Some(gate) = gate.filter(|_| is_news) {
        let reason = Reason {
            code,
            subcode: None,
            details: &status.details,
            late: true,
        };
        state.dispatcher.stop_sending(gate, reason);
    }
    let soon = errors::row(code).is_some_and(|row| row.advice == Advice::Retry { pause_ms: 0 });
    SendFailure::Owed { code, soon }
}

async fn late_failure(
    engine: &Arc<Engine>,
    effect_id: EffectId,
    kind: Option<Kind>,
    failure: SendFailure,
) -> Result<(), ApiError> {
    let Some(home) = effect_id.home() else {
        return Ok(());
    };
    tracing::warn!(effect = %effect_id, ?failure, "a message failed late");
    let happened = Happened {
        who: Who::Home(home),
        id: format!("{effect_id}:failed"),
        at_ms: 0,
        purchase_id: PurchaseId::new(digest(effect_id.as_str())),
        what: What::Event(Event::SendFailed {
            effect_id,
            kind,
            message: None,
            failure,
        }),
    };
    match engine.take(happened).await {
        Ok(_) | Err(Refused::UnknownNumber) => Ok(()),
        Err(refused) => Err(refused.into()),
    }
}
