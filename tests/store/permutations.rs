//! Every order of statuses, wherever our own settling falls between them, ends the same: the status that is kept, a lane that
//! the message has left, and what an earlier message of unknown outcome learns of it.

use std::sync::Arc;

use futures::future::join_all;
use proptest::prelude::*;
use sacola::domain::ids::EffectId;
use sacola::store::{
    ClaimOutcome, DeliveryStatus, Head, LaneKind, SettleOutcome, Settlement, StatusTarget, Store, UnixMs,
};

use super::harness::{
    Embedded, HOLD, LEASE, NOW, at, begin, claim_head, commit_head, home, sent, settle, with_plain,
};
use crate::support::model_store::ModelStore;

/// When the earlier message is reconciled.
const LATER: UnixMs = NOW + 9 * HOLD;
/// Stories that are lived side by side, so that they share the file's flushes.
const AT_ONCE: usize = 64;

/// What becomes of our own attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Own {
    /// The provider's answer comes.
    Answered,
    /// The answer is lost.
    Lost,
    /// The replica dies, and another one finds the lane.
    Found,
    /// The replica dies, and nobody looks at the lane for long.
    Left,
}

const OWN: [Own; 4] = [Own::Answered, Own::Lost, Own::Found, Own::Left];

/// One message and what is told of it; the first `before` statuses come while it is under way.
#[derive(Clone, Debug)]
struct Story {
    own: Own,
    told: Vec<DeliveryStatus>,
    before: usize,
}

/// Statuses of one message, each compared with what was known before it.
struct Teller<'a> {
    store: &'a Arc<dyn Store>,
    effect_id: EffectId,
    known: Option<DeliveryStatus>,
}

impl Teller<'_> {
    async fn tell(&mut self, target: &StatusTarget, status: DeliveryStatus, now_ms: UnixMs) {
        let outcome = self.store.record_status(target, status, now_ms).await;
        let outcome = outcome.expect("an answer");
        let joined = self.known.map_or(status, |known| known.join(status));
        assert_eq!(outcome.effect_id.as_ref(), Some(&self.effect_id));
        assert_eq!(outcome.raised, self.known != Some(joined), "{status:?}");
        self.known = Some(joined);
    }
}

async fn live(store: &Arc<dyn Store>, n: usize, story: &Story) {
    let home = home(u32::try_from(n).expect("few stories"));
    let waits = Settlement::Unknown { due_ms: LATER };
    let earlier = commit_head(store, with_plain(&home, 0, LaneKind::Provider, 1), NOW).await;
    assert_eq!(
        settle(store, &earlier, waits, NOW).await,
        SettleOutcome::Wait(LATER)
    );
    let head = commit_head(store, with_plain(&home, 1, LaneKind::Provider, 1), NOW).await;
    begin(store, &head, NOW).await;
    let by_effect = StatusTarget::Effect(head.item.effect_id.clone());
    let mut teller = Teller {
        store,
        effect_id: head.item.effect_id.clone(),
        known: None,
    };
    let (before, after) = story.told.split_at(story.before);
    for status in before {
        teller.tell(&by_effect, *status, NOW + 1).await;
    }
    // Nothing was told: the message waits for its status. Otherwise that was its outcome.
    let rests_until = if before.is_empty() { NOW + HOLD } else { LATER };
    let mut target = by_effect.clone();
    match story.own {
        Own::Answered => {
            let done = Settlement::Done {
                sent: true,
                message_key: Some("k".to_owned()),
            };
            assert_eq!(
                settle(store, &head, done, NOW + 2).await,
                SettleOutcome::Wait(LATER)
            );
            target = StatusTarget::Message {
                home: home.clone(),
                message_key: "k".to_owned(),
            };
        }
        Own::Lost => {
            let unknown = Settlement::Unknown { due_ms: NOW + HOLD };
            let outcome = settle(store, &head, unknown, NOW + 2).await;
            assert_eq!(outcome, SettleOutcome::Wait(rests_until), "{story:?}");
        }
        Own::Found => {
            let claimed = store.claim(&head.lane, at(NOW + LEASE)).await;
            assert_eq!(
                claimed.expect("an answer"),
                ClaimOutcome::Wait(rests_until),
                "{story:?}"
            );
        }
        Own::Left => {}
    }
    for (place, status) in after.iter().enumerate() {
        let target = if place % 2 == 0 { &target } else { &by_effect };
        teller.tell(target, *status, NOW + LEASE + 1).await;
    }
    ends(store, &head, story, teller.known).await;
}

async fn ends(store: &Arc<dyn Store>, head: &Head, story: &Story, known: Option<DeliveryStatus>) {
    let again = claim_head(store, &head.lane, LATER).await;
    let arrived = story.told.iter().any(|status| *status != DeliveryStatus::Failed);
    assert_eq!(
        (again.item.revision, again.newer_exists),
        (1, arrived || story.own == Own::Answered),
        "{story:?}"
    );
    assert_eq!(
        settle(store, &again, sent(), LATER).await,
        SettleOutcome::Empty,
        "the message has left: {story:?}"
    );
    let highest = story.told.iter().copied().reduce(DeliveryStatus::join);
    assert_eq!(known, highest, "{story:?}");
    let target = StatusTarget::Effect(head.item.effect_id.clone());
    for status in DeliveryStatus::ALL {
        let outcome = store.record_status(&target, status, LATER).await;
        let is_higher = highest.is_none_or(|highest| status > highest);
        assert_eq!(outcome.expect("an answer").raised, is_higher, "{story:?}");
    }
}

/// Every sequence of so many statuses: all orders of all choices, with repetitions.
fn sequences(length: usize) -> Vec<Vec<DeliveryStatus>> {
    let mut all = vec![Vec::new()];
    for _ in 0..length {
        let longer = |told: &Vec<DeliveryStatus>| {
            DeliveryStatus::ALL.map(|status| {
                let mut told = told.clone();
                told.push(status);
                told
            })
        };
        all = all.iter().flat_map(longer).collect();
    }
    all
}

/// Each of them with each fate of our own attempt, at each place among them.
fn stories(told: Vec<Vec<DeliveryStatus>>) -> Vec<Story> {
    let mut all = Vec::new();
    for told in told {
        for own in OWN {
            for before in 0..=told.len() {
                let told = told.clone();
                all.push(Story { own, told, before });
            }
        }
    }
    all
}

async fn live_all(store: Arc<dyn Store>, stories: Vec<Story>) {
    let numbered: Vec<(usize, Story)> = stories.into_iter().enumerate().collect();
    for some in numbered.chunks(AT_ONCE) {
        join_all(some.iter().map(|(n, story)| live(&store, *n, story))).await;
    }
}

pub async fn every_order_of_three_statuses_ends_the_same(store: Arc<dyn Store>) {
    let told: Vec<_> = (1..=3).flat_map(sequences).collect();
    assert_eq!(told.len(), 4 + 16 + 64);
    live_all(store, stories(told)).await;
}

#[tokio::test]
async fn every_order_of_four_statuses_ends_the_same_in_the_file() {
    let engine = Embedded::open();
    live_all(engine.store(), stories(sequences(4))).await;
    engine.store().close().await;
}

#[tokio::test]
async fn every_order_of_four_statuses_ends_the_same_in_the_model() {
    live_all(Arc::new(ModelStore::default()), stories(sequences(4))).await;
}

proptest! {
    #[test]
    fn many_statuses_in_any_order_end_the_same(
        told in prop::collection::vec(prop::sample::select(DeliveryStatus::ALL.to_vec()), 5..20),
        own in prop::sample::select(OWN.to_vec()),
        cut in any::<prop::sample::Index>(),
    ) {
        let before = cut.index(told.len() + 1);
        let store: Arc<dyn Store> = Arc::new(ModelStore::default());
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(live(&store, 0, &Story { own, told, before }));
    }
}
