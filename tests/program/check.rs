//! `sacola check` as an operator runs it: each class of fault is planted once and must be found by its code and its mend, and
//! no output may hold a secret.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;

use sacola::clock::{Clock, MovableClock};
use serde_json::{Value, json};

use crate::support::program::{Gateway, NUMBER, Outside, write_config};
use crate::support::redis_server::{AppendOnly, RedisServer};

const VARIABLES: [(&str, &str); 7] = [
    ("BUTTON_KEY", "secret-of-the-buttons"),
    ("VERIFY_TOKEN", "secret-of-the-handshake"),
    ("APP_SECRET", "secret-of-the-app"),
    ("ACCESS_TOKEN", "a token"),
    (
        "MERCHANT_SECRET",
        "whsec_c2Fjb2xhLWVtdWxhdG9yLXNoYXJlZC1zZWNyZXQh",
    ),
    ("API_KEY", "secret-of-the-back-office"),
    // A shop on a machine that is busy with others is no shop that is away.
    ("SACOLA__MERCHANT__0__TIMEOUT_MS", "30000"),
];
const OTHER_MERCHANT_SECRET: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
const BASE_URL: &str = "SACOLA__MERCHANT__0__BASE_URL";
const GRAPH_URL: &str = "SACOLA__WHATSAPP__GRAPH_URL";

/// A configuration without faults, its provider and its shop.
pub(super) struct Bench {
    outside: Outside,
    directory: tempfile::TempDir,
    config: PathBuf,
}

/// What the command said.
pub(super) struct Checked {
    status: Option<i32>,
    report: Value,
}

impl Bench {
    pub(super) fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = format!("embedded:{}", directory.path().join("data").display());
        let outside = Outside::start();
        let config = write_config(directory.path(), &outside, &store, 2_000);
        Self {
            outside,
            directory,
            config,
        }
    }

    /// Exit status, stdout, stderr; with the good variables and these on top.
    fn runs(&self, more: &[(&str, &str)], arguments: &[&str]) -> (Option<i32>, String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_sacola"))
            .args(["check", "--config"])
            .arg(&self.config)
            .args(arguments)
            .env_remove("SSL_CERT_DIR")
            .envs(VARIABLES)
            .envs(more.iter().copied())
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let (stdout, stderr) = (text(output.stdout), text(output.stderr));
        for secret in ["secret-of-the", "whsec_c2Fj", "whsec_MDEy", "a verify token"] {
            assert!(!stdout.contains(secret), "{secret} is in {stdout}");
            assert!(!stderr.contains(secret), "{secret} is in {stderr}");
        }
        (output.status.code(), stdout, stderr)
    }

    pub(super) fn checks(&self, more: &[(&str, &str)]) -> Checked {
        let (status, stdout, stderr) = self.runs(more, &["--json"]);
        let report = serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{stdout}\n{stderr}"));
        Checked { status, report }
    }
}

impl Checked {
    /// The one problem of this code, as text.
    fn told(&self, list: &str, code: &str) -> String {
        let problems = self.report[list].as_array().unwrap();
        let found: Vec<&Value> = problems.iter().filter(|one| one["code"] == code).collect();
        assert_eq!(found.len(), 1, "{code} among {list} of {:#}", self.report);
        found[0].to_string()
    }

    /// Asserts that this is the only fault, and that its text holds all of these.
    pub(super) fn has_fault(&self, code: &str, parts: &[&str]) {
        let told = self.told("faults", code);
        assert_eq!(self.status, Some(2));
        assert_eq!(
            self.report["faults"].as_array().unwrap().len(),
            1,
            "{:#}",
            self.report
        );
        for part in parts {
            assert!(told.contains(part), "{part} is not in {told}");
        }
    }

    fn has_warning(&self, code: &str, parts: &[&str]) {
        let told = self.told("warnings", code);
        assert_eq!(
            (self.status, &self.report["ok"]),
            (Some(0), &json!(true)),
            "{:#}",
            self.report
        );
        for part in parts {
            assert!(told.contains(part), "{part} is not in {told}");
        }
    }

    /// The note of the subject that begins so.
    pub(super) fn passed(&self, subject: &str) -> String {
        let passed = self.report["passed"].as_array().unwrap();
        let found = passed
            .iter()
            .find(|one| one["subject"].as_str().unwrap().starts_with(subject));
        let found = found.unwrap_or_else(|| panic!("{subject} did not pass in {:#}", self.report));
        found["note"].as_str().unwrap().to_owned()
    }
}

/// A server that answers every request alike; its base URL. It ends with the test binary.
fn answers(status: &str, ahead_s: i64, body: &Value) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let at_ms = MovableClock::fixed().now_ms() + ahead_s * 1000;
    let date = jiff::Timestamp::from_millisecond(at_ms)
        .unwrap()
        .strftime("%a, %d %b %Y %H:%M:%S GMT");
    let body = body.to_string();
    let answer = format!(
        "HTTP/1.1 {status}\r\ndate: {date}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n{body}",
        body.len()
    );
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0_u8; 8192];
            let read = stream.read(&mut request).unwrap_or_default();
            if read > 0 {
                drop(stream.write_all(answer.as_bytes()));
            }
        }
    });
    base
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_configuration_passes_and_says_what_was_tried() {
    let bench = Bench::start();
    let checked = bench.checks(&[]);
    assert_eq!(checked.status, Some(0), "{:#}", checked.report);
    assert_eq!(checked.report["ok"], true);
    assert_eq!(checked.report["faults"], json!([]));
    assert!(checked.passed("store.url").contains("a 200 means"));
    assert!(checked.passed("server.listen").contains("free port"));
    assert!(checked.passed("server.ops_listen").contains("free port"));
    assert!(checked.passed("merchant demo").contains("takes our signature"));
    let (status, stdout, _) = bench.runs(&[], &[]);
    assert_eq!(status, Some(0));
    assert!(
        stdout.lines().count() >= 5 && stdout.lines().all(|line| line.starts_with("ok  ")),
        "{stdout}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_the_configuration_are_told_at_once_with_codes_and_suggestions() {
    let bench = Bench::start();
    let text = std::fs::read_to_string(&bench.config).unwrap();
    let text = text
        .replace("lease_ms = ", "lease_mss = ")
        .replace("merchant = \"demo\"", "merchant = \"dem\"")
        .replace(
            "waba_id = \"102290129340398\"",
            &format!("waba_id = \"{NUMBER}\""),
        )
        .replace("currency = \"BRL\"", "currency = \"reais\"")
        .replace("{ env = \"APP_SECRET\" }", "{ env = \"NOT_SET_ANYWHERE\" }");
    std::fs::write(&bench.config, text).unwrap();
    let more = [
        ("SACOLA__NUMBER__0__CATALOG_IDD", "1"),
        ("SACOLA__NUMBER__0__ACCESS_TOKEN__EVN", "secret-of-the-typo"),
        ("SACOLA__SERVER__PUBLIC_URL", "http://gateway.example.com"),
        ("MERCHANT_SECRET", "whsec_c2Fj"),
    ];
    let checked = bench.checks(&more);
    assert_eq!((checked.status, &checked.report["ok"]), (Some(2), &json!(false)));
    for (code, part) in [
        ("config.unknown_merchant", "did you mean \\\"demo\\\"?"),
        ("config.same_id", "number[0].phone_number_id"),
        ("config.currency", "ISO 4217"),
        ("config.secret", "export NOT_SET_ANYWHERE"),
        ("config.signing_secret", "openssl rand"),
    ] {
        let told = checked.told("faults", code);
        assert!(told.contains(part), "{part} is not in {told}");
    }
    let unknown: Vec<&Value> = checked.report["faults"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|fault| fault["code"] == "config.unknown_key")
        .collect();
    for meant in [
        "did you mean \"lease_ms\"?",
        "did you mean SACOLA__NUMBER__0__CATALOG_ID?",
        "did you mean SACOLA__NUMBER__0__ACCESS_TOKEN__ENV?",
    ] {
        let is_told = |fault: &&Value| fault["mend"].as_str().unwrap().contains(meant);
        assert!(unknown.iter().any(is_told), "{meant} is not in {unknown:#?}");
    }
    checked.told("warnings", "config.public_url");
    let (status, stdout, stderr) = bench.runs(&more, &[]);
    assert_eq!((status, stdout.as_str()), (Some(2), ""));
    assert!(
        stderr.contains("[config.same_id]") && stderr.contains("mend: "),
        "{stderr}"
    );
}

#[test]
fn a_file_that_is_missing_or_no_toml_is_a_fault_of_the_same_shape() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sacola.toml");
    let run = || {
        let (status, stdout, _) =
            crate::support::program::runs(&["check", "--json", "--config", path.to_str().unwrap()]);
        let report: Value = serde_json::from_str(&stdout).unwrap();
        (status, report["faults"][0]["code"].as_str().unwrap().to_owned())
    };
    assert_eq!(run(), (Some(2), "config.file".to_owned()));
    std::fs::write(&path, "[server\n").unwrap();
    assert_eq!(run(), (Some(2), "config.syntax".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_file_that_everybody_may_read_is_a_warning() {
    use std::os::unix::fs::PermissionsExt;

    let bench = Bench::start();
    let file = bench.directory.path().join("app_secret");
    std::fs::write(&file, "secret-of-the-file\n").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let file = file.to_str().unwrap();
    let checked = bench.checks(&[("SACOLA__WHATSAPP__APP_SECRETS__0__FILE", file)]);
    checked.has_warning("config.open_secret", &[file, "chmod 600"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_has_expired_is_told_and_the_last_of_its_list_is_a_fault() {
    let bench = Bench::start();
    let ended = "2020-01-01T00:00:00Z";
    bench
        .checks(&[("SACOLA__WHATSAPP__APP_SECRETS__0__EXPIRES_AT", ended)])
        .has_fault("config.expired_secret", &["whatsapp.app_secrets", "expires_at"]);
    bench
        .checks(&[("SACOLA__NUMBER__0__ACCESS_TOKEN__EXPIRES_AT", ended)])
        .has_fault("config.expired_secret", &["access_token", "expires_at"]);
    bench
        .checks(&[("SACOLA__API_KEY__0__SECRET__EXPIRES_AT", ended)])
        .has_warning("config.expired_secret", &["api_key[", "remove it"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_a_merchant_from_answering_is_named() {
    let bench = Bench::start();
    bench.checks(&[(BASE_URL, "http://127.0.0.1:1/shop")]).has_fault(
        "merchant.unreachable",
        &["merchant demo", "start the shop's backend"],
    );
    bench
        .checks(&[("MERCHANT_SECRET", OTHER_MERCHANT_SECRET)])
        .has_fault("merchant.credentials", &["HTTP 401", "same on both sides"]);
    let wrong = format!("{}/shop/nothing", bench.outside.emulator.base_url());
    bench
        .checks(&[(BASE_URL, &wrong)])
        .has_fault("merchant.base_url", &["HTTP 404", "correct the path"]);
    let moved = answers("301 Moved Permanently", 0, &json!({}));
    bench
        .checks(&[(BASE_URL, &moved)])
        .has_fault("merchant.base_url", &["HTTP 301", "final address"]);
    let down = answers("503 Service Unavailable", 0, &json!({}));
    bench
        .checks(&[(BASE_URL, &down)])
        .has_fault("merchant.no_answer", &["HTTP 503", "merchant.timeout_ms"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_catalog_is_named() {
    let bench = Bench::start();
    bench
        .checks(&[("SACOLA__MERCHANT__0__CURRENCY", "MXN")])
        .has_fault("merchant.currency", &["BRL", "which is MXN"]);
    let price = json!({ "amount": "1.00", "currency": "BRL" });
    let product = json!({ "retailer_id": "espresso", "title": "Espresso", "price": price });
    let unreadable = answers("200 OK", 0, &json!({ "products": [product] }));
    bench.checks(&[(BASE_URL, &unreadable)]).has_fault(
        "merchant.catalog",
        &["espresso", "availability", "openapi/merchant.yaml"],
    );
    let other = answers("200 OK", 0, &json!({ "items": [] }));
    bench
        .checks(&[(BASE_URL, &other)])
        .has_fault("merchant.catalog", &["products", "base_url"]);
    let empty = answers("200 OK", 0, &json!({ "products": [] }));
    bench
        .checks(&[(BASE_URL, &empty)])
        .has_warning("merchant.catalog_empty", &["publish a product"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_disagrees_is_named_instead_of_the_signature() {
    let bench = Bench::start();
    let hour_ago = answers("401 Unauthorized", -3600, &json!({ "detail": "too old" }));
    bench
        .checks(&[(BASE_URL, &hour_ago)])
        .has_fault("merchant.clock_skew", &["behind ours", "NTP"]);
    let a_little = answers("200 OK", 120, &json!({ "products": [] }));
    bench
        .checks(&[(BASE_URL, &a_little)])
        .has_warning("merchant.clock_skew", &["ahead of ours", "from 300 s on"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_provider_is_asked_for_each_number_and_its_words_are_not_repeated() {
    let bench = Bench::start();
    let token = ("ACCESS_TOKEN", "secret-of-the-number");
    let error = |code: i64, subcode: i64| {
        json!({ "error": {
            "message": "Malformed access token secret-of-the-number",
            "code": code, "error_subcode": subcode,
        } })
    };
    let refused = answers("401 Unauthorized", 0, &error(190, 467));
    bench
        .checks(&[token, (GRAPH_URL, &refused)])
        .has_fault("provider.token", &[NUMBER, "code 190", "system user"]);
    let unseen = answers("400 Bad Request", 0, &error(100, 33));
    bench
        .checks(&[token, (GRAPH_URL, &unseen)])
        .has_fault("provider.number", &[NUMBER, "Phone number ID"]);
    let forbidden = answers("403 Forbidden", 0, &error(10, 0));
    bench
        .checks(&[token, (GRAPH_URL, &forbidden)])
        .has_warning("provider.permission", &["code 10"]);
    let unknown = answers("404 Not Found", 0, &json!({}));
    bench
        .checks(&[token, (GRAPH_URL, &unknown)])
        .has_warning("provider.not_checked", &["HTTP 404", "emulator"]);
    bench
        .checks(&[token, (GRAPH_URL, "http://127.0.0.1:1")])
        .has_warning("provider.unreachable", &["whatsapp.graph_url"]);
    let known = answers("200 OK", 0, &json!({ "id": NUMBER }));
    let checked = bench.checks(&[token, (GRAPH_URL, &known)]);
    assert!(
        checked
            .passed(&format!("number {NUMBER}"))
            .contains("takes its access token")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_cannot_be_used_is_named_with_its_mend() {
    let bench = Bench::start();
    let nobody = "redis://:secret-of-the-store@127.0.0.1:1";
    bench.checks(&[("SACOLA__STORE__URL", nobody)]).has_fault(
        "store.unreachable",
        &["redis://…@127.0.0.1:1", "start the server"],
    );
    let sentinel = [(
        "SACOLA__STORE__URL",
        "redis+sentinel://:secret-of-the-store@127.0.0.1:1/main",
    )];
    bench.checks(&sentinel).has_fault(
        "store.unreachable",
        &[
            "a Sentinel refused or did not answer",
            "127.0.0.1:1",
            "sentinel_password",
        ],
    );
    let file = bench.directory.path().join("a-file");
    std::fs::write(&file, "").unwrap();
    bench
        .checks(&[("SACOLA__STORE__URL", &format!("embedded:{}", file.display()))])
        .has_fault("store.unfit", &["name a directory"]);
    let damaged = bench.directory.path().join("damaged");
    std::fs::create_dir(&damaged).unwrap();
    std::fs::write(damaged.join("sacola.redb"), "no store at all".repeat(1_000)).unwrap();
    bench
        .checks(&[("SACOLA__STORE__URL", &format!("embedded:{}", damaged.display()))])
        .has_fault("store.unfit", &["restore it", "Backup and restore"]);
    let sentinel = [("SACOLA__STORE__URL", "redis+sentinel://h:26379")];
    bench.checks(&sentinel).has_fault(
        "config.invalid",
        &["SACOLA__STORE__URL", "which primary", "sentinel monitor NAME"],
    );
    let settings = ["--maxmemory", "50mb", "--maxmemory-policy", "allkeys-lru"];
    let evicting = RedisServer::start_with(AppendOnly::No, &settings).unwrap();
    bench
        .checks(&[("SACOLA__STORE__URL", &evicting.url())])
        .has_fault("store.unfit", &["noeviction"]);
    let memory = RedisServer::start(AppendOnly::Off).unwrap();
    let checked = bench.checks(&[("SACOLA__STORE__URL", &memory.url())]);
    checked.has_warning("store.durability", &["append-only"]);
    assert!(checked.passed("store.url").contains("a 200 means"));
    assert!(checked.passed("store.url").contains("level none"));
    let every_second = RedisServer::start(AppendOnly::EverySecond).unwrap();
    let url = every_second.url();
    bench
        .checks(&[
            ("SACOLA__STORE__URL", &url),
            ("SACOLA__STORE__REQUIRE", "power_loss"),
        ])
        .has_fault("store.require", &["only process_death", "appendfsync always"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn listeners_that_cannot_be_had_are_named() {
    let bench = Bench::start();
    let other = answers("404 Not Found", 0, &json!({}));
    let address = other.strip_prefix("http://").unwrap();
    bench
        .checks(&[("SACOLA__SERVER__LISTEN", address)])
        .has_fault("listener.in_use", &["server.listen", "another port"]);
    bench
        .checks(&[("SACOLA__SERVER__OPS_LISTEN", address)])
        .has_fault("listener.in_use", &["server.ops_listen", "another port"]);
    bench
        .checks(&[("SACOLA__SERVER__LISTEN", "192.0.2.1:8080")])
        .has_fault(
            "listener.address",
            &["server.listen", "an address that this machine has"],
        );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_gateway_is_recognised_and_its_handshake_is_tried() {
    let bench = Bench::start();
    let gateway = Gateway::start(&bench.config, &bench.outside);
    let (public, ops) = (
        gateway.public.strip_prefix("http://").unwrap(),
        gateway.ops.strip_prefix("http://").unwrap(),
    );
    bench
        .checks(&[])
        .has_fault("store.in_use", &["stop the running gateway", "/readyz"]);

    let token = ("VERIFY_TOKEN", "a verify token");
    let (listen, ops_listen) = (
        ("SACOLA__SERVER__LISTEN", public),
        ("SACOLA__SERVER__OPS_LISTEN", ops),
    );
    let here = ("SACOLA__SERVER__PUBLIC_URL", gateway.public.as_str());
    let checked = bench.checks(&[token, listen, ops_listen, here]);
    assert_eq!(checked.status, Some(0), "{:#}", checked.report);
    assert!(
        checked
            .passed("store.url")
            .contains("held by the sacola that runs here")
    );
    for key in ["server.listen", "server.ops_listen"] {
        assert_eq!(checked.passed(key), "already served by a running sacola");
    }
    for subject in ["webhook http://", "server.public_url"] {
        assert_eq!(checked.passed(subject), "answered the provider's handshake");
    }

    bench.checks(&[listen, ops_listen]).has_fault(
        "listener.handshake",
        &["HTTP 403", "config.refused in its /readyz"],
    );
    let elsewhere = ("SACOLA__SERVER__PUBLIC_URL", "http://127.0.0.1:1");
    bench.checks(&[token, listen, ops_listen, elsewhere]).has_warning(
        "listener.public_url",
        &["the handshake got no answer", "hub.verify_token=TOKEN"],
    );
    assert_eq!(gateway.terminates(), Some(0));
}
