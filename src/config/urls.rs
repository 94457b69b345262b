//! URLs, hosts and networks: which of them Sacola may call, and in which form they are kept. Each check tells its fault and
//! answers `None` or `false`. They refuse to quote what they judge: a URL may hold a password.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use url::{Host, Url};

use super::report::Report;
use super::types::Outgoing;

/// Store addresses that Sacola understands.
const STORE_SCHEMES: [&str; 7] = [
    "embedded:",
    "redis://",
    "rediss://",
    "redis+sentinel://",
    "rediss+sentinel://",
    "redis+cluster://",
    "rediss+cluster://",
];

/// One of the store's schemes with something behind it.
pub(super) fn is_store_url(report: &mut Report<'_>, path: &str, text: &str) -> bool {
    let rest = STORE_SCHEMES.iter().find_map(|scheme| text.strip_prefix(scheme));
    let good = rest.is_some_and(|rest| !rest.is_empty());
    if !good {
        let mend = format!(
            "begin it with one of {}, then a directory or host:port",
            STORE_SCHEMES.join(" ")
        );
        report.fault(path, "is not a store that Sacola knows", mend);
        return false;
    }
    let is_sentinel = ["redis+sentinel://", "rediss+sentinel://"]
        .iter()
        .any(|scheme| text.starts_with(scheme));
    if is_sentinel && !names_a_primary(rest.unwrap_or_default()) {
        let mend =
            "write redis+sentinel://host1:26379,host2:26379/NAME, with the name of `sentinel monitor NAME …`";
        report.fault(path, "does not say which primary the Sentinels watch", mend);
        return false;
    }
    true
}

/// Hosts, then a name: what follows the scheme of Sentinels.
fn names_a_primary(rest: &str) -> bool {
    let place = rest.split('?').next().unwrap_or_default();
    let Some((authority, path)) = place.split_once('/') else {
        return false;
    };
    let hosts = authority.rsplit_once('@').map_or(authority, |(_, hosts)| hosts);
    !hosts.is_empty() && !path.is_empty() && !path.starts_with('/')
}

/// A URL of this gateway itself: http or https.
pub(super) fn public_url(report: &mut Report<'_>, path: &str, text: &str) -> Option<Url> {
    let url = web_url(report, path, text)?;
    if url.scheme() == "http" {
        report.warn_as(
            "config.public_url",
            path,
            "is not https://: the provider delivers webhooks to https:// only",
            "put TLS in front of server.listen and write https://gateway.example.com",
        );
    }
    if matches!(url.scheme(), "https" | "http") {
        return Some(url);
    }
    report.fault_as(
        "config.url",
        path,
        "is neither https:// nor http://",
        "write https://gateway.example.com",
    );
    None
}

/// The address of a collector of traces: http or https. Unlike a merchant it is the operator's own, and what goes there is not
/// personal, so no network has to be allowed for it.
pub(super) fn collector_url(report: &mut Report<'_>, path: &str, text: &str) -> Option<Url> {
    let url = web_url(report, path, text)?;
    if matches!(url.scheme(), "https" | "http") {
        return Some(url);
    }
    report.fault_as(
        "config.url",
        path,
        "is neither https:// nor http://",
        "write the collector's OTLP address over HTTP: http://otel-collector:4318",
    );
    None
}

/// A URL that Sacola calls: https to a name or to an address that may be called; http to what may be inside
/// `outgoing.allow_private`. Where a name leads is judged at each connect. When the networks themselves were faulty
/// (`None`), they are not asked.
pub(super) fn called_url(
    report: &mut Report<'_>,
    path: &str,
    text: &str,
    allowed: Option<&Outgoing>,
) -> Option<Url> {
    let url = web_url(report, path, text)?;
    let good = match (url.scheme(), allowed) {
        ("https" | "http", None) => true,
        ("https", Some(outgoing)) => may_be_https(url.host().as_ref(), outgoing),
        ("http", Some(outgoing)) => may_be_http(url.host().as_ref(), outgoing),
        _ => false,
    };
    if good {
        return Some(url);
    }
    let (problem, mend) = if url.scheme() == "https" {
        (
            "its address is neither public nor inside outgoing.allow_private",
            "write a public host, or put its network into outgoing.allow_private, for example 10.0.0.0/8",
        )
    } else {
        (
            "must be https://: its host is not inside outgoing.allow_private",
            "use https://; or, for development and inside a cluster, write http:// and put the host's network \
             into outgoing.allow_private, for example 127.0.0.0/8",
        )
    };
    report.fault_as("config.not_allowed", path, problem, mend);
    None
}

fn may_be_https(host: Option<&Host<&str>>, outgoing: &Outgoing) -> bool {
    match host {
        Some(Host::Ipv4(address)) => outgoing.allows(IpAddr::V4(*address)),
        Some(Host::Ipv6(address)) => outgoing.allows(IpAddr::V6(*address)),
        Some(Host::Domain(_)) => true,
        None => false,
    }
}

/// A name may be one of the cluster's; `localhost` (in either family) is known without asking.
fn may_be_http(host: Option<&Host<&str>>, outgoing: &Outgoing) -> bool {
    match host {
        Some(Host::Ipv4(address)) => outgoing.allows_http(IpAddr::V4(*address)),
        Some(Host::Ipv6(address)) => outgoing.allows_http(IpAddr::V6(*address)),
        Some(Host::Domain("localhost")) => {
            outgoing.allows_http(IpAddr::V4(Ipv4Addr::LOCALHOST))
                || outgoing.allows_http(IpAddr::V6(Ipv6Addr::LOCALHOST))
        }
        Some(Host::Domain(_)) => !outgoing.allow_private.is_empty(),
        None => false,
    }
}

/// What is missing as a rule: the scheme.
const WHOLE: &str = "write it whole: https://HOST, or https://HOST:PORT/PATH";

/// A URL with a host, and without user, password, query and fragment.
fn web_url(report: &mut Report<'_>, path: &str, text: &str) -> Option<Url> {
    let url = match Url::parse(text.trim()) {
        Ok(url) => url,
        Err(error) => {
            report.fault_as("config.url", path, format!("is not a URL: {error}"), WHOLE);
            return None;
        }
    };
    if url.host().is_none() {
        report.fault_as("config.url", path, "has no host", WHOLE);
        return None;
    }
    if !url.username().is_empty() || url.password().is_some() {
        report.fault_as(
            "config.url",
            path,
            "holds a user or a password",
            "remove what stands before the @",
        );
        return None;
    }
    if url.query().is_some() || url.fragment().is_some() {
        report.fault_as(
            "config.url",
            path,
            "holds a query or a fragment",
            "remove everything from the ? or # on",
        );
        return None;
    }
    Some(url)
}

/// A network in CIDR, or a single address.
pub(super) fn network(report: &mut Report<'_>, path: &str, text: &str) -> Option<IpNet> {
    let parsed = text
        .parse::<IpNet>()
        .ok()
        .or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
    match parsed {
        Some(network) if network.prefix_len() == 0 => {
            report.warn_as(
                "config.open_guard",
                path,
                "allows every address: the guard guards nothing",
                "name the networks you need",
            );
        }
        Some(_) => {}
        None => report.fault_as(
            "config.network",
            path,
            "is not a network",
            "write address/bits: 127.0.0.0/8, 10.1.0.0/16, fd00::/8",
        ),
    }
    parsed
}

/// A host without scheme, port and path, in the form in which URLs show it.
pub(super) fn host(report: &mut Report<'_>, path: &str, text: &str) -> Option<String> {
    let parsed = if text.contains('*') {
        None
    } else {
        Host::parse(text).ok()
    };
    if parsed.is_none() {
        let mend = "write only the host: no scheme, port, path or *, for example pay.example.com";
        report.fault(path, "is not a host", mend);
    }
    parsed.map(|host| host.to_string())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn fails(check: impl FnOnce(&mut Report<'_>)) -> bool {
        let env = BTreeMap::new();
        let mut report = Report::new(&env);
        check(&mut report);
        report.finish(Some(())).is_err()
    }

    fn refused(url: &str, networks: &[&str]) -> bool {
        let allow_private = networks.iter().map(|network| network.parse().expect("a network"));
        let outgoing = Outgoing {
            allow_private: allow_private.collect(),
        };
        fails(|report| drop(called_url(report, "u", url, Some(&outgoing))))
    }

    #[test]
    fn http_is_for_hosts_that_may_be_inside_the_allowed_networks() {
        let loopback = ["127.0.0.0/8"];
        for good in [
            "https://shop.example.com/sacola",
            "http://127.0.0.1:9000/sacola",
            "http://localhost:9000",
            "http://[::ffff:127.0.0.1]:9000",
        ] {
            assert!(!refused(good, &loopback), "{good}");
        }
        for bad in [
            "http://10.0.0.1",
            "http://8.8.8.8",
            "ftp://127.0.0.1",
            "https://me:secret@shop.example.com",
        ] {
            assert!(refused(bad, &loopback), "{bad}");
        }
        let in_cluster = "http://shop.default.svc:8080/sacola";
        assert!(!refused(in_cluster, &["10.0.0.0/8"]));
        assert!(refused(in_cluster, &[]) && refused("http://localhost", &[]));
        assert!(refused("http://localhost", &["10.0.0.0/8"]));
        assert!(!refused("http://localhost", &["::1/128"]));
    }

    #[test]
    fn an_https_address_is_public_or_allowed() {
        for private in [
            "https://10.0.0.1",
            "https://169.254.169.254/x",
            "https://127.0.0.1",
            "https://0x7f.1",
            "https://[::1]",
            "https://[::ffff:10.0.0.1]",
            "https://[fd00::1]",
        ] {
            assert!(refused(private, &[]), "{private}");
        }
        assert!(!refused("https://8.8.8.8", &[]) && !refused("https://[2606:4700::1111]", &[]));
        assert!(!refused("https://10.0.0.1", &["10.0.0.0/8"]));
        assert!(refused("https://10.0.0.1", &["127.0.0.0/8"]));
    }

    #[test]
    fn hosts_are_only_hosts() {
        let env = BTreeMap::new();
        let mut report = Report::new(&env);
        assert_eq!(
            host(&mut report, "h", "Pay.Example.com").as_deref(),
            Some("pay.example.com")
        );
        for bad in [
            "https://pay.example.com",
            "pay.example.com:443",
            "pay.example.com/x",
            "*.example.com",
            "",
        ] {
            assert_eq!(host(&mut report, "h", bad), None, "{bad}");
        }
    }

    #[test]
    fn stores_and_networks_are_recognised() {
        for good in [
            "embedded:./data",
            "redis://h:1",
            "rediss://h",
            "redis+cluster://a:1,b:2",
            "redis+sentinel://a:1,b:2/main",
            "rediss+sentinel://u:p@a/main/0?sentinel_password=x",
        ] {
            assert!(!fails(|report| _ = is_store_url(report, "u", good)), "{good}");
        }
        for bad in [
            "embedded:",
            "http://h",
            "postgres://h",
            "data",
            "redis+sentinel://a",
            "redis+sentinel://a/",
            "redis+sentinel:///main",
            "redis+sentinel://u:p@/main",
        ] {
            assert!(fails(|report| _ = is_store_url(report, "u", bad)), "{bad}");
        }
        assert!(!fails(|report| _ = network(report, "n", "10.0.0.1")));
        assert!(fails(|report| _ = network(report, "n", "10.0.0.0/40")));
    }
}
