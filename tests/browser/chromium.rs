//! One Chromium under WebDriver. It waits for what the page shows by watching the page itself, and keeps account of what the
//! page asked for and complained about.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::actions::{InputSource as _, KeyAction, KeyActions};
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::wd::{Capabilities, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

/// How long a page may take to show what a test waits for; it costs nothing while all is well.
const PATIENCE: Duration = Duration::from_mins(1);
/// Between two tries of something that the page did not let happen.
const PAUSE: Duration = Duration::from_millis(50);

/// A browser window.
pub struct Chromium {
    pub client: Client,
    driver: Child,
    is_watched: bool,
    profile: String,
    _folder: tempfile::TempDir,
}

#[derive(Debug)]
struct ReadLog(&'static str);

impl WebDriverCompatibleCommand for ReadLog {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(json!({ "type": self.0 }).to_string()))
    }
}

/// A command of Chrome's own protocol.
#[derive(Debug)]
struct Devtools(&'static str, Value);

impl WebDriverCompatibleCommand for Devtools {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!(
            "session/{}/goog/cdp/execute",
            session.unwrap_or_default()
        ))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        let body = json!({ "cmd": self.0, "params": self.1 });
        (http::Method::POST, Some(body.to_string()))
    }
}

impl Chromium {
    /// A window of that size.
    pub async fn open(width: u32, height: u32) -> Self {
        Self::with(width, height, true).await
    }

    /// The same without an account of each request, which costs the browser more than the page does.
    pub async fn open_unwatched(width: u32, height: u32) -> Self {
        Self::with(width, height, false).await
    }

    async fn with(width: u32, height: u32, is_watched: bool) -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is missing: run `scripts/test --step browser` once, it installs it");
        let port = port_of(&mut driver);
        let profile = tempfile::tempdir().unwrap();
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let client = builder
            .capabilities(capabilities(profile.path().to_str().unwrap(), is_watched))
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .unwrap();
        let browser = Self {
            client,
            driver,
            is_watched,
            profile: profile.path().to_str().unwrap().to_owned(),
            _folder: profile,
        };
        browser.resize(width, height, false).await;
        browser
    }

    /// The size of the page, as of a screen of that kind.
    pub async fn resize(&self, width: u32, height: u32, dark: bool) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
        let scheme = if dark { "dark" } else { "light" };
        let features = json!({ "features": [
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ] });
        self.devtools("Emulation.setEmulatedMedia", features).await;
    }

    async fn devtools(&self, command: &'static str, parameters: Value) {
        let command = Devtools(command, parameters);
        self.client.issue_cmd(command).await.unwrap();
    }

    pub async fn goto(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    /// The value of an expression, once it is true: looked at with each frame that the page draws, and now and then while it
    /// draws none. It may come true on the page that follows this one. Fails after a while with what the page says then.
    pub async fn until(&self, expression: &str) -> Value {
        let ends = Instant::now() + PATIENCE;
        let answer = loop {
            match self.looks(expression).await {
                Ok(answer) => break answer,
                // Chromium's driver may tell a page that left while the script ran as a timeout, however early it is
                // (github.com/w3c/webdriver/issues/1856).
                Err(error) => assert!(Instant::now() < ends, "waited in vain for {expression}: {error}"),
            }
            sleep(PAUSE).await;
        };
        assert!(
            answer["page"].is_null(),
            "waited in vain for {expression}; the page says:\n{}",
            answer["page"].as_str().unwrap_or_default()
        );
        answer["found"].clone()
    }

    async fn looks(&self, expression: &str) -> Result<Value, CmdError> {
        let patience_ms = PATIENCE.as_millis();
        let script = format!(
            "const done = arguments[0];
            const value = () => {{ try {{ return ({expression}); }} catch (error) {{ return undefined; }} }};
            const ends = performance.now() + {patience_ms};
            const look = () => {{
                const found = value();
                if (found) {{ done({{ found }}); return; }}
                if (performance.now() > ends) {{ done({{ page: document.body.innerText.slice(0, 4000) }}); return; }}
                let looked = false;
                const once = () => {{ if (!looked) {{ looked = true; look(); }} }};
                requestAnimationFrame(once);
                setTimeout(once, 250);
            }};
            look();"
        );
        self.client.execute_async(&script, Vec::new()).await
    }

    /// The value of an expression now.
    pub async fn value(&self, expression: &str) -> Value {
        let script = format!("return ({expression});");
        self.client.execute(&script, Vec::new()).await.unwrap()
    }

    /// The last element of that kind that can be seen.
    pub async fn find(&self, css: &str) -> Element {
        let seen = format!(
            "[...document.querySelectorAll({css:?})].some((one) => one.checkVisibility() && !one.disabled)"
        );
        let ends = Instant::now() + PATIENCE;
        loop {
            self.until(&seen).await;
            let found = self.client.find_all(Locator::Css(css)).await;
            for element in found.unwrap_or_default().into_iter().rev() {
                if element.is_displayed().await.unwrap_or(false) {
                    return element;
                }
            }
            assert!(Instant::now() < ends, "{css} can't be seen");
            sleep(PAUSE).await;
        }
    }

    /// Clicks the last visible element of that kind, as a person would: it must be in reach of the pointer.
    pub async fn click(&self, css: &str) {
        let ends = Instant::now() + PATIENCE;
        // A list that grows moves its last element away, and what was just told lies over it for seconds: found anew, as a
        // person aims anew.
        while let Err(error) = self.find(css).await.click().await {
            assert!(Instant::now() < ends, "{css} can't be clicked: {error}");
            sleep(PAUSE).await;
        }
    }

    /// Writes into a field, in place of what it holds.
    pub async fn writes(&self, css: &str, text: &str) {
        let ends = Instant::now() + PATIENCE;
        let mut lost = 0;
        loop {
            match self.written(css, text).await {
                Ok(Some(holds)) if holds == text => return,
                // A page that reads its state anew may fill the field between our emptying it and our first key. One that does so
                // again takes from people what they type.
                Ok(holds) => {
                    lost += 1;
                    assert!(lost < 2, "{css} holds {holds:?}, not the {text} that was typed");
                }
                Err(error) => assert!(Instant::now() < ends, "{text} can't be written to {css}: {error}"),
            }
            sleep(PAUSE).await;
        }
    }

    /// What a field holds once it was emptied and written to.
    async fn written(&self, css: &str, text: &str) -> Result<Option<String>, CmdError> {
        let field = self.find(css).await;
        field.clear().await?;
        field.send_keys(text).await?;
        field.prop("value").await
    }

    /// Presses keys, wherever the focus is.
    pub async fn keys(&self, keys: &str) {
        let mut actions = KeyActions::new("keyboard".to_owned());
        for value in keys.chars() {
            actions = actions
                .then(KeyAction::Down { value })
                .then(KeyAction::Up { value });
        }
        self.client.perform_actions(actions).await.unwrap();
    }

    /// What the page complained about, and where it asked for something that is not on this machine.
    pub async fn complaints(&self) -> Vec<String> {
        let mut told = Vec::new();
        let console = self.client.issue_cmd(ReadLog("browser")).await.unwrap();
        for entry in console.as_array().into_iter().flatten() {
            if entry["level"] == "SEVERE" || entry["level"] == "WARNING" {
                told.push(format!("{}: {}", entry["level"], entry["message"]));
            }
        }
        if !self.is_watched {
            return told;
        }
        let performance = self.client.issue_cmd(ReadLog("performance")).await.unwrap();
        for entry in performance.as_array().into_iter().flatten() {
            let text = entry["message"].as_str().unwrap_or_default();
            let message: Value = serde_json::from_str(text).unwrap_or_default();
            let url = &message["message"]["params"]["request"]["url"];
            let url = url.as_str().unwrap_or_default();
            if message["message"]["method"] == "Network.requestWillBeSent" && !is_local(url) {
                told.push(format!("a request left this machine: {url}"));
            }
        }
        told
    }

    /// Closes the window; what it saw must be clean.
    pub async fn close(self) {
        let told = self.complaints().await;
        self.leave().await;
        assert!(told.is_empty(), "{}", told.join("\n"));
    }

    /// Closes the window whatever it saw.
    pub async fn leave(mut self) {
        let client = self.client.clone();
        client.close().await.unwrap();
        self.driver.kill().unwrap();
        self.driver.wait().unwrap();
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        drop(self.driver.kill());
        drop(self.driver.wait());
        // A driver that is killed leaves its browser behind; only this one has our folder among its arguments.
        let found = Command::new("pgrep").arg("-f").arg(&self.profile).output();
        for pid in found
            .map(|told| told.stdout)
            .unwrap_or_default()
            .split(|byte| *byte == b'\n')
        {
            if !pid.is_empty() {
                let pid = String::from_utf8_lossy(pid).into_owned();
                drop(
                    Command::new("kill")
                        .args(["-KILL", &pid])
                        .stderr(Stdio::null())
                        .status(),
                );
            }
        }
    }
}

fn is_local(url: &str) -> bool {
    let is_of_the_web = ["http://", "https://", "ws://", "wss://", "ftp://"]
        .iter()
        .any(|scheme| url.starts_with(scheme));
    !is_of_the_web || url.starts_with("http://127.0.0.1:")
}

/// ChromeDriver says on which port it listens.
fn port_of(driver: &mut Child) -> u16 {
    let output = BufReader::new(driver.stdout.take().unwrap());
    for line in output.lines() {
        let line = line.unwrap();
        if let Some((_, port)) = line.split_once("started successfully on port ") {
            return port.trim_end_matches('.').parse().unwrap();
        }
    }
    panic!("chromedriver did not start");
}

fn capabilities(profile: &str, is_watched: bool) -> Capabilities {
    let requests = if is_watched { "ALL" } else { "OFF" };
    let patience_ms = u64::try_from(PATIENCE.as_millis()).unwrap();
    let arguments = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--no-first-run",
        "--lang=en-US",
        &format!("--user-data-dir={profile}"),
    ];
    let capabilities = json!({
        "goog:chromeOptions": { "args": arguments },
        "goog:loggingPrefs": { "browser": "ALL", "performance": requests },
        "timeouts": { "script": 2 * patience_ms, "implicit": 0, "pageLoad": patience_ms },
    });
    let Value::Object(capabilities) = capabilities else {
        unreachable!("an object")
    };
    capabilities.into_iter().collect()
}
