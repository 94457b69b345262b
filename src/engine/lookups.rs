//! Reading: a customer's conversation, a purchase, where a status belongs.

use super::{Engine, PurchaseRecord, Who, encoded};
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
        let homes = match who {
            Who::Home(home) => vec![home.clone()],
            Who::Customer { number, customer } => self.addresses().homes(number, customer),
        };
        let request = store::LoadRequest {
            homes: homes.clone(),
            aliases: homes.clone(),
            marks: Vec::new(),
        };
        let loaded = self
            .store()
            .load(&[request])
            .await?
            .into_iter()
            .next()
            .unwrap_or_default();
        let state = loaded
            .conversations
            .iter()
            .find_map(|stored| stored.state.clone());
        if let Some(state) = state {
            let key = homes.first().map(HomeId::to_string).unwrap_or_default();
            return encoded::decode(&state, &key).map(Some);
        }
        let Some(home) = loaded.aliases.into_iter().flatten().next() else {
            return Ok(None);
        };
        let request = store::LoadRequest {
            homes: vec![home.clone()],
            ..store::LoadRequest::default()
        };
        let loaded = self
            .store()
            .load(&[request])
            .await?
            .into_iter()
            .next()
            .unwrap_or_default();
        let state = loaded
            .conversations
            .into_iter()
            .next()
            .and_then(|stored| stored.state);
        state
            .map(|state| encoded::decode(&state, home.as_str()))
            .transpose()
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
