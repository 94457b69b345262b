//! Errors of the HTTP sides: RFC 9457 `application/problem+json` with a closed list of codes. Internal text never leaves.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use serde_json::json;

use crate::delivery::Interrupted;
use crate::engine::Refused;
use crate::store;

/// A stable code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    ServiceWindowClosed,
    UnknownNumber,
    UnknownCustomer,
    UnknownProduct,
    InvalidMoney,
    InvalidRequest,
    NotAuthorised,
    ForbiddenScope,
    CrossSite,
    NotFound,
    RateLimited,
    StoreUnavailable,
    IdempotencyConflict,
    PayloadTooLarge,
    PurchaseInFlight,
}

impl Code {
    /// Every code.
    pub(super) const ALL: [Self; 15] = [
        Self::ServiceWindowClosed,
        Self::UnknownNumber,
        Self::UnknownCustomer,
        Self::UnknownProduct,
        Self::InvalidMoney,
        Self::InvalidRequest,
        Self::NotAuthorised,
        Self::ForbiddenScope,
        Self::CrossSite,
        Self::NotFound,
        Self::RateLimited,
        Self::StoreUnavailable,
        Self::IdempotencyConflict,
        Self::PayloadTooLarge,
        Self::PurchaseInFlight,
    ];

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::ServiceWindowClosed => "service_window_closed",
            Self::UnknownNumber => "unknown_number",
            Self::UnknownCustomer => "unknown_customer",
            Self::UnknownProduct => "unknown_product",
            Self::InvalidMoney => "invalid_money",
            Self::InvalidRequest => "invalid_request",
            Self::NotAuthorised => "not_authorised",
            Self::ForbiddenScope => "forbidden_scope",
            Self::CrossSite => "cross_site",
            Self::NotFound => "not_found",
            Self::RateLimited => "rate_limited",
            Self::StoreUnavailable => "store_unavailable",
            Self::IdempotencyConflict => "idempotency_conflict",
            Self::PayloadTooLarge => "payload_too_large",
            Self::PurchaseInFlight => "purchase_in_flight",
        }
    }

    /// The usual status.
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::ServiceWindowClosed | Self::IdempotencyConflict | Self::PurchaseInFlight => {
                StatusCode::CONFLICT
            }
            Self::UnknownNumber | Self::UnknownCustomer | Self::NotFound => StatusCode::NOT_FOUND,
            Self::UnknownProduct | Self::InvalidMoney => StatusCode::UNPROCESSABLE_ENTITY,
            Self::InvalidRequest => StatusCode::BAD_REQUEST,
            Self::NotAuthorised => StatusCode::UNAUTHORIZED,
            Self::ForbiddenScope | Self::CrossSite => StatusCode::FORBIDDEN,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::StoreUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        }
    }
}

/// An error on its way to the caller.
#[derive(Debug)]
pub(super) struct ApiError {
    code: Code,
    status: StatusCode,
    detail: String,
    retry_after_s: Option<u64>,
    /// The methods that the address has.
    allow: Option<&'static str>,
}

impl ApiError {
    pub(super) fn new(code: Code, detail: impl Into<String>) -> Self {
        let retry_after_s = match code {
            Code::RateLimited | Code::StoreUnavailable => Some(1),
            Code::ServiceWindowClosed
            | Code::UnknownNumber
            | Code::UnknownCustomer
            | Code::UnknownProduct
            | Code::InvalidMoney
            | Code::InvalidRequest
            | Code::NotAuthorised
            | Code::ForbiddenScope
            | Code::CrossSite
            | Code::NotFound
            | Code::IdempotencyConflict
            | Code::PurchaseInFlight
            | Code::PayloadTooLarge => None,
        };
        Self {
            code,
            status: code.status(),
            detail: detail.into(),
            retry_after_s,
            allow: None,
        }
    }

    pub(super) fn code(&self) -> Code {
        self.code
    }

    /// The sentence for the caller.
    pub(super) fn detail(&self) -> &str {
        &self.detail
    }

    /// The same code under another status (a body that took too long, a method that is not there).
    pub(super) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// The same, with the time after which a repeat makes sense.
    pub(super) fn with_retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.word(), self.detail)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        if self.code == Code::NotAuthorised {
            response.insert_header(("www-authenticate", "Bearer"));
        }
        if let Some(seconds) = self.retry_after_s {
            response.insert_header(("retry-after", seconds.to_string()));
        }
        if let Some(allow) = self.allow {
            response.insert_header(("allow", allow));
        }
        response.content_type("application/problem+json").body(
            json!({
                "type": "about:blank",
                "title": self.status.canonical_reason().unwrap_or("error"),
                "status": self.status.as_u16(),
                "code": self.code.word(),
                "detail": self.detail,
            })
            .to_string(),
        )
    }
}

impl From<store::Error> for ApiError {
    fn from(error: store::Error) -> Self {
        tracing::warn!(%error, "failed to use the store");
        Self::new(Code::StoreUnavailable, "the store did not answer; try again")
    }
}

impl From<Interrupted> for ApiError {
    fn from(interrupted: Interrupted) -> Self {
        match interrupted {
            Interrupted::Store(error) => error.into(),
            Interrupted::Answer(refused) => refused.into(),
        }
    }
}

impl From<Refused> for ApiError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Store(_) => Self::new(Code::StoreUnavailable, "the store did not take it; try again"),
            Refused::Busy => Self::new(Code::StoreUnavailable, "the conversation is busy; try again"),
            Refused::UnknownNumber => Self::new(Code::UnknownNumber, "no such business number is configured"),
        }
    }
}

/// No such route.
pub(super) async fn nothing_here() -> Result<HttpResponse, ApiError> {
    Err(ApiError::new(
        Code::NotFound,
        "there is nothing at this address; see /openapi.json",
    ))
}

/// None of the key's numbers has that id.
pub(super) fn unknown_number() -> ApiError {
    ApiError::new(
        Code::UnknownNumber,
        "no business number of this key has this id: give a phone_number_id",
    )
}

/// Nothing is kept of somebody who has never written.
pub(super) fn never_written() -> ApiError {
    ApiError::new(
        Code::UnknownCustomer,
        "this customer has never written to this number: give the user id or wa_id exactly as the provider writes \
         it",
    )
}

/// A query whose parameters are of other types than they should be. What was sent is not repeated.
pub(super) fn unreadable_query() -> ApiError {
    ApiError::new(
        Code::InvalidRequest,
        "a parameter of the query is not what it should be, or is there twice; see /openapi.json",
    )
}

/// A method that the address does not have.
pub(super) fn other_method(allow: &'static str) -> ApiError {
    let error = ApiError::new(Code::InvalidRequest, format!("this address takes {allow}"));
    ApiError {
        allow: Some(allow),
        ..error.with_status(StatusCode::METHOD_NOT_ALLOWED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_own_word() {
        let words: std::collections::BTreeSet<&str> = Code::ALL.map(Code::word).into();
        assert_eq!(words.len(), Code::ALL.len());
    }

    #[test]
    fn what_is_unknown_is_told_with_what_to_give() {
        assert!(unknown_number().detail().contains("phone_number_id"));
        assert!(
            never_written()
                .detail()
                .ends_with("wa_id exactly as the provider writes it")
        );
    }

    #[test]
    fn a_method_that_is_not_there_is_told_with_those_that_are() {
        let answer = other_method("GET, POST").error_response();
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(answer.headers().get("allow").unwrap(), "GET, POST");
    }
}
