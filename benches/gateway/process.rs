//! Processes under test: started on one core, measured through /proc, ended by their own id.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::Context;

/// A running program.
pub struct Process {
    name: &'static str,
    child: Child,
}

impl Process {
    /// Starts a program on one core.
    pub fn start(name: &'static str, command: &Command, core: usize) -> anyhow::Result<Self> {
        let mut pinned = Command::new("taskset");
        pinned
            .arg("-c")
            .arg(core.to_string())
            .arg(command.get_program())
            .args(command.get_args());
        for (key, value) in command.get_envs() {
            if let Some(value) = value {
                pinned.env(key, value);
            }
        }
        pinned
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let child = pinned
            .spawn()
            .with_context(|| format!("{name} can't be started (taskset is part of util-linux)"))?;
        Ok(Self { name, child })
    }

    /// The first line that it prints.
    pub fn first_line(&mut self) -> anyhow::Result<String> {
        let out = self
            .child
            .stdout
            .take()
            .with_context(|| format!("{} has no output", self.name))?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        anyhow::ensure!(!line.is_empty(), "{} ended before it was ready", self.name);
        Ok(line)
    }

    /// Processor time so far, in microseconds (the kernel counts in ticks of 10 ms).
    pub fn cpu_us(&self) -> u64 {
        let path = format!("/proc/{}/stat", self.child.id());
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let after_name = text.rsplit_once(')').map_or("", |(_, rest)| rest);
        let fields: Vec<&str> = after_name.split_whitespace().collect();
        let ticks = |index: usize| {
            fields
                .get(index)
                .and_then(|text| text.parse::<u64>().ok())
                .unwrap_or(0)
        };
        (ticks(11) + ticks(12)) * 10_000
    }

    /// Memory in use, in kilobytes.
    pub fn rss_kb(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|rest| rest.split_whitespace().next()?.parse().ok())
            .unwrap_or(0)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
