//! One HTTP request to the gateway, signed now: `X-Hub-Signature-256` for Meta, Standard Webhooks for the shop.

use super::super::graph::subscriptions;
use super::super::wire;
use super::super::world::World;
use super::{Outgoing, Signature, Stamp};

/// The request, ready to go; `None` while nobody has said where to.
pub fn prepared(world: &World, request: &Outgoing) -> Option<reqwest::RequestBuilder> {
    let ready = world
        .http
        .post(target(world, request)?)
        .header("content-type", "application/json");
    let signed = match &request.stamp {
        Stamp::Meta(signature) => by_meta(world, ready, *signature, &request.body),
        Stamp::Shop { id } => by_shop(world, ready, id, &request.body),
    };
    Some(signed.body(request.body.clone()))
}

fn target(world: &World, request: &Outgoing) -> Option<String> {
    let state = world.state();
    match &request.stamp {
        Stamp::Meta(_) => subscriptions::webhook_url(&state, request.is_of_messages()),
        Stamp::Shop { .. } => state.callback_url.clone(),
    }
}

fn by_meta(
    world: &World,
    ready: reqwest::RequestBuilder,
    signature: Signature,
    body: &str,
) -> reqwest::RequestBuilder {
    let valid = wire::meta_signature(&world.settings.app_secret, body.as_bytes());
    let ready = ready.header("user-agent", "sacola-emulator");
    match signature {
        Signature::Valid => ready.header("x-hub-signature-256", valid),
        Signature::Missing => ready,
        Signature::Wrong => {
            let wrong = wire::meta_signature("another app's secret", body.as_bytes());
            ready.header("x-hub-signature-256", wrong)
        }
        Signature::Sha1 => {
            // Not a real SHA-1: a gateway must not look at this header at all.
            let short: String = valid.chars().skip("sha256=".len()).take(40).collect();
            ready.header("x-hub-signature", format!("sha1={short}"))
        }
    }
}

fn by_shop(world: &World, ready: reqwest::RequestBuilder, id: &str, body: &str) -> reqwest::RequestBuilder {
    let at_s = world.now_s();
    let signature = wire::shop_signature(&world.settings.merchant_key, id, at_s, body.as_bytes());
    ready
        .header("webhook-id", id)
        .header("webhook-timestamp", at_s.to_string())
        .header("webhook-signature", signature)
}
