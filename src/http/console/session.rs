//! Signing in and out, and whose request it is: a session's cookie, or a bearer key for scripts. What changes anything needs a
//! header that no foreign page can send, and comes from our own page when a browser says where it comes from.

use std::sync::Arc;

use actix_web::http::Method;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::{Value, json};

use super::sessions::{Digest, LASTS_MS};
use super::{COOKIE, HEADER, answer, now_ms, sees_personal_data};
use crate::config::Scope;
use crate::http::auth::{self, Key};
use crate::http::conversations::instant;
use crate::http::problem::{ApiError, Code};
use crate::http::{State, body, tries};

/// Largest body of a sign-in.
const BODY_BYTES: usize = 4 * 1_024;

/// Whose request it is.
pub(super) struct Visitor {
    /// The key that was signed in with, or that came with the request.
    pub(super) key: Arc<Key>,
    /// The session and when it ends; `None` with a bearer key.
    pub(super) session: Option<(Digest, i64)>,
}

/// The visitor, when they are one.
pub(super) fn visitor(state: &State, request: &HttpRequest) -> Result<Visitor, ApiError> {
    check_origin(request)?;
    let now_ms = now_ms(state);
    let visitor = match auth::bearer(request) {
        Some(secret) => Visitor {
            key: tried(state, request, secret)?,
            session: None,
        },
        None => signed_in(state, request, now_ms)?,
    };
    visitor.key.paced(now_ms)?;
    Ok(visitor)
}

/// The visitor, when their key may do that.
pub(super) fn visitor_with(state: &State, request: &HttpRequest, scope: Scope) -> Result<Visitor, ApiError> {
    let visitor = visitor(state, request)?;
    visitor.key.demand(scope)?;
    Ok(visitor)
}

fn signed_in(state: &State, request: &HttpRequest, now_ms: i64) -> Result<Visitor, ApiError> {
    let session = token(request).and_then(|token| state.console.resume(token, now_ms));
    let known = session.and_then(|(digest, name, ends_ms)| {
        let key = state.keys.load().named(&name, now_ms)?;
        Some(Visitor {
            key,
            session: Some((digest, ends_ms)),
        })
    });
    known.ok_or_else(|| {
        ApiError::new(
            Code::NotAuthorised,
            "you are not signed in: POST /console/api/session with {\"key\": \"...\"}",
        )
    })
}

/// The key with that secret. Wrong ones are limited, however they come; those of one address lock out no other.
fn tried(state: &State, request: &HttpRequest, secret: &str) -> Result<Arc<Key>, ApiError> {
    let (peer, now_ms) = (tries::peer(request), now_ms(state));
    if !state.console.may_try(peer, now_ms) {
        let detail = "too many wrong keys were tried from this address; wait a minute";
        return Err(ApiError::new(Code::RateLimited, detail));
    }
    let Some(key) = state.keys.load().of_secret(secret, now_ms) else {
        tracing::warn!(?peer, "a wrong key was tried at the console");
        let detail = "no [[api_key]] of this gateway has this secret";
        return Err(ApiError::new(Code::NotAuthorised, detail));
    };
    state.console.was_right(peer);
    Ok(key)
}

fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request.headers().get(name).and_then(|value| value.to_str().ok())
}

/// The token in the session's cookie.
fn token(request: &HttpRequest) -> Option<&str> {
    let cookies = request.headers().get_all("cookie");
    let mut pairs = cookies
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(';'));
    pairs.find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == COOKIE).then_some(value)
    })
}

/// Refuses what changes something and does not come from the console's own page or a script.
fn check_origin(request: &HttpRequest) -> Result<(), ApiError> {
    if [Method::GET, Method::HEAD].contains(request.method()) {
        return Ok(());
    }
    if header(request, HEADER) != Some("1") {
        let detail = format!("send the header `{HEADER}: 1` with whatever changes something");
        return Err(ApiError::new(Code::CrossSite, detail));
    }
    let host = header(request, "host").unwrap_or_default();
    let is_own = header(request, "origin").is_none_or(|origin| is_at(origin, host));
    let site = header(request, "sec-fetch-site");
    if is_own && site.is_none_or(|site| matches!(site, "same-origin" | "none")) {
        return Ok(());
    }
    let detail = "this request comes from another page than the console's own";
    Err(ApiError::new(Code::CrossSite, detail))
}

/// True when an origin such as `http://127.0.0.1:9091` is at that host.
fn is_at(origin: &str, host: &str) -> bool {
    let named = origin.split_once("://").map(|(_, named)| named);
    named.is_some_and(|named| named.eq_ignore_ascii_case(host))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignIn {
    key: String,
}

/// `POST /console/api/session`
pub(in crate::http) async fn sign_in(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    check_origin(&request)?;
    let (asked, _): (SignIn, _) = body::json(payload, BODY_BYTES).await?;
    let now_ms = now_ms(&state);
    let key = tried(&state, &request, asked.key.trim())?;
    // One browser, one session: who signs in anew leaves no session behind.
    if let Some(former) = token(&request) {
        state.console.end(former);
    }
    let token = state.console.begin(key.name(), now_ms).ok_or_else(|| {
        let detail = "the gateway has no random bytes; try again";
        ApiError::new(Code::StoreUnavailable, detail)
    })?;
    tracing::info!(key = key.id, "somebody signed in to the console");
    let told = told(&key, Some(now_ms + LASTS_MS), now_ms);
    let cookie = cookie(&request, &token, LASTS_MS / 1_000);
    Ok(HttpResponse::Ok()
        .insert_header(("set-cookie", cookie))
        .json(told))
}

/// `GET /console/api/session`
pub(in crate::http) async fn show(
    state: Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let visitor = visitor(&state, &request)?;
    Ok(answer(told(
        &visitor.key,
        visitor.session.map(|(_, ends_ms)| ends_ms),
        now_ms(&state),
    )))
}

/// `DELETE /console/api/session`
pub(in crate::http) async fn sign_out(
    state: Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    check_origin(&request)?;
    if let Some(token) = token(&request) {
        state.console.end(token);
    }
    let gone = cookie(&request, "", 0);
    Ok(HttpResponse::NoContent()
        .insert_header(("set-cookie", gone))
        .finish())
}

fn told(key: &Key, ends_ms: Option<i64>, now_ms: i64) -> Value {
    let role = if key.may(Scope::DeadLettersWrite) {
        "operator"
    } else {
        "reader"
    };
    json!({
        "key_id": key.id,
        "role": role,
        "sees_personal_data": sees_personal_data(key),
        "merchant": key.merchant,
        "expires_at": ends_ms.map(instant),
        "now_ms": now_ms,
    })
}

/// `Secure` only on a connection of our own that is encrypted: what a proxy says about its side is not believed.
fn cookie(request: &HttpRequest, token: &str, max_age_s: i64) -> String {
    let secure = if request.app_config().secure() {
        "; Secure"
    } else {
        ""
    };
    format!("{COOKIE}={token}; Path=/console; Max-Age={max_age_s}; HttpOnly; SameSite=Strict{secure}")
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn the_token_is_found_among_other_cookies() {
        let request = |cookie: &str| {
            TestRequest::default()
                .insert_header(("cookie", cookie))
                .to_http_request()
        };
        let found = request("a=b; sacola_console=00ff; c=d");
        assert_eq!(token(&found), Some("00ff"));
        assert_eq!(token(&request("xsacola_console=00ff")), None);
        assert_eq!(token(&TestRequest::default().to_http_request()), None);
    }

    #[test]
    fn only_the_consoles_own_page_and_scripts_change_anything() {
        let verdict = |headers: &[(&str, &str)]| {
            let mut request = TestRequest::post().insert_header(("host", "127.0.0.1:9091"));
            for (name, value) in headers {
                request = request.insert_header((*name, *value));
            }
            check_origin(&request.to_http_request()).map_err(|error| error.code())
        };
        let own = ("origin", "http://127.0.0.1:9091");
        assert_eq!(verdict(&[(HEADER, "1")]), Ok(()), "a script");
        assert_eq!(verdict(&[(HEADER, "1"), own]), Ok(()));
        assert_eq!(
            verdict(&[(HEADER, "1"), own, ("sec-fetch-site", "same-origin")]),
            Ok(())
        );
        let refused: [&[(&str, &str)]; 5] = [
            &[],
            &[own],
            &[(HEADER, "1"), ("origin", "https://evil.example")],
            &[(HEADER, "1"), ("origin", "null")],
            &[(HEADER, "1"), own, ("sec-fetch-site", "cross-site")],
        ];
        for headers in refused {
            assert_eq!(verdict(headers), Err(Code::CrossSite), "{headers:?}");
        }
        let read = TestRequest::get().to_http_request();
        assert!(check_origin(&read).is_ok());
    }
}
