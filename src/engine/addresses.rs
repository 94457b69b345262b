//! Addresses: from provider fields to a conversation's home, and from an event to the purchase that it would confirm.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::domain::conversation::Customer;
use crate::domain::ids::{HomeId, NumberId, PurchaseId};
use crate::store::DoneMark;

const DAY_MS: i64 = 86_400_000;

/// Makes home ids: a keyed digest, so that a store's keys can't be searched for phone numbers.
#[derive(Clone)]
pub struct Addresses {
    key: Vec<u8>,
}

impl std::fmt::Debug for Addresses {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Addresses([REDACTED])")
    }
}

impl Addresses {
    /// With the store's own key.
    pub fn new(key: Vec<u8>) -> Self {
        Self { key }
    }

    /// The home that a customer id would have. The leading shard is not keyed (8 bits tell nobody's number), so that a
    /// purchase id begins with it even after the loss of the store and its key.
    pub fn home(&self, number: &NumberId, id: &str) -> HomeId {
        let shard = shard_digits(number, id);
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) else {
            return HomeId::new(format!("{shard}{}", "0".repeat(20)));
        };
        mac.update(format!("home\n{number}\n{id}").as_bytes());
        let digest = hex::encode(mac.finalize().into_bytes());
        HomeId::new(format!("{shard}{}", digest.get(..20).unwrap_or_default()))
    }

    /// The homes that a customer may have, in order of preference: by user id, then by wa_id.
    pub fn homes(&self, number: &NumberId, customer: &Customer) -> Vec<HomeId> {
        let ids = [&customer.user_id, &customer.wa_id];
        ids.into_iter()
            .flatten()
            .map(|id| self.home(number, id))
            .collect()
    }
}

fn shard_digits(number: &NumberId, id: &str) -> String {
    let digest = Sha256::digest(format!("shard\n{number}\n{id}").as_bytes());
    digest
        .first()
        .map_or_else(|| "00".to_owned(), |byte| format!("{byte:02x}"))
}

/// The purchase that a customer's message would confirm: computed from provider fields alone, so that a redelivery asks the
/// merchant for the same purchase even when everything here was lost. 34 characters of `[0-9a-f]`.
pub fn purchase_id(number: &NumberId, customer: &Customer, message_id: &str) -> PurchaseId {
    let id = customer
        .user_id
        .as_deref()
        .or(customer.wa_id.as_deref())
        .unwrap_or_default();
    let digest = Sha256::digest(format!("purchase\n{number}\n{id}\n{message_id}").as_bytes());
    let digest = hex::encode(digest);
    PurchaseId::new(format!(
        "{}{}",
        shard_digits(number, id),
        digest.get(..32).unwrap_or_default()
    ))
}

/// The mark of an event, in the set of its own day.
pub fn mark(id: &str, at_ms: i64) -> DoneMark {
    let digest = Sha256::digest(id.as_bytes());
    let bytes = digest.first_chunk::<8>().copied().unwrap_or_default();
    DoneMark {
        hash: u64::from_be_bytes(bytes),
        day: at_ms.div_euclid(DAY_MS),
    }
}

/// A short digest for keys and journals.
pub fn digest(text: &str) -> String {
    let digest = hex::encode(Sha256::digest(text.as_bytes()));
    digest.get(..24).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_purchase_id_depends_on_provider_fields_only() {
        let number = NumberId::new("106540352242922");
        let customer = Customer {
            user_id: Some("BR.1".into()),
            wa_id: Some("5511".into()),
            name: None,
        };
        let id = purchase_id(&number, &customer, "3A00");
        let renamed = Customer {
            name: Some("Ana".into()),
            ..customer.clone()
        };
        assert_eq!(id, purchase_id(&number, &renamed, "3A00"));
        assert_ne!(id, purchase_id(&number, &customer, "3A01"));
        assert!(id.as_str().len() <= 50 && id.as_str().bytes().all(|b| b.is_ascii_hexdigit()));
        let home = Addresses::new(vec![1; 32]).home(&number, "BR.1");
        assert_eq!(home.shard(), id.shard());
        assert_eq!(home.as_str().len(), crate::domain::ids::HOME_CHARS);
        let other_store = Addresses::new(vec![2; 32]).home(&number, "BR.1");
        assert_ne!(home, other_store);
        assert_eq!(home.shard(), other_store.shard());
    }
}
