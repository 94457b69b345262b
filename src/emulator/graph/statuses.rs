//! What becomes of an accepted message: which statuses follow it. Whether a message is accepted is decided in `messages`.

use serde_json::Value;

use super::super::deliver::Outgoing;
use super::super::inbound::{self, StatusFacts};
use super::super::world::{Phone, SendAction, Status, Stored, World};
use super::messages::is_to_number;

const UNDELIVERABLE: i64 = 131_026;
const BAD_VALUE: i64 = 131_009;
/// Messages older than this are no target of a reaction or a receipt (Meta, reaction messages page).
pub const TARGET_MS: i64 = 30 * 24 * 3_600 * 1_000;

/// What becomes of an accepted message.
#[derive(Clone, Copy)]
pub enum Fate {
    Arrives,
    /// Nobody ever hears of it.
    Silent,
    Fails(i64),
}

/// The fate of a message to this phone: a fault that was asked for goes first.
pub fn fate(body: &Value, phone: &Phone, fault: Option<&SendAction>, now_ms: i64) -> Fate {
    match fault {
        Some(SendAction::NoStatuses) => return Fate::Silent,
        Some(SendAction::FailLate { code }) => return Fate::Fails(*code),
        Some(
            SendAction::Error { .. }
            | SendAction::Http500
            | SendAction::DropAfterAccept
            | SendAction::DelayMs { .. },
        )
        | None => {}
    }
    if phone.blocked || phone.blocked_by_business {
        return Fate::Fails(UNDELIVERABLE);
    }
    let target = body.pointer("/reaction/message_id").and_then(Value::as_str);
    match target {
        Some(target) if !may_react(phone, target, now_ms) => Fate::Fails(BAD_VALUE),
        Some(_) | None => Fate::Arrives,
    }
}

/// A reaction's target is a message of this chat, not a reaction, and not too old; else the refusal comes late.
fn may_react(phone: &Phone, target: &str, now_ms: i64) -> bool {
    let target = phone.message(target);
    target.is_some_and(|target| target.message_type != "reaction" && now_ms - target.at_ms <= TARGET_MS)
}

/// The statuses that follow, and the mark they leave on the message.
pub fn status_webhooks(
    world: &World,
    phone: &Phone,
    stored: &mut Stored,
    fate: Fate,
    category: &str,
) -> Vec<Outgoing> {
    let payload: Value = serde_json::from_str(stored.payload.get()).unwrap_or_default();
    let to_number = is_to_number(&payload);
    let facts = StatusFacts {
        message_id: &stored.message_id,
        status: "sent",
        opaque: stored.opaque.as_deref(),
        at_ms: stored.at_ms,
        category: None,
        error: None,
        to_number,
    };
    let carry = |facts: StatusFacts<'_>| inbound::statuses(world, phone, &[facts]);
    let (webhooks, status, quiet) = match fate {
        Fate::Silent => (Vec::new(), Status::Sent, true),
        Fate::Fails(code) => {
            let failed = StatusFacts {
                status: "failed",
                error: Some(code),
                ..facts
            };
            (vec![carry(failed)], Status::Failed, true)
        }
        Fate::Arrives => {
            let of_type = inbound::category_of(&stored.message_type);
            let is_template = stored.message_type == "template";
            let priced = StatusFacts {
                category: Some(if is_template { category } else { of_type }),
                ..facts
            };
            let sent = carry(priced);
            // Reactions only ever give `sent` (reaction messages page).
            if stored.message_type == "reaction" {
                (vec![sent], Status::Sent, true)
            } else {
                let delivered = carry(StatusFacts {
                    status: "delivered",
                    ..priced
                });
                (vec![sent, delivered], Status::Delivered, false)
            }
        }
    };
    stored.error = match fate {
        Fate::Fails(code) => Some(code),
        Fate::Arrives | Fate::Silent => None,
    };
    stored.status = status;
    stored.quiet = quiet;
    webhooks
}
