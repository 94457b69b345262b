//! The state machine of the stores: lives of asks are drawn, and each is lived by the model, by redb and by a real Redis side by
//! side. Every answer must be the model's, and in the end everything that can be read. A life in which they differ is
//! shortened as far as it goes. What can be asked lies in the folder beside this file, one family of asks a file.
//!
//! `SACOLA_STORE_CASES` says how many lives are drawn. Asked for is only what every engine promises:
//! - the clock never goes back, and nobody tells a store a time to come: the embedded store ends by the latest time that any
//!   call told, Redis ends records by its own clock, and budgets are not set back there;
//! - a life is shorter than the 9 days for which marks are kept: in Redis they end by its own clock, in which a life lasts
//!   seconds. So nothing that ends by the server's clock (marks, statuses, message keys, journals, records with an end) ends
//!   in a life; leases, holds and idempotency keys end by the caller's clock and do;
//! - one unit of each budget takes a minute or more: Redis forgets a spent budget by its own clock;
//! - lanes that are due since the same moment come in any order;
//! - a page of letters begins behind a letter of the page before it.

use std::ops::RangeInclusive;

use proptest::test_runner::{Config, FileFailurePersistence, TestError, TestRunner};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};

use self::asks::Ask;
use self::plan::Plan;
use self::stores::Stores;

mod asks;
mod catalog;
mod commits;
mod conversations;
mod known;
mod lanes;
mod letters;
mod names;
mod plan;
mod seen;
mod stores;

/// How many lives an ordinary run draws, for about ten seconds.
const LIVES: u32 = 24;

/// How many asks a life has.
const ASKS: RangeInclusive<usize> = 20..=60;

/// From so many lives on, every kind of refusal must have come.
const MANY_LIVES: u32 = 200;

/// How often and how long a life in which the stores differ is shortened.
const SHORTENED: u32 = 2_000;
const SHORTENING_MS: u32 = 300_000;

impl StateMachineTest for Stores {
    type SystemUnderTest = Self;
    type Reference = Plan;

    fn init_test(_: &Plan) -> Self {
        Self::open()
    }

    fn apply(mut stores: Self, _: &Plan, ask: Ask) -> Self {
        stores.ask(&ask);
        stores
    }

    fn teardown(stores: Self, _: Plan) {
        stores.end();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how many lives are drawn is chosen by whoever runs the tests"
)]
fn lives() -> u32 {
    let wanted = std::env::var("SACOLA_STORE_CASES");
    wanted.map_or(LIVES, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("SACOLA_STORE_CASES={text} is no whole number"))
    })
}

fn config() -> Config {
    Config {
        cases: lives(),
        source_file: Some(file!()),
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource(
            "proptest-regressions",
        ))),
        max_shrink_iters: SHORTENED,
        max_shrink_time: SHORTENING_MS,
        ..Config::default()
    }
}

#[test]
fn the_model_redb_and_redis_answer_alike() {
    let outcome = TestRunner::new(config()).run(&Plan::sequential_strategy(ASKS), |(plan, asks, seen)| {
        Stores::test_sequential(config(), plan, asks, seen);
        Ok(())
    });
    match outcome {
        Ok(()) => {
            let missing = seen::missing();
            assert!(
                lives() < MANY_LIVES || missing.is_empty(),
                "never answered in {} lives: {missing:?}",
                lives()
            );
        }
        Err(TestError::Abort(reason)) => panic!("no life could be drawn: {reason}"),
        Err(TestError::Fail(reason, (_, asks, _))) => {
            panic!(
                "{reason}\nin a life of {} asks, the shortest that was found",
                asks.len()
            )
        }
    }
}
