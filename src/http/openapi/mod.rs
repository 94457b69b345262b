//! The OpenAPI document of both listeners. What the public one has is told in full, from `public.json` and `components.json`;
//! codes, statuses and limits come from the code itself. `openapi/gateway.json` is this document; a test compares them.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use actix_web::HttpResponse;
use serde_json::{Map, Value, json};

use super::dead_letters::{LETTERS_MAX, PER_SECOND_MAX};
use super::idempotency::KEY_MAX;
use super::messages::PRODUCTS_MAX;
use super::problem::Code;
use super::queries::LIMIT_MAX;
use crate::domain::ids::RETAILER_ID_MAX;
use crate::domain::message::BODY_MAX;

mod console;
mod public;
mod table;

const INFO: &str = include_str!("info.json");
const COMPONENTS: &str = include_str!("components.json");
/// Groups of operations, in the order of the page of the documentation.
const TAGS: [(&str, &str); 7] = [
    ("messages", "Messages to customers who are in conversation."),
    (
        "catalog",
        "Products, and how far customers were told of their changes.",
    ),
    ("conversations", "Customers with their carts, and purchases."),
    ("dead letters", "What could not be handled."),
    ("webhooks", "What the provider and merchants' backends call."),
    ("documentation", "This document."),
    (
        "console",
        "What the console's own page calls, on the ops listener.",
    ),
];

/// The document.
pub fn document() -> Value {
    let mut paths = Map::new();
    for (path, method, told) in public::operations() {
        put(&mut paths, &path, &method, told);
    }
    for one in &console::OPERATIONS {
        put(&mut paths, one.path, one.method, table::described(one));
    }
    let mut info = public::read(INFO);
    if let Some(fields) = info.as_object_mut() {
        fields.insert("version".to_owned(), json!(env!("CARGO_PKG_VERSION")));
    }
    let tags: Vec<Value> = TAGS
        .iter()
        .map(|(name, about)| json!({ "name": name, "description": about }))
        .collect();
    let document = json!({
        "openapi": "3.1.0",
        "info": info,
        "tags": tags,
        "paths": paths,
        "components": public::read(COMPONENTS),
    });
    filled(document, &limits())
}

fn put(paths: &mut Map<String, Value>, path: &str, method: &str, told: Value) {
    let entry = paths.entry(path).or_insert_with(|| json!({}));
    if let Some(fields) = entry.as_object_mut() {
        fields.insert(method.to_owned(), told);
    }
}

/// What stands in the files as `@NAME`.
fn limits() -> BTreeMap<&'static str, Value> {
    BTreeMap::from([
        ("@BODY_MAX", json!(BODY_MAX)),
        ("@CODES", json!(Code::ALL.map(Code::word))),
        ("@KEY_MAX", json!(KEY_MAX)),
        ("@LETTERS_MAX", json!(LETTERS_MAX)),
        ("@LIMIT_MAX", json!(LIMIT_MAX)),
        ("@PER_SECOND_MAX", json!(PER_SECOND_MAX)),
        ("@PRODUCTS_MAX", json!(PRODUCTS_MAX)),
        ("@RETAILER_ID_MAX", json!(RETAILER_ID_MAX)),
    ])
}

/// The value with every `@NAME` replaced.
fn filled(value: Value, limits: &BTreeMap<&'static str, Value>) -> Value {
    match value {
        Value::String(text) => limits.get(text.as_str()).cloned().unwrap_or(Value::String(text)),
        Value::Array(items) => items.into_iter().map(|item| filled(item, limits)).collect(),
        Value::Object(fields) => {
            let fields = fields.into_iter();
            fields
                .map(|(name, value)| (name, filled(value, limits)))
                .collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

/// `GET /openapi.json`
pub(super) async fn serve() -> HttpResponse {
    static TEXT: OnceLock<String> = OnceLock::new();
    let text: &'static str = TEXT.get_or_init(|| document().to_string());
    HttpResponse::Ok().content_type("application/json").body(text)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Whatever is quoted and begins with a slash, between two lines of the routes.
    fn quoted(routes: &str, from: &str, to: &str) -> BTreeSet<String> {
        let part = routes.split(from).nth(1).unwrap().split(to).next().unwrap();
        let texts = part.split('"').skip(1).step_by(2);
        texts
            .filter(|text| text.starts_with('/') && *text != "/v1")
            .map(ToOwned::to_owned)
            .collect()
    }

    #[test]
    fn every_route_of_the_public_listener_is_in_the_document_and_nothing_else() {
        let routes = include_str!("../routes.rs");
        let mut served = quoted(routes, "pub(super) fn public(", "fn merchant_api(");
        let merchant_api = quoted(routes, "fn merchant_api(", "fn others(");
        served.extend(merchant_api.iter().map(|path| format!("/v1{path}")));
        let told: BTreeSet<String> = public::operations().into_iter().map(|(path, ..)| path).collect();
        assert_eq!(told, served);
        assert!(told.len() > 12, "the routes were not found");
    }

    #[test]
    fn every_part_is_read_and_every_reference_leads_somewhere() {
        let document = document();
        assert_eq!(document["info"]["title"], "Sacola gateway");
        let mut open = vec![&document];
        let mut references = 0;
        while let Some(value) = open.pop() {
            if let Some(target) = value.get("$ref").and_then(Value::as_str) {
                references += 1;
                let pointer = target.trim_start_matches('#');
                assert!(document.pointer(pointer).is_some(), "{target}");
            }
            if let Some(text) = value.as_str() {
                assert!(!text.starts_with('@'), "{text} has no value");
            }
            open.extend(value.as_array().into_iter().flatten());
            open.extend(value.as_object().into_iter().flatten().map(|(_, inner)| inner));
        }
        assert!(references > 50, "{references}");
    }

    #[test]
    fn every_code_is_explained_and_every_problem_is_a_code() {
        let problems = public::read(include_str!("problems.json"));
        let told: BTreeSet<&str> = problems.as_object().unwrap().keys().map(String::as_str).collect();
        let codes: BTreeSet<&str> = Code::ALL.map(Code::word).into();
        assert_eq!(told, codes);
        let operations = public::read(include_str!("public.json"));
        for one in operations.as_array().unwrap() {
            for word in one["problems"].as_array().unwrap() {
                assert!(codes.contains(word.as_str().unwrap()), "{word}");
            }
            let scope = one.get("scope").and_then(Value::as_str);
            assert!(scope.is_none_or(|scope| crate::config::Scope::parse(scope).is_some()));
        }
    }

    #[test]
    fn every_scope_is_told_where_keys_are_explained() {
        let document = document();
        let told = document["components"]["securitySchemes"]["key"]["description"].as_str();
        let page = include_str!("../../../docs/API.md");
        for scope in crate::config::Scope::NAMES {
            assert!(
                told.unwrap().contains(&format!("- `{scope}`: ")),
                "{scope} in components.json"
            );
            assert!(
                page.contains(&format!("\n| `{scope}` | ")),
                "{scope} in docs/API.md"
            );
        }
    }

    #[test]
    fn every_code_that_a_key_can_meet_is_in_the_table_of_the_page() {
        let page = include_str!("../../../docs/API.md");
        let table = page
            .split("## Errors")
            .nth(1)
            .unwrap()
            .split("## Pages")
            .next()
            .unwrap();
        for code in Code::ALL {
            // the console's own
            let is_told = code == Code::CrossSite || table.contains(&format!("`{}`", code.word()));
            assert!(is_told, "{}", code.word());
        }
    }

    #[test]
    fn the_committed_document_is_this_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/gateway.json");
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        let now = serde_json::to_string_pretty(&document()).unwrap() + "\n";
        assert!(committed == now, "run: sacola openapi > openapi/gateway.json");
    }
}
