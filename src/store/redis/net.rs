//! Round trips: sends commands and script calls to one server (one pipeline) or to a cluster (all at once, each to its
//! slot) and counts them. One logical trip counts once, however many shards it touches.

use std::sync::atomic::{AtomicU64, Ordering};

use futures::future::join_all;
use redis::{Cmd, Pipeline, RedisError, Value};

use crate::store::Error;

use super::cluster::Nodes;
use super::error::{after_sending, is_unknown_script};
use super::link::Link;
use super::scripts::Call;
use super::target::{Limits, Target, connection_config};
use super::values::read;

/// How a call failed.
#[derive(Clone)]
pub(super) enum Failed {
    /// Nothing was sent.
    NotConnected(RedisError),
    /// It was sent; the error says what came back, if anything.
    Answered(RedisError),
}

impl Failed {
    pub(super) fn into_error(self) -> Error {
        match self {
            Self::NotConnected(error) => Error::Unavailable(error.to_string()),
            Self::Answered(error) => after_sending(&error),
        }
    }

    pub(super) fn is_unknown_script(&self) -> bool {
        matches!(self, Self::Answered(error) if is_unknown_script(error))
    }
}

pub(super) type Answer = Result<Value, Failed>;

/// Connections to one server: those that carry WAITs are apart, so that a WAIT blocks only what waits too.
struct Links {
    main: Link,
    commits: Link,
    /// All else that replicas must confirm; dialled when it is first needed.
    confirmed: Link,
}

enum Connection {
    Single(Box<Links>),
    Cluster(Box<Nodes>),
}

/// The way to the server or servers.
pub(super) struct Net {
    connection: Connection,
    /// In a cluster what is followed by WAIT has connections of its own too.
    waiting: Option<Nodes>,
    trips: AtomicU64,
}

/// How long a primary waits for its replicas.
pub(super) const WAIT_MS: u64 = 1000;

impl Net {
    pub(super) async fn open(target: Target, limits: Limits) -> Result<Self, Error> {
        let mut waiting = None;
        let connection = match target {
            Target::Single(source) => {
                let config = connection_config(limits);
                let main = Link::new(source.clone(), config.clone());
                Connection::Single(Box::new(Links {
                    main,
                    commits: Link::new(source.clone(), config.clone()),
                    confirmed: Link::new(source, config),
                }))
            }
            Target::Cluster(client) => {
                waiting = Some(Nodes::open((*client).clone()).await?);
                Connection::Cluster(Box::new(Nodes::open(*client).await?))
            }
        };
        Ok(Self {
            connection,
            waiting,
            trips: AtomicU64::new(0),
        })
    }

    pub(super) fn is_cluster(&self) -> bool {
        matches!(self.connection, Connection::Cluster(_))
    }

    pub(super) fn trips(&self) -> u64 {
        self.trips.load(Ordering::Relaxed)
    }

    /// One command, one trip.
    pub(super) async fn command(&self, command: Cmd) -> Result<Value, Error> {
        self.commands(vec![command])
            .await?
            .pop()
            .ok_or_else(|| Error::Unknown("no answer".to_owned()))
    }

    /// Several commands, one trip, answers in order; the first error is everybody's.
    pub(super) async fn commands(&self, commands: Vec<Cmd>) -> Result<Vec<Value>, Error> {
        self.each(commands).await.into_iter().collect()
    }

    /// Several commands, one trip, each answer for itself.
    pub(super) async fn each(&self, commands: Vec<Cmd>) -> Vec<Result<Value, Error>> {
        if commands.is_empty() {
            return Vec::new();
        }
        let answers = self.exchange(commands).await.into_iter();
        answers.map(|answer| answer.map_err(Failed::into_error)).collect()
    }

    /// Commands that change nothing: when the connection turns out to be dead (a server that restarted), they are asked once
    /// more on a fresh one. A time-out is not asked again.
    pub(super) async fn reading(&self, commands: Vec<Cmd>) -> Result<Vec<Value>, Error> {
        if commands.is_empty() {
            return Ok(Vec::new());
        }
        let answers = self.exchange(commands.clone()).await;
        let answers = if answers.iter().any(is_cut) {
            self.exchange(commands).await
        } else {
            answers
        };
        answers
            .into_iter()
            .map(|answer| answer.map_err(Failed::into_error))
            .collect()
    }

    /// One script call, one trip.
    pub(super) async fn script(&self, call: Call<'_>) -> Result<Value, Error> {
        let mut answers = self.scripts(&[call]).await;
        answers
            .pop()
            .unwrap_or_else(|| Err(Error::Unknown("no answer".to_owned())))
    }

    /// Several script calls, one trip, each answer for itself. Those that the server did not know are sent in full.
    pub(super) async fn scripts(&self, calls: &[Call<'_>]) -> Vec<Result<Value, Error>> {
        let mut answers = self.exchange(calls.iter().map(Call::by_digest).collect()).await;
        if answers.iter().any(needs_script) {
            let missing = calls
                .iter()
                .zip(&answers)
                .filter(|(_, answer)| needs_script(answer));
            let again: Vec<Cmd> = missing.map(|(call, _)| call.in_full()).collect();
            let late = self.exchange(again).await;
            let places = answers.iter_mut().filter(|answer| needs_script(answer));
            for (place, answer) in places.zip(late) {
                *place = answer;
            }
        }
        answers
            .into_iter()
            .map(|answer| answer.map_err(Failed::into_error))
            .collect()
    }

    /// Script calls on the connection for commits, each followed by WAIT when `replicas` is not 0. One trip.
    pub(super) async fn confirmed_scripts(
        &self,
        calls: &[Call<'_>],
        replicas: u32,
    ) -> Vec<Result<Value, Error>> {
        self.count();
        let mut answers = Vec::with_capacity(calls.len());
        for call in calls {
            answers.push(self.confirmed_script(call, replicas));
        }
        join_all(answers).await
    }

    /// Commands, a beat and WAIT in one pipeline on one connection to the server that has `key`: what the commands wrote, or
    /// found written, is with so many replicas when the second part is `Ok`. Each command's own answer is in the first. One
    /// trip.
    pub(super) async fn confirmed(
        &self,
        commands: Vec<Cmd>,
        beat: Cmd,
        key: &str,
        replicas: u32,
    ) -> (Vec<Answer>, Result<(), Error>) {
        self.count();
        let asked = commands.len();
        let mut pipeline = pipeline(commands);
        pipeline.add_command(beat);
        pipeline.cmd("WAIT").arg(replicas).arg(WAIT_MS);
        let sent = match &self.connection {
            Connection::Single(links) => links.confirmed.send(&pipeline).await,
            Connection::Cluster(nodes) => {
                let nodes = self.waiting.as_ref().unwrap_or(nodes);
                // the beat is one more
                nodes.send_to_slot(pipeline, key, asked + 1).await
            }
        };
        match sent {
            Ok(mut answers) => {
                let waited = answers.split_off(asked.min(answers.len()));
                let own = answers.into_iter().map(|answer| answer.map_err(Failed::Answered));
                (own.collect(), confirmed(waited, replicas).map(drop))
            }
            Err(failed) => (std::iter::repeat_n(failed, asked).map(Err).collect(), Ok(())),
        }
    }

    /// Asks every primary the same; for each command the answers of all. One trip.
    pub(super) async fn survey(&self, commands: Vec<Cmd>) -> Vec<Result<Vec<Value>, Error>> {
        let Connection::Cluster(nodes) = &self.connection else {
            let answers = self.exchange(commands).await;
            return answers
                .into_iter()
                .map(|a| a.map(|value| vec![value]).map_err(Failed::into_error))
                .collect();
        };
        self.count();
        join_all(commands.into_iter().map(|command| nodes.ask_primaries(command))).await
    }

    /// The primaries by name, in order; a single server has none.
    pub(super) async fn primaries(&self) -> Result<Vec<String>, Error> {
        match &self.connection {
            Connection::Single(_) => Ok(vec![String::new()]),
            Connection::Cluster(nodes) => {
                self.count();
                nodes.primaries().await
            }
        }
    }

    /// One command to one of them.
    pub(super) async fn at_primary(&self, name: &str, command: Cmd) -> Result<Value, Error> {
        match &self.connection {
            Connection::Single(_) => self.command(command).await,
            Connection::Cluster(nodes) => {
                self.count();
                nodes.ask_primary(name, command).await
            }
        }
    }

    fn count(&self) {
        self.trips.fetch_add(1, Ordering::Relaxed);
    }

    async fn exchange(&self, commands: Vec<Cmd>) -> Vec<Answer> {
        self.count();
        match &self.connection {
            Connection::Single(links) => {
                let asked = commands.len();
                match links.main.send(&pipeline(commands)).await {
                    Ok(answers) => answers
                        .into_iter()
                        .map(|answer| answer.map_err(Failed::Answered))
                        .collect(),
                    Err(failed) => std::iter::repeat_n(Err(failed), asked).collect(),
                }
            }
            Connection::Cluster(nodes) => {
                join_all(commands.into_iter().map(|command| nodes.ask_slot(command))).await
            }
        }
    }

    async fn confirmed_script(&self, call: &Call<'_>, replicas: u32) -> Result<Value, Error> {
        let mut answers = self
            .send_with_wait(call.by_digest(), call.slot_key(), replicas)
            .await;
        let must_load = match &answers {
            Ok(answers) => answers
                .iter()
                .filter_map(|answer| answer.as_ref().err())
                .any(is_unknown_script),
            Err(failed) => failed.is_unknown_script(),
        };
        if must_load {
            self.count();
            answers = self
                .send_with_wait(call.in_full(), call.slot_key(), replicas)
                .await;
        }
        confirmed(answers.map_err(Failed::into_error)?, replicas)
    }

    async fn send_with_wait(
        &self,
        command: Cmd,
        key: &str,
        replicas: u32,
    ) -> Result<Vec<Result<Value, RedisError>>, Failed> {
        let mut commands = pipeline(vec![command]);
        if replicas > 0 {
            commands.cmd("WAIT").arg(replicas).arg(WAIT_MS);
        }
        match &self.connection {
            Connection::Single(links) => links.commits.send(&commands).await,
            Connection::Cluster(nodes) => {
                let nodes = self.waiting.as_ref().unwrap_or(nodes);
                nodes.send_to_slot(commands, key, 1).await
            }
        }
    }
}

pub(super) fn needs_script(answer: &Answer) -> bool {
    answer.as_ref().is_err_and(Failed::is_unknown_script)
}

fn pipeline(commands: Vec<Cmd>) -> Pipeline {
    let mut pipeline = Pipeline::with_capacity(commands.len() + 1);
    for command in commands {
        pipeline.add_command(command);
    }
    pipeline
}

/// The first answer, once enough replicas confirmed it.
fn confirmed(answers: Vec<Result<Value, RedisError>>, replicas: u32) -> Result<Value, Error> {
    let mut answers = answers
        .into_iter()
        .map(|answer| answer.map_err(|error| after_sending(&error)));
    let mut next = || {
        answers
            .next()
            .unwrap_or_else(|| Err(Error::Unknown("no answer".to_owned())))
    };
    let first = next()?;
    if replicas > 0 {
        let confirmed: u32 = read(next()?, "WAIT")?;
        if confirmed < replicas {
            return Err(Error::NotReplicated {
                confirmed,
                wanted: replicas,
            });
        }
    }
    Ok(first)
}

fn is_cut(answer: &Answer) -> bool {
    match answer {
        Err(Failed::Answered(error)) => error.is_connection_dropped() && !error.is_timeout(),
        Ok(_) | Err(Failed::NotConnected(_)) => false,
    }
}
