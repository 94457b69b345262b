//! The emulator's own controls: clock, faults, reset, counts, and webhooks of any content.

use std::sync::atomic::Ordering;

use actix_web::HttpResponse;
use actix_web::web::{self, Bytes, Data};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use url::Url;

use super::answers;
use super::deliver::{self, MOST_UPDATES, Outgoing, Signature};
use super::faults::{Faults, SendAction, SendFault, WebhookFault};
use super::feed::News;
use super::wire;
use super::world::World;

/// Where the clock may stand: from 1970 on, before the year 3000.
const YEARS_MS: std::ops::Range<i64> = 0..32_503_680_000_000;

/// Registers the control routes.
pub fn routes(app: &mut web::ServiceConfig) {
    app.service(
        web::resource("/emulator/clock")
            .route(web::get().to(clock))
            .route(web::post().to(advance)),
    )
    .service(
        web::resource("/emulator/faults")
            .route(web::get().to(faults))
            .route(web::post().to(add_faults))
            .route(web::delete().to(clear_faults)),
    )
    .service(web::resource("/emulator/reset").route(web::post().to(reset)))
    .service(web::resource("/emulator/state").route(web::get().to(state)))
    .service(web::resource("/emulator/targets").route(web::post().to(targets)))
    .service(web::resource("/emulator/webhooks/raw").route(web::post().to(raw_webhook)));
}

async fn clock(world: Data<World>) -> HttpResponse {
    answers::json(200, &json!({"now_ms": world.now_ms()}))
}

#[derive(Deserialize)]
struct Advance {
    advance_s: i64,
}

async fn advance(world: Data<World>, body: Bytes) -> HttpResponse {
    let by_ms = match answers::read::<Advance>(&body) {
        Ok(Advance { advance_s }) => advance_s.saturating_mul(1000),
        Err(problem) => return *problem,
    };
    if !YEARS_MS.contains(&world.now_ms().saturating_add(by_ms)) {
        let detail = "the clock stays between the years 1970 and 3000";
        return answers::problem(400, "invalid_request", detail);
    }
    world.clock.advance_ms(by_ms);
    world.tell(News::Clock {
        now_ms: world.now_ms(),
    });
    answers::json(200, &json!({"now_ms": world.now_ms()}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewFaults {
    #[serde(default)]
    send: Vec<SendFault>,
    #[serde(default)]
    webhooks: Vec<WebhookFault>,
    catalog_lag: Option<bool>,
    duplicate_webhooks: Option<bool>,
    reorder_webhooks: Option<bool>,
    batch: Option<usize>,
    batch_wait_ms: Option<u64>,
    scoped_context_ids: Option<bool>,
    conversation: Option<bool>,
}

/// Adds faults behind those that wait; switches stay unless named.
async fn add_faults(world: Data<World>, body: Bytes) -> HttpResponse {
    let new: NewFaults = match answers::read(&body) {
        Ok(new) => new,
        Err(problem) => return *problem,
    };
    if new.batch.is_some_and(|most| most > MOST_UPDATES) {
        let detail = format!("batch: a webhook carries {MOST_UPDATES} updates at most; 0 switches it off");
        return answers::problem(400, "invalid_request", &detail);
    }
    if new.send.iter().any(is_odd) {
        let detail = "http: the status of a refusal is between 400 and 599";
        return answers::problem(400, "invalid_request", detail);
    }
    if let Some(on) = new.conversation {
        world.old_statuses.store(on, Ordering::SeqCst);
    }
    {
        let mut state = world.state();
        let faults = &mut state.faults;
        faults.sends.extend(new.send);
        faults.webhooks.extend(new.webhooks);
        faults.batch = new.batch.unwrap_or(faults.batch);
        faults.batch_wait_ms = new.batch_wait_ms.or(faults.batch_wait_ms);
        let switches = [
            (new.duplicate_webhooks, &mut faults.duplicate_webhooks),
            (new.reorder_webhooks, &mut faults.reorder_webhooks),
            (new.scoped_context_ids, &mut faults.scoped_context_ids),
            (new.conversation, &mut faults.conversation),
        ];
        for (new, switch) in switches {
            *switch = new.unwrap_or(*switch);
        }
        if let Some(on) = new.catalog_lag {
            state.set_catalog_lag(on);
        }
    }
    world.tell(News::Controls);
    shown_faults(&world)
}

/// A refusal whose HTTP status is none of a refusal.
fn is_odd(fault: &SendFault) -> bool {
    match &fault.action {
        SendAction::Error { http, .. } => http.is_some_and(|http| !(400..=599).contains(&http)),
        SendAction::Http500
        | SendAction::DropAfterAccept
        | SendAction::DelayMs { .. }
        | SendAction::FailLate { .. }
        | SendAction::NoStatuses => false,
    }
}

async fn faults(world: Data<World>) -> HttpResponse {
    shown_faults(&world)
}

async fn clear_faults(world: Data<World>) -> HttpResponse {
    {
        let mut state = world.state();
        state.faults = Faults::default();
        state.set_catalog_lag(false);
    }
    world.old_statuses.store(false, Ordering::SeqCst);
    world.tell(News::Controls);
    shown_faults(&world)
}

fn shown_faults(world: &World) -> HttpResponse {
    let state = world.state();
    let faults = &state.faults;
    let shown = json!({
        "send": faults.sends, "webhooks": faults.webhooks, "catalog_lag": faults.catalog_lag,
        "duplicate_webhooks": faults.duplicate_webhooks, "reorder_webhooks": faults.reorder_webhooks,
        "batch": faults.batch, "batch_wait_ms": faults.batch_wait_ms,
        "scoped_context_ids": faults.scoped_context_ids,
        "conversation": world.old_statuses.load(Ordering::SeqCst),
    });
    answers::json(200, &shown)
}

async fn reset(world: Data<World>) -> HttpResponse {
    world.reset();
    answers::json(200, &json!({"reset": true}))
}

async fn state(world: Data<World>) -> HttpResponse {
    let state = world.state();
    let settings = &world.settings;
    let shown = json!({
        "now_ms": world.now_ms(), "counts": state.counts, "phones": state.phones.len(),
        "faults_waiting": state.faults.sends.len() + state.faults.webhooks.len(), "purchases": state.shop.purchases.len(),
        "webhook_url": state.webhook_url, "callback_url": state.callback_url,
        "phone_number_id": settings.phone_number_id, "waba_id": settings.waba_id,
        "catalog_id": settings.catalog_id, "verify_token": settings.verify_token,
    });
    answers::json(200, &shown)
}

#[derive(Deserialize)]
struct Targets {
    webhook_url: Option<String>,
    callback_url: Option<String>,
}

async fn targets(world: Data<World>, body: Bytes) -> HttpResponse {
    match answers::read::<Targets>(&body) {
        Ok(new) => {
            let given = [&new.webhook_url, &new.callback_url];
            if let Some(wrong) = given.into_iter().flatten().find(|url| !is_web_address(url)) {
                let detail = format!("{wrong} is no web address, such as http://127.0.0.1:3000/webhook");
                return answers::problem(400, "invalid_request", &detail);
            }
            world.set_targets(new.webhook_url, new.callback_url);
            answers::json(200, &json!({"set": true}))
        }
        Err(problem) => *problem,
    }
}

fn is_web_address(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

#[derive(Deserialize)]
struct RawWebhook {
    body: Box<RawValue>,
    #[serde(default)]
    signature: Signature,
}

/// Delivers anything once: a JSON string is sent as its text, any other value as Meta would write it.
async fn raw_webhook(world: Data<World>, body: Bytes) -> HttpResponse {
    let new: RawWebhook = match answers::read(&body) {
        Ok(new) => new,
        Err(problem) => return *problem,
    };
    let text = serde_json::from_str::<String>(new.body.get());
    let body = text.unwrap_or_else(|_| wire::ascii_json(new.body.get()));
    let request = Outgoing::signed(body, new.signature);
    let status = deliver::send_now(&world, request, false).await;
    answers::json(200, &json!({"webhook_status": status}))
}
