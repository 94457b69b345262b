//! The Graph API client: one POST per message. It needs `POST /{version}/{phone_number_id}/messages` and nothing else.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use tokio::time::Instant;

use super::buttons::Keyring;
use super::{Provider, SendError, Sending, Sent, errors, outbound};
use crate::domain::expiring::Expiring;
use crate::domain::ids::NumberId;
use crate::domain::verdict::{StopScope, Verdict};
use crate::live::Live;

/// Largest answer that is read.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// "Access token has expired" or can't be used (Meta, error codes, 190) and its subcode for one that has ended (463).
const TOKEN_REFUSED: i64 = 190;
const TOKEN_ENDED: i64 = 463;
/// Codes up to here are the Graph API's own (Meta, Graph API, "Handling errors"): those that stop a number refuse its token, which is
/// dead or lacks a permission. Higher ones that stop a number are about its account, whichever token asks.
const GRAPH_CODES_MAX: i64 = 299;
/// "Access denied": the one such code of the messages API (Meta, error codes, 131005).
const ACCESS_DENIED: i64 = 131_005;

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

    /// Meta took the token at this place, whatever it said of the message.
    fn took(&self, place: usize, number: &NumberId) {
        let before = self.taken.swap(place, Ordering::Relaxed);
        if before != place {
            let (from, to) = (before + 1, place + 1);
            tracing::warn!(%number, from, to, "an access token was refused or has expired; another one of the list sends now");
        }
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
    /// How long one message may take, with whichever tokens: its lane is leased for longer than that, and no longer for more tokens.
    timeout: Duration,
    access: Live<GraphAccess>,
}

impl GraphClient {
    /// A client for `{graph_url}/{version}` that has `timeout_ms` for each message.
    pub fn new(
        http: reqwest::Client,
        graph_url: &str,
        version: &str,
        timeout_ms: u64,
        access: GraphAccess,
    ) -> Self {
        let base = format!(
            "{}/{}",
            graph_url.trim_end_matches('/'),
            version.trim_matches('/')
        );
        Self {
            http,
            base,
            timeout: Duration::from_millis(timeout_ms),
            access: Live::new(access),
        }
    }

    /// From now on this is used.
    pub fn replace(&self, access: GraphAccess) {
        self.access.replace(access);
    }

    /// Sends with what was in use at one moment.
    async fn send_with(
        &self,
        access: &GraphAccess,
        sending: &Sending,
        ends: Instant,
    ) -> Result<Sent, SendError> {
        let number = access.numbers.get(&sending.number);
        let number = number.ok_or(SendError::NotConfigured)?;
        let body = outbound::build(sending, &access.keys, number.catalog_id.as_deref())
            .map_err(|error| SendError::Unbuildable(error.to_string()))?;
        let url = format!("{}/{}/messages", self.base, sending.number);
        // Of what was said of several tokens the first one's is told: it is the one that should send.
        let mut told: Option<(usize, SendError)> = None;
        for (place, token) in number.live(sending.now_ms) {
            let left = ends.saturating_duration_since(Instant::now());
            if told.is_some() && left.is_zero() {
                break;
            }
            let answer = self.post((url.as_str(), token), &body, left).await;
            match answer {
                // It proves that nothing was sent: the next one may try.
                Err(error) if is_of_token(&error) => {
                    if told.as_ref().is_none_or(|(first, _)| place < *first) {
                        told = Some((place, error));
                    }
                }
                answer => {
                    if matches!(&answer, Ok(_) | Err(SendError::Refused { .. })) {
                        number.took(place, &sending.number);
                    }
                    return answer;
                }
            }
        }
        Err(told.map_or_else(all_ended, |(_, error)| error))
    }

    async fn post(
        &self,
        (url, token): (&str, &str),
        body: &Value,
        timeout: Duration,
    ) -> Result<Sent, SendError> {
        let request = self.http.post(url).bearer_auth(token).timeout(timeout).json(body);
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

/// True when Meta refuses the token and not the message.
fn is_of_token(error: &SendError) -> bool {
    let SendError::Refused { code, .. } = error else {
        return false;
    };
    let stops_number = matches!(
        error.verdict(),
        Verdict::Stop {
            scope: StopScope::Number
        }
    );
    stops_number && (*code <= GRAPH_CODES_MAX || *code == ACCESS_DENIED)
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
        let ends = Instant::now() + self.timeout;
        let mut access = self.access.load();
        loop {
            let answer = self.send_with(&access, sending, ends).await;
            let is_refused = matches!(&answer, Err(error) if is_of_token(error));
            let now = self.access.load();
            if !is_refused || Arc::ptr_eq(&access, &now) || Instant::now() >= ends {
                return answer;
            }
            // What was in use was replaced meanwhile: that an old token is refused says nothing about the new one.
            access = now;
        }
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
