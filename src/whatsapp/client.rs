//! The Graph API client: one POST per message. It needs `POST /{version}/{phone_number_id}/messages` and nothing else.

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use serde_json::Value;

use super::buttons::Keyring;
use super::{Provider, SendError, Sending, Sent, errors, outbound};
use crate::domain::ids::NumberId;

/// Largest answer that is read.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// What the client knows of a business number.
#[derive(Clone)]
pub struct NumberAccess {
    /// The bearer token.
    pub access_token: String,
    /// WhatsApp's own catalog, when connected.
    pub catalog_id: Option<String>,
}

impl fmt::Debug for NumberAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NumberAccess")
            .field("catalog_id", &self.catalog_id)
            .finish_non_exhaustive()
    }
}

/// Sends messages through the Graph API.
#[derive(Debug)]
pub struct GraphClient {
    http: reqwest::Client,
    base: String,
    numbers: BTreeMap<NumberId, NumberAccess>,
    keys: Keyring,
}

impl GraphClient {
    /// A client for `{graph_url}/{version}`.
    pub fn new(
        http: reqwest::Client,
        graph_url: &str,
        version: &str,
        numbers: BTreeMap<NumberId, NumberAccess>,
        keys: Keyring,
    ) -> Self {
        let base = format!(
            "{}/{}",
            graph_url.trim_end_matches('/'),
            version.trim_matches('/')
        );
        Self {
            http,
            base,
            numbers,
            keys,
        }
    }
}

#[async_trait]
impl Provider for GraphClient {
    async fn send(&self, sending: &Sending) -> Result<Sent, SendError> {
        let access = self.numbers.get(&sending.number);
        let access =
            access.ok_or_else(|| SendError::Unbuildable("the number is not configured".to_owned()))?;
        let body = outbound::build(sending, &self.keys, access.catalog_id.as_deref())
            .map_err(|error| SendError::Unbuildable(error.to_string()))?;
        let url = format!("{}/{}/messages", self.base, sending.number);
        let request = self.http.post(url).bearer_auth(&access.access_token).json(&body);
        let response = request.send().await.map_err(|error| {
            let before_send = error.is_connect();
            let text = error.without_url().to_string();
            if before_send {
                SendError::Unreachable(text)
            } else {
                SendError::Lost(text)
            }
        });
        read(response?).await
    }
}

async fn read(mut response: reqwest::Response) -> Result<Sent, SendError> {
    let http = response.status().as_u16();
    let mut bytes = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| SendError::Lost(error.without_url().to_string()))?
    {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > ANSWER_BYTES_MAX {
            return Err(SendError::Lost("the answer is too large".to_owned()));
        }
    }
    let answer: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    if (200..300).contains(&http) {
        let id = answer.pointer("/messages/0/id").and_then(Value::as_str);
        return id
            .map(|id| Sent {
                message_id: id.to_owned(),
            })
            .ok_or_else(|| SendError::Lost(format!("{http} without a message id")));
    }
    let details = answer
        .pointer("/error/error_data/details")
        .or_else(|| answer.pointer("/error/message"));
    let details: String = details
        .and_then(Value::as_str)
        .unwrap_or_default()
        .chars()
        .take(300)
        .collect();
    let details = errors::masked(&details);
    let code = answer
        .pointer("/error/code")
        .and_then(Value::as_i64)
        .unwrap_or(-1);
    let subcode = answer.pointer("/error/error_subcode").and_then(Value::as_i64);
    Err(SendError::Refused {
        http,
        code,
        subcode,
        details,
    })
}
