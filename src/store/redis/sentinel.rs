//! Where a connection to one server leads: to a fixed address, or to the primary that the Sentinels name when it is dialled.
//! It refuses to keep connections, and asks no replica anything.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::sentinel::{Sentinel, SentinelNodeConnectionInfo};
use redis::{
    Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, ProtocolVersion, RedisError, TlsMode,
};
use url::form_urlencoded;

use crate::store::Error;

use super::target::{tcp, unreadable};

/// The port of a Sentinel that is given without one (Redis documentation, "High availability with Redis Sentinel").
const PORT: u16 = 26379;

/// A Sentinel is asked, and the primary that it names too; a dead Sentinel costs one more time-out.
const DIALS_AT_ONCE: u32 = 4;

/// What is dialled.
#[derive(Clone)]
pub(super) enum Source {
    /// Always the same server.
    Server(Arc<Client>),
    /// Whichever server is the primary.
    Sentinels(Arc<Sentinels>),
}

impl Source {
    /// The server to dial now.
    pub(super) async fn client(&self) -> Result<Client, RedisError> {
        match self {
            Self::Server(client) => Ok(client.as_ref().clone()),
            Self::Sentinels(sentinels) => sentinels.primary().await,
        }
    }

    /// Changes when another server became the primary: a connection of an earlier era leads to the old one.
    pub(super) fn era(&self) -> u64 {
        match self {
            Self::Server(_) => 0,
            Self::Sentinels(sentinels) => sentinels.era.load(Ordering::Relaxed),
        }
    }
}

/// Sentinels, and the name under which they watch the primary.
pub(super) struct Sentinels {
    addresses: Vec<ConnectionInfo>,
    name: String,
    primary: SentinelNodeConnectionInfo,
    limit: Duration,
    found: Mutex<Option<ConnectionAddr>>,
    era: AtomicU64,
}

impl Sentinels {
    /// Reads what follows the scheme: `[USER:PASSWORD@]HOST[:PORT],…/NAME[/DB][?sentinel_user=…&sentinel_password=…]`. User and
    /// password in front are the servers'; the Sentinels have their own.
    pub(super) fn parse(scheme: &str, rest: &str, connect: Duration) -> Result<Self, Error> {
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
        let mut addresses = Vec::new();
        for host in hosts.split(',').filter(|host| !host.is_empty()) {
            addresses.push(own.sentinel(scheme, host)?);
        }
        if addresses.is_empty() {
            return Err(unfit(
                "the store URL names no Sentinel: write redis+sentinel://host:26379/NAME",
            ));
        }
        let server = info(&format!("{scheme}://{user}primary/{db}"))?;
        let settings = server
            .redis_settings()
            .clone()
            .set_protocol(ProtocolVersion::RESP2);
        let mut primary = SentinelNodeConnectionInfo::default()
            .set_redis_connection_info(settings)
            .set_tcp_settings(tcp());
        if scheme == "rediss" {
            primary = primary.set_tls_mode(TlsMode::Secure);
        }
        Ok(Self {
            addresses,
            name: name.to_owned(),
            primary,
            limit: connect.saturating_mul(DIALS_AT_ONCE),
            found: Mutex::new(None),
            era: AtomicU64::new(0),
        })
    }

    /// Asks the Sentinels anew, on connections of its own: a caller that goes away in the midst leaves nothing behind.
    async fn primary(&self) -> Result<Client, RedisError> {
        let mut sentinel = Sentinel::build(self.addresses.clone())?;
        let asked = sentinel.async_master_for(&self.name, Some(&self.primary));
        let client = tokio::time::timeout(self.limit, asked)
            .await
            .map_err(|_| RedisError::from(std::io::Error::from(std::io::ErrorKind::TimedOut)))??;
        self.note(client.get_connection_info().addr());
        Ok(client)
    }

    fn note(&self, address: &ConnectionAddr) {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        match found.as_ref() {
            Some(former) if former == address => return,
            Some(_) => {
                self.era.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(primary = %address, "the Sentinels name another primary");
            }
            None => {}
        }
        *found = Some(address.clone());
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
        let found = info(&address)?;
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

fn info(url: &str) -> Result<ConnectionInfo, Error> {
    url.into_connection_info().map_err(|error| unreadable(&error))
}

fn unfit(text: &str) -> Error {
    Error::Unfit(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(scheme: &str, rest: &str) -> Result<Sentinels, Error> {
        Sentinels::parse(scheme, rest, Duration::from_secs(1))
    }

    #[test]
    fn servers_and_sentinels_have_users_of_their_own() {
        let rest = "app:p%40ss@s1,s2:26380,[::1]/main/3?sentinel_user=watch&sentinel_password=w%26p";
        let Ok(read) = parse("redis", rest) else {
            panic!("it is not read")
        };
        let shown: Vec<String> = read.addresses.iter().map(|one| one.addr().to_string()).collect();
        assert_eq!(shown, ["s1:26379", "s2:26380", "::1:26379"]);
        for sentinel in &read.addresses {
            let settings = sentinel.redis_settings();
            assert_eq!(
                (settings.username(), settings.password()),
                (Some("watch"), Some("w&p"))
            );
        }
        assert_eq!(read.name, "main");
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
            let Err(Error::Unfit(text)) = parse("rediss", rest) else {
                panic!("{rest} was taken")
            };
            assert!(!text.contains("s3cret") && !text.is_empty(), "{text}");
        }
    }

    #[test]
    fn another_primary_begins_an_era() {
        let Ok(read) = parse("redis", "h/main") else {
            panic!("it is not read")
        };
        let at = |port| ConnectionAddr::Tcp("10.0.0.1".to_owned(), port);
        for (port, era) in [(1, 0), (1, 0), (2, 1), (2, 1), (1, 2)] {
            read.note(&at(port));
            assert_eq!(read.era.load(Ordering::Relaxed), era, "{port}");
        }
    }
}
