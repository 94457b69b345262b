//! Places in a conversation's timeline, which is told newest first and grows while somebody pages. A place is an entry and not
//! a number of entries, so that what comes meanwhile shifts nothing.

use std::collections::VecDeque;

use super::cursors;
use super::problem::ApiError;
use crate::domain::conversation::Trace;

/// The mark of this list's cursors.
const CURSOR: &str = "t1";

/// An entry of a timeline.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    at_ms: i64,
    is_inbound: bool,
    what: String,
    /// How many equal entries are newer.
    newer: usize,
}

impl Place {
    /// The last of so many entries that were told; `None` when no older one is left.
    pub(super) fn of_last(recent: &VecDeque<Trace>, told: usize) -> Option<Self> {
        let is_more = told < recent.len();
        let last = recent
            .iter()
            .rev()
            .nth(told.checked_sub(1)?)
            .filter(|_| is_more)?;
        let newer = recent.iter().rev().take(told - 1);
        let newer = newer.filter(|entry| is_same(entry, last)).count();
        Some(Self {
            at_ms: last.at_ms,
            is_inbound: last.inbound,
            what: last.what.clone(),
            newer,
        })
    }

    /// How many entries come before what is behind this one; all, when it has left the timeline.
    pub(super) fn behind(&self, recent: &VecDeque<Trace>) -> usize {
        let mut places = recent
            .iter()
            .rev()
            .enumerate()
            .filter(|(_, entry)| self.is(entry));
        let place = places.nth(self.newer).map(|(index, _)| index + 1);
        place.unwrap_or(recent.len())
    }

    fn is(&self, entry: &Trace) -> bool {
        entry.at_ms == self.at_ms && entry.inbound == self.is_inbound && entry.what == self.what
    }

    /// The cursor that means it.
    pub(super) fn cursor(&self) -> String {
        let direction = if self.is_inbound { "i" } else { "o" };
        let place = format!("{}.{}.{direction}.{}", self.at_ms, self.newer, self.what);
        cursors::cursor(CURSOR, &place)
    }

    /// Reads a cursor.
    pub(super) fn parse(cursor: &str) -> Result<Self, ApiError> {
        let place = cursors::place(CURSOR, cursor)?;
        Self::read(&place).ok_or_else(cursors::foreign)
    }

    fn read(place: &str) -> Option<Self> {
        let mut parts = place.splitn(4, '.');
        let (at_ms, newer) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let is_inbound = match parts.next()? {
            "i" => true,
            "o" => false,
            _ => return None,
        };
        Some(Self {
            at_ms,
            is_inbound,
            what: parts.next()?.to_owned(),
            newer,
        })
    }
}

fn is_same(one: &Trace, other: &Trace) -> bool {
    one.at_ms == other.at_ms && one.inbound == other.inbound && one.what == other.what
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(at_ms: i64, what: &str) -> Trace {
        Trace {
            at_ms,
            inbound: false,
            what: what.to_owned(),
            effect: None,
            purchase: None,
        }
    }

    /// Pages through the timeline; after each page `comes` may add to it.
    fn paged(
        mut recent: VecDeque<Trace>,
        limit: usize,
        mut comes: impl FnMut(&mut VecDeque<Trace>),
    ) -> Vec<String> {
        let (mut told, mut skip) = (Vec::new(), 0);
        loop {
            let page = recent.iter().rev().skip(skip).take(limit);
            told.extend(page.map(|entry| format!("{} {}", entry.at_ms, entry.what)));
            let shown = (skip + limit).min(recent.len());
            let Some(next) = Place::of_last(&recent, shown) else {
                return told;
            };
            let cursor = next.cursor();
            comes(&mut recent);
            skip = Place::parse(&cursor).unwrap().behind(&recent);
        }
    }

    #[test]
    fn paging_tells_each_entry_once_whatever_comes_meanwhile() {
        let recent: VecDeque<Trace> = [
            entry(1, "menu"),
            entry(2, "cart"),
            entry(2, "cart"),
            entry(2, "cart"),
            entry(3, "help.x"),
        ]
        .into();
        let all = ["3 help.x", "2 cart", "2 cart", "2 cart", "1 menu"];
        for limit in 1..=6 {
            assert_eq!(paged(recent.clone(), limit, |_| {}), all, "{limit}");
            let mut now = 10;
            let grows = |recent: &mut VecDeque<Trace>| {
                now += 1;
                recent.push_back(entry(now, "said"));
            };
            assert_eq!(paged(recent.clone(), limit, grows), all, "{limit}");
        }
    }

    #[test]
    fn behind_an_entry_that_has_left_nothing_is_told_again() {
        let mut recent: VecDeque<Trace> = [entry(1, "menu"), entry(2, "cart")].into();
        let place = Place::of_last(&recent, 1).unwrap();
        recent.pop_back();
        assert_eq!(place.behind(&recent), recent.len());
        assert_eq!(Place::of_last(&recent, 0), None);
        assert_eq!(Place::of_last(&recent, 5), None);
    }

    #[test]
    fn only_our_own_cursors_are_read() {
        for text in ["", "50", "cDE6YQ"] {
            assert!(Place::parse(text).is_err(), "{text}");
        }
        for place in ["", "1.2", "1.2.x.menu", "a.2.i.menu"] {
            assert!(Place::parse(&cursors::cursor(CURSOR, place)).is_err(), "{place}");
        }
    }
}
