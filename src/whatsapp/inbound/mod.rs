//! From a webhook's bytes to what happened. It owns the envelope and the list of what can be told; it refuses to decide
//! anything. Total: only a body that is no JSON object of this kind at all is an error; every item is read alone, so one
//! bad item never harms its siblings, and unknown kinds are kept as they are.
//!
//! Shapes after Meta's webhook reference (messages, statuses; pages updated 2025-11 to 2026-06). Fields are optional
//! except those without which nothing can be done, and unknown fields are ignored.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::domain::conversation::Customer;
use crate::domain::device::Device;
use crate::domain::event::OrderItem;
use crate::domain::ids::{NumberId, RetailerId};
use loose::{Text, part};

mod fields;
mod loose;
mod message;
pub mod shape;
mod status;
#[cfg(test)]
mod tests;

/// One thing that a webhook tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Update {
    /// A customer's message.
    Message(Box<InboundMessage>),
    /// What became of one of ours.
    Status(Box<StatusUpdate>),
    /// A customer has a new phone number or user id.
    Moved {
        /// To which number it was told; `None`: to all of the account.
        number: Option<NumberId>,
        /// Names the news, the same on each redelivery.
        id: String,
        /// The ids before.
        from: Customer,
        /// The ids that are new.
        to: Customer,
    },
    /// Somebody of the business wrote to a customer in the WhatsApp Business app (coexistence).
    Echo {
        /// From which number.
        number: NumberId,
        /// The inner id of the message.
        id: String,
        /// Its own time, in Unix milliseconds; 0 when it tells none.
        at_ms: i64,
        /// To whom.
        customer: Customer,
    },
    /// Messages from before the number came to the API (coexistence): never acted on.
    History {
        /// Of which number.
        number: NumberId,
        /// How many.
        messages: usize,
    },
    /// Something is wrong with the account or the number, beside any message.
    AccountError {
        /// Which number.
        number: NumberId,
        /// Meta's code, when it says one.
        code: Option<i64>,
        /// Meta's details, cut short.
        details: String,
    },
    /// Something that we don't know or have no use for: counted, kept as a masked sample.
    Unrecognised {
        /// What it calls itself, for counters: a field or a type, cut short.
        what: String,
        /// The thing itself.
        raw: String,
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
    /// The message's own time, in Unix milliseconds; 0 when it tells none: it is taken, but opens no service window.
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
    Text {
        /// The words.
        text: String,
        /// The product from whose page they were written.
        about: Option<RetailerId>,
    },
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
    /// The customer opened the chat for the first time and wrote nothing yet.
    Welcome,
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

impl DeliveryWord {
    /// The word, for counters.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Failed => "failed",
        }
    }
}

/// What a message costs (rule R12): Meta's own words, cut short, for counters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pricing {
    /// `service`, `utility`, `marketing` …
    pub category: String,
    /// `regular`, `free_customer_service`, `free_entry_point` …
    pub kind: String,
}

/// A delivery status of one of our messages. It names its message by id, by our callback data, or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusUpdate {
    /// From which business number.
    pub number: NumberId,
    /// The inner id of the message.
    pub message: Option<String>,
    /// To whom, as far as it is told.
    pub customer: Customer,
    /// The status.
    pub status: DeliveryWord,
    /// Our callback data.
    pub callback_data: Option<String>,
    /// The error's code, when it failed.
    pub code: Option<i64>,
    /// Meta's details of the error, cut short.
    pub details: String,
    /// What it costs, when it says so.
    pub pricing: Option<Pricing>,
}

#[derive(Deserialize)]
struct Envelope<E> {
    object: Option<String>,
    #[serde(default = "Vec::new")]
    entry: Vec<E>,
}

#[derive(Deserialize)]
struct Entry<C> {
    #[serde(default = "Vec::new")]
    changes: Vec<C>,
}

#[derive(Deserialize)]
struct WellFormed<'a> {
    #[serde(borrow)]
    field: Cow<'a, str>,
    #[serde(borrow)]
    value: Value<'a>,
}

#[derive(Deserialize)]
struct Change<'a> {
    #[serde(borrow, default)]
    field: Option<Text<'a>>,
    #[serde(borrow, default)]
    value: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Value<'a> {
    #[serde(borrow, default)]
    metadata: Option<Metadata<'a>>,
    #[serde(borrow, default)]
    contacts: Option<&'a RawValue>,
    #[serde(borrow, default)]
    messages: Option<&'a RawValue>,
    #[serde(borrow, default)]
    statuses: Option<&'a RawValue>,
    #[serde(borrow, default)]
    errors: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Metadata<'a> {
    #[serde(borrow, default)]
    phone_number_id: Option<Text<'a>>,
}

impl Metadata<'_> {
    fn number(self) -> Option<NumberId> {
        self.phone_number_id.and_then(Text::filled).map(NumberId::new)
    }
}

#[derive(Deserialize)]
struct RawContact<'a> {
    #[serde(borrow, default)]
    profile: Option<&'a RawValue>,
    #[serde(borrow, default)]
    wa_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    user_id: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct RawProfile<'a> {
    #[serde(borrow, default)]
    name: Option<Text<'a>>,
}

/// Who is who in one change.
struct Contact {
    wa_id: Option<String>,
    user_id: Option<String>,
    name: Option<String>,
}

/// Why an item can't be read.
struct Unreadable(String);

/// Reads a webhook body; the error is a sentence about why it is no such body at all.
pub fn parse(body: &[u8]) -> Result<Vec<Update>, String> {
    match loose::repaired(body) {
        Some(repaired) => parse_whole(repaired.as_bytes()),
        None => parse_whole(body),
    }
}

fn parse_whole(body: &[u8]) -> Result<Vec<Update>, String> {
    if let Some(updates) = well_formed(body) {
        return Ok(updates);
    }
    let envelope: Envelope<&RawValue> =
        serde_json::from_slice(body).map_err(|error| format!("not a webhook body: {error}"))?;
    match envelope.object.as_deref() {
        Some("whatsapp_business_account") => Ok(envelope.entry.into_iter().flat_map(entry).collect()),
        None if !envelope.entry.is_empty() => Ok(envelope.entry.into_iter().flat_map(entry).collect()),
        Some(other) => {
            let object: String = other.chars().take(40).collect();
            Err(format!(
                "the object is {object:?}, not \"whatsapp_business_account\""
            ))
        }
        None => Err("the object is not named".to_owned()),
    }
}

/// The usual body in one pass: only messages and statuses, all parts where they belong. `None` for anything else.
fn well_formed(body: &[u8]) -> Option<Vec<Update>> {
    let envelope: Envelope<Entry<WellFormed<'_>>> = serde_json::from_slice(body).ok()?;
    let changes: Vec<WellFormed<'_>> = envelope
        .entry
        .into_iter()
        .flat_map(|entry| entry.changes)
        .collect();
    let usual = envelope.object.as_deref() == Some("whatsapp_business_account")
        && changes.iter().all(|change| change.field == "messages");
    if !usual {
        return None;
    }
    let read = |change: WellFormed<'_>| {
        let mut value = change.value;
        let number = value.metadata.take().and_then(Metadata::number)?;
        Some(items_of(&number, &value))
    };
    changes
        .into_iter()
        .map(read)
        .collect::<Option<Vec<_>>>()
        .map(|all| all.into_iter().flatten().collect())
}

fn entry(raw: &RawValue) -> Vec<Update> {
    match serde_json::from_str::<Entry<&RawValue>>(raw.get()) {
        Ok(entry) => entry.changes.into_iter().flat_map(change).collect(),
        Err(error) => vec![poison(None, raw, error.to_string())],
    }
}

fn change(raw: &RawValue) -> Vec<Update> {
    let change: Change<'_> = match serde_json::from_str(raw.get()) {
        Ok(change) => change,
        Err(error) => return vec![poison(None, raw, error.to_string())],
    };
    let field = change.field.as_ref().map_or("messages", Text::as_str);
    let Some(value) = change.value.filter(|_| field == "messages") else {
        return fields::read(field, change.value.unwrap_or(raw));
    };
    match serde_json::from_str::<Value<'_>>(value.get()) {
        Ok(mut read) => match read.metadata.take().and_then(Metadata::number) {
            Some(number) => items_of(&number, &read),
            None => vec![poison(
                None,
                value,
                "metadata.phone_number_id is missing".to_owned(),
            )],
        },
        Err(error) => vec![poison(None, value, error.to_string())],
    }
}

/// The items of one change, each read alone.
fn items_of(number: &NumberId, value: &Value<'_>) -> Vec<Update> {
    let mut updates = Vec::new();
    let contacts: Vec<Contact> = items(number, value.contacts, &mut updates)
        .into_iter()
        .filter_map(contact)
        .collect();
    for item in items(number, value.messages, &mut updates) {
        updates.push(read_or_park(number, item, message::read(number, &contacts, item)));
    }
    for item in items(number, value.statuses, &mut updates) {
        updates.push(read_or_park(number, item, status::read(number, item)));
    }
    for item in items(number, value.errors, &mut updates) {
        let told = part::<status::RawError<'_>>(Some(item));
        let (code, details) = told.map(status::RawError::told).unwrap_or_default();
        updates.push(Update::AccountError {
            number: number.clone(),
            code,
            details,
        });
    }
    updates
}

/// The items of a part; a part that is no list is one poison item and harms no other part.
fn items<'a>(number: &NumberId, part: Option<&'a RawValue>, updates: &mut Vec<Update>) -> Vec<&'a RawValue> {
    let Some(raw) = part else {
        return Vec::new();
    };
    serde_json::from_str(raw.get()).unwrap_or_else(|error| {
        updates.push(poison(Some(number), raw, error.to_string()));
        Vec::new()
    })
}

fn contact(raw: &RawValue) -> Option<Contact> {
    let contact: RawContact<'_> = part(Some(raw))?;
    let profile: Option<RawProfile<'_>> = part(contact.profile);
    Some(Contact {
        wa_id: contact.wa_id.and_then(Text::filled),
        user_id: contact.user_id.and_then(Text::filled),
        name: profile.and_then(|profile| profile.name?.filled()),
    })
}

fn read_item<'a, T: Deserialize<'a>>(
    item: &'a RawValue,
    use_it: impl Fn(T) -> Result<Update, String>,
) -> Result<Update, Unreadable> {
    let raw = serde_json::from_str(item.get()).map_err(|error| Unreadable(error.to_string()))?;
    use_it(raw).map_err(Unreadable)
}

fn read_or_park(number: &NumberId, raw: &RawValue, read: Result<Update, Unreadable>) -> Update {
    read.unwrap_or_else(|Unreadable(problem)| poison(Some(number), raw, problem))
}

fn poison(number: Option<&NumberId>, raw: &RawValue, problem: String) -> Update {
    Update::Poison {
        number: number.cloned(),
        raw: raw.get().to_owned(),
        problem,
    }
}

/// Seconds as Meta writes them, as text or number, in milliseconds.
fn seconds(text: &Text<'_>) -> Option<i64> {
    let seconds: i64 = text.as_str().trim().parse().ok()?;
    (1..=4_102_444_800).contains(&seconds).then(|| seconds * 1000)
}

fn short(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '_')
        .take(40)
        .collect()
}
