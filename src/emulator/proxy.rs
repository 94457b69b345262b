//! An HTTP CONNECT proxy in front of the HTTPS listener: `HTTPS_PROXY` points a program at the emulator without a line in its code
//! or in `/etc/hosts`. It tunnels to Meta's host names only, always to the emulator, and refuses every other host and method.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

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

/// Accepts on `listener` until `stop`; each tunnel leads to `https`, the emulator's HTTPS listener.
pub fn start(
    listener: std::net::TcpListener,
    https: SocketAddr,
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
                let tunnel = tunnel(client, https);
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

async fn tunnel(mut client: TcpStream, https: SocketAddr) -> io::Result<()> {
    let head = match tokio::time::timeout(HEAD_TIMEOUT, head(&mut client)).await {
        Ok(head) => head?,
        Err(_) => return refuse(&mut client, 408, "the request took longer than 5 s").await,
    };
    let Some((head, rest)) = head else {
        return refuse(&mut client, 431, "the request's head is larger than 8 KiB").await;
    };
    if let Err((status, reason)) = judged(&head) {
        return refuse(&mut client, status, &reason).await;
    }
    let Ok(Ok(mut server)) = tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(https)).await else {
        return refuse(&mut client, 502, "the emulator's HTTPS listener does not answer").await;
    };
    client.write_all(OPENED).await?;
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

/// Who is asked for; anything but a tunnel to one of Meta's hosts is refused.
fn judged(head: &str) -> Result<(), (u16, String)> {
    let mut words = head.lines().next().unwrap_or_default().split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if method != "CONNECT" {
        let reason = "this proxy opens tunnels (CONNECT) only; set HTTPS_PROXY and leave HTTP_PROXY unset";
        return Err((405, reason.to_owned()));
    }
    let known = |host: &&str| target.eq_ignore_ascii_case(&format!("{host}:443"));
    if META_HOSTS.iter().any(known) {
        return Ok(());
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
        judged(head).map_or_else(|(status, _)| status, |()| 200)
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
}
