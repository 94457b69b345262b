//! `sacola replay` as an operator runs it: beside a running gateway, without one, and where there is nothing to replay.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::program::{API_KEY, Gateway, NUMBER, Outside, environment, write_config};
use crate::support::redis_server::{AppendOnly, RedisServer};

/// Exit status, stdout, stderr.
fn replays(config: &Path, conversation: &str, more: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_sacola"))
        .args(["replay", conversation, "--config"])
        .arg(config)
        .args(more)
        .envs(environment())
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_replays_through_its_gateway_and_from_its_file() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let outside = Outside::start();
    let store = format!("embedded:{}", data.display());
    let config = write_config(directory.path(), &outside, &store, 2_000);
    let stranger = format!("{NUMBER}/BR.nobody");
    let (status, _, stderr) = replays(&config, &stranger, &[]);
    assert_eq!(status, Some(1), "{stderr}");
    assert!(!data.exists(), "looking makes no store");

    let gateway = Gateway::start(&config, &outside);
    let ana = outside.phone("Ana").await;
    ana.fills_a_cart().await;
    let hers = format!("{NUMBER}/{}", ana.user_id);
    let (status, stdout, stderr) = replays(&config, &hers, &["--gateway", &gateway.public]);
    assert_eq!(status, Some(0), "{stdout}\n{stderr}");
    assert!(stdout.starts_with("bit-identical: "), "{stdout}");
    assert!(
        !stdout.contains(&ana.user_id) && !stdout.contains("Ana"),
        "{stdout}"
    );
    let (status, _, stderr) = replays(&config, &hers, &[]);
    assert_eq!(status, Some(1));
    assert!(
        stderr.contains("--gateway"),
        "its port is not in the file: {stderr}"
    );
    assert_eq!(
        replays(&config, &stranger, &["--gateway", &gateway.public]).0,
        Some(1)
    );

    assert_eq!(gateway.terminates(), Some(0));
    let (status, stdout, stderr) = replays(&config, &hers, &["--json"]);
    assert_eq!(status, Some(0), "{stdout}\n{stderr}");
    let report: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(report["outcome"], "identical");
    assert!(report["replayed"].as_u64().unwrap() >= 4, "{report}");
    outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_in_redis_replays_beside_its_gateway() {
    let server = RedisServer::start(AppendOnly::No).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let outside = Outside::start();
    let config = write_config(directory.path(), &outside, &server.url(), 2_000);
    let gateway = Gateway::start(&config, &outside);
    let ana = outside.phone("Ana").await;
    ana.fills_a_cart().await;
    let (status, stdout, stderr) = replays(&config, &format!("{NUMBER}/{}", ana.user_id), &[]);
    assert_eq!(status, Some(0), "{stdout}\n{stderr}");
    assert!(stdout.starts_with("bit-identical: "), "{stdout}");
    drop(gateway);
    outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn journals_are_for_operators_and_wrong_arguments_are_status_2() {
    let directory = tempfile::tempdir().unwrap();
    let outside = Outside::start();
    let store = format!("embedded:{}", directory.path().join("data").display());
    let config = write_config(directory.path(), &outside, &store, 2_000);
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("merchant = \"*\"", "merchant = \"demo\"")).unwrap();
    let gateway = Gateway::start(&config, &outside);
    let url = format!("{}/v1/conversations/{NUMBER}/BR.1/journal", gateway.public);
    let answer = outside.http.get(url).bearer_auth(API_KEY).send().await.unwrap();
    assert_eq!(answer.status(), 403);
    let whose = format!("{NUMBER}/BR.1");
    let cases: [(&str, &[&str], &str); 5] = [
        (NUMBER, &[], "NUMBER/CUSTOMER"),
        ("5511999990000/BR.1", &[], "phone_number_id"),
        (&whose, &["--gateway", &gateway.public], "operator"),
        (&whose, &["--gateway", "http://203.0.113.7"], "https://"),
        (&whose, &["--gateway", "no address"], "--gateway"),
    ];
    for (conversation, more, named) in cases {
        let (status, _, stderr) = replays(&config, conversation, more);
        assert_eq!(status, Some(2), "{stderr}");
        assert!(stderr.contains(named), "{named} is not in {stderr}");
    }
    drop(gateway);
    outside.stop().await;
}
