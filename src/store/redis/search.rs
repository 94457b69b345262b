//! A search through all that is kept: every key of ours on every primary, whatever its type, a part at a time. It owns that no
//! key is too large to be read and that memory stays bounded; it refuses to change anything.

use std::collections::BTreeSet;

use redis::{Cmd, Value};

use crate::store::{Error, Family, Found, Needles, SearchPage};

use super::Inner;
use super::error::reading;
use super::places::{is_conversation, is_shared, place};
use super::values::read;

/// Keys of one part of a search, more or less (SCAN's COUNT).
const KEYS_AT_ONCE: usize = 500;
/// Keys that are read side by side.
const READ_AT_ONCE: usize = 32;
/// Members of a large set that are read at once.
const MEMBERS_AT_ONCE: usize = 500;
/// Fields of a large hash that are read at once: a dead letter's may be a whole webhook.
const FIELDS_AT_ONCE: usize = 25;
/// Entries of a list that are read at once: a journal's may be large.
const ENTRIES_AT_ONCE: usize = 20;
/// Where every SCAN begins and ends.
const START: &str = "0";

/// How a key is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Hash,
    Set,
    Sorted,
    List,
    /// It ended meanwhile, or is of a kind that we don't write.
    Nothing,
}

/// A part of a key: its members with their values, and where to go on.
struct Part {
    rows: Vec<(Vec<u8>, Vec<u8>)>,
    next: Option<String>,
}

impl Inner {
    pub(super) async fn search(&self, needles: &Needles, after: Option<&str>) -> Result<SearchPage, Error> {
        let primaries = reading(self.net.primaries().await)?;
        let first = primaries.first().map_or("", String::as_str);
        let (name, cursor) = match after {
            Some(place) => place.rsplit_once(' ').unwrap_or((first, START)),
            None => (first, START),
        };
        if !primaries.iter().any(|known| known == name) {
            let text = "the cluster changed while it was searched; begin again";
            return Err(Error::Unavailable(text.to_owned()));
        }
        let mut scan = redis::cmd("SCAN");
        scan.arg(cursor).arg("MATCH").arg(self.keys.pattern());
        scan.arg("COUNT").arg(KEYS_AT_ONCE);
        let answer = reading(self.net.at_primary(name, scan).await)?;
        let (behind, keys): (String, Vec<Vec<u8>>) = read(answer, "SCAN")?;
        let keys: Vec<String> = keys
            .iter()
            .map(|key| String::from_utf8_lossy(key).into_owned())
            .collect();
        let mut page = SearchPage::default();
        for some in keys.chunks(READ_AT_ONCE) {
            self.look_into(some, needles, &mut page).await?;
        }
        page.next = if behind == START {
            let next = primaries.iter().find(|known| known.as_str() > name);
            next.map(|name| format!("{name} {START}"))
        } else {
            Some(format!("{name} {behind}"))
        };
        Ok(page)
    }

    async fn look_into(
        &self,
        keys: &[String],
        needles: &Needles,
        page: &mut SearchPage,
    ) -> Result<(), Error> {
        let mut asked = Vec::with_capacity(keys.len());
        for key in keys {
            let mut command = redis::cmd("TYPE");
            command.arg(key);
            asked.push(command);
        }
        let mut kinds = Vec::with_capacity(keys.len());
        for answer in self.net.each(asked).await {
            kinds.push(Kind::of(&read::<String>(reading(answer)?, "TYPE")?));
        }
        let known: Vec<(&String, Kind)> = keys
            .iter()
            .zip(kinds)
            .filter(|(_, kind)| *kind != Kind::Nothing)
            .collect();
        let firsts = known.iter().map(|(key, kind)| kind.command(key, START));
        let answers = self.net.each(firsts.collect()).await;
        for ((key, kind), answer) in known.into_iter().zip(answers) {
            page.keys += 1;
            let mut look = Look::at(self, key, needles);
            let mut part = kind.part(reading(answer)?, key, 0)?;
            loop {
                look.takes(&part.rows, page);
                let Some(cursor) = part.next.take() else { break };
                let answer = self.net.command(kind.command(key, &cursor)).await;
                let read_so_far = cursor.parse().unwrap_or(0);
                part = kind.part(reading(answer)?, key, read_so_far)?;
            }
            look.ends(page);
        }
        Ok(())
    }
}

impl Kind {
    fn of(word: &str) -> Self {
        match word {
            "string" => Self::Text,
            "hash" => Self::Hash,
            "set" => Self::Set,
            "zset" => Self::Sorted,
            "list" => Self::List,
            _ => Self::Nothing,
        }
    }

    fn command(self, key: &str, cursor: &str) -> Cmd {
        let name = match self {
            Self::Text | Self::Nothing => "GET",
            Self::Hash => "HSCAN",
            Self::Set => "SSCAN",
            Self::Sorted => "ZSCAN",
            Self::List => "LRANGE",
        };
        let mut command = redis::cmd(name);
        command.arg(key);
        match self {
            Self::Text | Self::Nothing => {}
            Self::Hash => {
                command.arg(cursor).arg("COUNT").arg(FIELDS_AT_ONCE);
            }
            Self::Set | Self::Sorted => {
                command.arg(cursor).arg("COUNT").arg(MEMBERS_AT_ONCE);
            }
            Self::List => {
                let from: usize = cursor.parse().unwrap_or(0);
                command.arg(from).arg(from + ENTRIES_AT_ONCE - 1);
            }
        }
        command
    }

    /// Reads an answer; `from` is where a list was read from.
    fn part(self, answer: Value, key: &str, from: usize) -> Result<Part, Error> {
        let alone = |value: Vec<u8>| (Vec::new(), value);
        let (next, rows) = match self {
            Self::Text | Self::Nothing => {
                let text: Option<Vec<u8>> = read(answer, key)?;
                (None, text.into_iter().map(alone).collect())
            }
            Self::List => {
                let entries: Vec<Vec<u8>> = read(answer, key)?;
                let goes_on = entries.len() >= ENTRIES_AT_ONCE;
                let next = goes_on.then(|| (from + ENTRIES_AT_ONCE).to_string());
                (next, entries.into_iter().map(alone).collect())
            }
            Self::Set => {
                let (next, members): (String, Vec<Vec<u8>>) = read(answer, key)?;
                let member = |member: Vec<u8>| (member, Vec::new());
                (Some(next), members.into_iter().map(member).collect())
            }
            Self::Hash | Self::Sorted => {
                let (next, flat): (String, Vec<Vec<u8>>) = read(answer, key)?;
                (Some(next), pairs(flat))
            }
        };
        Ok(Part {
            rows,
            next: next.filter(|next| next != START),
        })
    }
}

fn pairs(flat: Vec<Vec<u8>>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut flat = flat.into_iter();
    let mut pairs = Vec::new();
    while let (Some(member), Some(value)) = (flat.next(), flat.next()) {
        pairs.push((member, value));
    }
    pairs
}

/// A look at one key.
struct Look<'a> {
    inner: &'a Inner,
    key: &'a str,
    needles: &'a Needles,
    /// What stands in the key and, where it is one thing, in all of it.
    standing: BTreeSet<usize>,
    is_shared: bool,
    /// True once a conversation's state was seen.
    has_state: bool,
    /// Of a text: what it says, as far as a place needs it.
    value: Vec<u8>,
}

impl<'a> Look<'a> {
    fn at(inner: &'a Inner, key: &'a str, needles: &'a Needles) -> Self {
        let mut standing = BTreeSet::new();
        needles.find(key.as_bytes(), &mut standing);
        Self {
            inner,
            key,
            needles,
            standing,
            is_shared: is_shared(&inner.keys, key),
            has_state: false,
            value: Vec::new(),
        }
    }

    fn takes(&mut self, rows: &[(Vec<u8>, Vec<u8>)], page: &mut SearchPage) {
        for (member, value) in rows {
            if self.is_shared {
                self.takes_member(member, value, page);
                continue;
            }
            self.has_state |= member.as_slice() == b"s";
            self.needles.find(member, &mut self.standing);
            self.needles.find(value, &mut self.standing);
            if self.value.is_empty() {
                self.value.extend(value.iter().take(100));
            }
        }
    }

    fn takes_member(&self, member: &[u8], value: &[u8], page: &mut SearchPage) {
        let mut standing = self.standing.clone();
        self.needles.find(member, &mut standing);
        self.needles.find(value, &mut standing);
        if !standing.is_empty() {
            let member = String::from_utf8_lossy(member);
            page.found.push(Found {
                place: place(&self.inner.keys, self.key, &member, value),
                needles: standing,
            });
        }
    }

    fn ends(self, page: &mut SearchPage) {
        if self.is_shared || self.standing.is_empty() {
            return;
        }
        let mut found = place(&self.inner.keys, self.key, "", &self.value);
        if is_conversation(&self.inner.keys, self.key) && !self.has_state {
            found.family = Family::Tombstone;
        }
        page.found.push(Found {
            place: found,
            needles: self.standing,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_to_its_end_and_a_scan_until_it_says_so() {
        let text = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        let entries = |count: usize| Value::Array(vec![text("entry"); count]);
        let next = |kind: Kind, answer: Value, from: usize| kind.part(answer, "key", from).unwrap().next;
        let full = entries(ENTRIES_AT_ONCE);
        assert_eq!(next(Kind::List, full, 20).as_deref(), Some("40"));
        assert_eq!(next(Kind::List, entries(3), 20), None);
        let scanned = |cursor: &str| Value::Array(vec![text(cursor), entries(2)]);
        assert_eq!(next(Kind::Hash, scanned("7"), 0).as_deref(), Some("7"));
        assert_eq!(next(Kind::Set, scanned("0"), 0), None);
        assert_eq!(next(Kind::Text, Value::Nil, 0), None);
    }

    #[test]
    fn members_stand_beside_their_values() {
        let flat = ["a", "1", "b", "2"].map(|text| text.as_bytes().to_vec());
        let read = pairs(flat.to_vec());
        assert_eq!(
            read,
            [(b"a".to_vec(), b"1".to_vec()), (b"b".to_vec(), b"2".to_vec())]
        );
    }
}
