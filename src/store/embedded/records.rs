//! Small things with a name, in the file: records, secrets, holds, idempotency keys.

use serde::{Deserialize, Serialize};

use super::expiry::Reach;
use super::keys;
use super::table::{Snapshot, Writing};
use crate::store::{Error, IdempotencyOutcome, UnixMs};

/// How many records of a kind are listed.
const LISTED: usize = 1_000;

/// Holds that have ended are cleared away at full hours: one that is renewed each second needs few reminders.
const HOUR_MS: i64 = 60 * 60 * 1_000;

/// Who holds a named lease, and until when; the sweep reads the same end.
#[derive(Serialize, Deserialize)]
struct Hold {
    owner: String,
    #[serde(alias = "until_ms")]
    until: UnixMs,
}

/// An idempotent call.
#[derive(Serialize, Deserialize)]
struct Call {
    fingerprint: String,
    answer: Option<String>,
    until_ms: UnixMs,
}

/// Writes a record. Before any time was told to the store, it can't be said when a record ends: then it is kept.
pub(super) fn put(
    view: &mut Writing<'_>,
    kind: &str,
    id: &str,
    body: &str,
    ttl_ms: i64,
    now_ms: UnixMs,
) -> Result<(), Error> {
    let ends = ttl_ms != 0 && now_ms > 0;
    let until_ms = if ends { now_ms.saturating_add(ttl_ms) } else { 0 };
    view.put_until(&keys::record(kind, id), body, until_ms)
}

/// All records of a kind.
pub(super) fn list(view: &Snapshot, kind: &str, now_ms: UnixMs) -> Result<Vec<(String, String)>, Error> {
    view.list_alive(&keys::records(kind), now_ms, LISTED)
}

/// The secret of that name, the first one written.
pub(super) fn secret(view: &mut Writing<'_>, name: &str, candidate: &str) -> Result<String, Error> {
    let key = keys::secret(name);
    if let Some(first) = view.get(&key)? {
        return Ok(first);
    }
    view.put(&key, candidate)?;
    Ok(candidate.to_owned())
}

/// Takes or renews a named lease.
pub(super) fn hold(
    view: &mut Writing<'_>,
    name: &str,
    owner: &str,
    ttl_ms: i64,
    now_ms: UnixMs,
) -> Result<bool, Error> {
    let key = keys::hold(name);
    let held: Option<Hold> = view.get(&key)?;
    if held.is_some_and(|hold| hold.owner != owner && hold.until > now_ms) {
        return Ok(false);
    }
    let until = now_ms.saturating_add(ttl_ms);
    view.remind(&key, cleared_ms(until), Reach::Key)?;
    let owner = owner.to_owned();
    view.put(&key, &Hold { owner, until })?;
    Ok(true)
}

/// The full hour behind the end of a hold.
fn cleared_ms(until_ms: UnixMs) -> UnixMs {
    (until_ms / HOUR_MS).saturating_add(1).saturating_mul(HOUR_MS)
}

/// Claims an idempotency key.
pub(super) fn begin_idempotent(
    view: &mut Writing<'_>,
    key: &str,
    fingerprint: &str,
    ttl_ms: i64,
    now_ms: UnixMs,
) -> Result<IdempotencyOutcome, Error> {
    let key = keys::idempotency(key);
    let found: Option<Call> = view.get_alive(&key, now_ms)?;
    if let Some(call) = found {
        return Ok(match call.answer {
            _ if call.fingerprint != fingerprint => IdempotencyOutcome::Conflict,
            Some(answer) => IdempotencyOutcome::Same(answer),
            None => IdempotencyOutcome::InProgress,
        });
    }
    let until_ms = now_ms.saturating_add(ttl_ms);
    let call = Call {
        fingerprint: fingerprint.to_owned(),
        answer: None,
        until_ms,
    };
    view.put_until(&key, &call, until_ms)?;
    Ok(IdempotencyOutcome::New)
}

/// Records the answer of a call; nothing when its key is gone.
pub(super) fn finish_idempotent(view: &mut Writing<'_>, key: &str, answer: &str) -> Result<(), Error> {
    let key = keys::idempotency(key);
    let found: Option<Call> = view.get_alive(&key, 0)?;
    if let Some(mut call) = found {
        call.answer = Some(answer.to_owned());
        let until_ms = call.until_ms;
        view.put_until(&key, &call, until_ms)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use redb::Database;
    use redb::backends::InMemoryBackend;

    use super::super::table::{TABLE, View};
    use super::*;

    #[test]
    fn a_hold_that_has_ended_is_cleared_away_and_one_that_was_renewed_is_not() {
        let database = Database::builder()
            .create_with_backend(InMemoryBackend::new())
            .unwrap();
        let txn = database.begin_write().unwrap();
        let mut view = View::new(txn.open_table(TABLE).unwrap());
        let noon_ms = 12 * HOUR_MS;
        for (name, ttl_ms) in [("walk", 1_000), ("mirror", 1_000), ("mirror", 2 * HOUR_MS)] {
            assert!(hold(&mut view, name, "one", ttl_ms, noon_ms).unwrap());
        }
        for (hours, has_walk, has_mirror) in [(0, true, true), (1, false, true), (3, false, false)] {
            view.sweep(noon_ms + hours * HOUR_MS).unwrap();
            assert_eq!(view.has(&keys::hold("walk")).unwrap(), has_walk, "{hours}");
            assert_eq!(view.has(&keys::hold("mirror")).unwrap(), has_mirror, "{hours}");
        }
    }
}
