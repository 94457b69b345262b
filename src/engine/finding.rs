//! Finding a conversation: by home, or by a customer's ids and the aliases that lead elsewhere.

use super::{Engine, Found, Who, encoded};
use crate::domain::conversation::Conversation;
use crate::domain::ids::HomeId;
use crate::store::{self, DoneMark, LoadRequest};

impl Engine {
    /// The conversation as we last committed it, without asking the store.
    pub(super) fn at_hand(&self, who: &Who) -> Option<Found> {
        let ids = self.ids_of(who);
        let warm = self.warm.take(&ids)?;
        Some(Found {
            home: warm.conversation.home.clone(),
            ids,
            stored_bytes: warm.state_bytes,
            expected_revision: warm.conversation.revision,
            conversation: warm.conversation,
            done: Vec::new(),
            is_new: false,
        })
    }

    fn ids_of(&self, who: &Who) -> Vec<HomeId> {
        match who {
            Who::Home(home) => vec![home.clone()],
            Who::Customer { number, customer } => self.parts.addresses.homes(number, customer),
        }
    }

    /// Finds the conversation in the store; `None` when a home without a conversation was named.
    pub(super) async fn find(&self, who: &Who, marks: &[DoneMark]) -> Result<Option<Found>, store::Error> {
        let homes = self.ids_of(who);
        let aliases = if matches!(who, Who::Home(_)) {
            Vec::new()
        } else {
            homes.clone()
        };
        let loaded = self.load(homes.clone(), aliases.clone(), marks).await?;
        let led_to = loaded.aliases.iter().flatten().next().cloned();
        let home = led_to.unwrap_or_else(|| {
            let has_state = loaded
                .conversations
                .iter()
                .position(|stored| stored.state.is_some());
            homes
                .get(has_state.unwrap_or(0))
                .cloned()
                .unwrap_or_else(|| HomeId::new(""))
        });
        let stored = if let Some(index) = homes.iter().position(|known| *known == home) {
            loaded.conversations.into_iter().nth(index)
        } else {
            let loaded = self.load(vec![home.clone()], Vec::new(), marks).await?;
            loaded.conversations.into_iter().next()
        };
        let stored = stored.unwrap_or_default();
        for (alias, known) in aliases.iter().zip(&loaded.aliases) {
            if *alias != home && known.is_none() {
                self.parts.store.put_alias(alias, &home).await?;
            }
        }
        let is_new = stored.state.is_none();
        let conversation = match (&stored.state, who) {
            (Some(state), _) => encoded::decode(state, home.as_str())?,
            (None, Who::Customer { number, .. }) => Conversation::new(home.clone(), number.clone()),
            (None, Who::Home(_)) => return Ok(None),
        };
        Ok(Some(Found {
            home,
            conversation,
            ids: homes,
            stored_bytes: stored.state.as_ref().map_or(0, String::len),
            expected_revision: stored.revision,
            done: stored.done,
            is_new,
        }))
    }

    async fn load(
        &self,
        homes: Vec<HomeId>,
        aliases: Vec<HomeId>,
        marks: &[DoneMark],
    ) -> Result<store::Loaded, store::Error> {
        let marks = marks.to_vec();
        let request = LoadRequest {
            homes,
            aliases,
            marks,
        };
        let loaded = self.parts.store.load(&[request]).await?;
        Ok(loaded.into_iter().next().unwrap_or_default())
    }
}
