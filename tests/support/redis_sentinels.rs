//! Three real Redis Sentinels on loopback that watch one primary and let its replica take over.

use std::io::{Error, ErrorKind, Result};
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::redis_server::{PATIENCE, RedisServer, Running, ask, free_port};

const SENTINELS: usize = 3;
/// The name of the primary.
pub const NAME: &str = "main";
const POLL: Duration = Duration::from_millis(50);
/// A minute in all.
const POLLS: usize = 1200;
const PORTS_TRIED: usize = 20;

/// The Sentinels. They end with it.
#[derive(Debug)]
pub struct RedisSentinels {
    sentinels: Vec<Sentinel>,
}

#[derive(Debug)]
struct Sentinel {
    port: u16,
    _directory: TempDir,
    running: Running,
}

impl RedisSentinels {
    /// Starts them, and waits until each knows the others and the replicas of `primary`: only then can they agree.
    pub fn watching(primary: &RedisServer) -> Result<Self> {
        let mut sentinels = Vec::with_capacity(SENTINELS);
        for _ in 0..SENTINELS {
            sentinels.push(Sentinel::start(primary.port())?);
        }
        let all = Self { sentinels };
        for sentinel in &all.sentinels {
            until("a Sentinel knows the others and the replica", || {
                let seen = sentinel.asks("INFO sentinel")?;
                Ok(seen.contains("status=ok") && seen.contains("slaves=1,sentinels=3"))
            })?;
        }
        Ok(all)
    }

    /// Where to connect.
    pub fn url(&self) -> String {
        let hosts: Vec<String> = self
            .sentinels
            .iter()
            .map(|sentinel| format!("127.0.0.1:{}", sentinel.port))
            .collect();
        format!("redis+sentinel://{}/{NAME}", hosts.join(","))
    }

    /// Ends the first of them, as a crash would.
    pub fn kill_one(&mut self) -> Result<()> {
        if self.sentinels.is_empty() {
            return Err(Error::new(ErrorKind::NotFound, "no Sentinel runs"));
        }
        drop(self.sentinels.remove(0));
        Ok(())
    }

    /// Has the replica take over although the primary is well.
    pub fn hand_over(&self) -> Result<()> {
        let asked = self
            .sentinels
            .last()
            .map(|one| one.asks(&format!("SENTINEL FAILOVER {NAME}")));
        match asked {
            Some(Ok(answer)) if answer == "+OK" => Ok(()),
            other => Err(Error::other(format!("SENTINEL FAILOVER: {other:?}"))),
        }
    }

    /// Waits until all of them name that server.
    pub fn await_primary(&self, server: &RedisServer) -> Result<()> {
        let address = format!("address=127.0.0.1:{},", server.port());
        for sentinel in &self.sentinels {
            until("a Sentinel names the new primary", || {
                Ok(sentinel.asks("INFO sentinel")?.contains(&address))
            })?;
        }
        Ok(())
    }
}

impl Sentinel {
    fn start(primary: u16) -> Result<Self> {
        let mut last = Error::other("no port was tried");
        for _ in 0..PORTS_TRIED {
            let port = free_port()?;
            let directory = tempfile::tempdir()?;
            let file = directory.path().join("sentinel.conf");
            let text = format!(
                "port {port}\nbind 127.0.0.1\ndir {}\nsentinel monitor {NAME} 127.0.0.1 {primary} 2\nsentinel \
                 down-after-milliseconds {NAME} 1000\nsentinel failover-timeout {NAME} 10000\n",
                directory.path().display()
            );
            std::fs::write(&file, text)?;
            let process = Command::new("redis-server")
                .arg(&file)
                .arg("--sentinel")
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()?;
            match Running::answering(process, port) {
                Ok(running) => {
                    return Ok(Self {
                        port,
                        _directory: directory,
                        running,
                    });
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn asks(&self, command: &str) -> Result<String> {
        ask(self.port, command, PATIENCE)
    }
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        drop(self.running.end());
    }
}

fn until(what: &str, is_so: impl Fn() -> Result<bool>) -> Result<()> {
    for _ in 0..POLLS {
        if is_so().unwrap_or(false) {
            return Ok(());
        }
        std::thread::sleep(POLL);
    }
    Err(Error::new(
        ErrorKind::TimedOut,
        format!("it never was so that {what}"),
    ))
}
