//! An ask and its answer: the families put together, and everything that can be read.

use std::fmt::Debug;

use proptest::prelude::*;
use proptest::strategy::Union;
use sacola::store::{Commit, Head, Lease};

use super::catalog::{self, CatalogAsk};
use super::commits::{self, Draft};
use super::conversations::{self, ConversationAsk, Request};
use super::known::{HOMES, Known, MERCHANTS, PRODUCTS, PURCHASES};
use super::lanes::{self, LaneAsk};
use super::letters::{self, LetterAsk};
use super::names::{self, KINDS, NameAsk};
use super::stores::Side;
use crate::store::harness::{HOLD, LEASE, PACE};

/// Something that is asked of all stores.
#[derive(Clone, Debug)]
pub enum Ask {
    /// Nothing: time passes.
    Pass(Span),
    /// Changes of as many conversations, at the same moment.
    Commit(Vec<Draft>),
    Lane(LaneAsk),
    Conversation(ConversationAsk),
    Catalog(CatalogAsk),
    Name(NameAsk),
    Letter(LetterAsk),
    /// All that can be read without changing anything.
    Everything,
}

/// How much time passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    Moment,
    Pace,
    Lease,
    Hold,
    Hour,
    Day,
    EightDays,
}

const SPANS: [(u32, Span); 7] = [
    (4, Span::Moment),
    (5, Span::Pace),
    (5, Span::Lease),
    (3, Span::Hold),
    (1, Span::Hour),
    (1, Span::Day),
    (1, Span::EightDays),
];

impl Span {
    pub fn ms(self) -> i64 {
        match self {
            Self::Moment => 1,
            Self::Pace => PACE,
            Self::Lease => LEASE,
            Self::Hold => HOLD,
            Self::Hour => 3_600_000,
            Self::Day => 86_400_000,
            Self::EightDays => 8 * 86_400_000,
        }
    }

    /// True when a life of which `left_ms` are left may go on so long; a moment is always left.
    pub fn fits(self, left_ms: i64) -> bool {
        self == Self::Moment || self.ms() <= left_ms
    }
}

pub fn spans(left_ms: i64) -> impl Strategy<Value = Span> {
    let fitting = SPANS.into_iter().filter(|(_, span)| span.fits(left_ms));
    Union::new_weighted(fitting.map(|(weight, span)| (weight, Just(span))).collect())
}

/// What a store says, in a form in which stores can be compared.
#[derive(Debug, Default)]
pub struct Answer {
    /// What is compared, part by part.
    pub lines: Vec<String>,
    /// The heads that came with it, in the order of their lanes.
    pub given: Vec<Head>,
    /// The commits that succeeded.
    pub committed: Vec<Commit>,
    /// The place of the head that holds nothing any more.
    pub over: Option<usize>,
}

impl Answer {
    pub fn of(told: &impl Debug) -> Self {
        Self {
            lines: vec![format!("{told:?}")],
            ..Self::default()
        }
    }

    pub fn head(head: Head) -> Self {
        Self {
            lines: vec![format!("{:?}", without_token(&head))],
            given: vec![head],
            ..Self::default()
        }
    }
}

/// The one thing in which stores may differ.
pub fn without_token(head: &Head) -> Head {
    Head {
        lease: Lease {
            token: String::new(),
            until_ms: head.lease.until_ms,
        },
        ..head.clone()
    }
}

pub async fn answer(side: &Side, known: &Known, ask: &Ask) -> Answer {
    if !matches!(ask, Ask::Everything) {
        return answer_one(side, known, ask).await;
    }
    let mut all = Answer::default();
    for part in everything() {
        let answer = answer_one(side, known, &part).await;
        let lines = answer.lines.into_iter();
        all.lines.extend(lines.map(|line| format!("{part:?}: {line}")));
    }
    all
}

async fn answer_one(side: &Side, known: &Known, ask: &Ask) -> Answer {
    match ask {
        Ask::Pass(_) | Ask::Everything => Answer::default(),
        Ask::Commit(drafts) => commits::answer(side, known, drafts).await,
        Ask::Lane(ask) => lanes::answer(side, known, ask).await,
        Ask::Conversation(ask) => conversations::answer(side, known, ask).await,
        Ask::Catalog(ask) => catalog::answer(side, known, ask).await,
        Ask::Name(ask) => names::answer(side, known, ask).await,
        Ask::Letter(ask) => letters::answer(side, known, ask).await,
    }
}

fn everything() -> Vec<Ask> {
    let request = Request {
        homes: (0..HOMES).collect(),
        aliases: vec![0, 1],
    };
    let mut all = vec![
        Ask::Conversation(ConversationAsk::Load(vec![request])),
        Ask::Lane(LaneAsk::Due { limit: 100 }),
        Ask::Lane(LaneAsk::Look { limit: 100 }),
        Ask::Letter(LetterAsk::Walk {
            merchant: None,
            reason: None,
            limit: 100,
        }),
        Ask::Letter(LetterAsk::Groups { merchant: None }),
    ];
    for home in 0..HOMES {
        all.push(Ask::Conversation(ConversationAsk::Journal(home)));
        let purchases = (0..PURCHASES).map(|n| Ask::Conversation(ConversationAsk::Purchase { home, n }));
        all.extend(purchases);
    }
    for merchant in 0..MERCHANTS {
        all.push(Ask::Catalog(CatalogAsk::Read { merchant }));
        for product in 0..PRODUCTS {
            let interested = |home| CatalogAsk::Interested {
                home,
                product: (merchant, product),
                after: None,
                limit: 100,
            };
            // the homes lie in two shards
            all.extend([0, 2].map(|home| Ask::Catalog(interested(home))));
        }
    }
    all.extend((0..KINDS).map(|kind| Ask::Name(NameAsk::Records { kind })));
    all
}
