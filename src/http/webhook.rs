//! Hops 1 to 3 of a provider's webhook: receive, verify, parse; the intake does the rest. 200 only when durable.

use std::sync::atomic::Ordering;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use subtle::ConstantTimeEq;
use tokio::time::Instant;

use super::problem::{ApiError, Code};
use super::{State, body, intake, traced};
use crate::domain::expiring;
use crate::faults::{self, Point};
use crate::trace::Seldom;
use crate::whatsapp::signature;

/// So many wrong signatures in a row make `/readyz` warn.
pub(super) const BAD_SIGNATURES_ALARM: u64 = 20;

/// Anybody may send what these lines are about, as often as they like.
static HANDSHAKES: Seldom = Seldom::new(1, Duration::from_secs(10));
static BODIES: Seldom = Seldom::new(1, Duration::from_secs(10));
static SIGNATURES: Seldom = Seldom::new(1, Duration::from_mins(1));

/// The query of Meta's handshake.
#[derive(Deserialize)]
pub(super) struct Handshake {
    #[serde(rename = "hub.mode")]
    mode: Option<String>,
    #[serde(rename = "hub.verify_token")]
    verify_token: Option<String>,
    #[serde(rename = "hub.challenge")]
    challenge: Option<String>,
}

/// Answers the handshake: the challenge as text when the token is ours, 403 otherwise.
pub(super) async fn handshake(state: Data<State>, query: Query<Handshake>) -> HttpResponse {
    let given = query.verify_token.as_deref().unwrap_or_default();
    let access = state.access.load();
    let ours = access.verify_token.at(state.engine.clock().now_ms());
    let same = ours.is_some_and(|ours| bool::from(given.as_bytes().ct_eq(ours.as_bytes())));
    let challenge = query
        .challenge
        .as_ref()
        .filter(|_| same && query.mode.as_deref() == Some("subscribe"));
    if let Some(challenge) = challenge {
        HttpResponse::Ok()
            .content_type("text/plain; charset=utf-8")
            .body(challenge.clone())
    } else {
        HANDSHAKES.tell(|left_out| {
            tracing::warn!(
                left_out,
                "a webhook handshake was refused: wrong verify token or mode"
            );
        });
        HttpResponse::Forbidden().finish()
    }
}

/// Takes a webhook.
pub(super) async fn receive(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let (began, watched) = (Instant::now(), state.engine.trace().start());
    let bytes = body::read(payload, state.webhook_body_bytes)
        .await
        .inspect_err(|error| {
            count("unreadable", began);
            BODIES.tell(|left_out| tracing::warn!(%error, left_out, "a webhook body was not read"));
        })?;
    faults::pass(Point::Received);
    let header = request
        .headers()
        .get(signature::HEADER)
        .and_then(|value| value.to_str().ok());
    let access = state.access.load();
    let secrets: Vec<&Vec<u8>> = expiring::live(&access.app_secrets, state.engine.clock().now_ms()).collect();
    if !signature::verify(&bytes, header, &secrets) {
        let in_a_row = state.bad_signatures.fetch_add(1, Ordering::Relaxed) + 1;
        count("bad_signature", began);
        if in_a_row.is_multiple_of(BAD_SIGNATURES_ALARM) {
            SIGNATURES.tell(|_| {
                tracing::error!(
                    in_a_row,
                    "webhooks with wrong signatures: is the app secret right?"
                );
            });
        }
        traced::refused(&state, "provider", bytes.len(), watched);
        let error = ApiError::new(Code::NotAuthorised, "X-Hub-Signature-256 is missing or wrong");
        return Err(error.with_status(StatusCode::UNAUTHORIZED));
    }
    state.bad_signatures.store(0, Ordering::Relaxed);
    let taken = intake::webhook(&state, &bytes).await;
    traced::webhook(&state, &bytes, taken.is_ok(), watched);
    taken.inspect_err(|_| count("store_refused", began))?;
    count("taken", began);
    Ok(HttpResponse::Ok().finish())
}

/// Counts a webhook and the time from its request's head on.
fn count(outcome: &'static str, began: Instant) {
    metrics::counter!("sacola_webhooks_total", "outcome" => outcome).increment(1);
    metrics::histogram!("sacola_webhook_answer_seconds", "outcome" => outcome).record(began.elapsed());
}
