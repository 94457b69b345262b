//! What people and the shop do: customers act on their phones, prices change, purchases move on, statuses come in.

use std::sync::{Arc, PoisonError};

use sacola::engine::addresses::mark;

use super::mail::{Content, Mail};
use super::phones;
use super::world::World;

impl World {
    pub(super) fn customer_acts(&mut self) {
        let place = self.dice.below(self.customers.len());
        let Some(who) = self.customers.get(place).cloned() else {
            return;
        };
        // Most people wait for an answer before they go on.
        let on_screen = self.outside().screens.get(&who.home).map_or(0, Vec::len);
        if on_screen == who.seen && who.seen > 0 && self.dice.percent(80) {
            return self.gives_a_cue();
        }
        if let Some(who) = self.customers.get_mut(place) {
            who.seen = on_screen;
        }
        self.serial += 1;
        let (serial, now_ms) = (self.serial, self.now_ms());
        let deed = {
            let outside = Arc::clone(&self.shared.outside);
            let mut outside = outside.lock().unwrap_or_else(PoisonError::into_inner);
            let deed = phones::deed(&mut self.dice, &who, &outside, serial, now_ms);
            outside.wrote_at_ms.insert(who.home.clone(), now_ms);
            let id = deed.happened.purchase_id.clone();
            if let Some(button) = &deed.confirms {
                outside
                    .confirmations
                    .entry(button.clone())
                    .or_default()
                    .push(id.clone());
            }
            if let Some(ordered) = deed.ordered.clone() {
                outside.native_orders.insert(id, ordered);
            }
            deed
        };
        let done = mark(&deed.happened.id, deed.happened.at_ms);
        self.tell(|| format!("customer: {}", deed.what));
        self.stage().ledger.carts.expect(done, deed.asked.clone());
        self.mails.push(Mail::new(Content::Deed(Box::new(deed))));
    }

    pub(super) fn shop_changes_a_price(&mut self) {
        let outside = Arc::clone(&self.shared.outside);
        let mut outside = outside.lock().unwrap_or_else(PoisonError::into_inner);
        let ids: Vec<_> = outside.products.keys().cloned().collect();
        let Some(product) = self.dice.pick(&ids).and_then(|id| outside.products.get_mut(id)) else {
            return;
        };
        let cents = self.dice.between(100, 1_900);
        product.price = crate::support::shop::brl(&format!("{}.{:02}", cents / 100, cents % 100));
        let version: u64 = product
            .version
            .as_deref()
            .and_then(|v| v.parse().ok())
            .unwrap_or(0);
        product.version = Some((version + 1).to_string());
        let news = product.clone();
        drop(outside);
        self.tell(|| format!("shop: {} costs {}", news.retailer_id, news.price.amount_text()));
        self.mails.push(Mail::new(Content::Product(Box::new(news))));
    }

    pub(super) fn shop_tells_about_a_purchase(&mut self) {
        use sacola::domain::purchase::PurchaseState::{Cancelled, Paid, Preparing, Shipped};
        let ids: Vec<_> = self.outside().orders.keys().cloned().collect();
        let Some(purchase) = self.dice.pick(&ids).cloned() else {
            return;
        };
        self.serial += 1;
        let state = self
            .dice
            .pick(&[Paid, Paid, Preparing, Shipped, Cancelled])
            .copied()
            .unwrap_or(Paid);
        let content = Content::News {
            purchase,
            state,
            serial: self.serial,
            at_ms: self.now_ms(),
        };
        self.mails.push(Mail::new(content));
    }

    pub(super) fn tells_a_status(&mut self) {
        let mut outside = self.outside();
        let count = outside.statuses.len();
        drop(outside);
        if count == 0 {
            return;
        }
        let index = self.dice.below(count);
        outside = self.outside();
        let news = outside.statuses.swap_remove(index);
        drop(outside);
        self.mails.push(Mail::new(Content::Status(Box::new(news))));
    }
}
