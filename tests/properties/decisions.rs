//! `decide` against a reference cart, under random taps on fresh and old buttons of two devices.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use sacola::domain::button::{Action, Button};
use sacola::domain::conversation::{Conversation, STATE_BYTES_MAX};
use sacola::domain::decide::{Decided, Outcome, decide};
use sacola::domain::device::Device;
use sacola::domain::effect::Effect;
use sacola::domain::event::{Event, Occurrence, Tap};
use sacola::domain::facts::{Fact, Facts, Shop, WebClients};
use sacola::domain::ids::{HomeId, MerchantId, NumberId, PurchaseId, RetailerId};
use sacola::domain::message::Kind;
use sacola::domain::money::Currency;
use sacola::domain::replies::Locale;

use crate::support::shop::{brl, product};
use crate::support::world::NOON_MS;

pub const PRODUCTS: usize = 4;

#[derive(Clone, Debug)]
enum Step {
    Add(usize),
    Set(usize, u8),
    Remove(usize),
    Empty,
}

fn steps() -> impl Strategy<Value = Vec<(Step, bool, u64)>> {
    let step = prop_oneof![
        (0..PRODUCTS).prop_map(Step::Add),
        (0..PRODUCTS, 0..120_u8).prop_map(|(id, quantity)| Step::Set(id, quantity)),
        (0..PRODUCTS).prop_map(Step::Remove),
        Just(Step::Empty),
    ];
    prop::collection::vec((step, any::<bool>(), 0..4_u64), 1..40)
}

pub fn id(index: usize) -> RetailerId {
    RetailerId::new(format!("p{index}"))
}

pub fn facts() -> Facts {
    let products: BTreeMap<RetailerId, Fact> = (0..PRODUCTS)
        .map(|n| {
            let product = product(
                &format!("p{n}"),
                &format!("Produto {n}"),
                "Tudo",
                &format!("{}.10", n + 1),
            );
            (
                id(n),
                Fact {
                    version: 1,
                    product: Some(product),
                },
            )
        })
        .collect();
    Facts {
        now_ms: NOON_MS,
        shop: Shop {
            merchant: MerchantId::new("cafe"),
            name: "Café".to_owned(),
            currency: Currency::BRL,
            locale: Locale::PtBr,
            catalog_id: None,
            web_clients: WebClients::OwnCart,
            order_details: false,
        },
        looked_for: products.keys().cloned().collect::<BTreeSet<_>>(),
        products,
        outline: None,
        state_bytes: 0,
    }
}

fn decided(conversation: &Conversation, event: Event) -> Decided {
    let occurrence = Occurrence {
        id: "x".to_owned(),
        at_ms: NOON_MS,
        purchase_id: PurchaseId::new("00x"),
        event,
    };
    let (first, second) = (
        decide(conversation, &occurrence, &facts()),
        decide(conversation, &occurrence, &facts()),
    );
    assert_eq!(first, second, "the same input gives the same answer");
    match first {
        Outcome::Decided(decided) => *decided,
        Outcome::Needs(keys) => panic!("all facts are there, yet it needs {keys:?}"),
    }
}

type Model = BTreeMap<Device, (Vec<(RetailerId, u8)>, u64)>;

/// The reference: what a fresh button does to a cart. Returns false when nothing may change.
fn apply(cart: &mut Vec<(RetailerId, u8)>, step: &Step) -> bool {
    let place = |cart: &Vec<(RetailerId, u8)>, n: usize| cart.iter().position(|(known, _)| *known == id(n));
    match *step {
        Step::Add(n) => match place(cart, n) {
            Some(at) if cart[at].1 >= 99 => return false,
            Some(at) => cart[at].1 += 1,
            None => cart.push((id(n), 1)),
        },
        Step::Set(n, quantity) => match place(cart, n) {
            Some(at) if (1..=99).contains(&quantity) => cart[at].1 = quantity,
            _ => return false,
        },
        Step::Remove(n) => match place(cart, n) {
            Some(at) => drop(cart.remove(at)),
            None => return false,
        },
        Step::Empty => cart.clear(),
    }
    true
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn carts_follow_the_reference_and_old_buttons_change_nothing(plan in steps()) {
        let mut conversation = Conversation::new(HomeId::new("0a00000000000000000001"), NumberId::new("1"));
        let mut model = Model::new();
        for (step, on_web, age) in plan {
            let device = if on_web { Device::Web } else { Device::Android };
            let revision = conversation.cart(device).revision;
            let action = match &step {
                Step::Add(n) => Action::Add(id(*n)),
                Step::Set(n, quantity) => Action::Quantity(id(*n), Some(*quantity)),
                Step::Remove(n) => Action::Remove(id(*n)),
                Step::Empty => Action::Empty,
            };
            let drawn_at = revision.saturating_sub(age);
            let button = Button { action, device, revision: drawn_at, expires_at_ms: i64::MAX };
            let fresh = conversation.cart(device).freshness(&button) == sacola::domain::button::Freshness::Fresh;
            let before = conversation.clone();
            let after = decided(&conversation, Event::Tapped { tap: Tap::Button(button), device });
            let entry = model.entry(device).or_default();
            if drawn_at == revision {
                prop_assert!(fresh, "a button of the present revision is fresh");
            }
            if fresh {
                apply(&mut entry.0, &step);
            }
            let lines: Vec<(RetailerId, u8)> =
                after.conversation.cart(device).lines.iter().map(|l| (l.retailer_id.clone(), l.quantity)).collect();
            prop_assert_eq!(&lines, &entry.0);
            let other = if on_web { Device::Android } else { Device::Web };
            prop_assert_eq!(after.conversation.cart(other), before.cart(other), "the other device's cart is untouched");
            prop_assert_eq!(after.conversation.revision, before.revision + 1);
            prop_assert!(after.conversation.cart(device).revision >= revision, "a cart's revision never falls");
            prop_assert_eq!(after.effects.len(), 1, "one tap, one answer");
            let Effect::Send(message) = &after.effects[0] else { panic!("{:?}", after.effects) };
            if !fresh {
                prop_assert_eq!(message.kind, Kind::Stale);
            }
            let total = after.conversation.cart(device).total(Currency::BRL).unwrap();
            let expected = entry.0.iter().fold(brl("0"), |sum, (known, quantity)| {
                let n: usize = known.as_str()[1..].parse().unwrap();
                sum.plus(&brl(&format!("{}.10", n + 1)).times(*quantity).unwrap()).unwrap()
            });
            prop_assert_eq!(total, expected);
            conversation = after.conversation;
        }
        let encoded = serde_json::to_string(&conversation).unwrap();
        prop_assert!(encoded.len() < STATE_BYTES_MAX);
        prop_assert_eq!(serde_json::from_str::<Conversation>(&encoded).unwrap(), conversation);
    }

    #[test]
    fn any_words_get_exactly_one_answer(text in "\\PC{0,60}") {
        let conversation = Conversation::new(HomeId::new("0a00000000000000000001"), NumberId::new("1"));
        let mut facts = facts();
        facts.outline = Some(sacola::domain::facts::Outline::default());
        let event = Event::Said { text, about: None, device: Device::Android };
        let occurrence = Occurrence { id: "x".to_owned(), at_ms: NOON_MS, purchase_id: PurchaseId::new("00x"), event };
        let Outcome::Decided(decided) = decide(&conversation, &occurrence, &facts) else { panic!("needs facts") };
        prop_assert_eq!(decided.effects.len(), 1);
    }
}
