//! Reading JSON that others write: ids that may be text or number, parts that may be anything, texts that a client cut in the
//! middle of an emoji. It owns tolerance toward single values; what a value means is said elsewhere.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde_json::value::RawValue;

/// A text, or an integer where a text belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Text<'a>(Cow<'a, str>);

impl Text<'_> {
    /// The text; `None` when it is empty.
    pub(super) fn filled(self) -> Option<String> {
        (!self.0.is_empty()).then(|| self.0.into_owned())
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or an integer")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(number.to_string())))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(number.to_string())))
    }
}

/// A part as `T`; `None` when it is absent or something else.
pub(super) fn part<'a, T: Deserialize<'a>>(raw: Option<&'a RawValue>) -> Option<T> {
    serde_json::from_str(raw?.get()).ok()
}

/// The same JSON with every lone surrogate escape replaced by U+FFFD; `None` when there is none. Clients cut texts by UTF-16
/// units, so half of an emoji may stand at an end, and a strict reader would lose the whole message for it.
pub(super) fn repaired(json: &[u8]) -> Option<String> {
    let may_hold_one = json.windows(3).any(|at| matches!(at, [b'\\', b'u', b'd' | b'D']));
    if may_hold_one {
        without_halves(std::str::from_utf8(json).ok()?)
    } else {
        None
    }
}

fn without_halves(json: &str) -> Option<String> {
    let mut out = String::with_capacity(json.len());
    let (mut rest, mut changed) = (json, false);
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let (escape, remaining) = escape(after);
        let whole = match unit(escape) {
            Some(0xd800..=0xdbff) => low_follows(remaining),
            Some(0xdc00..=0xdfff) => false,
            Some(_) | None => {
                out.push('\\');
                out.push_str(escape);
                rest = remaining;
                continue;
            }
        };
        if whole {
            let (pair, remaining) = remaining.split_at_checked(6).unwrap_or((remaining, ""));
            out.push('\\');
            out.push_str(escape);
            out.push_str(pair);
            rest = remaining;
        } else {
            out.push_str("\\ufffd");
            changed = true;
            rest = remaining;
        }
    }
    out.push_str(rest);
    changed.then_some(out)
}

/// What belongs to a backslash: `uXXXX`, or one character.
fn escape(after: &str) -> (&str, &str) {
    let length = if after.starts_with('u') {
        5
    } else {
        after.chars().next().map_or(0, char::len_utf8)
    };
    after.split_at_checked(length).unwrap_or((after, ""))
}

fn unit(escape: &str) -> Option<u16> {
    let digits = escape.strip_prefix('u').filter(|digits| digits.len() == 4)?;
    u16::from_str_radix(digits, 16).ok()
}

fn low_follows(rest: &str) -> bool {
    let next = rest.strip_prefix('\\').and_then(|rest| rest.split_at_checked(5));
    matches!(next.and_then(|(escape, _)| unit(escape)), Some(0xdc00..=0xdfff))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_an_emoji_is_replaced_and_a_whole_one_is_not() {
        assert_eq!(repaired(br#"{"a":"\ud83d\ude00 \\ud83d \n"}"#), None);
        assert_eq!(repaired(br#"["x\ud83d"]"#).as_deref(), Some(r#"["x\ufffd"]"#));
        assert_eq!(repaired(br#"["\ude00y"]"#).as_deref(), Some(r#"["\ufffdy"]"#));
        assert_eq!(
            repaired(br#"["\ud83d\ud83d\ude00"]"#).as_deref(),
            Some(r#"["\ufffd\ud83d\ude00"]"#)
        );
        assert_eq!(repaired(br#"["\u12"#), None);
        assert_eq!(repaired(b"\\"), None);
    }

    #[test]
    fn an_id_may_be_text_or_an_integer() {
        let read = |json| serde_json::from_str::<Text<'_>>(json).map(Text::filled);
        assert_eq!(read("\"12\"").unwrap().as_deref(), Some("12"));
        assert_eq!(read("12").unwrap().as_deref(), Some("12"));
        assert_eq!(read("\"\"").unwrap(), None);
        assert!(read("{}").is_err() && read("1.5").is_err());
    }
}
