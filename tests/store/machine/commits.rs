//! Commits, one by one and several at the same moment, with all that a commit may carry; some rest on a revision that is not
//! the present one, on an event that is done, or on a stale fact.

use futures::future::join_all;
use proptest::prelude::*;
use sacola::domain::ids::{EffectId, HomeId};
use sacola::store::{Class, Commit, CommitOutcome, DoneMark, Error, FactVersion, Head, Item, LaneKind};

use super::asks::{Answer, without_token};
use super::known::{HOMES, Known, PRODUCTS, PURCHASES, home_of, interest_of, kinds, products, purchase_of};
use super::letters::{Letter, letters};
use super::stores::Side;
use crate::store::harness::{TODAY, at, change};

/// How many events there are, of today and of yesterday each.
pub const EVENTS: u64 = 24;

/// More entries than half a journal holds.
const MANY_ENTRIES: usize = 160;

/// A commit to be.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The home of the first of those that are made at the same moment; the others follow it.
    home: usize,
    basis: Basis,
    marks: Vec<(u64, Day)>,
    facts: Vec<((usize, usize), u64)>,
    pieces: Vec<Piece>,
    added: Vec<(usize, usize)>,
    removed: Vec<(usize, usize)>,
    purchase: Option<usize>,
    entries: usize,
    letter: Option<Letter>,
    window_ms: i64,
    /// Made twice at the same moment, as when a webhook comes to two gateways.
    is_twice: bool,
}

/// Which revision a commit rests on.
#[derive(Clone, Copy, Debug)]
enum Basis {
    Present,
    Past,
    Future,
}

/// When an event happened.
#[derive(Clone, Copy, Debug)]
pub enum Day {
    Today,
    Yesterday,
}

/// An item to be.
#[derive(Clone, Debug)]
struct Piece {
    kind: LaneKind,
    class: Class,
    supersedes: Option<usize>,
    may_pass: bool,
}

impl Draft {
    /// True when a lane may hold something after it.
    pub fn has_items(&self) -> bool {
        !self.pieces.is_empty()
    }
}

/// One commit, or several of different conversations.
pub fn asks() -> impl Strategy<Value = Vec<Draft>> {
    prop_oneof![
        5 => prop::collection::vec(drafts(), 1),
        1 => prop::collection::vec(drafts(), 2..=HOMES),
    ]
}

fn drafts() -> impl Strategy<Value = Draft> {
    let basis = prop_oneof![8 => Just(Basis::Present), 1 => Just(Basis::Past), 1 => Just(Basis::Future)];
    let day = prop_oneof![3 => Just(Day::Today), 1 => Just(Day::Yesterday)];
    let facts = prop_oneof![
        2 => Just(Vec::<((usize, usize), u64)>::new()),
        1 => prop::collection::vec((products(), 0..4_u64), 1..3),
    ];
    let entries = prop_oneof![6 => 0..3_usize, 1 => Just(MANY_ENTRIES)];
    let parts = (
        (0..HOMES, basis),
        prop::collection::vec((0..EVENTS, day), 0..3),
        facts,
        prop::collection::vec(pieces(), 0..4),
        prop::collection::vec(products(), 0..3),
        prop::collection::vec(products(), 0..2),
        prop::option::of(0..PURCHASES),
        entries,
        prop::option::weighted(0.15, letters()),
        (0..3_i64, prop::bool::weighted(0.15)),
    );
    parts.prop_map(
        |(
            (home, basis),
            marks,
            facts,
            pieces,
            added,
            removed,
            purchase,
            entries,
            letter,
            (window_ms, is_twice),
        )| Draft {
            home,
            basis,
            marks,
            facts,
            pieces,
            added,
            removed,
            purchase,
            entries,
            letter,
            window_ms,
            is_twice,
        },
    )
}

fn pieces() -> impl Strategy<Value = Piece> {
    let class = prop_oneof![2 => Just(Class::Reply), 1 => Just(Class::Bulk)];
    let supersedes = prop::option::of(0..PRODUCTS);
    (kinds(), class, supersedes, any::<bool>()).prop_map(|(kind, class, supersedes, may_pass)| Piece {
        kind,
        class,
        supersedes,
        may_pass,
    })
}

/// The mark of an event.
pub fn mark_of(hash: u64, day: Day) -> DoneMark {
    let day = match day {
        Day::Today => TODAY,
        Day::Yesterday => TODAY - 1,
    };
    DoneMark { hash, day }
}

fn item_of(piece: &Piece, home: &HomeId, revision: u64, index: usize) -> (LaneKind, Item) {
    let item = Item {
        effect_id: EffectId::of(home, revision, index),
        revision,
        class: piece.class,
        supersedes: piece.supersedes.map(|n| ["cart", "menu", ""][n % 3].to_owned()),
        may_pass: piece.may_pass,
        body: format!("{{\"n\":{index},\"é\":\"{revision}\"}}"),
    };
    (piece.kind, item)
}

fn commit_of(draft: &Draft, home: &HomeId, known: &Known) -> Commit {
    let present = known.revision(home);
    let expected = match draft.basis {
        Basis::Present => present,
        Basis::Past => present.saturating_sub(1),
        Basis::Future => present + 1,
    };
    let revision = expected + 1;
    let fact = |((merchant, product), version): &((usize, usize), u64)| {
        let of = interest_of((*merchant, *product));
        FactVersion {
            merchant: of.merchant,
            retailer_id: of.retailer_id,
            version: *version,
        }
    };
    let pieces = draft.pieces.iter().enumerate();
    let purchase = draft
        .purchase
        .map(|n| (purchase_of(home, n), format!("{home} {revision}")));
    let letter = draft.letter.as_ref().map(|letter| letter.at(known.now_ms));
    Commit {
        window_open_until_ms: known.now_ms + draft.window_ms,
        marks: draft
            .marks
            .iter()
            .map(|(hash, day)| mark_of(*hash, *day))
            .collect(),
        facts: draft.facts.iter().map(fact).collect(),
        items: pieces
            .map(|(index, piece)| item_of(piece, home, revision, index))
            .collect(),
        interest_added: draft.added.iter().map(|of| interest_of(*of)).collect(),
        interest_removed: draft.removed.iter().map(|of| interest_of(*of)).collect(),
        purchases: purchase.into_iter().collect(),
        journal: (0..draft.entries).map(|n| format!("{revision}.{n}")).collect(),
        dead_letters: letter.into_iter().collect(),
        ..change(home, expected)
    }
}

/// Each of another conversation. Of several only the first brings a letter and a purchase: which of two with one id comes last
/// is not promised.
fn commits_of(drafts: &[Draft], known: &Known) -> Vec<Commit> {
    let first = drafts.first().map_or(0, |draft| draft.home);
    let mut commits = Vec::with_capacity(drafts.len());
    for (n, draft) in drafts.iter().enumerate() {
        let mut commit = commit_of(draft, &home_of(first + n), known);
        if n > 0 {
            commit.dead_letters.clear();
            commit.purchases.clear();
        }
        commits.push(commit);
    }
    commits
}

pub async fn answer(side: &Side, known: &Known, drafts: &[Draft]) -> Answer {
    let commits = commits_of(drafts, known);
    let times = at(known.now_ms);
    let mut calls = Vec::new();
    for (place, (commit, draft)) in commits.iter().zip(drafts).enumerate() {
        let times_made = if draft.is_twice { 2 } else { 1 };
        for _ in 0..times_made {
            let call = side.store.commit(commit.clone(), times);
            calls.push(async move { (place, call.await) });
        }
    }
    let mut answer = Answer::default();
    // Which of two equal ones comes first is not promised: their outcomes are compared in the order of their texts.
    let mut lines: Vec<Vec<String>> = vec![Vec::new(); commits.len()];
    for (place, outcome) in join_all(calls).await {
        lines[place].push(told(&mut answer, &commits[place], outcome));
    }
    for of_one in &mut lines {
        of_one.sort();
    }
    answer.lines = lines.concat();
    answer
}

/// What became of a commit, with lanes in their order: a commit promises none.
fn told(answer: &mut Answer, commit: &Commit, outcome: Result<CommitOutcome, Error>) -> String {
    match outcome {
        Ok(CommitOutcome::Committed { mut heads, mut wake }) => {
            heads.sort_by_key(|head| head.lane.kind);
            wake.sort();
            let shown: Vec<Head> = heads.iter().map(without_token).collect();
            answer.given.extend(heads);
            answer.committed.push(commit.clone());
            format!("committed, {shown:?}, {wake:?}")
        }
        refused @ (Ok(CommitOutcome::Conflict | CommitOutcome::Duplicate | CommitOutcome::StaleFacts(_))
        | Err(_)) => format!("{refused:?}"),
    }
}
