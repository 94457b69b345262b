//! The running gateway, called with an operator's key. The key goes by `https://`, or to this machine and where
//! `outgoing.allow_private` allows, and nowhere else.

use std::collections::BTreeMap;
use std::error::Error;
use std::net::IpAddr;

use reqwest::Method;
use serde_json::Value;
use url::{Host, Url};

use super::shown;
use crate::cli::address::reachable;
use crate::cli::{Failure, own_key};
use crate::config::{Config, Outgoing, Scope};
use crate::outgoing::{self, Guard};

/// How long one call may take: a replay goes on for 20 seconds.
const TIMEOUT_MS: u64 = 60_000;
/// Largest answer that is read: one letter's body, written as JSON.
const ANSWER_BYTES_MAX: usize = 32 * 1024 * 1024;

/// A gateway and the key to it.
pub(super) struct Gateway {
    http: reqwest::Client,
    base: Url,
    key_id: String,
    secret: String,
}

impl Gateway {
    /// The gateway of a configuration, at `given` or where it listens, with the key of an operator: of the first of these
    /// scopes that any has.
    pub(super) fn of(
        config: &Config,
        environment: &BTreeMap<String, String>,
        given: Option<&str>,
        scopes: &[Scope],
    ) -> Result<Self, Failure> {
        let own = own_key::operators(config, environment, scopes).map_err(|problem| fault(&problem))?;
        let Some(key) = own else {
            let problem = "no [[api_key]] of an operator may do this. Mend: add one with merchant = \"*\" and scopes = \
                           [\"dead_letters:write\"], and restart the gateway";
            return Err(fault(problem));
        };
        let base = match given {
            Some(text) => named(&config.outgoing, text)?,
            None => listening(config)?,
        };
        let http = if base.scheme() == "https" {
            outgoing::provider(TIMEOUT_MS)?
        } else {
            let rule = config.outgoing.clone();
            let guard = Guard::new(move |address| may_be_http(&rule, address));
            outgoing::plain_provider(TIMEOUT_MS, guard)?
        };
        Ok(Self {
            http,
            base,
            key_id: key.id,
            secret: key.secret,
        })
    }

    /// Calls what lies under `/v1/dead-letters`.
    pub(super) async fn call(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Value, Failure> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments
                .pop_if_empty()
                .extend(["v1", "dead-letters"])
                .extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut request = self.http.request(method, url).bearer_auth(&self.secret);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await;
        let mut response = response.map_err(|error| self.no_answer(error))?;
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.no_answer(error))? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > ANSWER_BYTES_MAX {
                return Err(running(format!(
                    "the answer of {} is larger than 32 MiB",
                    self.base
                )));
            }
        }
        let answer = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        match response.status().as_u16() {
            200..300 => Ok(answer),
            status => Err(self.refused(status, &answer)),
        }
    }

    fn no_answer(&self, error: reqwest::Error) -> Failure {
        let error = error.without_url();
        let causes = std::iter::successors(error.source(), |&cause| cause.source());
        let cause = causes
            .last()
            .map_or_else(|| error.to_string(), ToString::to_string);
        let base = &self.base;
        running(format!(
            "no answer from the gateway at {base}: {cause}. Start it, or name it with --gateway URL"
        ))
    }

    fn refused(&self, status: u16, answer: &Value) -> Failure {
        let code = shown::text(answer, "code").unwrap_or("no code");
        let detail =
            shown::text(answer, "detail").unwrap_or("what answers there does not speak as a sacola does");
        let mend = if status == 401 {
            format!(
                ". Mend: restart the gateway with this configuration; it does not know the key {}",
                self.key_id
            )
        } else {
            String::new()
        };
        running(format!("HTTP {status}, {code}: {detail}{mend}"))
    }
}

fn fault(problem: &str) -> Failure {
    Failure::Configuration(vec![format!("dead-letters: {problem}")])
}

fn running(problem: String) -> Failure {
    Failure::Running(anyhow::anyhow!(problem))
}

/// Where the configured gateway listens, on this machine.
fn listening(config: &Config) -> Result<Url, Failure> {
    let address = reachable(config.server.listen);
    let url = address.and_then(|address| Url::parse(&format!("http://{address}")).ok());
    url.ok_or_else(|| fault("server.listen takes a free port. Mend: name the gateway with --gateway URL"))
}

fn named(outgoing: &Outgoing, text: &str) -> Result<Url, Failure> {
    let url = Url::parse(text).ok().filter(|url| {
        let is_plain = url.username().is_empty() && url.query().is_none();
        matches!(url.scheme(), "http" | "https") && is_plain
    });
    let Some(url) = url else {
        let problem =
            format!("--gateway {text}: give an http:// or https:// address, without user and query");
        return Err(fault(&problem));
    };
    let address = match url.host() {
        Some(Host::Ipv4(ip)) => Some(IpAddr::V4(ip)),
        Some(Host::Ipv6(ip)) => Some(IpAddr::V6(ip)),
        // Judged when it is resolved.
        Some(Host::Domain(_)) | None => None,
    };
    if url.scheme() == "http" && address.is_some_and(|address| !may_be_http(outgoing, address)) {
        let problem = format!(
            "--gateway {text}: the key would travel in the clear. Mend: https://, or an address inside \
             outgoing.allow_private"
        );
        return Err(fault(&problem));
    }
    Ok(url)
}

fn may_be_http(outgoing: &Outgoing, address: IpAddr) -> bool {
    address.to_canonical().is_loopback() || outgoing.allows_http(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Option<String> {
        let outgoing = Outgoing {
            allow_private: vec!["10.0.0.0/8".parse().unwrap()],
        };
        named(&outgoing, text).ok().map(|url| url.to_string())
    }

    #[test]
    fn a_key_never_travels_in_the_clear_to_the_outside() {
        for text in [
            "https://gateway.example.com",
            "https://gateway.example.com/inside/",
            "http://127.0.0.1:8080",
            "http://[::1]:8080",
            "http://10.1.2.3:8080",
            "http://gateway.inside:8080",
        ] {
            assert!(address(text).is_some(), "{text}");
        }
        for text in [
            "http://192.0.2.7:8080",
            "http://172.16.0.1",
            "gateway.example.com",
            "ftp://127.0.0.1",
            "https://me@gateway.example.com",
            "https://gateway.example.com/?key=x",
        ] {
            assert_eq!(address(text), None, "{text}");
        }
    }
}
