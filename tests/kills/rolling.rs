//! A rolling restart of two replicas on one Redis under load: nothing is lost, nothing comes twice, each customer's order is
//! kept. The provider tells no statuses here: what is handed over must not need them.

use super::crowd::Plan;
use super::stand::{Settings, Stand};
use crate::support::redis_server::{AppendOnly, RedisServer};

/// As the product has it: what a replica does not give back when it ends waits for so long.
const LEASE_MS: u64 = 10_000;
/// The longest that somebody waits for a price; less than a lease, so that leases are given back.
const WAIT_MAX_MS: i64 = 8_000;
/// How long a replica may take to end.
const DRAIN_MS: i64 = 25_000;
/// Times around.
const ROUNDS: usize = 2;
/// New webhooks each second.
const PER_SECOND: u32 = 300;
/// How long the load lasts, in seconds, unless `SACOLA_ROLLING_S` says otherwise.
const LOAD_S: u64 = 6;

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_restarted_in_turn_under_load_lose_nothing_double_nothing_and_keep_the_order() {
    let server = RedisServer::start(AppendOnly::Always).unwrap();
    let mut stand = Stand::new(&Settings {
        store: Some(server.url()),
        gateways: 2,
        lease_ms: LEASE_MS,
        tells_statuses: false,
    });
    for replica in 0..2 {
        stand.starts(replica, None).await;
    }
    let began_ms = stand.now_ms();
    let crowd = stand.crowd(Plan {
        customers: u32::MAX,
        at_once: 150,
        per_second: PER_SECOND,
        taps: 4,
        gateways: 2,
    });
    let load_ms = load_s() * 1_000;
    let pause_ms = load_ms / 12;
    let mut longest_drain_ms = 0;
    for replica in [0, 1].repeat(ROUNDS) {
        stand.waits(pause_ms).await;
        let (status, took_ms) = stand.terminates(replica).await;
        assert_eq!(status, Some(0), "replica {replica} did not end well");
        assert!(took_ms < DRAIN_MS, "replica {replica} took {took_ms} ms to end");
        longest_drain_ms = took_ms.max(longest_drain_ms);
        stand.starts(replica, None).await;
    }
    let passed_ms = u64::try_from(stand.now_ms() - began_ms).unwrap();
    stand.waits(load_ms.saturating_sub(passed_ms).max(pause_ms)).await;
    crowd.sends_home();
    let loaded_ms = u64::try_from(stand.now_ms() - began_ms).unwrap();
    let per_second = crowd.said() * 1_000 / loaded_ms;
    let toll = stand.toll(&crowd).await;
    let fault = "two replicas restarted in turn, SIGTERM (Redis, always)";
    let note = format!(
        "{} restarts at {per_second} webhooks/s, a third of the customers at both; {} messages out of order; \
         a drain took {longest_drain_ms} ms at most",
        2 * ROUNDS,
        toll.out_of_order
    );
    toll.report(fault, &note);
    toll.holds(fault);
    let messages = (toll.messages_doubled, toll.out_of_order);
    assert_eq!(messages, (0, 0), "(twice, out of order): {:#?}", toll.found);
    let waited_ms = crowd.longest_wait_ms();
    assert!(
        waited_ms < WAIT_MAX_MS,
        "somebody waited {waited_ms} ms for a price"
    );
    stand.ends_all().await;
    drop(server);
}

fn load_s() -> u64 {
    let asked = std::env::var_os("SACOLA_ROLLING_S");
    let seconds: Option<u64> = asked.and_then(|seconds| seconds.to_str()?.parse().ok());
    seconds.unwrap_or(LOAD_S).max(1)
}
