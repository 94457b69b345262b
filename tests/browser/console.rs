//! The console as somebody on call uses it: sign in, find a customer, read what happened, look at a dead letter, try it dry,
//! replay it, and sign out.

use serde_json::json;

use super::chromium::Chromium;
use super::demo::Demo;

/// A demo in which Ana has bought something and two webhooks could not be taken.
async fn after_a_purchase() -> (Demo, String, String) {
    let demo = Demo::start();
    let phone = demo
        .post("/emulator/phones", json!({ "name": "Ana Souza" }))
        .await;
    let (id, user) = (phone["id"].as_str().unwrap(), phone["user_id"].as_str().unwrap());
    let order = json!({ "items": [{ "retailer_id": "cafe-coado", "quantity": 2 }] });
    demo.post(&format!("/emulator/phones/{id}/devices/android/order"), order)
        .await;
    demo.post("/emulator/webhooks/raw", json!({ "body": "{\"object\":" }))
        .await;
    (demo, id.to_owned(), user.to_owned())
}

async fn sign_in(browser: &Chromium, demo: &Demo, key: &str) {
    browser.goto(&format!("{}/console", demo.ops)).await;
    browser.writes("[data-testid=signin-key]", key).await;
    browser.click("[data-testid=signin]").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_call_somebody_finds_the_customer_and_reads_what_happened() {
    let (demo, id, user) = after_a_purchase().await;
    let browser = Chromium::open(1440, 900).await;
    sign_in(&browser, &demo, &demo.key).await;
    browser.find("[data-testid=verdict]").await;
    browser.click("[data-testid=nav-conversations]").await;
    browser.writes("[data-testid=find-customer]", &user).await;
    browser.click("[data-testid=find]").await;
    browser.click("[data-testid=conversation-row] a").await;
    browser.find("[data-testid=timeline-entry]").await;
    let purchase = browser.find("[data-testid=purchase]").await;
    let told = purchase.text().await.unwrap();
    assert!(told.contains("R$12.00"), "{told}");
    let page = browser.value("document.body.innerText").await;
    let page = page.as_str().unwrap();
    let wa_id = demo.get(&format!("/emulator/phones/{id}")).await["wa_id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        !page.contains(&wa_id) && !page.contains(&user) && !page.contains("Souza"),
        "{page}"
    );
    let address = browser.client.current_url().await.unwrap();
    assert!(!address.as_str().contains(&user), "{address}");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_letter_is_tried_dry_then_replayed_after_a_question() {
    let (demo, ..) = after_a_purchase().await;
    let browser = Chromium::open(1440, 900).await;
    sign_in(&browser, &demo, &demo.key).await;
    browser.click("[data-testid=nav-dead-letters]").await;
    browser.find("[data-testid=letter-group]").await;
    browser.click("[data-testid=letter-row] a").await;
    browser.click("[data-testid=letter-dry-run]").await;
    let would = browser.find("[data-testid=letter-would]").await;
    assert!(!would.text().await.unwrap().is_empty());
    browser.click("[data-testid=letter-replay]").await;
    browser.click("[data-testid=confirm]").await;
    // Who leaves the page before the answer takes the question back.
    browser
        .until("document.querySelector('.foreseen > .notice.warn')")
        .await;
    // It still can't be read: it stays where it is.
    browser.click("[data-testid=nav-dead-letters]").await;
    browser.find("[data-testid=letter-row]").await;
    browser.click("[data-testid=letter-row] a").await;
    browser.click("[data-testid=letter-discard]").await;
    browser.click("[data-testid=confirm]").await;
    browser
        .until("location.hash.startsWith('#/dead-letters') && document.querySelector('main .empty') && document.querySelectorAll('[data-testid=letter-row]').length === 0")
        .await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_key_is_told_so_and_who_signed_out_is_out() {
    let (demo, ..) = after_a_purchase().await;
    let browser = Chromium::open(1280, 800).await;
    sign_in(&browser, &demo, "not a key").await;
    browser
        .until("document.body.innerText.includes('not_authorised')")
        .await;
    browser.writes("[data-testid=signin-key]", &demo.key).await;
    browser.click("[data-testid=signin]").await;
    browser.find("[data-testid=role]").await;
    browser.click("[data-testid=signout]").await;
    browser.find("[data-testid=signin-key]").await;
    browser.client.refresh().await.unwrap();
    browser.find("[data-testid=signin-key]").await;
    let told = browser.complaints().await;
    // The browser itself logs the 401 of the wrong key, and nothing else.
    let others: Vec<&String> = told.iter().filter(|one| !one.contains("401")).collect();
    assert!(others.is_empty(), "{others:?}");
    browser.leave().await;
}
