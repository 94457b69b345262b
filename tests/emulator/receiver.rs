//! A bot of the simplest kind: it takes webhooks, checks their signature, and keeps them.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use sacola::tasks::Tasks;
use sacola::whatsapp::signature;
use serde_json::{Value, json};

use crate::support::program::{APP_SECRET, NUMBER, Outside, eventually};

const BODY_LIMIT: usize = 3 * 1024 * 1024;

/// A webhook as it came.
#[derive(Clone, Debug)]
pub struct Hook {
    pub text: String,
    pub body: Value,
    pub signed: bool,
}

impl Hook {
    /// All items of that name, of all changes of all entries.
    pub fn items(&self, name: &str) -> Vec<Value> {
        let entries = self.body["entry"].as_array().into_iter().flatten();
        let changes = entries.flat_map(|entry| entry["changes"].as_array().into_iter().flatten());
        let items = changes.flat_map(|change| change["value"][name].as_array().into_iter().flatten());
        items.cloned().collect()
    }
}

struct Inner {
    hooks: Mutex<Vec<Hook>>,
    answer: AtomicU16,
}

/// An emulator and a bot that it tells everything.
pub struct Stage {
    pub outside: Outside,
    inner: Arc<Inner>,
    tasks: Tasks,
    server: actix_web::dev::ServerHandle,
}

/// A person of that emulator.
pub struct Person<'a> {
    stage: &'a Stage,
    pub id: String,
    pub wa_id: String,
    pub user_id: String,
}

impl Stage {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let inner = Arc::new(Inner {
            hooks: Mutex::default(),
            answer: AtomicU16::new(200),
        });
        let data = Data::from(Arc::clone(&inner));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .app_data(web::PayloadConfig::new(BODY_LIMIT))
                .default_service(web::post().to(take))
        })
        .workers(1)
        .disable_signals()
        .shutdown_timeout(1)
        .listen(listener)
        .unwrap()
        .run();
        let (handle, tasks) = (server.handle(), Tasks::new());
        tasks.spawn("receiver", async move { drop(server.await) });
        let outside = Outside::start();
        outside
            .post(
                "/emulator/targets",
                json!({ "webhook_url": url, "callback_url": url }),
            )
            .await;
        Self {
            outside,
            inner,
            tasks,
            server: handle,
        }
    }

    pub async fn stop(self) {
        self.server.stop(false).await;
        self.tasks.stop(2_000).await;
        self.outside.stop().await;
    }

    /// What the bot answers from now on.
    pub fn answers(&self, status: u16) {
        self.inner.answer.store(status, Ordering::SeqCst);
    }

    pub fn hooks(&self) -> Vec<Hook> {
        self.inner.hooks.lock().unwrap().clone()
    }

    /// Waits until so many webhooks have come.
    pub async fn waits_for(&self, count: usize) -> Vec<Hook> {
        let came = eventually(|| async { Some(self.hooks()).filter(|hooks| hooks.len() >= count) });
        match came.await {
            Some(hooks) => hooks,
            None => panic!("{count} webhooks were awaited; there are {:#?}", self.hooks()),
        }
    }

    /// Waits until so many items of that name have come, and returns all of them.
    pub async fn waits_for_items(&self, name: &str, count: usize) -> Vec<Value> {
        let all = || {
            self.hooks()
                .iter()
                .flat_map(|hook| hook.items(name))
                .collect::<Vec<Value>>()
        };
        match eventually(|| async { Some(all()).filter(|items| items.len() >= count) }).await {
            Some(items) => items,
            None => panic!("{count} {name} were awaited; there are {:#?}", all()),
        }
    }

    pub async fn person(&self, name: &str) -> Person<'_> {
        let phone = self
            .outside
            .post("/emulator/phones", json!({ "name": name }))
            .await;
        let text = |field: &str| phone[field].as_str().unwrap().to_owned();
        Person {
            stage: self,
            id: text("id"),
            wa_id: text("wa_id"),
            user_id: text("user_id"),
        }
    }

    pub async fn faults(&self, faults: Value) -> Value {
        self.outside.post("/emulator/faults", faults).await
    }

    pub async fn advances(&self, seconds: i64) {
        self.outside
            .post("/emulator/clock", json!({ "advance_s": seconds }))
            .await;
    }

    pub async fn count(&self, name: &str) -> u64 {
        let state = self.outside.get("/emulator/state").await;
        state["counts"][name].as_u64().unwrap()
    }

    /// A call that need not succeed.
    pub async fn tries(&self, path: &str, body: Value) -> (u16, Value) {
        let url = format!("{}{path}", self.outside.emulator.base_url());
        let response = self.outside.http.post(url).json(&body).send().await.unwrap();
        let status = response.status().as_u16();
        (status, response.json().await.unwrap())
    }

    /// The business sends something; the status and the body of the answer.
    pub async fn sends(&self, message: Value) -> (u16, Value) {
        let url = format!("{}/v26.0/{NUMBER}/messages", self.outside.emulator.base_url());
        let request = self.outside.http.post(url).bearer_auth("a token").json(&message);
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, response.json().await.unwrap())
    }
}

impl Person<'_> {
    pub fn path(&self, what: &str) -> String {
        format!("/emulator/phones/{}/{what}", self.id)
    }

    /// Does something on an Android phone.
    pub async fn does(&self, what: &str, body: Value) -> Value {
        let path = self.path(&format!("devices/android/{what}"));
        self.stage.outside.post(&path, body).await
    }

    /// Writes; the status of the first delivery.
    pub async fn text(&self, words: &str) -> u64 {
        self.does("text", json!({ "body": words })).await["webhook_status"]
            .as_u64()
            .unwrap()
    }

    pub async fn messages(&self) -> Vec<Value> {
        let chat = self.stage.outside.get(&self.path("messages")).await;
        chat["messages"].as_array().unwrap().clone()
    }

    pub async fn shown(&self) -> Value {
        let path = format!("/emulator/phones/{}", self.id);
        self.stage.outside.get(&path).await
    }

    /// The business writes a text to this number; the message's id.
    pub async fn gets(&self, words: &str) -> String {
        let message = json!({
            "messaging_product": "whatsapp", "to": self.wa_id, "type": "text", "text": { "body": words },
            "biz_opaque_callback_data": "s1.help.e1",
        });
        let (status, answer) = self.stage.sends(message).await;
        assert_eq!(status, 200, "{answer}");
        answer["messages"][0]["id"].as_str().unwrap().to_owned()
    }
}

async fn take(inner: Data<Inner>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let header = request
        .headers()
        .get(signature::HEADER)
        .and_then(|value| value.to_str().ok());
    let text = String::from_utf8(body.to_vec()).unwrap();
    inner.hooks.lock().unwrap().push(Hook {
        body: serde_json::from_str(&text).unwrap_or(Value::Null),
        signed: signature::verify(&body, header, &[APP_SECRET.as_bytes().to_vec()]),
        text,
    });
    let status = inner.answer.load(Ordering::SeqCst);
    HttpResponse::build(StatusCode::from_u16(status).unwrap()).finish()
}
