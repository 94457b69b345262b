//! The questions of the model test, drawn by repeatable dice.

use std::collections::BTreeMap;

use sacola::domain::ids::{EffectId, HomeId, PurchaseId, RetailerId};
use sacola::store::{
    Budget, Class, Commit, DeadLetter, DeliveryStatus, DoneMark, FactVersion, Item, LaneKind, LoadRequest,
    ProductWrite, Settlement, StatusTarget, UnixMs,
};

use super::harness::{TODAY, change, home, interest, mark, merchant};

const HOMES: u64 = 3;

/// A repeatable source of choices.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    pub fn one_in(&mut self, chances: u64) -> bool {
        self.below(chances) == 0
    }

    pub fn time(&mut self, now_ms: UnixMs) -> UnixMs {
        now_ms + [0, 1, 700, 40_000][usize::try_from(self.below(4)).unwrap()]
    }

    pub fn kind(&mut self) -> LaneKind {
        if self.one_in(2) {
            LaneKind::Provider
        } else {
            LaneKind::Merchant
        }
    }

    pub fn product(&mut self) -> &'static str {
        ["a", "b", "c/d"][usize::try_from(self.below(3)).unwrap()]
    }

    pub fn class(&mut self) -> Class {
        if self.one_in(3) { Class::Bulk } else { Class::Reply }
    }
}

/// What is the same in both lives.
pub struct World {
    pub dice: Dice,
    pub now_ms: UnixMs,
    pub revisions: BTreeMap<u64, u64>,
    pub effects: Vec<EffectId>,
}

/// Something that is asked of both.
#[derive(Clone, Debug)]
pub enum Ask {
    Commit(Commit),
    Claim(u64, LaneKind),
    Start(usize, Class, Vec<Budget>),
    Settle(usize, Settlement),
    Status(StatusTarget, DeliveryStatus),
    Due,
    Load(LoadRequest),
    Journal(u64),
    Marker(&'static str, u64),
    Put(Vec<ProductWrite>),
    Catalog,
    Interested(u64, &'static str),
    Purchase(PurchaseId),
    Alias(u64, u64),
    Hold(&'static str),
    Begin(&'static str),
    Finish,
    Park(DeadLetter),
    Letters(bool),
    Secret(u64),
}

pub fn home_of(n: u64) -> HomeId {
    home(u32::try_from(n).unwrap() * 100)
}

fn items(world: &mut World, n: u64, revision: u64) -> Vec<(LaneKind, Item)> {
    let count = usize::try_from(world.dice.below(4)).unwrap();
    let mut items = Vec::new();
    for index in 0..count {
        let effect_id = EffectId::of(&home_of(n), revision, index);
        let supersedes = world.dice.one_in(2).then(|| world.dice.product().to_owned());
        let class = world.dice.class();
        let may_pass = world.dice.one_in(3);
        let body = format!("{{\"n\":{index}}}");
        items.push((
            world.dice.kind(),
            Item {
                effect_id,
                revision,
                class,
                supersedes,
                may_pass,
                body,
            },
        ));
    }
    items
}

fn a_commit(world: &mut World) -> Commit {
    let n = world.dice.below(HOMES);
    let known = world.revisions.get(&n).copied().unwrap_or(0);
    let expected = if world.dice.one_in(8) { known + 1 } else { known };
    let revision = expected + 1;
    let hash = world.dice.below(60);
    let day = TODAY - i64::try_from(world.dice.below(2)).unwrap();
    let fact = FactVersion {
        merchant: merchant(),
        retailer_id: RetailerId::new(world.dice.product()),
        version: world.dice.below(4),
    };
    let purchase = (
        PurchaseId::new(format!("{:02x}p", world.dice.below(3))),
        format!("v{revision}"),
    );
    Commit {
        marks: vec![DoneMark { hash, day }, mark(1_000 + hash)],
        facts: if world.dice.one_in(3) {
            vec![fact]
        } else {
            Vec::new()
        },
        items: items(world, n, revision),
        interest_added: vec![interest(world.dice.product())],
        interest_removed: if world.dice.one_in(2) {
            vec![interest(world.dice.product())]
        } else {
            Vec::new()
        },
        purchases: vec![purchase],
        journal: vec![format!("{n}.{revision}")],
        window_open_until_ms: world.now_ms + 5,
        ..change(&home_of(n), expected)
    }
}

fn a_settlement(world: &mut World) -> Settlement {
    let due_ms = world.dice.time(world.now_ms);
    match world.dice.below(6) {
        0 => Settlement::Retry { due_ms },
        1 => Settlement::Postpone { due_ms },
        2 => Settlement::Unknown { due_ms },
        3 => Settlement::Done {
            sent: false,
            message_key: None,
        },
        n => Settlement::Done {
            sent: true,
            message_key: (n == 4).then(|| format!("k{}", world.dice.below(5))),
        },
    }
}

fn a_product(world: &mut World) -> ProductWrite {
    let is_gone = world.dice.one_in(4);
    let offer = world.dice.below(3);
    ProductWrite {
        retailer_id: RetailerId::new(world.dice.product()),
        product: (!is_gone).then(|| format!("p{offer}.{}", world.dice.below(2))),
        offer: if is_gone {
            String::new()
        } else {
            format!("o{offer}")
        },
        merchant_version: world.dice.one_in(3).then(|| world.dice.below(20)),
        learned_at_ms: world.now_ms - i64::try_from(world.dice.below(3)).unwrap() * 400,
    }
}

fn a_letter(world: &mut World) -> DeadLetter {
    let n = world.dice.below(6);
    DeadLetter {
        id: format!("l{n}"),
        reason: if world.dice.one_in(2) {
            "unknown_number"
        } else {
            "panic"
        }
        .to_owned(),
        detail: String::new(),
        merchant: world.dice.one_in(2).then(merchant),
        home: None,
        at_ms: world.now_ms,
        source: "effect".to_owned(),
        body: "b".to_owned(),
    }
}

fn a_status(world: &mut World) -> Ask {
    use DeliveryStatus::{Delivered, Failed, Read, Sent};
    let status = [Sent, Delivered, Read, Failed][usize::try_from(world.dice.below(4)).unwrap()];
    let pick = world
        .dice
        .below(u64::try_from(world.effects.len()).unwrap().max(1));
    let by_key = StatusTarget::Message {
        home: home_of(world.dice.below(HOMES)),
        message_key: format!("k{}", world.dice.below(5)),
    };
    match world.effects.get(usize::try_from(pick).unwrap()) {
        Some(effect_id) if !world.dice.one_in(4) => {
            Ask::Status(StatusTarget::Effect(effect_id.clone()), status)
        }
        _ => Ask::Status(by_key, status),
    }
}

/// One of the last heads that were given, and sometimes an older one.
fn a_head(world: &mut World, given: usize) -> usize {
    let back = if world.dice.one_in(5) {
        world.dice.below(12)
    } else {
        world.dice.below(3)
    };
    given.saturating_sub(1 + usize::try_from(back).unwrap())
}

pub fn next_ask(world: &mut World, given: usize) -> Ask {
    let n = world.dice.below(HOMES);
    match world.dice.below(40) {
        0..=7 => Ask::Commit(a_commit(world)),
        8..=11 => Ask::Claim(n, world.dice.kind()),
        12..=16 => {
            let budget = Budget {
                key: "number:1".to_owned(),
                interval_us: 60_000_000,
                burst: 6,
            };
            let class = world.dice.class();
            let budgets = if world.dice.one_in(3) {
                vec![budget]
            } else {
                Vec::new()
            };
            Ask::Start(a_head(world, given), class, budgets)
        }
        17..=22 => Ask::Settle(a_head(world, given), a_settlement(world)),
        23..=25 => a_status(world),
        26 => Ask::Due,
        27 => Ask::Load(LoadRequest {
            homes: (0..HOMES).map(home_of).collect(),
            aliases: vec![home(7), home(8)],
            marks: (0..60).map(mark).collect(),
        }),
        28 => Ask::Journal(n),
        29 => Ask::Marker(world.dice.product(), world.dice.below(3)),
        30 => Ask::Put((0..2).map(|_| a_product(world)).collect()),
        31 => Ask::Catalog,
        32 => Ask::Interested(n, world.dice.product()),
        33 => Ask::Purchase(PurchaseId::new(format!("{n:02x}p"))),
        34 => Ask::Alias(7 + world.dice.below(2), n),
        35 => Ask::Hold(world.dice.product()),
        36 => {
            if world.dice.one_in(3) {
                Ask::Finish
            } else {
                Ask::Begin(world.dice.product())
            }
        }
        37 => Ask::Park(a_letter(world)),
        38 => Ask::Letters(world.dice.one_in(2)),
        _ => Ask::Secret(n),
    }
}

/// Keeps what a successful commit changed.
pub fn note(world: &mut World, ask: &Ask, answer: &str) {
    let Ask::Commit(commit) = ask else { return };
    if !answer.starts_with('[') {
        return;
    }
    for n in 0..HOMES {
        if home_of(n) == commit.home {
            world.revisions.insert(n, commit.revision);
        }
    }
    world
        .effects
        .extend(commit.items.iter().map(|(_, item)| item.effect_id.clone()));
    let surplus = world.effects.len().saturating_sub(8);
    world.effects.drain(..surplus);
}
