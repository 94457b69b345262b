//! Merchants' catalogs, and the markers that refuse decisions on older facts.

use std::collections::BTreeMap;

use sacola::domain::ids::{MerchantId, RetailerId};
use sacola::store::{CatalogRead, Interest, ProductWrite, StoredFact, UnixMs, Written};

use super::model::Model;

/// One merchant's catalog.
#[derive(Debug, Default)]
pub(super) struct Catalog {
    generation: u64,
    facts: BTreeMap<RetailerId, Fact>,
}

/// What is known of a product.
#[derive(Debug)]
struct Fact {
    version: u64,
    product: Option<String>,
    offer: String,
    merchant_version: Option<u64>,
    learned_at_ms: UnixMs,
}

impl Fact {
    fn shown(&self, retailer_id: &RetailerId) -> StoredFact {
        StoredFact {
            retailer_id: retailer_id.clone(),
            version: self.version,
            product: self.product.clone(),
            learned_at_ms: self.learned_at_ms,
        }
    }

    fn is_newer_than(&self, write: &ProductWrite) -> bool {
        match (write.merchant_version, self.merchant_version) {
            (Some(new), Some(known)) if new != known => new < known,
            (Some(_) | None, Some(_) | None) => write.learned_at_ms < self.learned_at_ms,
        }
    }

    /// True when a write changes what customers are told about.
    fn is_told(&self, write: &ProductWrite) -> bool {
        match (&self.product, &write.product) {
            (Some(_), Some(_)) => self.offer != write.offer,
            (None, None) => false,
            (Some(_), None) | (None, Some(_)) => true,
        }
    }
}

impl Catalog {
    fn put(&mut self, write: &ProductWrite) -> Written {
        let Some(fact) = self.facts.get_mut(&write.retailer_id) else {
            return self.put_first(write);
        };
        if fact.is_newer_than(write) {
            return Written::Older;
        }
        let written = if fact.is_told(write) {
            fact.version += 1;
            Written::Changed {
                version: fact.version,
            }
        } else if fact.product == write.product {
            Written::Unchanged {
                version: fact.version,
            }
        } else {
            fact.version += 1;
            Written::Stored {
                version: fact.version,
            }
        };
        fact.product.clone_from(&write.product);
        fact.offer.clone_from(&write.offer);
        fact.merchant_version = write.merchant_version.or(fact.merchant_version);
        fact.learned_at_ms = write.learned_at_ms.max(fact.learned_at_ms);
        if !matches!(written, Written::Unchanged { .. }) {
            self.generation += 1;
        }
        written
    }

    /// What was never there can't go.
    fn put_first(&mut self, write: &ProductWrite) -> Written {
        if write.product.is_none() {
            return Written::Unchanged { version: 0 };
        }
        let fact = Fact {
            version: 1,
            product: write.product.clone(),
            offer: write.offer.clone(),
            merchant_version: write.merchant_version,
            learned_at_ms: write.learned_at_ms,
        };
        self.facts.insert(write.retailer_id.clone(), fact);
        self.generation += 1;
        Written::Stored { version: 1 }
    }
}

impl Model {
    pub(super) fn catalog(&self, merchant: &MerchantId) -> CatalogRead {
        let Some(catalog) = self.catalogs.get(merchant) else {
            return CatalogRead::default();
        };
        CatalogRead {
            generation: catalog.generation,
            facts: catalog.facts.iter().map(|(id, fact)| fact.shown(id)).collect(),
        }
    }

    pub(super) fn catalog_generation(&self, merchant: &MerchantId) -> u64 {
        self.catalogs
            .get(merchant)
            .map_or(0, |catalog| catalog.generation)
    }

    pub(super) fn products(&self, merchant: &MerchantId, ids: &[RetailerId]) -> Vec<StoredFact> {
        let Some(catalog) = self.catalogs.get(merchant) else {
            return Vec::new();
        };
        let find = |id: &RetailerId| catalog.facts.get(id).map(|fact| fact.shown(id));
        ids.iter().filter_map(find).collect()
    }

    pub(super) fn put_products(&mut self, merchant: &MerchantId, writes: &[ProductWrite]) -> Vec<Written> {
        let catalog = self.catalogs.entry(merchant.clone()).or_default();
        writes.iter().map(|write| catalog.put(write)).collect()
    }

    pub(super) fn raise_markers(&mut self, merchant: &MerchantId, retailer_id: &RetailerId, version: u64) {
        let product = Interest {
            merchant: merchant.clone(),
            retailer_id: retailer_id.clone(),
        };
        let marker = self.markers.entry(product).or_default();
        *marker = version.max(*marker);
    }
}
