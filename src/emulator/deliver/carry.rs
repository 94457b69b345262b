//! The way of one delivery: its pauses, its mishaps, its attempts.

use std::sync::Arc;

use futures::future::join_all;
use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;

use super::super::faults::{Mishap, WebhookAction};
use super::super::feed::News;
use super::super::graph::subscriptions;
use super::super::world::World;
use super::sign::prepared;
use super::traffic::{MOST_UPDATES, Together, Waiting};
use super::{Delivery, Outgoing, Signature, Stamp, Turn, enqueue};

/// Meta repeats for up to seven days (webhooks overview, 2025-12-02).
const GIVE_UP_MS: i64 = 7 * 24 * 3600 * 1000;
/// Pauses between attempts double up to this.
const LONGEST_WAIT_S: u64 = 3600;
/// Who sleeps looks at the clock so often, lest a move of it be missed.
const LOOK_MS: u64 = 1_000;
/// A webhook that nobody overtakes leaves by itself after this.
const HELD_MS: u64 = 1_500;
/// How long a collection waits for one more update, in real time: when switched on, and when a fault names its size.
const SWITCHED_WAIT_MS: u64 = 25;
const COUNTED_WAIT_MS: u64 = 2_000;

/// Takes a delivery from the queue to the gateway.
pub async fn carry(world: Arc<World>, delivery: Delivery, stop: CancellationToken) {
    let Delivery {
        generation,
        requests,
        pause_ms,
        retry,
        tells,
        turn,
    } = delivery;
    if !pass(&world, &stop, pause_ms).await {
        return;
    }
    let mut trip = Trip {
        world: &world,
        stop: &stop,
        generation,
        retry,
        may_wait: retry,
        may_join: retry,
        attempt: 0,
        tells,
    };
    match turn {
        Turn::Now => match switched(&world, retry, &requests) {
            Some(together) => trip.with_others(requests, together).await,
            None => trip.all(requests).await,
        },
        Turn::After(overtaken) => {
            tokio::select! {
                _ = overtaken => {}
                goes_on = pass(&world, &stop, HELD_MS) => if !goes_on { return },
            }
            trip.may_wait = false;
            trip.all(requests).await;
        }
        Turn::Together(together) => trip.leads(together).await,
    }
}

/// How webhooks are collected at present, if they are.
fn switched(world: &World, retry: bool, requests: &[Outgoing]) -> Option<Together> {
    let (most, wait_ms, apart) = {
        let state = world.state();
        let apart = subscriptions::is_overridden(&state);
        (state.faults.batch, state.faults.batch_wait_ms, apart)
    };
    let proper = |request: &Outgoing| {
        matches!(request.stamp, Stamp::Meta(Signature::Valid)) && (request.is_of_messages() || !apart)
    };
    (most > 1 && retry && requests.iter().all(proper)).then_some(Together {
        most,
        wait_ms: wait_ms.unwrap_or(SWITCHED_WAIT_MS),
        last: false,
    })
}

/// Waits until so much of the world's time has passed, however the clock is moved. False when the program ends.
async fn pass(world: &World, stop: &CancellationToken, ms: u64) -> bool {
    pass_until(world, stop, after(world, ms)).await
}

/// The instant so much later than now.
fn after(world: &World, ms: u64) -> i64 {
    world
        .now_ms()
        .saturating_add(i64::try_from(ms).unwrap_or(i64::MAX))
}

async fn pass_until(world: &World, stop: &CancellationToken, until_ms: i64) -> bool {
    loop {
        let left_ms = u64::try_from(until_ms.saturating_sub(world.now_ms())).unwrap_or(0);
        if left_ms == 0 {
            return true;
        }
        tokio::select! {
            () = stop.cancelled() => return false,
            () = world.clock.sleep_ms(left_ms.min(LOOK_MS)) => {}
        }
    }
}

struct Trip<'a> {
    world: &'a World,
    stop: &'a CancellationToken,
    generation: u64,
    retry: bool,
    /// It may be held back for another one.
    may_wait: bool,
    /// A fault may make it collect others.
    may_join: bool,
    /// Of the present request.
    attempt: u32,
    tells: Vec<oneshot::Sender<u16>>,
}

impl Trip<'_> {
    async fn all(mut self, requests: Vec<Outgoing>) {
        for request in requests {
            if !self.make(request).await {
                return;
            }
        }
    }

    /// Joins the collection; who began it carries what has come.
    async fn with_others(mut self, requests: Vec<Outgoing>, together: Together) {
        let mut tells = std::mem::take(&mut self.tells);
        let generation = self.generation;
        let waiting = requests.into_iter().map(|request| Waiting {
            generation,
            request,
            tells: std::mem::take(&mut tells),
        });
        if self.world.traffic.add(waiting.collect(), together) {
            self.leads(together).await;
        }
    }

    /// Waits for the end of the collection and carries all of it.
    async fn leads(self, together: Together) {
        let Trip { world, stop, .. } = self;
        let packs = world.traffic.collected(together, stop).await;
        let trips = packs.into_iter().map(|pack| {
            let trip = Trip {
                world,
                stop,
                generation: pack.generation,
                retry: true,
                may_wait: true,
                may_join: false,
                attempt: 0,
                tells: pack.tells,
            };
            trip.all(vec![pack.request])
        });
        join_all(trips).await;
    }

    /// Brings one request to its end: taken, given up, or handed on. False when nothing may follow.
    async fn make(&mut self, request: Outgoing) -> bool {
        self.attempt = 0;
        let give_up_ms = self.world.now_ms().saturating_add(GIVE_UP_MS);
        let mut wait_s = 1;
        loop {
            if self.world.state().generation != self.generation {
                return false;
            }
            if request.is_webhook() && !subscriptions::is_subscribed(&self.world.state()) {
                self.answer(0);
                return true;
            }
            self.attempt += 1;
            let mishap = self.mishap(&request);
            let (mut lost, mut twice) = (false, false);
            match mishap.map(|mishap| mishap.action) {
                Some(WebhookAction::Reorder) => {
                    self.hold(request).await;
                    return true;
                }
                Some(WebhookAction::Batch) => {
                    self.join(request, mishap.is_some_and(|mishap| mishap.last)).await;
                    return true;
                }
                Some(WebhookAction::DelayMs { ms }) => {
                    let until_ms = after(self.world, ms);
                    self.answer(0);
                    let passed = pass_until(self.world, self.stop, until_ms).await;
                    if !passed || self.world.state().generation != self.generation {
                        return false;
                    }
                }
                Some(WebhookAction::Drop) => lost = true,
                Some(WebhookAction::Duplicate) => twice = true,
                None => {}
            }
            let outcome = self.attempted(&request, lost).await;
            self.answer(outcome.status);
            if request.is_webhook() {
                self.world.traffic.overtaken(request.about.phone.as_deref());
            }
            if outcome.done {
                if self.retry && (twice || self.world.state().faults.duplicate_webhooks) {
                    self.attempt += 1;
                    self.attempted(&request, false).await;
                }
                return true;
            }
            if !self.retry {
                return false;
            }
            if !pass(self.world, self.stop, wait_s * 1000).await {
                return false;
            }
            if self.world.now_ms() > give_up_ms {
                self.give_up(&request);
                return true;
            }
            wait_s = (wait_s * 2).min(LONGEST_WAIT_S);
        }
    }

    /// What goes wrong with this attempt. Nothing does with callbacks, replays and webhooks of a tester's own making.
    fn mishap(&self, request: &Outgoing) -> Option<Mishap> {
        if !self.retry || !request.is_webhook() {
            return None;
        }
        let phone = request.about.phone.as_deref();
        let first = self.attempt == 1;
        let may_hold = first && self.may_wait && !self.world.traffic.holds(phone);
        let mut state = self.world.state();
        // What goes to another address than messages do can't travel with them.
        let joins = request.is_of_messages() || !subscriptions::is_overridden(&state);
        let may_join = first && self.may_join && joins;
        let may = |action: WebhookAction| match action {
            WebhookAction::Drop | WebhookAction::DelayMs { .. } => true,
            WebhookAction::Duplicate => first,
            WebhookAction::Reorder => may_hold,
            WebhookAction::Batch => may_join,
        };
        let taken = state.faults.take_webhook(phone, may);
        let swaps = may_hold && state.faults.reorder_webhooks;
        taken.or_else(|| {
            swaps.then_some(Mishap {
                action: WebhookAction::Reorder,
                last: true,
            })
        })
    }

    /// Back into the queue, until the phone's next webhook has gone.
    async fn hold(&mut self, request: Outgoing) {
        let (overtake, overtaken) = oneshot::channel();
        self.world.traffic.hold(request.about.phone.as_deref(), overtake);
        self.hand_on(vec![request], Turn::After(overtaken)).await;
        self.answer(0);
    }

    /// Among those that leave together. Only who sends the last of them waits for the answer.
    async fn join(&mut self, request: Outgoing, last: bool) {
        let wait_ms = self.world.state().faults.batch_wait_ms;
        let together = Together {
            most: MOST_UPDATES,
            wait_ms: wait_ms.unwrap_or(COUNTED_WAIT_MS),
            last,
        };
        let tells = if last {
            std::mem::take(&mut self.tells)
        } else {
            Vec::new()
        };
        let waiting = Waiting {
            generation: self.generation,
            request,
            tells,
        };
        if self.world.traffic.add(vec![waiting], together) {
            self.hand_on(Vec::new(), Turn::Together(together)).await;
        }
        self.answer(0);
    }

    async fn hand_on(&self, requests: Vec<Outgoing>, turn: Turn) {
        let delivery = Delivery {
            generation: self.generation,
            requests,
            pause_ms: 0,
            retry: true,
            tells: Vec::new(),
            turn,
        };
        enqueue(self.world, delivery).await;
    }

    /// Tells those who wait for the first attempt.
    fn answer(&mut self, status: u16) {
        for tell in self.tells.drain(..) {
            if tell.send(status).is_err() {
                tracing::debug!("nobody waits for the first attempt any more");
            }
        }
    }

    fn give_up(&self, request: &Outgoing) {
        if request.is_webhook() {
            self.world.state().counts.webhooks_given_up += 1;
        }
    }

    async fn attempted(&self, request: &Outgoing, lost: bool) -> Outcome {
        let world = self.world;
        let Ok(_permit) = world.attempts.acquire().await else {
            return Outcome::unanswered();
        };
        let started = Instant::now();
        let sending = prepared(world, request).filter(|_| !lost);
        let status = match sending {
            Some(ready) => ready.send().await.map_or(0, |answer| answer.status().as_u16()),
            None => 0,
        };
        let took_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        let outcome = counted(world, request, status);
        world.tell(self.news(request, status, took_us));
        outcome
    }

    fn news(&self, request: &Outgoing, http: u16, took_us: u64) -> News {
        let about = request.about.clone();
        match &request.stamp {
            Stamp::Meta(_) => News::Webhook {
                phone: about.phone,
                carries: about.carries,
                inner_ids: about.inner_ids,
                effect_ids: about.effect_ids,
                attempt: self.attempt,
                bytes: request.body.len(),
                http,
                took_us,
            },
            Stamp::Shop { .. } => News::Callback {
                kind: about.carries.into_iter().next().unwrap_or_default(),
                http,
                took_us,
            },
        }
    }
}

struct Outcome {
    status: u16,
    /// Taken, or refused for good.
    done: bool,
}

impl Outcome {
    fn unanswered() -> Outcome {
        Outcome {
            status: 0,
            done: false,
        }
    }
}

fn counted(world: &World, request: &Outgoing, status: u16) -> Outcome {
    let mut state = world.state();
    let counts = &mut state.counts;
    match &request.stamp {
        Stamp::Meta(_) => {
            // Only 200 counts (Meta, "Create a webhook endpoint").
            let taken = status == 200;
            *(if taken {
                &mut counts.webhooks_delivered
            } else {
                &mut counts.webhooks_failed
            }) += 1;
            Outcome { status, done: taken }
        }
        Stamp::Shop { .. } => {
            let taken = (200..300).contains(&status);
            *(if taken {
                &mut counts.callbacks_delivered
            } else {
                &mut counts.callbacks_failed
            }) += 1;
            Outcome {
                status,
                done: taken || status == 410,
            }
        }
    }
}
