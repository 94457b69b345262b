//! Bots that know nothing of the gateway, and the emulator that meets them: pointed at, late, wrong, or led here over HTTPS.

use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::dev::ServerHandle;
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use sacola::tasks::Tasks;
use sacola::whatsapp::signature;
use serde_json::{Value, json};
use tokio::net::TcpSocket;
use url::Url;

use super::{FREE, Running, SECRET, TOKEN};
use crate::support::program::eventually;

const NUMBER: &str = "777000111222333";

/// Somebody's bot: it answers the handshake and keeps what it is told under a right signature.
pub(super) struct Bot {
    pub(super) url: String,
    heard: Data<Heard>,
    server: ServerHandle,
    tasks: Tasks,
}

struct Heard {
    token: String,
    handshakes: AtomicUsize,
    webhooks: Mutex<Vec<Value>>,
}

impl Bot {
    pub(super) fn start(listener: TcpListener, token: &str) -> Self {
        let url = format!("http://{}/webhook", listener.local_addr().unwrap());
        let heard = Data::new(Heard {
            token: token.to_owned(),
            handshakes: AtomicUsize::new(0),
            webhooks: Mutex::default(),
        });
        let data = heard.clone();
        let server = HttpServer::new(move || {
            let hook = web::resource("/webhook")
                .route(web::get().to(meets))
                .route(web::post().to(hears));
            App::new().app_data(data.clone()).service(hook)
        })
        .workers(1)
        .disable_signals()
        .shutdown_timeout(1)
        .listen(listener)
        .unwrap()
        .run();
        let (handle, tasks) = (server.handle(), Tasks::new());
        tasks.spawn("bot", async move { server.await.unwrap() });
        Self {
            url,
            heard,
            server: handle,
            tasks,
        }
    }

    /// Waits for a message of that text.
    async fn hears(&self, words: &str) -> Value {
        let message = eventually(|| async {
            let webhooks = self.heard.webhooks.lock().unwrap().clone();
            let values = webhooks
                .iter()
                .map(|body| &body["entry"][0]["changes"][0]["value"]);
            let mut messages = values.filter_map(|value| {
                value["messages"][0]["text"]["body"]
                    .as_str()
                    .map(|text| (text, value))
            });
            messages
                .find(|(text, _)| *text == words)
                .map(|(_, value)| value.clone())
        });
        message.await.expect("the bot heard nothing like it")
    }

    pub(super) async fn stop(self) {
        self.server.stop(false).await;
        self.tasks.stop(2_000).await;
    }
}

async fn meets(request: HttpRequest, heard: Data<Heard>) -> HttpResponse {
    let url = Url::parse(&format!("http://bot{}", request.uri())).unwrap();
    let asked = |name: &str| {
        let found = url.query_pairs().find(|(key, _)| key == name);
        found.map(|(_, value)| value.into_owned()).unwrap_or_default()
    };
    if asked("hub.mode") != "subscribe" || asked("hub.verify_token") != heard.token {
        return HttpResponse::Forbidden().finish();
    }
    heard.handshakes.fetch_add(1, Ordering::SeqCst);
    HttpResponse::Ok().body(asked("hub.challenge"))
}

async fn hears(request: HttpRequest, heard: Data<Heard>, body: Bytes) -> HttpResponse {
    let header = request
        .headers()
        .get(signature::HEADER)
        .and_then(|value| value.to_str().ok());
    if !signature::verify(&body, header, &[SECRET.as_bytes().to_vec()]) {
        return HttpResponse::Unauthorized().finish();
    }
    heard
        .webhooks
        .lock()
        .unwrap()
        .push(serde_json::from_slice(&body).unwrap());
    HttpResponse::Ok().finish()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_is_met_and_hears_what_people_write() {
    let bot = Bot::start(TcpListener::bind(FREE).unwrap(), TOKEN);
    let running = Running::start(&[
        "--webhook-url",
        &bot.url,
        "--verify-token",
        TOKEN,
        "--app-secret",
        SECRET,
        "--phone-number-id",
        NUMBER,
        "--waba-id",
        "42",
    ]);
    running.says("answered the handshake well").await;
    running.says("/playground").await;
    assert_eq!(bot.heard.handshakes.load(Ordering::SeqCst), 1);
    assert_eq!(running.ready["phone_number_id"], NUMBER);
    assert_eq!(running.ready["app_secret"], SECRET);
    assert!(running.text("playground").ends_with("/playground"));

    let phone = running.post("/emulator/phones", json!({"name": "Ana"})).await;
    let id = phone["id"].as_str().unwrap();
    let text = json!({"body": "oi"});
    let sent = running
        .post(&format!("/emulator/phones/{id}/devices/web/text"), text)
        .await;
    assert_eq!(sent["webhook_status"], 200);
    let value = bot.hears("oi").await;
    assert_eq!(value["metadata"]["phone_number_id"], NUMBER);
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_is_late_or_wrong_is_told_what_to_mend_and_met_again() {
    let (address, [first, second]) = reserved();
    let url = format!("http://{address}/webhook");
    let running = Running::start(&["--webhook-url", &url, "--verify-token", TOKEN]);
    running.says("can't be reached; start your bot").await;

    let wrong = Bot::start(listens(first), "another token");
    running.says("--verify-token").await;
    wrong.stop().await;
    let bot = Bot::start(listens(second), TOKEN);
    running.says("answered the handshake well").await;
    bot.stop().await;
}

/// Two sockets at one free address, at which nobody listens yet and which nobody else can take.
fn reserved() -> (SocketAddr, [TcpSocket; 2]) {
    let at = |address: SocketAddr| {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.set_reuseport(true).unwrap();
        socket.bind(address).unwrap();
        socket
    };
    let first = at(FREE.parse().unwrap());
    let address = first.local_addr().unwrap();
    let second = at(address);
    (address, [first, second])
}

fn listens(socket: TcpSocket) -> TcpListener {
    socket.listen(64).unwrap().into_std().unwrap()
}

/// A client that trusts the emulator's authority and nobody else.
#[expect(clippy::disallowed_methods, reason = "a client of somebody else's bot")]
fn trusting(ca_file: &Path) -> reqwest::ClientBuilder {
    let pem = std::fs::read(ca_file).unwrap();
    let authority = reqwest::Certificate::from_pem(&pem).unwrap();
    reqwest::Client::builder().no_proxy().tls_certs_only([authority])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_with_a_built_in_host_is_led_here_by_a_proxy_and_an_authority() {
    let directory = tempfile::tempdir().unwrap();
    let tls_dir = directory.path().join("tls");
    let arguments = [
        "--tls-listen",
        FREE,
        "--proxy-listen",
        FREE,
        "--tls-dir",
        tls_dir.to_str().unwrap(),
    ];
    let first = Running::start(&arguments);
    let ca_file = PathBuf::from(first.text("ca_file"));
    assert!(ca_file.starts_with(&tls_dir));
    let key = std::fs::metadata(tls_dir.join("ca-key.pem")).unwrap();
    assert_eq!(key.permissions().mode() & 0o777, 0o600);
    let former = trusting(&ca_file);
    assert_eq!(first.terminates(), Some(0));

    // Who trusts the authority of a former run needs no other file.
    let running = Running::start(&arguments);
    let proxy = running.text("proxy_url");
    let led = former
        .proxy(reqwest::Proxy::https(&proxy).unwrap())
        .build()
        .unwrap();
    let answer = led
        .get("https://graph.facebook.com/emulator/state")
        .send()
        .await
        .unwrap();
    let state: Value = answer.json().await.unwrap();
    assert_eq!(state["phone_number_id"], running.ready["phone_number_id"]);
    let other = led.get("https://example.com/").send().await;
    assert!(other.is_err());

    let url = running.text("tls_url");
    let direct = trusting(&ca_file).build().unwrap();
    assert_eq!(
        direct
            .get(format!("{url}/emulator/state"))
            .send()
            .await
            .unwrap()
            .status()
            .as_u16(),
        200
    );
    let stranger = running.http.get(format!("{url}/emulator/state")).send().await;
    assert!(stranger.is_err(), "nobody trusts it unasked");
}
