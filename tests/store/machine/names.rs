//! Asks about small things with a name: records, secrets, holds, idempotency keys; and whether the store is well.

use proptest::prelude::*;

use super::asks::Answer;
use super::known::Known;
use super::stores::Side;
use crate::store::harness::LEASE;

/// How many kinds of records there are.
pub const KINDS: usize = 2;

const IDS: usize = 3;
const CALLS: usize = 2;

/// How long an idempotency key is kept.
const CALL_KEPT_MS: i64 = 50_000;

/// Longer than any life.
const RECORD_KEPT_MS: i64 = 30 * 86_400_000;

#[derive(Clone, Debug)]
pub enum NameAsk {
    Record {
        kind: usize,
        id: usize,
    },
    Records {
        kind: usize,
    },
    PutRecord {
        kind: usize,
        id: usize,
        body: usize,
        ends: bool,
    },
    RemoveRecord {
        kind: usize,
        id: usize,
    },
    Secret {
        name: usize,
        candidate: usize,
    },
    Hold {
        name: usize,
        owner: usize,
        /// Given back: taken for no time at all.
        ends: bool,
    },
    Begin {
        call: usize,
        fingerprint: usize,
    },
    Finish {
        call: usize,
        answer: usize,
    },
    Drop {
        call: usize,
    },
    Health,
}

pub fn asks() -> impl Strategy<Value = NameAsk> {
    let record = || (0..KINDS, 0..IDS);
    let records = prop_oneof![
        record().prop_map(|(kind, id)| NameAsk::Record { kind, id }),
        (0..KINDS).prop_map(|kind| NameAsk::Records { kind }),
        (record(), 0..3_usize, any::<bool>()).prop_map(|((kind, id), body, ends)| NameAsk::PutRecord {
            kind,
            id,
            body,
            ends
        }),
        record().prop_map(|(kind, id)| NameAsk::RemoveRecord { kind, id }),
    ];
    let calls = prop_oneof![
        3 => (0..CALLS, 0..2_usize).prop_map(|(call, fingerprint)| NameAsk::Begin { call, fingerprint }),
        2 => (0..CALLS, 0..3_usize).prop_map(|(call, answer)| NameAsk::Finish { call, answer }),
        1 => (0..CALLS).prop_map(|call| NameAsk::Drop { call }),
    ];
    prop_oneof![
        4 => records,
        4 => calls,
        2 => (0..2_usize, 0..2_usize, prop::bool::weighted(0.3))
            .prop_map(|(name, owner, ends)| NameAsk::Hold { name, owner, ends }),
        1 => (0..2_usize, 0..3_usize).prop_map(|(name, candidate)| NameAsk::Secret { name, candidate }),
        1 => Just(NameAsk::Health),
    ]
}

fn kind_of(n: usize) -> &'static str {
    ["walk", "price"][n % KINDS]
}

fn id_of(n: usize) -> &'static str {
    ["b", "a", "c/d"][n % IDS]
}

fn call_of(n: usize) -> String {
    format!("call {n}")
}

pub async fn answer(side: &Side, known: &Known, ask: &NameAsk) -> Answer {
    let store = &side.store;
    match ask {
        NameAsk::Record { kind, id } => Answer::of(&store.record(kind_of(*kind), id_of(*id)).await),
        NameAsk::Records { kind } => Answer::of(&store.records(kind_of(*kind)).await),
        NameAsk::PutRecord { kind, id, body, ends } => {
            let (body, kept_ms) = (format!("body {body}"), if *ends { RECORD_KEPT_MS } else { 0 });
            let put = store.put_record(kind_of(*kind), id_of(*id), &body, kept_ms);
            Answer::of(&put.await)
        }
        NameAsk::RemoveRecord { kind, id } => {
            Answer::of(&store.remove_record(kind_of(*kind), id_of(*id)).await)
        }
        NameAsk::Secret { name, candidate } => {
            let (name, candidate) = (format!("secret {name}"), format!("candidate {candidate}"));
            Answer::of(&store.secret(&name, &candidate).await)
        }
        NameAsk::Hold { name, owner, ends } => {
            let (name, owner) = (format!("hold {name}"), format!("owner {owner}"));
            let held_ms = if *ends { 0 } else { LEASE };
            Answer::of(&store.hold(&name, &owner, held_ms, known.now_ms).await)
        }
        NameAsk::Begin { call, fingerprint } => {
            let (key, fingerprint) = (call_of(*call), format!("fingerprint {fingerprint}"));
            let begun = store.begin_idempotent(&key, &fingerprint, CALL_KEPT_MS, known.now_ms);
            Answer::of(&begun.await)
        }
        NameAsk::Finish { call, answer } => {
            let answer = format!("answer {answer}");
            Answer::of(&store.finish_idempotent(&call_of(*call), &answer).await)
        }
        NameAsk::Drop { call } => Answer::of(&store.drop_idempotent(&call_of(*call)).await),
        NameAsk::Health => Answer::of(&store.health().await.map(|health| health.writable)),
    }
}
