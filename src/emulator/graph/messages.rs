//! `POST /{number}/messages`: takes a message or refuses it, and lets its statuses follow. The rules a body must obey are in
//! `limits`, the pace in `pace`, declared templates in `templates`.

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::clock::Clock;

use super::super::deliver::{self, Outgoing};
use super::super::feed::News;
use super::super::judge::{self, Judged};
use super::super::limits::Refusal;
use super::super::refusals;
use super::super::titles::title_of;
use super::super::wamid::Wamid;
use super::super::wire;
use super::super::world::{Phone, SendAction, State, Status, Stored, World, address_key};
use super::call::Call;
use super::statuses::{Fate, fate, status_webhooks};
use super::{Reply, receipts, templates};

/// A little later than the answer, as statuses mostly come; nobody may rely on it.
const STATUS_PAUSE_MS: u64 = 20;
const UNDELIVERABLE: i64 = 131_026;
const OUTSIDE_WINDOW: i64 = 131_047;
/// Authentication templates go to phone numbers only (business-scoped user ids page, 2026-06-29).
const NO_USER_ID: i64 = 131_062;
const NOT_REGISTERED: i64 = 133_010;

/// What the watchers are told of a send.
#[derive(Default)]
pub struct Facts {
    pub phone: Option<String>,
    pub kind: Option<String>,
    pub effect_id: Option<String>,
    pub inner_id: Option<String>,
}

impl Facts {
    fn read(&mut self, world: &World, body: &Value) {
        let address = addressee(body).map(address_key);
        self.phone = address.and_then(|address| world.state().addresses.get(&address).cloned());
        self.kind = kind_of(body);
        let opaque = text_at(body, "biz_opaque_callback_data");
        self.effect_id = opaque
            .and_then(|opaque| opaque.splitn(3, '.').nth(2))
            .map(str::to_owned);
    }
}

/// Takes a message, a read receipt or a typing indicator.
pub async fn send(call: &Call<'_>, facts: &mut Facts) -> Reply {
    let (world, body) = (call.world, &call.body);
    if body.get("status").and_then(Value::as_str) == Some("read") {
        return receipts::take(call, facts).into();
    }
    let unfolded = unfolded(body);
    let spelled = spelled(&unfolded);
    let body: &Value = &spelled;
    facts.read(world, body);
    let fault = world.state().take_fault(addressee(body));
    match &fault {
        Some(SendAction::Error {
            code,
            http,
            subcode,
            details,
        }) => {
            let details = details.clone().unwrap_or_else(|| title_of(*code).to_owned());
            let mut refusal = Refusal::new(*code, details);
            refusal.http = http.unwrap_or(refusal.http);
            refusal.subcode = *subcode;
            return not_taken(world, body, refusal);
        }
        Some(SendAction::Http500) => {
            refusals::note(world, body, 500, None);
            return Reply::Broken;
        }
        Some(SendAction::DelayMs { ms }) => world.clock.sleep_ms(*ms).await,
        Some(SendAction::DropAfterAccept | SendAction::FailLate { .. } | SendAction::NoStatuses) | None => {}
    }
    let accepted = match accept(world, body, fault.as_ref()) {
        Ok(accepted) => accepted,
        Err(refusal) => return not_taken(world, body, refusal),
    };
    facts.inner_id = Some(accepted.inner_id);
    deliver::send_later(world, accepted.webhooks, STATUS_PAUSE_MS).await;
    if matches!(fault, Some(SendAction::DropAfterAccept)) {
        return Reply::Cut;
    }
    Reply::Json(accepted.answer)
}

/// The Graph API also takes the part of a message that is named as its type as JSON in a text; whatsapp-api-js sends its
/// contacts so.
fn unfolded(body: &Value) -> Cow<'_, Value> {
    let kind = text_at(body, "type").unwrap_or("text");
    let part = text_at(body, kind).and_then(|text| serde_json::from_str::<Value>(text).ok());
    let Some(part) = part.filter(|part| part.is_object() || part.is_array()) else {
        return Cow::Borrowed(body);
    };
    let mut whole = body.clone();
    if let Some(fields) = whole.as_object_mut() {
        fields.insert(kind.to_owned(), part);
    }
    Cow::Owned(whole)
}

/// A file's id may also come as a number; `whatsappcloudapi_wrapper` sends it so.
fn spelled(body: &Value) -> Cow<'_, Value> {
    let pointer = format!("/{}/id", text_at(body, "type").unwrap_or("text"));
    let Some(Value::Number(id)) = body.pointer(&pointer) else {
        return Cow::Borrowed(body);
    };
    let mut whole = body.clone();
    if let Some(place) = whole.pointer_mut(&pointer) {
        *place = Value::String(id.to_string());
    }
    Cow::Owned(whole)
}

/// Who a message is for, as its body says.
pub fn addressee(body: &Value) -> Option<&str> {
    text_at(body, "to").or_else(|| text_at(body, "recipient"))
}

/// True when a message goes to a phone number; `to` wins over `recipient`.
pub fn is_to_number(body: &Value) -> bool {
    text_at(body, "to").is_some()
}

/// The second dot part of a body's `biz_opaque_callback_data`.
pub fn kind_of(body: &Value) -> Option<String> {
    let kind = text_at(body, "biz_opaque_callback_data")?.split('.').nth(1);
    kind.map(str::to_owned)
}

fn text_at<'a>(body: &'a Value, name: &str) -> Option<&'a str> {
    let text = body.get(name).and_then(Value::as_str);
    text.filter(|text| !text.is_empty())
}

struct Accepted {
    answer: Value,
    webhooks: Vec<Outgoing>,
    inner_id: String,
}

/// Checks, stores and answers one send; everything that needs the lock.
fn accept(world: &World, body: &Value, fault: Option<&SendAction>) -> Result<Accepted, Refusal> {
    let now_ms = world.now_ms();
    let inner = world.short_id(18);
    let payload = wire::raw(body);
    let mut guard = world.state();
    let state = &mut *guard;
    let Judged { shown, late } = judged(world, state, body)?;
    let category = state.account.templates.category_of(body);

    let input = addressee(body).ok_or_else(|| Refusal::missing("to or recipient"))?;
    let message_type = body.get("type").and_then(Value::as_str).unwrap_or("text");
    let nobody = || Refusal::new(UNDELIVERABLE, title_of(UNDELIVERABLE));
    let id = state.addresses.get(&address_key(input)).ok_or_else(nobody)?;
    let phone = state.phones.get_mut(id).ok_or_else(nobody)?;
    if message_type != "template" && !phone.window_open(now_ms) {
        return Err(Refusal::new(OUTSIDE_WINDOW, title_of(OUTSIDE_WINDOW)));
    }
    state.account.pace.admit(state.strict, id, now_ms)?;

    let (user, kind) = phone.address();
    let message_id = Wamid {
        user,
        kind,
        from_business: true,
        inner: inner.clone(),
    }
    .encode();
    let mut stored = Stored {
        message_id,
        at_ms: now_ms,
        message_type: message_type.to_owned(),
        device: None,
        kind: kind_of(body),
        shown,
        payload,
        status: Status::Sent,
        quiet: false,
        opaque: text_at(body, "biz_opaque_callback_data").map(str::to_owned),
        webhook: None,
        read_by_business: false,
        error: None,
    };
    let fate = late.map_or_else(|| fate(body, phone, fault, now_ms), Fate::Fails);
    let webhooks = status_webhooks(world, phone, &mut stored, fate, &category);
    let answer = answer(body, phone, &stored);
    phone.messages.push(stored);
    phone.typing_until_ms = None;
    let phone = id.clone();
    state.counts.sends_accepted += 1;
    if late.is_none() {
        state.orders.note(body);
    }
    world.tell(News::Phone { phone });
    Ok(Accepted {
        answer,
        webhooks,
        inner_id: inner,
    })
}

/// What can be said of a body before the person is looked for.
fn judged(world: &World, state: &State, body: &Value) -> Result<Judged, Refusal> {
    if !state.account.number.registered {
        return Err(Refusal::new(NOT_REGISTERED, title_of(NOT_REGISTERED)));
    }
    let judged = judge::judge(world, state, body)?;
    templates::check(state, body)?;
    let is_code = state.account.templates.category_of(body) == "authentication";
    if is_code && !is_to_number(body) {
        return Err(Refusal::new(NO_USER_ID, title_of(NO_USER_ID)));
    }
    Ok(judged)
}

/// `contacts` names the person as they were addressed.
fn answer(body: &Value, phone: &Phone, stored: &Stored) -> Value {
    let input = addressee(body).unwrap_or_default();
    let contact = match &phone.wa_id {
        Some(wa_id) if is_to_number(body) => json!({"input": input, "wa_id": wa_id}),
        Some(_) | None => json!({"input": input, "user_id": phone.user_id}),
    };
    let message = if stored.message_type == "template" {
        json!({"id": stored.message_id, "message_status": "accepted"})
    } else {
        json!({"id": stored.message_id})
    };
    json!({"messaging_product": "whatsapp", "contacts": [contact], "messages": [message]})
}

/// Refuses a message of that body, and keeps that it did.
fn not_taken(world: &World, body: &Value, refusal: Refusal) -> Reply {
    refusals::note(world, body, refusal.http, Some(refusal.code));
    Reply::Refused(refusal.into())
}
