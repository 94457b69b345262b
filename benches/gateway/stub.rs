//! A Graph API that takes every message and notes when each customer's first one came.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Instant;

use anyhow::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::load;
use super::measure::now;

/// What came in.
#[derive(Debug, Default)]
pub struct Taken {
    pub messages: u64,
    pub first_at: BTreeMap<String, Instant>,
}

/// Starts it on a free port of loopback, on the local task set.
pub async fn start() -> anyhow::Result<(u16, Rc<RefCell<Taken>>)> {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .context("the stub can't listen")?;
    let port = listener.local_addr()?.port();
    let taken = Rc::new(RefCell::new(Taken::default()));
    let shared = Rc::clone(&taken);
    tokio::task::spawn_local(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let taken = Rc::clone(&shared);
            tokio::task::spawn_local(async move { drop(serve(stream, taken).await) });
        }
    });
    Ok((port, taken))
}

async fn serve(mut stream: TcpStream, taken: Rc<RefCell<Taken>>) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::new();
    loop {
        let (head_end, length) = loop {
            if let Some(found) = load::complete(&buffer) {
                break found;
            }
            let mut chunk = [0_u8; 8_192];
            let read = stream.read(&mut chunk).await?;
            anyhow::ensure!(read > 0, "closed");
            buffer.extend_from_slice(chunk.get(..read).unwrap_or_default());
        };
        let came_at = now();
        let body = buffer.get(head_end..head_end + length).unwrap_or_default();
        let serial = note(&taken, body, came_at);
        buffer.drain(..head_end + length);
        let answer = format!(
            r#"{{"messaging_product":"whatsapp","contacts":[{{"input":"x"}}],"messages":[{{"id":"wamid.bench{serial}"}}]}}"#
        );
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{answer}",
            answer.len()
        );
        stream.write_all(answer.as_bytes()).await?;
    }
}

fn note(taken: &RefCell<Taken>, body: &[u8], came_at: Instant) -> u64 {
    let text = String::from_utf8_lossy(body);
    let to = text
        .split_once("\"to\":\"")
        .and_then(|(_, rest)| rest.split('"').next());
    let mut taken = taken.borrow_mut();
    taken.messages += 1;
    if let Some(to) = to {
        taken.first_at.entry(to.to_owned()).or_insert(came_at);
    }
    taken.messages
}
