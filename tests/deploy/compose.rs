//! One machine with Compose: the file is judged, each judgement is shown to be able to fail, secrets are made and read, and the
//! rehearsal is played for real, by the same command lines and configuration on loopback.

mod judge;
mod rehearsal;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// Where the configurations expect their secrets.
const SECRETS: &str = "/run/secrets/sacola";
const META: [(&str, &str); 2] = [
    ("SACOLA_ACCESS_TOKEN", "a token of Meta"),
    ("SACOLA_APP_SECRET", "an app secret of Meta"),
];

/// Where to change what (null takes the key away), and words of the fault that it must be.
const PLANTED: [(&str, &str, &str); 57] = [
    (
        "/services/sacola/read_only",
        "false",
        "sacola: its root can be written",
    ),
    ("/services/redis/cap_drop", "null", "redis: it keeps capabilities"),
    (
        "/services/sacola/cap_add",
        r#"["NET_ADMIN"]"#,
        "cap_add gives rights",
    ),
    ("/services/emulator/privileged", "true", "privileged gives rights"),
    ("/services/sacola/security_opt", "[]", "may gain privileges"),
    ("/services/redis/user", r#""redis""#, "its user is no number"),
    ("/services/redis/user", r#""0:0""#, "its user is no number"),
    ("/services/sacola/user", r#""1000:1000""#, "not the image's"),
    ("/services/sacola/tmpfs", r#"["/tmp"]"#, "tmpfs without"),
    (
        "/services/sacola/environment",
        r#"{"WA_TOKEN": "x"}"#,
        "a secret in the environment",
    ),
    ("/services/redis/mem_limit", "null", "no mem_limit"),
    ("/services/sacola/logging", "null", "fill the disk"),
    ("/services/sacola/restart", r#""no""#, "not started again"),
    ("/services/sacola/init", "null", "early SIGTERM"),
    (
        "/services/sacola/healthcheck/test/2",
        r#""healthy""#,
        "not known to the program",
    ),
    ("/services/redis/healthcheck", "null", "no health check"),
    ("/services/sacola/image", r#""sacola""#, "not pinned"),
    ("/services/sacola/image", r#""sacola:latest""#, "not pinned"),
    ("/services/sacola/ports/0", r#""8080:8080""#, "open to everybody"),
    (
        "/services/sacola/volumes/0",
        r#""./compose/production:/etc/sacola""#,
        "mount it :ro",
    ),
    (
        "/services/sacola/volumes/0",
        r#""./compose/other:/etc/sacola:ro""#,
        "is not there",
    ),
    (
        "/services/sacola/volumes/0",
        r#""./compose/production/sacola.toml:/etc/sacola/sacola.toml:ro""#,
        "mount its folder",
    ),
    ("/volumes/redis-data", "null", "no volume redis-data"),
    ("/networks/store", "null", "no network store"),
    ("/services/sacola/profiles", "[]", "its profiles are"),
    (
        "/services/rehearsal/depends_on/redis",
        r#"{"condition": "service_healthy"}"#,
        "not of its profile",
    ),
    (
        "/services/sacola/depends_on/redis/condition",
        r#""service_started""#,
        "until redis is healthy",
    ),
    (
        "/services/sacola/stop_grace_period",
        r#""10s""#,
        "would be cut off",
    ),
    (
        "/services/sacola/networks",
        r#"["outside"]"#,
        "store.url redis://redis:6379 leads to no service",
    ),
    (
        "/services/rehearsal/networks",
        r#"["rehearsal-store"]"#,
        "whatsapp.graph_url http://emulator:8090 leads",
    ),
    (
        "/networks/rehearsal/ipam/config/0/subnet",
        r#""10.9.8.0/24""#,
        "lacks the addresses",
    ),
    (
        "/services/emulator/command/3",
        r#""--webhooks-url""#,
        "not known to the program",
    ),
    (
        "/services/emulator/command/4",
        r#""http://sacola:8080/webhooks/whatsapp""#,
        "--webhook-url http://sacola",
    ),
    ("/services/redis/command/4", r#""no""#, "--appendonly is not"),
    (
        "/services/redis/command/6",
        r#""everysec""#,
        "--appendfsync is not",
    ),
    (
        "/services/redis/command/8",
        r#""yes""#,
        "--no-appendfsync-on-rewrite is not",
    ),
    ("/services/redis/command/10", r#""60 1""#, "--save is not"),
    (
        "/services/redis/command/12",
        r#""1000mb""#,
        "no room for a rewrite",
    ),
    (
        "/services/redis/command/14",
        r#""allkeys-lru""#,
        "--maxmemory-policy is not",
    ),
    ("/services/redis/command/2", r#""/tmp""#, "are in no volume"),
    ("/networks/store/internal", "false", "is not internal"),
    (
        "/services/redis/ports",
        r#"["127.0.0.1:6379:6379"]"#,
        "redis: it has a port",
    ),
    (
        "/services/sacola/ports/0",
        r#""127.0.0.1:8080:8081""#,
        "leads to none that is listened on",
    ),
    ("/services/sacola/ports", "[8080]", "ports is not a list of texts"),
    (
        "/services/sacola/volumes/2",
        r#"{"type": "bind", "source": "/", "target": "/host"}"#,
        "volumes is not a list of texts",
    ),
    (
        "/services/sacola/security_opt",
        r#"["no-new-privileges:true", "seccomp=unconfined"]"#,
        "takes a guard away",
    ),
    (
        "/services/sacola/environment",
        r#"["WA_APP_SECRET=x"]"#,
        "a secret in the environment",
    ),
    (
        "/services/sacola/env_file",
        r#"".env""#,
        "a secret in the environment",
    ),
    ("/services/sacola/healthcheck/disable", "true", "is switched off"),
    (
        "/services/sacola/healthcheck/start_period",
        "null",
        "no start_period",
    ),
    (
        "/services/sacola/healthcheck/test/4",
        r#""http://127.0.0.1:8080/readyz""#,
        "not http://127.0.0.1:9090/readyz",
    ),
    (
        "/services/emulator/healthcheck/test/4",
        r#""http://127.0.0.1:8090/""#,
        "not http://127.0.0.1:8090/emulator/state",
    ),
    (
        "/services/sacola/volumes",
        r#"["./compose/production:/etc/sacola:ro", "sacola-data:/var/lib/sacola"]"#,
        "no secrets at",
    ),
    (
        "/services/emulator/volumes",
        r#"["./compose/secrets/rehearsal:/run/secrets/sacola:ro"]"#,
        "no volume at /var/lib/sacola",
    ),
    ("/services/sacola/depends_on", "{}", "it does not wait for redis"),
    (
        "/services/rehearsal/depends_on/emulator",
        "null",
        "it does not wait for emulator",
    ),
    (
        "/services/sacola/network_mode",
        r#""host""#,
        "network_mode gives rights",
    ),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy")
}

/// The file as JSON, variables at their defaults.
fn compose() -> Value {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/deploy/python/.venv/bin/python");
    let output = Command::new(&python)
        .args([
            "-c",
            "import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)",
        ])
        .stdin(File::open(folder().join("compose.yaml")).unwrap())
        .stderr(Stdio::inherit())
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}; run scripts/test --step python", python.display()));
    assert!(output.status.success(), "compose.yaml is no YAML");
    let mut compose = serde_json::from_slice(&output.stdout).unwrap();
    fill_in(&mut compose);
    compose
}

/// `${NAME:-default}` for its default; a variable without one is a fault.
fn fill_in(value: &mut Value) {
    match value {
        Value::String(text) => {
            while let Some((before, after)) = text.clone().split_once("${") {
                let (variable, rest) = after.split_once('}').unwrap();
                let (_, default) = variable
                    .split_once(":-")
                    .unwrap_or_else(|| panic!("{variable} has no default"));
                *text = format!("{before}{default}{rest}");
            }
        }
        Value::Array(all) => all.iter_mut().for_each(fill_in),
        Value::Object(all) => all.values_mut().for_each(fill_in),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Makes a profile's secrets in a folder; tells the exit status and what was said.
fn make_secrets(profile: &str, into: &Path, environment: &[(&str, &str)]) -> (Option<i32>, String) {
    let output = Command::new(folder().join("compose/make-secrets"))
        .arg(profile)
        .arg(into)
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

/// A profile's configuration, its secrets in another folder.
fn configuration(profile: &str, secrets: &Path) -> String {
    let path = folder().join(format!("compose/{profile}/sacola.toml"));
    let text = fs::read_to_string(path).unwrap();
    text.replace(SECRETS, secrets.to_str().unwrap())
}

/// All files of a folder.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(&path).unwrap())
        })
        .collect()
}

#[test]
fn the_compose_file_has_no_fault() {
    assert_eq!(judge::faults(&compose(), &folder()), Vec::<String>::new());
}

#[test]
fn every_planted_fault_of_the_compose_file_is_found() {
    let sound = compose();
    for (pointer, value, words) in PLANTED {
        let mut broken = sound.clone();
        set(&mut broken, pointer, serde_json::from_str(value).unwrap());
        let faults = judge::faults(&broken, &folder());
        assert!(
            faults.iter().any(|fault| fault.contains(words)),
            "{pointer} {value} gives {faults:?}, not {words:?}"
        );
    }
}

fn set(compose: &mut Value, pointer: &str, value: Value) {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = compose
        .pointer_mut(parent)
        .unwrap_or_else(|| panic!("nothing at {parent}"));
    if let Some(list) = parent.as_array_mut() {
        list[key.parse::<usize>().unwrap()] = value;
    } else if value.is_null() {
        let removed = parent.as_object_mut().unwrap().remove(key);
        assert!(removed.is_some(), "nothing at {pointer}");
    } else {
        parent[key] = value;
    }
}

#[test]
fn secrets_are_made_once_random_and_readable_by_owner_and_group_alone() {
    let place = tempfile::tempdir().unwrap();
    let (one, other) = (place.path().join("one"), place.path().join("other"));
    assert_eq!(make_secrets("rehearsal", &one, &[]).0, Some(0));
    assert_eq!(make_secrets("rehearsal", &other, &[]).0, Some(0));

    let (made, others) = (files(&one), files(&other));
    assert_eq!(made.len(), 7, "{:?}", made.keys());
    let all: BTreeSet<&String> = made.values().chain(others.values()).collect();
    assert_eq!(all.len(), 14, "each secret is its own");
    assert!(all.iter().all(|secret| secret.len() >= 32));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&one), 0o750);
    assert!(made.keys().all(|name| mode(&one.join(name)) == 0o440));

    let (status, said) = make_secrets("rehearsal", &one, &[]);
    assert_eq!(status, Some(0));
    assert!(!said.contains("made"), "{said}");
    assert_eq!(files(&one), made, "what is there is kept");
}

#[test]
fn production_asks_for_what_only_meta_gives() {
    let place = tempfile::tempdir().unwrap();
    let (status, said) = make_secrets("production", place.path(), &[]);
    assert_eq!(status, Some(1));
    for (variable, _) in META {
        assert!(said.contains(variable), "{said}");
    }
    assert_eq!(files(place.path()).len(), 5);
    let (status, said) = make_secrets("production", place.path(), &META);
    assert_eq!(status, Some(0), "{said}");
    assert_eq!(files(place.path())["app_secret"], "an app secret of Meta");
    assert_eq!(make_secrets("staging", place.path(), &[]).0, Some(1));
}

#[test]
fn both_configurations_are_taken_with_the_secrets_that_were_made() {
    for profile in ["production", "rehearsal"] {
        let secrets = tempfile::tempdir().unwrap();
        let (status, said) = make_secrets(profile, secrets.path(), &META);
        assert_eq!(status, Some(0), "{said}");
        let text = configuration(profile, secrets.path());
        let examined = sacola::config::examine(&text, &BTreeMap::new());
        assert!(examined.faults.is_empty(), "{profile}: {:?}", examined.faults);
        assert!(examined.warnings.is_empty(), "{profile}: {:?}", examined.warnings);
        let config = examined.config.unwrap();
        assert_eq!(config.server.drain_s, 25);
        assert!(!config.buttons.keys.is_empty());

        let broken = text.replace("app_secret\"", "app_secrets\"");
        let examined = sacola::config::examine(&broken, &BTreeMap::new());
        assert!(examined.faults.iter().any(|fault| fault.code == "config.secret"));
    }
}
