//! What somebody sees who only looks: lanes, their items and budgets as they are, for the person on call. Nothing here is taken,
//! leased or changed by looking; it refuses to know what a body says.

use std::cmp::Ordering;

use super::UnixMs;
use super::types::{Budget, Item, LaneId, Phase};
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
