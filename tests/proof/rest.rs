//! The end of a run: no more faults, everything that is open is finished, and what is left is judged.

use std::collections::BTreeMap;

use sacola::domain::ids::{HomeId, PurchaseId};
use sacola::domain::message::Kind;
use sacola::domain::purchase::{Purchase, PurchaseState};
use sacola::engine::PurchaseRecord;
use sacola::engine::replay::{Outcome, replay};
use sacola::store::{LetterFilter, LoadRequest, Store};

use super::invariants::Invariant;
use super::mail::{Content, Mail};
use super::stage::Crossing;
use super::world::World;

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
            if record.quote.total != order.answer.total || order.purchase.quote.total != order.answer.total {
                wrong.push((Invariant::OneTotal, format!("{id}: forwarded and charged differ")));
            }
            if let Some(button) = confirmed.get(id)
                && !self.was_shown(button, &order.answer.total.amount_text())
            {
                let total = order.answer.total.amount_text();
                wrong.push((Invariant::OneTotal, format!("{id}: {total} was never shown")));
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
        with_button.any(|message| message.body.contains(&amount))
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
                about && message.purchase.as_ref() == Some(&id)
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
