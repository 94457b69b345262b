//! From a verified body to events. Also what a dead letter's replay goes through: there is one way in.

use std::sync::Arc;

use futures::future::join_all;

use super::State;
use super::problem::ApiError;
use crate::domain::event::{Event, SendFailure};
use crate::domain::ids::{EffectId, HomeId, MerchantId, PurchaseId};
use crate::domain::message::Kind;
use crate::engine::addresses::{digest, purchase_id};
use crate::engine::{Engine, Happened, Refused, Taken, What, Who};
use crate::store::{DeadLetter, DeliveryStatus, StatusTarget};
use crate::whatsapp::errors::WINDOW_CLOSED;
use crate::whatsapp::inbound::{self, Body, DeliveryWord, InboundMessage, StatusUpdate, Update};

/// Most letters about numbers that nobody configured.
const UNKNOWN_NUMBERS_KEPT: usize = 1_000;

/// Takes a provider's webhook: every item alone, the answer when all are durable.
pub(super) async fn webhook(state: &State, bytes: &[u8]) -> Result<(), ApiError> {
    let updates = match inbound::parse(bytes) {
        Ok(updates) => updates,
        Err(problem) => {
            return park(state, "unparseable", &problem, None, "webhook", bytes).await;
        }
    };
    let engine = &state.engine;
    let mut taking = Vec::new();
    let mut unknown_number = false;
    for update in updates {
        match update {
            Update::Message(message) if engine.number(&message.number).is_none() => unknown_number = true,
            Update::Message(message) => taking.push(message),
            Update::Status(status) => record(engine, &status).await?,
            Update::Unrecognised { what } => {
                metrics::counter!("sacola_unrecognised_total", "what" => what).increment(1);
            }
            Update::Poison { number, raw, problem } => {
                let merchant = number
                    .and_then(|number| engine.number(&number))
                    .map(|n| n.shop.merchant.clone());
                park(state, "poison", &problem, merchant, "item", raw.as_bytes()).await?;
            }
        }
    }
    if unknown_number {
        let detail = "a webhook for a phone_number_id that is not configured; configure it, then replay";
        park(state, "unknown_number", detail, None, "webhook", bytes).await?;
    }
    let taken = join_all(
        taking
            .into_iter()
            .filter_map(|message| {
                let ours = engine
                    .number(&message.number)
                    .and_then(|number| number.shop.catalog_id.clone());
                happened(*message, ours.as_deref())
            })
            .map(|one| engine.take(one)),
    )
    .await;
    for one in taken {
        if one? == Taken::Duplicate {
            metrics::counter!("sacola_duplicates_total").increment(1);
        }
    }
    Ok(())
}

/// What a customer's message means; `None` for what needs no decision.
fn happened(message: InboundMessage, ours: Option<&str>) -> Option<Happened> {
    let device = message.device;
    let what = match message.body {
        Body::Text(text) => What::Event(Event::Said { text, device }),
        Body::Tap(id) => What::Tap { id, device },
        Body::Order {
            catalog_id,
            items,
            note,
        } => {
            // An order of another catalog says nothing about this shop's products: read as empty, it is answered as
            // unreadable and buys nothing.
            let foreign = ours.is_some() && catalog_id.is_some() && catalog_id.as_deref() != ours;
            let items = if foreign { Vec::new() } else { items };
            What::Event(Event::Ordered { items, note, device })
        }
        Body::Other(what) => What::Event(Event::Arrived { what, device }),
        Body::Silent(what) => {
            metrics::counter!("sacola_unrecognised_total", "what" => what).increment(1);
            return None;
        }
    };
    let purchase_id = purchase_id(&message.number, &message.customer, &message.id);
    let who = Who::Customer {
        number: message.number,
        customer: message.customer,
    };
    Some(Happened {
        who,
        id: format!("in:{}", message.id),
        at_ms: message.at_ms,
        purchase_id,
        what,
    })
}

/// Records a delivery status on the cheapest path; only a failure is an event.
async fn record(engine: &Arc<Engine>, status: &StatusUpdate) -> Result<(), ApiError> {
    let Some(word) = status.status else {
        metrics::counter!("sacola_unrecognised_total", "what" => "status").increment(1);
        return Ok(());
    };
    let effect = status.callback_data.as_deref().and_then(our_effect);
    let target = if let Some((_, effect_id)) = &effect {
        StatusTarget::Effect(effect_id.clone())
    } else {
        if engine.number(&status.number).is_none() {
            return Ok(());
        }
        let Some(home) = engine.home_of(&status.number, &status.customer).await? else {
            return Ok(());
        };
        StatusTarget::Message {
            home,
            message_key: digest(&status.message),
        }
    };
    let raised = match word {
        DeliveryWord::Sent => DeliveryStatus::Sent,
        DeliveryWord::Delivered => DeliveryStatus::Delivered,
        DeliveryWord::Read => DeliveryStatus::Read,
        DeliveryWord::Failed => DeliveryStatus::Failed,
    };
    let now_ms = engine.clock().now_ms();
    let outcome = engine.store().record_status(&target, raised, now_ms).await?;
    metrics::counter!("sacola_statuses_total", "status" => format!("{word:?}").to_lowercase()).increment(1);
    let failed = word == DeliveryWord::Failed;
    match outcome.effect_id.filter(|_| failed) {
        Some(effect_id) => late_failure(engine, effect_id, effect.map(|(kind, _)| kind), status).await,
        None => Ok(()),
    }
}

/// `s1.<kind>.<effect_id>`, when it is one of ours.
fn our_effect(data: &str) -> Option<(Kind, EffectId)> {
    let (kind, effect) = data.strip_prefix("s1.")?.split_once('.')?;
    let effect = EffectId::new(effect);
    effect.home()?;
    Some((Kind::of_word(kind)?, effect))
}

async fn late_failure(
    engine: &Arc<Engine>,
    effect_id: EffectId,
    kind: Option<Kind>,
    status: &StatusUpdate,
) -> Result<(), ApiError> {
    let Some(home) = effect_id.home() else {
        return Ok(());
    };
    let code = status.code.unwrap_or(0);
    tracing::warn!(effect = %effect_id, code, "a message failed late");
    metrics::counter!("sacola_send_errors_total", "code" => code.to_string()).increment(1);
    let failure = if code == WINDOW_CLOSED {
        SendFailure::WindowClosed
    } else {
        SendFailure::Rejected { code }
    };
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

/// Keeps what can't be taken; 503 when even that fails.
pub(super) async fn park(
    state: &State,
    reason: &str,
    detail: &str,
    merchant: Option<MerchantId>,
    source: &str,
    body: &[u8],
) -> Result<(), ApiError> {
    metrics::counter!("sacola_dead_letters_total", "reason" => reason.to_owned()).increment(1);
    let text = String::from_utf8_lossy(body).into_owned();
    let letter = DeadLetter {
        id: format!("dl-{}", digest(&format!("{reason}\n{text}"))),
        reason: reason.to_owned(),
        detail: detail.chars().take(300).collect(),
        merchant,
        home: None::<HomeId>,
        at_ms: state.engine.clock().now_ms(),
        source: source.to_owned(),
        body: text,
    };
    state.engine.store().park(&letter, UNKNOWN_NUMBERS_KEPT).await?;
    Ok(())
}
