//! Merchants' catalogs, the markers that refuse decisions on older facts, and who wants to hear of a product.

use redis::Value;
use serde_json::json;

use crate::domain::ids::{HomeId, MerchantId, RetailerId, Shard};
use crate::store::{CatalogRead, Error, Interest, ProductWrite, StoredFact, Written};

use super::Inner;
use super::error::{corrupt, reading};
use super::keys::marker_field;
use super::served::exact;
use super::shards;
use super::values::{Reply, counter, list, read};

impl Inner {
    pub(super) async fn catalog(&self, merchant: &MerchantId) -> Result<CatalogRead, Error> {
        let at = format!("catalog of {merchant}");
        // generation first: a change in between makes the read look older than it is, never newer
        let mut generation = redis::cmd("GET");
        generation.arg(self.keys.generation(merchant));
        let mut facts = redis::cmd("HGETALL");
        facts.arg(self.keys.facts(merchant));
        let mut answers = reading(self.net.commands(vec![generation, facts]).await)?.into_iter();
        let generation = read_generation(answers.next().unwrap_or_default(), &at)?;
        let flat: Vec<String> = read(answers.next().unwrap_or_default(), &at)?;
        let mut facts = Vec::with_capacity(flat.len() / 2);
        for pair in flat.chunks_exact(2) {
            if let [id, raw] = pair {
                facts.push(fact(RetailerId::new(id.as_str()), raw)?);
            }
        }
        facts.sort_by(|a, b| a.retailer_id.cmp(&b.retailer_id));
        Ok(CatalogRead { generation, facts })
    }

    pub(super) async fn catalog_generation(&self, merchant: &MerchantId) -> Result<u64, Error> {
        let mut command = redis::cmd("GET");
        command.arg(self.keys.generation(merchant));
        read_generation(reading(self.net.command(command).await)?, merchant.as_str())
    }

    pub(super) async fn products(
        &self,
        merchant: &MerchantId,
        ids: &[RetailerId],
    ) -> Result<Vec<StoredFact>, Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut command = redis::cmd("HMGET");
        command.arg(self.keys.facts(merchant));
        for id in ids {
            command.arg(id.as_str());
        }
        let found: Vec<Option<String>> = read(reading(self.net.command(command).await)?, merchant.as_str())?;
        let known = ids
            .iter()
            .zip(found)
            .filter_map(|(id, raw)| raw.map(|raw| (id, raw)));
        known.map(|(id, raw)| fact(id.clone(), &raw)).collect()
    }

    pub(super) async fn put_products(
        &self,
        merchant: &MerchantId,
        writes: &[ProductWrite],
    ) -> Result<Vec<Written>, Error> {
        if writes.is_empty() {
            return Ok(Vec::new());
        }
        let facts = self.keys.facts(merchant);
        let mut arguments = vec![String::new()];
        let mut described = Vec::with_capacity(writes.len());
        for write in writes {
            arguments.push(write.offer.clone());
            arguments.push(write.product.clone().unwrap_or_default());
            described.push(json!({
                "id": write.retailer_id.as_str(), "gone": if write.product.is_some() { "0" } else { "1" },
                "offer": arguments.len() - 1, "product": arguments.len(), "learned": exact(write.learned_at_ms),
                "mv": write.merchant_version.map_or_else(|| "-".to_owned(), |version| format!("{version:020}")),
            }));
        }
        let generation = self.keys.generation(merchant);
        let request = json!({ "facts": facts, "generation": generation, "writes": described });
        if let Some(first) = arguments.first_mut() {
            *first = request.to_string();
        }
        let call = self.scripts.products.call(vec![facts], arguments);
        let answers = list(self.confirmed_script(call).await?, merchant.as_str())?;
        answers.into_iter().map(written).collect()
    }

    pub(super) async fn raise_markers(
        &self,
        merchant: &MerchantId,
        retailer_id: &RetailerId,
        version: u64,
    ) -> Result<(), Error> {
        let arguments = || vec![marker_field(merchant, retailer_id), version.to_string()];
        let keys = shards::all().map(|shard| self.keys.markers(shard));
        if !self.net.is_cluster() {
            let call = self.scripts.raise.call(keys.collect(), arguments());
            return self.net.script(call).await.map(drop);
        }
        let calls: Vec<_> = keys
            .map(|key| self.scripts.raise.call(vec![key], arguments()))
            .collect();
        for answer in self.net.scripts(&calls).await {
            answer?;
        }
        Ok(())
    }

    pub(super) async fn interested(
        &self,
        shard: Shard,
        interest: &Interest,
        after: Option<&HomeId>,
        limit: usize,
    ) -> Result<Vec<HomeId>, Error> {
        let mut command = redis::cmd("ZRANGEBYLEX");
        command.arg(self.keys.interest(shard, interest));
        command
            .arg(after.map_or_else(|| "-".to_owned(), |after| format!("({after}")))
            .arg("+");
        command.arg("LIMIT").arg(0).arg(limit);
        let homes: Vec<String> = read(reading(self.net.command(command).await)?, "interest")?;
        Ok(homes.into_iter().map(HomeId::new).collect())
    }
}

fn read_generation(value: Value, at: &str) -> Result<u64, Error> {
    let generation: Option<i64> = read(value, at)?;
    counter(generation.unwrap_or(0), at)
}

fn written(value: Value) -> Result<Written, Error> {
    let mut reply = Reply::of(value, "products")?;
    let kind: String = reply.part()?;
    let version = counter(reply.part()?, "products")?;
    match kind.as_str() {
        "stored" => Ok(Written::Stored { version }),
        "changed" => Ok(Written::Changed { version }),
        "unchanged" => Ok(Written::Unchanged { version }),
        "older" => Ok(Written::Older),
        other => Err(corrupt("products", format!("unknown answer {other}"))),
    }
}

/// Reads `version|learned|merchant version|gone|length of offer|offer product` (written by `scripts/products.lua`).
fn fact(retailer_id: RetailerId, raw: &str) -> Result<StoredFact, Error> {
    let unreadable = || corrupt(format!("product {retailer_id}"), "not in the form of a fact");
    let mut parts = raw.splitn(6, '|');
    let mut part = || parts.next().ok_or_else(unreadable);
    let version: u64 = part()?.parse().map_err(|_| unreadable())?;
    let learned_at_ms: i64 = part()?.parse().map_err(|_| unreadable())?;
    part()?; // the merchant version: only the script looks at it
    let gone = part()? == "1";
    let offer_bytes: usize = part()?.parse().map_err(|_| unreadable())?;
    let product = part()?.get(offer_bytes..).ok_or_else(unreadable)?;
    let product = (!gone).then(|| product.to_owned());
    Ok(StoredFact {
        retailer_id,
        version,
        product,
        learned_at_ms,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fact_is_read_whatever_its_texts_contain() {
        let fact_of = |raw| fact(RetailerId::new("r"), raw);
        let read = fact_of("3|1700|-|0|5|a|é|{\"x\":\"|\"}").expect("readable");
        assert_eq!((read.version, read.learned_at_ms), (3, 1700));
        assert_eq!(read.product.as_deref(), Some("{\"x\":\"|\"}"));
        assert_eq!(
            fact_of("3|1700|00000000000000000007|1|0|")
                .expect("readable")
                .product,
            None
        );
        assert!(fact_of("3|x").is_err());
    }
}
