//! What goes wrong with replicas and clocks: replicas die, stand still and are told to stop, clocks move, jump and are set,
//! requests arrive late.

use std::sync::atomic::Ordering;

use super::shop;
use super::stage::{Cue, ReplicaId};
use super::world::World;

impl World {
    pub(super) fn clock_moves(&mut self) {
        let by_ms = if self.dice.percent(70) {
            self.dice.between(1, 400)
        } else {
            self.dice.between(400, 4_000)
        };
        self.stage().now_ms += by_ms;
    }

    pub(super) fn clock_jumps(&mut self) {
        let by_ms = match self.dice.below(10) {
            0..=4 => self.dice.between(5_000, 20_000),
            5..=6 => self.dice.between(30_000, 200_000),
            7 => self.dice.between(600_000, 5_000_000),
            _ => self.dice.between(80_000_000, 90_000_000),
        };
        self.tell(|| format!("the clock jumps by {by_ms} ms"));
        self.stage().now_ms += by_ms;
    }

    pub(super) fn replica_pauses(&mut self) {
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
    pub(super) fn replica_dies(&mut self) {
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
    pub(super) fn replica_stops(&mut self) {
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
    pub(super) fn leaves(&mut self) {
        let busy: Vec<ReplicaId> = self.stage().waiting.values().map(|one| one.replica).collect();
        self.replicas
            .retain(|replica| !replica.is_leaving || !replica.held.is_empty() || busy.contains(&replica.id));
    }

    /// Somebody sets a replica's clock.
    pub(super) fn replica_is_off(&mut self) {
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
}
