//! Fields of a webhook beside `messages`: a customer's new user id, echoes of what people write in the WhatsApp Business
//! app, its history. Everything else is unrecognised: counted, shown in its shape, never acted on.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::loose::{Text, part};
use super::{Metadata, Update, seconds, short};
use crate::domain::conversation::Customer;
use crate::domain::ids::NumberId;
use crate::whatsapp::message_id;

#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow, default)]
    metadata: Option<&'a RawValue>,
    #[serde(borrow, default)]
    message_echoes: Option<&'a RawValue>,
    #[serde(borrow, default)]
    history: Option<&'a RawValue>,
    #[serde(borrow, default)]
    user_id_update: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Echo<'a> {
    #[serde(borrow, default)]
    id: Option<Text<'a>>,
    #[serde(borrow, default)]
    to: Option<Text<'a>>,
    #[serde(borrow, default)]
    to_user_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    timestamp: Option<Text<'a>>,
    #[serde(borrow, default, rename = "type")]
    kind: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Renamed<'a> {
    #[serde(borrow, default)]
    wa_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    user_id: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct FromTo<'a> {
    #[serde(borrow, default)]
    previous: Option<Text<'a>>,
    #[serde(borrow, default)]
    current: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow, default)]
    threads: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Thread<'a> {
    #[serde(borrow, default)]
    messages: Option<&'a RawValue>,
}

/// Reads a change of any field but `messages`.
pub(super) fn read(field: &str, raw: &RawValue) -> Vec<Update> {
    let fields: Option<Fields<'_>> = part(Some(raw));
    let understood = fields.and_then(|fields| {
        let number = part::<Metadata<'_>>(fields.metadata).and_then(Metadata::number);
        match field {
            "smb_message_echoes" => Some(echoes(&number?, fields.message_echoes?)),
            "history" => Some(vec![history(number?, fields.history?)]),
            "user_id_update" => Some(renamed(number.as_ref(), fields.user_id_update.unwrap_or(raw))),
            _ => None,
        }
    });
    understood
        .filter(|updates| !updates.is_empty())
        .unwrap_or_else(|| {
            vec![Update::Unrecognised {
                what: format!("field:{}", short(field)),
                raw: raw.get().to_owned(),
            }]
        })
}

fn list<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Vec<T> {
    let items: Vec<&RawValue> = serde_json::from_str(raw.get()).unwrap_or_else(|_| vec![raw]);
    items.into_iter().filter_map(|item| part(Some(item))).collect()
}

fn echoes(number: &NumberId, raw: &RawValue) -> Vec<Update> {
    let echo = |echo: Echo<'_>| {
        // Taking words back, mending them or a reaction is no conversation.
        let kind = echo.kind.as_ref().map_or("", Text::as_str);
        if matches!(kind, "edit" | "revoke" | "reaction") {
            return None;
        }
        let customer = Customer {
            user_id: echo.to_user_id.and_then(Text::filled),
            wa_id: echo.to.and_then(Text::filled),
            name: None,
        };
        Some(Update::Echo {
            number: number.clone(),
            at_ms: echo.timestamp.as_ref().and_then(seconds).unwrap_or(0),
            id: message_id::decode(&echo.id?.filled()?).inner,
            customer: Some(customer).filter(|c| c.wa_id.is_some() || c.user_id.is_some())?,
        })
    };
    list::<Echo<'_>>(raw).into_iter().filter_map(echo).collect()
}

fn history(number: NumberId, raw: &RawValue) -> Update {
    let in_thread = |thread: Thread<'_>| part::<Vec<&RawValue>>(thread.messages).map_or(0, |all| all.len());
    let in_chunk = |chunk: Chunk<'_>| -> usize {
        let threads: Vec<Thread<'_>> = chunk.threads.map(list).unwrap_or_default();
        threads.into_iter().map(in_thread).sum()
    };
    let messages = list::<Chunk<'_>>(raw).into_iter().map(in_chunk).sum();
    Update::History { number, messages }
}

/// A user id is renewed when its owner changes the phone number (Meta, business-scoped user ids, 2026-06-29).
fn renamed(number: Option<&NumberId>, raw: &RawValue) -> Vec<Update> {
    let moved = |renamed: Renamed<'_>| {
        let ids: FromTo<'_> = part(renamed.user_id)?;
        let customer = |user_id: Option<String>, wa_id| Customer {
            user_id,
            wa_id,
            name: None,
        };
        let (previous, current) = (ids.previous?.filled()?, ids.current?.filled()?);
        Some(Update::Moved {
            number: number.cloned(),
            id: format!("user_id:{previous}:{current}"),
            from: customer(Some(previous), None),
            to: customer(Some(current), renamed.wa_id.and_then(Text::filled)),
        })
    };
    list::<Renamed<'_>>(raw).into_iter().filter_map(moved).collect()
}
