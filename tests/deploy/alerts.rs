//! The alert rules and the dashboard: each rule fires in a test and has its page, each metric and label exists, and all of it
//! answers on a live run. `promtool` and `prometheus` come with `scripts/test --step prometheus`, a reader of YAML with
//! `--step python`.

mod dashboard;
mod live;
mod metrics;
mod pages;
mod promql;
mod rules;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

const READ_YAML: &str =
    "import json, sys, yaml\nprint(json.dumps(yaml.safe_load(open(sys.argv[1], encoding='utf-8'))))";

/// A file or folder of the project.
fn of_project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn text_of(path: &str) -> String {
    std::fs::read_to_string(of_project(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A YAML file as JSON.
fn yaml(path: &str) -> Value {
    let python = of_project("tests/deploy/python/.venv/bin/python");
    let mut command = Command::new(&python);
    command.args(["-c", READ_YAML]).arg(of_project(path));
    let output = output_of(command, "python");
    serde_json::from_str(&output).unwrap()
}

/// What a tool prints on stdout when it succeeds. `step` of `scripts/test` installs it.
fn output_of(mut command: Command, step: &str) -> String {
    let started = command.output().unwrap_or_else(|error| {
        panic!("{command:?} can't be started ({error}). Mend: scripts/test --step {step}")
    });
    let Output {
        status,
        stdout,
        stderr,
    } = started;
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{command:?}: {status}\n{stdout}\n{stderr}");
    stdout.into_owned()
}

/// The texts of a list of JSON.
fn texts<'a>(values: &'a Value, key: &str) -> Vec<&'a str> {
    let all = values.as_array().into_iter().flatten();
    all.filter_map(|value| value[key].as_str()).collect()
}
