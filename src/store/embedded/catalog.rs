//! A merchant's catalog and the markers of its products, in the file.

use redb::ReadableTable;
use serde::{Deserialize, Serialize};

use super::keys;
use super::table::{Snapshot, View, Writing};
use crate::domain::ids::{MerchantId, RetailerId};
use crate::store::{CatalogRead, Error, ProductWrite, StoredFact, UnixMs, Written};

/// A product as it is stored.
#[derive(Serialize, Deserialize)]
struct Fact {
    version: u64,
    product: Option<String>,
    offer: String,
    merchant_version: Option<u64>,
    learned_at_ms: UnixMs,
}

impl Fact {
    fn shown(self, retailer_id: RetailerId) -> StoredFact {
        StoredFact {
            retailer_id,
            version: self.version,
            product: self.product,
            learned_at_ms: self.learned_at_ms,
        }
    }
}

/// The whole catalog.
pub(super) fn read(view: &Snapshot, merchant: &MerchantId) -> Result<CatalogRead, Error> {
    let facts = view.list::<Fact>(&keys::facts(merchant), None, usize::MAX)?;
    let facts = facts
        .into_iter()
        .map(|(id, fact)| fact.shown(RetailerId::new(id)))
        .collect();
    Ok(CatalogRead {
        generation: generation(view, merchant)?,
        facts,
    })
}

/// Grows with each change.
pub(super) fn generation<T>(view: &View<T>, merchant: &MerchantId) -> Result<u64, Error>
where
    T: ReadableTable<&'static str, &'static [u8]>,
{
    Ok(view.get(&keys::generation(merchant))?.unwrap_or(0))
}

/// Some products, in the order asked for.
pub(super) fn some(
    view: &Snapshot,
    merchant: &MerchantId,
    ids: &[RetailerId],
) -> Result<Vec<StoredFact>, Error> {
    let mut found = Vec::new();
    for id in ids {
        let fact: Option<Fact> = view.get(&keys::fact(merchant, id))?;
        found.extend(fact.map(|fact| fact.shown(id.clone())));
    }
    Ok(found)
}

/// Writes products, each judged alone.
pub(super) fn put(
    view: &mut Writing<'_>,
    merchant: &MerchantId,
    writes: &[ProductWrite],
) -> Result<Vec<Written>, Error> {
    let before = generation(view, merchant)?;
    for write in writes {
        // What can't be read is found before anything is written.
        drop(view.get::<Fact>(&keys::fact(merchant, &write.retailer_id))?);
    }
    let mut generation = before;
    let mut answers = Vec::with_capacity(writes.len());
    for write in writes {
        let key = keys::fact(merchant, &write.retailer_id);
        let (fact, written) = judge(view.get(&key)?, write);
        if let Some(fact) = fact {
            view.put(&key, &fact)?;
        }
        if matches!(written, Written::Stored { .. } | Written::Changed { .. }) {
            generation = generation.saturating_add(1);
        }
        answers.push(written);
    }
    if generation != before {
        view.put(&keys::generation(merchant), &generation)?;
    }
    Ok(answers)
}

/// What a write makes of what is stored: the fact to store, if any, and the answer.
fn judge(stored: Option<Fact>, write: &ProductWrite) -> (Option<Fact>, Written) {
    let Some(stored) = stored else {
        return match write.product {
            Some(_) => (
                Some(fact_of(write, 1, write.merchant_version, write.learned_at_ms)),
                Written::Stored { version: 1 },
            ),
            None => (None, Written::Unchanged { version: 0 }),
        };
    };
    if is_older(&stored, write) {
        return (None, Written::Older);
    }
    let merchant_version = write.merchant_version.or(stored.merchant_version);
    let learned_at_ms = write.learned_at_ms.max(stored.learned_at_ms);
    let fact = |version: u64| fact_of(write, version, merchant_version, learned_at_ms);
    let is_gone = write.product.is_none();
    let was_gone = stored.product.is_none();
    let is_told = is_gone != was_gone || (!is_gone && write.offer != stored.offer);
    let version = stored.version.saturating_add(1);
    if is_told {
        (Some(fact(version)), Written::Changed { version })
    } else if write.product != stored.product {
        (Some(fact(version)), Written::Stored { version })
    } else {
        (
            Some(fact(stored.version)),
            Written::Unchanged {
                version: stored.version,
            },
        )
    }
}

/// By the merchant's own version where both have one: a higher one is newer whatever the clocks of two replicas say. Else by
/// when it was learned.
fn is_older(stored: &Fact, write: &ProductWrite) -> bool {
    match (write.merchant_version, stored.merchant_version) {
        (Some(new), Some(known)) if new != known => new < known,
        (Some(_) | None, Some(_) | None) => write.learned_at_ms < stored.learned_at_ms,
    }
}

fn fact_of(write: &ProductWrite, version: u64, merchant_version: Option<u64>, learned_at_ms: UnixMs) -> Fact {
    Fact {
        version,
        product: write.product.clone(),
        offer: write.offer.clone(),
        merchant_version,
        learned_at_ms,
    }
}

/// Raises a product's marker; never lowers it.
pub(super) fn raise_marker(
    view: &mut Writing<'_>,
    merchant: &MerchantId,
    retailer_id: &RetailerId,
    version: u64,
) -> Result<(), Error> {
    let key = keys::marker(merchant, retailer_id);
    let marker: Option<u64> = view.get(&key)?;
    if marker.is_none_or(|at_least| version > at_least) {
        view.put(&key, &version)?;
    }
    Ok(())
}
