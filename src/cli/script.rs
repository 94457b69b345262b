//! `sacola demo --script`: a phone browses, fills a cart, hears of a price change, buys, pays; then taps everything again.
//! Every step is observed over HTTP, and the first that is not as it should be ends the script with status 1.

use std::collections::BTreeMap;

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};

use super::demo::{API_KEY, Demo, temporary_directory};
use super::emulator::PHONE_NUMBER_ID;
use super::{Failure, out, start_logs};
use crate::clock::{Clock, MovableClock};
use crate::outgoing;

/// How long a message may take to arrive.
const PATIENCE_MS: i64 = 60_000;
/// Pause between looks at the phone.
const LOOK_MS: u64 = 20;

/// Plays the script in a world of its own.
pub(super) async fn play(environment: &BTreeMap<String, String>) -> Result<(), Failure> {
    start_logs(environment, "error");
    let directory = temporary_directory()?;
    let demo = Demo::start("127.0.0.1:0", &directory).await?;
    let mut story = Story::new(&demo)?;
    let told = story.tell().await;
    demo.stop().await;
    std::fs::remove_dir_all(directory)?;
    told?;
    out("");
    out("Every step was observed. Run `sacola demo` to try it yourself.");
    Ok(())
}

struct Story {
    http: reqwest::Client,
    clock: MovableClock,
    emulator: String,
    gateway: String,
    phone: String,
    customer: String,
    seen: i64,
    taps: Vec<(String, String)>,
}

/// A message on the phone.
struct Seen {
    id: String,
    text: String,
    buttons: Vec<(String, String)>,
    link: Option<String>,
    image: Option<String>,
}

impl Story {
    fn new(demo: &Demo) -> anyhow::Result<Self> {
        Ok(Self {
            http: outgoing::provider(60_000)?,
            clock: MovableClock::fixed(),
            emulator: demo.emulator.base_url().to_owned(),
            gateway: format!("http://{}", demo.app.public),
            phone: String::new(),
            customer: String::new(),
            seen: 0,
            taps: Vec::new(),
        })
    }

    async fn tell(&mut self) -> anyhow::Result<()> {
        self.meet().await?;
        self.fill_the_cart().await?;
        self.hear_of_a_price_change().await?;
        let bought = self.buy().await?;
        self.tap_everything_again(&bought).await
    }

    async fn meet(&mut self) -> anyhow::Result<()> {
        let phone = self.post("/emulator/phones", json!({ "name": "Ana" })).await?;
        self.phone = text_at(&phone, "/id")?;
        self.customer = text_at(&phone, "/user_id")?;
        out("A customer, Ana, writes to Café da Praça from her Android phone.");
        say("Ana", "oi");
        self.post(&self.device_path("text"), json!({ "body": "oi" }))
            .await?;
        Ok(())
    }

    async fn fill_the_cart(&mut self) -> anyhow::Result<()> {
        let menu = self.expect("menu").await?;
        let catalog = self.tap_first(&menu, "category", "catalog").await?;
        let product = self.tap_first(&catalog, "product", "product").await?;
        let picture = product.image.clone().context("the product has no picture")?;
        let png = self.http.get(&picture).send().await?.bytes().await?;
        ensure!(png.starts_with(b"\x89PNG"), "the picture at {picture} is no PNG");
        out(&format!("        (a picture of {} bytes)", png.len()));
        let cart = self.tap_first(&product, "add", "cart").await?;
        let menu = self.tap_first(&cart, "menu", "menu").await?;
        let second = menu
            .buttons
            .iter()
            .filter(|(id, _)| id.starts_with("s1.category."))
            .nth(1)
            .cloned();
        let (id, title) = second.context("the menu has no second category")?;
        let catalog = self.tap(&menu, &id, &title, "catalog").await?;
        let product = self.tap_first(&catalog, "product", "product").await?;
        let cart = self.tap_first(&product, "add", "cart").await?;
        let whole = self.tap_first(&cart, "cart", "cart").await?;
        let choose = self.tap_first(&whole, "quantity", "cart").await?;
        self.tap_first(&choose, "quantity", "cart").await?;
        let lines = self.cart_lines().await?;
        ensure!(
            lines.len() == 2,
            "the cart should hold 2 products, it holds {lines:?}"
        );
        ensure!(
            lines.iter().any(|(_, quantity, _)| *quantity == 2),
            "one of them twice: {lines:?}"
        );
        Ok(())
    }

    async fn hear_of_a_price_change(&mut self) -> anyhow::Result<()> {
        let (id, _, price) = self
            .cart_lines()
            .await?
            .into_iter()
            .next()
            .context("the cart is empty")?;
        let new_price = if price == "9.90" { "10.50" } else { "9.90" };
        out("");
        out(&format!(
            "The shop changes the price of {id} from {price} to {new_price}."
        ));
        let url = format!("{}/shop/products/{id}", self.emulator);
        let changed = self
            .http
            .put(url)
            .json(&json!({ "price": new_price }))
            .send()
            .await?;
        ensure!(
            changed.status().is_success(),
            "the shop refused the new price: {}",
            changed.status()
        );
        let notice = self.expect("price_change").await?;
        let comma = new_price.replace('.', ",");
        ensure!(
            notice.text.contains(&comma),
            "the notice does not name the new price {comma}: {}",
            notice.text
        );
        let cart = self.tap_first(&notice, "accept_prices", "cart").await?;
        ensure!(cart.text.contains(&comma), "the cart does not show the new price");
        self.last_cart_message(cart);
        Ok(())
    }

    /// The accepted cart is where the checkout begins: its button is remembered as the next tap.
    fn last_cart_message(&mut self, cart: Seen) {
        let checkout = cart
            .buttons
            .into_iter()
            .find(|(id, _)| id.starts_with("s1.checkout."));
        self.taps.extend(checkout.map(|(id, _)| (cart.id, id)));
    }

    async fn buy(&mut self) -> anyhow::Result<String> {
        let (message, checkout) = self.taps.pop().context("the cart offers no checkout")?;
        say("Ana", "[Finalizar compra]");
        self.press(&message, &checkout).await?;
        let summary = self.expect("summary").await?;
        let confirm = self.tap_first(&summary, "confirm", "payment_link").await?;
        let link = confirm.link.clone().context("the payment message has no link")?;
        let page = self.http.get(&link).send().await?;
        ensure!(
            page.status().is_success(),
            "the payment page answered {}",
            page.status()
        );
        let purchases = self.purchases().await?;
        let [purchase] = purchases.as_slice() else {
            bail!(
                "the shop should have exactly one purchase, it has {}",
                purchases.len()
            );
        };
        let id = text_at(purchase, "/purchase_id")?;
        let total = text_at(purchase, "/total/amount")?;
        let shown = total.replace('.', ",");
        ensure!(
            summary.text.contains(&shown),
            "Ana confirmed another total than {total}: {}",
            summary.text
        );
        out("");
        out(&format!("Ana pays {total} BRL on the shop's page."));
        self.post(&format!("/shop/purchases/{id}/pay"), json!({})).await?;
        self.expect("paid").await?;
        Ok(id)
    }

    /// Every recorded tap once more: nothing may change, each is answered as stale.
    async fn tap_everything_again(&mut self, bought: &str) -> anyhow::Result<()> {
        out("");
        out(&format!(
            "Ana scrolls up and taps all {} old buttons again.",
            self.taps.len()
        ));
        let before = self.conversation().await?;
        for (message, id) in self.taps.clone() {
            self.press(&message, &id).await?;
            let stale = self.quietly("stale").await?;
            ensure!(!stale.buttons.is_empty(), "a stale reply has no fresh buttons");
        }
        let after = self.conversation().await?;
        ensure!(
            before.pointer("/carts") == after.pointer("/carts"),
            "an old button changed a cart"
        );
        let purchases = self.purchases().await?;
        ensure!(purchases.len() == 1, "an old button bought something");
        let posted = purchases
            .first()
            .and_then(|one| one.get("times_posted"))
            .and_then(Value::as_i64);
        ensure!(
            posted == Some(1),
            "the purchase {bought} was posted {posted:?} times"
        );
        out(&format!(
            "        Each of the {} was answered with \"nothing was changed\"; still one purchase.",
            self.taps.len()
        ));
        Ok(())
    }

    async fn tap_first(&mut self, message: &Seen, action: &str, kind: &str) -> anyhow::Result<Seen> {
        let prefix = format!("s1.{action}.");
        let button = message
            .buttons
            .iter()
            .find(|(id, _)| id.starts_with(&prefix))
            .cloned();
        let (id, title) = button.with_context(|| format!("no button {action} on: {}", message.text))?;
        self.tap(message, &id, &title, kind).await
    }

    async fn tap(&mut self, message: &Seen, id: &str, title: &str, kind: &str) -> anyhow::Result<Seen> {
        say("Ana", &format!("[{title}]"));
        self.taps.push((message.id.clone(), id.to_owned()));
        self.press(&message.id, id).await?;
        self.expect(kind).await
    }

    async fn press(&self, message: &str, id: &str) -> anyhow::Result<()> {
        let answer = self
            .post(
                &self.device_path("tap"),
                json!({ "message_id": message, "id": id }),
            )
            .await?;
        let status = answer.get("webhook_status").and_then(Value::as_i64);
        ensure!(status == Some(200), "the gateway answered a tap with {status:?}");
        Ok(())
    }

    fn device_path(&self, what: &str) -> String {
        format!("/emulator/phones/{}/devices/android/{what}", self.phone)
    }

    /// Waits for the next message of that kind and prints it.
    async fn expect(&mut self, kind: &str) -> anyhow::Result<Seen> {
        let seen = self.quietly(kind).await?;
        let mut lines = seen.text.lines().filter(|line| !line.trim().is_empty());
        say("Sacola", lines.next().unwrap_or_default());
        lines.take(14).for_each(|line| out(&format!("        {line}")));
        Ok(seen)
    }

    async fn quietly(&mut self, kind: &str) -> anyhow::Result<Seen> {
        let until_ms = self.clock.now_ms() + PATIENCE_MS;
        loop {
            let path = format!("/emulator/phones/{}/messages?after={}", self.phone, self.seen);
            let answer = self.get(&path).await?;
            for message in answer
                .get("messages")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
            {
                self.seen = self
                    .seen
                    .max(message.get("seq").and_then(Value::as_i64).unwrap_or(0));
                if message.get("kind").and_then(Value::as_str) == Some(kind) {
                    return seen(message);
                }
            }
            ensure!(
                self.clock.now_ms() < until_ms,
                "no message of kind {kind} came within {PATIENCE_MS} ms"
            );
            self.clock.sleep_ms(LOOK_MS).await;
        }
    }

    async fn cart_lines(&self) -> anyhow::Result<Vec<(String, i64, String)>> {
        let conversation = self.conversation().await?;
        let lines = conversation
            .pointer("/carts/0/lines")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        let line = |line: &Value| {
            let quantity = line.get("quantity").and_then(Value::as_i64).unwrap_or(0);
            Ok((
                text_at(line, "/retailer_id")?,
                quantity,
                text_at(line, "/unit_price/amount")?,
            ))
        };
        lines.iter().map(line).collect()
    }

    async fn conversation(&self) -> anyhow::Result<Value> {
        let url = format!(
            "{}/v1/conversations/{PHONE_NUMBER_ID}/{}",
            self.gateway, self.customer
        );
        let response = self.http.get(url).bearer_auth(API_KEY).send().await?;
        ensure!(
            response.status().is_success(),
            "the gateway's API answered {}",
            response.status()
        );
        Ok(response.json().await?)
    }

    async fn purchases(&self) -> anyhow::Result<Vec<Value>> {
        let answer = self.get("/shop/purchases").await?;
        Ok(answer
            .get("purchases")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default())
    }

    async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let response = self.http.get(format!("{}{path}", self.emulator)).send().await?;
        ensure!(
            response.status().is_success(),
            "GET {path} answered {}",
            response.status()
        );
        Ok(response.json().await?)
    }

    async fn post(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        let response = self
            .http
            .post(format!("{}{path}", self.emulator))
            .json(&body)
            .send()
            .await?;
        let status = response.status();
        let text = response.text().await?;
        ensure!(status.is_success(), "POST {path} answered {status}: {text}");
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }
}

fn say(who: &str, line: &str) {
    out(&format!("{who:>6}: {line}"));
}

fn text_at(value: &Value, pointer: &str) -> anyhow::Result<String> {
    let text = value.pointer(pointer).and_then(Value::as_str);
    text.map(ToOwned::to_owned)
        .with_context(|| format!("{pointer} is missing in {value}"))
}

fn seen(message: &Value) -> anyhow::Result<Seen> {
    let text = |pointer: &str| {
        message
            .pointer(pointer)
            .and_then(Value::as_str)
            .map(ToOwned::to_owned)
    };
    let buttons = message
        .get("buttons")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let button = |button: &Value| Ok((text_at(button, "/id")?, text_at(button, "/title")?));
    Ok(Seen {
        id: text_at(message, "/message_id")?,
        text: text("/text").unwrap_or_default(),
        buttons: buttons.iter().map(button).collect::<anyhow::Result<_>>()?,
        link: text("/link/url"),
        image: text("/image"),
    })
}
