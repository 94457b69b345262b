//! Commits: those that wait at the same moment go in one script call per server (one flush of the append-only file for all
//! of them); while one call is under way, the next batch gathers.

use std::collections::BTreeMap;
use std::sync::Arc;

use redis::Value;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::domain::ids::Shard;
use crate::store::{Commit, CommitOutcome, Error, Head, LaneTimes};

use super::Inner;
use super::encode::{arguments, declared, lanes_of};
use super::error::{corrupt, is_half_moved, same};
use super::scripts::Call;
use super::served::Served;
use super::values::{Reply, counter, list};

const MOST_COMMITS: usize = 64;
const MOST_BYTES: usize = 1024 * 1024;
/// A single commit above this is a fault of ours: the conversation is bounded far below it.
const LARGEST: usize = 8 * MOST_BYTES;
const WAITING: usize = 1024;

/// One caller who waits.
pub(super) struct Waiting {
    commit: Commit,
    times: LaneTimes,
    answer: oneshot::Sender<Result<CommitOutcome, Error>>,
}

/// Where commits wait.
pub(super) fn queue() -> (mpsc::Sender<Waiting>, mpsc::Receiver<Waiting>) {
    mpsc::channel(WAITING)
}

/// Hands a commit to the batcher and waits for what became of it.
pub(super) async fn submit(
    queue: &mpsc::Sender<Waiting>,
    commit: Commit,
    times: LaneTimes,
) -> Result<CommitOutcome, Error> {
    if size(&commit) > LARGEST {
        return Err(Error::Unfit(format!(
            "a commit of {} bytes is too large for the store",
            size(&commit)
        )));
    }
    let (answer, outcome) = oneshot::channel();
    let waiting = Waiting {
        commit,
        times,
        answer,
    };
    if queue.send(waiting).await.is_err() {
        return Err(Error::Unavailable("the store is closed".to_owned()));
    }
    outcome
        .await
        .unwrap_or_else(|_| Err(Error::Unknown("the store was closed during a commit".to_owned())))
}

/// Commits batch after batch until told to stop; then takes no more, commits what waits, and ends.
pub(super) async fn run(inner: Arc<Inner>, mut queue: mpsc::Receiver<Waiting>, stop: CancellationToken) {
    loop {
        let first = tokio::select! {
            first = queue.recv() => first,
            () = stop.cancelled(), if !queue.is_closed() => {
                queue.close();
                continue;
            }
        };
        let Some(first) = first else { return };
        // Whoever is ready to commit goes along: fewer calls, larger ones.
        tokio::task::yield_now().await;
        let mut bytes = size(&first.commit);
        let mut batch = vec![first];
        while batch.len() < MOST_COMMITS && bytes < MOST_BYTES {
            let Ok(next) = queue.try_recv() else { break };
            bytes += size(&next.commit);
            batch.push(next);
        }
        perform(&inner, batch).await;
    }
}

fn size(commit: &Commit) -> usize {
    let items: usize = commit.items.iter().map(|(_, item)| item.body.len()).sum();
    let purchases: usize = commit.purchases.iter().map(|(_, encoded)| encoded.len()).sum();
    let journal: usize = commit.journal.iter().map(String::len).sum();
    let letters: usize = commit.dead_letters.iter().map(|letter| letter.body.len()).sum();
    commit.state.len() + items + purchases + journal + letters
}

async fn perform(inner: &Inner, batch: Vec<Waiting>) {
    let mut groups = Vec::new();
    for group in grouped(inner, batch) {
        match prepare(inner, &group).await {
            Ok(call) => groups.push((call, group)),
            Err(error) => fail(group, &error),
        }
    }
    let (calls, groups): (Vec<Call<'_>>, Vec<Vec<Waiting>>) = groups.into_iter().unzip();
    if calls.is_empty() {
        return;
    }
    let answers = inner.net.confirmed_scripts(&calls, inner.wait_replicas).await;
    for (group, answer) in groups.into_iter().zip(answers) {
        match answer.and_then(|value| list(value, "commit")) {
            Ok(replies) if replies.len() == group.len() => {
                for (waiting, reply) in group.into_iter().zip(replies) {
                    let outcome = read_outcome(&waiting.commit, reply);
                    answer_to(waiting, outcome);
                }
            }
            Ok(_) => fail(
                group,
                &corrupt("commit", "the script answered for another number of commits"),
            ),
            Err(error) => fail(group, &error),
        }
    }
}

/// One group on a single server, one per shard on a cluster.
fn grouped(inner: &Inner, batch: Vec<Waiting>) -> Vec<Vec<Waiting>> {
    if !inner.net.is_cluster() {
        return vec![batch];
    }
    let mut by_shard: BTreeMap<Shard, Vec<Waiting>> = BTreeMap::new();
    for waiting in batch {
        by_shard
            .entry(waiting.commit.home.shard())
            .or_default()
            .push(waiting);
    }
    by_shard.into_values().collect()
}

/// The script call of a group. On a cluster dead letters have a slot of their own and are written before the commit:
/// repeating that is harmless, losing one is not.
async fn prepare<'a>(inner: &'a Inner, group: &[Waiting]) -> Result<Call<'a>, Error> {
    if inner.net.is_cluster() {
        for waiting in group {
            for letter in &waiting.commit.dead_letters {
                inner.park(letter, usize::MAX).await?;
            }
        }
    }
    let commits: Vec<(&Commit, LaneTimes)> = group.iter().map(|w| (&w.commit, w.times)).collect();
    let arguments = arguments(inner, &commits)?;
    Ok(inner.scripts.commit.call(declared(inner, &commits), arguments))
}

fn fail(group: Vec<Waiting>, error: &Error) {
    for waiting in group {
        answer_to(waiting, Err(same(error)));
    }
}

fn answer_to(waiting: Waiting, outcome: Result<CommitOutcome, Error>) {
    // a caller who stopped waiting is answered by the done-mark when the event comes again
    drop(waiting.answer.send(outcome));
}

fn read_outcome(commit: &Commit, value: Value) -> Result<CommitOutcome, Error> {
    let at = format!("commit of {}", commit.home);
    let mut reply = Reply::of(value, &at)?;
    let kind: String = reply.part()?;
    match kind.as_str() {
        "ok" => committed(commit, reply),
        "conflict" => Ok(CommitOutcome::Conflict),
        "duplicate" => Ok(CommitOutcome::Duplicate),
        "stale" => stale(commit, reply, &at),
        "corrupt" => {
            let (key, problem): (String, String) = (reply.part()?, reply.part()?);
            if is_half_moved(&problem) {
                return Err(Error::Unavailable(format!("{key} is on its way: {problem}")));
            }
            Err(corrupt(key, problem))
        }
        "broken" => {
            let (key, problem): (String, String) = (reply.part()?, reply.part()?);
            Err(Error::Unknown(format!(
                "the commit of {key} broke off: {problem}"
            )))
        }
        other => Err(corrupt(at, format!("unknown answer {other}"))),
    }
}

fn committed(commit: &Commit, reply: Reply) -> Result<CommitOutcome, Error> {
    let (mut heads, mut wake) = (Vec::new(), Vec::new());
    for (lane, value) in lanes_of(commit).into_iter().zip(reply.rest()) {
        match Served::read(value, &lane)? {
            Served::Head(head) => heads.push(with_body(*head, commit)),
            Served::Wait(until) => wake.push((lane, until)),
            Served::Empty | Served::NotOurs => {}
        }
    }
    Ok(CommitOutcome::Committed { heads, wake })
}

/// The script leaves out the body of what it was just given.
fn with_body(mut head: Head, commit: &Commit) -> Head {
    if head.item.body.is_empty() {
        let own = commit
            .items
            .iter()
            .find(|(_, item)| item.effect_id == head.item.effect_id);
        if let Some((_, item)) = own {
            head.item.body.clone_from(&item.body);
        }
    }
    head
}

fn stale(commit: &Commit, reply: Reply, at: &str) -> Result<CommitOutcome, Error> {
    let mut facts = Vec::new();
    for value in reply.rest() {
        let place = counter(super::values::read(value, at)?, at)?;
        let place = usize::try_from(place).map_err(|problem| corrupt(at, problem))?;
        facts.extend(commit.facts.get(place).cloned());
    }
    Ok(CommitOutcome::StaleFacts(facts))
}
