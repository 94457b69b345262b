//! The store on Redis or Valkey (7.0 or newer): one server, the primary that Sentinels name, or a cluster. It owns keys, scripts,
//! connections and what an error of them means; it refuses to know what a state, an effect or a product says, never sends a
//! command twice when its outcome is unknown, and never lets a conversation, cart, lane or purchase expire.

mod catalog;
mod cluster;
mod commit;
mod confirm;
mod encode;
mod erase;
mod error;
mod facade;
mod health;
mod keys;
mod lanes;
mod letters;
mod link;
mod load;
mod looks;
mod net;
mod places;
mod records;
mod scripts;
mod search;
mod sentinel;
mod served;
mod server;
mod shards;
mod target;
mod values;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;

use crate::store::{Error, Retention};
use crate::tasks::Tasks;

/// How long [`RedisStore`] waits at its end for commits that are under way.
const CLOSE_GRACE_MS: u64 = 5000;

/// What can be chosen about a Redis store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Replicas that must confirm a commit, and whatever else is relied on, before it counts; 0: none are asked.
    pub wait_replicas: u32,
    /// Stands before every key, so that several stores share a server. May be empty; without braces.
    pub key_prefix: String,
    /// How long dialling may take.
    pub connect_timeout_ms: u64,
    /// How long an answer may take; at least a little longer than a primary waits for its replicas (1 s).
    pub answer_timeout_ms: u64,
    /// How long what ends by itself is kept.
    pub retention: Retention,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            wait_replicas: 0,
            key_prefix: String::new(),
            connect_timeout_ms: 1000,
            answer_timeout_ms: 2000,
            retention: Retention::default(),
        }
    }
}

/// The store on Redis.
pub struct RedisStore {
    inner: Arc<Inner>,
    commits: mpsc::Sender<commit::Waiting>,
    tasks: Tasks,
}

/// What the calls share; the store's methods are spread over this folder by subject.
struct Inner {
    net: Arc<net::Net>,
    keys: keys::Keys,
    scripts: scripts::Scripts,
    tokens: Tokens,
    wait_replicas: u32,
    retention: Retention,
    /// Where calls wait for their replicas; `None` when none are waited for.
    confirming: Option<confirm::Queue>,
}

/// Lease tokens: unique over all replicas and restarts.
struct Tokens {
    replica: String,
    next: AtomicU64,
}

impl Tokens {
    fn new() -> Result<Self, Error> {
        let random = getrandom::u64().map_err(|problem| Error::Unfit(format!("no randomness: {problem}")))?;
        Ok(Self {
            replica: format!("{random:016x}"),
            next: AtomicU64::new(0),
        })
    }

    fn fresh(&self) -> String {
        format!("{}-{}", self.replica, self.next.fetch_add(1, Ordering::Relaxed))
    }
}

/// Connects, checks that the server can be trusted with data, and starts taking commits.
pub async fn connect(url: &str, options: Options) -> Result<RedisStore, Error> {
    if options.key_prefix.contains(['{', '}']) {
        return Err(Error::Unfit(
            "the key prefix must not contain braces: they choose the cluster slot".to_owned(),
        ));
    }
    let limits = target::Limits {
        connect: Duration::from_millis(options.connect_timeout_ms.max(1)),
        answer: Duration::from_millis(options.answer_timeout_ms.max(net::WAIT_MS + 1)),
    };
    let target = target::Target::parse(url, limits)?;
    let watched = target.sentinels();
    let net = Arc::new(net::Net::open(target, limits).await?);
    let keys = keys::Keys::new(&options.key_prefix);
    let tasks = Tasks::new();
    let inner = Inner {
        confirming: confirming(&net, &keys, options.wait_replicas, &tasks),
        net,
        keys,
        scripts: scripts::Scripts::new(),
        tokens: Tokens::new()?,
        wait_replicas: options.wait_replicas,
        retention: options.retention,
    };
    inner.check_fitness().await?;
    let loaded = inner.net.commands(inner.scripts.load_commands()).await;
    if !inner.net.is_cluster() {
        // in a cluster one replica that is away must not keep us from starting: a missing script is sent in full
        drop(loaded?);
    }
    if let Some(sentinels) = watched {
        let config = target::connection_config(limits);
        tasks.spawn(
            "redis sentinels",
            sentinel::watch(sentinels, config, tasks.stop_token()),
        );
    }
    let inner = Arc::new(inner);
    let (commits, waiting) = commit::queue();
    tasks.spawn(
        "redis commits",
        commit::run(Arc::clone(&inner), waiting, tasks.stop_token()),
    );
    Ok(RedisStore {
        inner,
        commits,
        tasks,
    })
}

/// Starts confirming, if any replica is waited for.
fn confirming(
    net: &Arc<net::Net>,
    keys: &keys::Keys,
    replicas: u32,
    tasks: &Tasks,
) -> Option<confirm::Queue> {
    if replicas == 0 {
        return None;
    }
    let (queue, waiting) = confirm::queue();
    let confirmer = confirm::Confirmer {
        net: Arc::clone(net),
        keys: keys.clone(),
        replicas,
    };
    tasks.spawn(
        "redis confirmations",
        confirm::run(confirmer, waiting, tasks.stop_token()),
    );
    Some(queue)
}

impl RedisStore {
    /// The secret of that name; none is made.
    pub async fn kept_secret(&self, name: &str) -> Result<Option<String>, Error> {
        self.inner.kept_secret(name).await
    }
}

impl std::fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisStore")
            .field("cluster", &self.inner.net.is_cluster())
            .field("keys", &self.inner.keys)
            .field("wait_replicas", &self.inner.wait_replicas)
            .finish_non_exhaustive()
    }
}
