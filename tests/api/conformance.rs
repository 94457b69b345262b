//! Requests that schemathesis draws from the document, good ones and bad ones, against a running gateway that knows something of
//! everything: no 5xx, no answer that the document does not have, nothing accepted that it forbids.
//!
//! `SACOLA_API_EXAMPLES` draws more of each operation.

use std::path::Path;

use serde_json::{Value, json};
use tokio::process::Command;

use super::desk::{Desk, OPERATOR, text};
use crate::support::program::NUMBER;

const SCHEMATHESIS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/api/python/.venv/bin/schemathesis"
);
/// Drawn of each operation, beside the examples and what covers each constraint.
const EXAMPLES: u32 = 60;
const SEED: &str = "20260302";
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
    response_schema_conformance,negative_data_rejection,missing_required_header,ignored_auth,unsupported_method";
/// What comes in with requests too: an undocumented field in it would have to be refused.
const ASKED_TOO: [&str; 2] = ["Money", "ProductInput"];

fn examples() -> u32 {
    let asked = std::env::var_os("SACOLA_API_EXAMPLES");
    let asked = asked.and_then(|asked| asked.to_str()?.parse().ok());
    asked.unwrap_or(EXAMPLES)
}

/// Forbids every field of an answer that the document does not have: readers may ignore one, the document may not. It is said by
/// names, for schemathesis lets `additionalProperties` of an answer pass.
fn close(schema: &mut Value) {
    let Some(fields) = schema.as_object_mut() else {
        return;
    };
    let is_open = !fields.contains_key("additionalProperties");
    let known = fields.get("properties").and_then(Value::as_object);
    if let Some(known) = known.filter(|_| is_open) {
        let names: Vec<String> = known.keys().cloned().collect();
        fields.insert("propertyNames".to_owned(), json!({ "enum": names }));
    }
    if let Some(properties) = fields.get_mut("properties").and_then(Value::as_object_mut) {
        properties.values_mut().for_each(close);
    }
    if let Some(items) = fields.get_mut("items") {
        close(items);
    }
}

fn closed(mut document: Value) -> Value {
    let schemas = document["components"]["schemas"].as_object_mut().unwrap();
    for (name, schema) in schemas {
        if !ASKED_TOO.contains(&name.as_str()) {
            close(schema);
        }
    }
    document
}

/// Often something that is there, so that not every answer is a 404.
fn configuration(desk: &Desk) -> String {
    let ids = json!([desk.purchase, desk.price_update, desk.letter, desk.stray]);
    format!(
        r#"
[dictionaries]
customers = {{ values = ["{customer}"] }}
numbers = {{ values = ["{NUMBER}"] }}
products = {{ values = ["cafe-coado"] }}
ids = {{ values = {ids} }}
[parameters]
"path.customer" = {{ dictionary = "customers", probability = 0.7 }}
"path.number" = {{ dictionary = "numbers", probability = 0.8 }}
"path.retailer_id" = {{ dictionary = "products", probability = 0.5 }}
"path.id" = {{ dictionary = "ids", probability = 0.7 }}
"body.customer" = {{ dictionary = "customers", probability = 0.8 }}
"body.number" = {{ dictionary = "numbers", probability = 0.8 }}
"body.products[*]" = {{ dictionary = "products", probability = 0.7 }}
"#,
        customer = desk.customer,
    )
}

/// Runs it in that folder: whether all was good, and what it said.
async fn drawn(desk: &Desk, folder: &Path, document: &Value, more: &[&str]) -> (bool, String) {
    assert!(
        Path::new(SCHEMATHESIS).exists(),
        "schemathesis is missing. Mend: scripts/test --step python"
    );
    let file = folder.join("document.json");
    std::fs::write(&file, document.to_string()).unwrap();
    std::fs::write(folder.join("schemathesis.toml"), configuration(desk)).unwrap();
    let output = Command::new(SCHEMATHESIS)
        .args(["--config-file", "schemathesis.toml", "run"])
        .arg(&file)
        .args(["--url", &desk.gateway.public, "--checks", CHECKS, "--seed", SEED])
        .args(["--header", &format!("Authorization: Bearer {OPERATOR}")])
        .args(["--phases", "examples,coverage,fuzzing", "--workers", "1"])
        .args(["--exclude-path-regex", "^/(console|docs)"])
        .args(["--generation-database", "none", "--warnings", "off", "--no-color"])
        .args(["--continue-on-failure", "--request-timeout", "60"])
        // how fast it draws is the machine's matter
        .args(["--suppress-health-check", "too_slow"])
        .args(more)
        .current_dir(folder)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .await
        .unwrap();
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    (output.status.success(), format!("{stdout}{stderr}"))
}

/// How many requests were drawn, as it says itself: `1082 generated, …`.
fn count(told: &str) -> u32 {
    let line = told.lines().find(|line| line.contains(" generated"));
    let line = line.unwrap_or_else(|| panic!("nothing was drawn:\n{told}"));
    let first = line.split_whitespace().next().unwrap().replace(',', "");
    first.parse().unwrap_or_else(|_| panic!("no count in {line:?}"))
}

#[expect(clippy::print_stderr, reason = "how much was drawn is part of the proof")]
fn say(text: &str) {
    eprintln!("schemathesis: {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_schemathesis_draws_is_answered_as_the_document_does_not_say() {
    let desk = Desk::opens().await;
    let folder = tempfile::tempdir().unwrap();
    let document = closed(desk.document().await);
    let examples = examples().to_string();
    let (is_good, told) = drawn(&desk, folder.path(), &document, &["--max-examples", &examples]).await;
    assert!(is_good, "{told}");
    let cases = count(&told);
    say(&format!(
        "{cases} cases, {examples} drawn of each operation, seed {SEED}, no finding"
    ));
    assert!(cases > 1_000, "{cases}");
    // the customer whom most of them were about is still served
    let ana = format!("/v1/conversations/{NUMBER}/{}", desk.customer);
    assert_eq!(
        text(&desk.get(&ana, OPERATOR).await["customer"]["user_id"]),
        desk.customer
    );
    desk.closes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_leaves_out_a_status_or_a_field_is_found() {
    let desk = Desk::opens().await;
    let folder = tempfile::tempdir().unwrap();
    let whole = desk.document().await;
    let path = "/v1/purchases/{id}";
    let mut without_a_status = closed(whole.clone());
    let answers = &mut without_a_status["paths"][path]["get"]["responses"];
    assert!(answers.as_object_mut().unwrap().remove("404").is_some());
    let mut without_a_field = whole;
    let purchase = &mut without_a_field["components"]["schemas"]["WholePurchase"];
    assert!(
        purchase["properties"]
            .as_object_mut()
            .unwrap()
            .remove("lines")
            .is_some()
    );
    for (document, expected) in [
        (without_a_status, "Undocumented status code"),
        (closed(without_a_field), "Response violates schema"),
    ] {
        let more = ["--include-path", path, "--max-examples", "30"];
        let (is_good, told) = drawn(&desk, folder.path(), &document, &more).await;
        assert!(!is_good && told.contains(expected), "{told}");
    }
    desk.closes().await;
}
