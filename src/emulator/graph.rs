//! The Graph side: `POST /{version}/{phone_number_id}/messages` as the Cloud API answers it.

use actix_web::web::{self, Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use crate::clock::Clock;

use super::answers;
use super::deliver::{self, Outgoing, Signature, Stamp};
use super::inbound::{self, StatusFacts};
use super::limits::{self, Catalog, Refusal};
use super::render;
use super::wamid::Wamid;
use super::world::{Phone, SendAction, Status, Stored, World};

/// A little later than the answer, as statuses mostly come; nobody may rely on it.
const STATUS_PAUSE_MS: u64 = 20;

/// Registers the Graph route; last, because its first part matches any version.
pub fn routes(app: &mut web::ServiceConfig) {
    app.service(
        web::resource(r"/{version:v[0-9]+\.[0-9]+}/{phone_number_id}/messages").route(web::post().to(send)),
    );
}

async fn send(
    world: Data<World>,
    path: Path<(String, String)>,
    request: HttpRequest,
    body: Bytes,
) -> HttpResponse {
    let (_version, number) = path.into_inner();
    let read = authorised(&world, &request, &number).and_then(|()| parsed(&body));
    let body = match read {
        Ok(body) => body,
        Err(refusal) => return refused(&world, &refusal),
    };
    if body.get("status").and_then(Value::as_str) == Some("read") {
        return receipt(&world, &body);
    }
    let fault = world.state().faults.take();
    match &fault {
        Some(SendAction::Error { code, http, details }) => {
            let details = details.clone().unwrap_or_else(|| title_of(*code).to_owned());
            let mut refusal = Refusal::new(*code, details);
            refusal.http = http.unwrap_or(refusal.http);
            return refused(&world, &refusal);
        }
        Some(SendAction::Http500) => {
            world.state().counts.sends_refused += 1;
            return HttpResponse::InternalServerError().finish();
        }
        Some(SendAction::DelayMs { ms }) => world.clock.sleep_ms(*ms).await,
        Some(SendAction::DropAfterAccept | SendAction::FailLate { .. } | SendAction::NoStatuses) | None => {}
    }
    let accepted = match accept(&world, &body, fault.as_ref()) {
        Ok(accepted) => accepted,
        Err(refusal) => return refused(&world, &refusal),
    };
    deliver::send_later(&world, accepted.webhooks, STATUS_PAUSE_MS).await;
    if matches!(fault, Some(SendAction::DropAfterAccept)) {
        return answers::cut();
    }
    answers::json(200, &accepted.answer)
}

fn authorised(world: &World, request: &HttpRequest, number: &str) -> Result<(), Refusal> {
    let header = request
        .headers()
        .get("authorization")
        .and_then(|value| value.to_str().ok());
    let token = header.and_then(|value| value.strip_prefix("Bearer "));
    if token != Some(world.settings.access_token.as_str()) {
        return Err(Refusal::new(190, "the access token is not valid"));
    }
    if number != world.settings.phone_number_id {
        return Err(Refusal::new(
            33,
            format!("object {number} does not exist or may not be used"),
        ));
    }
    Ok(())
}

fn parsed(body: &[u8]) -> Result<Value, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::invalid(format!("the body is not JSON: {error}")))
}

/// Read receipts and typing indicators: free, and never a message.
fn receipt(world: &World, body: &Value) -> HttpResponse {
    let message_id = body.get("message_id").and_then(Value::as_str).unwrap_or_default();
    if message_id.is_empty() {
        return refused(world, &Refusal::missing("message_id"));
    }
    answers::json(200, &json!({"success": true}))
}

struct Accepted {
    answer: Value,
    webhooks: Vec<Outgoing>,
}

/// Checks, stores and answers one send; everything that needs the lock.
fn accept(world: &World, body: &Value, fault: Option<&SendAction>) -> Result<Accepted, Refusal> {
    let now_ms = world.now_ms();
    let inner = world.short_id(18);
    let payload = super::wire::raw(body);
    let mut guard = world.state();
    let state = &mut *guard;
    let catalog = Catalog {
        id: &world.settings.catalog_id,
        items: &state.shop.native,
    };
    limits::check(body, catalog)?;
    let shown = render::shown(body, &state.shop.native);

    let to = body.get("to").and_then(Value::as_str).filter(|to| !to.is_empty());
    let recipient = body
        .get("recipient")
        .and_then(Value::as_str)
        .filter(|to| !to.is_empty());
    let input = to
        .or(recipient)
        .ok_or_else(|| Refusal::missing("to or recipient"))?;
    let message_type = body.get("type").and_then(Value::as_str).unwrap_or("text");
    let phone = state
        .phone_at(input)
        .ok_or_else(|| Refusal::new(131_026, title_of(131_026)))?;
    if message_type != "template" && !phone.window_open(now_ms) {
        return Err(Refusal::new(131_047, title_of(131_047)));
    }

    let (user, kind) = phone.address();
    let message_id = Wamid {
        user,
        kind,
        from_business: true,
        inner,
    }
    .encode();
    let opaque = body
        .get("biz_opaque_callback_data")
        .and_then(Value::as_str)
        .map(str::to_owned);
    let mut stored = Stored {
        message_id: message_id.clone(),
        at_ms: now_ms,
        message_type: message_type.to_owned(),
        device: None,
        kind: opaque
            .as_deref()
            .and_then(|opaque| opaque.split('.').nth(1))
            .map(str::to_owned),
        shown,
        payload,
        status: Status::Sent,
        quiet: false,
        opaque,
        webhook: None,
    };
    let webhooks = status_webhooks(world, phone, &mut stored, fault);
    let contact = if to.is_some() {
        json!({"input": input, "wa_id": phone.wa_id})
    } else {
        json!({"input": input, "user_id": phone.user_id})
    };
    phone.messages.push(stored);
    state.counts.sends_accepted += 1;
    let answer =
        json!({"messaging_product": "whatsapp", "contacts": [contact], "messages": [{"id": message_id}]});
    Ok(Accepted { answer, webhooks })
}

fn status_webhooks(
    world: &World,
    phone: &Phone,
    stored: &mut Stored,
    fault: Option<&SendAction>,
) -> Vec<Outgoing> {
    let facts = StatusFacts {
        message_id: &stored.message_id,
        status: "sent",
        opaque: stored.opaque.as_deref(),
        at_ms: stored.at_ms,
        category: None,
        error: None,
    };
    let carry = |facts: &StatusFacts<'_>| {
        let status = inbound::status(phone, facts);
        webhook(inbound::statuses_body(
            &world.settings,
            phone,
            vec![status],
            facts.error.is_some(),
        ))
    };
    let (webhooks, status, quiet) = match fault {
        Some(SendAction::NoStatuses) => (Vec::new(), Status::Sent, true),
        Some(SendAction::FailLate { code }) => {
            let failed = StatusFacts {
                status: "failed",
                error: Some(*code),
                ..facts
            };
            (vec![carry(&failed)], Status::Failed, true)
        }
        Some(
            SendAction::Error { .. }
            | SendAction::Http500
            | SendAction::DropAfterAccept
            | SendAction::DelayMs { .. },
        )
        | None => {
            let category = if stored.message_type == "template" {
                "utility"
            } else {
                "service"
            };
            let sent = carry(&StatusFacts {
                category: Some(category),
                ..facts
            });
            // Reactions only ever give `sent` (reaction messages page).
            if stored.message_type == "reaction" {
                (vec![sent], Status::Sent, true)
            } else {
                let delivered = carry(&StatusFacts {
                    status: "delivered",
                    ..facts
                });
                (vec![sent, delivered], Status::Delivered, false)
            }
        }
    };
    stored.status = status;
    stored.quiet = quiet;
    webhooks
}

/// Marks what the person saw as read and builds the webhook that says so.
pub fn read_webhooks(world: &World, phone: &mut Phone, now_ms: i64) -> Vec<Outgoing> {
    let mut messages = std::mem::take(&mut phone.messages);
    let mut statuses = Vec::new();
    let unread = messages
        .iter_mut()
        .rev()
        .filter(|message| message.device.is_none() && !message.quiet);
    for message in unread.take_while(|message| message.status != Status::Read) {
        message.status = Status::Read;
        let facts = StatusFacts {
            message_id: &message.message_id,
            status: "read",
            opaque: message.opaque.as_deref(),
            at_ms: now_ms,
            category: None,
            error: None,
        };
        statuses.push(inbound::status(phone, &facts));
    }
    phone.messages = messages;
    if statuses.is_empty() {
        return Vec::new();
    }
    statuses.reverse();
    vec![webhook(inbound::statuses_body(
        &world.settings,
        phone,
        statuses,
        false,
    ))]
}

/// A Meta webhook, properly signed.
pub fn webhook(body: String) -> Outgoing {
    Outgoing {
        stamp: Stamp::Meta(Signature::Valid),
        body,
    }
}

fn refused(world: &World, refusal: &Refusal) -> HttpResponse {
    world.state().counts.sends_refused += 1;
    let Refusal { http, code, details } = refusal;
    let body = json!({"error": {
        "message": format!("(#{code}) {}", title_of(*code)),
        "type": "OAuthException",
        "code": code,
        "error_data": {"messaging_product": "whatsapp", "details": details},
        "fbtrace_id": world.short_id(22),
    }});
    answers::json(*http, &body)
}

/// A short title for an error code, in our words.
pub fn title_of(code: i64) -> &'static str {
    match code {
        0 | 190 => "Access token is invalid or expired",
        3 | 10 | 200..=299 | 131_005 => "Permission denied",
        4 | 80_007 => "Too many calls",
        33 => "Unknown object",
        100 => "Invalid parameter",
        368 | 131_031 => "Account is locked",
        130_429 => "Throughput limit reached",
        131_000 => "Something went wrong",
        131_008 => "Required parameter is missing",
        131_009 => "Parameter value is not valid",
        131_016 => "Service is unavailable for now",
        131_026 => "Message is undeliverable",
        131_042 => "Payment problem of the business",
        131_047 => "More than 24 hours since the last message of this person",
        131_048 => "Spam limit of the number reached",
        131_049 => "Not delivered to keep the ecosystem healthy",
        131_056 => "Too many messages to this person",
        2040 => "Order message is not supported by this client",
        _ => "Request failed",
    }
}
