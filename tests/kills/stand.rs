//! Gateways under test: the built binary, on one store, with an outside and the way to it. It starts them, lets them die and
//! asks them what they know; it refuses to judge.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use sacola::clock::{Clock, MovableClock};
use sacola::store::{Store, embedded};
use sacola::tasks::Tasks;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::counts::Toll;
use super::crowd::{Crowd, Plan};
use super::outside::Outside;
use super::post::Post;
use super::{rest, writers};
use crate::support::program::{API_KEY, NUMBER, environment};

/// How long a send of unknown outcome waits for its status.
const UNKNOWN_HOLD_MS: i64 = 5_000;
/// How long after a fault what it left undone may still be taken up: the hold, a sweep, a send.
const AFTERMATH_MS: i64 = UNKNOWN_HOLD_MS + 1_500;
/// Longest that anything is waited for.
const BOUND_MS: i64 = 60_000;
/// How long nothing may happen before it counts as quiet.
const QUIET_MS: u64 = 700;
/// The same before the gateways end: a cart that is paced comes within it.
const REST_MS: u64 = 1_500;
/// Where the embedded store's file lies.
const DATA: &str = "data";
/// SIGKILL.
const KILLED: i32 = 9;

/// What a stand is made of.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the gateways keep everything; `None`: a file of its own, for one gateway.
    pub store: Option<String>,
    /// How many there are.
    pub gateways: usize,
    /// How long a gateway holds a lane.
    pub lease_ms: u64,
    /// Whether the Graph API tells what becomes of messages.
    pub tells_statuses: bool,
}

/// Gateways on one store, their outside, and the way there.
#[derive(Debug)]
pub struct Stand {
    pub outside: Arc<Outside>,
    pub post: Arc<Post>,
    config: PathBuf,
    /// The address of the gateways' store; `None`: the file in `data`.
    store: Option<String>,
    data: PathBuf,
    gateways: Vec<Option<Child>>,
    clock: MovableClock,
    struck_ms: i64,
    server: ServerHandle,
    /// Of the outside and of all who write.
    tasks: Tasks,
    http: reqwest::Client,
    _directory: TempDir,
}

impl Stand {
    /// A stand whose gateways don't run yet.
    pub fn new(settings: &Settings) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (tasks, clock) = (Tasks::new(), MovableClock::fixed());
        let post = Arc::new(Post::to(settings.gateways));
        let (outside, server) = Outside::start(&post, settings.tells_statuses, &tasks);
        let config = directory.path().join("sacola.toml");
        std::fs::write(
            &config,
            configuration(settings, outside.base_url(), directory.path()),
        )
        .unwrap();
        Self {
            outside,
            post,
            config,
            store: settings.store.clone(),
            data: directory.path().join(DATA),
            gateways: (0..settings.gateways).map(|_| None).collect(),
            struck_ms: clock.now_ms(),
            clock,
            server,
            tasks,
            http: sacola::outgoing::provider(10_000).unwrap(),
            _directory: directory,
        }
    }

    /// Starts a gateway and waits until it is ready. `fault`: where it shall die, as `SACOLA_FAULT` says it.
    pub async fn starts(&mut self, gateway: usize, fault: Option<&str>) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sacola"));
        command
            .args(["serve", "--config"])
            .arg(&self.config)
            .envs(environment())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log())
            .kill_on_drop(true);
        if let Some(fault) = fault {
            command.env("SACOLA_FAULT", fault);
        }
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut line).await.unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not ready: {line:?}"));
        self.post.moves(gateway, ready["listen"].as_str().unwrap());
        self.gateways[gateway] = Some(child);
    }

    /// Waits until a gateway has died of its fault.
    pub async fn dies(&mut self, gateway: usize) {
        let status = self.ends(gateway, BOUND_MS).await;
        assert_eq!(
            status.signal(),
            Some(KILLED),
            "the gateway ended otherwise: {status}"
        );
        self.strikes();
    }

    /// SIGTERM; returns the exit status and how long the gateway took, in milliseconds.
    pub async fn terminates(&mut self, gateway: usize) -> (Option<i32>, i64) {
        let began_ms = self.clock.now_ms();
        let id = self.gateways[gateway].as_ref().and_then(Child::id).unwrap();
        let sent = Command::new("kill")
            .args(["-TERM", &id.to_string()])
            .status()
            .await;
        assert!(sent.unwrap().success());
        let status = self.ends(gateway, BOUND_MS).await;
        self.strikes();
        (status.code(), self.clock.now_ms() - began_ms)
    }

    async fn ends(&mut self, gateway: usize, within_ms: i64) -> ExitStatus {
        let mut child = self.gateways[gateway].take().unwrap();
        let bound = Duration::from_millis(u64::try_from(within_ms).unwrap());
        let ended = tokio::time::timeout(bound, child.wait()).await;
        ended.expect("the gateway did not end").unwrap()
    }

    /// Notes that a fault struck just now.
    pub fn strikes(&mut self) {
        self.struck_ms = self.clock.now_ms();
    }

    /// A crowd that begins now.
    pub fn crowd(&self, plan: Plan) -> Arc<Crowd> {
        Crowd::start(plan, &self.outside, &self.post, &self.tasks)
    }

    /// Waits that long.
    pub async fn waits(&self, pause_ms: u64) {
        self.clock.sleep_ms(pause_ms).await;
    }

    /// The time.
    pub fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// Waits until the crowd has been acknowledged so many webhooks.
    pub async fn hears(&self, crowd: &Crowd, webhooks: u64) {
        let until_ms = self.clock.now_ms() + BOUND_MS;
        while crowd.said() < webhooks {
            assert!(
                self.clock.now_ms() < until_ms,
                "only {} webhooks were acknowledged",
                crowd.said()
            );
            self.clock.sleep_ms(10).await;
        }
    }

    /// Waits until the crowd is gone, everything that it confirmed was bought and answered, the aftermath of the last fault is
    /// over and nothing happens any more; or until the bound, and what is missing then is counted.
    pub async fn grows_quiet(&self, crowd: &Crowd) {
        let until_ms = self.clock.now_ms() + BOUND_MS;
        let mut messages = 0;
        while self.clock.now_ms() < until_ms {
            let before = std::mem::replace(&mut messages, self.outside.message_count());
            let is_over = self.clock.now_ms() > self.struck_ms + AFTERMATH_MS;
            if is_over && before == messages && crowd.is_gone() && super::counts::is_answered(self, crowd) {
                return;
            }
            self.clock.sleep_ms(QUIET_MS).await;
        }
    }

    /// Waits until it is quiet and counts what the fault cost.
    pub async fn toll(&self, crowd: &Crowd) -> Toll {
        self.grows_quiet(crowd).await;
        Toll::of(self, crowd).await
    }

    /// Waits until nothing is said any more, ends the gateways and counts what is left in their store.
    pub async fn comes_to_rest(&mut self, crowd: &Crowd, toll: &mut Toll) {
        let until_ms = self.clock.now_ms() + BOUND_MS;
        let mut messages = None;
        while messages != Some(self.outside.message_count()) && self.clock.now_ms() < until_ms {
            messages = Some(self.outside.message_count());
            self.clock.sleep_ms(REST_MS).await;
        }
        self.ends_gateways().await;
        let store: Arc<dyn Store> = match &self.store {
            Some(url) => writers::connect(url, 0).await,
            None => Arc::new(embedded::open(&self.data).unwrap()),
        };
        toll.leaves(rest::left(&store, &self.outside, &crowd.deeds(), self.clock.now_ms()).await);
        store.close().await;
    }

    async fn ends_gateways(&mut self) {
        self.post.ends();
        for gateway in &mut self.gateways {
            if let Some(mut child) = gateway.take() {
                child.kill().await.unwrap();
            }
        }
    }

    /// What a gateway knows of a customer.
    pub async fn conversation(&self, user_id: &str) -> Value {
        let path = format!("/v1/conversations/{NUMBER}/{user_id}");
        for _ in 0..200 {
            let url = format!("{}{path}", self.post.door(0));
            let answer = self.http.get(url).bearer_auth(API_KEY).send().await;
            match answer.map(|answer| (answer.status().as_u16(), answer)) {
                Ok((200, answer)) => return answer.json().await.unwrap(),
                Ok((404, _)) => return Value::Null,
                // Too many at once, or a store that just came back.
                Ok(_) | Err(_) => self.clock.sleep_ms(50).await,
            }
        }
        panic!("a conversation can't be read");
    }

    /// Ends the gateways, the outside and all who write.
    pub async fn ends_all(mut self) {
        self.ends_gateways().await;
        self.server.stop(false).await;
        assert!(self.tasks.stop(10_000).await, "somebody still writes");
    }
}

/// What gateways say goes nowhere, unless somebody wants to see it: the faults make much of it.
fn log() -> Stdio {
    if std::env::var_os("SACOLA_FAULT_LOG").is_some() {
        Stdio::inherit()
    } else {
        Stdio::null()
    }
}

fn configuration(settings: &Settings, outside: &str, directory: &Path) -> String {
    let embedded = || format!("embedded:{}", directory.join(DATA).display());
    let store = settings.store.clone().unwrap_or_else(embedded);
    format!(
        r#"
[server]
listen = "127.0.0.1:0"
ops_listen = "127.0.0.1:0"
[store]
url = "{store}"
[delivery]
lease_ms = {lease_ms}
unknown_hold_s = {hold_s}
[buttons]
keys = [{{ id = "k1", env = "BUTTON_KEY" }}]
[whatsapp]
graph_url = "{outside}"
verify_token = {{ env = "VERIFY_TOKEN" }}
app_secrets = [{{ env = "APP_SECRET" }}]
[[number]]
phone_number_id = "{NUMBER}"
waba_id = "102290129340398"
access_token = {{ env = "ACCESS_TOKEN" }}
merchant = "demo"
messages_per_second = 1000
[[merchant]]
id = "demo"
name = "Café da Praça"
connector = "standard"
base_url = "{outside}/shop"
currency = "BRL"
secrets = [{{ env = "MERCHANT_SECRET" }}]
timeout_ms = 500
max_concurrency = 64
mirror_interval_s = 604800
[outgoing]
allow_private = ["127.0.0.0/8"]
[[api_key]]
id = "backoffice"
merchant = "*"
secret = {{ env = "API_KEY" }}
scopes = ["conversations:read"]
requests_per_second = 1000
"#,
        lease_ms = settings.lease_ms,
        hold_s = UNKNOWN_HOLD_MS / 1_000,
    )
}
