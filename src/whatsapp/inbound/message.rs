//! Customers' messages: one item of `messages[]`, of any type that Meta's webhook reference names (pages updated 2025-11 to
//! 2026-06). A type that is not known is still somebody who waits for an answer.

use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::loose::{Text, part};
use super::{Body, Contact, InboundMessage, Unreadable, Update, read_item, seconds, short};
use crate::domain::conversation::Customer;
use crate::domain::event::OrderItem;
use crate::domain::ids::{NumberId, RetailerId};
use crate::whatsapp::message_id;

#[derive(Deserialize)]
struct RawMessage<'a> {
    #[serde(borrow, default)]
    from: Option<Text<'a>>,
    #[serde(borrow, default)]
    from_user_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    group_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    id: Option<Text<'a>>,
    #[serde(borrow, default)]
    timestamp: Option<Text<'a>>,
    #[serde(borrow, default, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow, default)]
    context: Option<&'a RawValue>,
    #[serde(borrow, default)]
    text: Option<&'a RawValue>,
    #[serde(borrow, default)]
    interactive: Option<&'a RawValue>,
    #[serde(borrow, default)]
    button: Option<&'a RawValue>,
    #[serde(borrow, default)]
    order: Option<&'a RawValue>,
    #[serde(borrow, default)]
    system: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct RawText<'a> {
    #[serde(borrow)]
    body: Text<'a>,
}

#[derive(Deserialize)]
struct RawContext<'a> {
    #[serde(borrow, default)]
    referred_product: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct RawReferred<'a> {
    #[serde(borrow)]
    product_retailer_id: Text<'a>,
}

#[derive(Deserialize)]
struct RawInteractive<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow, default)]
    button_reply: Option<&'a RawValue>,
    #[serde(borrow, default)]
    list_reply: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct RawReply<'a> {
    #[serde(borrow)]
    id: Text<'a>,
}

#[derive(Deserialize)]
struct RawButton<'a> {
    #[serde(borrow, default)]
    payload: Option<Text<'a>>,
    #[serde(borrow, default)]
    text: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct RawOrder<'a> {
    #[serde(borrow, default)]
    catalog_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    text: Option<Text<'a>>,
    #[serde(borrow, default)]
    product_items: Option<Vec<RawItem<'a>>>,
}

#[derive(Deserialize)]
struct RawItem<'a> {
    #[serde(borrow)]
    product_retailer_id: Text<'a>,
    #[serde(borrow, default)]
    quantity: Option<&'a RawValue>,
    #[serde(borrow, default)]
    item_price: Option<&'a RawValue>,
    #[serde(borrow, default)]
    currency: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct RawSystem<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow, default)]
    wa_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    new_wa_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    user_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    customer: Option<Text<'a>>,
}

pub(super) fn read(number: &NumberId, contacts: &[Contact], item: &RawValue) -> Result<Update, Unreadable> {
    read_item(item, |raw: RawMessage<'_>| update(number, contacts, raw, item))
}

fn update(
    number: &NumberId,
    contacts: &[Contact],
    mut raw: RawMessage<'_>,
    item: &RawValue,
) -> Result<Update, String> {
    let kind = short(raw.kind.as_ref().map_or("", Text::as_str));
    // What is said in a group is not said to the shop, and products can't be shown there.
    if raw.group_id.is_some() {
        let what = format!("group:{kind}");
        return Ok(Update::Unrecognised {
            what,
            raw: item.get().to_owned(),
        });
    }
    let id = raw
        .id
        .take()
        .and_then(Text::filled)
        .unwrap_or_else(|| nameless(item));
    let customer = customer_of(raw.from.take(), raw.from_user_id.take(), contacts);
    let decoded = message_id::decode(&id);
    if let Some(update) = moved(number, &customer, &decoded.inner, &raw) {
        return Ok(update);
    }
    if customer.wa_id.is_none() && customer.user_id.is_none() {
        return Err("neither from nor from_user_id is there".to_owned());
    }
    let at_ms = raw.timestamp.as_ref().and_then(seconds).unwrap_or(0);
    let body = body_of(kind, &raw, &decoded.inner);
    Ok(Update::Message(Box::new(InboundMessage {
        number: number.clone(),
        customer,
        device: message_id::device_of(&decoded),
        id: decoded.inner,
        at_ms,
        body,
    })))
}

/// Meta names every message; one without a name is known again by its bytes, so that it is not taken twice.
fn nameless(item: &RawValue) -> String {
    format!("nameless-{}", hex::encode(Sha256::digest(item.get().as_bytes())))
}

/// The sender, joined with its contact by id: contacts need not stand in the order of the messages.
fn customer_of(from: Option<Text<'_>>, from_user_id: Option<Text<'_>>, contacts: &[Contact]) -> Customer {
    let (wa_id, user_id) = (from.and_then(Text::filled), from_user_id.and_then(Text::filled));
    let mine = contacts.iter().find(|contact| {
        (wa_id.is_some() && contact.wa_id == wa_id) || (user_id.is_some() && contact.user_id == user_id)
    });
    Customer {
        user_id: user_id.or_else(|| mine.and_then(|contact| contact.user_id.clone())),
        wa_id: wa_id.or_else(|| mine.and_then(|contact| contact.wa_id.clone())),
        name: mine.and_then(|contact| contact.name.clone()),
    }
}

/// A customer's new number or user id. Two schemas are alive: the new number is `new_wa_id` in older webhooks, `wa_id` in
/// newer ones; the former number is the sender or `customer`.
fn moved(number: &NumberId, sender: &Customer, inner: &str, raw: &RawMessage<'_>) -> Option<Update> {
    let system: RawSystem<'_> = part(raw.system)?;
    let changes = matches!(
        system.kind.as_ref().map(Text::as_str),
        Some("user_changed_number" | "customer_changed_number" | "user_changed_user_id")
    );
    if !changes {
        return None;
    }
    let to = Customer {
        wa_id: system.new_wa_id.or(system.wa_id).and_then(Text::filled),
        user_id: system.user_id.and_then(Text::filled),
        name: None,
    };
    let mut from = sender.clone();
    from.wa_id = from.wa_id.or(system.customer.and_then(Text::filled));
    let is_known = from.wa_id.is_some() || from.user_id.is_some();
    let is_new = (to.wa_id.is_some() && to.wa_id != from.wa_id)
        || (to.user_id.is_some() && to.user_id != from.user_id);
    (is_known && is_new).then(|| Update::Moved {
        number: Some(number.clone()),
        id: inner.to_owned(),
        from,
        to,
    })
}

fn body_of(kind: String, raw: &RawMessage<'_>, inner: &str) -> Body {
    match kind.as_str() {
        "text" => part::<RawText<'_>>(raw.text).map_or(Body::Other(kind), |text| Body::Text {
            text: text.body.filled().unwrap_or_default(),
            about: referred(raw.context),
        }),
        "interactive" => interactive(raw.interactive),
        "button" => part(raw.button).map_or(Body::Other(kind), button),
        "order" => order(part(raw.order)),
        "request_welcome" => Body::Welcome,
        // Sent also for what another business's API sends us, whose ids have 18 characters: answering would set two bots
        // talking to each other.
        "unsupported" if is_of_an_api(inner) => Body::Silent(kind),
        "reaction" | "system" | "edit" | "revoke" => Body::Silent(kind),
        _ => Body::Other(kind),
    }
}

/// Ids of messages that a business sends through the API: 18 hexadecimal digits; a desktop's begin with `3F`.
fn is_of_an_api(inner: &str) -> bool {
    inner.len() == 18 && inner.bytes().all(|b| b.is_ascii_hexdigit()) && !inner.starts_with("3F")
}

/// The product that a customer asks about from its page (`context.referred_product`).
fn referred(context: Option<&RawValue>) -> Option<RetailerId> {
    let context: RawContext<'_> = part(context)?;
    let referred: RawReferred<'_> = part(context.referred_product)?;
    referred.product_retailer_id.filled().map(RetailerId::new)
}

fn interactive(raw: Option<&RawValue>) -> Body {
    let Some(interactive) = part::<RawInteractive<'_>>(raw) else {
        return Body::Other("interactive".to_owned());
    };
    let reply: Option<RawReply<'_>> = part(interactive.button_reply.or(interactive.list_reply));
    let kind = short(interactive.kind.as_ref().map_or("", Text::as_str));
    match reply {
        Some(reply) => Body::Tap(reply.id.filled().unwrap_or_default()),
        // The customer answered a request to be called; there is nothing to say to that.
        None if kind == "call_permission_reply" => Body::Silent(kind),
        None => Body::Other(format!("interactive_{kind}")),
    }
}

/// A template's quick reply. Ours carries a button id; of others the words count.
fn button(raw: RawButton<'_>) -> Body {
    let (payload, text) = (
        raw.payload.and_then(Text::filled),
        raw.text.and_then(Text::filled),
    );
    match (payload, text) {
        (Some(payload), _) if payload.starts_with("s1.") => Body::Tap(payload),
        (payload, text) => Body::Text {
            text: text.or(payload).unwrap_or_default(),
            about: None,
        },
    }
}

/// An order that can't be read is an order without lines: it is answered as unreadable and buys nothing.
fn order(raw: Option<RawOrder<'_>>) -> Body {
    let (catalog_id, note, items) = raw
        .map(|raw| (raw.catalog_id, raw.text, raw.product_items))
        .unwrap_or_default();
    Body::Order {
        catalog_id: catalog_id.and_then(Text::filled),
        note: note.and_then(Text::filled),
        items: items.unwrap_or_default().into_iter().map(order_item).collect(),
    }
}

/// Numbers stay the text that they arrived as: a price never becomes a float.
fn order_item(raw: RawItem<'_>) -> OrderItem {
    let text = |raw: Option<&RawValue>| {
        raw.map(|raw| raw.get().trim_matches('"').to_owned())
            .unwrap_or_default()
    };
    OrderItem {
        retailer_id: RetailerId::new(raw.product_retailer_id.filled().unwrap_or_default()),
        quantity: text(raw.quantity).parse().unwrap_or(-1),
        item_price: text(raw.item_price),
        currency: raw.currency.and_then(Text::filled).unwrap_or_default(),
    }
}
