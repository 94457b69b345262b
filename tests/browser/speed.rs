//! How long a person waits: from the tap to the reply in the page.

use super::chromium::Chromium;
use super::demo::Demo;

/// A person reads a reply before the next tap. Who taps faster for long gets fewer, later replies on purpose: a burst becomes a
/// handful of messages.
const THOUGHT_MS: u32 = 400;
/// Thoughts that a reply may take: a minute.
const THOUGHTS: u32 = 150;
/// Replies that are measured.
const TAPS: usize = 60;
/// What 95 of 100 replies must come within when the released program is measured: `scripts/test --step speed` names it.
const P95_MS: f64 = 150.0;
/// The same for an unoptimised build on any machine, whose disk may flush for seconds under a few of the replies.
const P95_UNOPTIMISED_MS: f64 = 5_000.0;
/// What half of the replies must come within there: it tells when something waits that should not.
const MEDIAN_UNOPTIMISED_MS: f64 = 1_500.0;

#[expect(clippy::print_stderr, reason = "the figure is what the step is run for")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_100_replies_95_are_in_the_page_150_ms_after_the_tap() {
    let demo = Demo::start();
    let browser = Chromium::open_unwatched(1280, 800).await;
    browser.goto(&demo.playground("?lang=en")).await;
    browser.click("[data-testid=say-hi]").await;
    for taps in 1..TAPS {
        reads(&browser, taps).await;
        let chip = if taps % 2 == 0 { "menu" } else { "cart" };
        browser
            .click(&format!("[data-testid=chip][data-word={chip}]"))
            .await;
    }
    reads(&browser, TAPS).await;
    let told = browser.value("window.sacola.latencies").await;
    let mut all: Vec<f64> = told
        .as_array()
        .unwrap()
        .iter()
        .filter_map(serde_json::Value::as_f64)
        .collect();
    all.sort_by(f64::total_cmp);
    let (median, p95) = (all[all.len() / 2], all[all.len() * 95 / 100]);
    eprintln!(
        "tap to reply: median {median:.0} ms, p95 {p95:.0} ms, most {:.0} ms, of {}",
        all[all.len() - 1],
        all.len()
    );
    let (most, median_most) = if demo.is_released {
        (P95_MS, P95_MS)
    } else {
        (P95_UNOPTIMISED_MS, MEDIAN_UNOPTIMISED_MS)
    };
    assert!(p95 < most, "p95 {p95:.0} ms of {all:?}");
    assert!(median < median_most, "median {median:.0} ms of {all:?}");
    browser.close().await;
}

/// That many replies came and were read: a tap before its predecessor's reply is not measured. The page is left alone meanwhile:
/// whoever looks at it at each frame makes it slower.
async fn reads(browser: &Chromium, replies: usize) {
    let script = format!(
        "const done = arguments[0]; setTimeout(() => done(window.sacola.latencies.length >= {replies}), {THOUGHT_MS});"
    );
    for _ in 0..THOUGHTS {
        if browser.client.execute_async(&script, Vec::new()).await.unwrap() == true {
            return;
        }
    }
    panic!("reply {replies} did not come");
}
