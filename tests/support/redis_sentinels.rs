//! Three real Redis Sentinels on loopback that watch one primary and let its replica take over, and one that says what a test wants.

use std::io::{BufRead, BufReader, Error, ErrorKind, Result, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};

use tempfile::TempDir;

use super::redis_cluster::until;
use super::redis_server::{PATIENCE, RedisServer, Running, ask, free_port};

const SENTINELS: usize = 3;
/// The name of the primary.
pub const NAME: &str = "main";
const PORTS_TRIED: usize = 20;

/// The Sentinels. They end with it.
#[derive(Debug)]
pub struct RedisSentinels {
    sentinels: Vec<Sentinel>,
}

#[derive(Debug)]
struct Sentinel {
    port: u16,
    _directory: TempDir,
    running: Running,
}

impl RedisSentinels {
    /// Starts them, and waits until each knows the others and the replicas of `primary`: only then can they agree.
    pub fn watching(primary: &RedisServer) -> Result<Self> {
        let mut sentinels = Vec::with_capacity(SENTINELS);
        for _ in 0..SENTINELS {
            sentinels.push(Sentinel::start(primary.port())?);
        }
        let all = Self { sentinels };
        for sentinel in &all.sentinels {
            until("a Sentinel knows the others and the replica", || {
                let seen = sentinel.asks("INFO sentinel")?;
                Ok(seen.contains("status=ok") && seen.contains("slaves=1,sentinels=3"))
            })?;
        }
        Ok(all)
    }

    /// Where to connect.
    pub fn url(&self) -> String {
        let hosts: Vec<String> = self
            .sentinels
            .iter()
            .map(|sentinel| format!("127.0.0.1:{}", sentinel.port))
            .collect();
        format!("redis+sentinel://{}/{NAME}", hosts.join(","))
    }

    /// Ends the first of them, as a crash would.
    pub fn kill_one(&mut self) -> Result<()> {
        if self.sentinels.is_empty() {
            return Err(Error::new(ErrorKind::NotFound, "no Sentinel runs"));
        }
        drop(self.sentinels.remove(0));
        Ok(())
    }

    /// Has the replica take over although the primary is well.
    pub fn hand_over(&self) -> Result<()> {
        let Some(sentinel) = self.sentinels.last() else {
            return Err(Error::new(ErrorKind::NotFound, "no Sentinel runs"));
        };
        // refused while the replica has only just been seen
        until("a Sentinel hands over", || {
            Ok(sentinel.asks(&format!("SENTINEL FAILOVER {NAME}"))? == "+OK")
        })
    }

    /// Waits until all of them name that server.
    pub fn await_primary(&self, server: &RedisServer) -> Result<()> {
        let address = format!("address=127.0.0.1:{},", server.port());
        for sentinel in &self.sentinels {
            until("a Sentinel names the new primary", || {
                Ok(sentinel.asks("INFO sentinel")?.contains(&address))
            })?;
        }
        Ok(())
    }
}

impl Sentinel {
    fn start(primary: u16) -> Result<Self> {
        let mut last = Error::other("no port was tried");
        for _ in 0..PORTS_TRIED {
            let port = free_port()?;
            let directory = tempfile::tempdir()?;
            let file = directory.path().join("sentinel.conf");
            let text = format!(
                "port {port}\nbind 127.0.0.1\ndir {}\nsentinel monitor {NAME} 127.0.0.1 {primary} 2\nsentinel \
                 down-after-milliseconds {NAME} 5000\nsentinel failover-timeout {NAME} 10000\n",
                directory.path().display()
            );
            std::fs::write(&file, text)?;
            let process = Command::new("redis-server")
                .arg(&file)
                .arg("--sentinel")
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()?;
            match Running::answering(process, port) {
                Ok(running) => {
                    return Ok(Self {
                        port,
                        _directory: directory,
                        running,
                    });
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn asks(&self, command: &str) -> Result<String> {
        ask(self.port, command, PATIENCE)
    }
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        drop(self.running.end());
    }
}

/// Waits until a server that handed over serves the new primary. Sentinels tell it some ten seconds after they name the other; what
/// it takes before is lost.
pub fn await_replica(former: &RedisServer) -> Result<()> {
    until("the former primary is a replica", || {
        Ok(former.asks("INFO replication")?.contains("role:slave"))
    })
}

/// A Sentinel of which nothing is real but what it answers to the one question that clients ask it.
#[derive(Debug)]
pub struct ToldSentinel {
    port: u16,
    words: Arc<Words>,
}

#[derive(Debug)]
struct Words {
    names: AtomicU16,
    asked: AtomicU64,
}

impl ToldSentinel {
    /// It names that server until it is told otherwise.
    pub fn naming(server: &RedisServer) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let words = Arc::new(Words {
            names: AtomicU16::new(server.port()),
            asked: AtomicU64::new(0),
        });
        let told = Arc::clone(&words);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let told = Arc::clone(&told);
                std::thread::spawn(move || answers(&stream, &told));
            }
        });
        Ok(Self { port, words })
    }

    /// From now on it names that one.
    pub fn names(&self, server: &RedisServer) {
        self.words.names.store(server.port(), Ordering::SeqCst);
    }

    /// How often it was asked.
    pub fn asked(&self) -> u64 {
        self.words.asked.load(Ordering::SeqCst)
    }

    /// Where to connect.
    pub fn url(&self) -> String {
        format!("redis+sentinel://127.0.0.1:{}/{NAME}", self.port)
    }
}

/// Reads commands (`*N`, then N times `$length` and the word) and answers each.
fn answers(stream: &TcpStream, told: &Words) -> Result<()> {
    let mut lines = BufReader::new(stream).lines();
    let mut writer = stream;
    while let Some(head) = lines.next().transpose()? {
        let count: usize = head.trim_start_matches('*').parse().map_err(Error::other)?;
        let words: Vec<String> = lines.by_ref().take(count * 2).collect::<Result<_>>()?;
        let answer = if words.get(1).is_some_and(|word| word == "SENTINEL") {
            told.asked.fetch_add(1, Ordering::SeqCst);
            let port = told.names.load(Ordering::SeqCst).to_string();
            format!("*2\r\n$9\r\n127.0.0.1\r\n${}\r\n{port}\r\n", port.len())
        } else {
            "+OK\r\n".to_owned()
        };
        writer.write_all(answer.as_bytes())?;
    }
    Ok(())
}
