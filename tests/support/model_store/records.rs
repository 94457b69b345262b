//! Small things with a name: records, secrets, holds, idempotency keys.

use sacola::store::{IdempotencyOutcome, UnixMs};

use super::model::{Kept, Model};

/// So many records of a kind are listed.
const LISTED: usize = 1_000;

/// A named lease.
#[derive(Debug)]
pub(super) struct Hold {
    owner: String,
    until_ms: UnixMs,
}

/// An idempotent call.
#[derive(Debug)]
pub(super) struct Call {
    fingerprint: String,
    pub(super) answer: Option<String>,
    until_ms: UnixMs,
}

impl Model {
    /// Before any time was told, it can't be said when a record ends: then it is kept.
    pub(super) fn put_record(&mut self, kind: &str, id: &str, body: &str, ttl_ms: i64) {
        let ends = ttl_ms > 0 && self.latest_ms > 0;
        let kept = Kept {
            value: body.to_owned(),
            until_ms: ends.then(|| self.latest_ms.saturating_add(ttl_ms)),
        };
        self.records.insert((kind.to_owned(), id.to_owned()), kept);
    }

    pub(super) fn record(&self, kind: &str, id: &str) -> Option<String> {
        let key = (kind.to_owned(), id.to_owned());
        self.records.get(&key)?.alive(self.latest_ms).cloned()
    }

    pub(super) fn remove_record(&mut self, kind: &str, id: &str) {
        self.records.remove(&(kind.to_owned(), id.to_owned()));
    }

    pub(super) fn records(&self, kind: &str) -> Vec<(String, String)> {
        self.all_records()
            .filter(|(of_kind, _, _)| *of_kind == kind)
            .map(|(_, id, body)| (id.to_owned(), body.to_owned()))
            .take(LISTED)
            .collect()
    }

    pub(super) fn secret(&mut self, name: &str, candidate: &str) -> String {
        self.secrets
            .entry(name.to_owned())
            .or_insert_with(|| candidate.to_owned())
            .clone()
    }

    pub(super) fn hold(&mut self, name: &str, owner: &str, ttl_ms: i64, now_ms: UnixMs) -> bool {
        self.told(now_ms);
        let held = self.holds.get(name);
        if held.is_some_and(|hold| hold.owner != owner && hold.until_ms > now_ms) {
            return false;
        }
        let hold = Hold {
            owner: owner.to_owned(),
            until_ms: now_ms.saturating_add(ttl_ms),
        };
        self.holds.insert(name.to_owned(), hold);
        true
    }

    pub(super) fn begin_idempotent(
        &mut self,
        key: &str,
        fingerprint: &str,
        ttl_ms: i64,
        now_ms: UnixMs,
    ) -> IdempotencyOutcome {
        self.told(now_ms);
        if let Some(call) = self.calls.get(key).filter(|call| call.until_ms > now_ms) {
            if call.fingerprint != fingerprint {
                return IdempotencyOutcome::Conflict;
            }
            return match &call.answer {
                Some(answer) => IdempotencyOutcome::Same(answer.clone()),
                None => IdempotencyOutcome::InProgress,
            };
        }
        let call = Call {
            fingerprint: fingerprint.to_owned(),
            answer: None,
            until_ms: now_ms.saturating_add(ttl_ms),
        };
        self.calls.insert(key.to_owned(), call);
        IdempotencyOutcome::New
    }

    pub(super) fn finish_idempotent(&mut self, key: &str, answer: &str) {
        if let Some(call) = self.calls.get_mut(key) {
            call.answer = Some(answer.to_owned());
        }
    }

    pub(super) fn drop_idempotent(&mut self, key: &str) {
        self.calls.remove(key);
    }
}
