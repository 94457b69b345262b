//! What the server says of itself, what a 200 therefore means, and whether it may be used at all.

use std::collections::BTreeMap;

use redis::{Cmd, Value};

use crate::store::{Error, Health};

use super::Inner;
use super::error::reading;
use super::values::read;

const FORMAT: &str = "2";
const OLDEST_MAJOR: u32 = 7;

/// One server's answer to INFO and CONFIG GET.
struct Facts {
    info: BTreeMap<String, String>,
    /// `None` when the server does not let us ask.
    appendfsync: Option<String>,
}

impl Inner {
    /// Refuses a server that would lose or mix up data; called once, at connect.
    pub(super) async fn check_fitness(&self) -> Result<(), Error> {
        for server in self.ask_servers().await? {
            server.check(self.net.is_cluster())?;
        }
        self.check_format().await
    }

    async fn check_format(&self) -> Result<(), Error> {
        let mut read_format = redis::cmd("GET");
        read_format.arg(self.keys.format());
        let mut found: Option<String> = read(reading(self.net.command(read_format).await)?, "format")?;
        if found.is_none() {
            let mut claim = redis::cmd("SET");
            claim.arg(self.keys.format()).arg(FORMAT).arg("NX").arg("GET");
            found = read(self.net.command(claim).await?, "format")?;
        }
        match found {
            Some(other) if other != FORMAT => Err(Error::Unfit(format!(
                "the store was written in format {other}, this version reads format {FORMAT}: run the version that wrote \
                 it, or give another key prefix"
            ))),
            _ => Ok(()),
        }
    }

    /// Two trips: the questions go to every server, the write to one.
    pub(super) async fn health(&self) -> Result<Health, Error> {
        let servers = self.ask_servers().await?;
        let mut warnings: Vec<String> = Vec::new();
        for server in &servers {
            server.warn(self.wait_replicas, &mut warnings);
        }
        let writable = match self.probe().await {
            Ok(()) => true,
            Err(error) => {
                warnings.push(format!("a write was tried and failed: {error}"));
                false
            }
        };
        warnings.dedup();
        Ok(Health {
            engine: "redis".to_owned(),
            version: servers.first().map(Facts::version).unwrap_or_default(),
            writable,
            durability: durability(&servers, self.wait_replicas),
            memory_percent: servers.iter().filter_map(Facts::memory_percent).max(),
            warnings,
        })
    }

    async fn probe(&self) -> Result<(), Error> {
        let mut command = redis::cmd("SET");
        command.arg(self.keys.probe()).arg("1").arg("PX").arg(60_000);
        self.net.command(command).await.map(drop)
    }

    async fn ask_servers(&self) -> Result<Vec<Facts>, Error> {
        let mut config: Cmd = redis::cmd("CONFIG");
        config.arg("GET").arg("appendfsync");
        let mut answers = self
            .net
            .survey(vec![redis::cmd("INFO"), config])
            .await
            .into_iter();
        let infos = reading(answers.next().unwrap_or_else(|| Ok(Vec::new())))?;
        // some hosted servers forbid CONFIG: then the warning says that it is not known
        let mut configs = answers
            .next()
            .and_then(Result::ok)
            .unwrap_or_default()
            .into_iter();
        let mut servers = Vec::with_capacity(infos.len());
        for info in infos {
            let info = parse_info(&read::<String>(info, "INFO")?);
            servers.push(Facts {
                info,
                appendfsync: configs.next().and_then(second),
            });
        }
        if servers.is_empty() {
            return Err(Error::Unavailable("no server answered INFO".to_owned()));
        }
        Ok(servers)
    }
}

fn second(pair: Value) -> Option<String> {
    let pair: Vec<String> = read(pair, "CONFIG").ok()?;
    pair.into_iter().nth(1)
}

fn parse_info(text: &str) -> BTreeMap<String, String> {
    let pairs = text.lines().filter_map(|line| line.trim_end().split_once(':'));
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

impl Facts {
    fn get(&self, name: &str) -> &str {
        self.info.get(name).map_or("", String::as_str)
    }

    fn number(&self, name: &str) -> u64 {
        self.get(name).parse().unwrap_or(0)
    }

    fn version(&self) -> String {
        let valkey = self.get("valkey_version");
        if valkey.is_empty() {
            self.get("redis_version").to_owned()
        } else {
            format!("valkey {valkey}")
        }
    }

    fn check(&self, as_cluster: bool) -> Result<(), Error> {
        let version = self.get("redis_version");
        let major = version
            .split('.')
            .next()
            .and_then(|major| major.parse::<u32>().ok())
            .unwrap_or(0);
        if major < OLDEST_MAJOR {
            return Err(Error::Unfit(format!(
                "the server is version {version}: use Redis 7.0 or newer, or Valkey"
            )));
        }
        let policy = self.get("maxmemory_policy");
        if !policy.is_empty() && policy != "noeviction" {
            return Err(Error::Unfit(format!(
                "the server may throw data away when its memory is full (maxmemory-policy {policy}): set maxmemory-policy \
                 noeviction"
            )));
        }
        if self.get("cluster_enabled") == "1" && !as_cluster {
            let text = "the server is a cluster node: use a redis+cluster:// URL";
            return Err(Error::Unfit(text.to_owned()));
        }
        Ok(())
    }

    fn appends(&self) -> bool {
        self.get("aof_enabled") == "1"
    }

    fn memory_percent(&self) -> Option<u32> {
        let limit = self.number("maxmemory");
        let used = self.number("used_memory").saturating_mul(100);
        used.checked_div(limit)
            .map(|percent| u32::try_from(percent).unwrap_or(u32::MAX))
    }

    fn warn(&self, wait_replicas: u32, warnings: &mut Vec<String>) {
        let mut warn = |text: String| warnings.push(text);
        if !self.appends() {
            warn("the append-only file is off: a restart of the server may lose answered events".to_owned());
        } else if self.appendfsync.is_none() {
            warn("the server does not let us read appendfsync: durability is not known".to_owned());
        }
        if self.get("aof_last_write_status") == "err" {
            warn("the server's last write to its append-only file failed".to_owned());
        }
        if self.get("role") == "slave" {
            warn("this server is a replica and takes no writes".to_owned());
        }
        let replicas = self.number("connected_slaves");
        if replicas < u64::from(wait_replicas) {
            warn(format!(
                "{replicas} replicas are connected, {wait_replicas} are waited for"
            ));
        }
        if let Some(percent) = self.memory_percent().filter(|percent| *percent >= 80) {
            warn(format!(
                "memory is {percent} % full: bulk messages stop first, then new events are refused"
            ));
        }
    }
}

/// The weakest server decides.
fn durability(servers: &[Facts], wait_replicas: u32) -> String {
    let fsync = |server: &Facts| server.appendfsync.clone().unwrap_or_default();
    let on_disk = if servers.iter().any(|server| !server.appends()) {
        "in the server's memory only: a crash of the server loses what its last snapshot does not hold"
    } else if servers.iter().all(|server| fsync(server) == "always") {
        "on the server's disk (append-only file, flushed before each answer): it survives a power cut"
    } else if servers.iter().any(|server| fsync(server) == "no") {
        "in the server's append-only file, flushed when the system likes: a power cut may lose many seconds"
    } else if servers.iter().any(|server| server.appendfsync.is_none()) {
        "in the server's append-only file; how often it is flushed is not known"
    } else {
        "in the server's append-only file, flushed every second: it survives a crash of the server, a power cut may lose \
         up to two seconds"
    };
    if wait_replicas == 0 {
        return format!("A 200 means: {on_disk}.");
    }
    format!("A 200 means: {on_disk}; and received by at least {wait_replicas} of its replicas.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(info: &str, appendfsync: Option<&str>) -> Facts {
        Facts {
            info: parse_info(info),
            appendfsync: appendfsync.map(str::to_owned),
        }
    }

    #[test]
    fn what_would_lose_data_is_refused_with_a_mend() {
        let fit = server("redis_version:7.0.15\r\nmaxmemory_policy:noeviction\r\n", None);
        assert!(fit.check(false).is_ok());
        for info in [
            "redis_version:6.2.1",
            "redis_version:7.2.0\r\nmaxmemory_policy:allkeys-lru",
            "redis_version:7.2.0\r\ncluster_enabled:1",
        ] {
            assert!(
                matches!(server(info, None).check(false), Err(Error::Unfit(_))),
                "{info}"
            );
        }
    }

    #[test]
    fn memory_is_a_share_of_the_limit() {
        assert_eq!(
            server("used_memory:50\r\nmaxmemory:0", None).memory_percent(),
            None
        );
        assert_eq!(
            server("used_memory:50\r\nmaxmemory:200", None).memory_percent(),
            Some(25)
        );
    }

    #[test]
    fn durability_names_the_weakest_server() {
        let safe = server("aof_enabled:1", Some("always"));
        let unsafe_one = server("aof_enabled:0", Some("always"));
        assert!(durability(&[safe], 0).contains("survives a power cut"));
        let safe = server("aof_enabled:1", Some("always"));
        assert!(durability(&[safe, unsafe_one], 1).contains("memory only"));
    }
}
