//! One line of the log for each step: stable names of fields, at debug. It writes ids, words, counts and durations, and refuses
//! all else; a step holds nothing else anyway.

use super::{Step, Trace};

/// The target of the lines: `RUST_LOG=info,sacola::steps=debug` shows them and nothing else beside.
const TARGET: &str = "sacola::steps";

/// True when the log takes steps.
pub(super) fn are_wanted() -> bool {
    tracing::enabled!(target: TARGET, tracing::Level::DEBUG)
}

/// Writes the line of a step.
pub(super) fn write(trace: &Trace, step: &Step) {
    match step {
        Step::Webhook { .. } => webhook(step),
        Step::Decision { .. } | Step::Commit { .. } => turn(trace, step),
        Step::Attempt { .. } | Step::Status { .. } => delivery(trace, step),
    }
}

fn webhook(step: &Step) {
    let Step::Webhook {
        from,
        bytes,
        items,
        http,
        took_us,
        ..
    } = step
    else {
        return;
    };
    let (items, took_ms) = (items.join(","), milliseconds(*took_us));
    if *from == "merchant" {
        tracing::debug!(target: TARGET, bytes, items, http, took_ms, "callback");
    } else {
        tracing::debug!(target: TARGET, bytes, items, http, took_ms, "webhook");
    }
}

fn turn(trace: &Trace, step: &Step) {
    if let Step::Decision {
        conversation,
        revision,
        root,
        event,
        outcome,
        effects,
        took_us,
        ..
    } = step
    {
        let trace_id = trace.trace_id(conversation, || *root).map(|id| id.to_string());
        let (effects, took_ms) = (effects.len(), milliseconds(*took_us));
        tracing::debug!(
            target: TARGET,
            conversation, revision, event, outcome, effects, took_ms, trace_id, "decision"
        );
    }
    if let Step::Commit {
        conversation,
        revision,
        events,
        outcome,
        took_us,
    } = step
    {
        let took_ms = milliseconds(*took_us);
        tracing::debug!(target: TARGET, conversation, revision, events, outcome, took_ms, "commit");
    }
}

fn delivery(trace: &Trace, step: &Step) {
    if let Step::Attempt {
        conversation,
        root,
        effect_id,
        effect,
        toward,
        attempt,
        outcome,
        code,
        message,
        took_us,
    } = step
    {
        let trace_id = trace.trace_id(conversation, || *root).map(|id| id.to_string());
        let message_id = message.as_deref().and_then(nobodys);
        let took_ms = milliseconds(*took_us);
        tracing::debug!(
            target: TARGET,
            conversation, effect = effect_id, kind = effect, toward, attempt, outcome, code, message_id, took_ms,
            trace_id, "attempt"
        );
    }
    if let Step::Status {
        effect_id,
        message,
        status,
        code,
        ..
    } = step
    {
        let (effect, message_id) = (effect_id.as_deref(), nobodys(message));
        tracing::debug!(target: TARGET, effect, message_id, outcome = status, code, "status");
    }
}

/// The inner id of a message, which clients write as capital hexadecimal digits; `None` for one that could not be decoded, or does
/// not look like one: it may hold a phone number, a user id or a name.
pub(crate) fn nobodys(message: &str) -> Option<&str> {
    let is_digit = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'A'..=b'F');
    let is_plain = message.len() <= 64 && message.bytes().all(is_digit);
    let is_id = is_plain && message.bytes().any(|byte| byte.is_ascii_alphabetic());
    is_id.then_some(message)
}

/// Milliseconds with three decimals at most. They are read from their digits: a division writes 7.81 as 7.8100000000000005.
pub(crate) fn milliseconds(took_us: u64) -> f64 {
    let digits = format!("{}.{:03}", took_us / 1_000, took_us % 1_000);
    digits.parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn microseconds_are_written_as_milliseconds() {
        for (us, ms) in [
            (0, "0"),
            (7, "0.007"),
            (1_500, "1.5"),
            (7_810, "7.81"),
            (60_000_123, "60000.123"),
        ] {
            assert_eq!(milliseconds(us).to_string(), ms);
        }
    }

    #[test]
    fn a_message_id_that_may_hold_a_number_is_left_out() {
        assert_eq!(nobodys("3EB0C767D097B7C7C030"), Some("3EB0C767D097B7C7C030"));
        for other in [
            "wamid.HBgNNTUxMTk5",
            "5511987654321",
            "",
            "João",
            "ZQ7719200431",
            "ana5511987654321",
        ] {
            assert_eq!(nobodys(other), None, "{other}");
        }
    }
}
