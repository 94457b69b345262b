//! What `load` does as a whole.

use std::collections::{BTreeMap, BTreeSet};

use super::table::SECTIONS;
use super::*;

const SECRET: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
const FILE: &str = r#"
[whatsapp]
verify_token = { env = "VERIFY" }
app_secrets = [{ env = "APP" }]

[[number]]
phone_number_id = "106540352242922"
waba_id = "102290129340398"
access_token = { env = "TOKEN" }
merchant = "cafe"

[[merchant]]
id = "cafe"
name = "Café da Praça"
base_url = "https://shop.example.com/sacola"
currency = "BRL"
secrets = [{ env = "CAFE" }]
payment_hosts = ["Pay.Example.com"]

[[api_key]]
id = "backoffice"
merchant = "*"
secret = { env = "KEY" }
scopes = ["messages:write", "catalog:read"]
"#;

fn env(more: &[(&str, &str)]) -> BTreeMap<String, String> {
    let fixed = [
        ("VERIFY", "verify-me"),
        ("APP", "app-secret"),
        ("TOKEN", "token-of-wa"),
        ("CAFE", SECRET),
        ("KEY", "0123456789abcdef"),
        ("PATH", "/bin"),
    ];
    let all = fixed.iter().chain(more);
    all.map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect()
}

/// The faults of this text, one a line.
fn faults(text: &str, more: &[(&str, &str)]) -> String {
    match load(text, &env(more)) {
        Ok(_) => String::new(),
        Err(faults) => faults
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n"),
    }
}

/// Asserts that all of this is among the faults.
fn tells(text: &str, more: &[(&str, &str)], expected: &[&str]) {
    let told = faults(text, more);
    for part in expected {
        assert!(told.contains(part), "{part} is not in\n{told}");
    }
}

/// `FILE` with one replacement.
fn with(from: &str, to: &str) -> String {
    assert!(FILE.contains(from), "{from}");
    FILE.replacen(from, to, 1)
}

#[test]
fn defaults_fill_what_is_not_said() {
    let Loaded { config, warnings } = load(FILE, &env(&[])).expect("good");
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!(config.server.listen.to_string(), "0.0.0.0:8080");
    assert_eq!(config.server.ops_listen.to_string(), "127.0.0.1:9090");
    assert_eq!(config.server.webhook_body_bytes, 3 * 1024 * 1024);
    assert_eq!((config.server.drain_s, config.store.require), (25, None));
    assert_eq!(config.store.url.expose(), "embedded:./sacola-data");
    assert_eq!(
        (config.store.wait_replicas, config.store.key_prefix.as_str()),
        (0, "")
    );
    assert_eq!(
        (config.delivery.lease_ms, config.delivery.send_timeout_ms),
        (10_000, 8_000)
    );
    assert_eq!(
        (config.delivery.unknown_hold_s, config.buttons.expiry_days),
        (60, 30)
    );
    assert!(config.buttons.keys.is_empty() && config.outgoing.allow_private.is_empty());
    assert_eq!(config.whatsapp.graph_url.as_str(), "https://graph.facebook.com/");
    let (number, merchant) = (&config.numbers[0], &config.merchants[0]);
    assert_eq!(
        (number.locale.as_str(), number.web_clients),
        ("pt-BR", WebClients::OwnCart)
    );
    assert_eq!(
        (number.messages_per_second, number.catalog_id.as_deref()),
        (80, None)
    );
    assert_eq!(
        (
            merchant.timeout_ms,
            merchant.max_concurrency,
            merchant.mirror_interval_s
        ),
        (15_000, 8, 300)
    );
    assert_eq!(merchant.payment_hosts, ["pay.example.com"]);
    assert_eq!(merchant.connector, ConnectorKind::Standard);
    assert!(config.api_keys[0].is_operator());
    assert_eq!(
        config.api_keys[0].scopes,
        BTreeSet::from([Scope::MessagesWrite, Scope::CatalogRead])
    );
}

#[test]
fn all_faults_are_told_at_once() {
    let text = "[server]\nlisten = 8080\n[delivery]\nlease_ms = 5\n[[merchant]]\nid = 'Café'\ncurrency = 'real'\n\
        [[number]]\nmerchant = 'nobody'\nlocale = 'fr'\n[[api_key]]\nscopes = ['message:write']\n";
    let expected = [
        "server.listen: expected address, ip:port, found integer",
        "delivery.lease_ms: 5 is out of range: integer, 100–600000",
        "whatsapp.verify_token: is missing — mend: add verify_token = { env = \"WA_VERIFY_TOKEN\" }",
        "whatsapp.app_secrets: is missing",
        "number[0].access_token: is missing",
        "number[0].merchant: names no [[merchant]]",
        "number[0].locale: is not a value that Sacola knows — mend: Known: pt-BR, en, es, id",
        "merchant[0].id: has a length or a character",
        "merchant[0].currency: is not a currency",
        "merchant[0].base_url: is missing",
        "api_key[0].scopes[0]: is not a value that Sacola knows — mend: did you mean \"messages:write\"?",
    ];
    tells(text, &[], &expected);
}

#[test]
fn unknown_keys_come_with_the_nearest_known_one() {
    let near =
        "number[0].phone_numberid: is not a key that Sacola knows — mend: did you mean \"phone_number_id\"?";
    tells(&with("phone_number_id", "phone_numberid"), &[], &[near]);
    let near = "merchants: is not a key that Sacola knows — mend: did you mean \"merchant\"?";
    tells(&with("[[merchant]]", "[[merchants]]"), &[], &[near]);
    let near = "number[0].access_token.evn: is not a key that Sacola knows — mend: did you mean \"env\"?";
    tells(&with("{ env = \"TOKEN\" }", "{ evn = \"TOKEN\" }"), &[], &[near]);
}

#[test]
fn the_environment_wins_and_is_named() {
    let more = [
        ("SACOLA__STORE__URL", "redis://:pw@cache:6379"),
        ("SACOLA__NUMBER__0__ACCESS_TOKEN", "plain"),
        ("SACOLA__NUMBER__0__MESSAGES_PER_SECOND", "250"),
        ("SACOLA__WHATSAPP__APP_SECRETS__1", "second"),
        ("SACOLA__OUTGOING__ALLOW_PRIVATE", "127.0.0.0/8,10.0.0.0/8"),
        ("SACOLA__MERCHANT__0__BASE_URL", "http://127.0.0.1:9000/sacola"),
    ];
    let Loaded { config, warnings } = load(FILE, &env(&more)).expect("good");
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!(config.store.shown_url(), "redis://…@cache:6379");
    assert_eq!(config.numbers[0].access_tokens[0].expose(), "plain");
    assert_eq!(config.numbers[0].messages_per_second, 250);
    assert_eq!(config.whatsapp.app_secrets.len(), 2);
    assert_eq!(config.outgoing.allow_private.len(), 2);
    let more = [
        ("SACOLA__NUMBER__0__MESSAGES_PER_SECOND", "many"),
        ("SACOLA__STROE__URL", "x"),
    ];
    let expected = [
        "SACOLA__NUMBER__0__MESSAGES_PER_SECOND: expected integer, 1–1000",
        "SACOLA__STROE__URL: is not a key that Sacola knows — mend: did you mean SACOLA__STORE__URL?",
    ];
    tells(FILE, &more, &expected);
}

#[test]
fn the_stores_address_may_be_kept_in_a_file() {
    let mut kept = tempfile::NamedTempFile::new().expect("a file");
    std::io::Write::write_all(&mut kept, b"redis://:store-pw@cache:6379\n").expect("written");
    let path = kept.path().display().to_string();
    let text = format!("[store]\nurl = {{ file = \"{path}\" }}\n{FILE}");
    let more = [("SACOLA__STORE__URL__FILE", path.as_str())];
    for loaded in [load(&text, &env(&[])), load(FILE, &env(&more))] {
        let Loaded { config, warnings } = loaded.expect("good");
        assert!(warnings.is_empty(), "{warnings:?}");
        assert_eq!(config.store.url.expose(), "redis://:store-pw@cache:6379");
        assert_eq!(config.store.shown_url(), "redis://…@cache:6379");
    }
    let ending = text.replacen("\" }", "\", expires_at = \"2027-01-01T00:00:00Z\" }", 1);
    tells(&ending, &[], &["store.url.expires_at: an address has no end"]);
    let gone = "[store]\nurl = { file = \"/no/such/file\" }\n";
    tells(
        &format!("{gone}{FILE}"),
        &[],
        &["store.url: the file /no/such/file cannot be read"],
    );
}

#[test]
fn secrets_are_never_printed() {
    let text = with("{ env = \"TOKEN\" }", "\"token-in-file\"");
    let more = [("SACOLA__STORE__URL", "redis://:store-pw@cache")];
    let loaded = load(&text, &env(&more)).expect("good");
    let printed = format!("{loaded:?}");
    let hidden = "verify-me app-secret token-in-file 0123456789abcdef store-pw whsec_";
    for secret in hidden.split(' ') {
        assert!(!printed.contains(secret), "{secret}");
    }
    assert!(printed.contains("[REDACTED]"), "{printed}");
    let warned: Vec<&str> = loaded
        .warnings
        .iter()
        .map(|warning| warning.key.as_str())
        .collect();
    assert_eq!(warned, ["number[0].access_token"]);
}

#[test]
fn what_a_secret_lacks_is_named() {
    let told = faults(&with("\"CAFE\"", "\"CAFE_NOT_SET\""), &[]);
    let expected = "merchant[0].secrets[0]: the environment variable CAFE_NOT_SET is not set";
    assert!(told.starts_with(expected), "{told}");
    let told = faults(FILE, &[("CAFE", "not-a-whsec")]);
    assert!(told.contains("merchant[0].secrets[0]: is not whsec_"), "{told}");
    assert!(!told.contains("not-a-whsec"), "{told}");
}

#[test]
fn plain_http_needs_an_allowed_network() {
    let text = with("https://shop.example.com/sacola", "http://127.0.0.1:9000");
    let told = faults(&text, &[]);
    assert!(
        told.starts_with("merchant[0].base_url: must be https://"),
        "{told}"
    );
    assert_eq!(
        faults(&text, &[("SACOLA__OUTGOING__ALLOW_PRIVATE__0", "127.0.0.0/8")]),
        ""
    );
    let told = faults(
        FILE,
        &[("SACOLA__WHATSAPP__GRAPH_URL", "http://graph.example.com")],
    );
    assert!(
        told.starts_with("SACOLA__WHATSAPP__GRAPH_URL: must be https://"),
        "{told}"
    );
    let text = with("https://shop.example.com", "http://shop.default.svc:8080");
    assert!(faults(&text, &[]).starts_with("merchant[0].base_url: must be https://"));
    assert_eq!(
        faults(&text, &[("SACOLA__OUTGOING__ALLOW_PRIVATE__0", "10.0.0.0/8")]),
        ""
    );
}

#[test]
fn an_address_that_is_not_public_needs_an_allowed_network_by_https_too() {
    let text = with("https://shop.example.com", "https://10.1.2.3");
    let told = faults(&text, &[]);
    assert!(
        told.starts_with("merchant[0].base_url: its address is neither public"),
        "{told}"
    );
    assert_eq!(
        faults(&text, &[("SACOLA__OUTGOING__ALLOW_PRIVATE__0", "10.0.0.0/8")]),
        ""
    );
}

#[test]
fn what_contradicts_itself_is_refused() {
    let expected =
        "SACOLA__DELIVERY__SEND_TIMEOUT_MS: is 10000, not shorter than delivery.lease_ms, which is 10000";
    tells(
        FILE,
        &[("SACOLA__DELIVERY__SEND_TIMEOUT_MS", "10000")],
        &[expected],
    );
    let expected = "SACOLA__STORE__WAIT_REPLICAS: the embedded store has no replicas";
    tells(FILE, &[("SACOLA__STORE__WAIT_REPLICAS", "1")], &[expected]);
    let demand = ("SACOLA__STORE__REQUIRE", "primary_loss");
    let expected = "SACOLA__STORE__REQUIRE: the embedded store has no replicas";
    tells(FILE, &[demand], &[expected]);
    let redis = ("SACOLA__STORE__URL", "redis://cache:6379");
    let expected = "SACOLA__STORE__REQUIRE: is primary_loss, and store.wait_replicas is 0";
    tells(FILE, &[demand, redis], &[expected]);
    let replicas = ("SACOLA__STORE__WAIT_REPLICAS", "1");
    assert_eq!(faults(FILE, &[demand, redis, replicas]), "");
    let expected = "merchant[0].connector: the shopify connector is not in this version";
    tells(
        &with("currency", "connector = \"shopify\"\ncurrency"),
        &[],
        &[expected],
    );
    let block = FILE.split("[[merchant]]").nth(1).expect("a merchant");
    let block = block
        .split("[[api_key]]")
        .next()
        .expect("its keys")
        .replace("Café", "Bar");
    let told = faults(&format!("{FILE}\n[[merchant]]{block}"), &[]);
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(
        told.starts_with("merchant[1].id: is the same id as merchant[0].id"),
        "{told}"
    );
}

#[test]
fn an_api_key_is_written_as_a_secret_or_as_its_hash() {
    let digest = KeyDigest::of("0123456789abcdef");
    let plain = load(FILE, &env(&[])).expect("good").config.api_keys.remove(0);
    assert_eq!((plain.digest, plain.requests_per_second), (digest, 50));
    assert!(plain.secret.is_some());
    let line = "secret = { env = \"KEY\" }";
    let written = format!("secret_sha256 = \"{}\"\nrequests_per_second = 7", digest.to_hex());
    let hashed = load(&with(line, &written), &env(&[]))
        .expect("good")
        .config
        .api_keys
        .remove(0);
    assert_eq!((hashed.digest, hashed.requests_per_second), (digest, 7));
    assert!(hashed.secret.is_none());

    let both = with(line, &format!("{line}\n{written}"));
    tells(&both, &[], &["api_key[0].secret_sha256: stands beside secret"]);
    let none = with(line, "");
    tells(
        &none,
        &[],
        &["api_key[0].secret: is missing — mend: run `sacola api-key`"],
    );
    let half = with(line, "secret_sha256 = \"b5bb9d80\"");
    tells(&half, &[], &["api_key[0].secret_sha256: is not a SHA-256"]);
    assert!(
        !faults(&half, &[]).contains("b5bb9d80"),
        "no part of a secret is told"
    );
    let fast = with(line, &format!("{line}\nrequests_per_second = 1001"));
    tells(
        &fast,
        &[],
        &["api_key[0].requests_per_second: 1001 is out of range"],
    );
    let twin = format!(
        "{FILE}\n[[api_key]]\nid = \"twin\"\nmerchant = \"cafe\"\n{written}\nscopes = [\"catalog:read\"]\n"
    );
    let expected = "api_key[1].secret_sha256: is the same secret as api_key[0].secret";
    tells(&twin, &[], &[expected]);
}

#[test]
fn a_demand_is_one_of_three_words() {
    let demanded = |word| {
        let loaded = load(FILE, &env(&[("SACOLA__STORE__REQUIRE", word)]));
        loaded.expect("good").config.store.require
    };
    assert_eq!(demanded("process_death"), Some(Demand::ProcessDeath));
    assert_eq!(demanded("power_loss"), Some(Demand::PowerLoss));
    let expected =
        "SACOLA__STORE__REQUIRE: is not a value that Sacola knows — mend: did you mean \"power_loss\"?";
    tells(FILE, &[("SACOLA__STORE__REQUIRE", "powerloss")], &[expected]);
}

#[test]
fn ids_that_were_taken_for_each_other_are_told() {
    let twice = with("102290129340398", "106540352242922");
    let expected = "number[0].waba_id: is the same as number[0].phone_number_id";
    tells(&twice, &[], &[expected]);
    let expected = "number[0].phone_number_id: is written like a phone number";
    for written in ["+55 11 4000-1234", "+551140001234", "(11) 4000.1234"] {
        tells(&with("106540352242922", written), &[], &[expected]);
    }
}

#[test]
fn what_works_but_should_be_mended_is_a_warning() {
    let more = [
        ("SACOLA__SERVER__PUBLIC_URL", "http://gateway.example.com"),
        ("VERIFY", "app-secret"),
    ];
    let Loaded { warnings, .. } = load(FILE, &env(&more)).expect("good");
    let told: Vec<(&str, &str)> = warnings
        .iter()
        .map(|warning| (warning.code, warning.key.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("config.public_url", "SACOLA__SERVER__PUBLIC_URL"),
            ("config.same_secret", "whatsapp.verify_token"),
        ]
    );
}

#[test]
fn warnings_are_told_beside_faults() {
    let text = with("{ env = \"TOKEN\" }", "\"token-in-file\"").replace("BRL", "reais");
    let examined = examine(&text, &env(&[]));
    assert!(examined.config.is_none());
    let codes = |faults: &[Fault]| faults.iter().map(|fault| fault.code).collect::<Vec<_>>();
    assert_eq!(codes(&examined.faults), ["config.currency"]);
    assert_eq!(codes(&examined.warnings), ["config.plain_secret"]);
}

#[test]
fn a_key_of_another_section_is_told_with_its_section() {
    let expected = "whatsapp.ops_listen: is not a key that Sacola knows — mend: move it below [server]";
    let text = FILE.replacen("[whatsapp]", "[whatsapp]\nops_listen = \"127.0.0.1:9\"", 1);
    tells(&text, &[], &[expected]);
    let expected = "currency: is not a key that Sacola knows — mend: move it below [[merchant]]";
    tells(&format!("currency = \"BRL\"\n{FILE}"), &[], &[expected]);
}

#[test]
fn text_that_is_not_toml_is_one_fault_with_its_place() {
    let found = load("[server]\nlisten = \"hidden\" oops\n", &env(&[])).expect_err("not TOML");
    assert_eq!(found.len(), 1);
    assert!(found[0].key.starts_with("line 2, column "), "{}", found[0]);
    assert!(!found[0].to_string().contains("hidden"), "{}", found[0]);
}

#[test]
fn every_key_of_the_table_is_read() {
    let environment = env(&[]);
    let mut report = Report::new(&environment);
    let root: Table = FILE.parse().expect("TOML");
    assert!(sections::config(&root, &mut report).is_some());
    let all: BTreeSet<(&str, &str)> = SECTIONS
        .iter()
        .flat_map(|section| section.keys.iter().map(|key| (section.name, key.name)))
        .collect();
    assert_eq!(report.used(), &all);
}

#[test]
fn the_example_file_loads() {
    let text = include_str!("../../sacola.example.toml");
    let more = [
        ("SACOLA_BUTTON_KEY", "0123456789abcdef0123456789abcdef"),
        ("WA_VERIFY_TOKEN", "v"),
        ("WA_APP_SECRET", "a"),
        ("WA_TOKEN", "t"),
        ("CAFE_SECRET", SECRET),
        ("CAFE_API_KEY", "0123456789abcdef"),
    ];
    assert_eq!(faults(text, &more), "");
    let warnings = load(text, &env(&more)).expect("good").warnings;
    assert!(warnings.is_empty(), "{warnings:?}");
}

#[test]
fn traces_go_where_the_section_or_opentelemetrys_own_variable_says() {
    let endpoint = |text: &str, more: &[(&str, &str)]| {
        let config = load(text, &env(more)).expect("good").config;
        config.tracing.endpoint.map(|url| url.to_string())
    };
    let named = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://beside:4318")];
    let written = format!("{FILE}\n[tracing]\nendpoint = 'https://collector.example.com/otlp'\n");
    assert_eq!(endpoint(FILE, &[]), None);
    assert_eq!(endpoint(FILE, &named).as_deref(), Some("http://beside:4318/"));
    assert_eq!(
        endpoint(&written, &named).as_deref(),
        Some("https://collector.example.com/otlp")
    );
    let wrong = [("OTEL_EXPORTER_OTLP_ENDPOINT", "grpc://beside:4317")];
    tells(
        FILE,
        &wrong,
        &["OTEL_EXPORTER_OTLP_ENDPOINT: is neither https:// nor http://"],
    );
}

#[test]
fn a_header_for_the_collector_is_a_secret_and_told_when_it_travels_in_the_clear() {
    let written = |scheme: &str| {
        format!(
            "{FILE}\n[tracing]\nendpoint = '{scheme}://c:4318'\nheaders = [{{ id = 'authorization', env = 'KEY' }}]\n"
        )
    };
    let Loaded { config, warnings } = load(&written("https"), &env(&[])).expect("good");
    assert!(warnings.is_empty(), "{warnings:?}");
    let (name, value) = &config.tracing.headers[0];
    assert_eq!(
        (name.as_str(), value.expose()),
        ("authorization", "0123456789abcdef")
    );
    assert!(!format!("{config:?}").contains("0123456789abcdef"));
    let warnings = load(&written("http"), &env(&[])).expect("good").warnings;
    assert_eq!(warnings.len(), 1, "{warnings:?}");
}
