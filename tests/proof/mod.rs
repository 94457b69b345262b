//! The proof: the real engine, delivery and core in a world whose store, clock, provider and merchant are simulated, played
//! thousands of times from one seed each, with faults between any two steps. After each run the invariants of
//! docs/INVARIANTS.md are judged. `scripts/prove` plays many seeds, `scripts/test` a share.

mod carts;
mod chat;
mod clock;
mod deeds;
mod dice;
mod invariants;
mod ledger;
mod mail;
mod outside;
mod phones;
mod replica;
mod report;
mod rest;
mod shop;
mod stage;
mod statuses;
mod store;
mod verdict;
mod weather;
mod world;

use invariants::Invariant;
use report::{Plan, describe, play, play_many};
use sacola::faults::Bug;
use world::STEPS;

#[expect(
    clippy::disallowed_methods,
    reason = "what is played is chosen by whoever runs the proof"
)]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn number_of(name: &str, otherwise: u64) -> u64 {
    setting(name)
        .and_then(|text| text.parse().ok())
        .unwrap_or(otherwise)
}

fn wanted_bug() -> Option<Bug> {
    let word = setting("SACOLA_PROVE_PLANT")?;
    let bug = Bug::ALL.into_iter().find(|bug| bug.word() == word);
    Some(bug.unwrap_or_else(|| {
        let words: Vec<&str> = Bug::ALL.iter().map(|bug| bug.word()).collect();
        panic!("no bug is called {word}; there are: {}", words.join(" "))
    }))
}

/// What a planted bug must be found by.
#[cfg(feature = "faults")]
fn breaks(bug: Bug) -> &'static [Invariant] {
    use Invariant as I;
    match bug {
        Bug::AckBeforeCommit => &[I::Accepted],
        Bug::DedupOutsideCommit => &[I::OneEffectSet],
        Bug::SettleWithoutToken => &[I::OneHolder],
        Bug::RepeatWithoutAsking => &[I::AskedFirst],
        Bug::WindowAtEnqueue => &[I::Window],
        Bug::StatusGoesBack => &[I::Statuses],
        Bug::CartWithoutDevice => &[I::Carts],
        Bug::SweepIgnoresLease => &[I::OneHolder, I::NoRepeat],
        Bug::CommitWithoutRevision => &[I::Carts, I::OneEffectSet, I::Order],
        Bug::RepeatUnknownSend | Bug::LostTakenAsRefused => &[I::NoRepeat],
        Bug::StaleFactsPass => &[I::Facts],
        Bug::FreshKeyPerAttempt => &[I::OnePurchase],
        Bug::SubtotalForwarded => &[I::OneTotal],
        Bug::DoubtForgotten => &[I::Rest],
        Bug::LateFailureIgnored => &[I::Told],
        Bug::JournalGap => &[I::Journal],
        Bug::MenusDropped => &[I::Promised],
    }
}

#[test]
fn a_share_of_the_proof_holds() {
    let summary = play_many(1, number_of("SACOLA_PROVE_SHARE", 60), None);
    if let Some((seed, _)) = summary.failed.first_key_value() {
        let plan = Plan {
            seed: *seed,
            steps: STEPS,
            plant: None,
        };
        panic!("{}", describe(plan));
    }
    for what in ["commits", "messages", "purchases", "faults", "deaths"] {
        let times = summary.counts.get(what).copied().unwrap_or(0);
        assert!(
            times >= summary.seeds,
            "too little happened: {:?}",
            summary.counts
        );
    }
}

#[test]
fn one_seed_is_one_run() {
    for seed in [3, 4, 5] {
        let plan = Plan {
            seed,
            steps: STEPS,
            plant: None,
        };
        let (first, second) = (play(plan, true), play(plan, true));
        assert!(first.transcript.len() > 100);
        for (one, other) in first.transcript.iter().zip(&second.transcript) {
            assert_eq!(one, other, "seed {seed}");
        }
        assert_eq!(first.transcript.len(), second.transcript.len());
    }
}

#[cfg(feature = "faults")]
#[test]
#[expect(
    clippy::print_stdout,
    reason = "how many seeds it took is what scripts/prove --plants tells"
)]
fn each_planted_bug_is_found_and_named() {
    for bug in Bug::ALL {
        let summary = play_many(1, 2_000, Some(bug));
        println!("{}: {} seeds", bug.word(), summary.seeds);
        let (seed, violations) = summary
            .failed
            .first_key_value()
            .unwrap_or_else(|| panic!("{} is not found in {} seeds", bug.word(), summary.seeds));
        let is_named = |violation: &ledger::Violation| breaks(bug).contains(&violation.invariant);
        assert!(
            violations.iter().any(is_named),
            "{} broke {violations:?} at seed {seed}",
            bug.word()
        );
    }
}

/// `scripts/prove` starts this.
#[test]
#[ignore = "scripts/prove plays it with a number of seeds"]
#[expect(
    clippy::print_stdout,
    reason = "the transcript and the summary are its result"
)]
fn prove() {
    let plant = wanted_bug();
    let steps = usize::try_from(number_of("SACOLA_PROVE_STEPS", 0)).unwrap();
    if let Some(seed) = setting("SACOLA_PROVE_SEED") {
        let plan = Plan {
            seed: seed.parse().expect("a seed is a number"),
            steps: if steps == 0 { STEPS } else { steps },
            plant,
        };
        let found = play(plan, true);
        for line in found.transcript {
            println!("{line}");
        }
        for violation in &found.violations {
            println!("BROKEN: {}: {}", violation.invariant, violation.what);
        }
        assert!(found.violations.is_empty(), "seed {seed} breaks an invariant");
        println!("seed {seed} holds: {:?}", found.counts);
        return;
    }
    let (from, seeds) = (
        number_of("SACOLA_PROVE_FROM", 1),
        number_of("SACOLA_PROVE_SEEDS", 1_000),
    );
    let summary = play_many(from, seeds, plant);
    println!("{} seeds: {:?}", summary.seeds, summary.counts);
    if let Some((seed, _)) = summary.failed.first_key_value() {
        let plan = Plan {
            seed: *seed,
            steps: STEPS,
            plant,
        };
        println!("{}", describe(plan));
        for (seed, violations) in &summary.failed {
            let first = violations.first();
            let first = first.map(|violation| format!("{}: {}", violation.invariant, violation.what));
            println!("seed {seed}: {}", first.unwrap_or_default());
        }
        panic!(
            "{} of {} seeds break an invariant",
            summary.failed.len(),
            summary.seeds
        );
    }
    println!(
        "all {} seeds hold all {} invariants",
        summary.seeds,
        Invariant::ALL.len()
    );
}
