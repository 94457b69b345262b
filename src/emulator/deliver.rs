//! Carries webhooks and callbacks to the gateway: signed at each attempt, repeated until taken.
//! Order between two deliveries is not promised, as Meta promises none; inside one delivery it is kept.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::tasks::Tasks;

use super::graph::subscriptions;
use super::wire;
use super::world::World;

/// How many deliveries may wait for the worker.
pub const QUEUE: usize = 4096;

const GIVE_UP_MS: i64 = 7 * 24 * 3600 * 1000;
const LONGEST_WAIT_S: u64 = 30;

/// Requests to the gateway, made one after the other.
pub struct Delivery {
    pub generation: u64,
    pub requests: Vec<Outgoing>,
    /// Waited before the first attempt.
    pub pause_ms: u64,
    pub retry: bool,
    /// Told the HTTP status of the very first attempt; 0 when there was no answer.
    pub first: Option<oneshot::Sender<u16>>,
}

/// One request, without what changes from attempt to attempt.
pub struct Outgoing {
    pub stamp: Stamp,
    pub body: String,
}

/// Who speaks, and how it signs.
pub enum Stamp {
    /// Meta, to the webhook address.
    Meta(Signature),
    /// The shop, to the callback address, under a `webhook-id` that stays the same.
    Shop { id: String },
}

/// How a Meta webhook is signed; all but `Valid` are for tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signature {
    #[default]
    Valid,
    Missing,
    Wrong,
    /// Only the retired `X-Hub-Signature: sha1=…` header.
    Sha1,
}

/// Starts the worker that takes deliveries off the queue.
pub fn start(world: &Arc<World>, mut inbox: mpsc::Receiver<Delivery>, tasks: &Tasks) {
    let (world, tasks_of_worker, stop) = (Arc::clone(world), tasks.clone(), tasks.stop_token());
    tasks.spawn("emulator-deliveries", async move {
        loop {
            let delivery = tokio::select! {
                () = stop.cancelled() => return,
                delivery = inbox.recv() => delivery,
            };
            let Some(delivery) = delivery else { return };
            let carried = carry(Arc::clone(&world), delivery, stop.clone());
            tasks_of_worker.spawn("emulator-delivery", carried);
        }
    });
}

/// Queues requests and doesn't wait for them.
pub async fn send_later(world: &World, requests: Vec<Outgoing>, pause_ms: u64) {
    if requests.is_empty() {
        return;
    }
    let generation = world.state().generation;
    let delivery = Delivery {
        generation,
        requests,
        pause_ms,
        retry: true,
        first: None,
    };
    if world.deliveries.send(delivery).await.is_err() {
        tracing::debug!("the delivery worker is gone");
    }
}

/// Queues one request and waits for its first attempt: the HTTP status, or 0 when there was no answer.
pub async fn send_now(world: &World, request: Outgoing, retry: bool) -> u16 {
    let (tell, told) = oneshot::channel();
    let generation = world.state().generation;
    let delivery = Delivery {
        generation,
        requests: vec![request],
        pause_ms: 0,
        retry,
        first: Some(tell),
    };
    if world.deliveries.send(delivery).await.is_err() {
        return 0;
    }
    told.await.unwrap_or(0)
}

async fn carry(world: Arc<World>, delivery: Delivery, stop: CancellationToken) {
    let Delivery {
        generation,
        requests,
        pause_ms,
        retry,
        mut first,
    } = delivery;
    if pause_ms > 0 {
        world.clock.sleep_ms(pause_ms).await;
    }
    let twice = world.state().faults.duplicate_webhooks;
    for request in &requests {
        let mut wait_s = 1;
        let give_up_ms = world.now_ms() + GIVE_UP_MS;
        loop {
            let outcome = attempt(&world, request).await;
            if let Some(tell) = first.take()
                && tell.send(outcome.status).is_err()
            {
                tracing::debug!("nobody waits for the first attempt any more");
            }
            if outcome.done {
                break;
            }
            let forgotten = world.state().generation != generation;
            if !retry || forgotten || world.now_ms() > give_up_ms {
                return;
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = world.clock.sleep_ms(wait_s * 1000) => {}
            }
            wait_s = (wait_s * 2).min(LONGEST_WAIT_S);
        }
        if twice {
            attempt(&world, request).await;
        }
    }
}

struct Outcome {
    status: u16,
    /// Taken, or refused for good.
    done: bool,
}

async fn attempt(world: &World, request: &Outgoing) -> Outcome {
    let Ok(_permit) = world.attempts.acquire().await else {
        return Outcome {
            status: 0,
            done: false,
        };
    };
    let status = match prepared(world, request) {
        Some(ready) => ready.send().await.map_or(0, |answer| answer.status().as_u16()),
        None => 0,
    };
    let mut state = world.state();
    match &request.stamp {
        Stamp::Meta(_) => {
            // Only 200 counts (Meta, "Create a webhook endpoint").
            let taken = status == 200;
            let counter = &mut state.counts;
            *(if taken {
                &mut counter.webhooks_delivered
            } else {
                &mut counter.webhooks_failed
            }) += 1;
            Outcome { status, done: taken }
        }
        Stamp::Shop { .. } => {
            let taken = (200..300).contains(&status);
            let counter = &mut state.counts;
            *(if taken {
                &mut counter.callbacks_delivered
            } else {
                &mut counter.callbacks_failed
            }) += 1;
            Outcome {
                status,
                done: taken || status == 410,
            }
        }
    }
}

fn prepared(world: &World, request: &Outgoing) -> Option<reqwest::RequestBuilder> {
    let target = {
        let state = world.state();
        match &request.stamp {
            Stamp::Meta(_) => subscriptions::webhook_url(&state),
            Stamp::Shop { .. } => state.callback_url.clone(),
        }
    };
    let ready = world
        .http
        .post(target?)
        .header("content-type", "application/json");
    let (settings, body) = (&world.settings, request.body.as_bytes());
    let signed = match &request.stamp {
        Stamp::Meta(signature) => {
            let valid = wire::meta_signature(&settings.app_secret, body);
            let ready = ready.header("user-agent", "sacola-emulator");
            match signature {
                Signature::Valid => ready.header("x-hub-signature-256", valid),
                Signature::Missing => ready,
                Signature::Wrong => {
                    let wrong = wire::meta_signature("another app's secret", body);
                    ready.header("x-hub-signature-256", wrong)
                }
                Signature::Sha1 => {
                    // Not a real SHA-1: a gateway must not look at this header at all.
                    let short: String = valid.chars().skip("sha256=".len()).take(40).collect();
                    ready.header("x-hub-signature", format!("sha1={short}"))
                }
            }
        }
        Stamp::Shop { id } => {
            let at_s = world.now_s();
            let signature = wire::shop_signature(&settings.merchant_key, id, at_s, body);
            let ready = ready.header("webhook-id", id.as_str());
            ready
                .header("webhook-timestamp", at_s.to_string())
                .header("webhook-signature", signature)
        }
    };
    Some(signed.body(request.body.clone()))
}
