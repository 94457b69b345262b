//! Hop 7: performs effects from durable lanes and brings the world's answers back as events. It owns attempts, budgets,
//! back-off, reconciliation, statuses, the catalog mirror and price updates; it refuses to decide what a customer is told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use futures::future::join_all;
use tokio::sync::{Notify, mpsc};

use crate::domain::ids::{MerchantId, NumberId};
use crate::engine::{Engine, LaneWork};
use crate::live::Live;
use crate::merchants::payment_link::LinkRule;
use crate::store::{self, ClaimOutcome, Class, Head, LaneId, LaneKind, SettleOutcome};
use crate::tasks::{Streak, Tasks};
use crate::whatsapp::Provider;

mod answers;
mod counts;
mod forward;
mod gates;
mod held;
mod mirror;
mod pace;
mod parked;
mod products;
mod quote;
mod retention;
mod send;
mod sides;
mod slots;
mod statuses;
mod traced;
mod walk;

pub use answers::Interrupted;
pub use gates::{Gate, Reason, Stopped};
pub use mirror::Mirrored;
pub use products::{Learned, PriceUpdate, UpdateState};
pub use sides::Sides;
pub use slots::LanesAtOnce;

/// The beat between a commit and the start of what it caused: a crash right behind the 200 falls before the start mark, where
/// sending again is safe, and clicks that follow at once become one message (docs/decisions/0014).
const BEAT_MS: u64 = 10;
/// A message is held only when its turn comes that long before its lease ends.
const HOLD_MARGIN_MS: i64 = 500;
/// How often lanes that nobody serves are looked for.
pub const SWEEP_MS: u64 = 500;
/// Most lanes that one sweep picks up.
const SWEEP_LANES: usize = 256;
/// Lanes that are given back side by side when the program stops; they share the store's flushes.
const RELEASES_AT_ONCE: usize = 64;

/// What a merchant's side needs to know.
#[derive(Clone, Debug)]
pub struct MerchantSettings {
    /// Which payment links may be sent.
    pub links: LinkRule,
    /// How often the catalog is mirrored.
    pub mirror_interval_ms: u64,
    /// How long one call may take.
    pub timeout_ms: u64,
}

/// What the dispatcher is made of.
#[derive(Debug)]
pub struct Parts {
    /// The engine: the world's answers go there.
    pub engine: Arc<Engine>,
    /// Carries messages.
    pub provider: Arc<dyn Provider>,
    /// The two outsides; [`Dispatcher::replace`] takes others.
    pub sides: Sides,
    /// Names this replica in leases.
    pub replica: String,
    /// How many lanes it serves at once.
    pub lanes: LanesAtOnce,
}

/// What stays as long as the dispatcher runs.
#[derive(Debug)]
struct Standing {
    engine: Arc<Engine>,
    provider: Arc<dyn Provider>,
    replica: String,
}

/// Serves lanes.
#[derive(Debug)]
pub struct Dispatcher {
    parts: Standing,
    sides: Live<Sides>,
    /// Whose catalogs are mirrored, and what wakes their mirrors before their time.
    mirrors: Mutex<BTreeMap<MerchantId, Arc<Notify>>>,
    slots: slots::Slots,
    serial: AtomicU64,
    gates: gates::Gates,
    paces: pace::Paces,
    held: held::Held,
    more_held: Notify,
    parked: parked::Places,
    /// When each catalog was last read to its end, by this replica.
    mirrored: Mutex<BTreeMap<MerchantId, i64>>,
    sweeps: Streak,
    tasks: Tasks,
}

impl Dispatcher {
    /// A dispatcher; [`Dispatcher::run`] starts it, tests step it.
    pub fn new(parts: Parts, tasks: Tasks) -> Arc<Self> {
        let sides = Live::new(parts.sides);
        let slots = slots::Slots::of(parts.lanes);
        let parts = Standing {
            engine: parts.engine,
            provider: parts.provider,
            replica: parts.replica,
        };
        Arc::new(Self {
            parts,
            sides,
            mirrors: Mutex::default(),
            slots,
            serial: AtomicU64::new(0),
            gates: gates::Gates::default(),
            paces: pace::Paces::default(),
            held: held::Held::default(),
            more_held: Notify::new(),
            parked: parked::Places::default(),
            mirrored: Mutex::default(),
            sweeps: Streak::default(),
            tasks,
        })
    }

    /// Starts the loops: lanes handed over by the engine, the sweeper, price updates, parked statuses, and the mirror (of those
    /// merchants that are `mirrored` already, on schedule only).
    pub fn run(self: &Arc<Self>, lane_work: mpsc::Receiver<LaneWork>, mirrored: &BTreeSet<MerchantId>) {
        let own = Arc::clone(self);
        self.tasks
            .spawn("lanes", async move { own.follow(lane_work).await });
        let own = Arc::clone(self);
        self.tasks.spawn("held", async move { own.serve_held().await });
        let own = Arc::clone(self);
        self.tasks
            .spawn("sweeper", async move { own.sweep_for_ever().await });
        let own = Arc::clone(self);
        self.tasks
            .spawn("price_updates", async move { own.walk_for_ever().await });
        let own = Arc::clone(self);
        self.tasks
            .spawn("parked_statuses", async move { own.try_parked_for_ever().await });
        self.mirror_all(mirrored);
    }

    async fn follow(self: Arc<Self>, mut lane_work: mpsc::Receiver<LaneWork>) {
        let stop = self.tasks.stop_token();
        loop {
            let work = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                work = lane_work.recv() => work,
            };
            match work {
                Some(LaneWork::Serve(head, number)) => match self.turn_of(&head, &number) {
                    pace::Turn::Now => self.serve_in_background(head, BEAT_MS).await,
                    pace::Turn::At(at_ms) => self.keep(*head, at_ms),
                    pace::Turn::TooLate => {}
                },
                Some(LaneWork::Hold(head, at_ms)) => self.keep(*head, at_ms),
                Some(LaneWork::Wake(lane, at_ms)) => self.wake_later(lane, at_ms),
                None => return,
            }
        }
        // What comes after this is given back by whoever hands it over.
        lane_work.close();
        let mut left = Vec::new();
        while let Some(work) = lane_work.recv().await {
            left.extend(work.into_head().map(|head| *head));
        }
        self.release_all(&left).await;
    }

    async fn serve_in_background(self: &Arc<Self>, head: Box<Head>, beat_ms: u64) {
        let stop = self.tasks.stop_token();
        let own = Arc::clone(self);
        let slot = match self.slot(head.lane.kind).await {
            slots::Slot::Free(slot) => slot,
            slots::Slot::Taken => {
                return self
                    .tasks
                    .spawn("put_off", async move { own.put_off(*head).await });
            }
            slots::Slot::Stopping => return self.parts.engine.release(&head).await,
        };
        self.tasks.spawn("lane", async move {
            if beat_ms > 0 {
                tokio::select! {
                    () = own.parts.engine.clock().sleep_ms(beat_ms) => {}
                    () = stop.cancelled() => {}
                }
            }
            own.serve(*head).await;
            drop(slot);
        });
    }

    /// Gives back what was leased and not begun: a replica that stops holds nothing up.
    async fn release_all(&self, heads: &[Head]) {
        for some in heads.chunks(RELEASES_AT_ONCE) {
            let mut released = Vec::with_capacity(some.len());
            for head in some {
                released.push(self.parts.engine.release(head));
            }
            join_all(released).await;
        }
    }

    /// When a message may be started by the pace of its number; what goes to a merchant has none, and bulk yields by the
    /// store's own judgement.
    fn turn_of(&self, head: &Head, number: &NumberId) -> pace::Turn {
        if head.lane.kind == LaneKind::Merchant || head.item.class == Class::Bulk {
            return pace::Turn::Now;
        }
        let latest_ms = head.lease.until_ms - HOLD_MARGIN_MS;
        self.paces
            .turn(number, &head.item.effect_id, self.now_ms(), latest_ms)
    }

    fn keep(&self, head: Head, at_ms: i64) {
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        match self.held.keep(at_ms, serial, head) {
            None => self.more_held.notify_one(),
            Some(head) => self.parts.engine.release_later(Box::new(head)),
        }
    }

    /// Serves held heads when their turns come. When the program stops first, they are given back.
    async fn serve_held(self: Arc<Self>) {
        let stop = self.tasks.stop_token();
        loop {
            for head in self.held.due(self.now_ms()) {
                self.serve_in_background(Box::new(head), 0).await;
            }
            let next_ms = self.held.next_ms();
            let wait_ms = next_ms.map(|at_ms| u64::try_from(at_ms - self.now_ms()).unwrap_or(0).max(1));
            tokio::select! {
                () = self.parts.engine.clock().sleep_ms(wait_ms.unwrap_or(SWEEP_MS)) => {}
                () = self.more_held.notified() => {}
                () = stop.cancelled() => break,
            }
        }
        self.release_all(&self.held.close()).await;
    }

    fn wake_later(self: &Arc<Self>, lane: LaneId, at_ms: i64) {
        let wait_ms = u64::try_from(at_ms - self.now_ms()).unwrap_or(0);
        if wait_ms > SWEEP_MS * 4 {
            return;
        }
        let own = Arc::clone(self);
        self.tasks.spawn("wake", async move {
            let stop = own.tasks.stop_token();
            tokio::select! {
                () = own.parts.engine.clock().sleep_ms(wait_ms) => own.ask_for(&lane).await,
                () = stop.cancelled() => {}
            }
        });
    }

    /// Asks for a lane and serves it; a replica that stops asks for nothing.
    pub async fn ask_for(self: &Arc<Self>, lane: &LaneId) {
        if self.tasks.stopping() {
            return;
        }
        let times = self.parts.engine.lane_times();
        match self.store().claim(lane, times).await {
            Ok(ClaimOutcome::Claimed(head)) => self.serve(*head).await,
            Ok(ClaimOutcome::Wait(at_ms)) => self.parts.engine.hand_over(LaneWork::Wake(lane.clone(), at_ms)),
            Ok(ClaimOutcome::Empty) => {}
            Err(error) => tracing::warn!(%error, conversation = %lane.home, "failed to claim a lane"),
        }
    }

    async fn sweep_for_ever(self: Arc<Self>) {
        let stop = self.tasks.stop_token();
        loop {
            tokio::select! {
                () = self.parts.engine.clock().sleep_ms(SWEEP_MS) => {}
                () = stop.cancelled() => return,
            }
            let mut found = self.sweep().await;
            while found == SWEEP_LANES && !self.tasks.stopping() {
                self.parts.engine.clock().sleep_ms(SWEEP_MS / 10).await;
                found = self.sweep().await;
            }
            metrics::gauge!("sacola_lanes_swept").set(u32::try_from(found).unwrap_or(u32::MAX));
        }
    }

    /// Picks up lanes whose time has come and that nobody serves; returns how many there were.
    pub async fn sweep(self: &Arc<Self>) -> usize {
        let due = self.store().due_lanes(self.now_ms(), SWEEP_LANES).await;
        self.sweeps.note("looking for due lanes", &due);
        let due = due.unwrap_or_default();
        let count = due.len();
        for lane in due {
            let own = Arc::clone(self);
            match self.slot(lane.kind).await {
                slots::Slot::Free(slot) => self.tasks.spawn("lane", async move {
                    own.ask_for(&lane).await;
                    drop(slot);
                }),
                slots::Slot::Taken => self
                    .tasks
                    .spawn("put_off", async move { own.put_off_due(&lane).await }),
                slots::Slot::Stopping => return count,
            }
        }
        count
    }

    /// Serves a leased lane until it is empty, waits, or is lost. A replica that stops begins nothing: it ends what it has
    /// begun and gives the rest back.
    pub async fn serve(self: &Arc<Self>, first: Head) {
        let mut head = first;
        loop {
            if self.tasks.stopping() {
                return self.parts.engine.release(&head).await;
            }
            let lane = head.lane.clone();
            match self.perform(&head).await {
                Ok(Some(SettleOutcome::Next(next))) => head = *next,
                Ok(Some(SettleOutcome::Wait(at_ms))) => {
                    return self.parts.engine.hand_over(LaneWork::Wake(lane, at_ms));
                }
                Ok(Some(SettleOutcome::Empty | SettleOutcome::LeaseLost) | None) => return,
                Err(error) => {
                    tracing::warn!(%error, conversation = %lane.home, "failed to serve a lane; its lease will end");
                    return;
                }
            }
        }
    }

    /// What somebody outside answers; `None` when the program stops first.
    async fn unless_stopped<T>(&self, answer: impl Future<Output = T>) -> Option<T> {
        let stop = self.tasks.stop_token();
        tokio::select! {
            answer = answer => Some(answer),
            () = stop.cancelled() => None,
        }
    }

    /// A text that no other call of any replica gets.
    fn serial(&self) -> String {
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        format!("{}-{serial}", self.parts.replica)
    }

    fn now_ms(&self) -> i64 {
        self.parts.engine.clock().now_ms()
    }

    fn store(&self) -> &Arc<dyn store::Store> {
        self.parts.engine.store()
    }

    /// What the provider stopped as a whole, as far as this replica knows.
    pub fn stopped(&self) -> Vec<Stopped> {
        self.gates.stopped(self.now_ms())
    }

    /// Stops sending from there until a message passes again.
    pub fn stop_sending(&self, gate: Gate, reason: Reason<'_>) {
        self.gates.close(gate, reason, self.now_ms());
    }

    /// The engine.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.parts.engine
    }

    /// The background tasks.
    pub fn tasks(&self) -> &Tasks {
        &self.tasks
    }
}

/// Pause before attempt `attempts + 1`: doubling from one second to five minutes, at least what was asked for.
fn back_off_ms(attempts: u32, asked_ms: Option<i64>) -> i64 {
    let doubled = 1_000_i64.saturating_mul(1_i64 << attempts.min(9));
    doubled.min(300_000).max(asked_ms.unwrap_or(0))
}
