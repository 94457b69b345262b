//! Reading what one customer needs: conversations, marks and aliases, for many customers in one trip.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use redis::{Cmd, Value};

use crate::domain::ids::HomeId;
use crate::store::{DoneMark, Error, LoadRequest, Loaded, StoredConversation};

use super::Inner;
use super::encode::mark_text;
use super::error::{corrupt, reading};
use super::values::{counter, read};

impl Inner {
    pub(super) async fn load(&self, requests: &[LoadRequest]) -> Result<Vec<Loaded>, Error> {
        let mut commands = Vec::new();
        for request in requests {
            self.ask(request, &mut commands);
        }
        let mut answers = reading(self.net.reading(commands).await)?.into_iter();
        let mut all = Vec::with_capacity(requests.len());
        for request in requests {
            all.push(loaded(request, &mut answers)?);
        }
        if self.wait_replicas > 0 {
            self.confirm_done(requests, &all).await?;
        }
        Ok(all)
    }

    /// The commands for one request, in the order in which [`loaded`] reads their answers.
    fn ask(&self, request: &LoadRequest, commands: &mut Vec<Cmd>) {
        let days = by_day(&request.marks);
        for home in &request.homes {
            let mut command = redis::cmd("HMGET");
            command
                .arg(self.keys.conversation(home))
                .arg("r")
                .arg("s")
                .arg("x");
            commands.push(command);
            for (day, marks) in &days {
                let mut command = redis::cmd("SMISMEMBER");
                command.arg(self.keys.seen(home, *day));
                for mark in marks {
                    command.arg(mark_text(*mark));
                }
                commands.push(command);
            }
        }
        for alias in &request.aliases {
            let mut command = redis::cmd("GET");
            command.arg(self.keys.alias(alias));
            commands.push(command);
        }
    }

    /// An event that is found done may be answered with 200: only once the replicas have what says so. One more trip, and
    /// only for redeliveries under `wait_replicas`.
    async fn confirm_done(&self, requests: &[LoadRequest], all: &[Loaded]) -> Result<(), Error> {
        let mut asked = Vec::new();
        for (request, loaded) in requests.iter().zip(all) {
            for (home, conversation) in request.homes.iter().zip(&loaded.conversations) {
                for (day, marks) in by_day(&conversation.done) {
                    asked.push(self.still_done(home, day, marks));
                }
            }
        }
        join_all(asked).await.into_iter().collect()
    }

    /// Marks once more, on the connection that then waits: a server that has taken over meanwhile may not have them.
    async fn still_done(&self, home: &HomeId, day: i64, marks: Vec<DoneMark>) -> Result<(), Error> {
        let key = self.keys.seen(home, day);
        let mut command = redis::cmd("SMISMEMBER");
        command.arg(&key);
        for mark in &marks {
            command.arg(mark_text(*mark));
        }
        let set = read_flags(reading(self.confirmed_command(command, &key).await)?, &key)?;
        if set.iter().all(|flag| *flag == 1) {
            return Ok(());
        }
        Err(Error::Unavailable(
            "an event that was done is not done on the server that took over".to_owned(),
        ))
    }
}

fn by_day(marks: &[DoneMark]) -> BTreeMap<i64, Vec<DoneMark>> {
    let mut days: BTreeMap<i64, Vec<DoneMark>> = BTreeMap::new();
    for mark in marks {
        days.entry(mark.day).or_default().push(*mark);
    }
    days
}

fn loaded(request: &LoadRequest, answers: &mut impl Iterator<Item = Value>) -> Result<Loaded, Error> {
    let mut conversations = Vec::with_capacity(request.homes.len());
    for home in &request.homes {
        conversations.push(conversation(request, home, answers)?);
    }
    let mut aliases = Vec::with_capacity(request.aliases.len());
    for alias in &request.aliases {
        let found: Option<String> = read(next(answers)?, alias.as_str())?;
        aliases.push(found.map(HomeId::new));
    }
    Ok(Loaded {
        conversations,
        aliases,
    })
}

fn conversation(
    request: &LoadRequest,
    home: &HomeId,
    answers: &mut impl Iterator<Item = Value>,
) -> Result<StoredConversation, Error> {
    let at = format!("conversation {home}");
    let (revision, state, erased_at_ms): (Option<i64>, Option<String>, Option<i64>) =
        read(next(answers)?, &at)?;
    let mut done = BTreeSet::new();
    for marks in by_day(&request.marks).into_values() {
        let set: Vec<u8> = read_flags(next(answers)?, &at)?;
        done.extend(
            marks
                .into_iter()
                .zip(set)
                .filter(|(_, flag)| *flag == 1)
                .map(|(mark, _)| mark),
        );
    }
    let done = request
        .marks
        .iter()
        .filter(|mark| done.contains(*mark))
        .copied()
        .collect();
    Ok(StoredConversation {
        revision: counter(revision.unwrap_or(0), &at)?,
        state,
        done,
        erased_at_ms,
    })
}

/// The ones and zeros of SMISMEMBER.
fn read_flags(value: Value, at: &str) -> Result<Vec<u8>, Error> {
    let flags: Vec<i64> = read(value, at)?;
    flags
        .into_iter()
        .map(|flag| u8::try_from(flag).map_err(|problem| corrupt(at, problem)))
        .collect()
}

fn next(answers: &mut impl Iterator<Item = Value>) -> Result<Value, Error> {
    answers
        .next()
        .ok_or_else(|| corrupt("load", "the answer is too short"))
}
