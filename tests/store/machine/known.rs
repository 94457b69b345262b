//! What the symbols in an ask stand for: the few homes, products and names that there are, and the heads and effects that the
//! stores have given in this life. So an ask still means something, or nothing and is passed over, when asks before it are
//! struck out.

use std::collections::BTreeMap;

use proptest::prelude::*;
use sacola::domain::ids::{EffectId, HomeId, MerchantId, PurchaseId, RetailerId};
use sacola::store::{Interest, LaneId, LaneKind, UnixMs};

use super::asks::Answer;
use crate::store::harness::{NOW, home};

pub const HOMES: usize = 3;
pub const MERCHANTS: usize = 2;
pub const PRODUCTS: usize = 3;
pub const PURCHASES: usize = 3;

/// The `n`-th conversation; the first two lie in one shard.
pub fn home_of(n: usize) -> HomeId {
    home([1, 257, 2][n % HOMES])
}

/// An id of a customer that may lead to a conversation.
pub fn alias_of(n: usize) -> HomeId {
    home([7, 8][n % 2])
}

pub fn merchant_of(n: usize) -> MerchantId {
    MerchantId::new(["shop", "other"][n % MERCHANTS])
}

pub fn product_of(n: usize) -> RetailerId {
    RetailerId::new(["a", "b", "c/d"][n % PRODUCTS])
}

pub fn interest_of((merchant, product): (usize, usize)) -> Interest {
    Interest {
        merchant: merchant_of(merchant),
        retailer_id: product_of(product),
    }
}

/// A purchase in the shard of `home`.
pub fn purchase_of(home: &HomeId, n: usize) -> PurchaseId {
    PurchaseId::new(format!("{:02x}p{n}", home.shard().0))
}

pub fn kinds() -> impl Strategy<Value = LaneKind> {
    prop::sample::select(vec![LaneKind::Provider, LaneKind::Merchant])
}

/// A merchant and a product.
pub fn products() -> impl Strategy<Value = (usize, usize)> {
    (0..MERCHANTS, 0..PRODUCTS)
}

/// Which of the heads that were given.
#[derive(Clone, Copy, Debug)]
pub enum HeadPick {
    /// The `n`-th of those that somebody believes to hold.
    Held(usize),
    /// The `n`-th before the last one that was given, whatever became of it.
    Given(usize),
}

/// Which effect.
#[derive(Clone, Copy, Debug)]
pub enum EffectPick {
    /// The `n`-th before the last one that was committed.
    Committed(usize),
    /// Of the `n`-th head before the last one that was given.
    Given(usize),
    /// One that the next commit of that home may bring.
    ToCome(usize, usize),
}

/// What a life has come to.
#[derive(Debug)]
pub struct Known {
    pub now_ms: UnixMs,
    /// When the model would look at each lane.
    pub due_ms: BTreeMap<LaneId, UnixMs>,
    revisions: BTreeMap<HomeId, u64>,
    effects: Vec<EffectId>,
    /// The effects of all heads that were given.
    given: Vec<EffectId>,
    heads: usize,
    held: BTreeMap<LaneId, usize>,
}

impl Known {
    pub fn new() -> Self {
        Self {
            now_ms: NOW,
            due_ms: BTreeMap::new(),
            revisions: BTreeMap::new(),
            effects: Vec::new(),
            given: Vec::new(),
            heads: 0,
            held: BTreeMap::new(),
        }
    }

    /// The revision of a conversation; 0 when there is none.
    pub fn revision(&self, home: &HomeId) -> u64 {
        self.revisions.get(home).copied().unwrap_or(0)
    }

    /// The place of a head among all that were given; `None` when there is nothing to pick from.
    pub fn head(&self, pick: HeadPick) -> Option<usize> {
        match pick {
            HeadPick::Held(n) => self.held.values().nth(n % self.held.len().max(1)).copied(),
            HeadPick::Given(n) => (self.heads > 0).then(|| self.heads - 1 - n % self.heads),
        }
    }

    /// An effect's id, or a text that is none when there is nothing to pick from.
    pub fn effect(&self, pick: EffectPick) -> EffectId {
        match pick {
            EffectPick::Committed(n) => nth_last(&self.effects, n),
            EffectPick::Given(n) => nth_last(&self.given, n),
            EffectPick::ToCome(n, index) => {
                let home = home_of(n);
                EffectId::of(&home, self.revision(&home) + 1, index)
            }
        }
    }

    /// Keeps what an answer brought.
    pub fn note(&mut self, answer: &Answer) {
        for commit in &answer.committed {
            self.revisions.insert(commit.home.clone(), commit.revision);
            let effects = commit.items.iter().map(|(_, item)| item.effect_id.clone());
            self.effects.extend(effects);
        }
        if let Some(over) = answer.over {
            self.held.retain(|_, place| *place != over);
        }
        for head in &answer.given {
            self.held.insert(head.lane.clone(), self.heads);
            self.given.push(head.item.effect_id.clone());
            self.heads += 1;
        }
    }
}

fn nth_last(effects: &[EffectId], n: usize) -> EffectId {
    let found = effects.iter().rev().nth(n).cloned();
    found.unwrap_or_else(|| EffectId::new("no effect of ours"))
}
