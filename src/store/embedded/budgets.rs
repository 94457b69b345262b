//! Rate limits of one process, as a generic cell rate, in memory: they matter for seconds, a restart may forget them.
//! Owns the arithmetic; refuses to know lanes.

use std::collections::BTreeMap;

use crate::store::{Budget, BudgetLook, Class, UnixMs};

/// Beyond so many limits, those that have recovered are forgotten.
const REMEMBERED: usize = 10_000;

/// A clock that went back by more than this was set back; by less, two calls overtook each other.
const SET_BACK_US: i64 = 3_000_000;

/// For each limit, when its next unit would be free if it were taken at its pace, in microseconds.
#[derive(Debug, Default)]
pub(super) struct Budgets {
    free_at_us: BTreeMap<String, i64>,
    latest_us: i64,
}

fn depth_us(budget: &Budget) -> i64 {
    budget.burst.max(1).saturating_mul(budget.interval_us)
}

fn ms_rounded_up(us: i64) -> UnixMs {
    us.saturating_add(999).div_euclid(1_000)
}

impl Budgets {
    /// Takes one unit of each budget, or none: then tells when to come back, and which budget says so. Bulk leaves 30 % of a burst to replies.
    pub(super) fn take(
        &mut self,
        budgets: &[Budget],
        class: Class,
        now_ms: UnixMs,
    ) -> Result<(), (UnixMs, usize)> {
        let present_us = now_ms.saturating_mul(1_000);
        self.follow(present_us);
        let mut taken = Vec::with_capacity(budgets.len());
        let mut refused: Option<(UnixMs, usize)> = None;
        for (place, budget) in budgets.iter().enumerate() {
            let limit_us = match class {
                Class::Reply => depth_us(budget),
                Class::Bulk => budget
                    .interval_us
                    .max(depth_us(budget).saturating_mul(7).div_euclid(10)),
            };
            let next_us = self
                .free_at(budget, present_us)
                .saturating_add(budget.interval_us);
            if next_us.saturating_sub(present_us) > limit_us {
                let until_ms = ms_rounded_up(next_us.saturating_sub(limit_us));
                refused = refused
                    .filter(|(set, _)| *set >= until_ms)
                    .or(Some((until_ms, place)));
            }
            taken.push((budget.key.clone(), next_us));
        }
        if let Some(refused) = refused {
            return Err(refused);
        }
        self.free_at_us.extend(taken);
        self.forget(present_us);
        Ok(())
    }

    /// Takes units without asking. The debt is at most one burst, so that a flood delays answers but never for long.
    pub(super) fn debit(&mut self, budget: &Budget, units: u32, now_ms: UnixMs) {
        let present_us = now_ms.saturating_mul(1_000);
        self.follow(present_us);
        let spent_us = i64::from(units).saturating_mul(budget.interval_us);
        let next_us = self.free_at(budget, present_us).saturating_add(spent_us);
        let bounded_us = next_us.min(present_us.saturating_add(depth_us(budget)));
        self.free_at_us.insert(budget.key.clone(), bounded_us);
        self.forget(present_us);
    }

    /// What is left of a budget.
    pub(super) fn look(&self, budget: &Budget, now_ms: UnixMs) -> BudgetLook {
        let back_us = self.latest_us.saturating_sub(now_ms.saturating_mul(1_000));
        let back_us = if back_us > SET_BACK_US { back_us } else { 0 };
        let free_at_us = self.free_at_us.get(&budget.key).copied().unwrap_or(0);
        budget.look(free_at_us.saturating_sub(back_us), now_ms)
    }

    /// When the clock is set back, limits go back with it: else nothing would be free until it has caught up.
    fn follow(&mut self, present_us: i64) {
        let back_us = self.latest_us.saturating_sub(present_us);
        if back_us > SET_BACK_US {
            for free_at_us in self.free_at_us.values_mut() {
                *free_at_us = free_at_us.saturating_sub(back_us);
            }
            self.latest_us = present_us;
        }
        self.latest_us = self.latest_us.max(present_us);
    }

    fn free_at(&self, budget: &Budget, present_us: i64) -> i64 {
        self.free_at_us
            .get(&budget.key)
            .copied()
            .unwrap_or(0)
            .max(present_us)
    }

    fn forget(&mut self, present_us: i64) {
        if self.free_at_us.len() > REMEMBERED {
            self.free_at_us.retain(|_, free_at_us| *free_at_us > present_us);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMs = 1_000_000;

    fn budget(burst: i64) -> Budget {
        Budget {
            key: "number:1".to_owned(),
            interval_us: 12_500,
            burst,
        }
    }

    #[test]
    fn a_burst_passes_and_the_next_unit_waits_one_interval() {
        let mut budgets = Budgets::default();
        for _ in 0..4 {
            assert_eq!(budgets.take(&[budget(4)], Class::Reply, NOW), Ok(()));
        }
        assert_eq!(budgets.take(&[budget(4)], Class::Reply, NOW), Err((NOW + 13, 0)));
        assert_eq!(budgets.take(&[budget(4)], Class::Reply, NOW + 13), Ok(()));
    }

    #[test]
    fn bulk_leaves_three_units_of_ten_to_replies() {
        let mut budgets = Budgets::default();
        for _ in 0..7 {
            assert_eq!(budgets.take(&[budget(10)], Class::Bulk, NOW), Ok(()));
        }
        assert!(budgets.take(&[budget(10)], Class::Bulk, NOW).is_err());
        for _ in 0..3 {
            assert_eq!(budgets.take(&[budget(10)], Class::Reply, NOW), Ok(()));
        }
        assert!(budgets.take(&[budget(10)], Class::Reply, NOW).is_err());
    }

    #[test]
    fn one_refusal_takes_nothing_from_the_others() {
        let mut budgets = Budgets::default();
        let other = Budget {
            key: "pair".to_owned(),
            interval_us: 1_000_000,
            burst: 1,
        };
        assert_eq!(
            budgets.take(&[budget(1), other.clone()], Class::Reply, NOW),
            Ok(())
        );
        assert_eq!(
            budgets.take(&[budget(1), other], Class::Reply, NOW + 13),
            Err((NOW + 1_000, 1))
        );
        assert_eq!(budgets.take(&[budget(1)], Class::Reply, NOW + 13), Ok(()));
    }

    #[test]
    fn a_clock_that_is_set_back_takes_its_limits_along() {
        let mut budgets = Budgets::default();
        for _ in 0..4 {
            assert_eq!(budgets.take(&[budget(4)], Class::Reply, NOW), Ok(()));
        }
        let earlier = NOW - 500_000;
        assert_eq!(
            budgets.take(&[budget(4)], Class::Reply, earlier),
            Err((earlier + 13, 0)),
            "what was spent is spent"
        );
        assert_eq!(budgets.take(&[budget(4)], Class::Reply, earlier + 13), Ok(()));
    }

    #[test]
    fn a_debit_of_any_size_is_over_within_one_burst() {
        let mut budgets = Budgets::default();
        budgets.debit(&budget(8), 1_000_000, NOW);
        assert!(budgets.take(&[budget(8)], Class::Reply, NOW).is_err());
        assert_eq!(budgets.take(&[budget(8)], Class::Reply, NOW + 100), Ok(()));
    }
}
