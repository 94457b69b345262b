//! Which payment links may go to a customer (rule R9): https only, on a host that the merchant listed. A link is judged by
//! its text; it is never resolved or fetched.

use ipnet::IpNet;
use url::{Host, Url};

/// The rule for one merchant.
#[derive(Clone, Debug, Default)]
pub struct LinkRule {
    /// Hosts (or `host:port`) that a link may have.
    pub hosts: Vec<String>,
    /// Networks in which http is allowed too, for development and in-cluster merchants.
    pub allow_private: Vec<IpNet>,
}

/// Longest link that is sent (WhatsApp link buttons).
const URL_CHARS_MAX: usize = 2_000;

impl LinkRule {
    /// True when the link may be sent.
    pub fn allows(&self, link: &str) -> bool {
        let Ok(url) = Url::parse(link) else {
            return false;
        };
        let Some(host) = url.host_str() else {
            return false;
        };
        let with_port = url.port().map(|port| format!("{host}:{port}"));
        let listed = self.hosts.iter().any(|allowed| {
            allowed.eq_ignore_ascii_case(host)
                || with_port
                    .as_deref()
                    .is_some_and(|own| allowed.eq_ignore_ascii_case(own))
        });
        let plain = link.len() <= URL_CHARS_MAX && !link.chars().any(char::is_control);
        let no_login = url.username().is_empty() && url.password().is_none();
        listed
            && plain
            && no_login
            && (url.scheme() == "https" || (url.scheme() == "http" && self.is_private(&url)))
    }

    fn is_private(&self, url: &Url) -> bool {
        let inside = |address: std::net::IpAddr| self.allow_private.iter().any(|net| net.contains(&address));
        match url.host() {
            Some(Host::Ipv4(address)) => inside(address.into()),
            Some(Host::Ipv6(address)) => inside(address.into()),
            Some(Host::Domain("localhost")) => inside(std::net::Ipv4Addr::LOCALHOST.into()),
            Some(Host::Domain(_)) | None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r9_only_https_on_a_listed_host() {
        let rule = LinkRule {
            hosts: vec!["pay.example.com".into()],
            allow_private: Vec::new(),
        };
        assert!(rule.allows("https://pay.example.com/p/1?x=2"));
        assert!(rule.allows("https://PAY.example.com/p/1"));
        for link in [
            "http://pay.example.com/p/1",
            "https://pay.example.com.evil.net/",
            "https://evil.net/pay.example.com",
            "https://pay.example.com@evil.net/",
            "https://user:x@pay.example.com/",
            "javascript:alert(1)",
            "//pay.example.com/",
            "",
        ] {
            assert!(!rule.allows(link), "{link}");
        }
    }

    #[test]
    fn http_is_for_listed_private_networks_only() {
        let nets = vec!["127.0.0.0/8".parse().unwrap()];
        let rule = LinkRule {
            hosts: vec!["127.0.0.1".into(), "10.0.0.1".into()],
            allow_private: nets,
        };
        assert!(rule.allows("http://127.0.0.1:8080/pay"));
        assert!(!rule.allows("http://10.0.0.1/pay"));
    }
}
