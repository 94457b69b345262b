//! Conversations of one person that nothing leads to: who first writes under a number alone, then under a user id alone, then
//! under both, has two, and only the second knows of the first. It owns how the second is found from the first; it refuses to
//! guess where several people claim the number.

use std::collections::BTreeSet;

use super::sweep::Work;
use super::texts::Kind;
use crate::domain::conversation::Conversation;
use crate::store::{self, Family, Found};

impl Work<'_> {
    /// Takes the conversation at this business number that names one of their ids, when one person alone says so.
    pub(super) async fn find_others(&mut self) -> Result<(), store::Error> {
        let mut claimed_by = BTreeSet::new();
        let mut after: Option<String> = None;
        loop {
            let page = self.page(after.as_deref()).await?;
            for found in page.found {
                if let Some(conversation) = self.other(&found).await? {
                    claimed_by.extend(conversation.customer.user_id);
                }
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let only = claimed_by.pop_first().filter(|_| claimed_by.is_empty());
        if let Some(user_id) = only {
            let person = self.engine.person(&self.asked.number, &user_id).await?;
            self.now_about(person);
        }
        Ok(())
    }

    /// The conversation at a place, when it is not among theirs and may be.
    async fn other(&self, found: &Found) -> Result<Option<Conversation>, store::Error> {
        let is_named = self.texts.kinds(&found.needles).contains(&Kind::Id);
        if found.place.family != Family::Conversation || !is_named {
            return Ok(None);
        }
        let unknown = found
            .place
            .home
            .as_ref()
            .filter(|home| !self.person.ends.contains_key(*home));
        let Some(home) = unknown else {
            return Ok(None);
        };
        let conversation = self.engine.conversation(home).await?;
        Ok(conversation.filter(|conversation| {
            let wa_id = conversation.customer.wa_id.as_ref();
            conversation.number == self.asked.number
                && wa_id.is_some_and(|id| self.person.ids.contains(id))
                && self.person.may_have(conversation)
        }))
    }
}
