//! How fast the number may speak: throughput of the number, and the pace towards one person (Meta, throughput page,
//! 2025-11-21; about the platform, 2025-12-05). Both count on the world's clock, in whole numbers, and both are off until
//! switched on. It refuses sends and nothing else: what people write is counted and never refused.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::web::{self, Bytes, Data};
use serde::{Deserialize, Serialize};

use super::super::answers::{self, problem};
use super::super::feed::News;
use super::super::limits::Refusal;
use super::super::world::World;

/// Messages a second, in and out, of a number that was not upgraded.
const STANDARD: u32 = 80;
/// Messages a second of an upgraded number.
const HIGH: u32 = 1_000;
/// One message to the same person each six seconds …
const PAIR_MS: i64 = 6_000;
/// … of which so many may be sent ahead.
const PAIR_BURST: i64 = 45;
const SECOND_US: i64 = 1_000_000;
/// Paces of people that are kept before those that are over are forgotten.
const PAIRS_KEPT: usize = 1_024;

/// Rules that Meta has and that most tests don't want.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Strict {
    /// 130429 above `messages_per_second`.
    pub throughput: bool,
    /// 131056 above one message per six seconds and person, 45 ahead.
    pub pair_rate: bool,
    /// 132001 for templates that nobody declared.
    pub templates: bool,
    pub messages_per_second: u32,
}

impl Default for Strict {
    fn default() -> Self {
        Self {
            throughput: false,
            pair_rate: false,
            templates: false,
            messages_per_second: STANDARD,
        }
    }
}

impl Strict {
    /// `throughput.level` of the number.
    pub fn level(self) -> &'static str {
        if self.messages_per_second >= HIGH {
            "HIGH"
        } else {
            "STANDARD"
        }
    }

    fn interval_us(self) -> i64 {
        SECOND_US / i64::from(self.messages_per_second.max(1))
    }
}

/// When the number, and each pair, would be even again.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Pace {
    number_even_us: i64,
    pairs_even_ms: BTreeMap<String, i64>,
}

impl Pace {
    /// Lets one message to this phone out, or says which limit it is over. A refused one is not counted.
    pub fn admit(&mut self, strict: Strict, phone: &str, now_ms: i64) -> Result<(), Refusal> {
        let present_us = now_ms.saturating_mul(1_000);
        let (interval_us, burst) = (strict.interval_us(), i64::from(strict.messages_per_second));
        let number = next(self.number_even_us, present_us, interval_us, burst);
        if strict.throughput && number.is_none() {
            let details = format!("more than {burst} messages a second");
            return Err(Refusal::new(130_429, details));
        }
        if strict.pair_rate {
            let even_ms = self.pairs_even_ms.get(phone).copied().unwrap_or(now_ms);
            let Some(even_ms) = next(even_ms, now_ms, PAIR_MS, PAIR_BURST) else {
                let details = "more than one message in 6 seconds to the same person, 45 ahead";
                return Err(Refusal::new(131_056, details));
            };
            if self.pairs_even_ms.len() >= PAIRS_KEPT {
                self.pairs_even_ms.retain(|_, even_ms| *even_ms > now_ms);
            }
            self.pairs_even_ms.insert(phone.to_owned(), even_ms);
        }
        self.number_even_us = number.unwrap_or(self.number_even_us);
        Ok(())
    }

    /// Counts a message that came in: throughput is of both directions.
    pub fn took_in(&mut self, strict: Strict, now_ms: i64) {
        let present_us = now_ms.saturating_mul(1_000);
        self.number_even_us = self.number_even_us.max(present_us) + strict.interval_us();
    }
}

/// The generic cell rate algorithm: the new instant of evenness, or `None` when it would be more than a burst ahead.
fn next(even: i64, now: i64, interval: i64, burst: i64) -> Option<i64> {
    let even = even.max(now);
    let ahead = interval.saturating_mul(burst - 1);
    (even - now <= ahead).then_some(even + interval)
}

/// Registers `/emulator/strict`.
pub fn routes(app: &mut web::ServiceConfig) {
    app.service(
        web::resource("/emulator/strict")
            .route(web::get().to(show))
            .route(web::post().to(change)),
    );
}

async fn show(world: Data<World>) -> HttpResponse {
    let strict = world.state().strict;
    answers::json(200, &strict)
}

#[derive(Deserialize)]
struct Change {
    throughput: Option<bool>,
    pair_rate: Option<bool>,
    templates: Option<bool>,
    messages_per_second: Option<u32>,
}

async fn change(world: Data<World>, body: Bytes) -> HttpResponse {
    let change: Change = match answers::read(&body) {
        Ok(change) => change,
        Err(problem) => return *problem,
    };
    let former = world.state().strict;
    let strict = Strict {
        throughput: change.throughput.unwrap_or(former.throughput),
        pair_rate: change.pair_rate.unwrap_or(former.pair_rate),
        templates: change.templates.unwrap_or(former.templates),
        messages_per_second: change.messages_per_second.unwrap_or(former.messages_per_second),
    };
    if !(1..=HIGH).contains(&strict.messages_per_second) {
        return problem(
            422,
            "invalid_request",
            "messages_per_second is between 1 and 1000",
        );
    }
    world.state().strict = strict;
    world.tell(News::Controls);
    answers::json(200, &strict)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: i64 = 1_800_000_000_000;

    fn codes(pace: &mut Pace, strict: Strict, count: usize, now_ms: i64) -> Vec<i64> {
        (0..count)
            .filter_map(|_| pace.admit(strict, "ph1", now_ms).err())
            .map(|refusal| refusal.code)
            .collect()
    }

    #[test]
    fn forty_five_to_one_person_may_be_ahead_and_then_one_each_six_seconds() {
        let strict = Strict {
            pair_rate: true,
            ..Strict::default()
        };
        let mut pace = Pace::default();

        assert_eq!(codes(&mut pace, strict, 46, NOW_MS), [131_056]);
        assert_eq!(codes(&mut pace, strict, 1, NOW_MS + 5_999), [131_056]);
        assert_eq!(codes(&mut pace, strict, 2, NOW_MS + 6_000), [131_056]);
        assert!(pace.admit(strict, "ph2", NOW_MS).is_ok());
        assert!(codes(&mut pace, strict, 45, NOW_MS + 600_000).is_empty());
    }

    #[test]
    fn throughput_counts_both_directions() {
        let strict = Strict {
            throughput: true,
            ..Strict::default()
        };
        let mut pace = Pace::default();
        for _ in 0..40 {
            pace.took_in(strict, NOW_MS);
        }

        assert_eq!(codes(&mut pace, strict, 41, NOW_MS), [130_429]);
        assert!(codes(&mut pace, strict, 80, NOW_MS + 1_000).is_empty());
    }

    #[test]
    fn nothing_is_refused_while_the_rules_are_off() {
        let mut pace = Pace::default();

        assert!(codes(&mut pace, Strict::default(), 500, NOW_MS).is_empty());
    }
}
