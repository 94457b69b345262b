//! Who somebody is at one business number: their ids, the conversations and aliases that those lead to, their names. Only what the
//! provider told is followed; a number that has a new owner does not lead to the owner's conversation.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::conversation::{Conversation, Customer};
use crate::domain::ids::{HomeId, NumberId, PurchaseId};
use crate::engine::{Engine, encoded, journal};
use crate::store;

/// What is known of a person.
#[derive(Debug, Default)]
pub(super) struct Person {
    /// Conversations that have a state, as they are now.
    pub(super) conversations: Vec<Conversation>,
    /// Where each of their conversations ends, or has ended: no effect, cart or button of it is of a later revision.
    pub(super) ends: BTreeMap<HomeId, u64>,
    /// Ids that lead elsewhere, and where.
    pub(super) aliases: BTreeMap<HomeId, HomeId>,
    /// User ids and wa_ids, present and past.
    pub(super) ids: BTreeSet<String>,
    /// Names, present and past.
    pub(super) names: BTreeSet<String>,
}

impl Person {
    /// True when anything here leads to them.
    pub(super) fn is_known(&self) -> bool {
        !self.ends.is_empty()
    }

    /// Purchases that the merchant has not answered yet.
    pub(super) fn unanswered(&self) -> Vec<PurchaseId> {
        self.conversations
            .iter()
            .flat_map(|conversation| &conversation.purchases)
            .filter(|purchase| purchase.state.is_unanswered())
            .map(|purchase| purchase.purchase_id.clone())
            .collect()
    }

    /// Every keyed digest of theirs.
    pub(super) fn homes(&self) -> BTreeSet<HomeId> {
        self.ends.keys().chain(self.aliases.keys()).cloned().collect()
    }

    /// Adds what was known before. Conversations are as they are now.
    pub(super) fn remember(&mut self, before: Self) {
        for (home, end) in before.ends {
            let known = self.ends.entry(home).or_insert(end);
            *known = end.max(*known);
        }
        for (alias, home) in before.aliases {
            self.aliases.entry(alias).or_insert(home);
        }
        self.ids.extend(before.ids);
        self.names.extend(before.names);
    }

    /// A conversation under another user id is another person's: one of the ids had an owner before or has one since.
    pub(super) fn may_have(&self, conversation: &Conversation) -> bool {
        let known: Vec<&String> = self
            .conversations
            .iter()
            .filter_map(|own| own.customer.user_id.as_ref())
            .collect();
        let told = conversation.customer.user_id.as_ref();
        known.is_empty() || told.is_none_or(|id| known.contains(&id))
    }

    fn takes(&mut self, conversation: Conversation) {
        self.names.extend(conversation.customer.name.clone());
        self.ends.insert(conversation.home.clone(), end_of(&conversation));
        self.conversations.push(conversation);
    }
}

/// A revision that neither the conversation nor any of its carts has reached.
pub(super) fn end_of(conversation: &Conversation) -> u64 {
    let carts = conversation.carts.values().map(|cart| cart.revision);
    let before = conversation.erased.map(|erased| erased.revision);
    let highest = carts.chain(before).fold(conversation.revision, Ord::max);
    highest.saturating_add(1)
}

fn ids_of(customer: &Customer) -> impl Iterator<Item = String> {
    [customer.user_id.clone(), customer.wa_id.clone()]
        .into_iter()
        .flatten()
}

impl Engine {
    /// Gathers who somebody is, from one id on.
    pub(super) async fn person(&self, number: &NumberId, customer: &str) -> Result<Person, store::Error> {
        let mut person = Person::default();
        let mut to_follow = vec![customer.to_owned()];
        let mut past: Vec<Customer> = Vec::new();
        while let Some(id) = to_follow.pop() {
            if !person.ids.insert(id.clone()) {
                continue;
            }
            let own = self.parts.addresses.home(number, &id);
            let known = person.conversations.len();
            self.follow(&own, &mut person).await?;
            for found in person.conversations.iter().skip(known) {
                to_follow.extend(ids_of(&found.customer));
                for entry in self.parts.store.journal(&found.home).await? {
                    for customer in journal::customers(&entry) {
                        if !past.contains(&customer) {
                            past.push(customer);
                        }
                    }
                }
            }
        }
        for customer in &past {
            person.names.extend(customer.name.clone());
            for id in ids_of(customer) {
                self.follow_past(number, &id, &mut person).await?;
            }
        }
        Ok(person)
    }

    /// Takes what an id leads to.
    async fn follow(&self, own: &HomeId, person: &mut Person) -> Result<(), store::Error> {
        let loaded = self.load(vec![own.clone()], vec![own.clone()], &[]).await?;
        let mut places = vec![(own.clone(), loaded.conversations.into_iter().next())];
        let led_to = loaded.aliases.into_iter().next().flatten();
        if let Some(home) = &led_to {
            let there = self.load(vec![home.clone()], Vec::new(), &[]).await?;
            places.insert(0, (home.clone(), there.conversations.into_iter().next()));
        }
        for (home, stored) in places {
            let Some(stored) = stored.filter(|_| !person.ends.contains_key(&home)) else {
                continue;
            };
            if let Some(state) = &stored.state {
                let conversation = encoded::decode(state, home.as_str())?;
                if person.may_have(&conversation) {
                    person.takes(conversation);
                }
            } else if stored.erased_at_ms.is_some() {
                person.ends.insert(home, stored.revision);
            }
        }
        if let Some(home) = led_to.filter(|home| person.ends.contains_key(home)) {
            person.aliases.insert(own.clone(), home);
        }
        Ok(())
    }

    /// An id of former times is theirs as long as it leads to them.
    async fn follow_past(
        &self,
        number: &NumberId,
        id: &str,
        person: &mut Person,
    ) -> Result<(), store::Error> {
        if person.ids.contains(id) {
            return Ok(());
        }
        let own = self.parts.addresses.home(number, id);
        let loaded = self.load(Vec::new(), vec![own.clone()], &[]).await?;
        let led_to = loaded.aliases.into_iter().next().flatten();
        if let Some(home) = led_to.filter(|home| person.ends.contains_key(home)) {
            person.aliases.insert(own, home);
            person.ids.insert(id.to_owned());
        } else if person.ends.contains_key(&own) {
            person.ids.insert(id.to_owned());
        }
        Ok(())
    }
}
