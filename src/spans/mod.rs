//! Traces for whoever collects them by OpenTelemetry: the gateway's steps (`trace`) become spans and go out as OTLP over HTTP in
//! JSON. It owns what a span is, their queue and their way out; it refuses to hold the gateway up (what does not fit is dropped
//! and counted) and to know anything that a step does not say.

use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::tasks::Tasks;
use crate::trace::{Trace, Traced, Watching};

mod otlp;
mod sender;
mod span;
mod story;

use sender::Sender;
use span::Span;
use story::Story;

/// Spans that may wait for the collector.
const QUEUE_MAX: usize = 8_192;

/// Headers of each call: name and value. The values may be secrets.
pub type Headers = Vec<(String, String)>;

/// Where spans go, and how many.
pub struct Settings {
    /// The collector's address for traces.
    pub url: String,
    /// The headers as they are now: a secret may be exchanged meanwhile.
    pub headers: watch::Receiver<Headers>,
    /// Of a hundred traces so many go out.
    pub sample_percent: u8,
    /// What the collector calls this program.
    pub service_name: String,
    /// What it calls this process of it: replicas have the same name.
    pub instance: String,
}

/// Follows the steps of `trace` until `tasks` are stopped, and then what was told before. `http` is the client for the collector.
pub fn start(settings: Settings, http: reqwest::Client, trace: &Trace, tasks: &Tasks) {
    let Some((_, watching)) = trace.watch(u64::MAX) else {
        tracing::warn!("no traces go out: nothing is traced here, or too many watch already");
        return;
    };
    trace.collect(settings.sample_percent);
    let (queue, waiting) = mpsc::channel(QUEUE_MAX);
    let follower = Follower {
        watching,
        story: Story::new(settings.sample_percent),
        queue,
    };
    let sender = Sender::new(settings, http, waiting, tasks.stop_token());
    let stop = tasks.stop_token();
    tasks.spawn("spans", follower.run(stop));
    tasks.spawn("spans_out", sender.run());
}

/// Counts spans that nobody will see: `behind` (of steps that were told too fast), `queue_full`, `refused`, `unreachable`.
fn dropped(why: &'static str, count: u64) {
    metrics::counter!("sacola_spans_dropped_total", "why" => why).increment(count);
}

struct Follower {
    watching: Watching,
    story: Story,
    queue: mpsc::Sender<Span>,
}

impl Follower {
    async fn run(mut self, stop: CancellationToken) {
        loop {
            let came = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                came = self.watching.next() => came,
            };
            match came {
                Ok(traced) => self.tell(&traced),
                Err(RecvError::Lagged(steps)) => dropped("behind", steps),
                Err(RecvError::Closed) => return,
            }
        }
        // The gateway has ended: what it told last is all there.
        loop {
            match self.watching.ready() {
                Ok(traced) => self.tell(&traced),
                Err(TryRecvError::Lagged(steps)) => dropped("behind", steps),
                Err(TryRecvError::Empty | TryRecvError::Closed) => return,
            }
        }
    }

    fn tell(&mut self, traced: &Traced) {
        for span in self.story.spans_of(traced) {
            if self.queue.try_send(span).is_err() {
                dropped("queue_full", 1);
            }
        }
    }
}
