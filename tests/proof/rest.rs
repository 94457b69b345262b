//! The end of a run: no more faults, everything that is open is finished, and what is left is judged.

use std::collections::BTreeMap;

use sacola::domain::cart::{Cart, Checkout};
use sacola::domain::ids::{EffectId, HomeId, PurchaseId, RetailerId};
use sacola::domain::message::Kind;
use sacola::domain::purchase::{Purchase, PurchaseState};
use sacola::engine::PurchaseRecord;
use sacola::engine::addresses::mark;
use sacola::engine::replay::{Outcome, replay};
use sacola::store::{LetterFilter, LoadRequest, Store};

use super::invariants::Invariant;
use super::mail::{Content, Mail};
use super::stage::Crossing;
use super::world::World;
use crate::support::model_store::Model;

/// Rounds after which something will never come to rest.
const ROUNDS: usize = 400;

impl World {
    /// The faults are over: every webhook is posted until it is accepted, every lane is served.
    pub async fn comes_to_rest(&mut self) {
        self.tell(|| "-- no more faults --".to_owned());
        for replica in &mut self.replicas {
            replica.frozen_until_ms = 0;
        }
        for _ in 0..ROUNDS {
            self.gives_way().await;
            self.late_requests_arrive();
            self.posts_what_is_open();
            self.gives_way().await;
            self.serves_what_waits();
            self.gives_way().await;
            for replica in &self.replicas {
                replica.sweep();
                replica.walk();
            }
            self.gives_way().await;
            match self.next_ms().await {
                Some(at_ms) => {
                    let mut inner = self.stage();
                    inner.now_ms = inner.now_ms.max(at_ms);
                    drop(inner);
                    self.wakes_sleepers();
                }
                None => return,
            }
        }
        let due: Vec<String> = self.shared.model.look(|model| {
            let lanes = model.all_lanes().iter();
            let waiting = lanes.filter(|(_, lane)| !lane.items.is_empty());
            waiting.map(|(id, lane)| format!("{id:?}: {lane:?}")).collect()
        });
        let open: Vec<String> = self
            .mails
            .iter()
            .filter(|mail| !mail.is_accepted)
            .map(Mail::what)
            .collect();
        let what = format!("lanes {due:?} and webhooks {open:?} never come to rest");
        self.stage().ledger.violate(Invariant::Rest, what);
    }

    fn posts_what_is_open(&mut self) {
        let told: Vec<_> = std::mem::take(&mut self.outside().statuses);
        let told = told
            .into_iter()
            .map(|news| Mail::new(Content::Status(Box::new(news))));
        self.mails.extend(told);
        for index in 0..self.mails.len() {
            let is_open = self
                .mails
                .get(index)
                .is_some_and(|mail| !mail.is_accepted && mail.under_way.is_empty());
            if is_open {
                self.posts_to_somebody(index);
            }
        }
    }

    fn serves_what_waits(&mut self) {
        let now_ms = self.now_ms();
        for replica in &mut self.replicas {
            let (due, held) = std::mem::take(&mut replica.held)
                .into_iter()
                .partition(|(at_ms, _)| *at_ms <= now_ms);
            replica.held = held;
            let due: Vec<_> = due;
            for (_, head) in due {
                replica.serve(head);
            }
            let (due, later) = std::mem::take(&mut replica.later)
                .into_iter()
                .partition(|(at_ms, _)| *at_ms <= now_ms);
            replica.later = later;
            let due: Vec<_> = due;
            for (_, lane) in due {
                replica.ask_for(lane);
            }
        }
    }

    fn wakes_sleepers(&mut self) {
        let now_ms = self.now_ms();
        let due: Vec<u64> = self
            .stage()
            .waiting
            .iter()
            .filter(
                |(_, waiting)| matches!(waiting.crossing, Crossing::Sleep(until_ms) if until_ms <= now_ms),
            )
            .map(|(serial, _)| *serial)
            .collect();
        for serial in due {
            self.gives(serial, super::stage::Cue::Go);
        }
    }

    /// When the next thing can happen; `None`: nothing is left to happen.
    async fn next_ms(&self) -> Option<i64> {
        let now_ms = self.now_ms();
        let mut times: Vec<i64> = Vec::new();
        for replica in &self.replicas {
            times.extend(replica.held.iter().map(|(at_ms, _)| *at_ms));
        }
        times.extend(
            self.stage()
                .waiting
                .values()
                .filter_map(|waiting| match waiting.crossing {
                    Crossing::Sleep(until_ms) => Some(until_ms),
                    Crossing::Read
                    | Crossing::Write
                    | Crossing::Send
                    | Crossing::Ask
                    | Crossing::Submit
                    | Crossing::Answer => None,
                }),
        );
        if self.mails.iter().any(|mail| !mail.is_accepted) || !self.outside().statuses.is_empty() {
            times.push(now_ms + 1_000);
        }
        if !self
            .shared
            .model
            .records("price-update-running")
            .await
            .unwrap()
            .is_empty()
        {
            times.push(now_ms + 20_000);
        }
        // Two seconds more, because clocks of replicas are off by that much.
        times.extend(self.shared.model.look(|model| {
            let due = model.all_lanes().values().filter_map(|lane| lane.due_ms);
            due.map(|due_ms| due_ms.max(now_ms) + 2_000).min()
        }));
        times.into_iter().min().map(|at_ms| at_ms.max(now_ms + 1))
    }

    /// Judges what is left when everything has come to rest.
    pub async fn judges(&mut self) {
        let found = [
            self.purchases().await,
            self.accepted_marks().await,
            self.facts(),
            self.told().await,
            self.journals().await,
            self.promises().await,
            self.statuses().await,
            self.left_over(),
        ];
        self.shows_journals(&found).await;
        let mut inner = self.stage();
        for (invariant, what) in found.into_iter().flatten() {
            inner.ledger.violate(invariant, what);
        }
        let orders = u64::try_from(self.shared.outside.lock().unwrap().orders.len()).unwrap();
        *inner.ledger.counts.entry("purchases").or_default() += orders;
        let webhooks = u64::try_from(self.mails.len()).unwrap();
        *inner.ledger.counts.entry("webhooks").or_default() += webhooks;
    }

    /// Adds the journals of the conversations that something is wrong with to the transcript.
    async fn shows_journals(&self, found: &[Vec<(Invariant, String)>]) {
        let wrong: Vec<&String> = found.iter().flatten().map(|(_, what)| what).collect();
        for customer in &self.customers {
            if !wrong.iter().any(|what| what.contains(customer.home.as_str())) {
                continue;
            }
            for entry in self.shared.model.journal(&customer.home).await.unwrap() {
                self.tell(|| format!("journal: {entry}"));
            }
        }
    }

    async fn record(&self, id: &PurchaseId) -> Option<Purchase> {
        let record = self.shared.model.purchase(id).await.unwrap()?;
        let record: PurchaseRecord = serde_json::from_str(&record).unwrap();
        Some(record.purchase)
    }

    async fn purchases(&self) -> Vec<(Invariant, String)> {
        let mut wrong = Vec::new();
        let (orders, confirmations, native_orders) = {
            let outside = self.outside();
            (
                outside.orders.clone(),
                outside.confirmations.clone(),
                outside.native_orders.clone(),
            )
        };
        let mut confirmed: BTreeMap<&PurchaseId, &String> = BTreeMap::new();
        for (button, purchases) in &confirmations {
            let bought: Vec<_> = purchases.iter().filter(|id| orders.contains_key(id)).collect();
            if bought.len() > 1 {
                wrong.push((Invariant::OnePurchase, format!("{button} bought {bought:?}")));
            }
            confirmed.extend(purchases.iter().map(|id| (id, button)));
        }
        for (id, order) in &orders {
            let record = self.record(id).await;
            if let Some(ordered) = native_orders.get(id) {
                let mut bought: BTreeMap<RetailerId, i64> = BTreeMap::new();
                for line in &order.purchase.quote.lines {
                    *bought.entry(line.retailer_id.clone()).or_default() += i64::from(line.quantity);
                }
                if bought != *ordered {
                    wrong.push((
                        Invariant::Carts,
                        format!("{id}: ordered {ordered:?}, bought {bought:?}"),
                    ));
                }
            }
            let Some(record) = record else {
                wrong.push((
                    Invariant::OnePurchase,
                    format!("the shop has {id}, the store does not"),
                ));
                continue;
            };
            if !confirmed.contains_key(id) && !native_orders.contains_key(id) {
                wrong.push((Invariant::OnePurchase, format!("nobody confirmed {id}")));
            }
            if matches!(record.state, PurchaseState::Declined) {
                wrong.push((
                    Invariant::OnePurchase,
                    format!("{id} is declined here, the shop has it"),
                ));
            }
            if record.quote.total != order.purchase.quote.total {
                wrong.push((
                    Invariant::OneTotal,
                    format!("{id}: recorded and forwarded differ"),
                ));
            }
            if record.quote.total != order.answer.total && record.state != PurchaseState::NeedsReview {
                let what = format!("{id}: another total is charged than was shown, and nobody looks");
                wrong.push((Invariant::OneTotal, what));
            }
            if let Some(button) = confirmed.get(id)
                && !self.was_shown(button, &record.quote.total.amount_text())
            {
                let total = record.quote.total.amount_text();
                wrong.push((Invariant::OneTotal, format!("{id}: {total} was never shown")));
            }
        }
        for (id, text) in self.shared.model.look(|model| model.all_purchases().clone()) {
            let record: PurchaseRecord = serde_json::from_str(&text).unwrap();
            let state = record.purchase.state;
            let is_bought = !state.is_unanswered()
                && !matches!(state, PurchaseState::Declined | PurchaseState::NeedsReview);
            if is_bought && !orders.contains_key(&id) {
                wrong.push((
                    Invariant::OnePurchase,
                    format!("{id} is {state:?}, the shop never got it"),
                ));
            }
        }
        for conversation in self.stage().ledger.carts.conversations() {
            for purchase in &conversation.purchases {
                if purchase.state.is_unanswered() {
                    let what = format!("{} is still {:?}", purchase.purchase_id, purchase.state);
                    wrong.push((Invariant::Rest, what));
                }
            }
        }
        wrong
    }

    /// True when the message with that button had this amount on it, as customers read it.
    fn was_shown(&self, button: &str, amount: &str) -> bool {
        let amount = amount.replace('.', ",");
        let outside = self.outside();
        let mut with_button = outside
            .screens
            .values()
            .flatten()
            .filter(|message| message.buttons.iter().any(|id| id == button));
        with_button.any(|message| {
            message.total().is_some_and(|total| {
                total.ends_with(&format!(" {amount}")) || total.ends_with(&format!("\u{a0}{amount}"))
            })
        })
    }

    async fn accepted_marks(&self) -> Vec<(Invariant, String)> {
        let mut wrong = Vec::new();
        for (home, mark) in &self.accepted {
            let request = LoadRequest {
                homes: vec![home.clone()],
                aliases: Vec::new(),
                marks: vec![*mark],
            };
            let loaded = self.shared.model.load(&[request]).await.unwrap();
            if loaded[0].conversations[0].done.is_empty() {
                wrong.push((
                    Invariant::Accepted,
                    format!("an event of {home} was accepted and is nowhere"),
                ));
            }
        }
        wrong
    }

    /// Every cart has heard of what its products cost now, or is owed the news.
    fn facts(&self) -> Vec<(Invariant, String)> {
        let products = self.outside().products.clone();
        let inner = self.stage();
        let mut wrong = Vec::new();
        for conversation in inner.ledger.carts.conversations() {
            for line in conversation.carts.values().flat_map(|cart| &cart.lines) {
                let Some(product) = products.get(&line.retailer_id) else {
                    continue;
                };
                let known = line.noticed.as_ref().unwrap_or(&line.shown);
                let is_owed = conversation.owed_news.contains(&line.retailer_id);
                if known.price != product.price && !is_owed {
                    let what = format!(
                        "a cart of {} never heard that {} costs {}: {line:?}",
                        conversation.home,
                        line.retailer_id,
                        product.price.amount_text()
                    );
                    wrong.push((Invariant::Facts, what));
                }
            }
        }
        wrong
    }

    /// Who bought something was told so, or is owed it, or a person finds it among the dead letters.
    async fn told(&self) -> Vec<(Invariant, String)> {
        let letters = self
            .shared
            .model
            .dead_letters(&LetterFilter::default(), None, 1_000)
            .await;
        let letters = letters.unwrap();
        let orders: Vec<PurchaseId> = self.outside().orders.keys().cloned().collect();
        let mut wrong = Vec::new();
        for id in orders {
            let outside = self.outside();
            let is_told = outside.screens.values().flatten().any(|message| {
                let about = matches!(
                    message.kind,
                    Kind::PurchaseAccepted | Kind::PaymentLink | Kind::Paid | Kind::PurchaseState
                );
                about && !message.fails && message.purchase.as_ref() == Some(&id)
            });
            drop(outside);
            let is_owed = self
                .stage()
                .ledger
                .carts
                .conversations()
                .any(|conversation| conversation.owed_purchases.contains(&id));
            let is_parked = letters.iter().any(|letter| letter.body.contains(id.as_str()));
            if !is_told && !is_owed && !is_parked {
                wrong.push((Invariant::Told, format!("nobody was told about {id}")));
            }
        }
        wrong
    }

    /// Every message that was committed reached the phone, or something stands in its place: a newer one of its kind, an event
    /// that it failed, a dead letter, or a doubt in which it was not repeated.
    async fn promises(&self) -> Vec<(Invariant, String)> {
        let letters = self
            .shared
            .model
            .dead_letters(&LetterFilter::default(), None, 1_000)
            .await;
        let letters = letters.unwrap();
        let inner = self.stage();
        let ledger = &inner.ledger;
        let is_open = |effect: &EffectId, key: &Option<String>| {
            let Some(home) = effect.home() else { return true };
            let reached = ledger
                .taken
                .get(&home)
                .is_some_and(|taken| taken.iter().any(|one| one.effect == *effect));
            let replaced = key.is_some()
                && ledger.promised.iter().any(|(other, other_key)| {
                    other.home().as_ref() == Some(&home)
                        && other_key == key
                        && other.revision() > effect.revision()
                });
            let failed = ledger.knows(&home, mark(&format!("{effect}:failed"), 0));
            let parked = letters
                .iter()
                .any(|letter| letter.id.starts_with(effect.as_str()));
            !(reached || replaced || failed || parked || ledger.doubted.contains(effect))
        };
        let open = ledger
            .promised
            .iter()
            .filter(|(effect, key)| is_open(effect, key));
        open.map(|(effect, _)| (Invariant::Promised, format!("{effect} never went out")))
            .collect()
    }

    /// Statuses that were accepted are kept.
    async fn statuses(&self) -> Vec<(Invariant, String)> {
        let kept = self.shared.model.look(Model::all_statuses);
        let inner = self.stage();
        let lost = inner.ledger.told_statuses.iter().filter(|(effect, told)| {
            let kept = kept.get(effect);
            kept.is_none_or(|kept| kept < *told)
        });
        lost.map(|(effect, told)| {
            (
                Invariant::Statuses,
                format!("{effect}: {told:?} was accepted and not kept"),
            )
        })
        .collect()
    }

    /// Nothing waits any more, neither in lanes nor in conversations, and nothing was parked as broken.
    fn left_over(&self) -> Vec<(Invariant, String)> {
        let mut wrong = Vec::new();
        let (lanes, letters) = self.shared.model.look(|model| {
            let lanes = model
                .all_lanes()
                .iter()
                .filter(|(_, lane)| !lane.items.is_empty());
            let lanes: Vec<String> = lanes.map(|(id, lane)| format!("{id:?}: {lane:?}")).collect();
            let broken = |reason: &str| matches!(reason, "panic" | "too_large" | "unreadable_effect");
            let letters = model
                .all_letters()
                .values()
                .filter(|letter| broken(&letter.reason));
            let letters: Vec<String> = letters
                .map(|letter| format!("{}: {}", letter.reason, letter.detail))
                .collect();
            (lanes, letters)
        });
        wrong.extend(lanes.into_iter().map(|lane| (Invariant::Rest, lane)));
        wrong.extend(letters.into_iter().map(|letter| (Invariant::Sound, letter)));
        for conversation in self.stage().ledger.carts.conversations() {
            let asked = |cart: &Cart| matches!(cart.checkout, Some(Checkout::Asked { .. }));
            if conversation.carts.values().any(asked) {
                wrong.push((
                    Invariant::Rest,
                    format!("a checkout of {} has no answer", conversation.home),
                ));
            }
        }
        wrong
    }

    async fn journals(&self) -> Vec<(Invariant, String)> {
        let homes: Vec<HomeId> = self
            .stage()
            .ledger
            .carts
            .conversations()
            .map(|conversation| conversation.home.clone())
            .collect();
        let mut wrong = Vec::new();
        for home in homes {
            let journal = self.shared.model.journal(&home).await.unwrap();
            let state = self.shared.model.look(|model| {
                model
                    .all_conversations()
                    .get(&home)
                    .map(|kept| kept.state.clone())
            });
            let replayed = replay(&journal, state.as_deref());
            if replayed.outcome != Outcome::Identical {
                wrong.push((Invariant::Journal, format!("{home}: {:?}", replayed.outcome)));
            }
        }
        wrong
    }
}
