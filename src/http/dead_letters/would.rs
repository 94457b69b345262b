//! What a replay would do, without doing it: nothing is written, nothing is sent, no letter moves. Each event is judged alone
//! against the present state, also where one follows another.

use serde_json::{Value, json};

use super::replay::{Outcome, callback_id, check_age, event_of, no_source};
use crate::domain::ids::{HomeId, MerchantId};
use crate::engine::{Happened, What, Who, Would};
use crate::http::problem::{ApiError, Code};
use crate::http::{State, callbacks, intake};
use crate::merchants::{CallbackError, MerchantNews};
use crate::store::DeadLetter;
use crate::whatsapp::inbound::{self, Update};

/// Events of one letter that are judged; the rest is counted.
const EVENTS_MAX: usize = 50;

/// What a replay would come to.
#[derive(Debug)]
pub(super) struct Foreseen {
    pub(super) outcome: Outcome,
    pub(super) problem: Option<String>,
    pub(super) events: Vec<Value>,
}

impl Foreseen {
    fn taken(events: Vec<Value>) -> Self {
        Self {
            outcome: Outcome::Taken,
            problem: None,
            events,
        }
    }

    fn parked_again(problem: impl Into<String>, events: Vec<Value>) -> Self {
        Self {
            outcome: Outcome::ParkedAgain,
            problem: Some(problem.into()),
            events,
        }
    }
}

/// What a replay of this letter would do.
pub(super) async fn replayed(state: &State, letter: &DeadLetter) -> Result<Foreseen, ApiError> {
    match letter.source.as_str() {
        "webhook" => webhook(state, letter).await,
        "event" | "effect" => one_event(state, &event_of(state, letter).await?).await,
        source => {
            let merchant = source.strip_prefix("callback:").ok_or_else(no_source)?;
            callback(state, &MerchantId::new(merchant), letter).await
        }
    }
}

async fn one_event(state: &State, happened: &Happened) -> Result<Foreseen, ApiError> {
    let would = state.engine.would(happened).await?;
    let events = vec![told(state, happened, &would)];
    match would {
        Would::Done {
            parked: Some(reason), ..
        } => Ok(Foreseen::parked_again(
            format!("its decision fails: {reason}"),
            events,
        )),
        Would::Done { parked: None, .. } | Would::Duplicate => Ok(Foreseen::taken(events)),
        Would::NoConversation => Err(ApiError::new(Code::NotFound, "the letter's conversation is gone")),
    }
}

/// One event and its effects as JSON.
fn told(state: &State, happened: &Happened, would: &Would) -> Value {
    let event = match &happened.what {
        What::Event(event) => event.word(),
        What::Tap { .. } => "tapped",
    };
    match would {
        Would::Done {
            effects,
            window_open_until_ms,
            ..
        } => {
            let is_open = state.engine.clock().now_ms() < *window_open_until_ms;
            let note = if effects.is_empty() {
                Some("nothing would be done")
            } else if !is_open && effects.iter().any(|effect| effect.starts_with("send:")) {
                Some("the service window is closed: messages would not be sent")
            } else {
                None
            };
            let conversation = home_of(state, happened);
            json!({
                "event": event,
                "conversation": conversation,
                "effects": effects,
                "window_open": is_open,
                "note": note,
            })
        }
        Would::Duplicate => json!({ "event": event, "effects": [], "note": "it was taken before" }),
        Would::NoConversation => json!({ "event": event, "effects": [], "note": "no such conversation" }),
    }
}

fn home_of(state: &State, happened: &Happened) -> Option<HomeId> {
    match &happened.who {
        Who::Home(home) => Some(home.clone()),
        Who::Customer { number, customer } => {
            let homes = state.engine.addresses().homes(number, customer);
            homes.into_iter().next()
        }
    }
}

/// What is told of the other items of a webhook.
fn other(update: &Update) -> Value {
    let (event, note) = match update {
        Update::Message(_) => ("message", "its business number is not configured"),
        Update::Status(status) => return json!({ "event": "status", "note": status.status.word() }),
        Update::Moved { .. } => ("moved", "the customer's new ids would lead to the conversation"),
        Update::Echo { .. } => ("echoed", "the conversation would wait for a person"),
        Update::History { .. } => ("history", "nothing would be done"),
        Update::AccountError { .. } => ("account_error", "it would be logged and counted"),
        Update::Unrecognised { .. } => ("unrecognised", "it would be counted"),
        Update::Poison { .. } => ("poison", "it would be parked alone, as before"),
    };
    json!({ "event": event, "note": note })
}

async fn webhook(state: &State, letter: &DeadLetter) -> Result<Foreseen, ApiError> {
    check_age(letter, state.engine.clock().now_ms())?;
    let updates = match inbound::parse(letter.body.as_bytes()) {
        Ok(updates) => updates,
        Err(problem) => return Ok(Foreseen::parked_again(problem, Vec::new())),
    };
    let (mut events, mut unknown_number) = (Vec::new(), false);
    let surplus = updates.len().saturating_sub(EVENTS_MAX);
    for (index, update) in updates.into_iter().enumerate() {
        let settings = match &update {
            Update::Message(message) => state.engine.number(&message.number),
            Update::Status(_)
            | Update::Moved { .. }
            | Update::Echo { .. }
            | Update::History { .. }
            | Update::AccountError { .. }
            | Update::Unrecognised { .. }
            | Update::Poison { .. } => None,
        };
        unknown_number |= matches!(update, Update::Message(_)) && settings.is_none();
        if index >= EVENTS_MAX {
            continue;
        }
        let event = match (update, settings) {
            (Update::Message(message), Some(settings)) => {
                let ours = settings.shop.catalog_id.as_deref();
                message_told(state, intake::happened(*message, ours)).await?
            }
            (update, _) => other(&update),
        };
        events.push(event);
    }
    if surplus > 0 {
        events.push(json!({ "event": "more", "note": format!("{surplus} more items were not judged") }));
    }
    Ok(if unknown_number {
        Foreseen::parked_again("a phone_number_id in it is not configured", events)
    } else {
        Foreseen::taken(events)
    })
}

async fn message_told(state: &State, message: Result<Happened, String>) -> Result<Value, ApiError> {
    match message {
        Ok(happened) => {
            let would = state.engine.would(&happened).await?;
            Ok(told(state, &happened, &would))
        }
        Err(what) => Ok(json!({ "event": what, "note": "nothing would be done" })),
    }
}

async fn callback(state: &State, merchant: &MerchantId, letter: &DeadLetter) -> Result<Foreseen, ApiError> {
    let connector = state.dispatcher.connector(merchant);
    let connector =
        connector.ok_or_else(|| ApiError::new(Code::NotFound, "no such merchant is configured"))?;
    let now_ms = state.engine.clock().now_ms();
    let read = connector.parse_callback(&callback_id(letter), letter.body.as_bytes(), now_ms);
    let callback = match read {
        Ok(callback) => callback,
        Err(CallbackError::Unreadable(problem)) => {
            return Ok(Foreseen::parked_again(problem, Vec::new()));
        }
        Err(error @ CallbackError::Signature) => {
            return Err(ApiError::new(Code::NotAuthorised, error.to_string()));
        }
    };
    let event = match &callback.news {
        MerchantNews::ProductUpdated(product) => {
            json!({ "event": "product_updated", "note": format!("{} would be brought up to date", product.retailer_id) })
        }
        MerchantNews::ProductRemoved(id) => {
            json!({ "event": "product_removed", "note": format!("the merchant would be asked about {id}") })
        }
        MerchantNews::Other(kind) => json!({ "event": kind, "note": "nothing would be done" }),
        MerchantNews::Purchase { .. } => {
            let Some(happened) = callbacks::purchase_event(state, merchant, callback).await? else {
                let problem = "this merchant does not have the purchase here";
                return Ok(Foreseen::parked_again(problem, Vec::new()));
            };
            return one_event(state, &happened).await;
        }
    };
    Ok(Foreseen::taken(vec![event]))
}
