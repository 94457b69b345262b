//! Users whom the business blocked. Only who wrote in the last 24 hours can be blocked (Meta, "Block users"); what that
//! means for their messages is decided where people speak.

use serde_json::{Value, json};

use super::super::world::{Phone, State, address_key};
use super::Answered;
use super::call::Call;
use super::failure::Failure;
use super::paging::{self, Entry};

const SOME_FAILED: i64 = 139_100;

/// `GET /{number}/block_users`.
pub fn list(call: &Call<'_>) -> Answered {
    let entries = {
        let state = call.world.state();
        let blocked = state.phones.iter().filter(|(_, phone)| phone.blocked_by_business);
        let entry = |(id, phone): (&String, &Phone)| Entry {
            key: id.clone(),
            value: named(json!({"messaging_product": "whatsapp"}), phone),
        };
        blocked.map(entry).collect()
    };
    paging::page(call, entries)
}

/// `POST` and `DELETE /{number}/block_users`.
pub fn change(call: &Call<'_>, block: bool) -> Answered {
    call.for_whatsapp()?;
    let users = call.value("block_users").unwrap_or_default();
    let users = users.as_array().filter(|users| !users.is_empty());
    let users = users.ok_or_else(|| Failure::missing("block_users"))?;
    let now_ms = call.world.now_ms();
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    let mut state = call.world.state();
    for user in users {
        let named_by = |name: &str| {
            user.get(name)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
        };
        let (number, user_id) = (named_by("user"), named_by("user_id"));
        let input = number.or(user_id).unwrap_or_default();
        match blockable(&mut state, input, block, now_ms) {
            Ok(phone) => {
                phone.blocked_by_business = block;
                done.push(match (number, &phone.wa_id) {
                    (Some(_), Some(wa_id)) => json!({"input": input, "wa_id": wa_id}),
                    (Some(_), None) | (None, _) => json!({"input": input, "user_id": phone.user_id}),
                });
            }
            Err(why) => {
                let error = json!({"message": "Failed to block user", "code": SOME_FAILED, "error_data": {"details": why}});
                failed.push(json!({"input": input, "errors": [error]}));
            }
        }
    }
    let key = if block { "added_users" } else { "removed_users" };
    let mut lists = json!({key: done});
    if failed.is_empty() {
        return Ok(json!({"messaging_product": "whatsapp", "block_users": lists}));
    }
    if let Some(fields) = lists.as_object_mut() {
        fields.insert("failed_users".to_owned(), json!(failed));
    }
    let beside = json!({"messaging_product": "whatsapp", "block_users": lists});
    Err(Failure::new(SOME_FAILED, "Failed to block/unblock some users").beside(beside))
}

fn blockable<'a>(
    state: &'a mut State,
    input: &str,
    block: bool,
    now_ms: i64,
) -> Result<&'a mut Phone, &'static str> {
    let id = state.addresses.get(&address_key(input)).cloned();
    let phone = id.and_then(|id| state.phones.get_mut(&id));
    let phone = phone.ok_or("this user is not on WhatsApp")?;
    if block && !phone.window_open(now_ms) {
        return Err("this user did not write to you in the last 24 hours");
    }
    Ok(phone)
}

/// The user as the Graph API names it: by phone number when it is known, and by user id.
fn named(mut value: Value, phone: &Phone) -> Value {
    if let Some(fields) = value.as_object_mut() {
        if let Some(wa_id) = &phone.wa_id {
            fields.insert("wa_id".to_owned(), json!(wa_id));
        }
        fields.insert("user_id".to_owned(), json!(phone.user_id));
    }
    value
}
