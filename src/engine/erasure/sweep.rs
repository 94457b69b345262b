//! One walk through all that is kept: whatever is a person's is removed by the way of its kind, or only counted. It owns what may
//! go while somebody comes back meanwhile: what certainly is of before; it refuses to look into what has another owner.

use std::collections::{BTreeMap, BTreeSet};

use super::letters;
use super::person::{Person, end_of};
use super::proof::Proof;
use super::texts::{Kind, Texts};
use super::{Asked, Counts, HOLD, HOLD_MS, Kept, Report, in_words};
use crate::domain::ids::{EffectId, HomeId, PurchaseId};
use crate::engine::Engine;
use crate::store::{
    self, DeadLetter, EraseOutcome, Erasure, Family, Found, History, Interest, LaneId, LaneKind, Place,
    Removed, SearchPage,
};

/// The kind of records of statuses that wait for their message (`delivery/parked.rs`).
pub(super) const PARKED: &str = "parked_status";
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// A provider repeats for a week, and done-marks are kept for nine days: events of older days have none.
const MARKED_DAYS: i64 = 17;
/// How long a tombstone is kept at least: as long as statuses are.
const TOMBSTONE_MS: i64 = 30 * DAY_MS;

/// What a walk may remove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Letters and records: only ids that are known while the conversation is there lead to some of them.
    Ids,
    /// What was a conversation's, once that has ended.
    Homes,
}

/// An erasure under way.
pub(super) struct Work<'a> {
    pub(super) engine: &'a Engine,
    pub(super) asked: &'a Asked,
    pub(super) person: Person,
    pub(super) texts: Texts,
    owner: &'a str,
    counts: Counts,
    kept: Kept,
    /// What was counted, by family and name: one thing may stand at several places.
    counted: BTreeSet<(Family, String)>,
    /// When the conversations ended; before that: now.
    at_ms: i64,
}

impl<'a> Work<'a> {
    pub(super) fn of(engine: &'a Engine, asked: &'a Asked, person: Person, owner: &'a str) -> Self {
        let mut work = Self {
            engine,
            asked,
            person: Person::default(),
            texts: Texts::default(),
            owner,
            counts: Counts::default(),
            kept: Kept::default(),
            counted: BTreeSet::new(),
            at_ms: engine.parts.clock.now_ms(),
        };
        work.now_about(person);
        work
    }

    /// Goes on with the person as they are known now, and with all that was known of them before: what has ended since leads
    /// nowhere any more.
    pub(super) fn now_about(&mut self, person: Person) {
        let numbers = self
            .engine
            .numbers()
            .into_iter()
            .map(|known| known.number.to_string());
        let before = std::mem::replace(&mut self.person, person);
        self.person.remember(before);
        self.texts = Texts::of(&self.person, &numbers.collect());
    }

    /// True when nothing was found to remove.
    pub(super) fn has_nothing(&self) -> bool {
        self.counts == Counts::default() && self.kept == Kept::default()
    }

    pub(super) fn report(&self, proof: Proof, history: Option<History>) -> Report {
        let kept = Kept {
            tombstones: proof.tombstones,
            ..self.kept
        };
        Report {
            dry_run: self.asked.is_dry,
            erased: self.counts,
            kept,
            proof,
            history: history.map(in_words),
        }
    }

    /// Counts what would go, and changes nothing.
    pub(super) async fn count(&mut self) -> Result<Proof, store::Error> {
        self.sweep(Stage::Ids).await?;
        self.sweep(Stage::Homes).await?;
        for conversation in &self.person.conversations {
            let home = &conversation.home;
            let lanes = [LaneKind::Provider, LaneKind::Merchant].map(|kind| LaneId {
                home: home.clone(),
                kind,
            });
            let store = &self.engine.parts.store;
            let journal = store.journal(home).await?;
            let looks = store.look_at_lanes(&lanes, 0).await?;
            self.counts.conversations += 1;
            self.counts.journal_entries += count(journal.len());
            self.counts.lane_items += looks.iter().map(|look| count(look.length)).sum::<u64>();
            self.counts.interests += count(conversation.interest().len());
        }
        self.prove().await
    }

    /// The next part of a search; it renews the right to erase.
    pub(super) async fn page(&self, after: Option<&str>) -> Result<SearchPage, store::Error> {
        let parts = &self.engine.parts;
        let now_ms = parts.clock.now_ms();
        if !parts.store.hold(HOLD, self.owner, HOLD_MS, now_ms).await? {
            let text = "another erasure has begun meanwhile";
            return Err(store::Error::Unavailable(text.to_owned()));
        }
        parts.store.search(&self.texts.all, after).await
    }

    /// Walks through all that is kept and removes what the stage allows.
    pub(super) async fn sweep(&mut self, stage: Stage) -> Result<(), store::Error> {
        let mut after: Option<String> = None;
        loop {
            let page = self.page(after.as_deref()).await?;
            self.clear(page.found, stage).await?;
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    async fn clear(&mut self, found: Vec<Found>, stage: Stage) -> Result<(), store::Error> {
        let mut forgotten = Vec::new();
        let mut alive = BTreeMap::new();
        for Found { place, needles } in found {
            let kinds = self.texts.kinds(&needles);
            let is_telling = kinds.contains(&Kind::Home) || kinds.contains(&Kind::Id);
            let is_of_ids = matches!(place.family, Family::Letter | Family::Record);
            let may_go = is_of_ids || (stage == Stage::Homes && kinds.contains(&Kind::Home));
            if !is_telling || !may_go {
                continue;
            }
            match place.family {
                Family::Letter => self.letter(&place.name).await?,
                Family::Record => self.record(&place).await?,
                Family::Purchase => self.purchase(&place.name).await?,
                Family::Alias => self.alias(&place),
                Family::Idempotency | Family::Budget | Family::Hold => forgotten.push(place),
                Family::Status | Family::Message if self.is_of_before(&place) => forgotten.push(place),
                Family::Status
                | Family::Message
                | Family::Journal
                | Family::Mark
                | Family::Interest
                | Family::Lane => {
                    if !self.is_alive(&place, &mut alive).await? {
                        forgotten.push(place);
                    }
                }
                Family::Conversation
                | Family::Tombstone
                | Family::Secret
                | Family::Catalog
                | Family::Other => {}
            }
        }
        self.forget(forgotten).await
    }

    async fn forget(&mut self, places: Vec<Place>) -> Result<(), store::Error> {
        for place in &places {
            if !self.counted.insert((place.family, place.name.clone())) {
                continue;
            }
            let counts = &mut self.counts;
            match place.family {
                Family::Status => counts.statuses += 1,
                Family::Message => counts.message_keys += 1,
                Family::Mark => counts.done_marks += 1,
                Family::Idempotency => counts.idempotent_answers += 1,
                Family::Budget | Family::Hold => counts.limits += 1,
                // These went with their conversation; what is left of them was never more than a rest.
                Family::Journal
                | Family::Interest
                | Family::Lane
                | Family::Conversation
                | Family::Tombstone
                | Family::Alias
                | Family::Purchase
                | Family::Letter
                | Family::Record
                | Family::Secret
                | Family::Catalog
                | Family::Other => {}
            }
        }
        if self.asked.is_dry || places.is_empty() {
            return Ok(());
        }
        self.engine.parts.store.forget(&places).await
    }

    /// True for what an effect of the conversation that has ended left.
    fn is_of_before(&self, place: &Place) -> bool {
        let effect = EffectId::new(place.name.as_str());
        let end = effect
            .home()
            .and_then(|home| self.person.ends.get(&home).copied());
        end.is_some_and(|end| effect.revision() <= end)
    }

    /// True when a conversation is where this belongs: the customer has come back, or has not gone yet. A dry run counts as if
    /// they had gone.
    async fn is_alive(
        &self,
        place: &Place,
        known: &mut BTreeMap<HomeId, bool>,
    ) -> Result<bool, store::Error> {
        let Some(home) = place.home.as_ref().filter(|_| !self.asked.is_dry) else {
            return Ok(false);
        };
        if let Some(is_alive) = known.get(home) {
            return Ok(*is_alive);
        }
        let is_alive = self.engine.conversation(home).await?.is_some();
        known.insert(home.clone(), is_alive);
        Ok(is_alive)
    }

    /// Whose letter it is, as far as this key may know.
    pub(super) fn is_theirs(&self, letter: &DeadLetter) -> bool {
        let homes = self.person.homes();
        letter.home.as_ref().is_some_and(|home| homes.contains(home))
            || homes.iter().any(|home| letter.id.contains(home.as_str()))
    }

    /// True when a letter that only names somebody may be touched: it belongs to no other conversation and no other merchant.
    pub(super) fn may_touch(&self, letter: &DeadLetter) -> bool {
        let whose = self.asked.whose.as_ref();
        letter.home.is_none() && whose.is_none_or(|own| letter.merchant.as_ref() == Some(own))
    }

    async fn letter(&mut self, id: &str) -> Result<(), store::Error> {
        let store = &self.engine.parts.store;
        let Some(letter) = store.dead_letter(id).await? else {
            return Ok(());
        };
        let is_theirs = self.is_theirs(&letter);
        if !is_theirs && !self.may_touch(&letter) {
            return Ok(());
        }
        let names_outside = [letter.id.as_str(), letter.detail.as_str()]
            .iter()
            .any(|text| self.texts.telling.any(text.as_bytes()));
        let is_whole = is_theirs || names_outside || letter.source != "webhook";
        let left = if is_whole {
            None
        } else {
            letters::without(&letter.body, &self.texts.telling)
        };
        if self.counted.insert((Family::Letter, letter.id.clone())) {
            match &left {
                Some(_) => self.counts.dead_letters_trimmed += 1,
                None => self.counts.dead_letters += 1,
            }
        }
        if self.asked.is_dry {
            return Ok(());
        }
        match left {
            Some(body) => {
                let trimmed = DeadLetter { body, ..letter };
                store.park(&trimmed, usize::MAX).await.map(drop)
            }
            None => store.remove_dead_letter(&letter.id).await.map(drop),
        }
    }

    async fn record(&mut self, place: &Place) -> Result<(), store::Error> {
        if place.kind != PARKED || self.asked.whose.is_some() {
            return Ok(());
        }
        if self.counted.insert((Family::Record, place.name.clone())) {
            self.counts.parked_statuses += 1;
        }
        if self.asked.is_dry {
            return Ok(());
        }
        self.engine.parts.store.remove_record(PARKED, &place.name).await
    }

    async fn purchase(&mut self, id: &str) -> Result<(), store::Error> {
        let record = self.engine.purchase(&PurchaseId::new(id)).await?;
        let homes = self.person.homes();
        let is_old = |at_ms: i64| at_ms <= self.at_ms;
        let record = record.filter(|record| homes.contains(&record.home) && is_old(record.purchase.at_ms));
        let Some(record) = record else {
            return Ok(());
        };
        if self.counted.insert((Family::Purchase, id.to_owned())) {
            self.kept.purchases += 1;
        }
        if self.asked.is_dry {
            return Ok(());
        }
        self.engine.put_record_of(&record.without_owner()).await
    }

    /// An id that leads to a conversation of theirs.
    fn alias(&mut self, place: &Place) {
        let Some(home) = place
            .home
            .clone()
            .filter(|home| self.person.ends.contains_key(home))
        else {
            return;
        };
        if self.asked.is_dry && self.counted.insert((Family::Alias, place.name.clone())) {
            self.counts.aliases += 1;
        }
        let alias = HomeId::new(place.name.as_str());
        self.person.aliases.insert(alias, home);
    }

    /// Ends every conversation; false when one of them changed since it was read.
    pub(super) async fn end_conversations(&mut self) -> Result<bool, store::Error> {
        self.at_ms = self.engine.parts.clock.now_ms();
        // The one that was found first leads to the others: it ends last, so that an erasure that is cut off finds them again.
        while let Some(conversation) = self.person.conversations.pop() {
            let settings = self.engine.number(&conversation.number);
            let interest = settings.into_iter().flat_map(|settings| {
                let products = conversation.interest();
                products.into_iter().map(move |retailer_id| Interest {
                    merchant: settings.shop.merchant.clone(),
                    retailer_id,
                })
            });
            let erasure = Erasure {
                expected_revision: conversation.revision,
                interest: interest.collect(),
                ..self.erasure(conversation.home.clone(), end_of(&conversation))
            };
            match self.engine.parts.store.erase(&erasure).await? {
                EraseOutcome::Erased(removed) => self.counts.add(removed),
                EraseOutcome::Conflict => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Ends every id that led to a conversation which has ended: last of all, so that a repeated erasure finds its way.
    pub(super) async fn end_aliases(&mut self) -> Result<(), store::Error> {
        for (alias, home) in self.person.aliases.clone() {
            if self.engine.conversation(&home).await?.is_none() {
                self.end_alias(alias, home).await?;
            }
        }
        Ok(())
    }

    /// Removes an id that led to a conversation, and has the id remember the erasure.
    async fn end_alias(&mut self, alias: HomeId, home: HomeId) -> Result<(), store::Error> {
        let loaded = self.engine.load(vec![alias.clone()], Vec::new(), &[]).await?;
        let present = loaded.conversations.into_iter().next().unwrap_or_default();
        let end = self.person.ends.get(&home).copied().unwrap_or_default();
        let erasure = Erasure {
            expected_revision: present.revision,
            days: Vec::new(),
            alias_of: Some(home),
            ..self.erasure(alias, end.max(present.revision))
        };
        if present.state.is_some() {
            return Ok(());
        }
        if let EraseOutcome::Erased(removed) = self.engine.parts.store.erase(&erasure).await? {
            let aliases = removed.aliases;
            self.counts.add(Removed {
                aliases,
                ..Removed::default()
            });
        }
        Ok(())
    }

    fn erasure(&self, home: HomeId, revision: u64) -> Erasure {
        let today = self.at_ms.div_euclid(DAY_MS);
        let lasting_ms = TOMBSTONE_MS.max(self.engine.known.load().keys.expiry_ms());
        Erasure {
            home,
            expected_revision: 0,
            revision,
            at_ms: self.at_ms,
            until_ms: self.at_ms.saturating_add(lasting_ms).saturating_add(DAY_MS),
            interest: Vec::new(),
            // What tells no time is marked under the first day.
            days: std::iter::once(0)
                .chain(today - MARKED_DAYS..=today + 1)
                .collect(),
            alias_of: None,
        }
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
