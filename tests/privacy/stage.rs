//! A gateway whose every secret and customer can be told apart from any other word, and all that it writes: its log at trace level,
//! its metrics, its spans.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use sacola::clock::MovableClock;
use sacola::tasks::Tasks;
use serde_json::Value;

use super::between::Between;
use super::collector::{self, Collector};
use super::needles::Needles;
use crate::support::program::{Outside, environment, knows_products, write_config};

pub const ACCESS_TOKEN: &str = "EAAGsacolaPrivacyToken7Qx2LmZb4Kd81WvTnYuR0";
pub const APP_SECRET: &str = "appsecret-4f9d1c7be2aa";
pub const VERIFY_TOKEN: &str = "verifytoken-88aa31c0ff";
const BUTTON_KEY: &str = "buttonkey-77c1e0d4b9f2aa61";
pub const API_KEY: &str = "apikey-5b1e7d90aa23cc";

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Plain,
    Json,
}

pub struct Stage {
    pub outside: Outside,
    pub between: Between,
    pub collector: Collector,
    pub public: String,
    ops: String,
    log: PathBuf,
    child: Child,
    tasks: Tasks,
    _directory: tempfile::TempDir,
}

/// All that a gateway wrote until its end.
pub struct Written {
    pub log: String,
    pub metrics: String,
    pub spans: String,
}

impl Written {
    /// What stands where it must not.
    pub fn leaks(&self, needles: &Needles) -> Vec<String> {
        let mut found = needles.found_in("the log", &self.log);
        found.extend(needles.found_in("the metrics", &self.metrics));
        found.extend(needles.found_in("the spans", &self.spans));
        found
    }
}

impl Stage {
    /// Starts everything. `collects`: whether the configuration names the collector.
    pub fn start(form: Form, collects: bool) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let outside = Outside::with_secrets(MovableClock::fixed(), [ACCESS_TOKEN, APP_SECRET, VERIFY_TOKEN]);
        let tasks = Tasks::new();
        let base = outside.emulator.base_url().to_owned();
        let (between, collector) = (Between::start(&base, &tasks), Collector::start(&tasks));
        let store = format!("embedded:{}", directory.path().join("data").display());
        let config = write_config(directory.path(), &outside, &store, 2_000);
        let text = std::fs::read_to_string(&config).unwrap();
        let mut text = text
            .replace(&format!("{base}/shop/api"), &format!("{}/shop/api", between.url))
            .replace("[[number]]\n", "[[number]]\npayments = \"order_details\"\n");
        if collects {
            let (url, name) = (&collector.url, collector::HEADER.0);
            text.extend([format!(
                "[tracing]\nendpoint = \"{url}\"\nheaders = [{{ id = \"{name}\", env = \"COLLECTOR_KEY\" }}]\n"
            )]);
        }
        std::fs::write(&config, text).unwrap();
        let log = directory.path().join("log");
        let mut child = Command::new(env!("CARGO_BIN_EXE_sacola"))
            .args(["serve", "--config"])
            .arg(&config)
            .envs(variables(form))
            .stdout(Stdio::piped())
            .stderr(Stdio::from(File::create(&log).unwrap()))
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let ready: Value = serde_json::from_str(&line)
            .unwrap_or_else(|_| panic!("not ready: {line:?}\n{}", std::fs::read_to_string(&log).unwrap()));
        let place = |name: &str| ready[name].as_str().unwrap().to_owned();
        let (public, ops) = (place("listen"), place("ops_listen"));
        knows_products(&public, API_KEY);
        outside.emulator.set_targets(
            &format!("{public}/webhooks/whatsapp"),
            &format!("{public}/webhooks/merchants/demo"),
        );
        Self {
            outside,
            between,
            collector,
            public,
            ops,
            log,
            child,
            tasks,
            _directory: directory,
        }
    }

    /// SIGTERM; what was written until the end.
    pub async fn ends(mut self) -> Written {
        let metrics = format!("{}/metrics", self.ops);
        let metrics = self.outside.http.get(metrics).send().await.unwrap();
        let metrics = metrics.text().await.unwrap();
        let sent = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
        let status = tokio::task::block_in_place(|| self.child.wait()).unwrap();
        assert_eq!(status.code(), Some(0), "it ends well");
        let written = Written {
            log: String::from_utf8_lossy(&std::fs::read(&self.log).unwrap()).into_owned(),
            metrics,
            spans: self.collector.written(),
        };
        self.between.stop().await;
        self.collector.stop().await;
        self.tasks.stop(2_000).await;
        written
    }

    /// Every secret of this gateway.
    pub fn secrets() -> Needles {
        let mut needles = Needles::default();
        for (what, secret) in [
            ("the access token", ACCESS_TOKEN),
            ("the app secret", APP_SECRET),
            ("the verify token", VERIFY_TOKEN),
            ("the button key", BUTTON_KEY),
            ("the API key", API_KEY),
            ("the collector's key", collector::HEADER.1),
            (
                "the merchant's secret",
                merchant_secret().trim_start_matches("whsec_"),
            ),
        ] {
            needles.text(what, secret);
        }
        needles
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if self.child.kill().is_ok() {
            drop(self.child.wait());
        }
        if std::thread::panicking() {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            let last: Vec<&str> = log.lines().rev().take(40).collect();
            let mut out = std::io::stderr();
            drop(writeln!(
                out,
                "the gateway wrote at last (newest first):\n{}",
                last.join("\n")
            ));
        }
    }
}

fn merchant_secret() -> String {
    environment()["MERCHANT_SECRET"].clone()
}

fn variables(form: Form) -> BTreeMap<String, String> {
    let mut variables = environment();
    let form = match form {
        Form::Plain => "plain",
        Form::Json => "json",
    };
    let own = [
        ("ACCESS_TOKEN", ACCESS_TOKEN),
        ("APP_SECRET", APP_SECRET),
        ("VERIFY_TOKEN", VERIFY_TOKEN),
        ("BUTTON_KEY", BUTTON_KEY),
        ("API_KEY", API_KEY),
        ("COLLECTOR_KEY", collector::HEADER.1),
        ("RUST_LOG", "trace"),
        ("SACOLA_LOG", form),
    ];
    variables.extend(own.map(|(name, value)| (name.to_owned(), value.to_owned())));
    variables
}
