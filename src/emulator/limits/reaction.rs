//! Reactions: one emoji on one message, or none to take it back (reaction messages page). Whether the target is there and
//! fresh is not asked here: Meta finds that out later.

use serde_json::Value;
use unicode_segmentation::UnicodeSegmentation;

use super::fields::{Checked, at, required, text};
use super::{BODY, Refusal};

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
