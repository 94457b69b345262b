//! A customer's new ids lead to the conversation that the old ones had. Only what the provider signed may link; nothing is
//! computed from how a phone number looks.

use super::{Engine, Who};
use crate::domain::conversation::Customer;
use crate::domain::ids::{HomeId, NumberId};
use crate::store;

impl Engine {
    /// Makes the new ids lead to the customer's conversation and returns it; `None` when there is none. An id that has a
    /// conversation of its own keeps it: two carts are never joined without the customer's tap.
    pub async fn link(
        &self,
        number: &NumberId,
        from: &Customer,
        to: &Customer,
    ) -> Result<Option<HomeId>, store::Error> {
        let Some(home) = self.home_of(number, from).await? else {
            return Ok(None);
        };
        let ids = self.addresses().homes(number, to);
        let loaded = self.load(ids.clone(), Vec::new(), &[]).await?;
        for (id, stored) in ids.into_iter().zip(loaded.conversations) {
            if id == home {
                continue;
            }
            if stored.state.is_some() {
                metrics::counter!("sacola_links_refused_total").increment(1);
                tracing::warn!(conversation = %home, other = %id, "a customer's new id has a conversation of its own; both stay");
                continue;
            }
            self.store().put_alias(&id, &home).await?;
        }
        Ok(Some(home))
    }

    /// Whose event something is that came about a customer and not from one: only a conversation that exists.
    pub async fn known(&self, number: &NumberId, customer: &Customer) -> Result<Option<Who>, store::Error> {
        Ok(self.home_of(number, customer).await?.map(Who::Home))
    }
}
