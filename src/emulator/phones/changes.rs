//! What happens to a person: reading, blocking, another number, another user id, a username instead of a number. The business
//! hears of it as Meta tells it (business-scoped user ids page, 2026-06-29), or not at all.

use actix_web::HttpResponse;
use actix_web::web::{self, Bytes, Data, Path};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::answers::{self, not_found, problem};
use super::super::deliver::{self, Outgoing};
use super::super::feed::News;
use super::super::inbound::{self, StatusFacts, Was};
use super::super::render::{Shown, text_at};
use super::super::wamid::Device;
use super::super::world::{Phone, State, Status, Stored, World, address_key};
use super::speech::Problem;
use super::{known_form, number_of, phone_json, user_id_of};

/// Registers the routes of what happens to people.
pub fn routes(app: &mut web::ServiceConfig) {
    let phone = "/emulator/phones/{id}";
    app.service(web::resource(format!("{phone}/read")).route(web::post().to(read)))
        .service(web::resource(format!("{phone}/devices/{{device}}/pay")).route(web::post().to(pay)))
        .service(web::resource(format!("{phone}/block")).route(web::post().to(block)))
        .service(web::resource(format!("{phone}/username")).route(web::post().to(username)))
        .service(web::resource(format!("{phone}/number")).route(web::post().to(number)))
        .service(web::resource(format!("{phone}/user-id")).route(web::post().to(user_id)));
}

/// Marks all that the person has got as read and builds the webhooks that say so.
pub fn read_all(world: &World, phone: &mut Phone, now_ms: i64) -> Vec<Outgoing> {
    let unread = phone
        .messages
        .iter_mut()
        .rev()
        .filter(|message| message.device.is_none() && !message.quiet);
    let mut read = Vec::new();
    for message in unread.take_while(|message| message.status != Status::Read) {
        // The price is told with `delivered` or with `read`.
        let priced = message.status == Status::Sent;
        let category = priced.then(|| inbound::category_of(&message.message_type));
        message.status = Status::Read;
        read.push((message.message_id.clone(), message.opaque.clone(), category));
    }
    read.reverse();
    let told = read.iter().map(|(message_id, opaque, category)| {
        let facts = StatusFacts {
            message_id,
            status: "read",
            opaque: opaque.as_deref(),
            at_ms: now_ms,
            category: *category,
            error: None,
            to_number: false,
        };
        // One each: public SDKs look at the first status of a webhook only. Batches are asked for.
        inbound::statuses(world, phone, &[facts])
    });
    told.collect()
}

async fn read(world: Data<World>, id: Path<String>) -> HttpResponse {
    let reads = {
        let mut state = world.state();
        match state.phones.get_mut(id.as_str()) {
            Some(phone) => read_all(&world, phone, world.now_ms()),
            None => return not_found("phone"),
        }
    };
    world.tell(News::Phone {
        phone: id.to_string(),
    });
    let read: usize = reads.iter().map(Outgoing::updates).sum();
    deliver::send_later(&world, reads, 0).await;
    answers::json(200, &json!({"read": read}))
}

#[derive(Deserialize)]
struct PayBody {
    message_id: String,
}

/// The person opens "review and pay". Meta tells the business nothing of a payment in Brazil; only that the order was read.
async fn pay(world: Data<World>, path: Path<(String, String)>, body: Bytes) -> HttpResponse {
    let (id, _device) = path.into_inner();
    let PayBody { message_id } = match answers::read(&body) {
        Ok(body) => body,
        Err(problem) => return *problem,
    };
    let reads = {
        let mut state = world.state();
        let Some(phone) = state.phones.get_mut(&id) else {
            return not_found("phone");
        };
        let asks = phone.message(&message_id).is_some_and(is_order_details);
        if !asks {
            let detail = "there is no order_details message with this id on this phone";
            return problem(422, "no_order_details", detail);
        }
        read_all(&world, phone, world.now_ms())
    };
    world.tell(News::Phone { phone: id });
    deliver::send_later(&world, reads, 0).await;
    answers::json(200, &json!({"message_id": message_id, "seen": true}))
}

fn is_order_details(message: &Stored) -> bool {
    let payload: Value = serde_json::from_str(message.payload.get()).unwrap_or_default();
    let in_template =
        message.message_type == "template" && message.payload.get().contains("\"order_details\"");
    text_at(&payload, "/interactive/type") == "order_details" || in_template
}

#[derive(Deserialize)]
struct Block {
    blocked: bool,
}

async fn block(world: Data<World>, id: Path<String>, body: Bytes) -> HttpResponse {
    match answers::read::<Block>(&body) {
        Ok(Block { blocked }) => changed(&world, &id, |phone| phone.blocked = blocked),
        Err(problem) => *problem,
    }
}

#[derive(Deserialize)]
#[expect(clippy::struct_field_names, reason = "the words of the control API")]
struct Username {
    hidden: Option<bool>,
    username: Option<String>,
    scoped_context_ids: Option<bool>,
}

async fn username(world: Data<World>, id: Path<String>, body: Bytes) -> HttpResponse {
    let new: Username = match answers::read(&body) {
        Ok(new) => new,
        Err(problem) => return *problem,
    };
    changed(&world, &id, |phone| {
        phone.hidden = new.hidden.unwrap_or(phone.hidden);
        phone.scoped_context_ids = new.scoped_context_ids.unwrap_or(phone.scoped_context_ids);
        if let Some(username) = new.username {
            phone.username = Some(username);
        } else if phone.hidden && phone.username.is_none() {
            phone.username = Some(username_of(phone));
        }
    })
}

fn username_of(phone: &Phone) -> String {
    let letters: String = phone.name.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("{}.{}", letters.to_lowercase(), phone.id)
}

/// Changes something that no webhook speaks of, and shows the phone.
fn changed(world: &World, id: &str, change: impl FnOnce(&mut Phone)) -> HttpResponse {
    let now_ms = world.now_ms();
    let mut state = world.state();
    let Some(phone) = state.phones.get_mut(id) else {
        return not_found("phone");
    };
    change(phone);
    world.tell(News::Phone { phone: id.to_owned() });
    answers::json(200, &phone_json(phone, now_ms))
}

#[derive(Deserialize)]
struct NewNumber {
    wa_id: String,
}

async fn number(world: Data<World>, id: Path<String>, body: Bytes) -> HttpResponse {
    let moved = answers::read::<NewNumber>(&body).and_then(|new| {
        let digits = number_of(&new.wa_id)?;
        let user_id = user_id_of(&format!("{digits} {}", world.mixed()));
        moved(&world, &id, Some(digits), user_id)
    });
    told(&world, &id, moved).await
}

#[derive(Deserialize)]
struct NewUserId {
    user_id: Option<String>,
}

async fn user_id(world: Data<World>, id: Path<String>, body: Bytes) -> HttpResponse {
    let moved = answers::read::<NewUserId>(&body).and_then(|new| {
        let user_id = new.user_id.map(known_form).transpose()?;
        let user_id = user_id.unwrap_or_else(|| user_id_of(&world.mixed()));
        moved(&world, &id, None, user_id)
    });
    told(&world, &id, moved).await
}

struct Moved {
    system: Outgoing,
    update: Outgoing,
    message_id: String,
    phone: Value,
}

/// Gives a person another number, or none, and another user id: the former ones lead nowhere from now on.
fn moved(world: &World, id: &str, wa_id: Option<String>, user_id: String) -> Result<Moved, Problem> {
    let (now_ms, inner) = (world.now_ms(), Device::Unknown.inner_id(&world.mixed()));
    let mut guard = world.state();
    let state = &mut *guard;
    free(state, wa_id.as_deref(), &user_id)?;
    let State {
        phones, addresses, ..
    } = state;
    let phone = phones.get_mut(id).ok_or_else(|| Box::new(not_found("phone")))?;
    let was = Was {
        number: phone.number().map(str::to_owned),
        user_id: phone.user_id.clone(),
    };
    addresses.remove(&address_key(&phone.user_id));
    addresses.insert(address_key(&user_id), id.to_owned());
    phone.user_id = user_id;
    if let Some(wa_id) = wa_id {
        if let Some(former) = &phone.wa_id {
            addresses.remove(&address_key(former));
        }
        addresses.insert(address_key(&wa_id), id.to_owned());
        phone.wa_id = Some(wa_id);
    }
    let (message_id, message) = inbound::moved(&was, phone, inner, now_ms);
    let (body, system) = inbound::system_webhook(&world.settings, phone, message.clone());
    phone.messages.push(Stored {
        message_id: message_id.clone(),
        at_ms: now_ms,
        message_type: "system".to_owned(),
        device: Some(Device::Unknown),
        kind: None,
        shown: Shown::default(),
        payload: message,
        status: Status::Delivered,
        quiet: true,
        opaque: None,
        webhook: Some(body),
        read_by_business: false,
        error: None,
    });
    Ok(Moved {
        system,
        update: inbound::user_id_webhook(&world.settings, &was, phone, now_ms),
        message_id,
        phone: phone_json(phone, now_ms),
    })
}

/// Nobody may have these addresses.
fn free(state: &State, wa_id: Option<&str>, user_id: &str) -> Result<(), Problem> {
    for address in wa_id.into_iter().chain([user_id]) {
        if let Some(owner) = state.addresses.get(&address_key(address)) {
            let detail = format!("{address} belongs to {owner} already");
            return Err(Box::new(problem(409, "address_taken", &detail)));
        }
    }
    Ok(())
}

/// Tells the business, and shows the phone as it is now.
async fn told(world: &World, id: &str, moved: Result<Moved, Problem>) -> HttpResponse {
    let Moved {
        system,
        update,
        message_id,
        mut phone,
    } = match moved {
        Ok(moved) => moved,
        Err(problem) => return *problem,
    };
    world.tell(News::Phone { phone: id.to_owned() });
    let status = deliver::send_now(world, system, true).await;
    deliver::send_later(world, vec![update], 0).await;
    if let Some(fields) = phone.as_object_mut() {
        fields.insert("message_id".to_owned(), json!(message_id));
        fields.insert("webhook_status".to_owned(), json!(status));
    }
    answers::json(200, &phone)
}
