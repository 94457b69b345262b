//! News that a person has another number or user id (webhooks reference, system messages; business-scoped user ids page,
//! 2026-06-29).

use serde_json::json;
use serde_json::value::RawValue;

use super::super::deliver::Outgoing;
use super::super::wire;
use super::super::world::{Phone, Settings};
use super::envelope::{change, contact, metadata};
use super::fields::Fields;
use super::{id_from, seconds};

/// What a person was known by before.
pub struct Was {
    pub number: Option<String>,
    pub user_id: String,
}

/// The id and the object of the `system` message. It is written by the former self, and its inner id is a plain number.
pub fn moved(was: &Was, phone: &Phone, inner: String, at_ms: i64) -> (String, Box<RawValue>) {
    let id = id_from(was.number.as_deref(), &was.user_id, inner);
    let renumbered = was.number.as_deref() != phone.number();
    let (kind, from, to) = match (&was.number, phone.number()) {
        (Some(former), Some(new)) if renumbered => ("user_changed_number", former.as_str(), new),
        (Some(_), Some(_)) | (None, _) | (_, None) => (
            "user_changed_user_id",
            was.user_id.as_str(),
            phone.user_id.as_str(),
        ),
    };
    let mut system = Fields::default();
    system.add(
        "body",
        &format!("User {} changed from {from} to {to}", phone.name),
    );
    system.add_some("wa_id", phone.number());
    system.add("user_id", &phone.user_id);
    system.add("type", &kind);
    let mut message = Fields::default();
    message.add_some("from", was.number.as_deref());
    message.add("from_user_id", &was.user_id);
    message.add("id", &id);
    message.add("timestamp", &seconds(at_ms));
    message.add("type", &"system");
    message.add("system", &system);
    (id, wire::raw(&message))
}

/// The webhook of field `user_id_update`.
pub fn user_id_webhook(settings: &Settings, was: &Was, phone: &Phone, at_ms: i64) -> Outgoing {
    let mut update = Fields::default();
    update.add_some("wa_id", phone.number());
    update.add("detail", &"The user has a new user id");
    update.add(
        "user_id",
        &json!({"previous": was.user_id, "current": phone.user_id}),
    );
    update.add("timestamp", &seconds(at_ms));
    let mut value = Fields::default();
    value.add("messaging_product", &"whatsapp");
    value.add("metadata", &metadata(settings));
    value.add("contacts", &[contact(phone)]);
    value.add("user_id_update", &[update]);
    let body = change(settings, "user_id_update", &value, Some(at_ms.div_euclid(1000)));
    Outgoing::meta(Some(&phone.id), body)
}
