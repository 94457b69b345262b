//! `GET /console/api/trace`: the gateway's steps, as they happen, as server-sent events. They name no customer, but they are those
//! of all merchants, so an operator's key is needed.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::Ordering;

use actix_web::web::{Bytes, Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use tokio::sync::broadcast::error::RecvError;

use super::not_found;
use super::session::visitor;
use super::sessions::Digest;
use crate::http::State;
use crate::http::problem::{ApiError, Code};
use crate::trace::{Traced, Watching};

/// How often a silent stream gives a sign of life.
const ALIVE_MS: u64 = 15_000;
const ALIVE: &[u8] = b": alive\n\n";
const MISSED: &[u8] = b"event: missed\ndata: {}\n\n";

/// Behind which step.
#[derive(Deserialize)]
pub(in crate::http) struct Behind {
    after: Option<u64>,
}

/// `GET /console/api/trace`
pub(in crate::http) async fn watch(
    state: Data<State>,
    request: HttpRequest,
    behind: Query<Behind>,
) -> Result<HttpResponse, ApiError> {
    let visitor = visitor(&state, &request)?;
    if visitor.key.merchant.is_some() {
        let detail = "the steps are those of all merchants: sign in with an operator's key (merchant \"*\")";
        return Err(ApiError::new(Code::ForbiddenScope, detail));
    }
    let session = visitor.session.map(|(digest, _)| digest);
    let last = request
        .headers()
        .get("last-event-id")
        .and_then(|value| value.to_str().ok()?.parse().ok());
    let after = last.or(behind.after).unwrap_or(0);
    let (former, coming) = state.engine.trace().watch(after).ok_or_else(|| {
        not_found("nothing is traced here, or too many watch already: close one of the pages that do")
    })?;
    let mut ready = VecDeque::from([Bytes::from_static(ALIVE)]);
    ready.extend(former.iter().map(told));
    let watching = Watcher {
        state: state.clone(),
        session,
        ready,
        coming,
    };
    let steps = futures::stream::unfold(watching, |mut watching| async move {
        let text = watching.next().await?;
        Some((Ok::<Bytes, io::Error>(text), watching))
    });
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header(("x-accel-buffering", "no"))
        .streaming(steps))
}

struct Watcher {
    state: Data<State>,
    session: Option<Digest>,
    ready: VecDeque<Bytes>,
    coming: Watching,
}

impl Watcher {
    /// What is sent next; `None` when the stream ends: with its session, and with the gateway.
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(text) = self.ready.pop_front() {
            return Some(text);
        }
        if self.is_over() {
            return None;
        }
        let silence = self.state.engine.clock().sleep_ms(ALIVE_MS);
        let text = tokio::select! {
            step = self.coming.next() => match step {
                Ok(step) => told(&step),
                Err(RecvError::Lagged(_)) => Bytes::from_static(MISSED),
                Err(RecvError::Closed) => return None,
            },
            () = silence => Bytes::from_static(ALIVE),
        };
        // Whoever signed out while it waited gets nothing more.
        (!self.is_over()).then_some(text)
    }

    /// True when the session has ended, or the gateway is about to.
    fn is_over(&self) -> bool {
        let now_ms = self.state.engine.clock().now_ms();
        let has_ended = |digest: &Digest| !self.state.console.holds(digest, now_ms);
        self.state.draining.load(Ordering::Relaxed) || self.session.as_ref().is_some_and(has_ended)
    }
}

fn told(step: &Traced) -> Bytes {
    let data = serde_json::to_string(step).unwrap_or_default();
    Bytes::from(format!("id: {}\ndata: {data}\n\n", step.seq))
}
