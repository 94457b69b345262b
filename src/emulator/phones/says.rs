//! What people write and press: texts, buttons, rows, quick replies, forms, reactions, orders.

use actix_web::HttpResponse;
use actix_web::web::{self, Bytes, Data, Path, Query};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::super::answers::{self, not_found, problem};
use super::super::inbound::{Context, Order, OrderItem, Said};
use super::super::render::{Button, array_at, text_at};
use super::super::world::{CartItem, Phone, Stored, World};
use super::carts;
use super::speech::{PhoneAndDevice, Problem, Speech, named, say, writer};

/// Registers the routes of what people write and press.
pub fn routes(app: &mut web::ServiceConfig) {
    let device = "/emulator/phones/{id}/devices/{device}";
    app.service(web::resource(format!("{device}/text")).route(web::post().to(text)))
        .service(web::resource(format!("{device}/tap")).route(web::post().to(tap)))
        .service(web::resource(format!("{device}/flow")).route(web::post().to(flow)))
        .service(web::resource(format!("{device}/reaction")).route(web::post().to(reaction)))
        .service(web::resource(format!("{device}/order")).route(web::post().to(order)));
}

#[derive(Deserialize)]
struct TextBody {
    body: String,
    /// A message of this chat that the text answers.
    reply_to: Option<String>,
    /// A product from whose page the text is written.
    about: Option<String>,
    #[serde(default)]
    forwarded: bool,
    #[serde(default)]
    frequently_forwarded: bool,
}

async fn text(world: Data<World>, path: Path<PhoneAndDevice>, body: Bytes) -> HttpResponse {
    let path: &PhoneAndDevice = &path;
    let written = answers::read::<TextBody>(&body).and_then(|body| written(&world, path, body));
    say(&world, path, written).await
}

fn written(world: &World, path: &PhoneAndDevice, text: TextBody) -> Result<Speech, Problem> {
    let context = match (text.reply_to, text.about) {
        (Some(message_id), _) => {
            let mut state = world.state();
            reply(writer(&mut state, &path.0)?, &message_id)?
        }
        (None, Some(retailer_id)) => {
            if !world.state().shop.native.contains_key(&retailer_id) {
                return Err(Box::new(not_found("product with this id in the catalog")));
            }
            Context::About { retailer_id }
        }
        (None, None) if text.forwarded || text.frequently_forwarded => Context::Forwarded {
            often: text.frequently_forwarded,
        },
        (None, None) => Context::None,
    };
    Ok(Speech::about(Said::Text(text.body), context))
}

/// The context of an answer to a message of this chat.
fn reply(phone: &Phone, message_id: &str) -> Result<Context, Problem> {
    let message = of_chat(phone, message_id)?;
    Ok(Context::Reply {
        message_id: message.message_id.clone(),
        to_business: message.device.is_none(),
    })
}

fn of_chat<'a>(phone: &'a Phone, message_id: &str) -> Result<&'a Stored, Problem> {
    phone
        .message(message_id)
        .ok_or_else(|| Box::new(not_found("message with this id on this phone")))
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

async fn tap(
    world: Data<World>,
    path: Path<PhoneAndDevice>,
    query: Query<Force>,
    body: Bytes,
) -> HttpResponse {
    let path: &PhoneAndDevice = &path;
    let tapped = answers::read::<TapBody>(&body).and_then(|tap| {
        let mut state = world.state();
        tapped(writer(&mut state, &path.0)?, tap, query.force)
    });
    say(&world, path, tapped).await
}

/// Finds the button on the message it was shown on; with `force`, any id passes (a tampered client).
fn tapped(phone: &Phone, tap: TapBody, force: bool) -> Result<Speech, Problem> {
    let TapBody { message_id, id } = tap;
    let message = phone
        .message(&message_id)
        .filter(|message| message.device.is_none());
    let said = match message.map(|message| (message, pressed(message, &id))) {
        Some((message, Some(button))) => said_by(message, button),
        Some((_, None)) | None if force => Said::Button {
            title: id.clone(),
            id,
        },
        Some((_, None)) => {
            let detail = "the message holds no button or row with this id";
            return Err(Box::new(problem(422, "no_such_button", detail)));
        }
        None => return Err(Box::new(not_found("message with this id on this phone"))),
    };
    let context = Context::Reply {
        message_id,
        to_business: true,
    };
    Ok(Speech::about(said, context))
}

/// The button with that id, among those on the screen and those that only the payload names.
fn pressed(message: &Stored, id: &str) -> Option<Button> {
    let shown = message.shown.buttons.iter().find(|button| button.id == id);
    shown.cloned().or_else(|| {
        let payload: Value = serde_json::from_str(message.payload.get()).unwrap_or_default();
        quick_replies(&payload).into_iter().find(|button| button.id == id)
    })
}

/// Quick replies of a template's send and of the cards of a media carousel (interactive carousels page, December 2025).
fn quick_replies(payload: &Value) -> Vec<Button> {
    let button = |id: String, title: String| Button {
        id,
        title,
        description: None,
        row: false,
    };
    let mut found = Vec::new();
    for card in array_at(payload, "/interactive/action/cards") {
        for one in array_at(card, "/action/buttons") {
            found.push(button(
                text_at(one, "/quick_reply/id"),
                text_at(one, "/quick_reply/title"),
            ));
        }
    }
    for component in array_at(payload, "/template/components") {
        if text_at(component, "/sub_type").eq_ignore_ascii_case("quick_reply") {
            let payload = text_at(component, "/parameters/0/payload");
            found.push(button(payload.clone(), payload));
        }
    }
    found
}

/// Taps on templates, and on buttons that went out without the window (`category`), come as `button`.
fn said_by(message: &Stored, button: Button) -> Said {
    let Button {
        id,
        title,
        description,
        row,
        ..
    } = button;
    let payload: Value = serde_json::from_str(message.payload.get()).unwrap_or_default();
    if message.message_type == "template" || payload.get("category").is_some() {
        Said::QuickReply {
            payload: id,
            text: title,
        }
    } else if row {
        Said::Row {
            id,
            title,
            description,
        }
    } else {
        Said::Button { id, title }
    }
}

#[derive(Deserialize)]
struct FlowBody {
    message_id: String,
    response: Box<RawValue>,
}

async fn flow(world: Data<World>, path: Path<PhoneAndDevice>, body: Bytes) -> HttpResponse {
    let path: &PhoneAndDevice = &path;
    let filled = answers::read::<FlowBody>(&body).and_then(|form| {
        let mut state = world.state();
        filled(writer(&mut state, &path.0)?, &form)
    });
    say(&world, path, filled).await
}

/// A form that is sent back: a flow, or an address.
fn filled(phone: &Phone, form: &FlowBody) -> Result<Speech, Problem> {
    let message = of_chat(phone, &form.message_id)?;
    let payload: Value = serde_json::from_str(message.payload.get()).unwrap_or_default();
    let kind = text_at(&payload, "/interactive/type");
    let name = match kind.as_str() {
        "flow" => "flow",
        "address_message" => "address_message",
        _ if message.message_type == "template" => "flow",
        _ => {
            let detail = "the message is no form: a flow, an address_message or a template";
            return Err(Box::new(problem(422, "no_form", detail)));
        }
    };
    let response = form.response.get().to_owned();
    let context = reply(phone, &form.message_id)?;
    Ok(Speech::about(Said::Flow { name, response }, context))
}

#[derive(Deserialize)]
struct ReactionBody {
    message_id: String,
    #[serde(default)]
    emoji: String,
}

async fn reaction(world: Data<World>, path: Path<PhoneAndDevice>, body: Bytes) -> HttpResponse {
    let path: &PhoneAndDevice = &path;
    let reacted = answers::read::<ReactionBody>(&body).and_then(|body| {
        let mut state = world.state();
        let message = of_chat(writer(&mut state, &path.0)?, &body.message_id)?;
        Ok(Speech::new(Said::Reaction {
            message_id: message.message_id.clone(),
            emoji: body.emoji,
        }))
    });
    say(&world, path, reacted).await
}

#[derive(Deserialize)]
struct OrderBody {
    items: Option<Vec<CartItem>>,
    #[serde(default)]
    text: String,
    catalog_id: Option<String>,
}

async fn order(world: Data<World>, path: Path<PhoneAndDevice>, body: Bytes) -> HttpResponse {
    let path: &PhoneAndDevice = &path;
    let order = answers::read::<OrderBody>(&body).and_then(|body| built_order(&world, path, body));
    say(&world, path, order).await
}

fn built_order(world: &World, path: &PhoneAndDevice, body: OrderBody) -> Result<Speech, Problem> {
    let device = named(&path.1)?;
    let mut guard = world.state();
    let state = &mut *guard;
    writer(state, &path.0)?;
    let product_items = match body.items {
        Some(items) => items
            .iter()
            .map(|item| priced(item, &state.shop.native))
            .collect::<Result<Vec<OrderItem>, Problem>>()?,
        None => carts::emptied(writer(state, &path.0)?, device),
    };
    if product_items.is_empty() {
        return Err(Box::new(problem(
            422,
            "empty_cart",
            "the order has no items and the cart of this device is empty",
        )));
    }
    let catalog_id = body
        .catalog_id
        .unwrap_or_else(|| world.settings.catalog_id.clone());
    Ok(Speech::new(Said::Order(Order {
        catalog_id,
        text: body.text,
        product_items,
    })))
}

fn priced(item: &CartItem, native: &carts::Native) -> Result<OrderItem, Problem> {
    match native.get(&item.retailer_id) {
        Some(product) => Ok(OrderItem::new(item, &product.price_text(), &product.currency)),
        None if item.item_price.is_some() => Ok(OrderItem::new(item, "0", "BRL")),
        None => Err(carts::unknown(&item.retailer_id)),
    }
}
