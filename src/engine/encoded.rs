//! The encoded form of a conversation and of its journal. Versioned: a newer form is refused, never misread.

use serde::Serialize;

use super::addresses;
use crate::domain::conversation::{Conversation, FORMAT};
use crate::domain::decide;
use crate::domain::effect::Effect;
use crate::domain::event::Occurrence;
use crate::domain::facts::Facts;
use crate::store;

/// Every so many revisions a journal entry carries the state before it, so that a cut journal can still be replayed.
const BASE_EVERY: u64 = 100;

/// Reads a stored conversation.
pub(super) fn decode(state: &str, key: &str) -> Result<Conversation, store::Error> {
    let corrupt = |problem: String| store::Error::Corrupt {
        key: key.to_owned(),
        problem,
    };
    let conversation: Conversation =
        serde_json::from_str(state).map_err(|error| corrupt(error.to_string()))?;
    if conversation.format > FORMAT {
        return Err(corrupt(format!(
            "format {} is newer than this version's {FORMAT}",
            conversation.format
        )));
    }
    Ok(conversation)
}

/// Encodes a conversation.
pub(super) fn encode(conversation: &Conversation) -> Result<String, store::Error> {
    serde_json::to_string(conversation).map_err(|error| store::Error::Corrupt {
        key: conversation.home.to_string(),
        problem: error.to_string(),
    })
}

#[derive(Serialize)]
struct Entry<'a> {
    /// Version of the rules.
    v: u32,
    /// Revision after the event.
    r: u64,
    /// The event.
    e: &'a Occurrence,
    /// The facts that were used.
    f: &'a Facts,
    /// Digest of the state afterwards.
    s: String,
    /// Digest of the effects.
    x: String,
    /// The state before, in some entries.
    #[serde(skip_serializing_if = "Option::is_none")]
    b: Option<&'a Conversation>,
}

/// One journal entry; `state` is the encoded conversation afterwards.
pub(super) fn journal_entry(
    before: &Conversation,
    occurrence: &Occurrence,
    facts: &Facts,
    state: &str,
    effects: &[Effect],
) -> Option<String> {
    let effects = serde_json::to_string(effects).ok()?;
    let entry = Entry {
        v: decide::VERSION,
        r: before.revision + 1,
        e: occurrence,
        f: facts,
        s: addresses::digest(state),
        x: addresses::digest(&effects),
        b: before.revision.is_multiple_of(BASE_EVERY).then_some(before),
    };
    serde_json::to_string(&entry).ok()
}
