//! Whose calls the outside takes: access tokens of the Graph API and secrets of the shop, as sets that change. It counts what
//! it refused and remembers what was used when.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse};
use sacola::merchants::standard_webhooks::{self, Secret};
use serde_json::json;

/// Whose calls are taken; at first everybody's.
#[derive(Debug, Default)]
pub struct Trust {
    /// Access tokens; `None`: nobody looks.
    tokens: Option<Vec<String>>,
    /// Secrets that sign calls to the shop; `None`: nobody looks.
    secrets: Option<Vec<String>>,
    /// When each of them was used last.
    used_ms: BTreeMap<String, i64>,
    sends_refused: u64,
    calls_refused: u64,
}

impl Trust {
    /// These access tokens and no other.
    pub fn takes_tokens(&mut self, tokens: &[String]) {
        self.tokens = Some(tokens.to_vec());
    }

    /// Calls to the shop that one of these secrets signed and no other.
    pub fn verifies(&mut self, secrets: &[String]) {
        self.secrets = Some(secrets.to_vec());
    }

    /// When a token or a secret was used last, of those that were taken.
    pub fn used_ms(&self, secret: &str) -> Option<i64> {
        self.used_ms.get(secret).copied()
    }

    /// Refused sends, refused calls to the shop.
    pub fn refused(&self) -> (u64, u64) {
        (self.sends_refused, self.calls_refused)
    }

    /// What a send gets whose token is not taken, as Meta says it of one that has ended (error codes, 190 and 463).
    pub fn stops(&mut self, request: &HttpRequest, now_ms: i64) -> Option<HttpResponse> {
        let token = header(request, "authorization").strip_prefix("Bearer ");
        let token = token.unwrap_or_default();
        let is_one = |tokens: &Vec<String>| tokens.iter().any(|known| known == token);
        if self.tokens.as_ref().is_none_or(is_one) {
            self.used_ms.insert(token.to_owned(), now_ms);
            return None;
        }
        self.sends_refused += 1;
        let error = json!({
            "message": "Error validating access token: Session has expired.",
            "type": "OAuthException",
            "code": 190,
            "error_subcode": 463,
            "fbtrace_id": "A0",
        });
        Some(HttpResponse::Unauthorized().json(json!({ "error": error })))
    }

    /// What a call to the shop gets whose signature is not taken.
    pub fn refuses(&mut self, request: &HttpRequest, body: &[u8], now_ms: i64) -> Option<HttpResponse> {
        let id = header(request, "webhook-id");
        let at = header(request, "webhook-timestamp");
        let signed = header(request, "webhook-signature");
        let is_by = |secret: &&String| {
            let one = [Secret::parse(secret).unwrap()];
            standard_webhooks::verify(&one, id, at, signed, body, now_ms)
        };
        let signer = self.secrets.as_ref()?.iter().find(is_by).cloned();
        if let Some(secret) = signer {
            self.used_ms.insert(secret, now_ms);
            return None;
        }
        self.calls_refused += 1;
        Some(HttpResponse::Unauthorized().json(json!({ "code": "bad_signature" })))
    }
}

/// A header of a request; empty when it is not there.
pub fn header<'r>(request: &'r HttpRequest, name: &str) -> &'r str {
    let value = request.headers().get(name);
    value.and_then(|value| value.to_str().ok()).unwrap_or_default()
}
