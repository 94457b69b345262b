//! Finding a conversation: by home, or by a customer's ids and the aliases that lead elsewhere.

use super::{Engine, Found, Happened, Who, encoded, erasure};
use crate::domain::conversation::{Conversation, Erased};
use crate::domain::ids::HomeId;
use crate::store::{self, DoneMark, LoadRequest, StoredConversation};

/// A place in the store and what is there.
pub(super) struct Located {
    /// The home.
    home: HomeId,
    /// What is there.
    pub conversation: Option<Conversation>,
    stored: StoredConversation,
    /// What was there before, or under another of the customer's ids, when it was erased and nothing has begun since.
    erased: Option<Erased>,
    /// The homes that the customer's ids would have; none when a home was named.
    ids: Vec<HomeId>,
    /// Those of them that lead nowhere yet.
    free: Vec<HomeId>,
}

impl Located {
    /// The home and the encoded state that is there.
    pub(super) fn into_stored(self) -> Option<(HomeId, String)> {
        let state = self.stored.state?;
        Some((self.home, state))
    }
}

impl Engine {
    /// The conversation as we last committed it, without asking the store.
    pub(super) fn at_hand(&self, who: &Who) -> Option<Found> {
        let warm = match who {
            Who::Home(home) => self.warm.take(home, |warm| warm.conversation.home == *home)?,
            Who::Customer { .. } => {
                let ids = self.ids_of(who);
                self.warm.take(ids.first()?, |warm| warm.ids == ids)?
            }
        };
        Some(Found {
            home: warm.conversation.home.clone(),
            ids: warm.ids,
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

    /// Finds the conversation in the store; `None` when a home without a conversation was named. Ids that lead nowhere yet lead
    /// there from now on, unless all that happened belongs to somebody who was erased.
    pub(super) async fn find(
        &self,
        who: &Who,
        marks: &[DoneMark],
        happened: &[&Happened],
    ) -> Result<Option<Found>, store::Error> {
        let located = self.locate(who, marks).await?;
        let is_past = |erased| happened.iter().all(|one| erasure::is_past(one, erased));
        if !located.erased.is_some_and(is_past) {
            for alias in &located.free {
                self.parts.store.put_alias(alias, &located.home).await?;
            }
        }
        Ok(found_at(located, who))
    }

    /// Where a conversation lives or would live, and what is there. Writes nothing.
    pub(super) async fn locate(&self, who: &Who, marks: &[DoneMark]) -> Result<Located, store::Error> {
        let homes = self.ids_of(who);
        let ids = match who {
            Who::Home(_) => Vec::new(),
            Who::Customer { .. } => homes.clone(),
        };
        let loaded = self.load(homes.clone(), ids.clone(), marks).await?;
        let place = place_of(&loaded);
        let led_to = loaded.aliases.get(place).cloned().flatten();
        let home = led_to.or_else(|| homes.get(place).cloned());
        let home = home.unwrap_or_else(|| HomeId::new(""));
        let stored = self.stored(&home, &homes, &loaded, marks).await?;
        let conversation = decoded(&stored, &home)?;
        let own = homes.first().filter(|_| place > 0);
        if let (Some(own), Some(found)) = (own, &conversation)
            && is_another(found, who)
        {
            let stored = self.stored(own, &homes, &loaded, marks).await?;
            return Ok(Located {
                conversation: decoded(&stored, own)?,
                home: own.clone(),
                erased: erased_at(&stored, &loaded),
                stored,
                ids,
                free: Vec::new(),
            });
        }
        // An id with a conversation of its own keeps it: two are never joined without the customer's tap.
        let states = loaded.conversations.iter().map(|stored| stored.state.is_some());
        let taken = loaded.aliases.iter().map(Option::is_some);
        let free = ids
            .iter()
            .zip(taken)
            .zip(states)
            .filter(|((id, led), has_own)| **id != home && !led && !has_own)
            .map(|((id, _), _)| id.clone())
            .collect();
        Ok(Located {
            home,
            conversation,
            erased: erased_at(&stored, &loaded),
            stored,
            ids,
            free,
        })
    }

    async fn stored(
        &self,
        home: &HomeId,
        homes: &[HomeId],
        loaded: &store::Loaded,
        marks: &[DoneMark],
    ) -> Result<StoredConversation, store::Error> {
        if let Some(index) = homes.iter().position(|known| known == home) {
            return Ok(loaded.conversations.get(index).cloned().unwrap_or_default());
        }
        let loaded = self.load(vec![home.clone()], Vec::new(), marks).await?;
        Ok(loaded.conversations.into_iter().next().unwrap_or_default())
    }

    pub(super) async fn load(
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

/// What is at a place: the conversation, or a new one when a customer's own ids led there; `None` when a home without a
/// conversation was named.
pub(super) fn found_at(located: Located, who: &Who) -> Option<Found> {
    let is_new = located.conversation.is_none();
    let conversation = match (located.conversation, who) {
        (Some(conversation), _) => conversation,
        (None, Who::Customer { number, .. }) => {
            let (home, number) = (located.home.clone(), number.clone());
            match located.erased {
                Some(erased) => Conversation::after(erased, home, number),
                None => Conversation::new(home, number),
            }
        }
        (None, Who::Home(_)) => return None,
    };
    let stored = located.stored;
    Some(Found {
        home: located.home,
        conversation,
        ids: located.ids,
        stored_bytes: stored.state.as_ref().map_or(0, String::len),
        expected_revision: stored.revision,
        done: stored.done,
        is_new,
    })
}

/// Which of the ids leads to a conversation: the first that has an alias or a conversation of its own; none: the first.
fn place_of(loaded: &store::Loaded) -> usize {
    let leads = |index: &usize| {
        let alias = loaded.aliases.get(*index).is_some_and(Option::is_some);
        let own = loaded.conversations.get(*index);
        alias || own.is_some_and(|stored| stored.state.is_some())
    };
    (0..loaded.conversations.len()).find(leads).unwrap_or(0)
}

/// What was erased where nothing has begun since: the revision of this place, and the latest time of all the customer's ids.
fn erased_at(stored: &StoredConversation, loaded: &store::Loaded) -> Option<Erased> {
    if stored.state.is_some() {
        return None;
    }
    let others = loaded.conversations.iter().filter_map(|one| one.erased_at_ms);
    let at_ms = others.chain(stored.erased_at_ms).max()?;
    Some(Erased {
        revision: stored.revision,
        at_ms,
    })
}

fn decoded(stored: &StoredConversation, home: &HomeId) -> Result<Option<Conversation>, store::Error> {
    let state = stored.state.as_deref();
    state
        .map(|state| encoded::decode(state, home.as_str()))
        .transpose()
}

/// A phone number that was given to somebody else: the user id, which is renewed with the number (Meta, business-scoped user
/// ids, 2026-06-29), is not the one that we know. A stranger never sees the former owner's cart and purchases.
fn is_another(found: &Conversation, who: &Who) -> bool {
    let Who::Customer { customer, .. } = who else {
        return false;
    };
    let (known, told) = (&found.customer.user_id, &customer.user_id);
    known.is_some() && told.is_some() && known != told
}
