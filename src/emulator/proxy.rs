//! A proxy in front of the emulator: `HTTPS_PROXY` points a program at it without a line in its code or in `/etc/hosts`. It
//! tunnels (`CONNECT`) to the HTTPS listener, and hands on whole requests for `https://` addresses to the plain one, because
//! axios before 1.14 asks a proxy so. It leads from Meta's host names to the emulator and refuses every other host.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::tasks::Tasks;

use super::tls::META_HOSTS;

const TUNNELS_MAX: usize = 256;
const HEAD_BYTES_MAX: usize = 8 * 1024;
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const REST_BYTES_MAX: u64 = 64 * 1024;
const REST_TIMEOUT: Duration = Duration::from_secs(1);
const BACK_OFF: Duration = Duration::from_millis(50);
const HEAD_END: &[u8] = b"\r\n\r\n";
const OPENED: &[u8] = b"HTTP/1.1 200 Connection Established\r\n\r\n";

/// The emulator's own two listeners.
#[derive(Clone, Copy)]
pub struct Led {
    /// Without TLS.
    pub plain: SocketAddr,
    /// With a certificate for Meta's host names.
    pub https: SocketAddr,
}

/// How a request goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// As a tunnel to the HTTPS listener.
    Tunnel,
    /// As it is, to the plain listener.
    Whole,
}

/// Accepts on `listener` until `stop`.
pub fn start(
    listener: std::net::TcpListener,
    led: Led,
    tasks: &Tasks,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    listener
        .set_nonblocking(true)
        .context("the proxy's listener can't be used")?;
    let listener = TcpListener::from_std(listener).context("the proxy's listener can't be used")?;
    let tasks_of_proxy = tasks.clone();
    tasks.spawn("emulator-proxy", async move {
        let places = Arc::new(Semaphore::new(TUNNELS_MAX));
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else {
                return;
            };
            let accepted = tokio::select! {
                () = stop.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            let client = match accepted {
                Ok((client, _)) => client,
                Err(error) => {
                    tracing::warn!(%error, "the proxy could not accept a connection");
                    tokio::time::sleep(BACK_OFF).await;
                    continue;
                }
            };
            let stop = stop.clone();
            tasks_of_proxy.spawn("emulator-tunnel", async move {
                let tunnel = tunnel(client, led);
                let ended = tokio::select! {
                    () = stop.cancelled() => Ok(()),
                    ended = tunnel => ended,
                };
                if let Err(error) = ended {
                    tracing::debug!(%error, "a tunnel ended");
                }
                drop(place);
            });
        }
    });
    Ok(())
}

async fn tunnel(mut client: TcpStream, led: Led) -> io::Result<()> {
    let head = match tokio::time::timeout(HEAD_TIMEOUT, head(&mut client)).await {
        Ok(head) => head?,
        Err(_) => return refuse(&mut client, 408, "the request took longer than 5 s").await,
    };
    let Some((head, rest)) = head else {
        return refuse(&mut client, 431, "the request's head is larger than 8 KiB").await;
    };
    let way = match judged(&head) {
        Ok(way) => way,
        Err((status, reason)) => return refuse(&mut client, status, &reason).await,
    };
    let address = match way {
        Way::Tunnel => led.https,
        Way::Whole => led.plain,
    };
    let Ok(Ok(mut server)) = tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await else {
        return refuse(&mut client, 502, "the emulator's listener does not answer").await;
    };
    match way {
        Way::Tunnel => client.write_all(OPENED).await?,
        Way::Whole => server.write_all(alone(&head).as_bytes()).await?,
    }
    server.write_all(&rest).await?;
    tokio::io::copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}

/// The head as text, and what the client sent behind it; `None` when it is too long.
async fn head(client: &mut TcpStream) -> io::Result<Option<(String, Vec<u8>)>> {
    let mut bytes = Vec::with_capacity(512);
    loop {
        if let Some(end) = bytes
            .windows(HEAD_END.len())
            .position(|window| window == HEAD_END)
        {
            let rest = bytes.split_off(end + HEAD_END.len());
            return Ok(Some((String::from_utf8_lossy(&bytes).into_owned(), rest)));
        }
        if bytes.len() >= HEAD_BYTES_MAX {
            return Ok(None);
        }
        if client.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// The head of a request that stays the only one on its connection, so that the next one is judged too.
fn alone(head: &str) -> String {
    let is_hop = |line: &&str| {
        let name = line.split(':').next().unwrap_or_default();
        ["connection", "proxy-connection", "keep-alive"]
            .iter()
            .any(|hop| name.eq_ignore_ascii_case(hop))
    };
    let lines = head.split("\r\n").filter(|line| !line.is_empty());
    let mut lines: Vec<&str> = lines.filter(|line| !is_hop(line)).collect();
    lines.push("connection: close\r\n\r\n");
    lines.join("\r\n")
}

/// Who is asked for; anything but one of Meta's hosts on port 443 is refused.
fn judged(head: &str) -> Result<Way, (u16, String)> {
    let mut words = head.lines().next().unwrap_or_default().split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let way = if method == "CONNECT" {
        Way::Tunnel
    } else if target.starts_with("https://") {
        Way::Whole
    } else {
        let reason =
            "this proxy leads to https:// addresses only; set HTTPS_PROXY and leave HTTP_PROXY unset";
        return Err((405, reason.to_owned()));
    };
    let known = match way {
        Way::Tunnel => META_HOSTS
            .iter()
            .any(|host| target.eq_ignore_ascii_case(&format!("{host}:443"))),
        Way::Whole => Url::parse(target).is_ok_and(|address| {
            let host = address.host_str().unwrap_or_default();
            META_HOSTS.contains(&host) && address.port_or_known_default() == Some(443)
        }),
    };
    if known {
        return Ok(way);
    }
    let reason = format!(
        "this proxy leads to the WhatsApp emulator and nowhere else: only {} on port 443; put other hosts into NO_PROXY",
        META_HOSTS.join(" and ")
    );
    Err((403, reason))
}

async fn refuse(client: &mut TcpStream, status: u16, reason: &str) -> io::Result<()> {
    let word = match status {
        403 => "Forbidden",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        431 => "Request Header Fields Too Large",
        _ => "Bad Gateway",
    };
    let answer = format!(
        "HTTP/1.1 {status} {word}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{reason}\n",
        reason.len() + 1
    );
    client.write_all(answer.as_bytes()).await?;
    client.shutdown().await?;
    // What still comes is read and dropped: closing before would reset the connection and take the answer with it.
    let (mut rest, mut nowhere) = (client.take(REST_BYTES_MAX), tokio::io::sink());
    let dropped = tokio::io::copy(&mut rest, &mut nowhere);
    if let Ok(read) = tokio::time::timeout(REST_TIMEOUT, dropped).await {
        read?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(head: &str) -> u16 {
        judged(head).map_or_else(|(status, _)| status, |_| 200)
    }

    #[test]
    fn only_tunnels_to_metas_hosts_are_opened() {
        assert_eq!(status("CONNECT graph.facebook.com:443 HTTP/1.1\r\n\r\n"), 200);
        assert_eq!(status("CONNECT Graph.Facebook.com:443 HTTP/1.1\r\n\r\n"), 200);
        assert_eq!(status("CONNECT lookaside.fbsbx.com:443 HTTP/1.1\r\n\r\n"), 200);
        assert_eq!(status("CONNECT graph.facebook.com:80 HTTP/1.1\r\n\r\n"), 403);
        assert_eq!(
            status("CONNECT graph.facebook.com.evil.example:443 HTTP/1.1\r\n\r\n"),
            403
        );
        assert_eq!(status("CONNECT example.com:443 HTTP/1.1\r\n\r\n"), 403);
        assert_eq!(status("GET http://graph.facebook.com/ HTTP/1.1\r\n\r\n"), 405);
        assert_eq!(status("\r\n\r\n"), 405);
    }

    #[test]
    fn whole_requests_for_metas_hosts_go_on_alone() {
        let head = "POST https://graph.facebook.com/v26.0/1/messages HTTP/1.1\r\nHost: graph.facebook.com\r\n\
                    Connection: keep-alive\r\n\r\n";

        assert_eq!(judged(head), Ok(Way::Whole));
        assert_eq!(
            alone(head),
            "POST https://graph.facebook.com/v26.0/1/messages HTTP/1.1\r\nHost: graph.facebook.com\r\n\
             connection: close\r\n\r\n"
        );
        assert_eq!(status("GET https://example.com/ HTTP/1.1\r\n\r\n"), 403);
        assert_eq!(
            status("GET https://graph.facebook.com@example.com/ HTTP/1.1\r\n\r\n"),
            403
        );
        assert_eq!(
            status("GET https://graph.facebook.com:8443/ HTTP/1.1\r\n\r\n"),
            403
        );
    }
}
