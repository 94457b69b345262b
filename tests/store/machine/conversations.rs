//! Asks about conversations and what lies beside them: aliases, journals, purchases.

use proptest::prelude::*;
use sacola::domain::ids::HomeId;
use sacola::store::{Commit, EraseOutcome, Erasure, LoadRequest};

use super::asks::Answer;
use super::commits::{Day, EVENTS, mark_of};
use super::known::{
    HOMES, Known, MERCHANTS, PRODUCTS, PURCHASES, alias_of, home_of, interest_of, purchase_of,
};
use super::stores::Side;
use crate::store::harness::change;

#[derive(Clone, Debug)]
pub enum ConversationAsk {
    Load(Vec<Request>),
    PutAlias {
        alias: usize,
        home: usize,
    },
    Journal(usize),
    PutPurchase {
        home: usize,
        n: usize,
        state: usize,
    },
    Purchase {
        home: usize,
        n: usize,
    },
    /// With all that is its own; `stale`: as somebody who has read an earlier revision.
    Erase {
        home: usize,
        stale: bool,
    },
    /// The alias alone, when it leads there.
    EraseAlias {
        alias: usize,
        home: usize,
    },
}

/// Longer than any life.
const TOMBSTONE_KEPT_MS: i64 = 60 * 86_400_000;

/// What is loaded for one customer, with the marks of all events.
#[derive(Clone, Debug)]
pub struct Request {
    pub homes: Vec<usize>,
    pub aliases: Vec<usize>,
}

pub fn asks() -> impl Strategy<Value = ConversationAsk> {
    let homes = prop::sample::subsequence((0..HOMES).collect::<Vec<usize>>(), 0..=HOMES);
    let aliases = prop::sample::subsequence(vec![0_usize, 1], 0..=2);
    let request = (homes, aliases).prop_map(|(homes, aliases)| Request { homes, aliases });
    prop_oneof![
        prop::collection::vec(request, 0..3).prop_map(ConversationAsk::Load),
        (0..2_usize, 0..HOMES).prop_map(|(alias, home)| ConversationAsk::PutAlias { alias, home }),
        (0..HOMES).prop_map(ConversationAsk::Journal),
        (0..HOMES, 0..PURCHASES, 0..3_usize).prop_map(|(home, n, state)| ConversationAsk::PutPurchase {
            home,
            n,
            state
        }),
        (0..HOMES, 0..PURCHASES).prop_map(|(home, n)| ConversationAsk::Purchase { home, n }),
        (0..HOMES, prop::bool::weighted(0.2))
            .prop_map(|(home, stale)| ConversationAsk::Erase { home, stale }),
        (0..2_usize, 0..HOMES).prop_map(|(alias, home)| ConversationAsk::EraseAlias { alias, home }),
    ]
}

fn request_of(request: &Request) -> LoadRequest {
    let of_today = (0..EVENTS).map(|hash| mark_of(hash, Day::Today));
    let of_yesterday = (0..EVENTS).map(|hash| mark_of(hash, Day::Yesterday));
    let homes: Vec<HomeId> = request.homes.iter().map(|n| home_of(*n)).collect();
    LoadRequest {
        homes,
        aliases: request.aliases.iter().map(|n| alias_of(*n)).collect(),
        marks: of_today.chain(of_yesterday).collect(),
    }
}

fn erasure_of(home: usize, stale: bool, known: &Known) -> Erasure {
    let home = home_of(home);
    let present = known.revision(&home);
    let products = (0..MERCHANTS).flat_map(|merchant| (0..PRODUCTS).map(move |product| (merchant, product)));
    let days = [Day::Today, Day::Yesterday].map(|day| mark_of(0, day).day);
    Erasure {
        expected_revision: if stale { present + 7 } else { present },
        revision: present + 3,
        at_ms: known.now_ms,
        until_ms: known.now_ms + TOMBSTONE_KEPT_MS,
        interest: products.map(interest_of).collect(),
        days: days.to_vec(),
        alias_of: None,
        home,
    }
}

pub async fn answer(side: &Side, known: &Known, ask: &ConversationAsk) -> Answer {
    let store = &side.store;
    match ask {
        ConversationAsk::Load(requests) => {
            let requests: Vec<LoadRequest> = requests.iter().map(request_of).collect();
            Answer::of(&store.load(&requests).await)
        }
        ConversationAsk::PutAlias { alias, home } => {
            Answer::of(&store.put_alias(&alias_of(*alias), &home_of(*home)).await)
        }
        ConversationAsk::Journal(home) => Answer::of(&store.journal(&home_of(*home)).await),
        ConversationAsk::PutPurchase { home, n, state } => {
            let id = purchase_of(&home_of(*home), *n);
            Answer::of(&store.put_purchase(&id, &format!("{{\"state\":{state}}}")).await)
        }
        ConversationAsk::Purchase { home, n } => {
            Answer::of(&store.purchase(&purchase_of(&home_of(*home), *n)).await)
        }
        ConversationAsk::Erase { home, stale } => {
            let erasure = erasure_of(*home, *stale, known);
            let outcome = store.erase(&erasure).await;
            let mut answer = Answer::of(&outcome);
            if matches!(outcome, Ok(EraseOutcome::Erased(_))) {
                // What comes next goes on from there.
                answer.committed.push(Commit {
                    revision: erasure.revision,
                    ..change(&erasure.home, erasure.expected_revision)
                });
            }
            answer
        }
        ConversationAsk::EraseAlias { alias, home } => {
            let erasure = Erasure {
                home: alias_of(*alias),
                expected_revision: 0,
                revision: 0,
                alias_of: Some(home_of(*home)),
                ..erasure_of(*home, false, known)
            };
            Answer::of(&store.erase(&erasure).await)
        }
    }
}
