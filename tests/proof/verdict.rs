//! What is judged when everything has come to rest: purchases against the shop's own books, carts, messages, statuses, journals.

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
use super::outside::Order;
use super::world::World;
use crate::support::model_store::Model;

impl World {
    /// Judges what is left when everything has come to rest.
    pub async fn judges(&mut self) {
        let found = [
            self.purchases().await,
            self.records(),
            self.accepted_marks().await,
            self.facts(),
            self.told().await,
            self.journals().await,
            self.promises().await,
            self.statuses(),
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

    /// The shop's books against what was confirmed and what is on record.
    async fn purchases(&self) -> Vec<(Invariant, String)> {
        let mut wrong = Vec::new();
        let (orders, confirmations) = {
            let outside = self.outside();
            (outside.orders.clone(), outside.confirmations.clone())
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
            match self.record(id).await {
                Some(record) => wrong.extend(self.order(order, &record, confirmed.get(id).copied())),
                None => wrong.push((
                    Invariant::OnePurchase,
                    format!("the shop has {id}, the store does not"),
                )),
            }
        }
        wrong
    }

    /// One order of the shop: confirmed, as ordered, at the total that was shown.
    fn order(&self, order: &Order, record: &Purchase, button: Option<&String>) -> Vec<(Invariant, String)> {
        let (mut wrong, id) = (Vec::new(), &order.purchase.purchase_id);
        let ordered = self.outside().native_orders.get(id).cloned();
        if button.is_none() && ordered.is_none() {
            wrong.push((Invariant::OnePurchase, format!("nobody confirmed {id}")));
        }
        if record.state == PurchaseState::Declined {
            wrong.push((
                Invariant::OnePurchase,
                format!("{id} is declined here, the shop has it"),
            ));
        }
        let mut bought: BTreeMap<RetailerId, i64> = BTreeMap::new();
        for line in &order.purchase.quote.lines {
            *bought.entry(line.retailer_id.clone()).or_default() += i64::from(line.quantity);
        }
        if ordered.is_some_and(|ordered| ordered != bought) {
            wrong.push((
                Invariant::Carts,
                format!("{id} bought {bought:?}, which was not ordered"),
            ));
        }
        let total = record.quote.total;
        if total != order.purchase.quote.total {
            wrong.push((
                Invariant::OneTotal,
                format!("{id}: recorded and forwarded differ"),
            ));
        }
        if total != order.answer.total && record.state != PurchaseState::NeedsReview {
            let what = format!("{id}: another total is charged than was shown, and nobody looks");
            wrong.push((Invariant::OneTotal, what));
        }
        if button.is_some_and(|button| !self.was_shown(button, &total.amount_text())) {
            let what = format!("{id}: {} was never shown", total.amount_text());
            wrong.push((Invariant::OneTotal, what));
        }
        wrong
    }

    /// What is on record against the shop's books: nothing is bought that the shop never got, nothing waits for its answer.
    fn records(&self) -> Vec<(Invariant, String)> {
        let mut wrong = Vec::new();
        let orders = self.outside().orders.clone();
        for (id, text) in self.shared.model.look(|model| model.all_purchases().clone()) {
            let record: PurchaseRecord = serde_json::from_str(&text).unwrap();
            let state = record.purchase.state;
            let is_bought = !state.is_unanswered()
                && !matches!(state, PurchaseState::Declined | PurchaseState::NeedsReview);
            if is_bought && !orders.contains_key(&id) {
                let what = format!("{id} is {state:?}, the shop never got it");
                wrong.push((Invariant::OnePurchase, what));
            }
            if state.is_unanswered() {
                wrong.push((Invariant::Rest, format!("{id} is still {state:?}")));
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
            // A dot groups thousands: 1.314,03.
            message
                .total()
                .map(|total| total.replace('.', ""))
                .is_some_and(|total| {
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
    fn statuses(&self) -> Vec<(Invariant, String)> {
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
