//! `sacola emulator` as a process of its own, for those who know nothing of the gateway: what it tells, serves, keeps and refuses.
//! How a bot is met and led here is in `bots`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::support::program::{eventually, runs};

use bots::Bot;

mod bots;

const SECRET: &str = "the bot's app secret";
const TOKEN: &str = "the bot's verify token";
const FREE: &str = "127.0.0.1:0";

/// The program, running.
struct Running {
    child: Child,
    ready: Value,
    said: Arc<Mutex<String>>,
    http: reqwest::Client,
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_sacola"))
            .args(["emulator", "--listen", FREE])
            .args(arguments)
            .env("RUST_LOG", "warn")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        let (heard, stderr) = (Arc::clone(&said), child.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let mut heard = heard.lock().unwrap();
                heard.push_str(&line);
                heard.push('\n');
            }
        });
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        let ready = serde_json::from_str(&line)
            .unwrap_or_else(|_| panic!("not ready: {line:?} {}", said.lock().unwrap()));
        Self {
            child,
            ready,
            said,
            http: sacola::outgoing::provider(30_000).unwrap(),
        }
    }

    fn text(&self, name: &str) -> String {
        let text = self.ready[name].as_str();
        text.unwrap_or_else(|| panic!("no {name} in {}", self.ready))
            .to_owned()
    }

    async fn says(&self, words: &str) {
        let heard = eventually(|| async { self.said.lock().unwrap().contains(words).then_some(()) });
        let heard = heard.await.is_some();
        assert!(heard, "it never said {words:?}: {}", self.said.lock().unwrap());
    }

    async fn asks(&self, method: &str, path: &str, body: Value) -> Value {
        let url = format!("{}{path}", self.text("emulator"));
        let request = self.http.request(method.parse().unwrap(), url);
        let request = if body.is_null() {
            request
        } else {
            request.json(&body)
        };
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{method} {path}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }

    async fn get(&self, path: &str) -> Value {
        self.asks("GET", path, Value::Null).await
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        self.asks("POST", path, body).await
    }

    /// SIGTERM; returns the exit status.
    fn terminates(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().unwrap();
        assert!(sent.success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.child.kill().is_ok() {
            drop(self.child.wait());
        }
    }
}

/// A watcher of live events.
struct Stream {
    answer: reqwest::Response,
    text: String,
}

impl Stream {
    async fn open(running: &Running, query: &str) -> Self {
        let url = format!("{}/emulator/events{query}", running.text("emulator"));
        let answer = running.http.get(url).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        assert_eq!(answer.headers()["cache-control"], "no-store");
        Self {
            answer,
            text: String::new(),
        }
    }

    /// The next event that carries data of that kind.
    async fn tells(&mut self, what: &str) -> Value {
        loop {
            while let Some(end) = self.text.find("\n\n") {
                let event: String = self.text.drain(..end + 2).collect();
                let data = event.lines().find_map(|line| line.strip_prefix("data: "));
                let told: Value = data.map_or(Value::Null, |data| serde_json::from_str(data).unwrap());
                if told["what"] == what {
                    assert!(event.contains(&format!("id: {}\n", told["seq"])), "{event}");
                    return told;
                }
            }
            let chunk = self.answer.chunk().await.unwrap().expect("the stream ended");
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// Reads to the end; an end in the middle of a chunk is a failure.
    async fn ends(mut self) {
        while self.answer.chunk().await.unwrap().is_some() {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_is_told_live_and_a_stop_ends_the_streams() {
    let bot = Bot::start(TcpListener::bind(FREE).unwrap(), TOKEN);
    let running = Running::start(&["--webhook-url", &bot.url, "--app-secret", SECRET]);
    let mut stream = Stream::open(&running, "").await;
    running.post("/emulator/reset", json!({})).await;
    let reset = stream.tells("reset").await;

    let phone = running.post("/emulator/phones", json!({"name": "Ana"})).await;
    let id = phone["id"].as_str().unwrap();
    let text = json!({"body": "oi"});
    running
        .post(&format!("/emulator/phones/{id}/devices/android/text"), text)
        .await;
    let webhook = stream.tells("webhook").await;
    assert_eq!(webhook["carries"], json!(["message text"]));
    assert_eq!((&webhook["phone"], &webhook["http"]), (&json!(id), &json!(200)));

    let mut resumed = Stream::open(&running, &format!("?after={}", reset["seq"])).await;
    assert_eq!(resumed.tells("webhook").await["seq"], webhook["seq"]);
    let stopping = tokio::task::spawn_blocking(move || running.terminates());
    tokio::join!(stream.ends(), resumed.ends());
    assert_eq!(stopping.await.unwrap(), Some(0));
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_65th_watcher_is_asked_to_come_back() {
    let running = Running::start(&[]);
    let mut streams = Vec::new();
    for _ in 0..64 {
        streams.push(Stream::open(&running, "").await);
    }

    let url = format!("{}/emulator/events", running.text("emulator"));
    let answer = running.http.get(url).send().await.unwrap();

    assert_eq!(answer.status().as_u16(), 503);
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["code"], "too_many_watchers");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_playground_is_served_and_learns_where_it_is() {
    let running = Running::start(&["--access-token", "secret"]);
    let settings = running.get("/playground/settings").await;
    assert_eq!(settings["gateway"], false);
    assert_eq!(settings["access_token"], "secret");
    assert_eq!(settings["graph_url"], running.ready["graph_url"]);
    assert_eq!(settings["webhook_url"], Value::Null);

    let page = running.http.get(running.text("playground")).send().await.unwrap();
    assert_eq!(page.status().as_u16(), 200);
    assert!(page.headers().contains_key("content-security-policy"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_there_is_there_after_a_restart_and_a_kill() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.json");
    let file = path.to_str().unwrap();
    let first = Running::start(&["--data", file]);
    let phone = first.post("/emulator/phones", json!({"name": "Ana"})).await;
    let id = phone["id"].as_str().unwrap();
    let device = format!("/emulator/phones/{id}/devices/ios");
    first
        .post(&format!("{device}/text"), json!({"body": "até logo"}))
        .await;
    let items = json!({"items": [{"retailer_id": "cafe-coado", "quantity": 2}]});
    first.asks("PUT", &format!("{device}/cart"), items).await;
    let price = json!({"price": "7.25", "notify": false});
    first.asks("PUT", "/shop/products/cafe-coado", price).await;
    first
        .post(
            "/emulator/faults",
            json!({"send": [{"times": 3, "action": "http_500"}], "conversation": true}),
        )
        .await;
    let moved = first.post("/emulator/clock", json!({"advance_s": 90_000})).await;
    let messages = first.get(&format!("/emulator/phones/{id}/messages")).await;
    let refused = runs(&["emulator", "--listen", FREE, "--data", file]);
    assert_eq!(refused.0, Some(1));
    assert!(refused.2.contains("another emulator uses it"), "{}", refused.2);
    assert_eq!(first.terminates(), Some(0));

    let second = Running::start(&["--data", file]);
    assert_eq!(
        second.get(&format!("/emulator/phones/{id}/messages")).await,
        messages
    );
    assert_eq!(messages["messages"][0]["text"], "até logo");
    let cart = second.get(&format!("{device}/cart")).await;
    assert_eq!(cart["items"][0]["retailer_id"], "cafe-coado");
    let faults = second.get("/emulator/faults").await;
    assert_eq!(
        (&faults["send"][0]["times"], &faults["conversation"]),
        (&json!(3), &json!(true))
    );
    let product = second.get("/shop/products/cafe-coado").await;
    assert_eq!(product["price"]["amount"], "7.25");
    assert!(second.get("/emulator/clock").await["now_ms"].as_i64() >= moved["now_ms"].as_i64());

    second
        .post(&format!("{device}/text"), json!({"body": "bem escrito"}))
        .await;
    let written = || async {
        std::fs::read_to_string(&path)
            .ok()?
            .contains("bem escrito")
            .then_some(())
    };
    assert!(eventually(written).await.is_some());
    drop(second);
    let third = Running::start(&["--data", file]);
    let messages = third.get(&format!("/emulator/phones/{id}/messages")).await;
    assert_eq!(messages["messages"].as_array().unwrap().len(), 2);
}

#[test]
fn a_damaged_state_is_refused_with_the_mend() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.json");
    std::fs::write(&path, "{\"format\":1").unwrap();

    let (status, stdout, stderr) = runs(&["emulator", "--listen", FREE, "--data", path.to_str().unwrap()]);

    assert_eq!((status, stdout.as_str()), (Some(1), ""));
    assert!(
        stderr.contains("is damaged") && stderr.contains("move it away"),
        "{stderr}"
    );
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "{\"format\":1");
}

/// What the proxy answers to that first line.
fn answered(proxy: &str, line: &str) -> String {
    let mut socket = TcpStream::connect(proxy.trim_start_matches("http://")).unwrap();
    socket
        .write_all(format!("{line} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes())
        .unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn the_proxy_leads_to_metas_hosts_and_nowhere_else() {
    let running = Running::start(&["--tls-listen", FREE, "--proxy-listen", FREE]);
    let proxy = running.text("proxy_url");

    let refused = answered(&proxy, "CONNECT example.com:443");
    assert!(refused.starts_with("HTTP/1.1 403 "), "{refused}");
    assert!(refused.contains("graph.facebook.com"), "{refused}");
    assert!(answered(&proxy, "GET http://graph.facebook.com/").starts_with("HTTP/1.1 405 "));
    let whole = answered(&proxy, "GET https://graph.facebook.com/emulator/state");
    assert!(whole.starts_with("HTTP/1.1 200 "), "{whole}");
    assert!(answered(&proxy, "GET https://example.com/").starts_with("HTTP/1.1 403 "));
    let long = format!("CONNECT {}:443", "a".repeat(10_000));
    assert!(answered(&proxy, &long).starts_with("HTTP/1.1 431 "));

    let ca_file = PathBuf::from(running.text("ca_file"));
    assert_eq!(running.terminates(), Some(0));
    assert!(!ca_file.exists(), "a temporary authority leaves nothing behind");
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_starts() {
    for (option, value, named) in [
        ("--webhook-url", "localhost:3000/webhook", "--webhook-url"),
        ("--phone-number-id", "+55 11", "--phone-number-id"),
        ("--proxy-listen", FREE, "--tls-listen"),
    ] {
        let (status, stdout, stderr) = runs(&["emulator", option, value]);
        assert_eq!((status, stdout.as_str()), (Some(2), ""), "{option} {value}");
        assert!(stderr.contains(named), "{stderr}");
    }
}

#[test]
fn the_help_tells_three_ways_to_point_a_bot_here() {
    let (status, stdout, _) = runs(&["emulator", "--help"]);
    assert_eq!(status, Some(0));
    for told in [
        "(a)",
        "(b)",
        "(c)",
        "HTTPS_PROXY",
        "NODE_EXTRA_CA_CERTS",
        "REQUESTS_CA_BUNDLE",
        "--webhook-url",
    ] {
        assert!(stdout.contains(told), "{told} is not in the help");
    }
}
