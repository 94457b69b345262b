//! Effects as they lie in lanes: everything that performing needs, so that a lane can be served by any replica.

use serde::{Deserialize, Serialize};

use crate::domain::conversation::{Conversation, Customer};
use crate::domain::effect::Effect;
use crate::domain::ids::{EffectId, MerchantId, NumberId};
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

/// Encodes the effects of one event. `class` is that of its messages.
pub fn encode(
    conversation: &Conversation,
    effects: Vec<Effect>,
    merchant: &MerchantId,
    locale: &str,
    now_ms: i64,
    class: Class,
) -> Result<Vec<(LaneKind, Item)>, serde_json::Error> {
    let mut items = Vec::new();
    for (index, effect) in effects.into_iter().enumerate() {
        let (kind, supersedes) = match &effect {
            Effect::Send(message) => (LaneKind::Provider, message.supersedes().map(ToOwned::to_owned)),
            Effect::Quote { .. } | Effect::Forward(_) => (LaneKind::Merchant, None),
        };
        let body = LaneBody {
            format: FORMAT,
            effect,
            number: conversation.number.clone(),
            merchant: merchant.clone(),
            customer: conversation.customer.clone(),
            locale: locale.to_owned(),
            at_ms: now_ms,
        };
        let item = Item {
            effect_id: EffectId::of(&conversation.home, conversation.revision, index),
            revision: conversation.revision,
            class: if kind == LaneKind::Provider {
                class
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
