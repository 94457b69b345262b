//! The way to the collector: batches, back-off, an end. What can't be delivered is dropped and counted; the log says once that it
//! goes wrong and once that it goes well again.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::span::Span;
use super::{Settings, dropped, otlp};

/// Spans of one call.
const BATCH_MAX: usize = 512;
/// How long a batch is gathered.
const GATHER: Duration = Duration::from_secs(1);
/// Pauses between tries of one batch; the collector may ask for longer ones, up to [`PAUSE_MAX`].
const PAUSES: [Duration; 4] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// Largest answer that is read.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

pub(super) struct Sender {
    settings: Settings,
    http: reqwest::Client,
    waiting: mpsc::Receiver<Span>,
    stop: CancellationToken,
    is_failing: bool,
}

/// How a call ended.
enum Answer {
    /// Taken, but for so many.
    Taken(u64),
    /// Not now; after a pause, if one is asked for.
    Later(Option<Duration>, String),
    /// Not at all.
    Refused(String),
}

impl Sender {
    pub(super) fn new(
        settings: Settings,
        http: reqwest::Client,
        waiting: mpsc::Receiver<Span>,
        stop: CancellationToken,
    ) -> Self {
        Self {
            settings,
            http,
            waiting,
            stop,
            is_failing: false,
        }
    }

    /// Sends until the queue has ended and is empty.
    pub(super) async fn run(mut self) {
        let mut batch = Vec::new();
        while self.waiting.recv_many(&mut batch, BATCH_MAX).await > 0 {
            if batch.len() < BATCH_MAX {
                self.pause(GATHER).await;
                while batch.len() < BATCH_MAX
                    && let Ok(span) = self.waiting.try_recv()
                {
                    batch.push(span);
                }
            }
            self.deliver(&batch).await;
            batch.clear();
        }
    }

    /// Waits, unless the gateway ends.
    async fn pause(&self, pause: Duration) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }

    async fn deliver(&mut self, batch: &[Span]) {
        let count = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        let body = otlp::body(batch, &self.settings.service_name, &self.settings.instance);
        let mut pauses = PAUSES.into_iter();
        loop {
            match self.call(body.clone()).await {
                Answer::Taken(rejected) => {
                    if rejected > 0 {
                        dropped("refused", rejected.min(count));
                    }
                    if self.is_failing {
                        tracing::info!("the collector takes traces again");
                    }
                    self.is_failing = false;
                    return;
                }
                Answer::Refused(problem) => return self.fails("refused", count, &problem),
                Answer::Later(asked, problem) => match pauses.next() {
                    Some(pause) if !self.stop.is_cancelled() => {
                        self.pause(asked.unwrap_or(pause).min(PAUSE_MAX)).await;
                    }
                    Some(_) | None => return self.fails("unreachable", count, &problem),
                },
            }
        }
    }

    fn fails(&mut self, why: &'static str, count: u64, problem: &str) {
        dropped(why, count);
        if !self.is_failing {
            tracing::warn!(
                problem,
                "traces can't be delivered and are dropped; see tracing.endpoint"
            );
        }
        self.is_failing = true;
    }

    async fn call(&self, body: Vec<u8>) -> Answer {
        let headers = self.settings.headers.borrow().clone();
        let mut request = self
            .http
            .post(&self.settings.url)
            .header("content-type", "application/json")
            .body(body);
        for (name, value) in &headers {
            request = request.header(name, value);
        }
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) if error.is_builder() => return Answer::Refused(error.without_url().to_string()),
            Err(error) => return Answer::Later(None, error.without_url().to_string()),
        };
        let http = response.status().as_u16();
        let asked = response
            .headers()
            .get("retry-after")
            .and_then(|value| value.to_str().ok()?.parse().ok())
            .map(Duration::from_secs);
        match http {
            200..300 => Answer::Taken(read(response).await),
            // What may be sent again (OTLP 1.x, "Failures").
            429 | 502 | 503 | 504 => Answer::Later(asked, format!("HTTP {http}")),
            _ => Answer::Refused(format!("HTTP {http}")),
        }
    }
}

/// How many spans were not taken; an answer that can't be read counts as one that took all.
async fn read(mut response: reqwest::Response) -> u64 {
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > ANSWER_BYTES_MAX {
            return 0;
        }
    }
    otlp::rejected(&bytes)
}
