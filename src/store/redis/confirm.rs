//! What replicas must have before somebody relies on it, beside commits: starts, statuses, aliases, purchases, records,
//! product facts, letters. Under `wait_replicas` calls that wait at the same moment share one WAIT, on the connection that
//! carried them: a WAIT on another one could be answered by another server. Without it a call goes its ordinary way.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use redis::{Cmd, Value};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::store::Error;

use super::Inner;
use super::error::same;
use super::keys::Keys;
use super::net::{Answer, Net, needs_script};
use super::scripts::{Call, beat};

/// Calls that share one WAIT, and as many wait for the next one.
const MOST_CALLS: usize = 64;
/// How long a caller waits for a place there. With the WAIT under way and its own that bounds a call to some three seconds, so
/// that what comes of it still belongs to the moment in which it was made.
const PLACE: Duration = Duration::from_secs(1);

/// One caller who waits.
pub(super) struct Waiting {
    command: Cmd,
    /// The same with the whole script, for a server that does not know it.
    in_full: Option<Cmd>,
    slot_key: String,
    answer: oneshot::Sender<Result<Value, Error>>,
}

/// Where calls wait to be confirmed.
pub(super) struct Queue(mpsc::Sender<Waiting>);

/// A queue and its end for [`run`].
pub(super) fn queue() -> (Queue, mpsc::Receiver<Waiting>) {
    let (sender, receiver) = mpsc::channel(MOST_CALLS);
    (Queue(sender), receiver)
}

impl Queue {
    async fn ask(&self, command: Cmd, in_full: Option<Cmd>, slot_key: &str) -> Result<Value, Error> {
        let (answer, outcome) = oneshot::channel();
        let waiting = Waiting {
            command,
            in_full,
            slot_key: slot_key.to_owned(),
            answer,
        };
        match tokio::time::timeout(PLACE, self.0.reserve()).await {
            Ok(Ok(place)) => place.send(waiting),
            Ok(Err(_)) => return Err(Error::Unavailable("the store is closed".to_owned())),
            Err(_) => {
                let text = "replicas confirm too slowly; nothing was sent";
                return Err(Error::Unavailable(text.to_owned()));
            }
        }
        outcome
            .await
            .unwrap_or_else(|_| Err(Error::Unknown("the store was closed during a call".to_owned())))
    }
}

impl Inner {
    /// A script call on whose effect somebody relies when it returns.
    pub(super) async fn confirmed_script(&self, call: Call<'_>) -> Result<Value, Error> {
        match &self.confirming {
            None => self.net.script(call).await,
            Some(queue) => {
                let key = call.slot_key().to_owned();
                queue.ask(call.by_digest(), Some(call.in_full()), &key).await
            }
        }
    }

    /// The same for a command; `key` decides its slot.
    pub(super) async fn confirmed_command(&self, command: Cmd, key: &str) -> Result<Value, Error> {
        match &self.confirming {
            None => self.net.command(command).await,
            Some(queue) => queue.ask(command, None, key).await,
        }
    }
}

/// What it takes to confirm.
pub(super) struct Confirmer {
    pub(super) net: Arc<Net>,
    pub(super) keys: Keys,
    pub(super) replicas: u32,
}

/// Confirms batch after batch until told to stop; then takes no more, confirms what waits, and ends.
pub(super) async fn run(confirmer: Confirmer, mut queue: mpsc::Receiver<Waiting>, stop: CancellationToken) {
    loop {
        let first = tokio::select! {
            first = queue.recv() => first,
            () = stop.cancelled(), if !queue.is_closed() => {
                queue.close();
                continue;
            }
        };
        let Some(first) = first else { return };
        tokio::task::yield_now().await;
        let mut batch = vec![first];
        while batch.len() < MOST_CALLS {
            let Ok(next) = queue.try_recv() else { break };
            batch.push(next);
        }
        confirmer.perform(batch).await;
    }
}

impl Confirmer {
    /// One pipeline on a single server, one per slot on a cluster.
    async fn perform(&self, batch: Vec<Waiting>) {
        let is_cluster = self.net.is_cluster();
        let mut groups: BTreeMap<String, Vec<Waiting>> = BTreeMap::new();
        for waiting in batch {
            let beat = match groups.keys().next() {
                Some(only) if !is_cluster => only.clone(),
                Some(_) | None => self.keys.beat_beside(&waiting.slot_key),
            };
            groups.entry(beat).or_default().push(waiting);
        }
        let mut confirmed = Vec::with_capacity(groups.len());
        for (key, group) in groups {
            confirmed.push(self.confirm(key, group));
        }
        join_all(confirmed).await;
    }

    /// Sends a group; what the server does not know by its digest goes once more, in full.
    async fn confirm(&self, beat_key: String, group: Vec<Waiting>) {
        let commands = group.iter().map(|waiting| waiting.command.clone()).collect();
        let mut unknown = Vec::new();
        for (waiting, answer, confirmed) in self.sent(&beat_key, commands, group).await {
            if needs_script(&answer) && waiting.in_full.is_some() {
                unknown.push(waiting);
            } else {
                tell(waiting, answer, confirmed);
            }
        }
        if unknown.is_empty() {
            return;
        }
        let commands = unknown.iter().filter_map(|waiting| waiting.in_full.clone());
        let commands = commands.collect();
        for (waiting, answer, confirmed) in self.sent(&beat_key, commands, unknown).await {
            tell(waiting, answer, confirmed);
        }
    }

    /// Each caller with its answer, and whether the replicas have it.
    async fn sent(
        &self,
        beat_key: &str,
        commands: Vec<Cmd>,
        group: Vec<Waiting>,
    ) -> Vec<(Waiting, Answer, Result<(), Error>)> {
        let (answers, confirmed) = self
            .net
            .confirmed(commands, beat(beat_key), beat_key, self.replicas)
            .await;
        let each = group.into_iter().zip(answers);
        each.map(|(waiting, answer)| {
            let confirmed = confirmed.as_ref().copied().map_err(same);
            (waiting, answer, confirmed)
        })
        .collect()
    }
}

/// A call that was refused has its own error. One that was answered and not confirmed has happened on the primary.
fn tell(waiting: Waiting, answer: Answer, confirmed: Result<(), Error>) {
    let outcome = match (answer, confirmed) {
        (Err(failed), _) => Err(failed.into_error()),
        (Ok(_), Err(Error::Unavailable(text))) => Err(Error::Unknown(text)),
        (Ok(_), Err(error)) => Err(error),
        (Ok(value), Ok(())) => Ok(value),
    };
    // a caller who stopped waiting has lost its answer, not its call
    drop(waiting.answer.send(outcome));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_finds_no_place_is_told_that_nothing_was_sent() {
        let (queue, receiver) = queue();
        for _ in 0..MOST_CALLS {
            let waiting = Waiting {
                command: redis::cmd("PING"),
                in_full: None,
                slot_key: "key".to_owned(),
                answer: oneshot::channel().0,
            };
            assert!(queue.0.try_send(waiting).is_ok());
        }
        let refused = queue.ask(redis::cmd("PING"), None, "key").await;
        assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
        assert_eq!(receiver.len(), MOST_CALLS, "it left nothing behind");
    }
}
