//! `sacola erase` as an operator types it: through the running gateway, and on the store of one that was stopped.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::support::program::{API_KEY, Gateway, NUMBER, Outside, environment, eventually, write_config};

const READER: &str = "a key of the shop that may not erase";
const ERASER: &str = "a key of the shop that may erase";

/// A gateway on a file, and somebody at its command line.
struct Desk {
    outside: Outside,
    directory: tempfile::TempDir,
    config: PathBuf,
}

impl Desk {
    fn new() -> Self {
        let (outside, directory) = (Outside::start(), tempfile::tempdir().unwrap());
        let store = format!("embedded:{}", directory.path().join("data").display());
        let config = write_config(directory.path(), &outside, &store, 2_000);
        let text = std::fs::read_to_string(&config).unwrap();
        let scopes = "\"catalog:write\", \"dead_letters:write\"]";
        assert!(text.contains(scopes), "{text}");
        let mut text = text.replace(
            scopes,
            "\"catalog:write\", \"dead_letters:write\", \"customers:erase\"]",
        );
        for (id, secret, scope) in [
            ("reader", READER, "conversations:read"),
            ("eraser", ERASER, "customers:erase"),
        ] {
            let key = format!("id = \"{id}\"\nmerchant = \"demo\"\nsecret = \"{secret}\"");
            text = format!("{text}[[api_key]]\n{key}\nscopes = [\"{scope}\"]\n");
        }
        std::fs::write(&config, text).unwrap();
        Self {
            outside,
            directory,
            config,
        }
    }

    /// `sacola erase …` with this configuration: exit status, stdout, stderr.
    fn runs(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_sacola"))
            .arg("erase")
            .arg("--config")
            .arg(&self.config)
            .args(arguments)
            .envs(environment())
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    }

    async fn posts(&self, gateway: &Gateway, key: &str, body: Value) -> (u16, Value) {
        let url = format!("{}/v1/erasures", gateway.public);
        let request = self.outside.http.post(url).bearer_auth(key).json(&body);
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, response.json().await.unwrap_or(Value::Null))
    }

    fn holds(&self, text: &str) -> bool {
        let bytes = std::fs::read(self.file()).unwrap();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    }

    fn file(&self) -> PathBuf {
        Path::new(self.directory.path()).join("data").join("sacola.redb")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_is_erased_through_the_running_gateway_and_writes_again_as_a_new_customer() {
    let desk = Desk::new();
    let gateway = Gateway::start(&desk.config, &desk.outside);
    let (ana, bruno) = (
        desk.outside.phone("Anabela Distintiva").await,
        desk.outside.phone("Bruno Intacto").await,
    );
    for phone in [&ana, &bruno] {
        phone.fills_a_cart().await;
    }
    let through = [
        "--gateway",
        &gateway.public,
        "--number",
        NUMBER,
        "--customer",
        &ana.user_id,
    ];
    let with = |more: &[&str]| desk.runs(&[&through[..], more].concat());

    let (status, _, errors) = with(&[]);
    assert_eq!(status, Some(2), "{errors}");
    assert!(
        errors.contains("--yes") && errors.contains("--dry-run"),
        "{errors}"
    );
    let (status, lines, errors) = with(&["--dry-run"]);
    assert_eq!(status, Some(0), "{errors}");
    assert!(
        lines.contains("would erase") && lines.contains("1 conversation,"),
        "{lines}"
    );
    assert!(desk.holds(&ana.user_id) && desk.holds("Anabela Distintiva"));

    let (status, report, errors) = with(&["--yes", "--json"]);
    assert_eq!(status, Some(0), "{report} {errors}");
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["proof"]["found"], 0, "{report}");
    assert_eq!(report["erased"]["conversations"], 1, "{report}");
    assert_eq!(
        (&report["history"], &report["number"]),
        (&json!("rewritten"), &json!(NUMBER))
    );
    for text in [ana.user_id.as_str(), "Anabela Distintiva"] {
        assert!(!desk.holds(text), "{text} can still be read in the file");
    }
    assert!(desk.holds("Bruno Intacto"));
    let path = format!("/v1/conversations/{NUMBER}/{}", bruno.user_id);
    let left = gateway.api(&desk.outside, &path).await;
    assert_eq!(left["carts"][0]["lines"].as_array().unwrap().len(), 1, "{left}");

    let helped = eventually(|| async {
        let before = ana.kinds().await.len();
        assert_eq!(ana.text("carrinho").await, 200);
        eventually(|| async { (ana.kinds().await.len() > before).then_some(()) }).await
    });
    assert!(helped.await.is_some(), "she is answered");
    let path = format!("/v1/conversations/{NUMBER}/{}", ana.user_id);
    let fresh = gateway.api(&desk.outside, &path).await;
    let lines = fresh["carts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|cart| cart["lines"].as_array().unwrap().len());
    assert_eq!(lines.sum::<usize>(), 0, "{fresh}");
    assert_eq!(gateway.terminates(), Some(0));
    desk.outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_gateways_store_is_opened_and_whom_nobody_knows_is_told_so() {
    let desk = Desk::new();
    let unknown = ["--number", NUMBER, "--customer", "5511900000000", "--yes"];
    let (status, _, errors) = desk.runs(&unknown);
    assert_eq!(status, Some(1), "no store was made: {errors}");
    assert!(!desk.file().exists());
    let gateway = Gateway::start(&desk.config, &desk.outside);
    let ana = desk.outside.phone("Anabela Distintiva").await;
    ana.fills_a_cart().await;
    let (status, _, errors) = desk.runs(&["--number", NUMBER, "--customer", &ana.user_id, "--yes"]);
    assert_eq!(
        status,
        Some(1),
        "the gateway holds the file, and its port is not known: {errors}"
    );
    assert!(errors.contains("in use"), "{errors}");
    assert_eq!(gateway.terminates(), Some(0));

    let (status, _, errors) = desk.runs(&unknown);
    assert_eq!(status, Some(1));
    assert!(errors.contains("unknown_customer"), "{errors}");
    let (status, _, errors) = desk.runs(&["--number", "1", "--customer", &ana.user_id, "--yes"]);
    assert_eq!(status, Some(2));
    assert!(errors.contains("phone_number_id"), "{errors}");
    let (status, lines, errors) = desk.runs(&["--everywhere", "--customer", &ana.user_id, "--yes"]);
    assert_eq!(status, Some(0), "{errors}");
    assert!(
        lines.contains("0 places hold something of them afterwards"),
        "{lines}"
    );
    assert!(!desk.holds(&ana.user_id));
    let (status, lines, errors) = desk.runs(&["--number", NUMBER, "--customer", &ana.user_id, "--yes"]);
    assert_eq!(status, Some(0), "twice is harmless: {errors}");
    assert!(lines.contains("erased nothing"), "{lines}");
    desk.outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_may_erases_and_only_at_their_own_numbers() {
    let desk = Desk::new();
    let gateway = Gateway::start(&desk.config, &desk.outside);
    let ana = desk.outside.phone("Ana").await;
    ana.fills_a_cart().await;
    let body = json!({ "number": NUMBER, "customer": ana.user_id });
    for (key, body, expected) in [
        (READER, body.clone(), (403, "forbidden_scope")),
        ("no key", body.clone(), (401, "not_authorised")),
        (
            ERASER,
            json!({ "number": "999", "customer": "x" }),
            (404, "unknown_number"),
        ),
        (
            ERASER,
            json!({ "number": NUMBER, "customer": "5511900000000" }),
            (404, "unknown_customer"),
        ),
        (
            ERASER,
            json!({ "number": NUMBER, "customer": " " }),
            (400, "invalid_request"),
        ),
        (
            ERASER,
            json!({ "number": NUMBER, "customer": "x", "sure": true }),
            (400, "invalid_request"),
        ),
    ] {
        let (status, answer) = desk.posts(&gateway, key, body).await;
        assert_eq!((status, answer["code"].as_str().unwrap()), expected, "{answer}");
    }
    let (status, report) = desk.posts(&gateway, ERASER, body.clone()).await;
    assert_eq!(status, 200, "{report}");
    assert_eq!(report["proof"]["found"], 0, "{report}");
    assert!(
        report["proof"].get("elsewhere").is_none(),
        "not a merchant's to know: {report}"
    );
    let (status, report) = desk.posts(&gateway, API_KEY, body).await;
    assert_eq!(
        (status, &report["proof"]["elsewhere"]),
        (200, &json!(0)),
        "{report}"
    );
    assert_eq!(gateway.terminates(), Some(0));
    desk.outside.stop().await;
}

#[test]
fn what_is_missing_of_a_command_line_is_named_with_every_way_to_give_it() {
    let told = |arguments: &[&str]| {
        let (status, _, errors) = crate::support::program::runs(arguments);
        assert_eq!(status, Some(2), "{errors}");
        errors
    };
    let errors = told(&["erase", "--config", "none.toml", "--customer", "5511999990001"]);
    assert!(
        errors.contains("--number") && errors.contains("--everywhere"),
        "{errors}"
    );
    let errors = told(&["dead-letters", "replay", "--config", "none.toml"]);
    assert!(
        errors.contains("--reason") && errors.contains("--all"),
        "{errors}"
    );
    let errors = told(&["dead-letters", "replay", "--config", "none.toml", "--all", "dl-1"]);
    assert!(errors.contains("cannot be used with"), "{errors}");
    let errors = told(&["serve", "--config", "none.toml"]);
    assert!(
        errors.contains("cannot be read") && errors.contains("mend: "),
        "{errors}"
    );
}
