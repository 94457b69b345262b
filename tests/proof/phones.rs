//! Customers: what they do next, given what their phones show. They tap old buttons, tap twice, write from two devices and
//! sometimes buy.

use std::collections::BTreeMap;

use sacola::domain::button::{Action, Subject};
use sacola::domain::conversation::Customer;
use sacola::domain::device::Device;
use sacola::domain::event::{Event, OrderItem};
use sacola::domain::ids::{HomeId, PurchaseId, RetailerId};
use sacola::engine::addresses::purchase_id;
use sacola::engine::{Happened, What, Who};

use super::carts::{Act, Asked};
use super::dice::Dice;
use super::outside::{Message, Outside};
use super::replica::{keys, number};

/// A customer with two devices.
#[derive(Clone, Debug)]
pub struct Customers {
    pub customer: Customer,
    pub home: HomeId,
    /// Messages on the screen when they last did something.
    pub seen: usize,
}

/// What a customer does, as a webhook and as the ledger's expectation.
#[derive(Clone, Debug)]
pub struct Deed {
    pub happened: Happened,
    pub asked: Asked,
    /// The confirm button that was tapped.
    pub confirms: Option<String>,
    /// How many of what, in WhatsApp's own cart.
    pub ordered: Option<BTreeMap<RetailerId, i64>>,
    pub what: String,
}

pub fn customer(index: usize) -> Customer {
    Customer {
        user_id: Some(format!("BR.100{index}")),
        wa_id: Some(format!("5511900{index}")),
        name: Some("Ana".to_owned()),
    }
}

/// The next deed of a customer. `serial` makes its id.
pub fn deed(dice: &mut Dice, who: &Customers, outside: &Outside, serial: u64, now_ms: i64) -> Deed {
    let device = if dice.percent(75) {
        Device::Android
    } else {
        Device::Ios
    };
    let message_id = format!("m{serial}");
    let id = purchase_id(&number(), &who.customer, &message_id);
    let screen = outside.screens.get(&who.home).map_or(&[][..], Vec::as_slice);
    let button = if dice.percent(82) {
        button(dice, screen)
    } else {
        None
    };
    let (what, asked, confirms, ordered, text) = match button {
        Some(button) => tap(who, device, button, &id),
        None if dice.percent(30) => order(dice, outside, device),
        None => say(dice, device),
    };
    Deed {
        happened: Happened {
            who: Who::Customer {
                number: number(),
                customer: who.customer.clone(),
            },
            id: format!("in:{message_id}"),
            at_ms: now_ms,
            purchase_id: id,
            root: None,
            what,
        },
        asked,
        confirms,
        ordered,
        what: format!("{message_id} {device:?} {text}"),
    }
}

/// A button on one of the last messages; those that lead to a purchase rather.
fn button(dice: &mut Dice, screen: &[Message]) -> Option<String> {
    let from = screen.len().saturating_sub(5);
    let recent: Vec<&Message> = screen.iter().skip(from).rev().collect();
    let wishes: [(&str, usize); 6] = [
        ("confirm", 55),
        ("accept_prices", 50),
        ("checkout", 30),
        ("add", 60),
        ("product", 60),
        ("category", 60),
    ];
    for (action, percent) in wishes {
        let found: Vec<&String> = recent
            .iter()
            .take(2)
            .flat_map(|message| message.with(action))
            .collect();
        if !found.is_empty() && dice.percent(percent) {
            return dice.pick(&found).map(|id| (*id).clone());
        }
    }
    // Who calls a person talks to nobody else: that is for few.
    let calls_nobody = dice.percent(93);
    let all: Vec<&String> = recent
        .iter()
        .flat_map(|message| &message.buttons)
        .filter(|id| !(calls_nobody && id.starts_with("s1.person.")))
        .collect();
    dice.pick(&all).map(|id| (*id).clone())
}

type Drawn = (
    What,
    Asked,
    Option<String>,
    Option<BTreeMap<RetailerId, i64>>,
    String,
);

fn tap(who: &Customers, device: Device, id: String, purchase: &PurchaseId) -> Drawn {
    let drawn = keys().verify(&id, &who.home, 0);
    let asked = drawn.as_ref().map_or(nothing(device), |button| Asked {
        device,
        act: if button.device == device {
            act(&button.action, purchase)
        } else {
            Act::Nothing
        },
        drawn_at: button.revision,
        expires_at_ms: button.expires_at_ms,
    });
    let confirms = drawn
        .as_ref()
        .filter(|button| matches!(button.action, Action::Confirm(_) | Action::AcceptPrices(_)))
        .map(|_| id.clone());
    let text = format!("taps {}", id.get(..id.len().min(40)).unwrap_or_default());
    (What::Tap { id, device }, asked, confirms, None, text)
}

fn act(action: &Action, purchase: &PurchaseId) -> Act {
    match action {
        Action::Add(id) => Act::Add(id.clone()),
        Action::Quantity(id, Some(units)) => Act::Set(id.clone(), *units),
        Action::Remove(id) => Act::Remove(id.clone()),
        Action::Empty => Act::Empty,
        Action::Confirm(Subject::Cart) => Act::Confirm(purchase.clone()),
        Action::CopyCart(from) => Act::Copy(*from),
        Action::Menu
        | Action::Category(_)
        | Action::Page(_)
        | Action::Product(_)
        | Action::Quantity(_, None)
        | Action::Cart
        | Action::Checkout
        | Action::Confirm(Subject::Order(_))
        | Action::AcceptPrices(_)
        | Action::DropLine(_)
        | Action::Purchase(_)
        | Action::Person
        | Action::Resume => Act::Nothing,
    }
}

fn nothing(device: Device) -> Asked {
    Asked {
        device,
        act: Act::Nothing,
        drawn_at: u64::MAX,
        expires_at_ms: i64::MAX,
    }
}

fn order(dice: &mut Dice, outside: &Outside, device: Device) -> Drawn {
    let products: Vec<_> = outside.products.values().collect();
    let items = (0..=dice.below(2)).filter_map(|_| {
        let product = dice.pick(&products)?;
        let price = if dice.percent(80) {
            product.price.amount_text()
        } else {
            "1.00".to_owned()
        };
        Some(OrderItem {
            retailer_id: RetailerId::new(product.retailer_id.as_str()),
            quantity: dice.between(1, 3),
            item_price: price,
            currency: "BRL".to_owned(),
        })
    });
    let items: Vec<OrderItem> = items.collect();
    let mut ordered: BTreeMap<RetailerId, i64> = BTreeMap::new();
    for item in &items {
        *ordered.entry(item.retailer_id.clone()).or_default() += item.quantity;
    }
    let text = format!("orders {} lines", items.len());
    let event = Event::Ordered {
        items,
        note: None,
        device,
    };
    (What::Event(event), nothing(device), None, Some(ordered), text)
}

fn say(dice: &mut Dice, device: Device) -> Drawn {
    let words = ["menu", "menu", "carrinho", "finalizar", "ajuda", "bom dia"];
    let text = dice.pick(&words).copied().unwrap_or("menu").to_owned();
    let told = format!("says {text}");
    let event = Event::Said {
        text,
        about: None,
        device,
    };
    (What::Event(event), nothing(device), None, None, told)
}
