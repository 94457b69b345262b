//! A bot that calls the Graph side, and its own webhook.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::{Value, json};

use sacola::tasks::Tasks;

use crate::support::program::{NUMBER, Outside};

pub const TOKEN: &str = "a token";
pub const WABA: &str = "102290129340398";
pub const CATALOG: &str = "367025965434465";
const BOUNDARY: &str = "a-boundary-of-the-tests";

pub struct Answer {
    pub http: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

impl Answer {
    pub fn code(&self) -> i64 {
        self.body["error"]["code"].as_i64().unwrap_or(0)
    }

    pub fn details(&self) -> &str {
        self.body["error"]["error_data"]["details"]
            .as_str()
            .unwrap_or_default()
    }
}

pub async fn sent(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (http, headers) = (response.status().as_u16(), response.headers().clone());
    let body = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or(Value::Null);
    Answer { http, headers, body }
}

pub fn url(outside: &Outside, path: &str) -> String {
    format!("{}{path}", outside.emulator.base_url())
}

pub async fn get(outside: &Outside, path: &str) -> Answer {
    let request = outside
        .http
        .get(url(outside, &format!("/v26.0/{path}")))
        .bearer_auth(TOKEN);
    sent(request).await
}

pub async fn post(outside: &Outside, path: &str, body: Value) -> Answer {
    let request = outside
        .http
        .post(url(outside, &format!("/v26.0/{path}")))
        .bearer_auth(TOKEN);
    sent(request.json(&body)).await
}

pub async fn delete(outside: &Outside, path: &str, body: Value) -> Answer {
    let request = outside
        .http
        .delete(url(outside, &format!("/v26.0/{path}")))
        .bearer_auth(TOKEN);
    sent(request.json(&body)).await
}

pub async fn message(outside: &Outside, to: &str, kind: &str, content: Value) -> Answer {
    let body = json!({"messaging_product": "whatsapp", "recipient_type": "individual", "to": to, "type": kind, kind: content});
    post(outside, &format!("{NUMBER}/messages"), body).await
}

/// A phone that has just written; its id, its number, its user id.
pub async fn writer(outside: &Outside) -> (String, String, String) {
    let phone = outside.post("/emulator/phones", json!({"name": "Ana"})).await;
    let id = phone["id"].as_str().unwrap().to_owned();
    let path = format!("/emulator/phones/{id}/devices/android/text");
    outside.post(&path, json!({"body": "oi"})).await;
    let (wa_id, user_id) = (
        phone["wa_id"].as_str().unwrap(),
        phone["user_id"].as_str().unwrap(),
    );
    (id, wa_id.to_owned(), user_id.to_owned())
}

pub async fn in_chat(outside: &Outside, phone: &str) -> Vec<Value> {
    let all = outside.get(&format!("/emulator/phones/{phone}/messages")).await;
    all["messages"].as_array().unwrap().clone()
}

/// A bot's webhook: answers the handshake when the token fits, and keeps what it is told.
pub struct Bot {
    pub url: String,
    told: Arc<Mutex<Vec<String>>>,
    pub server: actix_web::dev::ServerHandle,
}

impl Bot {
    pub fn start(verify_token: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let told = Arc::new(Mutex::new(Vec::new()));
        let kept = web::Data::from(Arc::clone(&told));
        let server = HttpServer::new(move || {
            let handshake = move |request: HttpRequest| async move {
                let query: Vec<(String, String)> =
                    url::form_urlencoded::parse(request.query_string().as_bytes())
                        .into_owned()
                        .collect();
                let at = |name: &str| {
                    query
                        .iter()
                        .find(|(known, _)| known == name)
                        .map(|(_, value)| value.clone())
                };
                if at("hub.verify_token").as_deref() == Some(verify_token) {
                    HttpResponse::Ok().body(at("hub.challenge").unwrap())
                } else {
                    HttpResponse::Forbidden().finish()
                }
            };
            let resource = web::resource("/hook")
                .route(web::get().to(handshake))
                .route(web::post().to(keep));
            App::new().app_data(kept.clone()).service(resource)
        })
        .workers(1)
        .disable_signals()
        .listen(listener)
        .unwrap()
        .run();
        let handle = server.handle();
        Tasks::new().spawn("bot", async move { server.await.unwrap() });
        Self {
            url,
            told,
            server: handle,
        }
    }

    pub fn count(&self) -> usize {
        self.told.lock().unwrap().len()
    }
}

async fn keep(told: web::Data<Mutex<Vec<String>>>, body: String) -> HttpResponse {
    told.lock().unwrap().push(body);
    HttpResponse::Ok().finish()
}

fn form(fields: &[(&str, &str)], mime: &str, bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in fields {
        let part =
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(part.as_bytes());
    }
    let part = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\nContent-Type: {mime}\r\n\r\n"
    );
    body.extend_from_slice(part.as_bytes());
    body.extend_from_slice(bytes);
    body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    body
}

pub async fn upload(outside: &Outside, mime: &str, bytes: &[u8]) -> Answer {
    let request = outside
        .http
        .post(url(outside, &format!("/v26.0/{NUMBER}/media")))
        .bearer_auth(TOKEN)
        .header(
            "content-type",
            format!("multipart/form-data; boundary={BOUNDARY}"),
        );
    sent(request.body(form(
        &[("messaging_product", "whatsapp"), ("type", mime)],
        mime,
        bytes,
    )))
    .await
}
