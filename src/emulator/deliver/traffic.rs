//! What is not on its way yet: webhooks held back until another has overtaken them, and webhooks that collect updates. It
//! refuses to send anything.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio_util::sync::CancellationToken;

use super::merge;
use super::{About, Outgoing, Signature, Stamp};

/// Updates in one webhook at most (Meta, webhooks overview, 2025-12-02).
pub const MOST_UPDATES: usize = 1_000;

/// So many times the wait is begun anew by an update that comes; then the webhook leaves all the same.
const ROUNDS: usize = 40;

/// How updates are collected.
#[derive(Clone, Copy, Debug)]
pub struct Together {
    /// With so many updates the webhook leaves at once.
    pub most: usize,
    /// How long the webhook waits for one more update.
    pub wait_ms: u64,
    /// This update is the last of its webhook.
    pub last: bool,
}

/// One webhook that waits for others.
pub struct Waiting {
    pub generation: u64,
    pub request: Outgoing,
    pub tells: Vec<oneshot::Sender<u16>>,
}

/// Held and collected webhooks.
#[derive(Default)]
pub struct Traffic {
    /// By phone; closed when the webhook has left by itself.
    held: Mutex<BTreeMap<Option<String>, oneshot::Sender<()>>>,
    collected: Mutex<Collected>,
    grown: Notify,
}

#[derive(Default)]
struct Collected {
    waiting: Vec<Waiting>,
    complete: bool,
}

impl Traffic {
    /// Remembers that a webhook of this phone waits to be overtaken.
    pub fn hold(&self, phone: Option<&str>, overtake: oneshot::Sender<()>) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.insert(phone.map(str::to_owned), overtake);
    }

    /// True while a webhook of this phone waits.
    pub fn holds(&self, phone: Option<&str>) -> bool {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = held.iter().find(|(of, _)| of.as_deref() == phone);
        waiting.is_some_and(|(_, overtake)| !overtake.is_closed())
    }

    /// Lets the webhook of this phone go that waits to be overtaken.
    pub fn overtaken(&self, phone: Option<&str>) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(overtake) = held.remove(&phone.map(str::to_owned))
            && overtake.send(()).is_err()
        {
            tracing::debug!("a webhook that was held back has left by itself");
        }
    }

    /// Adds webhooks to those that collect. True when this begins a collection: then somebody must see to its end, with
    /// [`Traffic::collected`].
    pub fn add(&self, more: Vec<Waiting>, together: Together) -> bool {
        let mut collected = self.collected.lock().unwrap_or_else(PoisonError::into_inner);
        let begins = collected.waiting.is_empty() && !more.is_empty();
        // After a reset nothing of the former world leaves with what is new.
        let newest = more.iter().map(|one| one.generation).max().unwrap_or_default();
        collected.waiting.retain(|one| one.generation >= newest);
        collected.waiting.extend(more);
        let updates = collected.waiting.iter().map(updates).sum::<usize>();
        collected.complete |= together.last || updates >= together.most;
        drop(collected);
        self.grown.notify_one();
        begins
    }

    /// Waits for the end of a collection and takes all of it, packed into webhooks.
    pub async fn collected(&self, together: Together, stop: &CancellationToken) -> Vec<Waiting> {
        self.completed(together.wait_ms, stop).await;
        packed(self.take(), together.most)
    }

    async fn completed(&self, wait_ms: u64, stop: &CancellationToken) {
        for _ in 0..ROUNDS {
            let before = self.look();
            if before.1 {
                return;
            }
            let quiet = tokio::time::sleep(Duration::from_millis(wait_ms));
            tokio::pin!(quiet);
            loop {
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = self.grown.notified() => if self.look().1 { return },
                    () = quiet.as_mut() => break,
                }
            }
            if self.look().0 == before.0 {
                return;
            }
        }
    }

    /// How many wait, and whether they are all.
    fn look(&self) -> (usize, bool) {
        let collected = self.collected.lock().unwrap_or_else(PoisonError::into_inner);
        (collected.waiting.len(), collected.complete)
    }

    fn take(&self) -> Vec<Waiting> {
        let mut collected = self.collected.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *collected).waiting
    }
}

fn updates(waiting: &Waiting) -> usize {
    waiting.request.updates()
}

/// Joins what waits into webhooks of `most` updates, in the order of coming.
fn packed(waiting: Vec<Waiting>, most: usize) -> Vec<Waiting> {
    let mut packs: Vec<Vec<Waiting>> = Vec::new();
    let mut filled = 0;
    for one in waiting {
        let size = updates(&one);
        match packs.last_mut() {
            Some(pack) if filled + size <= most => {
                filled += size;
                pack.push(one);
            }
            Some(_) | None => {
                filled = size;
                packs.push(vec![one]);
            }
        }
    }
    packs.into_iter().flat_map(joined).collect()
}

/// Several webhooks as one. Bodies that can't be joined stay apart.
fn joined(pack: Vec<Waiting>) -> Vec<Waiting> {
    if pack.len() < 2 {
        return pack;
    }
    let body = match merge::merged(pack.iter().map(|one| one.request.body.as_str())) {
        Ok(body) => body,
        Err(error) => {
            tracing::warn!(%error, "webhooks could not be joined");
            return pack;
        }
    };
    let about = About::all(pack.iter().map(|one| &one.request.about));
    let generation = pack.iter().map(|one| one.generation).max().unwrap_or_default();
    vec![Waiting {
        generation,
        request: Outgoing {
            stamp: Stamp::Meta(Signature::Valid),
            body,
            about,
        },
        tells: pack.into_iter().flat_map(|one| one.tells).collect(),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(id: &str) -> Waiting {
        let body = format!(
            r#"{{"object":"whatsapp_business_account","entry":[{{"id":"77","changes":[{{"field":"messages","value":
            {{"metadata":{{"phone_number_id":"1"}},"messages":[{{"type":"text","id":"{id}"}}]}}}}]}}]}}"#
        );
        Waiting {
            generation: 0,
            request: Outgoing::meta(Some("ph1"), body),
            tells: Vec::new(),
        }
    }

    #[test]
    fn packs_hold_no_more_than_they_may() {
        let packs = packed(["a", "b", "c"].map(update).into(), 2);

        let carried: Vec<usize> = packs.iter().map(updates).collect();
        assert_eq!(carried, [2, 1]);
        assert_eq!(packs[0].request.about.inner_ids, ["a", "b"]);
    }

    #[tokio::test]
    async fn who_begins_a_collection_gets_all_when_the_last_has_come() {
        let (traffic, stop) = (Traffic::default(), CancellationToken::new());
        let together = |last| Together {
            most: MOST_UPDATES,
            wait_ms: 60_000,
            last,
        };

        assert!(traffic.add(vec![update("a")], together(false)));
        assert!(!traffic.add(vec![update("b")], together(true)));
        let packs = traffic.collected(together(false), &stop).await;

        assert_eq!(packs.len(), 1);
        assert_eq!(updates(&packs[0]), 2);
        assert!(traffic.add(vec![update("c")], together(false)));
    }

    #[test]
    fn a_webhook_is_held_until_another_overtakes_it() {
        let traffic = Traffic::default();
        let (overtake, mut overtaken) = oneshot::channel();

        traffic.hold(Some("ph1"), overtake);
        assert!(traffic.holds(Some("ph1")) && !traffic.holds(None));
        traffic.overtaken(Some("ph1"));
        assert!(overtaken.try_recv().is_ok() && !traffic.holds(Some("ph1")));
    }
}
