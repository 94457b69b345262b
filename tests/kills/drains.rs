//! Gateways that are told to end: how long it takes, and whether those who balance could know of it. It refuses to judge.

use super::stand::{BOUND_MS, LOOK_MS, Stand};

/// So long at least a gateway that was told to end still answers, and tells that it is not ready: half a second, with some room.
const LEAVES_MS: i64 = 400;

/// What `/readyz` told of a gateway's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    Draining,
    /// Those who looked all the time were not told that it drains.
    NeverDraining,
    /// Nobody looked while it could have told.
    Unseen,
}

/// How a gateway ended that was told to.
#[derive(Clone, Copy, Debug)]
pub struct Drained {
    pub status: Option<i32>,
    /// From the signal to its end.
    pub took_ms: i64,
    pub told: Told,
}

impl Stand {
    /// SIGTERM, and waits for the gateway's end.
    pub async fn terminates(&mut self, gateway: usize) -> Drained {
        let began_ms = self.now_ms();
        self.signals(gateway, "-TERM").await;
        let told = self.tells(gateway, began_ms).await;
        let status = self.ends(gateway, BOUND_MS).await;
        self.strikes();
        Drained {
            status: status.code(),
            took_ms: self.now_ms() - began_ms,
            told,
        }
    }

    /// Looks until the gateway tells that it drains, or is gone. When it is gone and the last look began longer ago than it
    /// answers at least, this machine stood still meanwhile, and nobody has seen what it told.
    async fn tells(&self, gateway: usize, told_ms: i64) -> Told {
        let mut looked_ms = told_ms;
        while self.now_ms() < told_ms + BOUND_MS {
            let looks_ms = self.now_ms();
            match self.readyz(gateway).await {
                Some((503, ready)) if ready["draining"] == true => return Told::Draining,
                Some(_) => looked_ms = looks_ms,
                None if self.now_ms() < looked_ms + LEAVES_MS => return Told::NeverDraining,
                None => return Told::Unseen,
            }
            self.waits(LOOK_MS).await;
        }
        Told::NeverDraining
    }
}
