//! Rate limits as a generic cell rate. A unit takes its budget's interval; a budget is spent as far ahead as it is deep.

use std::collections::BTreeMap;

use sacola::store::{Budget, BudgetLook, Class, UnixMs};

/// A clock that goes back by more than this was set back; by less, two calls overtook each other.
const SET_BACK_US: i64 = 3_000_000;

/// Up to when each budget is spent, in microseconds.
#[derive(Debug, Default)]
pub(super) struct Budgets {
    spent_until_us: BTreeMap<String, i64>,
    latest_us: i64,
}

fn depth_us(budget: &Budget) -> i64 {
    budget.burst.max(1).saturating_mul(budget.interval_us)
}

/// Bulk leaves 30 % of a budget to replies, but may always take one unit of a fresh one.
fn allowed_us(budget: &Budget, class: Class) -> i64 {
    let depth_us = depth_us(budget);
    match class {
        Class::Reply => depth_us,
        Class::Bulk => (depth_us.saturating_mul(7) / 10).max(budget.interval_us),
    }
}

impl Budgets {
    /// Takes one unit of each budget, or none: then tells when all of them are free, and the place of the one that says so.
    pub(super) fn take(
        &mut self,
        budgets: &[Budget],
        class: Class,
        now_ms: UnixMs,
    ) -> Result<(), (UnixMs, usize)> {
        let now_us = self.follow(now_ms);
        let mut refused: Option<(UnixMs, usize)> = None;
        let mut taken = Vec::new();
        for (place, budget) in budgets.iter().enumerate() {
            let until_us = self
                .spent_until(budget, now_us)
                .saturating_add(budget.interval_us);
            let free_us = until_us.saturating_sub(allowed_us(budget, class));
            if free_us > now_us {
                let free_ms = free_us.saturating_add(999).div_euclid(1_000);
                if refused.is_none_or(|(latest_ms, _)| free_ms > latest_ms) {
                    refused = Some((free_ms, place));
                }
            }
            taken.push((budget.key.clone(), until_us));
        }
        if let Some(refused) = refused {
            return Err(refused);
        }
        self.spent_until_us.extend(taken);
        Ok(())
    }

    /// Takes units without asking; never more than one burst ahead.
    pub(super) fn debit(&mut self, budget: &Budget, units: u32, now_ms: UnixMs) {
        let now_us = self.follow(now_ms);
        let units_us = i64::from(units).saturating_mul(budget.interval_us);
        let until_us = self.spent_until(budget, now_us).saturating_add(units_us);
        let bounded_us = until_us.min(now_us.saturating_add(depth_us(budget)));
        self.spent_until_us.insert(budget.key.clone(), bounded_us);
    }

    /// What is left: units that could be taken one after the other, found by counting them.
    pub(super) fn look(&self, budget: &Budget, now_ms: UnixMs) -> BudgetLook {
        let mut copy = Self {
            spent_until_us: self.spent_until_us.clone(),
            latest_us: self.latest_us,
        };
        let mut available = 0;
        loop {
            match copy.take(std::slice::from_ref(budget), Class::Reply, now_ms) {
                Ok(()) => available += 1,
                Err((until_ms, _)) => {
                    return BudgetLook {
                        available,
                        refused_until_ms: (available == 0).then_some(until_ms),
                    };
                }
            }
        }
    }

    fn spent_until(&self, budget: &Budget, now_us: i64) -> i64 {
        self.spent_until_us
            .get(&budget.key)
            .map_or(now_us, |until_us| now_us.max(*until_us))
    }

    /// The present in microseconds. When the clock was set back, what is spent goes back with it.
    fn follow(&mut self, now_ms: UnixMs) -> i64 {
        let now_us = now_ms.saturating_mul(1_000);
        let back_us = self.latest_us.saturating_sub(now_us);
        if back_us > SET_BACK_US {
            for until_us in self.spent_until_us.values_mut() {
                *until_us = until_us.saturating_sub(back_us);
            }
            self.latest_us = now_us;
        }
        self.latest_us = self.latest_us.max(now_us);
        now_us
    }
}
