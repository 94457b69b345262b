//! Restarts under load: two replicas on one Redis in turn, as senders find it out and behind a balancer, and one gateway alone
//! on its embedded store. Nothing is lost, nothing comes twice, each customer's order is kept. The provider tells no statuses
//! here: what is handed over must not need them.

use super::counts::{Toll, runs};
use super::drains::{Drained, Told};
use super::load::{load_ms, plan, wanted_per_second};
use super::post::Untaken;
use super::stand::{Settings, Stand};
use crate::support::redis_server::{AppendOnly, RedisServer};

/// What a replica does not give back when it ends waits for so long: longer than a slow machine lets anybody wait.
const LEASE_MS: u64 = 30_000;
/// The longest that somebody waits for a price; less than a lease, so that leases are given back.
const WAIT_MAX_MS: i64 = 25_000;
/// How long a replica may take to end.
const DRAIN_MS: i64 = 25_000;
/// Times around.
const ROUNDS: usize = 2;

/// Runs that are made once more, because a run without load proves nothing.
const SPARE_RUNS: u32 = 3;

/// Who is restarted, and who knows of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Two replicas on Redis; senders meet the one that ends, and post again to the other.
    Unannounced,
    /// The same behind a balancer, which first leaves out the one that ends, as Kubernetes does while `preStop` sleeps.
    Balanced,
    /// One gateway on the embedded store: while it starts again nobody listens.
    Alone,
}

impl Way {
    fn replicas(self) -> usize {
        match self {
            Self::Unannounced | Self::Balanced => 2,
            Self::Alone => 1,
        }
    }

    /// A server of its own; none for the embedded store.
    fn server(self) -> Option<RedisServer> {
        match self {
            Self::Unannounced | Self::Balanced => Some(RedisServer::start(AppendOnly::Always).unwrap()),
            Self::Alone => None,
        }
    }
}

/// What is told of all runs beside their toll.
#[derive(Clone, Debug, Default)]
struct Pace {
    /// Webhooks that were acknowledged each second; the seconds count in which somebody listened.
    per_second: u64,
    longest_drain_ms: i64,
    /// The longest that somebody waited for a price.
    longest_wait_ms: i64,
    untaken: Untaken,
}

impl Pace {
    fn joins(&mut self, other: &Self) {
        self.per_second = self.per_second.min(other.per_second);
        self.longest_drain_ms = self.longest_drain_ms.max(other.longest_drain_ms);
        self.longest_wait_ms = self.longest_wait_ms.max(other.longest_wait_ms);
        self.untaken.joins(&other.untaken);
    }

    /// True when a disk stood still for so long that there was no load.
    fn is_slowed(&self) -> bool {
        self.per_second < wanted_per_second() && !self.untaken.late_ms.is_empty()
    }

    /// How senders met it.
    fn met(&self) -> String {
        let Untaken { unreachable, cut, .. } = self.untaken;
        let (refused, late) = (self.untaken.refusals(), self.untaken.late_ms.len());
        format!(
            "of the tries {refused} were refused, {unreachable} found nobody, {cut} were cut and {late} not answered in 1.5 s"
        )
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_restarted_in_turn_under_load_lose_nothing_double_nothing_and_keep_the_order() {
    let fault = "two replicas restarted in turn, SIGTERM (Redis, always)";
    restarted(fault, Way::Unannounced).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_that_the_balancer_knows_of_is_seen_by_no_sender() {
    let fault =
        "two replicas restarted in turn, each left out by the balancer before SIGTERM (Redis, always)";
    let pace = restarted(fault, Way::Balanced).await;
    let seen = pace.untaken.but_for_a_slow_disk();
    assert_eq!(seen, Untaken::default(), "senders met the restart: {pace:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_gateway_restarted_under_load_loses_nothing_and_goes_on_with_what_it_gave_back() {
    let fault = "one gateway restarted, SIGTERM (embedded)";
    restarted(fault, Way::Alone).await;
}

/// Runs all, writes the row, then holds what is promised.
async fn restarted(fault: &str, way: Way) -> Pace {
    let mut sum = Toll::default();
    let mut pace = Pace {
        per_second: u64::MAX,
        ..Pace::default()
    };
    let (mut left, mut spare) = (runs(), SPARE_RUNS);
    while left > 0 {
        let (toll, mut next) = in_turn(way).await;
        sum.joins(toll);
        if next.is_slowed() && spare > 0 {
            // what it cost counts, its pace does not
            spare -= 1;
            next.per_second = u64::MAX;
        } else {
            left -= 1;
        }
        pace.joins(&next);
    }
    let note = format!(
        "{} restarts a run at {} webhooks/s or more, a third of the customers at all replicas; {} messages out of order; \
         a drain took {} ms at most; {}; {} runs more, in which the disk stood still",
        ROUNDS * way.replicas(),
        pace.per_second,
        sum.out_of_order,
        pace.longest_drain_ms,
        pace.met(),
        SPARE_RUNS - spare
    );
    sum.report(fault, &note);
    sum.holds(fault);
    let messages = (sum.messages_doubled, sum.out_of_order);
    assert_eq!(messages, (0, 0), "(twice, out of order): {:#?}", sum.found);
    assert!(pace.longest_drain_ms < DRAIN_MS, "a replica ended late: {pace:?}");
    assert!(
        pace.longest_wait_ms < WAIT_MAX_MS,
        "somebody waited for a lease to end: {pace:?}"
    );
    // Whoever drains asks for the same again; no answer else sends a provider to another replica.
    assert!(
        pace.untaken.refused.keys().all(|status| *status == 503),
        "refused otherwise: {pace:?}"
    );
    let wanted = wanted_per_second();
    assert!(
        pace.per_second >= wanted,
        "no load: {wanted} are wanted each second: {pace:?}"
    );
    pace
}

async fn in_turn(way: Way) -> (Toll, Pace) {
    let server = way.server();
    let replicas = way.replicas();
    let mut stand = Stand::new(&Settings {
        store: server.as_ref().map(RedisServer::url),
        gateways: replicas,
        lease_ms: LEASE_MS,
        tells_statuses: false,
    });
    for replica in 0..replicas {
        stand.starts(replica, None).await;
    }
    let began_ms = stand.now_ms();
    let crowd = stand.crowd(plan(replicas));
    let pause_ms = load_ms() / 12;
    let (mut longest_drain_ms, mut down_ms, mut seen_draining) = (0, 0, 0);
    for replica in (0..replicas).cycle().take(ROUNDS * replicas) {
        stand.waits(pause_ms).await;
        if way == Way::Balanced {
            stand.post.leaves_out(replica);
            stand
                .until("nobody waits for an answer any more", || {
                    stand.post.is_idle(replica)
                })
                .await;
        }
        let told_ms = stand.now_ms();
        let drained = stand.terminates(replica).await;
        ended_well(drained, replica);
        longest_drain_ms = drained.took_ms.max(longest_drain_ms);
        seen_draining += u32::from(drained.told == Told::Draining);
        stand.starts(replica, None).await;
        if way == Way::Alone {
            down_ms += stand.now_ms() - told_ms;
        }
    }
    assert!(seen_draining > 0, "nobody saw a replica drain");
    let passed_ms = u64::try_from(stand.now_ms() - began_ms).unwrap();
    stand
        .waits(load_ms().saturating_sub(passed_ms).max(pause_ms))
        .await;
    crowd.sends_home();
    let loaded_ms = u64::try_from(stand.now_ms() - began_ms - down_ms).unwrap();
    let per_second = crowd.said() * 1_000 / loaded_ms;
    let mut toll = stand.toll(&crowd).await;
    let pace = Pace {
        per_second,
        longest_drain_ms,
        longest_wait_ms: crowd.longest_wait_ms(),
        untaken: stand.post.untaken(),
    };
    stand.comes_to_rest(&crowd, &mut toll).await;
    stand.ends_all().await;
    drop(server);
    (toll, pace)
}

fn ended_well(drained: Drained, replica: usize) {
    assert_eq!(drained.status, Some(0), "replica {replica}: {drained:?}");
    assert_ne!(
        drained.told,
        Told::NeverDraining,
        "replica {replica} was ready to its end"
    );
}
