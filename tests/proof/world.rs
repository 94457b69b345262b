//! One seed's world and its director: throws the dice, gives cues, moves the clock, lets replicas die. After so many steps
//! the faults end, everything comes to rest, and the invariants are judged.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sacola::domain::ids::HomeId;
use sacola::engine::LaneWork;
use sacola::engine::addresses::{Addresses, mark};
use sacola::store::DoneMark;

use super::dice::Dice;
use super::ledger::Violation;
use super::mail::{self, Content, Mail, Post};
use super::outside::Outside;
use super::phones::{self, Customers};
use super::replica::{Replica, Shared, number};
use super::shop;
use super::stage::{Crossing, Cue, Inner, ReplicaId, Stage};
use crate::support::model_store::ModelStore;

/// Monday, 2026-11-23T12:00:00Z.
pub const NOON_MS: i64 = 1_795_435_200_000;

/// How rough a run is.
#[derive(Clone, Copy, Debug)]
pub struct Weather {
    /// Crossings of a hundred that meet a fault.
    pub faults: usize,
    /// Steps of a thousand at which a replica dies.
    pub deaths: usize,
    /// Steps of a thousand at which a replica stands still.
    pub pauses: usize,
    /// Steps of a thousand at which the clock jumps by minutes or hours.
    pub jumps: usize,
}

/// How long a run's faults last.
pub const STEPS: usize = 1_200;

pub struct World {
    pub dice: Dice,
    pub shared: Shared,
    pub replicas: Vec<Replica>,
    next_replica: ReplicaId,
    pub customers: Vec<Customers>,
    pub mails: Vec<Mail>,
    ended: Post,
    pub accepted: Vec<(HomeId, DoneMark)>,
    serial: u64,
    weather: Weather,
}

impl World {
    pub async fn new(seed: u64, is_told: bool) -> Self {
        let mut dice = Dice::new(seed);
        let weather = [
            (0, 0, 2, 2),
            (3, 2, 3, 3),
            (8, 6, 8, 5),
            (2, 14, 3, 3),
            (14, 1, 2, 6),
        ];
        let (faults, deaths, pauses, jumps) = dice.pick(&weather).copied().unwrap_or_default();
        let has_quotes = dice.percent(50);
        let is_greedy = dice.percent(15);
        let shared = Shared {
            stage: Arc::new(Stage::at(NOON_MS, is_told)),
            model: Arc::new(ModelStore::default()),
            outside: Arc::new(Mutex::new(Outside::new(has_quotes, is_greedy))),
            rate: if dice.percent(15) { 2 } else { 80 },
        };
        let addresses = Addresses::new(b"identity".to_vec());
        let customers = (0..=dice.below(3)).map(|index| {
            let customer = phones::customer(index);
            let home = addresses.homes(&number(), &customer).remove(0);
            Customers {
                customer,
                home,
                seen: 0,
            }
        });
        let customers = customers.collect();
        let mut world = Self {
            dice,
            shared,
            replicas: Vec::new(),
            next_replica: 0,
            customers,
            mails: Vec::new(),
            ended: Post::default(),
            accepted: Vec::new(),
            serial: 0,
            weather: Weather {
                faults,
                deaths,
                pauses,
                jumps,
            },
        };
        for _ in 0..=world.dice.below(3) {
            world.replica_starts();
        }
        world.mirrors().await;
        world
    }

    pub fn stage(&self) -> MutexGuard<'_, Inner> {
        self.shared.stage.lock()
    }

    pub fn outside(&self) -> MutexGuard<'_, Outside> {
        self.shared.outside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn now_ms(&self) -> i64 {
        self.stage().now_ms
    }

    pub fn tell(&self, line: impl FnOnce() -> String) {
        let mut inner = self.stage();
        let now_ms = inner.now_ms;
        inner.ledger.tell(now_ms, line);
    }

    /// Lets everything run that needs no cue. The runtime's own clock stands still until all tasks wait.
    pub async fn settles(&mut self) {
        tokio::time::sleep(Duration::from_millis(1)).await;
        let ended = std::mem::take(&mut *self.ended.lock().unwrap_or_else(PoisonError::into_inner));
        for one in ended {
            let Some(mail) = self.mails.get_mut(one.mail) else {
                continue;
            };
            mail.under_way.retain(|replica| *replica != one.replica);
            let (what, status) = (mail.what(), mail.status());
            mail.is_accepted |= one.accepted.is_ok();
            match one.accepted {
                Ok(place) => {
                    self.accepted.extend(place);
                    if let Some((effect, status)) = status {
                        self.stage().ledger.told(effect, status);
                    }
                    self.tell(|| format!("200 from {}: {what}", one.replica));
                }
                Err(problem) => self.tell(|| format!("503 from {}: {what} ({problem})", one.replica)),
            }
        }
        self.collects_lane_work();
    }

    fn collects_lane_work(&mut self) {
        self.leaves();
        let now_ms = self.now_ms();
        for replica in &mut self.replicas {
            while let Some(work) = replica.next_work() {
                match work {
                    LaneWork::Serve(head, _) => replica.held.push((now_ms + 10, *head)),
                    LaneWork::Hold(head, at_ms) => replica
                        .held
                        .push((at_ms - replica.skew_ms.load(Ordering::SeqCst), *head)),
                    LaneWork::Wake(lane, at_ms) => replica
                        .later
                        .push((at_ms - replica.skew_ms.load(Ordering::SeqCst), lane)),
                }
            }
        }
    }

    fn replica_starts(&mut self) {
        let skew_ms = self.dice.between(-1_500, 1_500);
        let id = self.next_replica;
        self.next_replica += 1;
        let replica = Replica::start(&self.shared, id, skew_ms);
        self.tell(|| format!("replica {id} starts, {skew_ms} ms off"));
        self.replicas.push(replica);
    }

    /// All replicas read the catalog, in peace.
    async fn mirrors(&mut self) {
        for replica in &self.replicas {
            replica.mirror();
        }
        self.gives_way().await;
    }

    /// Gives every waiting crossing a plain go, until none waits but sleepers.
    pub async fn gives_way(&mut self) {
        for _ in 0..20_000 {
            self.settles().await;
            let next = self
                .stage()
                .waiting
                .iter()
                .find(|(_, waiting)| !matches!(waiting.crossing, Crossing::Sleep(_)))
                .map(|(serial, _)| *serial);
            let Some(serial) = next else { return };
            self.gives(serial, Cue::Go);
        }
    }

    pub fn gives(&mut self, serial: u64, cue: Cue) {
        let mut inner = self.stage();
        let Some(waiting) = inner.waiting.remove(&serial) else {
            return;
        };
        let now_ms = inner.now_ms;
        inner.ledger.tell(now_ms, || {
            format!("  {}: {} → {cue:?}", waiting.replica, waiting.what)
        });
        if !matches!(cue, Cue::Go | Cue::GoSlowly) {
            inner.ledger.count("faults");
        }
        drop(inner);
        waiting.give(cue);
    }

    /// One step of the run with faults.
    pub async fn steps(&mut self) {
        self.settles().await;
        if self.dice.per_mille(self.weather.deaths) {
            return self.replica_dies();
        }
        if self.dice.per_mille(self.weather.pauses) {
            return self.replica_pauses();
        }
        if self.dice.per_mille(self.weather.deaths / 2) {
            return self.replica_stops();
        }
        if self.dice.per_mille(self.weather.jumps) {
            self.replica_is_off();
        }
        if self.dice.per_mille(self.weather.jumps) {
            return self.clock_jumps();
        }
        match self.dice.below(100) {
            0..=49 => self.gives_a_cue(),
            50..=61 => self.customer_acts(),
            62..=77 => self.posts(),
            78..=85 => self.serves_what_is_due(),
            86..=88 => self.sweeps(),
            89 => self.walks(),
            90 => self.shop_changes_a_price(),
            91..=92 => self.shop_tells_about_a_purchase(),
            93..=94 => self.tells_a_status(),
            95 => self.late_requests_arrive(),
            _ => self.clock_moves(),
        }
    }

    fn eligible(&self) -> Vec<(u64, Crossing)> {
        let inner = self.stage();
        let now_ms = inner.now_ms;
        let is_awake = |id: ReplicaId| {
            self.replicas
                .iter()
                .any(|replica| replica.id == id && replica.frozen_until_ms <= now_ms)
        };
        inner
            .waiting
            .iter()
            .filter(|(_, waiting)| is_awake(waiting.replica))
            .filter(
                |(_, waiting)| !matches!(waiting.crossing, Crossing::Sleep(until_ms) if until_ms > now_ms),
            )
            .map(|(serial, waiting)| (*serial, waiting.crossing))
            .collect()
    }

    fn gives_a_cue(&mut self) {
        let eligible = self.eligible();
        let Some((serial, crossing)) = self.dice.pick(&eligible).copied() else {
            return self.clock_moves();
        };
        let cue = self.cue_for(crossing);
        self.gives(serial, cue);
    }

    fn cue_for(&mut self, crossing: Crossing) -> Cue {
        let cues: &[Cue] = match crossing {
            Crossing::Sleep(_) | Crossing::Answer => return Cue::Go,
            Crossing::Read => &[Cue::Refused, Cue::LostBefore],
            Crossing::Write => &[
                Cue::Refused,
                Cue::LostBefore,
                Cue::LostAfter,
                Cue::LostAfter,
                Cue::NotReplicated,
            ],
            Crossing::Ask => &[Cue::Refused, Cue::LostBefore, Cue::LostAfter, Cue::Busy],
            Crossing::Submit => &[
                Cue::Refused,
                Cue::LostBefore,
                Cue::LostAfter,
                Cue::LostAfter,
                Cue::LostLate,
                Cue::Busy,
            ],
            Crossing::Send => &[
                Cue::Refused,
                Cue::LostBefore,
                Cue::LostAfter,
                Cue::LostAfter,
                Cue::Busy,
                Cue::Code(131_056),
                Cue::Code(131_026),
                Cue::Code(190),
            ],
        };
        let outward = matches!(crossing, Crossing::Submit | Crossing::Send);
        let percent = self.weather.faults * if outward { 3 } else { 1 };
        if self.dice.percent(percent) {
            return self.dice.pick(cues).copied().unwrap_or(Cue::Go);
        }
        if self.dice.percent(25) {
            Cue::GoSlowly
        } else {
            Cue::Go
        }
    }

    fn customer_acts(&mut self) {
        let place = self.dice.below(self.customers.len());
        let Some(who) = self.customers.get(place).cloned() else {
            return;
        };
        // Most people wait for an answer before they go on.
        let on_screen = self.outside().screens.get(&who.home).map_or(0, Vec::len);
        if on_screen == who.seen && who.seen > 0 && self.dice.percent(80) {
            return self.gives_a_cue();
        }
        if let Some(who) = self.customers.get_mut(place) {
            who.seen = on_screen;
        }
        self.serial += 1;
        let (serial, now_ms) = (self.serial, self.now_ms());
        let deed = {
            let outside = Arc::clone(&self.shared.outside);
            let mut outside = outside.lock().unwrap_or_else(PoisonError::into_inner);
            let deed = phones::deed(&mut self.dice, &who, &outside, serial, now_ms);
            outside.wrote_at_ms.insert(who.home.clone(), now_ms);
            let id = deed.happened.purchase_id.clone();
            if let Some(button) = &deed.confirms {
                outside
                    .confirmations
                    .entry(button.clone())
                    .or_default()
                    .push(id.clone());
            }
            if let Some(ordered) = deed.ordered.clone() {
                outside.native_orders.insert(id, ordered);
            }
            deed
        };
        let done = mark(&deed.happened.id, deed.happened.at_ms);
        self.tell(|| format!("customer: {}", deed.what));
        self.stage().ledger.carts.expect(done, deed.asked.clone());
        self.mails.push(Mail::new(Content::Deed(Box::new(deed))));
    }

    /// Posts something that was not accepted yet; seldom something that is under way or was accepted.
    fn posts(&mut self) {
        let from = self.mails.len().saturating_sub(60);
        let again = self.dice.percent(8);
        let open: Vec<usize> = (from..self.mails.len())
            .filter(|index| {
                self.mails
                    .get(*index)
                    .is_some_and(|mail| again || (!mail.is_accepted && mail.under_way.is_empty()))
            })
            .collect();
        let Some(index) = self.dice.pick(&open).copied() else {
            return self.gives_a_cue();
        };
        self.posts_to_somebody(index);
    }

    pub fn posts_to_somebody(&mut self, index: usize) {
        let now_ms = self.now_ms();
        let awake: Vec<usize> = (0..self.replicas.len())
            .filter(|place| {
                self.replicas
                    .get(*place)
                    .is_some_and(|replica| replica.frozen_until_ms <= now_ms && !replica.is_leaving)
            })
            .collect();
        let place = self.dice.pick(&awake).copied();
        let (Some(replica), Some(mail)) = (
            place.and_then(|place| self.replicas.get(place)),
            self.mails.get_mut(index),
        ) else {
            return;
        };
        mail.under_way.push(replica.id);
        let home = match &mail.content {
            Content::Deed(deed) => match &deed.happened.who {
                sacola::engine::Who::Customer { customer, .. } => self
                    .customers
                    .iter()
                    .find(|known| known.customer == *customer)
                    .map(|known| known.home.clone()),
                sacola::engine::Who::Home(home) => Some(home.clone()),
            },
            Content::Product(_) | Content::News { .. } | Content::Status(_) => None,
        };
        mail::post(index, mail.content.clone(), home, replica, &self.ended);
        let (id, what) = (replica.id, mail.what());
        self.tell(|| format!("to {id}: {what}"));
    }

    fn serves_what_is_due(&mut self) {
        let now_ms = self.now_ms();
        let mut due = Vec::new();
        for (place, replica) in self.replicas.iter().enumerate() {
            if replica.frozen_until_ms > now_ms {
                continue;
            }
            due.extend(
                (0..replica.held.len())
                    .filter(|index| replica.held[*index].0 <= now_ms)
                    .map(|index| (place, true, index)),
            );
            due.extend(
                (0..replica.later.len())
                    .filter(|index| replica.later[*index].0 <= now_ms)
                    .map(|index| (place, false, index)),
            );
        }
        let Some((place, is_held, index)) = self.dice.pick(&due).copied() else {
            return self.clock_moves();
        };
        let is_lost = self.dice.percent(2);
        let replica = &mut self.replicas[place];
        if is_held {
            let (_, head) = replica.held.remove(index);
            if !is_lost {
                replica.serve(head);
            }
        } else {
            let (_, lane) = replica.later.remove(index);
            if !is_lost {
                replica.ask_for(lane);
            }
        }
    }

    fn some_replica(&mut self) -> Option<&Replica> {
        let now_ms = self.now_ms();
        let place = self.dice.below(self.replicas.len());
        self.replicas
            .get(place)
            .filter(|replica| replica.frozen_until_ms <= now_ms && !replica.is_leaving)
    }

    fn sweeps(&mut self) {
        if let Some(replica) = self.some_replica() {
            replica.sweep();
        }
    }

    fn walks(&mut self) {
        if let Some(replica) = self.some_replica() {
            replica.walk();
        }
    }

    fn shop_changes_a_price(&mut self) {
        let outside = Arc::clone(&self.shared.outside);
        let mut outside = outside.lock().unwrap_or_else(PoisonError::into_inner);
        let ids: Vec<_> = outside.products.keys().cloned().collect();
        let Some(product) = self.dice.pick(&ids).and_then(|id| outside.products.get_mut(id)) else {
            return;
        };
        let cents = self.dice.between(100, 1_900);
        product.price = crate::support::shop::brl(&format!("{}.{:02}", cents / 100, cents % 100));
        let version: u64 = product
            .version
            .as_deref()
            .and_then(|v| v.parse().ok())
            .unwrap_or(0);
        product.version = Some((version + 1).to_string());
        let news = product.clone();
        drop(outside);
        self.tell(|| format!("shop: {} costs {}", news.retailer_id, news.price.amount_text()));
        self.mails.push(Mail::new(Content::Product(Box::new(news))));
    }

    fn shop_tells_about_a_purchase(&mut self) {
        use sacola::domain::purchase::PurchaseState::{Cancelled, Paid, Preparing, Shipped};
        let ids: Vec<_> = self.outside().orders.keys().cloned().collect();
        let Some(purchase) = self.dice.pick(&ids).cloned() else {
            return;
        };
        self.serial += 1;
        let state = self
            .dice
            .pick(&[Paid, Paid, Preparing, Shipped, Cancelled])
            .copied()
            .unwrap_or(Paid);
        let content = Content::News {
            purchase,
            state,
            serial: self.serial,
            at_ms: self.now_ms(),
        };
        self.mails.push(Mail::new(content));
    }

    fn tells_a_status(&mut self) {
        let mut outside = self.outside();
        let count = outside.statuses.len();
        drop(outside);
        if count == 0 {
            return;
        }
        let index = self.dice.below(count);
        outside = self.outside();
        let news = outside.statuses.swap_remove(index);
        drop(outside);
        self.mails.push(Mail::new(Content::Status(Box::new(news))));
    }

    fn clock_moves(&mut self) {
        let by_ms = if self.dice.percent(70) {
            self.dice.between(1, 400)
        } else {
            self.dice.between(400, 4_000)
        };
        self.stage().now_ms += by_ms;
    }

    fn clock_jumps(&mut self) {
        let by_ms = match self.dice.below(10) {
            0..=4 => self.dice.between(5_000, 20_000),
            5..=6 => self.dice.between(30_000, 200_000),
            7 => self.dice.between(600_000, 5_000_000),
            _ => self.dice.between(80_000_000, 90_000_000),
        };
        self.tell(|| format!("the clock jumps by {by_ms} ms"));
        self.stage().now_ms += by_ms;
    }

    fn replica_pauses(&mut self) {
        let until_ms = self.now_ms() + self.dice.between(2_000, 40_000);
        let place = self.dice.below(self.replicas.len());
        let Some(replica) = self.replicas.get_mut(place) else {
            return;
        };
        replica.frozen_until_ms = until_ms;
        let id = replica.id;
        self.tell(|| format!("replica {id} stands still for a while"));
    }

    /// A replica dies between two steps: of what it has under way, some happens and nobody hears of it.
    fn replica_dies(&mut self) {
        let place = self.dice.below(self.replicas.len());
        let replica = self.replicas.remove(place);
        self.tell(|| format!("replica {} dies", replica.id));
        let waiting: Vec<u64> = {
            let inner = self.stage();
            let of_it = inner.waiting.iter().filter(|(_, one)| one.replica == replica.id);
            of_it.map(|(serial, _)| *serial).collect()
        };
        for serial in waiting {
            if self.dice.percent(50) {
                self.gives(serial, Cue::LastAct);
            } else {
                self.stage().waiting.remove(&serial);
            }
        }
        for mail in &mut self.mails {
            mail.under_way.retain(|id| *id != replica.id);
        }
        self.stage().ledger.count("deaths");
        self.replica_starts();
        if let Some(started) = self.replicas.last()
            && self.dice.percent(50)
        {
            started.mirror();
        }
    }

    /// A replica is told to stop: it finishes what it has begun, gives back the rest and takes nothing new; another one begins.
    fn replica_stops(&mut self) {
        let place = self.dice.below(self.replicas.len());
        let Some(replica) = self.replicas.get_mut(place).filter(|replica| !replica.is_leaving) else {
            return;
        };
        replica.is_leaving = true;
        replica.tasks.stop_token().cancel();
        replica.later.clear();
        for (_, head) in std::mem::take(&mut replica.held) {
            replica.serve(head);
        }
        let id = replica.id;
        self.tell(|| format!("replica {id} stops"));
        self.stage().ledger.count("drains");
        self.replica_starts();
    }

    /// Who has stopped and has nothing under way any more is gone.
    fn leaves(&mut self) {
        let busy: Vec<ReplicaId> = self.stage().waiting.values().map(|one| one.replica).collect();
        self.replicas
            .retain(|replica| !replica.is_leaving || !replica.held.is_empty() || busy.contains(&replica.id));
    }

    /// Somebody sets a replica's clock.
    fn replica_is_off(&mut self) {
        let by_ms = self.dice.between(-1_500, 1_500);
        let place = self.dice.below(self.replicas.len());
        if let Some(replica) = self.replicas.get_mut(place) {
            replica.skew_ms.store(by_ms, Ordering::SeqCst);
            let id = replica.id;
            self.tell(|| format!("replica {id} is {by_ms} ms off now"));
        }
    }

    /// Requests that were given up on the way arrive at the shop.
    pub fn late_requests_arrive(&mut self) {
        let late = std::mem::take(&mut self.outside().late);
        for purchase in late {
            self.tell(|| format!("shop: {} arrives late", purchase.purchase_id));
            drop(shop::take(&self.shared.stage, &self.shared.outside, &purchase));
        }
    }

    pub fn violations(&self) -> Vec<Violation> {
        self.stage().ledger.violations.clone()
    }
}
