//! The order of a run: the floor, the gateway under each store, the floor again. A run whose two floors differ by more than
//! 15 % in processor time per request is rejected: the machine was busy with something else.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use sacola::store::{Store, embedded, redis};

use super::clicks::Maker;
use super::load::{self, Run};
use super::measure::{Latencies, now, pause_ms, unix_ms};
use super::process::Process;
use super::report::{self, Row};
use super::stage::{self, Keeping};
use super::stub::{self, Taken};

const SERVER_CORE: usize = 0;
/// Customers who click at the same time; further conversations only lie in the store.
const ACTIVE: u32 = 2_000;
/// WhatsApp lets one business number carry 1,000 messages a second, in and out. With one number a flood of clicks is taken
/// and answered at that pace; with many, every click is answered at once.
const ONE_NUMBER: u32 = 1;
const MANY_NUMBERS: u32 = 32;
/// How far the two floors may lie apart, in per mille.
const FLOORS_APART: u64 = 150;

/// How long, how many, what.
struct Plan {
    time: Duration,
    people: u32,
    repeats: usize,
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
            large: false,
            peers: None,
            only: None,
        };
        let mut options = options.iter();
        while let Some(option) = options.next() {
            match *option {
                "--quick" => (plan.time, plan.repeats) = (Duration::from_secs(3), 1),
                "--large" => plan.large = true,
                "--peers" => plan.peers = options.next().map(ToString::to_string),
                "--only" => plan.only = options.next().map(ToString::to_string),
                other => {
                    anyhow::bail!("unknown option {other}: --quick, --large, --peers FOLDER, --only WORD")
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
    let before = floor(plan, "B0: reads 1 KB, checks the HMAC").await?;
    report::row(&before, &before);
    if plan.wants("R") {
        report::row(&floor_with_redis(plan).await?, &before);
    }
    if let Some(folder) = &plan.peers {
        report::row(&peer(plan, folder).await?, &before);
    }
    for (keeping, connections, numbers) in [
        (Keeping::EverySecond, 32, ONE_NUMBER),
        (Keeping::EverySecond, 256, ONE_NUMBER),
        (Keeping::Always, 32, ONE_NUMBER),
        (Keeping::Always, 256, ONE_NUMBER),
        (Keeping::Embedded, 32, ONE_NUMBER),
        (Keeping::Embedded, 256, ONE_NUMBER),
        (Keeping::EverySecond, 32, MANY_NUMBERS),
    ] {
        let what = if numbers == ONE_NUMBER {
            "S: click"
        } else {
            "G: click and its message"
        };
        let name = format!("{what}, {}, {connections} connections", keeping.name());
        if plan.wants(&name) {
            let scene = Scene {
                keeping,
                connections,
                people: plan.people,
                numbers,
            };
            report::row(&median(plan, &name, scene).await?, &before);
        }
    }
    if plan.wants("E") {
        report::row(&click_to_message(plan).await?, &before);
    }
    if plan.large {
        scale(plan, &before).await?;
    }
    let after = floor(plan, "B0 again").await?;
    report::row(&after, &before);
    let apart = before.cpu_ns.abs_diff(after.cpu_ns).saturating_mul(1_000) / before.cpu_ns.max(1);
    anyhow::ensure!(
        apart <= FLOORS_APART,
        "rejected: the floors lie {apart} per mille apart; run it again on a quiet machine"
    );
    report::line(&format!("accepted: the floors lie {apart} per mille apart"));
    Ok(())
}

fn maker(now_ms: i64, numbers: u32) -> Maker {
    Maker {
        addresses: stage::addresses(),
        keys: stage::keys(),
        numbers,
        run: u64::try_from(now_ms).unwrap_or(0),
        now_ms,
    }
}

fn free_port() -> anyhow::Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

async fn floor(plan: &Plan, name: &str) -> anyhow::Result<Row> {
    let port = free_port()?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("floor").arg(format!("127.0.0.1:{port}"));
    let server = Process::start("floor", command, SERVER_CORE)?;
    closed_on(plan, name, port, &server, None).await
}

async fn floor_with_redis(plan: &Plan) -> anyhow::Result<Row> {
    let (directory, port, redis_port) = (tempfile::tempdir()?, free_port()?, free_port()?);
    let redis = stage::redis(directory.path(), redis_port, Keeping::EverySecond).await?;
    let mut command = Command::new(std::env::current_exe()?);
    command
        .arg("floor")
        .arg(format!("127.0.0.1:{port}"))
        .arg(format!("redis://127.0.0.1:{redis_port}"));
    let server = Process::start("floor", command, SERVER_CORE)?;
    closed_on(
        plan,
        "R: B0 + one script call, everysec",
        port,
        &server,
        Some(&redis),
    )
    .await
}

/// Another receiver of webhooks, for comparison: it stores nothing.
async fn peer(plan: &Plan, folder: &str) -> anyhow::Result<Row> {
    let port = free_port()?;
    let mut command = Command::new("node");
    command
        .arg(format!("{folder}/whatsapp-api-js.mjs"))
        .arg(port.to_string())
        .arg(stage::APP_SECRET);
    let server = Process::start("node", command, SERVER_CORE)?;
    closed_on(
        plan,
        "whatsapp-api-js 6: checks the HMAC, stores nothing",
        port,
        &server,
        None,
    )
    .await
}

/// The floors get the same kind of bodies as the gateway, unique too.
async fn closed_on(
    plan: &Plan,
    name: &str,
    port: u16,
    server: &Process,
    redis: Option<&Process>,
) -> anyhow::Result<Row> {
    let address: SocketAddr = ([127, 0, 0, 1], port).into();
    wait_for(address).await?;
    let seconds = u32::try_from(plan.time.as_secs()).unwrap_or(1);
    let rounds = 1 + 13 * seconds;
    let requests = Arc::new(load::prepared(
        &maker(unix_ms(), ONE_NUMBER),
        0..plan.people,
        0..rounds,
        32,
    ));
    let cpu = |redis: Option<&Process>| server.cpu_us() + redis.map_or(0, Process::cpu_us);
    let before_us = cpu(redis);
    let mut run = load::closed(address, &requests, plan.time).await?;
    let mut row = Row::of(name, &mut run, cpu(redis) - before_us);
    anyhow::ensure!(
        run.refused == 0,
        "{name}: {} requests were not answered 200",
        run.refused
    );
    (row.gateway_kb, row.store_kb) = (server.rss_kb(), redis.map_or(0, Process::rss_kb));
    Ok(row)
}

async fn wait_for(address: SocketAddr) -> anyhow::Result<()> {
    for _ in 0..500 {
        if tokio::net::TcpStream::connect(address).await.is_ok() {
            return Ok(());
        }
        pause_ms(10).await;
    }
    anyhow::bail!("nobody answers on {address}")
}

/// Where clicks come from and where they are kept.
#[derive(Clone, Copy)]
struct Scene {
    keeping: Keeping,
    connections: usize,
    people: u32,
    numbers: u32,
}

/// A gateway on a seeded store, with a stub for the provider.
struct Stand {
    address: SocketAddr,
    gateway: Process,
    redis: Option<Process>,
    redis_port: u16,
    taken: Rc<RefCell<Taken>>,
    /// What each seeded conversation takes in the store, in bytes; 0 for the embedded one.
    bytes_each: u64,
    ready_us: u64,
    _directory: tempfile::TempDir,
}

impl Stand {
    async fn up(keeping: Keeping, people: u32, numbers: u32) -> anyhow::Result<Self> {
        let directory = tempfile::tempdir()?;
        let redis_port = free_port()?;
        let (redis, url) = if keeping == Keeping::Embedded {
            (
                None,
                format!("embedded:{}", directory.path().join("data").display()),
            )
        } else {
            let redis = stage::redis(directory.path(), redis_port, keeping).await?;
            (Some(redis), format!("redis://127.0.0.1:{redis_port}"))
        };
        let before = stage::memory(redis_port, keeping).await?;
        fill(&url, people, numbers).await.context("seeding")?;
        let after = stage::memory(redis_port, keeping).await?;
        let (graph_port, taken) = stub::start().await?;
        let config = directory.path().join("sacola.toml");
        std::fs::write(&config, stage::config(&url, graph_port, numbers))?;
        let (gateway, address, ready_us) = serve(&config)?;
        Ok(Self {
            address,
            gateway,
            redis,
            redis_port,
            bytes_each: (after.saturating_sub(before))
                .checked_div(u64::from(people))
                .unwrap_or(0),
            taken,
            ready_us,
            _directory: directory,
        })
    }

    fn cpu_us(&self) -> (u64, u64) {
        (
            self.gateway.cpu_us(),
            self.redis.as_ref().map_or(0, Process::cpu_us),
        )
    }
}

fn serve(config: &Path) -> anyhow::Result<(Process, SocketAddr, u64)> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sacola"));
    command
        .arg("serve")
        .arg("--config")
        .arg(config)
        .env("RUST_LOG", "error");
    let start = now();
    let mut gateway = Process::start("sacola", command, SERVER_CORE)?;
    let ready: serde_json::Value = serde_json::from_str(&gateway.first_line()?)?;
    let ready_us = super::measure::us_since(start);
    let public = ready
        .pointer("/listen")
        .and_then(serde_json::Value::as_str)
        .unwrap_or_default();
    let address = public
        .trim_start_matches("http://")
        .parse()
        .with_context(|| format!("no address in {ready}"))?;
    Ok((gateway, address, ready_us))
}

async fn fill(url: &str, people: u32, numbers: u32) -> anyhow::Result<()> {
    let store: Arc<dyn Store> = match url.strip_prefix("embedded:") {
        Some(directory) => Arc::new(embedded::open(Path::new(directory))?),
        None => Arc::new(redis::connect(url, redis::Options::default()).await?),
    };
    stage::seed(Arc::clone(&store), 0, people, numbers, unix_ms()).await?;
    store.close().await;
    Ok(())
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
    let Scene {
        keeping,
        connections,
        people,
        numbers,
    } = scene;
    let stand = Stand::up(keeping, people, numbers).await?;
    let seconds = u32::try_from(plan.time.as_secs()).unwrap_or(1);
    let active = people.min(ACTIVE);
    let rounds = 1 + seconds * 40_000 / active;
    let requests = Arc::new(load::prepared(
        &maker(unix_ms(), numbers),
        0..active,
        0..rounds,
        connections,
    ));
    stage::forget_commands(stand.redis_port, keeping).await?;
    let before = stand.cpu_us();
    let messages_before = stand.taken.borrow().messages;
    let mut run = load::closed(stand.address, &requests, plan.time).await?;
    let after = stand.cpu_us();
    let messages = stand.taken.borrow().messages - messages_before;
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
    let commands = stage::commands(stand.redis_port, keeping, run.answered).await?;
    row.note = format!(
        "gateway {} + store {} CPU s/100k; {messages} messages meanwhile{commands}; {} bytes a conversation; ready after {} ms",
        report::per_100k(
            gateway_us
                .saturating_mul(1_000)
                .checked_div(run.answered)
                .unwrap_or(0)
        ),
        report::per_100k(
            store_us
                .saturating_mul(1_000)
                .checked_div(run.answered)
                .unwrap_or(0)
        ),
        stand.bytes_each,
        report::ms(stand.ready_us)
    );
    Ok(row)
}

/// 500 clicks a second, each of another customer; from the time a click was due to the message at the stub.
async fn click_to_message(plan: &Plan) -> anyhow::Result<Row> {
    let count = 500 * u32::try_from(plan.time.as_secs()).unwrap_or(1);
    let stand = Stand::up(Keeping::EverySecond, count, MANY_NUMBERS).await?;
    let lanes = 32;
    let requests = Arc::new(load::prepared(
        &maker(unix_ms(), MANY_NUMBERS),
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
            numbers: ONE_NUMBER,
        };
        report::row(&clicks(plan, &name, scene).await?, floor);
    }
    Ok(())
}
