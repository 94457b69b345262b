//! The end of a run: no more faults, everything that is open is finished, and what is left is judged.

use sacola::store::Store;

use super::invariants::Invariant;
use super::mail::{Content, Mail};
use super::stage::Crossing;
use super::world::World;

/// Rounds after which something will never come to rest.
const ROUNDS: usize = 400;

impl World {
    /// The faults are over: every webhook is posted until it is accepted, every lane is served.
    pub async fn comes_to_rest(&mut self) {
        self.tell(|| "-- no more faults --".to_owned());
        for replica in &mut self.replicas {
            replica.frozen_until_ms = 0;
        }
        for _ in 0..ROUNDS {
            self.gives_way().await;
            self.late_requests_arrive();
            self.posts_what_is_open();
            self.gives_way().await;
            self.serves_what_waits();
            self.gives_way().await;
            for replica in &self.replicas {
                replica.sweep();
                replica.walk();
            }
            self.gives_way().await;
            match self.next_ms().await {
                Some(at_ms) => {
                    let mut inner = self.stage();
                    inner.now_ms = inner.now_ms.max(at_ms);
                    drop(inner);
                    self.wakes_sleepers();
                }
                None => return,
            }
        }
        let due: Vec<String> = self.shared.model.look(|model| {
            let lanes = model.all_lanes().iter();
            let waiting = lanes.filter(|(_, lane)| !lane.items.is_empty());
            waiting.map(|(id, lane)| format!("{id:?}: {lane:?}")).collect()
        });
        let open: Vec<String> = self
            .mails
            .iter()
            .filter(|mail| !mail.is_accepted)
            .map(Mail::what)
            .collect();
        let what = format!("lanes {due:?} and webhooks {open:?} never come to rest");
        self.stage().ledger.violate(Invariant::Rest, what);
    }

    fn posts_what_is_open(&mut self) {
        let told: Vec<_> = std::mem::take(&mut self.outside().statuses);
        let told = told
            .into_iter()
            .map(|news| Mail::new(Content::Status(Box::new(news))));
        self.mails.extend(told);
        for index in 0..self.mails.len() {
            let is_open = self
                .mails
                .get(index)
                .is_some_and(|mail| !mail.is_accepted && mail.under_way.is_empty());
            if is_open {
                self.posts_to_somebody(index);
            }
        }
    }

    fn serves_what_waits(&mut self) {
        let now_ms = self.now_ms();
        for replica in &mut self.replicas {
            let (due, held) = std::mem::take(&mut replica.held)
                .into_iter()
                .partition(|(at_ms, _)| *at_ms <= now_ms);
            replica.held = held;
            let due: Vec<_> = due;
            for (_, head) in due {
                replica.serve(head);
            }
            let (due, later) = std::mem::take(&mut replica.later)
                .into_iter()
                .partition(|(at_ms, _)| *at_ms <= now_ms);
            replica.later = later;
            let due: Vec<_> = due;
            for (_, lane) in due {
                replica.ask_for(lane);
            }
        }
    }

    fn wakes_sleepers(&mut self) {
        let now_ms = self.now_ms();
        let due: Vec<u64> = self
            .stage()
            .waiting
            .iter()
            .filter(
                |(_, waiting)| matches!(waiting.crossing, Crossing::Sleep(until_ms) if until_ms <= now_ms),
            )
            .map(|(serial, _)| *serial)
            .collect();
        for serial in due {
            self.gives(serial, super::stage::Cue::Go);
        }
    }

    /// When the next thing can happen; `None`: nothing is left to happen.
    async fn next_ms(&self) -> Option<i64> {
        let now_ms = self.now_ms();
        let mut times: Vec<i64> = Vec::new();
        for replica in &self.replicas {
            times.extend(replica.held.iter().map(|(at_ms, _)| *at_ms));
        }
        times.extend(
            self.stage()
                .waiting
                .values()
                .filter_map(|waiting| match waiting.crossing {
                    Crossing::Sleep(until_ms) => Some(until_ms),
                    Crossing::Read
                    | Crossing::Write
                    | Crossing::Send
                    | Crossing::Ask
                    | Crossing::Submit
                    | Crossing::Answer => None,
                }),
        );
        if self.mails.iter().any(|mail| !mail.is_accepted) || !self.outside().statuses.is_empty() {
            times.push(now_ms + 1_000);
        }
        if !self
            .shared
            .model
            .records("price-update-running")
            .await
            .unwrap()
            .is_empty()
        {
            times.push(now_ms + 20_000);
        }
        // Two seconds more, because clocks of replicas are off by that much.
        times.extend(self.shared.model.look(|model| {
            let due = model.all_lanes().values().filter_map(|lane| lane.due_ms);
            due.map(|due_ms| due_ms.max(now_ms) + 2_000).min()
        }));
        times.into_iter().min().map(|at_ms| at_ms.max(now_ms + 1))
    }
}
