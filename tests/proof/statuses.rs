//! A status arrives, as the webhook's route takes it.

use std::sync::Arc;

use sacola::delivery::Dispatcher;
use sacola::whatsapp::inbound::StatusUpdate;
use sacola::whatsapp::message_id;

use super::outside::StatusNews;
use super::replica::number;

pub async fn arrives(dispatcher: &Arc<Dispatcher>, news: &StatusNews) -> Result<(), String> {
    let data = format!("s1.{}.{}", news.kind.word(), news.effect);
    let update = StatusUpdate {
        number: number(),
        message: Some(message_id::decode(&news.message_id).inner),
        customer: news.customer.clone(),
        status: news.word,
        callback_data: news.has_callback_data.then_some(data),
        code: news.code,
        details: String::new(),
        pricing: None,
    };
    let taken = dispatcher.take_status(&update).await;
    taken.map_err(|interrupted| interrupted.to_string())
}
