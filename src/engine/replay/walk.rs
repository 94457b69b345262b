//! One walk through a journal: the state as replayed, beside what was recorded. It owns where judging stops and begins again;
//! it refuses to know where a text came from.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Deserialize;

use super::differences::between;
use super::{Outcome, Parting, Replayed, What};
use crate::domain::conversation::Conversation;
use crate::domain::decide::{self, Outcome as Decision};
use crate::engine::addresses::digest;
use crate::engine::encoded;
use crate::engine::journal::Entry;

/// Stands for an event that can't be read.
const UNKNOWN: &str = "unknown";

/// What can be read of an entry in whatever form the rest is.
#[derive(Deserialize)]
struct Head {
    #[serde(rename = "v")]
    version: u32,
    #[serde(rename = "r")]
    revision: u64,
}

/// Which entry something is told about.
#[derive(Clone, Default)]
struct Place {
    revision: u64,
    event: String,
    at_ms: i64,
    /// True under today's rules, which must give the same again.
    is_today: bool,
}

/// What an entry gave once more.
struct Again {
    own: Conversation,
    state: String,
    effects: String,
    failed: Option<What>,
}

/// The walk.
#[derive(Default)]
pub(super) struct Walk {
    entries: usize,
    skipped: usize,
    replayed: usize,
    unjudged: usize,
    from_revision: u64,
    to_revision: u64,
    versions: BTreeMap<u32, usize>,
    parted: Option<Parting>,
    changed: Option<Parting>,
    /// The state as replayed so far; `None` before the first that was kept.
    own: Option<Conversation>,
    /// A difference that waits for the next kept state, and whether it is of today's rules. Until then nothing is judged.
    open: Option<(Parting, bool)>,
    last: Place,
}

impl Walk {
    /// Goes one entry further.
    pub(super) fn take(&mut self, text: &str) {
        self.entries += 1;
        let head: Option<Head> = serde_json::from_str(text).ok();
        if let Some(head) = &head {
            *self.versions.entry(head.version).or_default() += 1;
            self.to_revision = head.revision;
        }
        match serde_json::from_str::<Entry<'_>>(text) {
            Ok(entry) => self.enter(entry),
            Err(_) => self.unreadable(head.as_ref()),
        }
    }

    fn unreadable(&mut self, head: Option<&Head>) {
        let Some(own) = &mut self.own else {
            self.skipped += 1;
            return;
        };
        own.revision = own.revision.saturating_add(1);
        let place = Place {
            revision: head.map_or(own.revision, |head| head.revision),
            event: UNKNOWN.to_owned(),
            at_ms: 0,
            is_today: head.is_none_or(|head| head.version == decide::VERSION),
        };
        self.judge(&place, Some((What::Unreadable, String::new(), String::new())));
    }

    fn enter(&mut self, entry: Entry<'_>) {
        let place = Place::of(&entry);
        self.last = place.clone();
        if let Some(own) = &mut self.own {
            if let Some(customer) = &entry.customer {
                own.customer.clone_from(customer);
            }
            let next = own.revision.saturating_add(1);
            if self.open.is_none() && next != entry.revision {
                let parting = place.parting(What::Missing, entry.revision.to_string(), next.to_string());
                self.open = Some((parting, place.is_today));
            }
        }
        if let Some(before) = &entry.before {
            self.meets(before, &place);
        }
        let Some(own) = self.own.take() else {
            self.skipped += 1;
            self.from_revision = entry.revision;
            self.own = entry.after.map(Cow::into_owned);
            return;
        };
        if let Some(after) = &entry.after {
            self.unjudged += 1;
            self.tells_open(after, &own);
            self.own = Some(Conversation::clone(after));
            return;
        }
        let again = Again::of(own, &entry);
        let found = again.beside(&entry);
        self.own = Some(again.own);
        self.judge(&place, found);
    }

    /// A state that was kept: what was replayed is compared with it, and the walk goes on from it.
    fn meets(&mut self, kept: &Conversation, place: &Place) {
        match self.own.take() {
            None => self.from_revision = kept.revision,
            Some(own) => {
                if self.open.is_none() && own != *kept {
                    let parting = place.parting(What::Before, digest_of(kept), digest_of(&own));
                    self.open = Some((parting, place.is_today));
                }
                self.tells_open(kept, &own);
            }
        }
        self.own = Some(kept.clone());
    }

    fn judge(&mut self, place: &Place, found: Option<(What, String, String)>) {
        if self.open.is_some() {
            self.unjudged += 1;
            return;
        }
        let Some((what, expected, got)) = found else {
            self.replayed += 1;
            return;
        };
        let parting = place.parting(what, expected, got);
        if what == What::Effects {
            // The state is the same: what follows can be judged.
            self.files(parting, place.is_today);
        } else {
            self.open = Some((parting, place.is_today));
        }
    }

    fn tells_open(&mut self, kept: &Conversation, own: &Conversation) {
        if let Some((mut parting, is_today)) = self.open.take() {
            parting.differences = between(kept, own);
            self.files(parting, is_today);
        }
    }

    /// The first of its kind is kept.
    fn files(&mut self, parting: Parting, is_today: bool) {
        let place = if is_today {
            &mut self.parted
        } else {
            &mut self.changed
        };
        if place.is_none() {
            *place = Some(parting);
        }
    }

    /// Compares the end with what is stored, when that is known.
    pub(super) fn end(mut self, now: Option<&str>) -> Replayed {
        let has_begun = self.own.is_some();
        if let (Some(own), Some(now)) = (self.own.take(), now) {
            self.stands_beside(&own, now);
        }
        if let Some((parting, is_today)) = self.open.take() {
            self.files(parting, is_today);
        }
        let outcome = match self.parted {
            Some(parting) => Outcome::Parted(parting),
            None if has_begun => Outcome::Identical,
            None => Outcome::Nothing,
        };
        Replayed {
            entries: self.entries,
            skipped_before_base: self.skipped,
            replayed: self.replayed,
            unjudged: self.unjudged,
            from_revision: self.from_revision,
            to_revision: self.to_revision,
            versions: self.versions,
            outcome,
            changed: self.changed,
        }
    }

    fn stands_beside(&mut self, own: &Conversation, now: &str) {
        let stored = encoded::decode(now, own.home.as_str()).ok();
        let state = encoded::encode(own).unwrap_or_default();
        if self.open.is_none() && state != now {
            let place = Place {
                revision: stored.as_ref().map_or(own.revision, |stored| stored.revision),
                ..self.last.clone()
            };
            let parting = place.parting(What::Stored, digest(now), digest(&state));
            self.open = Some((parting, place.is_today));
        }
        if let Some(stored) = stored {
            self.tells_open(&stored, own);
        }
    }
}

impl Place {
    fn of(entry: &Entry<'_>) -> Self {
        let occurrence = entry.occurrence.as_deref();
        let decided_at_ms = entry.facts.as_deref().map(|facts| facts.now_ms);
        Self {
            revision: entry.revision,
            event: occurrence.map_or(UNKNOWN, |one| one.event.word()).to_owned(),
            at_ms: decided_at_ms
                .or(occurrence.map(|one| one.at_ms))
                .unwrap_or_default(),
            is_today: entry.version == decide::VERSION,
        }
    }

    fn parting(&self, what: What, expected: String, got: String) -> Parting {
        Parting {
            revision: self.revision,
            event: self.event.clone(),
            at_ms: self.at_ms,
            what,
            expected,
            got,
            differences: Vec::new(),
        }
    }
}

impl Again {
    fn of(mut own: Conversation, entry: &Entry<'_>) -> Self {
        let (Some(occurrence), Some(facts)) = (&entry.occurrence, &entry.facts) else {
            own.revision = own.revision.saturating_add(1);
            return Self {
                state: digest_of(&own),
                own,
                effects: String::new(),
                failed: entry.parked.is_none().then_some(What::Unreadable),
            };
        };
        let owed = if entry.stands_in {
            std::mem::take(&mut own.owed_news)
        } else {
            BTreeSet::new()
        };
        let decided = catch_unwind(AssertUnwindSafe(|| decide::decide(&own, occurrence, facts)));
        let mut again = match decided {
            Ok(Decision::Decided(decided)) => Self {
                state: digest_of(&decided.conversation),
                effects: serde_json::to_string(&decided.effects)
                    .map_or_else(|_| String::new(), |text| digest(&text)),
                own: decided.conversation,
                failed: None,
            },
            Ok(Decision::Needs(_)) => Self::failing(own, What::Needs),
            Err(_) => Self::failing(own, What::Panicked),
        };
        again.own.owed_news.extend(owed);
        again
    }

    fn failing(own: Conversation, what: What) -> Self {
        Self {
            own,
            state: String::new(),
            effects: String::new(),
            failed: Some(what),
        }
    }

    /// What differs from the entry, as recorded and as replayed.
    fn beside(&self, entry: &Entry<'_>) -> Option<(What, String, String)> {
        let what = match self.failed {
            Some(what) => what,
            None if self.state != entry.state => What::State,
            None if self.effects != entry.effects => {
                return Some((What::Effects, entry.effects.clone(), self.effects.clone()));
            }
            None => return None,
        };
        Some((what, entry.state.clone(), self.state.clone()))
    }
}

fn digest_of(conversation: &Conversation) -> String {
    encoded::encode(conversation).map_or_else(|_| String::new(), |text| digest(&text))
}
