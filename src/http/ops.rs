//! The ops listener: is the process alive, should it get traffic, what does it count.

use std::sync::atomic::Ordering;

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde_json::{Value, json};

use super::State;
use super::webhook::BAD_SIGNATURES_ALARM;
use crate::delivery::Stopped;
use crate::store::Health;

/// The process answers: nothing else is asked here, so that a store outage never restarts pods.
pub(super) async fn livez() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain").body("ok\n")
}

/// The store takes writes, a 200 survives what is demanded, and we are not draining.
pub(super) async fn readyz(state: Data<State>) -> HttpResponse {
    let readiness = readiness(&state).await;
    let body = json!({
        "ready": readiness.ready, "reasons": readiness.reasons, "draining": readiness.draining, "store": readiness.store,
        "signatures": readiness.signatures, "stopped": readiness.stopped,
        "config": *state.configuration.load(),
    });
    if readiness.ready {
        HttpResponse::Ok().json(body)
    } else {
        HttpResponse::ServiceUnavailable().json(body)
    }
}

/// How the gateway is.
pub(super) struct Readiness {
    /// True when it should get traffic.
    pub(super) ready: bool,
    /// Why it should not.
    pub(super) reasons: Vec<String>,
    /// True while it shuts down.
    pub(super) draining: bool,
    /// How the store is, for those who read.
    pub(super) store: Value,
    /// The same; `None` when it does not answer.
    pub(super) health: Option<Health>,
    /// `ok`, or what is wrong with the signatures of webhooks.
    pub(super) signatures: &'static str,
    /// What the provider stopped, as far as this replica knows.
    pub(super) stopped: Vec<Stopped>,
}

/// Asks how the gateway is; tries a write.
pub(super) async fn readiness(state: &State) -> Readiness {
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
    let health = state.engine.store().health().await;
    state.health_looks.note("asking the store how it is", &health);
    let health = health.ok();
    if let Some(health) = &health {
        if !health.writable {
            reasons.push("the store takes no writes".to_owned());
        }
        reasons.extend(health.unmet(state.required).map(|unmet| unmet.to_string()));
    } else {
        reasons.push("the store does not answer".to_owned());
    }
    let store = health.as_ref().map_or_else(
        || json!({ "writable": false, "problem": "the store does not answer" }),
        |health| json!(health),
    );
    Readiness {
        ready: reasons.is_empty(),
        reasons,
        draining,
        store,
        health,
        signatures,
        stopped: state.dispatcher.stopped(),
    }
}

/// Metrics for Prometheus. Who drains is not ready, whatever was sampled last.
pub(super) async fn metrics(state: Data<State>) -> HttpResponse {
    if state.draining.load(Ordering::Relaxed) {
        metrics::gauge!("sacola_ready").set(0.0);
    }
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4")
        .body(state.metrics.render())
}

/// What webhooks told that we have no use for: counts and masked samples, of this replica since its start.
pub(super) async fn unrecognised(state: Data<State>) -> HttpResponse {
    HttpResponse::Ok().json(state.samples.report())
}
