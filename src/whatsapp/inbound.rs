//! From a webhook's bytes to what happened. Total: only a body that is no JSON object of this kind at all is an error; every
//! item is read alone, so one bad item never harms its siblings, and unknown kinds are kept as they are.
//!
//! Shapes after Meta's webhook reference (messages, statuses; pages updated 2025-11 to 2026-06). Fields are optional
//! except those without which nothing can be done, and unknown fields are ignored.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::message_id;
use crate::domain::conversation::Customer;
use crate::domain::device::Device;
use crate::domain::event::OrderItem;
use crate::domain::ids::{NumberId, RetailerId};

/// One thing that a webhook tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Update {
    /// A customer's message.
    Message(Box<InboundMessage>),
    /// What became of one of ours.
    Status(Box<StatusUpdate>),
    /// Something that we don't know or have no use for: counted, not stored.
    Unrecognised {
        /// What it calls itself, for counters: a field or a type, cut short.
        what: String,
    },
    /// Something that should be readable and isn't: parked as it is.
    Poison {
        /// The number that it was for, when that could be read.
        number: Option<NumberId>,
        /// The item.
        raw: String,
        /// What is wrong with it.
        problem: String,
    },
}

/// A customer's message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboundMessage {
    /// To which business number.
    pub number: NumberId,
    /// From whom.
    pub customer: Customer,
    /// The inner id, shared by both envelopes of one message.
    pub id: String,
    /// The message's own time, in Unix milliseconds.
    pub at_ms: i64,
    /// The class of device that it came from.
    pub device: Device,
    /// What it holds.
    pub body: Body,
}

/// What a message holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Words.
    Text(String),
    /// A button's or row's id.
    Tap(String),
    /// WhatsApp's own cart.
    Order {
        /// Of which catalog, when it says so.
        catalog_id: Option<String>,
        /// Its lines.
        items: Vec<OrderItem>,
        /// The words with it.
        note: Option<String>,
    },
    /// Anything else that a person sent and expects an answer to.
    Other(String),
    /// Nothing to answer: a reaction, a system notice.
    Silent(String),
}

/// Meta's words for how far a message has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryWord {
    /// On its way.
    Sent,
    /// On the phone.
    Delivered,
    /// Read or played.
    Read,
    /// Will not arrive.
    Failed,
}

/// A delivery status of one of our messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusUpdate {
    /// From which business number.
    pub number: NumberId,
    /// The inner id of the message.
    pub message: String,
    /// To whom, as far as it is told.
    pub customer: Customer,
    /// The status; `None` for words that we don't know.
    pub status: Option<DeliveryWord>,
    /// Our callback data.
    pub callback_data: Option<String>,
    /// The error's code, when it failed.
    pub code: Option<i64>,
}

#[derive(Deserialize)]
struct Envelope {
    object: String,
    #[serde(default)]
    entry: Vec<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    changes: Vec<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Change {
    #[serde(default)]
    field: String,
    value: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Value {
    metadata: Option<Metadata>,
    contacts: Option<Box<RawValue>>,
    messages: Option<Box<RawValue>>,
    statuses: Option<Box<RawValue>>,
    errors: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Metadata {
    phone_number_id: String,
}

#[derive(Deserialize)]
struct Contact {
    profile: Option<Profile>,
    wa_id: Option<String>,
    user_id: Option<String>,
}

#[derive(Deserialize)]
struct Profile {
    name: Option<String>,
}

#[derive(Deserialize)]
struct RawMessage {
    from: Option<String>,
    from_user_id: Option<String>,
    id: String,
    timestamp: Option<Box<RawValue>>,
    #[serde(rename = "type", default)]
    kind: String,
    text: Option<RawText>,
    interactive: Option<RawInteractive>,
    button: Option<RawButton>,
    order: Option<RawOrder>,
}

#[derive(Deserialize)]
struct RawText {
    #[serde(default)]
    body: String,
}

#[derive(Deserialize)]
struct RawInteractive {
    #[serde(rename = "type", default)]
    kind: String,
    button_reply: Option<RawReply>,
    list_reply: Option<RawReply>,
}

#[derive(Deserialize)]
struct RawReply {
    id: String,
}

#[derive(Deserialize)]
struct RawButton {
    payload: Option<String>,
    text: Option<String>,
}

#[derive(Deserialize)]
struct RawOrder {
    catalog_id: Option<String>,
    text: Option<String>,
    #[serde(default)]
    product_items: Vec<RawItem>,
}

#[derive(Deserialize)]
struct RawItem {
    product_retailer_id: String,
    quantity: Option<Box<RawValue>>,
    item_price: Option<Box<RawValue>>,
    currency: Option<String>,
}

#[derive(Deserialize)]
struct RawStatus {
    id: String,
    #[serde(default)]
    status: String,
    recipient_id: Option<String>,
    recipient_user_id: Option<String>,
    biz_opaque_callback_data: Option<String>,
    #[serde(default)]
    errors: Vec<RawError>,
}

#[derive(Deserialize)]
struct RawError {
    code: Option<i64>,
}

/// Reads a webhook body; the error is a sentence about why it is no such body at all.
pub fn parse(body: &[u8]) -> Result<Vec<Update>, String> {
    let envelope: Envelope =
        serde_json::from_slice(body).map_err(|error| format!("not a webhook body: {error}"))?;
    if envelope.object != "whatsapp_business_account" {
        let object: String = envelope.object.chars().take(40).collect();
        return Err(format!(
            "the object is {object:?}, not \"whatsapp_business_account\""
        ));
    }
    Ok(envelope
        .entry
        .iter()
        .flat_map(|entry| read_entry(entry))
        .collect())
}

fn read_entry(raw: &RawValue) -> Vec<Update> {
    match serde_json::from_str::<Entry>(raw.get()) {
        Ok(entry) => entry
            .changes
            .iter()
            .flat_map(|change| read_change(change))
            .collect(),
        Err(error) => vec![poison(None, raw, &error)],
    }
}

fn read_change(raw: &RawValue) -> Vec<Update> {
    match serde_json::from_str::<Change>(raw.get()) {
        Ok(read) => change(read),
        Err(error) => vec![poison(None, raw, &error)],
    }
}

/// The items of a part; a part that is no list is one poison item and harms no other part.
fn items(number: &NumberId, part: Option<&RawValue>, updates: &mut Vec<Update>) -> Vec<Box<RawValue>> {
    let Some(raw) = part.filter(|raw| raw.get() != "null") else {
        return Vec::new();
    };
    match serde_json::from_str(raw.get()) {
        Ok(items) => items,
        Err(error) => {
            updates.push(poison(Some(number), raw, &error));
            Vec::new()
        }
    }
}

fn change(change: Change) -> Vec<Update> {
    let Some(raw) = change.value.filter(|_| change.field == "messages") else {
        return vec![Update::Unrecognised {
            what: format!("field:{}", short(&change.field)),
        }];
    };
    let value: Value = match serde_json::from_str(raw.get()) {
        Ok(value) => value,
        Err(error) => return vec![poison(None, &raw, &error)],
    };
    let Some(number) = value
        .metadata
        .map(|metadata| NumberId::new(metadata.phone_number_id))
    else {
        return vec![Update::Poison {
            number: None,
            raw: raw.get().to_owned(),
            problem: "metadata.phone_number_id is missing".to_owned(),
        }];
    };
    let mut updates = Vec::new();
    let contacts = items(&number, value.contacts.as_deref(), &mut updates);
    let messages = items(&number, value.messages.as_deref(), &mut updates);
    let statuses = items(&number, value.statuses.as_deref(), &mut updates);
    let errors = items(&number, value.errors.as_deref(), &mut updates);
    let contacts: Vec<Contact> = contacts
        .iter()
        .filter_map(|contact| serde_json::from_str(contact.get()).ok())
        .collect();
    updates.extend(messages.iter().map(|item| message(&number, &contacts, item)));
    updates.extend(statuses.iter().map(|item| status(&number, item)));
    updates.extend(errors.iter().map(|_| Update::Unrecognised {
        what: "errors".to_owned(),
    }));
    updates
}

fn poison(number: Option<&NumberId>, raw: &RawValue, error: &serde_json::Error) -> Update {
    Update::Poison {
        number: number.cloned(),
        raw: raw.get().to_owned(),
        problem: error.to_string(),
    }
}

fn short(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '_')
        .take(40)
        .collect()
}

fn message(number: &NumberId, contacts: &[Contact], item: &RawValue) -> Update {
    let raw: RawMessage = match serde_json::from_str(item.get()) {
        Ok(raw) => raw,
        Err(error) => return poison(Some(number), item, &error),
    };
    let customer = customer_of(&raw, contacts);
    if customer.wa_id.is_none() && customer.user_id.is_none() {
        let problem = "neither from nor from_user_id is there".to_owned();
        return Update::Poison {
            number: Some(number.clone()),
            raw: item.get().to_owned(),
            problem,
        };
    }
    let Some(at_ms) = raw.timestamp.as_deref().and_then(seconds) else {
        let problem = "timestamp is missing or no number of seconds".to_owned();
        return Update::Poison {
            number: Some(number.clone()),
            raw: item.get().to_owned(),
            problem,
        };
    };
    let (id, device) = (message_id::decode(&raw.id).inner, message_id::device(&raw.id));
    let body = body_of(raw);
    Update::Message(Box::new(InboundMessage {
        number: number.clone(),
        customer,
        id,
        at_ms,
        device,
        body,
    }))
}

/// The sender, joined with its contact by id: contacts need not stand in the order of the messages.
fn customer_of(raw: &RawMessage, contacts: &[Contact]) -> Customer {
    let known = |text: &Option<String>| text.clone().filter(|id| !id.is_empty());
    let (wa_id, user_id) = (known(&raw.from), known(&raw.from_user_id));
    let mine = contacts.iter().find(|contact| {
        (wa_id.is_some() && contact.wa_id == wa_id) || (user_id.is_some() && contact.user_id == user_id)
    });
    Customer {
        user_id: user_id.or_else(|| mine.and_then(|contact| known(&contact.user_id))),
        wa_id: wa_id.or_else(|| mine.and_then(|contact| known(&contact.wa_id))),
        name: mine
            .and_then(|contact| contact.profile.as_ref())
            .and_then(|profile| known(&profile.name)),
    }
}

fn seconds(raw: &RawValue) -> Option<i64> {
    let seconds: i64 = raw.get().trim_matches('"').parse().ok()?;
    (0..=4_102_444_800).contains(&seconds).then_some(seconds * 1000)
}

fn body_of(raw: RawMessage) -> Body {
    match (
        raw.kind.as_str(),
        raw.text,
        raw.interactive,
        raw.button,
        raw.order,
    ) {
        ("text", Some(text), ..) => Body::Text(text.body),
        ("interactive", _, Some(interactive), ..) => {
            let kind = interactive.kind;
            let reply = interactive.button_reply.or(interactive.list_reply);
            reply.map_or_else(
                || Body::Other(format!("interactive_{}", short(&kind))),
                |reply| Body::Tap(reply.id),
            )
        }
        ("button", _, _, Some(button), _) => match (button.payload, button.text) {
            (Some(payload), _) if payload.starts_with("s1.") => Body::Tap(payload),
            (payload, text) => Body::Text(text.or(payload).unwrap_or_default()),
        },
        ("order", _, _, _, Some(order)) => Body::Order {
            catalog_id: order.catalog_id,
            note: order.text,
            items: order.product_items.into_iter().map(order_item).collect(),
        },
        ("reaction" | "system" | "edit" | "revoke", ..) => Body::Silent(short(&raw.kind)),
        _ => Body::Other(short(&raw.kind)),
    }
}

fn order_item(raw: RawItem) -> OrderItem {
    let text = |raw: Option<Box<RawValue>>| {
        raw.map(|raw| raw.get().trim_matches('"').to_owned())
            .unwrap_or_default()
    };
    OrderItem {
        retailer_id: RetailerId::new(raw.product_retailer_id),
        quantity: text(raw.quantity).parse().unwrap_or(-1),
        item_price: text(raw.item_price),
        currency: raw.currency.unwrap_or_default(),
    }
}

fn status(number: &NumberId, item: &RawValue) -> Update {
    let raw: RawStatus = match serde_json::from_str(item.get()) {
        Ok(raw) => raw,
        Err(error) => return poison(Some(number), item, &error),
    };
    let status = match raw.status.as_str() {
        "sent" => Some(DeliveryWord::Sent),
        "delivered" => Some(DeliveryWord::Delivered),
        "read" | "played" => Some(DeliveryWord::Read),
        "failed" => Some(DeliveryWord::Failed),
        _ => None,
    };
    Update::Status(Box::new(StatusUpdate {
        number: number.clone(),
        message: message_id::decode(&raw.id).inner,
        customer: Customer {
            user_id: raw.recipient_user_id,
            wa_id: raw.recipient_id,
            name: None,
        },
        status,
        callback_data: raw.biz_opaque_callback_data,
        code: raw.errors.first().and_then(|error| error.code),
    }))
}
