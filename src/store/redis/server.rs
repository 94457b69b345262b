//! What one server says of itself and what follows: may it be used, what does a 200 survive on it, what should the person on
//! call know. It refuses to ask: that is `health`'s.

use std::collections::{BTreeMap, BTreeSet};

use crate::store::{Error, Level, Loss};

const OLDEST_MAJOR: u32 = 7;

/// One server's answers to INFO and CONFIG GET.
pub(super) struct Facts {
    info: BTreeMap<String, String>,
    /// How the append-only file is flushed; `None` when the server does not let us ask.
    appendfsync: Option<String>,
    /// True when flushing rests while the append-only file is rewritten.
    rests_on_rewrite: bool,
}

impl Facts {
    /// Reads the text of INFO, and names and values of CONFIG GET, one after the other.
    pub(super) fn of(info: &str, settings: Option<&[String]>) -> Self {
        let pairs = info.lines().filter_map(|line| line.trim_end().split_once(':'));
        let setting = |name: &str| {
            let mut named = settings.unwrap_or_default().chunks_exact(2);
            named.find_map(|pair| match pair {
                [key, value] if key == name => Some(value.clone()),
                _ => None,
            })
        };
        Self {
            info: pairs
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            appendfsync: setting("appendfsync"),
            rests_on_rewrite: setting("no-appendfsync-on-rewrite").is_some_and(|value| value == "yes"),
        }
    }

    fn get(&self, name: &str) -> &str {
        self.info.get(name).map_or("", String::as_str)
    }

    fn number(&self, name: &str) -> u64 {
        self.get(name).parse().unwrap_or(0)
    }

    pub(super) fn version(&self) -> String {
        let valkey = self.get("valkey_version");
        if valkey.is_empty() {
            self.get("redis_version").to_owned()
        } else {
            format!("valkey {valkey}")
        }
    }

    /// Refuses a server that would lose or mix up data; the text names the mend.
    pub(super) fn check(&self, as_cluster: bool) -> Result<(), Error> {
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
        if self.evicts() {
            return Err(Error::Unfit(self.eviction()));
        }
        if self.get("cluster_enabled") == "1" && !as_cluster {
            let text = "the server is a cluster node: use a redis+cluster:// URL";
            return Err(Error::Unfit(text.to_owned()));
        }
        Ok(())
    }

    fn evicts(&self) -> bool {
        let policy = self.get("maxmemory_policy");
        !policy.is_empty() && policy != "noeviction"
    }

    fn eviction(&self) -> String {
        format!(
            "the server may throw data away when its memory is full (maxmemory-policy {}): set maxmemory-policy noeviction",
            self.get("maxmemory_policy")
        )
    }

    fn appends(&self) -> bool {
        self.get("aof_enabled") == "1"
    }

    /// What is answered is in a file that outlives the process, and nothing throws it away.
    fn keeps(&self) -> bool {
        self.appends() && !self.evicts()
    }

    /// What is answered is on the disk.
    fn flushes(&self) -> bool {
        self.appendfsync.as_deref() == Some("always") && !self.rests_on_rewrite
    }

    pub(super) fn memory_percent(&self) -> Option<u32> {
        let limit = self.number("maxmemory");
        let used = self.number("used_memory").saturating_mul(100);
        used.checked_div(limit)
            .map(|percent| u32::try_from(percent).unwrap_or(u32::MAX))
    }

    /// Adds what the person on call should know, each with its mend.
    pub(super) fn warn(&self, wait_replicas: u32, warnings: &mut Vec<String>) {
        let mut warn = |text: String| warnings.push(text);
        if self.evicts() {
            warn(self.eviction());
        }
        if !self.appends() {
            let text = "the append-only file is off: a restart of the server may lose answered events; set appendonly yes";
            warn(text.to_owned());
        } else if self.appendfsync.is_none() {
            let text = "the server does not let us read appendfsync: whether a 200 survives a power cut is not known; allow \
                        CONFIG GET to this user (ACL: +config|get)";
            warn(text.to_owned());
        } else if self.rests_on_rewrite {
            let text = "nothing is flushed while the append-only file is rewritten: set no-appendfsync-on-rewrite no";
            warn(text.to_owned());
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

/// What a 200 is known to survive; the weakest server decides. A primary without an append-only file survives nothing, its
/// replicas' copies included: when it starts again empty, they follow it.
pub(super) fn survives(servers: &[Facts], wait_replicas: u32) -> BTreeSet<Loss> {
    let mut survives = BTreeSet::new();
    if !servers.iter().all(Facts::keeps) {
        return survives;
    }
    survives.insert(Loss::ProcessDeath);
    if servers.iter().all(Facts::flushes) {
        survives.insert(Loss::PowerLoss);
    }
    if wait_replicas > 0 {
        survives.insert(Loss::PrimaryLoss);
    }
    survives
}

/// The same in a word.
pub(super) fn level(servers: &[Facts], wait_replicas: u32) -> Level {
    let found = Level::of(&survives(servers, wait_replicas));
    let is_known = servers.iter().all(|server| server.appendfsync.is_some());
    if found == Level::ProcessDeath && !is_known {
        Level::Unknown
    } else {
        found
    }
}

/// The same in a sentence.
pub(super) fn durability(servers: &[Facts], wait_replicas: u32) -> String {
    let on_disk = if servers.iter().any(Facts::evicts) {
        "in the server until its memory is full: then it throws away what it likes"
    } else if servers.iter().any(|server| !server.appends()) {
        "in the server's memory only: a crash of the server loses what its last snapshot does not hold"
    } else if servers.iter().all(Facts::flushes) {
        "on the server's disk (append-only file, flushed before each answer): it survives a power cut"
    } else if servers
        .iter()
        .any(|server| server.appendfsync.as_deref() == Some("no"))
    {
        "in the server's append-only file, flushed when the system likes: a power cut may lose many seconds"
    } else if servers.iter().any(|server| server.appendfsync.is_none()) {
        "in the server's append-only file; how often it is flushed is not known"
    } else if servers.iter().any(|server| server.rests_on_rewrite) {
        "in the server's append-only file, not flushed while that is rewritten: a power cut then may lose all of that time"
    } else {
        "in the server's append-only file, flushed every second: it survives a crash of the server, a power cut may lose \
         up to two seconds"
    };
    if wait_replicas == 0 {
        return format!("a 200 means: {on_disk}");
    }
    format!(
        "a 200 means: {on_disk}; and received by at least {wait_replicas} of the primary's replicas: it survives the loss \
         of the primary when such a one takes its place"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(info: &str, appendfsync: Option<&str>) -> Facts {
        let settings = appendfsync.map(|value| ["appendfsync".to_owned(), value.to_owned()]);
        Facts::of(info, settings.as_ref().map(<[String; 2]>::as_slice))
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
    fn each_setting_has_its_level() {
        let appending = "aof_enabled:1";
        for (info, appendfsync, wait_replicas, expected) in [
            (appending, Some("always"), 0, "power_loss"),
            (appending, Some("everysec"), 0, "process_death"),
            (appending, Some("no"), 0, "process_death"),
            (appending, None, 0, "unknown"),
            (appending, Some("everysec"), 1, "primary_loss"),
            (appending, None, 2, "primary_loss"),
            ("aof_enabled:0", Some("always"), 0, "none"),
            ("aof_enabled:0", None, 0, "none"),
            ("aof_enabled:0", Some("always"), 1, "none"),
            (
                "aof_enabled:1\r\nmaxmemory_policy:volatile-ttl",
                Some("always"),
                1,
                "none",
            ),
        ] {
            let found = level(&[server(info, appendfsync)], wait_replicas);
            assert_eq!(found.word(), expected, "{info} {appendfsync:?} {wait_replicas}");
        }
    }

    #[test]
    fn a_replica_is_no_stand_in_for_a_flush() {
        let everysec = survives(&[server("aof_enabled:1", Some("everysec"))], 1);
        assert!(everysec.contains(&Loss::PrimaryLoss) && !everysec.contains(&Loss::PowerLoss));
        let always = survives(&[server("aof_enabled:1", Some("always"))], 1);
        assert_eq!(always.len(), 3);
        let settings = ["appendfsync", "always", "no-appendfsync-on-rewrite", "yes"].map(str::to_owned);
        let resting = Facts::of("aof_enabled:1", Some(settings.as_slice()));
        assert!(durability(std::slice::from_ref(&resting), 0).contains("rewritten"));
        assert_eq!(level(&[resting], 0), Level::ProcessDeath);
    }

    #[test]
    fn the_weakest_server_decides() {
        let safe = || server("aof_enabled:1", Some("always"));
        let unsafe_one = server("aof_enabled:0", Some("always"));
        assert!(durability(&[safe()], 0).contains("survives a power cut"));
        let both = [safe(), unsafe_one];
        assert!(durability(&both, 1).contains("memory only"));
        assert_eq!(level(&both, 1), Level::None);
    }
}
