//! Reading: a customer's conversation, a purchase, where a status belongs.

use super::{Engine, PurchaseRecord, Who};
use crate::domain::conversation::{Conversation, Customer};
use crate::domain::ids::{HomeId, NumberId, PurchaseId};
use crate::store;

impl Engine {
    /// The conversation of a customer, named by user id or wa_id.
    pub async fn conversation_of(
        &self,
        number: &NumberId,
        customer: &str,
    ) -> Result<Option<Conversation>, store::Error> {
        let named = Customer {
            user_id: Some(customer.to_owned()),
            wa_id: None,
            name: None,
        };
        let who = Who::Customer {
            number: number.clone(),
            customer: named,
        };
        self.read(&who).await
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
