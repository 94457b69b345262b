//! Every page in both themes and on a narrow screen, judged by axe-core (WCAG 2.2 A and AA): no serious or critical finding, and
//! nothing that needs a second hand to scroll sideways. What can be clicked can be reached by keys.

use serde_json::{Value, json};

use super::chromium::Chromium;
use super::demo::Demo;

const AXE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/web/node_modules/axe-core/axe.min.js"
);

/// Sizes of screens: a desk, a tablet, a small phone.
const SCREENS: [(u32, u32); 3] = [(1440, 900), (1024, 768), (360, 740)];

/// Serious and critical findings on the page as it is now, as sentences.
async fn findings(browser: &Chromium) -> Vec<String> {
    let axe = std::fs::read_to_string(AXE)
        .expect("axe-core is missing: run `scripts/test --step node` once, it installs it");
    browser.client.execute(&axe, Vec::new()).await.unwrap();
    // a colour on its way to another theme is neither's; what turns without end can't be ended
    let script = "const done = arguments[0];
        for (const one of document.getAnimations()) { try { one.finish(); } catch { continue; } }
        axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], resultTypes: ['violations'] })
            .then((told) => done(told.violations
                .filter((one) => one.impact === 'serious' || one.impact === 'critical')
                .map((one) => one.id + ': ' + one.help + ' | ' + one.nodes.map((node) => node.html.slice(0, 160)).slice(0, 3).join(' | '))))
            .catch((error) => done(['axe failed: ' + error]));";
    let told = browser.client.execute_async(script, Vec::new()).await.unwrap();
    let told = told.as_array().unwrap().iter().filter_map(Value::as_str);
    told.map(ToOwned::to_owned).collect()
}

/// Judges the page in both themes on every screen.
pub async fn judge(browser: &Chromium, page: &str, all: &mut Vec<String>) {
    for dark in [false, true] {
        for (width, height) in SCREENS {
            browser.resize(width, height, dark).await;
            let theme = if dark { "dark" } else { "light" };
            let place = format!("{page}, {theme}, {width} px");
            all.extend(
                findings(browser)
                    .await
                    .iter()
                    .map(|told| format!("{place}: {told}")),
            );
            let over = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
            let over = browser.value(over).await.as_i64().unwrap();
            if over > 0 {
                all.push(format!("{place}: {over} px stick out sideways"));
            }
        }
    }
    browser.resize(1440, 900, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_playground_has_no_serious_finding_in_any_theme_or_width() {
    let demo = Demo::start();
    let browser = Chromium::open(1440, 900).await;
    let mut all = Vec::new();
    browser.goto(&demo.playground("?lang=en")).await;
    browser.find("[data-testid=say-hi]").await;
    judge(&browser, "empty chat", &mut all).await;

    browser
        .goto(&demo.playground("?story=two-devices&lang=pt-BR"))
        .await;
    browser
        .until(
            "document.querySelector('[data-testid=story-step][data-step=stage][data-state=done]') !== null",
        )
        .await;
    judge(&browser, "story, two devices, x-ray", &mut all).await;
    browser.click("[data-testid=open-list]").await;
    browser.find("[data-testid=row]").await;
    judge(&browser, "open list", &mut all).await;
    browser.keys("\u{e00c}").await;
    for tab in ["shop", "clock", "faults"] {
        browser.click(&format!("[data-testid=tab-{tab}]")).await;
        judge(&browser, tab, &mut all).await;
    }
    browser.close().await;
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_console_has_no_serious_finding_in_any_theme_or_width() {
    let demo = Demo::start();
    demo.post("/emulator/webhooks/raw", json!({ "body": "{\"object\":" }))
        .await;
    let phone = demo.post("/emulator/phones", json!({ "name": "Ana" })).await;
    let id = phone["id"].as_str().unwrap();
    demo.post(
        &format!("/emulator/phones/{id}/devices/android/text"),
        json!({ "body": "oi" }),
    )
    .await;
    let browser = Chromium::open(1440, 900).await;
    let mut all = Vec::new();
    browser.goto(&format!("{}/console", demo.ops)).await;
    browser.find("[data-testid=signin-key]").await;
    judge(&browser, "sign-in", &mut all).await;
    browser.writes("[data-testid=signin-key]", &demo.key).await;
    browser.click("[data-testid=signin]").await;
    for place in [
        "overview",
        "conversations",
        "lanes",
        "price-updates",
        "dead-letters",
        "live",
    ] {
        browser.click(&format!("[data-testid=nav-{place}]")).await;
        browser
            .until("document.querySelector('h1') !== null && !document.querySelector('[aria-busy=true]')")
            .await;
        judge(&browser, place, &mut all).await;
    }
    browser.close().await;
    assert!(all.is_empty(), "{}", all.join("\n"));
}

/// The judge finds what is wrong on purpose: a button that says nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_with_a_nameless_button_is_found() {
    let demo = Demo::start();
    let browser = Chromium::open(1024, 768).await;
    browser.goto(&demo.playground("?lang=en")).await;
    browser.find("[data-testid=say-hi]").await;
    let plant = "document.querySelector('main').append(document.createElement('button')); return true;";
    browser.client.execute(plant, Vec::new()).await.unwrap();

    let found = findings(&browser).await;

    assert!(found.iter().any(|told| told.contains("button-name")), "{found:?}");
    browser.close().await;
}

/// The tab key, Enter and Escape do what the pointer does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_can_write_and_choose_by_keys_alone() {
    const TAB: &str = "\u{e004}";
    const ENTER: &str = "\u{e007}";
    let demo = Demo::start();
    let browser = Chromium::open(1440, 900).await;
    browser.goto(&demo.playground("?lang=en")).await;
    browser.find("[data-testid=say-hi]").await;
    let focused = |testid: &str| format!("document.activeElement?.dataset.testid === '{testid}'");
    reach(&browser, TAB, &focused("composer")).await;
    browser.keys("oi").await;
    browser.keys(ENTER).await;
    browser.find("[data-testid=open-list]").await;
    browser
        .value("document.querySelector('[data-testid=phone] h2, [data-testid=phone-menu]')?.focus()")
        .await;
    reach(&browser, TAB, &focused("open-list")).await;
    browser.keys(ENTER).await;
    browser.find("[data-testid=row]").await;
    reach(&browser, TAB, &focused("row")).await;
    browser.keys(ENTER).await;
    browser
        .until("document.querySelectorAll('[data-testid=bubble][data-direction=out]').length > 1")
        .await;
    browser.close().await;
}

/// Presses a key until the page is so; a person would give up after a while.
async fn reach(browser: &Chromium, key: &str, wanted: &str) {
    for _ in 0..80 {
        if browser.value(wanted).await == true {
            return;
        }
        browser.keys(key).await;
    }
    panic!("the keys never come to {wanted}");
}
