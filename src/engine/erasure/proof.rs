//! The proof that somebody is gone: a search through all that is kept, and what it found. It owns what may stay (tombstones) and
//! what is not theirs to remove (other conversations); it refuses to remove anything.

use std::collections::BTreeSet;

use serde::Serialize;

use super::sweep::{PARKED, Work};
use super::texts::Kind;
use crate::store::{self, Family, Found};

/// What a search found of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// Rows or keys that were read: all there are.
    pub keys_scanned: u64,
    /// Places where an id, or the keyed digest of one, still stands and should not. After an erasure: 0.
    pub found: u64,
    /// What is kept at those places.
    #[serde(rename = "where", skip_serializing_if = "BTreeSet::is_empty")]
    pub families: BTreeSet<&'static str>,
    /// Places of other conversations of the same ids: at another business number. An operator sees this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elsewhere: Option<u64>,
    /// Places where the same name stands, beside the above: others may be called so.
    pub same_name: u64,
    /// True when the customer has written again meanwhile: what was found is their new conversation's.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub came_back: bool,
    /// Tombstones that were seen.
    #[serde(skip)]
    pub tombstones: u64,
}

/// Whose a place is that holds an id.
enum Whose {
    Theirs,
    Elsewhere,
    Nobodys,
}

impl Work<'_> {
    /// Searches all that is kept.
    pub(super) async fn prove(&self) -> Result<Proof, store::Error> {
        let mut proof = Proof::default();
        let mut elsewhere = 0;
        let mut tombstones = BTreeSet::new();
        let mut after: Option<String> = None;
        loop {
            let page = self.page(after.as_deref()).await?;
            proof.keys_scanned += page.keys;
            for found in page.found {
                let kinds = self.texts.kinds(&found.needles);
                let is_home = kinds.contains(&Kind::Home);
                if !is_home && !kinds.contains(&Kind::Id) {
                    proof.same_name += 1;
                    continue;
                }
                if found.place.family == Family::Tombstone {
                    tombstones.insert(found.place.name);
                    continue;
                }
                match self.whose(&found, is_home).await? {
                    Whose::Theirs => {
                        proof.found += 1;
                        proof.families.insert(found.place.family.word());
                        proof.came_back |= found.place.family == Family::Conversation;
                    }
                    Whose::Elsewhere => elsewhere += 1,
                    Whose::Nobodys => {}
                }
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        proof.came_back &= !self.asked.is_dry;
        proof.elsewhere = self.asked.whose.is_none().then_some(elsewhere);
        proof.tombstones = u64::try_from(tombstones.len()).unwrap_or(u64::MAX);
        Ok(proof)
    }

    async fn whose(&self, found: &Found, is_home: bool) -> Result<Whose, store::Error> {
        let place = &found.place;
        let theirs = |is_theirs: bool| {
            if is_theirs {
                Whose::Theirs
            } else {
                Whose::Elsewhere
            }
        };
        match place.family {
            // Where a price update has come to, for as long as it runs.
            Family::Record if place.kind != PARKED => Ok(Whose::Nobodys),
            Family::Record => Ok(theirs(self.asked.whose.is_none())),
            Family::Letter => {
                let letter = self.engine.parts.store.dead_letter(&place.name).await?;
                Ok(letter.map_or(Whose::Nobodys, |letter| {
                    theirs(self.is_theirs(&letter) || self.may_touch(&letter))
                }))
            }
            Family::Conversation
            | Family::Journal
            | Family::Lane
            | Family::Mark
            | Family::Status
            | Family::Message
            | Family::Interest => {
                let homes = self.person.homes();
                let is_own = place.home.as_ref().is_none_or(|home| homes.contains(home));
                Ok(theirs(is_home || is_own))
            }
            Family::Tombstone
            | Family::Alias
            | Family::Purchase
            | Family::Idempotency
            | Family::Budget
            | Family::Hold
            | Family::Secret
            | Family::Catalog
            | Family::Other => Ok(theirs(is_home)),
        }
    }
}
