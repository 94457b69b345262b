//! `sacola demo` as a process, and what its controls say.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// A running demo.
pub struct Demo {
    child: Child,
    /// `http://127.0.0.1:PORT`, where the playground is.
    pub public: String,
    /// Where the console is.
    pub ops: String,
    /// The operator's key.
    pub key: String,
    /// True when `SACOLA_RELEASED` names a program that was built for release.
    pub is_released: bool,
    http: reqwest::Client,
}

impl Demo {
    pub fn start() -> Self {
        let released = std::env::var_os("SACOLA_RELEASED");
        let program = released
            .clone()
            .unwrap_or_else(|| env!("CARGO_BIN_EXE_sacola").into());
        let mut child = Command::new(program)
            .args(["demo", "--listen", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let output = child.stdout.take().unwrap();
        BufReader::new(output).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not ready: {line:?}"));
        let text = |name: &str| ready[name].as_str().unwrap().to_owned();
        Self {
            child,
            is_released: released.is_some(),
            public: text("listen"),
            ops: text("ops_listen"),
            key: text("api_key"),
            http: sacola::outgoing::provider(30_000).unwrap(),
        }
    }

    /// The playground, with that query.
    pub fn playground(&self, query: &str) -> String {
        format!("{}/playground{query}", self.public)
    }

    /// What a control or the shop says.
    pub async fn get(&self, path: &str) -> Value {
        let answer = self
            .http
            .get(format!("{}{path}", self.public))
            .send()
            .await
            .unwrap();
        assert!(answer.status().is_success(), "GET {path}: {}", answer.status());
        answer.json().await.unwrap()
    }

    /// What the gateway tells the operator's key.
    pub async fn api(&self, path: &str) -> Value {
        let request = self.http.get(format!("{}{path}", self.public));
        let answer = request.bearer_auth(&self.key).send().await.unwrap();
        assert!(answer.status().is_success(), "GET {path}: {}", answer.status());
        answer.json().await.unwrap()
    }

    /// Presses a control.
    pub async fn post(&self, path: &str, body: Value) -> Value {
        let url = format!("{}{path}", self.public);
        let answer = self.http.post(url).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "POST {path}: {}", answer.status());
        answer.json().await.unwrap()
    }

    /// An answer with its headers.
    pub async fn raw(&self, url: &str) -> reqwest::Response {
        self.http.get(url).send().await.unwrap()
    }

    /// SIGTERM; returns the exit status.
    pub fn terminates(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &id])
                .status()
                .unwrap()
                .success()
        );
        self.child.wait().unwrap().code()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
