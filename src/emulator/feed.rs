//! What happens in this world, live: a bounded memory of news and a channel for those who watch (`GET /emulator/events`).
//! It keeps facts about calls and never a body; refusing and deciding are done elsewhere.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use tokio::sync::broadcast;

/// News that late watchers still get.
const KEPT: usize = 1_000;
/// News that a slow watcher may be behind before it misses some.
const BEHIND: usize = 1_024;

/// One thing that happened.
#[derive(Clone, Debug, Serialize)]
pub struct Told {
    /// Grows by one; a watcher that sees a hole has missed something.
    pub seq: u64,
    /// The world's clock.
    pub at_ms: i64,
    #[serde(flatten)]
    pub news: News,
}

/// The kinds of news. `took_us` is wall time in microseconds; `http` is 0 when there was no answer.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum News {
    /// Something in this phone's chat is new: a message, a status, a cart, typing.
    Phone { phone: String },
    /// One attempt to deliver a webhook to the gateway. `carries`: `message text`, `status delivered`, …; `inner_ids`: the inner
    /// ids of the messages they are about, in the same order; `effect_ids`: of statuses that carry callback data.
    Webhook {
        phone: Option<String>,
        carries: Vec<String>,
        inner_ids: Vec<String>,
        effect_ids: Vec<String>,
        attempt: u32,
        bytes: usize,
        http: u16,
        took_us: u64,
    },
    /// A call of the Graph API. `path` without its query and without the token.
    Graph {
        method: String,
        path: String,
        phone: Option<String>,
        /// The second part of `biz_opaque_callback_data`.
        kind: Option<String>,
        /// Its third part.
        effect_id: Option<String>,
        inner_id: Option<String>,
        http: u16,
        code: Option<i64>,
        took_us: u64,
    },
    /// A call of the demo shop's API by the gateway.
    Shop {
        method: String,
        path: String,
        purchase_id: Option<String>,
        http: u16,
        took_us: u64,
    },
    /// One attempt of the shop to tell the gateway something.
    Callback { kind: String, http: u16, took_us: u64 },
    /// A product was changed at the shop's desk.
    Product { retailer_id: String },
    /// The clock was moved.
    Clock { now_ms: i64 },
    /// Faults or the shop's mode were changed.
    Controls,
    /// Everything was forgotten.
    Reset,
}

/// The memory and the channel.
#[derive(Debug)]
pub struct Feed {
    kept: Mutex<Kept>,
    watchers: broadcast::Sender<Told>,
}

#[derive(Debug, Default)]
struct Kept {
    next: u64,
    news: VecDeque<Told>,
}

impl Default for Feed {
    fn default() -> Self {
        Self {
            kept: Mutex::default(),
            watchers: broadcast::channel(BEHIND).0,
        }
    }
}

/// What a watcher gets: what is kept of the past, oldest first, then all that comes; nothing is lost between the two.
#[derive(Debug)]
pub struct Watch {
    /// Some news between what the watcher knows and `former` are forgotten.
    pub missed: bool,
    pub former: VecDeque<Told>,
    pub coming: broadcast::Receiver<Told>,
}

impl Feed {
    /// Keeps and passes on one piece of news. Never waits; may be called while the world's state is locked.
    pub fn tell(&self, at_ms: i64, news: News) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.next += 1;
        let told = Told {
            seq: kept.next,
            at_ms,
            news,
        };
        if kept.news.len() >= KEPT {
            kept.news.pop_front();
        }
        kept.news.push_back(told.clone());
        // No watcher is no fault.
        drop(self.watchers.send(told));
    }

    /// What came after `known`, or all that is kept when the watcher knows nothing. A number that was never given is one of a
    /// former run: that watcher gets all too, and is told that it missed some.
    pub fn watch(&self, known: Option<u64>) -> Watch {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let foreign = known.is_some_and(|known| known > kept.next);
        let after = known.filter(|_| !foreign).unwrap_or(0);
        let former: VecDeque<Told> = kept
            .news
            .iter()
            .filter(|told| told.seq > after)
            .cloned()
            .collect();
        let oldest = former.front().map_or(after + 1, |told| told.seq);
        Watch {
            missed: foreign || (known.is_some() && oldest > after + 1),
            former,
            coming: self.watchers.subscribe(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watcher_gets_what_is_kept_and_what_comes_without_a_hole() {
        let feed = Feed::default();
        feed.tell(1, News::Reset);
        feed.tell(2, News::Controls);

        let mut watch = feed.watch(Some(1));
        feed.tell(3, News::Clock { now_ms: 3 });

        let former: Vec<u64> = watch.former.iter().map(|told| told.seq).collect();
        assert_eq!(former, [2]);
        assert!(!watch.missed);
        assert_eq!(watch.coming.try_recv().unwrap().seq, 3);
    }

    #[test]
    fn the_oldest_are_forgotten_first() {
        let feed = Feed::default();
        for at in 0..=KEPT {
            feed.tell(i64::try_from(at).unwrap(), News::Controls);
        }

        let newcomer = feed.watch(None);
        let late = feed.watch(Some(0));

        assert_eq!(newcomer.former.len(), KEPT);
        assert_eq!(newcomer.former[0].seq, 2);
        assert!(!newcomer.missed);
        assert!(late.missed);
    }

    #[test]
    fn who_comes_back_after_a_restart_gets_all_and_hears_that_it_missed_some() {
        let feed = Feed::default();
        feed.tell(1, News::Controls);

        let watch = feed.watch(Some(500));

        assert!(watch.missed);
        assert_eq!(watch.former.len(), 1);
    }
}
