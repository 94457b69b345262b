//! Carries webhooks and callbacks to the gateways as their senders do: the same bytes again until somebody answers 200, at
//! another gateway when there is one. Each try is signed anew with the secret that holds then. It counts what was not taken
//! at the first try; it refuses to know what it carries.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sacola::clock::{Clock, MovableClock};
use sacola::merchants::standard_webhooks::{self, Secret};
use sacola::whatsapp::signature;

use crate::support::program::{APP_SECRET, environment};

/// Longest that an answer is waited for; shorter than a frozen store takes.
const PATIENCE_MS: u64 = 1_500;
/// The same for what is posted once.
const ONCE: Duration = Duration::from_mins(1);
/// Pause before the same bytes are posted again.
const AGAIN_MS: u64 = 30;
/// A refusal of the store is beside a late answer when no more than this lies between them.
const NEAR_MS: u64 = 5_000;
/// How a gateway says that its store did not answer it, or did not take something.
const STALLED: &str = "the store did not";
const WEBHOOKS: &str = "/webhooks/whatsapp";
const CALLBACKS: &str = "/webhooks/merchants/demo";

type Headers = Vec<(&'static str, String)>;

/// Tries that were not answered with 200.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Untaken {
    /// Answered otherwise, by status.
    pub refused: BTreeMap<u16, u64>,
    /// When it was answered with 503 because the store did not answer the gateway, or did not take it.
    pub stalled_ms: Vec<i64>,
    /// Nobody listened.
    pub unreachable: u64,
    /// The connection ended before an answer came.
    pub cut: u64,
    /// When no answer had come in time.
    pub late_ms: Vec<i64>,
}

/// How often, and not when.
impl fmt::Debug for Untaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Untaken")
            .field("refused", &self.refused)
            .field("stalled", &self.stalled_ms.len())
            .field("unreachable", &self.unreachable)
            .field("cut", &self.cut)
            .field("late", &self.late_ms.len())
            .finish()
    }
}

impl Untaken {
    /// Refused as wrong, by any status that does not ask for the same again.
    pub fn wrong(&self) -> u64 {
        self.refused.range(..500).map(|(_, times)| times).sum()
    }

    /// All answers that refused.
    pub fn refusals(&self) -> u64 {
        self.refused.values().sum::<u64>() + u64::try_from(self.stalled_ms.len()).unwrap()
    }

    /// The same without what a disk costs that flushes for seconds: answers that came late, and refusals of the store beside
    /// them. A store that refuses while nobody waits is no slow one.
    pub fn but_for_a_slow_disk(&self) -> Self {
        let mut rest = self.clone();
        rest.stalled_ms.retain(|at_ms| !self.is_near(*at_ms));
        rest.late_ms.clear();
        rest
    }

    /// True when an answer was late around that time.
    fn is_near(&self, at_ms: i64) -> bool {
        self.late_ms
            .iter()
            .any(|late_ms| late_ms.abs_diff(at_ms) <= NEAR_MS)
    }

    /// The same over several runs.
    pub fn joins(&mut self, other: &Self) {
        for (status, times) in &other.refused {
            *self.refused.entry(*status).or_default() += times;
        }
        self.stalled_ms.extend(&other.stalled_ms);
        self.unreachable += other.unreachable;
        self.cut += other.cut;
        self.late_ms.extend(&other.late_ms);
    }
}

#[derive(Debug)]
struct Desk {
    /// The public address of each gateway; the last one of it while it is down.
    doors: Vec<String>,
    /// Gateways that the balancer has taken out.
    away: BTreeSet<usize>,
    app: String,
    /// Secrets of the merchant; callbacks are signed with each of them in turn.
    merchant: Vec<String>,
    callbacks: usize,
    /// Tries that are under way, by the secret that signed them.
    signed: BTreeMap<String, u64>,
    /// The same by gateway.
    at: BTreeMap<usize, u64>,
    untaken: Untaken,
}

/// How a try ended.
enum Answer {
    Status(u16),
    Stalled,
    Failed(reqwest::Error),
}

/// The way to the gateways.
#[derive(Debug)]
pub struct Post {
    http: reqwest::Client,
    clock: MovableClock,
    desk: Mutex<Desk>,
    over: AtomicBool,
}

impl Post {
    /// To so many gateways, none of which is there yet.
    pub fn to(gateways: usize) -> Self {
        Self {
            http: sacola::outgoing::provider(PATIENCE_MS).unwrap(),
            clock: MovableClock::fixed(),
            desk: Mutex::new(Desk {
                doors: vec![String::new(); gateways],
                away: BTreeSet::new(),
                app: APP_SECRET.to_owned(),
                merchant: vec![environment()["MERCHANT_SECRET"].clone()],
                callbacks: 0,
                signed: BTreeMap::new(),
                at: BTreeMap::new(),
                untaken: Untaken::default(),
            }),
            over: AtomicBool::new(false),
        }
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A gateway is reached there from now on.
    pub fn moves(&self, gateway: usize, public: &str) {
        let mut desk = self.desk();
        public.clone_into(&mut desk.doors[gateway]);
        desk.away.remove(&gateway);
    }

    /// Where a gateway is.
    pub fn door(&self, gateway: usize) -> String {
        let desk = self.desk();
        desk.doors[gateway % desk.doors.len()].clone()
    }

    /// The balancer takes a gateway out: nothing more is posted to it until it comes back.
    pub fn leaves_out(&self, gateway: usize) {
        self.desk().away.insert(gateway);
    }

    /// True when nothing is under way to a gateway.
    pub fn is_idle(&self, gateway: usize) -> bool {
        self.desk().at.get(&gateway).is_none_or(|tries| *tries == 0)
    }

    /// Webhooks are signed with this secret from now on.
    pub fn signs_with(&self, app_secret: &str) {
        app_secret.clone_into(&mut self.desk().app);
    }

    /// Callbacks are signed with each of these in turn from now on.
    pub fn signs_callbacks_with(&self, secrets: &[String]) {
        secrets.clone_into(&mut self.desk().merchant);
    }

    /// True while something is under way that this secret signed.
    pub fn is_under_way(&self, secret: &str) -> bool {
        self.desk().signed.get(secret).is_some_and(|tries| *tries > 0)
    }

    /// What was not taken so far.
    pub fn untaken(&self) -> Untaken {
        self.desk().untaken.clone()
    }

    /// Nothing is posted again any more.
    pub fn ends(&self) {
        self.over.store(true, Ordering::SeqCst);
    }

    /// True once nothing is posted again.
    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    /// Posts a webhook once, to that gateway; returns what it was answered.
    pub async fn once(&self, gateway: usize, body: &[u8]) -> u16 {
        let (_, headers) = self.signs_webhook(body);
        let url = format!("{}{WEBHOOKS}", self.door(gateway));
        let request = self.request(url, headers, body).timeout(ONCE);
        request.send().await.unwrap().status().as_u16()
    }

    /// Delivers a webhook, first to that gateway. True once it is acknowledged.
    pub async fn webhook(&self, gateway: usize, body: &[u8]) -> bool {
        let signs = || self.signs_webhook(body);
        self.delivers(gateway, WEBHOOKS, signs, body).await
    }

    /// Delivers a merchant's callback of that id, first to that gateway. True once it is acknowledged.
    pub async fn callback(&self, gateway: usize, id: &str, body: &[u8]) -> bool {
        let signs = || self.signs_callback(id, body);
        self.delivers(gateway, CALLBACKS, signs, body).await
    }

    fn signs_webhook(&self, body: &[u8]) -> (String, Headers) {
        let secret = self.desk().app.clone();
        let signed = signature::sign(body, secret.as_bytes());
        (secret, vec![(signature::HEADER, signed)])
    }

    fn signs_callback(&self, id: &str, body: &[u8]) -> (String, Headers) {
        let secret = {
            let mut desk = self.desk();
            desk.callbacks += 1;
            desk.merchant[desk.callbacks % desk.merchant.len()].clone()
        };
        let timestamp_s = self.clock.now_ms() / 1_000;
        let signed = standard_webhooks::sign(&Secret::parse(&secret).unwrap(), id, timestamp_s, body);
        let headers = vec![
            ("webhook-id", id.to_owned()),
            ("webhook-timestamp", timestamp_s.to_string()),
            ("webhook-signature", signed),
        ];
        (secret, headers)
    }

    async fn delivers(
        &self,
        first: usize,
        path: &str,
        signs: impl Fn() -> (String, Headers),
        body: &[u8],
    ) -> bool {
        let mut next = first;
        while !self.is_over() {
            let (secret, headers) = signs();
            let (gateway, door) = self.begins(next, &secret);
            let request = self.request(format!("{door}{path}"), headers, body);
            let answer = answer_to(request).await;
            if self.is_taken(gateway, &secret, &answer) {
                return true;
            }
            next = gateway + 1;
            self.clock.sleep_ms(AGAIN_MS).await;
        }
        false
    }

    fn request(&self, url: String, headers: Headers, body: &[u8]) -> reqwest::RequestBuilder {
        let request = self.http.post(url).body(body.to_vec());
        headers
            .into_iter()
            .fold(request, |request, (name, value)| request.header(name, value))
    }

    /// A try begins: at that gateway, or at the next one when it has been taken out.
    fn begins(&self, gateway: usize, secret: &str) -> (usize, String) {
        let mut desk = self.desk();
        let count = desk.doors.len();
        let there = |place: &usize| !desk.away.contains(place);
        let mut all = (gateway..gateway + count).map(|place| place % count);
        let gateway = all.find(there).unwrap_or(gateway % count);
        *desk.signed.entry(secret.to_owned()).or_default() += 1;
        *desk.at.entry(gateway).or_default() += 1;
        (gateway, desk.doors[gateway].clone())
    }

    fn is_taken(&self, gateway: usize, secret: &str, answer: &Answer) -> bool {
        let now_ms = self.clock.now_ms();
        let mut desk = self.desk();
        *desk.signed.entry(secret.to_owned()).or_default() -= 1;
        *desk.at.entry(gateway).or_default() -= 1;
        match answer {
            Answer::Status(200) => return true,
            Answer::Status(status) => *desk.untaken.refused.entry(*status).or_default() += 1,
            Answer::Stalled => desk.untaken.stalled_ms.push(now_ms),
            Answer::Failed(error) if error.is_timeout() => desk.untaken.late_ms.push(now_ms),
            Answer::Failed(error) if error.is_connect() => desk.untaken.unreachable += 1,
            Answer::Failed(_) => desk.untaken.cut += 1,
        }
        false
    }
}

async fn answer_to(request: reqwest::RequestBuilder) -> Answer {
    let answer = match request.send().await {
        Ok(answer) => answer,
        Err(error) => return Answer::Failed(error),
    };
    let status = answer.status().as_u16();
    if status != 503 {
        return Answer::Status(status);
    }
    match answer.text().await {
        Ok(text) if text.contains(STALLED) => Answer::Stalled,
        Ok(_) => Answer::Status(status),
        Err(error) => Answer::Failed(error),
    }
}
