//! The running gateway, called with an operator's key. The key goes by `https://`, or to this machine and where
//! `outgoing.allow_private` allows, and nowhere else.

use std::collections::BTreeMap;
use std::error::Error;
use std::net::IpAddr;

use reqwest::Method;
use serde_json::Value;
use url::{Host, Url};

use super::address::reachable;
use super::{Failure, own_key};
use crate::config::{Config, Outgoing, Scope};
use crate::outgoing::{self, Guard};

/// Largest answer that is read: one letter's body or a whole journal, written as JSON.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What a command wants of a gateway.
pub(super) struct Wanted<'a> {
    /// The command, for faults.
    pub(super) command: &'static str,
    /// The key of an operator is used that has the first of these scopes that any has.
    pub(super) scopes: &'a [Scope],
    /// How long one call may take.
    pub(super) timeout_ms: u64,
}

/// A refusal, as the gateway words it.
#[derive(Debug)]
pub(super) struct Problem {
    status: u16,
    /// Its code.
    pub(super) code: String,
    detail: String,
}

/// A gateway and the key to it.
pub(super) struct Gateway {
    http: reqwest::Client,
    base: Url,
    key_id: String,
    secret: String,
}

impl Gateway {
    /// The gateway of a configuration, at `given` or where it listens.
    pub(super) fn of(
        config: &Config,
        environment: &BTreeMap<String, String>,
        given: Option<&str>,
        wanted: &Wanted<'_>,
    ) -> Result<Self, Failure> {
        let fault = |problem: &str| fault(wanted.command, problem);
        let base = match given {
            Some(text) => named(&config.outgoing, text).map_err(|problem| fault(&problem))?,
            None => listening(config).ok_or_else(|| {
                fault("server.listen takes a free port. Mend: name the gateway with --gateway URL")
            })?,
        };
        let own =
            own_key::operators(config, environment, wanted.scopes).map_err(|problem| fault(&problem))?;
        let Some(key) = own else {
            let widest = wanted
                .scopes
                .iter()
                .find(|scope| **scope != Scope::DeadLettersRead);
            let scope = widest.map_or("", |scope| scope.as_str());
            let problem = format!(
                "no [[api_key]] of an operator may do this. Mend: add one with merchant = \"*\" and scopes = [\"{scope}\"]; a \
                 running gateway takes it within seconds"
            );
            return Err(fault(&problem));
        };
        let http = if base.scheme() == "https" {
            outgoing::provider(wanted.timeout_ms)?
        } else {
            let rule = config.outgoing.clone();
            let guard = Guard::new(move |address| may_be_http(&rule, address));
            outgoing::plain_provider(wanted.timeout_ms, guard)?
        };
        Ok(Self {
            http,
            base,
            key_id: key.id,
            secret: key.secret,
        })
    }

    /// Calls what lies under `/v1`; a refusal is a failure.
    pub(super) async fn call(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Value, Failure> {
        let asked = self.ask(method, path, query, body).await?;
        asked.map_err(|problem| self.refused(&problem))
    }

    /// The same; a refusal is an answer.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Result<Value, Problem>, Failure> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("v1").extend(path);
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
                    "the answer of {} is larger than 64 MiB",
                    self.base
                )));
            }
        }
        let answer: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        let text = |name: &str, otherwise: &str| {
            let text = answer.get(name).and_then(Value::as_str);
            text.unwrap_or(otherwise).to_owned()
        };
        Ok(match response.status().as_u16() {
            200..300 => Ok(answer),
            status => Err(Problem {
                status,
                code: text("code", "no code"),
                detail: text("detail", "what answers there does not speak as a sacola does"),
            }),
        })
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

    /// A refusal as a failure of the command.
    pub(super) fn refused(&self, problem: &Problem) -> Failure {
        let Problem { status, code, detail } = problem;
        let mend = if *status == 401 {
            format!(
                ". Mend: the gateway does not know the key {}. A running one takes a changed file by itself within seconds; \
                 config.refused in its /readyz says why it did not. A changed environment variable needs a restart",
                self.key_id
            )
        } else {
            String::new()
        };
        running(format!("HTTP {status}, {code}: {detail}{mend}"))
    }
}

fn fault(command: &str, problem: &str) -> Failure {
    Failure::Configuration(vec![format!("{command}: {problem}")])
}

fn running(problem: String) -> Failure {
    Failure::Running(anyhow::anyhow!(problem))
}

/// Where the configured gateway listens, on this machine.
fn listening(config: &Config) -> Option<Url> {
    let address = reachable(config.server.listen)?;
    Url::parse(&format!("http://{address}")).ok()
}

/// The address that was given; the error says what is wrong with it.
fn named(outgoing: &Outgoing, text: &str) -> Result<Url, String> {
    let url = Url::parse(text).ok().filter(|url| {
        let is_plain = url.username().is_empty() && url.query().is_none();
        matches!(url.scheme(), "http" | "https") && is_plain
    });
    let Some(url) = url else {
        return Err(format!(
            "--gateway {text}: give an http:// or https:// address, without user and query"
        ));
    };
    let address = match url.host() {
        Some(Host::Ipv4(ip)) => Some(IpAddr::V4(ip)),
        Some(Host::Ipv6(ip)) => Some(IpAddr::V6(ip)),
        // Judged when it is resolved.
        Some(Host::Domain(_)) | None => None,
    };
    if url.scheme() == "http" && address.is_some_and(|address| !may_be_http(outgoing, address)) {
        return Err(format!(
            "--gateway {text}: the key would travel in the clear. Mend: https://, or an address inside \
             outgoing.allow_private"
        ));
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
