//! Which addresses may be called. Literal ones are judged when the configuration is loaded, resolved ones at each connect
//! (`outgoing`), by the same rules.

use std::net::IpAddr;
use std::sync::LazyLock;

use ipnet::IpNet;

use super::types::Outgoing;

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

static NOT_PUBLIC_NETWORKS: LazyLock<Vec<IpNet>> =
    LazyLock::new(|| NOT_PUBLIC.iter().filter_map(|net| net.parse().ok()).collect());

impl Outgoing {
    /// True when the address may be called by `https://`: it is public or inside `allow_private`.
    pub fn allows(&self, address: IpAddr) -> bool {
        self.allows_http(address) || !is_inside(address, &NOT_PUBLIC_NETWORKS)
    }

    /// True when the address may be called by `http://` too: it is inside `allow_private`.
    pub fn allows_http(&self, address: IpAddr) -> bool {
        is_inside(address, &self.allow_private)
    }
}

/// An IPv4 address that is written as IPv6 counts as what it is.
fn is_inside(address: IpAddr, networks: &[IpNet]) -> bool {
    let address = address.to_canonical();
    networks.iter().any(|network| network.contains(&address))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outgoing(network: &str) -> Outgoing {
        Outgoing {
            allow_private: vec![network.parse().expect("a network")],
        }
    }

    #[test]
    fn only_public_and_allowed_addresses_are_called() {
        assert_eq!(NOT_PUBLIC_NETWORKS.len(), NOT_PUBLIC.len());
        let outgoing = outgoing("127.0.0.0/8");
        let allows = |text: &str| outgoing.allows(text.parse().expect("an address"));
        for text in ["127.0.0.1", "::ffff:127.0.0.1", "8.8.8.8", "2606:4700::1111"] {
            assert!(allows(text), "{text}");
        }
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
    }

    #[test]
    fn http_stays_inside_what_is_allowed() {
        let outgoing = outgoing("10.0.0.0/8");
        let allows = |text: &str| outgoing.allows_http(text.parse().expect("an address"));
        assert!(allows("10.1.2.3") && allows("::ffff:10.1.2.3"));
        assert!(!allows("8.8.8.8") && !allows("192.168.1.1") && !allows("2606:4700::1111"));
    }
}
