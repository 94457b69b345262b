//! The eye of these tests itself: it goes on looking when the page leaves under it, and when nobody draws the page.

use super::chromium::Chromium;
use super::demo::Demo;

/// A form was sent and the next page came while the test waited for it: the driver called that a timeout, long before its time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_waited_for_may_be_on_the_next_page() {
    let demo = Demo::start();
    let browser = Chromium::open(900, 700).await;
    browser.goto(&format!("{}/docs", demo.public)).await;
    browser
        .value("setTimeout(() => location.assign('/playground'), 300)")
        .await;
    browser.until("location.pathname === '/playground'").await;
    browser.close().await;
    assert_eq!(demo.terminates(), Some(0));
}

/// A tab behind another one draws no frames.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_nobody_draws_is_looked_at_too() {
    let demo = Demo::start();
    let browser = Chromium::open(900, 700).await;
    browser.goto(&format!("{}/docs", demo.public)).await;
    let behind = browser.client.window().await.unwrap();
    let front = browser.client.new_window(true).await.unwrap();
    browser.client.switch_to_window(front.handle).await.unwrap();
    browser.goto(&format!("{}/playground", demo.public)).await;
    browser.client.switch_to_window(behind).await.unwrap();
    browser
        .value("void setTimeout(() => document.body.dataset.came = 'yes', 300)")
        .await;
    browser.until("document.body.dataset.came").await;
    browser.close().await;
    assert_eq!(demo.terminates(), Some(0));
}
