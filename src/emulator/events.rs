//! `GET /emulator/events`: the feed as server-sent events, for the playground and for tests. It owns the places for watchers and
//! ends their streams at once when the emulator stops; what is worth telling is decided elsewhere.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;

use actix_web::web::{self, Bytes, Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use futures::stream;
use serde::Deserialize;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::clock::{Clock, MovableClock};

use super::answers::problem;
use super::feed::Told;
use super::world::World;

const WATCHERS_MAX: usize = 64;
const ALIVE_MS: u64 = 15_000;
const ALIVE: &str = ": alive\n\n";
const MISSED: &str = "event: missed\ndata: {}\n\n";

/// The places for watchers, and what ends their streams.
pub struct Watchers {
    places: Arc<Semaphore>,
    stop: CancellationToken,
}

impl Watchers {
    /// All places free.
    pub fn new(stop: CancellationToken) -> Self {
        Self {
            places: Arc::new(Semaphore::new(WATCHERS_MAX)),
            stop,
        }
    }
}

/// Registers the route.
pub fn routes(app: &mut web::ServiceConfig) {
    app.service(web::resource("/emulator/events").route(web::get().to(events)));
}

#[derive(Deserialize)]
struct After {
    after: Option<u64>,
}

async fn events(
    world: Data<World>,
    watchers: Data<Watchers>,
    request: HttpRequest,
    query: Query<After>,
) -> HttpResponse {
    let Ok(place) = Arc::clone(&watchers.places).try_acquire_owned() else {
        let detail = format!("{WATCHERS_MAX} watch already; close one and come back");
        return problem(503, "too_many_watchers", &detail);
    };
    let watch = world.feed.watch(last_event_id(&request).or(query.after));
    let mut ready = VecDeque::from([Bytes::from_static(ALIVE.as_bytes())]);
    if watch.missed {
        ready.push_back(Bytes::from_static(MISSED.as_bytes()));
    }
    ready.extend(watch.former.iter().filter_map(event));
    let watcher = Watcher {
        ready,
        coming: watch.coming,
        clock: world.clock.clone(),
        stop: watchers.stop.clone(),
        _place: place,
    };
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header(("cache-control", "no-store"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(stream::unfold(watcher, next))
}

/// What a browser that lost its stream says; newer than the `after` of its first request.
fn last_event_id(request: &HttpRequest) -> Option<u64> {
    request
        .headers()
        .get("last-event-id")?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

struct Watcher {
    ready: VecDeque<Bytes>,
    coming: broadcast::Receiver<Told>,
    clock: MovableClock,
    stop: CancellationToken,
    /// Given back when the stream is dropped.
    _place: OwnedSemaphorePermit,
}

async fn next(mut watcher: Watcher) -> Option<(Result<Bytes, Infallible>, Watcher)> {
    loop {
        if watcher.stop.is_cancelled() {
            return None;
        }
        if let Some(bytes) = watcher.ready.pop_front() {
            return Some((Ok(bytes), watcher));
        }
        let bytes = tokio::select! {
            () = watcher.stop.cancelled() => return None,
            told = watcher.coming.recv() => match told {
                Ok(told) => event(&told),
                Err(RecvError::Lagged(_)) => Some(Bytes::from_static(MISSED.as_bytes())),
                Err(RecvError::Closed) => return None,
            },
            () = watcher.clock.sleep_ms(ALIVE_MS) => Some(Bytes::from_static(ALIVE.as_bytes())),
        };
        watcher.ready.extend(bytes);
    }
}

/// One piece of news as an event. JSON has no line ends of its own, so one `data:` line holds it.
fn event(told: &Told) -> Option<Bytes> {
    let json = serde_json::to_string(told).ok()?;
    Some(Bytes::from(format!("id: {}\ndata: {json}\n\n", told.seq)))
}

#[cfg(test)]
mod tests {
    use super::super::feed::{Feed, News};
    use super::*;

    fn watcher(feed: &Feed, stop: &CancellationToken) -> Watcher {
        let watch = feed.watch(None);
        Watcher {
            ready: VecDeque::new(),
            coming: watch.coming,
            clock: MovableClock::fixed(),
            stop: stop.clone(),
            _place: Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap(),
        }
    }

    async fn told(watcher: Watcher) -> (String, Watcher) {
        let (Ok(bytes), watcher) = next(watcher).await.unwrap();
        (String::from_utf8(bytes.to_vec()).unwrap(), watcher)
    }

    #[tokio::test]
    async fn news_travel_with_their_number_and_a_stop_ends_the_stream() {
        let (feed, stop) = (Feed::default(), CancellationToken::new());
        let watcher = watcher(&feed, &stop);
        feed.tell(7, News::Reset);

        let (text, watcher) = told(watcher).await;
        stop.cancel();

        assert_eq!(
            text,
            "id: 1\ndata: {\"seq\":1,\"at_ms\":7,\"what\":\"reset\"}\n\n"
        );
        assert!(next(watcher).await.is_none());
    }

    #[tokio::test]
    async fn a_watcher_that_fell_behind_is_told_so_and_goes_on() {
        let (feed, stop) = (Feed::default(), CancellationToken::new());
        let watcher = watcher(&feed, &stop);
        for at_ms in 0..2_000 {
            feed.tell(at_ms, News::Controls);
        }

        let (first, watcher) = told(watcher).await;
        let (second, _) = told(watcher).await;

        assert_eq!(first, MISSED);
        assert!(second.starts_with("id: 977\n"), "{second}");
    }
}
