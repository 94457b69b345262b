//! One line of the log for each request of the merchant API: its pattern and how it was answered. A path may name a customer, so
//! it is never written; nor is a query, a header or a body.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use tokio::time::Instant;

use crate::trace::lines::milliseconds;

/// The target of the lines.
const TARGET: &str = "sacola::api";

/// The start of a request that is logged, while the log takes such lines.
pub(super) fn begun(request: &ServiceRequest) -> Option<Instant> {
    let is_wanted = tracing::enabled!(target: TARGET, tracing::Level::DEBUG);
    (is_wanted && request.path().starts_with("/v1/")).then(Instant::now)
}

/// Writes the line of a request.
pub(super) fn ended<B: MessageBody>(answer: &ServiceResponse<B>, begun: Option<Instant>) {
    let Some(begun) = begun else { return };
    let request = answer.request();
    let (method, route) = (request.method().as_str(), request.match_pattern());
    let elapsed = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
    let (status, took_ms) = (answer.status().as_u16(), milliseconds(elapsed));
    tracing::debug!(target: TARGET, method, route, status, took_ms, "api request");
}
