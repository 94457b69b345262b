//! Load over plain TCP with keep-alive: closed (each connection sends when it was answered) or open (a click is due at its
//! time, whatever became of the others, and its latency counts from then).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::clicks::{Maker, Person};
use super::measure::{Latencies, now, us_since};

/// What a run showed.
#[derive(Debug, Default)]
pub struct Run {
    pub answered: u64,
    pub refused: u64,
    pub elapsed_us: u64,
    pub latencies: Latencies,
}

impl Run {
    pub fn per_second(&self) -> u64 {
        self.answered
            .saturating_mul(1_000_000)
            .checked_div(self.elapsed_us)
            .unwrap_or(0)
    }
}

/// Requests of each connection, in order: those of one customer never go over two connections.
pub fn prepared(
    maker: &Maker,
    people: std::ops::Range<u32>,
    rounds: std::ops::Range<u32>,
    connections: usize,
) -> Vec<Vec<Vec<u8>>> {
    let lanes = u32::try_from(connections).unwrap_or(1);
    (0..lanes)
        .map(|lane| {
            let mine: Vec<Person> = people
                .clone()
                .filter(|index| index % lanes == lane)
                .map(Person)
                .collect();
            rounds
                .clone()
                .flat_map(|round| mine.iter().map(move |person| (*person, round)))
                .map(|(person, round)| maker.request(person, round))
                .collect()
        })
        .collect()
}

/// Sends until the time is over or nothing is left.
pub async fn closed(
    address: SocketAddr,
    requests: &Arc<Vec<Vec<Vec<u8>>>>,
    time: Duration,
) -> anyhow::Result<Run> {
    let start = now();
    let mut running = Vec::new();
    for lane in 0..requests.len() {
        let requests = Arc::clone(requests);
        running.push(tokio::task::spawn_local(async move {
            let mut run = Run::default();
            let mut stream = connected(address).await?;
            for request in requests.get(lane).into_iter().flatten() {
                if now().duration_since(start) >= time {
                    break;
                }
                let sent = now();
                count(&mut run, exchange(&mut stream, request).await?, us_since(sent));
            }
            anyhow::Ok((run, us_since(start)))
        }));
    }
    let mut all = Run::default();
    for one in running {
        let (run, elapsed_us) = one.await.context("a connection was cut off")??;
        all.answered += run.answered;
        all.refused += run.refused;
        all.elapsed_us = all.elapsed_us.max(elapsed_us);
        all.latencies.join(run.latencies);
    }
    Ok(all)
}

/// Sends request `n` at `n × gap`, over as many connections as there are lanes; returns when each was due.
pub async fn open(
    address: SocketAddr,
    requests: &Arc<Vec<Vec<Vec<u8>>>>,
    gap: Duration,
) -> anyhow::Result<(Run, Instant)> {
    let start = now() + Duration::from_millis(50);
    let lanes = u32::try_from(requests.len()).unwrap_or(1);
    let mut running = Vec::new();
    for lane in 0..requests.len() {
        let requests = Arc::clone(requests);
        running.push(tokio::task::spawn_local(async move {
            let mut run = Run::default();
            let mut stream = connected(address).await?;
            for (turn, request) in (0_u32..).zip(requests.get(lane).into_iter().flatten()) {
                let place = turn * lanes + u32::try_from(lane).unwrap_or(0);
                let due = start + gap * place;
                tokio::time::sleep_until(due.into()).await;
                count(&mut run, exchange(&mut stream, request).await?, us_since(due));
            }
            anyhow::Ok(run)
        }));
    }
    let mut all = Run::default();
    for one in running {
        let run = one.await.context("a connection was cut off")??;
        all.answered += run.answered;
        all.refused += run.refused;
        all.latencies.join(run.latencies);
    }
    all.elapsed_us = us_since(start);
    Ok((all, start))
}

fn count(run: &mut Run, status: u16, us: u64) {
    if status == 200 {
        run.answered += 1;
    } else {
        run.refused += 1;
    }
    run.latencies.add(us);
}

async fn connected(address: SocketAddr) -> anyhow::Result<TcpStream> {
    let stream = TcpStream::connect(address)
        .await
        .with_context(|| format!("nobody listens on {address}"))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Sends one request and reads its answer; bodies of answers are short and come with a length.
async fn exchange(stream: &mut TcpStream, request: &[u8]) -> anyhow::Result<u16> {
    stream.write_all(request).await?;
    let mut answer = Vec::with_capacity(512);
    loop {
        let mut chunk = [0_u8; 2_048];
        let read = stream.read(&mut chunk).await?;
        anyhow::ensure!(read > 0, "the server closed the connection");
        answer.extend_from_slice(chunk.get(..read).unwrap_or_default());
        if let Some(status) = whole(&answer) {
            return Ok(status);
        }
    }
}

/// The status of a complete answer.
fn whole(answer: &[u8]) -> Option<u16> {
    let (head_end, _) = complete(answer)?;
    let head = std::str::from_utf8(answer.get(..head_end)?).ok()?;
    head.get(9..12)?.parse().ok()
}

/// Where head and body of a complete HTTP/1.1 message end: the head's length, then the body's.
pub fn complete(bytes: &[u8]) -> Option<(usize, usize)> {
    let head_end = bytes.windows(4).position(|at| at == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(bytes.get(..head_end)?).ok()?;
    let named = |line: &str| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse().ok())?
    };
    let length = head.lines().find_map(named).unwrap_or(0);
    (bytes.len() >= head_end + length).then_some((head_end, length))
}
