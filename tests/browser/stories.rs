//! The playground's stories, done as a person does them: by clicking in the phone and in the panels. What a story claims is
//! checked at the shop as well.

use serde_json::Value;

use super::chromium::Chromium;
use super::demo::Demo;

/// A story under way in a window.
struct Rehearsal {
    demo: Demo,
    browser: Chromium,
}

impl Rehearsal {
    /// Opens a story by its address; the stage is set when this returns.
    async fn of(story: &str) -> Self {
        let demo = Demo::start();
        let browser = Chromium::open(1440, 900).await;
        browser
            .goto(&demo.playground(&format!("?story={story}&lang=en")))
            .await;
        let rehearsal = Self { demo, browser };
        rehearsal.sees("stage").await;
        rehearsal
    }

    /// The story has seen a step done.
    async fn sees(&self, step: &str) {
        let css = format!("[data-testid=story-step][data-step={step}][data-state=done]");
        self.browser
            .until(&format!("document.querySelector({css:?}) !== null"))
            .await;
    }

    async fn writes(&self, text: &str) {
        self.browser.writes("[data-testid=composer] textarea, [data-testid=composer] input, textarea[data-testid=composer], input[data-testid=composer]", text).await;
        self.browser.click("[data-testid=send]").await;
    }

    /// Asks for that by the newest message from the shop: by its button, or by a row of its list.
    async fn taps(&self, action: &str) {
        self.taps_on("android", action).await;
    }

    /// The same on the screen of one device.
    async fn taps_on(&self, device: &str, action: &str) {
        let screen = format!("[data-testid=phone][data-device={device}]");
        let wanted = format!(
            "[...document.querySelectorAll('{screen} [data-testid=bubble][data-direction=out]')].at(-1)"
        );
        let button = format!("[data-testid=reply][data-id^=\"s1.{action}.\"]");
        let way = format!(
            "(() => {{ const newest = {wanted}; if (newest?.querySelector('{button}')) return 'button'; \
             return newest?.querySelector('[data-testid=open-list]') ? 'list' : null; }})()"
        );
        if self.browser.until(&way).await == "button" {
            return self.browser.click(&format!("{screen} {button}")).await;
        }
        self.browser
            .click(&format!("{screen} [data-testid=open-list]"))
            .await;
        self.browser
            .click(&format!("[data-testid=row][data-id^='s1.{action}.']"))
            .await;
    }

    /// How many messages of that kind the screen of a device shows.
    async fn count(&self, device: &str, kind: &str) -> i64 {
        self.browser.value(&counted(device, kind)).await.as_i64().unwrap()
    }

    /// Waits for one more message of that kind.
    async fn sees_more(&self, device: &str, kind: &str, before: i64) {
        self.browser
            .until(&format!("{} > {before}", counted(device, kind)))
            .await;
    }

    async fn tab(&self, name: &str) {
        self.browser.click(&format!("[data-testid=tab-{name}]")).await;
    }

    /// Makes the product with that name cost so much.
    async fn reprices(&self, id: &str, price: &str) {
        self.tab("shop").await;
        let row = format!("[data-testid=shop-product][data-id={id}]");
        self.browser
            .writes(&format!("{row} [data-testid=shop-price]"), price)
            .await;
        self.browser
            .click(&format!("{row} [data-testid=shop-save]"))
            .await;
    }

    /// Her first cart, as the gateway knows it.
    async fn api_cart(&self) -> Value {
        let phones = self.demo.get("/emulator/phones").await;
        let user = phones["phones"][0]["user_id"].as_str().unwrap().to_owned();
        let told = self
            .demo
            .api(&format!("/v1/conversations/106540352242922/{user}"))
            .await;
        told["carts"][0].clone()
    }

    /// The product in her cart.
    async fn carted(&self) -> String {
        let cart = self.api_cart().await;
        cart["lines"][0]["retailer_id"].as_str().unwrap().to_owned()
    }

    async fn purchases(&self) -> Vec<Value> {
        self.demo.get("/shop/purchases").await["purchases"]
            .as_array()
            .unwrap()
            .clone()
    }

    /// The end of the story is shown, and nothing went wrong in the browser.
    async fn ends(self) {
        let done = "document.querySelector('[data-testid=story-done]')?.checkVisibility()";
        self.browser.until(done).await;
        self.browser.close().await;
        assert_eq!(self.demo.terminates(), Some(0));
    }
}

fn counted(device: &str, kind: &str) -> String {
    format!(
        "document.querySelectorAll('[data-testid=phone][data-device={device}] [data-testid=bubble][data-about={kind}]').length"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_purchase_is_made_by_hand() {
    let story = Rehearsal::of("first-purchase").await;
    story.writes("oi").await;
    story.sees("hello").await;
    story.taps("category").await;
    story.sees("category").await;
    story.taps("product").await;
    story.sees("product").await;
    story.taps("add").await;
    story.sees("add").await;
    story.taps("checkout").await;
    story.sees("checkout").await;
    story.taps("confirm").await;
    story.sees("link").await;
    let pays = story.browser.find("[data-testid=pay-link]").await;
    let page = pays.attr("href").await.unwrap().unwrap();
    assert!(
        page.starts_with("/shop/pay/"),
        "the link stays at one address: {page}"
    );

    let chat = story.browser.client.window().await.unwrap();
    let window = story.browser.client.new_window(true).await.unwrap();
    story
        .browser
        .client
        .switch_to_window(window.handle)
        .await
        .unwrap();
    story.browser.goto(&format!("{}{page}", story.demo.public)).await;
    story.browser.click("form button").await;
    story.browser.until("document.querySelector('.mark')").await;
    story.browser.client.close_window().await.unwrap();
    story.browser.client.switch_to_window(chat).await.unwrap();
    story.sees("pay").await;

    let purchases = story.purchases().await;
    assert_eq!(purchases.len(), 1);
    assert_eq!(purchases[0]["state"], "paid");
    assert_eq!(purchases[0]["times_posted"], 1);
    story.ends().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_price_changes_under_her_feet() {
    let story = Rehearsal::of("price-change").await;
    let id = story.carted().await;
    story.reprices(&id, "77.70").await;
    story.sees("told").await;
    story.taps("accept_prices").await;
    story.sees("accept").await;
    story.taps("checkout").await;
    story.sees("checkout").await;
    story.taps("confirm").await;
    story.sees("total").await;

    assert_eq!(story.purchases().await[0]["total"]["amount"], "77.70");
    story.ends().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_devices_have_two_carts() {
    let story = Rehearsal::of("two-devices").await;
    story.taps_on("web", "checkout").await;
    story.sees("other").await;
    let before = story.count("web", "cart").await;
    story.taps_on("web", "copy_cart").await;
    story.sees("copy").await;
    story.sees_more("web", "cart", before).await;
    for action in ["cart", "quantity"] {
        let before = story.count("web", "cart").await;
        story.taps_on("web", action).await;
        story.sees_more("web", "cart", before).await;
    }
    story.taps_on("web", "quantity").await;
    story.sees("change").await;
    story.sees("apart").await;
    story.ends().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_reply_of_the_shop_is_still_one_purchase() {
    let story = Rehearsal::of("lost-reply").await;
    story.tab("shop").await;
    story
        .browser
        .click("[data-testid=shop-mode][data-mode=cut_after_commit]")
        .await;
    story.sees("mood").await;
    story.taps("checkout").await;
    story.sees("checkout").await;
    story.taps("confirm").await;
    story.sees("once").await;

    assert_eq!(story.purchases().await.len(), 1);
    story.ends().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_window_is_closed_news_waits_for_her() {
    let story = Rehearsal::of("window-closed").await;
    let id = story.carted().await;
    story.tab("clock").await;
    story.browser.click("[data-testid=clock-25h]").await;
    story.sees("wait").await;
    story.browser.find("[data-testid=window-closed]").await;
    story.reprices(&id, "66.60").await;
    story.sees("silence").await;
    story.writes("oi").await;
    story.sees("told").await;
    story.sees("kept").await;
    story.ends().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatsapps_own_cart_is_priced_before_it_is_bought() {
    let story = Rehearsal::of("native-cart").await;
    story.taps("page").await;
    story.sees("open").await;
    story
        .browser
        .click("[data-testid=open-catalog], [data-testid=open]")
        .await;
    story
        .browser
        .click("[data-testid=product-add][data-product=cafe-coado]")
        .await;
    story.sees("fill").await;
    story
        .browser
        .click("[data-testid=sheet] [data-testid=close]")
        .await;
    story.reprices("cafe-coado", "55.50").await;
    story.sees("price").await;
    story.browser.click("[data-testid=native-cart]").await;
    story.browser.click("[data-testid=cart-send]").await;
    story.sees("told").await;
    story.taps("confirm").await;
    story.sees("once").await;

    let purchases = story.purchases().await;
    assert_eq!(purchases.len(), 1);
    assert_eq!(purchases[0]["total"]["amount"], "55.50");
    story.ends().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_sells_out_is_named_and_not_sold() {
    let story = Rehearsal::of("sold-out").await;
    let id = story.carted().await;
    story.tab("shop").await;
    let row = format!("[data-testid=shop-product][data-id={id}]");
    story.browser.click(&format!("{row} .switch")).await;
    story
        .browser
        .click(&format!("{row} [data-testid=shop-save]"))
        .await;
    story.sees("told").await;
    story.taps("accept_prices").await;
    story.sees("accept").await;

    assert!(story.purchases().await.is_empty());
    story.ends().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_twice_happens_once() {
    let story = Rehearsal::of("duplicates").await;
    let twice = "label.switch:has([data-testid=fault-duplicate_webhooks])";
    story.tab("faults").await;
    story.browser.click(twice).await;
    story.sees("on").await;
    story.taps("add").await;
    story.sees("twice").await;
    story.sees("single").await;
    story.browser.click(twice).await;
    story.sees("off").await;

    let cart = story.api_cart().await;
    assert_eq!(cart["lines"][0]["quantity"], 1, "{cart}");
    story.ends().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_cent_too_much_gets_no_link() {
    let story = Rehearsal::of("wrong-total").await;
    story.tab("shop").await;
    story
        .browser
        .click("[data-testid=shop-mode][data-mode=wrong_total]")
        .await;
    story.sees("mood").await;
    story.taps("checkout").await;
    story.sees("checkout").await;
    story.taps("confirm").await;
    story.sees("nolink").await;

    let links = "document.querySelectorAll('[data-testid=pay-link]').length";
    assert_eq!(story.browser.value(links).await, 0);
    story.ends().await;
}
