//! Asks about dead letters.

use proptest::prelude::*;
use sacola::store::{DeadLetter, LetterFilter, UnixMs};

use super::asks::Answer;
use super::known::{HOMES, Known, MERCHANTS, home_of, merchant_of};
use super::stores::Side;

const IDS: usize = 6;
const REASONS: usize = 3;

/// More pages than there can be.
const PAGES: usize = IDS + 2;

#[derive(Clone, Debug)]
pub enum LetterAsk {
    Read {
        id: usize,
    },
    Groups {
        merchant: Option<usize>,
    },
    /// All letters that fit, page by page.
    Walk {
        merchant: Option<usize>,
        reason: Option<usize>,
        limit: usize,
    },
    Park {
        letter: Letter,
        bound: usize,
    },
    Remove {
        id: usize,
    },
}

/// A dead letter to be.
#[derive(Clone, Debug)]
pub struct Letter {
    id: usize,
    reason: usize,
    merchant: Option<usize>,
    home: Option<usize>,
    /// How long ago it was parked first: a letter that is parked again keeps its place.
    age_ms: i64,
}

impl Letter {
    /// The letter, as it is at that time.
    pub fn at(&self, now_ms: UnixMs) -> DeadLetter {
        DeadLetter {
            id: id_of(self.id),
            reason: reason_of(self.reason),
            detail: "d".to_owned(),
            merchant: self.merchant.map(merchant_of),
            home: self.home.map(home_of),
            at_ms: now_ms - self.age_ms,
            source: "webhook".to_owned(),
            body: format!("{{\"é\":{now_ms}}}"),
        }
    }
}

fn id_of(n: usize) -> String {
    format!("letter {n}")
}

fn reason_of(n: usize) -> String {
    ["unknown_number", "panic", "exhausted"][n % REASONS].to_owned()
}

pub fn letters() -> impl Strategy<Value = Letter> {
    let parts = (
        0..IDS,
        0..REASONS,
        prop::option::of(0..MERCHANTS),
        prop::option::of(0..HOMES),
        prop_oneof![2 => Just(0_i64), 1 => prop::sample::select(vec![1_i64, 1_000, 3_600_000])],
    );
    parts.prop_map(|(id, reason, merchant, home, age_ms)| Letter {
        id,
        reason,
        merchant,
        home,
        age_ms,
    })
}

pub fn asks() -> impl Strategy<Value = LetterAsk> {
    let merchant = || prop::option::of(0..MERCHANTS);
    let reason = prop::option::of(0..REASONS);
    prop_oneof![
        1 => (0..IDS).prop_map(|id| LetterAsk::Read { id }),
        2 => merchant().prop_map(|merchant| LetterAsk::Groups { merchant }),
        2 => (merchant(), reason, 1..4_usize)
            .prop_map(|(merchant, reason, limit)| LetterAsk::Walk { merchant, reason, limit }),
        6 => (letters(), 1..4_usize).prop_map(|(letter, bound)| LetterAsk::Park { letter, bound }),
        1 => (0..IDS).prop_map(|id| LetterAsk::Remove { id }),
    ]
}

pub async fn answer(side: &Side, known: &Known, ask: &LetterAsk) -> Answer {
    let store = &side.store;
    match ask {
        LetterAsk::Read { id } => Answer::of(&store.dead_letter(&id_of(*id)).await),
        LetterAsk::Groups { merchant } => {
            let merchant = merchant.map(merchant_of);
            Answer::of(&store.dead_letter_groups(merchant.as_ref()).await)
        }
        LetterAsk::Walk {
            merchant,
            reason,
            limit,
        } => {
            let filter = LetterFilter {
                merchant: merchant.map(merchant_of),
                reason: reason.map(reason_of),
            };
            walk(side, &filter, *limit).await
        }
        LetterAsk::Park { letter, bound } => Answer::of(&store.park(&letter.at(known.now_ms), *bound).await),
        LetterAsk::Remove { id } => Answer::of(&store.remove_dead_letter(&id_of(*id)).await),
    }
}

async fn walk(side: &Side, filter: &LetterFilter, limit: usize) -> Answer {
    let mut answer = Answer::default();
    let mut after: Option<String> = None;
    for _ in 0..PAGES {
        let page = side.store.dead_letters(filter, after.as_deref(), limit).await;
        answer.lines.push(format!("{page:?}"));
        after = page.ok().and_then(|mut page| page.pop()).map(|letter| letter.id);
        if after.is_none() {
            break;
        }
    }
    answer
}
