//! Replaying a journal: every event decided once more, from the texts alone. It owns what "bit-identical" means and where a
//! replay parts from what was recorded; it knows no store, no clock and nobody outside, because it is a function of texts.

use std::collections::BTreeMap;

use serde::Serialize;

mod differences;
mod walk;

use walk::Walk;

/// A value that is not what was recorded. Customers' and merchants' words are not in it: of a text only its length is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Where in the state: `carts.android.lines[0].q`.
    pub path: String,
    /// As recorded.
    pub recorded: String,
    /// As replayed.
    pub replayed: String,
}

/// In what a replay parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The state before the event, as the journal keeps it now and then.
    Before,
    /// The state after the event.
    State,
    /// The effects of the event.
    Effects,
    /// The recorded facts are not enough to decide.
    Needs,
    /// The decision failed.
    Panicked,
    /// Entries are missing before this one.
    Missing,
    /// The entry can't be read.
    Unreadable,
    /// The stored state: it is not what the journal leads to.
    Stored,
}

impl What {
    /// A sentence's end for people: "revision 7 parts: …".
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Before => "the state before it is another one: something changed it past the journal",
            Self::State => "the state that it leads to is another one",
            Self::Effects => "its effects are others",
            Self::Needs => "the recorded facts are not enough to decide it",
            Self::Panicked => "deciding it failed",
            Self::Missing => "entries before it are missing",
            Self::Unreadable => "its entry can't be read",
            Self::Stored => "the stored state is not what the journal leads to",
        }
    }
}

/// Where a replay parts from the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Parting {
    /// The revision after the event.
    pub revision: u64,
    /// The event's word; `unknown` when it can't be read.
    pub event: String,
    /// When it was decided, in Unix milliseconds; 0: not known.
    pub at_ms: i64,
    /// In what.
    pub what: What,
    /// As recorded: a digest, or a revision for [`What::Missing`].
    pub expected: String,
    /// As replayed.
    pub got: String,
    /// What differs in the next state that was kept; empty when none was, or when that one is equal.
    pub differences: Vec<Difference>,
}

/// How a replay ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// There is no state to begin with.
    Nothing,
    /// Whatever could be judged under today's rules is the same, byte for byte.
    Identical,
    /// It parts; this is the first place.
    Parted(Parting),
}

/// What a replay found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(clippy::struct_field_names, reason = "the word that its JSON has for it")]
pub struct Replayed {
    /// Entries in the journal.
    pub entries: usize,
    /// Entries before the first state to begin with.
    pub skipped_before_base: usize,
    /// Entries that gave the same state and effects once more.
    pub replayed: usize,
    /// Entries that could not be judged: too large to be kept, or between a difference and the next state that was kept.
    pub unjudged: usize,
    /// The revision that the replay began with.
    pub from_revision: u64,
    /// The revision of the last entry.
    pub to_revision: u64,
    /// Entries by version of `decide`, those that can't be read left out.
    pub versions: BTreeMap<u32, usize>,
    /// How it ended.
    pub outcome: Outcome,
    /// The first event of another version of `decide` that gives something else today. That is no fault.
    pub changed: Option<Parting>,
}

/// Decides a journal's events again, oldest first. `now` is the stored state, as text: when it is given, the journal must lead to
/// it. Entries of another version of `decide` may differ; what comes after such a difference is judged again from the next
/// state that was kept.
pub fn replay(journal: &[String], now: Option<&str>) -> Replayed {
    let mut walk = Walk::default();
    for text in journal {
        walk.take(text);
    }
    walk.end(now)
}
