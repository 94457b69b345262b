//! A real `redis-server` on a free loopback port, in a directory of its own, that can be killed and started again. Its
//! processes never outlive the test binary, not even when that is killed: a guard waits for the end of a pipe.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Result, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::ops::Range;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use sacola::store::redis::Options;
use tempfile::TempDir;

/// Whether and how the server keeps its data on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppendOnly {
    /// Memory only: a kill loses everything.
    Off,
    /// Flushed before each answer.
    Always,
    /// Flushed once a second, by another thread.
    EverySecond,
    /// Flushed when the system likes.
    No,
}

/// A running (or killed) server.
#[derive(Debug)]
pub struct RedisServer {
    port: u16,
    directory: TempDir,
    append_only: AppendOnly,
    settings: Vec<String>,
    environment: Vec<(String, OsString)>,
    running: Option<Running>,
}

/// A process that runs, and the one that ends it when we don't.
#[derive(Debug)]
pub(super) struct Running {
    server: Child,
    guard: Child,
}

/// Settings of a server that is to have replicas: a new one is served at once.
pub const PRIMARY: [&str; 2] = ["--repl-diskless-sync-delay", "0"];

const POLL: Duration = Duration::from_millis(10);
/// A minute in all.
const POLLS: usize = 6000;
/// How long a server that runs may take to answer a question of the test itself.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// Where servers listen. No system gives these to whoever wants any port: only another test's server might take one between our
/// looking and the server's binding, or while a killed server is away. A node of a cluster needs the one 10000 above its own too: no
/// other server looks there.
const PORTS: Range<u16> = 10_000..16_000;
/// Another test's server may be as quick.
const PORTS_TRIED: usize = 20;

impl RedisServer {
    /// Starts a server and waits until it answers.
    pub fn start(append_only: AppendOnly) -> Result<Self> {
        Self::start_with(append_only, &[])
    }

    /// The same with further settings, such as `["--maxmemory", "5mb"]`.
    pub fn start_with(append_only: AppendOnly, settings: &[&str]) -> Result<Self> {
        Self::start_in(append_only, settings, &[])
    }

    /// The same with variables in the server's environment.
    pub fn start_in(
        append_only: AppendOnly,
        settings: &[&str],
        environment: &[(String, OsString)],
    ) -> Result<Self> {
        let mut last = Error::other("no port was tried");
        for _ in 0..PORTS_TRIED {
            let mut server = Self {
                port: free_port()?,
                directory: tempfile::tempdir()?,
                append_only,
                settings: settings.iter().map(|&setting| setting.to_owned()).collect(),
                environment: environment.to_vec(),
                running: None,
            };
            match server.restart() {
                Ok(()) => return Ok(server),
                Err(error) if error.kind() == ErrorKind::NotFound => return Err(error),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// A replica of `primary`, once it follows. The primary should be started with [`PRIMARY`], or following takes 5 s longer.
    pub fn replica_of(primary: &Self, append_only: AppendOnly) -> Result<Self> {
        let port = primary.port.to_string();
        let replica = Self::start_with(append_only, &["--replicaof", "127.0.0.1", port.as_str()])?;
        for _ in 0..POLLS {
            if primary.asks("INFO replication")?.contains("state=online") {
                return Ok(replica);
            }
            std::thread::sleep(POLL);
        }
        Err(Error::new(
            ErrorKind::TimedOut,
            "the replica does not follow its primary",
        ))
    }

    /// Asks something as a person would, and returns the text of the answer.
    pub fn asks(&self, command: &str) -> Result<String> {
        ask(self.port, command, PATIENCE)
    }

    /// Where to connect.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// The port, which stays the same over restarts.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where it keeps its files.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Ends the server as a crash would (SIGKILL).
    pub fn kill(&mut self) -> Result<()> {
        let Some(mut running) = self.running.take() else {
            return Ok(());
        };
        running.end()
    }

    /// Starts the server on the same port and directory, killing it first if it runs.
    pub fn restart(&mut self) -> Result<()> {
        self.kill()?;
        let server = self.command().spawn().map_err(|error| {
            Error::new(
                error.kind(),
                format!("redis-server can't be started, is it installed? {error}"),
            )
        })?;
        self.running = Some(Running::answering(server, self.port)?);
        Ok(())
    }

    /// Stops the server where it stands (SIGSTOP): it keeps its connections and answers nothing.
    pub fn freeze(&self) -> Result<()> {
        self.signal("-STOP")
    }

    /// Lets a frozen server go on (SIGCONT).
    pub fn thaw(&self) -> Result<()> {
        self.signal("-CONT")
    }

    fn signal(&self, signal: &str) -> Result<()> {
        let Some(running) = &self.running else {
            return Err(Error::new(ErrorKind::NotFound, "redis-server does not run"));
        };
        let status = Command::new("kill")
            .args([signal, &running.server.id().to_string()])
            .status()?;
        if status.success() {
            Ok(())
        } else {
            Err(Error::other(format!("kill {signal}: {status}")))
        }
    }

    /// Cuts the connections of all other clients; returns how many.
    pub fn drop_clients(&self) -> Result<u64> {
        let answer = self.asks("CLIENT KILL TYPE normal SKIPME yes")?;
        let count = answer.strip_prefix(':').and_then(|digits| digits.parse().ok());
        count.ok_or_else(|| Error::other(format!("CLIENT KILL: {answer}")))
    }

    fn command(&self) -> Command {
        let (on, fsync) = match self.append_only {
            AppendOnly::Off => ("no", "no"),
            AppendOnly::Always => ("yes", "always"),
            AppendOnly::EverySecond => ("yes", "everysec"),
            AppendOnly::No => ("yes", "no"),
        };
        let mut command = Command::new("redis-server");
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.args([
            "--port",
            &self.port.to_string(),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
        ]);
        command.arg("--dir").arg(self.directory.path());
        command
            .args(["--appendonly", on, "--appendfsync", fsync])
            .args(&self.settings);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        drop(self.kill());
    }
}

impl Running {
    /// The process, once it answers at its port.
    pub(super) fn answering(server: Child, port: u16) -> Result<Self> {
        let guard = guard(server.id())?;
        let mut running = Self { server, guard };
        for _ in 0..POLLS {
            if answers(port, running.server.id()) {
                return Ok(running);
            }
            if let Some(status) = running.server.try_wait()? {
                running.end()?;
                return Err(Error::other(format!("redis-server ended at its start: {status}")));
            }
            std::thread::sleep(POLL);
        }
        running.end()?;
        Err(Error::new(ErrorKind::TimedOut, "redis-server does not answer"))
    }

    pub(super) fn end(&mut self) -> Result<()> {
        // the guard first: it must not kill a later process that got the same number
        self.guard.kill()?;
        self.guard.wait()?;
        self.server.kill()?;
        self.server.wait()?;
        Ok(())
    }
}

/// A process that kills the server when our end of its input closes, which the system does however we end.
fn guard(server: u32) -> Result<Child> {
    let mut command = Command::new("sh");
    command.args(["-c", "cat >/dev/null; kill -9 \"$0\"", &server.to_string()]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.spawn()
}

/// A port for a server.
pub fn free_port() -> Result<u16> {
    for _ in 0..PORTS_TRIED {
        let place = random()? % u64::from(PORTS.end - PORTS.start);
        let port = PORTS.start + u16::try_from(place).map_err(Error::other)?;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    Err(Error::other(format!("no port of {PORTS:?} is free")))
}

fn random() -> Result<u64> {
    getrandom::u64().map_err(|error| Error::other(error.to_string()))
}

/// Sends a command and reads an answer of one line, or the text that it announces.
pub(super) fn ask(port: u16, command: &str, wait: Duration) -> Result<String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, wait)?;
    stream.set_read_timeout(Some(wait))?;
    stream.write_all(format!("{command}\r\n").as_bytes())?;
    let mut answer = BufReader::new(stream);
    let mut first = String::new();
    answer.read_line(&mut first)?;
    let Some(length) = first.trim_end().strip_prefix('$') else {
        return Ok(first.trim_end().to_owned());
    };
    let length = length
        .parse::<usize>()
        .map_err(|_| Error::other(format!("{command}: {first}")))?;
    let mut text = vec![0; length];
    answer.read_exact(&mut text)?;
    String::from_utf8(text).map_err(Error::other)
}

/// True once that very process has loaded its data and answers PING: at its port another test's server may listen.
fn answers(port: u16, process: u32) -> bool {
    let wait = Duration::from_secs(1);
    let own = format!("process_id:{process}");
    ask(port, "PING", wait).is_ok_and(|answer| answer == "+PONG")
        && ask(port, "INFO server", wait)
            .is_ok_and(|told| told.lines().any(|line| line.trim_end() == own.as_str()))
}

/// One server for all tests of the process that keep apart by random key prefixes.
pub fn shared() -> std::result::Result<&'static RedisServer, &'static str> {
    static SHARED: OnceLock<std::result::Result<RedisServer, String>> = OnceLock::new();
    let started =
        SHARED.get_or_init(|| RedisServer::start(AppendOnly::Off).map_err(|error| error.to_string()));
    started.as_ref().map_err(String::as_str)
}

/// A key prefix that no other test has.
pub fn fresh_prefix() -> Result<String> {
    Ok(format!("t{:016x}:", random()?))
}

/// Of a store whose server is there: a machine that stands still for a moment is not taken for one that is away.
pub fn patient() -> Options {
    Options {
        connect_timeout_ms: 30_000,
        answer_timeout_ms: 30_000,
        ..Options::default()
    }
}
