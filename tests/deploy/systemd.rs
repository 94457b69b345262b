//! One machine without containers: the unit file, read line by line, and judged by systemd itself where that is at hand.

use std::path::Path;
use std::process::{Command, Stdio};

use super::container::judge::is_known;

const PROGRAM: &str = "/usr/local/bin/sacola";

/// What each of these says, the last time that it is said.
const WANTED: [(&str, &str); 35] = [
    ("DynamicUser", "yes"),
    ("StateDirectory", "sacola"),
    ("ProtectSystem", "strict"),
    ("ProtectHome", "yes"),
    ("PrivateTmp", "yes"),
    ("NoNewPrivileges", "yes"),
    ("CapabilityBoundingSet", ""),
    ("MemoryDenyWriteExecute", "yes"),
    ("ExecReload", "/bin/kill -HUP $MAINPID"),
    ("Restart", "on-failure"),
    ("RestartPreventExitStatus", "2"),
    ("StartLimitIntervalSec", "0"),
    ("Type", "exec"),
    ("KillSignal", "SIGTERM"),
    ("StateDirectoryMode", "0700"),
    ("UMask", "0077"),
    ("LimitCORE", "0"),
    ("AmbientCapabilities", ""),
    ("RestrictAddressFamilies", "AF_INET AF_INET6 AF_UNIX"),
    ("RestrictNamespaces", "yes"),
    ("RestrictRealtime", "yes"),
    ("RestrictSUIDSGID", "yes"),
    ("LockPersonality", "yes"),
    ("PrivateDevices", "yes"),
    ("PrivateIPC", "yes"),
    ("ProtectClock", "yes"),
    ("ProtectHostname", "yes"),
    ("ProtectKernelLogs", "yes"),
    ("ProtectKernelModules", "yes"),
    ("ProtectKernelTunables", "yes"),
    ("ProtectControlGroups", "yes"),
    ("ProtectProc", "invisible"),
    ("SystemCallArchitectures", "native"),
    ("SystemCallFilter", "~@privileged"),
    ("WantedBy", "multi-user.target"),
];

fn unit() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/systemd/sacola.service");
    std::fs::read_to_string(path).unwrap()
}

/// The last value of a key; nothing when it is not there.
fn value<'a>(unit: &'a str, key: &str) -> Option<&'a str> {
    let pairs = unit.lines().filter_map(|line| line.split_once('='));
    pairs
        .filter(|(name, _)| *name == key)
        .map(|(_, value)| value)
        .next_back()
}

/// What is wrong with a unit.
fn faults(unit: &str) -> Vec<String> {
    let differs = WANTED
        .iter()
        .filter(|(key, wanted)| value(unit, key) != Some(*wanted));
    let mut faults: Vec<String> = differs
        .map(|(key, wanted)| format!("{key} is not {wanted:?}"))
        .collect();
    faults.extend(opened(unit));
    // server.drain_s is 25, and docs/OPERATIONS.md asks for 10 more
    let stop = value(unit, "TimeoutStopSec").and_then(|seconds| seconds.parse::<u64>().ok());
    if stop.unwrap_or(0) < 35 {
        faults.push("TimeoutStopSec would cut a drain off".to_owned());
    }
    let words: Vec<String> = value(unit, "ExecStart")
        .unwrap_or_default()
        .split_whitespace()
        .map(str::to_owned)
        .collect();
    match words.split_first() {
        Some((program, arguments)) if program == PROGRAM && is_known(arguments) => {}
        Some(_) | None => faults.push(format!("ExecStart {words:?} is not known to the program")),
    }
    faults
}

/// What lines beside these take back.
fn opened(unit: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for (line, fault) in [
        ("User=root", "it runs as root"),
        ("ReadWritePaths=", "it may write more than its folder"),
        (
            "PermissionsStartOnly=",
            "PermissionsStartOnly lets commands run as root",
        ),
    ] {
        if unit.lines().any(|found| found.starts_with(line)) {
            faults.push(fault.to_owned());
        }
    }
    if !unit
        .lines()
        .any(|line| line == "SystemCallFilter=@system-service")
    {
        faults.push("SystemCallFilter names no @system-service".to_owned());
    }
    let said = unit.lines().filter(|line| line.starts_with("Environment="));
    let secret = |line: &&str| {
        ["SECRET", "TOKEN", "PASSWORD", "KEY", "STORE__URL"]
            .iter()
            .any(|word| line.contains(word))
    };
    faults.extend(
        said.filter(secret)
            .map(|line| format!("{line} is readable by everybody: EnvironmentFile=")),
    );
    faults
}

#[test]
fn the_unit_has_no_fault_and_planted_ones_are_found() {
    assert_eq!(faults(&unit()), Vec::<String>::new());
    let planted = [
        (
            "ProtectSystem=strict",
            "ProtectSystem=full",
            "ProtectSystem is not",
        ),
        (
            "CapabilityBoundingSet=\n",
            "CapabilityBoundingSet=CAP_NET_ADMIN\n",
            "CapabilityBoundingSet is not",
        ),
        ("DynamicUser=yes", "User=root", "DynamicUser is not"),
        ("TimeoutStopSec=40", "TimeoutStopSec=10", "cut a drain off"),
        ("sacola serve", "sacola start", "is not known"),
        ("kill -HUP", "kill -TERM", "ExecReload is not"),
        (
            "StartLimitIntervalSec=0",
            "StartLimitIntervalSec=300",
            "StartLimitIntervalSec is not",
        ),
        ("PrivateDevices=yes", "PrivateDevices=no", "PrivateDevices is not"),
        ("LockPersonality=yes\n", "", "LockPersonality is not"),
        (
            "SystemCallFilter=@system-service\n",
            "",
            "names no @system-service",
        ),
        ("SystemCallFilter=~@privileged\n", "", "SystemCallFilter is not"),
        ("DynamicUser=yes", "DynamicUser=yes\nUser=root", "runs as root"),
        (
            "UMask=0077",
            "UMask=0077\nReadWritePaths=/",
            "write more than its folder",
        ),
        (
            "Environment=SACOLA_LOG=json",
            "Environment=SACOLA_LOG=json WA_TOKEN=x",
            "readable by everybody",
        ),
        ("KillSignal=SIGTERM", "KillSignal=SIGKILL", "KillSignal is not"),
    ];
    for (from, to, words) in planted {
        assert!(unit().contains(from), "nothing to change: {from}");
        let found = faults(&unit().replace(from, to));
        assert!(found.iter().any(|fault| fault.contains(words)), "{to}: {found:?}");
    }
}

/// `systemd-analyze` reads the unit without a running systemd; 25 of 100 is what a well closed service has.
#[test]
fn systemd_takes_the_unit_and_finds_little_that_it_leaves_open() {
    let is_here = Command::new("systemd-analyze")
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    if is_here.is_err() {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("sacola.service");
    std::fs::write(&file, unit().replace(PROGRAM, env!("CARGO_BIN_EXE_sacola"))).unwrap();
    for arguments in [
        &["verify"][..],
        &["security", "--offline=true", "--no-pager", "--threshold=25"][..],
    ] {
        let output = Command::new("systemd-analyze")
            .args(arguments)
            .arg(&file)
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    }
}
