//! One seed's world and its director: throws the dice, gives cues, moves the clock, lets replicas die. After so many steps
//! the faults end, everything comes to rest, and the invariants are judged.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sacola::domain::ids::HomeId;
use sacola::engine::LaneWork;
use sacola::engine::addresses::Addresses;
use sacola::store::DoneMark;

use super::dice::Dice;
use super::ledger::Violation;
use super::mail::{self, Content, Mail, Post};
use super::outside::Outside;
use super::phones::{self, Customers};
use super::replica::{Replica, Shared, number};
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
    pub serial: u64,
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

    pub(super) fn replica_starts(&mut self) {
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

    pub(super) fn gives_a_cue(&mut self) {
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

    pub fn violations(&self) -> Vec<Violation> {
        self.stage().ledger.violations.clone()
    }
}
