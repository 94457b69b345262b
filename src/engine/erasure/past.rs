//! What belongs to somebody who was erased, when it comes late: a webhook that the provider repeats, the end of an attempt that was
//! under way. Their done-marks are gone; the tombstone's time and revision stand for all of them.

use crate::domain::button::Subject;
use crate::domain::conversation::Erased;
use crate::domain::event::Event;
use crate::engine::{Happened, What, Who};

/// A message's own time is cut to seconds (Meta, webhooks): who writes in the second of the erasure has written after it.
const SECOND_MS: i64 = 1_000;

/// True when it happened to the conversation that was erased, and must not happen to the one that has come after it.
pub(in crate::engine) fn is_past(happened: &Happened, erased: Erased) -> bool {
    if matches!(happened.who, Who::Customer { .. }) {
        return happened.at_ms > 0 && happened.at_ms.saturating_add(SECOND_MS) <= erased.at_ms;
    }
    if let What::Event(Event::SendFailed { effect_id, .. }) = &happened.what {
        return effect_id.revision() <= erased.revision;
    }
    if let What::Event(Event::Quoted { quote_for, .. }) = &happened.what {
        return quote_for.subject == Subject::Cart && quote_for.revision <= erased.revision;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::conversation::Customer;
    use crate::domain::event::SendFailure;
    use crate::domain::ids::{EffectId, HomeId, NumberId, PurchaseId};

    const ERASED: Erased = Erased {
        revision: 20,
        at_ms: 1_790_000_000_500,
    };

    fn happened(who: Who, at_ms: i64, event: Event) -> Happened {
        Happened {
            who,
            id: "in:x".to_owned(),
            at_ms,
            purchase_id: PurchaseId::new("00"),
            root: None,
            what: What::Event(event),
        }
    }

    fn customer() -> Who {
        Who::Customer {
            number: NumberId::new("1"),
            customer: Customer::default(),
        }
    }

    #[test]
    fn what_a_customer_wrote_before_the_second_of_the_erasure_is_past() {
        for (at_ms, expected) in [
            (1_789_999_999_000, true),
            (1_790_000_000_000, false),
            (1_790_000_001_000, false),
            (0, false),
        ] {
            let wrote = happened(customer(), at_ms, Event::Echoed);
            assert_eq!(is_past(&wrote, ERASED), expected, "{at_ms}");
        }
    }

    #[test]
    fn the_end_of_an_attempt_of_before_is_past_and_of_a_later_one_is_not() {
        let home = HomeId::new("a30123456789abcdef0123");
        for (revision, expected) in [(20, true), (21, false)] {
            let failed = Event::SendFailed {
                effect_id: EffectId::of(&home, revision, 0),
                kind: None,
                message: None,
                failure: SendFailure::Exhausted,
            };
            let failed = happened(Who::Home(home.clone()), 0, failed);
            assert_eq!(is_past(&failed, ERASED), expected, "{revision}");
        }
    }
}
