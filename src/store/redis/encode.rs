//! A batch of commits as arguments of the commit script: one JSON text that describes them, and each opaque text as an
//! argument of its own, so that it passes untouched.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::store::{Commit, DeadLetter, DoneMark, Error, Item, LaneId, LaneKind, LaneTimes};

use super::Inner;
use super::error::corrupt;
use super::keys::{LaneKeys, LetterKeys, marker_field};
use super::letters::index_entry;
use super::served::{class_letter, exact, supersede_text};

/// Seconds of a day.
const DAY_S: u32 = 24 * 60 * 60;

#[derive(Serialize)]
struct Batch {
    commits: Vec<One>,
    letters: LetterKeys,
    #[serde(skip_serializing_if = "Option::is_none")]
    beat: Option<String>,
}

#[derive(Serialize)]
struct One {
    conv: String,
    due: String,
    pv: String,
    home: String,
    expected: u64,
    revision: u64,
    state: usize,
    window: i64,
    now: i64,
    seen: Vec<Seen>,
    facts: Vec<Fact>,
    interest_add: Vec<String>,
    interest_remove: Vec<String>,
    purchases: Vec<Purchase>,
    journal_key: String,
    journal_s: u32,
    journal: Vec<usize>,
    letters: Vec<Letter>,
    lanes: Vec<Lane>,
}

#[derive(Serialize)]
struct Seen {
    key: String,
    marks: Vec<String>,
}

#[derive(Serialize)]
struct Fact {
    field: String,
    version: u64,
}

#[derive(Serialize)]
struct Purchase {
    key: String,
    body: usize,
}

#[derive(Serialize)]
struct Letter {
    entry: usize,
    body: usize,
}

#[derive(Serialize)]
struct Lane {
    #[serde(flatten)]
    keys: LaneKeys,
    token: String,
    lease: i64,
    hold: i64,
    items: Vec<LaneItem>,
}

#[derive(Serialize)]
struct LaneItem {
    id: String,
    rev: u64,
    class: char,
    may_pass: bool,
    sup: String,
    body: usize,
}

/// The arguments of one script call: the description first, the texts after it.
struct Texts(Vec<String>);

impl Texts {
    /// Adds a text and returns its place in Lua's ARGV.
    fn add(&mut self, text: &str) -> usize {
        self.0.push(text.to_owned());
        self.0.len()
    }
}

/// How a mark is written in its set.
pub(super) fn mark_text(mark: DoneMark) -> String {
    format!("{:016x}", mark.hash)
}

/// The lanes that a commit appends to, in the order in which the script answers for them.
pub(super) fn lanes_of(commit: &Commit) -> Vec<LaneId> {
    [LaneKind::Provider, LaneKind::Merchant]
        .into_iter()
        .filter(|kind| commit.items.iter().any(|(of, _)| of == kind))
        .map(|kind| LaneId {
            home: commit.home.clone(),
            kind,
        })
        .collect()
}

/// The keys that a batch declares; the first decides the slot. On a cluster they are all that it may write: a slot that is on its
/// way to another server, some of its keys ahead of it, then refuses the call before anything is run. Without that a commit
/// would break off in the midst of its writes.
pub(super) fn declared(inner: &Inner, batch: &[(&Commit, LaneTimes)]) -> Vec<String> {
    let Some((first, _)) = batch.first() else {
        return Vec::new();
    };
    let shard = first.home.shard();
    let mut all = vec![inner.keys.due(shard)];
    if inner.net.is_cluster() {
        if inner.wait_replicas > 0 {
            all.push(inner.keys.beat(shard));
        }
        for (commit, _) in batch {
            all.extend(touched(inner, commit));
        }
    }
    all
}

fn touched(inner: &Inner, commit: &Commit) -> Vec<String> {
    let (keys, home, shard) = (&inner.keys, &commit.home, commit.home.shard());
    let mut all = vec![keys.conversation(home)];
    all.extend(commit.marks.iter().map(|mark| keys.seen(home, mark.day)));
    if !commit.facts.is_empty() {
        all.push(keys.markers(shard));
    }
    let interest = commit.interest_added.iter().chain(&commit.interest_removed);
    all.extend(interest.map(|of| keys.interest(shard, of)));
    all.extend(commit.purchases.iter().map(|(id, _)| keys.purchase(id)));
    if !commit.journal.is_empty() {
        all.push(keys.journal(home));
    }
    all.extend(lanes_of(commit).iter().map(|lane| keys.lane(lane).l));
    all
}

/// The arguments for a batch. On a cluster its dead letters are written elsewhere and left out here.
pub(super) fn arguments(inner: &Inner, batch: &[(&Commit, LaneTimes)]) -> Result<Vec<String>, Error> {
    let mut texts = Texts(vec![String::new()]);
    let mut commits = Vec::with_capacity(batch.len());
    for (commit, times) in batch {
        commits.push(one(inner, commit, *times, &mut texts)?);
    }
    let waits = inner.wait_replicas > 0;
    let first = batch.first().filter(|_| waits);
    let beat = first.map(|(commit, _)| inner.keys.beat(commit.home.shard()));
    let described = serde_json::to_string(&Batch {
        commits,
        letters: inner.keys.letters(),
        beat,
    });
    let description = described.map_err(|problem| corrupt("a commit", problem))?;
    if let Some(place) = texts.0.first_mut() {
        *place = description;
    }
    Ok(texts.0)
}

fn one(inner: &Inner, commit: &Commit, times: LaneTimes, texts: &mut Texts) -> Result<One, Error> {
    let (keys, home, shard) = (&inner.keys, &commit.home, commit.home.shard());
    let facts = commit.facts.iter().map(|fact| Fact {
        field: marker_field(&fact.merchant, &fact.retailer_id),
        version: fact.version,
    });
    let purchases = commit.purchases.iter().map(|(id, encoded)| Purchase {
        key: keys.purchase(id),
        body: texts.add(encoded),
    });
    let purchases = purchases.collect();
    let mut letters = Vec::new();
    if !inner.net.is_cluster() {
        for letter in &commit.dead_letters {
            letters.push(dead_letter(letter, texts)?);
        }
    }
    Ok(One {
        conv: keys.conversation(home),
        due: keys.due(shard),
        pv: keys.markers(shard),
        home: home.to_string(),
        expected: commit.expected_revision,
        revision: commit.revision,
        state: texts.add(&commit.state),
        window: exact(commit.window_open_until_ms),
        now: exact(times.now_ms),
        seen: seen(inner, commit),
        facts: facts.collect(),
        interest_add: commit
            .interest_added
            .iter()
            .map(|of| keys.interest(shard, of))
            .collect(),
        interest_remove: commit
            .interest_removed
            .iter()
            .map(|of| keys.interest(shard, of))
            .collect(),
        purchases,
        journal_key: keys.journal(home),
        journal_s: inner.retention.journal_days.saturating_mul(DAY_S),
        journal: commit.journal.iter().map(|entry| texts.add(entry)).collect(),
        letters,
        lanes: lanes_of(commit)
            .into_iter()
            .map(|id| lane(inner, commit, &id, times, texts))
            .collect(),
    })
}

fn seen(inner: &Inner, commit: &Commit) -> Vec<Seen> {
    let mut by_day: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for mark in &commit.marks {
        by_day.entry(mark.day).or_default().push(mark_text(*mark));
    }
    by_day
        .into_iter()
        .map(|(day, marks)| Seen {
            key: inner.keys.seen(&commit.home, day),
            marks,
        })
        .collect()
}

fn dead_letter(letter: &DeadLetter, texts: &mut Texts) -> Result<Letter, Error> {
    let (entry, body) = index_entry(letter)?;
    Ok(Letter {
        entry: texts.add(&entry),
        body: texts.add(&body),
    })
}

fn lane(inner: &Inner, commit: &Commit, id: &LaneId, times: LaneTimes, texts: &mut Texts) -> Lane {
    let items = commit.items.iter().filter(|(kind, _)| *kind == id.kind);
    Lane {
        keys: inner.keys.lane(id),
        token: inner.tokens.fresh(),
        lease: times.lease_ms,
        hold: times.unknown_hold_ms,
        items: items.map(|(_, item)| lane_item(item, texts)).collect(),
    }
}

fn lane_item(item: &Item, texts: &mut Texts) -> LaneItem {
    LaneItem {
        id: item.effect_id.to_string(),
        rev: item.revision,
        class: class_letter(item.class),
        may_pass: item.may_pass,
        sup: supersede_text(item.supersedes.as_deref()),
        body: texts.add(&item.body),
    }
}
