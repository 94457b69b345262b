//! Who is signed in, in the memory of this replica: of a session only the digest of its token is kept. It owns how long a
//! session lasts and how often a wrong key may be tried; it refuses to know what a key may do.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

use crate::http::auth::KeyName;
use crate::http::tries::{Peer, Tries};

/// Sessions of one replica; the one that rested longest gives way.
const SESSIONS_MAX: usize = 256;
/// How long a session lasts (8 hours).
pub(super) const LASTS_MS: i64 = 8 * 60 * 60 * 1_000;
/// How long it may rest (30 minutes).
const RESTS_MS: i64 = 30 * 60 * 1_000;
/// Wrong keys that may be tried from one address at once, and per minute.
const TRIES: i64 = 5;
/// What one try takes, in microseconds.
const TRY_US: i64 = 60_000_000 / TRIES;

/// The digest of a session's token.
pub(super) type Digest = [u8; 32];

#[derive(Clone, Debug)]
struct Session {
    key: KeyName,
    began_ms: i64,
    seen_ms: i64,
}

impl Session {
    /// A clock that was set back ends a session too: nobody knows how old it is.
    fn is_over(&self, now_ms: i64) -> bool {
        let lasted = 0..LASTS_MS;
        let rested = 0..RESTS_MS;
        !lasted.contains(&(now_ms - self.began_ms)) || !rested.contains(&(now_ms - self.seen_ms))
    }
}

/// The sessions of a replica.
pub struct Sessions {
    live: Mutex<BTreeMap<Digest, Session>>,
    tries: Tries,
}

impl Default for Sessions {
    fn default() -> Self {
        Self {
            live: Mutex::default(),
            tries: Tries::new(TRIES, TRY_US),
        }
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").finish_non_exhaustive()
    }
}

fn digest(token: &str) -> Digest {
    Sha256::digest(token.as_bytes()).into()
}

impl Sessions {
    /// Takes one try; false: come back later.
    pub(super) fn may_try(&self, peer: Peer, now_ms: i64) -> bool {
        self.tries.may_try(peer, now_ms)
    }

    /// Gives the try back: the key was right.
    pub(super) fn was_right(&self, peer: Peer) {
        self.tries.give_back(peer);
    }

    /// Begins a session of that key and returns its token; `None` without random bytes.
    pub(super) fn begin(&self, key: KeyName, now_ms: i64) -> Option<String> {
        let mut bytes = [0_u8; 32];
        getrandom::fill(&mut bytes).ok()?;
        let token = hex::encode(bytes);
        let session = Session {
            key,
            began_ms: now_ms,
            seen_ms: now_ms,
        };
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        live.retain(|_, session| !session.is_over(now_ms));
        if live.len() >= SESSIONS_MAX {
            let resting = live.iter().min_by_key(|(_, session)| session.seen_ms);
            if let Some(resting) = resting.map(|(digest, _)| *digest) {
                live.remove(&resting);
            }
        }
        live.insert(digest(&token), session);
        Some(token)
    }

    /// The session of that token: its digest, its key and when it ends. Counts as a sign of life.
    pub(super) fn resume(&self, token: &str, now_ms: i64) -> Option<(Digest, KeyName, i64)> {
        let digest = digest(token);
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        let session = live.get_mut(&digest).filter(|session| !session.is_over(now_ms))?;
        session.seen_ms = now_ms;
        Some((digest, session.key.clone(), session.began_ms + LASTS_MS))
    }

    /// True while that session lasts; no sign of life.
    pub(super) fn holds(&self, digest: &Digest, now_ms: i64) -> bool {
        let live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        live.get(digest).is_some_and(|session| !session.is_over(now_ms))
    }

    /// Ends the session of that token.
    pub(super) fn end(&self, token: &str) {
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        live.remove(&digest(token));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::net::IpAddr;

    use super::*;
    use crate::config::{ApiKey, KeyDigest};
    use crate::http::auth::Key;

    /// More than are counted apart.
    const MANY: u32 = 4_096 + 3;
    const NOW: i64 = 1_790_000_000_000;
    const MINUTE: i64 = 60_000;

    fn key_name() -> KeyName {
        let configured = ApiKey {
            id: "k".to_owned(),
            merchant: "*".to_owned(),
            secret: None,
            digest: KeyDigest::of("the secret of k"),
            scopes: BTreeSet::new(),
            requests_per_second: 1,
        };
        Key::of(&configured).name()
    }

    #[test]
    fn a_session_ends_after_eight_hours_and_when_it_rests_for_thirty_minutes() {
        let sessions = Sessions::default();
        let token = sessions.begin(key_name(), NOW).unwrap();
        assert_eq!(token.len(), 64);
        let mut now_ms = NOW;
        while now_ms + 29 * MINUTE < NOW + LASTS_MS {
            now_ms += 29 * MINUTE;
            let (_, key, ends_ms) = sessions.resume(&token, now_ms).unwrap();
            assert_eq!((key, ends_ms), (key_name(), NOW + LASTS_MS));
        }
        assert!(sessions.resume(&token, NOW + LASTS_MS).is_none());
        let token = sessions.begin(key_name(), NOW).unwrap();
        assert!(sessions.resume(&token, NOW + 30 * MINUTE).is_none());
        assert!(
            sessions.resume(&token, NOW - 1).is_none(),
            "the clock was set back"
        );
    }

    #[test]
    fn what_is_ended_or_never_was_holds_nothing() {
        let sessions = Sessions::default();
        let token = sessions.begin(key_name(), NOW).unwrap();
        let (digest, _, _) = sessions.resume(&token, NOW).unwrap();
        assert!(sessions.holds(&digest, NOW));
        sessions.end(&token);
        assert!(!sessions.holds(&digest, NOW));
        assert!(sessions.resume(&token, NOW).is_none());
        assert!(sessions.resume("", NOW).is_none());
    }

    #[test]
    fn beyond_the_bound_the_one_that_rested_longest_gives_way() {
        let sessions = Sessions::default();
        let first = sessions.begin(key_name(), NOW).unwrap();
        let second = sessions.begin(key_name(), NOW + 1).unwrap();
        for n in 2..i64::try_from(SESSIONS_MAX).unwrap() {
            sessions.begin(key_name(), NOW + n).unwrap();
        }
        assert!(sessions.resume(&first, NOW + 1_000).is_some());
        sessions.begin(key_name(), NOW + 1_001).unwrap();
        assert!(sessions.resume(&second, NOW + 1_002).is_none());
        assert!(sessions.resume(&first, NOW + 1_002).is_some());
    }

    #[test]
    fn five_wrong_keys_a_minute_may_be_tried_and_right_ones_cost_nothing() {
        let sessions = Sessions::default();
        for _ in 0..20 {
            assert!(sessions.may_try(None, NOW));
            sessions.was_right(None);
        }
        for _ in 0..5 {
            assert!(sessions.may_try(None, NOW));
        }
        assert!(!sessions.may_try(None, NOW));
        assert!(!sessions.may_try(None, NOW + 11_999));
        assert!(sessions.may_try(None, NOW + 12_000));
        assert!(
            sessions.may_try(None, NOW - 3_600_000),
            "a clock that is set back locks nobody out"
        );
    }

    #[test]
    fn wrong_keys_of_one_address_lock_out_no_other() {
        let sessions = Sessions::default();
        let peer = |n: u32| Some(IpAddr::from(n.to_be_bytes()));
        while sessions.may_try(peer(1), NOW) {}
        assert!(sessions.may_try(peer(2), NOW));
        for n in 3..MANY {
            sessions.may_try(peer(n), NOW);
        }
        let left = (0..20).filter(|n| sessions.may_try(peer(1_000_000 + n), NOW));
        assert!(left.count() <= 5, "addresses beyond the bound share one count");
        assert!(!sessions.may_try(peer(1), NOW));
        assert!(sessions.may_try(peer(1), NOW + MINUTE));
    }
}
