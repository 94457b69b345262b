//! What is taken with 200 and refused later, by a `failed` status (§2.3, §4.1, §8).

use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use actix_web::dev::ServerHandle;
use actix_web::web::{self, Data};
use actix_web::{App, HttpResponse, HttpServer};
use sacola::tasks::Tasks;
use serde_json::{Value, json};

use super::bodies::{message, news, order, paid, text};
use super::{Desk, Good};
use crate::support::program::eventually;

/// Takes webhooks and keeps their statuses.
struct Inbox {
    statuses: Arc<Mutex<Vec<Value>>>,
    server: ServerHandle,
    tasks: Tasks,
}

async fn take(statuses: Data<Mutex<Vec<Value>>>, body: web::Bytes) -> HttpResponse {
    let body: Value = serde_json::from_slice(&body).unwrap();
    for entry in body["entry"].as_array().into_iter().flatten() {
        for change in entry["changes"].as_array().into_iter().flatten() {
            let news = change["value"]["statuses"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            statuses.lock().unwrap().extend(news);
        }
    }
    HttpResponse::Ok().finish()
}

impl Inbox {
    /// Starts it and points the emulator at it.
    fn start(desk: &Desk) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/webhook", listener.local_addr().unwrap());
        let statuses: Arc<Mutex<Vec<Value>>> = Arc::default();
        let data = Data::from(Arc::clone(&statuses));
        let routes = |app: &mut web::ServiceConfig| {
            app.service(web::resource("/webhook").route(web::post().to(take)));
        };
        let server = HttpServer::new(move || App::new().app_data(data.clone()).configure(routes))
            .workers(1)
            .disable_signals()
            .shutdown_timeout(1)
            .listen(listener)
            .unwrap()
            .run();
        let (handle, tasks) = (server.handle(), Tasks::new());
        tasks.spawn("inbox", async move { drop(server.await) });
        desk.outside.emulator.set_targets(&url, &url);
        Self {
            statuses,
            server: handle,
            tasks,
        }
    }

    /// The code with which a message failed, 0 when it was sent; waits for either.
    async fn outcome(&self, message_id: &str) -> Option<i64> {
        let look = || async {
            let statuses = self.statuses.lock().unwrap();
            let own = |status: &&Value| status["id"] == message_id;
            let status = statuses.iter().find(own)?;
            Some(status["errors"][0]["code"].as_i64().unwrap_or_default())
        };
        eventually(look).await
    }

    async fn stop(self) {
        self.server.stop(false).await;
        self.tasks.stop(2_000).await;
    }
}

async fn takes(desk: &Desk, name: &str, body: &Value) -> String {
    let (http, answer) = desk.posts(body).await;
    assert_eq!(http, 200, "{name} is taken first: {answer}");
    answer["messages"][0]["id"].as_str().unwrap().to_owned()
}

/// What each message comes to, in this order; 0 is sent.
fn story() -> Vec<(Good, i64)> {
    let reaction = |id: &str| message("reaction", &json!({ "message_id": id, "emoji": "👍" }));
    let picture = |kind: &str| message(kind, &json!({ "link": "https://nowhere.invalid/a" }));
    vec![
        // §8: the states of an order.
        (("an order", order("L-1")), 0),
        (("work begins", news("L-1", "processing")), 0),
        (("half is on its way", news("L-1", "partially-shipped")), 0),
        (("back to work", news("L-1", "processing")), 0),
        (("back to pending", news("L-1", "pending")), 2046),
        (("all is there", news("L-1", "completed")), 0),
        (("work after the end", news("L-1", "processing")), 2046),
        (("cancelling after the end", news("L-1", "canceled")), 2046),
        // §8: money holds an order.
        (("another order", order("L-2")), 0),
        (("it is paid", paid("L-2", "captured")), 0),
        (("cancelling what is paid", news("L-2", "canceled")), 2047),
        (("a third order", order("L-3")), 0),
        (("its payment is under way", paid("L-3", "pending")), 0),
        (("cancelling under a payment", news("L-3", "canceled")), 2047),
        (("its payment fails", paid("L-3", "failed")), 0),
        (("cancelling it then", news("L-3", "canceled")), 0),
        // §4.1: a reaction needs a target.
        (("a reaction to nothing", reaction("wamid.HBgL")), 131_009),
        // §6.2: media that can't be loaded.
        (("a picture that is nowhere", picture("image")), 131_053),
        (("a sticker that is nowhere", picture("sticker")), 131_053),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_meta_refuses_late_fails_by_status() {
    let desk = Desk::start().await;
    let inbox = Inbox::start(&desk);
    let mut wrong = Vec::new();
    for ((name, body), code) in story() {
        let id = takes(&desk, name, &body).await;
        let outcome = inbox.outcome(&id).await;
        if outcome != Some(code) {
            wrong.push(format!("{name}: wanted {code}, got {outcome:?}"));
        }
    }

    assert!(wrong.is_empty(), "{wrong:#?}");
    inbox.stop().await;
    desk.outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_to_somebody_who_blocked_the_business_fails_late() {
    let desk = Desk::start().await;
    let inbox = Inbox::start(&desk);
    let block = format!("/emulator/phones/{}/block", desk.ana);

    desk.outside.post(&block, json!({ "blocked": true })).await;
    let blocked = takes(&desk, "a message to a person who blocks", &text("oi")).await;
    assert_eq!(inbox.outcome(&blocked).await, Some(131_026));

    desk.outside.post(&block, json!({ "blocked": false })).await;
    let reached = takes(&desk, "a message after that", &text("oi")).await;
    assert_eq!(inbox.outcome(&reached).await, Some(0));
    inbox.stop().await;
    desk.outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_message_is_not_reacted_to_any_more() {
    let desk = Desk::start().await;
    let inbox = Inbox::start(&desk);
    let target = takes(&desk, "a message", &text("oi")).await;
    let reaction = message("reaction", &json!({ "message_id": target, "emoji": "❤️" }));
    let fresh = takes(&desk, "a reaction", &reaction).await;
    assert_eq!(inbox.outcome(&fresh).await, Some(0));
    let again = message("reaction", &json!({ "message_id": fresh, "emoji": "👍" }));
    let again = takes(&desk, "a reaction to a reaction", &again).await;
    assert_eq!(inbox.outcome(&again).await, Some(131_009));

    let days_31 = json!({ "advance_s": 31 * 24 * 3600 });
    desk.outside.post("/emulator/clock", days_31).await;
    let hello = format!("/emulator/phones/{}/devices/android/text", desk.ana);
    desk.outside.post(&hello, json!({ "body": "oi" })).await;
    let stale = takes(&desk, "a late reaction", &reaction).await;
    assert_eq!(inbox.outcome(&stale).await, Some(131_009));
    inbox.stop().await;
    desk.outside.stop().await;
}
