//! The rehearsal, played: Redis with the flags of the file, emulator and gateway with its command line, configuration and secrets.
//! Only hosts and ports are others, by `SACOLA__…` variables, because there are no containers.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use url::Url;

use super::{SECRETS, compose, configuration, judge, make_secrets};
use crate::deploy::running::Running;
use crate::support::program::{eventually, runs};
use crate::support::redis_server::{AppendOnly, RedisServer};

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_buys_one_product_in_the_rehearsal() {
    let (compose, place) = (compose(), tempfile::tempdir().unwrap());
    let secrets = place.path().join("secrets");
    assert_eq!(make_secrets("rehearsal", &secrets, &[]).0, Some(0));
    let store = redis(&compose["services"]["rehearsal-redis"]);
    let service = &compose["services"]["emulator"];
    let emulator = Running::start(&mut emulator(service, place.path(), &secrets));
    assert!(emulator.ready["access_token"].is_null(), "{}", emulator.ready);
    assert!(
        emulator
            .text("access_token_file")
            .starts_with(secrets.to_str().unwrap())
    );
    let base = emulator.text("emulator");
    let config = place.path().join("sacola.toml");
    std::fs::write(&config, configuration("rehearsal", &secrets)).unwrap();

    assert_checked(&mut gateway("check", &config, &store.url(), &base));
    let gateway = Running::start(&mut gateway("serve", &config, &store.url(), &base));
    assert_eq!(gateway.ready["level"], "power_loss");
    assert_healthy(&format!("{}/readyz", gateway.text("ops_listen"))).await;
    assert_healthy(&format!("{base}/emulator/state")).await;

    let world = World::at(base);
    world.points(service, &gateway.text("listen")).await;
    let link = world.buys().await;
    let hosts = &configuration("rehearsal", &secrets);
    assert!(hosts.contains(&format!("payment_hosts = [\"{}\"]", link.host_str().unwrap())));
    assert_eq!(gateway.terminates(), Some(0));
    assert_eq!(emulator.terminates(), Some(0));
    assert!(place.path().join("emulator.json").exists());
}

/// The trial of docs/KUBERNETES.md, played the same way: configuration, secrets and the emulator's words are the dev overlay's.
#[tokio::test(flavor = "multi_thread")]
async fn a_phone_buys_one_product_in_the_trial_of_kubernetes() {
    let place = tempfile::tempdir().unwrap();
    let (secrets, store) = (place.path().join("secrets"), place.path().join("store"));
    std::fs::create_dir(&store).unwrap();
    secrets_of_the_trial(&secrets);
    let service = json!({ "command": words_of_the_trial() });
    let emulator = Running::start(&mut emulator(&service, place.path(), &secrets));
    let base = emulator.text("emulator");
    let config = place.path().join("sacola.toml");
    let written = of_kubernetes("overlays/dev/sacola.toml");
    std::fs::write(&config, written.replace(SECRETS, secrets.to_str().unwrap())).unwrap();
    let store = format!("embedded:{}", store.display());
    let gateway = Running::start(&mut gateway("serve", &config, &store, &base));

    let world = World::at(base);
    world.points(&service, &gateway.text("listen")).await;
    let link = world.buys().await;
    assert!(written.contains(&format!("payment_hosts = [\"{}\"]", link.host_str().unwrap())));
    assert_eq!(gateway.terminates(), Some(0));
    assert_eq!(emulator.terminates(), Some(0));
}

fn of_kubernetes(path: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/kubernetes");
    std::fs::read_to_string(folder.join(path)).unwrap()
}

/// The literals of the overlay's Secret, as the files that they are in the pod.
fn secrets_of_the_trial(folder: &Path) {
    std::fs::create_dir(folder).unwrap();
    let overlay = of_kubernetes("overlays/dev/kustomization.yaml");
    let (_, literals) = overlay.split_once("literals:\n").unwrap();
    for line in literals.lines() {
        let Some((name, secret)) = line
            .trim()
            .strip_prefix("- ")
            .and_then(|pair| pair.split_once('='))
        else {
            break;
        };
        let path = folder.join(name);
        std::fs::write(&path, secret).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o440)).unwrap();
    }
}

/// The emulator's command line in its Deployment.
fn words_of_the_trial() -> Vec<String> {
    let emulator = of_kubernetes("components/emulator/emulator.yaml");
    let (_, args) = emulator.split_once("args:\n").unwrap();
    let words = args.lines().map_while(|line| line.trim().strip_prefix("- "));
    words.map(str::to_owned).collect()
}

/// A server with the flags of the service; port and folder are the test's.
fn redis(service: &Value) -> RedisServer {
    let options = judge::options(service);
    let own = options.iter().filter(|(name, _)| name != "--dir");
    let settings: Vec<&str> = own
        .flat_map(|(name, value)| [name.as_str(), value.as_str()])
        .collect();
    RedisServer::start_with(AppendOnly::Always, &settings).unwrap()
}

/// The service's command line with a free port, and its folders in `place`.
fn emulator(service: &Value, place: &Path, secrets: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sacola"));
    for word in judge::texts(service, "command") {
        let word = word
            .replace("0.0.0.0:8090", "127.0.0.1:0")
            .replace(SECRETS, secrets.to_str().unwrap())
            .replace("/var/lib/sacola", place.to_str().unwrap());
        command.arg(word);
    }
    command.stderr(Stdio::null());
    command
}

fn gateway(what: &str, config: &Path, store: &str, base: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sacola"));
    command
        .args([what, "--config"])
        .arg(config)
        .env("RUST_LOG", "error")
        .envs([
            ("SACOLA__SERVER__LISTEN", "127.0.0.1:0".to_owned()),
            ("SACOLA__SERVER__OPS_LISTEN", "127.0.0.1:0".to_owned()),
            ("SACOLA__STORE__URL", store.to_owned()),
            ("SACOLA__WHATSAPP__GRAPH_URL", base.to_owned()),
            ("SACOLA__MERCHANT__0__BASE_URL", format!("{base}/shop/api")),
        ]);
    command
}

/// `sacola check` finds nothing to mend: configuration, store, listeners, provider and merchant.
fn assert_checked(check: &mut Command) {
    let output = check.arg("--json").output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["ok"], true, "{report}");
    assert_eq!(report["warnings"], json!([]));
}

/// Compose asks more than once, too: an answer may come later than a health check waits.
async fn assert_healthy(url: &str) {
    let healthy = eventually(|| async { (runs(&["health", "--url", url]).0 == Some(0)).then_some(()) });
    assert!(healthy.await.is_some(), "{url} is not healthy");
}

/// The emulator, as a person with a phone sees it.
struct World {
    base: String,
    http: reqwest::Client,
    /// First deliveries that got a 503.
    refused: AtomicU32,
}

impl World {
    fn at(base: String) -> Self {
        Self {
            base,
            http: sacola::outgoing::provider(30_000).unwrap(),
            refused: AtomicU32::new(0),
        }
    }

    /// Where the service's command line points, on this gateway.
    async fn points(&self, service: &Value, gateway: &str) {
        let options = judge::options(service);
        let at = |name: &str| {
            let url = Url::parse(judge::option(&options, name).unwrap()).unwrap();
            format!("{gateway}{}", url.path())
        };
        let targets = json!({ "webhook_url": at("--webhook-url"), "callback_url": at("--callback-url") });
        self.post("/emulator/targets", targets).await;
    }

    /// 200, or once the 503 of a store whose disk flushes for longer than is waited for it: then the provider comes again.
    fn is_taken(&self, told: &Value) {
        let status = told["webhook_status"].as_u64();
        assert!(matches!(status, Some(200 | 503)), "{told}");
        if status == Some(503) {
            let before = self.refused.fetch_add(1, Ordering::SeqCst);
            assert_eq!(before, 0, "more than one delivery was refused: {told}");
        }
    }

    /// From hello to paid; tells the link.
    async fn buys(&self) -> Url {
        let phone = self.post("/emulator/phones", json!({ "name": "Ana" })).await;
        let phone = phone["id"].as_str().unwrap();
        let device = format!("/emulator/phones/{phone}/devices/android");
        let said = self
            .post(&format!("{device}/text"), json!({ "body": "oi" }))
            .await;
        self.is_taken(&said);
        let mut shown = self.waits_for(phone, "menu").await;
        for (action, kind) in [
            ("category", "catalog"),
            ("product", "product"),
            ("add", "cart"),
            ("checkout", "summary"),
            ("confirm", "payment_link"),
        ] {
            let prefix = format!("s1.{action}.");
            let buttons = shown["buttons"].as_array().unwrap();
            let mut ids = buttons.iter().filter_map(|button| button["id"].as_str());
            let id = ids.find(|id| id.starts_with(&prefix));
            let id = id.unwrap_or_else(|| panic!("no {action} on {shown}"));
            let tap = json!({ "message_id": shown["message_id"], "id": id });
            let tapped = self.post(&format!("{device}/tap"), tap).await;
            self.is_taken(&tapped);
            shown = self.waits_for(phone, kind).await;
        }
        let bought = self.get("/shop/purchases").await;
        let purchases = bought["purchases"].as_array().unwrap();
        assert_eq!(purchases.len(), 1, "{bought}");
        let id = purchases[0]["purchase_id"].as_str().unwrap();
        self.post(&format!("/shop/purchases/{id}/pay"), json!({})).await;
        self.waits_for(phone, "paid").await;
        Url::parse(shown["link"]["url"].as_str().unwrap()).unwrap()
    }

    /// The first message of that kind.
    async fn waits_for(&self, phone: &str, kind: &str) -> Value {
        let path = format!("/emulator/phones/{phone}/messages");
        let seen = eventually(|| async {
            let told = self.get(&path).await;
            let messages = told["messages"].as_array().unwrap();
            messages
                .iter()
                .find(|message| message["direction"] == "out" && message["kind"] == kind)
                .cloned()
        });
        seen.await.unwrap_or_else(|| panic!("no message of kind {kind}"))
    }

    async fn get(&self, path: &str) -> Value {
        told(self.http.get(format!("{}{path}", self.base))).await
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        told(self.http.post(format!("{}{path}", self.base)).json(&body)).await
    }
}

async fn told(request: reqwest::RequestBuilder) -> Value {
    let answer = request.send().await.unwrap();
    let (status, text) = (answer.status(), answer.text().await.unwrap());
    assert!(status.is_success(), "{status} {text}");
    serde_json::from_str(&text).unwrap_or(Value::Null)
}
