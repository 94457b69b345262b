//! One line of the log for each request of the merchant API: its id, its pattern and how it was answered. A path may name a
//! customer, so it is never written; nor is a query, a header or a body. The answer tells the id too (`x-request-id`), and it is
//! ours alone: what a caller sends under that name may name a customer.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use tokio::time::Instant;

use crate::trace::Seldom;
use crate::trace::lines::milliseconds;

/// The header that tells the id of a request.
static HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// The part of the ids that tells this process from others.
static PROCESS: LazyLock<String> = LazyLock::new(|| {
    let mut bytes = [0_u8; 6];
    let filled = getrandom::fill(&mut bytes);
    debug_assert!(filled.is_ok(), "the system gives random bytes");
    hex::encode(bytes)
});
static NEXT: AtomicU64 = AtomicU64::new(1);
/// While the store is away every request fails.
static FAILED: Seldom = Seldom::new(10, Duration::from_secs(1));

/// The target of the lines.
const TARGET: &str = "sacola::api";

/// The start of a request of the merchant API.
pub(super) fn begun(request: &ServiceRequest) -> Option<Instant> {
    request.path().starts_with("/v1/").then(Instant::now)
}

/// Tells the caller the id of a request and writes its line: a warning when the gateway failed, else at debug.
pub(super) fn ended<B: MessageBody>(answer: &mut ServiceResponse<B>, begun: Option<Instant>) {
    let Some(begun) = begun else { return };
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let request_id = format!("{}-{number}", *PROCESS);
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        answer.headers_mut().insert(HEADER.clone(), value);
    }
    let status = answer.status().as_u16();
    if status < 500 && !tracing::enabled!(target: TARGET, tracing::Level::DEBUG) {
        return;
    }
    let request = answer.request();
    let (method, route) = (request.method().as_str(), request.match_pattern());
    let elapsed = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
    let took_ms = milliseconds(elapsed);
    if status < 500 {
        tracing::debug!(target: TARGET, request_id, method, route, status, took_ms, "api request");
    } else {
        FAILED.tell(|left_out| {
            tracing::warn!(
                target: TARGET,
                request_id, method, route, status, took_ms, left_out, "an api request failed"
            );
        });
    }
}

#[cfg(test)]
mod tests {
    use actix_web::HttpResponse;
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn each_answer_of_the_merchant_api_has_an_id_of_its_own_whatever_the_caller_sent() {
        let id = |path: &str| {
            let request = TestRequest::with_uri(path)
                .insert_header(("x-request-id", "5511987654321"))
                .to_srv_request();
            let begun = begun(&request);
            let mut answer = request.into_response(HttpResponse::ServiceUnavailable().finish());
            ended(&mut answer, begun);
            let told = answer.headers().get(&HEADER).cloned();
            told.map(|told| told.to_str().unwrap().to_owned())
        };

        let (first, second) = (id("/v1/products").unwrap(), id("/v1/products").unwrap());

        assert_ne!(first, second);
        assert!(!first.contains("5511987654321"));
        assert_eq!(id("/livez"), None);
    }
}
