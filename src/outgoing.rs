//! The HTTP clients for calls to the outside. Where a name leads is judged at each connect, by a rule that the caller
//! gives: merchants are called at public and allowed addresses only, by plain `http://` at allowed ones only. No redirects,
//! no proxy, no decompression. Addresses that are written as such are not resolved: the configuration judges them.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::Url;

/// Which addresses a name may lead to.
#[derive(Clone)]
pub struct Guard {
    allows: Arc<dyn Fn(IpAddr) -> bool + Send + Sync>,
}

impl Guard {
    /// Those of which `allows` is true.
    pub fn new(allows: impl Fn(IpAddr) -> bool + Send + Sync + 'static) -> Self {
        Self {
            allows: Arc::new(allows),
        }
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").finish_non_exhaustive()
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|address| (guard.allows)(address.ip())).collect();
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

/// The clients for merchants; the connector sets each call's time.
#[derive(Clone, Debug)]
pub struct Merchants {
    https: reqwest::Client,
    http: reqwest::Client,
}

impl Merchants {
    /// Clients under a guard for `https://` and one for plain `http://`.
    pub fn new(https: Guard, http: Guard) -> Result<Self, reqwest::Error> {
        Ok(Self {
            https: plain().https_only(true).dns_resolver(Arc::new(https)).build()?,
            http: plain().dns_resolver(Arc::new(http)).build()?,
        })
    }

    /// The client for calls under this URL.
    pub fn client(&self, base_url: &Url) -> &reqwest::Client {
        if base_url.scheme() == "https" {
            &self.https
        } else {
            &self.http
        }
    }
}

/// The client for the provider or a collector of traces, whose address the operator configured.
pub fn provider(timeout_ms: u64) -> Result<reqwest::Client, reqwest::Error> {
    plain().timeout(Duration::from_millis(timeout_ms)).build()
}

/// The client for a provider that is called by plain `http://` (the emulator), under a guard.
pub fn plain_provider(timeout_ms: u64, guard: Guard) -> Result<reqwest::Client, reqwest::Error> {
    let timeout = Duration::from_millis(timeout_ms);
    plain().timeout(timeout).dns_resolver(Arc::new(guard)).build()
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

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    fn loopback_v4(address: IpAddr) -> bool {
        address.is_ipv4() && address.is_loopback()
    }

    #[tokio::test]
    async fn a_name_leads_only_where_its_guard_allows() {
        let resolve = |guard: Guard| guard.resolve("localhost".parse().unwrap());
        let found: Vec<SocketAddr> = resolve(Guard::new(loopback_v4)).await.unwrap().collect();
        assert!(!found.is_empty() && found.iter().all(|address| loopback_v4(address.ip())));
        let refused = resolve(Guard::new(|_| false)).await.err().unwrap().to_string();
        assert!(refused.contains("outgoing.allow_private"), "{refused}");
    }

    #[tokio::test]
    async fn plain_http_has_a_client_and_a_guard_of_its_own() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://localhost:{}/", listener.local_addr().unwrap().port());
        let base_url = Url::parse(&base_url).unwrap();

        let closed = Merchants::new(Guard::new(loopback_v4), Guard::new(|_| false)).unwrap();
        let error = closed
            .client(&base_url)
            .get(base_url.as_str())
            .send()
            .await
            .unwrap_err();
        assert!(error.is_connect(), "{error:?}");
        let error = closed.https.get(base_url.as_str()).send().await.unwrap_err();
        assert!(
            error.is_builder(),
            "the other client takes no http:// at all: {error:?}"
        );

        let open = Merchants::new(Guard::new(|_| false), Guard::new(loopback_v4)).unwrap();
        let call = open.client(&base_url).get(base_url.as_str()).send();
        let serve = async {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = [0_u8; 1024];
            let read = socket.read(&mut request).await.unwrap();
            assert!(read > 0);
            socket
                .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
                .await
                .unwrap();
        };
        let (answer, ()) = tokio::join!(call, serve);
        assert_eq!(answer.unwrap().status().as_u16(), 204);
    }
}
