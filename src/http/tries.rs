//! How often somebody without a right key may try again, counted by the address that the connection comes from. Behind a proxy
//! that is the proxy's: what a header says of the caller is not believed, since anybody can write it. It refuses to know keys.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use actix_web::HttpRequest;

/// Addresses whose tries are counted apart; all beyond share one count.
const PEERS_MAX: usize = 4_096;
/// What one customer of a network provider has of an IPv6 address: 64 bits.
const NETWORK: u128 = u128::MAX << 64;

/// Where a try comes from; `None` for all that are not counted apart.
pub(super) type Peer = Option<IpAddr>;

/// Where a request comes from, as far as it is counted: an IPv6 network counts as one.
pub(super) fn peer(request: &HttpRequest) -> Peer {
    let address = request.peer_addr()?.ip().to_canonical();
    Some(match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & NETWORK)),
    })
}

/// Tries by address.
#[derive(Debug)]
pub(super) struct Tries {
    /// Tries that may come at once.
    burst: i64,
    /// What one try takes, in microseconds.
    try_us: i64,
    /// Theoretical arrival time of the next try, in microseconds (GCRA).
    next_us: Mutex<BTreeMap<Peer, i64>>,
}

impl Tries {
    /// So many at once, and one more after each `try_us`.
    pub(super) fn new(burst: i64, try_us: i64) -> Self {
        Self {
            burst,
            try_us,
            next_us: Mutex::default(),
        }
    }

    /// Takes one try; false: come back later.
    pub(super) fn may_try(&self, peer: Peer, now_ms: i64) -> bool {
        let present_us = now_ms.saturating_mul(1_000);
        let latest_us = present_us.saturating_add(self.burst.saturating_mul(self.try_us));
        let mut tries = self.next_us.lock().unwrap_or_else(PoisonError::into_inner);
        // What is over counts no more, nor what is too far ahead: then the clock was set back.
        tries.retain(|_, next_us| *next_us > present_us && *next_us <= latest_us);
        let is_counted_apart = tries.len() < PEERS_MAX || tries.contains_key(&peer);
        let counted = if is_counted_apart { peer } else { None };
        let next_us = tries.get(&counted).copied().unwrap_or(present_us);
        let next_us = next_us.saturating_add(self.try_us);
        let may = next_us <= latest_us;
        if may {
            tries.insert(counted, next_us);
        }
        may
    }

    /// Gives a try back: the key was right.
    pub(super) fn give_back(&self, peer: Peer) {
        let mut tries = self.next_us.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(next_us) = tries.get_mut(&peer) {
            *next_us = next_us.saturating_sub(self.try_us);
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_network_of_ipv6_counts_as_one_address() {
        let from = |text: &str| {
            let request = TestRequest::default().peer_addr(text.parse().unwrap());
            peer(&request.to_http_request())
        };
        assert_eq!(from("[2001:db8::1]:5"), from("[2001:db8::ffff:2]:6"));
        assert_ne!(from("[2001:db8::1]:5"), from("[2001:db8:0:1::1]:5"));
        assert_eq!(from("[::ffff:192.0.2.7]:5"), from("192.0.2.7:6"));
        assert_ne!(from("192.0.2.7:5"), from("192.0.2.8:5"));
    }

    #[test]
    fn tries_come_back_with_time() {
        let tries = Tries::new(2, 1_000_000);
        let now_ms = 1_790_000_000_000;
        assert!(tries.may_try(None, now_ms) && tries.may_try(None, now_ms));
        assert!(!tries.may_try(None, now_ms));
        assert!(!tries.may_try(None, now_ms + 999));
        assert!(tries.may_try(None, now_ms + 1_000));
    }
}
