//! Where a connection to one server leads: to a fixed address, or to the primary that the Sentinels name when it is dialled. It
//! refuses to keep connections: each dial asks anew, so that a caller who goes away in the midst leaves nothing behind.

use std::collections::BTreeMap;
use std::fmt::{Display, Formatter};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::stream::{FuturesUnordered, StreamExt};
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, ErrorKind, IntoConnectionInfo,
    ProtocolVersion, RedisError,
};
use tokio_util::sync::CancellationToken;
use url::form_urlencoded;

use crate::store::Error;
use crate::tasks::Streak;

use super::target::{tcp, unreadable};

/// The port of a Sentinel that is given without one (Redis documentation, "High availability with Redis Sentinel").
const PORT: u16 = 26379;

/// How often Sentinels are asked while all is well.
const LOOK: Duration = Duration::from_secs(1);

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    host: String,
    port: u16,
}

impl Display for Place {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// What stands at the place that Sentinels name.
enum Reached {
    Primary(MultiplexedConnection),
    NoPrimary,
}

/// What is dialled.
#[derive(Clone)]
pub(super) enum Source {
    /// Always the same server.
    Server(Arc<Client>),
    /// Whichever server is the primary.
    Sentinels(Arc<Sentinels>),
}

impl Source {
    /// A connection, and the era in which it was made.
    pub(super) async fn dial(
        &self,
        config: &AsyncConnectionConfig,
    ) -> Result<(MultiplexedConnection, u64), RedisError> {
        match self {
            Self::Server(client) => {
                let connection = client.get_multiplexed_async_connection_with_config(config);
                Ok((connection.await?, 0))
            }
            Self::Sentinels(sentinels) => sentinels.dial(config).await,
        }
    }

    /// Grows when another server became the primary: a connection of an earlier era leads to a former one.
    pub(super) fn era(&self) -> u64 {
        match self {
            Self::Server(_) => 0,
            Self::Sentinels(sentinels) => sentinels.era.load(Ordering::Relaxed),
        }
    }
}

/// Sentinels, and the name under which they watch the primary.
pub(super) struct Sentinels {
    asked: Vec<Client>,
    name: String,
    /// How servers are spoken to; the address stands for each of them.
    server: ConnectionInfo,
    is_tls: bool,
    found: Mutex<Option<Place>>,
    era: AtomicU64,
}

impl Sentinels {
    /// Reads what follows the scheme: `[USER:PASSWORD@]HOST[:PORT],…/NAME[/DB][?sentinel_user=…&sentinel_password=…]`. User and
    /// password in front are the servers'; the Sentinels have their own.
    pub(super) fn parse(scheme: &str, rest: &str) -> Result<Self, Error> {
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = place.split_once('/').ok_or_else(|| unfit(NAMELESS))?;
        let (user, hosts) = match authority.rsplit_once('@') {
            Some((user, hosts)) => (format!("{user}@"), hosts),
            None => (String::new(), authority),
        };
        let (name, db) = path.split_once('/').unwrap_or((path, ""));
        if name.is_empty() {
            return Err(unfit(NAMELESS));
        }
        let own = Own::parse(query)?;
        let mut asked = Vec::new();
        for host in hosts.split(',').filter(|host| !host.is_empty()) {
            let sentinel = own.sentinel(scheme, host)?;
            asked.push(Client::open(sentinel).map_err(|error| unreadable(&error))?);
        }
        if asked.is_empty() {
            return Err(unfit(
                "the store URL names no Sentinel: write redis+sentinel://host:26379/NAME",
            ));
        }
        let server = info(&format!("{scheme}://{user}primary/{db}"), SERVERS)?;
        let settings = server
            .redis_settings()
            .clone()
            .set_protocol(ProtocolVersion::RESP2);
        Ok(Self {
            asked,
            name: name.to_owned(),
            server: server.set_redis_settings(settings).set_tcp_settings(tcp()),
            is_tls: scheme == "rediss",
            found: Mutex::new(None),
            era: AtomicU64::new(0),
        })
    }

    async fn dial(&self, config: &AsyncConnectionConfig) -> Result<(MultiplexedConnection, u64), RedisError> {
        let asked_in = self.era.load(Ordering::Relaxed);
        let named = self.ask_all(config).await?;
        match self.reach(&named, config).await? {
            Reached::Primary(connection) => Ok((connection, self.note(named, asked_in))),
            Reached::NoPrimary => Err(no_primary(&named)),
        }
    }

    /// Dials what the Sentinels name, and asks it whether it is what they say.
    async fn reach(&self, named: &Place, config: &AsyncConnectionConfig) -> Result<Reached, RedisError> {
        let text = "the server that the Sentinels name refused or did not answer";
        let told = |error: RedisError| said(error.kind(), text, named, &error);
        let client = Client::open(self.at(named))?;
        let dialled = client.get_multiplexed_async_connection_with_config(config);
        let mut connection = dialled.await.map_err(told)?;
        let mut ask = redis::cmd("INFO");
        ask.arg("replication");
        let info: String = ask.query_async(&mut connection).await.map_err(told)?;
        if info.lines().any(|line| line.trim_end() == "role:master") {
            Ok(Reached::Primary(connection))
        } else {
            Ok(Reached::NoPrimary)
        }
    }

    /// Asks whether the primary is still where the connections lead, and lets them leave if not. A Sentinel's word may be old: whoever
    /// says that it is no primary is not gone to. One that can't be reached was elected all the same, and what is written to the
    /// former one is lost.
    async fn look(&self, config: &AsyncConnectionConfig) -> Result<(), RedisError> {
        let asked_in = self.era.load(Ordering::Relaxed);
        let named = self.ask_all(config).await?;
        if self.found().is_none_or(|former| former == named) {
            return Ok(());
        }
        if matches!(self.reach(&named, config).await, Ok(Reached::NoPrimary)) {
            return Err(no_primary(&named));
        }
        self.note(named, asked_in);
        Ok(())
    }

    /// What most of them say. More than half need not wait for the others; where fewer answer, their word is taken. Between equals the
    /// one counts where the connections lead already.
    async fn ask_all(&self, config: &AsyncConnectionConfig) -> Result<Place, RedisError> {
        let found = self.found();
        let asked = self.asked.iter().map(|sentinel| self.ask(sentinel, config));
        let mut asked: FuturesUnordered<_> = asked.collect();
        let mut votes: BTreeMap<Place, usize> = BTreeMap::new();
        let mut failed = RedisError::from((ErrorKind::EmptySentinelList, "no Sentinel was asked"));
        while let Some(answer) = asked.next().await {
            match answer {
                Ok(named) => {
                    let count = votes.entry(named.clone()).or_default();
                    *count += 1;
                    if *count * 2 > self.asked.len() {
                        return Ok(named);
                    }
                }
                // a refusal says more than that somebody was not there
                Err(error) if matches!(failed.kind(), ErrorKind::EmptySentinelList | ErrorKind::Io) => {
                    failed = error;
                }
                Err(_) => {}
            }
        }
        let most = votes
            .into_iter()
            .max_by_key(|(place, count)| (*count, found.as_ref() == Some(place)));
        most.map(|(named, _)| named).ok_or(failed)
    }

    async fn ask(&self, sentinel: &Client, config: &AsyncConnectionConfig) -> Result<Place, RedisError> {
        let address = sentinel.get_connection_info().addr();
        let text = "a Sentinel refused or did not answer";
        let told = |error: RedisError| said(error.kind(), text, address, &error);
        let dialled = sentinel.get_multiplexed_async_connection_with_config(config);
        let mut connection = dialled.await.map_err(told)?;
        let mut ask = redis::cmd("SENTINEL");
        ask.arg("GET-MASTER-ADDR-BY-NAME").arg(&self.name);
        let named: Option<(String, u16)> = ask.query_async(&mut connection).await.map_err(told)?;
        let text = "a Sentinel watches no primary of the name that store.url gives";
        let nothing = || said(ErrorKind::MasterNameNotFoundBySentinel, text, address, &"");
        named.map(|(host, port)| Place { host, port }).ok_or_else(nothing)
    }

    fn at(&self, place: &Place) -> ConnectionInfo {
        let (host, port) = (place.host.clone(), place.port);
        let address = if self.is_tls {
            ConnectionAddr::TcpTls {
                host,
                port,
                insecure: false,
                tls_params: None,
            }
        } else {
            ConnectionAddr::Tcp(host, port)
        };
        self.server.clone().set_addr(address)
    }

    /// Notes where the primary is, as it was told to one who asked in that era; returns the era of whoever goes there, which grows
    /// when the primary was elsewhere before.
    fn note(&self, place: Place, asked_in: u64) -> u64 {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let era = self.era.load(Ordering::Relaxed);
        let era = match found.as_ref() {
            Some(former) if *former == place => return era,
            // somebody found another one meanwhile: this word is older
            Some(_) if era != asked_in => return asked_in,
            Some(_) => {
                tracing::warn!(primary = %place, "the Sentinels name another primary");
                era + 1
            }
            None => era,
        };
        self.era.store(era, Ordering::Relaxed);
        *found = Some(place);
        era
    }

    fn found(&self) -> Option<Place> {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.clone()
    }
}

fn no_primary(named: &Place) -> RedisError {
    let text = "the server that the Sentinels name is no primary";
    said(ErrorKind::MasterNameNotFoundBySentinel, text, named, &"")
}

fn said(kind: ErrorKind, text: &'static str, who: &dyn Display, what: &dyn Display) -> RedisError {
    let detail = format!("{who} {what}");
    RedisError::from((kind, text, detail.trim_end().to_owned()))
}

/// Asks the Sentinels once a second, also while nothing breaks: a primary that handed over goes on taking writes, which are lost,
/// for some ten seconds until it is told.
pub(super) async fn watch(sentinels: Arc<Sentinels>, config: AsyncConnectionConfig, stop: CancellationToken) {
    let streak = Streak::default();
    let looks = async {
        loop {
            tokio::time::sleep(LOOK).await;
            let outcome = sentinels.look(&config).await;
            streak.note("asking the Sentinels where the primary is", &outcome);
        }
    };
    tokio::select! {
        () = looks => {}
        () = stop.cancelled() => {}
    }
}

/// What the Sentinels themselves ask of whoever asks them.
#[derive(Default)]
struct Own {
    user: Option<String>,
    password: Option<String>,
}

impl Own {
    fn parse(query: &str) -> Result<Self, Error> {
        let mut own = Self::default();
        // in front of the hosts a + is a +: here too
        let query = query.replace('+', "%2B");
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match key.as_ref() {
                "sentinel_user" => own.user = Some(value.into_owned()),
                "sentinel_password" => own.password = Some(value.into_owned()),
                _ => {
                    let text = "the store URL has a parameter that Sacola does not know: a Sentinel's are sentinel_user and \
                                sentinel_password";
                    return Err(unfit(text));
                }
            }
        }
        Ok(own)
    }

    fn sentinel(&self, scheme: &str, host: &str) -> Result<ConnectionInfo, Error> {
        let has_port = host
            .rsplit_once(']')
            .map_or(host, |(_, after)| after)
            .contains(':');
        let address = if has_port {
            format!("{scheme}://{host}")
        } else {
            format!("{scheme}://{host}:{PORT}")
        };
        let found = info(&address, SENTINEL)?;
        let mut settings = found
            .redis_settings()
            .clone()
            .set_protocol(ProtocolVersion::RESP2);
        if let Some(user) = &self.user {
            settings = settings.set_username(user);
        }
        if let Some(password) = &self.password {
            settings = settings.set_password(password);
        }
        Ok(found.set_redis_settings(settings).set_tcp_settings(tcp()))
    }
}

const NAMELESS: &str = "the store URL does not say which primary the Sentinels watch: write redis+sentinel://host:26379/NAME, as \
                        in `sentinel monitor NAME …`";

const SERVERS: &str =
    "in the store URL, what follows the name is no database number, or user and password can't be read";
const SENTINEL: &str = "in the store URL, a Sentinel's host or port can't be read";

fn info(url: &str, problem: &str) -> Result<ConnectionInfo, Error> {
    url.into_connection_info().map_err(|_| unfit(problem))
}

fn unfit(text: &str) -> Error {
    Error::Unfit(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(port: u16) -> Place {
        let host = "10.0.0.1".to_owned();
        Place { host, port }
    }

    #[test]
    fn servers_and_sentinels_have_users_of_their_own() {
        let rest = "app:p%40ss@s1,s2:26380,[::1]/main/3?sentinel_user=watch&sentinel_password=w%26p+1";
        let Ok(read) = Sentinels::parse("redis", rest) else {
            panic!("it is not read")
        };
        let infos: Vec<&ConnectionInfo> = read.asked.iter().map(Client::get_connection_info).collect();
        let shown: Vec<String> = infos.iter().map(|one| one.addr().to_string()).collect();
        assert_eq!(shown, ["s1:26379", "s2:26380", "::1:26379"]);
        for sentinel in infos {
            let settings = sentinel.redis_settings();
            assert_eq!(
                (settings.username(), settings.password()),
                (Some("watch"), Some("w&p+1"))
            );
        }
        let server = read.at(&place(6380));
        let settings = server.redis_settings();
        assert_eq!(
            (settings.username(), settings.password(), settings.db()),
            (Some("app"), Some("p@ss"), 3)
        );
        assert_eq!(server.addr().to_string(), "10.0.0.1:6380");
        assert_eq!(read.name, "main");
    }

    #[test]
    fn with_tls_servers_are_dialled_with_tls_too() {
        let Ok(read) = Sentinels::parse("rediss", "h/main") else {
            panic!("it is not read")
        };
        let server = read.at(&place(6379));
        assert!(
            matches!(server.addr(), ConnectionAddr::TcpTls { insecure: false, .. }),
            "{:?}",
            server.addr()
        );
    }

    #[test]
    fn what_is_missing_is_said_and_no_password_repeated() {
        for rest in [
            "h:26379",
            "h:26379/",
            "/main",
            "u:s3cret@/main",
            "h/main/first",
            "u:s3cret@h/main?other=s3cret",
        ] {
            let Err(Error::Unfit(text)) = Sentinels::parse("rediss", rest) else {
                panic!("{rest} was taken")
            };
            assert!(!text.contains("s3cret") && !text.is_empty(), "{text}");
        }
    }

    #[test]
    fn another_primary_begins_an_era() {
        let Ok(read) = Sentinels::parse("redis", "h/main") else {
            panic!("it is not read")
        };
        for (port, asked_in, era) in [(1, 0, 0), (1, 0, 0), (2, 0, 1), (2, 1, 1), (1, 1, 2)] {
            assert_eq!(read.note(place(port), asked_in), era, "{port}");
        }
        assert_eq!(read.note(place(2), 1), 1, "asked before the last change");
        assert_eq!(
            (read.found(), read.era.load(Ordering::Relaxed)),
            (Some(place(1)), 2)
        );
    }
}
