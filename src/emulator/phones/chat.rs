//! The chat as the person sees it: messages with what they answer, their reactions and their ticks; and replays.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::web::{self, Bytes, Data, Path, Query};
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;

use super::super::answers::{self, not_found};
use super::super::deliver::{self, Outgoing};
use super::super::render::Shown;
use super::super::titles::title_of;
use super::super::wamid::{self, Device};
use super::super::world::{Phone, Status, Stored, World};

/// Registers the routes of a chat.
pub fn routes(app: &mut web::ServiceConfig) {
    app.service(web::resource("/emulator/phones/{id}/messages").route(web::get().to(messages)))
        .service(web::resource("/emulator/phones/{id}/replay").route(web::post().to(replay)));
}

#[derive(Deserialize)]
struct After {
    after: Option<u64>,
}

#[derive(Serialize)]
struct MessageView<'a> {
    seq: u64,
    message_id: &'a str,
    inner_id: String,
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
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Failure>,
    /// The message that this one answers, by the id that it has in this chat.
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<String>,
    /// The product that this one asks about.
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    read_by_business: Option<bool>,
    reactions: Vec<Reaction>,
}

#[derive(Serialize)]
struct Failure {
    code: i64,
    title: &'static str,
}

#[derive(Serialize)]
struct Reaction {
    by: By,
    emoji: String,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum By {
    Person,
    Business,
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
    let reactions = reactions(phone);
    let views = phone
        .messages
        .iter()
        .zip(1_u64..)
        .skip_while(|(_, seq)| *seq <= after);
    let messages: Vec<MessageView<'_>> = views
        .map(|(message, seq)| view(phone, message, seq, &reactions))
        .collect();
    let next_after = messages.last().map_or(after, |last| last.seq);
    answers::json(200, &MessagesView { messages, next_after })
}

fn view<'a>(phone: &'a Phone, message: &'a Stored, seq: u64, reactions: &Reactions) -> MessageView<'a> {
    let inbound = message.device.is_some();
    let inner_id = wamid::inner_of(&message.message_id);
    let context = context_of(message);
    let about = context
        .referred_product
        .map(|product| product.product_retailer_id);
    // A question from a product's page names no real message.
    let answered = context.id.or(context.message_id).filter(|_| about.is_none());
    let reply_to = answered.map(|id| {
        let original = phone.message(&id).map(|original| original.message_id.clone());
        original.unwrap_or(id)
    });
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
        error: message.error.map(|code| Failure {
            code,
            title: title_of(code),
        }),
        reply_to,
        about,
        read_by_business: inbound.then_some(message.read_by_business),
        reactions: shown_reactions(reactions, &inner_id),
        inner_id,
    }
}

#[derive(Default, Deserialize)]
struct Payload {
    context: Option<Context>,
    reaction: Option<Reacted>,
}

#[derive(Default, Deserialize)]
struct Context {
    id: Option<String>,
    message_id: Option<String>,
    referred_product: Option<Referred>,
}

#[derive(Deserialize)]
struct Referred {
    product_retailer_id: String,
}

#[derive(Deserialize)]
struct Reacted {
    message_id: String,
    #[serde(default)]
    emoji: String,
}

fn context_of(message: &Stored) -> Context {
    // Most messages answer nothing; they need not be read.
    if !message.payload.get().contains("\"context\"") {
        return Context::default();
    }
    let payload: Payload = serde_json::from_str(message.payload.get()).unwrap_or_default();
    payload.context.unwrap_or_default()
}

/// The last reaction of each side, by the inner id of the message that it is on.
type Reactions = BTreeMap<(String, By), String>;

fn reactions(phone: &Phone) -> Reactions {
    let mut reactions = Reactions::new();
    for message in phone
        .messages
        .iter()
        .filter(|message| message.message_type == "reaction")
    {
        let payload: Payload = serde_json::from_str(message.payload.get()).unwrap_or_default();
        let Some(Reacted { message_id, emoji }) = payload.reaction else {
            continue;
        };
        let by = if message.device.is_some() {
            By::Person
        } else {
            By::Business
        };
        reactions.insert((wamid::inner_of(&message_id), by), emoji);
    }
    reactions.retain(|_, emoji| !emoji.is_empty());
    reactions
}

fn shown_reactions(reactions: &Reactions, inner_id: &str) -> Vec<Reaction> {
    let of = |by: By| {
        let emoji = reactions.get(&(inner_id.to_owned(), by))?.clone();
        Some(Reaction { by, emoji })
    };
    [By::Person, By::Business].into_iter().filter_map(of).collect()
}

#[derive(Deserialize)]
struct ReplayBody {
    message_id: String,
}

/// The former webhook of an inbound message once more, byte by byte.
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
    let status = deliver::send_now(&world, Outgoing::meta(Some(id.as_str()), former), false).await;
    answers::json(200, &json!({"message_id": message_id, "webhook_status": status}))
}
