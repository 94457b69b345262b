//! Read receipts and typing indicators: free, and never a message (Meta, "Mark messages as read", "Typing indicators").

use serde_json::Value;

use super::super::feed::News;
use super::super::limits::Refusal;
use super::super::wamid::Wamid;
use super::super::world::{Phone, State, address_key};
use super::call::Call;
use super::failure::Failure;
use super::messages::Facts;
use super::statuses::TARGET_MS;
use super::{Answered, success};

/// How long a person is shown that the business types.
const TYPING_MS: i64 = 25_000;

/// Marks a message and all earlier ones of its chat as read; with a typing indicator it also shows one.
pub fn take(call: &Call<'_>, facts: &mut Facts) -> Answered {
    call.for_whatsapp()?;
    let message_id = call.text("message_id").filter(|id| !id.is_empty());
    let message_id = message_id.ok_or_else(|| Failure::from(Refusal::missing("message_id")))?;
    let types = match call.body.get("typing_indicator") {
        None | Some(Value::Null) => false,
        Some(indicator) if indicator.get("type").and_then(Value::as_str) == Some("text") => true,
        Some(_) => {
            let refusal = Refusal::invalid("typing_indicator.type must be text");
            return Err(refusal.into());
        }
    };
    let now_ms = call.world.now_ms();
    let mut state = call.world.state();
    let unknown = || {
        Failure::from(Refusal::bad(
            "message_id names no message that this number received",
        ))
    };
    let id = chat_of(&state, &message_id).ok_or_else(unknown)?;
    let phone = state.phones.get_mut(&id).ok_or_else(unknown)?;
    let at_ms = phone.message(&message_id).map_or(0, |message| message.at_ms);
    if now_ms - at_ms > TARGET_MS {
        let refusal = Refusal::bad("the message is older than 30 days");
        return Err(refusal.into());
    }
    phone.read_by_business(&message_id);
    if types {
        phone.typing_until_ms = Some(now_ms + TYPING_MS);
    }
    facts.phone = Some(id.clone());
    facts.inner_id = Wamid::decode(&message_id).map(|decoded| decoded.inner);
    call.world.tell(News::Phone { phone: id });
    Ok(success())
}

/// Whose message it is. The address inside the id is looked at first; it may be an old one.
fn chat_of(state: &State, message_id: &str) -> Option<String> {
    let user = Wamid::decode(message_id).map(|decoded| address_key(&decoded.user));
    let hinted = user.and_then(|user| state.addresses.get(&user));
    let first = hinted.and_then(|id| Some((id, state.phones.get(id)?)));
    let mut all = first.into_iter().chain(&state.phones);
    let came = |phone: &Phone| {
        let message = phone.message(message_id);
        message.is_some_and(|message| message.device.is_some())
    };
    all.find(|(_, phone)| came(phone)).map(|(id, _)| id.clone())
}
