//! Which facts an event needs before it can be decided.

use std::collections::BTreeSet;

use super::words::{self, Wish};
use crate::domain::button::{Action, Slice, Subject};
use crate::domain::cart::LINES_MAX;
use crate::domain::conversation::Conversation;
use crate::domain::device::Device;
use crate::domain::event::{Event, PurchaseAnswer, Tap};
use crate::domain::facts::{FactKeys, Facts};
use crate::domain::ids::RetailerId;

/// The facts that are needed and not there.
pub(super) fn missing(conversation: &Conversation, event: &Event, facts: &Facts) -> FactKeys {
    let mut wanted = Wanted {
        products: BTreeSet::new(),
        outline: false,
        category: None,
    };
    match event {
        Event::Said { text, about, device } => {
            wanted.by_wish(words::understand(text), conversation, *device);
            wanted.products.extend(about.iter().cloned());
        }
        Event::Welcomed { .. } => wanted.outline = true,
        Event::Tapped {
            tap: Tap::Button(button),
            device,
        } => {
            wanted.by_action(&button.action, conversation, *device, facts);
        }
        Event::ProductChanged { retailer_id } => {
            wanted.products.insert(retailer_id.clone());
        }
        Event::PurchaseAnswered { purchase_id, answer } => {
            let declined = matches!(answer, PurchaseAnswer::Declined { .. });
            let purchase = conversation.purchase(purchase_id).filter(|_| declined);
            let lines = purchase
                .map(|purchase| purchase.quote.lines.as_slice())
                .unwrap_or_default();
            wanted
                .products
                .extend(lines.iter().map(|line| line.retailer_id.clone()));
        }
        Event::Ordered { items, .. } => {
            wanted
                .products
                .extend(items.iter().take(LINES_MAX).map(|item| item.retailer_id.clone()));
        }
        Event::ProductsRequested { products, .. } => wanted.products.extend(products.iter().cloned()),
        Event::Tapped {
            tap: Tap::Refused, ..
        }
        | Event::Arrived { .. }
        | Event::Moved { .. }
        | Event::Echoed
        | Event::Quoted { .. }
        | Event::PurchaseNews { .. }
        | Event::SendFailed { .. }
        | Event::EffectReplayed { .. } => {}
    }
    if event.customer_device().is_some() {
        wanted.products.extend(conversation.owed_news.iter().cloned());
    }
    let products = wanted.products.difference(&facts.looked_for).cloned().collect();
    let opened = facts.outline.as_ref().map(|outline| outline.opened.clone());
    let lacks_outline = wanted.outline
        && opened
            .as_ref()
            .is_none_or(|opened| wanted.category.is_some() && *opened != wanted.category);
    FactKeys {
        products,
        outline: lacks_outline,
        category: wanted.category.filter(|_| lacks_outline),
    }
}

struct Wanted {
    products: BTreeSet<RetailerId>,
    outline: bool,
    category: Option<String>,
}

impl Wanted {
    fn by_wish(&mut self, wish: Wish, conversation: &Conversation, device: Device) {
        match wish {
            Wish::Menu | Wish::Catalog => self.outline = true,
            Wish::Checkout => self.cart_of(conversation, device),
            Wish::Cart | Wish::Help | Wish::Person | Wish::Purchases | Wish::Unclear => {}
        }
    }

    fn by_action(&mut self, action: &Action, conversation: &Conversation, device: Device, facts: &Facts) {
        match action {
            Action::Menu | Action::Resume | Action::Page(Slice::Menu { .. } | Slice::NativeCatalog) => {
                self.outline = true;
            }
            Action::Category(key) => {
                self.shown_in(facts, key, None);
            }
            Action::Page(Slice::Category { key, from, to }) => {
                self.shown_in(facts, key, Some((usize::from(*from), usize::from(*to))));
            }
            Action::Product(id) | Action::Add(id) => {
                self.products.insert(id.clone());
            }
            Action::Checkout | Action::Confirm(Subject::Cart) | Action::AcceptPrices(Subject::Cart) => {
                self.cart_of(conversation, device);
            }
            Action::Page(Slice::Cart { .. })
            | Action::Quantity(..)
            | Action::Remove(_)
            | Action::Cart
            | Action::Empty
            | Action::Confirm(Subject::Order(_))
            | Action::AcceptPrices(Subject::Order(_))
            | Action::DropLine(_)
            | Action::CopyCart(_)
            | Action::Purchase(_)
            | Action::Person => {}
        }
    }

    fn cart_of(&mut self, conversation: &Conversation, device: Device) {
        let lines = conversation
            .carts
            .get(&device)
            .map(|cart| cart.lines.as_slice())
            .unwrap_or_default();
        self.products
            .extend(lines.iter().map(|line| line.retailer_id.clone()));
    }

    fn shown_in(&mut self, facts: &Facts, key: &str, range: Option<(usize, usize)>) {
        self.outline = true;
        self.category = Some(key.to_owned());
        let opened = facts
            .outline
            .as_ref()
            .filter(|outline| outline.opened.as_deref() == Some(key));
        if let Some(category) = opened.and_then(|outline| outline.category(key)) {
            self.products.extend(super::browse::shown(category, range));
        }
    }
}
