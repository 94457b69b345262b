//! Between the gateway and the shop: passes every call on, keeps which `traceparent` it carried, and sometimes answers itself, in
//! words that a real backend might use.

use std::collections::VecDeque;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use sacola::tasks::Tasks;

/// One call as it passed.
#[derive(Clone, Debug)]
pub struct Call {
    pub path: String,
    pub traceparent: Option<String>,
}

struct Words {
    path: &'static str,
    status: u16,
    body: String,
}

struct Passing {
    shop: String,
    http: reqwest::Client,
    calls: Mutex<Vec<Call>>,
    own_words: Mutex<VecDeque<Words>>,
}

pub struct Between {
    pub url: String,
    passing: Arc<Passing>,
    server: ServerHandle,
}

/// Headers that belong to one connection, and not to the request.
const HOP: [&str; 4] = ["host", "content-length", "connection", "transfer-encoding"];

async fn pass(passing: Data<Passing>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let path = request.path().to_owned();
    let traceparent = request.headers().get("traceparent");
    passing.calls.lock().unwrap().push(Call {
        path: path.clone(),
        traceparent: traceparent.map(|value| value.to_str().unwrap().to_owned()),
    });
    let words = {
        let mut waiting = passing.own_words.lock().unwrap();
        let is_meant = waiting.front().is_some_and(|words| path.ends_with(words.path));
        if is_meant { waiting.pop_front() } else { None }
    };
    if let Some(words) = words {
        return HttpResponse::build(StatusCode::from_u16(words.status).unwrap())
            .content_type("application/json")
            .body(words.body);
    }
    let method = reqwest::Method::from_bytes(request.method().as_str().as_bytes()).unwrap();
    let mut onward = passing
        .http
        .request(method, format!("{}{}", passing.shop, request.uri()))
        .body(body.to_vec());
    for (name, value) in request.headers() {
        if !HOP.contains(&name.as_str()) {
            onward = onward.header(name.as_str(), value.to_str().unwrap());
        }
    }
    let answer = onward.send().await.unwrap();
    let status = StatusCode::from_u16(answer.status().as_u16()).unwrap();
    HttpResponse::build(status)
        .content_type("application/json")
        .body(answer.bytes().await.unwrap())
}

impl Between {
    pub fn start(shop: &str, tasks: &Tasks) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let passing = Arc::new(Passing {
            shop: shop.to_owned(),
            http: sacola::outgoing::provider(10_000).unwrap(),
            calls: Mutex::default(),
            own_words: Mutex::default(),
        });
        let data = Data::from(Arc::clone(&passing));
        let server =
            HttpServer::new(move || App::new().app_data(data.clone()).default_service(web::to(pass)))
                .workers(1)
                .disable_signals()
                .shutdown_timeout(1)
                .listen(listener)
                .unwrap()
                .run();
        let handle = server.handle();
        tasks.spawn("between", async move { drop(server.await) });
        Self {
            url,
            passing,
            server: handle,
        }
    }

    /// The next call whose path ends so is answered here.
    pub fn answers(&self, path: &'static str, status: u16, body: &str) {
        let body = body.to_owned();
        let words = Words { path, status, body };
        self.passing.own_words.lock().unwrap().push_back(words);
    }

    /// All calls whose path ends so.
    pub fn calls(&self, path: &str) -> Vec<Call> {
        let calls = self.passing.calls.lock().unwrap();
        calls
            .iter()
            .filter(|call| call.path.ends_with(path))
            .cloned()
            .collect()
    }

    pub async fn stop(&self) {
        self.server.stop(false).await;
    }
}
