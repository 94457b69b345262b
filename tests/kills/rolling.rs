//! A rolling restart of two replicas on one Redis under load: nothing is lost, nothing comes twice, each customer's order is
//! kept. The provider tells no statuses here: what is handed over must not need them.

use super::counts::{Toll, is_thorough, runs};
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
/// So many must have been acknowledged each second, or it was not under load: nine tenths when it is measured, less when other
/// tests run beside it.
const MEASURED_PER_SECOND: u64 = 270;
const USUAL_PER_SECOND: u64 = 100;
/// How long the load lasts, in seconds, unless `SACOLA_ROLLING_S` says otherwise.
const LOAD_S: u64 = 6;

/// What is told of a run beside its toll.
#[derive(Clone, Copy, Debug)]
struct Pace {
    /// Webhooks that were acknowledged each second, restarts included.
    per_second: u64,
    longest_drain_ms: i64,
    /// The longest that somebody waited for a price.
    longest_wait_ms: i64,
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_restarted_in_turn_under_load_lose_nothing_double_nothing_and_keep_the_order() {
    let mut sum = Toll::default();
    let mut paces = Vec::new();
    for _ in 0..runs() {
        let (toll, pace) = restarted_in_turn().await;
        sum.joins(toll);
        paces.push(pace);
    }
    let slowest = paces.iter().map(|pace| pace.per_second).min().unwrap_or(0);
    let longest_drain_ms = paces.iter().map(|pace| pace.longest_drain_ms).max().unwrap_or(0);
    let longest_wait_ms = paces.iter().map(|pace| pace.longest_wait_ms).max().unwrap_or(0);
    let fault = "two replicas restarted in turn, SIGTERM (Redis, always)";
    let note = format!(
        "{} restarts a run at {slowest} webhooks/s or more, a third of the customers at both; \
         {} messages out of order; a drain took {longest_drain_ms} ms at most",
        2 * ROUNDS,
        sum.out_of_order
    );
    sum.report(fault, &note);
    sum.holds(fault);
    let messages = (sum.messages_doubled, sum.out_of_order);
    assert_eq!(messages, (0, 0), "(twice, out of order): {:#?}", sum.found);
    assert!(
        longest_drain_ms < DRAIN_MS,
        "a replica took {longest_drain_ms} ms to end"
    );
    assert!(
        longest_wait_ms < WAIT_MAX_MS,
        "somebody waited {longest_wait_ms} ms for a price"
    );
    let wanted = wanted_per_second();
    assert!(
        slowest >= wanted,
        "no load: {slowest} webhooks/s, {wanted} are wanted: {paces:?}"
    );
}

async fn restarted_in_turn() -> (Toll, Pace) {
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
        longest_drain_ms = took_ms.max(longest_drain_ms);
        stand.starts(replica, None).await;
    }
    let passed_ms = u64::try_from(stand.now_ms() - began_ms).unwrap();
    stand.waits(load_ms.saturating_sub(passed_ms).max(pause_ms)).await;
    crowd.sends_home();
    let loaded_ms = u64::try_from(stand.now_ms() - began_ms).unwrap();
    let per_second = crowd.said() * 1_000 / loaded_ms;
    let mut toll = stand.toll(&crowd).await;
    stand.comes_to_rest(&crowd, &mut toll).await;
    let pace = Pace {
        per_second,
        longest_drain_ms,
        longest_wait_ms: crowd.longest_wait_ms(),
    };
    stand.ends_all().await;
    drop(server);
    (toll, pace)
}

fn wanted_per_second() -> u64 {
    if is_thorough() || std::env::var_os("SACOLA_ROLLING_S").is_some() {
        MEASURED_PER_SECOND
    } else {
        USUAL_PER_SECOND
    }
}

fn load_s() -> u64 {
    let asked = std::env::var_os("SACOLA_ROLLING_S");
    let seconds: Option<u64> = asked.and_then(|seconds| seconds.to_str()?.parse().ok());
    seconds.unwrap_or(LOAD_S).max(1)
}
