//! The HTTP clients for calls to the outside. Merchants' addresses are guarded: public networks only, judged at connect,
//! except those that the configuration allows. No redirects, no proxy, no decompression.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Networks that are not the public internet (IANA special-purpose registries, 2025).
const NOT_PUBLIC: [&str; 24] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/127",
    "64:ff9b::/96",
    "100::/64",
    "2001:db8::/32",
    "2002::/16",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
];

/// Which addresses may be called.
#[derive(Clone, Debug)]
pub struct Guard {
    not_public: Arc<Vec<IpNet>>,
    allowed: Arc<Vec<IpNet>>,
}

impl Guard {
    /// Public addresses, and those networks.
    pub fn new(allow_private: Vec<IpNet>) -> Self {
        let not_public = NOT_PUBLIC.iter().filter_map(|net| net.parse().ok()).collect();
        Self {
            not_public: Arc::new(not_public),
            allowed: Arc::new(allow_private),
        }
    }

    /// True when the address may be called.
    pub fn allows(&self, address: IpAddr) -> bool {
        let address = match address {
            IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(address, IpAddr::V4),
            IpAddr::V4(_) => address,
        };
        let inside = |nets: &[IpNet]| nets.iter().any(|net| net.contains(&address));
        inside(&self.allowed) || !inside(&self.not_public)
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|address| guard.allows(address.ip())).collect();
            if allowed.is_empty() {
                let text = format!(
                    "{} has no address that may be called (see outgoing.allow_private)",
                    name.as_str()
                );
                return Err(text.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that builds clients")]
fn plain() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(5))
        .pool_idle_timeout(Duration::from_mins(1))
        .user_agent(concat!("sacola/", env!("CARGO_PKG_VERSION")))
}

/// The client for merchants: guarded; the connector sets each call's time.
pub fn merchants(guard: Guard) -> Result<reqwest::Client, reqwest::Error> {
    plain().dns_resolver(Arc::new(guard)).build()
}

/// The client for the provider, whose address the operator configured.
pub fn provider(timeout_ms: u64) -> Result<reqwest::Client, reqwest::Error> {
    plain().timeout(Duration::from_millis(timeout_ms)).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_and_allowed_addresses_are_called() {
        let guard = Guard::new(vec!["127.0.0.0/8".parse().unwrap()]);
        let allows = |text: &str| guard.allows(text.parse().unwrap());
        assert_eq!(NOT_PUBLIC.len(), guard.not_public.len());
        assert!(allows("127.0.0.1") && allows("8.8.8.8") && allows("2606:4700::1111"));
        for text in [
            "10.1.2.3",
            "169.254.169.254",
            "192.168.1.1",
            "::1",
            "::ffff:10.0.0.1",
            "fe80::1",
            "0.0.0.0",
        ] {
            assert!(!allows(text), "{text}");
        }
        assert!(allows("::ffff:127.0.0.1"));
    }
}
