//! What became of what writers were acknowledged, by looking at all that the store holds. It empties the lanes that it counts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::future::join_all;
use sacola::domain::ids::HomeId;
use sacola::store::{ClaimOutcome, LaneId, LaneKind, LaneTimes, SettleOutcome, Settlement, Store};

use super::counts::Row;
use super::writers::{Event, Held, LEASE, NOW, load, times};

/// Findings that are kept as sentences.
const FOUND_MAX: usize = 20;

/// What a fault cost.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub acknowledged: u64,
    /// Acknowledged, and without its mark, its place in the state, its effect or its purchase. An event that has some of them
    /// is lost too, acknowledged or not: who brings it again hears that it was done.
    pub lost: u64,
    /// More than once in the state or among the effects, or an effect of what the state does not know.
    pub doubled: u64,
    /// The first findings.
    pub found: Vec<String>,
}

impl Tally {
    pub fn joins(&mut self, other: Self) {
        self.acknowledged += other.acknowledged;
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.found.extend(other.found);
        self.found.truncate(FOUND_MAX);
    }

    /// Writes the row down.
    pub fn report(&self, fault: &str, runs: u32, note: &str) {
        let row = Row {
            fault: fault.to_owned(),
            runs,
            acknowledged: self.acknowledged,
            lost: self.lost,
            doubled: self.doubled,
            note: note.to_owned(),
        };
        row.report();
    }

    /// Nothing lost, nothing doubled, of something.
    pub fn holds(&self, fault: &str) {
        let cost = (self.lost, self.doubled);
        assert_eq!(cost, (0, 0), "{fault}: (lost, doubled): {:#?}", self.found);
        assert!(self.acknowledged > 0, "{fault}: nothing was acknowledged");
    }

    fn finds(&mut self, what: String) {
        if self.found.len() < FOUND_MAX {
            self.found.push(what);
        }
    }
}

/// Counts over all conversations.
pub async fn count(store: &Arc<dyn Store>, homes: &[HomeId], acknowledged: &[Event]) -> Tally {
    let mut by_home: BTreeMap<&HomeId, BTreeSet<&Event>> = BTreeMap::new();
    for event in acknowledged {
        by_home.entry(&event.home).or_default().insert(event);
    }
    let mut all = Tally::default();
    let counted = homes.iter().map(|home| {
        let events = by_home.get(home).cloned().unwrap_or_default();
        conversation(store, home, events)
    });
    for one in join_all(counted).await {
        all.joins(one);
    }
    all
}

async fn conversation(store: &Arc<dyn Store>, home: &HomeId, acknowledged: BTreeSet<&Event>) -> Tally {
    let mut tally = Tally {
        acknowledged: u64::try_from(acknowledged.len()).unwrap(),
        ..Tally::default()
    };
    let held = Held::of(&load(store, home, Vec::new()).await.unwrap());
    let effects = effects(store, home).await;
    let (in_state, in_lane) = (times_each(&held.events), times_each(&effects));

    let known = held.events.iter().map(|text| Event {
        home: home.clone(),
        number: u64::from_str_radix(text, 16).unwrap(),
    });
    let all: BTreeSet<Event> = known.chain(acknowledged.into_iter().cloned()).collect();
    let marks = all.iter().map(Event::mark).collect();
    let done = load(store, home, marks).await.unwrap().done;
    for event in &all {
        let text = event.text();
        let bought = match event.purchase() {
            Some(id) => store.purchase(&id).await.unwrap().as_ref() == Some(&text),
            None => true,
        };
        let marked = done.contains(&event.mark());
        let (stated, performed) = (in_state.contains_key(&text), in_lane.contains_key(&text));
        if !(marked && stated && performed && bought) {
            tally.lost += 1;
            tally.finds(format!(
                "{event:?} is lost: mark {marked}, state {stated}, effect {performed}, purchase {bought}"
            ));
        }
    }
    let mut repeated = 0;
    for (text, found) in &in_lane {
        let allowed = u64::from(in_state.contains_key(text));
        if *found > allowed {
            repeated += found - allowed;
            tally.finds(format!("{text} of {home} has {found} effects"));
        }
    }
    let advanced = held
        .revision
        .saturating_sub(u64::try_from(in_state.len()).unwrap());
    if advanced > 0 {
        tally.finds(format!("{home} advanced {advanced} times too often: {held:?}"));
    }
    tally.doubled = advanced.max(repeated);
    tally
}

fn times_each(texts: &[String]) -> BTreeMap<String, u64> {
    let mut times = BTreeMap::new();
    for text in texts {
        *times.entry(text.clone()).or_default() += 1;
    }
    times
}

/// The bodies of a lane, taken out of it one by one.
async fn effects(store: &Arc<dyn Store>, home: &HomeId) -> Vec<String> {
    let later = LaneTimes {
        now_ms: NOW + 2 * LEASE,
        ..times()
    };
    let lane = LaneId {
        home: home.clone(),
        kind: LaneKind::Provider,
    };
    let mut bodies = Vec::new();
    let mut next = match store.claim(&lane, later).await.unwrap() {
        ClaimOutcome::Claimed(head) => Some(head),
        ClaimOutcome::Empty => None,
        ClaimOutcome::Wait(until_ms) => panic!("the lane of {home} waits until {until_ms}"),
    };
    while let Some(head) = next {
        bodies.push(head.item.body.clone());
        let sent = Settlement::Done {
            sent: true,
            message_key: None,
        };
        next = match store.settle(&head, sent, later).await.unwrap() {
            SettleOutcome::Next(head) => Some(head),
            SettleOutcome::Empty => None,
            stuck @ (SettleOutcome::Wait(_) | SettleOutcome::LeaseLost) => panic!("{home}: {stuck:?}"),
        };
    }
    bodies
}
