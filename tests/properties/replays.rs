//! The journal of any walk replays bit for bit, wherever it was cut; a change, a loss or a stranger's state is found at its
//! revision.

use proptest::prelude::*;
use sacola::domain::button::{Action, Button, Subject};
use sacola::domain::conversation::Conversation;
use sacola::domain::decide::{Outcome as Decision, decide};
use sacola::domain::device::Device;
use sacola::domain::event::{Event, Occurrence, OrderItem, Tap};
use sacola::domain::facts::{Facts, Outline};
use sacola::domain::ids::{HomeId, NumberId, PurchaseId};
use sacola::engine::journal::Journal;
use sacola::engine::replay::{Outcome, What, replay};
use serde_json::{Value, json};

use super::decisions::{PRODUCTS, facts, id};
use crate::support::shop::brl;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

#[derive(Clone, Debug)]
enum Step {
    Says(&'static str),
    Taps(Action, bool),
    Orders(usize, i64),
    Priced(usize, u32),
    Renamed(String),
    Parked,
    Waits(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let words = prop::sample::select(vec!["oi", "carrinho", "finalizar", "atendente", "hello", "x?"]);
    let action = prop_oneof![
        3 => (0..PRODUCTS).prop_map(|n| Action::Add(id(n))),
        2 => (0..PRODUCTS, 0..120_u8).prop_map(|(n, units)| Action::Quantity(id(n), Some(units))),
        1 => (0..PRODUCTS).prop_map(|n| Action::Remove(id(n))),
        1 => (0..PRODUCTS).prop_map(|n| Action::Product(id(n))),
        1 => prop::sample::select(vec![
            Action::Empty,
            Action::Cart,
            Action::Checkout,
            Action::Confirm(Subject::Cart),
            Action::AcceptPrices(Subject::Cart),
            Action::CopyCart(Device::Android),
            Action::Purchase(None),
            Action::Person,
            Action::Resume,
        ]),
    ];
    let step = prop_oneof![
        2 => words.prop_map(Step::Says),
        6 => (action, any::<bool>()).prop_map(|(action, on_web)| Step::Taps(action, on_web)),
        1 => (0..PRODUCTS, -1..120_i64).prop_map(|(n, units)| Step::Orders(n, units)),
        2 => (0..PRODUCTS, 1..5_000_u32).prop_map(|(n, cents)| Step::Priced(n, cents)),
        1 => "[A-Za-zçã ]{1,12}".prop_map(Step::Renamed),
        1 => Just(Step::Parked),
        1 => prop::sample::select(vec![HOUR_MS, 25 * HOUR_MS, 26 * 24 * HOUR_MS]).prop_map(Step::Waits),
    ];
    prop::collection::vec(step, 1..60)
}

/// A conversation and its journal, without a store.
struct Story {
    conversation: Conversation,
    facts: Facts,
    entries: Vec<String>,
}

impl Story {
    fn new() -> Self {
        let mut facts = facts();
        facts.outline = Some(Outline::default());
        Self {
            conversation: Conversation::new(HomeId::new("0a00000000000000000001"), NumberId::new("1")),
            facts,
            entries: Vec::new(),
        }
    }

    fn occurrence(&self, event: Event) -> Occurrence {
        let serial = self.entries.len();
        Occurrence {
            id: format!("in:{serial}"),
            at_ms: self.facts.now_ms,
            purchase_id: PurchaseId::new(format!("0a{serial:032}")),
            event,
        }
    }

    fn takes(&mut self, event: Event) {
        let journal = Journal::after(&self.conversation);
        let occurrence = self.occurrence(event);
        self.decides(journal, &occurrence);
    }

    fn decides(&mut self, mut journal: Journal, occurrence: &Occurrence) {
        let Decision::Decided(decided) = decide(&self.conversation, occurrence, &self.facts) else {
            panic!("all facts are there");
        };
        let state = serde_json::to_string(&decided.conversation).unwrap();
        journal.decided(&self.conversation, occurrence, &self.facts, &state, &decided);
        self.entries.extend(journal.into_entries());
        self.conversation = decided.conversation;
    }

    /// As the engine does with an event whose decision failed: parked, and answered by a stand-in.
    fn parks(&mut self) {
        let device = Device::Android;
        let words = "what no decision can take".to_owned();
        let failed = self.occurrence(Event::Said {
            text: words,
            about: None,
            device,
        });
        let mut journal = Journal::after(&self.conversation);
        journal.parked(&self.conversation, &failed, "panic", self.facts.now_ms);
        self.conversation.revision += 1;
        let event = Event::Arrived {
            what: "parked".to_owned(),
            device,
        };
        let stand_in = Occurrence { event, ..failed };
        let owed = self.conversation.owed_news.clone();
        let mut aside = self.conversation.clone();
        aside.owed_news.clear();
        let Decision::Decided(decided) = decide(&aside, &stand_in, &self.facts) else {
            panic!("help needs no facts");
        };
        let state = serde_json::to_string(&decided.conversation).unwrap();
        journal.decided(&self.conversation, &stand_in, &self.facts, &state, &decided);
        self.entries.extend(journal.into_entries());
        self.conversation = decided.conversation;
        self.conversation.owed_news.extend(owed);
    }

    fn walks(&mut self, step: Step) {
        self.facts.now_ms += MINUTE_MS;
        match step {
            Step::Says(words) => self.takes(Event::Said {
                text: words.to_owned(),
                about: None,
                device: Device::Android,
            }),
            Step::Taps(action, on_web) => {
                let device = if on_web { Device::Web } else { Device::Android };
                let button = Button {
                    action,
                    device,
                    revision: self.conversation.cart(device).revision,
                    expires_at_ms: i64::MAX,
                };
                let tap = Tap::Button(button);
                self.takes(Event::Tapped { tap, device });
            }
            Step::Orders(n, quantity) => {
                let item = OrderItem {
                    retailer_id: id(n),
                    quantity,
                    item_price: format!("{}.10", n + 1),
                    currency: "BRL".to_owned(),
                };
                self.takes(Event::Ordered {
                    items: vec![item],
                    note: Some("sem açúcar".to_owned()),
                    device: Device::Android,
                });
            }
            Step::Priced(n, cents) => {
                let fact = self.facts.products.get_mut(&id(n)).unwrap();
                fact.version += 1;
                let product = fact.product.as_mut().unwrap();
                product.price = brl(&format!("{}.{:02}", cents / 100, cents % 100));
                self.takes(Event::ProductChanged { retailer_id: id(n) });
            }
            Step::Renamed(name) => {
                let journal = Journal::after(&self.conversation);
                self.conversation.customer.name = Some(name);
                let said = Event::Said {
                    text: "oi".to_owned(),
                    about: None,
                    device: Device::Ios,
                };
                let occurrence = self.occurrence(said);
                self.decides(journal, &occurrence);
            }
            Step::Parked => self.parks(),
            Step::Waits(ms) => self.facts.now_ms += ms,
        }
    }
}

fn story(plan: Vec<Step>) -> Story {
    let mut story = Story::new();
    story.walks(Step::Says("oi"));
    for step in plan {
        story.walks(step);
    }
    story
}

fn value(entry: &str) -> Value {
    serde_json::from_str(entry).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_journal_of_any_walk_replays_bit_for_bit(plan in steps(), cut in any::<prop::sample::Index>()) {
        let story = story(plan);
        let now = serde_json::to_string(&story.conversation).unwrap();
        let whole = replay(&story.entries, Some(&now));
        prop_assert_eq!(&whole.outcome, &Outcome::Identical);
        prop_assert_eq!((whole.replayed, whole.from_revision), (story.entries.len(), 0));
        prop_assert_eq!(whole.to_revision, story.conversation.revision);
        let rest = &story.entries[cut.index(story.entries.len())..];
        let begins = rest.iter().position(|entry| value(entry).get("b").is_some());
        let later = replay(rest, Some(&now));
        if let Some(skipped) = begins {
            prop_assert_eq!(&later.outcome, &Outcome::Identical);
            prop_assert_eq!((later.skipped_before_base, later.replayed), (skipped, rest.len() - skipped));
        } else { prop_assert_eq!(&later.outcome, &Outcome::Nothing) }
    }

    #[test]
    fn a_time_that_was_changed_in_any_entry_is_found_there(plan in steps(), which in any::<prop::sample::Index>()) {
        let mut story = story(plan);
        let decided: Vec<usize> = (0..story.entries.len())
            .filter(|index| value(&story.entries[*index]).get("f").is_some())
            .collect();
        let index = decided[which.index(decided.len())];
        let mut entry = value(&story.entries[index]);
        let now_ms = entry["f"]["now_ms"].as_i64().unwrap();
        entry["f"]["now_ms"] = json!(now_ms + 1);
        story.entries[index] = entry.to_string();
        let found = replay(&story.entries, None);
        let Outcome::Parted(parting) = found.outcome.clone() else { panic!("{found:?}") };
        prop_assert_eq!((Some(parting.revision), parting.what), (entry["r"].as_u64(), What::State));
    }

    #[test]
    fn an_entry_that_was_taken_away_is_missed(plan in steps(), which in any::<prop::sample::Index>()) {
        let mut story = story(plan);
        let now = serde_json::to_string(&story.conversation).unwrap();
        prop_assume!(story.entries.len() > 2);
        let index = 1 + which.index(story.entries.len() - 1);
        let next = story.entries.get(index + 1).map(|entry| value(entry)["r"].as_u64().unwrap());
        story.entries.remove(index);
        let found = replay(&story.entries, Some(&now));
        let Outcome::Parted(parting) = found.outcome.clone() else { panic!("{found:?}") };
        if let Some(revision) = next {
            prop_assert_eq!((parting.revision, parting.what), (revision, What::Missing));
        } else {
            prop_assert_eq!(parting.what, What::Stored);
        }
    }
}
