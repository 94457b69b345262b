//! Webhook bodies: messages from people, statuses of ours and changes of people's ids, in Meta's envelope (webhooks
//! reference, pages updated 2025-11 to 2026-06). It writes what others have decided.

mod changes;
mod envelope;
mod fields;
mod orders;
mod said;
mod statuses;

use serde_json::value::RawValue;

use super::wamid::{KIND_PHONE, KIND_USER_ID, Wamid};
use super::wire;
use super::world::{Phone, Settings};

pub use changes::{Was, moved, user_id_webhook};
pub use envelope::{messages_body, system_webhook};
pub use orders::{Order, OrderItem};
pub use said::{Context, Media, MediaKind, Place, Said};
pub use statuses::{StatusFacts, category_of, statuses};

use fields::Fields;

/// A message and its circumstances.
pub struct Written<'a> {
    pub id: &'a str,
    pub at_ms: i64,
    pub said: &'a Said,
    pub context: &'a Context,
}

/// The message object a person's client causes.
pub fn message(settings: &Settings, phone: &Phone, written: &Written<'_>) -> Box<RawValue> {
    let said = written.said;
    let mut fields = Fields::default();
    fields.add_some("from", phone.number());
    fields.add("from_user_id", &phone.user_id);
    fields.add("id", &written.id);
    fields.add("timestamp", &seconds(written.at_ms));
    fields.add("type", &said.message_type());
    fields.add_some("context", context(settings, phone, written.context));
    said.write(&mut fields);
    wire::raw(&fields)
}

fn context(settings: &Settings, phone: &Phone, context: &Context) -> Option<Fields> {
    let mut fields = Fields::default();
    match context {
        Context::None => return None,
        Context::Reply {
            message_id,
            to_business,
        } => {
            let business = settings.business_digits();
            let from = if *to_business {
                Some(business.as_str())
            } else {
                phone.number()
            };
            fields.add_some("from", from);
            fields.add("id", message_id);
        }
        Context::About { retailer_id } => {
            fields.add("from", &settings.business_digits());
            fields.add("id", &product_inquiry(phone));
            let mut product = Fields::default();
            product.add("catalog_id", &settings.catalog_id);
            product.add("product_retailer_id", retailer_id);
            fields.add("referred_product", &product);
        }
        Context::Forwarded { often: false } => fields.add("forwarded", &true),
        Context::Forwarded { often: true } => fields.add("frequently_forwarded", &true),
    }
    Some(fields)
}

/// The id of a question about a product: no message has it, its inner id is a constant (seen in payloads of 2025).
fn product_inquiry(phone: &Phone) -> String {
    let (user, kind) = phone.address();
    let inner = "product_inquiry".to_owned();
    Wamid {
        user,
        kind,
        from_business: true,
        inner,
    }
    .encode()
}

/// The id of a message that a former address of a phone sent.
pub fn id_from(number: Option<&str>, user_id: &str, inner: String) -> String {
    let (user, kind) = match number {
        Some(number) => (number, KIND_PHONE),
        None => (user_id, KIND_USER_ID),
    };
    Wamid {
        user: user.to_owned(),
        kind,
        from_business: false,
        inner,
    }
    .encode()
}

fn seconds(at_ms: i64) -> String {
    at_ms.div_euclid(1000).to_string()
}
