//! The gateway's steps as a live stream (server-sent events), and what webhooks and callbacks tell it. Who may watch is the
//! business of the route; no body, name or address is in it.

use std::collections::VecDeque;
use std::time::Duration;

use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, ResponseError as _};
use futures::stream;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::State;
use super::problem::{ApiError, Code};
use crate::trace::{Step, Trace, Traced, Watching, took_us};
use crate::whatsapp::inbound::{self, Update};

/// A sign of life goes out that often, so that proxies keep the connection.
const ALIVE_EVERY: Duration = Duration::from_secs(15);
const ALIVE: &str = ": alive\n\n";
const MISSED: &str = "event: missed\ndata: {}\n\n";

/// Tells that a signed webhook was taken, or refused by the store.
pub(super) fn webhook(state: &State, bytes: &[u8], is_taken: bool, watched: Option<Instant>) {
    let took_us = took_us(watched);
    state.engine.trace().tell(state.engine.clock().now_ms(), || {
        let updates = inbound::parse(bytes).unwrap_or_default();
        let (mut items, mut messages, mut causes) = (Vec::new(), Vec::new(), Vec::new());
        for update in &updates {
            items.push(kind_of(update).to_owned());
            if let Update::Message(message) = update {
                messages.push(message.id.clone());
            }
            causes.extend(event_id(update));
        }
        Step::Webhook {
            from: "provider",
            bytes: bytes.len(),
            items,
            messages,
            causes,
            http: if is_taken { 200 } else { 503 },
            took_us,
        }
    });
}

/// Tells that a merchant's callback was taken, or not. `cause` is the id of the event that it may become.
pub(super) fn callback(state: &State, bytes: &[u8], cause: &str, is_taken: bool, watched: Option<Instant>) {
    let took_us = took_us(watched);
    state.engine.trace().tell(state.engine.clock().now_ms(), || {
        let body: Option<serde_json::Value> = serde_json::from_slice(bytes).ok();
        let kind = body.as_ref().and_then(|body| body.get("type")?.as_str());
        Step::Webhook {
            from: "merchant",
            bytes: bytes.len(),
            items: kind.map(word).into_iter().collect(),
            messages: Vec::new(),
            causes: vec![cause.to_owned()],
            http: if is_taken { 200 } else { 503 },
            took_us,
        }
    });
}

/// Tells that a body was refused for its signature.
pub(super) fn refused(state: &State, from: &'static str, bytes: usize, watched: Option<Instant>) {
    let took_us = took_us(watched);
    state
        .engine
        .trace()
        .tell(state.engine.clock().now_ms(), || Step::Webhook {
            from,
            bytes,
            items: Vec::new(),
            messages: Vec::new(),
            causes: Vec::new(),
            http: 401,
            took_us,
        });
}

fn kind_of(update: &Update) -> &'static str {
    match update {
        Update::Message(_) => "message",
        Update::Status(_) => "status",
        Update::Moved { .. } => "moved",
        Update::Echo { .. } => "echo",
        Update::History { .. } => "history",
        Update::AccountError { .. } => "account_error",
        Update::Unrecognised { .. } => "unrecognised",
        Update::Poison { .. } => "poison",
    }
}

/// The id of the event that an update becomes, if it becomes one.
fn event_id(update: &Update) -> Option<String> {
    match update {
        Update::Message(message) => Some(format!("in:{}", message.id)),
        Update::Moved { id, .. } | Update::Echo { id, .. } => Some(format!("in:{id}")),
        Update::Status(_)
        | Update::History { .. }
        | Update::AccountError { .. }
        | Update::Unrecognised { .. }
        | Update::Poison { .. } => None,
    }
}

/// The kind of a callback, when it looks like one: whoever sends it chooses the text.
pub(super) fn word(kind: &str) -> String {
    let is_plain = kind.len() <= 40
        && kind
            .chars()
            .all(|c| c.is_ascii_lowercase() || matches!(c, '.' | '_' | '-'));
    let word = if is_plain { kind } else { "other" };
    word.to_owned()
}

/// The stream of steps, from `?after=` or `Last-Event-ID` on, until `stop`, or until the watcher's time `is_over`: that is asked
/// before each line.
pub fn watch(
    trace: &Trace,
    request: &HttpRequest,
    stop: CancellationToken,
    is_over: impl Fn() -> bool + Send + 'static,
) -> HttpResponse {
    let Some((former, coming)) = trace.watch(resume_at(request)) else {
        let error = ApiError::new(
            Code::NotFound,
            "nothing is traced here, or too many watch already: close one of the pages that do",
        );
        return error.error_response();
    };
    // The first line opens the stream at the other end, however long nothing happens.
    let mut ready = VecDeque::from([ALIVE.to_owned()]);
    ready.extend(former.iter().map(event));
    let watcher = Watcher {
        ready,
        coming,
        stop,
        is_over: Box::new(is_over),
    };
    let lines = stream::unfold(watcher, |mut watcher| async move {
        let line = watcher.next().await?;
        Some((Ok::<Bytes, std::convert::Infallible>(Bytes::from(line)), watcher))
    });
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header(("cache-control", "no-store"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(lines)
}

fn resume_at(request: &HttpRequest) -> u64 {
    let header = request
        .headers()
        .get("last-event-id")
        .and_then(|value| value.to_str().ok());
    let query = request
        .query_string()
        .split('&')
        .find_map(|pair| pair.strip_prefix("after="));
    header.or(query).and_then(|text| text.parse().ok()).unwrap_or(0)
}

struct Watcher {
    ready: VecDeque<String>,
    coming: Watching,
    stop: CancellationToken,
    is_over: Box<dyn Fn() -> bool + Send>,
}

impl Watcher {
    /// The next lines; `None` when the stream ends.
    async fn next(&mut self) -> Option<String> {
        let line = if let Some(line) = self.ready.pop_front() {
            line
        } else {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return None,
                came = self.coming.next() => match came {
                    Ok(traced) => event(&traced),
                    Err(RecvError::Lagged(_)) => MISSED.to_owned(),
                    Err(RecvError::Closed) => return None,
                },
                () = tokio::time::sleep(ALIVE_EVERY) => ALIVE.to_owned(),
            }
        };
        // Whoever signed out while this waited gets nothing more.
        (!(self.is_over)()).then_some(line)
    }
}

fn event(traced: &Traced) -> String {
    let data = serde_json::to_string(traced).unwrap_or_default();
    format!("id: {}\ndata: {data}\n\n", traced.seq)
}
