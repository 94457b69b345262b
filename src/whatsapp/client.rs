//! The Graph API client: one POST per message. It needs `POST /{version}/{phone_number_id}/messages` and nothing else.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use serde_json::Value;

use super::buttons::Keyring;
use super::{Provider, SendError, Sending, Sent, errors, outbound};
use crate::domain::expiring::Expiring;
use crate::domain::ids::NumberId;
use crate::live::Live;

/// Largest answer that is read.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// "Access token has expired" or can't be used (Meta, error codes, 190) and its subcode for one that has ended (463).
const TOKEN_REFUSED: i64 = 190;
const TOKEN_ENDED: i64 = 463;

/// What the client knows of a business number.
pub struct NumberAccess {
    /// The bearer tokens: the first that has not ended is used, and when Meta refuses it, the next.
    pub access_tokens: Vec<Expiring<String>>,
    /// WhatsApp's own catalog, when connected.
    pub catalog_id: Option<String>,
    /// The place of the token that Meta took last: one that was refused is not tried first again.
    taken: AtomicUsize,
}

impl NumberAccess {
    /// Access that was not used yet.
    pub fn new(access_tokens: Vec<Expiring<String>>, catalog_id: Option<String>) -> Self {
        Self {
            access_tokens,
            catalog_id,
            taken: AtomicUsize::new(0),
        }
    }

    /// The tokens that are live, the one that was taken last before all others.
    fn live(&self, now_ms: i64) -> Vec<(usize, &str)> {
        let first = self.taken.load(Ordering::Relaxed);
        let all = self.access_tokens.iter().enumerate();
        let mut live: Vec<(usize, &str)> = all
            .filter_map(|(place, token)| Some((place, token.at(now_ms)?.as_str())))
            .collect();
        live.sort_by_key(|(place, _)| *place != first);
        live
    }
}

impl fmt::Debug for NumberAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NumberAccess")
            .field("catalog_id", &self.catalog_id)
            .finish_non_exhaustive()
    }
}

/// What the client may use.
#[derive(Debug)]
pub struct GraphAccess {
    /// The business numbers.
    pub numbers: BTreeMap<NumberId, NumberAccess>,
    /// Signs button ids.
    pub keys: Keyring,
}

/// Sends messages through the Graph API.
#[derive(Debug)]
pub struct GraphClient {
    http: reqwest::Client,
    base: String,
    access: Live<GraphAccess>,
}

impl GraphClient {
    /// A client for `{graph_url}/{version}`.
    pub fn new(http: reqwest::Client, graph_url: &str, version: &str, access: GraphAccess) -> Self {
        let base = format!(
            "{}/{}",
            graph_url.trim_end_matches('/'),
            version.trim_matches('/')
        );
        Self {
            http,
            base,
            access: Live::new(access),
        }
    }

    /// From now on this is used.
    pub fn replace(&self, access: GraphAccess) {
        self.access.replace(access);
    }

    async fn post(&self, url: &str, token: &str, body: &Value) -> Result<Sent, SendError> {
        let request = self.http.post(url).bearer_auth(token).json(body);
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

/// All tokens have ended by their own dates: said in Meta's words for it, so that the number stops as if Meta had refused them.
fn all_ended() -> SendError {
    SendError::Refused {
        http: 401,
        code: TOKEN_REFUSED,
        subcode: Some(TOKEN_ENDED),
        details: "every access token of the number has expired by its expires_at".to_owned(),
    }
}

#[async_trait]
impl Provider for GraphClient {
    async fn send(&self, sending: &Sending) -> Result<Sent, SendError> {
        let access = self.access.load();
        let number = access.numbers.get(&sending.number);
        let number = number.ok_or(SendError::NotConfigured)?;
        let body = outbound::build(sending, &access.keys, number.catalog_id.as_deref())
            .map_err(|error| SendError::Unbuildable(error.to_string()))?;
        let url = format!("{}/{}/messages", self.base, sending.number);
        let mut answer = Err(all_ended());
        for (place, token) in number.live(sending.now_ms) {
            answer = self.post(&url, token, &body).await;
            // A refused token proves that nothing was sent: the next one may try.
            if !matches!(
                answer,
                Err(SendError::Refused {
                    code: TOKEN_REFUSED,
                    ..
                })
            ) {
                number.taken.store(place, Ordering::Relaxed);
                break;
            }
        }
        answer
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
