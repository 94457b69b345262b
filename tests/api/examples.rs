//! Every example of docs/API.md, run by bash with curl against a gateway, in the order of the page. An answer has the shape that the
//! page shows: the same fields of the same types, and the same values where the page marks a field as stable.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tokio::process::Command;

use super::desk::{BARE, Desk, OPERATOR, OWN};
use crate::support::program::NUMBER;

const PAGE: &str = include_str!("../../docs/API.md");

/// A call and what the page says that it answers.
#[derive(Debug)]
struct Example {
    call: String,
    /// What stands behind the three backticks of the answer.
    marks: String,
    answer: String,
}

impl Example {
    /// Fields whose values are as on the page.
    fn stable(&self) -> BTreeSet<&str> {
        let marked = self
            .marks
            .split_whitespace()
            .find_map(|mark| mark.strip_prefix("stable="));
        marked.into_iter().flat_map(|names| names.split(',')).collect()
    }
}

/// Fenced blocks: what stands behind the backticks, and their text.
fn blocks(page: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in page.lines() {
        match (line.strip_prefix("```"), open.take()) {
            (Some(_), Some(block)) => found.push(block),
            (Some(marks), None) => open = Some((marks.to_owned(), String::new())),
            (None, Some((marks, text))) => open = Some((marks, format!("{text}{line}\n"))),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block has no end");
    found
}

/// Every `sh` block with the block behind it.
fn examples(page: &str) -> Vec<Example> {
    let blocks = blocks(page);
    let mut found = Vec::new();
    for (index, (marks, call)) in blocks.iter().enumerate() {
        if marks == "sh" {
            let (marks, answer) = &blocks[index + 1];
            assert!(
                marks.starts_with("json") || marks == "text",
                "no answer behind\n{call}"
            );
            found.push(Example {
                call: call.clone(),
                marks: marks.clone(),
                answer: answer.clone(),
            });
        }
    }
    found
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}

/// Where an answer is not as the page says.
fn differences(told: &Value, real: &Value, stable: &BTreeSet<&str>, place: &str) -> Vec<String> {
    match (told, real) {
        (Value::Object(told), Value::Object(real)) => {
            let names: BTreeSet<&String> = told.keys().chain(real.keys()).collect();
            let each = names.into_iter().flat_map(|name| {
                let place = format!("{place}.{name}");
                match (told.get(name), real.get(name)) {
                    (Some(told), Some(real)) if stable.contains(name.as_str()) && told != real => {
                        vec![format!("{place}: the page says {told}, it is {real}")]
                    }
                    (Some(told), Some(real)) => differences(told, real, stable, &place),
                    (Some(_), None) => vec![format!("{place}: only the page has it")],
                    (None, _) => vec![format!("{place}: the page does not have it")],
                }
            });
            each.collect()
        }
        (Value::Array(told), Value::Array(real)) if told.is_empty() == real.is_empty() => {
            let each = real.iter().enumerate().flat_map(|(index, one)| {
                let place = format!("{place}[{index}]");
                let mut all = told.iter().map(|like| differences(like, one, stable, &place));
                let first = all.next().unwrap_or_default();
                if first.is_empty() || all.any(|found| found.is_empty()) {
                    Vec::new()
                } else {
                    first
                }
            });
            each.collect()
        }
        (told, real) if kind(told) == kind(real) && kind(told) != "list" => Vec::new(),
        (told, real) => vec![format!("{place}: the page has {told}, it is {real}")],
    }
}

async fn runs(call: &str, variables: &BTreeMap<String, String>) -> String {
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", call])
        .envs(variables)
        .output()
        .await
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{call}\n{told}{problem}");
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_of_the_page_is_answered_as_the_page_says() {
    let desk = Desk::opens().await;
    let mut variables: BTreeMap<String, String> = [
        ("GATEWAY", desk.gateway.public.as_str()),
        ("KEY", OWN),
        ("OPERATOR_KEY", OPERATOR),
        ("KEY_WITHOUT_SCOPES", BARE),
        ("NUMBER", NUMBER),
        ("CUSTOMER", desk.customer.as_str()),
        ("PURCHASE", desk.purchase.as_str()),
        ("LETTER", desk.letter.as_str()),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let all = examples(PAGE);
    assert!(all.len() >= 18, "{} examples", all.len());
    let mut wrong = Vec::new();
    for example in &all {
        let answer = runs(&example.call, &variables).await;
        if example.marks == "text" {
            assert_eq!(answer.trim(), example.answer.trim(), "{}", example.call);
            continue;
        }
        let told: Value =
            serde_json::from_str(&example.answer).unwrap_or_else(|error| panic!("{error}: {example:?}"));
        let real: Value =
            serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{error}: {}{answer}", example.call));
        let found = differences(&told, &real, &example.stable(), "");
        if !found.is_empty() {
            wrong.push(format!("{}{}\n{answer}", example.call, found.join("\n")));
        }
        for (name, value) in real.as_object().unwrap() {
            if let Some(text) = value.as_str() {
                variables.insert(name.to_uppercase(), text.to_owned());
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    desk.closes().await;
}

/// No operation of the API is without its place on the page.
#[test]
fn the_page_has_every_operation() {
    let document: Value = serde_json::from_str(include_str!("../../openapi/gateway.json")).unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let heading = format!("### {} {path}\n", method.to_uppercase());
            assert!(!path.starts_with("/v1") || PAGE.contains(&heading), "{heading}");
        }
    }
    for word in document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"]
        .as_array()
        .unwrap()
    {
        let word = word.as_str().unwrap();
        // the console's own, on the other listener
        assert!(
            word == "cross_site" || PAGE.contains(&format!("`{word}`")),
            "{word}"
        );
    }
}

#[test]
fn an_answer_that_differs_from_its_page_is_found() {
    let stable = BTreeSet::from(["code"]);
    let told = serde_json::json!({ "code": "a", "at": "x", "list": [{ "n": 1 }], "none": [] });
    let found = |real: Value| differences(&told, &real, &stable, "").len();
    assert_eq!(
        found(serde_json::json!({ "code": "a", "at": "y", "list": [{ "n": 2 }, { "n": 3 }], "none": [] })),
        0
    );
    assert_eq!(
        found(serde_json::json!({ "code": "b", "at": "y", "list": [{ "n": 2 }], "none": [] })),
        1
    );
    assert_eq!(
        found(serde_json::json!({ "code": "a", "at": 1, "list": [{ "n": 2 }], "none": [] })),
        1
    );
    assert_eq!(
        found(serde_json::json!({ "code": "a", "at": "y", "list": [{ "m": 2 }], "none": [] })),
        2
    );
    assert_eq!(
        found(serde_json::json!({ "code": "a", "at": "y", "list": [], "none": [1] })),
        2
    );
    assert_eq!(
        found(serde_json::json!({ "code": "a", "at": "y", "list": [{ "n": 2 }], "none": [], "more": 1 })),
        1
    );
}
