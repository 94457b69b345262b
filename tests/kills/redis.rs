//! Redis dies, stands still and drops its clients, under load; the gateway lives on and customers are answered 503 meanwhile.

use super::counts::{Toll, runs};
use super::crowd::Plan;
use super::stand::{Settings, Stand};
use crate::support::redis_server::{AppendOnly, RedisServer};

/// How long a frozen server stands still: longer than the gateway waits for an answer.
const FROZEN_MS: u64 = 3_000;
/// How long clients are dropped again and again, and how often.
const STORM_MS: u64 = 3_000;
const GUST_MS: u64 = 50;

#[derive(Clone, Copy, Debug)]
enum Fault {
    Kill,
    Freeze,
    DropClients,
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_killed_with_every_write_flushed_nothing_is_lost_or_doubled() {
    survives("Redis, kill -9 (always)", AppendOnly::Always, Fault::Kill).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_killed_with_a_flush_each_second_nothing_is_lost_or_doubled() {
    survives("Redis, kill -9 (everysec)", AppendOnly::EverySecond, Fault::Kill).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_frozen_for_seconds_nothing_is_lost_or_doubled() {
    survives(
        "Redis, SIGSTOP for 3 s (always)",
        AppendOnly::Always,
        Fault::Freeze,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_dropping_all_clients_again_and_again_nothing_is_lost_or_doubled() {
    survives(
        "Redis, CLIENT KILL every 50 ms for 3 s (always)",
        AppendOnly::Always,
        Fault::DropClients,
    )
    .await;
}

async fn survives(fault: &str, append_only: AppendOnly, kind: Fault) {
    let (mut sum, mut dropped) = (Toll::default(), 0);
    for run in 0..runs() {
        let mut server = RedisServer::start(append_only).unwrap();
        let mut stand = Stand::new(&Settings {
            store: Some(server.url()),
            gateways: 1,
            lease_ms: 1_000,
            tells_statuses: true,
        });
        stand.starts(0, None).await;
        let crowd = stand.crowd(Plan {
            customers: 50,
            at_once: 40,
            per_second: 150,
            taps: 4,
            gateways: 1,
        });
        stand.hears(&crowd, u64::from(60 + (run * 37) % 100)).await;
        dropped += strikes(&mut server, &stand, kind).await;
        stand.strikes();
        let mut toll = stand.toll(&crowd).await;
        stand.comes_to_rest(&crowd, &mut toll).await;
        sum.joins(toll);
        stand.ends_all().await;
    }
    let note = match kind {
        Fault::Kill | Fault::Freeze => String::new(),
        Fault::DropClients => format!("{dropped} connections cut"),
    };
    sum.report(fault, &note);
    sum.holds(fault);
    assert_eq!(sum.messages_doubled, 0, "{fault}: the statuses tell what arrived");
}

/// Lets the fault strike and pass; returns how many connections were cut.
async fn strikes(server: &mut RedisServer, stand: &Stand, kind: Fault) -> u64 {
    let mut dropped = 0;
    match kind {
        Fault::Kill => {
            server.kill().unwrap();
            server.restart().unwrap();
        }
        Fault::Freeze => {
            server.freeze().unwrap();
            stand.waits(FROZEN_MS).await;
            server.thaw().unwrap();
        }
        Fault::DropClients => {
            for _ in 0..STORM_MS / GUST_MS {
                dropped += server.drop_clients().unwrap();
                stand.waits(GUST_MS).await;
            }
            assert!(dropped > 0, "no connection was cut");
        }
    }
    dropped
}
