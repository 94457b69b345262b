//! API keys: a bearer secret names a merchant (or the operator) and what may be done. The merchant comes from the key,
//! never from the path alone. Of secrets only digests are here, and each is compared in a time that tells nothing.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use actix_web::HttpRequest;
use subtle::ConstantTimeEq;

use super::State;
use super::problem::{ApiError, Code};
use super::tries::{self, Tries};
use crate::config::{ApiKey, KeyDigest, Scope, Secret};
use crate::domain::ids::MerchantId;

/// Requests without a right key that may come from one address at once.
const STRANGERS_BURST: i64 = 100;
/// What one of them takes, in microseconds: one a second.
const STRANGER_US: i64 = 1_000_000;

/// One key.
pub struct Key {
    /// For logs.
    pub id: String,
    /// Whose; `None` for an operator.
    pub merchant: Option<MerchantId>,
    scopes: BTreeSet<Scope>,
    digest: KeyDigest,
    expires_at_ms: Option<i64>,
    per_second: i64,
    /// Theoretical arrival time of the next request, in microseconds (GCRA).
    next_us: AtomicI64,
}

/// A key as somebody remembers it who signed in with it: under the same id another secret is another key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeyName {
    id: String,
    digest: KeyDigest,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Key {
    /// The key that is configured so.
    pub fn of(configured: &ApiKey) -> Self {
        let merchant = (!configured.is_operator()).then(|| MerchantId::new(&configured.merchant));
        Self {
            id: configured.id.clone(),
            merchant,
            scopes: configured.scopes.clone(),
            digest: configured.digest,
            expires_at_ms: configured.secret.as_ref().and_then(Secret::expires_at_ms),
            per_second: i64::from(configured.requests_per_second),
            next_us: AtomicI64::new(0),
        }
    }

    /// True from the moment on that the configuration gives as the secret's end.
    fn is_over(&self, now_ms: i64) -> bool {
        self.expires_at_ms.is_some_and(|end_ms| end_ms <= now_ms)
    }

    /// True when the key may see what belongs to that merchant.
    pub fn sees(&self, merchant: &MerchantId) -> bool {
        self.merchant.as_ref().is_none_or(|own| own == merchant)
    }

    /// What tells the key from any other, and from itself before its secret was replaced.
    pub(super) fn name(&self) -> KeyName {
        KeyName {
            id: self.id.clone(),
            digest: self.digest,
        }
    }

    /// Whose writes are one: keys of the same merchant share their idempotency keys, so that a key can be replaced.
    pub(super) fn whose(&self) -> &str {
        self.merchant.as_ref().map_or("*", MerchantId::as_str)
    }

    /// True when the key may do that; who may write something may read it.
    pub(super) fn may(&self, scope: Scope) -> bool {
        let reads_letters = scope == Scope::DeadLettersRead && self.scopes.contains(&Scope::DeadLettersWrite);
        let reads_catalog = scope == Scope::CatalogRead && self.scopes.contains(&Scope::CatalogWrite);
        self.scopes.contains(&scope) || reads_letters || reads_catalog
    }

    /// Refuses what the key may not do.
    pub(super) fn demand(&self, scope: Scope) -> Result<(), ApiError> {
        if self.may(scope) {
            return Ok(());
        }
        let detail = format!(
            "this key lacks the scope {}: add it to the key's [[api_key]] in the configuration",
            scope.as_str()
        );
        Err(ApiError::new(Code::ForbiddenScope, detail))
    }

    /// Refuses requests that come too fast.
    pub(super) fn paced(&self, now_ms: i64) -> Result<(), ApiError> {
        if self.takes_one(now_ms) {
            return Ok(());
        }
        let detail = format!(
            "more than {} requests per second with this key: wait as long as Retry-After says",
            self.per_second
        );
        Err(ApiError::new(Code::RateLimited, detail))
    }

    fn takes_one(&self, now_ms: i64) -> bool {
        let interval_us = 1_000_000 / self.per_second.max(1);
        let ahead_us = interval_us * self.per_second.max(1);
        let present_us = now_ms.saturating_mul(1_000);
        let take = |next: i64| {
            // what is farther ahead than it can get was taken before the clock was set back
            let is_possible = next.saturating_sub(present_us) <= ahead_us;
            let next = if is_possible {
                next.max(present_us)
            } else {
                present_us
            };
            (next - present_us + interval_us <= ahead_us).then_some(next + interval_us)
        };
        self.next_us
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, take)
            .is_ok()
    }
}

/// All keys.
#[derive(Debug, Default)]
pub struct Keys(Vec<Arc<Key>>);

impl Keys {
    /// The keys of a configuration.
    pub fn of(configured: &[ApiKey]) -> Self {
        Self(configured.iter().map(Key::of).map(Arc::new).collect())
    }

    /// The new keys in place of the old ones. A key that keeps its id and its secret keeps how fast it came, so that no reload
    /// gives anybody a fresh burst.
    pub fn rebuilt_from(old: &Self, new: Self) -> Self {
        let keys = new.0.into_iter().inspect(|key| {
            let same = |known: &&Arc<Key>| known.id == key.id && known.digest == key.digest;
            if let Some(known) = old.0.iter().find(same) {
                key.next_us
                    .store(known.next_us.load(Ordering::Acquire), Ordering::Release);
            }
        });
        Self(keys.collect())
    }

    /// The key with that secret, while it is live; each is compared.
    pub(super) fn of_secret(&self, secret: &str, now_ms: i64) -> Option<Arc<Key>> {
        let digest = KeyDigest::of(secret);
        let same = |key: &Arc<Key>| bool::from(key.digest.bytes().ct_eq(digest.bytes()));
        let found = self
            .0
            .iter()
            .fold(None, |found, key| if same(key) { Some(key) } else { found });
        found.filter(|key| !key.is_over(now_ms)).map(Arc::clone)
    }

    /// The key of that name, while it is live and has the same secret.
    pub(super) fn named(&self, name: &KeyName, now_ms: i64) -> Option<Arc<Key>> {
        let mut all = self.0.iter();
        let found = all.find(|key| key.id == name.id && key.digest == name.digest);
        found.filter(|key| !key.is_over(now_ms)).map(Arc::clone)
    }
}

/// Requests without a right key, by the address that they come from. A right key is never refused for what others at its
/// address do: behind a proxy all callers have one.
#[derive(Debug)]
pub struct Strangers(Tries);

impl Default for Strangers {
    fn default() -> Self {
        Self(Tries::new(STRANGERS_BURST, STRANGER_US))
    }
}

/// The key of a request, when it may do that.
pub(super) fn admitted(state: &State, request: &HttpRequest, scope: Scope) -> Result<Arc<Key>, ApiError> {
    let now_ms = state.engine.clock().now_ms();
    let Some(secret) = bearer(request) else {
        return Err(stranger(state, request, now_ms, "no_key"));
    };
    let Some(key) = state.keys.load().of_secret(secret, now_ms) else {
        return Err(stranger(state, request, now_ms, "wrong_key"));
    };
    key.paced(now_ms).inspect_err(|_| refused("rate"))?;
    key.demand(scope).inspect_err(|_| refused("scope"))?;
    Ok(key)
}

/// Why somebody without a right key gets nothing.
fn stranger(state: &State, request: &HttpRequest, now_ms: i64, why: &'static str) -> ApiError {
    if !state.strangers.0.may_try(tries::peer(request), now_ms) {
        refused("rate");
        let detail =
            "too many requests without a right key from this address: wait as long as Retry-After says";
        return ApiError::new(Code::RateLimited, detail);
    }
    refused(why);
    let detail = if why == "no_key" {
        "send `Authorization: Bearer <key>` with a key of this gateway"
    } else {
        "this gateway does not know the key, or it has expired; `sacola api-key` makes one"
    };
    ApiError::new(Code::NotAuthorised, detail)
}

fn refused(why: &'static str) {
    metrics::counter!("sacola_api_refused_total", "why" => why).increment(1);
}

/// What stands behind `Bearer`; the scheme is written in any case (RFC 9110, 11.1). Of two headers nobody knows which one a proxy
/// before us has judged: then there is no key.
pub(super) fn bearer(request: &HttpRequest) -> Option<&str> {
    let mut headers = request.headers().get_all("authorization");
    let header = headers.next()?.to_str().ok()?;
    if headers.next().is_some() {
        return None;
    }
    let (scheme, secret) = header.split_once(' ')?;
    let secret = secret.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !secret.is_empty()).then_some(secret)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    const NOW: i64 = 1_790_000_000_000;

    fn key(id: &str, secret: &str, requests_per_second: u32) -> ApiKey {
        ApiKey {
            id: id.to_owned(),
            merchant: "cafe".to_owned(),
            secret: None,
            digest: KeyDigest::of(secret),
            scopes: BTreeSet::from([Scope::CatalogWrite]),
            requests_per_second,
        }
    }

    #[test]
    fn a_key_has_its_burst_then_its_rate_and_a_clock_set_back_locks_nobody_out() {
        let keys = Keys::of(&[key("a", "x", 10)]);
        let one = keys.of_secret("x", NOW).unwrap();
        let taken = (0..50).filter(|_| one.takes_one(NOW)).count();
        assert_eq!(taken, 10);
        assert!(!one.takes_one(NOW + 99));
        assert!(one.takes_one(NOW + 100));
        assert!(!one.takes_one(NOW + 100));
        let later = (0..50).filter(|_| one.takes_one(NOW + 60_000)).count();
        assert_eq!(later, 10);
        assert!(one.takes_one(NOW - 3_600_000));
    }

    #[test]
    fn a_reload_keeps_the_pace_of_a_key_that_stays_and_forgets_one_that_goes() {
        let old = Keys::of(&[key("a", "x", 10), key("b", "y", 10)]);
        for secret in ["x", "y"] {
            while old.of_secret(secret, NOW).unwrap().takes_one(NOW) {}
        }
        let new = Keys::rebuilt_from(&old, Keys::of(&[key("a", "x", 10), key("b", "another", 10)]));
        assert!(!new.of_secret("x", NOW).unwrap().takes_one(NOW));
        assert!(new.of_secret("y", NOW).is_none());
        assert!(new.of_secret("another", NOW).unwrap().takes_one(NOW));
        let gone = Keys::rebuilt_from(&new, Keys::of(&[]));
        assert!(gone.of_secret("x", NOW).is_none());
    }

    #[test]
    fn whoever_remembers_a_key_has_it_while_it_is_there_with_the_same_secret() {
        let old = Keys::of(&[key("a", "x", 10), key("b", "y", 10)]);
        let name = |secret: &str| old.of_secret(secret, NOW).unwrap().name();
        let new = Keys::of(&[key("a", "x", 20), key("b", "another", 10)]);
        assert!(old.named(&name("y"), NOW).is_some());
        assert!(new.named(&name("x"), NOW).is_some());
        assert!(new.named(&name("y"), NOW).is_none(), "its secret was replaced");
        assert!(Keys::of(&[]).named(&name("x"), NOW).is_none());
    }

    #[test]
    fn a_key_whose_secret_has_ended_opens_nothing() {
        let env = std::collections::BTreeMap::new();
        let text = "[whatsapp]\nverify_token = \"v\"\napp_secrets = [\"a\"]\n[[api_key]]\nid = \"a\"\nmerchant = \"*\"\n\
            secret = { value = \"a long enough secret\", expires_at = \"2026-12-31T00:00:00Z\" }\nscopes = [\"catalog:read\"]\n";
        let config = crate::config::load(text, &env).unwrap().config;
        let (keys, end_ms) = (Keys::of(&config.api_keys), 1_798_675_200_000);
        let opens = |now_ms: i64| keys.of_secret("a long enough secret", now_ms).is_some();
        assert!(opens(end_ms - 1) && !opens(end_ms));
        let name = keys.of_secret("a long enough secret", end_ms - 1).unwrap().name();
        assert!(keys.named(&name, end_ms - 1).is_some() && keys.named(&name, end_ms).is_none());
    }

    #[test]
    fn the_secret_stands_behind_bearer_in_any_case() {
        let of = |header: &str| {
            let request = TestRequest::default().insert_header(("authorization", header));
            bearer(&request.to_http_request()).map(ToOwned::to_owned)
        };
        assert_eq!(of("Bearer sk_x"), Some("sk_x".to_owned()));
        assert_eq!(of("bearer  sk_x"), Some("sk_x".to_owned()));
        for header in ["", "Bearer", "Bearer ", "Basic sk_x", "sk_x"] {
            assert_eq!(of(header), None, "{header}");
        }
        assert_eq!(bearer(&TestRequest::default().to_http_request()), None);
        let two = TestRequest::default()
            .append_header(("authorization", "Bearer sk_x"))
            .append_header(("authorization", "Bearer sk_y"));
        assert_eq!(bearer(&two.to_http_request()), None);
    }

    #[test]
    fn who_may_write_may_read() {
        let key = Key::of(&key("a", "x", 1));
        assert!(key.may(Scope::CatalogRead) && key.may(Scope::CatalogWrite));
        assert!(!key.may(Scope::DeadLettersRead));
        assert_eq!(key.whose(), "cafe");
    }
}
