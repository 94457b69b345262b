//! The outside of the gateways under test, in this process and over real HTTP: a Graph API that keeps what it took, and a
//! shop of the standard contract that keeps its idempotency keys. Both look at tokens and signatures once they are told which
//! hold. It never fails by itself: whatever is lost or doubled was lost or doubled by us.

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::web::{self, Bytes, Data, Path, ServiceConfig};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use sacola::clock::{Clock, MovableClock};
use sacola::tasks::Tasks;
use serde_json::{Value, json};

use super::post::Post;
use super::trust::{Trust, header};
use crate::support::program::NUMBER;

/// What customers order by WhatsApp's own cart, and its price in cents.
pub const ORDERED: (&str, i64) = ("coffee", 1_300);
/// What customers put into their carts, in this order; the first is the one that becomes dearer.
pub const TAPPED: [&str; 8] = [
    "cake", "bread-1", "bread-2", "bread-3", "bread-4", "bread-5", "bread-6", "bread-7",
];
/// The price of each of them, in cents.
const TAPPED_CENTS: i64 = 650;
/// What each quote adds: so a native order has to be confirmed.
const SHIPPING_CENTS: i64 = 500;
/// How long a connection is kept that nobody uses: longer than gateways keep theirs, or it ends as one begins a send on it.
const KEPT: Duration = Duration::from_secs(75);
/// How long an answer takes: something is always under way.
const ANSWER_MS: u64 = 15;

/// A message that the Graph API took.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// Our own id of it: `<home>.<revision>.<n>`.
    pub effect: String,
    /// What it is about.
    pub kind: String,
    /// The business number that it came from.
    pub from: String,
    /// The customer's number.
    pub to: String,
    /// The id of its button that confirms.
    pub confirm: Option<String>,
}

impl Accepted {
    /// The conversation that it belongs to.
    pub fn home(&self) -> &str {
        self.effect.split('.').next().unwrap_or_default()
    }

    /// Its place among the messages of its conversation, in the order of commits.
    pub fn place(&self) -> (u64, u64) {
        let mut numbers = self
            .effect
            .split('.')
            .skip(1)
            .map(|text| text.parse::<u64>().unwrap());
        (numbers.next().unwrap(), numbers.next().unwrap())
    }
}

#[derive(Debug)]
struct Order {
    customer: String,
    body: Bytes,
    answer: Value,
}

#[derive(Debug, Default)]
struct World {
    trust: Trust,
    messages: Vec<Accepted>,
    of_customer: BTreeMap<String, Vec<usize>>,
    orders: BTreeMap<String, Order>,
    purchases_posted: u64,
    keys_reused: u64,
    /// Price in cents and version of each product.
    products: BTreeMap<String, (i64, u64)>,
}

/// The outside.
#[derive(Debug)]
pub struct Outside {
    base_url: String,
    world: Mutex<World>,
    clock: MovableClock,
    post: Arc<Post>,
    /// Whether the Graph API tells what becomes of its messages.
    tells_statuses: bool,
    tasks: Tasks,
}

impl Outside {
    /// Starts it as background tasks.
    pub fn start(post: &Arc<Post>, tells_statuses: bool, tasks: &Tasks) -> (Arc<Self>, ServerHandle) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let tapped = TAPPED.into_iter().map(|id| (id, TAPPED_CENTS));
        let products = tapped.chain([ORDERED]);
        let world = World {
            products: products.map(|(id, cents)| (id.to_owned(), (cents, 1))).collect(),
            ..World::default()
        };
        let outside = Arc::new(Self {
            base_url: format!("http://{}", listener.local_addr().unwrap()),
            world: Mutex::new(world),
            clock: MovableClock::fixed(),
            post: Arc::clone(post),
            tells_statuses,
            tasks: tasks.clone(),
        });
        let data = Data::from(Arc::clone(&outside));
        let server = HttpServer::new(move || App::new().app_data(data.clone()).configure(routes))
            .workers(1)
            .keep_alive(KEPT)
            .disable_signals()
            .shutdown_timeout(1)
            .listen(listener)
            .unwrap()
            .run();
        let handle = server.handle();
        tasks.spawn("outside", async move { drop(server.await) });
        (outside, handle)
    }

    /// `http://127.0.0.1:PORT`: the Graph API; the shop is at `/shop`.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// How many messages were taken, those included that came twice.
    pub fn message_count(&self) -> usize {
        self.world().messages.len()
    }

    /// The messages of one customer, in order.
    pub fn messages_to(&self, customer: &str) -> Vec<Accepted> {
        let world = self.world();
        let places = world.of_customer.get(customer);
        places
            .into_iter()
            .flatten()
            .map(|place| world.messages[*place].clone())
            .collect()
    }

    /// Purchases that the shop took, by customer.
    pub fn orders(&self) -> BTreeMap<String, u64> {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for order in self.world().orders.values() {
            *counts.entry(order.customer.clone()).or_default() += 1;
        }
        counts
    }

    /// How often purchases were posted, and how often a key came with another body.
    pub fn purchases_posted(&self) -> (u64, u64) {
        let world = self.world();
        (world.purchases_posted, world.keys_reused)
    }

    /// Effects that were taken more than once, and how often the most frequent one was.
    pub fn repeated(&self) -> (u64, u64) {
        let mut times: BTreeMap<String, u64> = BTreeMap::new();
        for message in &self.world().messages {
            *times.entry(message.effect.clone()).or_default() += 1;
        }
        let repeated = times.values().filter(|times| **times > 1).count();
        let most = times.values().copied().max().unwrap_or(0);
        (u64::try_from(repeated).unwrap(), most)
    }

    /// The Graph API takes these access tokens and no other from now on.
    pub fn takes_tokens(&self, tokens: &[String]) {
        self.world().trust.takes_tokens(tokens);
    }

    /// The shop takes calls that one of these secrets signed and no other from now on.
    pub fn verifies(&self, secrets: &[String]) {
        self.world().trust.verifies(secrets);
    }

    /// When a token or a merchant's secret was used last, of those that were taken.
    pub fn used_ms(&self, secret: &str) -> Option<i64> {
        self.world().trust.used_ms(secret)
    }

    /// Sends that were refused for their token, and calls to the shop that were refused for their signature.
    pub fn refused(&self) -> (u64, u64) {
        self.world().trust.refused()
    }

    /// Makes a product dearer and returns the callback that tells it.
    pub fn becomes_dearer(&self, id: &str) -> Value {
        let mut world = self.world();
        let (cents, version) = world.products.get_mut(id).unwrap();
        (*cents, *version) = (*cents + 100, *version + 1);
        let news = product(id, *cents, *version);
        json!({ "type": "product.updated", "data": news })
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a send gets whose token is not taken.
    fn stops(&self, request: &HttpRequest) -> Option<HttpResponse> {
        self.world().trust.stops(request, self.clock.now_ms())
    }

    /// What a call to the shop gets whose signature is not taken.
    fn refuses(&self, request: &HttpRequest, body: &[u8]) -> Option<HttpResponse> {
        self.world().trust.refuses(request, body, self.clock.now_ms())
    }

    /// Keeps a message; returns its number among all of them.
    fn takes(&self, message: Accepted) -> usize {
        let mut world = self.world();
        let place = world.messages.len();
        world
            .of_customer
            .entry(message.to.clone())
            .or_default()
            .push(place);
        world.messages.push(message);
        place
    }

    /// Tells what became of a message, again and again until it is acknowledged.
    async fn tells(&self, place: usize, to: &str, data: &str) {
        for status in ["sent", "delivered"] {
            let item = json!({
                "id": format!("wamid.out{place}"),
                "status": status,
                "timestamp": (self.clock.now_ms() / 1_000).to_string(),
                "recipient_id": to,
                "biz_opaque_callback_data": data,
            });
            let value = json!({
                "messaging_product": "whatsapp",
                "metadata": { "display_phone_number": "551140001234", "phone_number_id": NUMBER },
                "statuses": [item],
            });
            let body = json!({
                "object": "whatsapp_business_account",
                "entry": [{ "id": "102290129340398", "changes": [{ "field": "messages", "value": value }] }],
            });
            self.post.webhook(place, body.to_string().as_bytes()).await;
        }
    }
}

fn routes(config: &mut ServiceConfig) {
    config
        .route("/{version}/{number}/messages", web::post().to(take_message))
        .route("/shop/products", web::get().to(list_products))
        .route("/shop/products/lookup", web::post().to(look_up))
        .route("/shop/quotes", web::post().to(quote))
        .route("/shop/purchases", web::post().to(submit))
        .route("/shop/purchases/{id}", web::get().to(find));
}

fn read(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or(Value::Null)
}

fn text(value: &Value, pointer: &str) -> String {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_default().to_owned()
}

async fn take_message(
    outside: Data<Outside>,
    request: HttpRequest,
    path: Path<(String, String)>,
    body: Bytes,
) -> HttpResponse {
    if let Some(refusal) = outside.stops(&request) {
        return refusal;
    }
    let (_, from) = path.into_inner();
    let body = read(&body);
    let (data, to) = (text(&body, "/biz_opaque_callback_data"), text(&body, "/to"));
    let named = data
        .strip_prefix("s1.")
        .and_then(|rest| rest.split_once('.'))
        .filter(|_| !to.is_empty());
    let Some((kind, effect)) = named else {
        let error = json!({ "error": { "code": 100, "message": "a message without a name or an address" } });
        return HttpResponse::BadRequest().json(error);
    };
    let buttons = body
        .pointer("/interactive/action/buttons")
        .and_then(Value::as_array);
    let confirm = buttons
        .into_iter()
        .flatten()
        .map(|button| text(button, "/reply/id"))
        .find(|id| id.starts_with("s1.confirm."));
    let message = Accepted {
        effect: effect.to_owned(),
        kind: kind.to_owned(),
        from,
        to: to.clone(),
        confirm,
    };
    let place = outside.takes(message);
    if outside.tells_statuses {
        let (own, to) = (outside.clone().into_inner(), to.clone());
        outside.tasks.spawn("statuses", async move {
            own.tells(place, &to, &data).await;
        });
    }
    outside.clock.sleep_ms(ANSWER_MS).await;
    HttpResponse::Ok().json(json!({
        "messaging_product": "whatsapp",
        "contacts": [{ "input": to, "wa_id": to }],
        "messages": [{ "id": format!("wamid.out{place}") }],
    }))
}

fn money(cents: i64) -> Value {
    json!({ "amount": format!("{}.{:02}", cents / 100, cents % 100), "currency": "BRL" })
}

/// The cents of an amount that the gateway wrote: always with two decimals.
fn cents(amount: &Value) -> i64 {
    let digits: String = text(amount, "/amount")
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    digits.parse().unwrap_or(0)
}

fn product(id: &str, cents: i64, version: u64) -> Value {
    json!({
        "retailer_id": id,
        "title": format!("The {id}"),
        "category": "All",
        "price": money(cents),
        "availability": "in_stock",
        "version": version.to_string(),
    })
}

async fn list_products(outside: Data<Outside>, request: HttpRequest) -> HttpResponse {
    if let Some(refusal) = outside.refuses(&request, b"") {
        return refusal;
    }
    let world = outside.world();
    let products: Vec<Value> = world
        .products
        .iter()
        .map(|(id, (cents, version))| product(id, *cents, *version))
        .collect();
    HttpResponse::Ok().json(json!({ "products": products }))
}

async fn look_up(outside: Data<Outside>, request: HttpRequest, body: Bytes) -> HttpResponse {
    if let Some(refusal) = outside.refuses(&request, &body) {
        return refusal;
    }
    let asked = read(&body);
    let ids: BTreeSet<&str> = asked["retailer_ids"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let world = outside.world();
    let products: Vec<Value> = world
        .products
        .iter()
        .filter(|(id, _)| ids.contains(id.as_str()))
        .map(|(id, (cents, version))| product(id, *cents, *version))
        .collect();
    HttpResponse::Ok().json(json!({ "products": products }))
}

async fn quote(outside: Data<Outside>, request: HttpRequest, body: Bytes) -> HttpResponse {
    if let Some(refusal) = outside.refuses(&request, &body) {
        return refusal;
    }
    let asked = read(&body);
    let lines = asked["lines"].as_array().cloned().unwrap_or_default();
    let subtotal: i64 = lines
        .iter()
        .map(|line| cents(&line["unit_price"]) * line["quantity"].as_i64().unwrap_or(0))
        .sum();
    outside.clock.sleep_ms(ANSWER_MS).await;
    HttpResponse::Ok().json(json!({
        "lines": lines,
        "subtotal": money(subtotal),
        "shipping": money(SHIPPING_CENTS),
        "total": money(subtotal + SHIPPING_CENTS),
    }))
}

async fn submit(outside: Data<Outside>, request: HttpRequest, body: Bytes) -> HttpResponse {
    if let Some(refusal) = outside.refuses(&request, &body) {
        return refusal;
    }
    let key = header(&request, "idempotency-key").to_owned();
    let asked = read(&body);
    let customer = text(&asked, "/customer/wa_id");
    if key.is_empty() || customer.is_empty() {
        return HttpResponse::BadRequest().json(json!({ "code": "incomplete" }));
    }
    let answer = outside
        .world()
        .takes_purchase(key, customer, body, &asked["total"]);
    outside.clock.sleep_ms(ANSWER_MS).await;
    match answer {
        Some(answer) => HttpResponse::Created().json(answer),
        None => HttpResponse::UnprocessableEntity().json(json!({ "code": "idempotency_conflict" })),
    }
}

impl World {
    /// Takes a purchase, once for each key; `None` for a key that came with another body.
    fn takes_purchase(&mut self, key: String, customer: String, body: Bytes, total: &Value) -> Option<Value> {
        self.purchases_posted += 1;
        if let Some(known) = self.orders.get(&key) {
            if known.body == body {
                return Some(known.answer.clone());
            }
            self.keys_reused += 1;
            return None;
        }
        let answer =
            json!({ "merchant_order_id": format!("CP-{}", 1_000 + self.orders.len()), "total": total });
        let order = Order {
            customer,
            body,
            answer: answer.clone(),
        };
        self.orders.insert(key, order);
        Some(answer)
    }
}

async fn find(outside: Data<Outside>, request: HttpRequest, key: Path<String>) -> HttpResponse {
    if let Some(refusal) = outside.refuses(&request, b"") {
        return refusal;
    }
    let world = outside.world();
    match world.orders.get(key.as_str()) {
        Some(order) => {
            let mut answer = order.answer.clone();
            answer["state"] = json!("accepted");
            HttpResponse::Ok().json(answer)
        }
        None => HttpResponse::NotFound().json(json!({ "code": "not_found" })),
    }
}
