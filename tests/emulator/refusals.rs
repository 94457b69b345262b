//! What Meta refuses, the emulator refuses, with the same code and the same HTTP status; what Meta takes, it takes. One
//! table of each, posted to a running emulator. Sections are those of the fact sheet on which the emulator is built.

mod bad;
mod bodies;
mod good;
mod late;
mod transport;

use std::collections::BTreeSet;

use sacola::clock::{Clock, MovableClock};
use serde_json::{Value, json};

use crate::support::program::{NUMBER, Outside};

pub const TOKEN: &str = "a token";
/// Ana has just written, so her window is open.
pub const ANA: &str = "5511987654321";
/// Bia exists and has never written.
pub const BIA: &str = "5511912345678";

/// A request that is refused: what it is, its body, and the code and HTTP status that come back.
pub type Bad = (&'static str, Value, i64, u16);
/// A request that is taken: what it is, and its body.
pub type Good = (&'static str, Value);

/// An emulator with two phones and an order `ORDER-1`.
pub struct Desk {
    pub outside: Outside,
    pub ana: String,
    now_ms: i64,
}

impl Desk {
    async fn start() -> Self {
        let outside = Outside::start();
        let mut ids = Vec::new();
        for (name, wa_id) in [("Ana", ANA), ("Bia", BIA)] {
            let phone = json!({ "name": name, "wa_id": wa_id });
            let phone = outside.post("/emulator/phones", phone).await;
            ids.push(phone["id"].as_str().unwrap().to_owned());
        }
        let ana = ids.remove(0);
        let hello = format!("/emulator/phones/{ana}/devices/android/text");
        outside.post(&hello, json!({ "body": "oi" })).await;
        let desk = Self {
            outside,
            ana,
            now_ms: MovableClock::fixed().now_ms(),
        };
        let order = bodies::order("ORDER-1");
        let (http, answer) = desk.posts(&order).await;
        assert_eq!(http, 200, "{answer}");
        desk
    }

    fn url(&self, version: &str, number: &str) -> String {
        format!("{}/{version}/{number}/messages", self.outside.emulator.base_url())
    }

    /// HTTP status and answer.
    async fn posts(&self, body: &Value) -> (u16, Value) {
        let request = self.outside.http.post(self.url("v26.0", NUMBER));
        answer_of(request.bearer_auth(TOKEN).json(body)).await
    }
}

async fn answer_of(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let (http, text) = (response.status().as_u16(), response.text().await.unwrap());
    (http, serde_json::from_str(&text).unwrap_or(Value::Null))
}

/// What differs from the wanted refusal, if anything.
fn surprise(name: &str, wanted: (i64, u16), (http, answer): &(u16, Value)) -> Option<String> {
    let error = &answer["error"];
    let got = (error["code"].as_i64().unwrap_or_default(), *http);
    if got != wanted {
        return Some(format!("{name}: wanted {wanted:?}, got {got:?}: {answer}"));
    }
    let formed = error["message"].is_string() && error["type"].is_string() && error["fbtrace_id"].is_string();
    (!formed).then(|| format!("{name}: not the error body of the Graph API: {answer}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_meta_refuses_is_refused_with_its_code_and_its_http_status() {
    let desk = Desk::start().await;
    let mut wrong = Vec::new();
    for (name, body, code, http) in bad::rows(desk.now_ms) {
        wrong.extend(surprise(name, (code, http), &desk.posts(&body).await));
    }
    for (name, request, code, http) in transport::rows(&desk) {
        wrong.extend(surprise(name, (code, http), &answer_of(request).await));
    }

    assert!(wrong.is_empty(), "{} rows are wrong: {wrong:#?}", wrong.len());
    desk.outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_meta_takes_is_taken() {
    let desk = Desk::start().await;
    let mut wrong = Vec::new();
    for (name, body) in good::rows(desk.now_ms) {
        let (http, answer) = desk.posts(&body).await;
        let id = answer["messages"][0]["id"].as_str().unwrap_or_default();
        if http != 200 || !id.starts_with("wamid.") {
            wrong.push(format!("{name}: {http} {answer}"));
        }
    }

    assert!(wrong.is_empty(), "{} rows are wrong: {wrong:#?}", wrong.len());
    desk.outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tables_do_not_shrink() {
    let desk = Desk::start().await;
    let (bad, good, transport) = (bad::rows(0), good::rows(0), transport::rows(&desk));

    assert!(bad.len() >= 150, "{} bad requests", bad.len());
    assert!(good.len() >= 50, "{} good requests", good.len());
    assert!(transport.len() >= 10, "{} bad calls", transport.len());
    let mut names: Vec<&str> = bad.iter().map(|row| row.0).collect();
    names.extend(good.iter().map(|row| row.0));
    names.extend(transport.iter().map(|row| row.0));
    let different: BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!(different.len(), names.len(), "two rows have one name");
    desk.outside.stop().await;
}
