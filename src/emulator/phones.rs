//! People: their phones, what they write and tap, WhatsApp's own cart on each device, and what they see.

use actix_web::HttpResponse;
use actix_web::web::{self, Bytes, Data, Path, Query};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::answers::{self, not_found, problem};
use super::deliver;
use super::graph;
use super::inbound::{self, Order, OrderItem, Said};
use super::render::{Button, Shown};
use super::wamid::{self, Device, Wamid};
use super::world::{CartItem, Phone, State, Status, Stored, World, address_key};

type DevicePath = Path<(String, String)>;

/// Registers the routes of people and their devices.
pub fn routes(app: &mut web::ServiceConfig) {
    let device = "/emulator/phones/{id}/devices/{device}";
    app.service(
        web::resource("/emulator/phones")
            .route(web::post().to(create))
            .route(web::get().to(list)),
    )
    .service(web::resource("/emulator/phones/{id}").route(web::get().to(show)))
    .service(web::resource("/emulator/phones/{id}/messages").route(web::get().to(messages)))
    .service(web::resource("/emulator/phones/{id}/replay").route(web::post().to(replay)))
    .service(web::resource(format!("{device}/text")).route(web::post().to(text)))
    .service(web::resource(format!("{device}/tap")).route(web::post().to(tap)))
    .service(web::resource(format!("{device}/order")).route(web::post().to(order)))
    .service(
        web::resource(format!("{device}/cart"))
            .route(web::put().to(put_cart))
            .route(web::get().to(cart)),
    );
}

#[derive(Deserialize)]
struct NewPhone {
    user_id: Option<String>,
    wa_id: Option<String>,
    name: Option<String>,
}

async fn create(world: Data<World>, body: Bytes) -> HttpResponse {
    let new: NewPhone = match answers::read(&body) {
        Ok(new) => new,
        Err(problem) => return *problem,
    };
    let mut guard = world.state();
    let state = &mut *guard;
    let given = [&new.wa_id, &new.user_id];
    let known = given
        .into_iter()
        .flatten()
        .find_map(|address| state.addresses.get(&address_key(address)));
    if let Some((id, phone)) = known.and_then(|id| state.phones.get_key_value(id)) {
        return answers::json(200, &phone_json(id, phone));
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
        name,
        wa_id,
        user_id,
        ..Phone::default()
    };
    let answer = phone_json(&id, &phone);
    state.phones.insert(id, phone);
    answers::json(201, &answer)
}

fn user_id_of(wa_id: &str) -> String {
    format!("BR.{}", digits_of(wa_id, 20))
}

fn digits_of(text: &str, count: usize) -> String {
    wamid::decimal(&hex::encode(Sha256::digest(text)), count)
}

fn phone_json(id: &str, phone: &Phone) -> Value {
    let mut json = json!({
        "id": id, "name": phone.name, "user_id": phone.user_id, "messages": phone.messages.len(),
        "devices": ["android", "ios", "web", "desktop", "unknown"],
    });
    if let (Some(wa_id), Some(fields)) = (&phone.wa_id, json.as_object_mut()) {
        fields.insert("wa_id".to_owned(), json!(wa_id));
    }
    json
}

async fn list(world: Data<World>) -> HttpResponse {
    let state = world.state();
    let phones: Vec<Value> = state
        .phones
        .iter()
        .map(|(id, phone)| phone_json(id, phone))
        .collect();
    answers::json(200, &json!({"phones": phones}))
}

async fn show(world: Data<World>, id: Path<String>) -> HttpResponse {
    match world.state().phones.get(id.as_str()) {
        Some(phone) => answers::json(200, &phone_json(&id, phone)),
        None => not_found("phone"),
    }
}

#[derive(Deserialize)]
struct After {
    after: Option<u64>,
}

#[derive(Serialize)]
struct MessageView<'a> {
    seq: u64,
    message_id: &'a str,
    direction: &'static str,
    at_ms: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<Device>,
    kind: Option<&'a str>,
    #[serde(rename = "type")]
    message_type: &'a str,
    #[serde(flatten)]
    shown: &'a Shown,
    payload: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
}

#[derive(Serialize)]
struct MessagesView<'a> {
    messages: Vec<MessageView<'a>>,
    next_after: u64,
}

async fn messages(world: Data<World>, id: Path<String>, query: Query<After>) -> HttpResponse {
    let after = query.after.unwrap_or(0);
    let state = world.state();
    let Some(phone) = state.phones.get(id.as_str()) else {
        return not_found("phone");
    };
    let views = phone
        .messages
        .iter()
        .zip(1_u64..)
        .skip_while(|(_, seq)| *seq <= after);
    let messages: Vec<MessageView<'_>> = views.map(|(message, seq)| view(message, seq)).collect();
    let next_after = messages.last().map_or(after, |last| last.seq);
    answers::json(200, &MessagesView { messages, next_after })
}

fn view(message: &Stored, seq: u64) -> MessageView<'_> {
    let inbound = message.device.is_some();
    MessageView {
        seq,
        message_id: &message.message_id,
        direction: if inbound { "in" } else { "out" },
        at_ms: message.at_ms,
        device: message.device,
        kind: message.kind.as_deref(),
        message_type: &message.message_type,
        shown: &message.shown,
        payload: &message.payload,
        status: (!inbound).then_some(message.status),
    }
}

#[derive(Deserialize)]
struct TextBody {
    body: String,
}

async fn text(world: Data<World>, path: DevicePath, body: Bytes) -> HttpResponse {
    match answers::read::<TextBody>(&body) {
        Ok(text) => say(&world, &path, Said::Text(text.body)).await,
        Err(problem) => *problem,
    }
}

#[derive(Deserialize)]
struct TapBody {
    message_id: String,
    id: String,
}

#[derive(Deserialize)]
struct Force {
    #[serde(default)]
    force: bool,
}

async fn tap(world: Data<World>, path: DevicePath, query: Query<Force>, body: Bytes) -> HttpResponse {
    let path: &(String, String) = &path;
    let tap: TapBody = match answers::read(&body) {
        Ok(tap) => tap,
        Err(problem) => return *problem,
    };
    let said = {
        let state = world.state();
        let Some(phone) = state.phones.get(&path.0) else {
            return not_found("phone");
        };
        tapped(phone, tap, query.force)
    };
    match said {
        Ok(said) => say(&world, path, said).await,
        Err(problem) => *problem,
    }
}

/// Finds the button on the message it was shown on; with `force`, any id passes (a tampered client).
fn tapped(phone: &Phone, tap: TapBody, force: bool) -> Result<Said, Box<HttpResponse>> {
    let TapBody { message_id, id } = tap;
    let mut sent = phone.messages.iter().filter(|message| message.device.is_none());
    let message = sent.find(|message| wamid::same_message(&message.message_id, &message_id));
    let button = message.and_then(|message| message.shown.buttons.iter().find(|button| button.id == id));
    match (button, message) {
        (
            Some(Button {
                title,
                description,
                row: true,
                ..
            }),
            _,
        ) => Ok(Said::Row {
            id,
            title: title.clone(),
            description: description.clone(),
            message_id,
        }),
        (Some(Button { title, .. }), _) => Ok(Said::Button {
            id,
            title: title.clone(),
            message_id,
        }),
        (None, _) if force => Ok(Said::Button {
            title: id.clone(),
            id,
            message_id,
        }),
        (None, None) => Err(Box::new(not_found("message with this id on this phone"))),
        (None, Some(_)) => Err(Box::new(problem(
            422,
            "no_such_button",
            "the message holds no button or row with this id",
        ))),
    }
}

#[derive(Deserialize)]
struct OrderBody {
    items: Option<Vec<CartItem>>,
    #[serde(default)]
    text: String,
    catalog_id: Option<String>,
}

async fn order(world: Data<World>, path: DevicePath, body: Bytes) -> HttpResponse {
    let body: OrderBody = match answers::read(&body) {
        Ok(body) => body,
        Err(problem) => return *problem,
    };
    let order = match built_order(&world, &path, body) {
        Ok(order) => order,
        Err(problem) => return *problem,
    };
    say(&world, &path, Said::Order(order)).await
}

fn built_order(world: &World, path: &(String, String), body: OrderBody) -> Result<Order, Box<HttpResponse>> {
    let device = named(&path.1)?;
    let mut guard = world.state();
    let state = &mut *guard;
    let phone = state
        .phones
        .get_mut(&path.0)
        .ok_or_else(|| Box::new(not_found("phone")))?;
    let items = match body.items {
        Some(items) => items,
        None => phone.carts.remove(&device).unwrap_or_default(),
    };
    if items.is_empty() {
        return Err(Box::new(problem(
            422,
            "empty_cart",
            "the order has no items and the cart of this device is empty",
        )));
    }
    let line = |item: &CartItem| match state.shop.native.get(&item.retailer_id) {
        Some(product) => Ok(OrderItem::new(item, &product.price_text(), &product.currency)),
        None if item.item_price.is_some() => Ok(OrderItem::new(item, "0", "BRL")),
        None => {
            let detail = format!(
                "{} is not in the catalog; give an item_price to force it",
                item.retailer_id
            );
            Err(Box::new(problem(422, "unknown_product", &detail)))
        }
    };
    let product_items = items
        .iter()
        .map(line)
        .collect::<Result<Vec<OrderItem>, Box<HttpResponse>>>()?;
    let catalog_id = body
        .catalog_id
        .unwrap_or_else(|| world.settings.catalog_id.clone());
    Ok(Order {
        catalog_id,
        text: body.text,
        product_items,
    })
}

#[derive(Deserialize, Serialize)]
struct Cart {
    items: Vec<CartItem>,
}

async fn put_cart(world: Data<World>, path: DevicePath, body: Bytes) -> HttpResponse {
    let path: &(String, String) = &path;
    let (device, cart) = match (named(&path.1), answers::read::<Cart>(&body)) {
        (Ok(device), Ok(cart)) => (device, cart),
        (Err(problem), _) | (_, Err(problem)) => return *problem,
    };
    let mut state = world.state();
    let Some(phone) = state.phones.get_mut(&path.0) else {
        return not_found("phone");
    };
    let answer = answers::json(200, &cart);
    phone.carts.insert(device, cart.items);
    answer
}

async fn cart(world: Data<World>, path: DevicePath) -> HttpResponse {
    let path: &(String, String) = &path;
    let device = match named(&path.1) {
        Ok(device) => device,
        Err(problem) => return *problem,
    };
    let state = world.state();
    let Some(phone) = state.phones.get(&path.0) else {
        return not_found("phone");
    };
    answers::json(
        200,
        &Cart {
            items: phone.carts.get(&device).cloned().unwrap_or_default(),
        },
    )
}

#[derive(Deserialize)]
struct ReplayBody {
    message_id: String,
}

async fn replay(world: Data<World>, id: Path<String>, body: Bytes) -> HttpResponse {
    let ReplayBody { message_id } = match answers::read(&body) {
        Ok(body) => body,
        Err(problem) => return *problem,
    };
    let former = {
        let state = world.state();
        let Some(phone) = state.phones.get(id.as_str()) else {
            return not_found("phone");
        };
        let message = phone
            .messages
            .iter()
            .find(|message| message.message_id == message_id);
        message.and_then(|message| message.webhook.clone())
    };
    let Some(former) = former else {
        return not_found("inbound message with this id on this phone");
    };
    let status = deliver::send_now(&world, graph::webhook(former), false).await;
    answers::json(200, &json!({"message_id": message_id, "webhook_status": status}))
}

fn named(device: &str) -> Result<Device, Box<HttpResponse>> {
    Device::named(device).ok_or_else(|| {
        Box::new(not_found(
            "device of this kind: android, ios, web, desktop, unknown",
        ))
    })
}

/// Lets a person say something, and waits until the gateway was asked to take it once.
async fn say(world: &World, path: &(String, String), said: Said) -> HttpResponse {
    let device = match named(&path.1) {
        Ok(device) => device,
        Err(problem) => return *problem,
    };
    let (id, hex) = (&path.0, world.mixed());
    let spoken = speak(world, &mut world.state(), id, Speech { device, hex, said });
    let Some(Spoken {
        message_id,
        body,
        reads,
    }) = spoken
    else {
        return not_found("phone");
    };
    deliver::send_later(world, reads, 0).await;
    let status = deliver::send_now(world, graph::webhook(body), true).await;
    answers::json(200, &json!({"message_id": message_id, "webhook_status": status}))
}

struct Speech {
    device: Device,
    hex: String,
    said: Said,
}

struct Spoken {
    message_id: String,
    body: String,
    reads: Vec<deliver::Outgoing>,
}

fn speak(world: &World, state: &mut State, id: &str, speech: Speech) -> Option<Spoken> {
    let Speech { device, hex, said } = speech;
    let now_ms = world.now_ms();
    let phone = state.phones.get_mut(id)?;
    let reads = graph::read_webhooks(world, phone, now_ms);
    let (user, kind) = phone.address();
    let wamid = Wamid {
        user,
        kind,
        from_business: false,
        inner: device.inner_id(&hex),
    };
    let message_id = wamid.encode();
    let message = inbound::message(&world.settings, phone, &message_id, now_ms, &said);
    let body = inbound::messages_body(&world.settings, phone, vec![message.clone()]);
    phone.last_inbound_ms = Some(now_ms);
    phone.messages.push(Stored {
        message_id: message_id.clone(),
        at_ms: now_ms,
        message_type: said.message_type().to_owned(),
        device: Some(device),
        kind: None,
        shown: Shown {
            text: said.label(),
            ..Shown::default()
        },
        payload: message,
        status: Status::Delivered,
        quiet: true,
        opaque: None,
        webhook: Some(body.clone()),
        read_by_business: false,
    });
    state.account.pace.took_in(state.strict, now_ms);
    Some(Spoken {
        message_id,
        body,
        reads,
    })
}
