//! One turn: the events that wait for a conversation, loaded, decided and committed together. At most
//! [`ATTEMPTS_MAX`] tries against other replicas, then the sender is asked to come back.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::time::Instant;

use super::drafts::Draft;
use super::parking::Parked;
use super::traced::word;
use super::warm::Warm;
use super::{
    Engine, Found, Happened, LaneWork, PurchaseRecord, Refused, Taken, Waiting, What, Who, addresses,
};
use super::{counts, encoded, erasure, items, refused};
use crate::domain::conversation::{Conversation, Customer, STATE_BYTES_MAX};
use crate::domain::decide::{self, Decided, Outcome};
use crate::domain::event::{Event, Occurrence, Tap};
use crate::domain::facts::{FactKeys, Facts, Shop};
use crate::domain::ids::{EffectId, HomeId, RetailerId};
use crate::faults::{self, Point};
use crate::store::{self, CommitOutcome, DoneMark, FactVersion, Interest, Item, LaneKind};

/// Most events that are folded into one commit.
pub(super) const FOLD_MAX: usize = 64;
/// Most tries of one turn.
const ATTEMPTS_MAX: u64 = 8;
/// Most rounds of "needs facts" in one decision.
const NEEDS_MAX: usize = 4;

enum Tried {
    Answered(Vec<(usize, Taken)>),
    Refused(Refused),
    Again,
}

impl Engine {
    pub(super) async fn turn(&self, batch: Vec<Waiting>) {
        let happened: Vec<&Happened> = batch.iter().map(|waiting| &waiting.happened).collect();
        let result = self.attempts(&happened).await;
        let mut answers: Vec<Option<Result<Taken, Refused>>> = match result {
            Ok(taken) => {
                let mut answers: Vec<Option<Result<Taken, Refused>>> = batch.iter().map(|_| None).collect();
                for (index, one) in taken {
                    if let Some(slot) = answers.get_mut(index) {
                        *slot = Some(Ok(one));
                    }
                }
                answers
            }
            Err(refused) => batch.iter().map(|_| Some(Err(refused.clone()))).collect(),
        };
        for (index, waiting) in batch.into_iter().enumerate() {
            let answer = answers.get_mut(index).and_then(Option::take);
            let answer = answer.unwrap_or_else(|| Err(Refused::Store("no answer was made".to_owned())));
            drop(waiting.answer.send(answer));
        }
    }

    async fn attempts(&self, happened: &[&Happened]) -> Result<Vec<(usize, Taken)>, Refused> {
        let mut asked_again = false;
        for attempt in 0..ATTEMPTS_MAX {
            if attempt > 1 {
                self.parts.clock.sleep_ms(jitter_ms(happened, attempt)).await;
            }
            match self.attempt(happened, attempt == 0).await {
                Ok(Tried::Answered(answers)) => return Ok(answers),
                Ok(Tried::Refused(refused)) => return Err(refused),
                Ok(Tried::Again) => {}
                // The commit may have happened: asking again finds its marks then, so nothing can happen twice. Whatever
                // happened to the store, its history may be another one now: nothing at hand is believed any more.
                Err(store::Error::Unknown(problem)) if !asked_again => {
                    self.warm.clear();
                    asked_again = true;
                    tracing::info!(problem, "the store's answer was lost; asking again");
                }
                Err(error) => {
                    self.warm.clear();
                    tracing::warn!(%error, "failed to take an event");
                    return Err(refused(&error));
                }
            }
        }
        Err(Refused::Busy)
    }

    /// One try. The first one uses what is at hand, if anything is: whatever its commit refuses is loaded by the next.
    async fn attempt(&self, happened: &[&Happened], is_first: bool) -> Result<Tried, store::Error> {
        let marks: Vec<DoneMark> = happened
            .iter()
            .map(|one| addresses::mark(&one.id, one.at_ms))
            .collect();
        // A customer's own message may begin a conversation; news about one that is not there may not.
        let by_customer = happened
            .iter()
            .find(|one| matches!(one.who, Who::Customer { .. }));
        let Some(first) = by_customer.or(happened.first()) else {
            return Ok(Tried::Answered(Vec::new()));
        };
        let at_hand = if is_first { self.at_hand(&first.who) } else { None };
        let is_at_hand = at_hand.is_some();
        let found = match at_hand {
            Some(found) => Some(found),
            None => self.find(&first.who, &marks, happened).await?,
        };
        let Some(found) = found else {
            return Ok(all(happened, &Taken::NoConversation));
        };
        faults::pass(Point::Loaded);
        if self.number(&found.conversation.number).is_none() {
            return Ok(Tried::Refused(Refused::UnknownNumber));
        }
        let ids = found.ids.clone();
        let Some(draft) = self.draft(found, happened, &marks).await? else {
            return Ok(all(happened, &Taken::Duplicate));
        };
        // What is written before the commit judges must not rest on what is only at hand.
        if is_at_hand && !(draft.foreign_purchases.is_empty() && draft.commit.dead_letters.is_empty()) {
            return Ok(Tried::Again);
        }
        self.commit(draft, ids).await
    }

    async fn commit(&self, mut draft: Draft, ids: Vec<HomeId>) -> Result<Tried, store::Error> {
        for (id, record) in &draft.foreign_purchases {
            self.parts.store.put_purchase(id, record).await?;
        }
        draft.commit.facts = draft.used.iter().cloned().collect();
        draft.commit.journal = draft.journal.into_entries();
        if draft.commit.state.is_empty() {
            draft.commit.state = encoded::encode(&draft.after)?;
        }
        draft.commit.revision = draft.after.revision;
        draft.commit.window_open_until_ms = draft.after.window_open_until_ms;
        let merchant = draft.merchant.clone();
        let state_bytes = draft.commit.state.len();
        let parked: Vec<Parked> = draft.commit.dead_letters.iter().map(Parked::of).collect();
        faults::pass(Point::Decided);
        let watched = self.parts.trace.start();
        let began = Instant::now();
        let outcome = self.parts.store.commit(draft.commit, self.lane_times()).await;
        counts::commit(&outcome, began.elapsed());
        self.tell_commit(&draft.after, draft.answers.len(), &outcome, watched);
        match outcome? {
            CommitOutcome::Committed { heads, wake } => {
                faults::pass(Point::Committed);
                draft.counts.tell();
                parked.into_iter().for_each(Parked::tell);
                metrics::counter!("sacola_buttons_refused_total").increment(draft.refused_taps);
                let conversation = draft.after;
                let number = conversation.number.clone();
                self.warm.put(Warm {
                    ids,
                    conversation,
                    state_bytes,
                });
                for head in heads {
                    self.hand_over(LaneWork::Serve(Box::new(head), number.clone()));
                }
                for (lane, at_ms) in wake {
                    self.hand_over(LaneWork::Wake(lane, at_ms));
                }
                Ok(Tried::Answered(draft.answers))
            }
            CommitOutcome::Conflict | CommitOutcome::Duplicate => Ok(Tried::Again),
            CommitOutcome::StaleFacts(stale) => {
                let ids: Vec<_> = stale.into_iter().map(|fact| fact.retailer_id).collect();
                self.catalogs
                    .refresh(self.parts.store.as_ref(), &merchant, &ids)
                    .await?;
                Ok(Tried::Again)
            }
        }
    }

    /// Decides all events that are not done yet. `None` when none is left.
    async fn draft(
        &self,
        found: Found,
        happened: &[&Happened],
        marks: &[DoneMark],
    ) -> Result<Option<Draft>, store::Error> {
        let Some(settings) = self.number(&found.conversation.number) else {
            let problem = format!(
                "the business number {} is not configured",
                found.conversation.number
            );
            return Err(store::Error::Unfit(problem));
        };
        tracing::debug!(conversation = %found.home, new = found.is_new, events = happened.len(), "deciding");
        let before_interest = found.conversation.interest();
        let merchant = settings.shop.merchant.clone();
        let mut seen: BTreeSet<DoneMark> = found.done.iter().copied().collect();
        let stored_bytes = found.stored_bytes;
        let mut draft = Draft::of(found, merchant.clone());
        for (index, (one, mark)) in happened.iter().zip(marks).enumerate() {
            let is_past = draft
                .after
                .erased
                .is_some_and(|erased| erasure::is_past(one, erased));
            if is_past || !seen.insert(*mark) {
                draft.answers.push((index, Taken::Duplicate));
                let watched = self.parts.trace.start();
                self.tell_decision(&draft.after, one, &Taken::Duplicate, watched);
                continue;
            }
            draft.commit.marks.push(*mark);
            let watched = self.parts.trace.start();
            let taken = self
                .decide_one(&mut draft, one, &settings.shop, stored_bytes)
                .await?;
            self.tell_decision(&draft.after, one, &taken, watched);
            draft.counts.decided(word(&one.what));
            draft.answers.push((index, taken));
        }
        if draft.commit.marks.is_empty() {
            return Ok(None);
        }
        let after_interest = draft.after.interest();
        let interest = |id: &RetailerId| Interest {
            merchant: merchant.clone(),
            retailer_id: id.clone(),
        };
        draft.commit.interest_added = after_interest
            .difference(&before_interest)
            .map(interest)
            .collect();
        draft.commit.interest_removed = before_interest
            .difference(&after_interest)
            .map(interest)
            .collect();
        Ok(Some(draft))
    }

    /// Adds the decision of one event to a draft.
    pub(super) async fn decide_one(
        &self,
        draft: &mut Draft,
        happened: &Happened,
        shop: &Shop,
        state_bytes: usize,
    ) -> Result<Taken, store::Error> {
        if let Who::Customer { customer, .. } = &happened.who {
            take_over(&mut draft.after.customer, customer);
        }
        draft.root = happened.root;
        let occurrence = self.occurrence(happened, &draft.after);
        draft.refused_taps += u64::from(is_refused_tap(&occurrence.event));
        let mut facts = Facts {
            now_ms: self.parts.clock.now_ms(),
            shop: shop.clone(),
            products: std::collections::BTreeMap::new(),
            looked_for: BTreeSet::new(),
            outline: None,
            state_bytes,
        };
        for _ in 0..NEEDS_MAX {
            let before = &draft.after;
            let began = Instant::now();
            let outcome = catch_unwind(AssertUnwindSafe(|| decide::decide(before, &occurrence, &facts)));
            counts::decision(began.elapsed());
            match outcome {
                Ok(Outcome::Needs(keys)) => self.add_facts(&mut facts, &keys).await?,
                Ok(Outcome::Decided(decided)) => {
                    self.add_sellers(draft, &occurrence.event, &decided).await?;
                    return Self::add_decision(draft, &occurrence, &facts, *decided);
                }
                Err(_) => break,
            }
        }
        Self::park(draft, &occurrence, &facts, "panic")
    }

    fn occurrence(&self, happened: &Happened, conversation: &Conversation) -> Occurrence {
        let event = match &happened.what {
            What::Event(event) => event.clone(),
            What::Tap { id, device } => {
                let known = self.known.load();
                let button = known
                    .keys
                    .verify(id, &conversation.home, self.parts.clock.now_ms());
                Event::Tapped {
                    tap: button.map_or(Tap::Refused, Tap::Button),
                    device: *device,
                }
            }
        };
        Occurrence {
            id: happened.id.clone(),
            at_ms: happened.at_ms,
            purchase_id: happened.purchase_id.clone(),
            event,
        }
    }

    async fn add_facts(&self, facts: &mut Facts, keys: &FactKeys) -> Result<(), store::Error> {
        let store = self.parts.store.as_ref();
        let known = self
            .catalogs
            .known(store, &facts.shop.merchant, &keys.products)
            .await?;
        facts.products.extend(known.facts);
        facts.looked_for.extend(keys.products.iter().cloned());
        if keys.outline {
            facts.outline = Some(known.outline.slim(keys.category.as_deref()));
        }
        Ok(())
    }

    pub(super) fn add_decision(
        draft: &mut Draft,
        occurrence: &Occurrence,
        facts: &Facts,
        decided: Decided,
    ) -> Result<Taken, store::Error> {
        let state = encoded::encode(&decided.conversation)?;
        if state.len() > STATE_BYTES_MAX {
            return Self::too_large(draft, occurrence, facts);
        }
        let (journal, before) = (&mut draft.journal, &draft.after);
        journal.decided(before, occurrence, facts, &state, &decided);
        let counts = &mut draft.counts;
        counts.changed(before, &occurrence.event, &decided.purchases);
        let after = decided.conversation;
        let used = decided.used.iter().filter_map(|id| {
            let fact = facts.products.get(id)?;
            let merchant = facts.shop.merchant.clone();
            Some(FactVersion {
                merchant,
                retailer_id: id.clone(),
                version: fact.version,
            })
        });
        draft.used.extend(used);
        for purchase in decided.purchases {
            let id = purchase.purchase_id.clone();
            let record = PurchaseRecord {
                home: after.home.clone(),
                number: after.number.clone(),
                merchant: draft.seller(&id, &facts.shop.merchant).clone(),
                purchase,
            };
            let encoded = serde_json::to_string(&record).map_err(|e| unencodable(&after, &e))?;
            let own_shard = id.shard() == after.home.shard();
            let place = if own_shard {
                &mut draft.commit.purchases
            } else {
                &mut draft.foreign_purchases
            };
            place.retain(|(known, _)| *known != id);
            place.push((id, encoded));
        }
        let effects: Vec<(EffectId, &'static str)> = decided
            .effects
            .iter()
            .enumerate()
            .map(|(index, effect)| (EffectId::of(&after.home, after.revision, index), effect.word()))
            .collect();
        let locale = after.locale.unwrap_or(facts.shop.locale).tag();
        let occasion = items::Occasion {
            merchant: &facts.shop.merchant,
            sellers: &draft.sellers,
            locale,
            now_ms: facts.now_ms,
            class: class_of(&occurrence.event),
            root: draft.root,
        };
        let encoded =
            items::encode(&after, decided.effects, &occasion).map_err(|error| unencodable(&after, &error))?;
        for item in encoded {
            append(&mut draft.commit.items, item);
        }
        let owed = !after.owed_news.is_empty();
        draft.after = after;
        draft.commit.state = state;
        Ok(Taken::Done {
            effects,
            owed,
            parked: false,
        })
    }
}

/// The same answer for all of them.
fn all(happened: &[&Happened], taken: &Taken) -> Tried {
    Tried::Answered((0..happened.len()).map(|index| (index, taken.clone())).collect())
}

/// What merchants start yields to what customers ask for.
fn class_of(event: &Event) -> store::Class {
    if matches!(
        event,
        Event::ProductChanged { .. } | Event::ProductsRequested { .. }
    ) {
        store::Class::Bulk
    } else {
        store::Class::Reply
    }
}

fn is_refused_tap(event: &Event) -> bool {
    matches!(
        event,
        Event::Tapped {
            tap: Tap::Refused,
            ..
        }
    )
}

/// Within one commit a newer superseding message replaces an older one at once.
fn append(items: &mut Vec<(LaneKind, Item)>, (kind, item): (LaneKind, Item)) {
    if item.supersedes.is_some() {
        items.retain(|(other, earlier)| *other != kind || earlier.supersedes != item.supersedes);
    }
    items.push((kind, item));
}

fn unencodable(conversation: &Conversation, error: &serde_json::Error) -> store::Error {
    store::Error::Corrupt {
        key: conversation.home.to_string(),
        problem: error.to_string(),
    }
}

fn take_over(known: &mut Customer, told: &Customer) {
    let newer = [
        (&mut known.user_id, &told.user_id),
        (&mut known.wa_id, &told.wa_id),
        (&mut known.name, &told.name),
    ];
    for (slot, value) in newer {
        if value.is_some() {
            slot.clone_from(value);
        }
    }
}

/// A few milliseconds that differ between conversations and attempts.
fn jitter_ms(happened: &[&Happened], attempt: u64) -> u64 {
    let seed = happened
        .first()
        .map_or(0, |one| addresses::mark(&one.id, one.at_ms).hash);
    1 + (seed.rotate_left(u32::try_from(attempt).unwrap_or(0) * 7) % 16) * attempt
}
