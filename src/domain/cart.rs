//! A cart: one per customer and device (rule R4), whose lines never expire (rule R6). It owns quantities, the offers that
//! the customer was last shown, and what makes a button stale; it refuses prices that nobody was shown.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::button::{Action, Button, Freshness};
use super::ids::RetailerId;
use super::money::{Currency, Money, MoneyError};
use super::product::Offer;
use super::purchase::Quote;

/// Most lines in one cart.
pub const LINES_MAX: usize = 100;
/// Most units in one line (WhatsApp's own cart has the same cap, Meta catalogs overview, 2026-06-18).
pub const QUANTITY_MAX: u8 = 99;
/// Most removed lines that are remembered for staleness; past it all older buttons become stale.
const REMOVED_MAX: usize = 50;

/// One product in a cart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Which product.
    #[serde(rename = "i")]
    pub retailer_id: RetailerId,
    /// How many, 1–99.
    #[serde(rename = "q")]
    pub quantity: u8,
    /// What the customer was last shown and agreed to by adding or accepting.
    #[serde(rename = "s")]
    pub shown: Offer,
    /// A change that the customer was told and did not accept yet; blocks the checkout.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub noticed: Option<Offer>,
    /// Cart revision of the last change of this line.
    #[serde(rename = "c")]
    pub changed_at: u64,
}

/// How far a checkout of this cart has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Checkout {
    /// A quote was asked for this cart revision.
    Asked {
        /// The cart revision.
        revision: u64,
    },
    /// The customer was shown this quote for this cart revision and may confirm it.
    Shown {
        /// The cart revision.
        revision: u64,
        /// What was shown.
        quote: Quote,
    },
}

/// The cart of one customer on one device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cart {
    /// Grows with each change.
    pub revision: u64,
    /// The revision at which the last purchase was made from it: every button drawn before is stale.
    #[serde(default)]
    pub sealed_at: u64,
    /// Lines, in the order in which they were added.
    #[serde(default)]
    pub lines: Vec<Line>,
    /// Removed products and the revision at which they left.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub removed: BTreeMap<RetailerId, u64>,
    /// The checkout under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkout: Option<Checkout>,
}

/// Why a cart was not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It has [`LINES_MAX`] lines.
    TooManyLines,
    /// The line has [`QUANTITY_MAX`] units.
    TooManyUnits,
    /// There is no such line.
    NoSuchLine,
}

impl Cart {
    /// An empty cart for which every button up to that revision is stale.
    pub fn behind(revision: u64) -> Self {
        Self {
            revision,
            sealed_at: revision,
            ..Self::default()
        }
    }

    /// The line of a product.
    pub fn line(&self, id: &RetailerId) -> Option<&Line> {
        self.lines.iter().find(|line| line.retailer_id == *id)
    }

    /// True without lines.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Units in all lines.
    pub fn units(&self) -> u32 {
        self.lines.iter().map(|line| u32::from(line.quantity)).sum()
    }

    /// Sum of the shown prices.
    pub fn total(&self, currency: Currency) -> Result<Money, MoneyError> {
        self.lines.iter().try_fold(Money::zero(currency), |sum, line| {
            sum.plus(&line.shown.price.times(line.quantity)?)
        })
    }

    /// Adds one unit, shown as `offer`. A waiting change of that line counts as accepted only when it is what was shown.
    pub fn add(&mut self, id: &RetailerId, offer: Offer, units: u8) -> Result<u8, Refusal> {
        let revision = self.revision + 1;
        if let Some(line) = self.lines.iter_mut().find(|line| line.retailer_id == *id) {
            let quantity = line.quantity.checked_add(units).filter(|q| *q <= QUANTITY_MAX);
            let quantity = quantity.ok_or(Refusal::TooManyUnits)?;
            line.quantity = quantity;
            line.shown = offer;
            line.noticed = None;
            line.changed_at = revision;
            self.touch();
            return Ok(quantity);
        }
        if self.lines.len() >= LINES_MAX {
            return Err(Refusal::TooManyLines);
        }
        let quantity = units.clamp(1, QUANTITY_MAX);
        let line = Line {
            retailer_id: id.clone(),
            quantity,
            shown: offer,
            noticed: None,
            changed_at: revision,
        };
        self.removed.remove(id);
        self.lines.push(line);
        self.touch();
        Ok(quantity)
    }

    /// Sets the units of a line.
    pub fn set_quantity(&mut self, id: &RetailerId, quantity: u8) -> Result<(), Refusal> {
        if quantity == 0 || quantity > QUANTITY_MAX {
            return Err(Refusal::TooManyUnits);
        }
        let revision = self.revision + 1;
        let line = self
            .lines
            .iter_mut()
            .find(|line| line.retailer_id == *id)
            .ok_or(Refusal::NoSuchLine)?;
        line.quantity = quantity;
        line.changed_at = revision;
        self.touch();
        Ok(())
    }

    /// Takes a line out and returns it.
    pub fn remove(&mut self, id: &RetailerId) -> Option<Line> {
        let index = self.lines.iter().position(|line| line.retailer_id == *id)?;
        let line = self.lines.remove(index);
        self.removed.insert(id.clone(), self.revision + 1);
        self.touch();
        if self.removed.len() > REMOVED_MAX {
            self.seal();
        }
        Some(line)
    }

    /// Takes all lines out; every button drawn before becomes stale.
    pub fn empty(&mut self) -> Vec<Line> {
        let lines = std::mem::take(&mut self.lines);
        self.touch();
        self.seal();
        lines
    }

    /// Marks the cart as changed: buttons that rest on the whole cart become stale, a checkout under way ends.
    pub fn touch(&mut self) {
        self.revision += 1;
        self.checkout = None;
    }

    fn seal(&mut self) {
        self.sealed_at = self.revision;
        self.removed.clear();
    }

    /// Whether a button that was drawn for this cart still means what its reader saw.
    pub fn freshness(&self, button: &Button) -> Freshness {
        let drawn_at = button.revision;
        if drawn_at > self.revision {
            return Freshness::Stale;
        }
        let fresh = match &button.action {
            Action::Person | Action::Resume | Action::Purchase(_) | Action::DropLine(_) => true,
            Action::Menu | Action::Category(_) | Action::Page(_) | Action::Product(_) | Action::Cart => {
                drawn_at >= self.sealed_at
            }
            Action::Add(id) | Action::Quantity(id, _) | Action::Remove(id) => {
                drawn_at >= self.sealed_at && self.last_change_of(id) <= drawn_at
            }
            Action::Empty
            | Action::Checkout
            | Action::Confirm(_)
            | Action::AcceptPrices(_)
            | Action::CopyCart(_) => drawn_at == self.revision,
        };
        if fresh { Freshness::Fresh } else { Freshness::Stale }
    }

    fn last_change_of(&self, id: &RetailerId) -> u64 {
        let changed_at = self.line(id).map(|line| line.changed_at);
        changed_at.or_else(|| self.removed.get(id).copied()).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::device::Device;

    fn offer(price: &str) -> Offer {
        let price = Money::parse(price, Currency::BRL).unwrap();
        Offer {
            title: "Café".into(),
            price,
            in_stock: true,
            options: None,
        }
    }

    fn button(action: Action, revision: u64) -> Button {
        Button {
            action,
            device: Device::Android,
            revision,
            expires_at_ms: i64::MAX,
        }
    }

    #[test]
    fn pressing_one_button_twice_adds_once_and_another_products_button_stays_fresh() {
        let mut cart = Cart::default();
        let (a, b) = (RetailerId::new("a"), RetailerId::new("b"));
        cart.add(&a, offer("1"), 1).unwrap();
        assert_eq!(
            cart.freshness(&button(Action::Add(a.clone()), 0)),
            Freshness::Stale
        );
        assert_eq!(cart.freshness(&button(Action::Add(b), 0)), Freshness::Fresh);
        assert_eq!(cart.freshness(&button(Action::Add(a), 1)), Freshness::Fresh);
        assert_eq!(cart.freshness(&button(Action::Checkout, 0)), Freshness::Stale);
    }

    #[test]
    fn what_was_drawn_before_a_purchase_is_stale_after_it() {
        let mut cart = Cart::default();
        cart.add(&RetailerId::new("a"), offer("1"), 1).unwrap();
        cart.empty();
        assert_eq!(cart.freshness(&button(Action::Menu, 1)), Freshness::Stale);
        assert_eq!(cart.freshness(&button(Action::Menu, 2)), Freshness::Fresh);
        assert_eq!(cart.freshness(&button(Action::Person, 0)), Freshness::Fresh);
    }

    #[test]
    fn a_removed_line_makes_its_old_buttons_stale() {
        let mut cart = Cart::default();
        let id = RetailerId::new("a");
        cart.add(&id, offer("1"), 1).unwrap();
        cart.remove(&id);
        assert_eq!(
            cart.freshness(&button(Action::Add(id.clone()), 1)),
            Freshness::Stale
        );
        assert_eq!(cart.freshness(&button(Action::Add(id), 2)), Freshness::Fresh);
    }

    #[test]
    fn a_line_holds_ninety_nine_units_and_a_cart_a_hundred_lines() {
        let mut cart = Cart::default();
        for n in 0..LINES_MAX {
            cart.add(&RetailerId::new(format!("p{n}")), offer("0.10"), 1)
                .unwrap();
        }
        assert_eq!(
            cart.add(&RetailerId::new("more"), offer("1"), 1),
            Err(Refusal::TooManyLines)
        );
        let first = RetailerId::new("p0");
        cart.set_quantity(&first, 99).unwrap();
        assert_eq!(cart.add(&first, offer("1"), 1), Err(Refusal::TooManyUnits));
        assert_eq!(cart.set_quantity(&first, 100), Err(Refusal::TooManyUnits));
        assert_eq!(cart.set_quantity(&first, 0), Err(Refusal::TooManyUnits));
    }
}
