//! What a lane script answers, and the texts and numbers that stand for an item there (see `scripts/lane.lua`).

use redis::Value;

use crate::domain::ids::EffectId;
use crate::store::{Class, Error, Head, Item, LaneId, Lease, Phase, UnixMs};

use super::error::corrupt;
use super::values::{Reply, counter};

/// What became of a lane.
pub(super) enum Served {
    /// Leased to us with its next item.
    Head(Box<Head>),
    /// Nothing before this time.
    Wait(UnixMs),
    /// Empty.
    Empty,
    /// Somebody else's.
    NotOurs,
}

impl Served {
    pub(super) fn read(value: Value, lane: &LaneId) -> Result<Self, Error> {
        let at = format!("lane {}:{}", lane.home, lane.kind.letter());
        let mut reply = Reply::of(value, &at)?;
        let kind: String = reply.part()?;
        match kind.as_str() {
            "h" => head(&mut reply, lane, &at).map(|head| Self::Head(Box::new(head))),
            "w" => Ok(Self::Wait(reply.part()?)),
            "e" => Ok(Self::Empty),
            "-" | "lost" => Ok(Self::NotOurs),
            other => Err(corrupt(at, format!("unknown answer {other}"))),
        }
    }
}

fn head(reply: &mut Reply, lane: &LaneId, at: &str) -> Result<Head, Error> {
    let lease = Lease {
        token: reply.part()?,
        until_ms: reply.part()?,
    };
    let effect_id = EffectId::new(reply.part::<String>()?);
    let phase: String = reply.part()?;
    let (attempts, unknowns, started_at_ms) = (reply.part()?, reply.part()?, reply.part()?);
    let revision = counter(reply.part()?, at)?;
    let class: String = reply.part()?;
    let may_pass: i64 = reply.part()?;
    let supersedes: String = reply.part()?;
    let newer: i64 = reply.part()?;
    let item = Item {
        effect_id,
        revision,
        class: if class == "b" { Class::Bulk } else { Class::Reply },
        supersedes: supersedes.strip_prefix('+').map(str::to_owned),
        may_pass: may_pass == 1,
        body: reply.part::<Option<String>>()?.unwrap_or_default(),
    };
    let phase = if phase == "q" {
        Phase::Queued
    } else {
        Phase::Unknown
    };
    Ok(Head {
        lane: lane.clone(),
        lease,
        item,
        phase,
        attempts,
        unknowns,
        started_at_ms,
        newer_exists: newer == 1,
    })
}

/// The letter of a class.
pub(super) fn class_letter(class: Class) -> char {
    match class {
        Class::Reply => 'r',
        Class::Bulk => 'b',
    }
}

/// The text of a supersede key: `-` for none, so that an empty key differs from it.
pub(super) fn supersede_text(key: Option<&str>) -> String {
    key.map_or_else(|| "-".to_owned(), |key| format!("+{key}"))
}

/// Scripts count in doubles: beyond 2^53 they are not exact, and no time that we use comes near.
pub(super) fn exact(ms: UnixMs) -> UnixMs {
    const LIMIT: UnixMs = 1 << 53;
    ms.clamp(-LIMIT, LIMIT)
}
