//! Standard Webhooks in both directions: who may call the shop's API, and the callbacks the shop sends.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use serde_json::{Value, json};

use super::super::answers::problem;
use super::super::deliver::{self, Outgoing};
use super::super::wire;
use super::super::world::{World, rfc3339};

/// Lets a call in only when its signature is ours and fresh by the world's clock.
pub fn admitted(world: &World, request: &HttpRequest, body: &[u8]) -> Result<(), Box<HttpResponse>> {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let denied = |detail: &str| Box::new(problem(401, "not_authorised", detail));
    let (Some(id), Some(timestamp), Some(signature)) = (
        header("webhook-id"),
        header("webhook-timestamp"),
        header("webhook-signature"),
    ) else {
        return Err(denied(
            "webhook-id, webhook-timestamp and webhook-signature are required",
        ));
    };
    let plain = id
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    if id.is_empty() || id.len() > 128 || !plain {
        return Err(denied("the webhook-id has a wrong form"));
    }
    let sent_s: i64 = timestamp
        .parse()
        .map_err(|_| denied("the webhook-timestamp is no number"))?;
    if sent_s.abs_diff(world.now_s()) > wire::TOLERANCE_S {
        return Err(denied("the webhook-timestamp is more than five minutes off"));
    }
    if !wire::shop_signature_holds(&world.settings.merchant_key, id, timestamp, body, signature) {
        return Err(denied("the signature does not match"));
    }
    Ok(())
}

/// Sends a callback and waits for its first attempt. `None` when the shop is silent or knows no address.
pub async fn call_back(world: &World, event: &str, data: Value) -> Option<u16> {
    {
        let mut state = world.state();
        if state.callback_url.is_none() || state.shop.mode.swallows_callback() {
            return None;
        }
    }
    let body = json!({"type": event, "timestamp": rfc3339(world.now_ms()), "data": data}).to_string();
    let id = format!("msg_{}", world.short_id(26).to_lowercase());
    let callback = Outgoing::callback(id, event, body);
    Some(deliver::send_now(world, callback, true).await)
}
