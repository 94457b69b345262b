//! `Idempotency-Key`: what changes something is done once for a key, and each repeat gets the answer of the first. It owns how
//! long a key is remembered and what becomes of two requests at once; it refuses to remember refusals, so that a request may be
//! mended and sent again under its key.

use std::future::Future;

use actix_web::HttpRequest;
use serde_json::Value;

use super::State;
use super::auth::Key;
use super::problem::{ApiError, Code};
use crate::engine::addresses::digest;
use crate::store::IdempotencyOutcome;

/// Longest key.
pub(super) const KEY_MAX: usize = 255;
/// How long one request may be at work before a repeat of it goes on in its place: it died then.
const HELD_MS: i64 = 60_000;
const HEADER: &str = "idempotency-key";

/// The key of a request, if it has one: 1 to 255 visible characters of ASCII, spaces between them included.
pub(super) fn key_of(request: &HttpRequest) -> Result<Option<String>, ApiError> {
    let mut headers = request.headers().get_all(HEADER);
    let Some(header) = headers.next() else {
        return Ok(None);
    };
    let is_single = headers.next().is_none();
    let text = header.to_str().ok().map(str::trim);
    let fits = |text: &&str| {
        let visible = text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
        visible && (1..=KEY_MAX).contains(&text.len())
    };
    let key = text.filter(fits).filter(|_| is_single);
    key.map(|key| Some(key.to_owned())).ok_or_else(|| {
        let detail = format!("send one Idempotency-Key of 1 to {KEY_MAX} visible characters of ASCII");
        ApiError::new(Code::InvalidRequest, detail)
    })
}

/// A key that this request alone is working on.
pub(super) struct Claim {
    /// A name for what is done under it: the same for each repeat, and telling nothing of the key.
    pub(super) name: String,
    owner: String,
    is_new: bool,
}

/// What a key has come to.
pub(super) enum Begun {
    /// This request does the work.
    First(Claim),
    /// It was done: the answer that was given.
    Again(String),
}

/// Claims a key for what is asked: the route and all that was sent.
pub(super) async fn begin(state: &State, whose: &Key, key: &str, asked: &str) -> Result<Begun, ApiError> {
    // A digest: callers put anything into their keys, phone numbers too.
    let name = digest(&format!("{}\n{key}", whose.whose()));
    let owner = random_name()?;
    let (store, now_ms) = (state.engine.store(), state.engine.clock().now_ms());
    if !store.hold(&lease(&name), &owner, HELD_MS, now_ms).await? {
        let detail = "a request with this Idempotency-Key is being handled: repeat yours after Retry-After";
        return Err(ApiError::new(Code::IdempotencyConflict, detail).with_retry_after(1));
    }
    let mut claim = Claim {
        name,
        owner,
        is_new: true,
    };
    let outcome = store
        .begin_idempotent(&claim.name, &digest(asked), state.idempotency_ms, now_ms)
        .await;
    match outcome {
        Ok(IdempotencyOutcome::New) => Ok(Begun::First(claim)),
        // Its request died: going on is safe, what it did has its marks.
        Ok(IdempotencyOutcome::InProgress) => {
            claim.is_new = false;
            Ok(Begun::First(claim))
        }
        Ok(IdempotencyOutcome::Same(answer)) => {
            release(state, &claim).await;
            Ok(Begun::Again(answer))
        }
        Ok(IdempotencyOutcome::Conflict) => {
            release(state, &claim).await;
            let detail = "this Idempotency-Key was used for another request: take a fresh key for each";
            Err(ApiError::new(Code::IdempotencyConflict, detail))
        }
        Err(error) => {
            release(state, &claim).await;
            Err(error.into())
        }
    }
}

/// Remembers the answer.
pub(super) async fn finish(state: &State, claim: &Claim, answer: &str) -> Result<(), ApiError> {
    let kept = state.engine.store().finish_idempotent(&claim.name, answer).await;
    release(state, claim).await;
    Ok(kept?)
}

/// Lets a key go whose answer is not to be remembered. After a refusal it is as if it had never been used.
pub(super) async fn let_go(state: &State, claim: &Claim, is_refused: bool) -> Result<(), ApiError> {
    let dropped = if is_refused && claim.is_new {
        state.engine.store().drop_idempotent(&claim.name).await
    } else {
        Ok(())
    };
    release(state, claim).await;
    Ok(dropped?)
}

/// Does `work` once for that key; without one, each time.
pub(super) async fn once<F>(
    state: &State,
    (whose, key): (&Key, Option<&str>),
    asked: &str,
    work: F,
) -> Result<Value, ApiError>
where
    F: Future<Output = Result<Value, ApiError>>,
{
    let Some(key) = key else {
        return work.await;
    };
    let claim = match begin(state, whose, key, asked).await? {
        Begun::First(claim) => claim,
        Begun::Again(answer) => return Ok(serde_json::from_str(&answer).unwrap_or_default()),
    };
    match work.await {
        Ok(answer) => {
            finish(state, &claim, &answer.to_string()).await?;
            Ok(answer)
        }
        Err(error) => {
            let_go(state, &claim, true).await?;
            Err(error)
        }
    }
}

fn lease(name: &str) -> String {
    format!("idempotency:{name}")
}

/// Given back at once; when that fails, it ends by itself.
async fn release(state: &State, claim: &Claim) {
    let (store, now_ms) = (state.engine.store(), state.engine.clock().now_ms());
    if let Err(error) = store.hold(&lease(&claim.name), &claim.owner, 0, now_ms).await {
        tracing::warn!(%error, "the lease of an idempotency key could not be given back");
    }
}

/// A name that nobody else has.
pub(super) fn random_name() -> Result<String, ApiError> {
    let mut bytes = [0_u8; 12];
    getrandom::fill(&mut bytes).map_err(|error| {
        tracing::error!(%error, "no random bytes");
        let detail = "the gateway has no random bytes; try again";
        ApiError::new(Code::StoreUnavailable, detail)
    })?;
    Ok(hex::encode(bytes))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_key_is_one_header_of_visible_characters() {
        let of = |header: &[u8]| {
            let request = TestRequest::default().insert_header((HEADER, header));
            key_of(&request.to_http_request()).map_err(|error| error.code())
        };
        let longest = "k".repeat(KEY_MAX);
        for good in ["k-1", "a b", "\"8e03978e\"", longest.as_str()] {
            assert_eq!(of(good.as_bytes()), Ok(Some(good.to_owned())));
        }
        let too_long = "k".repeat(KEY_MAX + 1);
        for bad in [
            &b""[..],
            b"  ",
            b"a\tb",
            "caf\u{e9}".as_bytes(),
            too_long.as_bytes(),
        ] {
            assert_eq!(of(bad), Err(Code::InvalidRequest), "{bad:?}");
        }
        let none = TestRequest::default().to_http_request();
        assert_eq!(key_of(&none).ok(), Some(None));
        let two = TestRequest::default()
            .append_header((HEADER, "a"))
            .append_header((HEADER, "b"));
        assert!(key_of(&two.to_http_request()).is_err());
    }
}
