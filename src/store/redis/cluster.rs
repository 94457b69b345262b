//! Calls to a cluster. The client is told never to re-send (it would, sixteen times, whatever had happened); what is sent
//! again here is only what was answered with "not here": nothing was changed. Where a slot is on its way, its new server is not
//! asked before it has all of the slot: a script would find there some of a conversation's keys and miss the others.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt, Shared};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{MultipleNodeRoutingInfo, Route, RoutingInfo, SingleNodeRoutingInfo, SlotAddr};
use redis::{Cmd, ErrorKind, Pipeline, RedisError, Value};

use crate::store::Error;

use super::error::{after_sending, corrupt, is_on_its_way, is_redirect, is_way_lost};
use super::net::{Answer, Failed};
use super::values::{Reply, list};

/// How often a command is sent again after an answer that says that nothing was changed: 0.6 s in all, in which a slot is moved.
const REDIRECTS: u32 = 7;

/// What tells where the primaries are.
const CLUSTER_SLOTS: &str = "CLUSTER SLOTS";

type Dial = Shared<BoxFuture<'static, Result<ClusterConnection, RedisError>>>;

/// Connections to all nodes, shared by all callers. When they lead nowhere any more they are dialled anew, from the configured
/// nodes on: without retries the client may go on for ever with what it knew before a failover (seen with a primary killed
/// under load: each call timed out, a minute after its replica had taken over).
pub(super) struct Nodes {
    client: ClusterClient,
    current: Mutex<Option<(u64, Dial)>>,
    dials: AtomicU64,
}

impl Nodes {
    /// Dials once, so that a cluster that is not there is found at the start.
    pub(super) async fn open(client: ClusterClient) -> Result<Self, Error> {
        let nodes = Self {
            client,
            current: Mutex::new(None),
            dials: AtomicU64::new(0),
        };
        let dialled = nodes.dial().1.await;
        dialled.map_err(|error| Error::Unavailable(error.to_string()))?;
        Ok(nodes)
    }

    /// One command to the primary that has its key.
    pub(super) async fn ask_slot(&self, command: Cmd) -> Answer {
        let mut attempt = 0;
        loop {
            let (number, mut connection) = self.connection().await?;
            let answer = command.query_async::<Value>(&mut connection).await;
            attempt += 1;
            let Err(error) = answer else {
                return answer.map_err(Failed::Answered);
            };
            self.heed(number, &error);
            if attempt > REDIRECTS || !is_redirect(&error) {
                return Err(Failed::Answered(error));
            }
            pause(attempt).await;
        }
    }

    /// Several commands together to the primary that has `key`; `keyed` of them name keys of its slot. Of several some may have
    /// been run when one was answered with "not here": then the others' keys are still there, and nobody knows what became of
    /// them.
    pub(super) async fn send_to_slot(
        &self,
        commands: Pipeline,
        key: &str,
        keyed: usize,
    ) -> Result<Vec<Result<Value, RedisError>>, Failed> {
        let mut attempt = 0;
        loop {
            let (number, mut connection) = self.connection().await?;
            let route = SingleNodeRoutingInfo::SpecificNode(Route::with_key(key, SlotAddr::Master));
            let sent = connection
                .route_pipeline(commands.clone(), 0, commands.len(), route)
                .await;
            attempt += 1;
            let error = match sent {
                Ok(values) => return Ok(values.into_iter().map(Value::extract_error).collect()),
                Err(error) => error,
            };
            self.heed(number, &error);
            if keyed > 1 && is_on_its_way(&error) {
                let partly = (ErrorKind::Io, "a part may have been run", error.to_string());
                return Err(Failed::Answered(partly.into()));
            }
            if attempt > REDIRECTS || !is_redirect(&error) {
                return Err(Failed::Answered(error));
            }
            pause(attempt).await;
        }
    }

    /// The same command to all primaries.
    pub(super) async fn ask_primaries(&self, command: Cmd) -> Result<Vec<Value>, Error> {
        let (number, mut connection) = self.connection().await.map_err(Failed::into_error)?;
        let everywhere = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None));
        let answer = connection.route_command(command, everywhere).await;
        let answer = answer.map_err(|error| {
            self.heed(number, &error);
            after_sending(&error)
        })?;
        if let Value::Map(by_node) = answer {
            return Ok(by_node.into_iter().map(|(_, value)| value).collect());
        }
        Ok(vec![answer])
    }

    /// Where the primaries are, `host:port`, in order.
    pub(super) async fn primaries(&self) -> Result<Vec<String>, Error> {
        let (number, mut connection) = self.connection().await.map_err(Failed::into_error)?;
        let mut command = redis::cmd("CLUSTER");
        command.arg("SLOTS");
        let anywhere = RoutingInfo::SingleNode(SingleNodeRoutingInfo::RandomPrimary);
        let answer = connection.route_command(command, anywhere).await;
        let answer = answer.map_err(|error| {
            self.heed(number, &error);
            after_sending(&error)
        })?;
        let mut names = BTreeSet::new();
        for range in list(answer, CLUSTER_SLOTS)? {
            let mut range = Reply::of(range, CLUSTER_SLOTS)?;
            range.part::<i64>()?;
            range.part::<i64>()?;
            let primary: Value = range.part()?;
            let mut primary = Reply::of(primary, CLUSTER_SLOTS)?;
            let (host, port): (String, u16) = (primary.part()?, primary.part()?);
            names.insert(format!("{host}:{port}"));
        }
        Ok(names.into_iter().collect())
    }

    /// One command to the primary of that name.
    pub(super) async fn ask_primary(&self, name: &str, command: Cmd) -> Result<Value, Error> {
        let place = name.rsplit_once(':');
        let place = place.and_then(|(host, port)| Some((host.to_owned(), port.parse().ok()?)));
        let (host, port) = place.ok_or_else(|| corrupt(CLUSTER_SLOTS, "an address without a port"))?;
        let (number, mut connection) = self.connection().await.map_err(Failed::into_error)?;
        let there = RoutingInfo::SingleNode(SingleNodeRoutingInfo::ByAddress { host, port });
        let answer = connection.route_command(command, there).await;
        answer.map_err(|error| {
            self.heed(number, &error);
            after_sending(&error)
        })
    }

    async fn connection(&self) -> Result<(u64, ClusterConnection), Failed> {
        let (number, dial) = self.dial();
        match dial.await {
            Ok(connection) => Ok((number, connection)),
            Err(error) => {
                self.forget(number);
                Err(Failed::NotConnected(error))
            }
        }
    }

    fn dial(&self) -> (u64, Dial) {
        let mut current = self.current();
        if let Some((number, dial)) = current.as_ref() {
            return (*number, dial.clone());
        }
        let number = self.dials.fetch_add(1, Ordering::Relaxed);
        let client = self.client.clone();
        let dial = async move { client.get_async_connection().await };
        let dial: Dial = dial.boxed().shared();
        *current = Some((number, dial.clone()));
        (number, dial)
    }

    fn heed(&self, number: u64, error: &RedisError) {
        if is_way_lost(error) {
            self.forget(number);
        }
    }

    fn forget(&self, number: u64) {
        let mut current = self.current();
        if current.as_ref().is_some_and(|(held, _)| *held == number) {
            *current = None;
        }
    }

    fn current(&self) -> MutexGuard<'_, Option<(u64, Dial)>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives the client time to learn where the slot went.
async fn pause(attempt: u32) {
    tokio::time::sleep(Duration::from_millis(20) * attempt).await;
}
