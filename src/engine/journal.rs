//! A conversation's journal: one entry for each event, with all that deciding it again needs. It owns what an entry holds, how
//! large it may be, and that what the store keeps always has a state to begin with; it refuses to judge (`replay`).
//!
//! Each revision has its entry. The store keeps the last 300 of them, for `retention.journal_days` after the last.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::addresses::digest;
use super::encoded;
use crate::domain::conversation::{Conversation, Customer, STATE_BYTES_MAX};
use crate::domain::decide::{self, Decided};
use crate::domain::event::{Event, Occurrence};
use crate::domain::facts::Facts;
use crate::faults::{self, Bug};

/// Every so many revisions an entry carries the state before it: of the 300 entries that are kept, three do.
const BASE_EVERY: u64 = 100;
/// So does the first entry after a pause of this length, in milliseconds (20 hours): the store may have dropped the journal, which
/// it keeps for one day at least.
const PAUSE_MS: i64 = 20 * 60 * 60 * 1000;
/// Largest entry in bytes, beside the state before it. Of a larger one only the state afterwards is kept.
const ENTRY_BYTES_MAX: usize = 64 * 1024;

/// One entry.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Entry<'a> {
    /// Version of the rules.
    #[serde(rename = "v")]
    pub version: u32,
    /// Revision after the event.
    #[serde(rename = "r")]
    pub revision: u64,
    /// The customer as the event told, when it told something new: known before the decision.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<Cow<'a, Customer>>,
    /// The event; absent when it was too large.
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    pub occurrence: Option<Cow<'a, Occurrence>>,
    /// The facts that were used; absent when nothing was decided.
    #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<Cow<'a, Facts>>,
    /// Why the event was parked: it changed nothing but the revision.
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub parked: Option<Cow<'a, str>>,
    /// True when this stands in for the event that was parked before it: news that is owed stood aside for it.
    #[serde(rename = "i", default, skip_serializing_if = "std::ops::Not::not")]
    pub stands_in: bool,
    /// Digest of the state that came out.
    #[serde(rename = "s")]
    pub state: String,
    /// Digest of the effects; empty when nothing was decided.
    #[serde(rename = "x", default, skip_serializing_if = "String::is_empty")]
    pub effects: String,
    /// The state before, in some entries.
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Cow<'a, Conversation>>,
    /// The state afterwards, in place of event and facts that were too large.
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Cow<'a, Conversation>>,
}

/// What an entry tells of itself, without facts and states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// Version of the rules.
    pub version: u32,
    /// Revision after the event.
    pub revision: u64,
    /// The event; `None` when it was too large.
    pub occurrence: Option<Occurrence>,
    /// Why the event was parked.
    pub parked: Option<String>,
    /// True when it stands in for the event that was parked before it.
    pub stands_in: bool,
    /// Digest of the state that came out.
    pub state: String,
    /// Digest of the effects; empty when nothing was decided.
    pub effects: String,
    /// True when a whole state goes with it.
    pub has_state: bool,
}

/// Reads an entry for somebody who looks at the journal.
pub fn outline(text: &str) -> Result<Outline, serde_json::Error> {
    let entry: Entry<'_> = serde_json::from_str(text)?;
    Ok(Outline {
        version: entry.version,
        revision: entry.revision,
        occurrence: entry.occurrence.map(Cow::into_owned),
        parked: entry.parked.map(Cow::into_owned),
        stands_in: entry.stands_in,
        state: entry.state,
        effects: entry.effects,
        has_state: entry.before.is_some() || entry.after.is_some(),
    })
}

/// Everybody whom an entry names as the customer: under the ids of then.
pub(super) fn customers(text: &str) -> Vec<Customer> {
    let Ok(entry) = serde_json::from_str::<Entry<'_>>(text) else {
        return Vec::new();
    };
    let states = [entry.before, entry.after].into_iter().flatten();
    let moved = entry.occurrence.and_then(|occurrence| {
        if let Event::Moved { to } = &occurrence.event {
            return Some(to.clone());
        }
        None
    });
    states
        .map(|state| state.customer.clone())
        .chain(entry.customer.map(Cow::into_owned))
        .chain(moved)
        .collect()
}

/// The entries of one commit under construction.
#[derive(Debug)]
pub struct Journal {
    entries: Vec<String>,
    /// The customer as the entries so far tell.
    customer: Customer,
    /// The event that was parked last.
    parked: Option<String>,
}

impl Journal {
    /// No entries yet, after this state.
    pub fn after(stored: &Conversation) -> Self {
        Self {
            entries: Vec::new(),
            customer: stored.customer.clone(),
            parked: None,
        }
    }

    /// An event was decided. `before` is the conversation with whatever was known before the decision; `state` is the decided
    /// conversation, encoded.
    pub fn decided(
        &mut self,
        before: &Conversation,
        occurrence: &Occurrence,
        facts: &Facts,
        state: &str,
        decided: &Decided,
    ) {
        if faults::is_planted(Bug::JournalGap) && occurrence.event.word() == "quoted" {
            return;
        }
        let Ok(effects) = serde_json::to_string(&decided.effects) else {
            return;
        };
        let stands_in = self.parked.as_ref() == Some(&occurrence.id);
        let has_base = needs_base(before, facts.now_ms);
        let mut entry = Entry {
            occurrence: Some(Cow::Borrowed(occurrence)),
            facts: Some(Cow::Borrowed(facts)),
            stands_in,
            effects: digest(&effects),
            before: has_base.then_some(Cow::Borrowed(before)),
            ..self.blank(before, state)
        };
        let Ok(mut text) = serde_json::to_string(&entry) else {
            return;
        };
        let room = if has_base { STATE_BYTES_MAX } else { 0 };
        if text.len() > ENTRY_BYTES_MAX + room {
            let mut after = decided.conversation.clone();
            if stands_in {
                after.owed_news.extend(before.owed_news.iter().cloned());
            }
            (entry.occurrence, entry.facts, entry.before) = (None, None, None);
            entry.after = Some(Cow::Owned(after));
            let Ok(short) = serde_json::to_string(&entry) else {
                return;
            };
            text = short;
        }
        self.entries.push(text);
        self.knows(&decided.conversation.customer);
    }

    /// An event was parked: the conversation goes on from `before` with the next revision.
    pub fn parked(&mut self, before: &Conversation, occurrence: &Occurrence, reason: &str, now_ms: i64) {
        let after = Conversation {
            revision: before.revision + 1,
            ..before.clone()
        };
        let Ok(state) = encoded::encode(&after) else {
            return;
        };
        let fits = serde_json::to_string(occurrence).is_ok_and(|text| text.len() < ENTRY_BYTES_MAX);
        let entry = Entry {
            occurrence: fits.then_some(Cow::Borrowed(occurrence)),
            parked: Some(Cow::Borrowed(reason)),
            before: needs_base(before, now_ms).then_some(Cow::Borrowed(before)),
            ..self.blank(before, &state)
        };
        let Ok(text) = serde_json::to_string(&entry) else {
            return;
        };
        self.entries.push(text);
        self.knows(&before.customer);
        self.parked = Some(occurrence.id.clone());
    }

    /// The entries, in order.
    pub fn into_entries(self) -> Vec<String> {
        self.entries
    }

    fn blank<'a>(&self, before: &'a Conversation, state: &str) -> Entry<'a> {
        Entry {
            version: decide::VERSION,
            revision: before.revision + 1,
            customer: (before.customer != self.customer).then_some(Cow::Borrowed(&before.customer)),
            occurrence: None,
            facts: None,
            parked: None,
            stands_in: false,
            state: digest(state),
            effects: String::new(),
            before: None,
            after: None,
        }
    }

    fn knows(&mut self, customer: &Customer) {
        if self.customer != *customer {
            self.customer.clone_from(customer);
        }
    }
}

fn needs_base(before: &Conversation, now_ms: i64) -> bool {
    before.revision.is_multiple_of(BASE_EVERY) || now_ms.saturating_sub(before.changed_at_ms) >= PAUSE_MS
}
