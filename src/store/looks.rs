//! What somebody sees who only looks: lanes, their items and budgets as they are, for the person on call. Nothing here is taken,
//! leased or changed by looking; it refuses to know what a body says.

use std::cmp::Ordering;

use super::UnixMs;
use super::types::{Budget, Item, LaneId, LaneKind, Phase};
use crate::domain::ids::HomeId;

/// A lane that holds something, and when it is to be looked at: the end of its lease, or when something may be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueLane {
    /// Which.
    pub lane: LaneId,
    /// When.
    pub due_ms: UnixMs,
}

impl DueLane {
    fn place(&self) -> (UnixMs, &HomeId, char) {
        (self.due_ms, &self.lane.home, self.lane.kind.letter())
    }
}

/// By time, then by home, then by the letter of the kind.
impl Ord for DueLane {
    fn cmp(&self, other: &Self) -> Ordering {
        self.place().cmp(&other.place())
    }
}

impl PartialOrd for DueLane {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Some of the lanes, and how many there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LanePage {
    /// In their order.
    pub lanes: Vec<DueLane>,
    /// Lanes that hold something.
    pub total: u64,
    /// Those of them whose time has come.
    pub due: u64,
    /// Shards that did not answer: their lanes are in none of the numbers above.
    pub unread_shards: u32,
}

/// The lanes of one kind, by what they wait for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KindTotals {
    /// May be served, and nobody serves them.
    pub due: u64,
    /// Wait for a time.
    pub later: u64,
    /// Somebody serves them.
    pub leased: u64,
    /// When the one that waits longest became due, among those looked at; `None`: none is.
    pub oldest_due_ms: Option<UnixMs>,
}

/// All lanes that hold something, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LaneTotals {
    /// Those toward the provider.
    pub provider: KindTotals,
    /// Those toward merchants.
    pub merchant: KindTotals,
    /// Shards that did not answer: their lanes are in none of the numbers above.
    pub unread_shards: u32,
}

impl LaneTotals {
    /// The totals of a kind.
    pub fn of_kind(&mut self, kind: LaneKind) -> &mut KindTotals {
        match kind {
            LaneKind::Provider => &mut self.provider,
            LaneKind::Merchant => &mut self.merchant,
        }
    }

    /// Adds what another shard tells.
    pub fn add(&mut self, other: &Self) {
        self.provider.add(&other.provider);
        self.merchant.add(&other.merchant);
        self.unread_shards += other.unread_shards;
    }

    /// Counts lanes that were not looked at, in the proportion of those that were: `due` of those due, `others` of those that
    /// wait or are served.
    pub fn spread(&mut self, due: u64, others: u64) {
        let (provider, merchant) = (self.provider, self.merchant);
        let due = spread(due, [provider.due, merchant.due]);
        [self.provider.due, self.merchant.due] = due;
        let looked_at = [provider.later, provider.leased, merchant.later, merchant.leased];
        let others = spread(others, looked_at);
        [
            self.provider.later,
            self.provider.leased,
            self.merchant.later,
            self.merchant.leased,
        ] = others;
    }
}

impl KindTotals {
    fn add(&mut self, other: &Self) {
        self.due += other.due;
        self.later += other.later;
        self.leased += other.leased;
        let both = [self.oldest_due_ms, other.oldest_due_ms];
        self.oldest_due_ms = both.into_iter().flatten().min();
    }
}

/// Adds `more` to these counts in their own proportion; all of it, unless there is none to go by.
fn spread<const N: usize>(more: u64, counts: [u64; N]) -> [u64; N] {
    let sum: u64 = counts.iter().sum();
    let (mut reached, mut given) = (0, 0);
    counts.map(|count| {
        reached += count;
        let until = more.saturating_mul(reached).saturating_add(sum / 2);
        let until = until.checked_div(sum).unwrap_or(0);
        let share = until - given;
        given = until;
        count + share
    })
}

/// Some of many that come one by one, evenly spread over all of them: every so manieth, the fewer the more come.
#[derive(Debug)]
pub(super) struct Spread<T> {
    most: usize,
    step: usize,
    seen: usize,
    kept: Vec<T>,
}

impl<T> Spread<T> {
    /// Keeps `most` at most, and half as many at least once there were enough.
    pub(super) fn of(most: usize) -> Self {
        Self {
            most: most.max(1),
            step: 1,
            seen: 0,
            kept: Vec::new(),
        }
    }

    /// One more came.
    pub(super) fn add(&mut self, one: T) {
        if self.seen.is_multiple_of(self.step) {
            if self.kept.len() == self.most {
                self.thin_out();
            }
            if self.seen.is_multiple_of(self.step) {
                self.kept.push(one);
            }
        }
        self.seen += 1;
    }

    /// Every second one goes.
    fn thin_out(&mut self) {
        let mut place = 0;
        self.kept.retain(|_| {
            place += 1;
            place % 2 == 1
        });
        self.step = self.step.saturating_mul(2);
    }

    /// Those that were kept, in their order, and how many others there were.
    pub(super) fn into_kept(self) -> (Vec<T>, usize) {
        let others = self.seen - self.kept.len();
        (self.kept, others)
    }
}

/// A lane as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LaneLook {
    /// How many items lie in it.
    pub length: usize,
    /// The end of the last lease that nobody gave back, also when it is past; `None`: nobody holds the lane.
    pub lease_until_ms: Option<UnixMs>,
    /// The first items, in order.
    pub items: Vec<ItemLook>,
}

/// An item in its lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemLook {
    /// The item as it was appended.
    pub item: Item,
    /// How far it has come.
    pub phase: Phase,
    /// True while an attempt is under way, as far as the store knows.
    pub is_started: bool,
    /// As in [`Head::attempts`](super::Head::attempts).
    pub attempts: u32,
    /// As in [`Head::unknowns`](super::Head::unknowns).
    pub unknowns: u32,
    /// Not before this time; 0: at once.
    pub due_ms: UnixMs,
    /// When the last attempt was started; 0 when none was.
    pub started_at_ms: UnixMs,
}

/// What is left of a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetLook {
    /// Units that a reply could take now.
    pub available: i64,
    /// When the next one is free, if none is now.
    pub refused_until_ms: Option<UnixMs>,
}

impl Budget {
    /// What is left when the next unit would be free at `free_at_us` if it were taken at the budget's pace.
    pub fn look(&self, free_at_us: i64, now_ms: UnixMs) -> BudgetLook {
        let present_us = now_ms.saturating_mul(1_000);
        let depth_us = self.burst.max(1).saturating_mul(self.interval_us);
        let left_us = depth_us.saturating_sub(free_at_us.max(present_us).saturating_sub(present_us));
        let available = left_us.div_euclid(self.interval_us.max(1)).max(0);
        let wait_us = self.interval_us.saturating_sub(left_us);
        let free_ms = present_us
            .saturating_add(wait_us)
            .saturating_add(999)
            .div_euclid(1_000);
        BudgetLook {
            available,
            refused_until_ms: (available == 0).then_some(free_ms),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_that_were_not_looked_at_are_told_apart_like_those_that_were() {
        let shard = LaneTotals {
            provider: KindTotals {
                due: 30,
                later: 6,
                leased: 2,
                oldest_due_ms: Some(7),
            },
            merchant: KindTotals {
                due: 10,
                ..KindTotals::default()
            },
            unread_shards: 0,
        };
        let mut spread = shard;
        spread.spread(100, 9);
        assert_eq!((spread.provider.due, spread.merchant.due), (105, 35));
        assert_eq!(
            (spread.provider.later, spread.provider.leased),
            (13, 4),
            "none is lost"
        );
        let mut nothing = LaneTotals::default();
        nothing.spread(5, 5);
        assert_eq!(nothing, LaneTotals::default(), "nothing was looked at");
        let mut both = shard;
        both.add(&LaneTotals {
            merchant: KindTotals {
                oldest_due_ms: Some(3),
                ..KindTotals::default()
            },
            unread_shards: 1,
            ..LaneTotals::default()
        });
        assert_eq!(
            (both.provider, both.merchant.oldest_due_ms),
            (shard.provider, Some(3))
        );
        assert_eq!((both.merchant.due, both.unread_shards), (10, 1));
    }

    #[test]
    fn some_of_many_are_spread_evenly_over_all_of_them() {
        let spread = |many: u32, most| {
            let mut spread = Spread::of(most);
            (0..many).for_each(|one| spread.add(one));
            spread.into_kept()
        };
        assert_eq!(spread(3, 4), (vec![0, 1, 2], 0));
        assert_eq!(spread(4, 4), (vec![0, 1, 2, 3], 0));
        assert_eq!(spread(5, 4), (vec![0, 2, 4], 2));
        assert_eq!(spread(7, 4), (vec![0, 2, 4, 6], 3));
        assert_eq!(spread(30, 4), (vec![0, 8, 16, 24], 26));
        assert_eq!(spread(1_000, 1).0.len(), 1);
    }

    #[test]
    fn a_budget_tells_what_is_left_and_when_more_is_free() {
        let budget = Budget {
            key: "number:1".to_owned(),
            interval_us: 12_500,
            burst: 4,
        };
        let look = |spent_us: i64| budget.look(1_000_000 + spent_us, 1_000);
        assert_eq!((look(0).available, look(-5).available), (4, 4));
        assert_eq!((look(1).available, look(37_500).available), (3, 1));
        assert_eq!(look(37_500).refused_until_ms, None);
        assert_eq!(
            look(50_000).refused_until_ms,
            Some(1_013),
            "one interval later, rounded up"
        );
        assert_eq!(look(50_000).available, 0);
    }
}
