//! Texts that fit their places. It owns how a text is cut (a merchant's or a customer's own), split (ours) and freed of
//! WhatsApp's markup (what a merchant wrote, inside our sentences). It refuses a text that is too long or empty: no such
//! [`Fitted`] can be made, or read from a store.
//!
//! Lengths count Unicode scalar values, as the provider does (Meta, interactive messages pages, 2025-11).

use std::fmt;
use std::ops::Deref;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use unicode_segmentation::UnicodeSegmentation;

/// Longest body of a message with reply buttons, a link or a product.
pub const BODY_MAX: usize = 1024;
/// Longest body of a list or a plain text.
pub const LONG_BODY_MAX: usize = 4096;
/// Longest label of a reply button, a link or a list's opener.
pub const LABEL_MAX: usize = 20;
/// Longest title of a row or a section.
pub const ROW_TITLE_MAX: usize = 24;
/// Longest description of a row.
pub const ROW_DESCRIPTION_MAX: usize = 72;
/// Longest header text.
pub const HEADER_MAX: usize = 60;

/// What stands where a text has nothing to show.
const NOTHING: &str = "–";

/// The label of a reply button, a link or a list's opener.
pub type Label = Fitted<LABEL_MAX>;
/// The title of a row or a section.
pub type RowTitle = Fitted<ROW_TITLE_MAX>;
/// The description of a row.
pub type RowDescription = Fitted<ROW_DESCRIPTION_MAX>;
/// The body of a message with reply buttons, a link or a product.
pub type Body = Fitted<BODY_MAX>;
/// The body of a list or a plain text.
pub type LongBody = Fitted<LONG_BODY_MAX>;
/// A header.
pub type Header = Fitted<HEADER_MAX>;

/// A text of 1 to `MAX` characters, something of it visible.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Fitted<const MAX: usize>(String);

impl<const MAX: usize> Fitted<MAX> {
    /// Cuts a merchant's or a customer's own text, see [`fit`]. One that shows nothing becomes a dash.
    pub fn cut(text: &str) -> Self {
        const { assert!(MAX > 0, "a place for no text") };
        let cut = fit(text, MAX);
        Self(if is_blank(&cut) { NOTHING.to_owned() } else { cut })
    }

    /// A text as it is; `None` when it is too long or shows nothing.
    pub fn whole(text: &str) -> Option<Self> {
        let text = text.trim();
        let fits = text.chars().count() <= MAX && !is_blank(text);
        fits.then(|| Self(text.to_owned()))
    }
}

impl<const MAX: usize> Deref for Fitted<MAX> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> AsRef<str> for Fitted<MAX> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> fmt::Display for Fitted<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Body> for LongBody {
    fn from(body: Body) -> Self {
        Self(body.0)
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Fitted<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        checked(&String::deserialize(deserializer)?)
    }
}

/// Reads a text that may be absent; an empty one is.
pub fn absent_when_blank<'de, D: Deserializer<'de>, const MAX: usize>(
    deserializer: D,
) -> Result<Option<Fitted<MAX>>, D::Error> {
    let text: Option<String> = Option::deserialize(deserializer)?;
    let shown = text.filter(|text| !is_blank(text));
    shown.map(|text| checked(&text)).transpose()
}

/// A stored text is never silently cut: what does not fit is an error.
fn checked<const MAX: usize, E: Error>(text: &str) -> Result<Fitted<MAX>, E> {
    Fitted::whole(text).ok_or_else(|| {
        let chars = text.chars().count();
        E::custom(format_args!("a text has {chars} characters, 1 to {MAX} fit"))
    })
}

/// Cuts a text to `max` characters, between words where it can, never inside a grapheme, with an ellipsis.
pub fn fit(text: &str, max: usize) -> String {
    let text = text.trim();
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let Some(room) = max.checked_sub(1) else {
        return String::new();
    };
    let (mut kept, mut used) = (Vec::new(), 0);
    for grapheme in text.graphemes(true) {
        used += grapheme.chars().count();
        if used > room {
            break;
        }
        kept.push(grapheme);
    }
    let at_word = kept.iter().rposition(|grapheme| is_space(grapheme));
    let at_word = at_word.filter(|at| at * 2 > kept.len());
    kept.truncate(at_word.unwrap_or(kept.len()));
    while kept.last().is_some_and(|grapheme| is_space(grapheme)) {
        kept.pop();
    }
    kept.push("…");
    kept.concat()
}

/// Splits a text of ours into parts that fit: at the end of a line where it can, else between words, else between graphemes.
/// Nothing is lost but white space at the seams; there is always a part.
pub fn parts<const MAX: usize>(text: &str) -> Vec<Fitted<MAX>> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    while let Some((part, after)) = rest.split_at_checked(seam(rest, MAX)) {
        parts.extend(Fitted::whole(part));
        rest = after.trim_start();
        if rest.is_empty() {
            break;
        }
    }
    if parts.is_empty() {
        parts.push(Fitted::cut(""));
    }
    parts
}

/// Where the first part ends, in bytes.
fn seam(text: &str, max: usize) -> usize {
    let Some((end, _)) = text.char_indices().nth(max) else {
        return text.len();
    };
    let window = text.get(..end).unwrap_or(text);
    let after_something = |at: &usize| *at > 0;
    let line = window.rfind('\n').filter(after_something);
    let word = || window.rfind(char::is_whitespace).filter(after_something);
    let grapheme = || {
        let starts = text.grapheme_indices(true).map(|(at, _)| at);
        starts.take_while(|at| *at <= end).last().filter(after_something)
    };
    line.or_else(word).or_else(grapheme).unwrap_or(end)
}

/// A merchant's words on one line, without WhatsApp's markup: nothing in them is drawn bold, quoted or as a list, hides or
/// turns the text around it. Emoji stay whole. Of nothing visible nothing is left.
pub fn plain(text: &str) -> String {
    let mut kept = String::new();
    let mut before = ' ';
    let mut coming = text.chars().peekable();
    while let Some(c) = coming.next() {
        let next = coming.peek().copied().unwrap_or(' ');
        if let Some(neutral) = neutral(before, c, next) {
            kept.push(neutral);
            before = neutral;
        }
    }
    let line = kept.split_whitespace().collect::<Vec<_>>().join(" ");
    without_marker(&line)
}

/// The same for a text of several lines, which keeps them.
pub fn plain_lines(text: &str) -> String {
    let lines = text.lines().map(plain).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

/// What stands for a character between two others: a space for markup, nothing for what can't be seen.
fn neutral(before: char, c: char, next: char) -> Option<char> {
    match c {
        // "~300 g" is about that much, not struck through.
        '~' if next.is_ascii_digit() => Some('∼'),
        // Inside a word it marks nothing, and numbers of orders have it.
        '_' if is_of_word(before) && is_of_word(next) => Some('_'),
        '*' | '_' | '~' | '`' => Some(' '),
        '\u{200d}' => ((is_picture(before) || before == '\u{fe0f}') && is_picture(next)).then_some(c),
        '\u{fe0e}' | '\u{fe0f}' => (is_picture(before) || is_keycap(before, next)).then_some(c),
        '\u{e0020}'..='\u{e007f}' => matches!(before, '\u{1f3f4}' | '\u{e0020}'..='\u{e007f}').then_some(c),
        c if c.is_control() || c.is_whitespace() || is_filler(c) => Some(' '),
        c if is_unseen(c) => None,
        c => Some(c),
    }
}

/// Takes off what would make a line a quote or part of a list.
fn without_marker(line: &str) -> String {
    let ends_word = |rest: &&str| rest.is_empty() || rest.starts_with(' ');
    let mut line = line;
    while let Some(rest) = line.strip_prefix(['>', '-']).filter(ends_word) {
        line = rest.trim_start();
    }
    let after_number = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let number = line.strip_suffix(after_number).unwrap_or_default();
    match after_number.strip_prefix('.').filter(ends_word) {
        Some("") if !number.is_empty() => number.to_owned(),
        Some(rest) if !number.is_empty() => format!("{number} –{rest}"),
        Some(_) | None => line.to_owned(),
    }
}

fn is_space(grapheme: &str) -> bool {
    grapheme.chars().all(char::is_whitespace)
}

fn is_blank(text: &str) -> bool {
    let shows_nothing = |c: char| c.is_whitespace() || c.is_control() || is_filler(c) || is_unseen(c);
    text.chars().all(shows_nothing)
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() && !is_filler(c)
}

fn is_keycap(before: char, next: char) -> bool {
    (before.is_ascii_digit() || before == '#') && next == '\u{20e3}'
}

/// Letters that are drawn as a blank.
fn is_filler(c: char) -> bool {
    matches!(c, '\u{115f}' | '\u{1160}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}')
}

/// Characters of no width that join, split, turn or vary others (Unicode, Default_Ignorable_Code_Point and bidi controls).
fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// What emoji are made of: blocks that hold all of Extended_Pictographic, skin tones and flag letters.
fn is_picture(c: char) -> bool {
    matches!(
        c,
        '\u{a9}'
            | '\u{ae}'
            | '\u{203c}'
            | '\u{2049}'
            | '\u{2122}'
            | '\u{2139}'
            | '\u{2190}'..='\u{21ff}'
            | '\u{2300}'..='\u{23ff}'
            | '\u{24c2}'
            | '\u{25a0}'..='\u{27bf}'
            | '\u{2934}'..='\u{2935}'
            | '\u{2b00}'..='\u{2bff}'
            | '\u{3030}'
            | '\u{303d}'
            | '\u{3297}'
            | '\u{3299}'
            | '\u{1f000}'..='\u{1faff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAMILY: &str = "👨‍👩‍👧‍👦";

    #[test]
    fn long_texts_are_cut_between_words_and_never_inside_a_grapheme() {
        assert_eq!(fit("Café especial torrado na hora", 24), "Café especial torrado…");
        assert_eq!(fit("curto", 24), "curto");
        let cut = fit(&FAMILY.repeat(5), 16);
        assert!(cut.chars().count() <= 16);
        assert_eq!(cut, format!("{}…", FAMILY.repeat(2)));
        assert_eq!(fit("x", 1), "x");
        assert_eq!(fit("xy", 1), "…");
    }

    #[test]
    fn nothing_empty_or_too_long_is_a_fitted_text() {
        assert_eq!(&*Label::cut(" \u{200b} "), "–");
        assert_eq!(Label::whole(""), None);
        assert_eq!(Label::whole(&"x".repeat(21)), None);
        assert_eq!(Label::whole(" Menu ").as_deref(), Some("Menu"));
        let stored = |text: &str| serde_json::from_value::<Label>(text.into());
        assert_eq!(&*stored("Menu").unwrap(), "Menu");
        let refused = stored(&"x".repeat(21)).unwrap_err().to_string();
        assert!(refused.contains("21 characters, 1 to 20 fit"), "{refused}");
        assert!(stored("").is_err());
        assert_eq!(serde_json::to_value(Label::cut("Menu")).unwrap(), "Menu");
    }

    #[test]
    fn our_texts_are_split_at_lines_then_words_and_lose_nothing() {
        let split =
            |text: &str| -> Vec<String> { parts::<12>(text).iter().map(ToString::to_string).collect() };
        assert_eq!(split("one\ntwo\nthree\nfour"), ["one\ntwo", "three\nfour"]);
        assert_eq!(split("a longer line\nx"), ["a longer", "line\nx"]);
        assert_eq!(split("abcdefghijklmnop"), ["abcdefghijkl", "mnop"]);
        assert_eq!(split(&FAMILY.repeat(2)), [FAMILY, FAMILY]);
        assert_eq!(split(""), ["–"]);
    }

    #[test]
    fn a_merchants_words_are_no_markup() {
        for (written, shown) in [
            ("*Bolo* _fresco_ ~velho~ `x` ```y```", "Bolo fresco velho x y"),
            ("> citado", "citado"),
            ("- - item", "item"),
            ("* item", "item"),
            ("1. Café", "1 – Café"),
            ("12.", "12"),
            ("3.5 kg", "3.5 kg"),
            ("-10 °C", "-10 °C"),
            ("PED_001", "PED_001"),
            ("~300 g", "∼300 g"),
            ("duas\r\nlinhas\u{2028}e\ttab", "duas linhas e tab"),
            ("\u{202e}abc\u{202c}\u{200b}d\u{feff}", "abcd"),
            ("***", ""),
            ("\u{3164}", ""),
            (FAMILY, FAMILY),
            ("🏴󠁧󠁢󠁥󠁮󠁧󠁿 ❤️‍🔥 1️⃣ 👩🏽‍🚀", "🏴󠁧󠁢󠁥󠁮󠁧󠁿 ❤️‍🔥 1️⃣ 👩🏽‍🚀"),
            ("a\u{200d}b", "ab"),
        ] {
            assert_eq!(plain(written), shown, "{written:?}");
            assert_eq!(plain(shown), shown, "{written:?} twice");
        }
        assert_eq!(plain_lines("um\n\n> dois\r\n*três*"), "um\ndois\ntrês");
    }
}
