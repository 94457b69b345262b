//! The page of the API's documentation: everything in the document is on it, and it asks nothing of anybody but us.

use std::collections::BTreeSet;

use serde_json::Value;

use super::accessible::judge;
use super::chromium::Chromium;
use super::demo::Demo;

/// Method and path of every operation in the document.
async fn documented(demo: &Demo) -> BTreeSet<String> {
    let document = demo.get("/openapi.json").await;
    let mut all = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        all.extend(
            item.as_object()
                .unwrap()
                .keys()
                .map(|method| format!("{method} {path}")),
        );
    }
    assert!(all.len() > 25, "{all:?}");
    all
}

fn texts(value: &Value) -> BTreeSet<String> {
    let all = value.as_array().unwrap().iter().filter_map(Value::as_str);
    all.map(ToOwned::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_is_listed_with_a_call_and_the_search_finds_it() {
    let demo = Demo::start();
    let all = documented(&demo).await;
    let browser = Chromium::open(1440, 900).await;
    browser.goto(&format!("{}/docs", demo.public)).await;
    browser.find("[data-testid=operation]").await;
    let listed = "[...document.querySelectorAll('[data-testid=operation]')].map((one) => `${one.dataset.method} ${one.dataset.path}`)";
    assert_eq!(texts(&browser.value(listed).await), all);
    let calls = "[...document.querySelectorAll('[data-testid=operation]')].filter((one) => one.querySelector('pre').textContent.includes('curl')).length";
    assert_eq!(browser.value(calls).await, all.len());
    let links =
        "[...document.querySelectorAll('nav a')].every((one) => document.getElementById(one.hash.slice(1)))";
    assert_eq!(browser.value(links).await, true);
    // schemas are drawn down to their fields, references followed
    let page = browser.value("document.body.textContent").await;
    for word in [
        "retailer_id",
        "charged_back",
        "Idempotency-Key",
        "dead_letters:write",
        "1 to 100",
        "customers:erase",
    ] {
        assert!(page.as_str().unwrap().contains(word), "{word}");
    }

    // a refusal names its codes while it is folded, and the scopes are a list
    let codes = "[...document.querySelectorAll('#sendProducts .answer > summary')].map((one) => one.textContent).join(' ')";
    let codes = browser.value(codes).await;
    for code in ["service_window_closed", "idempotency_conflict", "forbidden_scope"] {
        assert!(codes.as_str().unwrap().contains(code), "{code} in {codes}");
    }
    let scopes = "document.querySelectorAll('#begin li').length";
    assert_eq!(browser.value(scopes).await, sacola::config::Scope::ALL.len());

    assert!(
        !page.as_str().unwrap().contains("[object "),
        "something is drawn as its type"
    );

    browser.keys("/").await;
    browser.keys("price-updates").await;
    browser
        .until("[...document.querySelectorAll('[data-testid=operation]')].filter((one) => one.checkVisibility()).length === 2")
        .await;
    browser.keys("\u{e00c}").await;
    let visible =
        "[...document.querySelectorAll('[data-testid=operation]')].every((one) => one.checkVisibility())";
    browser.until(visible).await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_docs_have_no_serious_finding_in_any_theme_or_width() {
    let demo = Demo::start();
    let browser = Chromium::open(1440, 900).await;
    let mut all = Vec::new();
    browser.goto(&format!("{}/docs", demo.public)).await;
    browser.find("[data-testid=operation]").await;
    let open = "document.querySelectorAll('details').forEach((one) => { one.open = true; })";
    browser.value(open).await;
    judge(&browser, "docs, all open", &mut all).await;
    browser.close().await;
    assert!(all.is_empty(), "{}", all.join("\n"));
}
