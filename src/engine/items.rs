//! Effects as they lie in lanes: everything that performing needs, so that a lane can be served by any replica.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::conversation::{Conversation, Customer};
use crate::domain::effect::Effect;
use crate::domain::ids::{EffectId, MerchantId, NumberId, PurchaseId};
use crate::store::{Class, Item, LaneKind};

/// Version of the encoded form.
const FORMAT: u16 = 1;

/// The body of a lane item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneBody {
    /// Version of this form.
    pub format: u16,
    /// The effect.
    pub effect: Effect,
    /// The business number.
    pub number: NumberId,
    /// Its merchant.
    pub merchant: MerchantId,
    /// The customer, as known when the effect was committed.
    pub customer: Customer,
    /// The conversation's language, as a BCP 47 tag.
    pub locale: String,
    /// When it was committed.
    pub at_ms: i64,
    /// The revision of the event that its chain began with, for traces; absent when that is the effect's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<u64>,
}

impl LaneBody {
    /// Reads the body of a lane item; `None`: this version can't.
    pub fn read(body: &str) -> Option<Self> {
        serde_json::from_str(body).ok()
    }

    /// What is to be done, in a word: `send:<kind>`, `quote` or `forward`.
    pub fn word(&self) -> String {
        match &self.effect {
            Effect::Send(message) => format!("send:{}", message.kind.word()),
            other @ (Effect::Quote { .. } | Effect::Forward(_)) => other.word().to_owned(),
        }
    }
}

/// The revision of the event that an item's chain began with: the customer's message, the merchant's callback.
pub fn root_of(item: &Item) -> u64 {
    #[derive(Deserialize)]
    struct Rooted {
        #[serde(default)]
        root: Option<u64>,
    }
    let rooted = serde_json::from_str::<Rooted>(&item.body).ok();
    rooted
        .and_then(|rooted| rooted.root)
        .unwrap_or_else(|| item.effect_id.revision())
}

/// What the effects of one event have in common.
#[derive(Debug)]
pub struct Occasion<'a> {
    /// Whose.
    pub merchant: &'a MerchantId,
    /// Whose purchases are that were made before: they go to their merchants.
    pub sellers: &'a BTreeMap<PurchaseId, MerchantId>,
    /// The conversation's language, as a BCP 47 tag.
    pub locale: &'a str,
    /// The present.
    pub now_ms: i64,
    /// The class of its messages.
    pub class: Class,
    /// The revision of the event that its chain began with; `None`: it begins here.
    pub root: Option<u64>,
}

/// Encodes the effects of one event.
pub fn encode(
    conversation: &Conversation,
    effects: Vec<Effect>,
    occasion: &Occasion<'_>,
) -> Result<Vec<(LaneKind, Item)>, serde_json::Error> {
    let mut items = Vec::new();
    for (index, effect) in effects.into_iter().enumerate() {
        let (kind, supersedes) = match &effect {
            Effect::Send(message) => (LaneKind::Provider, message.supersedes().map(ToOwned::to_owned)),
            Effect::Quote { .. } | Effect::Forward(_) => (LaneKind::Merchant, None),
        };
        let seller = match &effect {
            Effect::Forward(purchase) => occasion.sellers.get(&purchase.purchase_id),
            Effect::Send(_) | Effect::Quote { .. } => None,
        };
        let merchant = seller.unwrap_or(occasion.merchant).clone();
        let body = LaneBody {
            format: FORMAT,
            effect,
            number: conversation.number.clone(),
            merchant,
            customer: conversation.customer.clone(),
            locale: occasion.locale.to_owned(),
            at_ms: occasion.now_ms,
            root: occasion.root.filter(|root| *root != conversation.revision),
        };
        let item = Item {
            effect_id: EffectId::of(&conversation.home, conversation.revision, index),
            revision: conversation.revision,
            class: if kind == LaneKind::Provider {
                occasion.class
            } else {
                Class::Reply
            },
            supersedes,
            may_pass: matches!(&body.effect, Effect::Quote { .. }),
            body: serde_json::to_string(&body)?,
        };
        items.push((kind, item));
    }
    Ok(items)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(root: &str) -> Item {
        Item {
            effect_id: EffectId::new("a30123456789abcdef0123.9.0"),
            revision: 9,
            class: Class::Reply,
            supersedes: None,
            may_pass: false,
            body: format!("{{\"format\":1{root}}}"),
        }
    }

    #[test]
    fn an_item_of_an_older_version_is_the_root_of_its_own_chain() {
        assert_eq!(root_of(&item("")), 9);
        assert_eq!(root_of(&item(",\"root\":4")), 4);
    }
}
