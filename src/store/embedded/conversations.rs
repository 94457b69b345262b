//! Conversations in the file: load and commit, with everything that one commit touches. It refuses to know what is
//! inside a state.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use redb::ReadableTable;
use serde::{Deserialize, Serialize};

use super::expiry::Reach;
use super::keys;
use super::lane::Next;
use super::lanes::{Opened, Tokens};
use super::letters;
use super::table::{Snapshot, View, Writing};
use crate::domain::ids::{HomeId, Shard};
use crate::store::{
    Commit, CommitOutcome, DoneMark, Error, FactVersion, Head, Interest, Item, LaneId, LaneKind, LaneTimes,
    LoadRequest, Loaded, StoredConversation, UnixMs,
};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Marks are kept this long behind the later of their event's day and the day they were made.
const MARKS_KEPT_DAYS: i64 = 9;

/// So many entries of a journal are kept.
const JOURNAL_LENGTH: u64 = 300;

/// A conversation as it is stored.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Conversation {
    revision: u64,
    /// End of the service window.
    pub(super) window_open_until_ms: UnixMs,
    state: String,
}

/// What is left of an erased conversation.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Tombstone {
    /// The revision to go on from.
    pub(super) revision: u64,
    /// When it was erased.
    pub(super) at_ms: UnixMs,
}

/// The revision that a change of this conversation must rest on.
pub(super) fn revision_of<T>(view: &View<T>, home: &HomeId, now_ms: UnixMs) -> Result<u64, Error>
where
    T: ReadableTable<&'static str, &'static [u8]>,
{
    let stored: Option<Conversation> = view.get(&keys::conversation(home))?;
    if let Some(found) = stored {
        return Ok(found.revision);
    }
    let tombstone: Option<Tombstone> = view.get_alive(&keys::tombstone(home), now_ms)?;
    Ok(tombstone.map_or(0, |left| left.revision))
}

/// Answers one request.
pub(super) fn load(view: &Snapshot, request: &LoadRequest, now_ms: UnixMs) -> Result<Loaded, Error> {
    let mut loaded = Loaded::default();
    for home in &request.homes {
        loaded
            .conversations
            .push(load_one(view, home, &request.marks, now_ms)?);
    }
    for alias in &request.aliases {
        loaded.aliases.push(view.get(&keys::alias(alias))?);
    }
    Ok(loaded)
}

fn load_one(
    view: &Snapshot,
    home: &HomeId,
    marks: &[DoneMark],
    now_ms: UnixMs,
) -> Result<StoredConversation, Error> {
    let stored: Option<Conversation> = view.get(&keys::conversation(home))?;
    let mut done = Vec::new();
    for mark in marks {
        if view.has(&keys::mark(home, *mark))? {
            done.push(*mark);
        }
    }
    if let Some(found) = stored {
        return Ok(StoredConversation {
            revision: found.revision,
            state: Some(found.state),
            done,
            erased_at_ms: None,
        });
    }
    let tombstone: Option<Tombstone> = view.get_alive(&keys::tombstone(home), now_ms)?;
    Ok(StoredConversation {
        revision: tombstone.as_ref().map_or(0, |left| left.revision),
        state: None,
        done,
        erased_at_ms: tombstone.map(|left| left.at_ms),
    })
}

/// Writes an alias unless there is one; returns where it leads.
pub(super) fn put_alias(view: &mut Writing<'_>, alias: &HomeId, home: &HomeId) -> Result<HomeId, Error> {
    let key = keys::alias(alias);
    if let Some(first) = view.get(&key)? {
        return Ok(first);
    }
    view.put(&key, home)?;
    Ok(home.clone())
}

/// The journal, oldest first; empty once it has ended.
pub(super) fn journal(view: &Snapshot, home: &HomeId, now_ms: UnixMs) -> Result<Vec<String>, Error> {
    let prefix = keys::journal(home);
    match view.edge(&prefix, true, now_ms)? {
        // Entries end together, with the last one.
        Some((_, false)) => Ok(view
            .list_alive(&prefix, 0, usize::MAX)?
            .into_iter()
            .map(|(_, entry)| entry)
            .collect()),
        Some((_, true)) | None => Ok(Vec::new()),
    }
}

/// Conversations that hold a product.
pub(super) fn interested(
    view: &Snapshot,
    shard: Shard,
    interest: &Interest,
    after: Option<&HomeId>,
    limit: usize,
) -> Result<Vec<HomeId>, Error> {
    let members = view.list::<()>(&keys::interest(shard, interest), after.map(HomeId::as_str), limit)?;
    Ok(members.into_iter().map(|(home, ())| HomeId::new(home)).collect())
}

/// Commits one change: all objections come before the first write.
pub(super) fn commit(
    view: &mut Writing<'_>,
    commit: Commit,
    times: LaneTimes,
    tokens: &Tokens,
    journal_days: u32,
) -> Result<CommitOutcome, Error> {
    if let Some(objection) = objection(view, &commit, times.now_ms)? {
        return Ok(objection);
    }
    let mut lanes = lanes_of(view, &commit.home, &commit.items, times.now_ms)?;
    let last_entry = view.edge(&keys::journal(&commit.home), true, times.now_ms)?;

    let conversation = Conversation {
        revision: commit.revision,
        window_open_until_ms: commit.window_open_until_ms,
        state: commit.state,
    };
    view.put(&keys::conversation(&commit.home), &conversation)?;
    let tombstone = keys::tombstone(&commit.home);
    if view.has(&tombstone)? {
        view.remove(&tombstone)?;
    }
    write_marks(view, &commit.home, &commit.marks, times.now_ms)?;
    let shard = commit.home.shard();
    for interest in &commit.interest_added {
        view.put(
            &format!("{}{}", keys::interest(shard, interest), commit.home),
            &(),
        )?;
    }
    for interest in &commit.interest_removed {
        view.remove(&format!("{}{}", keys::interest(shard, interest), commit.home))?;
    }
    for (id, encoded) in &commit.purchases {
        view.put(&keys::purchase(id), encoded)?;
    }
    let until_ms = journal_ends_ms(times.now_ms, journal_days);
    append_journal(view, &commit.home, &commit.journal, last_entry, until_ms)?;
    for letter in &commit.dead_letters {
        letters::put(view, letter)?;
    }
    let (heads, wake) = append_items(view, &mut lanes, commit.items, times, tokens)?;
    Ok(CommitOutcome::Committed { heads, wake })
}

fn objection<T>(view: &View<T>, commit: &Commit, now_ms: UnixMs) -> Result<Option<CommitOutcome>, Error>
where
    T: ReadableTable<&'static str, &'static [u8]>,
{
    if revision_of(view, &commit.home, now_ms)? != commit.expected_revision {
        return Ok(Some(CommitOutcome::Conflict));
    }
    for mark in &commit.marks {
        if view.has(&keys::mark(&commit.home, *mark))? {
            return Ok(Some(CommitOutcome::Duplicate));
        }
    }
    let mut stale: Vec<FactVersion> = Vec::new();
    for fact in &commit.facts {
        let marker: Option<u64> = view.get(&keys::marker(&fact.merchant, &fact.retailer_id))?;
        if marker.is_some_and(|at_least| fact.version < at_least) {
            stale.push(fact.clone());
        }
    }
    Ok((!stale.is_empty()).then_some(CommitOutcome::StaleFacts(stale)))
}

fn lanes_of(
    view: &Writing<'_>,
    home: &HomeId,
    items: &[(LaneKind, Item)],
    now_ms: UnixMs,
) -> Result<BTreeMap<LaneKind, Opened>, Error> {
    let mut lanes = BTreeMap::new();
    for (kind, _) in items {
        if let Entry::Vacant(place) = lanes.entry(*kind) {
            place.insert(Opened::read(
                view,
                LaneId {
                    home: home.clone(),
                    kind: *kind,
                },
                now_ms,
            )?);
        }
    }
    Ok(lanes)
}

type HeadsAndWake = (Vec<Head>, Vec<(LaneId, UnixMs)>);

fn append_items(
    view: &mut Writing<'_>,
    lanes: &mut BTreeMap<LaneKind, Opened>,
    items: Vec<(LaneKind, Item)>,
    times: LaneTimes,
    tokens: &Tokens,
) -> Result<HeadsAndWake, Error> {
    for (kind, item) in items {
        if let Some(opened) = lanes.get_mut(&kind) {
            opened.state.append(item, times.now_ms);
        }
    }
    let (mut heads, mut wake) = (Vec::new(), Vec::new());
    for opened in lanes.values_mut() {
        if opened.state.held_until(times.now_ms).is_none() {
            match opened.claim(times, &tokens.next()) {
                Next::Serve(head) => heads.push(*head),
                Next::Wait(at_ms) => wake.push((opened.lane().clone(), at_ms)),
                Next::Empty => {}
            }
        }
        opened.save(view)?;
    }
    Ok((heads, wake))
}

fn write_marks(
    view: &mut Writing<'_>,
    home: &HomeId,
    marks: &[DoneMark],
    now_ms: UnixMs,
) -> Result<(), Error> {
    for mark in marks {
        let last_day = mark
            .day
            .max(now_ms.div_euclid(DAY_MS))
            .saturating_add(MARKS_KEPT_DAYS);
        let until_ms = last_day.saturating_add(1).saturating_mul(DAY_MS);
        view.put_unreminded(&keys::mark(home, *mark), &(), until_ms)?;
        view.remind(&keys::seen(home, mark.day), until_ms, Reach::Each)?;
    }
    Ok(())
}

/// When a journal ends whose last entry is of now.
fn journal_ends_ms(now_ms: UnixMs, journal_days: u32) -> UnixMs {
    let last_day = now_ms.div_euclid(DAY_MS).saturating_add(i64::from(journal_days));
    last_day.saturating_add(1).saturating_mul(DAY_MS)
}

/// `last_entry`: the number of the entry that is the last so far, and whether the journal had ended with it.
fn append_journal(
    view: &mut Writing<'_>,
    home: &HomeId,
    entries: &[String],
    last_entry: Option<(String, bool)>,
    until_ms: UnixMs,
) -> Result<(), Error> {
    if entries.is_empty() {
        return Ok(());
    }
    let prefix = keys::journal(home);
    let mut next: u64 = 0;
    if let Some((number, has_ended)) = last_entry {
        next = number.parse::<u64>().map_or(0, |last| last.saturating_add(1));
        if has_ended {
            view.clear(&prefix)?;
        }
    }
    for entry in entries {
        view.put_unreminded(&format!("{prefix}{next:020}"), entry, until_ms)?;
        next = next.saturating_add(1);
    }
    view.remind(&prefix, until_ms, Reach::All)?;
    trim_journal(view, &prefix, next.saturating_sub(JOURNAL_LENGTH))
}

/// Removes the entries before number `keep_from`.
fn trim_journal(view: &mut Writing<'_>, prefix: &str, keep_from: u64) -> Result<(), Error> {
    while let Some((number, _)) = view.edge(prefix, false, 0)? {
        if number.parse::<u64>().is_ok_and(|entry| entry >= keep_from) {
            break;
        }
        view.remove(&format!("{prefix}{number}"))?;
    }
    Ok(())
}
