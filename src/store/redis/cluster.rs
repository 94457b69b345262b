//! Calls to a cluster. The client is told never to re-send (it would, sixteen times, whatever had happened); what is sent
//! again here is only what was answered with "not here": nothing was changed. Where a slot is on its way, its new server is not
//! asked before it has all of the slot: a script would find there some of a conversation's keys and miss the others.

use std::time::Duration;

use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{MultipleNodeRoutingInfo, Route, RoutingInfo, SingleNodeRoutingInfo, SlotAddr};
use redis::{Cmd, ErrorKind, Pipeline, RedisError, Value};

use crate::store::Error;

use super::error::{after_sending, is_on_its_way, is_redirect};
use super::net::{Answer, Failed};

/// How often a command is sent again after an answer that says that nothing was changed: 0.6 s in all, in which a slot is moved.
const REDIRECTS: u32 = 7;

/// Connections to all nodes.
pub(super) async fn dial(client: &ClusterClient) -> Result<ClusterConnection, Error> {
    let dialled = client.get_async_connection().await;
    dialled.map_err(|error| Error::Unavailable(error.to_string()))
}

/// One command to the primary that has its key.
pub(super) async fn ask_slot(mut connection: ClusterConnection, command: Cmd) -> Answer {
    let mut attempt = 0;
    loop {
        let answer = command.query_async::<Value>(&mut connection).await;
        attempt += 1;
        if attempt > REDIRECTS || !answer.as_ref().is_err_and(is_redirect) {
            return answer.map_err(Failed::Answered);
        }
        pause(attempt).await;
    }
}

/// Several commands together to the primary that has `key`; `keyed` of them name keys of its slot. Of several some may have been
/// run when one was answered with "not here": then the others' keys are still there, and nobody knows what became of them.
pub(super) async fn send_to_slot(
    mut connection: ClusterConnection,
    commands: Pipeline,
    key: &str,
    keyed: usize,
) -> Result<Vec<Result<Value, RedisError>>, Failed> {
    let mut attempt = 0;
    loop {
        let route = SingleNodeRoutingInfo::SpecificNode(Route::with_key(key, SlotAddr::Master));
        let sent = connection
            .route_pipeline(commands.clone(), 0, commands.len(), route)
            .await;
        attempt += 1;
        match sent {
            Ok(values) => return Ok(values.into_iter().map(Value::extract_error).collect()),
            Err(error) if keyed > 1 && is_on_its_way(&error) => {
                let partly = (ErrorKind::Io, "a part may have been run", error.to_string());
                return Err(Failed::Answered(partly.into()));
            }
            Err(error) if attempt > REDIRECTS || !is_redirect(&error) => return Err(Failed::Answered(error)),
            Err(_) => pause(attempt).await,
        }
    }
}

/// The same command to all primaries.
pub(super) async fn ask_primaries(
    mut connection: ClusterConnection,
    command: Cmd,
) -> Result<Vec<Value>, Error> {
    let everywhere = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None));
    let answer = connection
        .route_command(command, everywhere)
        .await
        .map_err(|error| after_sending(&error))?;
    if let Value::Map(by_node) = answer {
        return Ok(by_node.into_iter().map(|(_, value)| value).collect());
    }
    Ok(vec![answer])
}

/// Gives the client time to learn where the slot went.
async fn pause(attempt: u32) {
    tokio::time::sleep(Duration::from_millis(20) * attempt).await;
}
