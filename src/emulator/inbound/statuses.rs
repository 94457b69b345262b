//! Statuses of outbound messages (status webhooks page, November 2025, with the user-id fields of 2026).

use std::sync::atomic::Ordering;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::super::deliver::Outgoing;
use super::super::titles::title_of;
use super::super::world::{Phone, World};
use super::envelope::{To, statuses_body};
use super::seconds;

const ERRORS_PAGE: &str = "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/";
const DAY_MS: i64 = 24 * 3600 * 1000;

/// A status of one outbound message.
#[derive(Clone, Copy)]
pub struct StatusFacts<'a> {
    pub message_id: &'a str,
    pub status: &'a str,
    pub opaque: Option<&'a str>,
    pub at_ms: i64,
    /// The category of `pricing`, which comes with `sent` and with one of `delivered` and `read` only.
    pub category: Option<&'a str>,
    /// Present on `failed` only.
    pub error: Option<i64>,
    /// The message was addressed to a phone number (`to`), not to a user id.
    pub to_number: bool,
}

/// The category that a message is charged in.
pub fn category_of(message_type: &str) -> &'static str {
    if message_type == "template" {
        "utility"
    } else {
        "service"
    }
}

/// The webhook that tells statuses of one phone's messages, ready to go. Failed ones come alone.
pub fn statuses(world: &World, phone: &Phone, facts: &[StatusFacts<'_>]) -> Outgoing {
    let old = world.old_statuses.load(Ordering::SeqCst);
    let told = facts.iter().map(|facts| {
        let mut told = status(phone, facts);
        if let (true, Some(fields)) = (old && facts.error.is_none(), told.as_object_mut()) {
            fields.insert("conversation".to_owned(), conversation(facts));
        }
        told
    });
    let failed = facts.iter().find(|facts| facts.error.is_some());
    let failed_to = failed.map(|facts| if facts.to_number { To::Number } else { To::UserId });
    let body = statuses_body(&world.settings, phone, told.collect(), failed_to);
    Outgoing::meta(Some(&phone.id), body)
}

/// The status object.
pub fn status(phone: &Phone, facts: &StatusFacts<'_>) -> Value {
    let mut fields = Map::new();
    let mut add = |name: &str, value: Value| {
        fields.insert(name.to_owned(), value);
    };
    add("id", json!(facts.message_id));
    add("status", json!(facts.status));
    add("timestamp", json!(seconds(facts.at_ms)));
    // `failed` names the person as the message did (business-scoped user ids page, 2026-06-29).
    let to_number = facts.error.is_some() && facts.to_number;
    let number = if to_number {
        phone.wa_id.as_deref()
    } else {
        phone.number()
    };
    if let Some(number) = number {
        add("recipient_id", json!(number));
    }
    if !to_number {
        add("recipient_user_id", json!(phone.user_id));
    }
    if let Some(opaque) = facts.opaque {
        add("biz_opaque_callback_data", json!(opaque));
    }
    if let Some(category) = facts.category {
        add("pricing", pricing(category));
    }
    if let Some(code) = facts.error {
        add("errors", json!([error(code)]));
    }
    Value::Object(fields)
}

/// Service messages are charged since 2026-10-01 (pricing page).
fn pricing(category: &str) -> Value {
    json!({"billable": true, "pricing_model": "PMP", "type": "regular", "category": category})
}

fn error(code: i64) -> Value {
    let title = title_of(code);
    json!({
        "code": code, "title": title, "message": title, "error_data": {"details": title}, "href": ERRORS_PAGE,
    })
}

/// Unique per message since 2025-07; its end is told on `sent` only.
fn conversation(facts: &StatusFacts<'_>) -> Value {
    let id: String = hex::encode(Sha256::digest(facts.message_id))
        .chars()
        .take(32)
        .collect();
    let kind = facts.category.unwrap_or("service");
    if facts.status == "sent" {
        let ends = seconds(facts.at_ms + DAY_MS);
        json!({"id": id, "expiration_timestamp": ends, "origin": {"type": kind}})
    } else {
        json!({"id": id, "origin": {"type": kind}})
    }
}
