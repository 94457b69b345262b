//! Meta's envelope around messages and statuses, in ASCII as Meta writes it.

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::super::deliver::Outgoing;
use super::super::wire;
use super::super::world::{Phone, Settings};
use super::fields::Fields;

#[derive(Serialize)]
struct Values {
    messaging_product: &'static str,
    metadata: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    contacts: Option<[Value; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    messages: Option<Vec<Box<RawValue>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    statuses: Option<Vec<Value>>,
}

/// A webhook body that carries messages.
pub fn messages_body(settings: &Settings, phone: &Phone, messages: Vec<Box<RawValue>>) -> String {
    of_messages(settings, Some(contact(phone)), Some(messages), None)
}

/// A webhook body that carries statuses; `failed_to` is there beside `failed` ones.
pub fn statuses_body(
    settings: &Settings,
    phone: &Phone,
    statuses: Vec<Value>,
    failed_to: Option<To>,
) -> String {
    of_messages(settings, Some(addressed(phone, failed_to)), None, Some(statuses))
}

/// How a message was addressed.
#[derive(Clone, Copy)]
pub enum To {
    Number,
    UserId,
}

/// One item of `contacts` beside statuses: ids without a profile, and beside `failed` only what was written to. So they come
/// (payloads of 2026-04-17 and 2026-08-24 in pywa's issues 188 and 227), though Meta's page has no contacts beside `failed`.
fn addressed(phone: &Phone, failed_to: Option<To>) -> Value {
    match (failed_to, phone.number()) {
        (Some(To::Number), _) => json!({"wa_id": phone.wa_id}),
        (None, Some(number)) => json!({"wa_id": number, "user_id": phone.user_id}),
        (Some(To::UserId), _) | (None, None) => json!({"user_id": phone.user_id}),
    }
}

/// The body and the webhook that carry a `system` message: without contacts.
pub fn system_webhook(settings: &Settings, phone: &Phone, message: Box<RawValue>) -> (String, Outgoing) {
    let body = of_messages(settings, None, Some(vec![message]), None);
    (body.clone(), Outgoing::meta(Some(&phone.id), body))
}

fn of_messages(
    settings: &Settings,
    contact: Option<Value>,
    messages: Option<Vec<Box<RawValue>>>,
    statuses: Option<Vec<Value>>,
) -> String {
    let value = Values {
        messaging_product: "whatsapp",
        metadata: metadata(settings),
        contacts: contact.map(|contact| [contact]),
        messages,
        statuses,
    };
    change(settings, "messages", &value, None)
}

/// A webhook body of one change. `time` stands in management fields only.
pub fn change(settings: &Settings, field: &str, value: &impl Serialize, time_s: Option<i64>) -> String {
    let mut change = Fields::default();
    change.add("value", value);
    change.add("field", &field);
    let mut entry = Fields::default();
    entry.add("id", &settings.waba_id);
    entry.add_some("time", time_s);
    entry.add("changes", &[change]);
    let mut body = Fields::default();
    body.add("object", &"whatsapp_business_account");
    body.add("entry", &[entry]);
    wire::ascii_json(wire::raw(&body).get())
}

/// `metadata` of the business number.
pub fn metadata(settings: &Settings) -> Value {
    json!({
        "display_phone_number": settings.business_digits(), "phone_number_id": settings.phone_number_id,
    })
}

/// One item of `contacts`.
pub fn contact(phone: &Phone) -> Value {
    let mut profile = json!({"name": phone.name});
    if let (Some(username), Some(fields)) = (&phone.username, profile.as_object_mut()) {
        fields.insert("username".to_owned(), json!(username));
    }
    let mut contact = json!({"profile": profile, "user_id": phone.user_id});
    if let (Some(number), Some(fields)) = (phone.number(), contact.as_object_mut()) {
        fields.insert("wa_id".to_owned(), json!(number));
    }
    contact
}
