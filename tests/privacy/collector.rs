//! A collector of traces on loopback, as OpenTelemetry's own would be: it keeps what is exported to it.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use actix_web::dev::ServerHandle;
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use sacola::tasks::Tasks;
use serde_json::{Value, json};

/// The header that the gateway is told to send.
pub const HEADER: (&str, &str) = ("x-collector-key", "collectorkey-6c1f90d2ab");

#[derive(Default)]
struct Kept {
    bodies: Vec<String>,
    keys: Vec<Option<String>>,
    /// How many of the next calls are refused for now.
    busy: usize,
}

pub struct Collector {
    pub url: String,
    kept: Arc<Mutex<Kept>>,
    server: ServerHandle,
}

async fn keep(kept: Data<Mutex<Kept>>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let mut kept = kept.lock().unwrap();
    if kept.busy > 0 {
        kept.busy -= 1;
        return HttpResponse::ServiceUnavailable().finish();
    }
    let key = request.headers().get(HEADER.0);
    kept.keys
        .push(key.map(|value| value.to_str().unwrap().to_owned()));
    kept.bodies.push(String::from_utf8(body.to_vec()).unwrap());
    HttpResponse::Ok().json(json!({}))
}

impl Collector {
    pub fn start(tasks: &Tasks) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let kept = Arc::new(Mutex::new(Kept::default()));
        let data = Data::from(Arc::clone(&kept));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .app_data(web::PayloadConfig::new(16 * 1024 * 1024))
                .route("/v1/traces", web::post().to(keep))
        })
        .workers(1)
        .disable_signals()
        .shutdown_timeout(1)
        .listen(listener)
        .unwrap()
        .run();
        let handle = server.handle();
        tasks.spawn("collector", async move { drop(server.await) });
        Self {
            url,
            kept,
            server: handle,
        }
    }

    /// Refuses the next calls for now.
    pub fn is_busy_for(&self, calls: usize) {
        self.kept.lock().unwrap().busy = calls;
    }

    /// All that was exported, as it came.
    pub fn written(&self) -> String {
        self.kept.lock().unwrap().bodies.join("\n")
    }

    /// What the header said on each call.
    pub fn keys(&self) -> Vec<Option<String>> {
        self.kept.lock().unwrap().keys.clone()
    }

    /// All spans.
    pub fn spans(&self) -> Vec<Value> {
        let mut spans = Vec::new();
        for body in &self.kept.lock().unwrap().bodies {
            let body: Value = serde_json::from_str(body).unwrap();
            for resource in body["resourceSpans"].as_array().unwrap() {
                for scope in resource["scopeSpans"].as_array().unwrap() {
                    spans.extend(scope["spans"].as_array().unwrap().iter().cloned());
                }
            }
        }
        spans
    }

    pub async fn stop(&self) {
        self.server.stop(false).await;
    }
}
