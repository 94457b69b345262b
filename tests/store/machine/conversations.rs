//! Asks about conversations and what lies beside them: aliases, journals, purchases.

use proptest::prelude::*;
use sacola::domain::ids::HomeId;
use sacola::store::LoadRequest;

use super::asks::Answer;
use super::commits::{Day, EVENTS, mark_of};
use super::known::{HOMES, PURCHASES, alias_of, home_of, purchase_of};
use super::stores::Side;

#[derive(Clone, Debug)]
pub enum ConversationAsk {
    Load(Vec<Request>),
    PutAlias { alias: usize, home: usize },
    Journal(usize),
    PutPurchase { home: usize, n: usize, state: usize },
    Purchase { home: usize, n: usize },
}

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

pub async fn answer(side: &Side, ask: &ConversationAsk) -> Answer {
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
    }
}
