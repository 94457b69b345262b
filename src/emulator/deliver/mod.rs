//! Carries webhooks and callbacks to the gateway: signed at each attempt, repeated with growing pauses until taken or seven
//! days old; duplicated, reordered, delayed, lost and collected on request. Order between two deliveries is not promised, as
//! Meta promises none; inside one delivery it is kept.

mod about;
mod carry;
mod merge;
mod sign;
mod traffic;

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use crate::tasks::Tasks;

use super::world::World;

pub use about::About;
pub use traffic::{MOST_UPDATES, Traffic};

use traffic::Together;

/// How many deliveries may wait for the worker.
pub const QUEUE: usize = 4096;

/// Requests to the gateway, made one after the other.
pub struct Delivery {
    generation: u64,
    requests: Vec<Outgoing>,
    /// Waited before the first attempt.
    pause_ms: u64,
    retry: bool,
    /// Told the HTTP status of the very first attempt; 0 when there was no answer, or no attempt yet.
    tells: Vec<oneshot::Sender<u16>>,
    turn: Turn,
}

/// When a delivery may leave.
enum Turn {
    /// At once.
    Now,
    /// When another one has overtaken it.
    After(oneshot::Receiver<()>),
    /// When others have been collected, as one webhook with them.
    Together(Together),
}

/// One request, without what changes from attempt to attempt.
pub struct Outgoing {
    stamp: Stamp,
    body: String,
    /// Facts for those who watch.
    about: About,
}

impl Outgoing {
    /// A webhook of Meta, properly signed. `phone` is the id of the phone that it is about.
    pub fn meta(phone: Option<&str>, body: String) -> Outgoing {
        Outgoing {
            about: About::webhook(phone, &body),
            stamp: Stamp::Meta(Signature::Valid),
            body,
        }
    }

    /// A webhook of Meta with any signature.
    pub fn signed(body: String, signature: Signature) -> Outgoing {
        Outgoing {
            stamp: Stamp::Meta(signature),
            ..Outgoing::meta(None, body)
        }
    }

    /// A callback of the shop under a `webhook-id` that stays the same. `event` is its type.
    pub fn callback(id: String, event: &str, body: String) -> Outgoing {
        Outgoing {
            about: About::callback(event),
            stamp: Stamp::Shop { id },
            body,
        }
    }

    /// How many updates it carries.
    pub fn updates(&self) -> usize {
        self.about.updates()
    }

    /// True unless it tells of a field other than `messages`.
    fn is_of_messages(&self) -> bool {
        let of_messages = |what: &String| what.starts_with("message ") || what.starts_with("status ");
        self.about.carries.iter().all(of_messages)
    }

    /// True for webhooks of Meta.
    fn is_webhook(&self) -> bool {
        matches!(self.stamp, Stamp::Meta(_))
    }
}

/// Who speaks, and how it signs.
enum Stamp {
    /// Meta, to the webhook address.
    Meta(Signature),
    /// The shop, to the callback address.
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
            let carried = carry::carry(Arc::clone(&world), delivery, stop.clone());
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
        tells: Vec::new(),
        turn: Turn::Now,
    };
    enqueue(world, delivery).await;
}

/// Queues one request and waits for its first attempt: the HTTP status, or 0 when there was no answer, or when a fault holds
/// the request back.
pub async fn send_now(world: &World, request: Outgoing, retry: bool) -> u16 {
    let (tell, told) = oneshot::channel();
    let generation = world.state().generation;
    let delivery = Delivery {
        generation,
        requests: vec![request],
        pause_ms: 0,
        retry,
        tells: vec![tell],
        turn: Turn::Now,
    };
    enqueue(world, delivery).await;
    told.await.unwrap_or(0)
}

async fn enqueue(world: &World, delivery: Delivery) {
    if world.deliveries.send(delivery).await.is_err() {
        tracing::debug!("the delivery worker is gone");
    }
}
