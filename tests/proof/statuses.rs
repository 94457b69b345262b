//! A status arrives, as the webhook's route takes it: recorded on its cheapest path, and an event when the message failed.

use std::sync::Arc;

use sacola::delivery::Dispatcher;
use sacola::domain::event::{Event, SendFailure};
use sacola::domain::ids::PurchaseId;
use sacola::engine::addresses::digest;
use sacola::engine::{Happened, Refused, What, Who};
use sacola::store::{DeliveryStatus, StatusTarget};
use sacola::whatsapp::inbound::DeliveryWord;
use sacola::whatsapp::message_id;

use super::outside::StatusNews;

pub async fn arrives(dispatcher: &Arc<Dispatcher>, news: &StatusNews) -> Result<(), String> {
    let engine = dispatcher.engine();
    let target = if news.has_callback_data {
        StatusTarget::Effect(news.effect.clone())
    } else {
        StatusTarget::Message {
            home: news.home.clone(),
            message_key: digest(&message_id::decode(&news.message_id).inner),
        }
    };
    let status = match news.word {
        DeliveryWord::Sent => DeliveryStatus::Sent,
        DeliveryWord::Delivered => DeliveryStatus::Delivered,
        DeliveryWord::Read => DeliveryStatus::Read,
        DeliveryWord::Failed => DeliveryStatus::Failed,
    };
    let now_ms = engine.clock().now_ms();
    let outcome = engine.store().record_status(&target, status, now_ms).await;
    let outcome = outcome.map_err(|error| error.to_string())?;
    let Some(effect_id) = outcome.effect_id.filter(|_| status == DeliveryStatus::Failed) else {
        return Ok(());
    };
    let happened = Happened {
        who: Who::Home(news.home.clone()),
        id: format!("{effect_id}:failed"),
        at_ms: 0,
        purchase_id: PurchaseId::new(digest(effect_id.as_str())),
        what: What::Event(Event::SendFailed {
            effect_id,
            kind: Some(news.kind),
            message: None,
            failure: SendFailure::Rejected {
                code: news.code.unwrap_or(-1),
            },
        }),
    };
    match engine.take(happened).await {
        Ok(_) | Err(Refused::UnknownNumber) => Ok(()),
        Err(refused) => Err(refused.to_string()),
    }
}
