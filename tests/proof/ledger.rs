//! What was seen during one run, written down as it happened, and the invariants that are judged on the spot. The ledger
//! trusts nobody: it keeps leases, marks, statuses and markers of its own and looks only at what crossed a seam.

use std::collections::{BTreeMap, BTreeSet};

use sacola::domain::effect::Effect;
use sacola::domain::ids::{EffectId, HomeId, PurchaseId, RetailerId};
use sacola::engine::items::LaneBody;
use sacola::store::{
    Commit, CommitOutcome, DeliveryStatus, DoneMark, Head, LaneId, LaneKind, Phase, SettleOutcome, Settlement,
};

use super::carts::Carts;
use super::invariants::Invariant;
use super::stage::ReplicaId;

/// The right to a lane, as its holders were told.
#[derive(Clone, Debug)]
struct Held {
    token: String,
    until_ms: i64,
    effect: EffectId,
}

/// One attempt, from its start mark on.
#[derive(Clone, Debug)]
pub struct Start {
    pub at: u64,
    kind: LaneKind,
    /// True once anything was settled under it.
    is_settled: bool,
    token: String,
    pub replica: ReplicaId,
    pub replica_now_ms: i64,
    pub may_exist: bool,
    /// True once a purchase was sent under it.
    submitted: bool,
    /// When its outcome was kept; `None` while nobody knows it.
    pub known_at: Option<u64>,
}

/// A message that the provider took.
#[derive(Clone, Debug)]
pub struct Taken {
    at: u64,
    pub effect: EffectId,
}

/// A broken invariant.
#[derive(Clone, Debug)]
pub struct Violation {
    pub invariant: Invariant,
    pub what: String,
}

#[derive(Debug, Default)]
pub struct Ledger {
    pub is_told: bool,
    pub lines: Vec<String>,
    pub violations: Vec<Violation>,
    at: u64,
    leases: BTreeMap<LaneId, Held>,
    pub starts: BTreeMap<EffectId, Vec<Start>>,
    pub taken: BTreeMap<HomeId, Vec<Taken>>,
    marks: BTreeSet<(HomeId, DoneMark)>,
    markers: BTreeMap<RetailerId, u64>,
    statuses: BTreeMap<EffectId, DeliveryStatus>,
    finds: BTreeMap<(ReplicaId, PurchaseId), u64>,
    /// Effects of which at some time nobody knew what became of them.
    pub doubted: BTreeSet<EffectId>,
    /// Messages that were committed, with the key under which newer ones replace them.
    pub promised: BTreeMap<EffectId, Option<String>>,
    /// The highest status of each effect that was accepted from a webhook.
    pub told_statuses: BTreeMap<EffectId, DeliveryStatus>,
    /// Which effect forwards a purchase.
    forwards: BTreeMap<PurchaseId, EffectId>,
    pub carts: Carts,
    /// How much happened, so that a proof that proves nothing is noticed.
    pub counts: BTreeMap<&'static str, u64>,
}

impl Ledger {
    /// Writes a line of the transcript, when anybody reads it.
    pub fn tell(&mut self, now_ms: i64, line: impl FnOnce() -> String) {
        if self.is_told {
            let line = line();
            self.lines
                .push(format!("{:>9} {line}", now_ms - super::world::NOON_MS));
        }
    }

    pub fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    pub fn violate(&mut self, invariant: Invariant, what: String) {
        self.violations.push(Violation { invariant, what });
    }

    pub fn tick(&mut self) -> u64 {
        self.at += 1;
        self.at
    }

    /// A lane was looked at by a clock on which its lease has ended: it is free from now on, also for those whose clocks are
    /// behind.
    pub fn asked_for(&mut self, lane: &LaneId, now_ms: i64) {
        if self.leases.get(lane).is_some_and(|held| held.until_ms <= now_ms) {
            self.leases.remove(lane);
        }
    }

    /// A lane was handed to somebody at `now_ms` of their clock.
    pub fn granted(&mut self, head: &Head, now_ms: i64) {
        if let Some(held) = self.leases.get(&head.lane)
            && held.until_ms > now_ms
        {
            let what = format!(
                "{:?} was handed out while {} still held it",
                head.lane, held.effect
            );
            self.violate(Invariant::OneHolder, what);
        }
        self.tell(now_ms, || {
            format!(
                "  lane {} for {} until {}",
                head.lease.token,
                head.item.effect_id,
                head.lease.until_ms - super::world::NOON_MS
            )
        });
        if head.unknowns > 0 {
            self.doubted.insert(head.item.effect_id.clone());
        }
        let held = Held {
            token: head.lease.token.clone(),
            until_ms: head.lease.until_ms,
            effect: head.item.effect_id.clone(),
        };
        self.leases.insert(head.lane.clone(), held);
    }

    /// An attempt began.
    pub fn started(&mut self, head: &Head, replica: ReplicaId, now_ms: i64, lease_ms: i64) {
        let at = self.tick();
        let effect = head.item.effect_id.clone();
        if let Some(held) = self.leases.get_mut(&head.lane)
            && held.token == head.lease.token
        {
            held.until_ms = now_ms + lease_ms;
        }
        if head.lane.kind == LaneKind::Merchant
            && let Ok(LaneBody {
                effect: Effect::Forward(purchase),
                ..
            }) = serde_json::from_str(&head.item.body)
        {
            self.forwards.insert(purchase.purchase_id, effect.clone());
        }
        self.tell(now_ms, || {
            format!(
                "  {} begun under {}, unknown {} times",
                effect, head.lease.token, head.unknowns
            )
        });
        let starts = self.starts.entry(effect.clone()).or_default();
        let unsettled = starts.iter().any(|start| start.known_at.is_none());
        starts.push(Start {
            at,
            kind: head.lane.kind,
            is_settled: false,
            token: head.lease.token.clone(),
            replica,
            replica_now_ms: now_ms,
            may_exist: head.phase == Phase::Unknown || head.attempts > 0,
            submitted: false,
            known_at: None,
        });
        if unsettled && head.unknowns == 0 {
            let what = format!("{effect} was begun again while nobody knew what became of it");
            self.violate(Invariant::NoRepeat, what);
        }
        if head.lane.kind == LaneKind::Provider && head.unknowns > 1 {
            self.violate(Invariant::NoRepeat, format!("{effect} was repeated twice"));
        }
    }

    /// An attempt was settled and the store said what becomes of the lane.
    pub fn settled(&mut self, head: &Head, settlement: &Settlement, outcome: &SettleOutcome, now_ms: i64) {
        self.tell(now_ms, || {
            let (effect, token) = (&head.item.effect_id, &head.lease.token);
            format!("  {effect} settled under {token}: {settlement:?}")
        });
        let is_current = self
            .leases
            .get(&head.lane)
            .is_some_and(|held| held.token == head.lease.token);
        if matches!(outcome, SettleOutcome::LeaseLost) {
            return;
        }
        if !is_current {
            let what = format!("{} was settled by who had lost its lease", head.item.effect_id);
            self.violate(Invariant::OneHolder, what);
        }
        self.leases.remove(&head.lane);
        if matches!(settlement, Settlement::Unknown { .. }) {
            self.doubted.insert(head.item.effect_id.clone());
        }
        let at = self.tick();
        let known_at = match settlement {
            Settlement::Done { .. } | Settlement::Retry { .. } | Settlement::Postpone { .. } => Some(at),
            Settlement::Unknown { .. } => None,
        };
        let starts = self.starts.get_mut(&head.item.effect_id);
        for start in starts.into_iter().flatten() {
            if start.token == head.lease.token {
                start.is_settled = true;
                start.known_at = known_at;
            }
        }
        if let SettleOutcome::Next(next) = outcome {
            self.granted(next, now_ms);
        }
    }

    /// A lane was given back.
    pub fn released(&mut self, head: &Head) {
        self.leases.remove(&head.lane);
    }

    /// A status told the outcome of what waited in a lane.
    pub fn settled_by_status(&mut self, effect: &EffectId) {
        let Some(home) = effect.home() else { return };
        let lane = LaneId {
            home,
            kind: LaneKind::Provider,
        };
        if self.leases.get(&lane).is_some_and(|held| held.effect == *effect) {
            self.leases.remove(&lane);
        }
    }

    /// A change was committed.
    pub fn committed(&mut self, commit: &Commit, outcome: &CommitOutcome, now_ms: i64) {
        let CommitOutcome::Committed { heads, .. } = outcome else {
            return;
        };
        for mark in &commit.marks {
            if !self.marks.insert((commit.home.clone(), *mark)) {
                let what = format!("an event of {} was committed twice", commit.home);
                self.violate(Invariant::OneEffectSet, what);
            }
        }
        for (kind, item) in &commit.items {
            if *kind == LaneKind::Provider {
                self.promised
                    .insert(item.effect_id.clone(), item.supersedes.clone());
            }
        }
        for fact in &commit.facts {
            let marker = self.markers.get(&fact.retailer_id).copied().unwrap_or(0);
            if fact.version < marker {
                let what = format!(
                    "{} rests on version {} of {}, the marker is {marker}",
                    commit.home, fact.version, fact.retailer_id
                );
                self.violate(Invariant::Facts, what);
            }
        }
        for what in self.carts.committed(commit) {
            self.violate(Invariant::Carts, what);
        }
        for (kind, _) in &commit.items {
            let lane = LaneId {
                home: commit.home.clone(),
                kind: *kind,
            };
            self.asked_for(&lane, now_ms);
        }
        for head in heads {
            self.granted(head, now_ms);
        }
        self.count("commits");
    }

    /// Markers of a product were raised.
    pub fn marked(&mut self, retailer_id: &RetailerId, version: u64) {
        let marker = self.markers.entry(retailer_id.clone()).or_default();
        *marker = version.max(*marker);
    }

    /// A status was accepted from a webhook.
    pub fn told(&mut self, effect: EffectId, status: DeliveryStatus) {
        let told = self.told_statuses.entry(effect).or_insert(status);
        *told = status.max(*told);
    }

    /// A status was kept.
    pub fn status(&mut self, effect: &EffectId, status: DeliveryStatus) {
        let known = self.statuses.insert(effect.clone(), status);
        if known.is_some_and(|known| known >= status) {
            let what = format!("{effect} went from {known:?} back to {status:?}");
            self.violate(Invariant::Statuses, what);
        }
    }

    /// When a replica began the attempt of an effect that goes on now, by its own clock: of several that are under way nobody
    /// can tell which, and the earliest counts.
    pub fn began_ms(&self, effect: &EffectId, replica: ReplicaId) -> Option<i64> {
        let starts = self.starts.get(effect)?;
        let own = || starts.iter().filter(|start| start.replica == replica);
        let under_way = own().filter(|start| !start.is_settled);
        let earliest = under_way.map(|start| start.replica_now_ms).min();
        earliest.or_else(|| own().next_back().map(|start| start.replica_now_ms))
    }

    /// True when this event was committed.
    pub fn knows(&self, home: &HomeId, mark: DoneMark) -> bool {
        self.marks.contains(&(home.clone(), mark))
    }

    /// A replica asked the merchant for a purchase.
    pub fn asked(&mut self, replica: ReplicaId, purchase: &PurchaseId) {
        let at = self.tick();
        self.finds.insert((replica, purchase.clone()), at);
    }

    /// A replica begins to send a purchase to the merchant.
    pub fn submits(&mut self, replica: ReplicaId, purchase: &PurchaseId) {
        let asked_at = self.finds.get(&(replica, purchase.clone())).copied().unwrap_or(0);
        self.count("purchases sent");
        let effect = self.forwards.get(purchase).cloned();
        let starts = effect.and_then(|effect| self.starts.get_mut(&effect));
        let mut own: Vec<&mut Start> = starts
            .into_iter()
            .flatten()
            .filter(|start| start.replica == replica)
            .collect();
        // A first attempt that was held up is no second one, whatever happened meanwhile.
        if let Some(first) = own.iter_mut().find(|start| !start.may_exist && !start.submitted) {
            first.submitted = true;
            return;
        }
        if own.last().is_some_and(|start| asked_at < start.at) {
            let what = format!("{purchase} was sent again without asking for it first");
            self.violate(Invariant::AskedFirst, what);
        }
    }

    /// The provider took a message.
    pub fn took(&mut self, home: &HomeId, effect: &EffectId) {
        let at = self.tick();
        let place = place_of(effect);
        let taken = self.taken.entry(home.clone()).or_default();
        let times = taken.iter().filter(|one| one.effect == *effect).count();
        let passed = taken.iter().find(|one| place_of(&one.effect) > place).cloned();
        let broken = passed
            .filter(|passed| !self.may_be_late(home, effect, passed.at))
            .map(|passed| format!("{effect} came after {} and nothing was in doubt", passed.effect));
        let taken = self.taken.entry(home.clone()).or_default();
        taken.push(Taken {
            at,
            effect: effect.clone(),
        });
        if let Some(what) = broken {
            self.violate(Invariant::Order, what);
        }
        if times == 1 && !self.doubted.contains(effect) {
            let what = format!("{effect} reached the customer twice, and nobody had been in doubt");
            self.violate(Invariant::NoRepeat, what);
        }
        if times >= 2 {
            self.violate(
                Invariant::NoRepeat,
                format!("{effect} reached the customer {} times", times + 1),
            );
        }
        self.count("messages");
        if times > 0 {
            self.count("messages repeated");
        }
    }
}

impl Ledger {
    /// True when a newer message may have passed this one at that time: it was in doubt itself, or stood behind one in doubt
    /// (which replies pass, and what yields to replies does not).
    fn may_be_late(&self, home: &HomeId, effect: &EffectId, passed_at: u64) -> bool {
        let in_doubt = |start: &Start| {
            start.at < passed_at && start.known_at.is_none_or(|known_at| known_at > passed_at)
        };
        self.starts.iter().any(|(other, starts)| {
            other.home().as_ref() == Some(home)
                && place_of(other) <= place_of(effect)
                && starts
                    .iter()
                    .any(|start| start.kind == LaneKind::Provider && in_doubt(start))
        })
    }
}

/// Where an effect stands in its conversation: revision and place.
fn place_of(effect: &EffectId) -> (u64, u32) {
    let index = effect
        .as_str()
        .rsplit('.')
        .next()
        .and_then(|text| text.parse().ok());
    (effect.revision(), index.unwrap_or(0))
}
