//! Reading: a customer's conversation, a purchase, where a status belongs.

use serde::{Deserialize, Serialize};

use super::drafts::Draft;
use super::{Engine, PurchaseRecord, Who};
use crate::domain::conversation::{Conversation, Customer};
use crate::domain::decide::Decided;
use crate::domain::event::Event;
use crate::domain::ids::{HomeId, NumberId, PurchaseId};
use crate::store;

/// How often a conversation that changes meanwhile is read.
const READS_MAX: usize = 5;

/// A conversation's journal and the state that it leads to, both encoded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// The entries, oldest first.
    pub entries: Vec<String>,
    /// The stored state; `None` when the conversation changed at each reading.
    pub state: Option<String>,
}

impl Engine {
    /// The conversation of a customer, named by user id or wa_id.
    pub async fn conversation_of(
        &self,
        number: &NumberId,
        customer: &str,
    ) -> Result<Option<Conversation>, store::Error> {
        self.read(&named(number, customer)).await
    }

    /// The journal of a customer's conversation, as of one moment; `None` when there is no conversation. Writes nothing.
    pub async fn recorded(
        &self,
        number: &NumberId,
        customer: &str,
    ) -> Result<Option<Recorded>, store::Error> {
        let who = named(number, customer);
        let mut entries = Vec::new();
        for _ in 0..READS_MAX {
            let Some((home, state)) = self.locate(&who, &[]).await?.into_stored() else {
                return Ok(None);
            };
            entries = self.store().journal(&home).await?;
            // State and journal are committed together: the same state before and after means that they belong together.
            let again = self.locate(&who, &[]).await?.into_stored();
            if again.is_some_and(|(_, now)| now == state) {
                let state = Some(state);
                return Ok(Some(Recorded { entries, state }));
            }
        }
        Ok(Some(Recorded { entries, state: None }))
    }

    /// The conversation of that home.
    pub async fn conversation(&self, home: &HomeId) -> Result<Option<Conversation>, store::Error> {
        self.read(&Who::Home(home.clone())).await
    }

    /// Where a customer's conversation lives, without creating anything.
    pub async fn home_of(
        &self,
        number: &NumberId,
        customer: &Customer,
    ) -> Result<Option<HomeId>, store::Error> {
        let who = Who::Customer {
            number: number.clone(),
            customer: customer.clone(),
        };
        Ok(self.read(&who).await?.map(|conversation| conversation.home))
    }

    async fn read(&self, who: &Who) -> Result<Option<Conversation>, store::Error> {
        Ok(self.locate(who, &[]).await?.conversation)
    }

    /// Looks up whose the purchases are that a decision changes and that were made before it.
    pub(super) async fn add_sellers(
        &self,
        draft: &mut Draft,
        event: &Event,
        decided: &Decided,
    ) -> Result<(), store::Error> {
        let is_from_outside = matches!(event, Event::PurchaseNews { .. } | Event::EffectReplayed { .. });
        for purchase in &decided.purchases {
            let id = &purchase.purchase_id;
            let is_older = is_from_outside || draft.after.purchase(id).is_some();
            if !is_older || draft.sellers.contains_key(id) {
                continue;
            }
            match self.purchase(id).await {
                Ok(Some(record)) => {
                    draft.sellers.insert(id.clone(), record.merchant);
                }
                // Made by this very draft, or unreadable: then it is written anew.
                Ok(None) | Err(store::Error::Corrupt { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// A purchase as kept under its own key.
    pub async fn purchase(&self, id: &PurchaseId) -> Result<Option<PurchaseRecord>, store::Error> {
        let Some(encoded) = self.store().purchase(id).await? else {
            return Ok(None);
        };
        let read = serde_json::from_str(&encoded);
        read.map(Some).map_err(|error| store::Error::Corrupt {
            key: id.to_string(),
            problem: error.to_string(),
        })
    }
}

fn named(number: &NumberId, customer: &str) -> Who {
    let customer = Customer {
        user_id: Some(customer.to_owned()),
        wa_id: None,
        name: None,
    };
    Who::Customer {
        number: number.clone(),
        customer,
    }
}
