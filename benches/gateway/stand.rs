//! A gateway on a seeded store, with a stub for the provider: what the rows of clicks are measured on.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::rc::Rc;
use std::sync::Arc;

use anyhow::Context;
use sacola::store::{Store, embedded, redis};

use super::measure::{now, unix_ms};
use super::process::Process;
use super::stage::{self, Keeping};
use super::stub::{self, Taken};

/// The core of all servers; load and stub have the other.
pub const SERVER_CORE: usize = 0;

/// A port that is free now.
pub fn free_port() -> anyhow::Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Where clicks come from and where they are kept.
#[derive(Clone, Copy)]
pub struct Scene {
    pub keeping: Keeping,
    pub connections: usize,
    /// Conversations in the store.
    pub people: u32,
    /// Of whom so many click, one after the other.
    pub active: u32,
    pub numbers: u32,
}

/// A gateway on a seeded store, with a stub for the provider.
pub struct Stand {
    pub address: SocketAddr,
    pub gateway: Process,
    pub redis: Option<Process>,
    pub redis_port: u16,
    pub taken: Rc<RefCell<Taken>>,
    /// What each seeded conversation takes in the store, in bytes; 0 for the embedded one.
    pub bytes_each: u64,
    pub ready_us: u64,
    _directory: tempfile::TempDir,
}

impl Stand {
    pub async fn up(keeping: Keeping, people: u32, numbers: u32) -> anyhow::Result<Self> {
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
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

    /// Processor time of gateway and store so far, in microseconds.
    pub fn cpu_us(&self) -> (u64, u64) {
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
    let mut gateway = Process::start("sacola", &command, SERVER_CORE)?;
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
