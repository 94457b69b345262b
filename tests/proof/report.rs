//! Runs of many seeds on two threads, and what is printed of them: what was found, the transcript of the first failing seed
//! cut to the fewest steps that still fail, and the line that runs it again.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use sacola::faults::Bug;

use super::invariants::Invariant;
use super::ledger::Violation;
use super::world::{STEPS, World};

/// One run.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub seed: u64,
    pub steps: usize,
    pub plant: Option<Bug>,
}

/// What one run found.
#[derive(Debug, Default)]
pub struct Found {
    pub violations: Vec<Violation>,
    pub transcript: Vec<String>,
    pub counts: BTreeMap<&'static str, u64>,
}

thread_local! {
    /// Panics on this thread: the runtime swallows those of tasks, and the engine those of decisions.
    static PANICS: Cell<u32> = const { Cell::new(0) };
}

static COUNTS_PANICS: Once = Once::new();

fn counts_panics() {
    COUNTS_PANICS.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            PANICS.set(PANICS.get() + 1);
            before(info);
        }));
    });
    PANICS.set(0);
}

/// Plays one seed from its first step to its rest.
pub fn play(plan: Plan, is_told: bool) -> Found {
    counts_panics();
    plant(plan.plant);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let found = runtime.block_on(async {
        let mut world = World::new(plan.seed, is_told).await;
        for _ in 0..plan.steps {
            world.steps().await;
            if !world.violations().is_empty() {
                break;
            }
        }
        if world.violations().is_empty() {
            world.comes_to_rest().await;
            world.judges().await;
        }
        let mut inner = world.stage();
        let panics = PANICS.get();
        if panics > 0 {
            inner.ledger.violate(Invariant::Sound, format!("{panics} panics"));
        }
        Found {
            violations: std::mem::take(&mut inner.ledger.violations),
            transcript: std::mem::take(&mut inner.ledger.lines),
            counts: std::mem::take(&mut inner.ledger.counts),
        }
    });
    plant(None);
    found
}

#[cfg(feature = "faults")]
fn plant(bug: Option<Bug>) {
    sacola::faults::plant(bug);
}

#[cfg(not(feature = "faults"))]
fn plant(bug: Option<Bug>) {
    assert!(bug.is_none(), "planting needs the feature `faults`");
}

/// What many seeds found.
#[derive(Debug, Default)]
pub struct Summary {
    pub seeds: u64,
    pub counts: BTreeMap<&'static str, u64>,
    /// The first failing seeds, by seed.
    pub failed: BTreeMap<u64, Vec<Violation>>,
}

/// Plays seeds `from..from + count` on two threads. Stops early at the first failure when a bug is planted.
pub fn play_many(from: u64, count: u64, plant: Option<Bug>) -> Summary {
    let next = AtomicU64::new(from);
    let summary = Mutex::new(Summary::default());
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::SeqCst);
            if seed >= from + count {
                return;
            }
            let plan = Plan {
                seed,
                steps: STEPS,
                plant,
            };
            let found = play(plan, false);
            let mut summary = summary.lock().unwrap_or_else(PoisonError::into_inner);
            summary.seeds += 1;
            for (what, times) in found.counts {
                *summary.counts.entry(what).or_default() += times;
            }
            if !found.violations.is_empty() {
                summary.failed.insert(seed, found.violations);
                if plant.is_some() || summary.failed.len() >= 20 {
                    next.store(from + count, Ordering::SeqCst);
                }
            }
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
    summary.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// The fewest steps after which this seed still breaks the same invariant.
pub fn shorten(plan: Plan) -> Plan {
    let fails = |steps: usize| !play(Plan { steps, ..plan }, false).violations.is_empty();
    let (mut low, mut high) = (0, plan.steps);
    while low < high {
        let middle = usize::midpoint(low, high);
        if fails(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Plan { steps: high, ..plan }
}

/// What a person reads of a failing seed.
pub fn describe(plan: Plan) -> String {
    let short = shorten(plan);
    let found = play(short, true);
    let broken = found
        .violations
        .iter()
        .map(|violation| format!("BROKEN: {}: {}", violation.invariant, violation.what));
    let again = format!("again: {}", reproduction(short));
    let lines: Vec<String> = found.transcript.iter().cloned().chain(broken).collect();
    format!("{}\n{again}", lines.join("\n"))
}

/// The line that plays it again.
pub fn reproduction(plan: Plan) -> String {
    let plant = plan
        .plant
        .map_or(String::new(), |bug| format!(" --plant {}", bug.word()));
    format!("scripts/prove --seed {} --steps {}{plant}", plan.seed, plan.steps)
}
