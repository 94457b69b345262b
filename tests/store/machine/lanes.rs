//! Asks about lanes: claim, start, settle, release, budgets, delivery statuses, and what is due.

use futures::future::join_all;
use proptest::prelude::*;
use sacola::store::{
    Budget, ClaimOutcome, Class, DeliveryStatus, Error, Head, LaneId, LaneKind, SettleOutcome, Settlement,
    StatusOutcome, StatusTarget, Store, UnixMs,
};

use super::asks::Answer;
use super::known::{EffectPick, HOMES, HeadPick, Known, home_of, kinds};
use super::stores::Side;
use crate::store::harness::{at, lane};

/// How many message keys a conversation has.
pub const KEYS: usize = 4;

const BUDGETS: usize = 3;

/// So many of the last effects are asked for in the end.
const LAST_EFFECTS: usize = 12;

#[derive(Clone, Debug)]
pub enum LaneAsk {
    Due {
        limit: usize,
    },
    Claim {
        home: usize,
        kind: LaneKind,
    },
    /// All lanes in pages of that length, and what lies in them.
    Look {
        limit: usize,
    },
    /// What is left of all budgets.
    Left,
    Debit {
        budget: usize,
        units: u32,
    },
    StatusOf {
        effect: EffectPick,
        status: DeliveryStatus,
    },
    StatusByKey {
        home: usize,
        key: usize,
        status: DeliveryStatus,
    },
    /// Of the last effects, at the same moment.
    StatusOfAll {
        status: DeliveryStatus,
    },
    Start {
        head: HeadPick,
        class: Class,
        budgets: Vec<usize>,
    },
    Settle {
        head: HeadPick,
        how: How,
    },
    Release {
        head: HeadPick,
    },
}

/// What became of an attempt; times are milliseconds from now.
#[derive(Clone, Copy, Debug)]
pub enum How {
    Sent,
    SentAs(usize),
    NotSent,
    Retry(i64),
    Postpone(i64),
    Unknown(i64),
}

impl LaneAsk {
    /// True when it is about a head that was given before.
    pub fn needs_head(&self) -> bool {
        match self {
            Self::Start { .. } | Self::Settle { .. } | Self::Release { .. } => true,
            Self::Due { .. }
            | Self::Claim { .. }
            | Self::Look { .. }
            | Self::Left
            | Self::Debit { .. }
            | Self::StatusOf { .. }
            | Self::StatusByKey { .. }
            | Self::StatusOfAll { .. } => false,
        }
    }
}

fn statuses() -> impl Strategy<Value = DeliveryStatus> {
    use DeliveryStatus::{Delivered, Failed, Read, Sent};
    prop::sample::select(vec![Sent, Delivered, Read, Failed])
}

/// Asks that need no head.
pub fn asks() -> impl Strategy<Value = LaneAsk> {
    let effect = prop_oneof![
        3 => (0..6_usize).prop_map(EffectPick::Committed),
        3 => (0..4_usize).prop_map(EffectPick::Given),
        1 => (0..HOMES, 0..2_usize).prop_map(|(home, index)| EffectPick::ToCome(home, index)),
    ];
    let limit = || prop_oneof![Just(100_usize), 1..3_usize];
    prop_oneof![
        1 => limit().prop_map(|limit| LaneAsk::Due { limit }),
        1 => limit().prop_map(|limit| LaneAsk::Look { limit }),
        1 => Just(LaneAsk::Left),
        5 => (0..HOMES, kinds()).prop_map(|(home, kind)| LaneAsk::Claim { home, kind }),
        1 => (0..BUDGETS, 1..4_u32).prop_map(|(budget, units)| LaneAsk::Debit { budget, units }),
        3 => (effect, statuses()).prop_map(|(effect, status)| LaneAsk::StatusOf { effect, status }),
        1 => (0..HOMES, 0..KEYS, statuses())
            .prop_map(|(home, key, status)| LaneAsk::StatusByKey { home, key, status }),
    ]
}

/// Asks about a head: mostly one that is held, at times one whose lease is long lost.
pub fn asks_of_heads() -> impl Strategy<Value = LaneAsk> {
    let heads = || {
        prop_oneof![
            7 => (0..6_usize).prop_map(HeadPick::Held),
            1 => (0..10_usize).prop_map(HeadPick::Given),
        ]
    };
    let class = prop_oneof![3 => Just(Class::Reply), 1 => Just(Class::Bulk)];
    let budgets = prop_oneof![
        2 => Just(Vec::<usize>::new()),
        1 => prop::sample::subsequence((0..BUDGETS).collect::<Vec<usize>>(), 1..=BUDGETS),
    ];
    prop_oneof![
        5 => (heads(), hows()).prop_map(|(head, how)| LaneAsk::Settle { head, how }),
        5 => (heads(), class, budgets)
            .prop_map(|(head, class, budgets)| LaneAsk::Start { head, class, budgets }),
        2 => heads().prop_map(|head| LaneAsk::Release { head }),
    ]
}

fn hows() -> impl Strategy<Value = How> {
    let wait = || prop::sample::select(vec![0_i64, 1, 700, 40_000]);
    prop_oneof![
        2 => Just(How::Sent),
        2 => (0..KEYS).prop_map(How::SentAs),
        1 => Just(How::NotSent),
        2 => wait().prop_map(How::Retry),
        1 => wait().prop_map(How::Postpone),
        2 => wait().prop_map(How::Unknown),
    ]
}

fn budget_of(n: usize) -> Budget {
    let (key, interval_s, burst) =
        [("number:1", 60, 6), ("pair:1", 60, 2), ("merchant:shop", 90, 1)][n % BUDGETS];
    Budget {
        key: key.to_owned(),
        interval_us: interval_s * 1_000_000,
        burst,
    }
}

fn key_of(n: usize) -> String {
    format!("k{n}")
}

/// Only messages have keys, so that a merchant's item is settled without one.
fn settlement(how: How, kind: LaneKind, now_ms: UnixMs) -> Settlement {
    let done = |sent, message_key| Settlement::Done { sent, message_key };
    match how {
        How::Sent => done(true, None),
        How::SentAs(key) => done(true, (kind == LaneKind::Provider).then(|| key_of(key))),
        How::NotSent => done(false, None),
        How::Retry(wait_ms) => Settlement::Retry {
            due_ms: now_ms + wait_ms,
        },
        How::Postpone(wait_ms) => Settlement::Postpone {
            due_ms: now_ms + wait_ms,
        },
        How::Unknown(wait_ms) => Settlement::Unknown {
            due_ms: now_ms + wait_ms,
        },
    }
}

pub async fn answer(side: &Side, known: &Known, ask: &LaneAsk) -> Answer {
    let (store, now_ms) = (&side.store, known.now_ms);
    match ask {
        LaneAsk::Due { limit } => due(store.due_lanes(now_ms, *limit).await, *limit, known),
        LaneAsk::Claim { home, kind } => {
            claimed(store.claim(&lane(&home_of(*home), *kind), at(now_ms)).await)
        }
        LaneAsk::Look { limit } => looked(store.as_ref(), *limit, now_ms).await,
        LaneAsk::Left => {
            let all: Vec<Budget> = (0..BUDGETS).map(budget_of).collect();
            Answer::of(&store.look_at_budgets(&all, now_ms).await)
        }
        LaneAsk::Debit { budget, units } => {
            Answer::of(&store.debit(&budget_of(*budget), *units, now_ms).await)
        }
        LaneAsk::StatusOf { effect, status } => {
            let target = StatusTarget::Effect(known.effect(*effect));
            Answer::of(&store.record_status(&target, *status, now_ms).await)
        }
        LaneAsk::StatusByKey { home, key, status } => {
            let target = StatusTarget::Message {
                home: home_of(*home),
                message_key: key_of(*key),
            };
            Answer::of(&store.record_status(&target, *status, now_ms).await)
        }
        LaneAsk::StatusOfAll { status } => Answer::of(&of_all(side, known, *status).await),
        LaneAsk::Start { head, .. } | LaneAsk::Settle { head, .. } | LaneAsk::Release { head } => {
            match side.head(known, *head) {
                Some((place, head)) => answer_of_head(side, (place, head), ask, now_ms).await,
                None => Answer::default(),
            }
        }
    }
}

async fn answer_of_head(side: &Side, (place, head): (usize, &Head), ask: &LaneAsk, now_ms: UnixMs) -> Answer {
    let store = &side.store;
    match ask {
        LaneAsk::Start { class, budgets, .. } => {
            let budgets: Vec<Budget> = budgets.iter().map(|n| budget_of(*n)).collect();
            Answer::of(&store.start(head, &budgets, *class, at(now_ms)).await)
        }
        LaneAsk::Settle { how, .. } => {
            let settlement = settlement(*how, head.lane.kind, now_ms);
            settled(store.settle(head, settlement, at(now_ms)).await, place)
        }
        LaneAsk::Release { .. } => {
            let released = store.release(head, now_ms).await;
            Answer {
                over: matches!(released, Ok(true)).then_some(place),
                ..Answer::of(&released)
            }
        }
        LaneAsk::Due { .. }
        | LaneAsk::Claim { .. }
        | LaneAsk::Look { .. }
        | LaneAsk::Left
        | LaneAsk::Debit { .. }
        | LaneAsk::StatusOf { .. }
        | LaneAsk::StatusByKey { .. }
        | LaneAsk::StatusOfAll { .. } => Answer::default(),
    }
}

fn claimed(outcome: Result<ClaimOutcome, Error>) -> Answer {
    match outcome {
        Ok(ClaimOutcome::Claimed(head)) => Answer::head(*head),
        other @ (Ok(ClaimOutcome::Wait(_) | ClaimOutcome::Empty) | Err(_)) => Answer::of(&other),
    }
}

fn settled(outcome: Result<SettleOutcome, Error>, place: usize) -> Answer {
    let answer = match outcome {
        Ok(SettleOutcome::Next(head)) => Answer::head(*head),
        other @ (Ok(SettleOutcome::Wait(_) | SettleOutcome::Empty | SettleOutcome::LeaseLost) | Err(_)) => {
            Answer::of(&other)
        }
    };
    Answer {
        over: Some(place),
        ..answer
    }
}

/// The times in the order in which the lanes came, and all lanes when no limit has cut them: which of those that are due since
/// the same moment comes first is not promised.
fn due(found: Result<Vec<LaneId>, Error>, limit: usize, known: &Known) -> Answer {
    let mut lanes = match found {
        Ok(lanes) => lanes,
        Err(error) => return Answer::of(&error),
    };
    let since: Vec<Option<&UnixMs>> = lanes.iter().map(|lane| known.due_ms.get(lane)).collect();
    let mut answer = Answer::of(&since);
    if lanes.len() < limit {
        lanes.sort();
        answer.lines.push(format!("{lanes:?}"));
    }
    answer
}

/// Every lane, page by page, with its items.
async fn looked(store: &dyn Store, limit: usize, now_ms: UnixMs) -> Answer {
    let (mut answer, mut after) = (Answer::default(), None);
    loop {
        let page = match store.lanes(after.as_ref(), limit, now_ms).await {
            Ok(page) => page,
            Err(error) => return Answer::of(&error),
        };
        answer.lines.push(format!("{page:?}"));
        let Some(last) = page.lanes.last().cloned() else {
            return answer;
        };
        let lanes: Vec<LaneId> = page.lanes.into_iter().map(|place| place.lane).collect();
        let looks = store.look_at_lanes(&lanes, limit).await;
        answer.lines.push(format!("{looks:?}"));
        after = Some(last);
    }
}

async fn of_all(side: &Side, known: &Known, status: DeliveryStatus) -> Vec<Result<StatusOutcome, Error>> {
    let effects = (0..LAST_EFFECTS).map(|n| known.effect(EffectPick::Committed(n)));
    let targets: Vec<StatusTarget> = effects.map(StatusTarget::Effect).collect();
    let outcomes = targets
        .iter()
        .map(|target| side.store.record_status(target, status, known.now_ms));
    join_all(outcomes).await
}
