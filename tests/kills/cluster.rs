//! Faults of a Redis cluster under load: primaries die, with a replica that is behind or at their heels, and slots move.
//! On one machine the kernel still delivers what a dead primary had sent: a replica that is to be behind is frozen, and more is
//! written meanwhile than the sockets between them hold.

use std::sync::Arc;

use sacola::domain::ids::{EffectId, HomeId};
use sacola::store::{CommitOutcome, DeliveryStatus, Error, LaneId, LaneKind, StatusTarget, Store};
use sacola::tasks::Tasks;

use super::counts::runs;
use super::tally::{Tally, count};
use super::writers::{Event, Held, NOW, Plan, Writers, connect, load, quietly, times};
use crate::support::redis_cluster::RedisCluster;

/// Shorter than a node's time-out: nobody is taken for dead who is only frozen.
const FROZEN_MS: u64 = 1_700;
/// How long all goes well before the fault.
const QUIET_MS: u64 = 1_000;
const MOVED_SLOTS: u16 = 2_000;

/// All to the first primary, which has slots 0 to 5460: shard n lies in slot 64·n.
const TO_ONE: Plan = Plan {
    writers: 32,
    conversations: 2,
    shards: 85,
    state_bytes: 12 * 1024,
    pause_ms: 2,
};

/// All to slots that are moved, several conversations in each.
const TO_FEW_SLOTS: Plan = Plan {
    shards: 16,
    state_bytes: 4 * 1024,
    ..TO_ONE
};

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_is_behind_is_promoted_and_nothing_that_it_confirmed_is_lost() {
    let fault = "primary killed while its replica is behind (cluster, wait_replicas = 1)";
    let (tally, note) = promoted(FROZEN_MS, 1).await;
    tally.report(fault, runs(), &note);
    tally.holds(fault);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_is_behind_is_promoted_and_what_nobody_waited_for_is_lost_but_not_doubled() {
    let fault = "primary killed while its replica is behind (cluster, wait_replicas = 0)";
    let (tally, note) = promoted(FROZEN_MS, 0).await;
    let note = format!("expected: nobody waited for a replica; {note}");
    tally.report(fault, runs(), &note);
    assert_eq!(tally.doubled, 0, "{:#?}", tally.found);
    assert!(tally.lost < tally.acknowledged, "{tally:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_primary_is_killed_and_nothing_that_its_replica_confirmed_is_lost() {
    let fault = "primary killed (cluster, wait_replicas = 1)";
    let (tally, note) = promoted(0, 1).await;
    tally.report(fault, runs(), &note);
    tally.holds(fault);
}

#[tokio::test(flavor = "multi_thread")]
async fn slots_are_moved_under_load_and_nothing_is_lost_or_doubled() {
    let fault = "2000 slots moved to another primary under load (cluster, wait_replicas = 1)";
    let (mut sum, mut refused) = (Tally::default(), 0);
    for _ in 0..runs() {
        let cluster = RedisCluster::start().unwrap();
        let (from, to) = (cluster.holder(0).unwrap(), cluster.holder(16_383).unwrap());
        let store = connect(&cluster.url(), 1).await;
        let tasks = Tasks::new();
        let writers = Writers::start(&store, TO_FEW_SLOTS, quietly, &tasks);
        writers.waits(QUIET_MS).await;
        let before = writers.acknowledged().len();
        cluster.moves_slots(from, to, MOVED_SLOTS).unwrap();
        assert!(writers.acknowledged().len() > before, "the store stood still");
        assert_eq!(cluster.holder(0).unwrap(), to, "the slots were not moved");
        sum.joins(afterwards(&cluster, &writers, TO_FEW_SLOTS).await);
        refused += writers.refused();
        store.close().await;
    }
    let note = format!("{refused} calls refused and made again; writes, not webhooks");
    sum.report(fault, runs(), &note);
    sum.holds(fault);
}

/// The primary that all write to dies; before that, its replica stands still for so long.
async fn promoted(frozen_ms: u64, wait_replicas: u32) -> (Tally, String) {
    let (mut sum, mut refused) = (Tally::default(), 0);
    for run in 0..runs() {
        let mut cluster = RedisCluster::start().unwrap();
        let primary = cluster.holder(0).unwrap();
        let replica = cluster.replica_of(primary).unwrap();
        let store = connect(&cluster.url(), wait_replicas).await;
        let tasks = Tasks::new();
        let writers = Writers::start(&store, TO_ONE, quietly, &tasks);
        writers.waits(QUIET_MS + u64::from(run % 8) * 37).await;
        if frozen_ms > 0 {
            cluster.freeze(replica).unwrap();
            writers.waits(frozen_ms).await;
            cluster.kill(primary).unwrap();
            cluster.thaw(replica).unwrap();
        } else {
            cluster.kill(primary).unwrap();
        }
        cluster.awaits_promotion(replica).unwrap();
        cluster.restart_as_replica(primary).unwrap();
        sum.joins(afterwards(&cluster, &writers, TO_ONE).await);
        refused += writers.refused();
        store.close().await;
    }
    let note = format!("{refused} calls refused and made again; writes, not webhooks");
    (sum, note)
}

/// All goes on, and ends; then it is counted, with another connection.
async fn afterwards(cluster: &RedisCluster, writers: &Writers, plan: Plan) -> Tally {
    writers.go_on_for(200).await;
    writers.end().await;
    let store = connect(&cluster.url(), 0).await;
    let tally = count(&store, &plan.homes(), &writers.acknowledged()).await;
    store.close().await;
    tally
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_to_a_slot_that_is_half_moved_is_refused_as_a_whole() {
    let cluster = RedisCluster::start().unwrap();
    let (from, to) = (cluster.holder(0).unwrap(), cluster.holder(16_383).unwrap());
    let store = connect(&cluster.url(), 0).await;
    // shard 0, slot 0
    let home = HomeId::new("000123456789abcdef0123");
    let event = |number| Event {
        home: home.clone(),
        number,
    };
    let plain = Held::default();
    let first = commits(&store, &plain, &event(1)).await.unwrap();

    cluster.opens_slot(0, from, to).unwrap();
    // all that the conversation has is still here; only the purchase that this would begin can't be written
    let buying = event(4);
    assert!(buying.purchase().is_some());
    is_refused(&commits(&store, &first, &buying).await);
    let gone = |key: &str| key.starts_with("conv:") || key.starts_with("l:");
    assert_eq!(cluster.moves_keys(0, from, to, gone).unwrap(), 2);
    is_refused(&commits(&store, &first, &event(2)).await);
    is_refused(&load(&store, &home, Vec::new()).await);
    let lane = LaneId {
        home: home.clone(),
        kind: LaneKind::Provider,
    };
    is_refused(&store.claim(&lane, times()).await);
    assert!(cluster.moves_keys(0, from, to, |_| true).unwrap() > 0);
    cluster.closes_slot(0, from, to).unwrap();

    let marks = vec![event(1).mark(), buying.mark(), event(2).mark()];
    let stored = load(&store, &home, marks).await.unwrap();
    assert_eq!(
        (stored.revision, stored.done.as_slice()),
        (1, [event(1).mark()].as_slice())
    );
    assert_eq!(store.purchase(&buying.purchase().unwrap()).await.unwrap(), None);
    commits(&store, &first, &buying).await.unwrap();
    let tally = count(&store, std::slice::from_ref(&home), &[event(1), buying]).await;
    tally.holds("a slot that is half moved");
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_run_in_a_slot_that_is_half_moved_is_not_called_refused_nor_run_again() {
    let cluster = RedisCluster::start().unwrap();
    let (from, to) = (cluster.holder(0).unwrap(), cluster.holder(16_383).unwrap());
    let store = connect(&cluster.url(), 1).await;
    // shard 0, slot 0
    let home = HomeId::new("000123456789abcdef0123");
    let event = Event {
        home: home.clone(),
        number: 1,
    };
    commits(&store, &Held::default(), &event).await.unwrap();
    let target = StatusTarget::Effect(EffectId::of(&home, 1, 0));
    let sent = store.record_status(&target, DeliveryStatus::Sent, NOW).await;
    assert!(sent.unwrap().raised);

    cluster.opens_slot(0, from, to).unwrap();
    // the status can be kept where it is; the beat that stands behind it in one pipeline can't
    let is_beat = |key: &str| key.starts_with("beat:");
    assert_eq!(cluster.moves_keys(0, from, to, is_beat).unwrap(), 1);
    let told = store.record_status(&target, DeliveryStatus::Delivered, NOW).await;
    assert!(matches!(told, Err(Error::Unknown(_))), "{told:?}");
    assert!(cluster.moves_keys(0, from, to, |_| true).unwrap() > 0);
    cluster.closes_slot(0, from, to).unwrap();

    let again = store.record_status(&target, DeliveryStatus::Delivered, NOW).await;
    assert!(!again.unwrap().raised, "it was kept the first time");
    store.close().await;
}

async fn commits(store: &Arc<dyn Store>, held: &Held, event: &Event) -> Result<Held, Error> {
    let (after, commit) = held.taking(event, 100);
    let outcome = store.commit(commit, times()).await?;
    assert!(matches!(outcome, CommitOutcome::Committed { .. }), "{outcome:?}");
    Ok(after)
}

fn is_refused<T: std::fmt::Debug>(answer: &Result<T, Error>) {
    assert!(matches!(answer, Err(Error::Unavailable(_))), "{answer:?}");
}
