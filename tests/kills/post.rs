//! Carries webhooks and callbacks to the gateways as their senders do: the same bytes again until somebody answers 200, at
//! another gateway when there is one. It refuses to know what it carries.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use sacola::clock::{Clock, MovableClock};
use sacola::merchants::standard_webhooks::{self, Secret};
use sacola::whatsapp::signature;

use crate::support::program::{APP_SECRET, environment};

/// Longest that an answer is waited for; shorter than a frozen store takes.
const PATIENCE_MS: u64 = 1_500;
/// Pause before the same bytes are posted again.
const AGAIN_MS: u64 = 30;

/// The way to the gateways.
#[derive(Debug)]
pub struct Post {
    http: reqwest::Client,
    clock: MovableClock,
    /// The public address of each gateway; the last one of it while it is down.
    doors: Mutex<Vec<String>>,
    over: AtomicBool,
}

impl Post {
    /// To so many gateways, none of which is there yet.
    pub fn to(gateways: usize) -> Self {
        Self {
            http: sacola::outgoing::provider(PATIENCE_MS).unwrap(),
            clock: MovableClock::fixed(),
            doors: Mutex::new(vec![String::new(); gateways]),
            over: AtomicBool::new(false),
        }
    }

    /// A gateway is reached there from now on.
    pub fn moves(&self, gateway: usize, public: &str) {
        let mut doors = self.doors.lock().unwrap_or_else(PoisonError::into_inner);
        public.clone_into(&mut doors[gateway]);
    }

    /// Where a gateway is.
    pub fn door(&self, gateway: usize) -> String {
        let doors = self.doors.lock().unwrap_or_else(PoisonError::into_inner);
        doors[gateway % doors.len()].clone()
    }

    /// Nothing is posted again any more.
    pub fn ends(&self) {
        self.over.store(true, Ordering::SeqCst);
    }

    /// True once nothing is posted again.
    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    /// Delivers a webhook, first to that gateway. True once it is acknowledged.
    pub async fn webhook(&self, gateway: usize, body: &[u8]) -> bool {
        let signed = signature::sign(body, APP_SECRET.as_bytes());
        let headers = [(signature::HEADER, signed)];
        self.delivers(gateway, "/webhooks/whatsapp", &headers, body).await
    }

    /// Delivers a merchant's callback of that id, first to that gateway. True once it is acknowledged.
    pub async fn callback(&self, gateway: usize, id: &str, body: &[u8]) -> bool {
        let secret = Secret::parse(&environment()["MERCHANT_SECRET"]).unwrap();
        let timestamp_s = self.clock.now_ms() / 1_000;
        let headers = [
            ("webhook-id", id.to_owned()),
            ("webhook-timestamp", timestamp_s.to_string()),
            (
                "webhook-signature",
                standard_webhooks::sign(&secret, id, timestamp_s, body),
            ),
        ];
        self.delivers(gateway, "/webhooks/merchants/demo", &headers, body)
            .await
    }

    async fn delivers(
        &self,
        gateway: usize,
        path: &str,
        headers: &[(&'static str, String)],
        body: &[u8],
    ) -> bool {
        let mut gateway = gateway;
        while !self.is_over() {
            let url = format!("{}{path}", self.door(gateway));
            let mut request = self.http.post(url).body(body.to_vec());
            for (name, value) in headers {
                request = request.header(*name, value);
            }
            match request.send().await.map(|answer| answer.status().as_u16()) {
                Ok(200) => return true,
                // No answer, or one that asks for the same again.
                Err(_) | Ok(500..) => {}
                Ok(other) => panic!("{path}: what was posted is refused with {other}"),
            }
            gateway += 1;
            self.clock.sleep_ms(AGAIN_MS).await;
        }
        false
    }
}
