//! A program that says in one line of JSON that it is ready, and ends when it is told to. It never outlives its test.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// The program, ready.
pub struct Running {
    child: Child,
    pub ready: Value,
}

impl Running {
    /// Starts it and waits for its line.
    pub fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let mut running = Self {
            child,
            ready: Value::Null,
        };
        running.ready = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not ready: {line:?}"));
        running
    }

    pub fn text(&self, name: &str) -> String {
        let text = self.ready[name].as_str();
        text.unwrap_or_else(|| panic!("no {name} in {}", self.ready))
            .to_owned()
    }

    /// SIGTERM; returns the exit status.
    pub fn terminates(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().unwrap();
        assert!(sent.success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.child.kill().is_ok() {
            drop(self.child.wait());
        }
    }
}
