//! Gateways under test: the built binary, on one store, with an outside and the way to it. It starts them, lets them die,
//! exchanges their secrets and asks them what they know; it refuses to judge.

use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
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
use super::vault::{self, CONFIG, Hand, Live, Sources, Vault};
use super::{rest, writers};
use crate::support::program::{API_KEY, NUMBER, environment};

/// How long a send of unknown outcome waits for its status.
const UNKNOWN_HOLD_MS: i64 = 5_000;
/// How long after a fault what it left undone may still be taken up: the hold, a sweep, a send.
const AFTERMATH_MS: i64 = UNKNOWN_HOLD_MS + 1_500;
/// Longest that anything is waited for.
pub(super) const BOUND_MS: i64 = 60_000;
/// How long nothing may happen before it counts as quiet.
const QUIET_MS: u64 = 700;
/// The same before the gateways end: a cart that is paced comes within it.
const REST_MS: u64 = 1_500;
/// How often a gateway is looked at that is to do something.
pub(super) const LOOK_MS: u64 = 20;
/// Pause before a gateway is started again that its store did not answer.
const AGAIN_MS: u64 = 200;
/// Longest that those who write take to end.
const ENDS_MS: u64 = 60_000;
/// Where the embedded store's file lies.
const DATA: &str = "data";
/// So often a gateway is started at most: each of its starts waits for the store.
const STARTS_MAX: usize = 3;
/// The exit status of a gateway that failed while running, as it does when its store does not answer.
const FAILED: i32 = 1;
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
    settings: Settings,
    config: PathBuf,
    /// The configuration and its secrets as files; `None`: the secrets come from the environment.
    vault: Option<Vault>,
    /// What signs buttons, behind its id.
    button_key: (String, String),
    data: PathBuf,
    /// The ops address of each gateway; the last one of it while it is down.
    ops: Vec<String>,
    gateways: Vec<Option<Child>>,
    clock: MovableClock,
    struck_ms: i64,
    server: ServerHandle,
    /// Of the outside and of all who write.
    tasks: Tasks,
    http: reqwest::Client,
    directory: TempDir,
}

impl Stand {
    /// A stand whose gateways don't run yet.
    pub fn new(settings: &Settings) -> Self {
        let stand = Self::bare(settings);
        let text = stand.configuration(&Sources::environment());
        std::fs::write(&stand.config, text).unwrap();
        stand
    }

    /// The same with its secrets in files, in which gateways look every `reload_s`. The outside takes those and no other.
    pub fn keeping(settings: &Settings, hand: Hand, reload_s: u64) -> Self {
        let mut stand = Self::bare(settings);
        let vault = Vault::new(stand.directory.path().join("vault"), hand, reload_s);
        stand.config = vault.path(CONFIG);
        stand.vault = Some(vault);
        stand.button_key = vault::button_key(1);
        stand.puts(&Live::first(), |text| text);
        stand.post.signs_with(&vault::app_secret(1));
        stand.post.signs_callbacks_with(&[vault::merchant_secret(1)]);
        stand.outside.takes_tokens(&[vault::token(1)]);
        stand.outside.verifies(&[vault::merchant_secret(1)]);
        stand
    }

    /// Without a configuration yet.
    fn bare(settings: &Settings) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (tasks, clock) = (Tasks::new(), MovableClock::fixed());
        let post = Arc::new(Post::to(settings.gateways));
        let (outside, server) = Outside::start(&post, settings.tells_statuses, &tasks);
        Self {
            outside,
            post,
            settings: settings.clone(),
            config: directory.path().join(CONFIG),
            vault: None,
            button_key: Sources::environments_button_key(),
            data: directory.path().join(DATA),
            ops: vec![String::new(); settings.gateways],
            gateways: (0..settings.gateways).map(|_| None).collect(),
            struck_ms: clock.now_ms(),
            clock,
            server,
            tasks,
            http: sacola::outgoing::provider(10_000).unwrap(),
            directory,
        }
    }

    /// The files of a stand that keeps its secrets in them.
    pub fn vault(&mut self) -> &mut Vault {
        self.vault.as_mut().unwrap()
    }

    /// Puts these secrets and the configuration that names them, edited, into the files. Nobody is told.
    pub fn puts(&mut self, live: &Live, edit: impl FnOnce(String) -> String) {
        let text = edit(self.configuration(&self.vault.as_ref().unwrap().sources(live)));
        self.vault().puts(live, text);
    }

    /// Puts these secrets into the files and waits until every gateway has applied them. `is_told`: by SIGHUP; otherwise they
    /// look by themselves.
    pub async fn exchanges(&mut self, live: &Live, is_told: bool) {
        let mut before = Vec::with_capacity(self.gateways.len());
        for gateway in 0..self.gateways.len() {
            before.push(self.generation(gateway).await);
        }
        self.puts(live, |text| text);
        for (gateway, generation) in before.into_iter().enumerate() {
            if is_told {
                self.signals(gateway, "-HUP").await;
            }
            self.applies(gateway, generation).await;
        }
    }

    /// The configuration's number, which grows with each change that is applied.
    pub async fn generation(&self, gateway: usize) -> u64 {
        let (_, ready) = self.readyz(gateway).await.unwrap();
        let generation = ready["config"]["generation"].as_u64();
        generation.unwrap_or_else(|| panic!("no generation in {ready}"))
    }

    /// Waits until a gateway has applied something newer than that.
    pub async fn applies(&self, gateway: usize, generation: u64) {
        let until_ms = self.clock.now_ms() + BOUND_MS;
        while self.generation(gateway).await <= generation {
            assert!(
                self.clock.now_ms() < until_ms,
                "gateway {gateway} applies nothing"
            );
            self.clock.sleep_ms(LOOK_MS).await;
        }
    }

    /// The address of a gateway's ops listener.
    pub fn ops(&self, gateway: usize) -> &str {
        &self.ops[gateway]
    }

    /// What `/readyz` of a gateway answers, behind its status; `None` when nobody answers.
    pub async fn readyz(&self, gateway: usize) -> Option<(u16, Value)> {
        let url = format!("{}/readyz", self.ops[gateway]);
        let answer = self.http.get(url).send().await.ok()?;
        let status = answer.status().as_u16();
        Some((status, answer.json().await.ok()?))
    }

    /// The value of a series of a gateway's metrics, as it is written there; `None` when it is not there.
    pub async fn metric(&self, gateway: usize, series: &str) -> Option<String> {
        let url = format!("{}/metrics", self.ops[gateway]);
        let text = self.http.get(url).send().await.unwrap().text().await.unwrap();
        let mut values = text
            .lines()
            .filter_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        values.next().map(str::to_owned)
    }

    /// The configuration, with its secrets from there.
    fn configuration(&self, sources: &Sources) -> String {
        let embedded = || format!("embedded:{}", self.data.display());
        let store = self.settings.store.clone().unwrap_or_else(embedded);
        let outside = self.outside.base_url();
        format!(
            r#"
[server]
listen = "127.0.0.1:0"
ops_listen = "127.0.0.1:0"
{reload}
[store]
url = "{store}"
[delivery]
lease_ms = {lease_ms}
unknown_hold_s = {hold_s}
[buttons]
keys = {buttons}
[whatsapp]
graph_url = "{outside}"
verify_token = {{ env = "VERIFY_TOKEN" }}
app_secrets = {app}
[[number]]
phone_number_id = "{NUMBER}"
waba_id = "102290129340398"
access_token = {token}
merchant = "demo"
messages_per_second = 1000
[[merchant]]
id = "demo"
name = "Café da Praça"
connector = "standard"
base_url = "{outside}/shop"
currency = "BRL"
secrets = {merchant}
timeout_ms = 500
max_concurrency = 64
mirror_interval_s = 604800
[outgoing]
allow_private = ["127.0.0.0/8"]
[[api_key]]
id = "backoffice"
merchant = "*"
secret = {{ env = "API_KEY" }}
scopes = ["conversations:read", "dead_letters:write"]
requests_per_second = 1000
"#,
            lease_ms = self.settings.lease_ms,
            hold_s = UNKNOWN_HOLD_MS / 1_000,
            reload = sources.reload,
            app = sources.app,
            token = sources.token,
            merchant = sources.merchant,
            buttons = sources.buttons,
        )
    }

    /// Starts a gateway and waits until it is ready. `fault`: where it shall die, as `SACOLA_FAULT` says it. It ends by itself when
    /// its server stands still just then, and is started again, as whoever keeps it running does.
    pub async fn starts(&mut self, gateway: usize, fault: Option<&str>) {
        let (mut child, mut line) = self.spawns(fault).await;
        for _ in 1..STARTS_MAX {
            if !line.is_empty() || self.settings.store.is_none() {
                break;
            }
            let status = child.wait().await.unwrap();
            assert_eq!(
                status.code(),
                Some(FAILED),
                "the gateway ended otherwise: {status}"
            );
            self.clock.sleep_ms(AGAIN_MS).await;
            (child, line) = self.spawns(fault).await;
        }
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not ready: {line:?}"));
        ready["ops_listen"]
            .as_str()
            .unwrap()
            .clone_into(&mut self.ops[gateway]);
        self.post.moves(gateway, ready["listen"].as_str().unwrap());
        self.gateways[gateway] = Some(child);
    }

    /// A gateway, and what it says when it is ready; nothing when it has ended before.
    async fn spawns(&self, fault: Option<&str>) -> (Child, String) {
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
        (child, line)
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

    /// Sends a gateway a signal, such as `-HUP`.
    pub async fn signals(&self, gateway: usize, signal: &str) {
        let id = self.gateways[gateway].as_ref().and_then(Child::id).unwrap();
        let sent = Command::new("kill")
            .args([signal, &id.to_string()])
            .status()
            .await;
        assert!(sent.unwrap().success());
    }

    pub(super) async fn ends(&mut self, gateway: usize, within_ms: i64) -> ExitStatus {
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
        let button_key = self.button_key.clone();
        Crowd::start(plan, &self.outside, &self.post, button_key, &self.tasks)
    }

    /// How many gateways there are.
    pub fn gateways(&self) -> usize {
        self.gateways.len()
    }

    /// Waits that long.
    pub async fn waits(&self, pause_ms: u64) {
        self.clock.sleep_ms(pause_ms).await;
    }

    /// The time.
    pub fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// Waits until that is so.
    pub async fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        let until_ms = self.clock.now_ms() + BOUND_MS;
        while !is_so() {
            assert!(self.clock.now_ms() < until_ms, "it never came that {what}");
            self.clock.sleep_ms(LOOK_MS).await;
        }
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

    /// Waits until nothing is said any more and no lane holds anything, or until the bound; ends the gateways and counts what is left
    /// in their store. A disk that flushes for seconds is silence too: the lanes tell it from rest.
    pub async fn comes_to_rest(&mut self, crowd: &Crowd, toll: &mut Toll) {
        let until_ms = self.clock.now_ms() + BOUND_MS;
        let mut messages = None;
        while self.clock.now_ms() < until_ms {
            let count = Some(self.outside.message_count());
            if messages == count && self.lanes().await == Some(0) {
                break;
            }
            messages = count;
            self.clock.sleep_ms(REST_MS).await;
        }
        self.ends_gateways().await;
        let store: Arc<dyn Store> = match &self.settings.store {
            Some(url) => writers::connect(url, 0).await,
            None => Arc::new(embedded::open(&self.data).unwrap()),
        };
        toll.leaves(rest::left(&store, &self.outside, &crowd.deeds(), self.clock.now_ms()).await);
        store.close().await;
    }

    /// How many lanes hold something; `None` when nobody can tell.
    async fn lanes(&self) -> Option<u64> {
        let running = self.gateways.iter().position(Option::is_some)?;
        let url = format!("{}/console/api/lanes", self.ops[running]);
        let answer = self.http.get(url).bearer_auth(API_KEY).send().await.ok()?;
        let told: Value = answer.json().await.ok()?;
        told["totals"]["total"].as_u64()
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
        assert!(self.tasks.stop(ENDS_MS).await, "somebody still writes");
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
