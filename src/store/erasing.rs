//! Erasing somebody: what goes in one piece, what is left in its place, and how everything that is kept is searched. It owns the
//! words for that; it refuses to know whose a place is: who erases says so.

use std::collections::BTreeSet;

use memchr::memmem::Finder;

use super::UnixMs;
use super::types::Interest;
use crate::domain::ids::HomeId;

/// The end of one conversation, or of an alias that led to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// The conversation, or the alias.
    pub home: HomeId,
    /// The revision that was loaded. Another one in the store is an [`EraseOutcome::Conflict`].
    pub expected_revision: u64,
    /// What the tombstone tells: whatever begins here later goes on from this revision, so that no effect and no button of before is
    /// taken for one of then.
    pub revision: u64,
    /// When it is erased: the tombstone tells this too.
    pub at_ms: UnixMs,
    /// Until when the tombstone is kept.
    pub until_ms: UnixMs,
    /// Products that the conversation wants to hear about.
    pub interest: Vec<Interest>,
    /// Days whose done-marks go with it.
    pub days: Vec<i64>,
    /// Where the alias of this name leads: it goes when it still leads there.
    pub alias_of: Option<HomeId>,
}

/// What became of an [`Erasure`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EraseOutcome {
    /// Somebody changed the conversation since it was loaded; nothing was removed.
    Conflict,
    /// It is gone, and a tombstone is in its place.
    Erased(Removed),
}

/// What one [`Erasure`] removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// States: 0 or 1.
    pub conversations: u64,
    /// Entries of the journal.
    pub journal_entries: u64,
    /// Items of both lanes.
    pub lane_items: u64,
    /// Done-marks.
    pub marks: u64,
    /// Entries in sets of products.
    pub interest: u64,
    /// Aliases: 0 or 1.
    pub aliases: u64,
}

/// What kind of thing is kept at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// A conversation's state.
    Conversation,
    /// What is left of an erased one.
    Tombstone,
    /// An entry of a journal, or all of it.
    Journal,
    /// A lane, its items, its place among those that are due.
    Lane,
    /// A done-mark, or a day of them.
    Mark,
    /// An alias.
    Alias,
    /// A delivery status.
    Status,
    /// A message key.
    Message,
    /// An entry in the set of a product.
    Interest,
    /// A purchase.
    Purchase,
    /// A dead letter.
    Letter,
    /// A small record.
    Record,
    /// An idempotent call.
    Idempotency,
    /// A rate limit.
    Budget,
    /// A named lease.
    Hold,
    /// A secret of the store.
    Secret,
    /// A product or its marker.
    Catalog,
    /// Anything else.
    Other,
}

impl Family {
    /// A word for reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Conversation => "conversation",
            Self::Tombstone => "tombstone",
            Self::Journal => "journal",
            Self::Lane => "lane",
            Self::Mark => "done_mark",
            Self::Alias => "alias",
            Self::Status => "status",
            Self::Message => "message_key",
            Self::Interest => "interest",
            Self::Purchase => "purchase",
            Self::Letter => "dead_letter",
            Self::Record => "record",
            Self::Idempotency => "idempotent_call",
            Self::Budget => "budget",
            Self::Hold => "hold",
            Self::Secret => "secret",
            Self::Catalog => "catalog",
            Self::Other => "other",
        }
    }
}

/// Where something is kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// What kind of thing.
    pub family: Family,
    /// What it is called: a letter's, purchase's, record's or effect's id, an alias, a key.
    pub name: String,
    /// Of a record: its kind.
    pub kind: String,
    /// The conversation that it belongs to, when its place says so; of an alias: where it leads.
    pub home: Option<HomeId>,
    /// The row or key, as the engine has it. For the engine alone.
    pub row: String,
    /// The field or member in it. For the engine alone.
    pub member: String,
}

impl Place {
    /// A place with a row and nothing else yet.
    pub fn at(family: Family, name: impl Into<String>, row: impl Into<String>) -> Self {
        Self {
            family,
            name: name.into(),
            kind: String::new(),
            home: None,
            row: row.into(),
            member: String::new(),
        }
    }

    /// The same, as a conversation's.
    pub fn of(self, home: &str) -> Self {
        Self {
            home: Some(HomeId::new(home)),
            ..self
        }
    }

    /// True for what [`Store::forget`](super::Store::forget) removes; all else is removed by the methods of its kind.
    pub fn is_forgettable(&self) -> bool {
        match self.family {
            Family::Journal
            | Family::Lane
            | Family::Mark
            | Family::Status
            | Family::Message
            | Family::Interest
            | Family::Idempotency
            | Family::Budget
            | Family::Hold => true,
            Family::Conversation
            | Family::Tombstone
            | Family::Alias
            | Family::Purchase
            | Family::Letter
            | Family::Record
            | Family::Secret
            | Family::Catalog
            | Family::Other => false,
        }
    }
}

/// What stands before and behind a text where it counts as found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// Anything.
    Any,
    /// Nothing that could make another number or name of it.
    Word,
    /// Quotes: it is a whole value.
    Quoted,
    /// It is written as hexadecimal: no further digit behind it, and none before a number.
    Hex {
        /// True for digits alone; what begins with letters may follow a digit, such as its own length.
        is_number: bool,
    },
    /// The same inside of base64.
    Base64 {
        /// How many bytes of its group of three stand before it.
        before: usize,
        /// As in [`Self::Hex`].
        is_number: bool,
    },
}

/// Texts that are looked for.
#[derive(Clone, Debug, Default)]
pub struct Needles(Vec<(Finder<'static>, Edge)>);

impl Needles {
    /// Adds one and returns its number.
    pub fn add(&mut self, text: &[u8], edge: Edge) -> usize {
        self.0.push((Finder::new(text).into_owned(), edge));
        self.0.len() - 1
    }

    /// True when nothing is looked for.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds the numbers of those that stand in `text`.
    pub fn find(&self, text: &[u8], found: &mut BTreeSet<usize>) {
        for (number, (finder, edge)) in self.0.iter().enumerate() {
            if !found.contains(&number) && stands_in(text, finder, *edge) {
                found.insert(number);
            }
        }
    }

    /// True when any of them stands in `text`.
    pub fn any(&self, text: &[u8]) -> bool {
        self.0.iter().any(|(finder, edge)| stands_in(text, finder, *edge))
    }
}

fn stands_in(text: &[u8], finder: &Finder<'_>, edge: Edge) -> bool {
    let length = finder.needle().len();
    if length == 0 {
        return false;
    }
    finder.find_iter(text).any(|at| {
        let before = at.checked_sub(1).and_then(|place| text.get(place)).copied();
        let behind = text.get(at + length).copied();
        match edge {
            Edge::Any => true,
            Edge::Word => !before.is_some_and(is_wordy) && !behind.is_some_and(is_wordy),
            Edge::Quoted => before == Some(b'"') && matches!(behind, Some(b'"' | b'\\')),
            Edge::Hex { is_number } => {
                let is_led = is_number && at.checked_sub(2).is_some_and(|start| is_hex_digit(text, start));
                !is_led && !is_hex_digit(text, at + length)
            }
            Edge::Base64 { before, is_number } => {
                let is_led = is_number && is_led_by_base64_digit(text, at, before);
                !is_led && !is_followed_by_base64_digit(text, at + length, before, length)
            }
        }
    })
}

/// True when a digit stands here in hexadecimal.
fn is_hex_digit(text: &[u8], start: usize) -> bool {
    matches!(text.get(start..start + 2), Some([b'3', b'0'..=b'9']))
}

/// True when the byte before what begins at this character is a digit. `before` bytes of the first group stand before it, so
/// its own first bits may share a character with that byte.
fn is_led_by_base64_digit(text: &[u8], at: usize, before: usize) -> bool {
    let own_bits = (before * 8).div_ceil(6) * 6 - before * 8;
    let two = at.checked_sub(2).and_then(|start| text.get(start..at));
    let Some([Some(first), Some(second)]) = two.map(|two| [sextet(two, 0), sextet(two, 1)]) else {
        return false;
    };
    is_digit(((first << 6) | second) >> own_bits)
}

/// True when the byte behind what ends before this character is a digit: its first bits may stand in the last character of it.
fn is_followed_by_base64_digit(text: &[u8], end: usize, before: usize, length: usize) -> bool {
    let bits = ((before * 8).div_ceil(6) + length) * 6;
    let shared_bits = bits % 8;
    let Some(last) = end.checked_sub(1).and_then(|place| sextet(text, place)) else {
        return false;
    };
    // Where the text ends, there are no more bits.
    let next = sextet(text, end).unwrap_or(0);
    let one_more = sextet(text, end + 1).unwrap_or(0);
    is_digit(((last << 12) | (next << 6) | one_more) >> (shared_bits + 4))
}

fn sextet(text: &[u8], place: usize) -> Option<u32> {
    match text.get(place).copied()? {
        upper @ b'A'..=b'Z' => Some(u32::from(upper - b'A')),
        lower @ b'a'..=b'z' => Some(u32::from(lower - b'a') + 26),
        digit @ b'0'..=b'9' => Some(u32::from(digit - b'0') + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

/// True when the last eight bits are a digit.
fn is_digit(bits: u32) -> bool {
    (0x30..=0x39).contains(&(bits & 0xff))
}

fn is_wordy(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || !byte.is_ascii()
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where.
    pub place: Place,
    /// The numbers of the texts that stand there.
    pub needles: BTreeSet<usize>,
}

/// A part of a search.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchPage {
    /// How many rows or keys were read.
    pub keys: u64,
    /// What was found in them. The same thing may be found at several places.
    pub found: Vec<Found>,
    /// Where to go on; `None`: everything was read.
    pub next: Option<String>,
}

/// What became of the engine's own history, which still holds what was removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum History {
    /// It was written anew without it.
    Rewritten,
    /// The servers have begun to write it anew.
    Started,
    /// The server keeps none on disk, or none that we know of.
    None,
    /// It could not be: why, and what to do.
    Kept(String),
}

/// How long the engines keep what ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// A journal, behind its last entry.
    pub journal_days: u32,
    /// Delivery statuses and message keys, behind their last change.
    pub statuses_days: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            journal_days: 30,
            statuses_days: 30,
        }
    }
}

impl Retention {
    /// How long statuses and message keys are kept, in milliseconds.
    pub fn statuses_ms(self) -> i64 {
        i64::from(self.statuses_days) * 24 * 60 * 60 * 1_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(needle: &str, edge: Edge, text: &str) -> bool {
        let mut needles = Needles::default();
        needles.add(needle.as_bytes(), edge);
        let mut found = BTreeSet::new();
        needles.find(text.as_bytes(), &mut found);
        assert_eq!(needles.any(text.as_bytes()), !found.is_empty());
        !found.is_empty()
    }

    #[test]
    fn a_number_is_not_found_inside_a_longer_one() {
        assert!(finds("551190", Edge::Word, r#"{"wa_id":"551190"}"#));
        assert!(finds("551190", Edge::Word, "551190"));
        assert!(finds("551190", Edge::Word, "1551190 and 551190."));
        for text in ["1551190", "5511907", "a551190", "551190é", ""] {
            assert!(!finds("551190", Edge::Word, text), "{text}");
        }
    }

    #[test]
    fn a_name_is_found_as_a_whole_value_however_deep_it_is_quoted() {
        for text in [
            r#"{"name":"Ana"}"#,
            r#"{"state":"{\"name\":\"Ana\"}"}"#,
            r#""{\\\"name\\\":\\\"Ana\\\"}""#,
        ] {
            assert!(finds("Ana", Edge::Quoted, text), "{text}");
        }
        for text in ["Ana", r#""Banana""#, r#""Ana Paula""#] {
            assert!(!finds("Ana", Edge::Quoted, text), "{text}");
        }
    }

    #[test]
    fn nothing_is_found_nowhere() {
        assert!(!finds("", Edge::Any, "text"));
        assert!(Needles::default().is_empty());
    }
}
