//! Reactions: one emoji on one message, or none to take it back (reaction messages page).

use serde_json::Value;
use unicode_segmentation::UnicodeSegmentation;

use super::super::wamid;
use super::fields::{Checked, at, required, text};
use super::{BODY, Known, Refusal};

/// A target may be that old.
const TARGET_AGE_MS: i64 = 30 * 24 * 3600 * 1000;
/// 131009, which for a stale target comes by status.
const STALE: i64 = 131_009;

/// Checks a whole body.
pub fn check(body: &Value) -> Checked {
    required(body, "/reaction/message_id", BODY)?;
    if at(body, "/context")?.is_some() {
        return Err(Refusal::bad("a reaction takes no context"));
    }
    match text(body, "/reaction/emoji")? {
        None => Err(Refusal::missing("reaction.emoji")),
        Some("") => Ok(()),
        Some(emoji) if is_one_emoji(emoji) => Ok(()),
        Some(_) => Err(Refusal::bad("reaction.emoji must be one emoji, or empty")),
    }
}

/// The target must be a message of this chat, not older than 30 days, and no reaction itself.
pub fn late(body: &Value, known: &Known<'_>) -> Option<i64> {
    let target = body.pointer("/reaction/message_id").and_then(Value::as_str)?;
    if body.get("type").and_then(Value::as_str) != Some("reaction") {
        return None;
    }
    let found = known
        .messages
        .iter()
        .find(|message| wamid::same_message(&message.message_id, target));
    let fresh = found.is_some_and(|message| {
        message.message_type != "reaction" && known.now_ms - message.at_ms <= TARGET_AGE_MS
    });
    (!fresh).then_some(STALE)
}

/// One visible sign, with at least one code point that Unicode draws as a picture.
fn is_one_emoji(text: &str) -> bool {
    text.graphemes(true).count() == 1 && text.chars().any(is_pictorial)
}

fn is_pictorial(c: char) -> bool {
    matches!(
        c,
        '\u{203C}'..='\u{2BFF}' | '\u{3030}' | '\u{303D}' | '\u{3297}' | '\u{3299}'
    ) || matches!(c, '\u{A9}' | '\u{AE}' | '\u{1F000}'..='\u{1FAFF}')
}
