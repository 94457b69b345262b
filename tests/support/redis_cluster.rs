//! A real Redis cluster on loopback: three primaries and a replica of each, which can be frozen, killed and started again, and
//! whose slots can be moved. Its calls block: they are for a test's own thread.

use std::io::{Error, ErrorKind, Result};
use std::process::Command;
use std::time::Duration;

use super::redis_server::{AppendOnly, RedisServer};

const NODES: usize = 6;
const SETTINGS: [&str; 12] = [
    "--cluster-enabled",
    "yes",
    "--cluster-config-file",
    "nodes.conf",
    // a primary counts as dead after so many milliseconds: longer than a slow machine lets a living one stand still
    "--cluster-node-timeout",
    "5000",
    "--cluster-require-full-coverage",
    "no",
    "--cluster-allow-replica-migration",
    "no",
    "--repl-diskless-sync-delay",
    "0",
];
const POLL: Duration = Duration::from_millis(50);
/// A minute in all.
const POLLS: usize = 1200;

/// A node by its place in the cluster; it keeps it when it changes its part.
pub type Node = usize;

/// The cluster. Its servers end with it.
#[derive(Debug)]
pub struct RedisCluster {
    nodes: Vec<RedisServer>,
}

/// A node as another one sees it.
#[derive(Debug)]
struct Seen {
    port: u16,
    /// The id of its primary; `-` when it is one.
    of: String,
    slots: Vec<(u16, u16)>,
}

impl RedisCluster {
    /// Starts it and waits until all slots are served and all replicas have what their primaries have.
    pub fn start() -> Result<Self> {
        let mut nodes = Vec::with_capacity(NODES);
        for _ in 0..NODES {
            nodes.push(RedisServer::start_with(AppendOnly::No, &SETTINGS)?);
        }
        let cluster = Self { nodes };
        let mut arguments = vec!["--cluster".to_owned(), "create".to_owned()];
        arguments.extend((0..NODES).map(|node| cluster.address(node)));
        arguments.extend(["--cluster-replicas", "1", "--cluster-yes"].map(str::to_owned));
        run(&arguments)?;
        for node in 0..NODES {
            until("a node sees the whole cluster", || {
                let info = cluster.ask(node, &["cluster", "info"])?;
                let followers = cluster
                    .seen_by(node)?
                    .iter()
                    .filter(|seen| seen.of != "-")
                    .count();
                Ok(info.contains("cluster_state:ok")
                    && info.contains("cluster_slots_ok:16384")
                    && followers == NODES / 2)
            })?;
        }
        for replica in NODES / 2..NODES {
            cluster.awaits_link(replica)?;
        }
        Ok(cluster)
    }

    /// Where to connect.
    pub fn url(&self) -> String {
        let all: Vec<String> = (0..NODES).map(|node| self.address(node)).collect();
        format!("redis+cluster://{}", all.join(","))
    }

    /// The primary that has a slot.
    pub fn holder(&self, slot: u16) -> Result<Node> {
        let seen = self.seen()?;
        let holder = seen.iter().find(|node| {
            let mut ranges = node.slots.iter();
            ranges.any(|(first, last)| (*first..=*last).contains(&slot))
        });
        self.place(holder, "no node has the slot")
    }

    /// The replica of a primary.
    pub fn replica_of(&self, primary: Node) -> Result<Node> {
        let seen = self.seen()?;
        let id = self.id(primary)?;
        self.place(seen.iter().find(|node| node.of == id), "it has no replica")
    }

    /// Stops a node where it stands.
    pub fn freeze(&self, node: Node) -> Result<()> {
        self.nodes[node].freeze()
    }

    /// Lets it go on.
    pub fn thaw(&self, node: Node) -> Result<()> {
        self.nodes[node].thaw()
    }

    /// Ends a node as a crash would.
    pub fn kill(&mut self, node: Node) -> Result<()> {
        self.nodes[node].kill()
    }

    /// Starts a node again and waits until it is a replica that has what its primary has.
    pub fn restart_as_replica(&mut self, node: Node) -> Result<()> {
        self.nodes[node].restart()?;
        self.awaits_link(node)
    }

    /// Waits until a replica has become a primary that serves.
    pub fn awaits_promotion(&self, replica: Node) -> Result<()> {
        until("a replica is promoted", || {
            let is_primary = self.ask(replica, &["role"])?.starts_with("master");
            Ok(is_primary
                && self
                    .ask(replica, &["cluster", "info"])?
                    .contains("cluster_state:ok"))
        })
    }

    /// Moves so many slots from one primary to another while both serve.
    pub fn moves_slots(&self, from: Node, to: Node, slots: u16) -> Result<()> {
        let (source, target) = (self.id(from)?, self.id(to)?);
        let arguments = [
            "--cluster".to_owned(),
            "reshard".to_owned(),
            self.address(from),
            "--cluster-from".to_owned(),
            source,
            "--cluster-to".to_owned(),
            target,
            "--cluster-slots".to_owned(),
            slots.to_string(),
            "--cluster-yes".to_owned(),
        ];
        run(&arguments)?;
        until("all nodes agree who has the slots", || {
            run(&["--cluster".to_owned(), "check".to_owned(), self.address(from)]).map(|_| true)
        })
    }

    /// Begins to move a slot: from now on its keys may go one by one.
    pub fn opens_slot(&self, slot: u16, from: Node, to: Node) -> Result<()> {
        let (source, target, slot) = (self.id(from)?, self.id(to)?, slot.to_string());
        self.does(to, &["cluster", "setslot", &slot, "importing", &source])?;
        self.does(from, &["cluster", "setslot", &slot, "migrating", &target])
    }

    /// Moves those keys of a slot whose names the test wants to go.
    pub fn moves_keys(
        &self,
        slot: u16,
        from: Node,
        to: Node,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<usize> {
        let text = self.ask(from, &["cluster", "getkeysinslot", &slot.to_string(), "1000"])?;
        let keys: Vec<&str> = text
            .lines()
            .filter(|key| !key.is_empty() && wanted(key))
            .collect();
        let port = self.nodes[to].port().to_string();
        for key in &keys {
            self.does(from, &["migrate", "127.0.0.1", &port, key, "0", "5000"])?;
        }
        Ok(keys.len())
    }

    /// Ends the move of a slot that has no key left at its old node.
    pub fn closes_slot(&self, slot: u16, from: Node, to: Node) -> Result<()> {
        let (target, slot) = (self.id(to)?, slot.to_string());
        for node in [to, from] {
            self.does(node, &["cluster", "setslot", &slot, "node", &target])?;
        }
        Ok(())
    }

    /// Waits until a replica has what its primary has.
    fn awaits_link(&self, replica: Node) -> Result<()> {
        until("a replica follows its primary", || {
            let info = self.ask(replica, &["info", "replication"])?;
            Ok(info.contains("master_link_status:up"))
        })
    }

    fn address(&self, node: Node) -> String {
        format!("127.0.0.1:{}", self.nodes[node].port())
    }

    fn id(&self, node: Node) -> Result<String> {
        Ok(self.ask(node, &["cluster", "myid"])?.trim().to_owned())
    }

    fn place(&self, seen: Option<&Seen>, otherwise: &str) -> Result<Node> {
        let port = seen.ok_or_else(|| Error::other(otherwise.to_owned()))?.port;
        let place = self.nodes.iter().position(|node| node.port() == port);
        place.ok_or_else(|| Error::other("a node that is not ours".to_owned()))
    }

    /// The cluster as its first node sees it.
    fn seen(&self) -> Result<Vec<Seen>> {
        self.seen_by(0)
    }

    fn seen_by(&self, node: Node) -> Result<Vec<Seen>> {
        let text = self.ask(node, &["cluster", "nodes"])?;
        text.lines()
            .filter(|line| !line.trim().is_empty())
            .map(|line| read(line).ok_or_else(|| Error::other(format!("CLUSTER NODES: {line}"))))
            .collect()
    }

    /// A command that answers OK.
    fn does(&self, node: Node, command: &[&str]) -> Result<()> {
        let answer = self.ask(node, command)?;
        if answer.trim() == "OK" {
            return Ok(());
        }
        Err(Error::other(format!("{command:?}: {answer}")))
    }

    fn ask(&self, node: Node, command: &[&str]) -> Result<String> {
        let mut arguments = vec!["-p".to_owned(), self.nodes[node].port().to_string()];
        arguments.extend(command.iter().map(|&word| word.to_owned()));
        run(&arguments)
    }
}

/// A line of CLUSTER NODES: id, address, flags, primary, ping, pong, epoch, link, slots.
fn read(line: &str) -> Option<Seen> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let address = words.get(1)?.split(['@', ',']).next()?;
    let ranges = words.get(8..).unwrap_or_default().iter();
    Some(Seen {
        port: address.rsplit(':').next()?.parse().ok()?,
        of: (*words.get(3)?).to_owned(),
        slots: ranges.filter_map(|range| slots(range)).collect(),
    })
}

/// `5` or `5-9`; a slot on its way, in brackets, is none.
fn slots(range: &str) -> Option<(u16, u16)> {
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    Some((first.parse().ok()?, last.parse().ok()?))
}

fn run(arguments: &[String]) -> Result<String> {
    let done = Command::new("redis-cli")
        .args(arguments)
        .output()
        .map_err(|error| {
            Error::new(
                error.kind(),
                format!("redis-cli can't be started, is it installed (Debian: redis-tools)? {error}"),
            )
        })?;
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    if done.status.success() {
        return Ok(text);
    }
    let problem = String::from_utf8_lossy(&done.stderr);
    Err(Error::other(format!("redis-cli {arguments:?}: {text}{problem}")))
}

pub(super) fn until(what: &str, is_so: impl Fn() -> Result<bool>) -> Result<()> {
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
