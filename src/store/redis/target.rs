//! From a store URL to the clients of the `redis` crate, with our time limits: its own defaults (500 ms for an answer, 16
//! re-sends in a cluster) lose or repeat work.

use std::sync::Arc;
use std::time::Duration;

use redis::cluster::ClusterClient;
use redis::io::tcp::TcpSettings;
use redis::{AsyncConnectionConfig, Client, IntoConnectionInfo, ProtocolVersion, RedisError};

use crate::store::Error;

use super::sentinel::{Sentinels, Source};

/// How long dialling, and how long an answer may take.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub(super) connect: Duration,
    pub(super) answer: Duration,
}

/// Where the store is.
pub(super) enum Target {
    /// One server at a time.
    Single(Source),
    /// A cluster, known by some of its nodes.
    Cluster(Box<ClusterClient>),
}

impl Target {
    /// Reads `redis://`, `redis+sentinel://`, `redis+cluster://`, and each with `rediss`. Errors never repeat the URL: it may
    /// carry a password.
    pub(super) fn parse(url: &str, limits: Limits) -> Result<Self, Error> {
        let Some((scheme, rest)) = url.split_once("://") else {
            return Err(Error::Unfit(UNKNOWN.to_owned()));
        };
        match scheme {
            "redis" | "rediss" => single(url).map(|client| Self::Single(Source::Server(Arc::new(client)))),
            "redis+cluster" => cluster("redis", rest, limits),
            "rediss+cluster" => cluster("rediss", rest, limits),
            "redis+sentinel" => sentinel("redis", rest),
            "rediss+sentinel" => sentinel("rediss", rest),
            _ => Err(Error::Unfit(UNKNOWN.to_owned())),
        }
    }
}

impl Target {
    /// Whoever must be asked where the primary is.
    pub(super) fn sentinels(&self) -> Option<Arc<Sentinels>> {
        match self {
            Self::Single(Source::Sentinels(sentinels)) => Some(Arc::clone(sentinels)),
            Self::Single(Source::Server(_)) | Self::Cluster(_) => None,
        }
    }
}

const UNKNOWN: &str =
    "the store URL must begin with redis://, redis+sentinel:// or redis+cluster:// (rediss: with TLS)";

/// Time limits of a connection to one server.
pub(super) fn connection_config(limits: Limits) -> AsyncConnectionConfig {
    AsyncConnectionConfig::new()
        .set_connection_timeout(Some(limits.connect))
        .set_response_timeout(Some(limits.answer))
        .set_pipeline_buffer_size(1024)
}

pub(super) fn tcp() -> TcpSettings {
    TcpSettings::default().set_nodelay(true)
}

fn single(url: &str) -> Result<Client, Error> {
    let info = url.into_connection_info().map_err(|error| unreadable(&error))?;
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP2);
    let info = info.set_redis_settings(settings).set_tcp_settings(tcp());
    Client::open(info).map_err(|error| unreadable(&error))
}

fn sentinel(scheme: &str, rest: &str) -> Result<Target, Error> {
    let sentinels = Sentinels::parse(scheme, rest)?;
    Ok(Target::Single(Source::Sentinels(Arc::new(sentinels))))
}

fn cluster(scheme: &str, rest: &str, limits: Limits) -> Result<Target, Error> {
    let (user, hosts) = rest
        .rsplit_once('@')
        .map_or((None, rest), |(user, hosts)| (Some(user), hosts));
    let hosts = hosts.split(['/', '?']).next().unwrap_or_default();
    let nodes: Vec<String> = hosts
        .split(',')
        .filter(|host| !host.is_empty())
        .map(|host| match user {
            Some(user) => format!("{scheme}://{user}@{host}"),
            None => format!("{scheme}://{host}"),
        })
        .collect();
    ClusterClient::builder(nodes)
        .retries(0)
        .connection_timeout(limits.connect)
        .response_timeout(limits.answer)
        .overall_response_timeout(Some(limits.answer))
        .tcp_settings(tcp())
        .use_protocol(ProtocolVersion::RESP2)
        .build()
        .map(|client| Target::Cluster(Box::new(client)))
        .map_err(|error| unreadable(&error))
}

pub(super) fn unreadable(error: &RedisError) -> Error {
    Error::Unfit(format!("the store URL can't be used: {}", error.category()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Target, Error> {
        let second = Duration::from_secs(1);
        Target::parse(
            url,
            Limits {
                connect: second,
                answer: second,
            },
        )
    }

    #[test]
    fn each_url_form_is_read_or_refused_with_a_mend() {
        assert!(matches!(
            parse("redis://:secret@127.0.0.1:6379/2"),
            Ok(Target::Single(_))
        ));
        assert!(matches!(
            parse("redis+cluster://u:p@h1:6379,h2:6379"),
            Ok(Target::Cluster(_))
        ));
        assert!(matches!(
            parse("rediss+sentinel://u:p@h1:26379,h2/main"),
            Ok(Target::Single(_))
        ));
        for refused in [
            "redis+sentinel://h:26379",
            "memcached://h",
            "nonsense",
            "redis+cluster://",
        ] {
            let Err(Error::Unfit(text)) = parse(refused) else {
                panic!("{refused} was taken")
            };
            assert!(!text.is_empty());
        }
    }

    #[test]
    fn an_error_does_not_repeat_a_password() {
        let Err(Error::Unfit(text)) = parse("redis://:s3cret@host:notaport") else {
            panic!("was taken")
        };
        assert!(!text.contains("s3cret"), "{text}");
    }
}
