//! Public WhatsApp SDKs, unmodified, against the emulator: each sends every kind of message that it supports, and takes the
//! webhooks with its own parser and its signature check on. The walks are theirs (`python`, `node`); a step that fails is told.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

const FREE: &str = "127.0.0.1:0";

/// The emulator as a process, with HTTPS and the proxy for SDKs that have Meta's host built in.
struct Emulator {
    child: Child,
    ready: String,
    _tls_dir: tempfile::TempDir,
}

impl Emulator {
    fn start() -> Self {
        let tls_dir = tempfile::tempdir().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_sacola"))
            .args(["emulator", "--listen", FREE])
            .args(["--tls-listen", FREE, "--proxy-listen", FREE, "--tls-dir"])
            .arg(tls_dir.path())
            .env("RUST_LOG", "warn")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut ready = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut ready).unwrap();
        assert!(
            ready.contains("\"ready\":true"),
            "the emulator did not start: {ready:?}"
        );
        Self {
            child,
            ready,
            _tls_dir: tls_dir,
        }
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/sdks")
        .join(name)
}

/// Fails with the step that installs what is not there.
fn installed(path: &Path, step: &str) {
    assert!(
        path.exists(),
        "{} is missing. Mend: scripts/test --step {step}",
        path.display()
    );
}

/// Walks the SDK through a fresh emulator; at the end it must have sent and received that much.
fn walks(program: &Path, script: &str, folder: &Path, sent: u64, received: u64) {
    let emulator = Emulator::start();
    let walked = Command::new(program)
        .arg(script)
        .current_dir(folder)
        .env("SACOLA_EMULATOR", emulator.ready.trim())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap_or_else(|error| panic!("{} can't be run: {error}", program.display()));
    let told = told(&walked);
    assert!(walked.status.success(), "{}", failures(&told, &walked));
    let summary = told.last().expect("the walk told nothing");
    let count = |name: &str| summary[name].as_u64().unwrap_or_default();
    assert!(count("sent") >= sent, "too few messages were sent: {summary}");
    assert!(
        count("received") >= received,
        "too few webhooks were taken: {summary}"
    );
}

fn told(walked: &Output) -> Vec<Value> {
    let text = String::from_utf8_lossy(&walked.stdout);
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

/// The steps that failed, and what the SDK's process complained about.
fn failures(told: &[Value], walked: &Output) -> String {
    let failed = told.iter().filter(|step| step["ok"] == false);
    let failed: Vec<String> = failed.map(Value::to_string).collect();
    let complaints = String::from_utf8_lossy(&walked.stderr);
    format!(
        "{}: {} of {} steps failed\n{}\n{complaints}",
        walked.status,
        failed.len(),
        told.len(),
        failed.join("\n")
    )
}

#[test]
fn a_python_sdk_with_metas_host_built_in_walks_through_tls_and_the_proxy() {
    let folder = folder("python");
    let python = folder.join(".venv/bin/python");
    installed(&python, "python");

    walks(&python, "walk.py", &folder, 55, 180);
}

#[test]
fn a_node_sdk_walks_with_a_fetch_of_its_own() {
    let folder = folder("node");
    installed(&folder.join("node_modules/whatsapp-api-js"), "node");

    walks(Path::new("node"), "walk.mjs", &folder, 55, 180);
}
