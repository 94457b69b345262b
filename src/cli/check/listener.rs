//! The gateway's own addresses: can they be bound, is a gateway there already, does it answer the provider's handshake, here
//! and through `public_url`. It refuses to hold a port, and to hand the verify token to what is not a sacola or to send it in
//! the clear.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, TcpListener};

use serde_json::Value;
use url::{Host, Url};

use super::probe;
use super::report::Finding;
use crate::cli::address::reachable;
use crate::config::Config;

/// How the gateway names itself in its OpenAPI document.
const TITLE: &str = "Sacola gateway";

/// A gateway that answers at `server.ops_listen`.
#[derive(Debug)]
pub(super) struct Gateway {
    pub(super) address: SocketAddr,
    /// What `/readyz` says; `null` when that says nothing.
    ready: Value,
}

impl Gateway {
    /// `embedded` or `redis`.
    pub(super) fn engine(&self) -> Option<&str> {
        self.ready.pointer("/store/engine").and_then(Value::as_str)
    }

    pub(super) fn takes_writes(&self) -> bool {
        self.ready.pointer("/store/writable").and_then(Value::as_bool) == Some(true)
    }

    pub(super) fn durability(&self) -> &str {
        let text = self.ready.pointer("/store/durability").and_then(Value::as_str);
        text.unwrap_or_default()
    }
}

/// Looks for a running gateway.
pub(super) async fn gateway(config: &Config, client: &reqwest::Client) -> Option<Gateway> {
    let address = reachable(config.server.ops_listen).filter(|_| is_taken(config.server.ops_listen))?;
    let alive = probe::get(client, at(address, "/livez")?, None).await.ok()?;
    if alive.http != 200 || alive.text() != "ok" {
        return None;
    }
    let ready = probe::get(client, at(address, "/readyz")?, None).await;
    let ready = ready.map_or(Value::Null, |answer| answer.json());
    Some(Gateway { address, ready })
}

pub(super) async fn check(
    config: &Config,
    client: &reqwest::Client,
    gateway: Option<&Gateway>,
    challenge: &str,
) -> Vec<Finding> {
    let server = &config.server;
    let is_public_ours = is_taken(server.listen) && is_sacola(client, server.listen).await;
    let mut findings = vec![
        bound("server.listen", server.listen, is_public_ours),
        bound("server.ops_listen", server.ops_listen, gateway.is_some()),
    ];
    if let Some(address) = reachable(server.listen).filter(|_| is_public_ours) {
        findings.push(here(config, client, address, challenge).await);
    }
    if let Some(url) = &server.public_url {
        findings.push(through(config, client, url, challenge, is_public_ours).await);
    }
    findings
}

/// Binds and releases.
fn bound(key: &str, address: SocketAddr, is_ours: bool) -> Finding {
    let subject = format!("{key} {address}");
    let error = match TcpListener::bind(address) {
        Ok(_) if address.port() == 0 => return Finding::passed(subject, "a free port is taken at start"),
        Ok(_) => return Finding::passed(subject, "free: it was bound and released"),
        Err(error) => error,
    };
    if error.kind() != ErrorKind::AddrInUse {
        let mend =
            "give an address that this machine has, and a port that this user may take (1024 and above)";
        let problem = format!("cannot be bound: {error}");
        return Finding::fault("listener.address", subject, problem, mend);
    }
    if is_ours {
        return Finding::passed(subject, "already served by a running sacola");
    }
    let mend = "stop what listens there (`ss -ltnp` names it), or give another port";
    let problem = "another program listens there, and it does not answer as a sacola does";
    Finding::fault("listener.in_use", subject, problem, mend)
}

/// The handshake with the gateway that runs here.
async fn here(config: &Config, client: &reqwest::Client, address: SocketAddr, challenge: &str) -> Finding {
    let base = format!("http://{address}");
    let subject = format!("webhook {base}/webhooks/whatsapp");
    match handshake(config, client, &base, challenge).await {
        Ok(()) => Finding::passed(subject, "answered the provider's handshake"),
        Err(problem) => Finding::fault(
            "listener.handshake",
            subject,
            problem,
            "the gateway has another verify token: let it read this file (a running one takes a change by itself within \
             seconds; config.refused in its /readyz says why it did not), or start it with this file; a changed \
             environment variable needs a restart",
        ),
    }
}

/// The handshake by the way that the provider takes. What fails from here may work from there, so it is a warning.
async fn through(
    config: &Config,
    client: &reqwest::Client,
    url: &Url,
    challenge: &str,
    is_running: bool,
) -> Finding {
    let base = url.as_str().trim_end_matches('/');
    let subject = format!("server.public_url {base}");
    let mend = format!(
        "start the gateway, then ask from another network: curl '{base}/webhooks/whatsapp?hub.mode=subscribe\
         &hub.verify_token=TOKEN&hub.challenge=1' must print 1. A machine behind NAT or with a DNS of its own often can't \
         reach its own public address: then nothing is wrong"
    );
    if url.scheme() != "https" && !is_allowed(config, url) {
        let problem = "was not tried: without https:// the verify token would travel in the clear";
        return Finding::warning("listener.public_url", subject, problem, mend);
    }
    match handshake(config, client, base, challenge).await {
        Ok(()) => Finding::passed(subject, "answered the provider's handshake"),
        Err(problem) => {
            let here = if is_running {
                ""
            } else {
                "; no gateway runs on this machine now"
            };
            Finding::warning("listener.public_url", subject, format!("{problem}{here}"), mend)
        }
    }
}

/// Asks as the provider does when the webhook's address is registered.
async fn handshake(
    config: &Config,
    client: &reqwest::Client,
    base: &str,
    challenge: &str,
) -> Result<(), String> {
    let mut url = Url::parse(&format!("{base}/webhooks/whatsapp")).map_err(|error| error.to_string())?;
    url.query_pairs_mut()
        .append_pair("hub.mode", "subscribe")
        .append_pair("hub.verify_token", config.whatsapp.verify_token.expose())
        .append_pair("hub.challenge", challenge);
    let answer = probe::get(client, url, None).await;
    let answer = answer.map_err(|error| format!("the handshake got no answer: {error}"))?;
    match answer.http {
        200 if answer.text() == challenge => Ok(()),
        403 => Err("the handshake was refused (HTTP 403): the verify token there is another one".to_owned()),
        http => Err(format!(
            "the handshake was answered with HTTP {http} and not with the challenge: something else answers there"
        )),
    }
}

/// Somebody listens there. Nobody else is asked: an address that leads nowhere would only cost time.
fn is_taken(address: SocketAddr) -> bool {
    TcpListener::bind(address).is_err_and(|error| error.kind() == ErrorKind::AddrInUse)
}

/// A gateway answers there.
pub(in crate::cli) async fn is_sacola(client: &reqwest::Client, listen: SocketAddr) -> bool {
    let Some(url) = reachable(listen).and_then(|address| at(address, "/openapi.json")) else {
        return false;
    };
    let document = probe::get(client, url, None).await;
    let document = document.map_or(Value::Null, |answer| answer.json());
    document.pointer("/info/title").and_then(Value::as_str) == Some(TITLE)
}

fn at(address: SocketAddr, path: &str) -> Option<Url> {
    Url::parse(&format!("http://{address}{path}")).ok()
}

/// Plain http to an address inside `outgoing.allow_private`.
pub(in crate::cli) fn is_allowed(config: &Config, url: &Url) -> bool {
    let allows = |ip: IpAddr| config.outgoing.allows_http(ip);
    match url.host() {
        Some(Host::Ipv4(ip)) => allows(IpAddr::V4(ip)),
        Some(Host::Ipv6(ip)) => allows(IpAddr::V6(ip)),
        Some(Host::Domain(_)) | None => false,
    }
}
