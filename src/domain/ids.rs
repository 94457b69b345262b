//! Names of things. Each is a type of its own, so that a customer can't be passed where a merchant is meant.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Most bytes of a [`RetailerId`] (Meta, catalog: a Content ID has at most 100 characters).
pub const RETAILER_ID_MAX: usize = 100;

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps a text that is known to be such an id.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }
    };
}

text_id! {
    /// A business phone number's id at the provider (`phone_number_id`), not the number itself.
    NumberId
}
text_id! {
    /// A merchant's id in the configuration.
    MerchantId
}
text_id! {
    /// A product's id at the merchant and in WhatsApp's catalog ("Content ID", at most 100 characters).
    RetailerId
}
text_id! {
    /// A purchase request's id: `<shard><digest>`, at most 50 characters of `[a-z0-9-]`. The merchant's idempotency key.
    PurchaseId
}
text_id! {
    /// An effect's id: `<home>.<revision>.<n>`, so that a status or an answer finds its conversation.
    EffectId
}
text_id! {
    /// A conversation's id, fixed for life: two hexadecimal digits of shard, then a keyed digest. Never a phone number.
    HomeId
}

/// How many shards there are; fixed for the life of a store.
pub const SHARDS: u16 = 256;

/// One of the [`SHARDS`] parts that a store is cut into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shard(pub u8);

fn leading_shard(text: &str) -> Shard {
    Shard(
        text.get(..2)
            .and_then(|digits| u8::from_str_radix(digits, 16).ok())
            .unwrap_or(0),
    )
}

impl HomeId {
    /// The shard that holds this conversation.
    pub fn shard(&self) -> Shard {
        leading_shard(&self.0)
    }
}

impl PurchaseId {
    /// The shard that holds this purchase's index entry.
    pub fn shard(&self) -> Shard {
        leading_shard(&self.0)
    }
}

impl EffectId {
    /// The id of the `index`-th effect that the event of `revision` caused.
    pub fn of(home: &HomeId, revision: u64, index: usize) -> Self {
        Self(format!("{home}.{revision}.{index}"))
    }

    /// The revision that caused this effect; 0 for a text that is no effect id.
    pub fn revision(&self) -> u64 {
        self.0
            .split('.')
            .nth(1)
            .and_then(|text| text.parse().ok())
            .unwrap_or(0)
    }

    /// The conversation that this effect belongs to; `None` for a text that is no effect id.
    pub fn home(&self) -> Option<HomeId> {
        let (home, rest) = self.0.split_once('.')?;
        let (revision, index) = rest.split_once('.')?;
        let plausible = home.len() == HOME_CHARS
            && home.bytes().all(|b| b.is_ascii_hexdigit())
            && revision.parse::<u64>().is_ok()
            && index.parse::<u32>().is_ok();
        plausible.then(|| HomeId::new(home))
    }
}

/// Length of a [`HomeId`]: 2 digits of shard and 20 of digest.
pub const HOME_CHARS: usize = 22;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_effect_id_leads_back_to_its_conversation() {
        let home = HomeId::new("a30123456789abcdef0123");
        let effect = EffectId::of(&home, 7, 2);
        assert_eq!(effect.home(), Some(home.clone()));
        assert_eq!(home.shard(), Shard(0xa3));
        assert_eq!(EffectId::new("product_inquiry").home(), None);
        assert_eq!(EffectId::new("x.1.2").home(), None);
    }
}
