//! The Graph side: `POST /{version}/{phone_number_id}/messages` as the Cloud API answers it.

use actix_web::web::{self, Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use crate::clock::Clock;

use super::answers;
use super::deliver::{self, Outgoing};
use super::feed::News;
use super::inbound::{self, StatusFacts};
use super::limits::{self, Catalog, Refusal};
use super::refusals;
use super::render;
use super::titles::title_of;
use super::wamid::Wamid;
use super::world::{Phone, SendAction, Status, Stored, World};

/// A little later than the answer, as statuses mostly come; nobody may rely on it.
const STATUS_PAUSE_MS: u64 = 20;
/// A typing indicator goes after 25 seconds or with the next message (typing indicators page, 2025).
const TYPING_MS: i64 = 25_000;

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
    let fault = world.state().take_fault(addressee(&body));
    match &fault {
        Some(SendAction::Error {
            code,
            http,
            subcode,
            details,
        }) => {
            let details = details.clone().unwrap_or_else(|| title_of(*code).to_owned());
            let mut refusal = Refusal::new(*code, details);
            refusal.http = http.unwrap_or(refusal.http);
            refusal.subcode = *subcode;
            return not_taken(&world, &body, &refusal);
        }
        Some(SendAction::Http500) => {
            refusals::note(&world, &body, 500, None);
            world.state().counts.sends_refused += 1;
            return HttpResponse::InternalServerError().finish();
        }
        Some(SendAction::DelayMs { ms }) => world.clock.sleep_ms(*ms).await,
        Some(SendAction::DropAfterAccept | SendAction::FailLate { .. } | SendAction::NoStatuses) | None => {}
    }
    let accepted = match accept(&world, &body, fault.as_ref()) {
        Ok(accepted) => accepted,
        Err(refusal) => return not_taken(&world, &body, &refusal),
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
    let typing = body.get("typing_indicator").is_some();
    let until_ms = typing.then(|| world.now_ms() + TYPING_MS);
    let mut state = world.state();
    for phone in state.phones.values_mut() {
        if phone.read_by_business(message_id) {
            phone.typing_until_ms = until_ms;
            world.tell(News::Phone {
                phone: phone.id.clone(),
            });
            break;
        }
    }
    answers::json(200, &json!({"success": true}))
}

/// Who a message is for, as its body says.
pub fn addressee(body: &Value) -> Option<&str> {
    text_at(body, "to").or_else(|| text_at(body, "recipient"))
}

/// The second dot part of a body's `biz_opaque_callback_data`.
pub fn kind_of(body: &Value) -> Option<String> {
    let kind = text_at(body, "biz_opaque_callback_data")?.split('.').nth(1);
    kind.map(str::to_owned)
}

fn text_at<'a>(body: &'a Value, name: &str) -> Option<&'a str> {
    let text = body.get(name).and_then(Value::as_str);
    text.filter(|text| !text.is_empty())
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

    let input = addressee(body).ok_or_else(|| Refusal::missing("to or recipient"))?;
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
    let opaque = text_at(body, "biz_opaque_callback_data").map(str::to_owned);
    let mut stored = Stored {
        message_id: message_id.clone(),
        at_ms: now_ms,
        message_type: message_type.to_owned(),
        device: None,
        kind: kind_of(body),
        shown,
        payload,
        status: Status::Sent,
        quiet: false,
        opaque,
        webhook: None,
        read_by_business: false,
        error: None,
    };
    let webhooks = status_webhooks(world, phone, &mut stored, fault);
    let contact = if text_at(body, "to").is_some() {
        json!({"input": input, "wa_id": phone.wa_id})
    } else {
        json!({"input": input, "user_id": phone.user_id})
    };
    phone.messages.push(stored);
    phone.typing_until_ms = None;
    world.tell(News::Phone {
        phone: phone.id.clone(),
    });
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
    let carry = |facts: StatusFacts<'_>| inbound::statuses(world, phone, &[facts]);
    // Who has blocked the business never gets the message.
    let undeliverable = SendAction::FailLate { code: 131_026 };
    let fault = if phone.blocked {
        Some(&undeliverable)
    } else {
        fault
    };
    let (webhooks, status, quiet) = match fault {
        Some(SendAction::NoStatuses) => (Vec::new(), Status::Sent, true),
        Some(SendAction::FailLate { code }) => {
            let failed = StatusFacts {
                status: "failed",
                error: Some(*code),
                ..facts
            };
            (vec![carry(failed)], Status::Failed, true)
        }
        Some(
            SendAction::Error { .. }
            | SendAction::Http500
            | SendAction::DropAfterAccept
            | SendAction::DelayMs { .. },
        )
        | None => {
            let priced = StatusFacts {
                category: Some(inbound::category_of(&stored.message_type)),
                ..facts
            };
            let sent = carry(priced);
            // Reactions only ever give `sent` (reaction messages page).
            if stored.message_type == "reaction" {
                (vec![sent], Status::Sent, true)
            } else {
                let delivered = carry(StatusFacts {
                    status: "delivered",
                    ..priced
                });
                (vec![sent, delivered], Status::Delivered, false)
            }
        }
    };
    stored.error = if let Some(SendAction::FailLate { code }) = fault {
        Some(*code)
    } else {
        None
    };
    stored.status = status;
    stored.quiet = quiet;
    webhooks
}

/// Refuses a message of that body, and keeps that it did.
fn not_taken(world: &World, body: &Value, refusal: &Refusal) -> HttpResponse {
    refusals::note(world, body, refusal.http, Some(refusal.code));
    refused(world, refusal)
}

fn refused(world: &World, refusal: &Refusal) -> HttpResponse {
    world.state().counts.sends_refused += 1;
    let Refusal {
        http,
        code,
        subcode,
        details,
    } = refusal;
    let mut body = json!({"error": {
        "message": format!("(#{code}) {}", title_of(*code)),
        "type": "OAuthException",
        "code": code,
        "error_data": {"messaging_product": "whatsapp", "details": details},
        "fbtrace_id": world.short_id(22),
    }});
    let error = body.get_mut("error").and_then(Value::as_object_mut);
    if let (Some(fields), Some(subcode)) = (error, subcode) {
        fields.insert("error_subcode".to_owned(), json!(subcode));
    }
    answers::json(*http, &body)
}
