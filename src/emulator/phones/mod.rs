//! People: who they are, what they see, and the routes of all that they do. What they say is in `says` and `shares`,
//! WhatsApp's own carts in `carts`, what happens to them in `changes`.

mod carts;
mod changes;
mod chat;
mod samples;
mod says;
mod shares;
mod speech;

use actix_web::HttpResponse;
use actix_web::web::{self, Bytes, Data, Path};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::answers::{self, not_found, problem};
use super::feed::News;
use super::limits::{is_user_id, phone_digits};
use super::wamid;
use super::world::{Phone, World, address_key};

pub use carts::Cart;
pub use samples::InboundMedia;

use speech::Problem;

/// Registers the routes of people and their devices.
pub fn routes(app: &mut web::ServiceConfig) {
    app.service(
        web::resource("/emulator/phones")
            .route(web::post().to(create))
            .route(web::get().to(list)),
    )
    .service(web::resource("/emulator/phones/{id}").route(web::get().to(show)));
    chat::routes(app);
    changes::routes(app);
    says::routes(app);
    shares::routes(app);
    carts::routes(app);
    samples::routes(app);
}

#[derive(Deserialize)]
struct NewPhone {
    user_id: Option<String>,
    wa_id: Option<String>,
    name: Option<String>,
}

/// With a number in digits only, as webhooks have it, and a user id of Meta's form.
fn checked(new: NewPhone) -> Result<NewPhone, Problem> {
    let wa_id = new.wa_id.as_deref().map(number_of).transpose()?;
    let user_id = new.user_id.map(known_form).transpose()?;
    Ok(NewPhone {
        user_id,
        wa_id,
        ..new
    })
}

/// The digits of a phone number.
fn number_of(text: &str) -> Result<String, Problem> {
    let detail = "wa_id is a phone number of 5 to 15 digits, country code first";
    phone_digits(text).ok_or_else(|| Box::new(problem(400, "invalid_request", detail)))
}

/// The user id, if it may be one.
fn known_form(user_id: String) -> Result<String, Problem> {
    if is_user_id(&user_id) {
        return Ok(user_id);
    }
    let detail = "a user_id is a country, a dot, letters and digits, for example BR.1234";
    Err(Box::new(problem(400, "invalid_request", detail)))
}

async fn create(world: Data<World>, body: Bytes) -> HttpResponse {
    let new = match answers::read::<NewPhone>(&body).and_then(checked) {
        Ok(new) => new,
        Err(problem) => return *problem,
    };
    let now_ms = world.now_ms();
    let mut guard = world.state();
    let state = &mut *guard;
    let given = [&new.wa_id, &new.user_id];
    let known = given
        .into_iter()
        .flatten()
        .find_map(|address| state.addresses.get(&address_key(address)));
    if let Some(phone) = known.and_then(|id| state.phones.get(id)) {
        return answers::json(200, &phone_json(phone, now_ms));
    }

    state.phones_made += 1;
    let number = state.phones_made;
    let (wa_id, user_id) = match (new.wa_id, new.user_id) {
        (wa_id, Some(user_id)) => (wa_id, user_id),
        (Some(wa_id), None) => {
            let user_id = user_id_of(&wa_id);
            (Some(wa_id), user_id)
        }
        (None, None) => {
            let wa_id = format!("55119{}", digits_of(&format!("phone {number}"), 8));
            let user_id = user_id_of(&wa_id);
            (Some(wa_id), user_id)
        }
    };
    let id = format!("ph{number}");
    let name = new.name.unwrap_or_else(|| format!("Cliente {number}"));
    if let Some(wa_id) = &wa_id {
        state.addresses.insert(address_key(wa_id), id.clone());
    }
    state.addresses.insert(address_key(&user_id), id.clone());
    let phone = Phone {
        id: id.clone(),
        name,
        wa_id,
        user_id,
        ..Phone::default()
    };
    let answer = phone_json(&phone, now_ms);
    state.phones.insert(id.clone(), phone);
    world.tell(News::Phone { phone: id });
    answers::json(201, &answer)
}

/// A user id that is made from any text.
fn user_id_of(text: &str) -> String {
    format!("BR.{}", digits_of(text, 20))
}

fn digits_of(text: &str, count: usize) -> String {
    wamid::decimal(&hex::encode(Sha256::digest(text)), count)
}

/// A phone as its owner knows it: the number is there even when webhooks leave it out.
fn phone_json(phone: &Phone, now_ms: i64) -> Value {
    let typing = phone.typing_until_ms.filter(|until_ms| *until_ms > now_ms);
    let mut json = json!({
        "id": phone.id, "name": phone.name, "user_id": phone.user_id, "messages": phone.messages.len(),
        "devices": ["android", "ios", "web", "desktop", "unknown"],
        "hidden": phone.hidden, "scoped_context_ids": phone.scoped_context_ids, "blocked": phone.blocked,
        "typing_until_ms": typing, "last_inbound_ms": phone.last_inbound_ms,
        "window_open_until_ms": phone.window_open_until_ms(),
    });
    if let Some(fields) = json.as_object_mut() {
        let optional = [("wa_id", &phone.wa_id), ("username", &phone.username)];
        for (field, value) in optional {
            if let Some(value) = value {
                fields.insert(field.to_owned(), json!(value));
            }
        }
    }
    json
}

async fn list(world: Data<World>) -> HttpResponse {
    let now_ms = world.now_ms();
    let state = world.state();
    let phones: Vec<Value> = state
        .phones
        .values()
        .map(|phone| phone_json(phone, now_ms))
        .collect();
    answers::json(200, &json!({"phones": phones}))
}

async fn show(world: Data<World>, id: Path<String>) -> HttpResponse {
    let now_ms = world.now_ms();
    match world.state().phones.get(id.as_str()) {
        Some(phone) => answers::json(200, &phone_json(phone, now_ms)),
        None => not_found("phone"),
    }
}
