//! A replica that stops: it ends what it has begun, begins nothing more, and gives back all else, so that another one goes on
//! at once and not when a lease ends.

use std::sync::Arc;

use sacola::domain::message::Kind;
use sacola::engine::LaneWork;
use sacola::store::{LaneKind, Store};
use tokio::sync::Notify;

use super::time_leases::{both_engines, claimed, replica_on, unanswered_on};
use crate::support::chat::Mishap;
use crate::support::program::eventually;
use crate::support::time::SECOND_MS;
use crate::support::world::{NOON_MS, World, ana};

/// Longer than anything here takes.
const GRACE_MS: u64 = 60_000;

/// Lets the other tasks of this thread do what they can.
pub(super) async fn others_run() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

/// Stops a replica and expects that nothing stays busy.
async fn stops(world: &World) {
    assert!(world.dispatcher.tasks().stop(GRACE_MS).await, "something is busy");
}

/// Expects that a lane waits now for whoever comes, and that `other` then sends once what `stopped` did not.
async fn goes_on(store: &Arc<dyn Store>, stopped: &World, other: &mut World, at_ms: i64) {
    let before = (stopped.chat.attempts(), other.chat.attempts());
    assert_eq!(store.due_lanes(at_ms, 9).await.unwrap().len(), 1);
    other.comes_to(at_ms).await;
    let after = (stopped.chat.attempts(), other.chat.attempts());
    assert_eq!(after, (before.0, before.1 + 1));
    assert_eq!(other.waits_until(&ana(), LaneKind::Provider).await, None);
}

#[tokio::test]
async fn what_was_committed_and_not_begun_is_served_by_another_replica_at_once() {
    for is_in_its_beat in [false, true] {
        for (store, _directory) in both_engines().await {
            let (mut stopping, mut other) = (replica_on(&store).await, replica_on(&store).await);
            let hello = stopping.said(&ana(), "oi");
            stopping.engine.take(hello).await.unwrap();
            assert!(store.due_lanes(NOON_MS, 9).await.unwrap().is_empty());
            stopping.runs();
            if is_in_its_beat {
                others_run().await;
            }
            stops(&stopping).await;
            goes_on(&store, &stopping, &mut other, NOON_MS).await;
        }
    }
}

#[tokio::test]
async fn what_waits_for_its_turn_is_served_by_another_replica_at_once() {
    for has_its_seat in [false, true] {
        for (store, _directory) in both_engines().await {
            let mut stopping = unanswered_on(&store).await;
            let mut other = replica_on(&store).await;
            let claimed_ms = NOON_MS + 10 * SECOND_MS;
            stopping.sets_clock(claimed_ms);
            let head = claimed(&stopping).await;
            stopping.runs();
            let turn_ms = claimed_ms + 5 * SECOND_MS;
            stopping.engine.hand_over(LaneWork::Hold(Box::new(head), turn_ms));
            if has_its_seat {
                others_run().await;
            }
            stops(&stopping).await;
            goes_on(&store, &stopping, &mut other, claimed_ms).await;
        }
    }
}

#[tokio::test]
async fn what_is_begun_is_ended_and_what_follows_is_given_back() {
    for (store, _directory) in both_engines().await {
        let (mut stopping, mut other) = (replica_on(&store).await, replica_on(&store).await);
        let answer = Arc::new(Notify::new());
        stopping.chat.will_meet([Mishap::Slow(Arc::clone(&answer))]);
        stopping.runs();
        for text in ["oi", "ajuda"] {
            let asks = stopping.said(&ana(), text);
            stopping.engine.take(asks).await.unwrap();
        }
        let begun = eventually(|| async {
            stopping.clock.advance_ms(1);
            (stopping.chat.attempts() == 1).then_some(())
        });
        assert!(begun.await.is_some(), "the first message is under way");
        stopping.clock.advance_ms(SECOND_MS); // longer than the pause between two menus
        tokio::join!(stops(&stopping), async {
            others_run().await;
            answer.notify_one();
        });
        assert_eq!(stopping.count(&ana(), Kind::Menu).await, 1);
        goes_on(&store, &stopping, &mut other, stopping.now_ms()).await;
        assert_eq!(other.count(&ana(), Kind::Help).await, 1);
    }
}

#[tokio::test]
async fn what_is_committed_while_a_replica_stops_is_given_back_too() {
    for (store, _directory) in both_engines().await {
        let (mut stopping, mut other) = (replica_on(&store).await, replica_on(&store).await);
        stopping.runs();
        others_run().await;
        stops(&stopping).await;
        // An answer of the outside may come that late; a webhook does not, its listener has stopped.
        let hello = stopping.said(&ana(), "oi");
        stopping.engine.take(hello).await.unwrap();
        stops(&stopping).await;
        goes_on(&store, &stopping, &mut other, NOON_MS).await;
    }
}

#[tokio::test]
async fn a_replica_that_stops_asks_for_no_lane() {
    for (store, _directory) in both_engines().await {
        let stopping = unanswered_on(&store).await;
        let mut other = replica_on(&store).await;
        stopping.sets_clock(NOON_MS + 10 * SECOND_MS);
        stops(&stopping).await;
        stopping.dispatcher.sweep().await;
        stops(&stopping).await;
        goes_on(&store, &stopping, &mut other, NOON_MS + 10 * SECOND_MS).await;
    }
}
