//! API keys: a bearer secret names a merchant (or the operator) and what may be done. The merchant comes from the key,
//! never from the path alone.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use actix_web::HttpRequest;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::problem::{ApiError, Code};
use crate::config::Scope;
use crate::domain::ids::MerchantId;

/// Requests per second and key; more are asked to come back.
const RATE_PER_S: i64 = 200;
/// Requests that may come at once.
const BURST: i64 = 200;

/// One key.
pub struct Key {
    /// For logs.
    pub id: String,
    /// Whose; `None` for an operator.
    pub merchant: Option<MerchantId>,
    scopes: BTreeSet<Scope>,
    digest: [u8; 32],
    /// Theoretical arrival time of the next request, in microseconds (GCRA).
    next_us: AtomicI64,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Key {
    /// A key with that secret; only its digest is kept.
    pub fn new(id: &str, merchant: Option<MerchantId>, scopes: BTreeSet<Scope>, secret: &str) -> Self {
        let digest = Sha256::digest(secret.as_bytes()).into();
        Self {
            id: id.to_owned(),
            merchant,
            scopes,
            digest,
            next_us: AtomicI64::new(0),
        }
    }

    /// True when the key may see what belongs to that merchant.
    pub fn sees(&self, merchant: &MerchantId) -> bool {
        self.merchant.as_ref().is_none_or(|own| own == merchant)
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
        let detail = format!("this key lacks the scope {}", scope.as_str());
        Err(ApiError::new(Code::ForbiddenScope, detail))
    }

    /// Refuses requests that come too fast.
    pub(super) fn paced(&self, now_ms: i64) -> Result<(), ApiError> {
        if self.takes_one(now_ms) {
            return Ok(());
        }
        let detail = "more than 200 requests per second with this key";
        Err(ApiError::new(Code::RateLimited, detail))
    }

    fn takes_one(&self, now_ms: i64) -> bool {
        let interval_us = 1_000_000 / RATE_PER_S;
        let present_us = now_ms.saturating_mul(1_000);
        let take = |next: i64| {
            let next = next.max(present_us);
            (next - present_us <= interval_us * BURST).then_some(next + interval_us)
        };
        self.next_us
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, take)
            .is_ok()
    }
}

/// All keys.
#[derive(Debug, Default)]
pub struct Keys(pub Vec<Arc<Key>>);

impl Keys {
    /// The key of a request, when it may do that.
    pub(super) fn authorise(
        &self,
        request: &HttpRequest,
        scope: Scope,
        now_ms: i64,
    ) -> Result<Arc<Key>, ApiError> {
        let header = request
            .headers()
            .get("authorization")
            .and_then(|value| value.to_str().ok());
        let secret = header
            .and_then(|text| text.strip_prefix("Bearer "))
            .unwrap_or_default();
        let key = self.of_secret(secret).ok_or_else(|| {
            ApiError::new(
                Code::NotAuthorised,
                "send `Authorization: Bearer <key>` with a key of this gateway",
            )
        })?;
        key.paced(now_ms)?;
        key.demand(scope)?;
        Ok(key)
    }

    /// The key with that secret; each is compared, in a time that tells nothing.
    pub(super) fn of_secret(&self, secret: &str) -> Option<Arc<Key>> {
        let digest: [u8; 32] = Sha256::digest(secret.as_bytes()).into();
        let same = |key: &&Arc<Key>| bool::from(key.digest.ct_eq(&digest));
        let found = self
            .0
            .iter()
            .fold(None, |found, key| if same(&key) { Some(key) } else { found });
        found.map(Arc::clone)
    }

    /// The key of that id.
    pub(super) fn of_id(&self, id: &str) -> Option<Arc<Key>> {
        self.0.iter().find(|key| key.id == id).map(Arc::clone)
    }
}
