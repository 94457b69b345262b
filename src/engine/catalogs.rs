//! The replica's own copy of each merchant's catalog: facts for decisions without a round trip. It may lag; the commit
//! refuses facts that are older than a shard's marker, and then the named ones are read again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use crate::domain::facts::{Category, Fact, Outline, category_key};
use crate::domain::ids::{MerchantId, RetailerId};
use crate::domain::masked::without_values;
use crate::domain::product::Product;
use crate::store::{self, Store, StoredFact};

#[derive(Debug, Default)]
struct Copy {
    generation: u64,
    facts: BTreeMap<RetailerId, Fact>,
    outline: Arc<Outline>,
}

/// Copies by merchant.
#[derive(Debug, Default)]
pub struct Catalogs {
    copies: RwLock<BTreeMap<MerchantId, Copy>>,
}

/// Facts of some products and the catalog's shape.
#[derive(Debug, Default)]
pub struct Known {
    /// Those of the asked products that are known.
    pub facts: BTreeMap<RetailerId, Fact>,
    /// The catalog's shape.
    pub outline: Arc<Outline>,
}

impl Catalogs {
    /// Facts from the copy; reads the whole catalog once when there is no copy yet. What the copy lacks is asked for by name:
    /// it may be behind, and a decision that takes it for "no such product" would never be made again.
    pub async fn known(
        &self,
        store: &dyn Store,
        merchant: &MerchantId,
        ids: &BTreeSet<RetailerId>,
    ) -> Result<Known, store::Error> {
        let known = if let Some(known) = self.peek(merchant, ids) {
            known
        } else {
            self.reload(store, merchant).await?;
            self.peek(merchant, ids).unwrap_or_default()
        };
        let lacking: Vec<RetailerId> = ids
            .iter()
            .filter(|id| !known.facts.contains_key(id))
            .cloned()
            .collect();
        if lacking.is_empty() {
            return Ok(known);
        }
        self.refresh(store, merchant, &lacking).await?;
        Ok(self.peek(merchant, ids).unwrap_or(known))
    }

    fn peek(&self, merchant: &MerchantId, ids: &BTreeSet<RetailerId>) -> Option<Known> {
        let copies = self.copies.read().unwrap_or_else(PoisonError::into_inner);
        let copy = copies.get(merchant)?;
        let facts = ids
            .iter()
            .filter_map(|id| Some((id.clone(), copy.facts.get(id)?.clone())))
            .collect();
        Some(Known {
            facts,
            outline: Arc::clone(&copy.outline),
        })
    }

    /// All products that are not gone, ordered by id.
    pub fn products(&self, merchant: &MerchantId) -> Vec<Product> {
        let copies = self.copies.read().unwrap_or_else(PoisonError::into_inner);
        let facts = copies.get(merchant).map(|copy| copy.facts.values());
        facts
            .into_iter()
            .flatten()
            .filter_map(|fact| fact.product.clone())
            .collect()
    }

    /// Drops all copies: the next decision reads what it needs.
    pub fn forget(&self) {
        self.copies
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    /// Reads the whole catalog again.
    pub async fn reload(&self, store: &dyn Store, merchant: &MerchantId) -> Result<(), store::Error> {
        let read = store.catalog(merchant).await?;
        let facts: BTreeMap<RetailerId, Fact> = read
            .facts
            .iter()
            .filter_map(|stored| Some((stored.retailer_id.clone(), fact(stored)?)))
            .collect();
        let outline = Arc::new(outline(&facts));
        let mut copies = self.copies.write().unwrap_or_else(PoisonError::into_inner);
        copies.insert(
            merchant.clone(),
            Copy {
                generation: read.generation,
                facts,
                outline,
            },
        );
        Ok(())
    }

    /// Reads the catalog again when another replica or we changed it since. One small read when nothing changed.
    pub async fn follow(&self, store: &dyn Store, merchant: &MerchantId) -> Result<bool, store::Error> {
        let generation = store.catalog_generation(merchant).await?;
        let have = {
            let copies = self.copies.read().unwrap_or_else(PoisonError::into_inner);
            copies.get(merchant).map(|copy| copy.generation)
        };
        if have == Some(generation) {
            return Ok(false);
        }
        self.reload(store, merchant).await?;
        Ok(true)
    }

    /// Reads some products again.
    pub async fn refresh(
        &self,
        store: &dyn Store,
        merchant: &MerchantId,
        ids: &[RetailerId],
    ) -> Result<(), store::Error> {
        let read = store.products(merchant, ids).await?;
        let mut copies = self.copies.write().unwrap_or_else(PoisonError::into_inner);
        // Without a copy there is nothing to refresh: the next decision reads all of it.
        let Some(copy) = copies.get_mut(merchant).filter(|_| !read.is_empty()) else {
            return Ok(());
        };
        for stored in &read {
            if let Some(fact) = fact(stored) {
                copy.facts.insert(stored.retailer_id.clone(), fact);
            }
        }
        copy.outline = Arc::new(outline(&copy.facts));
        Ok(())
    }
}

fn fact(stored: &StoredFact) -> Option<Fact> {
    let product = match &stored.product {
        None => None,
        Some(encoded) => match serde_json::from_str(encoded) {
            Ok(product) => Some(product),
            Err(error) => {
                let error = without_values(&error.to_string());
                tracing::error!(error, product = %stored.retailer_id, "a stored product can't be read");
                return None;
            }
        },
    };
    Some(Fact {
        version: stored.version,
        product,
    })
}

/// Categories by name, products by title; what can't be bought is not listed.
fn outline(facts: &BTreeMap<RetailerId, Fact>) -> Outline {
    let mut by_category: BTreeMap<(bool, String), Vec<(String, RetailerId)>> = BTreeMap::new();
    let on_sale = facts
        .values()
        .filter_map(|fact| fact.product.as_ref())
        .filter(|product| product.in_stock());
    for product in on_sale {
        let title = product
            .category
            .as_deref()
            .map(str::trim)
            .unwrap_or_default()
            .to_owned();
        let listed = by_category.entry((title.is_empty(), title)).or_default();
        listed.push((product.title.to_lowercase(), product.retailer_id.clone()));
    }
    let categories = by_category
        .into_iter()
        .map(|((nameless, title), mut listed)| {
            listed.sort();
            Category {
                key: category_key(&title),
                title: (!nameless).then_some(title),
                count: listed.len(),
                products: listed.into_iter().map(|(_, id)| id).collect(),
            }
        })
        .collect();
    Outline {
        categories,
        opened: None,
    }
}
