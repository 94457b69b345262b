//! The ops listener: is the process alive, should it get traffic, what does it count.

use std::sync::atomic::Ordering;

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde_json::json;

use super::State;
use super::webhook::BAD_SIGNATURES_ALARM;

/// The process answers: nothing else is asked here, so that a store outage never restarts pods.
pub(super) async fn livez() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain").body("ok\n")
}

/// The store takes writes, a 200 survives what is demanded, and we are not draining.
pub(super) async fn readyz(state: Data<State>) -> HttpResponse {
    let draining = state.draining.load(Ordering::Relaxed);
    let bad = state.bad_signatures.load(Ordering::Relaxed);
    let signatures = if bad >= BAD_SIGNATURES_ALARM {
        "degraded: webhooks arrive with wrong signatures"
    } else {
        "ok"
    };
    let mut reasons: Vec<String> = Vec::new();
    if draining {
        reasons.push("the gateway is draining".to_owned());
    }
    let store = match state.engine.store().health().await {
        Ok(health) => {
            if !health.writable {
                reasons.push("the store takes no writes".to_owned());
            }
            reasons.extend(health.unmet(state.required).map(|unmet| unmet.to_string()));
            json!(health)
        }
        Err(error) => {
            tracing::warn!(%error, "the store is not healthy");
            reasons.push("the store does not answer".to_owned());
            json!({ "writable": false, "problem": "the store does not answer" })
        }
    };
    let ready = reasons.is_empty();
    let stopped = state.dispatcher.stopped();
    let body = json!({
        "ready": ready, "reasons": reasons, "draining": draining, "store": store, "signatures": signatures,
        "stopped": stopped,
    });
    if ready {
        HttpResponse::Ok().json(body)
    } else {
        HttpResponse::ServiceUnavailable().json(body)
    }
}

/// Counters for Prometheus.
pub(super) async fn metrics(state: Data<State>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4")
        .body(state.metrics.render())
}

/// What webhooks told that we have no use for: counts and masked samples, of this replica since its start.
pub(super) async fn unrecognised(state: Data<State>) -> HttpResponse {
    HttpResponse::Ok().json(state.samples.report())
}
