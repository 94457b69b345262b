//! The two outsides as the dispatcher knows them: merchants' connectors and settings, numbers' rates. They may be replaced while it
//! runs; what is under way ends with what it began with. It owns the mirrors' lives, which follow the merchants.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

use tokio::sync::Notify;

use super::{Dispatcher, Gate, MerchantSettings};
use crate::domain::ids::{MerchantId, NumberId};
use crate::merchants::payment_link::LinkRule;
use crate::merchants::{Connector, Connectors};

/// What may be replaced while the dispatcher runs.
#[derive(Debug)]
pub struct Sides {
    /// Merchants' backends.
    pub connectors: Connectors,
    /// Merchants' settings.
    pub merchants: BTreeMap<MerchantId, MerchantSettings>,
    /// Messages per second of each number.
    pub rates: BTreeMap<NumberId, u32>,
}

impl Dispatcher {
    /// From now on these are the outsides: the catalogs of new merchants are mirrored, those of merchants that are gone not any
    /// more, and those of merchants that are reached another way are read anew.
    pub fn replace(self: &Arc<Self>, sides: Sides) {
        let changed = changed(&self.sides.load(), &sides);
        self.sides.replace(sides);
        {
            let mirrors = self.mirrors.lock().unwrap_or_else(PoisonError::into_inner);
            for wake in changed.iter().filter_map(|merchant| mirrors.get(merchant)) {
                wake.notify_one();
            }
        }
        self.mirror_all(&BTreeSet::new());
    }

    /// A number has another way to send: what its old one stopped goes on.
    pub fn renewed(&self, number: &NumberId) {
        self.gates.open(&Gate::Number(number.clone()));
    }

    /// Numbers and merchants were replaced, here and at the engine: what stopped those that are gone holds nothing up any more, and
    /// nobody need be told of it.
    pub fn forget_others(&self) {
        let engine = &self.parts.engine;
        self.gates.forget_others(|gate| match gate {
            Gate::Number(number) => engine.number(number).is_some(),
            Gate::Merchant(merchant) | Gate::Backend(merchant) => self.settings(merchant).is_some(),
        });
    }

    /// The connector of a merchant.
    pub fn connector(&self, merchant: &MerchantId) -> Option<Arc<dyn Connector>> {
        self.sides.load().connectors.get(merchant).map(Arc::clone)
    }

    /// The connector of a merchant and which payment links it may send, as of one moment: what is under way ends with both.
    pub(super) fn backend(&self, merchant: &MerchantId) -> Option<(Arc<dyn Connector>, Option<LinkRule>)> {
        let sides = self.sides.load();
        let connector = sides.connectors.get(merchant).map(Arc::clone)?;
        let links = sides.merchants.get(merchant);
        Some((connector, links.map(|settings| settings.links.clone())))
    }

    /// All connectors, to keep those whose merchants stay as they are.
    pub fn connectors(&self) -> Connectors {
        self.sides.load().connectors.clone()
    }

    /// The settings of a merchant.
    pub(super) fn settings(&self, merchant: &MerchantId) -> Option<MerchantSettings> {
        self.sides.load().merchants.get(merchant).cloned()
    }

    /// What a number may send, in messages per second, when it is configured.
    pub(super) fn rate(&self, number: &NumberId) -> Option<u32> {
        self.sides.load().rates.get(number).copied()
    }

    /// All merchants that have a connector.
    pub fn merchants(&self) -> Vec<MerchantId> {
        self.sides.load().connectors.keys().cloned().collect()
    }

    /// Starts a mirror for each merchant that has none; those of `mirrored` were read just now.
    pub(super) fn mirror_all(self: &Arc<Self>, mirrored: &BTreeSet<MerchantId>) {
        for merchant in self.merchants() {
            let wake = Arc::new(Notify::new());
            {
                let mut mirrors = self.mirrors.lock().unwrap_or_else(PoisonError::into_inner);
                let Entry::Vacant(place) = mirrors.entry(merchant.clone()) else {
                    continue;
                };
                place.insert(Arc::clone(&wake));
            }
            let own = Arc::clone(self);
            let wait_first = mirrored.contains(&merchant);
            self.tasks.spawn("mirror", async move {
                own.mirror_while_known(&merchant, wait_first, &wake).await;
            });
        }
    }

    /// False when the merchant is gone: its mirror ends, and one that comes back gets another.
    pub(super) fn still_mirrors(&self, merchant: &MerchantId) -> bool {
        let mut mirrors = self.mirrors.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = self.sides.load().connectors.contains_key(merchant);
        if !is_known {
            mirrors.remove(merchant);
            self.mirrored
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .remove(merchant);
        }
        is_known
    }
}

/// Merchants whose catalog comes another way, at another pace or not at all any more.
fn changed(before: &Sides, after: &Sides) -> BTreeSet<MerchantId> {
    let interval_ms = |sides: &Sides, merchant: &MerchantId| {
        let settings = sides.merchants.get(merchant);
        settings.map(|settings| settings.mirror_interval_ms)
    };
    let differs = |(merchant, connector): &(&MerchantId, &Arc<dyn Connector>)| {
        let is_same = after
            .connectors
            .get(*merchant)
            .is_some_and(|other| Arc::ptr_eq(connector, other));
        !is_same || interval_ms(before, merchant) != interval_ms(after, merchant)
    };
    let all = before.connectors.iter().filter(differs);
    all.map(|(merchant, _)| merchant.clone()).collect()
}
