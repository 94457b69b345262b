//! Delivery statuses: one item of `statuses[]` (Meta, status webhooks page, 2025-11-20, with the user-id fields of 2026).
//! Every part may be missing; what can't be told apart without it is counted and let go.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::loose::{Text, part};
use super::{DeliveryWord, Pricing, StatusUpdate, Unreadable, Update, read_item, short};
use crate::domain::conversation::Customer;
use crate::domain::ids::NumberId;
use crate::whatsapp::{errors, message_id};

#[derive(Deserialize)]
struct RawStatus<'a> {
    #[serde(borrow, default)]
    id: Option<Text<'a>>,
    #[serde(borrow, default)]
    status: Option<Text<'a>>,
    #[serde(borrow, default, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow, default)]
    recipient_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    recipient_user_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    recipient_type: Option<Text<'a>>,
    #[serde(borrow, default)]
    biz_opaque_callback_data: Option<Text<'a>>,
    #[serde(borrow, default)]
    pricing: Option<&'a RawValue>,
    #[serde(borrow, default)]
    errors: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct RawPricing<'a> {
    #[serde(borrow, default)]
    category: Option<Text<'a>>,
    #[serde(borrow, default, rename = "type")]
    kind: Option<Text<'a>>,
}

#[derive(Deserialize)]
pub(super) struct RawError<'a> {
    #[serde(borrow, default)]
    code: Option<Text<'a>>,
    #[serde(borrow, default)]
    title: Option<Text<'a>>,
    #[serde(borrow, default)]
    error_data: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct RawDetails<'a> {
    #[serde(borrow, default)]
    details: Option<Text<'a>>,
}

impl RawError<'_> {
    /// Code and details; the title stands in for details that are missing.
    pub(super) fn told(self) -> (Option<i64>, String) {
        let details = part::<RawDetails<'_>>(self.error_data).and_then(|data| data.details);
        let told = details.or(self.title).and_then(Text::filled).unwrap_or_default();
        (
            self.code.and_then(|code| code.as_str().parse().ok()),
            errors::masked(&told.chars().take(300).collect::<String>()),
        )
    }
}

pub(super) fn read(number: &NumberId, item: &RawValue) -> Result<Update, Unreadable> {
    read_item(item, |raw: RawStatus<'_>| Ok(update(number, raw, item)))
}

fn update(number: &NumberId, raw: RawStatus<'_>, item: &RawValue) -> Update {
    let unrecognised = |what: &str| Update::Unrecognised {
        what: format!("status:{}", short(what)),
        raw: item.get().to_owned(),
    };
    // Statuses of payments (India) and of group messages are about nothing that we send.
    if let Some(kind) = raw.kind.as_ref().filter(|kind| kind.as_str() == "payment") {
        return unrecognised(kind.as_str());
    }
    if raw
        .recipient_type
        .as_ref()
        .is_some_and(|kind| kind.as_str() == "group")
    {
        return unrecognised("group");
    }
    let word = raw.status.as_ref().map_or("", Text::as_str);
    let status = match word {
        "sent" => DeliveryWord::Sent,
        "delivered" => DeliveryWord::Delivered,
        "read" | "played" => DeliveryWord::Read,
        "failed" => DeliveryWord::Failed,
        other => return unrecognised(other),
    };
    let id = raw.id.and_then(Text::filled);
    let callback_data = raw.biz_opaque_callback_data.and_then(Text::filled);
    if id.is_none() && callback_data.is_none() {
        return unrecognised("nameless");
    }
    let errors: Vec<&RawValue> = part(raw.errors).unwrap_or_default();
    let told = errors
        .first()
        .and_then(|error| part::<RawError<'_>>(Some(*error)));
    let (code, details) = told.map(RawError::told).unwrap_or_default();
    let pricing = part::<RawPricing<'_>>(raw.pricing).map(|pricing| Pricing {
        category: label(pricing.category, &CATEGORIES),
        kind: label(pricing.kind, &TYPES),
    });
    Update::Status(Box::new(StatusUpdate {
        number: number.clone(),
        message: id.map(|id| message_id::decode(&id).inner),
        customer: Customer {
            user_id: raw.recipient_user_id.and_then(Text::filled),
            wa_id: raw.recipient_id.and_then(Text::filled),
            name: None,
        },
        status,
        callback_data,
        code,
        details,
        pricing,
    }))
}

/// What Meta charges by (status webhooks, pricing page, 2026-06); others count as `other`.
const CATEGORIES: [&str; 8] = [
    "service",
    "utility",
    "marketing",
    "authentication",
    "authentication_international",
    "marketing_lite",
    "referral_conversion",
    "general_purpose_ai",
];
/// How Meta charges it (the same pages); others count as `other`.
const TYPES: [&str; 3] = ["regular", "free_customer_service", "free_entry_point"];

/// A word for a counter's label, if it is a known one. Meta's own pages write some with `-` and with `_`.
fn label(text: Option<Text<'_>>, known: &[&str]) -> String {
    let word = text.and_then(Text::filled).unwrap_or_default().replace('-', "_");
    if known.contains(&word.as_str()) {
        word
    } else {
        "other".to_owned()
    }
}
