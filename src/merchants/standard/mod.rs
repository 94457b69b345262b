//! The standard connector: our own signed REST contract (`openapi/merchant.yaml`) for any shop. This file is behaviour;
//! `wire.rs` is the JSON.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::standard_webhooks::{self, Secret};
use super::{
    Buyer, Callback, CallbackError, CallbackHeaders, Connector, ConnectorError, LOOKUP_MAX, MerchantPurchase,
    ProductPage, SubmitAnswer, traceparent,
};
use crate::clock::Clock;
use crate::domain::expiring::{self, Expiring};
use crate::domain::ids::{PurchaseId, RetailerId};
use crate::domain::money::Currency;
use crate::domain::product::Product;
use crate::domain::purchase::{Purchase, PurchaseLine, Quote};

mod wire;

/// Largest answer that is read.
const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Calls that may wait for their places.
const WAITING_MAX: usize = 24;

/// How one merchant is reached.
#[derive(Debug)]
pub struct Access {
    /// Everything before `/products`, `/quotes`, `/purchases`.
    pub base_url: String,
    /// The shop's currency.
    pub currency: Currency,
    /// Signing secrets: the first live one signs, all live ones verify.
    pub secrets: Vec<Expiring<Secret>>,
    /// How long a call may take, the wait for its place among those that run at once included.
    pub timeout_ms: u64,
    /// How many calls may run at once.
    pub max_concurrency: usize,
}

/// A merchant that follows the standard contract.
#[derive(Debug)]
pub struct StandardConnector {
    http: reqwest::Client,
    access: Access,
    clock: Arc<dyn Clock>,
    slots: Semaphore,
    waiting: Semaphore,
}

struct Answer {
    http: u16,
    retry_after_ms: Option<i64>,
    body: Vec<u8>,
}

impl StandardConnector {
    /// A connector with a ready, guarded HTTP client.
    pub fn new(http: reqwest::Client, access: Access, clock: Arc<dyn Clock>) -> Self {
        let slots = Semaphore::new(access.max_concurrency.max(1));
        Self {
            http,
            access,
            clock,
            slots,
            waiting: Semaphore::new(WAITING_MAX),
        }
    }

    async fn call(
        &self,
        method: reqwest::Method,
        path: &str,
        request_id: &str,
        body: Vec<u8>,
        idempotency_key: Option<&str>,
    ) -> Result<Answer, ConnectorError> {
        let ends = Instant::now() + Duration::from_millis(self.access.timeout_ms);
        let _place = self.place().await?;
        let url = format!("{}{path}", self.access.base_url.trim_end_matches('/'));
        let now_ms = self.clock.now_ms();
        let timestamp_s = now_ms.div_euclid(1000);
        let secret = expiring::live(&self.access.secrets, now_ms)
            .next()
            .ok_or_else(|| {
                ConnectorError::Unreachable(
                    "every secret of the merchant has expired by its expires_at".to_owned(),
                )
            })?;
        let signature = standard_webhooks::sign(secret, request_id, timestamp_s, &body);
        let mut request = self
            .http
            .request(method, url)
            .timeout(ends.saturating_duration_since(Instant::now()))
            .header("webhook-id", request_id)
            .header("webhook-timestamp", timestamp_s.to_string())
            .header("webhook-signature", signature);
        if !body.is_empty() {
            request = request.header("content-type", "application/json").body(body);
        }
        if let Some(key) = idempotency_key {
            request = request.header("idempotency-key", key);
        }
        if let Some(parent) = traceparent::current() {
            request = request.header(traceparent::HEADER, parent);
        }
        read(request.send().await.map_err(fault)?).await
    }

    /// A place among the calls that run at once. Whoever has none when half of the time is over has not called: a lease is as long
    /// as its calls may take, and what went out after it would come behind whoever has the lane by then. A few may wait; a shop
    /// that hangs must not keep everybody else's places.
    async fn place(&self) -> Result<SemaphorePermit<'_>, ConnectorError> {
        if let Ok(place) = self.slots.try_acquire() {
            return Ok(place);
        }
        let _waits = self.waiting.try_acquire().map_err(|_| ConnectorError::Full)?;
        let patience = Duration::from_millis(self.access.timeout_ms / 2);
        match tokio::time::timeout(patience, self.slots.acquire()).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) | Err(_) => Err(ConnectorError::Full),
        }
    }

    fn request_id() -> String {
        let mut bytes = [0_u8; 12];
        let filled = getrandom::fill(&mut bytes);
        debug_assert!(filled.is_ok(), "the system gives random bytes");
        format!("req_{}", hex::encode(bytes))
    }
}

fn fault(error: reqwest::Error) -> ConnectorError {
    let before_send = error.is_connect() || error.is_builder();
    let error = error.without_url();
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    let text = match causes.last() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    };
    if before_send {
        ConnectorError::Unreachable(text)
    } else {
        ConnectorError::Lost(text)
    }
}

async fn read(mut response: reqwest::Response) -> Result<Answer, ConnectorError> {
    let http = response.status().as_u16();
    let retry_after = response
        .headers()
        .get("retry-after")
        .and_then(|value| value.to_str().ok());
    let retry_after_ms = retry_after
        .and_then(|text| text.parse::<i64>().ok())
        .map(|s| s.clamp(0, 86_400) * 1000);
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(fault)? {
        body.extend_from_slice(&chunk);
        if body.len() > ANSWER_BYTES_MAX {
            return Err(ConnectorError::Unreadable(
                "the answer is larger than 8 MiB".to_owned(),
            ));
        }
    }
    Ok(Answer {
        http,
        retry_after_ms,
        body,
    })
}

/// What every call makes of a status that is no success.
fn refusal(answer: &Answer) -> ConnectorError {
    match answer.http {
        429 => ConnectorError::Busy {
            after_ms: answer.retry_after_ms,
        },
        408 | 425 | 500.. => ConnectorError::Lost(format!("HTTP {}", answer.http)),
        http => {
            let detail: String = String::from_utf8_lossy(&answer.body).chars().take(200).collect();
            ConnectorError::Refused { http, detail }
        }
    }
}

fn page_path(cursor: Option<&str>, limit: u32) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("limit", &limit.to_string());
    if let Some(cursor) = cursor {
        query.append_pair("cursor", cursor);
    }
    format!("/products?{}", query.finish())
}

fn is_success(answer: &Answer) -> bool {
    (200..300).contains(&answer.http)
}

#[async_trait]
impl Connector for StandardConnector {
    async fn list_products(&self, cursor: Option<&str>, limit: u32) -> Result<ProductPage, ConnectorError> {
        let path = page_path(cursor, limit);
        let answer = self
            .call(reqwest::Method::GET, &path, &Self::request_id(), Vec::new(), None)
            .await?;
        if !is_success(&answer) {
            return Err(refusal(&answer));
        }
        wire::page(&answer.body, self.access.currency).map_err(ConnectorError::Unreadable)
    }

    async fn look_up(
        &self,
        ids: &[RetailerId],
    ) -> Result<BTreeMap<RetailerId, Option<Product>>, ConnectorError> {
        let mut found: BTreeMap<RetailerId, Option<Product>> =
            ids.iter().map(|id| (id.clone(), None)).collect();
        for chunk in ids.chunks(LOOKUP_MAX) {
            let body = serde_json::json!({ "retailer_ids": chunk })
                .to_string()
                .into_bytes();
            let id = Self::request_id();
            let answer = self
                .call(reqwest::Method::POST, "/products/lookup", &id, body, None)
                .await?;
            if !is_success(&answer) {
                return Err(refusal(&answer));
            }
            let page = wire::page(&answer.body, self.access.currency).map_err(ConnectorError::Unreadable)?;
            if let Some(problem) = page.unreadable.first() {
                return Err(ConnectorError::Unreadable(problem.clone()));
            }
            for product in page.products {
                if let Some(slot) = found.get_mut(&product.retailer_id) {
                    *slot = Some(product);
                }
            }
        }
        Ok(found)
    }

    async fn quote(&self, buyer: &Buyer, lines: &[PurchaseLine]) -> Result<Option<Quote>, ConnectorError> {
        let body = wire::quote_body(buyer, lines).map_err(ConnectorError::Unreadable)?;
        let answer = self
            .call(reqwest::Method::POST, "/quotes", &Self::request_id(), body, None)
            .await?;
        match answer.http {
            404 | 405 | 501 => Ok(None),
            _ if is_success(&answer) => {
                let quote = wire::quote(&answer.body, lines, self.clock.now_ms());
                quote.map(Some).map_err(ConnectorError::Unreadable)
            }
            _ => Err(refusal(&answer)),
        }
    }

    async fn submit(&self, buyer: &Buyer, purchase: &Purchase) -> Result<SubmitAnswer, ConnectorError> {
        let body = wire::purchase_body(buyer, purchase).map_err(ConnectorError::Unreadable)?;
        let id = purchase.purchase_id.as_str();
        let answer = self
            .call(reqwest::Method::POST, "/purchases", id, body, Some(id))
            .await?;
        match answer.http {
            _ if is_success(&answer) => {
                let accepted = wire::merchant_purchase(&answer.body).map_err(ConnectorError::Unreadable)?;
                Ok(SubmitAnswer::Accepted(accepted))
            }
            409 | 422 => {
                match wire::problem(answer.http, &answer.body).map_err(ConnectorError::Unreadable)? {
                    wire::Problem::Declined(reason, objections) => {
                        Ok(SubmitAnswer::Declined { reason, objections })
                    }
                    wire::Problem::InProgress => Err(ConnectorError::Busy {
                        after_ms: answer.retry_after_ms,
                    }),
                    wire::Problem::KeyReused => Ok(SubmitAnswer::KeyReused),
                }
            }
            _ => Err(refusal(&answer)),
        }
    }

    async fn find(&self, id: &PurchaseId) -> Result<Option<MerchantPurchase>, ConnectorError> {
        let path = format!("/purchases/{id}");
        let answer = self
            .call(reqwest::Method::GET, &path, &Self::request_id(), Vec::new(), None)
            .await?;
        match answer.http {
            404 => Ok(None),
            _ if is_success(&answer) => wire::merchant_purchase(&answer.body)
                .map(Some)
                .map_err(ConnectorError::Unreadable),
            _ => Err(refusal(&answer)),
        }
    }

    fn verify_callback(
        &self,
        headers: &CallbackHeaders,
        body: &[u8],
        now_ms: i64,
    ) -> Result<String, CallbackError> {
        let (Some(id), Some(timestamp), Some(signature)) =
            (&headers.id, &headers.timestamp, &headers.signature)
        else {
            return Err(CallbackError::Signature);
        };
        let live: Vec<&Secret> = expiring::live(&self.access.secrets, now_ms).collect();
        if standard_webhooks::verify(&live, id, timestamp, signature, body, now_ms) {
            Ok(id.clone())
        } else {
            Err(CallbackError::Signature)
        }
    }

    fn parse_callback(&self, id: &str, body: &[u8], now_ms: i64) -> Result<Callback, CallbackError> {
        wire::callback(id, body, self.access.currency, now_ms).map_err(CallbackError::Unreadable)
    }

    fn read_product(&self, value: serde_json::Value) -> Result<Product, String> {
        wire::product(value, self.access.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::verdict::Verdict;

    #[test]
    fn a_timeout_proves_nothing_and_a_plain_refusal_does() {
        let verdict = |http| {
            let answer = Answer {
                http,
                retry_after_ms: None,
                body: Vec::new(),
            };
            refusal(&answer).verdict()
        };
        for http in [408, 425, 500, 503] {
            assert_eq!(verdict(http), Verdict::Unknown, "{http}");
        }
        assert_eq!(verdict(403), Verdict::Reject);
        assert_eq!(verdict(429), Verdict::Retry { after_ms: None });
    }
}
