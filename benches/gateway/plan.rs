//! The order of a run: the floor, the gateway under each store, the floor again. A run whose two floors differ by more than
//! 15 % in processor time per request is rejected: the machine was busy with something else.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;

use super::clicks::Maker;
use super::floors;
use super::load::{self, Run};
use super::measure::{Latencies, pause_ms, unix_ms};
use super::process::Process;
use super::report::{self, Row};
use super::stage::{self, Keeping};
use super::stand::{Scene, Stand};

/// Customers who click at the same time; further conversations only lie in the store.
const ACTIVE: u32 = 2_000;
/// Customers of the cold row: more than are kept at hand, and than there are clicks.
const COLD: u32 = 60_000;
const COLD_QUICK: u32 = 20_000;
/// WhatsApp lets one business number carry 1,000 messages a second, in and out. With one number a flood of clicks is taken
/// and answered at that pace; with many, every click is answered at once.
const ONE_NUMBER: u32 = 1;
const MANY_NUMBERS: u32 = 32;
/// How far the two floors may lie apart, in per mille.
const FLOORS_APART: u64 = 150;

/// How long, how many, what.
pub struct Plan {
    pub time: Duration,
    pub people: u32,
    repeats: usize,
    quick: bool,
    large: bool,
    /// The folder where a peer and its packages are installed.
    peers: Option<String>,
    only: Option<String>,
}

impl Plan {
    fn of(options: &[&str]) -> anyhow::Result<Self> {
        let mut plan = Self {
            time: Duration::from_secs(10),
            people: 10_000,
            repeats: 3,
            quick: false,
            large: false,
            peers: None,
            only: None,
        };
        let mut options = options.iter();
        while let Some(option) = options.next() {
            match *option {
                "--quick" => (plan.quick, plan.time, plan.repeats) = (true, Duration::from_secs(2), 1),
                "--once" => plan.repeats = 1,
                "--large" => plan.large = true,
                "--peers" => plan.peers = options.next().map(ToString::to_string),
                "--only" => plan.only = options.next().map(ToString::to_string),
                other => {
                    anyhow::bail!(
                        "unknown option {other}: --quick, --once, --large, --peers FOLDER, --only WORD"
                    )
                }
            }
        }
        Ok(plan)
    }

    fn wants(&self, name: &str) -> bool {
        self.only.as_deref().is_none_or(|word| name.contains(word))
    }
}

/// Runs the plan.
pub async fn run(options: &[&str]) -> anyhow::Result<()> {
    let plan = Plan::of(options)?;
    tokio::task::LocalSet::new().run_until(all(&plan)).await
}

async fn all(plan: &Plan) -> anyhow::Result<()> {
    report::header();
    let before = floors::floor(plan, "B0: reads 1 KB, checks the HMAC", 32).await?;
    report::row(&before, &before);
    if !plan.quick {
        report::row(&floors::floor(plan, "B0, 256 connections", 256).await?, &before);
    }
    report::row(&floors::floor_with_redis(plan).await?, &before);
    if let Some(folder) = &plan.peers {
        report::row(&floors::peer(plan, folder).await?, &before);
    }
    for (what, scene) in scenes(plan) {
        let name = format!(
            "{what}, {}, {} connections",
            scene.keeping.name(),
            scene.connections
        );
        if plan.wants(&name) {
            report::row(&median(plan, &name, scene).await?, &before);
        }
    }
    if plan.wants("E") {
        report::row(&click_to_message(plan).await?, &before);
    }
    if plan.large {
        scale(plan, &before).await?;
    }
    let after = floors::floor(plan, "B0 again", 32).await?;
    report::row(&after, &before);
    let apart = before.cpu_ns.abs_diff(after.cpu_ns).saturating_mul(1_000) / before.cpu_ns.max(1);
    anyhow::ensure!(
        apart <= FLOORS_APART,
        "rejected: the floors lie {apart} per mille apart; run it again on a quiet machine"
    );
    report::line(&format!("accepted: the floors lie {apart} per mille apart"));
    Ok(())
}

/// The rows of clicks. Warm: [`ACTIVE`] customers click again and again; cold: every click is another customer's.
fn scenes(plan: &Plan) -> Vec<(&'static str, Scene)> {
    let scene = |keeping, connections| Scene {
        keeping,
        connections,
        people: plan.people,
        active: ACTIVE,
        numbers: ONE_NUMBER,
    };
    let strangers = if plan.quick { COLD_QUICK } else { COLD };
    let cold = Scene {
        people: strangers,
        active: strangers,
        ..scene(Keeping::EverySecond, 32)
    };
    let all = Scene {
        numbers: MANY_NUMBERS,
        ..scene(Keeping::EverySecond, 32)
    };
    let mut scenes = vec![
        ("S: click", scene(Keeping::EverySecond, 32)),
        ("S: click", scene(Keeping::EverySecond, 256)),
        ("S: click", scene(Keeping::Always, 256)),
        ("S: click", scene(Keeping::Embedded, 32)),
        ("S cold: click", cold),
        ("G: click and its message", all),
    ];
    if !plan.quick {
        scenes.push(("S: click", scene(Keeping::Always, 32)));
        scenes.push(("S: click", scene(Keeping::Embedded, 256)));
    }
    scenes
}

/// The median by throughput of several runs, each on a fresh store.
async fn median(plan: &Plan, name: &str, scene: Scene) -> anyhow::Result<Row> {
    let mut rows = Vec::new();
    for _ in 0..plan.repeats {
        rows.push(clicks(plan, name, scene).await?);
    }
    rows.sort_by_key(|row| row.per_second);
    let middle = rows.len() / 2;
    rows.into_iter().nth(middle).context("no run")
}

async fn clicks(plan: &Plan, name: &str, scene: Scene) -> anyhow::Result<Row> {
    let stand = Stand::up(scene.keeping, scene.people, scene.numbers).await?;
    let seconds = u32::try_from(plan.time.as_secs()).unwrap_or(1);
    let rounds = 1 + seconds * 12_000 / scene.active;
    let maker = Maker::of(unix_ms(), scene.numbers);
    let requests = Arc::new(load::prepared(
        &maker,
        0..scene.active,
        0..rounds,
        scene.connections,
    ));
    stage::forget_commands(stand.redis_port, scene.keeping).await?;
    let before = stand.cpu_us();
    let mut run = load::closed(stand.address, &requests, plan.time).await?;
    if scene.numbers == MANY_NUMBERS {
        drained(&stand, run.answered).await?;
    }
    let after = stand.cpu_us();
    let messages = stand.taken.borrow().messages;
    anyhow::ensure!(
        run.refused == 0,
        "{name}: {} clicks were not answered 200",
        run.refused
    );
    let (gateway_us, store_us) = (after.0 - before.0, after.1 - before.1);
    let mut row = Row::of(name, &mut run, gateway_us + store_us);
    (row.gateway_kb, row.store_kb) = (
        stand.gateway.rss_kb(),
        stand.redis.as_ref().map_or(0, Process::rss_kb),
    );
    let commands = stage::commands(stand.redis_port, scene.keeping, run.answered).await?;
    let per_click =
        |us: u64| report::per_100k(us.saturating_mul(1_000).checked_div(run.answered).unwrap_or(0));
    row.note = format!(
        "gateway {} + store {} CPU s/100k; {} messages a click{commands}; {} bytes a conversation; ready after {} ms",
        per_click(gateway_us),
        per_click(store_us),
        report::ratio(messages, run.answered),
        stand.bytes_each,
        report::ms(stand.ready_us)
    );
    Ok(row)
}

/// Waits until the messages of the clicks have come, so that their cost is counted too.
async fn drained(stand: &Stand, clicks: u64) -> anyhow::Result<()> {
    for _ in 0..200 {
        if stand.taken.borrow().messages * 10 >= clicks * 9 {
            return Ok(());
        }
        pause_ms(50).await;
    }
    anyhow::bail!(
        "G: {} messages for {clicks} clicks",
        stand.taken.borrow().messages
    )
}

/// 500 clicks a second, each of another customer; from the time a click was due to the message at the stub.
async fn click_to_message(plan: &Plan) -> anyhow::Result<Row> {
    let count = 500 * u32::try_from(plan.time.as_secs()).unwrap_or(1);
    let stand = Stand::up(Keeping::EverySecond, count, MANY_NUMBERS).await?;
    let lanes = 32;
    let requests = Arc::new(load::prepared(
        &Maker::of(unix_ms(), MANY_NUMBERS),
        0..count,
        0..1,
        lanes,
    ));
    let before = stand.cpu_us();
    let (run, start) = load::open(stand.address, &requests, Duration::from_millis(2)).await?;
    for _ in 0..100 {
        if stand.taken.borrow().messages >= u64::from(count) {
            break;
        }
        pause_ms(50).await;
    }
    let after = stand.cpu_us();
    let taken = stand.taken.borrow();
    let mut latencies = Latencies::default();
    let mut lost = 0;
    for place in 0..count {
        match taken.first_at.get(&super::clicks::Person(place).wa_id()) {
            Some(at) => {
                let due = start + Duration::from_millis(2) * place;
                latencies.add(u64::try_from(at.saturating_duration_since(due).as_micros()).unwrap_or(0));
            }
            None => lost += 1,
        }
    }
    anyhow::ensure!(
        run.refused == 0 && lost == 0,
        "E: {} clicks refused, {lost} messages missing",
        run.refused
    );
    anyhow::ensure!(
        latencies.len() == count as usize,
        "E: messages were counted twice"
    );
    let mut all = Run {
        answered: run.answered,
        refused: 0,
        elapsed_us: run.elapsed_us,
        latencies,
    };
    let mut row = Row::of(
        "E: click → message, 500 clicks/s, everysec",
        &mut all,
        after.0 + after.1 - before.0 - before.1,
    );
    (row.gateway_kb, row.store_kb) = (
        stand.gateway.rss_kb(),
        stand.redis.as_ref().map_or(0, Process::rss_kb),
    );
    row.note = format!("{} messages for {count} clicks", taken.messages);
    Ok(row)
}

/// The cost of a click with more conversations in the store, and what one takes there.
async fn scale(plan: &Plan, floor: &Row) -> anyhow::Result<()> {
    for people in [1_000, 10_000, 100_000, 1_000_000] {
        let name = format!("S: click, Redis everysec, 32 connections, {people} conversations");
        let scene = Scene {
            keeping: Keeping::EverySecond,
            connections: 32,
            people,
            active: ACTIVE.min(people),
            numbers: ONE_NUMBER,
        };
        report::row(&clicks(plan, &name, scene).await?, floor);
    }
    Ok(())
}
