//! Two merchants: what one key may see and do never reaches the other's, on any route. The routes come from the OpenAPI document,
//! so that a new one without an arm here fails.

use reqwest::Method;
use serde_json::{Value, json};

use super::desk::{BARE, Desk, FOREIGN, OPERATOR, OWN, Told, text};
use crate::support::program::NUMBER;

/// An operation with a key, aimed at what belongs to the first merchant.
struct Aimed {
    name: String,
    method: Method,
    path: String,
    body: Option<Value>,
    scope: String,
    /// What the other merchant's key must be told.
    expected: Expected,
}

/// How an attempt of the other merchant must end.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Expected {
    /// 404, or 403.
    Refused,
    /// 200, without anything of the first merchant in it.
    Hidden,
}

fn aimed(desk: &Desk, path: &str, method: &str, operation: &Value) -> Aimed {
    let name = text(&operation["operationId"]);
    let id = if path.contains("purchases") {
        &desk.purchase
    } else if path.contains("price-updates") {
        &desk.price_update
    } else {
        &desk.letter
    };
    let filled = path
        .replace("{number}", NUMBER)
        .replace("{customer}", &desk.customer)
        .replace("{retailer_id}", "cafe-coado")
        .replace("{id}", id);
    assert!(
        !filled.contains('{'),
        "tell tests/api/strangers.rs what {path} means"
    );
    let (query, body, expected) = match name.as_str() {
        "sendProducts" => {
            let body = json!({ "number": NUMBER, "customer": desk.customer, "products": ["cafe-coado"] });
            ("", Some(body), Expected::Refused)
        }
        "listProducts" => ("?merchant=demo", None, Expected::Refused),
        "putProduct" => {
            let price = json!({ "amount": "0.01", "currency": "BRL" });
            let body = json!({ "title": "stolen", "price": price, "availability": "in_stock", "version": "999999999999999" });
            ("?merchant=demo", Some(body), Expected::Refused)
        }
        "eraseCustomer" => {
            let body = json!({ "number": NUMBER, "customer": desk.customer });
            ("", Some(body), Expected::Refused)
        }
        "showPriceUpdate" | "showConversation" | "showJournal" | "showPurchase" | "showDeadLetter"
        | "discardDeadLetter" | "replayDeadLetter" => ("", None, Expected::Refused),
        "listDeadLetters" | "groupDeadLetters" => ("", None, Expected::Hidden),
        "replayDeadLetters" => (
            "",
            Some(json!({ "ids": [desk.letter, desk.stray] })),
            Expected::Hidden,
        ),
        other => panic!("tell tests/api/strangers.rs what another merchant's key gets from {other}"),
    };
    Aimed {
        name,
        method: method.to_uppercase().parse().unwrap(),
        path: format!("{filled}{query}"),
        body,
        scope: text(&operation["security"][0]["key"][0]),
        expected,
    }
}

/// Every operation of the document that needs a key, the console's aside: they are on the other listener.
async fn all(desk: &Desk) -> Vec<Aimed> {
    let document = desk.document().await;
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let has_key = operation["security"]
                .as_array()
                .is_some_and(|all| !all.is_empty());
            if has_key && operation["tags"][0] != "console" {
                found.push(aimed(desk, path, method, operation));
            }
        }
    }
    assert!(found.len() >= 13, "the document has lost its operations");
    found
}

async fn sent(desk: &Desk, one: &Aimed, key: &str) -> Told {
    let headers = [("idempotency-key", one.name.as_str())];
    desk.sends(one.method.clone(), &one.path, key, &headers, one.body.as_ref())
        .await
}

/// Everything of the first merchant that an attempt could have changed.
async fn seen(desk: &Desk) -> Vec<Value> {
    let mut seen = Vec::new();
    for path in [
        format!("/v1/conversations/{NUMBER}/{}", desk.customer),
        format!("/v1/purchases/{}", desk.purchase),
        format!("/v1/price-updates/{}", desk.price_update),
        format!("/v1/dead-letters/{}", desk.letter),
        format!("/v1/dead-letters/{}", desk.stray),
        "/v1/products?merchant=demo".to_owned(),
    ] {
        seen.push(desk.get(&path, OPERATOR).await);
    }
    seen.push(json!(desk.products_shown().await));
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn another_merchants_key_reaches_nothing_on_any_route() {
    let desk = Desk::opens().await;
    let before = seen(&desk).await;
    for one in all(&desk).await {
        let told = sent(&desk, &one, FOREIGN).await;
        let place = format!("{} {} {}: {}", one.name, one.method, one.path, told.body);
        match one.expected {
            Expected::Refused => assert!(matches!(told.status, 403 | 404), "{} {place}", told.status),
            Expected::Hidden => {
                assert_eq!(told.status, 200, "{place}");
                let letters = told.body["letters"].as_array().into_iter().flatten();
                for letter in letters {
                    assert_eq!(letter["problem"], "no such dead letter for this key", "{place}");
                }
                let is_listed =
                    told.body.get("letters").is_none() && told.body.to_string().contains(&desk.letter);
                assert!(
                    !is_listed && told.body["groups"].as_array().is_none_or(Vec::is_empty),
                    "{place}"
                );
            }
        }
    }
    let after = seen(&desk).await;
    assert_eq!(before, after, "something has changed");
    desk.closes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_with_a_wrong_one_and_without_the_scope_every_route_refuses() {
    let desk = Desk::opens().await;
    let before = seen(&desk).await;
    for one in all(&desk).await {
        let place = format!("{} {}", one.method, one.path);
        for key in ["", "sk_sacola_of-nobody"] {
            let told = sent(&desk, &one, key).await;
            assert_eq!(told.refused(), (401, "not_authorised"), "{place} with {key:?}");
        }
        let told = sent(&desk, &one, BARE).await;
        assert_eq!(told.refused(), (403, "forbidden_scope"), "{place}");
        assert!(
            text(&told.body["detail"]).contains(&one.scope),
            "{place}: {}",
            told.body
        );
    }
    assert_eq!(before, seen(&desk).await, "something has changed");
    desk.closes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merchants_own_key_reaches_its_own_and_an_operators_key_reaches_all() {
    let desk = Desk::opens().await;
    let routes = all(&desk).await;
    let reading = routes.iter().filter(|one| one.method == Method::GET);
    for one in reading {
        let told = sent(&desk, one, OPERATOR).await;
        assert_eq!(told.status, 200, "{} {}", one.path, told.body);
        // a journal holds what the customer wrote: it is for operators
        let expected = if one.name == "showJournal" { 403 } else { 200 };
        let told = sent(&desk, one, OWN).await;
        assert_eq!(told.status, expected, "{} {}", one.path, told.body);
    }
    for merchant in ["demo", "other"] {
        let products = desk
            .get(&format!("/v1/products?merchant={merchant}"), OPERATOR)
            .await;
        assert!(!products["products"].as_array().unwrap().is_empty(), "{merchant}");
    }
    let stray = format!("/v1/dead-letters/{}", desk.stray);
    assert_eq!(desk.get(&stray, OPERATOR).await["merchant"], Value::Null);
    let told = desk.sends(Method::GET, &stray, OWN, &[], None).await;
    assert_eq!(told.refused(), (404, "not_found"));
    desk.closes().await;
}
