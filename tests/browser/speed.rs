//! How long a person waits: from the tap to the reply in the page.

use super::chromium::Chromium;
use super::demo::Demo;

/// A person reads a reply before the next tap. Who taps faster for long gets fewer, later replies on purpose: a burst becomes a
/// handful of messages.
const THOUGHT_MS: u32 = 400;
/// Replies that are measured.
const TAPS: usize = 60;
/// What 95 of 100 replies must come within when the released program is measured: `scripts/test --step speed` names it.
const P95_MS: f64 = 150.0;
/// The same for an unoptimised build beside other tests: it only tells when something waits that should not.
const P95_UNOPTIMISED_MS: f64 = 1_500.0;

#[expect(clippy::print_stderr, reason = "the figure is what the step is run for")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_100_replies_95_are_in_the_page_150_ms_after_the_tap() {
    let demo = Demo::start();
    let browser = Chromium::open_unwatched(1280, 800).await;
    browser.goto(&demo.playground("?lang=en")).await;
    browser.click("[data-testid=say-hi]").await;
    for taps in 1..TAPS {
        thinks(&browser).await;
        let chip = if taps % 2 == 0 { "menu" } else { "cart" };
        browser
            .click(&format!("[data-testid=chip][data-word={chip}]"))
            .await;
    }
    browser
        .until(&format!("window.sacola.latencies.length >= {TAPS}"))
        .await;
    let told = browser.value("window.sacola.latencies").await;
    let mut all: Vec<f64> = told
        .as_array()
        .unwrap()
        .iter()
        .filter_map(serde_json::Value::as_f64)
        .collect();
    all.sort_by(f64::total_cmp);
    let p95 = all[all.len() * 95 / 100];
    eprintln!(
        "tap to reply: median {:.0} ms, p95 {p95:.0} ms, most {:.0} ms, of {}",
        all[all.len() / 2],
        all[all.len() - 1],
        all.len()
    );
    let most = if demo.is_released {
        P95_MS
    } else {
        P95_UNOPTIMISED_MS
    };
    assert!(p95 < most, "p95 {p95:.0} ms of {all:?}");
    browser.close().await;
}

/// The page is left alone meanwhile: whoever looks at it at each frame makes it slower.
async fn thinks(browser: &Chromium) {
    let script = format!("setTimeout(arguments[0], {THOUGHT_MS});");
    browser.client.execute_async(&script, Vec::new()).await.unwrap();
}
