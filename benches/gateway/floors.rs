//! Rows of others: the floors, and a peer that stores nothing. They get the same kind of bodies as the gateway, unique too.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;

use super::clicks::Maker;
use super::load;
use super::measure::{pause_ms, unix_ms};
use super::plan::Plan;
use super::process::Process;
use super::report::Row;
use super::stage::{self, Keeping};
use super::stand::{SERVER_CORE, free_port};

/// B0 on so many connections.
pub async fn floor(plan: &Plan, name: &str, connections: usize) -> anyhow::Result<Row> {
    let port = free_port()?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("floor").arg(format!("127.0.0.1:{port}"));
    let server = Process::start("floor", &command, SERVER_CORE)?;
    closed_on(plan, name, connections, port, (&server, None)).await
}

pub async fn floor_with_redis(plan: &Plan) -> anyhow::Result<Row> {
    let (directory, port, redis_port) = (
        tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?,
        free_port()?,
        free_port()?,
    );
    let redis = stage::redis(directory.path(), redis_port, Keeping::EverySecond).await?;
    let mut command = Command::new(std::env::current_exe()?);
    command
        .arg("floor")
        .arg(format!("127.0.0.1:{port}"))
        .arg(format!("redis://127.0.0.1:{redis_port}"));
    let server = Process::start("floor", &command, SERVER_CORE)?;
    closed_on(
        plan,
        "R: B0 + one script call, everysec",
        32,
        port,
        (&server, Some(&redis)),
    )
    .await
}

/// Another receiver of webhooks, for comparison: it stores nothing.
pub async fn peer(plan: &Plan, folder: &str) -> anyhow::Result<Row> {
    let port = free_port()?;
    let mut command = Command::new("node");
    command
        .arg(format!("{folder}/whatsapp-api-js.mjs"))
        .arg(port.to_string())
        .arg(stage::APP_SECRET);
    let server = Process::start("node", &command, SERVER_CORE)?;
    closed_on(
        plan,
        "whatsapp-api-js 6: checks the HMAC, stores nothing",
        32,
        port,
        (&server, None),
    )
    .await
}

/// The floors get the same kind of bodies as the gateway, unique too.
async fn closed_on(
    plan: &Plan,
    name: &str,
    connections: usize,
    port: u16,
    (server, redis): (&Process, Option<&Process>),
) -> anyhow::Result<Row> {
    let address: SocketAddr = ([127, 0, 0, 1], port).into();
    wait_for(address).await?;
    let seconds = u32::try_from(plan.time.as_secs()).unwrap_or(1);
    let rounds = 1 + 13 * seconds;
    let requests = Arc::new(load::prepared(
        &Maker::of(unix_ms(), 1),
        0..plan.people,
        0..rounds,
        connections,
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
