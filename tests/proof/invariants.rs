//! What always holds, whatever fails and whenever: the list of docs/INVARIANTS.md.

use std::fmt;

/// One of them; its number is that of docs/INVARIANTS.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// One purchase per confirmation, none without.
    OnePurchase = 1,
    /// What was shown is what is forwarded and what is charged.
    OneTotal = 2,
    /// A purchase of unknown outcome is asked for before it is sent again.
    AskedFirst = 3,
    /// Messages of a conversation go out in order.
    Order = 4,
    /// A message is repeated only when nobody knows what became of it, and once.
    NoRepeat = 5,
    /// No message leaves outside the service window.
    Window = 6,
    /// Each event has exactly one effect set.
    OneEffectSet = 7,
    /// What was accepted is in the state, in a dead letter, or known as nothing to do.
    Accepted = 8,
    /// Carts equal those of a reference model.
    Carts = 9,
    /// A lane has one holder; who has lost it changes nothing.
    OneHolder = 10,
    /// Nothing is leased or waits for ever.
    Rest = 11,
    /// A status never goes back.
    Statuses = 12,
    /// No decision rests on outdated facts, and every cart hears of a change.
    Facts = 13,
    /// A journal replays bit for bit.
    Journal = 14,
    /// The customer hears what became of a purchase.
    Told = 15,
    /// Every message that was committed goes out, or something is known that stands in its place.
    Promised = 16,
    /// Nothing panics, and nothing is parked in a world without nonsense.
    Sound = 17,
}

impl Invariant {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 17] = [
        Self::OnePurchase,
        Self::OneTotal,
        Self::AskedFirst,
        Self::Order,
        Self::NoRepeat,
        Self::Window,
        Self::OneEffectSet,
        Self::Accepted,
        Self::Carts,
        Self::OneHolder,
        Self::Rest,
        Self::Statuses,
        Self::Facts,
        Self::Journal,
        Self::Told,
        Self::Promised,
        Self::Sound,
    ];

    /// Its name in docs/INVARIANTS.md.
    pub fn title(self) -> &'static str {
        match self {
            Self::OnePurchase => "one purchase per confirmation",
            Self::OneTotal => "shown, forwarded and charged are one total",
            Self::AskedFirst => "asked for before it is sent again",
            Self::Order => "messages in order",
            Self::NoRepeat => "no message repeated without doubt",
            Self::Window => "nothing outside the service window",
            Self::OneEffectSet => "one effect set per event",
            Self::Accepted => "nothing accepted is lost",
            Self::Carts => "carts equal the reference",
            Self::OneHolder => "one holder per lane",
            Self::Rest => "everything comes to rest",
            Self::Statuses => "statuses only rise",
            Self::Facts => "no outdated facts",
            Self::Journal => "the journal replays",
            Self::Told => "the customer is told",
            Self::Promised => "every message goes out",
            Self::Sound => "nothing breaks",
        }
    }
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invariant {} ({})", *self as u8, self.title())
    }
}

#[test]
fn the_page_has_the_same_numbers_and_names() {
    let page = include_str!("../../docs/INVARIANTS.md");
    for one in Invariant::ALL {
        let row = format!("| {} | **{}** |", one as u8, one.title());
        assert!(page.contains(&row), "{row}");
    }
    let rows = page.lines().filter(|line| line.contains(" | **")).count();
    assert_eq!(rows, Invariant::ALL.len());
}
